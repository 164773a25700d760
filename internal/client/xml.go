package client

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"sallyport/internal/api"
	"sallyport/internal/jmespath"
)

// This file is about answers in XML, those of the Query protocol.

// element is one element of an XML answer.
type element struct {
	name     string
	text     string
	children []*element

	characters []byte // of the text, as far as it was read
}

// maxXMLDepth bounds how deeply elements nest; the answers of the Query protocol nest about ten.
const maxXMLDepth = 64

// parseXML reads a document into its root. Namespaces are ignored, as every client does.
func parseXML(document []byte) (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	root := &element{}
	open := []*element{root}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if len(open) > maxXMLDepth {
				return nil, errors.New("XML is nested too deeply")
			}
			child := &element{name: token.Name.Local}
			top.children = append(top.children, child)
			open = append(open, child)
		case xml.EndElement:
			top.text, top.characters = string(top.characters), nil
			open = open[:len(open)-1]
		case xml.CharData:
			top.characters = append(top.characters, token...)
		}
	}
	if len(root.children) == 0 {
		return nil, errors.New("no XML document")
	}
	return root.children[0], nil
}

// child is the first child of that name, or an empty element.
func (e *element) child(name string) *element {
	for _, child := range e.children {
		if child.name == name {
			return child
		}
	}
	return &element{}
}

func (e *element) has(name string) bool { return e.child(name).name != "" }

// value turns the children that a shape knows into its members.
func (e *element) value(shape *api.Shape) jmespath.Value {
	var members []jmespath.Member
	for _, member := range shape.Members {
		if e.has(member.Wire) {
			members = append(members, jmespath.Member{Name: member.Wire, Value: e.child(member.Wire).memberValue(member)})
		}
	}
	return jmespath.ObjectOf(members)
}

func (e *element) memberValue(member *api.Member) jmespath.Value {
	switch member.Kind {
	case api.Structure:
		return e.value(member.Shape)
	case api.List:
		items := make([]jmespath.Value, len(e.children))
		for i, item := range e.children {
			if items[i] = jmespath.TextOf(item.text); member.Shape != nil {
				items[i] = item.value(member.Shape)
			}
		}
		return jmespath.ListOf(items)
	}
	return jmespath.TextOf(e.text)
}

// unknownError is what stands for the parts that an error of the Query protocol lacks.
const unknownError = "Unknown"

// readXMLError reads the error of the Query protocol.
func readXMLError(document *element) apiError {
	inner := document.child("Error")
	refusal := apiError{code: inner.child("Code").text, message: inner.child("Message").text}
	if refusal.code == "" {
		refusal = apiError{code: unknownError, message: unknownError}
	}
	return refusal
}
