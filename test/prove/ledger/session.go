package ledger

import (
	"fmt"
	"slices"
	"time"
)

// This file folds what concerns sessions, and judges each answer as it comes: what is honoured that was spent, and what is refused that was promised.

// The exceptions that say nothing of what was asked for.
const (
	slowDown = "SlowDownException"
	pending  = "AuthorizationPendingException"
)

func (b *Book) foldRedemption(l *Login, attempt, e Entry) {
	if e.Result == Attempted {
		l.redeeming++
		if end := b.whyOuter(l, e.At); end.Sure == Yes {
			l.doomed[e.Line] = end.says()
		} else if l.Kind != SubjectToken && e.At > l.OnceOver+(l.leeway()+slack).Milliseconds() && len(l.Tokens) == 0 {
			l.doomed[e.Line] = fmt.Sprintf("the %s of line %d has expired", l.Kind, l.BeginLine)
		}
		return
	}
	if e.Result == Failed {
		return // whoever asks next finds out
	}
	l.redeeming--
	if e.Result == Refused {
		b.refusedRedemption(l, attempt, e)
		return
	}
	tokens := tokensOf(attempt, e)
	switch {
	case l.Denied == Yes:
		b.breach(Doubled, e, "a device authorization was redeemed that line %d denied", l.DecideLine)
	case l.Kind == SubjectToken:
	case len(l.Tokens) > 0 && !b.repeats(l, attempt, tokens):
		b.breach(Doubled, e, "the %s was honoured at line %d already", l.Kind, l.RedeemLine)
	case len(l.Tokens) == 0 && l.Redeemed == Yes:
		b.breach(Doubled, e, "the %s was spent by line %d", l.Kind, l.RedeemLine)
	}
	if len(l.Tokens) == 0 {
		l.Tokens, l.RedeemLine = []Tokens{tokens}, e.Line
	}
	l.Redeemed, l.redeeming = Yes, 0
}

// repeats reports whether tokens are those that an assertion got before, again, as its bearer may get them for a while.
func (b *Book) repeats(l *Login, attempt Entry, again Tokens) bool {
	first := l.Tokens[0]
	return l.Kind == Assertion && again.Access == first.Access && again.Refresh == first.Refresh &&
		attempt.At <= first.Answered+(b.terms.ReplayGrace+slack).Milliseconds()
}

func tokensOf(attempt, e Entry) Tokens {
	return Tokens{
		Access: e.Digests["accessToken"], Refresh: e.Digests["refreshToken"], Line: e.Line, Sent: attempt.At, Answered: e.At, AccessEnds: attempt.At + e.LivesMS,
	}
}

func (b *Book) refusedRedemption(l *Login, attempt, e Entry) {
	switch {
	case e.Because == slowDown && l.Kind != DeviceCode:
	case e.Because == pending, e.Because == slowDown && l.Kind == DeviceCode: // only who has to wait can be too fast
		if l.Decided == Yes || l.Denied == Yes {
			b.breach(Lost, e, "the decision of line %d is not known to the server", l.DecideLine)
		}
	case l.Redeemed == Yes:
		l.replayed(b, attempt, e)
	case l.redeeming > 0 || l.Decided != Yes:
		// Another attempt may have been the one, or there was nothing to redeem.
		if l.Decided != No && e.Because == "InvalidGrantException" && max(b.High, e.At) < l.OnceEnds-slack.Milliseconds() {
			l.Redeemed, l.RedeemLine = Yes, e.Line
		}
	case !b.mayRefuse(l, e.At):
		b.breach(Lost, e, "the %s of line %d is refused with %s, and nobody redeemed it", l.Kind, max(l.BeginLine, l.DecideLine), e.Because)
		l.Redeemed, l.RedeemLine = Yes, e.Line
	}
}

// mayRefuse reports whether what a login begins with need not be honoured any more.
func (b *Book) mayRefuse(l *Login, at int64) bool {
	if l.Kind == Assertion && at < l.OnceBegins-(issuerLeeway-slack).Milliseconds() {
		return true // by a clock that was set back since, it is from the future
	}
	return max(b.High, at) >= l.OnceEnds-slack.Milliseconds() || b.outer(l, at) != Lives
}

