//go:build linux

package trouble

import (
	"context"
	"fmt"
	"sync"

	"sallyport/internal/api"
	"sallyport/test/prove/bed"
	"sallyport/test/prove/clerk"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/remote"
)

// racers is how many want the same thing at once.
const racers = 50

// race has racers send the same request at once, for everything that is good once, to all servers in turns.
var race = Trouble{
	Name: "race", What: fmt.Sprintf("%d racers for each thing that is good once", racers), Databases: []string{SQLite, PostgreSQL}, Short: true, Nodes: 2,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (f Figures, err error) {
		f.More = map[string]float64{}
		t := newTrack(b)
		defer t.close()
		for _, prize := range prizes {
			rounds := size.Pick(prize.rounds, prize.rounds/20)
			doubled, err := t.run(ctx, prize, rounds)
			if err != nil {
				return f, fmt.Errorf("race for %s: %w", prize.name, err)
			}
			f.Rounds += rounds
			f.More[prize.name+" rounds"], f.More[prize.name+" doubled"] = float64(rounds), float64(doubled)
		}
		return f, nil
	},
}

// prize is something that is good once.
type prize struct {
	name   string
	rounds int // of the long form
	// prepare makes a new one and returns the request that wants it. The racer's number may change what is asked for.
	prepare func(ctx context.Context, b *bed.Bed, name string) (func(racer int) remote.Request, error)
	// same tells that everybody who gets an answer gets the same one, and the members that must be the same. Without it one racer wins.
	same []string
	// act is what the ledger calls it, of those that it knows.
	act ledger.Act
	// sessions is how many sessions a round begins.
	sessions int
}

var prizes = []prize{
	{name: "device-code", rounds: 1000, act: ledger.Redeem, sessions: 1, prepare: prepareDevice},
	{name: "authorization-code", rounds: 1000, act: ledger.Redeem, sessions: 1, prepare: prepareCode},
	{name: "refresh-token", rounds: 1000, act: ledger.Turn, sessions: 1, same: []string{"accessToken", "refreshToken"}, prepare: prepareRefresh},
	{name: "assertion", rounds: 1000, act: ledger.Redeem, sessions: 1, same: []string{"accessToken", "refreshToken"}, prepare: prepareAssertion},
	{name: "decision", rounds: 300, prepare: prepareDecision},
	{name: "user-name", rounds: 100, prepare: prepareUserName},
	{name: "client-token", rounds: 100, same: []string{"ApplicationArn"}, prepare: prepareClientToken},
}

// must is for what has to succeed before a race.
func must(outcome clerk.Outcome, err error) error {
	if err == nil && !outcome.OK() {
		err = fmt.Errorf("prepare the race: %v", outcome.Answer)
	}
	return err
}

// of is the request of an act about a login, the same for every racer.
func of(b *bed.Bed, name string, act ledger.Act) (func(int) remote.Request, error) {
	request, err := b.Of(name, act)
	return func(int) remote.Request { return request }, err
}

func approved(ctx context.Context, b *bed.Bed, name string) error {
	if err := must(b.BeginDevice(ctx, name)); err != nil {
		return err
	}
	return must(b.Decide(ctx, name, ledger.Approve, b.World.Alice))
}

func prepareDevice(ctx context.Context, b *bed.Bed, name string) (func(int) remote.Request, error) {
	if err := approved(ctx, b, name); err != nil {
		return nil, err
	}
	return of(b, name, ledger.Redeem)
}

func prepareCode(ctx context.Context, b *bed.Bed, name string) (func(int) remote.Request, error) {
	if err := must(b.BeginCode(ctx, name, b.World.Alice)); err != nil {
		return nil, err
	}
	return of(b, name, ledger.Redeem)
}

func prepareRefresh(ctx context.Context, b *bed.Bed, name string) (func(int) remote.Request, error) {
	if err := approved(ctx, b, name); err != nil {
		return nil, err
	}
	if err := must(b.Redeem(ctx, name)); err != nil {
		return nil, err
	}
	return of(b, name, ledger.Turn)
}

func prepareAssertion(_ context.Context, b *bed.Bed, name string) (func(int) remote.Request, error) {
	if err := b.BeginAssertion(name, b.World.Front, b.World.Alice); err != nil {
		return nil, err
	}
	return of(b, name, ledger.Redeem)
}

// prepareDecision has half of the racers approve and half of them deny.
func prepareDecision(ctx context.Context, b *bed.Bed, name string) (func(int) remote.Request, error) {
	if err := must(b.BeginDevice(ctx, name)); err != nil {
		return nil, err
	}
	login, _ := b.Ledger.Login(name)
	userCode := b.Ledger.Secret(login.Once["userCode"])
	return func(racer int) remote.Request {
		decision := [...]string{ledger.Approve, ledger.Deny}[racer%2]
		return remote.Control("/_dev/device", remote.Members{"userCode": userCode, "userName": b.World.Alice.Name, "decision": decision})
	}, nil
}

func prepareUserName(_ context.Context, b *bed.Bed, name string) (func(int) remote.Request, error) {
	return func(int) remote.Request {
		return remote.Compose(api.CreateUser.Operation, b.Site.Operator(), remote.Members{
			"IdentityStoreId": b.Site.IdentityStoreID, "UserName": name, "DisplayName": name, "Name": remote.Members{"GivenName": "A", "FamilyName": "Racer"},
		})
	}, nil
}

