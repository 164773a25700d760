package api

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Kind is the type of a member on the wire.
type Kind int

const (
	String Kind = iota
	Integer
	Long
	List
	Structure
	Boolean
	Time // a Timestamp
	Free // a Document: JSON that the model leaves open
	Map  // from texts to documents or structures
)

// String is the word that people read for the type of a member.
func (k Kind) String() string {
	return [...]string{String: "string", Integer: "integer", Long: "integer", List: "list", Structure: "object", Boolean: "boolean", Time: "timestamp", Free: "document", Map: "map"}[k]
}

// Timestamp is a moment, in Unix milliseconds; zero is absent. JSON has it in seconds, XML as ISO 8601.
type Timestamp int64

// Document is JSON as it was sent, whose meaning the model leaves open.
type Document []byte

// Shape is the members of a structure, in the order of the model.
type Shape struct {
	Name    string
	Members []*Member
	Union   bool // exactly one member is set
}

// Member is one member of a structure.
type Member struct {
	Name      string // clientId
	Kind      Kind
	Element   string // name of the element's shape, for lists and maps
	Key       string // name of the key's shape, for maps
	Type      string // name of the member's shape, where the model sets bounds to it
	Shape     *Shape // of the structure, or of the list's elements; nil where those are strings
	Location  Location
	Wire      string // name in the query or header; otherwise Name
	Required  bool
	Sensitive bool     // marked sensitive in the model
	Secret    bool     // not marked, but as good as a password while it lives: masked where Sensitive is
	Min, Max  int64    // range of an integer, both zero when there is none
	Values    []string // that are known to mean something; another one is sent all the same
	Doc       string   // for people, in our words: meaning, unit, when it is needed

	// Bounds, KeyBounds and ElementBounds are what the model demands of the member, of its keys and of its elements; nil where it demands
	// nothing.
	Bounds, KeyBounds, ElementBounds *Constraint

	union bool
	index int // of the Go field
}

// Masked reports whether the member's value must never be shown.
func (m *Member) Masked() bool { return m.Sensitive || m.Secret }

// valueSets are the values that are known to mean something, by the name that tags give them. They serve help and completion: nothing
// is refused on their account.
var valueSets = map[string][]string{
	"publicGrants": {"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"},
	"applicationGrants": {
		"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange",
	},
	"clientTypes":   {"public"},
	"scopes":        {"sso:account:access", "openid"},
	"presentations": {"Bearer"},
	"subjects":      {"urn:ietf:params:oauth:token-type:access_token"},
	"issued":        {"urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:oauth:token-type:refresh_token"},
}

// Location is where a member travels.
type Location int

const (
	Body Location = iota
	QueryString
	Header
)

// Member returns the member of that name, or nil.
func (s *Shape) Member(name string) *Member {
	for _, m := range s.Members {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// shapeOf reads the shape off the fields of a struct type and their tags:
//
//	`api:"name[,required][,sensitive|secret][,integer][,elem=Shape][,key=Shape][,type=Shape][,union][,query=name|header=name][,min=n,max=n][,values=set]" doc:"..."`
//
// It panics when a type contradicts itself: that is a table broken at start-up.
func shapeOf(t reflect.Type) *Shape {
	shape := &Shape{Name: t.Name()}
	for i := range t.NumField() {
		field := t.Field(i)
		tag, ok := field.Tag.Lookup("api")
		if !ok {
			panic(fmt.Sprintf("api: field %s.%s has no tag", t.Name(), field.Name))
		}
		words := strings.Split(tag, ",")
		member := &Member{Name: words[0], Wire: words[0], Doc: field.Tag.Get("doc"), index: i}
		member.Kind, member.Shape = kindOf(field.Type)
		for _, word := range words[1:] {
			member.apply(word)
		}
		if member.union {
			member.Shape.Union = true
		}
		shape.Members = append(shape.Members, member)
	}
	return shape
}

func kindOf(t reflect.Type) (Kind, *Shape) {
	switch t {
	case reflect.TypeFor[Timestamp]():
		return Time, nil
	case reflect.TypeFor[Document]():
		return Free, nil
	}
	switch t.Kind() {
	case reflect.String:
		return String, nil
	case reflect.Int64:
		return Long, nil
	case reflect.Bool:
		return Boolean, nil
	case reflect.Map:
		if t.Elem() == reflect.TypeFor[Document]() {
			return Map, nil
		}
		return Map, shapeOf(t.Elem())
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Struct:
		return Structure, shapeOf(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.String {
			return List, nil
		}
		return List, shapeOf(t.Elem())
	}
	panic(fmt.Sprintf("api: no wire type for %v", t))
}

func (m *Member) apply(word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "required":
		m.Required = true
	case "sensitive":
		m.Sensitive = true
	case "secret":
		m.Secret = true
	case "integer":
		m.Kind = Integer
	case "elem":
		m.Element = value
	case "key":
		m.Key = value
	case "type":
		m.Type = value
	case "union":
		m.union = true
	case "query":
		m.Location, m.Wire = QueryString, value
	case "header":
		m.Location, m.Wire = Header, value
	case "values":
		if m.Values = valueSets[value]; m.Values == nil {
			panic(fmt.Sprintf("api: member %s has values of an unknown set %q", m.Name, value))
		}
	case "min":
		m.Min, _ = strconv.ParseInt(value, 10, 64)
	case "max":
		m.Max, _ = strconv.ParseInt(value, 10, 64)
	default:
		panic(fmt.Sprintf("api: member %s has an unknown word %q in its tag", m.Name, word))
	}
}
