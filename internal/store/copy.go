package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sallyport/internal/sys"
)

// This file moves all rows from one database to another, whatever holds them: SQLite or PostgreSQL. Rows go in batches, each in one
// transaction with the note of how far the copy has come, so that it goes on where it stopped, however it stopped. When all rows are there both
// sides are read once more and compared.

// copyBatch is how many rows go in one transaction: enough that its commit costs little, and far below what a transaction may hold.
const copyBatch = 2000

// Copying says how rows are copied.
type Copying struct {
	// Report is told of progress after each batch and each table, often.
	Report func(Progress)

	// still has the source read once more at the end: nobody may have written to it meanwhile.
	still bool
	// change is done to rows of a table on their way.
	change map[string]func(r *moved)
	// finish is run in the transaction in which the copy becomes a database.
	finish func(tx *Tx) error
}

// Progress is how far a copy has come.
type Progress struct {
	Doing string // "copy" or "compare"
	Table string
	Rows  int64 // of the table, or of all tables when Table is empty: then it is done
	Done  bool  // with the table
}

func (c Copying) report(p Progress) {
	if c.Report != nil {
		c.Report(p)
	}
}

// moved is a row on its way.
type moved struct {
	of     *table
	values []any
}

func (m *moved) number(name string) int64 {
	number, _ := m.values[m.of.index(name)].(int64)
	return number
}

func (m *moved) text(name string) string {
	text, _ := m.values[m.of.index(name)].(string)
	return text
}

func (m *moved) set(name string, value any) { m.values[m.of.index(name)] = value }

// copyState is the note in an unfinished copy.
type copyState struct {
	Source string   `json:"source"` // which database is copied
	Table  string   `json:"table"`  // whose rows came last
	After  []string `json:"after"`  // the key of the last row that came, as writeKey writes it
	Rows   int64    `json:"rows"`   // of the table so far
	Run    string   `json:"run"`    // which run of the copy adds rows: the one that began last
}

// runSize is how many random bytes name a run.
const runSize = 8

func (c copyState) String() string {
	text, _ := json.Marshal(c) // texts and numbers cannot fail
	return string(text)
}

// ErrSourceChanged is what Copy returns when somebody wrote to the source meanwhile.
var ErrSourceChanged = errors.New("the source changed while it was copied, and what has arrived is not one state of it: stop all servers on the source, empty the target, and copy again")

// Copy copies all rows of a database into one that is empty, or that holds an unfinished copy of the same source, and returns how many rows
// there are. Nobody may write to the source meanwhile: that is found out at the end.
func Copy(ctx context.Context, from, to *Store, report func(Progress)) (rows int64, err error) {
	if err := from.checkStopped(ctx); err != nil {
		return 0, err
	}
	return copyInto(ctx, from, to, Copying{Report: report, still: true})
}

// checkStopped refuses a database on which servers run, as far as they say so: on SQLite nobody does.
func (s *Store) checkStopped(ctx context.Context) error {
	nodes, now, err := s.Nodes(ctx)
	for _, node := range nodes {
		if node.Live(now) {
			return fmt.Errorf("a server runs on the source, and what it changes would be lost: stop node %s, or wait a minute if it was killed", node)
		}
	}
	return err
}

func copyInto(ctx context.Context, from, to *Store, copying Copying) (rows int64, err error) {
	plan, err := planCopy(ctx, from)
	if err != nil {
		return 0, err
	}
	state, err := to.beginCopy(ctx, plan)
	if err != nil {
		return 0, err
	}
	there, last, err := plan.copyRows(ctx, to, state, copying)
	if err != nil {
		return 0, err
	}
	if copying.still || state.Table != "" { // of what an earlier run copied there are no sums
		if there, err = from.sums(ctx, plan.tables, copying); err != nil {
			return 0, err
		}
	}
	arrived, err := to.sums(ctx, plan.tables, Copying{Report: copying.Report})
	if err != nil {
		return 0, err
	}
	if rows, err = plan.compare(there, arrived); err != nil {
		return rows, err
	}
	err = to.Update(ctx, func(tx *Tx) error {
		ended, err := tx.exec(`DELETE FROM migration WHERE file = $1 AND step = 0 AND checksum = $2`, copyNote, last.String())
		if err != nil {
			return err
		}
		if ended == 0 {
			return errTwoCopies
		}
		if plan.restored != "" { // what was used before then counts as used in the copy as well
			if err := tx.recordAt(restoreNote, 0, plan.restored, plan.restoredAt); err != nil {
				return err
			}
		}
		if copying.finish != nil {
			return copying.finish(tx)
		}
		return nil
	})
	return rows, err
}

