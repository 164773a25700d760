package clients

import (
	"net/http"
	"sync"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// racers is how many redeem one code, or spend one refresh token, at once.
const racers = 50

// race sends the same request from all racers at once.
func race(t *testing.T, s *harness.Server, operation *api.Operation, in members) []answer {
	t.Helper()
	p := newPlain(t, s, racers)
	answers := make([]answer, racers)
	var ready, finished sync.WaitGroup
	start := make(chan struct{})
	ready.Add(racers)
	for i := range answers {
		finished.Go(func() {
			_, err := p.get("/healthz") // every racer has a connection before the start
			ready.Done()
			<-start
			if err == nil {
				answers[i], err = p.call(operation, in)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	ready.Wait()
	close(start)
	finished.Wait()
	return answers
}

// onlyWinner returns the one success among the answers.
func onlyWinner(t *testing.T, answers []answer) (winner answer) {
	t.Helper()
	winners := 0
	for _, got := range answers {
		switch {
		case got.status == http.StatusOK:
			winners++
			winner = got
		case !got.refuses("InvalidGrantException"):
			t.Errorf("a racer got %v", got)
		}
	}
	if winners != 1 {
		t.Fatalf("%d of %d racers redeemed the code, want 1", winners, racers)
	}
	return winner
}

func TestOneOfFiftyRacersRedeemsADeviceCode(t *testing.T) {
	p := &party{T: t, server: harness.Start(t), client: goSDK{}}
	r := p.register(nil)
	deviceCode, userCode := p.start(r)
	p.server.Approve(userCode, "alice")
	winner := onlyWinner(t, race(t, p.server, createToken, r.token(deviceGrant, members{"deviceCode": deviceCode})))
	p.checkTokens(winner.json())
}

func TestOneOfFiftyRacersRedeemsAnAuthorizationCode(t *testing.T) {
	p := &party{T: t, server: harness.Start(t), client: goSDK{}}
	r := p.register(p.browserRegistration())
	code, redirectURI, verifier := p.browserSignIn(r)
	winner := onlyWinner(t, race(t, p.server, createToken,
		r.token(codeGrant, members{"code": code, "redirectUri": redirectURI, "codeVerifier": verifier})))
	p.checkTokens(winner.json())
}

// Parallel processes of one person refresh one session at once. That must not look like theft.
func TestFiftyRacersWithOneRefreshTokenGetTheSameTokens(t *testing.T) {
	p := &party{T: t, server: harness.Start(t), client: goSDK{}}
	r := p.register(nil)
	next := r.token(refreshGrant, members{"refreshToken": p.signIn(r, "alice").text("refreshToken")})
	answers := race(t, p.server, createToken, next)
	for _, got := range answers {
		if got.status != http.StatusOK || string(got.body) != string(answers[0].body) {
			t.Fatalf("one racer got %v, another %v", answers[0], got)
		}
	}
	p.checkTokens(answers[0].json())
}
