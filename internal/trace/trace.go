// Package trace owns the checks of one decision: which were made, how each came out, and the command that would mend a refusal.
// The trace travels in a context, so that every check can write to it and none needs to know whether anybody reads. It leaves to
// explain which traces are kept, and to the rooms what a check says.
//
// A trace is read by operators, and is no place for secrets. Callers write names, counts, moments and digests of values; whatever
// looks like a token or a signature all the same is withheld (see Clean).
package trace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
)

// Bounds of one trace. A decision makes twenty to thirty checks; what goes beyond comes from a caller who tries how far it goes.
const (
	maxNodes     = 64
	keptForFails = 16 // of maxNodes, kept for failures: the check that refuses is the last one made
	maxDepth     = 6
	maxFixes     = 8
	maxName      = 64   // bytes of a check's name
	maxDetail    = 512  // bytes of a detail
	maxFix       = 2048 // bytes of a command; an application's ARN and a user id fit several times, and a grant with a handful of issuers does
	maxText      = 8192 // bytes of all details: thousands of traces are kept
)

// fewChecks are as many as a decision of one or two lookups makes, and a group as a rule; usualChecks about as many as one of an application.
const (
	fewChecks   = 6
	usualChecks = 24
)

// Outcome tells how a check came out.
type Outcome string

// The outcomes. A group has the outcome fail when something in it failed.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	Note Outcome = "note"
)

// Trace collects the checks of one decision, or of a group of them. All methods work on nil, and then do nothing. It is safe for use
// by many goroutines.
type Trace struct {
	tree  *tree
	depth int
	nodes []entry
}

// tree is what all groups of one trace share.
type tree struct {
	mu      sync.Mutex
	pending []place // checks that are not written yet, in the order they were made
	count   int     // nodes that are written
	text    int     // bytes of details
	left    int     // nodes that found no room
	failed  bool
	fixes   []string
	written int // how often what was pending was written
}

// entry is a check, or a group of them. Nobody reads the trace of a request that succeeds, so what a check says is written when somebody asks.
type entry struct {
	check   string
	outcome Outcome
	detail  string // a format, until it is written with args
	args    []any
	group   *Trace
	dropped bool // it found no room
}

// place is where a check is: a slice that grows moves its entries.
type place struct {
	in *Trace
	at int
}

type contextKey struct{}

// With returns a context that carries a new trace, and the trace.
func With(ctx context.Context) (context.Context, *Trace) {
	t := &Trace{tree: &tree{}}
	return context.WithValue(ctx, contextKey{}, t), t
}

// Into returns a context whose checks are written to t, which is a group as a rule.
func Into(ctx context.Context, t *Trace) context.Context {
	if t == nil {
		return ctx
	}
	return context.WithValue(ctx, contextKey{}, t)
}

// From returns the trace that the context carries, nil if there is none. Without a trace a check costs what its arguments cost to be
// handed over: nothing for constants and pointers, sixteen bytes for a string. Where that matters, ask for nil first.
func From(ctx context.Context) *Trace {
	t, _ := ctx.Value(contextKey{}).(*Trace)
	return t
}

// Pass notes a check that came out well. The arguments must not change afterwards: they are written when somebody reads the trace.
func (t *Trace) Pass(check, format string, args ...any) { t.add(Pass, check, format, args...) }

// Fail notes the check that refuses.
func (t *Trace) Fail(check, format string, args ...any) { t.add(Fail, check, format, args...) }

// Note notes something that was found and decides nothing. The arguments must not change afterwards, as with Pass.
func (t *Trace) Note(check, format string, args ...any) { t.add(Note, check, format, args...) }

// Fix notes the command that would mend the refusal. A command that was noted already is not noted again, and one that cannot be noted as it
// is (see Clean) not at all: whoever ran what is left of it would do something else.
func (t *Trace) Fix(format string, args ...any) {
	if t == nil {
		return
	}
	fix := fmt.Sprintf(format, args...)
	if Clean(fix, maxFix) != fix {
		t.Note("command", "the one that would mend it has no room here, or has something that is not shown")
		return
	}
	t.tree.mu.Lock()
	defer t.tree.mu.Unlock()
	if len(t.tree.fixes) < maxFixes && !slices.Contains(t.tree.fixes, fix) {
		t.tree.fixes = append(t.tree.fixes, fix)
	}
}

// Group begins a named part of the trace, for the checks that belong together. Where the trace is full or deep already, the checks
// go into t itself.
func (t *Trace) Group(name string) *Trace {
	if t == nil {
		return nil
	}
	t.tree.mu.Lock()
	defer t.tree.mu.Unlock()
	if t.tree.count+len(t.tree.pending) >= maxNodes-keptForFails {
		t.tree.write() // some of what waits may find no room, and leave it
	}
	if t.depth >= maxDepth || !t.tree.room(Pass, 0) {
		return t
	}
	group := &Trace{tree: t.tree, depth: t.depth + 1}
	t.enter(entry{check: Clean(name, maxName), group: group})
	return group
}