// copyPlan is what there is to copy.
type copyPlan struct {
	from   *Store
	source string // names the database
	steps  []step // that the source has
	tables []*table

	restored   string // the note of a source that was restored from a backup
	restoredAt int64
}

func planCopy(ctx context.Context, from *Store) (*copyPlan, error) {
	p := &copyPlan{}
	err := from.View(ctx, func(tx *Tx) error {
		*p = copyPlan{from: from}
		tables, err := list(tx, func(r row) string { return r.text(0) }, from.tables())
		if err != nil {
			return err
		}
		if !slices.Contains(tables, "migration") {
			return errors.New("the source holds nothing: is it the right one?")
		}
		if err := p.readSteps(tx); err != nil {
			return err
		}
		if p.restored, p.restoredAt, _, err = tx.note(restoreNote); err != nil {
			return err
		}
		return p.nameSource(tx)
	})
	if err != nil {
		return nil, err
	}
	p.tables, err = schemaOf(p.steps)
	p.tables = slices.DeleteFunc(p.tables, func(t *table) bool { return ofNodes[t.name] })
	return p, err
}

// ofNodes are the tables by which the nodes of a database hear of each other. They say nothing about another database.
var ofNodes = map[string]bool{"node": true, "change": true}

// readSteps finds the statements that the source has applied, all of which this program has to know.
func (p *copyPlan) readSteps(tx *Tx) error {
	known, err := migrationSteps(migrationFiles)
	if err != nil {
		return err
	}
	applied, err := tx.appliedSteps()
	if err != nil {
		return err
	}
	if _, unfinished := applied[step{file: copyNote}.key()]; unfinished {
		return errUnfinishedCopy
	}
	for _, name := range []string{requiredFile, backupNote, restoreNote} {
		delete(applied, step{file: name}.key())
	}
	for _, s := range known {
		checksum, found := applied[s.key()]
		if !found {
			continue
		}
		if err := s.compare(checksum); err != nil {
			return fmt.Errorf("migration %s, statement %d: %w", s.file, s.number+1, err)
		}
		delete(applied, s.key())
		p.steps = append(p.steps, s)
	}
	for key := range applied {
		return fmt.Errorf("the source was changed by a newer sallyport (%s), which this program cannot copy: run the newer one", key)
	}
	return nil
}

// nameSource tells the source from others: by its instance and, of a backup, by what it is of.
func (p *copyPlan) nameSource(tx *Tx) error {
	instance, found, err := tx.Instance()
	if err != nil {
		return err
	}
	if !found {
		return errors.New("the source has no instance: no server has used it")
	}
	backup, _, _, err := tx.note(backupNote)
	sum := sha256.Sum256([]byte(instance.InstanceID + "\n" + backup))
	p.source = hex.EncodeToString(sum[:8])
	return err
}

// claimAttempts bounds how often a run tries to become the one that copies. An earlier one that was killed, or whose machine is gone, may have sent
// rows that PostgreSQL is still busy with, or waits for; statementTimeout or transactionDeadline end that, and each attempt waits as long as the
// shorter of them.
const claimAttempts = 4

// beginCopy makes the database ready: it returns how far an earlier run came, or the state of a new copy. From then on nothing of an earlier run
// arrives any more: whoever adds rows has to find the note of its own run.
func (s *Store) beginCopy(ctx context.Context, p *copyPlan) (state copyState, err error) {
	// On a database that is not empty nothing may be changed, its schema neither.
	if state, err = s.copyState(ctx, p); err != nil {
		return state, err
	}
	if err := s.migrateTo(p.steps); err != nil {
		return state, err
	}
	for range claimAttempts {
		err = s.Update(ctx, func(tx *Tx) (err error) {
			state, err = s.claimCopy(tx, p)
			return err
		})
		if !errors.Is(err, errBusy) {
			return state, err
		}
	}
	return state, fmt.Errorf("an earlier run of this copy is not over yet: give the same command again in a minute: %w", err)
}

// claimCopy makes this run the one that copies.
func (s *Store) claimCopy(tx *Tx, p *copyPlan) (state copyState, err error) {
	if state, err = readCopyState(tx, p); err != nil {
		return state, err
	}
	if state.Source == "" {
		if err := tx.checkEmpty(s.tables()); err != nil {
			return state, err
		}
		state.Source = p.source
	}
	state.Run = sys.NewHex(runSize)
	return state, tx.setNote(copyNote, state.String())
}

