package ledger

import (
	"cmp"
	"fmt"
	"time"
)

// Certainty is what the ledger knows of a change.
type Certainty int

// The certainties.
const (
	No    Certainty = iota // never asked for, or refused
	Maybe                  // asked for, and no answer tells
	Yes                    // acknowledged
)

func (c Certainty) String() string { return [...]string{"not made", "perhaps made", "made"}[c] }

// Terms are what servers promise about time. Zero fields have the defaults of the program.
type Terms struct {
	RefreshWindow time.Duration // how long the token before the newest gets the newest answer again
	Session       time.Duration // how long a session lasts
	ReplayGrace   time.Duration // how long a spent code may come again from the same address without harm
	Reach         time.Duration // how long an end may take to reach every server, where there are several
}

// The defaults of the terms, by internal/server/config.go and internal/token/redemption.go.
const (
	defaultWindow  = 30 * time.Second
	defaultSession = 8 * time.Hour
	defaultGrace   = 10 * time.Second
)

// slack is how far moments that the ledger knows may be from those that the server saw, besides the time that the request took: the server tells its
// own in milliseconds, lifetimes in whole seconds, and keeps a second of every session to itself.
const slack = 2 * time.Second

// Invariant is a promise of the server.
type Invariant string

// The invariants.
const (
	Lost     Invariant = "lost"     // nothing acknowledged is lost
	Doubled  Invariant = "doubled"  // nothing single-use is honoured twice
	Survived Invariant = "survived" // nothing outlives its end
	Leaked   Invariant = "secrets"  // no secret is in any log
	Broken   Invariant = "ledger"   // the ledger itself is whole
	Wrong    Invariant = "database" // what has to be true of the rows is
)

// Breach is a broken invariant, with the line of the ledger that tells of the promise.
type Breach struct {
	Invariant Invariant `json:"invariant"`
	Line      int64     `json:"line"`
	Of        string    `json:"of,omitempty"`
	Why       string    `json:"why"`
}

func (b Breach) String() string {
	return fmt.Sprintf("%s: line %d, %s: %s", b.Invariant, b.Line, cmp.Or(b.Of, "no login"), b.Why)
}

// Book is what a ledger says, folded.
type Book struct {
	Lines        int64
	Acknowledged int64 // lines that a server's word stands behind
	Offset       time.Duration
	High         int64 // the latest that the servers' clock has been: what had ended by then may have been cleaned away
	Logins       map[string]*Login
	Order        []*Login           // by their first lines
	People       map[string]*Ending // of those who were removed
	Gates        map[string]*Gate   // assignments and applications
	GateOrder    []*Gate
	Breaches     []Breach // what answers gave away while they were written down

	terms Terms
	open  map[int64]Entry // attempts without an answer
}

// Ending is how sure an end is, and where it is written.
type Ending struct {
	Sure    Certainty
	Line    int64
	At      int64
	Because string
}

func (e *Ending) mark(sure Certainty, line Entry, because string) {
	if sure > e.Sure {
		*e = Ending{sure, line.Line, line.At, because}
	}
}

// at is how sure the end is at a moment for whoever asks any of the servers. By a clock that was set back since, it was long ago.
func (e Ending) at(now int64, reach time.Duration) Certainty {
	if since := now - e.At; e.Sure == Yes && since >= 0 && since < reach.Milliseconds() {
		return Maybe
	}
	return e.Sure
}

// ask notes a request to end something, or the answer to it.
func (e *Ending) ask(attempt, line Entry) {
	sure, told := sureness(line.Result)
	if told {
		e.mark(sure, line, cmp.Or(line.Because, attempt.Because, "it was asked for"))
	} else if e.Sure == Maybe && e.Line == attempt.Line {
		*e = Ending{} // refused, and nobody else asked
	}
}

// Gate is what may be used or not: an assignment or an application.
type Gate struct {
	Entry         // as it was last asked for
	Open   Ending // of the wish to have it open: No means shut, for what was told to be so
	passes int    // requests about it that no answer tells of
}

// Tokens are those of one generation of a session.
type Tokens struct {
	Access, Refresh string // digests; no refresh token where the client gets none
	Line            int64
	Sent, Answered  int64 // when they were asked for and when they came
	AccessEnds      int64 // not before
}

