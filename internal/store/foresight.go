package store

import (
	"errors"
	"slices"
)

// Foresee tells what a transaction is about to ask: ask asks it, and is answered with nothing. On PostgreSQL the questions travel together, where
// each would cost a trip, and are answered when they are asked again, as long as the transaction writes nothing in between. It is no more than
// haste: a question that is not asked again did no harm, and one that was not foreseen is asked as ever.
func (tx *Tx) Foresee(ask func(*Tx) error) error {
	c, ok := tx.c.(*postgresSession)
	if !ok || tx.single {
		return nil
	}
	if tx.scanning {
		return errNested
	}
	var q questions
	if err := ask(&Tx{Now: tx.Now, c: &q}); err != nil || len(q.asked) < 2 {
		return err
	}
	return c.foresee(q.asked)
}

// questions is a session that notes what it is asked.
type questions struct{ asked []question }

type question struct {
	sql  string
	args []any
}

var errForeseenWrite = errors.New("store: Foresee writes nothing")

func (q *questions) exec(string, []any) (int, error) { return 0, errForeseenWrite }

func (q *questions) later(string, []any, int) error { return errForeseenWrite }

func (q *questions) load(*table, [][]any) error { return errForeseenWrite }

func (q *questions) query(sql string, args []any, _ func(row) error) error {
	q.asked = append(q.asked, question{sql, args})
	return nil
}

// foreseenAnswer is the answer to a question that was not asked yet.
type foreseenAnswer struct {
	question
	answer
}

// foresee asks the questions in one trip.
func (s *postgresSession) foresee(asked []question) error {
	if s.failed != nil {
		return s.failed
	}
	answers := make([]foreseenAnswer, len(asked))
	trip := make([]postgresStatement, len(asked))
	for i, q := range asked {
		values, err := postgresValues(q.args)
		if err != nil {
			return err
		}
		found := &answers[i]
		found.question = q
		trip[i] = postgresStatement{sql: q.sql, values: values, want: anyCount, scan: func(current row) error {
			found.add(current)
			return nil
		}}
	}
	if _, _, err := s.send(trip...); err != nil {
		s.failed = s.classify(err)
		return s.failed
	}
	s.foreseen = answers
	return nil
}

// takeForeseen returns the answer to a question that was foreseen, once.
func (s *postgresSession) takeForeseen(sql string, args []any) (found foreseenAnswer, foreseen bool) {
	if s.failed != nil {
		return foreseenAnswer{}, false
	}
	for i, a := range s.foreseen {
		if a.sql == sql && slices.Equal(a.args, args) {
			s.foreseen = slices.Delete(s.foreseen, i, i+1)
			return a, true
		}
	}
	return foreseenAnswer{}, false
}
