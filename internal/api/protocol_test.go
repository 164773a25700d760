package api

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/strictjson"
)

// The protocol tests are written for clients: what a client sends, and what it must understand. Here they run backwards: what clients send
// must be read as the parameters it was made of, and what is written from a result must be the answer that clients understand. The shapes of
// the tests become struct types when the test runs. A shape of a kind that none of our operations has – blobs, floats, recursion, lists of
// lists, times in headers – is left out, and the tests say how many cases remain.

type protocolSuite struct {
	Shapes map[string]protocolShape
	Cases  []protocolCase
}

type protocolShape struct {
	Type, TimestampFormat, Payload  string
	Members                         map[string]protocolRef
	Required                        []string
	Member, Value                   protocolRef
	Union, Document, Flattened, Box bool
}

type protocolRef struct {
	Shape, Location, LocationName, TimestampFormat string
	Flattened, IdempotencyToken, XMLAttribute      bool
}

type protocolCase struct {
	ID    string
	Given struct {
		Name          string
		Input, Output struct{ Shape string }
	}

	Params     json.RawMessage
	Serialized struct{ Body string }
	Result     json.RawMessage
	Response   struct {
		StatusCode int `json:"status_code"`
		Body       string
	}
}

func protocolSuites(t *testing.T, direction, protocol string) []protocolSuite {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../test/vectors/aws-protocol-tests", direction, protocol+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var suites []protocolSuite
	if err := json.Unmarshal(text, &suites); err != nil {
		t.Fatal(err)
	}
	return suites
}

var errNotOurs = errors.New("no operation of ours has such a shape")

// structOf makes a struct type of a shape, as an operation's table would write it by hand. Members of a kind that we do not have are entered in
// left.
func (s protocolSuite) structOf(name string, left map[string]bool, within ...string) (reflect.Type, error) {
	shape := s.Shapes[name]
	if slices.Contains(within, name) || shape.Payload != "" {
		return nil, errNotOurs
	}
	names := make([]string, 0, len(shape.Members))
	for member := range shape.Members {
		names = append(names, member)
	}
	slices.Sort(names)
	var fields []reflect.StructField
	for i, member := range names {
		ref := shape.Members[member]
		field, words, err := s.fieldOf(ref, left, append(within, name))
		if err != nil || ref.Location != "" || ref.XMLAttribute || ref.LocationName != "" && ref.LocationName != member {
			left[member] = true
			continue
		}
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("F%d", i), Type: field, Tag: reflect.StructTag(`api:"` + strings.Join(append([]string{member}, words...), ",") + `"`),
		})
	}
	return reflect.StructOf(fields), nil
}

func (s protocolSuite) fieldOf(ref protocolRef, left map[string]bool, within []string) (t reflect.Type, words []string, err error) {
	shape := s.Shapes[ref.Shape]
	if shape.Flattened || ref.Flattened {
		return nil, nil, errNotOurs
	}
	switch shape.Type {
	case "string":
		return reflect.TypeFor[*string](), nil, nil
	case "integer", "long":
		return reflect.TypeFor[*int64](), nil, nil
	case "boolean":
		return reflect.TypeFor[*bool](), nil, nil
	case "timestamp":
		if shape.TimestampFormat != "" || ref.TimestampFormat != "" {
			return nil, nil, errNotOurs
		}
		return reflect.TypeFor[Timestamp](), nil, nil
	case "structure":
		if shape.Document {
			return reflect.TypeFor[Document](), nil, nil
		}
		if shape.Union {
			words = []string{"union"}
		}
		t, err = s.structOf(ref.Shape, left, within...)
		if err != nil {
			return nil, nil, err
		}
		return reflect.PointerTo(t), words, nil
	case "list":
		element := s.Shapes[shape.Member.Shape]
		switch {
		case shape.Member.LocationName != "":
			return nil, nil, errNotOurs
		case element.Type == "string":
			return reflect.TypeFor[[]string](), []string{"elem=" + shape.Member.Shape}, nil
		case element.Type == "structure" && !element.Document:
			t, err = s.structOf(shape.Member.Shape, left, within...)
			if err != nil {
				return nil, nil, err
			}
			return reflect.SliceOf(t), []string{"elem=" + shape.Member.Shape}, nil
		}
	case "map":
		if value := s.Shapes[shape.Value.Shape]; value.Type == "structure" && !value.Document {
			t, err = s.structOf(shape.Value.Shape, left, within...)
			if err != nil {
				return nil, nil, err
			}
			return reflect.MapOf(reflect.TypeFor[string](), t), []string{"elem=" + shape.Value.Shape}, nil
		} else if value.Document {
			return reflect.TypeFor[map[string]Document](), []string{"elem=" + shape.Value.Shape}, nil
		}
	}
	return nil, nil, errNotOurs
}

// mentions reports whether the parameters use a member that was left out.
func mentions(params []byte, left map[string]bool) bool {
	for name := range left {
		if bytes.Contains(params, []byte(`"`+name+`"`)) {
			return true
		}
	}
	return false
}