func (s *Store) copyState(ctx context.Context, p *copyPlan) (state copyState, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		tables, err := list(tx, func(r row) string { return r.text(0) }, s.tables())
		if err != nil || !slices.Contains(tables, "migration") {
			return err
		}
		if state, err = readCopyState(tx, p); err != nil || state.Source != "" {
			return err
		}
		return tx.checkEmpty(s.tables())
	})
	return state, err
}

// readCopyState returns how far a copy has come; its source is empty when none was begun.
func readCopyState(tx *Tx, p *copyPlan) (state copyState, err error) {
	text, _, found, err := tx.note(copyNote)
	if err != nil || !found {
		return state, err
	}
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		return state, fmt.Errorf("read how far the copy came: %w", err)
	}
	if state.Source != p.source {
		return state, errors.New("the target holds an unfinished copy of another database: empty it first, or copy that one again")
	}
	return state, nil
}

// ErrNotEmpty is what begins the error about a target that holds something.
var ErrNotEmpty = errors.New("the target is not empty")

// checkEmpty refuses a database with rows, and says which.
func (tx *Tx) checkEmpty(tablesQuestion string) error {
	tables, err := list(tx, func(r row) string { return r.text(0) }, tablesQuestion)
	if err != nil {
		return err
	}
	var held []string
	for _, name := range tables {
		if name == "migration" || ofNodes[name] {
			continue
		}
		rows, err := tx.count(name)
		if err != nil {
			return err
		}
		if rows > 0 {
			held = append(held, fmt.Sprintf("%s (%d)", name, rows))
		}
	}
	if len(held) > 0 {
		return fmt.Errorf("%w: there are rows in %s", ErrNotEmpty, strings.Join(held, ", "))
	}
	return nil
}

func (tx *Tx) count(table string) (rows int64, err error) {
	_, err = tx.one(`SELECT COUNT(*) FROM `+table, func(r row) { rows = r.int(0) })
	return rows, err
}

// copyRows copies what is not there yet, out of one snapshot of the source, and returns the sums of that, and the state that the target then has.
func (p *copyPlan) copyRows(ctx context.Context, to *Store, state copyState, copying Copying) (map[string]sum, copyState, error) {
	first := 0
	if state.Table != "" {
		if first = slices.IndexFunc(p.tables, func(t *table) bool { return t.name == state.Table }); first < 0 {
			return nil, state, fmt.Errorf("the copy stopped in table %s, which the source does not have", state.Table)
		}
	}
	sums := map[string]sum{}
	err := p.from.snapshot(ctx, func(tx *Tx) error {
		for _, t := range p.tables[first:] {
			run := &copyRun{to: to, of: t, was: state, state: copyState{Source: state.Source, Run: state.Run, Table: t.name}, copying: copying}
			if t.name == state.Table {
				run.state = state
			}
			if err := run.copy(ctx, tx); err != nil {
				return fmt.Errorf("copy %s: %w", t.name, err)
			}
			state, sums[t.name] = run.was, run.sum
		}
		return nil
	})
	return sums, state, err
}

// copyRun copies one table.
type copyRun struct {
	to      *Store
	of      *table
	state   copyState // after the rows that wait
	was     copyState // that the target has
	copying Copying
	waiting [][]any
	sum     sum
}

func (c *copyRun) copy(ctx context.Context, tx *Tx) error {
	change := c.copying.change[c.of.name]
	err := tx.rowsOf(c.of, c.state.After, func(values []any) error {
		if change != nil {
			change(&moved{c.of, values})
		}
		c.sum.add(values)
		c.waiting = append(c.waiting, values)
		if len(c.waiting) == copyBatch {
			return c.flush(ctx)
		}
		return nil
	})
	if err == nil {
		err = c.flush(ctx)
	}
	if err == nil {
		c.copying.report(Progress{Doing: "copy", Table: c.of.name, Rows: c.state.Rows, Done: true})
	}
	return err
}

// flush adds the rows that wait, and notes it in the same transaction.
func (c *copyRun) flush(ctx context.Context) error {
	if len(c.waiting) == 0 {
		return ctx.Err()
	}
	c.state.Rows += int64(len(c.waiting))
	c.state.After = c.of.writeKey(c.waiting[len(c.waiting)-1])
	err := c.to.Update(ctx, c.add)
	if errors.Is(err, ErrOutcomeUnknown) {
		err = c.to.Update(ctx, c.add) // which does nothing if they arrived
	}
	if err != nil {
		return err
	}
	c.was, c.waiting = c.state, c.waiting[:0]
	c.copying.report(Progress{Doing: "copy", Table: c.of.name, Rows: c.was.Rows})
	return nil
}

var errTwoCopies = errors.New("somebody else copies into this database at the same time: that copy, which began later, goes on, and this one has ended")

