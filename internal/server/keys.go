package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/creds"
	"sallyport/internal/keys"
	"sallyport/internal/store"
)

// This file is what the server does with the key ring by itself, and what operators do with it by command.

const (
	// PublishAhead is how long a key is published before it seals and signs. Servers have it within a second. Relying parties keep the JWKS
	// for wire.PublicMaxAge where they heed that, and many of those that do not ask again within the hour.
	PublishAhead = time.Hour
	// keysEvery is how often a server looks for keys that others added or retired: a retired one is refused within a second everywhere.
	keysEvery = 500 * time.Millisecond
	// retryEvery is how long a server waits before it tries again what did not work out.
	retryEvery = time.Minute
)

// schedule is the caller that the audit shows for what the server does by itself.
var schedule = api.Caller{Agent: "sallyport serve", RequestID: "schedule"}

// tendKeys keeps the ring: it takes up what others did, rotates when it is time, moves access keys to the key in use, and retires what nothing
// needs any more. Any number of servers do so at once.
func (s *Server) tendKeys(ctx context.Context) {
	k := keeper{House: s.House, every: s.config.KeyRotation}
	var tending sync.WaitGroup
	tending.Go(func() { k.atTimes(ctx, nil, k.tend) })
	k.atTimes(ctx, s.Store.KeysChanged(), k.read)
	tending.Wait()
}

// atTimes does something again and again, and when it hears of a change.
func (k *keeper) atTimes(ctx context.Context, changed <-chan struct{}, do func(context.Context)) {
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-changed:
		}
		do(ctx)
	}
}

// keeper is what a server remembers from time to time. It reads and tends beside each other: a key that is made may have to wait for a token of
// PKCS #11, and what others retired meanwhile may not.
type keeper struct {
	*House
	every time.Duration // between rotations

	failed bool // the last reading of the ring

	movedTo   string    // the key that access keys were moved to
	restUntil time.Time // after something did not work out
}

// read takes up what others did. It asks the store one question, and does more only when there is something to do.
func (k *keeper) read(ctx context.Context) {
	err := k.Ring.Reload(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && !k.failed:
		k.Log.Error("the key ring was not read again", "error", err)
	case err == nil && k.failed:
		k.Log.Info("the key ring is read again")
	}
	k.failed = err != nil
}

// tend does what is due, unless it did not work out a while ago.
func (k *keeper) tend(ctx context.Context) {
	if time.Now().Before(k.restUntil) {
		return
	}
	if err := k.tendNow(ctx); err != nil && ctx.Err() == nil {
		k.restUntil = time.Now().Add(retryEvery)
		k.Log.Error("the key ring was not tended", "error", err)
	}
}

func (k *keeper) tendNow(ctx context.Context) error {
	if err := k.rotateIfDue(ctx); err != nil {
		return err
	}
	if active := k.Ring.CurrentKeyID(); active != k.movedTo && len(k.Ring.Kept()) > 0 {
		if _, err := creds.ResealAccessKeys(ctx, k.Store, k.Ring); err != nil {
			return err
		}
		k.movedTo = active
	}
	due := k.Ring.Due(lives())
	if len(due) > 0 {
		if err := k.Store.CheckClock(ctx); err != nil {
			return err
		}
	}
	for _, keyID := range due {
		_, _, err := k.retireKey(ctx, schedule, keyID, false)
		var needed *keys.StillNeeded
		switch {
		case errors.Is(err, keys.ErrNoSuchKey): // another server was first
		case errors.As(err, &needed): // a session that the clock of its time let live longer
			k.restUntil = time.Now().Add(retryEvery)
		case err != nil:
			return err
		}
	}
	return nil
}

func (k *keeper) rotateIfDue(ctx context.Context) error {
	var event audit.Event
	_, rotated, err := k.Ring.RotateIfDue(ctx, k.every, publication(schedule, PublishAhead, &event))
	if rotated {
		audit.Log(ctx, k.Log, schedule, event)
	}
	return err
}

// publication is a key that takes over after a while, with its row in the audit. The event is kept for the log.
func publication(caller api.Caller, activateIn time.Duration, event *audit.Event) keys.Publication {
	return keys.Publication{ActivateIn: activateIn, Record: func(tx *store.Tx, key keys.Published) error {
		*event = audit.Event{Name: audit.KeyRotated, Detail: "key " + key.KeyID + " seals and signs from " + shownTime(key.ActivatesAt)}
		return audit.Record(tx, caller, *event)
	}}
}

// rotateKey adds a key that takes over after a while.
func (h *House) rotateKey(ctx context.Context, caller api.Caller, activateIn time.Duration) (keys.Published, error) {
	var event audit.Event
	key, err := h.Ring.Publish(ctx, publication(caller, activateIn, &event))
	if err == nil {
		audit.Log(ctx, h.Log, caller, event)
	}
	return key, err
}

// retireKey takes a key out of the ring. By force it ends the sessions that hang on it as well, also those of a key that is gone already, if
// ending them was cut short.
func (h *House) retireKey(ctx context.Context, caller api.Caller, keyID string, force bool) (key keys.Key, ended int, err error) {
	var event audit.Event
	key, err = h.Ring.Retire(ctx, keys.Retirement{
		KeyID: keyID, Force: force, Lives: lives(),
		Reseal: func(ctx context.Context) error {
			_, err := creds.ResealAccessKeys(ctx, h.Store, h.Ring)
			return err
		},
		Record: func(tx *store.Tx, key keys.Key) error {
			event = audit.Event{Name: audit.KeyRetired, Detail: retirementDetail(key, tx.Now)}
			return audit.Record(tx, caller, event)
		},
	})
	if errors.Is(err, keys.ErrNoSuchKey) && force {
		err = h.retiredBefore(ctx, keyID, err)
	}
	if err != nil {
		return key, 0, err
	}
	if event.Name != "" {
		audit.Log(ctx, h.Log, caller, event)
	}
	if force {
		ended, err = h.Ring.EndSessions(ctx, key.ID)
	}
	return key, ended, err
}

