package clients

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// The size of the crash test: enough rounds for kills at different moments, enough workers for commits that carry several of them.
const (
	crashRounds  = 5
	crashWorkers = 8
	crashAfter   = 120 // answers, give or take
)

// certainty is what a client knows of a change that it asked for.
type certainty int

const (
	untried certainty = iota
	unknown           // no answer came
	done
)

func (c certainty) String() string { return [...]string{"untried", "unknown", "done"}[c] }

// login is one sign-in as its client remembers it.
type login struct {
	client               registered
	deviceCode, userCode string
	approved, redeemed   certainty
	access, refresh      string // the latest, empty when they were lost with an answer
	refreshes            int    // that were answered
	retired              bool   // its code was sent again since, which may have ended its session
}

func TestNothingAcknowledgedIsLostInACrash(t *testing.T) {
	data := t.TempDir()
	args := []string{"--dev", "--register-rate", "0", "--device-start-rate", "0", "--refresh-window", "5m"}
	server := harness.StartIn(t, data, args...)
	var all []*login
	carried := make([]*login, crashWorkers) // one session of each worker goes on into the next round
	for round := range crashRounds {
		stream := &stream{plain: newPlain(t, server, crashWorkers)}
		begun := stream.run(t, carried, int64(crashAfter+17*round))
		all = append(all, begun...)
		server = harness.StartIn(t, data, args...)
		p := newPlain(t, server, 1)
		t.Logf("round %d: %s", round, census(begun))
		for _, login := range all {
			if !login.retired {
				settle(t, p, login)
			}
		}
		if held, want := sessions(t, server), honoured(all); held != want {
			t.Errorf("round %d: the store has %d sessions, want one for each of the %d codes that were honoured", round, held, want)
		}
		retire(t, p, all, carried)
	}
}

// stream is what workers do to a server until it dies.
type stream struct {
	plain
	answers atomic.Int64
	wrong   sync.Map // answers that a living server must not give, by text
}

// run starts the workers, kills the server after so many answers and returns the logins that were begun.
func (s *stream) run(t *testing.T, carried []*login, kill int64) (begun []*login) {
	t.Helper()
	ofWorker := make([][]*login, crashWorkers)
	var workers sync.WaitGroup
	for worker := range ofWorker {
		workers.Go(func() { ofWorker[worker] = s.work(carried[worker]) })
	}
	eventually(t, fmt.Sprintf("answer number %d", kill), func() bool { return s.answers.Load() >= kill })
	s.server.Kill()
	workers.Wait()
	s.wrong.Range(func(text, _ any) bool {
		t.Errorf("before the crash: %v", text)
		return true
	})
	return slices.Concat(ofWorker...)
}

// work goes on with a login of the last round, then signs in and refreshes until an answer fails to come.
func (s *stream) work(carried *login) (begun []*login) {
	alive := carried == nil || s.refresh(carried)
	for alive {
		l := &login{}
		if alive = s.start(l); alive {
			begun = append(begun, l)
			alive = s.approve(l) && s.redeem(l) && s.refresh(l) && s.refresh(l) && s.refresh(l)
		}
	}
	return begun
}

// answered counts an answer and reports whether the worker goes on.
func (s *stream) answered(what string, got answer, err error) bool {
	if err != nil {
		return false
	}
	s.answers.Add(1)
	if got.status != http.StatusOK {
		s.wrong.Store(what+": "+got.String(), true)
	}
	return got.status == http.StatusOK
}

func (s *stream) start(l *login) bool {
	got, err := s.call(registerClient, sessionRegistration)
	if !s.answered("register", got, err) {
		return false
	}
	l.client = registered{id: got.json().text("clientId"), secret: got.json().text("clientSecret")}
	got, err = s.call(startDevice, members{"clientId": l.client.id, "clientSecret": l.client.secret, "startUrl": s.server.AWSStartURL()})
	if !s.answered("start", got, err) {
		return false
	}
	l.deviceCode, l.userCode = got.json().text("deviceCode"), got.json().text("userCode")
	return true
}

