package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

// questioned is a database that answers every statement with the same rows, and counts.
type questioned struct {
	rows  [][][]byte
	asked int
	while func() // runs while it answers, if there is one
}

func (q *questioned) exec(string, []any) (int, error) { return 0, errors.New("not asked for") }

func (q *questioned) later(string, []any, int) error { return errors.New("not asked for") }

func (q *questioned) load(*table, [][]any) error { return errors.New("not asked for") }

func (q *questioned) query(sql string, args []any, scan func(row) error) error {
	q.asked++
	if q.while != nil {
		q.while()
	}
	for _, columns := range q.rows {
		if err := scan(row{postgres: columns}); err != nil {
			return err
		}
	}
	return nil
}

// recaller asks questions of a database through a memory.
type recaller struct {
	recollection
	database *questioned
}

func newRecaller() *recaller {
	r := &recaller{database: &questioned{rows: [][][]byte{{[]byte("x")}}}}
	r.recollection = recollection{ctx: context.Background(), memory: &memory{}, hearing: &hearing{}, look: func(_ context.Context, fn func(*Tx) error) error {
		return fn(&Tx{c: r.database, single: true})
	}}
	r.hearing.nothingMissedSince(time.Now())
	return r
}

// asks asks the question and tells how often the database was, for it.
func (r *recaller) asks(t *testing.T, sql string, args ...any) int {
	t.Helper()
	before, answered := r.database.asked, 0
	tx := &Tx{c: &r.recollection}
	if err := tx.query(sql, args, func(row) error { answered++; return nil }); err != nil {
		t.Fatal(err)
	}
	if answered != len(r.database.rows) {
		t.Errorf("%d rows were answered, want %d", answered, len(r.database.rows))
	}
	return r.database.asked - before
}

func TestRecallAsksTheDatabaseWhenTheAnswerMayHaveChanged(t *testing.T) {
	const sql = `SELECT a FROM session JOIN directory_user ON b = c WHERE d = $1`
	cases := []struct {
		name    string
		sql     string
		between func(*recaller) // the first question and the second
		asked   int             // for the second
	}{
		{"nothing happened", sql, func(r *recaller) {}, 0},
		{"a table of it changed", sql, func(r *recaller) { r.hearing.heard("session") }, 1},
		{"the other table of it changed", sql, func(r *recaller) { r.hearing.heard("directory_user") }, 1},
		{"another table changed", sql, func(r *recaller) { r.hearing.heard("application") }, 0},
		{"a change may have been missed", sql, func(r *recaller) { r.hearing.missed() }, 1},
		{"nothing was heard for a second", sql, func(r *recaller) { r.hearing.nothingMissedSince(time.Now().Add(-time.Second)) }, 1},
		{"the clock of the machine was set", sql, func(r *recaller) { r.hearing.nothingMissedSince(time.Now().Round(0).Add(time.Hour)) }, 1},
		{"it was answered long ago", sql, func(r *recaller) { r.memory.age(rememberedFor + time.Second) }, 1},
		{"it was answered a while ago", sql, func(r *recaller) { r.memory.age(rememberedFor - time.Second) }, 0},
		{"a table of it is never remembered", `SELECT a FROM session JOIN device_authorization ON b = c WHERE d = $1`, func(r *recaller) {}, 1},
		{"there is more to know than may be kept", sql, func(r *recaller) { r.memory.add("other", &remembered{answer: answer{bytes: memoryBytes}}) }, 0},
	}
	for _, c := range cases {
		r := newRecaller()
		if asked := r.asks(t, c.sql, "1"); asked != 1 {
			t.Errorf("%s: the first question was asked %d times", c.name, asked)
		}
		c.between(r)
		if asked := r.asks(t, c.sql, "1"); asked != c.asked {
			t.Errorf("%s: the second question was asked %d times, want %d", c.name, asked, c.asked)
		}
	}
}

// age has every answer be so much older.
func (m *memory) age(by time.Duration) {
	for _, answer := range m.young {
		answer.asked = answer.asked.Add(-by)
	}
}

func TestRecallTellsBindsApart(t *testing.T) {
	r := newRecaller()
	questions := [][]any{{"1", "23"}, {"12", "3"}, {1, 23}, {"1\x002:23"}, {int64(12), 3}}
	for _, args := range questions {
		if asked := r.asks(t, `SELECT a FROM session`, args...); asked != 1 {
			t.Errorf("%v was answered like another question", args)
		}
	}
}

func TestRecallKeepsNoAnswerThatChangedWhileItWasRead(t *testing.T) {
	r := newRecaller()
	r.database.while = func() { r.hearing.heard("session") }
	r.asks(t, `SELECT a FROM session`)
	r.database.while = nil
	if asked := r.asks(t, `SELECT a FROM session`); asked != 1 {
		t.Error("an answer from before the change was given after it")
	}
}

// What is not there may be added without anybody hearing of it.
func TestRecallKeepsNoAnswerWithoutRows(t *testing.T) {
	r := newRecaller()
	r.database.rows = nil
	r.asks(t, `SELECT a FROM session`)
	if asked := r.asks(t, `SELECT a FROM session`); asked != 1 {
		t.Error("the answer that there is nothing was kept")
	}
}

func TestMemoryForgetsWhatWasNotAskedForLately(t *testing.T) {
	m := &memory{}
	for i := range 100_000 {
		m.keep(answerKey("SELECT", []any{i}), &remembered{version: 1, asked: time.Now(), answer: answer{bytes: 300}})
		if m.find(answerKey("SELECT", []any{0}), 1, time.Now()) == nil {
			t.Fatalf("what is asked for all the time was forgotten after %d others", i)
		}
	}
	if kept := len(m.young) + len(m.old); kept > memoryBytes/400 {
		t.Errorf("%d answers are kept", kept)
	}
	if m.find(answerKey("SELECT", []any{1}), 1, time.Now()) != nil {
		t.Error("what nobody asks for is kept for ever")
	}
}

func TestRecallWritesNothing(t *testing.T) {
	s, _ := open(t)
	err := s.Recall(t.Context(), func(tx *Tx) error { return tx.PutUser(User{UserID: "u", UserName: "u"}) })
	if err == nil {
		t.Error("a user was written")
	}
}
