package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/testdb"
)

var errNotLetIn = fault.AccessDenied.Refuse("not let in")

// admission begins a session of a person who is let in, for an assertion. It counts how often it ran on memory and on the database.
type admission struct {
	userName, assertion string
	session             string // none where the assertion was spent before
	before, after       func(*Tx) error
	betweenOnce         func() // happens when memory has been asked, and nothing was sent yet

	remembered, asked int
}

func (a *admission) run(tx *Tx) error {
	_, remembers := tx.c.(*presumption)
	if remembers {
		a.remembered++
	} else {
		a.asked++
	}
	if a.before != nil {
		if err := a.before(tx); err != nil {
			return err
		}
	}
	user, found, err := tx.UserByName(a.userName)
	if err != nil {
		return err
	}
	if remembers && a.betweenOnce != nil {
		a.betweenOnce()
		a.betweenOnce = nil
	}
	if !found || !user.Enabled() {
		return errNotLetIn
	}
	session := "of " + a.assertion
	spent, err := tx.SpendAssertion(SpentAssertion{InputDigest: a.assertion, IDDigest: a.assertion, SessionID: session, ExpiresAt: 1 << 50, IssuedAt: 1 << 50})
	if err != nil || !spent {
		a.session = ""
		return err
	}
	a.session = session
	err = errors.Join(tx.AddSession(Session{SessionID: session, UserID: user.UserID, EndsAt: 1 << 50}), tx.AddAuditEvent(AuditEvent{Name: "SessionBegun"}))
	if err != nil || a.after == nil {
		return err
	}
	return a.after(tx)
}

func putUser(name, status string) func(*Tx) error {
	return func(tx *Tx) error { return tx.PutUser(User{UserID: name, UserName: name, Status: status}) }
}

func addUser(name string) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := tx.AddUser(UserRecord{User: User{UserID: name, UserName: name, Status: StatusEnabled}})
		return err
	}
}

func sessionsOf(t *testing.T, s *Store, userID string) (live int) {
	t.Helper()
	return int(view(t, s, func(tx *Tx) (live int64, err error) {
		_, err = tx.one(`SELECT COUNT(*) FROM session WHERE user_id = $1 AND revoked_at = 0`, func(r row) { live = r.int(0) }, userID)
		return live, err
	}))
}

