package signin

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

// The demo's passwords are printed in this repository: a data folder that served a demo must not let the world in when it is served in earnest.
func TestDemoPasswordsHoldInDevelopmentModeOnly(t *testing.T) {
	for _, demo := range []bool{true, false} {
		w := newWorld(t)
		w.demo = demo
		err := w.SetPassword(context.Background(), api.Caller{}, "alice", davesPassword, PasswordOptions{Origin: store.OriginDemo})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.SignIn(context.Background(), home, "alice", davesPassword)
		if demo && err != nil {
			t.Errorf("in development mode: %v", err)
		}
		if !demo && w.refusal(err, fault.AccessDenied) != wrong {
			t.Errorf("refused with %v", err)
		}
	}
}

func TestWhoMaySignIn(t *testing.T) {
	cases := []struct {
		name     string
		userName string
		password string
		want     string // user id, empty when refused
	}{
		{"the right password", "Alice", alicesPassword, "u-alice"},
		{"the name in other letter case", "aLICE", alicesPassword, "u-alice"},
		{"the password in other letter case", "alice", strings.ToUpper(alicesPassword), ""},
		{"a blank after the password", "alice", alicesPassword + " ", ""},
		{"a blank before the password", "alice", " " + alicesPassword, ""},
		{"a blank after the name", "alice ", alicesPassword, ""},
		{"an empty password", "alice", "", ""},
		{"an empty name", "", alicesPassword, ""},
		{"a NUL after the password", "alice", alicesPassword + "\x00", ""},
		{"another user's password", "alice", davesPassword, ""},
		{"the KELVIN SIGN for a k", "mi\u212ae", alicesPassword, ""},
		{"a disabled user with the right password", "dave", davesPassword, ""},
		{"a user without password", "nopass", "", ""},
		{"a name that nobody has", "nobody", alicesPassword, ""},
		{"a password of a megabyte", "alice", strings.Repeat("x", 1<<20), ""},
		{"a name of a megabyte", strings.Repeat("x", 1<<20), alicesPassword, ""},
	}
	w := newWorld(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in, err := w.SignIn(context.Background(), home, c.userName, c.password)
			if c.want == "" {
				if message := w.refusal(err, fault.AccessDenied); message != wrong {
					t.Errorf("refused with %q, want the one sentence", message)
				}
				return
			}
			if err != nil || in.Session.User.UserID != c.want {
				t.Fatalf("got %+v, %v", in, err)
			}
			resumed, _, err := w.Resume(context.Background(), in.Cookie)
			if err != nil || resumed != in.Session {
				t.Errorf("resumed %+v, %v, want %+v", resumed, err, in.Session)
			}
			if got := resumed.EndsAt.Sub(resumed.AuthTime); got != 8*time.Hour {
				t.Errorf("the session lasts %v", got)
			}
		})
	}
}

func TestPasswordsAreComparedExactlyButForNFC(t *testing.T) {
	w := newWorld(t)
	cases := []struct {
		name       string
		set, typed string
		want       bool
	}{
		{"NUL inside counts", "orbit\x00moss\x00lantern", "orbit\x00moss\x00lantern", true},
		{"what follows a NUL counts", "orbit\x00moss\x00lantern", "orbit\x00moss\x00lanterm", false},
		{"emoji work", "🌊🦊🌵🪁🎈🧭🪐🐙🍄🪵🎲🧊", "🌊🦊🌵🪁🎈🧭🪐🐙🍄🪵🎲🧊", true},
		{"another skin tone is another password", "👍🦊🌵🪁🎈🧭🪐🐙🍄🪵🎲🧊", "👍🏽🦊🌵🪁🎈🧭🪐🐙🍄🪵🎲🧊", false},
		{"blanks around count", "  ferry tide ink  ", "  ferry tide ink  ", true},
		{"blanks around are not cut", "  ferry tide ink  ", "ferry tide ink", false},
		{"NFD typed for NFC set", "caf\u00e9 ferry lantern", "cafe\u0301 ferry lantern", true},
		{"NFC typed for NFD set", "cafe\u0301 ferry lantern", "caf\u00e9 ferry lantern", true},
		{"compatibility forms differ", "\ufb01lm ferry lantern", "film ferry lantern", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.setPassword("mike", c.set)
			_, err := w.SignIn(context.Background(), home, "mike", c.typed)
			if got := err == nil; got != c.want {
				t.Errorf("signed in %v (%v), want %v", got, err, c.want)
			}
		})
	}
}