// replayed notes what a spent code does that comes again: after the grace it ends what it began.
func (l *Login) replayed(b *Book, attempt, e Entry) {
	if len(l.Tokens) == 0 || l.Kind != DeviceCode && l.Kind != Code {
		return
	}
	first := l.Tokens[0]
	grace := b.terms.ReplayGrace.Milliseconds()
	switch {
	case attempt.At > first.Answered+grace+slack.Milliseconds():
		l.End.mark(Yes, e, "its code was used twice")
	case e.At > first.Sent+grace-slack.Milliseconds():
		l.End.mark(Maybe, e, "its code was used twice, about at the end of the grace")
	}
}

func (b *Book) foldTurn(l *Login, attempt, e Entry) {
	spent := attempt.Digests["spent"]
	at := slices.IndexFunc(l.Tokens, func(t Tokens) bool { return t.Refresh == spent })
	switch e.Result {
	case Attempted:
		l.turning[spent]++
		if b.Expect(l, e.At) == Dead {
			l.doomed[e.Line] = b.Why(l, e.At).says()
		}
	case Failed:
		l.noteUnanswered(b, at, attempt)
	case Refused:
		l.turning[spent]--
		if e.Because != slowDown {
			b.refusedTurn(l, at, attempt, e)
		}
	case Done:
		b.turned(l, at, attempt, e)
	}
}

// noteUnanswered remembers that a token which was spent long ago may have ended the session.
func (l *Login) noteUnanswered(b *Book, at int, attempt Entry) {
	if at >= 0 && at < len(l.Tokens)-1 {
		l.End.mark(Maybe, attempt, "a spent refresh token was used")
	}
}

func (b *Book) turned(l *Login, at int, attempt, e Entry) {
	next, newest := tokensOf(attempt, e), len(l.Tokens)-1
	delete(l.turning, attempt.Digests["spent"])
	switch {
	case at < 0:
		b.breach(Broken, e, "a refresh token was spent that the ledger does not know")
	case at == newest:
		l.Tokens = append(l.Tokens, next)
	case next.Access != l.Tokens[at+1].Access || next.Refresh != l.Tokens[at+1].Refresh:
		b.breach(Doubled, e, "the refresh token of line %d got another answer at line %d", l.Tokens[at].Line, l.Tokens[at+1].Line)
	case at < newest-1 && !b.raced(l, at, attempt), attempt.At > l.Tokens[at+1].Answered+(b.terms.RefreshWindow+slack).Milliseconds():
		b.breach(Doubled, e, "the refresh token of line %d was spent at line %d, too long ago for the same answer", l.Tokens[at].Line, l.Tokens[at+1].Line)
	}
}

// raced reports whether a token that is two generations old was sent before it was that.
func (b *Book) raced(l *Login, at int, attempt Entry) bool { return attempt.Line < l.Tokens[at+2].Line }

func (b *Book) refusedTurn(l *Login, at int, attempt, e Entry) {
	newest := len(l.Tokens) - 1
	switch {
	case at < 0:
		b.breach(Broken, e, "a refresh token was spent that the ledger does not know")
	case at == newest:
		if b.Expect(l, e.At) == Lives && b.windowHolds(l, e.At) {
			b.breach(Lost, e, "the newest refresh token, of line %d, is refused with %s", l.Tokens[at].Line, e.Because)
		}
		b.over(l, e)
	case at < newest-1:
		if !b.raced(l, at, attempt) {
			l.End.mark(Yes, e, "a spent refresh token was used")
		} else {
			l.End.mark(Maybe, e, "a spent refresh token was used")
		}
	case attempt.At > l.Tokens[newest].Answered+(b.terms.RefreshWindow+slack).Milliseconds():
		l.End.mark(Yes, e, "a spent refresh token was used")
	case e.At < l.Tokens[newest].Sent+(b.terms.RefreshWindow-slack).Milliseconds() && !l.Turning() && b.Expect(l, e.At) == Lives:
		b.breach(Lost, e, "the refresh token of line %d is refused with %s, and its answer of line %d was to be repeated", l.Tokens[at].Line, e.Because, l.Tokens[newest].Line)
		l.End.mark(Maybe, e, "it was refused")
	default:
		l.End.mark(Maybe, e, "a spent refresh token was used")
	}
}

// over notes that a session was refused with its newest token. It is over for good, unless what is around it may have been the reason,
// as is an application that has to be enabled, or the clock may go back to before its end.
func (b *Book) over(l *Login, e Entry) {
	timely := max(e.At, b.High) < l.Tokens[0].Sent+b.terms.Session.Milliseconds()-b.uncertain()
	switch {
	case b.outer(l, e.At) != Lives:
	case timely:
		l.End.mark(Yes, e, cameToItsEnd)
	case l.Turning():
		l.End.mark(Maybe, e, cameToItsEnd)
	}
}

