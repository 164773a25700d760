package policy

import (
	"fmt"
	"slices"
)

// Nearest says how far the set is from allowing a request that it does not allow: which statement comes nearest, and what of it does not
// fit. It is for the explanation that operators read, and decides nothing.
func (s Set) Nearest(r *Request) string {
	best, nearest := -1, ""
	for _, named := range s {
		for i := range named.statements {
			st := &named.statements[i]
			if st.deny {
				continue
			}
			if rank, lacks := st.lacks(r); rank > best {
				best, nearest = rank, fmt.Sprintf("%s of %s %s", st.label, named.Name, lacks)
			}
		}
	}
	if best < 0 {
		return "there is no statement that allows anything"
	}
	return nearest
}

// lacks is what an allowing statement lacks to allow the request. The rank is the number of its elements that fit, in the order in which
// they are asked.
func (s *statement) lacks(r *Request) (rank int, lacks string) {
	action := slices.ContainsFunc(s.actions, func(p pattern) bool { return p.matches(r.Action, true, nil) == matched }) != s.notActions
	switch {
	case s.reaches(&r.Principal) == outside:
		return 0, "does not name the caller"
	case !action:
		return 1, "does not have the action " + r.Action
	case !s.covers(r):
		return 2, "does not have the resource " + r.Resource
	}
	for i := range s.conditions {
		if c := &s.conditions[i]; !c.holds(r.Context, s.deny) {
			return 3, fmt.Sprintf("has the condition %s on %s, which %s", c.name(), c.key, c.met(r.Context))
		}
	}
	return 4, "allows it"
}

// name is the operator as it is written, without its qualifier and IfExists.
func (c *condition) name() string {
	for name, o := range operators {
		if o == c.operator {
			return name
		}
	}
	return "?"
}

// met says what of a request a condition that does not hold was compared with. Values stay out: the request's may be secret.
func (c *condition) met(context Context) string {
	switch n := len(context.get(c.key)); n {
	case 0:
		return "the request does not have"
	case 1:
		return "the value of the request does not meet"
	default:
		return fmt.Sprintf("the %d values of the request do not meet", n)
	}
}
