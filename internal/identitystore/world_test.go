package identitystore

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
	"sallyport/internal/testbed"
)

var ctx = context.Background()

const (
	storeID = "d-1234567890"
	admin   = "arn:aws:iam::111122223333:user/admin"
	nobody  = "00000000-0000-4000-8000-000000000000"
)

var here = api.Caller{Address: netip.MustParseAddr("127.0.0.1"), RequestID: "r", Signer: &api.Signer{ARN: admin}}

// world is an identity store on a real store, called with the JSON that clients send.
type world struct {
	*testbed.Bed
	t        testing.TB
	s        *Service
	handlers map[string]api.Handler
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, Bed: testbed.New(t), handlers: map[string]api.Handler{}}
	w.s = New(Options{Store: w.Store, Ring: w.Ring, Log: w.Log, IdentityStoreID: storeID})
	for _, handler := range w.s.Handlers() {
		w.handlers[handler.Name] = handler
	}
	return w
}

// call runs an operation with the members of its input, to which the identity store is added where it lacks.
func (w *world) call(name, members string) (string, error) {
	w.t.Helper()
	handler, found := w.handlers[name]
	if !found {
		w.t.Fatalf("no operation %s", name)
	}
	if !strings.Contains(members, `"IdentityStoreId"`) {
		members = fmt.Sprintf(`"IdentityStoreId":%q%s%s`, storeID, map[bool]string{true: ","}[members != ""], members)
	}
	body, err := strictjson.Parse([]byte("{"+members+"}"), strictjson.Limits{})
	if err != nil {
		w.t.Fatalf("%s: %v", members, err)
	}
	input := handler.NewInput()
	if err := handler.Input.Decode(api.Source{Body: body, Style: api.JSONStyle}, input); err != nil {
		return "", err
	}
	output, err := handler.Call(ctx, here, input)
	if err != nil {
		return "", err
	}
	return string(handler.Output.AppendJSON(nil, output)), nil
}

// do runs an operation that succeeds, and returns its answer.
func (w *world) do(name, members string) map[string]any {
	w.t.Helper()
	text, err := w.call(name, members)
	if err != nil {
		w.t.Fatalf("%s {%s}: %v", name, members, err)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		w.t.Fatalf("%s answers %q: %v", name, text, err)
	}
	return answer
}

// refused runs an operation that is refused so, with a message that holds the words.
func (w *world) refused(kind *fault.Kind, words, name, members string) *fault.Refusal {
	w.t.Helper()
	text, err := w.call(name, members)
	refusal, ok := fault.As(err)
	if !ok || refusal.Kind != kind || !strings.Contains(refusal.Message, words) {
		w.t.Fatalf("%s {%s} answers %s %v, want %s with %q", name, members, text, err, kind.Name, words)
	}
	return refusal
}

// user makes a user of that name and returns the id.
func (w *world) user(userName string, more ...string) string {
	w.t.Helper()
	return w.do("CreateUser", person(userName, more...))["UserId"].(string)
}

// person is the input of CreateUser with what must be there.
func person(userName string, more ...string) string {
	return strings.Join(append([]string{fmt.Sprintf(`"UserName":%s,"DisplayName":"Some One","Name":{"GivenName":"Some","FamilyName":"One"}`, quoted(userName))}, more...), ",")
}

func quoted(text string) string { return string(strictjson.AppendString(nil, text)) }

func (w *world) group(displayName string) string {
	w.t.Helper()
	return w.do("CreateGroup", `"DisplayName":`+quoted(displayName))["GroupId"].(string)
}

func (w *world) join(userID, groupID string) string {
	w.t.Helper()
	return w.do("CreateGroupMembership", sides(userID, groupID))["MembershipId"].(string)
}

func sides(userID, groupID string) string {
	return fmt.Sprintf(`"GroupId":%q,"MemberId":{"UserId":%q}`, groupID, userID)
}
