//go:build linux

package trouble

import (
	"context"

	"sallyport/test/prove/bed"
)

// nodeDies kills one of two servers at a random moment while clients, who change between both all the time, go on with the other.
var nodeDies = Trouble{
	Name: "node-dies", What: "kill -9 of one of two servers, clients go on with the other", Databases: []string{SQLite, PostgreSQL}, Short: true, Nodes: 2,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (f Figures, err error) {
		const fewest, spread, alone, again = 20, 300, 150, 50 // answers of both, of the one that is left, and of both again
		for b.Round = 1; b.Round <= size.Pick(20, 4); b.Round++ {
			node := b.Any()
			err := b.During(ctx, func(ctx context.Context) error {
				if err := b.Answers(ctx, fewest+b.Random.Int64N(spread)); err != nil {
					return err
				}
				if err := b.Kill(node); err != nil {
					return err
				}
				if err := b.Answers(ctx, alone); err != nil {
					return err
				}
				if err := b.Start(node); err != nil {
					return err
				}
				return b.Answers(ctx, again)
			})
			if err == nil {
				err = b.Check(ctx)
			}
			if err != nil {
				return f, err
			}
			f.Rounds++
		}
		return f, nil
	},
}
