//go:build clients

package propagation

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sallyport/test/harness"
)

// story is what the example prints, as far as it matters, in this order.
var story = []string{
	`http://127\.0\.0\.1:\d+`,
	`arn:aws:sso:::instance/ssoins-[0-9a-f]{16}`,
	`arn:aws:iam::\d{12}:role/data-reader`,
	`arn:aws:sso::\d{12}:trustedTokenIssuer/ssoins-[0-9a-f]{16}/tti-[0-9a-f-]{36}`,
	`arn:aws:sso::\d{12}:application/ssoins-[0-9a-f]{16}/apl-[0-9a-f]{16}`,
	`\(AccessDeniedException\) when calling the CreateTokenWithIAM operation: The person is not assigned to the application`,
	`caller +arn:aws:sts::\d{12}:assumed-role/reports/reports-server`,
	`✓ caller: .* ActorPolicy allows it`,
	`✓ signature: verified with RS256`,
	`✗ assignment: user [0-9a-f-]{36} is not assigned`,
	`aws sso-admin create-application-assignment --application-arn \S+ --principal-type USER --principal-id [0-9a-f-]{36}`,
	`an identity context of \d+ characters`,
	`"Arn": "arn:aws:sts::\d{12}:assumed-role/data-reader/for-ada"`,
	`on_behalf_of=[0-9a-f-]{36}\n$`,
}

func TestTheExampleTellsTheStory(t *testing.T) {
	folder := t.TempDir()
	script := exec.Command("/bin/sh", filepath.Join(harness.Root(), "examples", "trusted-identity-propagation.sh"))
	script.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "TMPDIR=" + folder, "LC_ALL=C.UTF-8",
		"SALLYPORT=" + harness.Binary(t), "AWS=" + harness.InVenv("aws"),
	}
	out, err := script.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rest := string(out)
	for _, pattern := range story {
		at := regexp.MustCompile(pattern).FindStringIndex(rest)
		if at == nil {
			t.Fatalf("there is no %q where it belongs:\n%s", pattern, out)
		}
		rest = rest[at[1]:]
	}
	for _, match := range regexp.MustCompile(`(?m)^http://(\S+)$`).FindAllStringSubmatch(string(out), -1) {
		if connection, err := net.Dial("tcp", match[1]); err == nil {
			connection.Close()
			t.Errorf("what the script started at %s is still there", match[1])
		}
	}
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the script leaves %s: %v", strings.Join(left, " "), err)
	}
}