// failing are the ways in which nobody signs in, each with what was typed.
var failing = []struct{ name, userName, password string }{
	{"unknown user", "nobody", alicesPassword},
	{"wrong password", "alice", "not the password at all"},
	{"disabled, right password", "dave", davesPassword},
	{"disabled, wrong password", "dave", "not the password at all"},
	{"no password set", "nopass", "not the password at all"},
	{"password too long", "mike", strings.Repeat("x", maxPasswordBytes+1)},
}

func TestEveryFailureReadsTheSameBelowAndBeyondTheLimit(t *testing.T) {
	for _, c := range failing {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			for i := range userBudget.limit + 3 {
				want, kind := wrong, fault.AccessDenied
				if i >= userBudget.limit {
					want, kind = wrong+": try again in 15 minutes", fault.TooManyRequests
				}
				_, err := w.SignIn(context.Background(), home, c.userName, c.password)
				if got := w.refusal(err, kind); got != want {
					t.Fatalf("try %d: %q, want %q", i+1, got, want)
				}
			}
		})
	}
}

// With every slot taken, whoever wants to hash cannot: a path that decides without a hash shows itself by another answer.
func TestEveryFailureCostsOneHash(t *testing.T) {
	for _, c := range failing {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.gate = newGate(1, 10, 0)
			w.gate.slots <- struct{}{}
			_, err := w.SignIn(context.Background(), home, c.userName, c.password)
			w.refusal(err, fault.TemporarilyUnavailable)
		})
	}
	t.Run("the hash in place of a missing one costs the same", func(t *testing.T) {
		s := New(Options{})
		if real := newHash(s.cost, "x"); s.dummy.cost != real.cost || len(s.dummy.key) != len(real.key) || len(s.dummy.salt) != len(real.salt) {
			t.Errorf("dummy %+v, real %+v", s.dummy, real)
		}
		if s.cost != (cost{19456, 2, 1}) {
			t.Errorf("a password costs %+v", s.cost)
		}
	})
}

