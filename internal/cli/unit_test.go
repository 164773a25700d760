package cli

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/strictjson"
)

func pemOf(certificate []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
}

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

// Help names every option of the operation and every member of its output, and needs nothing configured.
func TestHelp(t *testing.T) {
	s := newStage(t, response{})
	delete(s.env, "AWS_REGION")
	for _, service := range api.Services {
		got := s.run(service.Command, "help")
		for _, word := range operationWords(service) {
			if got.exit != 0 || !strings.Contains(got.stdout, word) {
				t.Errorf("help of %s lacks %s", service.Command, word)
			}
		}
		for _, operation := range service.Operations {
			got := s.run(service.Command, command.Spell(operation.Name), "help")
			for _, known := range slices.Concat(operationOptions(operation), command.GlobalOptions) {
				if got.exit != 0 || !known.Hidden && !strings.Contains(got.stdout, "--"+known.Name) {
					t.Errorf("help of %s lacks --%s", operation.Name, known.Name)
				}
			}
			for _, heading := range []string{"NAME", "DESCRIPTION", "SYNOPSIS", "OPTIONS", "GLOBAL OPTIONS", "OUTPUT"} {
				if !strings.Contains("\n"+got.stdout, "\n"+heading+"\n") {
					t.Errorf("help of %s lacks %s", operation.Name, heading)
				}
			}
		}
	}
	if got := s.run("help"); got.exit != 0 || !strings.Contains(got.stdout, "sso-oidc") {
		t.Errorf("got %+v", got)
	}
	if got := s.run("sso-oidc", "create-token", "--client-id", "x", "help"); got.exit != command.ExitUsage {
		t.Errorf("help after some options: %+v", got)
	}
}

func TestBrokenConfigurationEndsEveryCommand(t *testing.T) {
	tests := []struct{ name, text string }{
		{"no section", "region = x\n"},
		{"a repeated key", "[default]\nregion=a\nREGION=b\n"},
		{"a repeated section", "[a]\n[a]\n"},
		{"a key without a value", "[a]\nregion\n"},
		{"a value without a key", "[a]\n= x\n"},
		{"bytes that are no text", "[a]\nx = \xff\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{})
			s.file(".aws/config", test.text)
			if got := s.call(createToken...); got.exit != command.ExitOther || !strings.Contains(got.stderr, "Unable to parse config file") || len(s.requests) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// Whatever the words are, each is taken once: as an option, as a value, or as rest.
func FuzzGrammar(f *testing.F) {
	f.Add("sso-oidc\x00create-token\x00--client-id\x00x\x00--scope\x00a\x00b\x00--\x00-1\x00--no")
	f.Fuzz(func(t *testing.T, joined string) {
		words := strings.Split(joined, "\x00")
		for _, known := range []command.Options{command.GlobalOptions, operationOptions(api.CreateToken.Operation), operationOptions(api.ListAccounts.Operation), {}} {
			result, err := known.Parse(words)
			if err != nil {
				continue
			}
			count := len(result.Strays())
			for _, values := range result.Arguments {
				count += len(values)
			}
			if count > len(words)+len(known) {
				t.Errorf("%q became %+v", words, result)
			}
		}
	})
}
