package token

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/testbed"
	"sallyport/test/vectors"
)

// bench is a token service on a real store with one user.
type bench struct {
	*testbed.Bed
	t    testing.TB
	s    *Service
	user store.User
}

var ctx = context.Background()

var here = api.Caller{Address: netip.MustParseAddr("127.0.0.1"), Agent: "test", RequestID: "r"}

func newBench(t testing.TB, change ...func(*Options)) *bench {
	t.Helper()
	bed := testbed.New(t)
	options := Options{
		Store: bed.Store, Ring: bed.Ring, Clock: bed.Clock, Log: bed.Log,
		Issuer:          "https://sso.example.test",
		StartURLs:       StartURLs{Own: "https://sso.example.test/start", InstanceID: "ssoins-1111111111111111", IdentityStoreID: "d-1234567890", Region: "us-east-1", Aliases: []string{"acme"}},
		SessionDuration: 8 * time.Hour, RefreshWindow: 30 * time.Second, DeviceCodeLifetime: 10 * time.Minute, PollInterval: time.Second,
		DeviceGrant: true, ApprovalMaxAge: 15 * time.Minute,
	}
	for _, c := range change {
		c(&options)
	}
	b := &bench{t: t, Bed: bed, s: New(options), user: store.User{UserID: "u-1", UserName: "alice", DisplayName: "Alice", Email: "alice@example.test", Status: store.StatusEnabled}}
	b.Update(func(tx *store.Tx) error { return tx.PutUser(b.user) })
	b.Update(func(tx *store.Tx) error {
		return tx.AddSignIn(store.SignIn{SignInID: "s", UserID: b.user.UserID, EndsAt: tx.Now.Add(time.Hour).UnixMilli()})
	})
	return b
}

func (b *bench) register(change ...func(*api.RegisterClientRequest)) *api.RegisterClientResponse {
	b.t.Helper()
	in := &api.RegisterClientRequest{
		ClientName: "tester", ClientType: "public", Scopes: []string{"sso:account:access", "openid"},
		RedirectURIs: []string{"http://127.0.0.1/oauth/callback"},
		GrantTypes:   []string{"authorization_code", "refresh_token", string(oauth.GrantDeviceCode)},
	}
	for _, c := range change {
		c(in)
	}
	out, err := b.s.RegisterClient(ctx, here, in)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func legacy(in *api.RegisterClientRequest) {
	in.Scopes, in.RedirectURIs, in.GrantTypes = nil, nil, nil
}

func (b *bench) person() Person {
	return Person{UserID: b.user.UserID, SignInID: "s", AuthTime: b.Clock.Now()}
}

func (b *bench) start(client *api.RegisterClientResponse) *api.StartDeviceAuthorizationResponse {
	b.t.Helper()
	out, err := b.s.StartDeviceAuthorization(ctx, here, &api.StartDeviceAuthorizationRequest{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: "https://d-1234567890.awsapps.com/start",
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *bench) decide(userCode string, approve bool) DeviceState {
	b.t.Helper()
	request, found, err := b.s.FindDevice(ctx, userCode)
	if err != nil || !found {
		b.t.Fatalf("found %v, %v", found, err)
	}
	state, _, err := b.s.DecideDevice(ctx, here, b.person(), request.DeviceID, approve)
	if err != nil {
		b.t.Fatal(err)
	}
	return state
}

func (b *bench) poll(client *api.RegisterClientResponse, deviceCode string, change ...func(*api.CreateTokenRequest)) (*api.CreateTokenResponse, error) {
	return b.create(client, func(in *api.CreateTokenRequest) {
		in.GrantType, in.DeviceCode = string(oauth.GrantDeviceCode), deviceCode
		for _, c := range change {
			c(in)
		}
	})
}

func (b *bench) refresh(client *api.RegisterClientResponse, refreshToken string, scope ...string) (*api.CreateTokenResponse, error) {
	return b.create(client, func(in *api.CreateTokenRequest) {
		in.GrantType, in.RefreshToken, in.Scope = string(oauth.GrantRefreshToken), refreshToken, scope
	})
}

func (b *bench) create(client *api.RegisterClientResponse, change func(*api.CreateTokenRequest)) (*api.CreateTokenResponse, error) {
	in := &api.CreateTokenRequest{ClientID: client.ClientID, ClientSecret: client.ClientSecret}
	change(in)
	return b.s.CreateToken(ctx, here, in)
}

// login goes through the whole device flow.
func (b *bench) login(client *api.RegisterClientResponse) *api.CreateTokenResponse {
	b.t.Helper()
	started := b.start(client)
	b.decide(started.UserCode, true)
	return b.must(b.poll(client, started.DeviceCode))
}

func (b *bench) must(out *api.CreateTokenResponse, err error) *api.CreateTokenResponse {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *bench) refused(err error, kind *fault.Kind) {
	b.t.Helper()
	refusal, ok := fault.As(err)
	if !ok || refusal.Kind != kind {
		b.t.Fatalf("got %v, want %s", err, kind.Name)
	}
}

// holds reports whether an access token is accepted.
func (b *bench) holds(accessToken string) bool {
	_, err := creds.Authenticate(ctx, b.s.Store, b.s.Ring, accessToken)
	return err == nil
}

func TestADeviceCodeIsHonouredOnceItIsApproved(t *testing.T) {
	b := newBench(t)
	client := b.register()
	started := b.start(client)
	if started.ExpiresIn != 600 || started.Interval != 1 {
		t.Errorf("expires in %d, interval %d, want 600, 1", started.ExpiresIn, started.Interval)
	}
	_, err := b.poll(client, started.DeviceCode)
	b.refused(err, fault.AuthorizationPending)
	if state := b.decide(strings.ToLower(started.UserCode), true); state != DeviceApproved {
		t.Fatalf("state %s", state)
	}
	out := b.must(b.poll(client, started.DeviceCode))
	if out.ExpiresIn != 3600 || out.TokenType != "Bearer" || out.RefreshToken == "" || out.IDToken == "" || !b.holds(out.AccessToken) {
		t.Errorf("got %+v", out)
	}
	_, err = b.poll(client, started.DeviceCode)
	b.refused(err, fault.InvalidGrant)
	if !b.holds(out.AccessToken) {
		t.Error("a client that lost its answer and tried again at once lost its tokens")
	}
}

func TestACodeThatComesAgainFromElsewhereOrLaterTakesTheTokensAway(t *testing.T) {
	elsewhere := here
	elsewhere.Address = netip.MustParseAddr("192.0.2.7")
	cases := []struct {
		name   string
		later  time.Duration
		caller api.Caller
		lives  bool
	}{
		{"at once from the same address", 0, here, true},
		{"within ten seconds from the same address", 5 * time.Second, here, true},
		{"later from the same address", 11 * time.Second, here, false},
		{"at once from another address", 0, elsewhere, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			client := b.register()
			started := b.start(client)
			b.decide(started.UserCode, true)
			out := b.must(b.poll(client, started.DeviceCode))
			b.Clock.Advance(c.later)
			_, err := b.s.CreateToken(ctx, c.caller, &api.CreateTokenRequest{
				ClientID: client.ClientID, ClientSecret: client.ClientSecret, GrantType: string(oauth.GrantDeviceCode), DeviceCode: started.DeviceCode,
			})
			b.refused(err, fault.InvalidGrant)
			if b.holds(out.AccessToken) != c.lives {
				t.Errorf("the tokens hold: %v, want %v", !c.lives, c.lives)
			}
		})
	}
}

// Whoever holds a spent code could otherwise have a row written for each request, and audit rows are kept for more than a year.
func TestAReplayIsRecordedOnce(t *testing.T) {
	b := newBench(t)
	client := b.register()
	started := b.start(client)
	b.decide(started.UserCode, true)
	b.must(b.poll(client, started.DeviceCode))
	b.Clock.Advance(time.Minute)
	before := b.events()
	for range 5 {
		_, err := b.poll(client, started.DeviceCode)
		b.refused(err, fault.InvalidGrant)
	}
	if got := b.events() - before; got != 1 {
		t.Errorf("%d events, want 1", got)
	}
}

func (b *bench) events() int64 {
	b.t.Helper()
	rows, _, err := b.s.Store.Counts(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return rows["audit_event"]
}

func TestFiftyRacersRedeemOneDeviceCodeOnce(t *testing.T) {
	b := newBench(t)
	client := b.register()
	started := b.start(client)
	b.decide(started.UserCode, true)
	var wg sync.WaitGroup
	outcomes := make(chan error, 50)
	for range 50 {
		wg.Go(func() {
			_, err := b.poll(client, started.DeviceCode)
			outcomes <- err
		})
	}
	wg.Wait()
	close(outcomes)
	won := 0
	for err := range outcomes {
		if err == nil {
			won++
			continue
		}
		b.refused(err, fault.InvalidGrant)
	}
	if won != 1 {
		t.Errorf("%d racers won", won)
	}
}

func TestADecisionOnADeviceIsFinal(t *testing.T) {
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprintf("approved %v first", first), func(t *testing.T) {
			b := newBench(t)
			client := b.register()
			started := b.start(client)
			before := b.decide(started.UserCode, first)
			if after := b.decide(started.UserCode, !first); after != before {
				t.Errorf("%s became %s", before, after)
			}
			_, err := b.poll(client, started.DeviceCode)
			if first && err != nil {
				t.Error(err)
			}
			if !first {
				b.refused(err, fault.AccessDenied)
				_, err = b.poll(client, started.DeviceCode)
				b.refused(err, fault.AccessDenied)
			}
		})
	}
}

func TestAnExpiredDeviceCode(t *testing.T) {
	b := newBench(t)
	client := b.register()
	started := b.start(client)
	b.Clock.Advance(10 * time.Minute)
	if state := b.decide(started.UserCode, true); state != DeviceExpired {
		t.Errorf("approving it gives %s", state)
	}
	_, err := b.poll(client, started.DeviceCode)
	b.refused(err, fault.ExpiredToken)
}

func TestPollsMayComeInABurstAndAreSlowedWhenTheyGoOn(t *testing.T) {
	b := newBench(t)
	client := b.register()
	started := b.start(client)
	for i := range 3 {
		if _, err := b.poll(client, started.DeviceCode); err == nil {
			t.Fatal(i)
		} else {
			b.refused(err, fault.AuthorizationPending)
		}
	}
	_, err := b.poll(client, started.DeviceCode)
	b.refused(err, fault.SlowDown)
	b.Clock.Advance(time.Second)
	_, err = b.poll(client, started.DeviceCode)
	b.refused(err, fault.AuthorizationPending)
	b.decide(started.UserCode, true)
	b.must(b.poll(client, started.DeviceCode))
}

func TestAPendingPollWritesNothing(t *testing.T) {
	b := newBench(t)
	client := b.register()
	started := b.start(client)
	before, _, _ := b.s.Store.Counts(ctx)
	for range 5 {
		b.poll(client, started.DeviceCode)
	}
	after, _, _ := b.s.Store.Counts(ctx)
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("rows went from %v to %v", before, after)
	}
}

