//go:build clients

package clients

import (
	"os"
	"os/exec"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// people do in a shell what a person with a browser would do between the examples.
var people = map[api.Act]string{
	api.Approves: `curl -fsS -H 'Content-Type: application/json' -d '{"userName":"alice","decision":"approve","userCode":"'"$USER_CODE"'"}' "$AWS_ENDPOINT_URL/_dev/device" >/dev/null`,
	api.Authorizes: `CODE=$(curl -sS -H 'Content-Type: application/json' -d '{"userName":"alice","query":"'"$QUERY"'"}' "$AWS_ENDPOINT_URL/_dev/authorize" |
		sed 's/.*code=\([^&\\"]*\).*/\1/')`,
}

// Every example of the help is run, one after the other, as a person would paste them.
func TestTheExamplesOfTheHelpRun(t *testing.T) {
	harness.NeedProgram(t, "curl")
	harness.NeedProgram(t, "openssl")
	server := harness.Start(t)
	home := t.TempDir()
	shell := exec.Command("sh", "-c", api.Script(harness.Binary(t), func(act api.Act) string { return people[act] }))
	shell.Dir = home
	shell.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "PAGER=cat"},
		"AWS_ENDPOINT_URL="+server.Endpoint, "AWS_REGION="+server.Region, "START_URL="+server.StartURL,
		"APPLICATION=arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-5555666677778888", "ASSERTION=a.b.c")
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
