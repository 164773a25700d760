package store

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func decisionsOf(moment time.Time, n int) (decisions []KeptDecision) {
	for i := range n {
		decisions = append(decisions, KeptDecision{
			RequestID: fmt.Sprintf("request-%04d", i), Operation: "CreateTokenWithIAM", Principal: "arn:aws:iam::111122223333:user/app",
			Exception: "InvalidGrantException", Message: "message", Cause: "cause", Trace: "{}", CreatedAt: moment.UnixMilli() + int64(i),
		})
	}
	return decisions
}

func latest(t *testing.T, s *Store, since int64) []KeptDecision {
	t.Helper()
	return view(t, s, func(tx *Tx) ([]KeptDecision, error) { return tx.LatestDecisions(since, 1000) })
}

func TestAnyNumberOfDecisionsIsKept(t *testing.T) {
	moment := time.UnixMilli(1_790_000_000_000)
	for _, n := range []int{0, 1, 7, 8, 9, 64, 65, 137} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s, _ := open(t)
			added := decisionsOf(moment, n)
			update(t, s, func(tx *Tx) error { return tx.AddDecisions(added) })
			got := latest(t, s, 0)
			slices.Reverse(got)
			if !slices.Equal(got, added) {
				t.Errorf("got %d decisions, want the %d that were added, youngest first", len(got), n)
			}
		})
	}
}

func TestTheFirstDecisionAboutARequestStays(t *testing.T) {
	s, _ := open(t)
	first := decisionsOf(time.UnixMilli(1000), 1)[0]
	second := first
	second.Message = "another"
	update(t, s, func(tx *Tx) error { return tx.AddDecisions([]KeptDecision{first, second}) })
	update(t, s, func(tx *Tx) error { return tx.AddDecisions([]KeptDecision{second}) })
	if got := latest(t, s, 0); len(got) != 1 || got[0] != first {
		t.Errorf("got %+v, want the first", got)
	}
}

func TestADecisionIsFoundUntilItIsTooOld(t *testing.T) {
	s, _ := open(t)
	added := decisionsOf(time.UnixMilli(1000), 1)
	update(t, s, func(tx *Tx) error { return tx.AddDecisions(added) })
	for _, c := range []struct {
		name      string
		requestID string
		since     int64
		found     bool
	}{
		{"as old as may be", added[0].RequestID, 1000, true},
		{"older", added[0].RequestID, 1001, false},
		{"of another request", "request", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.View(t.Context(), func(tx *Tx) error {
				d, found, err := tx.KeptDecision(c.requestID, c.since)
				if err != nil || found != c.found || found && d != added[0] {
					t.Errorf("found %v %+v, %v", found, d, err)
				}
				return err
			})
			if c.requestID == added[0].RequestID && len(latest(t, s, c.since)) == 1 != c.found {
				t.Error("the list shows otherwise")
			}
		})
	}
}

func TestPruningKeepsTheYoungest(t *testing.T) {
	moment := time.UnixMilli(1_790_000_000_000)
	for _, c := range []struct {
		name            string
		since           int64 // after moment
		youngest, limit int
		want            int
	}{
		{"nothing is too old or too many", 0, 20, 100, 20},
		{"what is too old goes", 5, 20, 100, 15},
		{"what is too many goes", 0, 12, 100, 12},
		{"both go", 5, 12, 100, 12},
		{"no more than the limit goes at once", 0, 12, 3, 17},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := open(t)
			added := decisionsOf(moment, 20)
			update(t, s, func(tx *Tx) error { return tx.AddDecisions(added) })
			update(t, s, func(tx *Tx) error { return tx.PruneDecisions(moment.UnixMilli()+c.since, c.youngest, c.limit) })
			got := latest(t, s, 0)
			if len(got) != c.want || got[0] != added[len(added)-1] {
				t.Errorf("%d are left, want the youngest %d", len(got), c.want)
			}
		})
	}
}
