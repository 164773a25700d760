package store

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"sallyport/internal/testdb"
)

// toldWithin is how soon a node refuses what was ended on another.
const toldWithin = time.Second

// openNode opens a store in the folder and makes it a node, which the end of the test stops, if the test did not.
func openNode(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	if err := s.Join(t.Context(), "host", "program"); err != nil {
		t.Fatal(err)
	}
	return s
}

// recalled reads a session and its person as every request does.
func recalled(t *testing.T, s *Store, sessionID string) (session Session, user User) {
	t.Helper()
	err := s.Recall(t.Context(), func(tx *Tx) (err error) {
		session, user, _, err = tx.SessionAndUser(sessionID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return session, user
}

// soon asks again and again until the answer is yes, for as long as another node may take to hear of a change.
func soon(t *testing.T, what string, yes func() bool) {
	t.Helper()
	began := time.Now()
	for !yes() {
		if time.Since(began) > toldWithin {
			t.Fatalf("%s: not within %v", what, toldWithin)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestANodeHearsWithinASecondWhatAnotherEnds(t *testing.T) {
	dir := t.TempDir()
	here, there := openNode(t, dir), openNode(t, dir)
	update(t, here, func(tx *Tx) error {
		var errs []error
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			errs = append(errs, tx.PutUser(User{UserID: id, UserName: id, Status: StatusEnabled}))
			errs = append(errs, tx.AddSession(Session{SessionID: id, UserID: id, EndsAt: 1 << 50, ApplicationID: map[string]string{"d": "apl", "e": "gone"}[id]}))
		}
		for _, id := range []string{"apl", "gone"} {
			errs = append(errs, tx.PutApplication(Application{ApplicationID: id, InstanceID: "i", AccountID: "1", Status: StatusEnabled}))
		}
		return errors.Join(errs...)
	})
	cases := []struct {
		name, session string
		end           func(*Tx) error
		ended         func(Session, User) bool
	}{
		{"the session was revoked", "a", func(tx *Tx) error { _, err := tx.RevokeSession("a", "test"); return err },
			func(s Session, u User) bool { return s.RevokedAt != 0 }},
		{"the person was disabled", "b", func(tx *Tx) error { return tx.PutUser(User{UserID: "b", UserName: "b", Status: StatusDisabled}) },
			func(s Session, u User) bool { return !u.Enabled() }},
		{"the application was disabled", "d", func(tx *Tx) error {
			return tx.PutApplication(Application{ApplicationID: "apl", InstanceID: "i", AccountID: "1", Status: StatusDisabled})
		}, func(s Session, u User) bool { return !s.ClientStands() }},
		{"an application was deleted", "e", func(tx *Tx) error { return tx.DeleteApplication("gone") },
			func(s Session, u User) bool { return !s.ClientStands() }},
		{"the person was deleted", "c", func(tx *Tx) error { return tx.DeleteUser("c") },
			func(s Session, u User) bool { return s.SessionID == "" }},
	}
	for _, c := range cases {
		soon(t, c.name+": the node remembers", func() bool {
			recalled(t, there, c.session)
			return !testdb.OnPostgreSQL() || remembers(there, c.session)
		})
		update(t, here, c.end)
		if s, u := recalled(t, here, c.session); !c.ended(s, u) {
			t.Errorf("%s: the node that did it does not know", c.name)
		}
		soon(t, c.name, func() bool { return c.ended(recalled(t, there, c.session)) })
	}
}

// remembers reports whether the node answers about the session without asking the database.
func remembers(s *Store, sessionID string) bool {
	d := s.database.(*postgresDatabase)
	d.memory.mu.Lock()
	defer d.memory.mu.Unlock()
	for key := range d.memory.young {
		if strings.HasSuffix(key, ":"+sessionID) {
			return true
		}
	}
	return false
}

func TestNodesAreListedFromStartToStop(t *testing.T) {
	dir := t.TempDir()
	first := openNode(t, dir)
	second := openWith(t, options(t, dir)) // an operator's command is no node
	want := 0
	if testdb.OnPostgreSQL() {
		want = 1
	}
	nodes, now, err := second.Nodes(t.Context())
	if err != nil || len(nodes) != want {
		t.Fatalf("nodes: %v (%v), want %d", nodes, err, want)
	}
	for _, node := range nodes {
		if !node.Live(now) || node.Host != "host" || node.Program != "program" || node.NewestMigration == "" || node.Live(now+liveFor.Milliseconds()+1000) {
			t.Errorf("the node is %+v", node)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if nodes, _, err := second.Nodes(t.Context()); err != nil || len(nodes) != 0 {
		t.Errorf("a node that stopped is listed: %v (%v)", nodes, err)
	}
}

// withLater is the schema's history with further files.
func withLater(t *testing.T, files map[string]string) []step {
	t.Helper()
	history := fstest.MapFS{}
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrationFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		history[name] = &fstest.MapFile{Data: text}
	}
	for name, text := range files {
		history["migrations/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	steps, err := migrationSteps(history)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func TestTakingAwayWaitsForNodesThatDoNotKnow(t *testing.T) {
	dir := t.TempDir()
	old := openNode(t, dir)
	s := openWith(t, options(t, dir))
	later := withLater(t, map[string]string{
		"9001_adds.sql":  "CREATE TABLE later (\n\tid TEXT NOT NULL PRIMARY KEY\n);\n",
		"9002_takes.sql": "-- contract\nDROP INDEX change_age;\n",
		"9003_adds.sql":  "CREATE TABLE latest (\n\tid TEXT NOT NULL PRIMARY KEY\n);\n",
	})
	applied := func() (there [3]bool) {
		files := view(t, s, func(tx *Tx) (map[string]string, error) { return tx.appliedSteps() })
		for i, file := range []string{"9001_adds.sql", "9002_takes.sql", "9003_adds.sql"} {
			there[i] = files[step{file: file}.key()] != ""
		}
		return there
	}
	if err := s.migrateTo(later); err != nil {
		t.Fatal(err)
	}
	if want := [3]bool{true, !testdb.OnPostgreSQL(), true}; applied() != want {
		t.Errorf("with an older node there: %v, want %v", applied(), want)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.migrateTo(later); err != nil {
		t.Fatal(err)
	}
	if want := [3]bool{true, true, true}; applied() != want {
		t.Errorf("after the older node has ended: %v, want %v", applied(), want)
	}
	if err := s.Join(t.Context(), "host", "program"); err == nil && testdb.OnPostgreSQL() {
		t.Error("a program that does not know what was taken away has joined")
	}
}
