package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/strictjson"
)

// Every operation's skeletons have the members of the published model, in its order, and an output skeleton reads as an answer.
func TestSkeletonsFollowTheModels(t *testing.T) {
	for _, service := range api.Services {
		text, err := os.ReadFile(filepath.Join("../../test/vectors/aws-service-models", service.Command, "service-2.json"))
		if err != nil {
			t.Fatal(err)
		}
		model, err := strictjson.Parse(text, strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, operation := range service.Operations {
			t.Run(operation.Name, func(t *testing.T) { checkSkeletons(t, model, operation) })
		}
	}
}

func checkSkeletons(t *testing.T, model strictjson.Value, operation *api.Operation) {
	word := command.Spell(operation.Name)
	s := newStage(t, response{})
	delete(s.env, "AWS_REGION")
	got := s.run(operation.Service.Command, word, "--generate-cli-skeleton")
	if got.exit != 0 || memberOrder(t, got.stdout) != modelOrder(model, operation.Name, "input") {
		t.Errorf("input skeleton: %+v", got)
	}
	if output := jmespath.Pretty.AppendJSON(nil, outputSkeleton(operation.Output)); memberOrder(t, string(output)) != modelOrder(model, operation.Name, "output") {
		t.Errorf("output skeleton is %s", output)
	}
}

func memberOrder(t *testing.T, document string) string {
	t.Helper()
	value, err := strictjson.Parse([]byte(document), strictjson.Limits{})
	if err != nil {
		t.Fatalf("%q: %v", document, err)
	}
	var names []string
	for _, member := range value.Members() {
		names = append(names, member.Name)
	}
	return strings.Join(names, " ")
}

func modelOrder(model strictjson.Value, operation, side string) string {
	at := func(v strictjson.Value, path ...string) strictjson.Value {
		for _, name := range path {
			v, _ = v.Get(name)
		}
		return v
	}
	shape := at(model, "operations", operation, side, "shape").Text()
	var names []string
	for _, member := range at(model, "shapes", shape, "members").Members() {
		names = append(names, member.Name)
	}
	return strings.Join(names, " ")
}

func TestSkeletonsByteForByte(t *testing.T) {
	tests := []struct {
		name string
		args string
		want string
	}{
		{"input", "sso-oidc register-client --generate-cli-skeleton", `{
    "clientName": "",
    "clientType": "",
    "scopes": [
        ""
    ],
    "redirectUris": [
        ""
    ],
    "grantTypes": [
        ""
    ],
    "issuerUrl": "",
    "entitledApplicationArn": ""
}
`},
		{"output", "sso list-accounts --access-token t --generate-cli-skeleton output", `{
    "nextToken": "nextToken",
    "accountList": [
        {
            "accountId": "accountId",
            "accountName": "accountName",
            "emailAddress": "emailAddress"
        }
    ]
}
`},
		{"output through a query", "sso list-accounts --access-token t --generate-cli-skeleton output --query accountList[0].accountId", "\"accountId\"\n"},
		{"output of nothing", "sso logout --access-token t --generate-cli-skeleton output", ""},
		{"input of nothing", "sts get-caller-identity --generate-cli-skeleton input", "{}\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{})
			if got := s.run(strings.Fields(test.args)...); got != (outcome{0, test.want, ""}) || len(s.requests) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
	list := &api.Shape{Members: []*api.Member{{Name: "scope", Kind: api.List, Element: "Scope"}}}
	if got := string(jmespath.Compact.AppendJSON(nil, outputSkeleton(list))); got != `{"scope":["Scope"]}` {
		t.Errorf("the element of a list is not named for its shape: %s", got)
	}
	s := newStage(t, response{})
	if got := s.run("sso-oidc", "create-token", "--generate-cli-skeleton", "output"); got.exit != command.ExitUsage || !strings.Contains(got.stderr, "--client-id") {
		t.Errorf("an output skeleton without required options: %+v", got)
	}
	delete(s.env, "AWS_REGION")
	if got := s.run("sso", "logout", "--access-token", "t", "--generate-cli-skeleton", "output"); got.exit != command.ExitConfiguration {
		t.Errorf("an output skeleton without a Region: %+v", got)
	}
}

func TestInputSkeletonsNeedNoProfileButGoodValues(t *testing.T) {
	skeleton := []string{"sso-oidc", "create-token", "--generate-cli-skeleton", "input"}
	s := newStage(t, response{body: "{}"})
	if got := s.run(with(skeleton, "--profile", "nope")...); got.exit != 0 || !strings.Contains(got.stdout, "clientId") {
		t.Errorf("an unknown profile: %+v", got)
	}
	for _, bad := range [][]string{{"--scope", "["}, {"--code", "file:///nonexistent"}, {"--cli-input-json", "{"}} {
		if got := s.run(with(skeleton, bad...)...); got.exit != command.ExitUsage || got.stdout != "" {
			t.Errorf("%v: %+v", bad, got)
		}
	}
	s.env["AWS_MAX_ATTEMPTS"] = "0"
	if got := s.run(with(createToken, "--generate-cli-skeleton", "output")...); got.exit != command.ExitOther {
		t.Errorf("an output skeleton without an attempt: %+v", got)
	}
}
