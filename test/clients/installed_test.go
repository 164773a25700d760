//go:build clients

package clients

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
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
			p := &party{t, server, goSDK{}}
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

// awsCLI1 is the AWS CLI v1.
type awsCLI1 struct{ home *home }

// TestAWSCLI1 leaves out the provocations: the CLI is botocore, which TestBoto3 provokes, and a second for each call.
func TestAWSCLI1(t *testing.T) {
	server := harness.Start(t)
	c := awsCLI1{newHome(t, server)}
	// Otherwise the CLI v1 fetches every value that begins with http:// and sends what it finds there.
	c.home.write(t, c.home.configFile(), []byte(printedConfig(t, server)+"cli_follow_urlparam = false\n"))
	for name, test := range map[string]func(*party){
		"device flow": deviceFlow, "PKCE flow": pkceFlow, "refresh": refresh, "portal": portal,
		"role credentials from the session cache": cachedSession, "silent refresh of an expired token": silentRefresh,
	} {
		t.Run(name, func(t *testing.T) { test(&party{t, server, c}) })
	}
}

func (c awsCLI1) call(t testing.TB, s *harness.Server, operation *api.Operation, in members) (members, *refusal) {
	t.Helper()
	command := []string{
		harness.InVenv("aws"), operation.Service.Command, commandFlag(operation.Name)[3:], "--endpoint-url", s.Endpoint, "--output", "json", "--no-paginate",
	}
	for name, value := range in {
		command = append(command, commandFlag(name))
		switch value := value.(type) {
		case []string:
			command = append(command, value...)
		default:
			command = append(command, fmt.Sprint(value))
		}
	}
	out, err := atHome(c.home, command...).Output()
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

// commandFlag turns the name of a member into that of an option: clientId to --client-id.
func commandFlag(member string) string {
	var flag strings.Builder
	flag.WriteString("--")
	for _, letter := range member {
		if 'A' <= letter && letter <= 'Z' {
			flag.WriteByte('-')
			letter += 'a' - 'A'
		}
		flag.WriteRune(letter)
	}
	return flag.String()
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

func (c awsCLI1) identity(t testing.TB, h *home) identity {
	t.Helper()
	return whoami(t, h, []string{harness.InVenv("aws"), "sts", "get-caller-identity", "--output", "json"})
}
