package store

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// replica is a copy of the database that only reads, and follows at a distance. What it cannot answer the database does: nobody waits for a
// replica that is gone.
type replica struct {
	options Options
	log     *slog.Logger

	mu      sync.Mutex
	db      *postgresDatabase // nil until it was reached
	opening *opening          // nil unless somebody opens it
	rest    time.Time         // until when it is left alone
	closed  bool
}

// opening is an attempt to reach the replica for the first time.
type opening struct {
	patience context.Context // of those who wait for it
	done     chan struct{}   // closed when it has ended
	stop     func()
}

const (
	// replicaPatience bounds the wait for a connection to the replica, the first one included.
	replicaPatience = time.Second
	// replicaDeadline bounds a transaction there: the database has to answer in its place afterwards.
	replicaDeadline = 3 * time.Second
	// replicaRest is how long a replica that failed is left alone.
	replicaRest = 10 * time.Second
)

// find is the replica, or nil while it is to be left alone or cannot be reached soon.
func (r *replica) find() *postgresDatabase {
	r.mu.Lock()
	if r.db != nil || r.closed || time.Now().Before(r.rest) {
		defer r.mu.Unlock()
		return r.ready()
	}
	if r.opening == nil {
		r.open()
	}
	now := r.opening
	r.mu.Unlock()
	select { // all who come while it is opened wait for the same moment, and nobody holds the lock meanwhile
	case <-now.done:
	case <-now.patience.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ready()
}

// ready is the replica if it may be asked now. The caller holds the lock.
func (r *replica) ready() *postgresDatabase {
	if r.closed || time.Now().Before(r.rest) {
		return nil
	}
	return r.db
}

// open begins to reach the replica. The caller holds the lock.
func (r *replica) open() {
	patience, cancel := context.WithTimeout(context.Background(), replicaPatience)
	reaching, stop := context.WithCancel(context.Background())
	o := &opening{patience: patience, done: make(chan struct{}), stop: stop}
	r.opening = o
	go func() {
		defer close(o.done)
		defer cancel()
		defer stop()
		db, err := newPostgres(r.options)
		if err == nil {
			if err = db.check(reaching); err != nil {
				db.close()
			}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.opening = nil
		switch {
		case r.closed:
			if err == nil {
				db.close()
			}
		case err != nil:
			r.failed(err)
		default:
			r.db = db
		}
	}()
}

// failed leaves the replica alone for a while. The caller holds the lock.
func (r *replica) failed(err error) {
	r.rest = time.Now().Add(replicaRest)
	r.log.Warn("the replica of the database does not answer; the database does", "error", err)
}

// view runs fn on a snapshot of the replica and reports whether it could.
func (r *replica) view(ctx context.Context, fn func(*Tx) error) (answered bool, err error) {
	db := r.find()
	if db == nil {
		return false, nil
	}
	waiting, cancel := context.WithTimeout(ctx, replicaPatience)
	defer cancel()
	way := db.views
	way.within = replicaDeadline
	err = db.attempt(waiting, fn, way)
	if err != nil && ctx.Err() != nil {
		return true, err // the caller left, which says nothing of the replica
	}
	// A conflict is one with the rows that come from the database, which go first.
	if errors.Is(err, errConflict) || errors.Is(err, ErrClosed) {
		return false, nil
	}
	if errors.Is(err, errConnection) || errors.Is(err, errBusy) || err != nil && waiting.Err() != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.failed(err)
		return false, nil
	}
	if answer := new(pgconn.PgError); errors.As(err, &answer) { // it may lack a table still that the database has
		return false, nil
	}
	return true, err
}

func (r *replica) close() {
	r.mu.Lock()
	r.closed = true
	now, db := r.opening, r.db
	r.mu.Unlock()
	if now != nil {
		now.stop()
		<-now.done
	}
	if db != nil {
		db.close()
	}
}

// ViewStale is View for answers that may be some seconds old, such as lists: on the replica where there is one. Nothing that decides whether
// somebody may do something is asked so.
func (s *Store) ViewStale(ctx context.Context, fn func(*Tx) error) error {
	if s.replica != nil {
		if answered, err := s.replica.view(ctx, fn); answered {
			return err
		}
	}
	return s.View(ctx, fn)
}
