//go:build clients

package nodes

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// The file previous names a commit: that of the last release, whose program has to run beside this one while a deployment is upgraded, and on
// what this one has made of a database. Whoever makes a release writes its commit there afterwards.

// previous builds the program of that commit and returns its path.
var previous = sync.OnceValues(func() (string, error) {
	var err error
	if previousFolder, err = os.MkdirTemp("", "previous"); err != nil {
		return "", err
	}
	return buildPrevious(previousFolder)
})

var previousFolder string // once it is built

func TestMain(m *testing.M) {
	code := m.Run()
	if previousFolder != "" {
		os.RemoveAll(previousFolder)
	}
	os.Exit(code)
}

func buildPrevious(folder string) (string, error) {
	commit, err := os.ReadFile(filepath.Join(harness.Root(), "test", "nodes", "previous"))
	if err != nil {
		return "", err
	}
	archive, binary := filepath.Join(folder, "tree.tar"), filepath.Join(folder, "sallyport")
	for _, words := range [][]string{
		{"git", "-C", harness.Root(), "archive", "--output", archive, strings.TrimSpace(string(commit))},
		{"tar", "-x", "-f", archive, "-C", folder},
		{"go", "build", "-C", folder, "-trimpath", "-ldflags=-s -w", "-buildvcs=false", "-o", binary, "./cmd/sallyport"},
	} {
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return "", &buildError{words, err, bytes.TrimSpace(out)}
		}
	}
	return binary, nil
}

type buildError struct {
	words []string
	err   error
	out   []byte
}

func (e *buildError) Error() string {
	return strings.Join(e.words, " ") + ": " + e.err.Error() + ": " + string(e.out) +
		": a clone without its history lacks the last release: git fetch --unshallow"
}

func previousProgram(t *testing.T) string {
	t.Helper()
	path, err := previous()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// thereAndBack has what begins at one server go on at the other.
func (f *fleet) thereAndBack(here, there *node) {
	f.Helper()
	client := here.register()
	d := there.begin(client)
	here.approve(d, "alice")
	redeemed := there.redeem(client, d)
	if redeemed.status != http.StatusOK {
		f.Fatalf("%s, %s: the token: %d %s", here.name, there.name, redeemed.status, redeemed.body)
	}
	session := there.refresh(client, here.refresh(client, redeemed.tokens()))
	for _, way := range [][2]*node{{here, there}, {there, here}} {
		way[1].must(api.GetCallerIdentity.Operation, way[0].vended(way[0].vend(session)), members{})
		way[1].must(api.ListPermissionSets.Operation, way[0].admin(), members{"InstanceArn": way[0].InstanceARN})
	}
	waiting := here.begin(client)
	page := here.open("/device?user_code=" + waiting.userCode)
	if strings.Contains(string(page.body), `action="/signin"`) {
		page = there.submit(page, "/signin", "user_name", "alice", "password", there.Password("alice"))
	}
	here.submit(page, "/device/decision", "decision", "approve")
	if got := there.redeem(client, waiting); got.status != http.StatusOK {
		f.Fatalf("%s, %s: the token by pages: %d %s", here.name, there.name, got.status, got.body)
	}
	here.must(logout, key{}, members{"accessToken": session.access})
	there.refusedWithin("logout", func() answer { return there.vend(session) })
}

// A deployment is upgraded server by server: the last release runs, this one comes beside it and changes the schema, both serve, the last
// release is started again on the new schema, as when an upgrade is called off, and then ends.
func TestServersOfTwoReleasesServeOneDatabase(t *testing.T) {
	f := newFleet(t)
	old := f.start("previous", previousProgram(t), t.TempDir())
	client, session := old.signIn("alice")
	this := f.start("this", "", t.TempDir())
	f.thereAndBack(old, this)
	f.thereAndBack(this, old)
	session = this.refresh(client, session)
	old.Stop()
	old = f.start("previous again", previousProgram(t), t.TempDir())
	f.thereAndBack(old, this)
	f.thereAndBack(this, old)
	session = old.refresh(client, session)
	old.Stop()
	this.vended(this.vend(session))
}

// On SQLite the releases follow each other on one folder, and back.
func TestTheLastReleaseRunsOnAFolderThatThisOneUsed(t *testing.T) {
	f, folder := newHouse(t), t.TempDir()
	var session tokens
	var of client
	for i, program := range []string{previousProgram(t), "", previousProgram(t), ""} {
		n := f.start([]string{"previous", "this", "previous again", "this again"}[i], program, folder)
		f.thereAndBack(n, n)
		if i == 0 {
			of, session = n.signIn("alice")
		}
		session = n.refresh(of, session)
		n.vended(n.vend(session))
		n.Stop()
	}
}
