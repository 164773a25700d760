package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/store"
)

// ApplyOptions say how a directory is applied.
type ApplyOptions struct {
	DryRun bool         // work out the difference and change nothing
	Log    *slog.Logger // gets one line when something changed; nil for none
}

// Apply makes the store hold what the directory says, in one transaction, and returns the difference. Applying the same directory again
// changes nothing. Who is removed or disabled is signed out everywhere in the same transaction.
func Apply(ctx context.Context, s *store.Store, caller api.Caller, d *Directory, o ApplyOptions) (Changes, error) {
	if o.DryRun {
		var p *plan
		err := s.View(ctx, func(tx *store.Tx) (err error) {
			p, err = compare(tx, d)
			return err
		})
		if err != nil {
			return Changes{}, fmt.Errorf("compare the directory: %w", err)
		}
		return p.Changes, nil
	}
	var p *plan
	var event audit.Event
	err := s.Update(ctx, func(tx *store.Tx) (err error) {
		if p, err = compare(tx, d); err != nil || len(p.List) == 0 {
			return err
		}
		event = audit.Event{Name: audit.DirectoryApplied, Detail: p.Summary()}
		if err := p.run(tx); err != nil {
			return err
		}
		return audit.Record(tx, caller, event)
	})
	if err != nil {
		return Changes{}, fmt.Errorf("apply the directory: %w", err)
	}
	if o.Log != nil && event.Name != "" {
		audit.Log(ctx, o.Log, caller, event)
	}
	return p.Changes, nil
}

// plan is the difference with the statements that make it.
type plan struct {
	Changes
	steps []func(*store.Tx) error // one for each change; they do not depend on their order, because a name that stays keeps its row
}

func (p *plan) run(tx *store.Tx) error {
	for _, step := range p.steps {
		if err := step(tx); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) add(what string, do func(*store.Tx) error) {
	p.List = append(p.List, Change{Sign: Added, What: what})
	p.steps = append(p.steps, do)
}

func (p *plan) remove(what string, do func(*store.Tx) error) {
	p.List = append(p.List, Change{Sign: Removed, What: what})
	p.steps = append(p.steps, do)
}

// keep makes what differs of a thing that stays.
func (p *plan) keep(what string, fields []Field, do func(*store.Tx) error) {
	if len(fields) == 0 {
		p.Unchanged++
		return
	}
	p.List = append(p.List, Change{Altered, what, fields})
	p.steps = append(p.steps, do)
}

// compare works out the plan. It reads each table once.
func compare(tx *store.Tx, d *Directory) (*plan, error) {
	p := &plan{}
	if err := p.instance(tx, d.instance); err != nil {
		return nil, err
	}
	users, err := p.users(tx, d.users)
	if err != nil {
		return nil, err
	}
	groups, err := p.groups(tx, d.groups)
	if err != nil {
		return nil, err
	}
	if err := p.memberships(tx, d.groups, users, groups); err != nil {
		return nil, err
	}
	if err := p.accounts(tx, d.accounts); err != nil {
		return nil, err
	}
	sets, err := p.permissionSets(tx, d.permissionSets)
	if err != nil {
		return nil, err
	}
	return p, p.assignments(tx, d.assignments, users, groups, sets)
}

func (p *plan) instance(tx *store.Tx, want *instance) error {
	if want == nil {
		return nil
	}
	have, found, err := tx.Instance()
	if err != nil {
		return err
	}
	if !found {
		return errors.New("the store has no instance yet: start the server once")
	}
	next := have
	if want.name.value != "" {
		next.Name = want.name.value
	}
	if want.ownerAccountID.value != "" {
		next.OwnerAccountID = want.ownerAccountID.value
	}
	p.keep("instance "+have.InstanceID, altered(
		Field{"name", have.Name, next.Name},
		Field{"ownerAccountId", have.OwnerAccountID, next.OwnerAccountID},
	), func(tx *store.Tx) error { return tx.PutInstance(next) })
	return nil
}