// retiredBefore is nil for a key that was retired, and the error for one that never was.
func (h *House) retiredBefore(ctx context.Context, keyID string, unknown error) error {
	return h.Store.Look(ctx, func(tx *store.Tx) error {
		if _, found, err := tx.RetiredKey(keyID); err != nil || found {
			return err
		}
		return unknown
	})
}

func retirementDetail(key keys.Key, now time.Time) string {
	if !key.NeededUntil.After(now) {
		return "key " + key.ID + ", which nothing needed any more"
	}
	return "key " + key.ID + " by force, needed for " + joinNeeds(key.Needs, len(key.Needs))
}

// joinNeeds writes the first of what a key is needed for in one line.
func joinNeeds(needs []keys.Need, most int) string {
	var texts []string
	for _, need := range needs[:min(most, len(needs))] {
		texts = append(texts, need.String())
	}
	if rest := len(needs) - most; rest > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(texts, "; ")
}

// shownTime is a moment as operators read it, in UTC.
func shownTime(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format("2006-01-02 15:04:05")
}

// mostAhead bounds how far ahead a key may be published: nobody remembers one that takes over in a year.
const mostAhead = 30 * day

// ParseActivateIn reads how long a key is to be published before it is used.
func ParseActivateIn(text string) (time.Duration, error) {
	d, err := parseDuration(text)
	if text == "0" {
		d, err = 0, nil
	}
	if err == nil && (d < 0 || d > mostAhead) {
		err = fmt.Errorf("expected 0s to %s", formatDuration(mostAhead))
	}
	return d, err
}

// RotateKeys adds a key to the ring, which takes over after a while, and writes what that means.
func RotateKeys(ctx context.Context, c *Config, activateIn time.Duration, out io.Writer) error {
	return operate(ctx, c, false, func(h *House) error {
		key, err := h.rotateKey(ctx, operator, activateIn)
		if err != nil {
			return err
		}
		if activateIn > 0 {
			fmt.Fprintf(out, "key %s is published, and seals and signs from %s UTC on; nothing else is to be done\n", key.KeyID, shownTime(key.ActivatesAt))
		} else {
			fmt.Fprintf(out, "key %s seals and signs from now on; running servers take it up within a second\n", key.KeyID)
		}
		if activateIn < PublishAhead {
			fmt.Fprint(out, "relying parties that keep the JWKS longer than that refuse new ID tokens until they fetch it again; our own tokens are not affected\n")
		}
		return nil
	})
}

// RetireKey takes a key out of the ring and writes what that did.
func RetireKey(ctx context.Context, c *Config, keyID string, force bool, out io.Writer) error {
	return operate(ctx, c, false, func(h *House) error {
		key, ended, err := h.retireKey(ctx, operator, keyID, force)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "key %s is retired: what it sealed and signed is refused within a second everywhere\n", keyID)
		if force && ended > 0 {
			fmt.Fprintf(out, "%d sessions ended: their people sign in again\n", ended)
		}
		if force && len(key.Needs) > 0 {
			fmt.Fprintf(out, "it was needed for %s\n", joinNeeds(key.Needs, len(key.Needs)))
		}
		return nil
	})
}

// needsShown bounds what a line of the list says of a key.
const needsShown = 3

// ListKeys writes the keys of the ring, oldest first: a table for people, or the JSON of GET /_dev/keys for programs.
func ListKeys(ctx context.Context, c *Config, asJSON bool, out io.Writer) error {
	return operate(ctx, c, false, func(h *House) error {
		listed, err := h.Ring.List(ctx, lives())
		if err != nil {
			return err
		}
		if asJSON {
			encoder := json.NewEncoder(out)
			encoder.SetIndent("", "  ")
			return encoder.Encode(map[string]any{"keys": listed})
		}
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "KEY\tSTATE\tUSE\tMADE\tACTIVE FROM\tNEEDED UNTIL\tFOR")
		for _, key := range listed {
			until, why := shownTime(key.NeededUntil), joinNeeds(key.Needs, needsShown)
			if key.State == keys.StateRetired {
				until, why = "-", "retired "+shownTime(key.RetiredAt)
				if key.Forced {
					why += " by force"
				}
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", key.ID, key.State, key.Use, shownTime(key.CreatedAt), shownTime(key.ActivatesAt), until, why)
		}
		return table.Flush()
	})
}

// RewrapKeys seals every key of the ring under the root key of the configuration and writes what that did.
func RewrapKeys(ctx context.Context, c *Config, out io.Writer) error {
	return operate(ctx, c, false, func(h *House) error {
		var event audit.Event
		done, err := h.Ring.Rewrap(ctx, func(tx *store.Tx, done keys.Rewrapped) error {
			event = audit.Event{Name: audit.RootKeyChanged, Detail: fmt.Sprintf("%d keys are sealed under the root key %s", done.Done, done.Root)}
			return audit.Record(tx, operator, event)
		})
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", err, ErrGoesOn)
		}
		if err != nil {
			return fmt.Errorf("%d keys are sealed under the root key %s, and the others as before; run it again: %w", done.Done, done.Root, err)
		}
		fmt.Fprintf(out, "%d keys were sealed anew under the root key %s, %d were so already\n", done.Done, done.Root, done.Already)
		fmt.Fprintln(out, "nothing needs the root key of before any more: take it out of the settings of all servers, and keep it with the backups that need it")
		return nil
	})
}