// add adds the rows that wait, unless they are there.
func (c *copyRun) add(tx *Tx) error {
	noted, err := tx.exec(`UPDATE migration SET checksum = $2, applied_at = $3 WHERE file = $1 AND step = 0 AND checksum = $4`,
		copyNote, c.state.String(), tx.Millis(), c.was.String())
	if err != nil {
		return err
	}
	if noted == 0 {
		text, _, _, err := tx.note(copyNote)
		if err == nil && text != c.state.String() {
			err = errTwoCopies
		}
		return err
	}
	return tx.c.load(c.of, c.waiting)
}

// rowsOf calls each for every row behind a key, in the order of the keys.
func (tx *Tx) rowsOf(t *table, after []string, each func(values []any) error) error {
	statement := `SELECT ` + t.names() + ` FROM ` + t.name
	args, err := t.readKey(after)
	if err != nil {
		return err
	}
	keys := strings.Join(t.key, ", ")
	if len(args) > 0 {
		statement += ` WHERE (` + keys + `) > (` + binds(1, len(args)) + `)`
	}
	return tx.query(statement+` ORDER BY `+keys, args, func(r row) error { return each(t.read(r)) })
}

// writeKey is the key of a row as texts: numbers in decimal, texts in hexadecimal, since they may be any bytes.
func (t *table) writeKey(values []any) []string {
	texts := make([]string, len(t.key))
	for i, name := range t.key {
		switch value := values[t.index(name)].(type) {
		case int64:
			texts[i] = strconv.FormatInt(value, 10)
		case string:
			texts[i] = hex.EncodeToString([]byte(value))
		}
	}
	return texts
}

// readKey reads what writeKey wrote, as binds; none for no key.
func (t *table) readKey(texts []string) ([]any, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	if len(texts) != len(t.key) {
		return nil, fmt.Errorf("a key of %s has %d columns, not %d", t.name, len(t.key), len(texts))
	}
	args := make([]any, len(texts))
	for i, name := range t.key {
		if t.columns[t.index(name)].number {
			number, err := strconv.ParseInt(texts[i], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("read a key of %s: %w", t.name, err)
			}
			args[i] = number
			continue
		}
		raw, err := hex.DecodeString(texts[i])
		if err != nil {
			return nil, fmt.Errorf("read a key of %s: %w", t.name, err)
		}
		args[i] = string(raw)
	}
	return args, nil
}

// compare holds what arrived against what is there, and returns how many rows that is.
func (p *copyPlan) compare(there, arrived map[string]sum) (rows int64, err error) {
	for _, t := range p.tables {
		if !there[t.name].equal(arrived[t.name]) {
			return rows, fmt.Errorf("table %s has %d rows in the source and %d in the target, and they differ: %w",
				t.name, there[t.name].rows, arrived[t.name].rows, ErrSourceChanged)
		}
		rows += there[t.name].rows
	}
	return rows, nil
}

// sum is the number of rows and the sum of their digests, in whatever order they come: the databases do not agree about that of texts that
// one of them has to write in another way.
type sum struct {
	rows    int64
	digests [4]uint64
	buffer  []byte // kept for the next row
}

func (s sum) equal(other sum) bool { return s.rows == other.rows && s.digests == other.digests }

// add counts a row in.
func (s *sum) add(values []any) {
	s.buffer = s.buffer[:0]
	for _, value := range values {
		switch value := value.(type) {
		case int64:
			s.buffer = binary.LittleEndian.AppendUint64(append(s.buffer, 'n'), uint64(value))
		case string:
			s.buffer = append(binary.LittleEndian.AppendUint64(append(s.buffer, 't'), uint64(len(value))), value...)
		}
	}
	digest := sha256.Sum256(s.buffer)
	for i := range s.digests {
		s.digests[i] += binary.LittleEndian.Uint64(digest[8*i:])
	}
	s.rows++
}

// sums reads all rows of the tables in one snapshot, as they would arrive.
func (s *Store) sums(ctx context.Context, tables []*table, copying Copying) (map[string]sum, error) {
	sums := map[string]sum{}
	err := s.snapshot(ctx, func(tx *Tx) error {
		for _, t := range tables {
			total, change := sum{}, copying.change[t.name]
			err := tx.rowsOf(t, nil, func(values []any) error {
				if change != nil {
					change(&moved{t, values})
				}
				if total.add(values); total.rows%copyBatch == 0 {
					copying.report(Progress{Doing: "compare", Table: t.name, Rows: total.rows})
				}
				return ctx.Err()
			})
			if err != nil {
				return fmt.Errorf("read %s: %w", t.name, err)
			}
			sums[t.name] = total
		}
		return nil
	})
	return sums, err
}
