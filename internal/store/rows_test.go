package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"sallyport/internal/sys"
)

func TestATallyBeginsAnewWhenItsTimeIsOver(t *testing.T) {
	s, clock := open(t)
	type step struct {
		name  string
		after time.Duration
		tally int64
		fresh bool // whether the end is that of the attempt itself, not of the first of the window
	}
	steps := []step{
		{"the first attempt opens the window", 0, 1, true},
		{"a second one is in it", 30 * time.Second, 2, false},
		{"one shortly before its end is in it too", 20 * time.Second, 3, false},
		{"one at its end opens the next", 10 * time.Second, 1, true},
	}
	var end int64
	for _, c := range steps {
		clock.Advance(c.after)
		var tally, ends, asked int64
		update(t, s, func(tx *Tx) (err error) {
			asked = tx.Now.Add(time.Minute).UnixMilli()
			tally, ends, err = tx.CountAttempt("k", asked)
			return err
		})
		if c.fresh {
			end = asked
		}
		if tally != c.tally || ends != end {
			t.Errorf("%s: tally %d until %d, want %d until %d", c.name, tally, ends, c.tally, end)
		}
	}
	clock.Advance(time.Minute)
	if got := view(t, s, tally("k")); got != 0 {
		t.Errorf("a tally whose time is over still says %d", got)
	}
}

func TestTalliesAreTakenBackOnlyWhereTheyWereAdded(t *testing.T) {
	s, clock := open(t)
	var first int64
	update(t, s, func(tx *Tx) (err error) {
		_, first, err = tx.CountAttempt("k", tx.Now.Add(time.Minute).UnixMilli())
		return err
	})
	update(t, s, func(tx *Tx) error { return tx.UncountAttempt("k", first) })
	update(t, s, func(tx *Tx) error { return tx.UncountAttempt("k", first) })
	if got := view(t, s, tally("k")); got != 0 {
		t.Errorf("tally %d after it was taken back twice, want 0", got)
	}
	clock.Advance(time.Hour)
	update(t, s, count("k"))
	update(t, s, func(tx *Tx) error { return tx.UncountAttempt("k", first) })
	if got := view(t, s, tally("k")); got != 1 {
		t.Errorf("taking back an attempt of an earlier window leaves %d, want 1", got)
	}
	update(t, s, func(tx *Tx) error { return tx.ForgetAttempts("k") })
	if got := view(t, s, tally("k")); got != 0 {
		t.Errorf("a forgotten tally says %d", got)
	}
}

func TestConsentEndsWithTheRegistrationAndIsReplaced(t *testing.T) {
	s, clock := open(t)
	type answer struct {
		scopes string
		found  bool
	}
	ask := func(userID, clientID string) answer {
		return view(t, s, func(tx *Tx) (a answer, err error) {
			a.scopes, a.found, err = tx.Consent(userID, clientID)
			return a, err
		})
	}
	give := func(scopes string, life time.Duration) {
		update(t, s, func(tx *Tx) error {
			return tx.PutConsent(Consent{UserID: "u", ClientID: "c", Scopes: scopes, ExpiresAt: tx.Now.Add(life).UnixMilli()})
		})
	}
	give("openid", time.Minute)
	give("openid sso:account:access", time.Hour)
	if got := ask("u", "c"); got != (answer{"openid sso:account:access", true}) {
		t.Errorf("got %+v", got)
	}
	for _, other := range [][2]string{{"u", "d"}, {"v", "c"}, {"c", "u"}} {
		if got := ask(other[0], other[1]); got.found {
			t.Errorf("consent of u to c is found for %v", other)
		}
	}
	clock.Advance(time.Hour)
	if got := ask("u", "c"); got.found {
		t.Error("consent outlives the registration")
	}
}

// lodge makes a person with a sign-in and a session granted out of it, named by one letter each.
func lodge(t *testing.T, s *Store, userID, signInID, sessionID string) {
	t.Helper()
	update(t, s, func(tx *Tx) error {
		end := tx.Now.Add(time.Hour).UnixMilli()
		if err := tx.PutUser(User{UserID: userID, UserName: userID, Status: StatusEnabled}); err != nil {
			return err
		}
		if _, found, err := tx.SignIn(signInID); err != nil {
			return err
		} else if !found {
			if err := tx.AddSignIn(SignIn{SignInID: signInID, UserID: userID, CreatedAt: tx.Millis(), EndsAt: end}); err != nil {
				return err
			}
		}
		return tx.AddSession(Session{SessionID: sessionID, UserID: userID, SignInID: signInID, CreatedAt: tx.Millis(), EndsAt: end})
	})
}

