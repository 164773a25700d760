package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/keys"
	"sallyport/internal/store"
)

// ApplyOptions say how a directory is applied.
type ApplyOptions struct {
	DryRun bool         // work out the difference and change nothing
	Ring   *keys.Ring   // seals the secrets of access keys; files without secrets need none
	Log    *slog.Logger // gets one line when something changed; nil for none
	// Also is run after the changes, if there are any, in the same transaction; nil for nothing.
	Also func(*store.Tx) error
}

// Apply makes the store hold what the directory says, in one transaction, and returns the difference. Applying the same directory again
// changes nothing. Whoever or whatever is removed or disabled takes its sessions along in the same transaction, as with the operations of
// the API. Mistakes that only the store shows, such as the name of an issuer that is not there, come as *Mistakes.
func Apply(ctx context.Context, s *store.Store, caller api.Caller, d *Directory, o ApplyOptions) (Changes, error) {
	var p *plan
	if o.DryRun {
		err := s.View(ctx, func(tx *store.Tx) (err error) {
			p, err = compare(tx, d, o.Ring)
			return err
		})
		return p.result(err, "compare")
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	err := audit.Change(ctx, s, log, caller, func(tx *store.Tx) (event audit.Event, err error) {
		if p, err = compare(tx, d, o.Ring); err != nil || len(p.List) == 0 {
			return event, err
		}
		if err = p.run(tx); err == nil && o.Also != nil {
			err = o.Also(tx)
		}
		return audit.Event{Name: audit.DirectoryApplied, Detail: p.Summary()}, err
	})
	return p.result(err, "apply")
}

func (p *plan) result(err error, doing string) (Changes, error) {
	var mistakes *Mistakes
	switch {
	case err == nil:
		return p.Changes, nil
	case errors.As(err, &mistakes):
		return Changes{}, mistakes
	}
	return Changes{}, fmt.Errorf("%s the directory: %w", doing, err)
}

// step is a statement or some.
type step func(*store.Tx) error

// plan is the difference with the statements that make it.
type plan struct {
	Changes
	mistakes *Mistakes
	d        *Directory
	have     *rows
	now      time.Time // of the transaction
	ring     *keys.Ring
	owner    string // account that owns the instance once the file is applied

	// What takes something runs before what gives: names, addresses and external ids may go from one to another. Among themselves neither
	// depend on their order, because what stays keeps its row.
	taking, giving []step

	userIDs, groupIDs, setIDs ids
	instanceIDs               map[string]string // by the account whose own instance it is; of the organization instance by ""
	issuerARNs                map[issuerKey]string
	applications              []applicationPlan
}

func (p *plan) run(tx *store.Tx) error {
	for _, do := range slices.Concat(p.taking, p.giving) {
		if err := do(tx); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) add(what string, do step) {
	p.List = append(p.List, Change{Sign: Added, What: what})
	p.giving = append(p.giving, do)
}

func (p *plan) remove(what string, do step) {
	p.List = append(p.List, Change{Sign: Removed, What: what})
	p.taking = append(p.taking, do)
}

// keep makes what differs of a thing that stays, and reports whether anything does.
func (p *plan) keep(what string, fields []Field, do step) bool {
	if len(fields) == 0 {
		p.Unchanged++
		return false
	}
	p.List = append(p.List, Change{Altered, what, fields})
	p.giving = append(p.giving, do)
	return true
}

// comparisons are the parts of the plan, in the order in which they need each other's ids.
var comparisons = []func(*plan) error{
	(*plan).compareInstance, (*plan).compareUsers, (*plan).compareGroups, (*plan).compareMemberships, (*plan).compareAccounts,
	(*plan).comparePermissionSets, (*plan).compareAssignments, (*plan).compareAccountInstances, (*plan).compareIssuers,
	(*plan).compareApplications, (*plan).compareIAM,
}

// compare works out the plan. It reads each table once.
func compare(tx *store.Tx, d *Directory, ring *keys.Ring) (*plan, error) {
	p := &plan{d: d, ring: ring, now: tx.Now, mistakes: &Mistakes{File: d.file}}
	var err error
	if p.have, err = load(tx); err != nil {
		return nil, err
	}
	for _, part := range comparisons {
		if err := part(p); err != nil {
			return nil, err
		}
	}
	return p, p.mistakes.orNil()
}

// errNoInstance: ids of the instance stand in what is kept.
var errNoInstance = errors.New("the store has no instance yet: start the server once")

// needsInstance reports whether the file has what cannot be kept without an instance.
func (d *Directory) needsInstance() bool {
	return d.instance != nil || d.whole() || d.accountInstances.given || d.issuers.given || d.applications.given || d.iam != nil
}

func (p *plan) compareInstance() error {
	if !p.have.hasInstance && p.d.needsInstance() {
		return errNoInstance
	}
	have := p.have.instance
	next := have
	if want := p.d.instance; want != nil {
		next.Name = cmp.Or(want.name.value, have.Name)
		next.OwnerAccountID = cmp.Or(want.ownerAccountID.value, have.OwnerAccountID)
	}
	p.owner = next.OwnerAccountID
	if p.d.instance == nil {
		return nil
	}
	old := attributes{{"name", have.Name}, {"ownerAccountId", have.OwnerAccountID}}
	now := attributes{{"name", next.Name}, {"ownerAccountId", next.OwnerAccountID}}
	wanted := tagsOf(p.d.instance.tags)
	if p.d.whole() {
		old, now = append(old, attribute{"tags", p.have.tagWords(have.InstanceID)}), append(now, attribute{"tags", tagWords(wanted)})
	}
	p.keep("instance "+have.InstanceID, differing(old, now), func(tx *store.Tx) error {
		if err := tx.PutInstance(next); err != nil || !p.d.whole() {
			return err
		}
		return tx.PutTags(have.InstanceID, wanted)
	})
	return nil
}

// attribute is one value of a thing, as a change shows it.
type attribute struct{ name, value string }

type attributes []attribute

func (a attributes) get(name string) string {
	for _, one := range a {
		if one.name == name {
			return one.value
		}
	}
	return ""
}

// differing are the values that differ, in the order of what comes, and then those that go.
func differing(old, next attributes) []Field {
	var fields []Field
	for _, a := range next {
		if was := old.get(a.name); was != a.value {
			fields = append(fields, Field{a.name, was, a.value})
		}
	}
	for _, a := range old {
		if a.value != "" && !slices.ContainsFunc(next, func(n attribute) bool { return n.name == a.name }) {
			fields = append(fields, Field{a.name, a.value, ""})
		}
	}
	return fields
}

// differingDocument says that a document differs, without its text, which is long.
func differingDocument(name, old, next string) []Field {
	old, next = canonical(old), canonical(next)
	switch {
	case old == next:
		return nil
	case old == "":
		return []Field{{name, "", "a document"}}
	case next == "":
		return []Field{{name, "a document", ""}}
	}
	return []Field{{name, "a document", "another document"}}
}

// inAccount finds a mistake in a new thing of an account that nobody knows.
func (p *plan) inAccount(id text, what string) {
	if id.value == "" || id.value == p.owner || slices.ContainsFunc(p.d.accounts, func(a account) bool {
		return a.accountID.value == id.value
	}) {
		return
	}
	known := []string{p.owner}
	for _, a := range p.d.accounts {
		known = append(known, a.accountID.value)
	}
	p.mistakes.add(id.place, "found %s in the account %s, expected an account that this file declares, or the one that owns the instance%s",
		what, shown(id.value), didYouMean(id.value, known))
}

// links are rows of which nothing is known but that they are there.
type links[R comparable] struct {
	words     func(R) string
	add, take func(*store.Tx, R) error
}

// compare adds what is wanted and not there, and removes what is there and not wanted.
func (l links[R]) compare(p *plan, have, want []R) {
	left := make(map[R]bool, len(have))
	for _, row := range have {
		left[row] = true
	}
	for _, row := range want {
		if left[row] {
			p.Unchanged++
			delete(left, row)
			continue
		}
		p.add(l.words(row), func(tx *store.Tx) error { return l.add(tx, row) })
	}
	for _, row := range have {
		if left[row] {
			p.remove(l.words(row), func(tx *store.Tx) error { return l.take(tx, row) })
		}
	}
}

// mapOf is rows by their identity.
func mapOf[K comparable, R any](all []R, key func(R) K) map[K]R {
	sorted := make(map[K]R, len(all))
	for _, row := range all {
		sorted[key(row)] = row
	}
	return sorted
}
