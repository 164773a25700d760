// Package explain keeps why requests were refused, for operators who ask by request id. It owns how many decisions are kept and for how
// long, and how they are shown; what was checked is the traces' business, and who may ask is the server's.
//
// Refusals cost a caller nothing, so keeping them must cost little: a decision waits in memory and is written with those of the same
// second in one transaction, off the path of the request. A crash may lose the last second of them. They are help, and not a record that
// anybody answers for: that is audit.
package explain

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/trace"
)

// Bounds of what is kept. A decision is about 1 KiB, and never more than 20.
const (
	Keep = 24 * time.Hour // how long
	Max  = 10_000         // how many, of the youngest
)

const (
	// FlushEvery is how long a decision waits in memory at most.
	FlushEvery = time.Second
	// maxQueued bounds the decisions that wait, and so the rows that a second can write.
	maxQueued = 256
	// queuedOfNobody bounds those among them that have no verified caller: who sends refused requests by the thousand must not hide
	// what others asked for.
	queuedOfNobody = maxQueued / 2
	// pruneEvery is the pause between prunings when nothing is written.
	pruneEvery = 5 * time.Minute
	// pruneBatch bounds the rows that one transaction removes. It is more than one can add.
	pruneBatch = 2 * maxQueued
	// complainEvery bounds the log lines about decisions that were not kept.
	complainEvery = time.Minute
	// flushTimeout bounds the wait for a writer that is busy.
	flushTimeout = 10 * time.Second
)

// Bounds of the texts of a decision, in bytes.
const (
	maxName    = 256
	maxMessage = 1024
)

// Decision is why a request was refused.
type Decision struct {
	RequestID string       `json:"requestId"`
	At        time.Time    `json:"at"`
	Operation string       `json:"operation"`
	Principal string       `json:"principal,omitempty"` // ARN of the verified caller; empty if nobody was verified
	Exception string       `json:"exception"`
	Message   string       `json:"message"`         // what the caller was told
	Cause     string       `json:"cause,omitempty"` // what the caller was not told
	Trace     trace.Record `json:"trace"`
}

// Options are what a Recorder is given.
type Options struct {
	Store *store.Store
	Clock *sys.Clock
	Log   *slog.Logger
	Keep  time.Duration // zero means Keep
	Max   int           // zero means Max
}

// Recorder keeps decisions. It is safe for use by many goroutines.
type Recorder struct {
	Options

	mu        sync.Mutex
	queue     []Decision // waiting to be written
	nobodys   int        // how many of them have no verified caller
	writing   []Decision // taken out of the queue, and not in the store yet
	lost      int        // since the last complaint
	closed    bool
	complains time.Time // when the next complaint may be

	wake    chan struct{} // holds one token when the queue is not empty
	closing chan struct{}
	stopped chan struct{}
}

// New makes a recorder, which works until it is closed.
func New(options Options) *Recorder {
	if options.Keep == 0 {
		options.Keep = Keep
	}
	if options.Max == 0 {
		options.Max = Max
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	r := &Recorder{Options: options, wake: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{})}
	go r.run()
	return r
}

// expected are the refusals that a sign-in meets in its normal course, hundreds of times. Nobody asks why.
var expected = []string{fault.AuthorizationPending.Name, fault.SlowDown.Name}

// Record keeps the decision. It never waits; when too many do already, the decision is counted and dropped.
func (r *Recorder) Record(d Decision) {
	if d.RequestID == "" || slices.Contains(expected, d.Exception) {
		return
	}
	for _, text := range []*string{&d.RequestID, &d.Operation, &d.Principal, &d.Exception} {
		*text = trace.Clean(*text, maxName)
	}
	d.Message, d.Cause = trace.Clean(d.Message, maxMessage), trace.Clean(d.Cause, maxMessage)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.queue) >= maxQueued || d.Principal == "" && r.nobodys >= queuedOfNobody {
		r.lost++
		return
	}
	r.queue = append(r.queue, d)
	if d.Principal == "" {
		r.nobodys++
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Close writes what waits and ends the recorder. ctx bounds the wait.
func (r *Recorder) Close(ctx context.Context) error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.closing)
	}
	r.mu.Unlock()
	select {
	case <-r.stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run writes what waits, once a second at most, and prunes.
func (r *Recorder) run() {
	defer close(r.stopped)
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()
	for {
		select {
		case <-r.wake:
			select {
			case <-time.After(FlushEvery):
			case <-r.closing:
			}
		case <-prune.C:
		case <-r.closing:
			r.flush()
			return
		}
		r.flush()
	}
}

// flush writes what waits and prunes, in one transaction.
func (r *Recorder) flush() {
	r.mu.Lock()
	r.writing, r.queue, r.nobodys = r.queue, nil, 0
	idle := r.closed && len(r.writing) == 0
	r.mu.Unlock()
	if idle {
		return
	}
	rows := rowsOf(r.writing) // which this goroutine alone changes

	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	err := r.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.AddDecisions(rows); err != nil {
			return err
		}
		return tx.PruneDecisions(tx.Now.Add(-r.Keep).UnixMilli(), r.Max, pruneBatch)
	})

	r.mu.Lock()
	r.writing = nil
	if err != nil {
		r.lost += len(rows)
	}
	r.mu.Unlock()
	r.complain(err)
}

