package bed

import (
	"fmt"
	"path/filepath"
	"strings"

	"sallyport/test/prove/ledger"
	"sallyport/test/prove/workload"
)

// This file is what a bed does with its database as a whole.

// Verify has `sallyport verify` look at every row, and reports each line that says something is wrong.
func (b *Bed) Verify() error {
	out, err := b.Operate("verify")
	if err == nil {
		return nil
	}
	wrong := wrongLines(out)
	if len(wrong) == 0 {
		return err
	}
	for _, line := range wrong {
		b.Ledger.Report(ledger.Breach{Invariant: ledger.Wrong, Why: line})
	}
	return nil
}

// wrongLines are what verify says is wrong: the name of each check, with the rows that it shows under it.
func wrongLines(out string) (wrong []string) {
	under := false
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "wrong "):
			wrong, under = append(wrong, strings.TrimSpace(strings.TrimPrefix(line, "wrong "))), true
		case under && strings.HasPrefix(line, "        "):
			wrong[len(wrong)-1] += "; " + strings.TrimSpace(line)
		default:
			under = false
		}
	}
	return wrong
}

// Anew begins another ledger, of what is acknowledged from now on, and returns the one before. Breaches that were found stay found, and secrets
// of both are looked for in logs. Nobody may be at work meanwhile.
func (b *Bed) Anew() (before *ledger.Ledger, err error) {
	folder := filepath.Join(b.Folder, fmt.Sprintf("ledger-%d", len(b.past)+2))
	after, err := ledger.Create(folder, ledger.Options{Terms: b.Terms})
	if err != nil {
		return nil, err
	}
	before = b.Ledger
	for _, breach := range before.Breaches() {
		after.Report(breach)
	}
	b.past = append(b.past, before)
	b.Ledger, b.since = after, 0
	b.Work = workload.New(b.Clerk, b.Workers, b.Seed+uint64(len(b.past)))
	b.Work.Prefix = fmt.Sprintf("anew%d-", len(b.past))
	return before, after.SetClock(b.offset)
}