func TestLimitsOnPasswords(t *testing.T) {
	users := func(i int) string { return fmt.Sprint("user", i) }
	cases := []struct {
		name string
		do   func(w *world)
		try  api.Caller
		open bool
	}{
		{"nine failures leave a name open", func(w *world) { w.fails(home, "alice", 9) }, home, true},
		{"ten failures lock a name", func(w *world) { w.fails(home, "alice", 10) }, home, false},
		{"the lock holds elsewhere", func(w *world) { w.fails(home, "alice", 10) }, at("198.51.100.1"), false},
		{"failures from many addresses add up", func(w *world) {
			for i := range 10 {
				w.fails(at(fmt.Sprintf("198.51.%d.1", i)), "ALICE", 1)
			}
		}, home, false},
		{"the lock ends with the window", func(w *world) { w.fails(home, "alice", 10); w.clock.Advance(15 * time.Minute) }, home, true},
		{"tries while locked do not prolong it", func(w *world) {
			w.fails(home, "alice", 10)
			w.clock.Advance(14 * time.Minute)
			w.fails(home, "alice", 10)
			w.clock.Advance(time.Minute)
		}, home, true},
		{"a success forgets earlier failures", func(w *world) {
			w.fails(home, "alice", 9)
			w.signIn(home, "alice", alicesPassword)
			w.fails(home, "alice", 9)
		}, home, true},
		{"a new password opens the name", func(w *world) {
			w.signIn(at("198.51.100.1"), "alice", alicesPassword)
			w.fails(home, "alice", 10)
			w.fails(at("198.51.100.1"), "alice", 10)
			w.setPassword("alice", alicesPassword)
		}, at("198.51.100.1"), true},
		{"another name is not locked", func(w *world) { w.fails(home, "mike", 10) }, home, true},
		{"fifty failures lock an address", func(w *world) {
			for i := range 50 {
				w.fails(home, users(i), 1)
			}
		}, home, false},
		{"and not its neighbour", func(w *world) {
			for i := range 50 {
				w.fails(home, users(i), 1)
			}
		}, at("192.0.2.8"), true},
		{"successes do not use up an address", func(w *world) {
			for range 60 {
				w.signIn(home, "mike", alicesPassword)
			}
		}, home, true},
		{"the addresses of one IPv6 subscriber are one", func(w *world) {
			for i := range 50 {
				w.fails(at(fmt.Sprintf("2001:db8:1:1::%x", i)), users(i), 1)
			}
		}, at("2001:db8:1:1:ffff::1"), false},
		{"the next IPv6 subscriber is another", func(w *world) {
			for i := range 50 {
				w.fails(at(fmt.Sprintf("2001:db8:1:1::%x", i)), users(i), 1)
			}
		}, at("2001:db8:1:2::1"), true},
		{"IPv4 in IPv6 is the IPv4 address", func(w *world) {
			for i := range 50 {
				w.fails(at("::ffff:192.0.2.7"), users(i), 1)
			}
		}, home, false},
		{"five hundred failures lock a network", func(w *world) {
			for i := range 500 {
				w.fails(at(fmt.Sprintf("192.0.2.%d", 100+i/50)), users(i), 1)
			}
		}, home, false},
		{"a locked address cannot lock names", func(w *world) {
			for i := range 50 {
				w.fails(at("198.51.100.1"), users(i), 1)
			}
			w.fails(at("198.51.100.1"), "alice", 20)
		}, home, true},
		{"strangers cannot lock the usual place", func(w *world) {
			w.signIn(home, "alice", alicesPassword)
			w.fails(at("198.51.100.1"), "alice", 20)
		}, home, true},
		{"they do lock other places", func(w *world) {
			w.signIn(home, "alice", alicesPassword)
			w.fails(at("198.51.100.1"), "alice", 20)
		}, at("203.0.113.1"), false},
		{"the usual place has a limit, too", func(w *world) {
			w.signIn(home, "alice", alicesPassword)
			w.fails(home, "alice", 10)
		}, home, false},
		{"a restart forgets no lock", func(w *world) { w.fails(home, "alice", 10); w.restart() }, home, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.do(w)
			if got := w.lets(c.try, "alice", alicesPassword); got != c.open {
				t.Errorf("alice gets in: %v, want %v", got, c.open)
			}
		})
	}
}

// raiseAlarm spends the budget of all together.
func (w *world) raiseAlarm(b budget) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		for range b.limit {
			if _, _, err := tx.CountAttempt(w.tallyKey(b, party{}), tx.Now.Add(b.window).UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestUnderAlarmAFailureMakesTheAddressWaitAMinute(t *testing.T) {
	w := newWorld(t)
	w.raiseAlarm(signInAlarm)
	for range 3 {
		w.signIn(home, "mike", alicesPassword) // who makes no mistake notices nothing
	}
	w.fails(home, "mike", 1)
	if got, want := w.fails(home, "mike", 1), wrong+": try again in 1 minute"; got != want {
		t.Errorf("second failure: %q, want %q", got, want)
	}
	if !w.lets(at("198.51.100.1"), "mike", alicesPassword) {
		t.Error("another address waits")
	}
	w.clock.Advance(time.Minute)
	if !w.lets(home, "mike", alicesPassword) {
		t.Error("the wait does not end")
	}
	w.fails(home, "mike", 1)
	w.clock.Advance(15 * time.Minute)
	w.fails(home, "mike", 2)
	if !w.lets(home, "mike", alicesPassword) {
		t.Error("the alarm does not end")
	}
}

func TestRacingGuessesArePassedNoFurtherThanTheLimit(t *testing.T) {
	w := newWorld(t)
	var compared atomic.Int64
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, err := w.SignIn(context.Background(), home, "alice", "not the password at all")
			if r, _ := fault.As(err); r != nil && r.Message == wrong {
				compared.Add(1)
			}
		})
	}
	wg.Wait()
	if compared.Load() != userBudget.limit {
		t.Errorf("%d guesses were compared, want %d", compared.Load(), userBudget.limit)
	}
}