func TestCodesAreOnlyTakenWholeAndFromTheirOwner(t *testing.T) {
	b := newBench(t)
	client, other := b.register(), b.register()
	started := b.start(client)
	b.decide(started.UserCode, true)
	code := started.DeviceCode
	for name, wrong := range map[string]string{
		"cut by one": code[:len(code)-1], "cut by eight": code[:len(code)-8], "longer": code + "A", "other case": strings.ToUpper(code),
		"the user code": started.UserCode, "the row alone": rowOf(code), "another secret": newCode(rowOf(code)),
	} {
		if _, err := b.poll(client, wrong); err == nil {
			t.Errorf("%s was honoured", name)
		} else {
			b.refused(err, fault.InvalidGrant)
		}
	}
	_, err := b.poll(other, code)
	b.refused(err, fault.InvalidGrant)
	b.must(b.poll(client, code))
}

func TestThePersonMustStillBeAllowedIn(t *testing.T) {
	b := newBench(t)
	client := b.register()
	started := b.start(client)
	b.decide(started.UserCode, true)
	out := b.login(client)
	b.user.Status = store.StatusDisabled
	b.Update(func(tx *store.Tx) error { return tx.PutUser(b.user) })
	_, err := b.poll(client, started.DeviceCode)
	b.refused(err, fault.AccessDenied)
	_, err = b.refresh(client, out.RefreshToken)
	b.refused(err, fault.InvalidGrant)
	if b.holds(out.AccessToken) {
		t.Error("the access token of a disabled user holds")
	}
}

func TestWhatWasDecidedBeforeSigningOutIsNotHonouredAfterIt(t *testing.T) {
	b := newBench(t)
	client := b.register()
	started, code := b.start(client), b.code(client)
	b.decide(started.UserCode, true)
	b.Update(func(tx *store.Tx) error { return tx.RevokeSignIn("s", "signed out") })
	_, err := b.poll(client, started.DeviceCode)
	b.refused(err, fault.AccessDenied)
	_, err = b.redeem(client, code)
	b.refused(err, fault.AccessDenied)
}

