// Package check holds a server to its ledger: it asks about everything that the ledger knows, uses what must be good and tries what must not be. All of
// that goes into the ledger, too, so that checks can follow each other.
package check

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"sallyport/test/prove/clerk"
	"sallyport/test/prove/ledger"
)

// Options say how thorough a check is. The zero value asks about everything and spends nothing twice.
type Options struct {
	// Since leaves out what no line after this one is about, but for a Sample of it: checks between many rounds of trouble.
	Since  int64
	Sample int
	// Replay is the part of the logins, 0 to 1, whose spent codes and old refresh tokens are sent again. It ends most of their sessions.
	Replay float64
	// Workers ask at once; 0 means 8.
	Workers int
	Seed    uint64
}

// Counts are what a check found to ask about.
type Counts struct{ Logins, Living, Dead, Replayed, Gates, Vended, PutOff int }

// Check asks the site about the ledger's book. What is wrong is in the breaches of the ledger. An error means that the check could not be made.
func Check(ctx context.Context, c *clerk.Clerk, options Options) (Counts, error) {
	k := &checker{Clerk: c, Options: options, random: rand.New(rand.NewPCG(options.Seed, 5))}
	if k.Workers == 0 {
		k.Workers = 8
	}
	names := k.choose()
	if err := k.each(ctx, names, k.settle); err != nil {
		return k.counts, err
	}
	if err := k.checkGates(ctx); err != nil {
		return k.counts, err
	}
	return k.counts, k.each(ctx, k.lucky(names), k.replay)
}

type checker struct {
	*clerk.Clerk
	Options
	random *rand.Rand

	mu     sync.Mutex
	counts Counts
}

func (k *checker) count(field *int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	*field++
}

// choose returns the logins to ask about: those that began before others that came of them come first, as they stand in the book.
func (k *checker) choose() (names []string) {
	var others []string
	k.Ledger.Look(func(book *ledger.Book, _ int64) {
		for _, login := range book.Order {
			if login.Last > k.Since {
				names = append(names, login.Name)
			} else {
				others = append(others, login.Name)
			}
		}
	})
	k.random.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	return append(names, others[:min(len(others), k.Sample)]...)
}

// lucky are those whose spent codes come again.
func (k *checker) lucky(names []string) (chosen []string) {
	for _, name := range names {
		if k.random.Float64() < k.Replay {
			chosen = append(chosen, name)
		}
	}
	return chosen
}

