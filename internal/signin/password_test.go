package signin

import (
	"context"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

func TestPasswordsThatMayBeSet(t *testing.T) {
	cases := []struct {
		name     string
		user     string
		password string
		refused  string // a piece of the sentence, empty when accepted
	}{
		{"four words", "alice", "ferry lantern orbit moss", ""},
		{"twelve characters", "alice", "ferrylantern"[:11] + "m", ""},
		{"eleven characters", "alice", "ferrylanter", "at least 12"},
		{"nothing", "alice", "", "at least 12"},
		{"twelve letters of two bytes", "alice", "ößüäñçøåéíóú", ""},
		{"eleven letters of two code points", "alice", strings.Repeat("e\u0301", 10) + "xy", ""},
		{"marks that merge do not count twice", "alice", "abcde\u0301fghij\u0301", "at least 12"},
		{"128 characters", "alice", strings.Repeat("ferry-lantern-42", 7) + "ferry-lantern-43", ""},
		{"129 characters", "alice", strings.Repeat("ferry-lantern-42", 8) + "x", "at most 128"},
		{"a megabyte", "alice", strings.Repeat("ferry-lantern-42", 65536) + "x", "at most 128"},
		{"bytes that are no text", "alice", "ferry lantern \xff orbit", "UTF-8"},
		{"the user name inside", "alice", "hello Alice in there", "user name"},
		{"the name before the @ inside", "alice@example.com", "hello ALICE in there", "user name"},
		{"a user name of two letters may be inside", "al", "ferry lantern always", ""},
		{"a common password", "bob", "1qaz2wsx3edc", "tried first"},
		{"a common password in capitals", "bob", "1QAZ2WSX3EDC", "tried first"},
		{"a common password with digits after", "bob", "Password2026!", "tried first"},
		{"a common password with signs around", "bob", "***dragon***!", "tried first"},
		{"one letter again and again", "bob", "aaaaaaaaaaaaa", "repeats"},
		{"one word again and again", "bob", "drift-drift-drift-", "repeats"},
		{"digits drawn at random", "bob", "830174629581", ""},
	}
	w := newWorld(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.update(func(tx *store.Tx) error {
				return tx.PutUser(store.User{UserID: "u-alice", UserName: c.user, Status: store.StatusEnabled})
			})
			err := w.SetPassword(context.Background(), api.Caller{}, c.user, c.password, PasswordOptions{Origin: store.OriginOperator})
			if c.refused == "" {
				if err != nil {
					t.Fatal(err)
				}
				w.signIn(home, c.user, c.password)
				return
			}
			if message := w.refusal(err, fault.InvalidRequest); !strings.Contains(message, c.refused) {
				t.Errorf("refused with %q, want %q", message, c.refused)
			}
		})
	}
}

func TestSettingAPassword(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	err := w.SetPassword(ctx, api.Caller{}, "nobody", alicesPassword, PasswordOptions{})
	w.refusal(err, fault.ResourceNotFound)

	in := w.signIn(home, "alice", alicesPassword)
	if err := w.SetPassword(ctx, api.Caller{}, "alice", davesPassword, PasswordOptions{Origin: store.OriginDemo}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Resume(ctx, in.Cookie); err != nil {
		t.Errorf("the session ended unasked: %v", err)
	}
	if err := w.SetPassword(ctx, api.Caller{}, "alice", alicesPassword, PasswordOptions{EndSessions: true}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Resume(ctx, in.Cookie); err != ErrNotSignedIn {
		t.Errorf("the session goes on: %v", err)
	}
	w.update(func(tx *store.Tx) error {
		p, found, err := tx.Password("u-dave")
		if !found || p.Origin != store.OriginOperator || !strings.HasPrefix(p.Hash, "$argon2id$v=19$m=8,t=1,p=1$") {
			t.Errorf("stored %+v, %v", p, found)
		}
		return err
	})
}

func TestPHCStrings(t *testing.T) {
	valid := newHash(cheap, "x").phc()
	salt, key := strings.Split(valid, "$")[4], strings.Split(valid, "$")[5]
	cases := []struct {
		name string
		text string
		ok   bool
	}{
		{"what we write", valid, true},
		{"the cost of a real password", "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key, true},
		{"nothing", "", false},
		{"another function", strings.Replace(valid, "argon2id", "argon2i", 1), false},
		{"another version", strings.Replace(valid, "v=19", "v=16", 1), false},
		{"memory beyond the bound", strings.Replace(valid, "m=8", "m=262145", 1), false},
		{"no passes", strings.Replace(valid, "t=1", "t=0", 1), false},
		{"a number with a sign", strings.Replace(valid, "t=1", "t=+1", 1), false},
		{"a number with a zero before", strings.Replace(valid, "t=1", "t=01", 1), false},
		{"parameters in another order", strings.Replace(valid, "m=8,t=1", "t=1,m=8", 1), false},
		{"a short salt", strings.Replace(valid, salt, salt[:8], 1), false},
		{"a short key", strings.Replace(valid, key, key[:8], 1), false},
		{"padding", valid + "=", false},
		{"a line break", valid + "\n", false},
		{"a part more", valid + "$", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h, err := parsePHC(c.text)
			if ok := err == nil; ok != c.ok {
				t.Fatalf("read: %v, want %v", err, c.ok)
			}
			if c.ok && h.phc() != c.text {
				t.Errorf("written again as %q", h.phc())
			}
		})
	}
	h, err := parsePHC(valid)
	if err != nil || !h.matches("x") || h.matches("y") {
		t.Error("a hash that was read does not compare", err)
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(newHash(cheap, "x").phc())
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parsePHC(text)
		if err == nil && (h.phc() != text || h.cost.memory > costLimit.memory || h.cost.passes > costLimit.passes) {
			t.Errorf("%q was read as %+v", text, h)
		}
	})
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("alice", "ferry lantern orbit moss")
	f.Add("@", "\xff")
	f.Fuzz(func(t *testing.T, userName, password string) {
		if password := normalise(password); checkPassword(userName, password) == nil && len(password) < minPassword {
			t.Errorf("%q was accepted", password)
		}
	})
}