// Vended are credentials of a role.
type Vended struct {
	Entry
	Ends int64
}

// Login is one way from a beginning to its end.
type Login struct {
	Name                              string
	Kind                              Kind
	Person, Client, Parent, Redirect  string
	Begun, Decided, Denied, Redeemed  Certainty
	BeginLine, DecideLine, RedeemLine int64
	Once                              map[string]string // digests of what it begins with
	OnceBegins                        int64             // when it was made
	OnceEnds, OnceOver                int64             // when that ends: not before, and at the latest
	Tokens                            []Tokens          // by generation, as far as they arrived
	End                               Ending
	Vended                            *Vended // the latest
	Last                              int64   // the last line about it

	doomed    map[int64]string // attempts that must not succeed, by line, and why
	redeeming int              // redemptions that no answer tells of
	turning   map[string]int   // refreshes that no answer tells of, by what they spend
}

// Newest are the tokens that arrived last.
func (l *Login) Newest() (Tokens, bool) {
	if len(l.Tokens) == 0 {
		return Tokens{}, false
	}
	return l.Tokens[len(l.Tokens)-1], true
}

// Turning reports whether the newest refresh token was sent and no answer tells what became of it.
func (l *Login) Turning() bool {
	newest, has := l.Newest()
	return has && l.turning[newest.Refresh] > 0
}

func newBook(terms Terms) *Book {
	terms.RefreshWindow = cmp.Or(terms.RefreshWindow, defaultWindow)
	terms.Session = cmp.Or(terms.Session, defaultSession)
	terms.ReplayGrace = cmp.Or(terms.ReplayGrace, defaultGrace)
	return &Book{terms: terms, Logins: map[string]*Login{}, People: map[string]*Ending{}, Gates: map[string]*Gate{}, open: map[int64]Entry{}}
}

func (b *Book) breach(invariant Invariant, e Entry, format string, arguments ...any) {
	b.Breaches = append(b.Breaches, Breach{invariant, e.Line, e.Of, fmt.Sprintf(format, arguments...)})
}

// fold adds a line to the book. An error means that the ledger is not one.
func (b *Book) fold(e Entry) error {
	if e.Line != b.Lines+1 {
		return fmt.Errorf("line %d comes after line %d: lines are missing", e.Line, b.Lines)
	}
	b.Lines, b.High = e.Line, max(b.High, e.At)
	if e.Act == Clock {
		b.Offset = time.Duration(e.OffsetMS) * time.Millisecond
		return nil
	}
	if e.Act == Remark {
		return nil
	}
	attempt := e
	if e.Answers != 0 {
		var known bool
		if attempt, known = b.open[e.Answers]; !known || attempt.Of != e.Of || attempt.Act != e.Act {
			return fmt.Errorf("line %d answers line %d, which is no attempt of the same that waits for an answer", e.Line, e.Answers)
		}
		delete(b.open, e.Answers)
	}
	switch e.Result {
	case Attempted:
		b.open[e.Line] = e
	case Done:
		b.Acknowledged++
	case Refused, Failed:
		if e.Answers == 0 {
			return fmt.Errorf("line %d is %s and answers nothing", e.Line, e.Result)
		}
	default:
		return fmt.Errorf("line %d has the result %q, which nobody knows", e.Line, e.Result)
	}
	return b.foldAct(attempt, e)
}

