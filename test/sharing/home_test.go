//go:build clients

package sharing

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"sallyport/internal/ssocache"
	"sallyport/test/harness"
)

// person is who signs in everywhere here, and account and role what the profiles name.
const (
	person  = "alice"
	account = "111122223333"
	role    = "AdministratorAccess"
)

// The names in the configuration.
const (
	session        = "team"
	sessionProfile = "demo"
	olderProfile   = "older"
	processProfile = "process"
)

// home is the home folder of a person with a profile of each form. Nothing in it was cached before.
type home struct {
	t      testing.TB
	folder string
	door   *door
}

func newHome(t testing.TB, d *door) *home {
	t.Helper()
	h := &home{t: t, folder: t.TempDir(), door: d}
	h.write(filepath.Join(".aws", "config"), fmt.Sprintf(`[sso-session %[1]s]
%[2]s
[profile %[3]s]
sso_session = %[1]s
%[4]s
[profile %[5]s]
%[6]s%[4]s
[profile %[7]s]
credential_process = %[8]q credentials --profile %[3]s
region = %[9]s
services = sallyport

%[10]s`, session, h.signInKeys()+"sso_registration_scopes = sso:account:access\n", sessionProfile, h.roleKeys(), olderProfile, h.signInKeys(),
		processProfile, harness.Binary(t), d.server.Region, h.services()))
	harness.WriteEndpointRules(t, h.dataFolder(), h.endpoints())
	return h
}

func (h *home) endpoints() harness.Endpoints {
	return harness.Endpoints{SSOOIDC: h.door.URL, SSO: h.door.URL, STS: h.door.server.Endpoint}
}

func (h *home) services() string {
	to := h.endpoints()
	return fmt.Sprintf("[services sallyport]\nsso_oidc =\n  endpoint_url = %s\nsso =\n  endpoint_url = %s\nsts =\n  endpoint_url = %s\n", to.SSOOIDC, to.SSO, to.STS)
}

func (h *home) signInKeys() string {
	return fmt.Sprintf("sso_start_url = %s\nsso_region = %s\n", h.startURL(), h.door.server.Region)
}

func (h *home) roleKeys() string {
	return fmt.Sprintf("sso_account_id = %s\nsso_role_name = %s\nregion = %s\nservices = sallyport\n", account, role, h.door.server.Region)
}

func (h *home) startURL() string { return h.door.server.AWSStartURL() }

func (h *home) dataFolder() string { return filepath.Join(h.folder, "data") }

