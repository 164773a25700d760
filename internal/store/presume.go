package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unique"
)

// UpdateFromMemory is Update for fn that asks what nodes remember (Recall), and then adds rows to unseenTables, whose rows it does not ask for.
// On PostgreSQL it makes one trip where the node remembers all, which it shares with others who come at the same time.
//
// fn first runs on what the node remembers. What it would add travels together with its questions, and stands only where the database answers
// them as memory did: in that transaction fn would have done the same. Otherwise, or when a row is there already, when fn refuses, or does what
// memory is not enough for, nothing has happened, and Update decides. So fn may run more than once, as there. A connection that is lost leaves
// the outcome unknown more often than there: all that was sent may have been committed.
func (s *Store) UpdateFromMemory(ctx context.Context, fn func(*Tx) error) error {
	return reached(s.presume(ctx, fn))
}

// unseenTables are those to which rows are added from memory. Nobody asks for their rows then: who travels together does not see what the others
// add.
var unseenTables = map[string]bool{"assertion_replay": true, "audit_event": true, "session": true}

// presumption is a session that answers from memory, and keeps what was asked and what is to be added.
type presumption struct {
	recollection
	proofs []*proof
	added  []addition
	hoped  []string // the first bind of each row of which it is hoped that it is new
	vain   bool     // it could not answer: what came of it does not count
}

// addition is a statement that adds a row and needs no answer.
type addition struct {
	sql  string
	args []any
}

// proof is a statement that fails unless the database answers a question as memory did.
type proof struct {
	postgresStatement
	found *remembered
}

var errPresumption = errors.New("store: memory is not enough for this")

func (p *presumption) giveUp() error {
	p.vain = true
	return errPresumption
}

func (p *presumption) exec(string, []any) (int, error) { return 0, p.giveUp() }

func (p *presumption) load(*table, [][]any) error { return p.giveUp() }

func (p *presumption) later(sql string, args []any, want int) error {
	if want != anyCount || !p.hearing.statement(sql).addsUnseen {
		return p.giveUp()
	}
	p.added = append(p.added, addition{sql, args})
	return nil
}

func (p *presumption) hope(sql string, args []any) (bool, error) {
	first, ok := args[0].(string)
	if !ok {
		return true, p.giveUp()
	}
	p.hoped = append(p.hoped, first)
	return true, p.later(sql, args, anyCount)
}

func (p *presumption) query(sql string, args []any, scan func(row) error) error {
	statement := p.hearing.statement(sql)
	if _, known := p.hearing.version(statement, time.Now()); !known || statement.asksUnseen {
		return p.giveUp()
	}
	found, err := p.ask(sql, args)
	if err != nil {
		p.vain = true
		return err
	}
	proof := found.proofOf(question{sql, args})
	if proof == nil {
		return p.giveUp()
	}
	if !slices.Contains(p.proofs, proof) {
		p.proofs = append(p.proofs, proof)
	}
	return found.replay(scan)
}

// longestProof bounds the rows of an answer that is proven. Each number of them is a statement of its own.
const longestProof = 16

// proofOf returns the proof that the answer is that to the question, nil when it has too many rows. It is made once.
func (a *remembered) proofOf(q question) *proof {
	made := a.proof.Load()
	if made != nil || len(a.rows) > longestProof {
		return made
	}
	binds := slices.Clone(q.args)
	for _, row := range a.rows {
		for _, value := range row {
			binds = append(binds, value)
		}
	}
	values, err := postgresValues(binds)
	if err != nil {
		return nil
	}
	statement := postgresStatement{sql: unique.Make(sameAnswer(q, a.rows)).Value(), values: values, want: anyCount}
	a.proof.CompareAndSwap(nil, &proof{statement, a})
	return a.proof.Load()
}

// sameAnswer is a statement that fails, by a division by zero, unless the question is answered with these rows, in whatever order. Behind the
// binds of the question it has one for each column of each row. NULL is nothing that a column has; an answer with it would never be the same.
func sameAnswer(q question, rows [][]string) string {
	bind, names := len(q.args), ""
	same := []string{"COUNT(*) = " + strconv.Itoa(len(rows))}
	for _, row := range rows {
		var columns, values []string
		for at := range row {
			bind++
			columns = append(columns, "c"+strconv.Itoa(at))
			values = append(values, fmt.Sprintf("c%d = $%d", at, bind))
		}
		times := 0
		for _, other := range rows {
			if slices.Equal(other, row) {
				times++
			}
		}
		same = append(same, fmt.Sprintf("COUNT(CASE WHEN %s THEN 1 END) = %d", strings.Join(values, " AND "), times))
		names = " (" + strings.Join(columns, ", ") + ")"
	}
	return `SELECT 1 / CASE WHEN ` + strings.Join(same, " AND ") + ` THEN 1 ELSE 0 END FROM (` + q.sql + `) answer` + names
}
