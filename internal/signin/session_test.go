package signin

import (
	"context"
	"testing"
	"time"

	"sallyport/internal/keys"
	"sallyport/internal/store"
)

func TestWhenASessionIsOver(t *testing.T) {
	cases := []struct {
		name string
		do   func(w *world, in *SignedIn)
		live bool
	}{
		{"at once it stands", func(w *world, in *SignedIn) {}, true},
		{"just before it is idle it stands", func(w *world, in *SignedIn) { w.clock.Advance(time.Hour - time.Second) }, true},
		{"idle for the whole time it is over", func(w *world, in *SignedIn) { w.clock.Advance(time.Hour) }, false},
		{"used all the time it is over at its end", func(w *world, in *SignedIn) { w.use(in, 8*time.Hour) }, false},
		{"used all the time it stands until then", func(w *world, in *SignedIn) { w.use(in, 8*time.Hour-10*time.Minute) }, true},
		{"a restart does not end it", func(w *world, in *SignedIn) { w.restart() }, true},
		{"sign-out ends it", func(w *world, in *SignedIn) { w.SignOut(context.Background(), home, in.Session) }, false},
		{"disabling the user ends it", func(w *world, in *SignedIn) {
			w.update(func(tx *store.Tx) error {
				return tx.PutUser(store.User{UserID: "u-alice", UserName: "alice", Status: store.StatusDisabled})
			})
		}, false},
		{"removing the user ends it", func(w *world, in *SignedIn) {
			w.update(func(tx *store.Tx) error { return tx.DeleteUser("u-alice") })
		}, false},
		{"an empty cookie is none", func(w *world, in *SignedIn) { in.Cookie = "" }, false},
		{"a shortened cookie is none", func(w *world, in *SignedIn) { in.Cookie = in.Cookie[:len(in.Cookie)-1] }, false},
		{"a sealed text of another purpose is none", func(w *world, in *SignedIn) {
			message := keys.Pack(cookieLayout).Text(in.Session.SignInID).Int(w.clock.Now().UnixMilli()).Bytes()
			in.Cookie = w.ring.Seal("access", message)
		}, false},
		{"a cookie of another layout is none", func(w *world, in *SignedIn) {
			message := keys.Pack(cookieLayout + 1).Text(in.Session.SignInID).Int(w.clock.Now().UnixMilli()).Bytes()
			in.Cookie = w.ring.Seal(cookiePurpose, message)
		}, false},
		{"a sign-in that never was is none", func(w *world, in *SignedIn) { in.Cookie = w.seal("0000000000000000000000000", w.clock.Now()) }, false},
		{"a new key of the ring does not end it", func(w *world, in *SignedIn) {
			if _, err := w.ring.Rotate(context.Background()); err != nil {
				w.t.Fatal(err)
			}
		}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			in := w.signIn(home, "alice", alicesPassword)
			c.do(w, &in)
			got, fresh, err := w.Resume(context.Background(), in.Cookie)
			if !c.live {
				if err != ErrNotSignedIn || got != (Session{}) || fresh != "" {
					t.Fatalf("got %+v, %q, %v", got, fresh, err)
				}
				return
			}
			if err != nil || got != in.Session {
				t.Fatalf("got %+v, %v, want %+v", got, err, in.Session)
			}
		})
	}
}

// use resumes every ten minutes for as long, and takes the fresh cookies.
func (w *world) use(in *SignedIn, during time.Duration) {
	w.t.Helper()
	for range during / (10 * time.Minute) {
		_, fresh, err := w.Resume(context.Background(), in.Cookie)
		if err != nil {
			w.t.Fatal(err)
		}
		if fresh != "" {
			in.Cookie = fresh
		}
		w.clock.Advance(10 * time.Minute)
	}
}

func TestAFreshCookieComesOnceAMinute(t *testing.T) {
	w := newWorld(t)
	in := w.signIn(home, "alice", alicesPassword)
	for _, c := range []struct {
		after time.Duration
		fresh bool
	}{{0, false}, {freshenAfter - time.Second, false}, {time.Second, true}} {
		w.clock.Advance(c.after)
		_, fresh, err := w.Resume(context.Background(), in.Cookie)
		if err != nil || (fresh != "") != c.fresh {
			t.Errorf("after %v more: fresh %q, %v", c.after, fresh, err)
		}
	}
}

func TestSigningOutEndsWhatWasGrantedAndNothingElse(t *testing.T) {
	w := newWorld(t)
	one, other := w.signIn(home, "alice", alicesPassword), w.signIn(home, "alice", alicesPassword)
	w.update(func(tx *store.Tx) error {
		for id, in := range map[string]SignedIn{"s-one": one, "s-other": other} {
			err := tx.AddSession(store.Session{SessionID: id, UserID: "u-alice", SignInID: in.Session.SignInID, EndsAt: tx.Millis() + 60_000})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := w.SignOut(context.Background(), home, one.Session); err != nil {
		t.Fatal(err)
	}
	w.update(func(tx *store.Tx) error {
		for id, want := range map[string]bool{"s-one": false, "s-other": true} {
			s, _, _, err := tx.SessionAndUser(id)
			if err != nil {
				return err
			}
			if s.Live(tx) != want {
				t.Errorf("session %s live %v, want %v", id, s.Live(tx), want)
			}
		}
		return nil
	})
	if _, _, err := w.Resume(context.Background(), other.Cookie); err != nil {
		t.Errorf("the other browser was signed out: %v", err)
	}
}

func FuzzResume(f *testing.F) {
	w := newWorld(f)
	in := w.signIn(home, "alice", alicesPassword)
	f.Add(in.Cookie)
	f.Add(in.Cookie[1:])
	f.Add("")
	f.Fuzz(func(t *testing.T, cookie string) {
		got, _, err := w.Resume(context.Background(), cookie)
		if cookie == in.Cookie {
			if err != nil {
				t.Error(err)
			}
		} else if err != ErrNotSignedIn || got != (Session{}) {
			t.Errorf("%q gave %+v, %v", cookie, got, err)
		}
	})
}