func (h *home) write(name, text string) {
	h.t.Helper()
	path := filepath.Join(h.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// environ is the environment of a program that the person runs: nothing of the developer's who runs the test gets in.
func (h *home) environ(profile string) []string {
	environ := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.folder, "LANG=C.UTF-8", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER="}
	if profile != "" {
		environ = append(environ, "AWS_PROFILE="+profile)
	}
	return environ
}

// ended is a program that has ended.
type ended struct {
	t              testing.TB
	words          []string
	code           int // 128 and the number of the signal, if one ended it
	stdout, stderr string
}

// with fails the test unless the program ended with the code.
func (e ended) with(code int) ended {
	e.t.Helper()
	if e.code != code {
		e.t.Fatalf("%q ended with %d, want %d\n%s%s", e.words, e.code, code, e.stdout, e.stderr)
	}
	return e
}

// run runs a program to its end.
func (h *home) run(profile string, c command) ended {
	h.t.Helper()
	program, stop := h.program(profile, c)
	defer stop()
	var stdout, stderr bytes.Buffer
	program.Stdout, program.Stderr = &stdout, &stderr
	if err := program.Start(); err != nil {
		h.t.Fatalf("%v: `make test` installs what the tests need", err)
	}
	program.Wait()
	return ended{h.t, c.words, exitCode(program), stdout.String(), stderr.String()}
}

func (h *home) program(profile string, c command) (*exec.Cmd, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	program := exec.CommandContext(ctx, c.words[0], c.words[1:]...)
	program.Dir, program.Env = h.folder, append(h.environ(profile), c.env...)
	if c.folder != "" {
		program.Dir = c.folder
	}
	return program, cancel
}

// sallyport runs the program under test.
func (h *home) sallyport(profile string, args ...string) ended {
	h.t.Helper()
	return h.run(profile, sallyport(h.t, args...))
}

var userCode = regexp.MustCompile(`\b[A-Z]{4}-[A-Z]{4}\b`)

// signIn runs a program that shows a code, and approves that as the person.
func (h *home) signIn(profile string, c command) {
	h.t.Helper()
	program, stop := h.program(profile, c)
	defer stop()
	out, err := program.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	program.Stderr = program.Stdout
	if err := program.Start(); err != nil {
		h.t.Fatal(err)
	}
	var text bytes.Buffer
	approved := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Fprintln(&text, lines.Text())
		if code := userCode.FindString(lines.Text()); code != "" && !approved {
			h.door.server.Approve(code, person)
			approved = true
		}
	}
	if program.Wait() != nil || !approved {
		h.t.Fatalf("%q ended with %d and did not sign in\n%s", c.words, exitCode(program), text.String())
	}
}

// loginWithDevice signs in with a device code, as everybody does who sits before no browser.
func (h *home) loginWithDevice(profile string) {
	h.t.Helper()
	h.signIn(profile, sallyport(h.t, "login"))
}

// loginWithBrowser signs in with the browser that BROWSER names.
func (h *home) loginWithBrowser(profile string) {
	h.t.Helper()
	login := sallyport(h.t, "login")
	login.env = []string{"BROWSER=" + itself(h.t), roleEnvironment + "=" + roleBrowser}
	h.run(profile, login).with(0)
}

// kept is the token's file. It is read and written without any package of ours, as other programs do.
type kept map[string]any

func (k kept) text(name string) string {
	text, _ := k[name].(string)
	return text
}

// tokenFile is the file of a session, or in the older form of a start URL.
func (h *home) tokenFile(key string) string {
	return filepath.Join(h.folder, ".aws", "sso", "cache", ssocache.TokenKey(key, key)+".json")
}

func (h *home) kept(key string) kept {
	h.t.Helper()
	text, err := os.ReadFile(h.tokenFile(key))
	if err != nil {
		h.t.Fatal(err)
	}
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		h.t.Fatal(err)
	}
	return k
}

// endsIn says in the token's file that the token ends so, and that is all that programs go by. The credentials that came of it are
// forgotten.
func (h *home) endsIn(key string, left time.Duration) kept {
	h.t.Helper()
	k := h.kept(key)
	k["expiresAt"] = time.Now().Add(left).UTC().Format(time.RFC3339)
	k[foreignMember] = foreignValue
	text, err := json.Marshal(k)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.tokenFile(key), text, 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.forgetRoles()
	return k
}

// A member that another tool may have put into the file.
const (
	foreignMember = "editorWindow"
	foreignValue  = "left"
)

// forgetRoles removes the credentials of roles that the AWS CLIs and we keep, so that the next program needs the token.
func (h *home) forgetRoles() {
	h.t.Helper()
	for _, path := range h.files(".aws/cli/cache") {
		if err := os.Remove(path); err != nil {
			h.t.Fatal(err)
		}
	}
}

// freeze takes the right to write away from every folder of the home; thaw gives it back.
func (h *home) freeze() {
	h.t.Helper()
	h.t.Cleanup(h.thaw) // or the home could not be removed
	h.setFolderModes(0o500)
}

func (h *home) thaw() { h.setFolderModes(0o700) }

func (h *home) setFolderModes(mode fs.FileMode) {
	h.t.Helper()
	err := filepath.WalkDir(h.folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			err = os.Chmod(path, mode)
		}
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
}

// unprivileged is a program for which modes of files count, even if root runs the test.
func unprivileged(c command) command {
	if os.Geteuid() == 0 {
		c.words = append([]string{"setpriv", "--bounding-set", "-dac_override,-dac_read_search"}, c.words...)
	}
	return c
}

// isPrivate checks that nobody else can read what lies in a folder of the home.
func (h *home) isPrivate(folder string) {
	h.t.Helper()
	err := filepath.WalkDir(filepath.Join(h.folder, folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			h.t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
}

// files are the paths of what is cached in a folder of the home.
func (h *home) files(folder string) []string {
	h.t.Helper()
	paths, err := filepath.Glob(filepath.Join(h.folder, folder, "*.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	slices.Sort(paths)
	return paths
}