// A person who signs out in one window while signing in again in another has signed out.
func TestASignInThatWasEndedIsNotContinued(t *testing.T) {
	b := newBench(t)
	client := b.register()
	started, code := b.start(client), b.code(client)
	b.decide(started.UserCode, true)
	b.Update(func(tx *store.Tx) error {
		return tx.AddSignIn(store.SignIn{SignInID: "later", UserID: b.user.UserID, EndsAt: tx.Now.Add(time.Hour).UnixMilli()})
	})
	b.Update(func(tx *store.Tx) error { return tx.RevokeSignIn("s", "signed out") })
	b.Update(func(tx *store.Tx) error { return tx.ContinueSignIn("s", "later") })
	_, err := b.poll(client, started.DeviceCode)
	b.refused(err, fault.AccessDenied)
	_, err = b.redeem(client, code)
	b.refused(err, fault.AccessDenied)
}

func TestApprovalNeedsAFreshSignIn(t *testing.T) {
	b := newBench(t)
	started := b.start(b.register())
	request, _, _ := b.s.FindDevice(ctx, started.UserCode)
	old := b.person()
	b.Clock.Advance(16 * time.Minute)
	if _, _, err := b.s.DecideDevice(ctx, here, old, request.DeviceID, true); !errors.Is(err, ErrStale) {
		t.Errorf("got %v, want ErrStale", err)
	}
}

func TestTheDeviceGrantCanBeTurnedOff(t *testing.T) {
	b := newBench(t)
	client := b.register()
	started := b.start(client)
	b.decide(started.UserCode, true)
	b.s.DeviceGrant = false
	_, err := b.poll(client, started.DeviceCode)
	b.refused(err, fault.UnauthorizedClient)
	_, err = b.s.StartDeviceAuthorization(ctx, here, &api.StartDeviceAuthorizationRequest{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: b.s.StartURLs.Own,
	})
	b.refused(err, fault.UnauthorizedClient)
}

func TestTheTwoRegimes(t *testing.T) {
	cases := []struct {
		name      string
		register  func(*api.RegisterClientRequest)
		session   time.Duration
		expiresIn int64
		refreshes bool
	}{
		{"no scopes: eight hours and no refresh token", legacy, 24 * time.Hour, 8 * 3600, false},
		{"no scopes in a shorter session", legacy, time.Hour, 3600, false},
		{"the legacy portal scope is like none", func(in *api.RegisterClientRequest) { in.Scopes = []string{"sso-portal:*"} }, 24 * time.Hour, 8 * 3600, false},
		{"portal access: an hour and a refresh token", func(in *api.RegisterClientRequest) {}, 24 * time.Hour, 3600, true},
		{"a session shorter than a token", func(in *api.RegisterClientRequest) {}, 15 * time.Minute, 900, true},
		{"a device client that names no grants refreshes", func(in *api.RegisterClientRequest) { in.GrantTypes, in.RedirectURIs = nil, nil }, 8 * time.Hour, 3600, true},
		{"a client that registered without refreshing", func(in *api.RegisterClientRequest) { in.GrantTypes = in.GrantTypes[2:] }, 8 * time.Hour, 3600, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, func(o *Options) { o.SessionDuration = c.session })
			out := b.login(b.register(c.register))
			if out.ExpiresIn != c.expiresIn || (out.RefreshToken != "") != c.refreshes {
				t.Errorf("expires in %d, refresh token %v", out.ExpiresIn, out.RefreshToken != "")
			}
			b.Clock.Advance(time.Duration(c.expiresIn)*time.Second - 5*time.Second)
			if !b.holds(out.AccessToken) {
				t.Error("the token ended before the time that was promised")
			}
			b.Clock.Advance(5*time.Second + b.s.RefreshWindow)
			if b.holds(out.AccessToken) {
				t.Error("the token outlived its time")
			}
		})
	}
}

func TestARefreshGivesTheSameBytesWithinTheWindowAndEndsTheSessionAfterIt(t *testing.T) {
	b := newBench(t)
	client := b.register()
	first := b.login(client)
	second := b.must(b.refresh(client, first.RefreshToken))
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
		t.Fatal("nothing rotated")
	}
	b.s.Ring.Rotate(ctx) // a rotation of the ring inside the window changes nothing
	b.Clock.Advance(25 * time.Second)
	again := b.must(b.refresh(client, first.RefreshToken))
	if *again != *second {
		t.Errorf("the answer changed:\n%+v\n%+v", second, again)
	}
	_, err := b.refresh(b.register(), first.RefreshToken)
	b.refused(err, fault.InvalidGrant) // another client
	if !b.holds(second.AccessToken) {
		t.Fatal("another client ended the session")
	}
	b.Clock.Advance(6 * time.Second)
	_, err = b.refresh(client, first.RefreshToken)
	b.refused(err, fault.InvalidGrant)
	if b.holds(second.AccessToken) {
		t.Error("a spent refresh token after the window did not end the session")
	}
	_, err = b.refresh(client, second.RefreshToken)
	b.refused(err, fault.InvalidGrant)
}

func TestExpiresInIsAlwaysKept(t *testing.T) {
	b := newBench(t, func(o *Options) { o.SessionDuration = 2 * time.Hour })
	client := b.register()
	out := b.login(client)
	b.Clock.Advance(90 * time.Minute)
	refreshed := b.must(b.refresh(client, out.RefreshToken))
	b.Clock.Advance(25 * time.Second)
	again := b.must(b.refresh(client, out.RefreshToken))
	b.Clock.Advance(time.Duration(again.ExpiresIn)*time.Second - time.Millisecond)
	if !b.holds(again.AccessToken) {
		t.Errorf("an answer given again promised %d s and did not keep it", again.ExpiresIn)
	}
	b.Clock.Advance(time.Minute)
	_, err := b.refresh(client, refreshed.RefreshToken)
	b.refused(err, fault.InvalidGrant) // the session is over
}

func TestASessionEndsHoweverOftenItIsRefreshed(t *testing.T) {
	b := newBench(t)
	client := b.register()
	out := b.login(client)
	for range 7 {
		b.Clock.Advance(time.Hour)
		out = b.must(b.refresh(client, out.RefreshToken))
		if out.RefreshToken == "" {
			t.Fatal("an answer without a refresh token logs clients out")
		}
	}
	b.Clock.Advance(time.Hour)
	_, err := b.refresh(client, out.RefreshToken)
	b.refused(err, fault.InvalidGrant)
}

