package api

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
	"sallyport/test/vectors"
)

const models = "../../test/vectors/aws-service-models"

// model is what a published service model says.
type model struct {
	Metadata struct {
		ServiceID      string `json:"serviceId"`
		EndpointPrefix string
		SigningName    string
		APIVersion     string `json:"apiVersion"`
		TargetPrefix   string
		XMLNamespace   string `json:"xmlNamespace"`
	}
	Operations map[string]struct {
		HTTP          struct{ Method, RequestURI string }
		Input, Output struct{ Shape string }
		Errors        []struct{ Shape string }
	}
	Shapes map[string]modelShape

	input bool // whether an input is being looked at: what is answered has no bounds to keep
}

type modelShape struct {
	Type       string
	Required   []string
	Members    orderedMembers
	Member     struct{ Shape string }
	Key, Value struct{ Shape string }
	Min, Max   int64
	Pattern    string
	Enum       []string
	Union      bool
	Document   bool
	// Sensitive is set on the shape of a member.
	Sensitive bool
	Error     struct {
		Code           string
		HTTPStatusCode int
	}
}

type modelMember struct {
	Name                          string
	Shape, Location, LocationName string
}

// orderedMembers keeps the order of the model's file, which is the order of skeletons and answers.
type orderedMembers []modelMember

func (m *orderedMembers) UnmarshalJSON(text []byte) error {
	value, err := strictjson.Parse(text, strictjson.Limits{})
	if err != nil {
		return err
	}
	for _, member := range value.Members() {
		get := func(name string) string { v, _ := member.Value.Get(name); return v.Text() }
		*m = append(*m, modelMember{member.Name, get("shape"), get("location"), get("locationName")})
	}
	return nil
}

