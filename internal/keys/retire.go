package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sallyport/internal/store"
)

// A key is kept until nothing that it made is good any more. Most of what is sealed leaves no row, so its makers say how long it lives (Life),
// and a key is needed for as long after the next took over. What does leave rows is counted: sessions, whose tokens of the last generation
// are sealed under the key that they name, and access keys, whose secrets move to the key that is in use before theirs goes.

// Life is how long something that is sealed, signed or derived under a key may be good.
type Life struct {
	What    string // in the plural, for operators
	Purpose string // that it is sealed for; empty for what is signed or derived
	Longest time.Duration
}

const (
	// lateness is how long after its successor's moment a key may still be used, by a node whose clock is slow, or whose write waited.
	lateness = time.Hour
	// settling is how long a successor has to have been in use before a key can be retired by force. Every node has read it by then, and none
	// seals under the old one any more.
	settling = 2 * time.Second
	// retiredShown bounds the keys of the past that are listed.
	retiredShown = 20
)

// State is where a key is in its life.
type State string

// The states of keys.
const (
	StatePublished State = "published" // known to everybody, and not in use yet
	StateCurrent   State = "current"   // seals and signs
	StateKept      State = "kept"      // opens and verifies what it made
	StateRetired   State = "retired"   // left the ring
)

// Key is a key of the ring, or one that left it, as operators and their programs see it.
type Key struct {
	ID          string    `json:"id"`
	Use         string    `json:"use"` // what it does, in words
	State       State     `json:"state"`
	CreatedAt   time.Time `json:"createdAt"`
	ActivatesAt time.Time `json:"activatesAt"`
	RootKey     string    `json:"rootKey,omitempty"` // the name of the root that wraps it; empty for one that an earlier release wrapped
	// ReplacedAt is when the next key takes over, or took; zero as long as there is none.
	ReplacedAt time.Time `json:"replacedAt,omitzero"`
	// NeededUntil is when the last that the key made will have expired; zero as long as it may make more.
	NeededUntil time.Time `json:"neededUntil,omitzero"`
	Needs       []Need    `json:"needs,omitempty"` // what still hangs on it, that which lasts longest first
	Sessions    int64     `json:"sessions"`
	AccessKeys  int64     `json:"accessKeys"`
	RetiredAt   time.Time `json:"retiredAt,omitzero"`
	Forced      bool      `json:"forced,omitempty"` // retired before its time
}

// Need is something that a key is needed for.
type Need struct {
	What  string    `json:"what"`
	Until time.Time `json:"until,omitzero"` // zero for as long as it is there
}

func (n Need) String() string {
	if n.Until.IsZero() {
		return n.What
	}
	return n.What + " until " + n.Until.Format(timeForm)
}

const timeForm = "2006-01-02 15:04:05"

// hanging are the rows that hang on keys.
type hanging struct {
	sessions   map[string]store.KeySessions // by key id
	accessKeys map[string]int64             // by mark
}

func readHanging(tx *store.Tx) (h hanging, err error) {
	sessions, err := tx.SessionsByKey(tx.Millis())
	if err != nil {
		return h, err
	}
	h.sessions = map[string]store.KeySessions{}
	for _, s := range sessions {
		h.sessions[s.KeyID] = s
	}
	h.accessKeys, err = tx.AccessKeysByMark()
	return h, err
}