func TestTwentyRefreshesAtOnceAllGetTheSameAnswer(t *testing.T) {
	b := newBench(t)
	client := b.register()
	out := b.login(client)
	var wg sync.WaitGroup
	answers := make(chan api.CreateTokenResponse, 20)
	for range 20 {
		wg.Go(func() { answers <- *b.must(b.refresh(client, out.RefreshToken)) })
	}
	wg.Wait()
	close(answers)
	first := <-answers
	for answer := range answers {
		if answer != first {
			t.Fatal("two branches of one session live")
		}
	}
}

func TestScopeNarrowsAndNeverWidens(t *testing.T) {
	b := newBench(t)
	client := b.register()
	out := b.login(client)
	narrow := b.must(b.refresh(client, out.RefreshToken, "sso:account:access"))
	if narrow.IDToken != "" {
		t.Error("an ID token without openid")
	}
	token, _ := creds.OpenAccess(b.s.Ring, narrow.AccessToken)
	if token.Scopes != "sso:account:access" {
		t.Errorf("scopes %q", token.Scopes)
	}
	if wide := b.must(b.refresh(client, narrow.RefreshToken)); wide.IDToken == "" {
		t.Error("narrowing one token narrowed the session")
	}
	started := b.start(client)
	for _, state := range []string{"pending", "approved"} {
		if state == "approved" {
			b.decide(started.UserCode, true)
		}
		for _, scope := range []string{"admin:*", "sso:account:other"} {
			_, err := b.poll(client, started.DeviceCode, func(in *api.CreateTokenRequest) { in.Scope = []string{"sso:account:access", scope} })
			b.refused(err, fault.InvalidScope)
		}
	}
	b.must(b.poll(client, started.DeviceCode)) // asking for too much spent nothing
}

func TestTokensOfOneKindAreNothingInThePlaceOfAnother(t *testing.T) {
	b := newBench(t)
	client := b.register()
	out := b.login(client)
	_, err := b.refresh(client, out.AccessToken)
	b.refused(err, fault.InvalidGrant)
	if b.holds(out.RefreshToken) {
		t.Error("a refresh token is taken as an access token")
	}
	for _, cut := range []int{1, 2, 8} {
		_, err := b.refresh(client, out.RefreshToken[:len(out.RefreshToken)-cut])
		b.refused(err, fault.InvalidGrant)
	}
	_, err = b.refresh(client, out.RefreshToken+"A")
	b.refused(err, fault.InvalidGrant)
}

func TestClientsAreKnownByBothIDAndSecret(t *testing.T) {
	b := newBench(t)
	client, other := b.register(), b.register()
	started := b.start(client)
	cases := []struct{ name, id, secret string }{
		{"no secret", client.ClientID, ""},
		{"another client's secret", client.ClientID, other.ClientSecret},
		{"the id as secret", client.ClientID, client.ClientID},
		{"an invented client", "nope", client.ClientSecret},
		{"a secret of another installation", client.ClientID, newBench(t).register().ClientSecret},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.s.CreateToken(ctx, here, &api.CreateTokenRequest{
				ClientID: c.id, ClientSecret: c.secret, GrantType: string(oauth.GrantDeviceCode), DeviceCode: started.DeviceCode,
			})
			b.refused(err, fault.InvalidClient)
		})
	}
	b.Clock.Advance(registrationLifetime)
	_, err := b.poll(client, started.DeviceCode)
	b.refused(err, fault.InvalidClient)
}

func TestRegistrationWritesNothingAndKeepsWhatWasRegistered(t *testing.T) {
	b := newBench(t)
	before, _, _ := b.s.Store.Counts(ctx)
	out := b.register()
	after, _, _ := b.s.Store.Counts(ctx)
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("rows went from %v to %v", before, after)
	}
	if out.ClientSecretExpiresAt-out.ClientIDIssuedAt != 7_776_000 {
		t.Errorf("lives %d s, want 90 days", out.ClientSecretExpiresAt-out.ClientIDIssuedAt)
	}
	client, err := b.s.openClient(out.ClientID)
	if err != nil || client.Name != "tester" || client.Scopes.String() != "sso:account:access openid" || len(client.RedirectURIs) != 1 || len(client.GrantTypes) != 3 {
		t.Errorf("opened %+v, %v", client, err)
	}
}

func TestRegistrationsThatAreRefused(t *testing.T) {
	b := newBench(t)
	cases := []struct {
		name   string
		change func(*api.RegisterClientRequest)
		kind   *fault.Kind
	}{
		{"another client type", func(in *api.RegisterClientRequest) { in.ClientType = "confidential" }, fault.InvalidClientMetadata},
		{"an empty name", func(in *api.RegisterClientRequest) { in.ClientName = "" }, fault.InvalidClientMetadata},
		{"a name that is too long", func(in *api.RegisterClientRequest) { in.ClientName = strings.Repeat("n", 257) }, fault.InvalidClientMetadata},
		{"a name with a line break", func(in *api.RegisterClientRequest) { in.ClientName = "a\nb" }, fault.InvalidClientMetadata},
		{"a name written from right to left", func(in *api.RegisterClientRequest) { in.ClientName = "\u202eILC SWA" }, fault.InvalidClientMetadata},
		{"a name with something invisible", func(in *api.RegisterClientRequest) { in.ClientName = "AWS\u200bCLI" }, fault.InvalidClientMetadata},
		{"a foreign issuer", func(in *api.RegisterClientRequest) { in.IssuerURL = "http://169.254.169.254/" }, fault.InvalidRequest},
		{"an application", func(in *api.RegisterClientRequest) {
			in.EntitledApplicationARN = "arn:aws:sso::999999999999:application/ssoins-1/apl-1"
		}, fault.InvalidRequest},
		{"a scope outside the grammar", func(in *api.RegisterClientRequest) { in.Scopes = []string{"a b"} }, fault.InvalidScope},
		{"a grant that does not exist", func(in *api.RegisterClientRequest) { in.GrantTypes = []string{"password"} }, fault.UnsupportedGrantType},
		{"a grant for applications", func(in *api.RegisterClientRequest) { in.GrantTypes = []string{string(oauth.GrantJWTBearer)} }, fault.UnsupportedGrantType},
		{"a redirect URI over plain http", func(in *api.RegisterClientRequest) { in.RedirectURIs = []string{"http://example.test/cb"} }, fault.InvalidRedirectURI},
		{"too many redirect URIs", func(in *api.RegisterClientRequest) {
			in.RedirectURIs = make([]string, 11)
		}, fault.InvalidRequest},
		{"redirect URIs that are too long together", func(in *api.RegisterClientRequest) {
			long := "https://example.test/" + strings.Repeat("a", 1900)
			in.RedirectURIs = []string{long, long, long}
		}, fault.InvalidRequest},
		{"a code grant without a redirect URI", func(in *api.RegisterClientRequest) { in.RedirectURIs = nil }, fault.InvalidClientMetadata},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := &api.RegisterClientRequest{
				ClientName: "tester", ClientType: "public", GrantTypes: []string{"authorization_code"},
				RedirectURIs: []string{"http://127.0.0.1/oauth/callback"},
			}
			c.change(in)
			_, err := b.s.RegisterClient(ctx, here, in)
			b.refused(err, c.kind)
		})
	}
}

