package render

import (
	"slices"
	"strings"

	"sallyport/internal/jmespath"
)

// isScalar tells values that stand in a cell or a field from those that need lines of their own.
func isScalar(v jmespath.Value) bool { return !isObject(v) && !isList(v) }

func isList(v jmespath.Value) bool { return v.Kind() == jmespath.Array }

func isObject(v jmespath.Value) bool { return v.Kind() == jmespath.Object }

func isNested(v jmespath.Value) bool { return !isScalar(v) }

func all(items []jmespath.Value, is func(jmespath.Value) bool) bool {
	return !slices.ContainsFunc(items, func(item jmespath.Value) bool { return !is(item) })
}

// sortedMembers are the members of an object in the order of their names.
func sortedMembers(object jmespath.Value) []jmespath.Member {
	members := slices.Clone(object.Members())
	slices.SortFunc(members, func(a, b jmespath.Member) int { return strings.Compare(a.Name, b.Name) })
	return members
}

// scalarNames are the sorted names that have a scalar in any of the objects: the columns of their table.
func scalarNames(objects []jmespath.Value) []string { return namesOf(objects, isScalar) }

// nestedNames are the sorted names that have something else in any of the objects. A name can be in both.
func nestedNames(objects []jmespath.Value) []string { return namesOf(objects, isNested) }

func namesOf(objects []jmespath.Value, is func(jmespath.Value) bool) []string {
	var names []string
	for _, object := range objects {
		for _, member := range object.Members() {
			if is(member.Value) {
				names = append(names, member.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fieldsOf are the members with these sorted names as people read them, empty where the object has none.
func fieldsOf(object jmespath.Value, names []string) []string {
	fields := make([]string, len(names))
	for _, member := range object.Members() {
		if at, found := slices.BinarySearch(names, member.Name); found {
			fields[at] = spell(member.Value)
		}
	}
	return fields
}