func load(t *testing.T, service *Service) model {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(models, service.Command, "service-2.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m model
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// The tables are written by hand; this test holds every fact of them against the published models.
func TestTheTablesSayWhatTheServiceModelsSay(t *testing.T) {
	for _, service := range Served {
		m := load(t, service)
		signing := m.Metadata.SigningName
		if signing == "" {
			signing = m.Metadata.EndpointPrefix
		}
		equal(t, service.Command+" service id", service.ID, m.Metadata.ServiceID)
		equal(t, service.Command+" endpoint prefix", service.EndpointPrefix, m.Metadata.EndpointPrefix)
		equal(t, service.Command+" signing name", service.SigningName, signing)
		equal(t, service.Command+" version", service.Version, m.Metadata.APIVersion)
		equal(t, service.Command+" namespace", service.Namespace, m.Metadata.XMLNamespace)
		equal(t, service.Command+" target prefix", service.TargetPrefix, m.Metadata.TargetPrefix)
		for _, operation := range service.Answered() {
			t.Run(operation.Name, func(t *testing.T) { checkOperation(t, m, operation) })
		}
	}
}

func checkOperation(t *testing.T, m model, operation *Operation) {
	modelled, ok := m.Operations[operation.Name]
	if !ok {
		t.Fatal("not in the model")
	}
	equal(t, "method", operation.Method, modelled.HTTP.Method)
	equal(t, "path", operation.Path, modelled.HTTP.RequestURI)
	var names, want []string
	for _, kind := range operation.Refusals {
		names = append(names, kind.Name)
	}
	for _, e := range modelled.Errors {
		code := cmp.Or(m.Shapes[e.Shape].Error.Code, e.Shape)
		want = append(want, code)
		if i := slices.Index(names, code); i >= 0 && operation.Service.Protocol != Query {
			checkException(t, m.Shapes[e.Shape], operation.Service, operation.Refusals[i])
		}
		if status := m.Shapes[e.Shape].Error.HTTPStatusCode; status != 0 {
			if i := slices.Index(names, code); i >= 0 {
				equal(t, e.Shape+" status", operation.Refusals[i].Status, status)
			}
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("refusals %v, want %v", names, want)
	}
	m.input = operation.Service.Types != nil
	if modelled.Input.Shape != "" {
		checkShape(t, m, operation.Input, modelled.Input.Shape)
	} else if len(operation.Input.Members) != 0 {
		t.Errorf("the model has no input")
	}
	m.input = false
	if modelled.Output.Shape != "" {
		checkShape(t, m, operation.Output, modelled.Output.Shape)
	} else if len(operation.Output.Members) != 0 {
		t.Errorf("the model has no output")
	}
}

// checkException holds the members of an exception against the model, in which some services have the message among them.
func checkException(t *testing.T, shape modelShape, service *Service, kind *fault.Kind) {
	t.Helper()
	var want []string
	for _, member := range shape.Members {
		if !strings.EqualFold(member.Name, "message") {
			want = append(want, member.Name)
		}
	}
	if got := service.ExceptionMembers(kind); !slices.Equal(got, want) {
		t.Errorf("%s has members %v, want %v", kind.Name, got, want)
	}
}

func checkShape(t *testing.T, m model, shape *Shape, name string) {
	modelled := m.Shapes[name]
	if len(shape.Members) != len(modelled.Members) {
		t.Fatalf("%s has %d members, want %d", name, len(shape.Members), len(modelled.Members))
	}
	for i, want := range modelled.Members {
		member, wantShape := shape.Members[i], m.Shapes[want.Shape]
		at := name + "." + want.Name
		equal(t, at+" name", member.Name, want.Name)
		equal(t, at+" required", member.Required, slices.Contains(modelled.Required, want.Name))
		equal(t, at+" sensitive", member.Sensitive, wantShape.Sensitive || m.Shapes[wantShape.Member.Shape].Sensitive)
		equal(t, at+" type", kindNames[member.Kind], wantShape.Type)
		equal(t, at+" document", member.Kind == Free, wantShape.Document)
		equal(t, at+" location", locationNames[member.Location], want.Location)
		if want.LocationName != "" {
			equal(t, at+" wire name", member.Wire, want.LocationName)
		}
		equal(t, at+" element", member.Element, wantShape.Member.Shape+wantShape.Value.Shape)
		equal(t, at+" key", member.Key, wantShape.Key.Shape)
		if m.input {
			checkBounds(t, at, member.Bounds, wantShape)
			checkBounds(t, at+" element", member.ElementBounds, m.Shapes[member.Element])
			checkBounds(t, at+" key", member.KeyBounds, m.Shapes[member.Key])
		}
		if member.Kind == Integer {
			equal(t, at+" min", member.Min, wantShape.Min)
			equal(t, at+" max", member.Max, wantShape.Max)
		}
		switch {
		case member.Kind == Structure:
			equal(t, at+" union", member.Shape.Union, wantShape.Union)
			checkShape(t, m, member.Shape, want.Shape)
		case member.Shape != nil:
			checkShape(t, m, member.Shape, member.Element)
		}
	}
}

// checkBounds holds what a table demands of a value against the model. A model's enumeration is demanded like a pattern.
func checkBounds(t *testing.T, at string, bounds *Constraint, want modelShape) {
	t.Helper()
	if bounds == nil {
		bounds = &Constraint{}
		switch want.Type {
		case "string", "list", "map": // integers have their range in the member
		default:
			return
		}
	}
	equal(t, at+" least", bounds.Min, want.Min)
	equal(t, at+" most", bounds.Max, want.Max)
	if !slices.Equal(bounds.Values, want.Enum) {
		t.Errorf("%s has the values %v, want %v", at, bounds.Values, want.Enum)
	}
	switch {
	case (bounds.Pattern != nil) != (want.Pattern != ""):
		t.Errorf("%s has a pattern: %t, want %q", at, bounds.Pattern != nil, want.Pattern)
	case want.Pattern != "" && !strings.Contains(want.Pattern, "(?="): // what looks ahead is written otherwise
		modelled := regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`).ReplaceAllString(want.Pattern, `\x{$1}`)
		equal(t, at+" pattern", bounds.Pattern().String(), "^(?:"+modelled+")$")
	}
}

var (
	kindNames = map[Kind]string{
		String: "string", Integer: "integer", Long: "long", List: "list", Structure: "structure", Boolean: "boolean", Time: "timestamp",
		Free: "structure", Map: "map",
	}
	locationNames = map[Location]string{Body: "", QueryString: "querystring", Header: "header"}
)

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestDecode(t *testing.T) {
	cases := []struct{ name, body, refusal string }{
		{"all required members", `{"clientId":"a","clientSecret":"b","grantType":"c"}`, ""},
		{"unknown members are ignored", `{"clientId":"a","clientSecret":"b","grantType":"c","more":{"x":[1]}}`, ""},
		{"null is absence", `{"clientId":"a","clientSecret":"b","grantType":"c","deviceCode":null}`, ""},
		{"a missing required member", `{"clientId":"a","grantType":"c"}`, "the request lacks clientSecret"},
		{"a required member that is null", `{"clientId":null}`, "the request lacks clientId"},
		{"another letter case is another member", `{"ClientId":"a","clientSecret":"b","grantType":"c"}`, "the request lacks clientId"},
		{"a number for a string", `{"clientId":1}`, "clientId must be a string"},
		{"a string for a list", `{"clientId":"a","clientSecret":"b","grantType":"c","scope":"s"}`, "scope must be a list of strings"},
		{"a number in a list", `{"clientId":"a","clientSecret":"b","grantType":"c","scope":["s",1]}`, "scope must be a list of strings"},
		{"a very long text", `{"clientId":"` + strings.Repeat("a", maxMemberLength+1) + `"}`, "clientId is longer than 16384 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body, err := strictjson.Parse([]byte(c.body), strictjson.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var in CreateTokenRequest
			err = CreateToken.Input().Decode(Source{Body: body}, &in)
			refusal, refused := fault.As(err)
			if refused != (c.refusal != "") || refused && (refusal.Kind != fault.InvalidRequest || refusal.Message != c.refusal) {
				t.Errorf("got %v, want %q", err, c.refusal)
			}
		})
	}
}

func TestIntegersInAQueryAreBounded(t *testing.T) {
	for text, ok := range map[string]bool{
		"1": true, "100": true, "0": false, "101": false, "-1": false, "+5": false, "": false, "5.0": false, "1e1": false,
		"٣": false, "99999999999999999999": false,
	} {
		source := Source{
			Query:  func(name string) (string, bool) { return text, name == "max_result" },
			Header: func(string) (string, bool) { return "token", true },
		}
		var in ListAccountsRequest
		if err := ListAccounts.Input().Decode(source, &in); (err == nil) != ok {
			t.Errorf("max_result %q: %v", text, err)
		}
	}
}

func TestAnswersKeepTheModelsOrderAndEmptyLists(t *testing.T) {
	got := string(ListAccounts.Output().AppendJSON(nil, &ListAccountsResponse{AccountList: []AccountInfo{}}))
	if got != `{"accountList":[]}` {
		t.Errorf("got %s", got)
	}
	got = string(CreateToken.Output().AppendJSON(nil, &CreateTokenResponse{RefreshToken: "r", AccessToken: "a\"", ExpiresIn: 5}))
	if got != `{"accessToken":"a\"","expiresIn":5,"refreshToken":"r"}` {
		t.Errorf("got %s", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"clientName":"n","clientType":"public","scopes":["a"]}`))
	for _, body := range append(vectors.Bodies(f, "input", "json"), vectors.Bodies(f, "input", "rest-json")...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		value, err := strictjson.Parse(body, strictjson.Limits{})
		if err != nil {
			return
		}
		var in RegisterClientRequest
		if err := RegisterClient.Input().Decode(Source{Body: value}, &in); err != nil {
			if _, refused := fault.As(err); !refused {
				t.Errorf("a failure, not a refusal: %v", err)
			}
		}
	})
}