func jsonValue(t *testing.T, text string) strictjson.Value {
	t.Helper()
	if text == "" {
		text = "{}"
	}
	value, err := strictjson.Parse([]byte(text), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// sameJSON compares two objects whatever the order of their members.
func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var a, b any
	if err := errors.Join(json.Unmarshal(got, &a), json.Unmarshal(want, &b)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// clientsOnly are cases that concern clients alone: what a client adds or leaves out before it sends, compresses, or understands although no
// server should send it. They are told by the beginning of their names.
var clientsOnly = []string{
	"AwsJson11Client",                      // defaults that the client fills in
	"AwsJson11StructuresDontSerializeNull", // null parameters, which are not sent
	"AwsJson11StructuresDontDeserialize",
	"SDKApplied", "SDKAppends", // compressed bodies
	"QueryProtocolIdempotencyTokenAutoFill",
	"AwsQueryDateTimeWith", // other offsets than ours
	"handles_unexpected_json_output",
	"RestJsonDoesntSerializeNull", "RestJsonDoesntDeserializeNull",
	"AwsJson11DeserializeIgnoreType", "RestJsonDeserializeIgnoreType", // a member that no model has
	"QueryComplexQueryMaps", // maps in forms, which STS has none of
}

func concernsClientsOnly(id string) bool {
	return slices.ContainsFunc(clientsOnly, func(prefix string) bool { return strings.HasPrefix(id, prefix) })
}

func TestRequestsOfTheProtocolTestsAreReadAsWhatTheyWereMadeOf(t *testing.T) {
	least := map[string]int{"json": 31, "query": 15, "rest-json": 32}
	for protocol, want := range least {
		ran := 0
		for _, suite := range protocolSuites(t, "input", protocol) {
			for _, c := range suite.Cases {
				left := map[string]bool{}
				shape, err := suite.structOf(c.Given.Input.Shape, left)
				if err != nil || concernsClientsOnly(c.ID) || mentions(c.Params, left) {
					continue
				}
				ran++
				t.Run(protocol+" "+c.ID, func(t *testing.T) {
					read := reflect.New(shape)
					table := shapeOf(shape)
					var err error
					if protocol == "query" {
						var form url.Values
						if form, err = url.ParseQuery(c.Serialized.Body); err == nil {
							err = table.DecodeForm(NewForm(form), QueryStyle, read.Interface())
						}
					} else {
						err = table.Decode(Source{Body: jsonValue(t, c.Serialized.Body), Style: JSONStyle}, read.Interface())
					}
					if err != nil {
						t.Fatal(err)
					}
					sameJSON(t, table.AppendJSON(nil, read.Interface()), c.Params)
				})
			}
		}
		if ran < want {
			t.Errorf("%d cases of %s ran, want %d at least", ran, protocol, want)
		}
		t.Logf("%s: %d cases", protocol, ran)
	}
}

func TestAnswersAreThoseThatTheProtocolTestsUnderstand(t *testing.T) {
	least := map[string]int{"json": 20, "query": 5, "rest-json": 20}
	for protocol, want := range least {
		ran := 0
		for _, suite := range protocolSuites(t, "output", protocol) {
			for _, c := range suite.Cases {
				left := map[string]bool{}
				shape, err := suite.structOf(c.Given.Output.Shape, left)
				if err != nil || concernsClientsOnly(c.ID) || mentions(c.Result, left) || protocol == "query" && strings.Contains(c.ID, "Maps") ||
					c.Response.StatusCode >= 300 || c.Response.Body == "" {
					continue
				}
				ran++
				t.Run(protocol+" "+c.ID, func(t *testing.T) {
					result := reflect.New(shape)
					table := shapeOf(shape)
					if err := table.Decode(Source{Body: jsonValue(t, string(c.Result)), Style: JSONStyle}, result.Interface()); err != nil {
						t.Fatal(err)
					}
					if protocol == "query" {
						sameXML(t, table.AppendXML(nil, result.Interface()), c.Response.Body, c.Given.Name+"Result")
						return
					}
					sameJSON(t, table.AppendJSON(nil, result.Interface()), []byte(c.Response.Body))
				})
			}
		}
		if ran < want {
			t.Errorf("%d cases of %s ran, want %d at least", ran, protocol, want)
		}
		t.Logf("%s: %d cases", protocol, ran)
	}
}

// sameXML compares what was written with what stands inside the result of an answer, element by element.
func sameXML(t *testing.T, got []byte, body, result string) {
	t.Helper()
	a, b := elements(t, "<"+result+">"+string(got)+"</"+result+">", result), elements(t, body, result)
	slices.Sort(a) // members of a structure come in the order of its model, which the struct types here do not know
	slices.Sort(b)
	if !slices.Equal(a, b) {
		t.Errorf("got\n%q\nwant\n%q", a, b)
	}
}

// elements are the paths and texts of the innermost elements inside the named one.
func elements(t *testing.T, text, within string) []string {
	t.Helper()
	var found, path []string
	inside, leaf, chars := 0, false, ""
	decoder := xml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == within {
				inside++
			}
			path, leaf, chars = append(path, token.Name.Local), true, ""
		case xml.CharData:
			chars += string(token)
		case xml.EndElement:
			if leaf && inside > 0 && token.Name.Local != within {
				found = append(found, strings.Join(path[slices.Index(path, within):], "/")+"="+chars)
			}
			if token.Name.Local == within {
				inside--
			}
			path, leaf = path[:len(path)-1], false
		}
	}
}
