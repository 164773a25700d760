package store

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// replica is a copy of the database that only reads, and follows at a distance. What it cannot answer the database does: nobody waits for a
// replica that is gone.
type replica struct {
	options Options
	log     *slog.Logger

	mu     sync.Mutex
	db     *postgresDatabase // nil until it was reached
	rest   time.Time         // until when it is left alone
	closed bool
}

const (
	// replicaPatience bounds the wait for a free connection to the replica.
	replicaPatience = time.Second
	// replicaRest is how long a replica that failed is left alone.
	replicaRest = 10 * time.Second
)

// find is the replica, or nil while it is to be left alone.
func (r *replica) find() *postgresDatabase {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || time.Now().Before(r.rest) {
		return nil
	}
	if r.db == nil {
		db, err := openPostgres(r.options)
		if err != nil {
			r.failed(err)
			return nil
		}
		r.db = db.(*postgresDatabase)
	}
	return r.db
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
	err = db.attempt(waiting, fn, db.views)
	// A conflict is one with the rows that come from the database, which go first.
	if errors.Is(err, errConflict) || errors.Is(err, ErrClosed) {
		return false, nil
	}
	if errors.Is(err, errConnection) || err != nil && waiting.Err() != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.failed(err)
		return false, nil
	}
	return true, err
}

func (r *replica) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.db != nil {
		r.db.close()
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
