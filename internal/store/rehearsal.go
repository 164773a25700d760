package store

import (
	"context"
	"errors"
)

// rehearsed runs every function once for nothing before it counts. PostgreSQL runs a function again after a conflict or a lost connection,
// which tests alone do not meet often enough to find what a function keeps from its first run.
type rehearsed struct{ database }

var errRehearsed = errors.New("store: this was the rehearsal")

func rehearsal(fn func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error {
		fn(tx)
		return errRehearsed
	}
}

func (r rehearsed) update(ctx context.Context, fn func(*Tx) error) error {
	if err := r.database.update(ctx, rehearsal(fn)); !errors.Is(err, errRehearsed) {
		return err
	}
	return r.database.update(ctx, fn)
}

func (r rehearsed) presume(ctx context.Context, fn func(*Tx) error) error {
	if err := r.database.presume(ctx, rehearsal(fn)); !errors.Is(err, errRehearsed) {
		return err
	}
	return r.database.presume(ctx, fn)
}

func (r rehearsed) view(ctx context.Context, fn func(*Tx) error) error {
	if err := r.database.view(ctx, rehearsal(fn)); !errors.Is(err, errRehearsed) {
		return err
	}
	return r.database.view(ctx, fn)
}

func (r rehearsed) look(ctx context.Context, fn func(*Tx) error) error {
	if err := r.database.look(ctx, rehearsal(fn)); !errors.Is(err, errRehearsed) {
		return err
	}
	return r.database.look(ctx, fn)
}
