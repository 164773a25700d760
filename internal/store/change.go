package store

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sallyport/internal/sys"
)

// Nodes over one database remember what it answered (recall.go), so each has to hear what the others change. A transaction that changes
// what a remembered answer may rest on adds a row to the table change, which the others look at (postgres_watch.go). Rows of their own do
// not meet, where a counter would make a conflict of every two writers.
//
// Whether a statement is such a change is told from its text, once: nobody has to remember to say so. Every statement that writes is one,
// unless its table or itself is listed here.

// quietTables have rows that no remembered answer rests on: they are read in the transactions that decide, and Recall keeps none of them.
var quietTables = map[string]bool{
	"assertion_replay": true, "attempt": true, "audit_event": true, "authorization_code": true, "change": true, "client_token": true,
	"consent": true, "decision": true, "device_authorization": true, "migration": true, "node": true, "operation_status": true,
	"sqlite_master": true,
}

// growingTables are quiet when a row is added, which takes nothing from anybody: no answer without the row was kept.
var growingTables = map[string]bool{
	"directory_group": true, "directory_user": true, "group_external_id": true, "session": true, "sign_in": true,
	"user_email": true, "user_external_id": true, "user_password": true,
}

// quietStatements end nothing before its time, although they change rows that others end.
var quietStatements = sync.OnceValue(func() map[string]bool {
	quiet := map[string]bool{rotateSession: true}
	for _, sweep := range sweeps { // rows past their end, which every reader compares with the clock
		quiet[sweep.statement] = true
	}
	return quiet
})

var (
	writes = sys.Pattern(`^\(?(?:INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)`)
	reads  = sys.Pattern(`\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)`)
)

// changes returns the table whose change the statement is, or nothing when the statement is quiet.
func changes(sql string) (table string, loud bool) {
	found := writes().FindStringSubmatch(sql)
	if found == nil {
		return "", false
	}
	table = found[1]
	quiet := quietTables[table] || quietStatements()[sql] ||
		growingTables[table] && strings.HasPrefix(sql, "INSERT") && !strings.Contains(sql, "DO UPDATE")
	return table, !quiet
}

// tablesIn returns the tables that a statement names, in order.
func tablesIn(sql string) []string {
	var tables []string
	for _, found := range reads().FindAllStringSubmatch(sql, -1) {
		if table := found[1]; !slices.Contains(tables, table) {
			tables = append(tables, table)
		}
	}
	slices.Sort(tables)
	return tables
}

// blindAfter is for how long a node may rely on its last look at the changes. Less than the second within which what was taken away is
// refused everywhere; more than a few looks.
const blindAfter = 900 * time.Millisecond

// hearing is what a node has heard of changes: a number for each table that moves with every change, and the moment up to which nothing was
// missed. The zero value has heard of nothing, and relies on nothing.
type hearing struct {
	upTo  atomic.Pointer[time.Time] // when the last look began
	all   atomic.Uint64             // moves when anything may have changed
	moved sync.Map                  // table to *atomic.Uint64

	statements sync.Map // text to *statement
	named      atomic.Uint64

	mu        sync.Mutex
	listeners map[string][]chan struct{} // by table
}

// statement is what is known of a statement from its text.
type statement struct {
	name  string           // short, and of no other statement
	table string           // that it changes, if it is loud
	reads []*atomic.Uint64 // of the tables that it reads; nil when its answer is not to be kept

	addsUnseen bool // it adds a row to one of unseenTables, and does nothing else
	asksUnseen bool // it asks for rows of one
}

func (h *hearing) statement(sql string) *statement {
	if known, ok := h.statements.Load(sql); ok {
		return known.(*statement)
	}
	s := &statement{name: strconv.FormatUint(h.named.Add(1), 36)}
	if table, loud := changes(sql); loud {
		s.table = table
	}
	if table, _, adds := rowInsert(sql); adds {
		s.addsUnseen = unseenTables[table]
	}
	for _, table := range tablesIn(sql) {
		s.asksUnseen = s.asksUnseen || unseenTables[table]
		if quietTables[table] {
			s.reads = nil
			break
		}
		s.reads = append(s.reads, h.counter(table))
	}
	known, _ := h.statements.LoadOrStore(sql, s)
	return known.(*statement)
}

func (h *hearing) counter(table string) *atomic.Uint64 {
	if counter, ok := h.moved.Load(table); ok {
		return counter.(*atomic.Uint64)
	}
	counter, _ := h.moved.LoadOrStore(table, new(atomic.Uint64))
	return counter.(*atomic.Uint64)
}

// version numbers the state of what a statement reads now: every number only grows, so equal sums are equal states. It is not known where a
// change may have been missed.
func (h *hearing) version(s *statement, now time.Time) (version uint64, known bool) {
	upTo := h.upTo.Load()
	if upTo == nil || s.reads == nil {
		return 0, false
	}
	// By both clocks of the machine: the one stands still while the machine is suspended, the other may be set.
	steady, wall := now.Sub(*upTo), now.Round(0).Sub(upTo.Round(0))
	if steady > blindAfter || wall > blindAfter || wall < -blindAfter {
		return 0, false
	}
	version = h.all.Load()
	for _, counter := range s.reads {
		version += counter.Load()
	}
	return version, true
}

// heard is called with the tables of a change, however it became known.
func (h *hearing) heard(tables ...string) {
	for _, table := range tables {
		h.counter(table).Add(1)
		h.tell(table)
	}
}

// missed is called when changes may have been missed.
func (h *hearing) missed() {
	h.all.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, all := range h.listeners {
		signalAll(all)
	}
}

// nothingMissedSince is called after everything that was changed before the moment has been heard.
func (h *hearing) nothingMissedSince(moment time.Time) { h.upTo.Store(&moment) }

// listen returns a channel that gets a value after changes of the table.
func (h *hearing) listen(table string) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners == nil {
		h.listeners = map[string][]chan struct{}{}
	}
	listener := make(chan struct{}, 1)
	h.listeners[table] = append(h.listeners[table], listener)
	return listener
}

func (h *hearing) tell(table string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	signalAll(h.listeners[table])
}

func signalAll(listeners []chan struct{}) {
	for _, listener := range listeners {
		signal(listener)
	}
}

// signal sends without waiting: one value that nobody has taken yet says as much as two.
func signal(listener chan struct{}) {
	select {
	case listener <- struct{}{}:
	default:
	}
}
