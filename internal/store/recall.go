package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Recall runs fn on what the database holds, or held less than a second ago: where the node is sure to have heard of every change since, it
// answers statements from memory. Each statement is answered by itself, without a snapshot around them. It writes nothing.
//
// It is for what every request asks: whether a session stands, what a person or a signer may do. What is ended is refused within a second on
// every node. What was given may take as long to be seen on another. Generation, RotatedAt and KeyID of a session may be older than that, and
// whoever spends, counts or decides for good asks in Update. Moments are for the caller to compare: a remembered row does not know that it
// has expired meanwhile.
//
// On SQLite a read costs less than remembering would, and other processes write: there nothing is remembered.
func (s *Store) Recall(ctx context.Context, fn func(*Tx) error) error {
	return reached(s.recall(ctx, fn))
}

const (
	// memoryBytes bounds what is remembered, in two generations: about 10,000 people with all that their requests ask. What is proven to the
	// database (UpdateFromMemory) takes about as much again, which is not counted.
	memoryBytes = 16 << 20
	// rememberedFor bounds how long an answer is, whatever was heard: until then lasts what nobody told of, such as a row that an operator
	// changed by hand, or a change that became visible long after it was made (a standby that had to confirm it was away, or the clock of the
	// database was set).
	rememberedFor = time.Minute
	// answerOverhead is what an answer takes besides its texts, about.
	answerOverhead = 200
)

// memory keeps answers of the database, by statement and binds. It is safe for use by many goroutines.
type memory struct {
	mu         sync.Mutex
	young, old map[string]*remembered
	bytes      int // of young
}

// remembered is an answer, with the version of its tables and the moment before it was asked for.
type remembered struct {
	answer
	version uint64
	asked   time.Time

	proof   atomic.Pointer[proof] // once it is needed
	doubted atomic.Bool           // a proof of it may have failed
}

// answer is the rows that a question was answered with.
type answer struct {
	rows  [][]string
	bytes int // about
}

func (m *memory) find(key string, version uint64, now time.Time) *remembered {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, young := m.young[key]
	if !young {
		if found = m.old[key]; found == nil {
			return nil
		}
	}
	if found.doubted.Load() || found.version != version || now.Sub(found.asked) > rememberedFor {
		return nil
	}
	if !young {
		m.add(key, found)
	}
	return found
}

func (m *memory) keep(key string, answer *remembered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(key, answer)
}

// add puts an answer among the young. When those are half of what may be, they become the old, and the old are forgotten.
func (m *memory) add(key string, answer *remembered) {
	size := answerOverhead + len(key) + answer.bytes
	if m.young == nil || m.bytes+size > memoryBytes/2 {
		m.young, m.old, m.bytes = map[string]*remembered{}, m.young, 0
	}
	if size > memoryBytes/2 {
		return
	}
	m.young[key] = answer
	m.bytes += size
}

// recollection answers statements from memory, or asks the database and remembers.
type recollection struct {
	ctx     context.Context
	memory  *memory
	hearing *hearing
	look    func(context.Context, func(*Tx) error) error
}

var errWrites = errors.New("store: Recall writes nothing: use Update")

func (r *recollection) exec(string, []any) (int, error) { return 0, errWrites }

func (r *recollection) later(string, []any, int) error { return errWrites }

func (r *recollection) load(*table, [][]any) error { return errWrites }

func (r *recollection) query(sql string, args []any, scan func(row) error) error {
	found, err := r.ask(sql, args)
	if err != nil {
		return err
	}
	return found.replay(scan)
}

func (r *recollection) ask(sql string, args []any) (*remembered, error) {
	if !strings.HasPrefix(sql, "SELECT") {
		return nil, errWrites
	}
	statement := r.hearing.statement(sql)
	key := answerKey(statement.name, args)
	now := time.Now()
	version, known := r.hearing.version(statement, now)
	if known {
		if found := r.memory.find(key, version, now); found != nil {
			return found, nil
		}
	}
	found := &remembered{version: version, asked: now}
	err := r.look(r.ctx, func(tx *Tx) error {
		found.answer = answer{}
		return tx.query(sql, args, func(current row) error {
			found.add(current)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if known && len(found.rows) > 0 { // what is not there yet may be there soon, and adding it is no change
		r.memory.keep(key, found)
	}
	return found, nil
}

func (a *answer) add(current row) {
	columns := make([]string, len(current.postgres))
	for i := range columns {
		columns[i] = current.text(i)
		a.bytes += len(columns[i]) + 16 // the string's header
	}
	a.rows = append(a.rows, columns)
}

func (a *answer) replay(scan func(row) error) error {
	for _, columns := range a.rows {
		if err := scan(row{memory: columns}); err != nil {
			return err
		}
	}
	return nil
}

// longestNumber is room for a number, with a mark before and behind it.
const longestNumber = 22

// answerKey tells statements with their binds apart. Texts are preceded by their length, so that no two lists of them read alike.
func answerKey(statement string, args []any) string {
	size := len(statement)
	for _, arg := range args {
		text, _ := arg.(string)
		size += len(text) + longestNumber
	}
	var key strings.Builder
	key.Grow(size)
	key.WriteString(statement)
	for _, arg := range args {
		key.WriteByte(0)
		switch value := arg.(type) {
		case string:
			key.WriteString(strconv.Itoa(len(value)))
			key.WriteByte(':')
			key.WriteString(value)
		case int64:
			key.WriteString(strconv.FormatInt(value, 10))
		case int:
			key.WriteString(strconv.Itoa(value))
		}
	}
	return key.String()
}
