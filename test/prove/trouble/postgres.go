//go:build linux

package trouble

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sallyport/test/prove/bed"
)

// pair is how many servers there are where the database is in trouble: more than one, since they find out about it each for itself.
const pair = 2

// databaseKill kills all processes of the database at random moments under load.
var databaseKill = Trouble{
	Name: "database-kill", What: "kill -9 of all of PostgreSQL at random moments under load", Databases: []string{PostgreSQL}, Short: true, Nodes: pair,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (Figures, error) {
		return databaseGoes(ctx, b, size.Pick(12, 2), func() error {
			b.Postgres.Kill()
			return b.Postgres.Start()
		}, nil)
	},
}

// databaseRestart restarts the database in order: it ends what is under way, and says so.
var databaseRestart = Trouble{
	Name: "database-restart", What: "PostgreSQL restarts under load", Databases: []string{PostgreSQL}, Short: true, Nodes: pair,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (Figures, error) {
		return databaseGoes(ctx, b, size.Pick(8, 2), func() error {
			b.Postgres.Stop()
			return b.Postgres.Start()
		}, nil)
	},
}

// failOver kills a database that a standby follows step by step, and promotes the standby. Servers have the addresses of both.
var failOver = Trouble{
	Name: "fail-over", What: "the primary PostgreSQL killed under load, its standby promoted", Databases: []string{PostgreSQL}, Short: true, Nodes: pair,
	Bed: func(options *bed.Options) (undo func() error, err error) {
		if options.Standby, err = options.Postgres.SynchronousStandby(0); err != nil {
			return nil, fmt.Errorf("make a standby: %w", err)
		}
		options.Database = fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable&target_session_attrs=read-write",
			options.Postgres.Port, options.Standby.Port)
		return options.Standby.Remove, nil
	},
	Run: func(ctx context.Context, b *bed.Bed, size Size) (Figures, error) {
		return databaseGoes(ctx, b, size.Pick(6, 2), func() error {
			b.Postgres.Kill()
			if err := b.Standby.Promote(); err != nil {
				return err
			}
			return b.Ledger.Remark(fmt.Sprintf("the database at port %d is promoted", b.Standby.Port))
		}, func() error { return follow(b) })
	},
}

// follow makes a standby of the database that was promoted, in place of the one that died.
func follow(b *bed.Bed) (err error) {
	died := b.Postgres
	b.Postgres = b.Standby
	if err := died.Remove(); err != nil {
		return err
	}
	if b.Standby, err = b.Postgres.SynchronousStandby(died.Port); err != nil {
		return fmt.Errorf("make a standby of the one that was promoted: %w", err)
	}
	b.Undo(b.Standby.Remove)
	return nil
}

// databaseGoes has the database go away and come back under load, again and again; ready, if there is one, makes the next time possible.
func databaseGoes(ctx context.Context, b *bed.Bed, rounds int, away, ready func() error) (f Figures, err error) {
	var longest time.Duration
	for b.Round = 1; b.Round <= rounds; b.Round++ {
		const fewest, spread, after = 50, 400, 100 // answers before it goes, and after it is back
		err := b.During(ctx, func(ctx context.Context) error {
			if err := b.Answers(ctx, fewest+b.Random.Int64N(spread)); err != nil {
				return err
			}
			time.Sleep(time.Duration(b.Random.Int64N(int64(5 * time.Millisecond)))) // anywhere between two answers
			err := errors.Join(b.Ledger.Remark("the database goes"), away(), b.Ledger.Remark("the database is back"))
			if err != nil {
				return err
			}
			back := time.Now()
			err = b.Answers(ctx, after)
			longest = max(longest, time.Since(back))
			return err
		})
		if err == nil {
			err = b.Check(ctx)
		}
		if err == nil && ready != nil {
			err = ready()
		}
		if err != nil {
			return f, err
		}
		f.Rounds++
	}
	f.More = map[string]float64{"longestMsToHundredAnswers": float64(longest.Milliseconds())}
	return f, nil
}
