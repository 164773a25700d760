package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"sallyport/internal/command"
	"sallyport/internal/sys"
)

// This file is the AWS CLI that is installed: what its version cannot do that the profile needs.

// version is a version of the AWS CLI.
type version [3]int

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

func (v version) before(other version) bool { return slices.Compare(v[:], other[:]) < 0 }

// The versions in which something came.
var (
	secondCLI     = version{2, 0, 0}   // sso login
	ssoSessions   = version{2, 9, 0}   // [sso-session] sections; the first CLI reads them since 1.27.10
	endpointsV1   = version{1, 29, 0}  // services sections and AWS_ENDPOINT_URL
	endpointsV2   = version{2, 13, 0}  // the same
	browserLogin  = version{2, 22, 0}  // an authorization code with PKCE
	startURLCheck = version{2, 35, 13} // refuses start URLs that are not AWS's
)

// checkClients finds the AWS CLI on PATH and looks at its version.
func checkClients(ctx context.Context, p *patient) []finding {
	path := lookPath(p.Getenv("PATH"), "aws")
	if path == "" {
		return []finding{well("no AWS CLI is on PATH; %s has its commands for sign-ins", command.Program)}
	}
	running, cancel := context.WithTimeout(ctx, stepPatience)
	defer cancel()
	text, err := p.output(running, path, "--version")
	v, known := parseVersion(string(text))
	if err != nil || !known {
		return []finding{doubtful("%s --version does not tell its version", path).by("%s --version", quote(path))}
	}
	need := needs{login: command.Program + " login"}
	if p.keys != nil {
		need.session = p.keys[keySession] != ""
		need.endpoint = len(p.doors) > 0 && !p.oidc().isAWS()
		need.rules = p.hasEndpointRules()
		need.startURL = p.startURL
		need.refused = p.startURLRefused
	}
	if p.signIn != nil {
		need.login = p.signIn.Command("login")
	}
	return judgeCLI(path, v, need)
}

// lookPath finds a program in the folders of a PATH, which may be another one than our own.
func lookPath(folders, name string) string {
	for _, folder := range filepath.SplitList(folders) {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

var versionForm = sys.Pattern(`aws-cli/(\d+)\.(\d+)\.(\d+)`)

func parseVersion(text string) (v version, known bool) {
	numbers := versionForm().FindStringSubmatch(text)
	if numbers == nil {
		return v, false
	}
	for i := range v {
		v[i], _ = strconv.Atoi(numbers[i+1]) // digits; a number out of range is newer than anything
	}
	return v, true
}

// endpointRules are the files by which old AWS CLIs are told an endpoint (docs/operate.md).
var endpointRules = []string{"sso-oidc/2019-06-10", "sso/2019-06-10"}

func (p *patient) hasEndpointRules() bool {
	for _, service := range endpointRules {
		if _, err := os.Stat(filepath.Join(p.Home, ".aws", "models", filepath.FromSlash(service), "endpoint-rule-set-1.json")); err != nil {
			return false
		}
	}
	return true
}

// needs are what the profile asks of an AWS CLI.
type needs struct {
	session  bool   // it has an sso-session
	endpoint bool   // its server is not AWS
	rules    bool   // endpoint rules for old AWS CLIs are there
	refused  bool   // its start URL is not one of AWS's
	startURL string // that would be, if the server told
	login    string // the command that signs in
}

// judgeCLI is the table of what versions lack.
func judgeCLI(path string, v version, need needs) []finding {
	var findings []finding
	add := func(f finding) { findings = append(findings, f) }
	endpoints := endpointsV2
	if v.before(secondCLI) {
		endpoints = endpointsV1
		add(doubtful("%s is %s, which cannot sign in; it uses and refreshes the sign-in of others", path, v).by("%s", need.login))
	}
	if need.session && !v.before(secondCLI) && v.before(ssoSessions) {
		add(broken("%s is %s and knows no sso-session, which came with %s", path, v, ssoSessions).by("install a newer AWS CLI"))
	}
	if need.endpoint && v.before(endpoints) && !need.rules {
		add(broken("%s is %s and reads no endpoint from the configuration, which came with %s: it goes to AWS", path, v, endpoints).
			by("install a newer AWS CLI, or write the endpoint rules of \"Clients\" in docs/operate.md into ~/.aws/models"))
	}
	if need.rules && !v.before(endpoints) {
		add(doubtful("~/.aws/models sends every profile's sign-in to one server, which %s does not need", v).by("rm -r ~/.aws/models/sso-oidc ~/.aws/models/sso ~/.aws/models/sts"))
	}
	if need.refused && !v.before(startURLCheck) {
		f := broken("%s is %s and refuses the start URL: `aws sso login` fails", path, v)
		if need.startURL != "" {
			f = f.by("write sso_start_url = %s", need.startURL)
		}
		add(f.by("%s", need.login))
	}
	if len(findings) == 0 && need.session && v.before(browserLogin) {
		return []finding{well("%s is %s, and signs in with device codes: the browser came with %s", path, v, browserLogin)}
	}
	if len(findings) == 0 {
		return []finding{well("%s is %s", path, v)}
	}
	return findings
}
