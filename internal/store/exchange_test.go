package store

import (
	"context"
	"slices"
	"testing"
	"time"
)

// exchanged records sessions that came of one another: a of a person, b and c of a's tokens, d of b's, and e of a person by itself.
func exchanged(t *testing.T, s *Store) {
	t.Helper()
	end := s.clock.Now().Add(time.Hour).UnixMilli()
	update(t, s, func(tx *Tx) error {
		if err := tx.PutUser(User{UserID: "u", UserName: "u", Status: StatusEnabled}); err != nil {
			return err
		}
		for _, id := range []string{"apl-1", "apl-2"} {
			if err := tx.PutApplication(Application{ApplicationID: id, Status: StatusEnabled}); err != nil {
				return err
			}
		}
		for _, session := range []Session{
			{SessionID: "a", ApplicationID: "apl-1"},
			{SessionID: "b", ApplicationID: "apl-2", ParentSessionID: "a"},
			{SessionID: "c", ApplicationID: "apl-2", ParentSessionID: "a"},
			{SessionID: "d", ApplicationID: "apl-1", ParentSessionID: "b"},
			{SessionID: "e"},
		} {
			session.UserID, session.EndsAt = "u", end
			if session.ApplicationID != "" {
				session.IssuerID = "tti-1"
			}
			if err := tx.AddSession(session); err != nil {
				return err
			}
		}
		return nil
	})
}

func standing(t *testing.T, s *Store) []string {
	t.Helper()
	var live []string
	if err := s.View(context.Background(), func(tx *Tx) error {
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			session, _, found, err := tx.SessionAndUser(id)
			if err != nil {
				return err
			}
			if found && session.Live(tx) {
				live = append(live, id)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return live
}

func TestTheEndOfASessionEndsWhatItsTokensWereExchangedFor(t *testing.T) {
	status := func(id, status string) func(*Tx) error {
		return func(tx *Tx) error { return tx.PutApplication(Application{ApplicationID: id, Status: status}) }
	}
	cases := []struct {
		name string
		end  func(tx *Tx) error
		live []string
	}{
		{"of a person", func(tx *Tx) error { _, err := tx.RevokeSession("a", "why"); return err }, []string{"e"}},
		{"of one that was exchanged itself", func(tx *Tx) error { _, err := tx.RevokeSession("b", "why"); return err }, []string{"a", "c", "e"}},
		{"of none", func(tx *Tx) error { _, err := tx.RevokeSession("", "why"); return err }, []string{"a", "b", "c", "d", "e"}},
		{"of an application, with what came of them", func(tx *Tx) error { return tx.RevokeSessionsOfApplication("apl-2", "why") }, []string{"a", "e"}},
		{"of an application whose sessions others hang on", func(tx *Tx) error { return tx.RevokeSessionsOfApplication("apl-1", "why") }, []string{"e"}},
		{"of no application", func(tx *Tx) error { return tx.RevokeSessionsOfApplication("apl-3", "why") }, []string{"a", "b", "c", "d", "e"}},
		{"of an application that is disabled", status("apl-2", StatusDisabled), []string{"a", "e"}},
		{"of an application that is disabled, above others", status("apl-1", StatusDisabled), []string{"e"}},
		{"of an application that is gone", func(tx *Tx) error { return tx.DeleteApplication("apl-1") }, []string{"e"}},
		{"of an issuer that is trusted no longer", func(tx *Tx) error { return tx.DeleteTrustedTokenIssuer("tti-1") }, []string{"e"}},
		{"of no issuer", func(tx *Tx) error { return tx.DeleteTrustedTokenIssuer("tti-2") }, []string{"a", "b", "c", "d", "e"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, _ := open(t)
			exchanged(t, s)
			update(t, s, c.end)
			if got := standing(t, s); !slices.Equal(got, c.live) {
				t.Errorf("%v stand, want %v", got, c.live)
			}
		})
	}
}

func TestRevokingReportsWhetherAnythingStood(t *testing.T) {
	s, _ := open(t)
	exchanged(t, s)
	for i, want := range []bool{true, false} {
		var got bool
		update(t, s, func(tx *Tx) (err error) { got, err = tx.RevokeSession("a", "why"); return err })
		if got != want {
			t.Errorf("time %d: %v, want %v", i+1, got, want)
		}
	}
}

func TestAnAssertionIsSpentOnceAndForgottenAfterItsEnd(t *testing.T) {
	s, clock := open(t)
	first := SpentAssertion{InputDigest: "k", IDDigest: "id", RequestDigest: "r", SessionID: "s", ExpiresAt: clock.Now().Add(2 * time.Hour).UnixMilli()} // the clock runs on
	spend := func(a SpentAssertion) (spent bool) {
		update(t, s, func(tx *Tx) (err error) { spent, err = tx.SpendAssertion(a); return err })
		return spent
	}
	second, sameID, other := first, first, first
	second.RequestDigest, second.SessionID, second.IDDigest = "another", "another", "another"
	sameID.InputDigest = "another"
	other.InputDigest, other.IDDigest = "other", "other"
	if got := []bool{spend(first), spend(second), spend(sameID), spend(other)}; !slices.Equal(got, []bool{true, false, false, true}) {
		t.Fatalf("spent %v, want the first and the one that differs in both", got)
	}
	find := func() (a SpentAssertion, found bool) {
		update(t, s, func(tx *Tx) (err error) { a, found, err = tx.SpentAssertion("k"); return err })
		return a, found
	}
	if got, _ := find(); got.RequestDigest != "r" || got.SessionID != "s" || got.SpentAt == 0 {
		t.Errorf("the first is kept as %+v", got)
	}
	for _, step := range []struct {
		later time.Duration
		kept  bool
	}{{time.Hour, true}, {2 * time.Hour, true}, {keepExpired, false}} {
		clock.Advance(step.later)
		if _, err := s.Clean(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, found := find(); found != step.kept {
			t.Errorf("kept %v, want %v", found, step.kept)
		}
	}
}