// Whatever happens between memory and the database, and whatever the function does: the outcome is the one that Update would have had.
func TestWhatMemoryDecidedStandsOnlyWhereTheDatabaseWouldHaveDecidedTheSame(t *testing.T) {
	nobodyIsX := func(tx *Tx) error {
		users, err := tx.UsersByExternalID("", "x")
		if len(users) > 0 {
			return errNotLetIn
		}
		return err
	}
	counted := func(tx *Tx) error { _, _, err := tx.Attempts("x"); return err }
	cases := []struct {
		name     string
		a        admission
		there    func(*Tx) error // done by another node between memory and the database
		asked    int             // runs on the database
		admitted bool
		refused  bool
	}{
		{name: "nothing happens", admitted: true},
		{name: "somebody else is added, which takes nothing from anybody", there: addUser("bob"), admitted: true},
		{name: "the person is disabled", there: putUser("alice", StatusDisabled), asked: 1, refused: true},
		{name: "somebody else is disabled", there: putUser("carol", StatusDisabled), admitted: true},
		{name: "the person changes, in nothing that matters", asked: 1, admitted: true, there: func(tx *Tx) error {
			return tx.PutUser(User{UserID: "alice", UserName: "alice", Status: StatusEnabled, DisplayName: "Alice"})
		}},
		{name: "the assertion is spent", asked: 2, there: func(tx *Tx) error {
			_, err := tx.SpendAssertion(SpentAssertion{InputDigest: "assertion", IDDigest: "assertion", ExpiresAt: 1 << 50, IssuedAt: 1 << 50})
			return err
		}},
		{name: "the person is nobody", a: admission{userName: "nobody"}, asked: 1, refused: true},
		{name: "it asks for what is not there", a: admission{before: nobodyIsX}, admitted: true},
		{name: "it asks for what is not there, and then is", a: admission{before: nobodyIsX}, asked: 1, refused: true, there: func(tx *Tx) error {
			_, err := tx.AddUserExternalID("alice", ExternalID{Issuer: "i", ID: "x"})
			return err
		}},
		{name: "it asks for what is never remembered", a: admission{before: counted}, asked: 1, admitted: true},
		{name: "it asks for sessions, as others add them", a: admission{before: func(tx *Tx) error { _, _, _, err := tx.SessionAndUser("s"); return err }}, asked: 1, admitted: true},
		{name: "it asks after it has added", a: admission{after: func(tx *Tx) error { _, _, err := tx.UserByName("alice"); return err }}, admitted: true},
		{name: "it changes what others remember", a: admission{after: func(tx *Tx) error {
			return tx.later(`UPDATE directory_user SET given_name = 'A' WHERE user_id = $1`, "alice")
		}}, asked: 1, admitted: true},
		{name: "it asks by changing", a: admission{before: func(tx *Tx) error {
			return tx.query(`UPDATE directory_user SET given_name = 'A' WHERE user_id = $1 RETURNING user_id`, []any{"alice"}, func(row) error { return nil })
		}}, asked: 1, admitted: true},
		{name: "it takes from a table that is added to", a: admission{after: func(tx *Tx) error { return tx.later(`DELETE FROM audit_event WHERE name = $1`, "x") }},
			asked: 1, admitted: true},
		{name: "it waits for an answer", a: admission{after: count("x")}, asked: 1, admitted: true},
		{name: "it changes one row", a: admission{after: func(tx *Tx) error {
			return tx.laterOne(`UPDATE directory_user SET given_name = 'A' WHERE user_id = $1`, "alice")
		}}, asked: 1, admitted: true},
		{name: "it takes no notice of what memory does not know", a: admission{before: func(tx *Tx) error { counted(tx); return nil }}, asked: 1, admitted: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			here, there := openNode(t, dir), openNode(t, dir)
			update(t, here, putUser("alice", StatusEnabled))
			a := &c.a
			if a.userName == "" {
				a.userName = "alice"
			}
			a.assertion = "assertion"
			if c.there != nil {
				a.betweenOnce = func() { update(t, there, c.there) }
			}
			if testdb.OnPostgreSQL() {
				certain(t, here)
			} else if c.there != nil {
				a.betweenOnce()
			}
			err := here.UpdateFromMemory(context.Background(), a.run)
			if refused := errors.Is(err, errNotLetIn); refused != c.refused || err != nil && !refused {
				t.Errorf("got %v, want refused: %v", err, c.refused)
			}
			want := 0
			if c.admitted {
				want = 1
			}
			if got := sessionsOf(t, here, "alice"); got != want || c.admitted != (a.session != "") && !c.refused {
				t.Errorf("%d sessions, want %d; told of %q", got, want, a.session)
			}
			if testdb.OnPostgreSQL() && !testdb.Rehearse() && (a.remembered != 1 || a.asked != c.asked) {
				t.Errorf("%d runs on memory and %d on the database, want 1 and %d", a.remembered, a.asked, c.asked)
			}
		})
	}
}

// certain waits until the node has looked at the changes, so that it remembers what it asks for from now on.
func certain(t *testing.T, s *Store) {
	t.Helper()
	d, _ := s.database.(*postgresDatabase)
	if d == nil {
		return
	}
	now := time.Now()
	soon(t, "the node looks", func() bool {
		upTo := d.hearing.upTo.Load()
		return upTo != nil && upTo.After(now)
	})
}