// Failed tells whether a check of the trace failed, in whatever group.
func (t *Trace) Failed() bool {
	if t == nil {
		return false
	}
	t.tree.mu.Lock()
	defer t.tree.mu.Unlock()
	return t.tree.failed
}

func (t *Trace) add(outcome Outcome, check, format string, args ...any) {
	if t == nil {
		return
	}
	e := entry{check: check, outcome: outcome, detail: format, args: slices.Clone(args)} // not the caller's own, which then stay on its stack
	if outcome == Fail {                                                                 // it may tell of what is about to be undone
		e.detail, e.args = "%s", []any{fmt.Sprintf(format, args...)}
	}
	t.tree.mu.Lock()
	defer t.tree.mu.Unlock()
	if outcome == Fail {
		t.tree.failed = true
	}
	if len(t.tree.pending) >= maxNodes {
		t.tree.write()
	}
	t.enter(e)
	if t.tree.pending == nil {
		t.tree.pending = make([]place, 0, usualChecks)
	}
	t.tree.pending = append(t.tree.pending, place{t, len(t.nodes) - 1})
}

// enter adds to the nodes, and moves them once at most for a usual decision.
func (t *Trace) enter(e entry) {
	switch len(t.nodes) {
	case 0:
		t.nodes = slices.Grow(t.nodes, fewChecks)
	case fewChecks:
		t.nodes = slices.Grow(t.nodes, usualChecks-fewChecks)
	}
	t.nodes = append(t.nodes, e)
}

// Mark is a moment of a trace.
type Mark struct {
	nodes, pending, fixes, left, written int
	failed                               bool
}

// Mark notes where the trace is, for Forget.
func (t *Trace) Mark() Mark {
	if t == nil {
		return Mark{}
	}
	t.tree.mu.Lock()
	defer t.tree.mu.Unlock()
	return Mark{len(t.nodes), len(t.tree.pending), len(t.tree.fixes), t.tree.left, t.tree.written, t.tree.failed}
}

// Forget takes back what was noted in t since the mark, and in groups that were begun since: what was decided then is decided anew, as in a
// transaction that is run again. The room that it took stays taken where it was written meanwhile.
func (t *Trace) Forget(since Mark) {
	if t == nil {
		return
	}
	t.tree.mu.Lock()
	defer t.tree.mu.Unlock()
	if t.tree.written == since.written {
		t.tree.pending = t.tree.pending[:since.pending]
	} else {
		t.tree.pending = t.tree.pending[:0] // what waited at the mark was written, and what waits came after
	}
	clear(t.nodes[since.nodes:])
	t.nodes = t.nodes[:since.nodes]
	t.tree.fixes, t.tree.left, t.tree.failed = t.tree.fixes[:since.fixes], since.left, since.failed
}

// write writes what the pending checks say, as far as there is room.
func (t *tree) write() {
	t.written++
	for _, p := range t.pending {
		e := &p.in.nodes[p.at]
		e.check, e.detail = Clean(e.check, maxName), Clean(fmt.Sprintf(e.detail, e.args...), maxDetail)
		e.args = nil
		if e.dropped = !t.room(e.outcome, len(e.detail)); e.dropped {
			*e = entry{dropped: true}
		}
	}
	t.pending = t.pending[:0]
}

// room counts a node in, or counts it as left out. A quarter of the room is kept for failures.
func (t *tree) room(outcome Outcome, size int) bool {
	nodes, text := maxNodes, maxText
	if outcome != Fail {
		nodes, text = nodes-keptForFails, text-text/4
	}
	if t.count >= nodes || t.text+size > text {
		t.left++
		return false
	}
	t.count++
	t.text += size
	return true
}

// Digest stands for a value that must not be shown, such as the claim of an assertion: "sha256:" and 12 hexadecimal digits.
//
// It has no key, on purpose. The operator asks why a value did not match and has the other value at hand; he compares by
// `sallyport explain --digest VALUE` or by sha256sum, on any machine and for a record of any node, which a keyed digest would not
// allow. The price is that a value of few possibilities, such as an e-mail address, can be found by trying. That is no secret from
// those who read records: they read the directory in the same store. The digest keeps values out of screenshots and tickets, and is
// not meant to withstand more. Of secrets and tokens not even a digest belongs into a trace.
func Digest(value string) string {
	sum := sha256.Sum256([]byte(value))
	return "sha256:" + hex.EncodeToString(sum[:6])
}
