// Package keys owns the key ring: it seals what travels inside tokens, signs ID tokens, and digests secrets for look-up. Keys follow each
// other: a new one is published before it is used, and an old one kept until nothing that it made is good any more. The ring lives in the
// store, each secret wrapped by a root key that comes from a file, the environment or a token of PKCS #11. What a sealed thing means, and how
// long it lives, is its maker's business.
package keys

import (
	"cmp"
	"context"
	"crypto/aes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// Purposes of ring entries.
const (
	purposeEpoch  = "epoch"  // seals and signs; a new one is added by Publish
	purposeLookup = "lookup" // digests secrets for look-up; never replaced, or nothing would be found again
	purposeRSA    = "rsa"    // signs with RS256 beside an epoch; made when first needed
)

const (
	seedSize  = 32
	keyIDSize = 4 // bytes in clear at the head of every sealed text
)

const (
	// reloadPause bounds how often an unknown key id makes the ring ask the store again: such ids come from forged tokens, too.
	reloadPause = time.Second
	// reloadTimeout bounds how long a request waits for that.
	reloadTimeout = 2 * time.Second
	// rootPatience bounds how long Reload waits for a root, which is asked about new keys only: servers reload twice a second, and what was retired
	// has to be gone within one, whatever becomes of a token meanwhile.
	rootPatience = 250 * time.Millisecond
	// rootRetry is how long a root that failed is left alone about that entry. Tokens lock themselves when a PIN is wrong three times or so.
	rootRetry = time.Minute
)

// Ring seals, opens, signs and digests. It is safe for use by many goroutines.
type Ring struct {
	store    *store.Store
	roots    roots
	instance string // bound into every sealed text, so that no other installation's is accepted

	state   atomic.Pointer[state]
	loading chan struct{}               // has a value from reading the store to keeping what was read, so that no older reading replaces a newer
	asked   map[store.SealingKey]*asked // what roots were asked and nobody has taken up yet, or in vain; whoever has put a value into loading may use it

	reload     sync.Mutex
	reloadedAt time.Time

	making sync.Mutex // held while an RSA key is made: it takes a core a while, and one is enough
}

// state is the ring as of one reading of the store.
type state struct {
	rows    []store.SealingKey
	epochs  map[string]*epoch
	ordered []member // oldest first
	lookup  *macs
	rsa     map[string]*rsaKey // by the id of the epoch beside which they sign
	jwks    []byte
	lost    uint64 // the keys that have left since the ring was opened
}

// member is a key in the order in which keys follow each other.
type member struct {
	*epoch
	createdAt, activatesAt int64 // Unix milliseconds
}

// Open reads the ring from the store and makes its first keys when there are none. What the root wraps from now on; entries that a previous
// root wrapped open as well.
func Open(ctx context.Context, s *store.Store, root Root, instance string, previous ...Root) (*Ring, error) {
	r := &Ring{store: s, roots: roots{root, previous}, instance: instance, loading: make(chan struct{}, 1), asked: map[store.SealingKey]*asked{}}
	if err := r.begin(ctx); err != nil {
		return nil, fmt.Errorf("open the key ring: %w", err)
	}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// begin adds the first keys. The first of all is in use at once: nobody knows an older one.
func (r *Ring) begin(ctx context.Context) error {
	var entries []store.SealingKey
	err := r.store.Look(ctx, func(tx *store.Tx) (err error) {
		entries, err = tx.SealingKeys()
		return err
	})
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, entry := range entries {
		have[entry.Purpose] = true
	}
	for _, purpose := range []string{purposeLookup, purposeEpoch} {
		if have[purpose] {
			continue
		}
		entry, err := r.newEntry(ctx, purpose)
		if err != nil {
			return err
		}
		err = r.store.Update(ctx, func(tx *store.Tx) error {
			added := entry
			added.CreatedAt, added.ActivatesAt = tx.Millis(), tx.Millis()
			_, err := tx.AddSealingKeyAfter(added, 0) // unless another node that starts beside this one was first
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Reload reads the ring again, so that keys which other processes added or retired are so here as well. While some entry does not open,
// Reload returns an error, and the ring goes on with all others: what was retired must not stay because of it. An entry whose root does not answer
// at once is taken up by a later Reload, and one whose root failed is asked about again after a while.
func (r *Ring) Reload(ctx context.Context) error {
	return r.loadWithin(ctx, rootPatience)
}

// ActiveKey is the key that seals and signs, as of one moment. It goes on to seal when the ring has moved on meanwhile, so what is made
// under it is of one key throughout.
type ActiveKey struct{ e *epoch }

// Active is the key that seals and signs now.
func (r *Ring) Active() ActiveKey { return ActiveKey{r.state.Load().active(r.store.Now())} }

// ID names the key.
func (k ActiveKey) ID() string { return k.e.id }

// Seal seals the message for a purpose.
func (k ActiveKey) Seal(purpose string, message []byte) string {
	text, ok := k.e.seal(purpose, message)
	if !ok {
		panic("keys: a key cannot be derived") // only from a seed of another length
	}
	return text
}

// Derive is Ring.Derive under this key.
func (k ActiveKey) Derive(name string, n int) []byte { return k.e.deriveBytes(name, n) }

// CurrentKeyID names the key that seals and signs now.
func (r *Ring) CurrentKeyID() string { return r.Active().ID() }

// Lost counts the keys that have left the ring since it was opened. Who keeps what a sealed text said has to open it again when the count
// has moved. Whoever sees the count after a key has left cannot open anything by that key any more: the count is a part of the state.
func (r *Ring) Lost() uint64 { return r.state.Load().lost }

// active is the newest key whose moment has come. When none has, because the clock was set back, it is the first that will be.
func (s *state) active(now time.Time) *epoch {
	moment := now.UnixMilli()
	first := s.ordered[0]
	for i := len(s.ordered) - 1; i >= 0; i-- {
		m := s.ordered[i]
		if m.activatesAt <= moment {
			return m.epoch
		}
		if m.activatesAt < first.activatesAt {
			first = m
		}
	}
	return first.epoch
}

// newEntry makes a secret and its row, wrapped by the root and without its moments. The root may be far away: never call it inside of a
// transaction.
func (r *Ring) newEntry(ctx context.Context, purpose string) (store.SealingKey, error) {
	seed := make([]byte, seedSize)
	rand.Read(seed)
	return r.wrapped(ctx, newKeyID(), purpose, seed)
}

// wrapped is the row of an entry, its secret wrapped by the root.
func (r *Ring) wrapped(ctx context.Context, id, purpose string, secret []byte) (store.SealingKey, error) {
	root := r.roots.current
	sealed, err := root.Wrap(ctx, secret, rowData(id, purpose))
	if err != nil {
		return store.SealingKey{}, fmt.Errorf("seal a key for the ring: %w", err)
	}
	return store.SealingKey{
		KeyID: id, Purpose: purpose, SealedSeed: base64.RawURLEncoding.EncodeToString(sealed), RootKeyID: root.Name(),
	}, nil
}

// newKeyID is an id whose sealed text does not begin with "-": client ids and secrets are sealed, and every command line would take them for
// options.
func newKeyID() string {
	for {
		id := sys.NewHex(keyIDSize)
		if raw, _ := hex.DecodeString(id); textEncoding.EncodeToString(raw)[0] != '-' {
			return id
		}
	}
}

// rowData binds a sealed seed to its place, so that rows cannot be swapped.
func rowData(keyID, purpose string) []byte { return []byte("sealing_key/" + keyID + "/" + purpose) }

// load makes the ring what the store says. It asks the store one question, and where nothing has changed does nothing else: every node
// loads many times a minute.
func (r *Ring) load(ctx context.Context) error { return r.loadWithin(ctx, 0) }

// loadWithin is load that waits so long at most for roots; zero is for as long as they take.
func (r *Ring) loadWithin(ctx context.Context, patience time.Duration) error {
	var enough <-chan time.Time
	for {
		waiting, err := r.loadKnown(ctx)
		if len(waiting) == 0 {
			return err
		}
		if enough == nil && patience > 0 {
			enough = time.After(patience)
		}
		for _, a := range waiting {
			select {
			case <-a.answered:
			case <-enough:
				return err
			case <-ctx.Done():
				return fmt.Errorf("read the key ring: %w", ctx.Err())
			}
		}
	}
}

// asked is an entry that a root was asked to open.
type asked struct {
	answered chan struct{} // closed when the others are set
	at       time.Time     // when it was
	seed     []byte
	err      error
}

// forgotten tells whether the root failed so long ago that it may be asked again.
func (a *asked) forgotten() bool {
	select {
	case <-a.answered:
		return a.err != nil && time.Since(a.at) >= rootRetry
	default:
		return false
	}
}

// ask has a root open an entry, unless it was asked before. The answer is kept until it is taken up, whoever has asked, and a failure for a while.
func (r *Ring) ask(ctx context.Context, row store.SealingKey) *asked {
	if a := r.asked[row]; a != nil && !a.forgotten() {
		return a
	}
	a := &asked{answered: make(chan struct{})}
	r.asked[row] = a
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer close(a.answered)
		a.seed, a.err = r.openSeed(ctx, row)
		a.at = time.Now()
	}()
	return a
}

// loadKnown makes the ring what the store says, as far as roots need not be waited for. It returns what they were asked.
func (r *Ring) loadKnown(ctx context.Context) (waiting []*asked, err error) {
	select {
	case r.loading <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("read the key ring: %w", ctx.Err())
	}
	defer func() { <-r.loading }()
	var rows []store.SealingKey
	err = r.store.Look(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.SealingKeys()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the key ring: %w", err)
	}
	before := r.state.Load()
	if before != nil && slices.Equal(before.rows, rows) {
		return nil, nil
	}
	next, waiting, err := r.read(ctx, rows, before)
	if next == nil {
		return waiting, err
	}
	if before != nil {
		next.lost = before.lost
		for id := range before.epochs {
			if next.epochs[id] == nil {
				next.lost++
			}
		}
	}
	r.state.Store(next)
	return waiting, err
}

// read makes a state of the rows. Keys that were read before are taken over: a key never changes, whatever root wraps it. The error tells
// which entries do not open, or do not yet; the state is without these, and nil when it would be of no use.
func (r *Ring) read(ctx context.Context, rows []store.SealingKey, before *state) (next *state, waiting []*asked, err error) {
	next = &state{rows: rows, epochs: map[string]*epoch{}, rsa: map[string]*rsaKey{}}
	maps.DeleteFunc(r.asked, func(row store.SealingKey, _ *asked) bool { return !slices.Contains(rows, row) })
	var errs []error
	for _, row := range rows {
		if next.keep(before, row) {
			continue
		}
		a := r.ask(ctx, row)
		select {
		case <-a.answered:
			if a.err == nil {
				a.err = next.take(row, a.seed, r.instance)
			}
			if a.err != nil {
				errs = append(errs, a.err)
				continue
			}
			delete(r.asked, row)
		default:
			waiting = append(waiting, a)
			errs = append(errs, entryFault(row.KeyID, "is not open yet: the root key %s has not answered", row.RootKeyID))
		}
	}
	if err = joinFaults(errs); err != nil {
		next.rows = nil // try again at the next load, although the rows are the same
		if before == nil {
			return nil, waiting, err
		}
	}
	if next.lookup == nil || len(next.ordered) == 0 {
		return nil, waiting, cmp.Or(err, errors.New("the key ring has lost its keys: put the database back from its backup"))
	}
	next.jwks = next.publicKeys()
	return next, waiting, err
}

// entryError is what is wrong with one entry of the ring.
type entryError struct {
	keyID string
	fault error // goes on where the key is named
}

func (e *entryError) Error() string { return "key " + e.keyID + " of the ring " + e.fault.Error() }
func (e *entryError) Unwrap() error { return e.fault }

func entryFault(keyID, format string, args ...any) error {
	return &entryError{keyID, fmt.Errorf(format, args...)}
}

// joinFaults joins errors. What is wrong with many entries, such as that their root is missing, is said of the first, with how many there are.
func joinFaults(errs []error) error {
	more := map[string]int{}
	var first []error
	for _, err := range errs {
		fault := faultOf(err)
		if _, said := more[fault]; said {
			more[fault]++
			continue
		}
		more[fault] = 0
		first = append(first, err)
	}
	for i, err := range first {
		if n := more[faultOf(err)]; n > 0 {
			first[i] = fmt.Errorf("%w (the same of %d more)", err, n)
		}
	}
	return errors.Join(first...)
}

// faultOf is what an error says without the entry that it says it of.
func faultOf(err error) string {
	var entry *entryError
	if errors.As(err, &entry) {
		return entry.fault.Error()
	}
	return err.Error()
}

// keep takes an entry over from a state in which it was read before, if it was.
func (s *state) keep(before *state, row store.SealingKey) bool {
	if row.Purpose == purposeLookup && before != nil {
		s.lookup = before.lookup // there is one, and it stays
		return true
	}
	if row.Purpose == purposeRSA {
		if known := before.rsaKey(row); known != nil {
			s.rsa[known.epochID] = known
			return true
		}
	}
	if known := before.known(row); known != nil {
		s.add(known, row)
		return true
	}
	return false
}

// take reads an entry, whose secret has been opened, into the state.
func (s *state) take(row store.SealingKey, seed []byte, instance string) error {
	switch row.Purpose {
	case purposeLookup:
		s.lookup = newMACs(seed)
	case purposeEpoch:
		e, err := newEpoch(row.KeyID, seed, instance)
		if err != nil {
			return err
		}
		s.add(e, row)
	case purposeRSA:
		key, err := readRSAKey(row, seed)
		if err != nil {
			return err
		}
		s.rsa[key.epochID] = key
	}
	return nil
}

// known is the key of a row that was read before.
func (s *state) known(row store.SealingKey) *epoch {
	if s == nil || row.Purpose != purposeEpoch {
		return nil
	}
	return s.epochs[row.KeyID]
}

func (s *state) add(e *epoch, row store.SealingKey) {
	s.epochs[e.id] = e
	s.ordered = append(s.ordered, member{e, row.CreatedAt, row.ActivatesAt})
}

func (r *Ring) openSeed(ctx context.Context, entry store.SealingKey) ([]byte, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(entry.SealedSeed)
	if err != nil {
		return nil, entryFault(entry.KeyID, "is damaged: %w", err)
	}
	return r.roots.unwrap(ctx, entry.RootKeyID, entry.KeyID, sealed, rowData(entry.KeyID, entry.Purpose))
}

// epoch returns the key of that id, asking the store again when it is unknown here: another node may have rotated.
func (r *Ring) epoch(id string) (*epoch, bool) {
	if e, ok := r.state.Load().epochs[id]; ok {
		return e, true
	}
	r.reload.Lock()
	defer r.reload.Unlock()
	if e, ok := r.state.Load().epochs[id]; ok {
		return e, true
	}
	if time.Since(r.reloadedAt) >= reloadPause {
		ctx, cancel := context.WithTimeout(context.Background(), reloadTimeout)
		defer cancel()
		_ = r.loadWithin(ctx, rootPatience) // what came of it is what follows; the server tells of a ring that cannot be read
		// From its end: a store that takes long is not asked by one request after the other of those that waited here meanwhile.
		r.reloadedAt = time.Now()
	}
	e, ok := r.state.Load().epochs[id]
	return e, ok
}

// Digest returns the keyed hash of a secret, under which the store finds it. The kind keeps equal secrets of different kinds apart.
func (r *Ring) Digest(kind, secret string) string {
	sum := r.state.Load().lookup.sum([]byte(kind), []byte{0}, []byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Derive returns n secret bytes, at most 32, that belong to the name under the key: the same for every node, found in no store.
func (r *Ring) Derive(keyID, name string, n int) ([]byte, bool) {
	e, ok := r.epoch(keyID)
	if !ok {
		return nil, false
	}
	return e.deriveBytes(name, n), true
}

func (e *epoch) deriveBytes(name string, n int) []byte {
	sum := e.derive.sum([]byte(name))
	return sum[:n]
}

// epoch is one key of the ring with everything derived from its seed.
type epoch struct {
	id      string
	derive  *macs
	signing *signingKey

	seed     []byte
	instance string
	sealers  sync.Map // purpose to *sealer
}

func newEpoch(id string, seed []byte, instance string) (*epoch, error) {
	e := &epoch{id: id, seed: seed, instance: instance}
	derive, err := e.subkey("derive", sha256.Size)
	if err != nil {
		return nil, err
	}
	e.derive = newMACs(derive)
	if e.signing, err = newSigningKey(e); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *epoch) subkey(name string, n int) ([]byte, error) {
	return hkdf.Key(sha256.New, e.seed, nil, "sallyport/"+e.instance+"/"+name, n)
}

// sealer returns the sealer of a purpose, made once.
func (e *epoch) sealer(purpose string) (*sealer, error) {
	if made, ok := e.sealers.Load(purpose); ok {
		return made.(*sealer), nil
	}
	macKey, err := e.subkey("seal/mac/"+purpose, sha256.Size)
	if err != nil {
		return nil, err
	}
	encKey, err := e.subkey("seal/enc/"+purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(encKey)
	if err != nil {
		return nil, err
	}
	made, _ := e.sealers.LoadOrStore(purpose, &sealer{mac: newMACs(macKey), block: block})
	return made.(*sealer), nil
}

// ErrNotSealed is the one answer to every text that does not open: forged, damaged, of another purpose, instance or key.
var ErrNotSealed = errors.New("keys: not sealed here")
