//go:build clients && linux

package powercut

import (
	"encoding/json"
	"flag"
	"testing"
	"time"

	"sallyport/test/harness"
)

var (
	cuts = flag.Int("cuts", 2, "how many times the power is cut")
	seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of all choices")
)

func TestNothingAcknowledgedIsLostInAPowerCut(t *testing.T) {
	figures, err := Run(t.Context(), Options{Program: harness.Binary(t), Folder: t.TempDir(), Cuts: *cuts, Seed: *seed, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(figures)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", text)
	if figures.KeptSectors+figures.LostSectors == 0 {
		t.Error("whenever the power was cut, the disk had nothing to lose")
	}
	if len(figures.Breaches) > 0 {
		t.Errorf("%d promises were broken", len(figures.Breaches))
	}
	for _, damage := range figures.Damaged {
		t.Errorf("the database is damaged: %s", damage)
	}
}