func (s *stream) approve(l *login) bool {
	l.approved = unknown
	err := s.server.TryControl(http.StatusOK, "/_dev/device", approval(l), nil)
	if err != nil {
		return false
	}
	s.answers.Add(1)
	l.approved = done
	return true
}

func approval(l *login) map[string]string {
	return map[string]string{"userCode": l.userCode, "userName": "alice", "decision": "approve"}
}

func (s *stream) redeem(l *login) bool {
	l.redeemed = unknown
	got, err := s.call(createToken, l.poll())
	if !s.answered("redeem", got, err) {
		return false
	}
	l.redeemed = done
	l.take(got)
	return true
}

func (s *stream) refresh(l *login) bool {
	got, err := s.call(createToken, l.next())
	if !s.answered("refresh", got, err) {
		return false
	}
	l.take(got)
	l.refreshes++
	return true
}

func (l *login) poll() members {
	return l.client.token(deviceGrant, members{"deviceCode": l.deviceCode})
}
func (l *login) next() members {
	return l.client.token(refreshGrant, members{"refreshToken": l.refresh})
}

func (l *login) take(got answer) {
	l.access, l.refresh = got.json().text("accessToken"), got.json().text("refreshToken")
}

// settle asks the restarted server about a login. What was answered before the crash must hold. What was not, is found out by asking.
func settle(t *testing.T, p plain, l *login) {
	t.Helper()
	if l.redeemed != done {
		settleCode(t, p, l)
	}
	if l.refresh == "" {
		return
	}
	mustAnswer(t, p, "the portal with the latest access token", listAccounts, members{"accessToken": l.access})
	l.take(mustAnswer(t, p, "the latest refresh token", createToken, l.next()))
}

func settleCode(t *testing.T, p plain, l *login) {
	t.Helper()
	got, err := p.call(createToken, l.poll())
	switch {
	case err != nil:
		t.Fatal(err)
	case got.refuses("InvalidGrantException") && l.redeemed == unknown:
		l.redeemed = done // the tokens were lost with the answer
	case got.refuses("AuthorizationPendingException") && l.approved != done:
		// an approval that had no answer was not made
	case got.status == http.StatusOK && l.approved != untried:
		l.redeemed = done
		l.take(got)
	default:
		t.Errorf("the approval is %s, the redemption %s, and a poll gets %v", l.approved, l.redeemed, got)
	}
}

// retire sends every spent code a second time, but those of one living session for each worker, which is handed over to it.
func retire(t *testing.T, p plain, all, carried []*login) {
	t.Helper()
	clear(carried)
	free := 0
	for _, l := range slices.Backward(all) {
		switch {
		case l.retired || l.redeemed != done:
		case l.refresh != "" && free < len(carried):
			carried[free] = l
			free++
		default:
			l.retired = true
			if got, err := p.call(createToken, l.poll()); err != nil || !got.refuses("InvalidGrantException") {
				t.Errorf("a code that was spent before the crash: %v %v", got, err)
			}
		}
	}
}

func mustAnswer(t *testing.T, p plain, what string, operation *api.Operation, in members) answer {
	t.Helper()
	got, err := p.call(operation, in)
	if err != nil || got.status != http.StatusOK {
		t.Errorf("%s: %v %v", what, got, err)
	}
	return got
}

// honoured counts the logins whose code was redeemed.
func honoured(all []*login) (count int) {
	for _, l := range all {
		if l.redeemed == done {
			count++
		}
	}
	return count
}

// sessions counts the sessions in the store, ended ones too.
func sessions(t *testing.T, s *harness.Server) int {
	t.Helper()
	got, err := newPlain(t, s, 1).get("/_dev/state")
	if err != nil || got.status != http.StatusOK {
		t.Fatal(got, err)
	}
	return int(got.json().object("rows").number("session"))
}

// census tells what the crash left to find out.
func census(begun []*login) string {
	approvals, redemptions, refreshes := map[certainty]int{}, map[certainty]int{}, 0
	for _, l := range begun {
		approvals[l.approved]++
		redemptions[l.redeemed]++
		refreshes += l.refreshes
	}
	return fmt.Sprintf("%d logins, approvals %v, redemptions %v, %d refreshes", len(begun), approvals, redemptions, refreshes)
}