// uncertain is how long before its end a session may refuse to go on, in milliseconds: it has to be able to promise its answer for the whole window.
func (b *Book) uncertain() int64 { return (b.terms.RefreshWindow + slack).Milliseconds() }

// windowHolds reports whether the newest refresh token must still be good, although a request that spent it may have had an answer that was lost: the
// window began no earlier than the token itself came.
func (b *Book) windowHolds(l *Login, at int64) bool {
	newest, _ := l.Newest()
	return !l.Turning() || at < newest.Answered+(b.terms.RefreshWindow-slack).Milliseconds()
}

// Verdict is what must be true of a session.
type Verdict int

// The verdicts.
const (
	Either Verdict = iota
	Lives
	Dead
)

func (v Verdict) String() string { return [...]string{"either", "lives", "dead"}[v] }

// Expect tells what must be true of the session of a login at a moment of the servers' clock.
func (b *Book) Expect(l *Login, at int64) Verdict {
	if len(l.Tokens) == 0 {
		return Either
	}
	ends := b.terms.Session.Milliseconds()
	own := Lives
	switch first := l.Tokens[0]; {
	case l.End.at(at, b.terms.Reach) == Yes, at > first.Answered+ends+slack.Milliseconds():
		own = Dead
	case l.End.Sure != No, max(at, b.High) > first.Sent+ends-b.uncertain():
		own = Either
	}
	return worse(own, b.outer(l, at))
}

// cameToItsEnd says of a session only that it is over, by whatever.
const cameToItsEnd = "it was refused"

// ExpectKey tells what must be true of credentials that were vended to a login and have not expired: they outlive the time of the session, and end with
// it when somebody ends it.
func (b *Book) ExpectKey(l *Login, at int64) Verdict {
	own := [...]Verdict{Lives, Either, Dead}[l.End.at(at, b.terms.Reach)]
	if l.End.Because == cameToItsEnd {
		own = Either
	}
	return worse(own, b.outer(l, at))
}

// outer tells what must be true of a login for the sake of what is around it: its person, its application, and the login that it came of.
func (b *Book) outer(l *Login, at int64) Verdict {
	verdict := Lives
	if person := b.People[l.Person]; person != nil {
		verdict = worse(verdict, [...]Verdict{Lives, Either, Dead}[person.at(at, b.terms.Reach)])
	}
	if gate := b.Gates[l.Client]; gate != nil {
		verdict = worse(verdict, [...]Verdict{Dead, Either, Lives}[b.Stands(gate, at)])
	}
	if parent := b.Logins[l.Parent]; parent != nil {
		verdict = worse(verdict, b.Expect(parent, at))
	}
	return verdict
}

// worse is Dead when one is, and Lives when both are.
func worse(a, b Verdict) Verdict {
	switch {
	case a == Dead || b == Dead:
		return Dead
	case a == Lives && b == Lives:
		return Lives
	}
	return Either
}

// Why tells what ended the session of a login by a moment, and where that is written.
func (b *Book) Why(l *Login, at int64) Ending {
	if l.End.at(at, b.terms.Reach) == Yes {
		return l.End
	}
	if end := b.whyOuter(l, at); end.Sure == Yes {
		return end
	}
	if len(l.Tokens) > 0 && at > l.Tokens[0].Answered+(b.terms.Session+slack).Milliseconds() {
		return Ending{Yes, l.Tokens[0].Line, at, "it lasts for " + b.terms.Session.String()}
	}
	return Ending{}
}

// whyOuter is Why for what is around a login.
func (b *Book) whyOuter(l *Login, at int64) Ending {
	if person := b.People[l.Person]; person != nil && person.at(at, b.terms.Reach) == Yes {
		return *person
	}
	if gate := b.Gates[l.Client]; gate != nil && b.Stands(gate, at) == No {
		return Ending{Yes, gate.Open.Line, gate.Open.At, "its application is disabled"}
	}
	if parent := b.Logins[l.Parent]; parent != nil {
		return b.Why(parent, at)
	}
	return Ending{}
}

func (e Ending) says() string { return fmt.Sprintf("line %d ended it: %s", e.Line, e.Because) }

// issuerLeeway is how long after its exp an assertion may still be taken, by internal/assertion.
const issuerLeeway = time.Minute

func (l *Login) leeway() time.Duration {
	if l.Kind == Assertion {
		return issuerLeeway
	}
	return 0
}
