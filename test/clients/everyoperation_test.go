package clients

import (
	"encoding/xml"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// This file calls every operation there is, signed as the operator, with inputs that nobody chose one by one.

var seed = flag.Uint64("seed", 4, "where the random inputs begin")

// unmodelled are the refusals that any signed operation may give, whatever its model lists.
var unmodelled = map[api.Protocol][]string{
	api.RESTJSON: {"InvalidRequestException", "UnauthorizedException"},
	api.JSON:     {"ValidationException", "SerializationException", "AccessDeniedException"},
	api.Query:    {"ValidationError", "AccessDenied"},
}

// checkAnswered wants a success in the form of the model, or one of the operation's refusals.
func (w *witness) checkAnswered(t *testing.T, operation *api.Operation, in any, got answer) map[string]any {
	t.Helper()
	if got.status != http.StatusOK {
		exception := got.header.Get("X-Amzn-Errortype")
		if !mayAnswer(operation, exception) && !strings.Contains(fmt.Sprint(unmodelled[operation.Service.Protocol]), exception) {
			t.Errorf("%s with %.1000s: %v", operation.Name, jsonOf(t, in), got)
		}
		return nil
	}
	if operation.Service.Protocol == api.Query {
		var document struct{ XMLName xml.Name }
		if err := xml.Unmarshal(got.body, &document); err != nil || document.XMLName.Local != operation.Name+"Response" {
			t.Errorf("%s answered with %v: %v", operation.Name, got, err)
		}
		return nil
	}
	out := got.json()
	if why := unlike(operation.Output, out); why != "" {
		t.Errorf("%s with %.1000s: %s: %v", operation.Name, jsonOf(t, in), why, got)
	}
	return out
}

// unlike says in what an answer is not of the shape.
func unlike(shape *api.Shape, got map[string]any) string {
	for name := range got {
		if shape.Member(name) == nil {
			return shape.Name + " has no member " + name
		}
	}
	for _, m := range shape.Members {
		value, given := got[m.Name]
		if !given && m.Required {
			return shape.Name + " lacks " + m.Name
		}
		if why := unlikeMember(m, value); given && why != "" {
			return why
		}
	}
	return ""
}

func unlikeMember(m *api.Member, value any) string {
	var is bool
	switch m.Kind {
	case api.String:
		_, is = value.(string)
	case api.Integer, api.Long, api.Time:
		_, is = value.(float64)
	case api.Boolean:
		_, is = value.(bool)
	case api.Structure:
		object, ok := value.(map[string]any)
		if is = ok; ok {
			return unlike(m.Shape, object)
		}
	case api.List:
		list, ok := value.([]any)
		for _, item := range list {
			if object, isObject := item.(map[string]any); m.Shape != nil && isObject {
				if why := unlike(m.Shape, object); why != "" {
					return why
				}
			}
		}
		is = ok
	default:
		is = value != nil
	}
	if !is {
		return fmt.Sprintf("%s is %T", m.Name, value)
	}
	return ""
}

// wrongInput is what the operation refuses input with that lacks a member.
func wrongInput(operation *api.Operation) string {
	switch operation.Service.Protocol {
	case api.JSON:
		return "ValidationException"
	case api.Query:
		return "ValidationError"
	}
	return "InvalidRequestException"
}

// Whoever sends nothing is told what to send first.
func TestEveryOperationNamesTheFirstMissingMember(t *testing.T) {
	server := harness.Start(t)
	w := newWitness(t, server)
	called := map[string]int{}
	for _, service := range api.Served {
		for _, operation := range service.Answered() {
			got := w.deliver(t, compose(operation, members{}).signedBy(adminKey(server), operation))
			called[service.Command]++
			first := firstRequired(operation)
			if first == nil {
				w.checkAnswered(t, operation, members{}, got)
				continue
			}
			exception := wrongInput(operation)
			names := strings.Contains(strings.ToLower(string(got.body)), strings.ToLower(first.Wire))
			if got.header.Get("X-Amzn-Errortype") != exception || !names {
				t.Errorf("%s with nothing: %v, want %s that names %s", operation.Name, got, exception, first.Wire)
			}
		}
	}
	if called["sso-admin"] != 79 || called["identitystore"] != 19 || called["sts"] != 6 {
		t.Errorf("called %v, want all 79, 19 and 6", called)
	}
	w.checkLog(t)
}

// firstRequired is the first member that a request without any lacks. The portal reads its bearer token last.
func firstRequired(operation *api.Operation) *api.Member {
	for _, m := range operation.Input.Members {
		if m.Required && m.Location != api.Header {
			return m
		}
	}
	return nil
}

// randomCalls is how many inputs each operation gets on average: two seconds of calls.
const randomCalls = 25

func TestEveryOperationTakesRandomInput(t *testing.T) {
	server := harness.Start(t, "--register-rate", "0", "--device-start-rate", "0")
	w := newWitness(t, server)
	t.Logf("seed %d", *seed)
	g := newGenerator(*seed)
	g.optional, g.odd = 40, 4
	g.learnWorld(newWorld(&party{T: t, server: server, client: goSDK{}}))
	var all []*api.Operation
	for _, service := range api.Served {
		all = append(all, service.Answered()...)
	}
	answered, refused := map[string]int{}, map[string]int{}
	for range randomCalls * len(all) {
		operation := all[g.IntN(len(all))]
		in := members(g.structure(operation.Input))
		message := compose(operation, in)
		if !sendable(message) {
			continue
		}
		out := w.checkAnswered(t, operation, in, w.deliver(t, message.signedBy(adminKey(server), operation)))
		if out == nil {
			refused[operation.Name]++
			continue
		}
		answered[operation.Name]++
		g.learn(operation.Output, out)
	}
	t.Logf("%d operations answered and %d refused something", len(answered), len(refused))
	const fewest = 50 // operations that got input to their liking; fewer, and this test is about input checks alone
	if len(answered) < fewest {
		t.Errorf("only %d operations ever answered: %v", len(answered), answered)
	}
	w.checkLog(t)
}

// sendable reports whether net/http sends what stands in the header.
func sendable(m message) bool {
	for _, values := range m.header {
		for _, value := range values {
			if strings.ContainsAny(value, "\x00\r\n\x7f") {
				return false
			}
		}
	}
	return true
}

// learnWorld tells the generator what there is in a world.
func (g *generator) learnWorld(w *world) {
	for typeName, values := range map[string][]string{
		"InstanceArn": {w.instance}, "IdentityStoreId": {w.identityStoreID}, "ApplicationArn": {w.gateway, w.reports}, "ResourceId": {w.userID},
		"TrustedTokenIssuerArn": {w.trustedIssuer}, "ApplicationProviderArn": {customProvider}, "AccountId": {w.account}, "arnType": {w.role, contextProvider},
	} {
		for _, value := range values {
			g.remember(typeName, value)
		}
	}
}