func prepareClientToken(_ context.Context, b *bed.Bed, name string) (func(int) remote.Request, error) {
	return func(int) remote.Request {
		return remote.Compose(api.CreateApplication.Operation, b.Site.Operator(), remote.Members{
			"InstanceArn": b.Site.InstanceARN, "ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom", "Name": name, "ClientToken": name,
		})
	}, nil
}

// track is where racers wait for the start of the next round. They keep their connections.
type track struct {
	*bed.Bed
	starts  []chan remote.Request
	arrived chan arrival
}

type arrival struct {
	racer  int
	answer remote.Answer
	err    error
}

func newTrack(b *bed.Bed) *track {
	t := &track{Bed: b, starts: make([]chan remote.Request, racers), arrived: make(chan arrival, racers)}
	endpoints := b.Site.Endpoints()
	for i := range t.starts {
		t.starts[i] = make(chan remote.Request)
		go func() {
			for request := range t.starts[i] {
				answer, err := b.Site.SendTo(context.Background(), endpoints[i%len(endpoints)], request)
				t.arrived <- arrival{i, answer, err}
			}
		}()
	}
	return t
}

func (t *track) close() {
	for _, start := range t.starts {
		close(start)
	}
}

// prepared bounds the prizes that are made ahead: codes are good for two minutes.
const prepared = 200

// run races for a prize and returns in how many rounds it was had twice.
func (t *track) run(ctx context.Context, p prize, rounds int) (doubled int, err error) {
	before, err := t.sessions(ctx)
	if err != nil {
		return 0, err
	}
	for from := 0; from < rounds; from += prepared {
		requests, names, err := t.prepare(ctx, p, from, min(rounds, from+prepared))
		if err != nil {
			return doubled, err
		}
		for i, request := range requests {
			twice, err := t.round(p, names[i], request)
			if err != nil {
				return doubled, err
			}
			if twice {
				doubled++
			}
		}
	}
	after, err := t.sessions(ctx)
	if begun := after - before; err == nil && begun != int64(rounds*p.sessions) {
		t.Ledger.Report(ledger.Breach{Invariant: ledger.Doubled, Of: p.name, Why: fmt.Sprintf("%d rounds began %d sessions, want %d", rounds, begun, rounds*p.sessions)})
	}
	t.Say("%s: %d rounds, %d doubled", p.name, rounds, doubled)
	return doubled, err
}

// sessions counts the sessions in the store.
func (t *track) sessions(ctx context.Context) (int64, error) {
	request := remote.Control("/_dev/state", nil)
	request.Method = "GET"
	answer, err := t.Site.Send(ctx, request)
	if err == nil && !answer.Good() {
		err = fmt.Errorf("count the sessions: %v", answer)
	}
	return answer.Number("rows", "session"), err
}

// prepare makes prizes, several at once.
func (t *track) prepare(ctx context.Context, p prize, from, to int) ([]func(int) remote.Request, []string, error) {
	requests, names, errs := make([]func(int) remote.Request, to-from), make([]string, to-from), make([]error, to-from)
	const atOnce = 8
	slots := make(chan struct{}, atOnce)
	var preparing sync.WaitGroup
	for i := range requests {
		slots <- struct{}{}
		preparing.Go(func() {
			names[i] = fmt.Sprintf("%s-%d", p.name, from+i)
			requests[i], errs[i] = p.prepare(ctx, t.Bed, names[i])
			<-slots
		})
	}
	preparing.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, nil, err
		}
	}
	return requests, names, nil
}

// round starts all racers, and reports whether a prize was had twice. An error is one of the ledger.
func (t *track) round(p prize, name string, request func(int) remote.Request) (doubled bool, err error) {
	ready := make([]remote.Request, racers)
	for i := range ready {
		ready[i] = request(i)
	}
	var attempt ledger.Entry
	if p.act != "" {
		if attempt, err = t.Attempt(name, p.act); err != nil {
			return false, err
		}
	}
	for i, start := range t.starts {
		start <- ready[i]
	}
	winners := t.finish(p, name)
	if len(winners) == 0 {
		t.report(ledger.Lost, name, "nobody won")
		return false, nil
	}
	if p.act != "" {
		if err := t.Got(attempt, winners[0]); err != nil {
			return false, err
		}
	}
	return t.judge(p, name, winners), nil
}

// finish waits for all racers and returns the answers of those who won.
func (t *track) finish(p prize, name string) (winners []remote.Answer) {
	for range t.starts {
		got := <-t.arrived
		switch {
		case got.err != nil || got.answer.Unsure():
			t.report(ledger.Lost, name, "a racer got %v %v", got.answer, got.err)
		case got.answer.Good():
			winners = append(winners, got.answer)
		case p.same != nil:
			t.report(ledger.Lost, name, "a racer got %v, and all were to get the same", got.answer)
		}
	}
	return winners
}

// judge reports whether a prize was had twice.
func (t *track) judge(p prize, name string, winners []remote.Answer) (doubled bool) {
	if p.same == nil {
		if doubled = len(winners) > 1; doubled {
			t.report(ledger.Doubled, name, "%d racers won", len(winners))
		}
		return doubled
	}
	for _, member := range p.same {
		for _, winner := range winners {
			if text := winner.Text(member); text != winners[0].Text(member) || text == "" {
				t.report(ledger.Doubled, name, "two racers got different texts for %s", member)
				return true
			}
		}
	}
	return false
}

func (t *track) report(invariant ledger.Invariant, name, format string, arguments ...any) {
	breach := ledger.Breach{Invariant: invariant, Of: name, Why: fmt.Sprintf(format, arguments...)}
	if login, known := t.Ledger.Login(name); known {
		breach.Line = login.Last
	}
	t.Ledger.Report(breach)
}
