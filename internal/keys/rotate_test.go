package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

var ctx = context.Background()

// quarter is a table of lives whose longest is a quarter of a year.
var quarter = []Life{{What: "registrations", Longest: 90 * 24 * time.Hour}, {What: "tickets", Longest: time.Minute}}

func list(t *testing.T, ring *Ring) []Key {
	t.Helper()
	listed, err := ring.List(ctx, quarter)
	if err != nil {
		t.Fatal(err)
	}
	return listed
}

// nodes are rings on one database, each with a clock of its own that is off by so much.
func nodes(t *testing.T, off ...time.Duration) (rings []*Ring, clocks []*sys.Clock) {
	t.Helper()
	dir := t.TempDir()
	for _, by := range off {
		clock := &sys.Clock{}
		clock.Advance(by)
		s, err := store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		ring, err := Open(ctx, s, RootKey{}, "i")
		if err != nil {
			t.Fatal(err)
		}
		rings, clocks = append(rings, ring), append(clocks, clock)
	}
	return rings, clocks
}

func verifies(t *testing.T, ring *Ring, token string) bool {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	_, err = jws.Verify(set)
	return err == nil
}

// Two nodes whose clocks differ by a second go through seven rotations by schedule. Whatever one makes, the other opens and verifies,
// also with a JWKS as a relying party has it that fetches once an hour.
func TestRotationsByScheduleHaveNoGapOnAnyNode(t *testing.T) {
	rings, clocks := nodes(t, 0, time.Second)
	type made struct {
		text, token string
		at          time.Time
	}
	var all []made
	cached, cachedAt := rings[0].JWKS(), clocks[0].Now()
	rotations, retirements := 0, 0
	used := map[string]bool{}
	const step = 30 * time.Minute
	end := clocks[0].Now().Add(215 * 24 * time.Hour)
	for clocks[0].Now().Before(end) {
		for i, ring := range rings {
			if err := ring.Reload(ctx); err != nil {
				t.Fatal(err)
			}
			_, rotated, err := ring.RotateIfDue(ctx, 30*24*time.Hour, Publication{ActivateIn: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			if rotated {
				rotations++
			}
			for _, id := range ring.Due(quarter) {
				_, err := ring.Retire(ctx, Retirement{KeyID: id, Lives: quarter})
				if err != nil && !errors.Is(err, ErrNoSuchKey) {
					t.Fatal(err)
				}
				if err == nil {
					retirements++
				}
			}
			used[ring.CurrentKeyID()] = true
			token, ok := ring.SignJWT(ring.CurrentKeyID(), []byte(`{}`))
			if !ok {
				t.Fatal("not signed")
			}
			m := made{ring.Seal("p", []byte("m")), token, clocks[i].Now()}
			other := rings[1-i]
			if _, err := other.Open("p", m.text); err != nil {
				t.Fatalf("the other node does not open what was just sealed: %v", err)
			}
			if !verifies(t, other, m.token) {
				t.Fatal("the other node's JWKS does not verify what was just signed")
			}
			if !strings.Contains(string(cached), `"`+ring.CurrentKeyID()+`"`) {
				t.Fatalf("a JWKS of %s does not have the key in use at %s", cachedAt, clocks[i].Now())
			}
			if len(all) == 0 || m.text != all[len(all)-1].text {
				all = append(all, m)
			}
		}
		if now := clocks[0].Now(); now.Sub(cachedAt) >= time.Hour {
			cached, cachedAt = rings[0].JWKS(), now
		}
		// The clock leaps where nothing happens, and walks around the moments of rotation.
		leap := step
		s, now := rings[0].state.Load(), clocks[0].Now()
		active := moment(s.ordered[len(s.ordered)-1].activatesAt)
		switch due := active.Add(30*24*time.Hour - time.Hour); {
		case now.Before(active.Add(step)):
		case now.Add(26 * time.Hour).Before(due):
			leap = 24 * time.Hour
		case now.Add(2 * time.Hour).Before(due):
			leap = time.Hour
		}
		for _, clock := range clocks {
			clock.Advance(leap)
		}
		for _, m := range all {
			if clocks[0].Now().Sub(m.at) > 24*time.Hour*59 { // it was the current one for 30 days more at most, and is kept for 90
				continue
			}
			if _, err := rings[0].Open("p", m.text); err != nil {
				t.Fatalf("what was sealed at %s does not open at %s", m.at, clocks[0].Now())
			}
		}
	}
	if rotations != 7 {
		t.Errorf("%d keys were made in 215 days, want one every 30: 7", rotations)
	}
	if len(used) != 8 || retirements != 4 {
		t.Errorf("%d keys were used and %d retired, want 8, and 4 whose last day was 90 days ago", len(used), retirements)
	}
}

func TestAKeyIsPublishedBeforeItIsUsed(t *testing.T) {
	rings, clocks := nodes(t, 0, 0)
	before := rings[0].CurrentKeyID()
	key, err := rings[0].Publish(ctx, Publication{ActivateIn: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	rings[1].Reload(ctx)
	for i, ring := range rings {
		if got := ring.CurrentKeyID(); got != before {
			t.Errorf("node %d uses %s before its moment", i, got)
		}
		if !strings.Contains(string(ring.JWKS()), `"`+key.KeyID+`"`) {
			t.Errorf("node %d does not publish the key", i)
		}
	}
	clocks[0].Advance(time.Hour)
	if got := rings[0].CurrentKeyID(); got != key.KeyID {
		t.Errorf("%s is in use after the moment, want %s", got, key.KeyID)
	}
	// The clock of the other node has not come so far. It opens, and goes on with the key that a session names.
	text := rings[0].Seal("p", []byte("m"))
	if _, err := rings[1].Open("p", text); err != nil {
		t.Errorf("a text of a key that is not active here: %v", err)
	}
	if again, ok := rings[1].SealUnder(key.KeyID, "p", []byte("m")); !ok || again != text {
		t.Errorf("sealed under it: %q, want the same bytes", again)
	}
	if got := rings[1].CurrentKeyID(); got != before {
		t.Errorf("the other node uses %s early", got)
	}
}

func TestAKeyForAnEmergencyComesBeforeOneThatIsPublished(t *testing.T) {
	rings, clocks := nodes(t, 0)
	if _, err := rings[0].Publish(ctx, Publication{ActivateIn: time.Hour}); err != nil {
		t.Fatal(err)
	}
	now, err := rings[0].Rotate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, later := range []time.Duration{0, 2 * time.Hour} {
		clocks[0].Advance(later)
		if got := rings[0].CurrentKeyID(); got != now {
			t.Errorf("%s later %s is in use, want %s", later, got, now)
		}
	}
}

// recorded counts the rows of the audit. What a function saw in a transaction may have been undone.
func recorded(t *testing.T, ring *Ring) int64 {
	t.Helper()
	rows, _, err := ring.store.Counts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return rows["audit_event"]
}

func TestOfManyNodesThatFindARotationDueOneRotates(t *testing.T) {
	rings, clocks := nodes(t, 0, time.Millisecond, -time.Millisecond, 3*time.Second)
	for _, clock := range clocks {
		clock.Advance(100 * 24 * time.Hour)
	}
	for round := range 3 {
		var done sync.WaitGroup
		var rotated [4]int
		for i, ring := range rings {
			done.Go(func() {
				_, added, err := ring.RotateIfDue(ctx, 90*24*time.Hour, Publication{ActivateIn: time.Hour, Record: func(tx *store.Tx, key Published) error {
					return tx.AddAuditEvent(store.AuditEvent{Name: "KeyRotated", Detail: key.KeyID})
				}})
				if err != nil {
					t.Error(err)
				}
				if added {
					rotated[i]++
				}
			})
		}
		done.Wait()
		want := 0
		if round == 0 {
			want = 1
		}
		if sum := rotated[0] + rotated[1] + rotated[2] + rotated[3]; sum != want {
			t.Errorf("round %d: %d nodes rotated, want %d", round, sum, want)
		}
	}
	if n := recorded(t, rings[0]); n != 1 {
		t.Errorf("%d rotations are recorded, want 1", n)
	}
	if n := len(rows(t, rings[0], purposeEpoch)); n != 2 {
		t.Errorf("%d keys, want 2", n)
	}
}

// The newest key whose moment has come is in use, and keys of the store and of the ring agree on it.
func TestTheActiveKeyIsTheNewestWhoseMomentHasCome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s state
		var rows []store.SealingKey
		n := rapid.IntRange(1, 6).Draw(t, "keys")
		for i := range n {
			at := rapid.Int64Range(1, 20).Draw(t, "activates")
			s.ordered = append(s.ordered, member{&epoch{id: fmt.Sprint(i)}, int64(i), at})
			rows = append(rows, store.SealingKey{KeyID: fmt.Sprint(i), CreatedAt: int64(i), ActivatesAt: at})
		}
		now := time.UnixMilli(rapid.Int64Range(0, 21).Draw(t, "now"))
		want, earliest := -1, 0
		for i, m := range s.ordered {
			if m.activatesAt <= now.UnixMilli() {
				want = i
			}
			if m.activatesAt < s.ordered[earliest].activatesAt || m.activatesAt == s.ordered[earliest].activatesAt && want < 0 && i < earliest {
				earliest = i
			}
		}
		got := s.active(now).id
		if want >= 0 && got != fmt.Sprint(want) {
			t.Fatalf("%s is active, want %d", got, want)
		}
		if want < 0 && s.ordered[slices.IndexFunc(s.ordered, func(m member) bool { return m.id == got })].activatesAt != s.ordered[earliest].activatesAt {
			t.Fatalf("%s is active, want the one that comes first", got)
		}
		if i := activeOf(rows, now); rows[i].KeyID != got {
			t.Fatalf("the rows say %s, the ring %s", rows[i].KeyID, got)
		}
	})
}

func addSession(t *testing.T, ring *Ring, id, keyID string, life time.Duration) {
	t.Helper()
	err := ring.store.Update(ctx, func(tx *store.Tx) error {
		return tx.AddSession(store.Session{SessionID: id, UserID: "u", KeyID: keyID, CreatedAt: tx.Millis(), EndsAt: tx.Now.Add(life).UnixMilli()})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAKeyIsRetiredOnlyWhenNothingNeedsIt(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name    string
		later   time.Duration // after it was replaced
		session time.Duration // life of one that hangs on it, 0 for none
		key     string        // "" for the replaced one
		force   bool
		want    error
		says    []string
	}{
		{name: "one whose registrations stand", later: 89 * day, want: &StillNeeded{}, says: []string{"registrations until", "--force"}},
		{name: "one whose registrations have just expired, by a clock that may be wrong", later: 90*day + time.Minute, want: &StillNeeded{}},
		{name: "one that nothing needs", later: 90*day + 2*time.Hour},
		{name: "one with a session that lives on", later: 91 * day, session: 100 * day, want: &StillNeeded{}, says: []string{"1 session until"}},
		{name: "one with a session, by force", later: day, session: 100 * day, force: true},
		{name: "one that was replaced this moment, by force", later: time.Second, force: true, want: ErrSettling},
		{name: "the current one", later: 200 * day, key: "current", want: ErrCurrent},
		{name: "the current one, by force", later: 200 * day, key: "current", force: true, want: ErrCurrent},
		{name: "one that is published", later: 200 * day, key: "published", force: true, want: ErrPublished},
		{name: "one that there is not", later: 200 * day, key: "ffffffff", force: true, want: ErrNoSuchKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			rings, clocks := nodes(t, 0, 0)
			ring, clock := rings[0], clocks[0]
			ids := map[string]string{"": ring.CurrentKeyID()}
			text := ring.Seal("p", []byte("m"))
			if c.session > 0 {
				addSession(t, ring, "s", ids[""], c.session)
			}
			current, err := ring.Rotate(ctx)
			if err != nil {
				t.Fatal(err)
			}
			ids["current"] = current
			clock.Advance(c.later)
			if c.key == "published" {
				key, err := ring.Publish(ctx, Publication{ActivateIn: time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				ids["published"] = key.KeyID
			}
			id, known := ids[c.key]
			if !known {
				id = c.key
			}
			_, err = ring.Retire(ctx, Retirement{KeyID: id, Lives: quarter, Force: c.force})
			var needed *StillNeeded
			if _, want := c.want.(*StillNeeded); want && !errors.As(err, &needed) || !want && !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			for _, word := range c.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %q", err, word)
				}
			}
			for i, node := range rings {
				if err := node.Reload(ctx); err != nil {
					t.Fatal(err)
				}
				_, err := node.Open("p", text)
				if gone := err != nil; gone != (c.want == nil) {
					t.Errorf("node %d opens what the key sealed: %v", i, err)
				}
				if published := strings.Contains(string(node.JWKS()), `"`+ids[""]+`"`); published != (c.want != nil) {
					t.Errorf("node %d publishes the key: %v", i, published)
				}
				if lost := node.Lost(); (lost == 1) != (c.want == nil) {
					t.Errorf("node %d has lost %d keys", i, lost)
				}
			}
		})
	}
}

func TestOfManyNodesThatRetireAKeyOneDoes(t *testing.T) {
	rings, clocks := nodes(t, 0, 0, 0)
	id := rings[0].CurrentKeyID()
	if _, err := rings[0].Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	for i, clock := range clocks {
		clock.Advance(91 * 24 * time.Hour)
		if err := rings[i].Reload(ctx); err != nil {
			t.Fatal(err)
		}
		if due := rings[i].Due(quarter); !slices.Equal(due, []string{id}) {
			t.Fatalf("due on node %d: %v", i, due)
		}
	}
	var done sync.WaitGroup
	var retired [3]int
	for i, ring := range rings {
		done.Go(func() {
			_, err := ring.Retire(ctx, Retirement{KeyID: id, Lives: quarter, Record: func(tx *store.Tx, key Key) error {
				return tx.AddAuditEvent(store.AuditEvent{Name: "KeyRetired", Detail: key.ID})
			}})
			switch {
			case err == nil:
				retired[i]++
			case !errors.Is(err, ErrNoSuchKey):
				t.Error(err)
			}
		})
	}
	done.Wait()
	if n, m := retired[0]+retired[1]+retired[2], recorded(t, rings[0]); n != 1 || m != 1 {
		t.Errorf("%d nodes retired the key and %d retirements are recorded, want 1", n, m)
	}
	listed := list(t, rings[0])
	if len(listed) != 2 || listed[0].ID != id || listed[0].State != StateRetired || listed[0].Forced {
		t.Errorf("listed %+v", listed)
	}
}

func TestARetirementTakesTheRSAKeyAlong(t *testing.T) {
	rings, clocks := nodes(t, 0)
	ring := rings[0]
	id := ring.CurrentKeyID()
	sign(t, ring, id, RS256)
	if _, err := ring.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	clocks[0].Advance(time.Minute)
	if _, err := ring.Retire(ctx, Retirement{KeyID: rsaKeyID(id), Lives: quarter, Force: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.SignJWTAlg(ctx, id, RS256, claims); err != ErrUnknownKey {
		t.Errorf("the RSA key beside a retired one signs: %v", err)
	}
	if n := len(rows(t, ring, purposeRSA)); n != 1 {
		t.Errorf("%d RSA keys are kept, want that of the key in use", n)
	}
}

func TestAKeyThatAccessKeysHangOnStaysUntilTheyHaveMoved(t *testing.T) {
	rings, clocks := nodes(t, 0)
	ring := rings[0]
	id := ring.CurrentKeyID()
	was := store.SealedSecret{AccessKeyID: "AKIA", SealedSecret: ring.Seal("k", []byte("s"))}
	err := ring.store.Update(ctx, func(tx *store.Tx) error {
		return tx.AddAccessKey(store.AccessKey{AccessKeyID: was.AccessKeyID, SealedSecret: was.SealedSecret, AccountID: "1", UserName: "u"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	clocks[0].Advance(100 * 24 * time.Hour)
	if listed := list(t, ring); listed[0].AccessKeys != 1 || !strings.HasPrefix(listed[0].Needs[0].What, "1 access key") {
		t.Errorf("listed %+v", listed[0])
	}
	if _, err := ring.Retire(ctx, Retirement{KeyID: id, Lives: quarter}); !errors.Is(err, ErrHeld) {
		t.Fatalf("got %v, want %v", err, ErrHeld)
	}
	move := func(ctx context.Context) error {
		return ring.store.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.ResealAccessKey(was, ring.Seal("k", []byte("s")))
			return err
		})
	}
	if _, err := ring.Retire(ctx, Retirement{KeyID: id, Lives: quarter, Reseal: move}); err != nil {
		t.Error(err)
	}
}

func TestEndingTheSessionsOfAKeyEndsThoseAlone(t *testing.T) {
	rings, _ := nodes(t, 0)
	ring := rings[0]
	for i := range 2*sessionsAtOnce + 3 {
		addSession(t, ring, fmt.Sprintf("s%05d", i), []string{"00000001", "00000002", "00000003"}[i%3], time.Hour)
	}
	for _, want := range []int{(2*sessionsAtOnce + 3 + 1) / 3, 0} { // the second time nothing is left
		if ended, err := ring.EndSessions(ctx, "00000002"); err != nil || ended != want {
			t.Errorf("%d sessions ended, %v, want %d", ended, err, want)
		}
	}
	var counts []store.KeySessions
	ring.store.View(ctx, func(tx *store.Tx) (err error) {
		counts, err = tx.SessionsByKey(tx.Millis())
		return err
	})
	if len(counts) != 2 {
		t.Errorf("sessions stand under %v", counts)
	}
}

func TestATextTellsWhichKeySealedIt(t *testing.T) {
	rings, _ := nodes(t, 0)
	for range 50 {
		text := rings[0].Seal("p", []byte("m"))
		if id, ok := SealedBy(text); !ok || id != rings[0].CurrentKeyID() || !strings.HasPrefix(text, markOf(id)) {
			t.Fatalf("%s is said to be sealed by %s", text, id)
		}
		if _, err := rings[0].Rotate(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzSealedBy(f *testing.F) {
	ring := openRing(f, f.TempDir(), "i")
	f.Add(ring.Seal("p", []byte("message")))
	f.Add("AAAAA\nAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := SealedBy(text)
		if _, err := ring.Open("p", text); err == nil && (!ok || id != ring.CurrentKeyID()) {
			t.Errorf("%q opens, and is said to be sealed by %q", text, id)
		}
		if ok && (len(id) != 2*keyIDSize || !strings.HasPrefix(text, markOf(id))) {
			t.Errorf("%q is said to be sealed by %q", text, id)
		}
	})
}

// An older program writes neither the moment of a key nor the name of its root.
func TestAKeyThatAnEarlierReleaseAddedIsInUse(t *testing.T) {
	rings, clocks := nodes(t, 0)
	ring := rings[0]
	entry, err := ring.newEntry(ctx, purposeEpoch)
	if err != nil {
		t.Fatal(err)
	}
	entry.RootKeyID, entry.ActivatesAt, entry.CreatedAt = "", 0, clocks[0].Now().UnixMilli()+1
	if err := ring.store.Update(ctx, func(tx *store.Tx) error { return tx.AddSealingKey(entry) }); err != nil {
		t.Fatal(err)
	}
	clocks[0].Advance(time.Second)
	if err := ring.Reload(ctx); err != nil || ring.CurrentKeyID() != entry.KeyID {
		t.Errorf("%s is in use, %v, want %s", ring.CurrentKeyID(), err, entry.KeyID)
	}
}