func TestOneAddressRegistersOnlySoOften(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RegisterRate = 1 })
	in := &api.RegisterClientRequest{ClientName: "tester", ClientType: "public"}
	var err error
	for range 12 {
		if _, err = b.s.RegisterClient(ctx, here, in); err != nil {
			break
		}
	}
	b.refused(err, fault.SlowDown)
	b.Clock.Advance(time.Second)
	if _, err := b.s.RegisterClient(ctx, here, in); err != nil {
		t.Error(err)
	}
}

// One IPv6 subscriber has 2^64 addresses to draw from.
func TestOneIPv6SubscriberHasOneRate(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RegisterRate, o.DeviceStartRate = 1, 1 })
	client := b.register()
	from := func(address string, i int) api.Caller {
		return api.Caller{Address: netip.MustParseAddr(fmt.Sprintf(address, i))}
	}
	var registered, started error
	for i := range 12 {
		caller := from("2001:db8:0:1::%x", i)
		if _, err := b.s.RegisterClient(ctx, caller, &api.RegisterClientRequest{ClientName: "tester", ClientType: "public"}); err != nil {
			registered = err
		}
		if _, err := b.startFrom(caller, client); err != nil {
			started = err
		}
	}
	b.refused(registered, fault.SlowDown)
	b.refused(started, fault.SlowDown)
	if _, err := b.startFrom(from("2001:db8:0:2::%x", 1), client); err != nil {
		t.Errorf("another subscriber: %v", err)
	}
}

func (b *bench) startFrom(caller api.Caller, client *api.RegisterClientResponse) (*api.StartDeviceAuthorizationResponse, error) {
	return b.s.StartDeviceAuthorization(ctx, caller, &api.StartDeviceAuthorizationRequest{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: b.s.StartURLs.Own,
	})
}

// Anybody may register, so what the cache keeps of a client has to be small whatever the client registered.
func TestOnlyClientsOfUsualSizeAreKeptOpen(t *testing.T) {
	b := newBench(t)
	long := b.register(func(in *api.RegisterClientRequest) {
		in.RedirectURIs = nil
		for i := range 2 {
			in.RedirectURIs = append(in.RedirectURIs, fmt.Sprintf("https://a%d.example/%s", i, strings.Repeat("x", 2000)))
		}
	})
	usual := b.register()
	for _, client := range []*api.RegisterClientResponse{long, usual} {
		if _, err := b.s.authenticate(client.ClientID, client.ClientSecret); err != nil {
			t.Fatal(err)
		}
	}
	if _, kept := b.s.known.get(credentials{long.ClientID, long.ClientSecret}); kept {
		t.Errorf("a client id of %d bytes is kept", len(long.ClientID))
	}
	if _, kept := b.s.known.get(credentials{usual.ClientID, usual.ClientSecret}); !kept {
		t.Errorf("a client id of %d bytes is not kept", len(usual.ClientID))
	}
}

func TestGrantsThatAreRefused(t *testing.T) {
	b := newBench(t)
	client := b.register()
	deviceOnly := b.register(func(in *api.RegisterClientRequest) { in.GrantTypes = []string{string(oauth.GrantDeviceCode)} })
	cases := []struct {
		name   string
		client *api.RegisterClientResponse
		change func(*api.CreateTokenRequest)
		kind   *fault.Kind
	}{
		{"an unknown grant", client, func(in *api.CreateTokenRequest) { in.GrantType = "password" }, fault.UnsupportedGrantType},
		{"another letter case", client, func(in *api.CreateTokenRequest) { in.GrantType = "Refresh_token" }, fault.UnsupportedGrantType},
		{"a grant for applications", client, func(in *api.CreateTokenRequest) { in.GrantType = string(oauth.GrantJWTBearer) }, fault.UnsupportedGrantType},
		{"a grant that was not registered", deviceOnly, func(in *api.CreateTokenRequest) { in.GrantType, in.RefreshToken = "refresh_token", "x" }, fault.UnauthorizedClient},
		{"no device code", client, func(in *api.CreateTokenRequest) { in.GrantType = string(oauth.GrantDeviceCode) }, fault.InvalidRequest},
		{"no refresh token", client, func(in *api.CreateTokenRequest) { in.GrantType = "refresh_token" }, fault.InvalidRequest},
		{"no verifier", client, func(in *api.CreateTokenRequest) {
			in.GrantType, in.Code, in.RedirectURI = "authorization_code", "c", "u"
		}, fault.InvalidRequest},
		{"a scope outside the grammar", client, func(in *api.CreateTokenRequest) {
			in.GrantType, in.RefreshToken, in.Scope = "refresh_token", "x", []string{"a b"}
		}, fault.InvalidScope},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.create(c.client, c.change)
			b.refused(err, c.kind)
		})
	}
}

const verifier = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const callback = "http://127.0.0.1:51820/oauth/callback"

func (b *bench) query(client *api.RegisterClientResponse, change ...func(url.Values)) url.Values {
	query := url.Values{
		"response_type": {"code"}, "client_id": {client.ClientID}, "redirect_uri": {callback}, "state": {"s1"},
		"code_challenge_method": {"S256"}, "code_challenge": {challengeOf(verifier)}, "scopes": {"sso:account:access"},
	}
	for _, c := range change {
		c(query)
	}
	return query
}

func set(name, value string) func(url.Values) { return func(q url.Values) { q.Set(name, value) } }

