//go:build clients

package clients

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

func TestBoto3(t *testing.T) {
	python := harness.InVenv("python")
	suite(t, startDriver(t, []string{python, "python/identity.py"}, python, "python/drive.py"))
}

func TestJavaScriptSDK(t *testing.T) {
	node := harness.NodeJS(t)
	suite(t, startDriver(t, []string{node, "js/identity.mjs"}, node, "js/drive.mjs"))
}

// The drivers of these have only the services in which people use them against an instance like ours: the SDK for Go does the rest.
func TestJavaSDK(t *testing.T) { suite(t, javaSDK(t)) }
func TestRustSDK(t *testing.T) { suite(t, rustSDK(t)) }

func javaSDK(t *testing.T) client {
	driver := startDriver(t, nil, harness.NeedProgram(t, "java"), "-cp", "java/lib/*", "java/Drive.java")
	return specialist{driver, []*api.Service{api.SSOOIDC, api.STS}, goSDK{}}
}

func rustSDK(t *testing.T) client {
	return specialist{startDriver(t, nil, "rust/target/debug/drive"), []*api.Service{api.SSOOIDC}, goSDK{}}
}

// specialist is a client for some services, with another one for the rest.
type specialist struct {
	driver   *driver
	services []*api.Service
	client
}

func (s specialist) call(t testing.TB, at *harness.Server, signer key, operation *api.Operation, in members) (members, *refusal) {
	t.Helper()
	if slices.Contains(s.services, operation.Service) {
		return s.driver.call(t, at, signer, operation, in)
	}
	return s.client.call(t, at, signer, operation, in)
}

// These refresh before the end, so that no request fails for want of a token.
func TestTokensAreRefreshedBeforeTheyExpire(t *testing.T) {
	server := harness.Start(t)
	python, node := harness.InVenv("python"), harness.NodeJS(t)
	for _, row := range []struct {
		name    string
		left    time.Duration
		command []string
	}{
		{"boto3 with 14 minutes left", 14 * time.Minute, []string{python, "python/identity.py"}},
		{"JavaScript with 4 minutes left", 4 * time.Minute, []string{node, "js/identity.mjs"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := &party{T: t, server: server, client: goSDK{}}
			r := p.register(nil)
			tokens := p.signIn(r, "alice")
			h := newHome(t, server)
			h.keep(t, r, tokens, time.Now().Add(row.left))
			p.wantIdentity(whoami(t, h, row.command))
			if h.kept(t).RefreshToken == tokens.text("refreshToken") {
				t.Error("the token was not refreshed")
			}
		})
	}
}

// awsCLI is an AWS CLI at somebody's home.
type awsCLI struct {
	program string
	home    *home
	models  string // folder of service models that are newer than the program; empty for its own
}

// TestAWSCLI1 leaves out the provocations: the CLI is botocore, which TestBoto3 provokes, and a second for each call.
func TestAWSCLI1(t *testing.T) {
	server := harness.Start(t)
	c := newAWSCLI1(t, server)
	for name, test := range map[string]func(*party){
		"device flow": deviceFlow, "PKCE flow": pkceFlow, "refresh": refresh, "portal": portal,
		"role credentials from the session cache": cachedSession, "silent refresh of an expired token": silentRefresh,
	} {
		t.Run(name, func(t *testing.T) { test(&party{T: t, server: server, client: c}) })
	}
}

func newAWSCLI1(t testing.TB, server *harness.Server) awsCLI {
	c := awsCLI{program: harness.InVenv("aws"), home: newHome(t, server)}
	// Otherwise the CLI v1 fetches every value that begins with http:// and sends what it finds there.
	c.home.write(t, c.home.configFile(), []byte(printedConfig(t, server)+"cli_follow_urlparam = false\n"))
	return c
}

func (c awsCLI) call(t testing.TB, s *harness.Server, signer key, operation *api.Operation, in members) (members, *refusal) {
	t.Helper()
	command := []string{
		c.program, operation.Service.Command, cliWord(operation.Name), "--endpoint-url", s.Endpoint, "--region", s.Region, "--output", "json", "--no-paginate",
	}
	switch {
	case operation.Auth == api.AuthNone:
		command = append(command, c.options(in)...)
	case signer == key{}:
		command = append(command, "--no-sign-request", "--cli-input-json", jsonOf(t, in))
	default: // what is nested has no form as options that one could write down once for all
		command = append(command, "--cli-input-json", jsonOf(t, in))
	}
	program := atHome(c.home, command...)
	program.Env = append(program.Env, "AWS_DATA_PATH="+c.models)
	if signer != (key{}) {
		program.Env = append(program.Env, "AWS_ACCESS_KEY_ID="+signer.ID, "AWS_SECRET_ACCESS_KEY="+signer.Secret, "AWS_SESSION_TOKEN="+signer.Session)
	}
	out, err := program.Output()
	if err != nil {
		return nil, cliRefusal(t, err)
	}
	var answer members
	if len(bytes.TrimSpace(out)) == 0 { // an operation without output
		return answer, nil
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v printed %q", command, out)
	}
	return answer, nil
}

// options are the members as somebody types them.
func (c awsCLI) options(in members) (words []string) {
	for name, value := range in {
		words = append(words, "--"+cliWord(name))
		switch value := value.(type) {
		case []string:
			words = append(words, value...)
		default:
			words = append(words, fmt.Sprint(value))
		}
	}
	return words
}

// cliWord turns a name of the model into a word of the command line: clientId to client-id, CreateTokenWithIAM to create-token-with-iam.
func cliWord(name string) string {
	name = strings.ReplaceAll(name, "IAM", "Iam")
	var word strings.Builder
	for i, letter := range name {
		if 'A' <= letter && letter <= 'Z' {
			if i > 0 {
				word.WriteByte('-')
			}
			letter += 'a' - 'A'
		}
		word.WriteRune(letter)
	}
	return word.String()
}

var cliError = regexp.MustCompile(`An error occurred \((\w+)\) when calling the \w+ operation: (.+)`)

// cliRefusal reads the line that the CLI prints on errors of the service.
func cliRefusal(t testing.TB, err error) *refusal {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("%v: `make test` installs what the tests need", err)
	}
	line := cliError.FindStringSubmatch(string(exit.Stderr))
	if line == nil {
		t.Fatalf("the CLI failed by itself: %s", exit.Stderr)
	}
	return &refusal{Exception: line[1], Message: line[2]}
}

func (c awsCLI) identity(t testing.TB, h *home) identity {
	t.Helper()
	return whoami(t, h, []string{c.program, "sts", "get-caller-identity", "--output", "json"})
}
