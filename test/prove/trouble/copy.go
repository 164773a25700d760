//go:build linux

package trouble

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sallyport/test/harness"
	"sallyport/test/prove/bed"
)

// move copies what servers have on SQLite to PostgreSQL, and goes on there with everything that was begun.
var move = Trouble{
	Name: "copy", What: "sallyport copy from SQLite to PostgreSQL, killed and resumed", Databases: []string{PostgreSQL}, Short: true,
	Bed: func(options *bed.Options) (undo func() error, err error) {
		options.Database = "" // to begin with
		return func() error { return nil }, nil
	},
	Run: func(ctx context.Context, b *bed.Bed, size Size) (f Figures, err error) {
		answers := int64(size.Pick(6000, 1000))
		if err := b.During(ctx, func(ctx context.Context) error { return b.Answers(ctx, answers) }); err != nil {
			return f, err
		}
		if err := b.StopAll(); err != nil {
			return f, err
		}
		database := b.Postgres.URL()
		if f.Rounds, err = copyKilled(b, "copy", "--from", "sqlite:"+b.Data, "--to", database); err != nil {
			return f, err
		}
		f.More = map[string]float64{"killed": float64(f.Rounds)}
		if err := b.StartOn(b.Data, database); err != nil {
			return f, err
		}
		if err := b.Verify(); err != nil {
			return f, err
		}
		if err := b.Check(ctx); err != nil {
			return f, err
		}
		return f, b.During(ctx, func(ctx context.Context) error { return b.Answers(ctx, answers/4) })
	},
}

// whole is what a copy, or a restore, says when the one that was killed had done everything but say so.
const whole = "the target is not empty"

// copyKilled kills a copy after more and more of its progress, until one comes to its end, and returns how many were killed.
func copyKilled(b *bed.Bed, words ...string) (killed int, err error) {
	const most = 200 // above the number of lines that a copy tells
	for lines := 0; lines < most; lines += 1 + b.Random.IntN(6) {
		dead, err := harness.OperateUntil(b.Binary, lines, time.Duration(b.Random.Int64N(int64(20*time.Millisecond))), words...)
		switch {
		case dead:
			killed++
		case err == nil, killed > 0 && strings.Contains(err.Error(), whole):
			return killed, b.Ledger.Remark(fmt.Sprintf("the copy is whole, after %d that were killed", killed))
		default:
			return killed, err
		}
	}
	return killed, fmt.Errorf("a copy does not end that told of its progress %d times", most)
}
