//go:build linux

package trouble

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/test/prove/bed"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/remote"
)

// jumps are what a clock may do: those of leap seconds and of time servers, those over the end of whatever ends, and those of a machine whose battery is
// empty. The sum stays below a day until the last two, so that sessions from before live on.
var jumps = []time.Duration{
	time.Second, -time.Second, 31 * time.Second, -31 * time.Second, 12 * time.Second, -5 * time.Minute, 2*time.Minute + 10*time.Second, 11 * time.Minute,
	-11 * time.Minute, time.Hour + time.Minute, -2 * time.Hour, 3 * time.Hour, -time.Hour, 8*time.Hour + time.Minute, -9 * time.Hour, 26 * time.Hour, -48 * time.Hour,
}

// clock moves the clock of the servers under load.
var clock = Trouble{
	Name: "clock", What: "the clock jumps forwards and back", Databases: []string{SQLite, PostgreSQL}, Short: true,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (f Figures, err error) {
		const answers = 250 // between two jumps
		for range size.Pick(3, 1) {
			for _, jump := range jumps {
				b.Round++
				if err := b.During(ctx, func(ctx context.Context) error { return b.Answers(ctx, answers) }); err != nil {
					return f, err
				}
				if err := b.Advance(ctx, jump); err != nil {
					return f, err
				}
				b.Say("round %d: the clock moves by %v", b.Round, jump)
				if err := b.Check(ctx); err != nil {
					return f, err
				}
				if err := everybodyIsListed(ctx, b); err != nil {
					return f, err
				}
				f.Rounds++
			}
		}
		return f, nil
	},
}

// everybodyIsListed hires somebody and reads the directory page by page: ids made while the clock was elsewhere must not hide anybody.
func everybodyIsListed(ctx context.Context, b *bed.Bed) error {
	person, err := b.Hire(ctx, fmt.Sprintf("clock-%d", b.Round))
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	const page, most = 7, 10_000 // most bounds the pages: a list that does not end is a finding
	in := remote.Members{"IdentityStoreId": b.Site.IdentityStoreID, "MaxResults": page}
	for range most {
		answer, err := b.Site.Must(ctx, api.ListUsers.Operation, in)
		if err != nil {
			return err
		}
		users, _ := answer.Members()["Users"].([]any)
		for _, user := range users {
			members, _ := user.(map[string]any)
			name, _ := members["UserName"].(string)
			if listed[name] {
				b.Ledger.Report(ledger.Breach{Invariant: ledger.Doubled, Why: "the list of people has " + name + " twice"})
			}
			listed[name] = true
		}
		next := answer.Text("NextToken")
		if next == "" {
			break
		}
		in["NextToken"] = next
	}
	for round := 1; round <= b.Round; round++ {
		if name := fmt.Sprintf("clock-%d", round); !listed[name] {
			b.Ledger.Report(ledger.Breach{Invariant: ledger.Lost, Why: "the list of people lacks " + name + " after " + person.Name})
		}
	}
	return nil
}

// rotation makes new keys beside a server under load.
var rotation = Trouble{
	Name: "key-rotation", What: "sallyport keys rotate beside two servers under load", Databases: []string{SQLite, PostgreSQL}, Short: true, Nodes: 2,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (f Figures, err error) {
		const answers = 150 // between two rotations
		for b.Round = 1; b.Round <= size.Pick(6, 2); b.Round++ {
			err := b.During(ctx, func(ctx context.Context) error {
				for range 2 { // the second while the first is not known to every server yet
					if err := b.Answers(ctx, answers); err != nil {
						return err
					}
					out, err := b.Operate("keys", "rotate")
					if err != nil {
						return err
					}
					if err := b.Ledger.Remark("rotated the keys: " + strings.TrimSpace(out)); err != nil {
						return err
					}
				}
				return b.Answers(ctx, answers)
			})
			if err == nil {
				err = b.Check(ctx)
			}
			if err == nil {
				err = b.Advance(ctx, time.Minute) // tokens are looked at with keys of several ages
			}
			if err != nil {
				return f, err
			}
			f.Rounds++
		}
		return f, nil
	},
}