func TestRowsThatChangeDuringTheHashDecide(t *testing.T) {
	cases := []struct {
		name   string
		change func(w *world, tx *store.Tx) error
	}{
		{"the user was disabled", func(w *world, tx *store.Tx) error {
			return tx.PutUser(store.User{UserID: "u-alice", UserName: "Alice", Status: store.StatusDisabled})
		}},
		{"the user was removed", func(w *world, tx *store.Tx) error { return tx.DeleteUser("u-alice") }},
		{"the password was changed", func(w *world, tx *store.Tx) error {
			return tx.PutPassword("u-alice", store.Password{Hash: newHash(cheap, davesPassword).phc()})
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			try, err := w.begin(context.Background(), home, "alice")
			if err != nil {
				t.Fatal(err)
			}
			matches, err := w.compare(context.Background(), try.hash, alicesPassword)
			if err != nil || !matches {
				t.Fatalf("matches %v, %v", matches, err)
			}
			w.update(func(tx *store.Tx) error { return c.change(w, tx) })
			in, err := w.conclude(context.Background(), home, try, matches)
			if w.refusal(err, fault.AccessDenied); in != (SignedIn{}) {
				t.Errorf("a session came with the refusal: %+v", in)
			}
		})
	}
}

func TestAFloodIsRefusedAndSpendsNobodysTries(t *testing.T) {
	w := newWorld(t)
	w.gate = newGate(2, 3, time.Minute)
	for range 5 {
		if err := w.gate.enter(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 * userBudget.limit {
		_, err := w.SignIn(context.Background(), home, "alice", alicesPassword)
		w.refusal(err, fault.TemporarilyUnavailable)
	}
	err := w.SetPassword(context.Background(), home, "alice", davesPassword, PasswordOptions{})
	w.refusal(err, fault.TemporarilyUnavailable)
	w.gate.leave()
	if !w.lets(home, "alice", alicesPassword) {
		t.Error("the flood locked the name")
	}
}

func TestWhatWasTypedIsNotStored(t *testing.T) {
	w := newWorld(t)
	const typed = "my-secret-typed-into-the-name-field"
	w.fails(home, typed, 12)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(typed)) || bytes.Contains(content, []byte("not the password at all")) {
			t.Errorf("%s holds what was typed", file)
		}
	}
	w.start() // for the cleanup
}

func TestFailuresAreRecordedAndALockOnce(t *testing.T) {
	w := newWorld(t)
	before := w.events()
	w.fails(home, "alice", 10)
	if got := w.events() - before; got != 10 {
		t.Errorf("ten failures left %d events", got)
	}
	w.fails(home, "alice", 20)
	if got := w.events() - before; got != 11 {
		t.Errorf("with the lock there are %d events, want 11", got)
	}
}

func (w *world) events() int64 {
	w.t.Helper()
	rows, _, err := w.store.Counts(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return rows["audit_event"]
}

func TestSigningInAgainTakesOverWhatWasGranted(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	in := func() Session {
		signedIn, err := w.SignIn(ctx, home, "alice", alicesPassword)
		if err != nil {
			t.Fatal(err)
		}
		return signedIn.Session
	}
	first := in()
	w.update(func(tx *store.Tx) error {
		return tx.AddSession(store.Session{
			SessionID: "granted", UserID: first.User.UserID, SignInID: first.SignInID, EndsAt: tx.Millis() + 1_000_000,
		})
	})
	second := in()
	if err := w.Continue(ctx, first, second); err != nil {
		t.Fatal(err)
	}
	session := func() (s store.Session) {
		w.update(func(tx *store.Tx) (err error) {
			s, _, _, err = tx.SessionAndUser("granted")
			return err
		})
		return s
	}
	if s := session(); s.RevokedAt != 0 || s.SignInID != second.SignInID {
		t.Fatalf("the session is %+v", s)
	}
	if err := w.SignOut(ctx, home, second); err != nil {
		t.Fatal(err)
	}
	if session().RevokedAt == 0 {
		t.Error("signing out left what was granted before the second sign-in")
	}
}

func TestTheWaitOfALockedNameIsInWholeMinutes(t *testing.T) {
	w := newWorld(t)
	w.fails(home, "alice", int(userBudget.limit))
	for _, later := range []time.Duration{0, 7 * time.Second, 13 * time.Second} {
		w.clock.Advance(later)
		_, err := w.SignIn(context.Background(), home, "alice", alicesPassword)
		refusal, _ := fault.As(err)
		if refusal == nil || refusal.Wait != 15*time.Minute {
			t.Errorf("after %v: %+v", later, refusal)
		}
	}
}