// complain logs that decisions were lost, now and then. The log may be slow, so nobody waits for it.
func (r *Recorder) complain(err error) {
	now := r.Clock.Now()
	r.mu.Lock()
	lost := r.lost
	if now.Before(r.complains) {
		lost = 0
	}
	if lost > 0 {
		r.lost, r.complains = 0, now.Add(complainEvery)
	}
	r.mu.Unlock()
	switch {
	case lost > 0 && err != nil:
		r.Log.Warn(notKept, "lost", lost, "error", err)
	case lost > 0:
		r.Log.Warn(notKept, "lost", lost)
	}
}

const notKept = "refusals were not recorded: `sallyport explain` will not find them"

func rowsOf(decisions []Decision) []store.KeptDecision {
	rows := make([]store.KeptDecision, 0, len(decisions))
	for _, d := range decisions {
		rows = append(rows, store.KeptDecision{
			RequestID: d.RequestID, Operation: d.Operation, Principal: d.Principal, Exception: d.Exception, Message: d.Message, Cause: d.Cause,
			Trace: string(d.Trace.JSON()), CreatedAt: d.At.UnixMilli(),
		})
	}
	return rows
}

// Find returns the decision about a request, also one that is not written yet.
func (r *Recorder) Find(ctx context.Context, requestID string) (Decision, bool, error) {
	requestID = canonical(requestID)
	r.mu.Lock()
	for _, waiting := range [][]Decision{r.queue, r.writing} {
		for _, d := range waiting {
			if d.RequestID == requestID {
				r.mu.Unlock()
				return d, true, nil
			}
		}
	}
	r.mu.Unlock()
	return find(ctx, r.Store, r.Keep, requestID)
}

// Find returns the decision about a request, if a server has written it.
func Find(ctx context.Context, s *store.Store, requestID string) (Decision, bool, error) {
	return find(ctx, s, Keep, canonical(requestID))
}

// canonical takes a request id as people copy it.
func canonical(requestID string) string { return strings.ToLower(strings.TrimSpace(requestID)) }

func find(ctx context.Context, s *store.Store, keep time.Duration, requestID string) (d Decision, found bool, err error) {
	var kept store.KeptDecision
	err = s.Look(ctx, func(tx *store.Tx) error {
		kept, found, err = tx.KeptDecision(requestID, tx.Now.Add(-keep).UnixMilli())
		return err
	})
	if err != nil || !found {
		return Decision{}, false, err
	}
	d, err = decisionOf(kept)
	return d, err == nil, err
}

// Latest returns the youngest decisions that a server has written, the youngest first.
func Latest(ctx context.Context, s *store.Store, limit int) ([]Decision, error) {
	var rows []store.KeptDecision
	err := s.Look(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.LatestDecisions(tx.Now.Add(-Keep).UnixMilli(), limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	decisions := make([]Decision, 0, len(rows))
	for _, row := range rows {
		d, err := decisionOf(row)
		if err != nil {
			return nil, err
		}
		decisions = append(decisions, d)
	}
	return decisions, nil
}

func decisionOf(row store.KeptDecision) (Decision, error) {
	checks, err := trace.ParseRecord([]byte(row.Trace))
	return Decision{
		RequestID: row.RequestID, At: time.UnixMilli(row.CreatedAt).UTC(), Operation: row.Operation, Principal: row.Principal,
		Exception: row.Exception, Message: row.Message, Cause: row.Cause, Trace: checks,
	}, err
}
