//go:build linux

package trouble

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"sallyport/test/prove/bed"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/powercut"
)

// powerCut takes the power away from machines of its own, each with a server, a workload and a ledger like the bed's, which rests meanwhile.
var powerCut = Trouble{
	Name: "power-cut", What: "a kernel killed with its page cache, and its disk with what was not flushed", Databases: []string{SQLite}, Short: true,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (Figures, error) {
		folder := filepath.Join(b.Folder, "machines")
		if err := os.Mkdir(folder, 0o700); err != nil {
			return Figures{}, err
		}
		found, err := powercut.Run(ctx, powercut.Options{Program: b.Binary, Folder: folder, Cuts: size.Pick(24, 2), Seed: b.Seed, Log: b.Say})
		for _, breach := range found.Breaches {
			b.Ledger.Report(breach)
		}
		for _, damage := range found.Damaged {
			b.Ledger.Report(ledger.Breach{Invariant: ledger.Lost, Why: fmt.Sprintf("the database is damaged: %s", damage)})
		}
		return Figures{Rounds: found.Cuts, Acknowledged: found.Acknowledged, More: map[string]float64{
			"loginsChecked": float64(found.Checked), "cutsWhileRecovering": float64(found.Recovering), "cutsWhileStarting": float64(found.Starting),
			"disks": float64(found.Disks), "sectorsKept": float64(found.KeptSectors), "sectorsLost": float64(found.LostSectors),
			"bootMs": float64(found.BootMS), "readyMs": float64(found.ReadyMS), "cutsPerMinute": found.PerMinute,
		}}, err
	},
}
