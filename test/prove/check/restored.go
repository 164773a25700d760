package check

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"sallyport/internal/api"
	"sallyport/test/prove/clerk"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/remote"
)

// State is what a ledger was sure of at a moment, of what a backup keeps: the directory, assignments and applications. Sessions and what was to be
// redeemed are over after a restore.
type State struct {
	gates  map[string]bool // by name: open or not
	people map[string]bool // by id, of those that gates name: there or not
	of     map[string]ledger.Gate
}

// Take tells what is sure now.
func Take(l *ledger.Ledger) State {
	s := State{gates: map[string]bool{}, people: map[string]bool{}, of: map[string]ledger.Gate{}}
	l.Look(func(book *ledger.Book, _ int64) {
		for name, gate := range book.Gates {
			s.of[name] = *gate
			const known = int64(time.Hour / time.Millisecond) // to every server, which the rows do not wait for
			if stands := book.Stands(gate, gate.Open.At+known); stands != ledger.Maybe {
				s.gates[name] = stands == ledger.Yes
			}
			if gate.Person == "" {
				continue
			}
			if end := book.People[gate.Person]; end == nil || end.Sure != ledger.Maybe {
				s.people[gate.Person] = end == nil
			}
		}
	})
	return s
}

// unchanged are the entries that are sure and the same in both.
func unchanged(at, by map[string]bool) map[string]bool {
	same := map[string]bool{}
	for name, value := range at {
		if later, sure := by[name]; sure && later == value {
			same[name] = value
		}
	}
	return same
}

// Restoration says what a backup was of.
type Restoration struct {
	Before *ledger.Ledger // what was acknowledged before the restore
	At, By State          // when the backup began, and when it was whole
}

// RestoredCounts are what a check of a restored site found to ask about.
type RestoredCounts struct{ Logins, Tried, People, Gone, Gates, Applications int }

// Restored asks a restored site whether all that restore says has ended has, whether nothing that is good once is honoured, and whether everything that
// was acknowledged before the backup began is there. What it does itself goes into the clerk's ledger, and so do breaches.
func Restored(ctx context.Context, c *clerk.Clerk, of Restoration) (RestoredCounts, error) {
	r := &restored{checker: &checker{Clerk: c, Options: Options{Workers: 8}}, Restoration: of}
	before := *c
	before.Ledger = of.Before
	r.before = &before
	var names []string
	of.Before.Look(func(book *ledger.Book, _ int64) {
		for _, login := range book.Order {
			names = append(names, login.Name)
		}
	})
	if err := r.each(ctx, names, r.over); err != nil {
		return r.found, err
	}
	people := unchanged(of.At.people, of.By.people)
	if err := r.checkPeople(ctx, people); err != nil {
		return r.found, err
	}
	return r.found, r.checkGates(ctx, people)
}

type restored struct {
	*checker
	Restoration
	before *clerk.Clerk // reads the ledger before
	found  RestoredCounts
}

func (r *restored) tell(invariant ledger.Invariant, line int64, of, format string, arguments ...any) {
	r.Ledger.Report(ledger.Breach{Invariant: invariant, Line: line, Of: of, Why: "after the restore " + fmt.Sprintf(format, arguments...)})
}

// over tries everything that a login before the restore had.
func (r *restored) over(ctx context.Context, name string) error {
	login, _ := r.Before.Login(name)
	newest, has := login.Newest()
	r.count(&r.found.Logins)
	invariant, what := ledger.Survived, "its "+string(login.Kind)+", which the restore ended, is honoured"
	if login.Redeemed == ledger.Yes && login.Kind.SingleUse() {
		invariant, what = ledger.Doubled, fmt.Sprintf("its %s is honoured that line %d spent", login.Kind, login.RedeemLine)
	}
	if login.Begun == ledger.Yes {
		if err := r.must(ctx, name, ledger.Redeem, invariant, login, what); err != nil {
			return err
		}
	}
	if !has {
		return nil
	}
	if newest.Refresh != "" {
		if err := r.must(ctx, name, ledger.Turn, ledger.Survived, login, "its refresh token is honoured"); err != nil {
			return err
		}
	}
	if clerk.OpensPortal(login) {
		outcome, err := r.before.Opens(ctx, newest.Access)
		if err != nil {
			return err
		}
		if outcome.OK() {
			r.tell(ledger.Survived, newest.Line, name, "its access token opens the portal")
		}
	}
	if login.Vended == nil {
		return nil
	}
	outcome, err := r.before.Signs(ctx, *login.Vended)
	if err == nil && outcome.OK() {
		r.tell(ledger.Survived, login.Vended.Line, name, "its credentials are taken")
	}
	return err
}