// A node that is cut off from the changes, or has not looked yet, asks the database at once.
func TestMemoryIsNotAskedWhereChangesMayHaveBeenMissed(t *testing.T) {
	for name, upTo := range map[string]*time.Time{"it has not looked": nil, "it looked a second ago": new(time.Now().Add(-time.Second))} {
		t.Run(name, func(t *testing.T) {
			s, _ := open(t) // and does not join
			update(t, s, putUser("alice", StatusEnabled))
			if d, _ := s.database.(*postgresDatabase); d != nil {
				d.hearing.upTo.Store(upTo)
			}
			a := &admission{userName: "alice", assertion: "assertion"}
			if err := s.UpdateFromMemory(context.Background(), a.run); err != nil || a.session == "" || a.asked == 0 {
				t.Errorf("%v after %d runs on the database, and session %q", err, a.asked, a.session)
			}
		})
	}
}

// What was remembered wrongly, because somebody changed the row by hand, is asked for again after one proof has failed.
func TestOneProofThatFailsIsEnough(t *testing.T) {
	s := openNode(t, t.TempDir())
	update(t, s, putUser("alice", StatusEnabled))
	certain(t, s)
	admit := func(assertion string) *admission {
		a := &admission{userName: "alice", assertion: assertion}
		if err := s.UpdateFromMemory(context.Background(), a.run); err != nil || a.session == "" {
			t.Fatalf("%v, session %q", err, a.session)
		}
		return a
	}
	admit("first")
	update(t, s, func(tx *Tx) error {
		tx.hearing = nil
		_, err := tx.exec(`UPDATE directory_user SET display_name = 'by hand' WHERE user_id = 'alice'`)
		return err
	})
	for _, c := range []struct {
		assertion string
		asked     int
	}{{"second", 1}, {"third", 0}} {
		if a := admit(c.assertion); testdb.OnPostgreSQL() && !testdb.Rehearse() && (a.remembered != 1 || a.asked != c.asked) {
			t.Errorf("%s: %d runs on memory and %d on the database, want 1 and %d", c.assertion, a.remembered, a.asked, c.asked)
		}
	}
}