// code goes through /authorize and returns the code.
func (b *bench) code(client *api.RegisterClientResponse, change ...func(url.Values)) string {
	b.t.Helper()
	request, err := b.s.ParseAuthorize(ctx, b.query(client, change...))
	if err != nil {
		b.t.Fatal(err)
	}
	location, err := b.s.Decide(ctx, here, b.person(), request, Consent{Allow: true})
	if err != nil {
		b.t.Fatal(err)
	}
	to, err := url.Parse(location)
	if err != nil {
		b.t.Fatal(err)
	}
	return to.Query().Get("code")
}

func (b *bench) redeem(client *api.RegisterClientResponse, code string, change ...func(*api.CreateTokenRequest)) (*api.CreateTokenResponse, error) {
	return b.create(client, func(in *api.CreateTokenRequest) {
		in.GrantType, in.Code, in.RedirectURI, in.CodeVerifier = "authorization_code", code, callback, verifier
		for _, c := range change {
			c(in)
		}
	})
}

func TestAnAuthorizationCodeIsHonouredOnce(t *testing.T) {
	b := newBench(t)
	client := b.register()
	code := b.code(client)
	out := b.must(b.redeem(client, code))
	if out.ExpiresIn != 3600 || out.RefreshToken == "" {
		t.Errorf("got %+v", out)
	}
	_, err := b.redeem(client, code)
	b.refused(err, fault.InvalidGrant)
	b.Clock.Advance(time.Minute)
	_, err = b.redeem(client, code)
	b.refused(err, fault.InvalidGrant)
	if b.holds(out.AccessToken) {
		t.Error("the tokens of a replayed code hold")
	}
}

func TestAProofThatIsWrongBurnsTheCodeAtTheThirdTime(t *testing.T) {
	wrong := []struct {
		name   string
		change func(*api.CreateTokenRequest)
	}{
		{"another verifier", func(in *api.CreateTokenRequest) { in.CodeVerifier = strings.Repeat("x", 43) }},
		{"another port", func(in *api.CreateTokenRequest) { in.RedirectURI = "http://127.0.0.1:51821/oauth/callback" }},
	}
	for _, w := range wrong {
		t.Run(w.name, func(t *testing.T) {
			b := newBench(t)
			client := b.register()
			kept, burnt := b.code(client), b.code(client)
			for range 2 {
				_, err := b.redeem(client, kept, w.change)
				b.refused(err, fault.InvalidGrant)
			}
			b.must(b.redeem(client, kept))
			for range 3 {
				_, err := b.redeem(client, burnt, w.change)
				b.refused(err, fault.InvalidGrant)
			}
			_, err := b.redeem(client, burnt)
			b.refused(err, fault.InvalidGrant)
		})
	}
}

func TestACodeIsNothingToAnotherClientOrAfterItsTime(t *testing.T) {
	b := newBench(t)
	client := b.register()
	code := b.code(client)
	_, err := b.redeem(b.register(), code)
	b.refused(err, fault.InvalidGrant)
	b.Clock.Advance(codeLifetime)
	_, err = b.redeem(client, code)
	b.refused(err, fault.InvalidGrant)
}

func TestAuthorizationRequestsThatAreRefused(t *testing.T) {
	b := newBench(t)
	client := b.register()
	pages := []struct {
		name   string
		change func(url.Values)
		kind   *fault.Kind
	}{
		{"an unknown client", set("client_id", "nope"), fault.InvalidClient},
		{"no client", func(q url.Values) { q.Del("client_id") }, fault.InvalidClient},
		{"an unregistered redirect URI", set("redirect_uri", "https://evil.example.test/cb"), fault.InvalidRequest},
		{"no redirect URI although one is registered", func(q url.Values) { q.Del("redirect_uri") }, fault.InvalidRequest},
		{"a parameter twice", func(q url.Values) { q["state"] = []string{"a", "b"} }, fault.InvalidRequest},
		{"a state of 10 kB", set("state", strings.Repeat("s", 10_000)), fault.InvalidRequest},
	}
	for _, c := range pages {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.s.ParseAuthorize(ctx, b.query(client, c.change))
			b.refused(err, c.kind)
		})
	}
	redirects := []struct {
		name   string
		change func(url.Values)
		code   oauth.ErrorCode
	}{
		{"no challenge", func(q url.Values) { q.Del("code_challenge") }, oauth.InvalidRequest},
		{"a plain challenge", set("code_challenge_method", "plain"), oauth.InvalidRequest},
		{"another response type", set("response_type", "token"), oauth.UnsupportedResponseType},
		{"a form post", set("response_mode", "form_post"), oauth.InvalidRequest},
		{"a request object", set("request", "e30.e30."), oauth.RequestNotSupported},
		{"a request object to fetch", set("request_uri", "http://169.254.169.254/"), oauth.RequestURINotSupported},
		{"a scope that was not registered", set("scopes", "admin:all"), oauth.InvalidScope},
		{"a scope outside the grammar", set("scopes", "a\x01b"), oauth.InvalidScope},
		{"a negative age", set("max_age", "-1"), oauth.InvalidRequest},
		{"a huge age", set("max_age", "99999999999999999999"), oauth.InvalidRequest},
		{"an unknown prompt", set("prompt", "create"), oauth.InvalidRequest},
		{"a long nonce", set("nonce", strings.Repeat("n", 513)), oauth.InvalidRequest},
	}
	for _, c := range redirects {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.s.ParseAuthorize(ctx, b.query(client, c.change))
			var redirect *Redirect
			if !errors.As(err, &redirect) || redirect.Code != c.code {
				t.Fatalf("got %v, want a redirect with %s", err, c.code)
			}
			to, err := url.Parse(redirect.Location())
			if err != nil || to.Query().Get("error") != string(c.code) || to.Query().Get("state") != "s1" || to.Host != "127.0.0.1:51820" {
				t.Errorf("goes to %s", redirect.Location())
			}
		})
	}
}

func TestScopesAreReadUnderBothNamesAndSeparators(t *testing.T) {
	b := newBench(t)
	client := b.register()
	for name, change := range map[string]func(url.Values){
		"scopes with a space": set("scopes", "sso:account:access openid"),
		"scopes with a comma": set("scopes", "sso:account:access,openid"),
		"scope":               func(q url.Values) { q.Del("scopes"); q.Set("scope", "sso:account:access openid") },
		"neither means all":   func(q url.Values) { q.Del("scopes") },
	} {
		request, err := b.s.ParseAuthorize(ctx, b.query(client, change))
		if err != nil || request.Scopes.String() != "sso:account:access openid" {
			t.Errorf("%s: %q, %v", name, request.Scopes, err)
		}
	}
}

