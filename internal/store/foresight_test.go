package store

import (
	"context"
	"errors"
	"testing"

	"sallyport/internal/testdb"
)

// foresees asks ahead for the tallies of the keys.
func foresees(tx *Tx, keys ...string) error {
	return tx.Foresee(func(tx *Tx) error {
		for _, key := range keys {
			if _, _, err := tx.Attempts(key); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestWhatWasForeseenIsWhatTheTransactionWouldHaveRead(t *testing.T) {
	cases := []struct {
		name    string
		between func(*Tx) error // the foresight and the question
		ask     string
		tally   int64
		waiting int // answers that nobody asked for yet, before the question; of two
	}{
		{"asked as foreseen", func(*Tx) error { return nil }, "one", 1, 2},
		{"asked in another order", func(tx *Tx) error { _, _, err := tx.Attempts("two"); return err }, "one", 1, 1},
		{"asked twice", func(tx *Tx) error { _, _, err := tx.Attempts("one"); return err }, "one", 1, 1},
		{"with other binds", func(*Tx) error { return nil }, "three", 3, 2},
		{"written in between", count("one"), "one", 2, 0},
		{"something else written in between", count("two"), "one", 1, 0},
		{"written in between, for later", func(tx *Tx) error { return tx.later(`DELETE FROM attempt WHERE attempt_key = $1`, "one") }, "one", 0, 0},
		{"foreseen once more", func(tx *Tx) error { return foresees(tx, "two", "one") }, "one", 1, 2},
		{"one question, which needs no foresight", func(tx *Tx) error { return foresees(tx, "three") }, "one", 1, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, _ := open(t)
			for key, times := range map[string]int{"one": 1, "two": 2, "three": 3} {
				for range times {
					update(t, s, count(key))
				}
			}
			update(t, s, func(tx *Tx) error {
				if err := errors.Join(foresees(tx, "one", "two"), c.between(tx)); err != nil {
					return err
				}
				if testdb.OnPostgreSQL() {
					if waiting := len(tx.c.(*postgresSession).foreseen); waiting != c.waiting {
						t.Errorf("%d answers wait, want %d", waiting, c.waiting)
					}
				}
				tally, _, err := tx.Attempts(c.ask)
				if tally != c.tally {
					t.Errorf("the tally is %d, want %d", tally, c.tally)
				}
				return err
			})
		})
	}
}

func TestForesightWritesNothing(t *testing.T) {
	s, _ := open(t)
	update(t, s, func(tx *Tx) error {
		err := tx.Foresee(func(tx *Tx) error { return errors.Join(tx.AddSession(Session{SessionID: "s"}), count("one")(tx)) })
		if testdb.OnPostgreSQL() != errors.Is(err, errForeseenWrite) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if tally := view(t, s, tally("one")); tally != 0 {
		t.Errorf("a tally of %d was written", tally)
	}
}

// Whether an assertion is new shows on PostgreSQL when the transaction is to be kept. Nothing of a transaction that took it for new stays when it was not.
func TestAnAssertionThatCameBeforeChangesNothing(t *testing.T) {
	s, clock := open(t)
	later := clock.Now().UnixMilli() + 60_000
	spend := func(a SpentAssertion, session string) (spent bool) {
		t.Helper()
		a.ExpiresAt, a.IssuedAt, a.SessionID = later, later, session
		update(t, s, func(tx *Tx) (err error) {
			if spent, err = tx.SpendAssertion(a); err != nil || !spent {
				return err
			}
			return tx.AddSession(Session{SessionID: session, EndsAt: later})
		})
		return spent
	}
	update(t, s, func(tx *Tx) error { return tx.PutUser(User{UserID: "", UserName: "u", Status: StatusEnabled}) })
	for _, c := range []struct {
		name    string
		a       SpentAssertion
		session string
		spent   bool
	}{
		{"a new one", SpentAssertion{InputDigest: "i", IDDigest: "d"}, "first", true},
		{"the same", SpentAssertion{InputDigest: "i", IDDigest: "d"}, "same", false},
		{"another of the same id", SpentAssertion{InputDigest: "j", IDDigest: "d"}, "sameID", false},
		{"another id of the same, which cannot be", SpentAssertion{InputDigest: "i", IDDigest: "e"}, "sameInput", false},
		{"another", SpentAssertion{InputDigest: "j", IDDigest: "e"}, "second", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if spent := spend(c.a, c.session); spent != c.spent {
				t.Errorf("spent: %v, want %v", spent, c.spent)
			}
			began := view(t, s, func(tx *Tx) (bool, error) {
				_, _, found, err := tx.SessionAndUser(c.session)
				return found, err
			})
			if began != c.spent {
				t.Errorf("its session is there: %v, want %v", began, c.spent)
			}
		})
	}
}

// A row that breaks a rule for good ends the transaction, hope or not.
func TestHopeIsGivenUpOnce(t *testing.T) {
	s, _ := open(t)
	runs := 0
	err := s.Update(context.Background(), func(tx *Tx) error {
		runs++
		a := SpentAssertion{InputDigest: "i", IDDigest: "d", ExpiresAt: 1, IssuedAt: 1}
		if _, err := tx.SpendAssertion(a); err != nil {
			return err
		}
		add := `INSERT INTO assertion_replay (input_digest, id_digest, request_digest, session_id, spent_at, expires_at) VALUES ('i', 'd', '', '', 0, 0)`
		_, err := tx.exec(add)
		return err
	})
	want := 1
	if testdb.OnPostgreSQL() {
		want = 2
	}
	if err == nil || runs != want {
		t.Errorf("%d runs and %v, want %d and an error", runs, err, want)
	}
}
