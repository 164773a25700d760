package harness

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// AWSCLI2 is where Debian's package has the AWS CLI v2. PATH may name another one first: version 1, from PyPI.
const AWSCLI2 = "/usr/bin/aws"

// Endpoints are the URLs of the services that a sign-in and a proof of identity need.
type Endpoints struct{ SSOOIDC, SSO, STS string }

// endpointRules is a rule set that sends every call to one place. %q is the URL.
const endpointRules = `{"version": "1.0",
  "parameters": {"Region": {"builtIn": "AWS::Region", "required": false, "type": "String", "documentation": ""}},
  "rules": [{"conditions": [], "type": "endpoint", "endpoint": {"url": %q, "properties": {}, "headers": {}}}]}`

// WriteEndpointRules fills a folder for AWS_DATA_PATH that sends Debian's AWS CLI to the endpoints.
//
// The fragments that we print send calls to us by a services section. That came with 2.13, and AWS_ENDPOINT_URL with it; Debian 12 has
// 2.9.19, which reads the section without complaint and ignores it, and `aws sso login` takes no --endpoint-url in any version. What
// 2.9 does have is the endpoint rule set of each service, looked for in the folders of AWS_DATA_PATH before its own. Three files of
// five lines there are all that is done to it: program, models and commands are Debian's. Newer versions prefer the section, so the
// files do no harm to them.
func WriteEndpointRules(t testing.TB, folder string, to Endpoints) {
	t.Helper()
	for service, url := range map[string]string{"sso-oidc/2019-06-10": to.SSOOIDC, "sso/2019-06-10": to.SSO, "sts/2011-06-15": to.STS} {
		path := filepath.Join(folder, service, "endpoint-rule-set-1.json")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, fmt.Appendf(nil, endpointRules, url), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// WriteModels fills a folder for AWS_DATA_PATH with the models of services as the newest botocore has them: with them Debian's AWS CLI knows
// operations that are younger than itself.
func WriteModels(t testing.TB, folder string, services ...string) {
	t.Helper()
	for _, service := range services {
		const model = "service-2.json"
		found, err := filepath.Glob(filepath.Join(Root(), "test/clients/.venv/lib/python3*/site-packages/botocore/data", service, "*", model+".gz"))
		if err != nil || len(found) == 0 {
			t.Fatalf("botocore has no model of %s: `make test` installs what the tests need", service)
		}
		newest := slices.Max(found) // the folder is named for the version, which is a date
		version := filepath.Base(filepath.Dir(newest))
		path := filepath.Join(folder, service, version, model)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, unpack(t, newest), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func unpack(t testing.TB, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// InVenv is a program of the virtual environment that test/install makes.
func InVenv(name string) string {
	return filepath.Join(Root(), "test", "clients", ".venv", "bin", name)
}

// NodeJS is the machine's own, or the one that test/install added because that is missing or too old.
func NodeJS(t testing.TB) string {
	t.Helper()
	if added := InVenv("node"); exec.Command(added, "--version").Run() == nil {
		return added
	}
	return NeedProgram(t, "node")
}
