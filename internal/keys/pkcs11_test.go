//go:build pkcs11 && cgo

package keys

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/pkcs11"
)

const (
	softPIN   = "1234"
	softToken = "sallyport test"
)

// tokenFolder is where SoftHSM keeps the token of all tests.
var tokenFolder string

// softModule finds SoftHSM, a token in software.
func softModule(t *testing.T) string {
	t.Helper()
	for _, path := range []string{
		"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so",
		"/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so",
	} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("there is no SoftHSM: install softhsm2")
	}
	t.Skip("there is no SoftHSM: install softhsm2")
	return ""
}

// A process loads the module once, which then knows one folder: all tests share one token, in which each makes keys of its own.
func TestPKCS11(t *testing.T) {
	softModule(t)
	makeToken(t)
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"a token wraps and unwraps", testWrapping},
		{"a token that forgets its sessions is asked again", testForgottenSessions},
		{"many goroutines share a token", testSharedToken},
		{"what is wrong with a token is said", testTokenMistakes},
		{"a PIN that was refused is not tried again", testRefusedPIN},
		{"a token that hangs is not waited for", testHangingToken},
		{"the root key moves into a token and back", testMovingRoot},
	} {
		t.Run(c.name, c.test)
	}
}

// softKey makes an AES key of a label in the token, inside of it and not to be taken out, and says how it is reached.
func softKey(t *testing.T, label string) PKCS11 {
	t.Helper()
	p := PKCS11{Module: softModule(t), Token: softToken, Key: label, PIN: softPIN}
	module, err := loadModule(p.Module)
	if err != nil {
		t.Fatal(err)
	}
	maker := &tokenRoot{PKCS11: p, module: module}
	slot, err := maker.slot()
	if err != nil {
		t.Fatal(err)
	}
	session, err := module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	defer module.CloseSession(session)
	if err := module.Login(session, pkcs11.CKU_USER, softPIN); err != nil && !failedWith(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
		t.Fatal(err)
	}
	_, err = module.GenerateKey(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func makeToken(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	conf, tokens := filepath.Join(dir, "softhsm2.conf"), filepath.Join(dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf, []byte("directories.tokendir = "+tokens+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	tokenFolder = tokens
	out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", softToken, "--pin", softPIN, "--so-pin", "5678").CombinedOutput()
	if err != nil {
		t.Fatalf("make a token: %v: %s", err, out)
	}
}

func openSoft(t *testing.T, p PKCS11) Root {
	t.Helper()
	root, err := OpenPKCS11(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func testWrapping(t *testing.T) {
	p := softKey(t, "wraps")
	root := openSoft(t, p)
	secret, data := bytes.Repeat([]byte("secret "), 200), []byte("place")
	wrapped, err := root.Wrap(ctx, secret, data)
	if err != nil || bytes.Contains(wrapped, []byte("secret")) {
		t.Fatalf("wrapped %q, %v", wrapped, err)
	}
	if again, err := root.Unwrap(ctx, wrapped, data); err != nil || !bytes.Equal(again, secret) {
		t.Errorf("unwrapped %q, %v", again, err)
	}
	if another, _ := root.Wrap(ctx, secret, data); bytes.Equal(another, wrapped) {
		t.Error("a nonce was used twice")
	}
	if _, err := root.Unwrap(ctx, wrapped, []byte("another place")); err == nil {
		t.Error("what was wrapped opens in another place")
	}
	if _, err := openSoft(t, softKey(t, "another")).Unwrap(ctx, wrapped, data); err == nil {
		t.Error("another key of the token opens it")
	}
	for i := range wrapped {
		changed := bytes.Clone(wrapped)
		changed[i] ^= 1
		if _, err := root.Unwrap(ctx, changed, data); err == nil {
			t.Fatalf("it opens with byte %d changed", i)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", p, p, p); strings.Contains(text, softPIN) {
		t.Errorf("the PIN is shown: %s", text)
	}
}

// logOut has the token forget all sessions of this process, which are logged in together.
func logOut(t *testing.T, p PKCS11) {
	t.Helper()
	module, err := loadModule(p.Module)
	if err != nil {
		t.Fatal(err)
	}
	slot, err := (&tokenRoot{PKCS11: p, module: module}).slot()
	if err != nil {
		t.Fatal(err)
	}
	if err := module.CloseAllSessions(slot); err != nil {
		t.Fatal(err)
	}
}

func testForgottenSessions(t *testing.T) {
	root := openSoft(t, softKey(t, "forgets")).(*tokenRoot)
	wrapped, err := root.Wrap(ctx, []byte("m"), nil)
	if err != nil {
		t.Fatal(err)
	}
	logOut(t, root.PKCS11)
	if got, err := root.Unwrap(ctx, wrapped, nil); err != nil || string(got) != "m" {
		t.Errorf("unwrapped %q, %v", got, err)
	}
}

func testSharedToken(t *testing.T) {
	root := openSoft(t, softKey(t, "shared"))
	var done sync.WaitGroup
	for i := range 8 {
		done.Go(func() {
			data := fmt.Appendf(nil, "place %d", i)
			for range 20 {
				wrapped, err := root.Wrap(ctx, data, data)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := root.Unwrap(ctx, wrapped, data); err != nil || !bytes.Equal(got, data) {
					t.Errorf("unwrapped %q, %v", got, err)
					return
				}
			}
		})
	}
	done.Wait()
}

func testTokenMistakes(t *testing.T) {
	good := softKey(t, "said")
	softKey(t, "twice")
	softKey(t, "twice")
	for _, c := range []struct {
		name   string
		change func(*PKCS11)
		want   string
	}{
		{"a module that is none", func(p *PKCS11) { p.Module = "/nonexistent.so" }, "cannot be loaded"},
		{"a PIN that is not the token's", func(p *PKCS11) { p.PIN = "4321" }, "refuses the PIN, which is not tried again lest it locks itself: mend pkcs11_pin_file and start again"},
		{"a PIN that is too short for any", func(p *PKCS11) { p.PIN = "7" }, "refuses the PIN"},
		{"a token that there is not", func(p *PKCS11) { p.Token = "other" }, `no token "other"`},
		{"a key that there is not", func(p *PKCS11) { p.Key = "other" }, "pkcs11-tool"},
		{"a label of two keys", func(p *PKCS11) { p.Key = "twice" }, "more than one AES key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			logOut(t, good)
			p := good
			c.change(&p)
			if _, err := OpenPKCS11(ctx, p); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), p.PIN) {
				t.Errorf("got %v, want %q in it, and no PIN", err, c.want)
			}
		})
	}
}

// changePIN changes the PIN of the token, and ends what everybody has open with it.
func changePIN(t *testing.T, p PKCS11, from, to string) {
	t.Helper()
	logOut(t, p)
	module, err := loadModule(p.Module)
	if err != nil {
		t.Fatal(err)
	}
	slot, err := (&tokenRoot{PKCS11: p, module: module}).slot()
	if err != nil {
		t.Fatal(err)
	}
	session, err := module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(module.Login(session, pkcs11.CKU_USER, from), module.SetPIN(session, from, to)); err != nil {
		t.Fatal(err)
	}
	logOut(t, p)
}

func testRefusedPIN(t *testing.T) {
	root := openSoft(t, softKey(t, "refused")).(*tokenRoot)
	wrapped, err := root.Wrap(ctx, []byte("m"), nil)
	if err != nil {
		t.Fatal(err)
	}
	changePIN(t, root.PKCS11, softPIN, "4321")
	if _, err := root.Unwrap(ctx, wrapped, nil); err == nil || !strings.Contains(err.Error(), "refuses the PIN") {
		t.Errorf("after the PIN was changed: %v", err)
	}
	changePIN(t, root.PKCS11, "4321", softPIN) // now a login would succeed
	if _, err := root.Wrap(ctx, []byte("m"), nil); err == nil || !strings.Contains(err.Error(), "refuses the PIN") {
		t.Errorf("the PIN was tried again: %v", err)
	}
	if got, err := openSoft(t, root.PKCS11).Unwrap(ctx, wrapped, nil); err != nil || string(got) != "m" {
		t.Errorf("after a start: %q, %v", got, err)
	}
}

// holdToken has another process hold all files of the token, as one that was stopped in the middle of its work does. SoftHSM waits for them without end.
func holdToken(t *testing.T) (letGo func()) {
	t.Helper()
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holdVariable+"="+tokenFolder)
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	letGo = sync.OnceFunc(func() {
		in.Close()
		holder.Wait()
	})
	t.Cleanup(letGo)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("hold the token: %q, %v", line, err)
	}
	return letGo
}

const holdVariable = "SALLYPORT_TEST_HOLD"

// In a process that is to hold a token nothing else runs.
func init() {
	folder := os.Getenv(holdVariable)
	if folder == "" {
		return
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := syscall.Open(path, syscall.O_RDWR, 0)
		if err != nil {
			return err
		}
		return syscall.FcntlFlock(uintptr(file), syscall.F_SETLKW, &syscall.Flock_t{Type: syscall.F_WRLCK}) // until the process ends
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("held")
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func testHangingToken(t *testing.T) {
	const soon = 50 * time.Millisecond
	p := softKey(t, "hangs")
	root := openSoft(t, p).(*tokenRoot)
	wrapped, err := root.Wrap(ctx, []byte("m"), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	node, other := mustOnStore(t, dir, openSoft(t, p)), mustOnStore(t, dir, root)
	text := node.Seal("p", []byte("m"))
	next, err := other.Publish(ctx, Publication{})
	if err != nil {
		t.Fatal(err)
	}

	letGo := holdToken(t)
	if _, err := openPKCS11(ctx, p, soon); err == nil || !strings.Contains(err.Error(), `the token "sallyport test" has not answered for 50ms: see whether its service runs`) {
		t.Errorf("a start with a token that hangs: %v", err)
	}
	root.patience = soon
	for range 2 { // the second finds the first at the token
		if _, err := root.Unwrap(ctx, wrapped, nil); err == nil || !strings.Contains(err.Error(), "has not answered for 50ms") {
			t.Errorf("a token that hangs: %v", err)
		}
		if _, err := root.Wrap(ctx, []byte("m"), nil); err == nil || !strings.Contains(err.Error(), "has not answered for 50ms") {
			t.Errorf("a token that hangs: %v", err)
		}
	}
	cut, end := context.WithCancel(ctx)
	end()
	if _, err := root.Unwrap(cut, wrapped, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that has gone: %v", err)
	}
	if err := node.Reload(ctx); err == nil || !strings.Contains(err.Error(), "has not answered") {
		t.Errorf("a ring whose token hangs is read: %v", err)
	}
	if _, err := node.Open("p", text); err != nil || node.CurrentKeyID() == next.KeyID {
		t.Errorf("the ring goes on with %s: %v", node.CurrentKeyID(), err)
	}

	letGo()
	root.patience = tokenPatience
	if got, err := root.Unwrap(ctx, wrapped, nil); err != nil || string(got) != "m" {
		t.Errorf("a token that was let go of unwraps %q, %v", got, err)
	}
	for node.Reload(ctx) != nil { // until the token has answered what it was asked meanwhile
	}
	if node.CurrentKeyID() != next.KeyID {
		t.Errorf("the key in use is %s, want %s", node.CurrentKeyID(), next.KeyID)
	}
}

// From a file into the token, from key to key in it, and out again: each is the same act, and a server goes on through all.
func testMovingRoot(t *testing.T) {
	dir := t.TempDir()
	serving := mustOnStore(t, dir, rootOf('a'))
	text := serving.Seal("p", []byte("m"))
	var before Root = rootOf('a')
	for _, next := range []Root{openSoft(t, softKey(t, "first")), openSoft(t, softKey(t, "second")), rootOf('b')} {
		done, err := mustOnStore(t, dir, next, before).Rewrap(ctx, nil)
		if err != nil || done.Done != 2 || done.Root != next.Name() {
			t.Fatalf("to %s: %+v, %v", next.Name(), done, err)
		}
		if err := serving.Reload(ctx); err != nil {
			t.Errorf("to %s: the server: %v", next.Name(), err)
		}
		fresh := mustOnStore(t, dir, next)
		if _, err := fresh.Open("p", text); err != nil {
			t.Errorf("to %s: %v", next.Name(), err)
		}
		before = next
	}
}