// must sends what a login has and reports a breach when it is honoured.
func (r *restored) must(ctx context.Context, name string, act ledger.Act, invariant ledger.Invariant, login ledger.Login, what string) error {
	request, err := r.before.Of(name, act)
	if err != nil {
		return err
	}
	r.count(&r.found.Tried)
	answer, err := r.Site.Send(ctx, request)
	if err == nil && answer.Unsure() {
		err = fmt.Errorf("the answer is %v", answer)
	}
	if err == nil && answer.Good() {
		r.tell(invariant, login.Last, name, "%s", what)
	}
	return err
}

// checkPeople asks whether those who were hired are there, and those who were dismissed are not.
func (r *restored) checkPeople(ctx context.Context, people map[string]bool) error {
	for id, there := range people {
		answer, err := r.Site.Call(ctx, api.DescribeUser.Operation, remote.Members{"IdentityStoreId": r.Site.IdentityStoreID, "UserId": id})
		switch {
		case err != nil:
			return err
		case answer.Good() && !there:
			r.tell(ledger.Survived, 0, id, "the person is there, who was removed before the backup began")
		case !answer.Good() && there:
			r.tell(ledger.Lost, 0, id, "the person is not there: %v", answer)
		}
		if there {
			r.found.People++
		} else {
			r.found.Gone++
		}
	}
	return nil
}

// checkGates asks whether assignments and applications are as they were.
func (r *restored) checkGates(ctx context.Context, people map[string]bool) error {
	for name, open := range unchanged(r.At.gates, r.By.gates) {
		gate := r.At.of[name]
		if gate.Role == "" {
			if err := r.checkApplication(ctx, name, open); err != nil {
				return err
			}
			continue
		}
		if !people[gate.Person] {
			continue // gone, or perhaps
		}
		if err := r.checkAssignment(ctx, gate, open); err != nil {
			return err
		}
	}
	return nil
}

func (r *restored) checkApplication(ctx context.Context, application string, open bool) error {
	r.found.Applications++
	answer, err := r.Site.Must(ctx, api.DescribeApplication.Operation, remote.Members{"ApplicationArn": application})
	if status := map[bool]string{true: "ENABLED", false: "DISABLED"}[open]; err == nil && answer.Text("Status") != status {
		r.tell(ledger.Lost, 0, application, "the application is %s, want %s", answer.Text("Status"), status)
	}
	return err
}

// checkAssignment signs the person in, again, and asks for credentials.
func (r *restored) checkAssignment(ctx context.Context, gate ledger.Gate, open bool) error {
	r.found.Gates++
	described, err := r.Site.Must(ctx, api.DescribeUser.Operation, remote.Members{"IdentityStoreId": r.Site.IdentityStoreID, "UserId": gate.Person})
	if err != nil {
		return err
	}
	person := clerk.Person{ID: gate.Person, Name: described.Text("UserName")}
	name := fmt.Sprintf("again-%d-%s", r.found.Gates, person.Name)
	for _, step := range []func() (clerk.Outcome, error){
		func() (clerk.Outcome, error) { return r.BeginDevice(ctx, name) },
		func() (clerk.Outcome, error) { return r.Decide(ctx, name, ledger.Approve, person) },
		func() (clerk.Outcome, error) { return r.Redeem(ctx, name) },
	} {
		outcome, err := step()
		if err != nil {
			return err
		}
		if !outcome.OK() {
			r.tell(ledger.Lost, gate.Line, gate.Person, "the person cannot sign in: %v", outcome.Answer)
			return nil
		}
	}
	outcome, err := r.MayVend(ctx, name, gate.Account, gate.Role)
	switch {
	case err != nil:
		return err
	case outcome.OK() && !open:
		r.tell(ledger.Survived, gate.Line, gate.Person, "credentials of %s are given out, and the assignment was deleted before the backup began", gate.Role)
	case !outcome.OK() && open && outcome.Status < http.StatusInternalServerError:
		r.tell(ledger.Lost, gate.Line, gate.Person, "credentials of %s are refused with %s, and the assignment was made before the backup began", gate.Role, outcome.Exception)
	}
	return nil
}
