package identitystore

import (
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/rules"
	"sallyport/internal/strictjson"
)

// checkExtension holds the document of an extension against its bounds. The model leaves it open.
func checkExtension(document api.Document) error {
	if !rules.IsExtension(document) {
		return fault.Validation.Refuse("An extension is " + rules.ExtensionWords)
	}
	return nil
}

// appendReplaced appends the object with the value under the names, objects made where they lack; without a value what is there goes.
// Names are compared like those of paths, and one that is there keeps its spelling.
func appendReplaced(dst []byte, object strictjson.Value, names []string, value api.Document) []byte {
	dst = append(dst, '{')
	start, done := len(dst), false
	name := func(text string) {
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(strictjson.AppendString(dst, text), ':')
	}
	put := func(text string, old strictjson.Value) {
		done = true
		switch {
		case len(names) > 1 && (value != nil || old.Kind() == strictjson.Object):
			name(text)
			dst = appendReplaced(dst, old, names[1:], value)
		case len(names) == 1 && value != nil:
			name(text)
			dst = append(dst, value...)
		}
	}
	for _, member := range object.Members() {
		switch {
		case lowerASCII(member.Name) != lowerASCII(names[0]):
			name(member.Name)
			dst = member.Value.AppendTo(dst)
		case !done: // what differs from the first in letter case alone could not be named, and goes
			put(member.Name, member.Value)
		}
	}
	if !done {
		put(names[0], strictjson.Value{})
	}
	return append(dst, '}')
}

// replaced is appendReplaced for a document, which is nil while there is none and becomes so when nothing is left of it.
func replaced(document api.Document, names []string, value api.Document) (api.Document, error) {
	if len(names) == 0 {
		return value, nil
	}
	if document == nil {
		document = api.Document(`{}`)
	}
	object, err := strictjson.Parse(document, strictjson.Limits{})
	if err != nil {
		return nil, err
	}
	next := api.Document(appendReplaced(nil, object, names, value))
	if string(next) == `{}` {
		return nil, nil
	}
	return next, nil
}

// appendModelled appends the value with the names of the model: documents of attributes come with names that begin with a small letter,
// as SCIM has them, and with names of the API. Names that the model does not have are refused, since nothing would come of them.
func appendModelled(dst []byte, shape *api.Shape, value strictjson.Value) ([]byte, error) {
	if shape == nil {
		return value.AppendTo(dst), nil
	}
	var err error
	switch value.Kind() {
	case strictjson.Array:
		dst = append(dst, '[')
		for i, item := range value.Items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendModelled(dst, shape, item); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case strictjson.Object:
		return appendMembers(dst, shape, value.Members())
	}
	return value.AppendTo(dst), nil // of a wrong kind, which decoding refuses
}

func appendMembers(dst []byte, shape *api.Shape, members []strictjson.Member) ([]byte, error) {
	seen := map[string]bool{}
	dst = append(dst, '{')
	for i, given := range members {
		member := memberNamed(shape, given.Name)
		if member == nil || seen[member.Name] {
			return nil, fault.Validation.Refuse("The attribute value has a member that is unknown or comes twice: the members are " + memberNames(shape))
		}
		seen[member.Name] = true
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(strictjson.AppendString(dst, member.Name), ':')
		var err error
		if dst, err = appendModelled(dst, member.Shape, given.Value); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func memberNamed(shape *api.Shape, name string) *api.Member {
	for _, member := range shape.Members {
		if lowerASCII(member.Name) == lowerASCII(name) {
			return member
		}
	}
	return nil
}

func memberNames(shape *api.Shape) string {
	names := make([]string, len(shape.Members))
	for i, member := range shape.Members {
		names[i] = strings.ToLower(member.Name[:1]) + member.Name[1:]
	}
	return strings.Join(names, ", ")
}