// List returns the keys of the ring, oldest first, each followed by the RSA key beside it if there is one; and before them the last of
// those that were retired.
func (r *Ring) List(ctx context.Context, lives []Life) ([]Key, error) {
	var listed []Key
	err := r.store.View(ctx, func(tx *store.Tx) error {
		entries, err := tx.SealingKeys()
		if err != nil {
			return err
		}
		hanging, err := readHanging(tx)
		if err != nil {
			return err
		}
		retired, err := tx.RetiredKeys(tx.Millis(), retiredShown)
		if err != nil {
			return err
		}
		listed = nil
		for _, k := range slices.Backward(retired) {
			listed = append(listed, pastKey(k))
		}
		listed = append(listed, describe(entries, hanging, lives, tx.Now)...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the keys: %w", err)
	}
	return listed, nil
}

func useOf(purpose string) string {
	switch purpose {
	case purposeEpoch:
		return "seals, signs " + ES256
	case purposeRSA:
		return "signs " + RS256
	}
	return "finds by digest"
}

func pastKey(k store.RetiredKey) Key {
	return Key{
		ID: k.KeyID, Use: useOf(k.Purpose), State: StateRetired, CreatedAt: moment(k.CreatedAt), ActivatesAt: moment(k.ActivatesAt),
		RetiredAt: moment(k.RetiredAt), Forced: k.Forced,
	}
}

func moment(millis int64) time.Time { return time.UnixMilli(millis).UTC() }

// describe works out of the rows where each key is in its life and what it is needed for. It decides nothing.
func describe(entries []store.SealingKey, h hanging, lives []Life, now time.Time) []Key {
	epochs := slices.DeleteFunc(slices.Clone(entries), func(e store.SealingKey) bool { return e.Purpose != purposeEpoch })
	current := activeOf(epochs, now)
	var keys []Key
	for i, e := range epochs {
		key := Key{
			ID: e.KeyID, Use: useOf(e.Purpose), CreatedAt: moment(e.CreatedAt), ActivatesAt: moment(e.ActivatesAt), RootKey: e.RootKeyID,
			State: StateKept, Sessions: h.sessions[e.KeyID].Sessions, AccessKeys: h.accessKeys[markOf(e.KeyID)],
		}
		for _, later := range epochs[i+1:] {
			if at := moment(later.ActivatesAt); key.ReplacedAt.IsZero() || at.Before(key.ReplacedAt) {
				key.ReplacedAt = at
			}
		}
		switch {
		case i == current:
			key.State = StateCurrent
		case i > current:
			key.State = StatePublished
		}
		key.needs(h, lives, now)
		keys = append(keys, key)
		for _, b := range entries {
			if b.KeyID == rsaKeyID(e.KeyID) {
				beside := key
				beside.ID, beside.Use, beside.CreatedAt, beside.RootKey = b.KeyID, useOf(b.Purpose), moment(b.CreatedAt), b.RootKeyID
				keys = append(keys, beside)
			}
		}
	}
	return keys
}

// activeOf is state.active over rows.
func activeOf(epochs []store.SealingKey, now time.Time) int {
	first := 0
	for i := len(epochs) - 1; i >= 0; i-- {
		if epochs[i].ActivatesAt <= now.UnixMilli() {
			return i
		}
		if epochs[i].ActivatesAt < epochs[first].ActivatesAt {
			first = i
		}
	}
	return first
}

// needs works out what the key is needed for, and until when.
func (k *Key) needs(h hanging, lives []Life, now time.Time) {
	if k.AccessKeys > 0 {
		k.Needs = append(k.Needs, Need{What: count(k.AccessKeys, "access key", "access keys") + ", until they are sealed anew"})
	}
	var timed []Need
	if k.Sessions > 0 {
		timed = append(timed, Need{count(k.Sessions, "session", "sessions"), moment(h.sessions[k.ID].LastEnd)})
	}
	if !k.ReplacedAt.IsZero() {
		k.NeededUntil = k.ReplacedAt.Add(longest(lives) + lateness)
		for _, life := range lives {
			if until := k.ReplacedAt.Add(life.Longest); until.After(now) {
				timed = append(timed, Need{life.What, until})
			}
		}
	}
	for _, need := range timed {
		if !k.NeededUntil.IsZero() && need.Until.After(k.NeededUntil) {
			k.NeededUntil = need.Until
		}
	}
	slices.SortStableFunc(timed, func(a, b Need) int { return b.Until.Compare(a.Until) })
	k.Needs = append(k.Needs, timed...)
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func longest(lives []Life) (most time.Duration) {
	for _, life := range lives {
		most = max(most, life.Longest)
	}
	return most
}

// Retirement is how a key is to leave the ring.
type Retirement struct {
	KeyID string
	Lives []Life
	// Force takes the key away before its time: all that hangs on it is refused from then on.
	Force bool
	// Reseal moves the secrets of access keys to the key in use. It is called before the key goes; nil for nothing.
	Reseal func(ctx context.Context) error
	// Record is called in the transaction that takes the key away, with what hung on it; nil for nothing.
	Record func(tx *store.Tx, key Key) error
}

// Errors of Retire, beside StillNeeded.
var (
	ErrNoSuchKey = errors.New("the ring has no key of this id: `sallyport keys list` shows those it has")
	ErrPublished = errors.New("the key is published, and servers will take it up at its moment: `sallyport keys rotate --now` puts another in its place")
	ErrCurrent   = errors.New("the key is in use: rotate first, with --now if the key has leaked, and retire it then")
	ErrSettling  = errors.New("the key was in use a moment ago, and not every server may know: try again in a few seconds")
	ErrHeld      = errors.New("access keys are sealed under the key, and could not be moved to the one in use: `sallyport keys list` counts them")
)

// StillNeeded refuses to retire a key, and says what would break.
type StillNeeded struct{ Key Key }

func (e *StillNeeded) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "key %s is needed until %s. Retired now, these would be refused:", e.Key.ID, e.Key.NeededUntil.Format(timeForm))
	for _, need := range e.Key.Needs {
		text.WriteString("\n  " + need.String())
	}
	text.WriteString("\nIt retires by itself then. --force retires it now")
	return text.String()
}

// resealAttempts bounds how often a retirement moves access keys: more can have come meanwhile.
const resealAttempts = 3

// Retire takes a key out of the ring, if nothing needs it any more or it is forced, and returns what the key was. Any number of nodes may try
// so at once: one does, and the others have ErrNoSuchKey. The key that is returned beside an error has an id at least.
func (r *Ring) Retire(ctx context.Context, p Retirement) (Key, error) {
	p.KeyID = strings.TrimSuffix(p.KeyID, rsaSuffix) // they go together
	for attempt := range resealAttempts {
		if p.Reseal != nil {
			if err := p.Reseal(ctx); err != nil {
				return Key{}, fmt.Errorf("retire key %s: %w", p.KeyID, err)
			}
		}
		mark := markOf(p.KeyID)
		if p.Force && attempt == resealAttempts-1 {
			mark = markless // what is still there does not open, and is of no use to anybody
		}
		key, retired, err := r.retireOnce(ctx, p, mark)
		if err != nil {
			return key, err
		}
		if retired {
			return key, r.load(ctx)
		}
	}
	return Key{}, ErrHeld
}

// markless is the mark of no key.
const markless = "none"

func (r *Ring) retireOnce(ctx context.Context, p Retirement, mark string) (key Key, retired bool, err error) {
	// What hangs on the key is counted on a snapshot: it takes as long as there are sessions, and writers would wait.
	var h hanging
	err = r.store.View(ctx, func(tx *store.Tx) (err error) {
		h, err = readHanging(tx)
		return err
	})
	if err != nil {
		return Key{}, false, fmt.Errorf("retire key %s: %w", p.KeyID, err)
	}
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		entries, err := tx.SealingKeys()
		if err != nil {
			return err
		}
		if key, err = mayRetire(describe(entries, h, p.Lives, tx.Now), p, tx.Now); err != nil {
			return err
		}
		retired, err = takeAway(tx, entries, p.KeyID, mark, key.NeededUntil.After(tx.Now))
		if err != nil || !retired || p.Record == nil {
			return err
		}
		return p.Record(tx, key)
	})
	return key, retired, err
}