// each runs do for every login, several at once, until one fails.
func (k *checker) each(ctx context.Context, names []string, do func(context.Context, string) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan string)
	var workers sync.WaitGroup
	for range k.Workers {
		workers.Go(func() {
			for name := range queue {
				if err := do(ctx, name); err != nil {
					cancel(fmt.Errorf("check the login %s: %w", name, err))
				}
			}
		})
	}
	for _, name := range names {
		if ctx.Err() != nil {
			break
		}
		queue <- name
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

// expect is what must be true of a login now, with why it ended if it did.
func (k *checker) expect(name string) (login ledger.Login, verdict ledger.Verdict, ending ledger.Ending, now, high int64) {
	k.Ledger.Look(func(book *ledger.Book, at int64) {
		found := book.Logins[name]
		login, verdict, ending, now, high = *found, book.Expect(found, at), book.Why(found, at), at, max(book.High, at)
	})
	return login, verdict, ending, now, high
}

// answered makes sure that a server which nothing troubles answers.
func (k *checker) answered(o clerk.Outcome, err error, what, name string) error {
	if err == nil && o.Result == ledger.Failed {
		err = fmt.Errorf("%s has no answer that tells: %v", what, o.Answer)
	}
	return err
}

// insistently does something that may be put off: a server that is full of changes which meet says so, and that nothing was done.
func (k *checker) insistently(ctx context.Context, do func() (clerk.Outcome, error)) (outcome clerk.Outcome, err error) {
	const most, first = 6, 100 * time.Millisecond // of attempts, and the wait after the first of them, which doubles
	for attempt := range most {
		outcome, err = do()
		if err != nil || outcome.Status != http.StatusServiceUnavailable || ctx.Err() != nil {
			break
		}
		k.count(&k.counts.PutOff)
		time.Sleep(first << attempt)
	}
	return outcome, err
}

// settle finds out about a login what the ledger does not know, and uses what it has.
func (k *checker) settle(ctx context.Context, name string) error {
	login, _, _, _, _ := k.expect(name)
	if login.Begun != ledger.Yes {
		return nil
	}
	k.count(&k.counts.Logins)
	if login.Redeemed != ledger.Yes && login.Kind.SingleUse() {
		// Approved codes are redeemed, others tell how far they are. The book judges the answers.
		outcome, err := k.insistently(ctx, func() (clerk.Outcome, error) { return k.Redeem(ctx, name) })
		if err := k.answered(outcome, err, "the redemption", name); err != nil {
			return err
		}
	}
	if err := k.settleSession(ctx, name); err != nil {
		return err
	}
	return k.settleKey(ctx, name)
}

// margin keeps checks of access tokens away from the moment of their end.
const margin = 5 * time.Second

// settleSession asks whether the session of a login is as alive or as dead as it must be.
func (k *checker) settleSession(ctx context.Context, name string) error {
	login, verdict, ending, now, high := k.expect(name)
	newest, has := login.Newest()
	if !has {
		return nil
	}
	switch verdict {
	case ledger.Lives:
		k.count(&k.counts.Living)
	case ledger.Dead:
		k.count(&k.counts.Dead)
	}
	if clerk.OpensPortal(login) {
		outcome, err := k.Opens(ctx, newest.Access)
		if err != nil {
			return err
		}
		fresh := high < newest.AccessEnds-margin.Milliseconds()
		expired := now > newest.AccessEnds+(newest.Answered-newest.Sent)+margin.Milliseconds()
		switch {
		case outcome.OK() && verdict == ledger.Dead:
			k.report(ledger.Survived, ending.Line, login, "its access token of line %d opens the portal, and %s", newest.Line, ending.Because)
		case outcome.OK() && expired:
			k.report(ledger.Survived, newest.Line, login, "its access token opens the portal after its end")
		case !outcome.OK() && verdict == ledger.Lives && fresh:
			k.report(ledger.Lost, newest.Line, login, "its access token does not open the portal: %v", outcome.Exception)
		}
	}
	if newest.Refresh == "" {
		return nil
	}
	outcome, err := k.insistently(ctx, func() (clerk.Outcome, error) { return k.Turn(ctx, name) })
	return k.answered(outcome, err, "the refresh", name)
}

func (k *checker) report(invariant ledger.Invariant, line int64, login ledger.Login, format string, arguments ...any) {
	k.Ledger.Report(ledger.Breach{Invariant: invariant, Line: line, Of: login.Name, Why: fmt.Sprintf(format, arguments...)})
}

// settleKey asks whether credentials that were vended last are as good as they must be.
func (k *checker) settleKey(ctx context.Context, name string) error {
	var verdict ledger.Verdict
	login, _, ending, now, high := k.expect(name)
	if login.Vended == nil || high > login.Vended.Ends-margin.Milliseconds() {
		return nil
	}
	k.Ledger.Look(func(book *ledger.Book, _ int64) { verdict = book.ExpectKey(book.Logins[name], now) })
	k.count(&k.counts.Vended)
	outcome, err := k.Signs(ctx, *login.Vended)
	switch {
	case err != nil:
		return err
	case outcome.OK() && verdict == ledger.Dead:
		k.report(ledger.Survived, ending.Line, login, "its credentials of line %d are taken, and %s", login.Vended.Line, ending.Because)
	case !outcome.OK() && verdict == ledger.Lives:
		k.report(ledger.Lost, login.Vended.Line, login, "its credentials are refused: %s", outcome.Exception)
	}
	return nil
}

// checkGates asks whether people who live get what they are assigned, and nobody what was taken away.
func (k *checker) checkGates(ctx context.Context) error {
	type passage struct {
		gate   ledger.Gate
		stands ledger.Certainty
		login  string
	}
	var passages []passage
	k.Ledger.Look(func(book *ledger.Book, now int64) {
		living := map[string]string{}
		for _, login := range book.Order {
			if newest, has := login.Newest(); has && clerk.OpensPortal(*login) && book.Expect(login, now) == ledger.Lives && book.High < newest.AccessEnds-margin.Milliseconds() {
				living[login.Person] = login.Name
			}
		}
		for _, gate := range book.GateOrder {
			if login := living[gate.Person]; login != "" && gate.Role != "" && gate.Line > k.Since {
				passages = append(passages, passage{*gate, book.Stands(gate, now), login})
			}
		}
	})
	for _, p := range passages {
		k.counts.Gates++
		outcome, err := k.MayVend(ctx, p.login, p.gate.Account, p.gate.Role)
		if err != nil {
			return err
		}
		login, _ := k.Ledger.Login(p.login)
		switch stands := p.stands; {
		case outcome.OK() && stands == ledger.No:
			k.report(ledger.Survived, p.gate.Line, login, "credentials of %s are given out, and the assignment was deleted", p.gate.Role)
		case !outcome.OK() && stands == ledger.Yes:
			k.report(ledger.Lost, p.gate.Line, login, "credentials of %s are refused with %s, and the assignment was made", p.gate.Role, outcome.Exception)
		}
	}
	return nil
}

// replay sends what a login has spent once more, and looks whether its session came to the end that this makes. The book judges the answers.
func (k *checker) replay(ctx context.Context, name string) error {
	login, _, _, _, _ := k.expect(name)
	if len(login.Tokens) == 0 {
		return nil
	}
	k.count(&k.counts.Replayed)
	if login.Kind.SingleUse() {
		outcome, err := k.insistently(ctx, func() (clerk.Outcome, error) { return k.Redeem(ctx, name) })
		if err := k.answered(outcome, err, "the code that was spent", name); err != nil {
			return err
		}
		if err := k.settleSession(ctx, name); err != nil {
			return err
		}
	}
	login, _, _, _, _ = k.expect(name)
	if len(login.Tokens) < 3 || login.Tokens[0].Refresh == "" {
		return nil
	}
	old := login.Tokens[len(login.Tokens)-3].Refresh
	outcome, err := k.insistently(ctx, func() (clerk.Outcome, error) { return k.TurnBy(ctx, name, old) })
	if err := k.answered(outcome, err, "the refresh token of two generations ago", name); err != nil {
		return err
	}
	return k.settleSession(ctx, name)
}
