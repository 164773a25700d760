//go:build pkcs11 && cgo

package keys

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/pkcs11"
)

const (
	softPIN   = "1234"
	softToken = "sallyport test"
)

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
	out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", softToken, "--pin", softPIN, "--so-pin", "5678").CombinedOutput()
	if err != nil {
		t.Fatalf("make a token: %v: %s", err, out)
	}
}

func openSoft(t *testing.T, p PKCS11) Root {
	t.Helper()
	root, err := OpenPKCS11(p)
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

func testForgottenSessions(t *testing.T) {
	root := openSoft(t, softKey(t, "forgets")).(*tokenRoot)
	wrapped, err := root.Wrap(ctx, []byte("m"), nil)
	if err != nil {
		t.Fatal(err)
	}
	slot, err := root.slot()
	if err != nil {
		t.Fatal(err)
	}
	if err := root.module.CloseAllSessions(slot); err != nil { // logs out, too
		t.Fatal(err)
	}
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
		{"a token that there is not", func(p *PKCS11) { p.Token = "other" }, `no token "other"`},
		{"a key that there is not", func(p *PKCS11) { p.Key = "other" }, "pkcs11-tool"},
		{"a label of two keys", func(p *PKCS11) { p.Key = "twice" }, "more than one AES key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := good
			c.change(&p)
			if _, err := OpenPKCS11(p); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
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