// takeAway retires a key, and the RSA key beside it.
func takeAway(tx *store.Tx, entries []store.SealingKey, keyID, mark string, forced bool) (retired bool, err error) {
	for _, part := range []struct{ id, mark string }{{keyID, mark}, {rsaKeyID(keyID), markless}} {
		at := slices.IndexFunc(entries, func(e store.SealingKey) bool { return e.KeyID == part.id })
		if at < 0 {
			continue
		}
		if gone, err := tx.RetireSealingKey(entries[at], part.mark, forced); err != nil || !gone {
			return retired, err
		}
		retired = true
	}
	return retired, nil
}

// mayRetire decides whether the key may go.
func mayRetire(listed []Key, p Retirement, now time.Time) (Key, error) {
	at := slices.IndexFunc(listed, func(k Key) bool { return k.ID == p.KeyID })
	if at < 0 {
		return Key{ID: p.KeyID}, ErrNoSuchKey
	}
	key := listed[at]
	switch {
	case key.State == StatePublished:
		return key, ErrPublished // other clocks may have reached the moment
	case key.State != StateKept:
		return key, ErrCurrent
	case now.Before(key.ReplacedAt.Add(settling)):
		return key, ErrSettling
	case !p.Force && now.Before(key.NeededUntil):
		return key, &StillNeeded{key}
	}
	return key, nil
}

// Due returns the keys that can be retired by what is known without asking the store: the time of all that leaves no row has passed.
func (r *Ring) Due(lives []Life) []string {
	s, now := r.state.Load(), r.store.Now()
	var rows []store.SealingKey
	for _, m := range s.ordered {
		rows = append(rows, store.SealingKey{KeyID: m.id, Purpose: purposeEpoch, CreatedAt: m.createdAt, ActivatesAt: m.activatesAt})
	}
	var due []string
	for _, key := range describe(rows, hanging{}, lives, now) {
		if key.State == StateKept && !now.Before(key.NeededUntil) {
			due = append(due, key.ID)
		}
	}
	return due
}

// Kept returns the ids of the keys whose successor is in use.
func (r *Ring) Kept() []string {
	s, now := r.state.Load(), r.store.Now()
	active := s.active(now)
	var kept []string
	for _, m := range s.ordered {
		if m.epoch == active {
			break
		}
		kept = append(kept, m.id)
	}
	return kept
}

// sessionsAtOnce bounds the sessions that one transaction looks at.
const sessionsAtOnce = 500

// EndSessions ends the sessions whose tokens a retired key sealed, in small batches, and returns how many stood. Their tokens are refused
// without it; what hangs on the sessions themselves, such as credentials of roles that another key made, is so by it.
func (r *Ring) EndSessions(ctx context.Context, keyID string) (ended int, err error) {
	for after := ""; ; {
		var ids []string
		err := r.store.Look(ctx, func(tx *store.Tx) (err error) {
			ids, err = tx.SessionIDs(after, sessionsAtOnce)
			return err
		})
		if err != nil || len(ids) == 0 {
			return ended, err
		}
		last, stood := ids[len(ids)-1], 0
		err = r.store.Update(ctx, func(tx *store.Tx) (err error) {
			stood, err = tx.RevokeSessionsOfKey(after, last, keyID, "its key was retired")
			return err
		})
		if err != nil {
			return ended, fmt.Errorf("end the sessions of key %s: %w", keyID, err)
		}
		ended, after = ended+stood, last
	}
}
