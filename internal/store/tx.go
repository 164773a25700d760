package store

import (
	"errors"
	"slices"
	"strings"
)

// exec runs a statement and returns how many rows it changed.
func (tx *Tx) exec(sql string, args ...any) (int, error) {
	if tx.scanning {
		return 0, errNested
	}
	rows, err := tx.c.exec(sql, args)
	if rows > 0 && tx.hearing != nil {
		tx.changes(sql)
	}
	return rows, err
}

// changes notes that the statement changed what other nodes may remember.
func (tx *Tx) changes(sql string) {
	if table := tx.hearing.statement(sql).table; table != "" && !slices.Contains(tx.changed, table) {
		tx.changed = append(tx.changed, table)
	}
}

// later runs a statement whose answer nobody waits for. On PostgreSQL it costs no trip of its own, and an error of it shows at the next
// statement, or when the transaction is to be kept.
func (tx *Tx) later(sql string, args ...any) error {
	if tx.scanning {
		return errNested
	}
	if tx.hearing != nil {
		tx.changes(sql)
	}
	return tx.c.later(sql, args, anyCount)
}

// laterOne is later for a statement that has to change one row, which this transaction has read.
func (tx *Tx) laterOne(sql string, args ...any) error {
	if tx.scanning {
		return errNested
	}
	if tx.hearing != nil {
		tx.changes(sql)
	}
	return tx.c.later(sql, args, 1)
}

// hope adds a row of which it may be hoped that there is none, and reports false where that has to be asked first: on SQLite, which answers
// at once, and where hope was in vain. The transaction goes on as if the row were new.
func (tx *Tx) hope(sql string, args ...any) (bool, error) {
	c, ok := tx.c.(hopeful)
	if !ok {
		return false, nil
	}
	if tx.scanning {
		return false, errNested
	}
	hoped, err := c.hope(sql, args)
	if hoped && tx.hearing != nil {
		tx.changes(sql)
	}
	return hoped, err
}

// each runs statements that have the same binds, one after the other.
func (tx *Tx) each(statements []string, args ...any) error {
	for _, statement := range statements {
		if _, err := tx.exec(statement, args...); err != nil {
			return err
		}
	}
	return nil
}

// query calls scan for each row of the answer.
func (tx *Tx) query(sql string, args []any, scan func(row) error) error {
	if tx.single && tx.asked {
		return errSecondStatement
	}
	if tx.scanning {
		return errNested
	}
	tx.asked, tx.scanning = true, true
	defer func() { tx.scanning = false }()
	if tx.hearing != nil && !strings.HasPrefix(sql, "SELECT") { // a statement that changes rows and returns them
		tx.changes(sql)
	}
	return tx.c.query(sql, args, scan)
}

var (
	errSecondStatement = errors.New("store: Look allows one statement: use View")
	errNested          = errors.New("store: a statement while the rows of another are being read: collect them first")
)

// one calls scan for the only row of the answer and reports whether there was one.
func (tx *Tx) one(sql string, scan func(row), args ...any) (bool, error) {
	found := false
	err := tx.query(sql, args, func(r row) error {
		found = true
		scan(r)
		return nil
	})
	return found, err
}

// list collects one value a row. It is never nil, so that an empty answer stays an empty list on the wire.
func list[T any](tx *Tx, scan func(row) T, sql string, args ...any) ([]T, error) {
	values := []T{}
	err := tx.query(sql, args, func(r row) error {
		values = append(values, scan(r))
		return nil
	})
	return values, err
}
