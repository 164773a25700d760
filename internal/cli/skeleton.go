package cli

import (
	"sallyport/internal/api"
	"sallyport/internal/jmespath"
)

// inputSkeleton is an example of a shape to fill in: every member in the order of the model, empty.
func inputSkeleton(shape *api.Shape) jmespath.Value {
	return skeleton(shape, func(string) jmespath.Value { return jmespath.TextOf("") })
}

// outputSkeleton is an example of an answer: every text holds its own name.
func outputSkeleton(shape *api.Shape) jmespath.Value { return skeleton(shape, jmespath.TextOf) }

// skeleton makes the example of a shape with texts made from the names of members, or of the shape of list elements.
func skeleton(shape *api.Shape, text func(name string) jmespath.Value) jmespath.Value {
	members := make([]jmespath.Member, len(shape.Members))
	for i, member := range shape.Members {
		members[i] = jmespath.Member{Name: member.Name, Value: memberSkeleton(member, text)}
	}
	return jmespath.ObjectOf(members)
}

func memberSkeleton(member *api.Member, text func(string) jmespath.Value) jmespath.Value {
	switch {
	case member.Kind == api.Integer || member.Kind == api.Long:
		return jmespath.IntOf(0)
	case member.Kind == api.Structure:
		return skeleton(member.Shape, text)
	case member.Kind == api.List && member.Shape != nil:
		return jmespath.ListOf([]jmespath.Value{skeleton(member.Shape, text)})
	case member.Kind == api.List:
		return jmespath.ListOf([]jmespath.Value{text(member.Element)})
	}
	return text(member.Name)
}

// skeletonComment tells of each member of a shape what the example cannot show.
func skeletonComment(shape *api.Shape) func(path []string) string {
	return func(path []string) string {
		member := memberAt(shape, path)
		if member == nil {
			return ""
		}
		if member.Required {
			return "[REQUIRED] " + member.Doc
		}
		return member.Doc
	}
}

func memberAt(shape *api.Shape, path []string) (member *api.Member) {
	for _, name := range path {
		if shape == nil {
			return nil
		}
		if member = shape.Member(name); member == nil {
			return nil
		}
		shape = member.Shape
	}
	return member
}