func TestAHostileStateComesBackExactlyAndAddsNothing(t *testing.T) {
	b := newBench(t)
	hostile := "a\"><script>&code=evil#x\r\nSet-Cookie: a=b +%20é"
	request, err := b.s.ParseAuthorize(ctx, b.query(b.register(), set("state", hostile)))
	if err != nil {
		t.Fatal(err)
	}
	location, err := b.s.Decide(ctx, here, b.person(), request, Consent{})
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(location)
	if err != nil || to.Query().Get("state") != hostile || to.Query().Has("code") || to.Fragment != "" || strings.ContainsAny(location, "\r\n\"<> ") {
		t.Errorf("goes to %q", location)
	}
}

func TestAnAuthorizationRequestIsDecidedOnceAndSurvivesTheSeal(t *testing.T) {
	b := newBench(t)
	request, err := b.s.ParseAuthorize(ctx, b.query(b.register(), set("nonce", "n"), set("prompt", "consent"), set("max_age", "60")))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := b.s.OpenAuthorize(ctx, b.s.SealAuthorize(request))
	if err != nil || opened.ID != request.ID || opened.State != "s1" || opened.Nonce != "n" || opened.Prompt != PromptConsent ||
		opened.MaxAge != time.Minute || opened.RedirectURI != request.RedirectURI || opened.Challenge != request.Challenge ||
		!opened.StartedAt.Equal(request.StartedAt) || opened.Client.Text != request.Client.Text {
		t.Fatalf("opened %+v, %v", opened, err)
	}
	if _, err := b.s.Decide(ctx, here, b.person(), opened, Consent{Allow: true}); err != nil {
		t.Fatal(err)
	}
	_, err = b.s.Decide(ctx, here, b.person(), request, Consent{Allow: true})
	b.refused(err, fault.InvalidRequest)
	b.Clock.Advance(requestLifetime + time.Second)
	_, err = b.s.OpenAuthorize(ctx, b.s.SealAuthorize(request))
	b.refused(err, fault.InvalidRequest)
}

func TestConsentIsRememberedForTheClientAndItsScopes(t *testing.T) {
	b := newBench(t)
	client := b.register()
	parse := func(change ...func(url.Values)) AuthorizeRequest {
		request, err := b.s.ParseAuthorize(ctx, b.query(client, change...))
		if err != nil {
			t.Fatal(err)
		}
		return request
	}
	asked := func(request AuthorizeRequest) bool {
		consented, err := b.s.Consented(ctx, b.person(), request)
		if err != nil {
			t.Fatal(err)
		}
		return !consented
	}
	if !asked(parse()) {
		t.Error("not asked the first time")
	}
	if _, err := b.s.Decide(ctx, here, b.person(), parse(), Consent{Allow: true, Remember: true}); err != nil {
		t.Fatal(err)
	}
	if asked(parse()) {
		t.Error("asked again")
	}
	if !asked(parse(set("scopes", "sso:account:access openid"))) {
		t.Error("not asked for more scopes")
	}
	if !asked(parse(set("prompt", "consent"))) {
		t.Error("not asked although the client wants it")
	}
}

func TestMaxAgeAndPromptAskForASignIn(t *testing.T) {
	b := newBench(t)
	client := b.register()
	before := b.person()
	b.Clock.Advance(time.Minute)
	for name, c := range map[string]struct {
		change func(url.Values)
		needs  bool
	}{
		"nothing asked": {func(url.Values) {}, false},
		"old enough":    {set("max_age", "70"), false},
		"too old":       {set("max_age", "59"), true},
		"at once":       {set("max_age", "0"), true},
		"login":         {set("prompt", "login"), true},
	} {
		request, err := b.s.ParseAuthorize(ctx, b.query(client, c.change))
		if err != nil {
			t.Fatal(err)
		}
		if request.NeedsSignIn(before) != c.needs {
			t.Errorf("%s: needs a sign-in %v, want %v", name, !c.needs, c.needs)
		}
		if request.NeedsSignIn(b.person()) {
			t.Errorf("%s: asks again after the sign-in that it asked for", name)
		}
	}
}

func TestStartURLs(t *testing.T) {
	s := newBench(t).s.StartURLs
	for text, want := range map[string]bool{
		"https://sso.example.test/start":                                       true,
		"https://sso.example.test/start/":                                      true,
		"https://SSO.example.test/start/#/":                                    true,
		"https://sso.example.test/start#":                                      true,
		"https://sso.example.test":                                             true,
		"https://d-1234567890.awsapps.com/start":                               true,
		"https://d-1234567890.awsapps.com/start/#/":                            true,
		"https://d-1234567890.awsapps.com:443/start":                           true,
		"https://acme.awsapps.com/start/":                                      true,
		"https://identitycenter.amazonaws.com/ssoins-1111111111111111":         true,
		"https://ssoins-1111111111111111.portal.us-east-1.app.aws":             true,
		"https://ssoins-1111111111111111.portal.us-east-1.app.aws/start":       true,
		"https://ssoins-1111111111111111.us-east-1.portal.amazonaws.com/start": true,
		"https://start.us-gov-home.awsapps.com/directory/d-1234567890":         true,
		"http://sso.example.test/start":                                        false,
		"http://acme.awsapps.com/start":                                        false,
		"https://other.awsapps.com/start":                                      false,
		"https://acme.awsapps.com.evil.test/start":                             false,
		"https://acme.awsapps.com/":                                            false,
		"https://acme.awsapps.com/start/more":                                  false,
		"https://acme.awsapps.com/start#/other":                                false,
		"https://acme.awsapps.com/start?x=1":                                   false,
		"https://user@acme.awsapps.com/start":                                  false,
		"https://identitycenter.amazonaws.com/ssoins-2222222222222222":         false,
		"https://ssoins-1111111111111111.portal.eu-west-1.app.aws":             false,
		"":                       false,
		"acme.awsapps.com/start": false,
		"https://":               false,
		"javascript:alert(1)":    false,
	} {
		if s.Matches(text) != want {
			t.Errorf("%q matches %v, want %v", text, !want, want)
		}
	}
	for _, ours := range []string{s.AWS(), s.Redirect(), s.Own} {
		if !s.Matches(ours) {
			t.Errorf("we do not accept our own %s", ours)
		}
	}
}