// Of many who travel together, one whose row is there already fails alone.
func TestAPassengerWhoIsRefusedKeepsNobodyFromArriving(t *testing.T) {
	s := openNode(t, t.TempDir())
	update(t, s, putUser("alice", StatusEnabled))
	const rounds, passengers = 5, 2 * convoyLength
	for round := range rounds {
		all := make([]*admission, passengers)
		var wg sync.WaitGroup
		for i := range all {
			assertion := i
			if i%8 == 1 {
				assertion-- // one that another brings as well
			}
			all[i] = &admission{userName: "alice", assertion: fmt.Sprint(round, " ", assertion)}
			wg.Go(func() {
				if err := s.UpdateFromMemory(context.Background(), all[i].run); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		admitted := map[string]int{}
		for _, a := range all {
			if a.session != "" {
				admitted[a.session]++
			}
		}
		for session, times := range admitted {
			if times != 1 {
				t.Errorf("%s was told to %d", session, times)
			}
		}
		if want := passengers - passengers/8; len(admitted) != want || sessionsOf(t, s, "alice") != (round+1)*want {
			t.Fatalf("round %d: %d were admitted, want %d, and %d sessions are there", round, len(admitted), want, sessionsOf(t, s, "alice"))
		}
	}
}

// Who is disabled on one node, with all sessions ended, has none that another began by what it remembered. It is done although sessions of
// theirs begin all the time: the transaction that cannot win otherwise locks what it needs.
func TestNobodyIsLetInByMemoryAfterTheyWereDisabled(t *testing.T) {
	if !testdb.OnPostgreSQL() {
		t.Skip("on SQLite there is one writer at a time")
	}
	dir := t.TempDir()
	here, there := openNode(t, dir), openNode(t, dir)
	for round := range 10 {
		name := fmt.Sprint("user", round)
		update(t, there, putUser(name, StatusEnabled))
		certain(t, here)
		var wg sync.WaitGroup
		begun := make(chan bool, 1)
		for i := range 8 {
			wg.Go(func() {
				for n := 0; ; n++ {
					a := &admission{userName: name, assertion: fmt.Sprint(name, " ", i, " ", n)}
					err := here.UpdateFromMemory(context.Background(), a.run)
					if errors.Is(err, errNotLetIn) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					select {
					case begun <- true:
					default:
					}
				}
			})
		}
		<-begun
		err := there.Update(context.Background(), func(tx *Tx) error {
			if err := putUser(name, StatusDisabled)(tx); err != nil {
				return err
			}
			_, err := tx.exec(`UPDATE session SET revoked_at = 1 WHERE user_id = $1`, name)
			return errors.Join(err, tx.AddAuditEvent(AuditEvent{Name: "UserDisabled"}))
		})
		if err != nil {
			t.Fatal(err) // the others end with the store
		}
		wg.Wait()
		if live := sessionsOf(t, here, name); live != 0 {
			t.Errorf("round %d: %d sessions live on", round, live)
		}
	}
}

// Somebody who has to wait for a row does not keep those from arriving who come later.
func TestAConvoyThatIsHeldUpIsOvertaken(t *testing.T) {
	if !testdb.OnPostgreSQL() {
		t.Skip("there are no convoys on SQLite")
	}
	dir := t.TempDir()
	here, there := openNode(t, dir), openNode(t, dir)
	update(t, here, putUser("alice", StatusEnabled))
	certain(t, here)
	held := &admission{userName: "alice", assertion: "held"}
	var wg sync.WaitGroup
	update(t, there, func(tx *Tx) error {
		if _, err := tx.exec(`INSERT INTO assertion_replay (input_digest, id_digest, request_digest, session_id, spent_at, expires_at)
			VALUES ('held', 'held', '', '', 0, 0)`); err != nil {
			return err
		}
		wg.Go(func() {
			if err := here.UpdateFromMemory(context.Background(), held.run); err != nil {
				t.Error(err)
			}
		})
		soon(t, "the convoy is on its way", func() bool {
			c := &here.database.(*postgresDatabase).convoy
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.underway == 1 && len(c.gathering) == 0
		})
		free := &admission{userName: "alice", assertion: "free"}
		if err := here.UpdateFromMemory(context.Background(), free.run); err != nil || free.session == "" {
			t.Errorf("%v, session %q", err, free.session)
		}
		return nil
	})
	wg.Wait()
	if held.session != "" || sessionsOf(t, here, "alice") != 1 {
		t.Errorf("who was held up got session %q, and there are %d", held.session, sessionsOf(t, here, "alice"))
	}
}

func TestAClosedStoreTakesNoPassengers(t *testing.T) {
	s, err := Open(options(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Join(t.Context(), "host", "program"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	a := &admission{userName: "alice", assertion: "assertion"}
	if err := s.UpdateFromMemory(context.Background(), a.run); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

// Nobody knows whether a convoy arrived whose connection ended at the commit: each of its passengers is told so, and none travels again.
func TestAConvoyThatIsLostAtTheCommitIsLostForAll(t *testing.T) {
	if !testdb.OnPostgreSQL() || testdb.Rehearse() {
		t.Skip("there are no convoys on SQLite")
	}
	s := openNode(t, t.TempDir())
	update(t, s, putUser("alice", StatusEnabled))
	update(t, s, func(tx *Tx) error {
		return tx.each([]string{
			`CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'`,
			`CREATE CONSTRAINT TRIGGER leaves AFTER INSERT ON session DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION leave()`,
		})
	})
	certain(t, s)
	all := make([]*admission, 8)
	var wg sync.WaitGroup
	for i := range all {
		all[i] = &admission{userName: "alice", assertion: fmt.Sprint(i)}
		wg.Go(func() {
			if err := s.UpdateFromMemory(context.Background(), all[i].run); !errors.Is(err, ErrOutcomeUnknown) {
				t.Errorf("got %v, want ErrOutcomeUnknown", err)
			}
			if all[i].remembered != 1 || all[i].asked != 0 {
				t.Errorf("%d runs on memory and %d on the database, want one on memory", all[i].remembered, all[i].asked)
			}
		})
	}
	wg.Wait()
	if n := sessionsOf(t, s, "alice"); n != 0 {
		t.Errorf("%d sessions are there", n)
	}
}

func TestAProofHoldsForTheSameAnswerOnly(t *testing.T) {
	if !testdb.OnPostgreSQL() {
		t.Skip("nothing is proven to SQLite")
	}
	s, _ := open(t)
	const odd = "a\x00b\xff'\\\uFDD0"
	q := question{`SELECT attempt_key, tally FROM attempt WHERE attempt_key <> $1 ORDER BY attempt_key LIMIT 3`, []any{"left out"}}
	for _, c := range []struct {
		name  string
		there []string // keys, as often as they were counted
		rows  [][]string
		holds bool
	}{
		{"nothing", nil, nil, true},
		{"nothing any more", nil, [][]string{{"a", "1"}}, false},
		{"nothing until now", []string{"a"}, nil, false},
		{"one row", []string{"a"}, [][]string{{"a", "1"}}, true},
		{"one row with an odd text", []string{odd}, [][]string{{odd, "1"}}, true},
		{"another text", []string{"a"}, [][]string{{"A", "1"}}, false},
		{"another number", []string{"a", "a"}, [][]string{{"a", "1"}}, false},
		{"a text for a number", []string{"a"}, [][]string{{"a", ""}}, false},
		{"two rows", []string{"a", "b"}, [][]string{{"a", "1"}, {"b", "1"}}, true},
		{"two rows in another order", []string{"a", "b"}, [][]string{{"b", "1"}, {"a", "1"}}, true},
		{"one row less", []string{"a"}, [][]string{{"a", "1"}, {"b", "1"}}, false},
		{"one row more", []string{"a", "b"}, [][]string{{"a", "1"}}, false},
		{"another row in place of one", []string{"a", "c"}, [][]string{{"a", "1"}, {"b", "1"}}, false},
		{"one row in place of two that were the same", []string{"a", "b"}, [][]string{{"a", "1"}, {"a", "1"}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			update(t, s, func(tx *Tx) error { _, err := tx.exec(`DELETE FROM attempt`); return err })
			for _, key := range append(c.there, "left out") {
				update(t, s, count(key))
			}
			found := &remembered{answer: answer{rows: c.rows}}
			proof := found.proofOf(q)
			err := s.Update(context.Background(), func(tx *Tx) error { return tx.c.(*postgresSession).wait(proof.postgresStatement) })
			if (err == nil) != c.holds {
				t.Errorf("got %v, want that it holds: %v", err, c.holds)
			}
		})
	}
}

// An error of a question ends the transaction, whether or not the function looks at it, as it does in Update.
func TestAQuestionThatFailsIsNotForgotten(t *testing.T) {
	if !testdb.OnPostgreSQL() {
		t.Skip("SQLite compares a text with a number")
	}
	s := openNode(t, t.TempDir())
	update(t, s, putUser("alice", StatusEnabled))
	certain(t, s)
	a := &admission{userName: "alice", assertion: "assertion", before: func(tx *Tx) error {
		tx.query(`SELECT user_id FROM directory_user WHERE created_at = $1`, []any{"no number"}, func(row) error { return nil })
		return nil
	}}
	if err := s.UpdateFromMemory(context.Background(), a.run); err == nil || sessionsOf(t, s, "alice") != 0 {
		t.Errorf("got %v, and %d sessions", err, sessionsOf(t, s, "alice"))
	}
}

// What comes again, as it does from who lost an answer, does not fail those who would have travelled with it.
func TestWhoComesAgainDoesNotTravel(t *testing.T) {
	s := openNode(t, t.TempDir())
	update(t, s, putUser("alice", StatusEnabled))
	certain(t, s)
	for i, want := range []struct {
		asked int
		spent bool
	}{{0, true}, {1, false}, {1, false}} {
		a := &admission{userName: "alice", assertion: "assertion"}
		err := s.UpdateFromMemory(context.Background(), a.run)
		if err != nil || (a.session != "") != want.spent || testdb.OnPostgreSQL() && !testdb.Rehearse() && a.asked != want.asked {
			t.Errorf("%d: %v, session %q, %d runs on the database; want %+v", i, err, a.session, a.asked, want)
		}
	}
}

// A connection that the database has closed before is not taken for one that was lost during the commit.
func TestNoConvoyLeavesOnAConnectionThatIsClosed(t *testing.T) {
	if !testdb.OnPostgreSQL() {
		t.Skip("SQLite has no connections")
	}
	dir := t.TempDir()
	there := openNode(t, dir)
	narrow := options(t, dir)
	narrow.Database = strings.Replace(narrow.Database, "pool_max_conns=6", "pool_max_conns=1", 1)
	here := openWith(t, narrow)
	if err := here.Join(t.Context(), "host", "program"); err != nil {
		t.Fatal(err)
	}
	update(t, here, putUser("alice", StatusEnabled))
	for round := range 5 {
		for i := range 2 { // the first prepares the statements
			a := &admission{userName: "alice", assertion: fmt.Sprint(round, i)}
			certain(t, here)
			if err := here.UpdateFromMemory(context.Background(), a.run); err != nil || a.session == "" {
				t.Fatalf("round %d: %v, session %q", round, err, a.session)
			}
		}
		process := view(t, here, func(tx *Tx) (process int64, err error) {
			_, err = tx.one(`SELECT pg_backend_pid()`, func(r row) { process = r.int(0) })
			return process, err
		})
		view(t, there, func(tx *Tx) (ended bool, err error) {
			return tx.one(`SELECT pg_terminate_backend($1, 5000)`, func(row) {}, process)
		})
		a := &admission{userName: "alice", assertion: fmt.Sprint(round, "last")}
		if err := here.UpdateFromMemory(context.Background(), a.run); err != nil || a.session == "" {
			t.Errorf("round %d: %v, session %q", round, err, a.session)
		}
	}
}

func TestNobodyWaitsForAConvoyInVain(t *testing.T) {
	c := &convoy{}
	stays, leaves := &passenger{}, &passenger{}
	if c.board(stays) != nil || c.board(leaves) != nil || !c.leave(leaves) || c.leave(leaves) {
		t.Error("who waits may leave, once")
	}
	if on := c.depart(); len(on) != 1 || on[0] != stays || c.leave(stays) {
		t.Errorf("%d are on the way, want who stayed, who cannot leave any more", len(on))
	}
	for range gatheringAtMost {
		if c.board(&passenger{}) != nil {
			t.Fatal("there is room")
		}
	}
	if c.board(&passenger{}) == nil {
		t.Error("more wait than may")
	}
	c.underway = 1
	for left := gatheringAtMost; left > 0; left -= convoyLength {
		if on := c.depart(); len(on) != convoyLength {
			t.Errorf("%d are on the way, want %d", len(on), convoyLength)
		}
	}
	if on := c.depart(); len(on) != 0 || c.underway != 0 {
		t.Errorf("%d are on the way, and %d drive, where nobody waits", len(on), c.underway)
	}
}

func TestWhatWasHopedForLatelyIsForgottenInTime(t *testing.T) {
	c := &convoy{}
	hope := func(i int) bool { return c.board(&passenger{hoped: []string{fmt.Sprint(i)}}) == nil }
	for i := range 3 * hopesKept {
		c.gathering = nil
		if !hope(i) {
			t.Fatalf("%d is new", i)
		}
		if c.gathering = nil; hope(i) {
			t.Fatalf("%d is not new", i)
		}
	}
	if kept := len(c.lately) + len(c.before); kept > 2*hopesKept {
		t.Errorf("%d are kept", kept)
	}
	if !hope(0) {
		t.Error("the first is kept for ever")
	}
}