func TestRevokingReachesWhatHangsOnIt(t *testing.T) {
	cases := []struct {
		name    string
		revoke  func(tx *Tx) error
		signIns []string // that still stand
		granted []string // sessions that still stand
	}{
		{"one session", func(tx *Tx) error { _, err := tx.RevokeSession("s1", "why"); return err },
			[]string{"a", "b", "c"}, []string{"s2", "s3", "s4"}},
		{"a sign-in with its sessions", func(tx *Tx) error { return tx.RevokeSignIn("a", "why") },
			[]string{"b", "c"}, []string{"s3", "s4"}},
		{"all of a user", func(tx *Tx) error { return tx.RevokeSessionsOfUser("u", "why") },
			[]string{"c"}, []string{"s4"}},
		{"nothing by an unknown name", func(tx *Tx) error { return tx.RevokeSignIn("%", "why") },
			[]string{"a", "b", "c"}, []string{"s1", "s2", "s3", "s4"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, _ := open(t)
			lodge(t, s, "u", "a", "s1")
			lodge(t, s, "u", "a", "s2")
			lodge(t, s, "u", "b", "s3")
			lodge(t, s, "v", "c", "s4")
			update(t, s, c.revoke)
			err := s.View(context.Background(), func(tx *Tx) error {
				for _, id := range []string{"a", "b", "c"} {
					signIn, _, err := tx.SignIn(id)
					if err != nil {
						return err
					}
					if signIn.Live(tx) != slices.Contains(c.signIns, id) {
						t.Errorf("sign-in %s stands: %v", id, signIn.Live(tx))
					}
				}
				for _, id := range []string{"s1", "s2", "s3", "s4"} {
					session, _, _, err := tx.SessionAndUser(id)
					if err != nil {
						return err
					}
					if session.Live(tx) != slices.Contains(c.granted, id) {
						t.Errorf("session %s stands: %v", id, session.Live(tx))
					}
					if revoked := session.RevokedAt != 0; revoked != (session.RevokedBecause == "why") {
						t.Errorf("session %s was revoked because of %q", id, session.RevokedBecause)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, live, err := s.Counts(context.Background()); err != nil || live != int64(len(c.granted)) {
				t.Errorf("%d sessions stand by the count (%v), want %d", live, err, len(c.granted))
			}
		})
	}
}

func TestTheFirstReasonOfARevocationStays(t *testing.T) {
	s, clock := open(t)
	lodge(t, s, "u", "a", "s")
	var first, second bool
	update(t, s, func(tx *Tx) (err error) { first, err = tx.RevokeSession("s", "logout"); return err })
	clock.Advance(time.Minute)
	update(t, s, func(tx *Tx) (err error) { second, err = tx.RevokeSession("s", "replay"); return err })
	update(t, s, func(tx *Tx) error { return tx.RevokeSignIn("a", "sign-out") })
	session := view(t, s, func(tx *Tx) (Session, error) { session, _, _, err := tx.SessionAndUser("s"); return session, err })
	if !first || second || session.RevokedBecause != "logout" {
		t.Errorf("revoked %v, then %v, because of %q, want true, false, logout", first, second, session.RevokedBecause)
	}
}

func TestARevokedSessionDoesNotRotate(t *testing.T) {
	s, _ := open(t)
	lodge(t, s, "u", "a", "s")
	rotate := func(from int64) bool {
		return s.Update(context.Background(), func(tx *Tx) error { return tx.RotateSession("s", from, "key") }) == nil
	}
	if got := []bool{rotate(1), rotate(0), rotate(0), rotate(1)}; !slices.Equal(got, []bool{false, true, false, true}) {
		t.Errorf("rotations from generation 1, 0, 0, 1 of a session at 0: %v", got)
	}
	update(t, s, func(tx *Tx) error { _, err := tx.RevokeSession("s", "logout"); return err })
	if rotate(2) {
		t.Error("a revoked session went on")
	}
}

func TestCountsKnowsEveryTable(t *testing.T) {
	s, clock := open(t)
	lodge(t, s, "u", "a", "s1")
	clock.Advance(time.Hour)
	lodge(t, s, "u", "b", "s2")
	rows, live, err := s.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if rows["session"] != 2 || rows["sign_in"] != 2 || rows["directory_user"] != 1 || rows["consent"] != 0 || live != 1 {
		t.Errorf("%v, %d live", rows, live)
	}
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		var table string
		if n, _ := fmt.Sscanf(step.statement, "CREATE TABLE %s", &table); n == 1 {
			if _, counted := rows[table]; !counted {
				t.Errorf("%s is not counted", table)
			}
		}
	}
}

func TestCodesAndDevicesOnlyMoveForward(t *testing.T) {
	s, clock := open(t)
	code := Code{RequestID: sys.NewID(clock.Now()), State: CodeIssued, ClientID: "c", ExpiresAt: clock.Now().Add(time.Minute).UnixMilli()}
	add := func() (added bool) {
		update(t, s, func(tx *Tx) (err error) { added, err = tx.AddCode(code, "digest"); return err })
		return added
	}
	spend := func() (spent bool) {
		update(t, s, func(tx *Tx) (err error) {
			spent, err = tx.SpendCode(code.RequestID, Spending{SessionID: "s"})
			return err
		})
		return spent
	}
	if got := []bool{add(), add(), spend(), spend()}; !slices.Equal(got, []bool{true, false, true, false}) {
		t.Errorf("added, added again, spent, spent again: %v", got)
	}
	code.RequestID = sys.NewID(clock.Now())
	add()
	for range 3 {
		update(t, s, func(tx *Tx) error { return tx.FailCode(code.RequestID, 3) })
	}
	if spend() {
		t.Error("a code was spent after three failed proofs")
	}
	code.RequestID = sys.NewID(clock.Now())
	add()
	clock.Advance(time.Minute)
	if spend() {
		t.Error("a code was spent at its end")
	}
	for _, c := range [][3]string{{code.RequestID, "digest", "d"}, {code.RequestID, "other", "c"}, {"other", "digest", "c"}} {
		found := view(t, s, func(tx *Tx) (bool, error) { _, found, err := tx.Code(c[0], c[1], c[2]); return found, err })
		if found {
			t.Errorf("a code is found by %v", c)
		}
	}
}

// Whether a node can write must not depend on another that hangs in the middle of the same.
func TestANodeTouchesARowOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	nodes := []*Store{openIn(t, dir), openIn(t, dir)}
	for range 3 {
		for _, s := range nodes {
			if err := s.Touch(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	rows := view(t, nodes[0], func(tx *Tx) (rows int64, err error) {
		_, err = tx.one(`SELECT COUNT(*) FROM attempt`, func(r row) { rows = r.int(0) })
		return rows, err
	})
	if rows != 2 {
		t.Errorf("%d rows, want one of each node", rows)
	}
}