func TestRevocationEndsTheSessionOfTheOwnClientOnly(t *testing.T) {
	b := newBench(t)
	client, other := b.register(), b.register()
	out := b.login(client)
	revoke := func(client *api.RegisterClientResponse, token string) {
		t.Helper()
		if err := b.s.Revoke(ctx, here, client.ClientID, client.ClientSecret, token); err != nil {
			t.Fatal(err)
		}
	}
	revoke(other, out.AccessToken)
	revoke(client, "unknown")
	if !b.holds(out.AccessToken) {
		t.Fatal("another client's revocation counted")
	}
	revoke(client, out.RefreshToken)
	revoke(client, out.RefreshToken)
	if b.holds(out.AccessToken) {
		t.Error("the session lives")
	}
	err := b.s.Revoke(ctx, here, client.ClientID, "", out.AccessToken)
	b.refused(err, fault.InvalidClient)
}

func TestIntrospectionTellsAClientOfItsOwnTokens(t *testing.T) {
	b := newBench(t)
	client, other := b.register(), b.register()
	out := b.login(client)
	ask := func(client *api.RegisterClientResponse, token string) Introspection {
		t.Helper()
		answer, err := b.s.Introspect(ctx, client.ClientID, client.ClientSecret, token)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	if got := ask(client, out.AccessToken); !got.Active || got.Username != "alice" || got.Scope != "sso:account:access openid" || got.TokenType != "Bearer" {
		t.Errorf("got %+v", got)
	}
	if got := ask(client, out.RefreshToken); !got.Active {
		t.Errorf("got %+v", got)
	}
	for name, got := range map[string]Introspection{"another's": ask(other, out.AccessToken), "unknown": ask(client, "x")} {
		if got != (Introspection{}) {
			t.Errorf("%s token: %+v", name, got)
		}
	}
	next := b.must(b.refresh(client, out.RefreshToken))
	if ask(client, out.RefreshToken).Active || !ask(client, next.RefreshToken).Active {
		t.Error("the spent refresh token is active, or the new one is not")
	}
	b.Clock.Advance(2 * time.Hour)
	if ask(client, next.AccessToken).Active {
		t.Error("an expired token is active")
	}
}

// A session is walked at random beside a model of three numbers.
func TestRandomWalksOfASessionAgreeWithTheModel(t *testing.T) {
	b := newBench(t)
	client := b.register()
	rapid.Check(t, func(rt *rapid.T) {
		out := b.login(client)
		tokens := []string{out.RefreshToken} // by generation, the first is generation 1
		var sinceRotation, sinceStart time.Duration
		alive := true
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "wait") {
				pause := time.Duration(rapid.IntRange(1, 2500).Draw(rt, "seconds")) * time.Second
				b.Clock.Advance(pause)
				sinceRotation, sinceStart = sinceRotation+pause, sinceStart+pause
				continue
			}
			pick := rapid.IntRange(0, len(tokens)-1).Draw(rt, "token")
			answer, err := b.refresh(client, tokens[pick])
			// Real time passes too, a little; moments that close to an edge are not judged.
			age := len(tokens) - 1 - pick
			switch {
			case !alive:
				b.refused(err, fault.InvalidGrant)
			case age == 1 && sinceRotation <= 25*time.Second:
				if err != nil || answer.RefreshToken != tokens[len(tokens)-1] {
					rt.Fatalf("a repeat in the window: %v", err)
				}
			case age >= 2 || age == 1 && sinceRotation > 30*time.Second:
				b.refused(err, fault.InvalidGrant)
				alive = false
			case age == 1:
				return
			case sinceStart < 8*time.Hour-40*time.Second:
				if err != nil {
					rt.Fatal(err)
				}
				tokens, sinceRotation = append(tokens, answer.RefreshToken), 0
			case sinceStart > 8*time.Hour-29*time.Second:
				b.refused(err, fault.InvalidGrant)
			default:
				return
			}
		}
	})
}

func FuzzStartURLs(f *testing.F) {
	s := StartURLs{Own: "https://sso.example.test/start", InstanceID: "ssoins-1", IdentityStoreID: "d-1", Region: "us-east-1"}
	f.Add("https://d-1.awsapps.com/start/#/")
	for _, url := range vectors.URLs(f) {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !s.Matches(text) {
			return
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		host := strings.TrimSuffix(strings.ToLower(u.Host), ":443")
		for _, ours := range []string{"sso.example.test", "d-1.awsapps.com", "identitycenter.amazonaws.com", "ssoins-1.portal.us-east-1.app.aws",
			"ssoins-1.us-east-1.portal.amazonaws.com", "start.us-gov-home.awsapps.com"} {
			if host == ours {
				return
			}
		}
		t.Errorf("%q matches", text)
	})
}

func BenchmarkPendingPoll(b *testing.B) {
	n := newBench(b)
	n.s.polls = nil
	client := n.register()
	started := n.start(client)
	b.ReportAllocs()
	for b.Loop() {
		n.poll(client, started.DeviceCode)
	}
}

func BenchmarkRefresh(b *testing.B) {
	n := newBench(b)
	client := n.register()
	token := n.login(client).RefreshToken
	b.ReportAllocs()
	for b.Loop() {
		token = n.must(n.refresh(client, token)).RefreshToken
	}
}

func TestWhatARefreshTokenMeans(t *testing.T) {
	const window = 30 * time.Second
	session := store.Session{Generation: 5, RotatedAt: 1_000_000, EndsAt: 2_000_000}
	for _, c := range []struct {
		name       string
		generation int64
		now        int64
		change     func(*store.Session)
		want       refreshVerdict
	}{
		{"the current one rotates", 5, 1_500_000, nil, refreshRotate},
		{"the one before repeats in the window", 4, 1_030_000, nil, refreshRepeat},
		{"the one before is stolen after it", 4, 1_030_001, nil, refreshStolen},
		{"an older one is stolen at once", 3, 1_000_001, nil, refreshStolen},
		{"one from the future is none of ours", 6, 1_000_001, nil, refreshEnded},
		{"of a revoked session none counts", 5, 1_000_001, func(s *store.Session) { s.RevokedAt = 1 }, refreshEnded},
		{"near the end there is nothing to promise", 5, 1_969_001, nil, refreshEnded},
		{"a repeat that has nothing to promise", 4, 1_000_001, func(s *store.Session) { s.EndsAt = 1_030_500 }, refreshEnded},
	} {
		t.Run(c.name, func(t *testing.T) {
			session := session
			if c.change != nil {
				c.change(&session)
			}
			if got := judgeRefresh(session, c.generation, c.now, window); got != c.want {
				t.Errorf("verdict %d, want %d", got, c.want)
			}
		})
	}
}
