package keys

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

func rootOf(letter byte) RootKey { return RootKey{[32]byte(bytes.Repeat([]byte{letter}, 32))} }

func onStore(t *testing.T, dir string, root Root, previous ...Root) (*Ring, error) {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Clock: &sys.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return Open(ctx, s, root, "i", previous...)
}

func mustOnStore(t *testing.T, dir string, root Root, previous ...Root) *Ring {
	t.Helper()
	ring, err := onStore(t, dir, root, previous...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// fragile is a root that fails from the n-th wrapping on, as a process that is killed does, or that gives back something else.
type fragile struct {
	RootKey
	left   int
	wrong  bool
	before func()
}

var errPower = errors.New("the power is gone")

func (f *fragile) Wrap(ctx context.Context, secret, associated []byte) ([]byte, error) {
	if f.before != nil {
		f.before()
	}
	if f.left--; f.left < 0 {
		return nil, errPower
	}
	if f.wrong {
		secret = bytes.Repeat([]byte{7}, len(secret))
	}
	return f.RootKey.Wrap(ctx, secret, associated)
}

func TestTheRootKeyIsChangedWhileAServerServes(t *testing.T) {
	dir := t.TempDir()
	serving := mustOnStore(t, dir, rootOf('a'))
	sign(t, serving, serving.CurrentKeyID(), RS256)
	text, digest := serving.Seal("p", []byte("m")), serving.Digest("k", "secret")
	check := func(when string, ring *Ring) {
		t.Helper()
		if err := ring.Reload(ctx); err != nil {
			t.Errorf("%s: %v", when, err)
		}
		if _, err := ring.Open("p", text); err != nil {
			t.Errorf("%s: what was sealed does not open", when)
		}
		if ring.Digest("k", "secret") != digest {
			t.Errorf("%s: secrets are found no more", when)
		}
	}
	moving := &fragile{RootKey: rootOf('b'), left: 99, before: func() { check("meanwhile", serving) }}
	command := mustOnStore(t, dir, moving, rootOf('a'))
	recorded := 0
	record := func(_ *store.Tx, done Rewrapped) error { recorded++; return nil }
	if done, err := command.Rewrap(ctx, record); err != nil || done.Done != 3 || done.Already != 0 || done.Root != rootOf('b').Name() {
		t.Fatalf("%+v, %v", done, err)
	}
	if done, err := command.Rewrap(ctx, record); err != nil || done.Done != 0 || done.Already != 3 {
		t.Errorf("once more: %+v, %v", done, err)
	}
	if recorded != 1 {
		t.Errorf("recorded %d times, want once", recorded)
	}
	check("a server that has heard of the old root alone", serving)
	check("a server with both", mustOnStore(t, dir, rootOf('b'), rootOf('a')))
	check("a server with the new one alone", mustOnStore(t, dir, rootOf('b')))
	if _, err := onStore(t, dir, rootOf('a')); err == nil || !strings.Contains(err.Error(), rootOf('b').Name()) {
		t.Errorf("a server with the old one alone: %v", err)
	}
}

func TestARewrapThatWasCutShortGoesOn(t *testing.T) {
	for cut := range 4 {
		dir := t.TempDir()
		ring := mustOnStore(t, dir, rootOf('a'))
		ring.Rotate(ctx)
		text := ring.Seal("p", []byte("m"))
		command := mustOnStore(t, dir, &fragile{RootKey: rootOf('b'), left: cut}, rootOf('a'))
		if done, err := command.Rewrap(ctx, nil); (cut < 3) != errors.Is(err, errPower) || done.Done != cut {
			t.Fatalf("cut after %d: %+v, %v", cut, done, err)
		}
		if _, err := mustOnStore(t, dir, rootOf('a'), rootOf('b')).Open("p", text); err != nil {
			t.Errorf("cut after %d: a server with both roots: %v", cut, err)
		}
		again := mustOnStore(t, dir, rootOf('b'), rootOf('a'))
		if done, err := again.Rewrap(ctx, nil); err != nil || done.Done != 3-cut || done.Already != cut {
			t.Errorf("cut after %d, once more: %+v, %v", cut, done, err)
		}
		if _, err := mustOnStore(t, dir, rootOf('b')).Open("p", text); err != nil {
			t.Errorf("cut after %d: the new root alone: %v", cut, err)
		}
	}
}

func TestARootThatDoesNotGiveBackWhatItWasGivenReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	mustOnStore(t, dir, rootOf('a'))
	command := mustOnStore(t, dir, &fragile{RootKey: rootOf('b'), left: 99, wrong: true}, rootOf('a'))
	if _, err := command.Rewrap(ctx, nil); err == nil || !strings.Contains(err.Error(), "does not give back") {
		t.Errorf("got %v", err)
	}
	mustOnStore(t, dir, rootOf('a'))
}

// Entries of an earlier release name no root. They are tried under each, and rewrapping names them, also under the same root.
func TestEntriesThatNameNoRootOpenUnderAnyAndAreNamed(t *testing.T) {
	dir := t.TempDir()
	ring := mustOnStore(t, dir, rootOf('a'))
	err := ring.store.Update(ctx, func(tx *store.Tx) error {
		entries, err := tx.SealingKeys()
		for _, entry := range entries {
			if _, err := tx.RewrapSealingKey(entry, entry.SealedSeed, ""); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	mustOnStore(t, dir, rootOf('b'), rootOf('a'))
	if _, err := onStore(t, dir, rootOf('b')); err == nil || !strings.Contains(err.Error(), "root key file replaced") {
		t.Errorf("without the root: %v", err)
	}
	same := mustOnStore(t, dir, rootOf('a'))
	if done, err := same.Rewrap(ctx, nil); err != nil || done.Done != 2 {
		t.Errorf("%+v, %v", done, err)
	}
}

// A server that was not told of the new root keeps what it knows, heeds retirements, and tells of what it cannot open.
func TestAnEntryThatDoesNotOpenKeepsNothingElseFromBeingTakenUp(t *testing.T) {
	dir := t.TempDir()
	old := mustOnStore(t, dir, rootOf('a'))
	oldText := old.Seal("p", []byte("m"))
	first := old.CurrentKeyID()
	next := mustOnStore(t, dir, rootOf('b'), rootOf('a'))
	second, err := old.Rotate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := next.Publish(ctx, Publication{ActivateIn: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if err := old.Reload(ctx); err == nil || !strings.Contains(err.Error(), "root_key_previous_file") {
		t.Errorf("got %v, want what to do", err)
	}
	if got := old.CurrentKeyID(); got != second {
		t.Errorf("%s is in use, want %s", got, second)
	}
	clock := &sys.Clock{}
	clock.Advance(time.Minute)
	s, err := store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	later, err := Open(ctx, s, rootOf('b'), "i", rootOf('a'))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := later.Retire(ctx, Retirement{KeyID: first, Lives: quarter, Force: true}); err != nil {
		t.Fatal(err)
	}
	if err := old.Reload(ctx); err == nil {
		t.Error("the entry opened")
	}
	if _, err := old.Open("p", oldText); err != ErrNotSealed {
		t.Errorf("a text of a retired key: %v", err)
	}
}

func TestARootKeyHasANameThatTellsNothingOfIt(t *testing.T) {
	key, err := RootKeyFile(filepath.Join(t.TempDir(), "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	if again := key.Name(); key.Name() != again || key.Name() == rootOf('a').Name() || len(key.Name()) != len("aes:")+2*rootNameSize {
		t.Errorf("the name %s", key.Name())
	}
}

func TestRootKeysOfBeforeAreReadALineEach(t *testing.T) {
	one, two := strings.Repeat("A", 43), strings.Repeat("E", 42)+"E"
	for _, c := range []struct {
		name, text string
		keys       int
		bad        bool
	}{
		{"none", "", 0, false},
		{"one, padded", one + "=\n", 1, false},
		{"two with a comment and a blank line between", "# of last year\n" + one + "\r\n\n  " + two, 2, false},
		{"one that is cut", one + "\n" + two[1:], 0, true},
		{"more than anybody has", strings.Repeat(one+"\n", maxRootKeys+1), 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := ParseRootKeys(c.text); (err != nil) != c.bad || len(got) != c.keys && !c.bad {
				t.Errorf("%d keys, %v", len(got), err)
			}
		})
	}
}

func FuzzParseRootKeys(f *testing.F) {
	f.Add("# comment\n" + strings.Repeat("A", 43) + "=\n\n" + strings.Repeat("_", 43))
	f.Fuzz(func(t *testing.T, text string) {
		found, err := ParseRootKeys(text)
		if len(found) > maxRootKeys || err != nil && found != nil {
			t.Errorf("%d keys, %v", len(found), err)
		}
		if one, err := ParseRootKey(text); err == nil && !strings.ContainsAny(text, "\n#") {
			if len(found) != 1 || found[0] != one {
				t.Errorf("one key is read as %d", len(found))
			}
		}
	})
}

func FuzzUnframe(f *testing.F) {
	framed, _ := frame(make([]byte, nonceSize), make([]byte, 48))
	f.Add(framed)
	f.Fuzz(func(t *testing.T, wrapped []byte) {
		nonce, sealed, err := unframe(wrapped)
		if err != nil {
			return
		}
		if again, err := frame(nonce, sealed); err != nil || !bytes.Equal(again, wrapped) {
			t.Errorf("%x was read as something else", wrapped)
		}
	})
}

func TestWhatIsWrongWithManyKeysIsSaidOnce(t *testing.T) {
	dir := t.TempDir()
	ring := mustOnStore(t, dir, rootOf('a'))
	for range 2 {
		if _, err := ring.Rotate(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name     string
		previous []Root
		want     string
	}{
		{"a root key that is missing", nil, "which is not among those given: name it as root_key_previous_file"},
		{"a root that fails", []Root{&refusing{RootKey: rootOf('a')}}, "does not open under its root key " + rootOf('a').Name() + ": no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := onStore(t, dir, rootOf('b'), c.previous...)
			if err == nil || strings.Count(err.Error(), c.want) != 1 || !strings.HasSuffix(err.Error(), " (the same of 3 more)") {
				t.Errorf("got %v, want %q once, for four keys", err, c.want)
			}
		})
	}
}