func (b *Book) foldAct(attempt, e Entry) error {
	switch e.Act {
	case Allow, Forbid:
		b.foldGate(attempt, e)
		return nil
	case End:
		if e.Person != "" || attempt.Person != "" {
			b.foldRemoval(attempt, e)
			return nil
		}
	}
	login := b.Logins[e.Of]
	if login == nil {
		if e.Act != Begin {
			return fmt.Errorf("line %d is about the login %q, which has not begun", e.Line, e.Of)
		}
		if e.Of == "" {
			return fmt.Errorf("line %d begins a login without a name", e.Line)
		}
		// What a login came of was there before it, so nothing comes of itself, by however many others.
		if b.Logins[e.Parent] == nil && e.Parent != "" {
			return fmt.Errorf("line %d says that the login came of %q, which has not begun", e.Line, e.Parent)
		}
		login = &Login{Name: e.Of, Parent: e.Parent, Once: map[string]string{}, doomed: map[int64]string{}, turning: map[string]int{}}
		b.Logins[e.Of], b.Order = login, append(b.Order, login)
	}
	login.Last = e.Line
	if e.Result == Done {
		if why := login.doomed[attempt.Line]; why != "" {
			b.breach(Survived, e, "the server honoured it, and %s", why)
		}
	}
	delete(login.doomed, attempt.Line)
	switch e.Act {
	case Begin:
		login.foldBegin(attempt, e)
	case Decide:
		login.foldDecision(attempt, e)
	case Redeem:
		b.foldRedemption(login, attempt, e)
	case Turn:
		b.foldTurn(login, attempt, e)
	case Vend:
		if e.Result == Done {
			login.Vended = &Vended{Entry: e, Ends: attempt.At + e.LivesMS}
		}
	case End:
		login.End.ask(attempt, e)
	default:
		return fmt.Errorf("line %d is about %q, which nobody knows", e.Line, e.Act)
	}
	return nil
}

// sureness is what a result says of a change: nothing new when it was refused.
func sureness(r Result) (sure Certainty, told bool) {
	switch r {
	case Done:
		return Yes, true
	case Refused:
		return No, false
	}
	return Maybe, true
}

func (b *Book) foldGate(attempt, e Entry) {
	gate := b.Gates[e.Of]
	if gate == nil {
		gate = &Gate{}
		if e.Act == Forbid {
			gate.Open.Sure = Yes // it was there before the ledger
		}
		b.Gates[e.Of], b.GateOrder = gate, append(b.GateOrder, gate)
	}
	switch e.Result {
	case Attempted:
		gate.passes++
		gate.Entry = e
	case Failed:
		// what was wished for stays unknown until somebody is told
	case Refused:
		gate.passes--
	case Done:
		gate.passes = 0
		line := e
		line.Account, line.Role, line.Person = cmp.Or(e.Account, attempt.Account), cmp.Or(e.Role, attempt.Role), cmp.Or(e.Person, attempt.Person)
		gate.Entry = line
		gate.Open = Ending{Sure: No, Line: e.Line, At: e.At}
		if e.Act == Allow {
			gate.Open.Sure = Yes
		}
	}
}

// Stands tells whether the gate is open at a moment for whoever asks any of the servers, as far as that is known.
func (b *Book) Stands(g *Gate, at int64) Certainty {
	if since := at - g.Open.At; g.passes > 0 || since >= 0 && since < b.terms.Reach.Milliseconds() {
		return Maybe
	}
	return g.Open.Sure
}

func (b *Book) foldRemoval(attempt, e Entry) {
	person := cmp.Or(e.Person, attempt.Person)
	if b.People[person] == nil {
		b.People[person] = &Ending{}
	}
	b.People[person].ask(attempt, e)
}

func (l *Login) foldBegin(attempt, e Entry) {
	l.Kind, l.Person, l.Client = cmp.Or(e.Kind, attempt.Kind, l.Kind), cmp.Or(e.Person, attempt.Person, l.Person), cmp.Or(e.Client, attempt.Client, l.Client)
	l.Redirect = cmp.Or(e.RedirectURI, attempt.RedirectURI, l.Redirect)
	for name, digest := range e.Digests {
		l.Once[name] = digest
	}
	if sure, told := sureness(e.Result); told {
		l.Begun = max(l.Begun, sure)
	}
	if e.Result == Done {
		l.BeginLine, l.OnceBegins, l.OnceEnds, l.OnceOver = e.Line, e.At, attempt.At+e.LivesMS, e.At+e.LivesMS
		if l.Kind != DeviceCode { // a code is a decision already, a token needs none
			l.Decided, l.DecideLine = Yes, e.Line
		}
	}
}

// The decisions.
const (
	Approve = "approve"
	Deny    = "deny"
)

func (l *Login) foldDecision(attempt, e Entry) {
	sure, told := sureness(e.Result)
	if !told {
		return
	}
	if attempt.Because == Deny {
		l.Denied = max(l.Denied, sure)
	} else {
		l.Decided = max(l.Decided, sure)
		l.Person = cmp.Or(attempt.Person, e.Person, l.Person)
	}
	if e.Result == Done {
		l.DecideLine = e.Line
	}
}
