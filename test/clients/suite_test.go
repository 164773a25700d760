package clients

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"sallyport/test/harness"
)

// suite leads a client through everything that a client of ours must live through.
func suite(t *testing.T, c client) {
	server := harness.Start(t)
	run := func(name string, test func(*party)) {
		t.Run(name, func(t *testing.T) { test(&party{T: t, server: server, client: c}) })
	}
	run("device flow", deviceFlow)
	run("device flow without scopes", legacyDeviceFlow)
	run("PKCE flow", pkceFlow)
	run("refresh", refresh)
	run("portal", portal)
	run("role credentials from the session cache", cachedSession)
	run("silent refresh of an expired token", silentRefresh)
	t.Run("provocations", func(t *testing.T) { provoke(t, c) })
}

// The lifetimes that the real service gives, in seconds.
const (
	registrationSeconds = 90 * 24 * 60 * 60
	deviceCodeSeconds   = 600
	accessSeconds       = 3600
	legacySeconds       = 8 * 3600
)

func deviceFlow(p *party) {
	out := p.must(registerClient, sessionRegistration)
	if lives := out.number("clientSecretExpiresAt") - out.number("clientIdIssuedAt"); lives != registrationSeconds {
		p.Errorf("the registration lives for %d s, want %d", lives, registrationSeconds)
	}
	if got, want := out.text("authorizationEndpoint"), p.server.Endpoint+"/authorize"; got != want {
		p.Errorf("authorizationEndpoint is %q, want %q", got, want)
	}
	r := registered{id: out.text("clientId"), secret: out.text("clientSecret")}
	started := p.must(startDevice, members{"clientId": r.id, "clientSecret": r.secret, "startUrl": p.server.AWSStartURL()})
	if started.number("expiresIn") != deviceCodeSeconds || started.number("interval") != 1 {
		p.Errorf("the device code lives for %d s and is polled every %d s, want 600 and 1", started.number("expiresIn"), started.number("interval"))
	}
	if got, want := started.text("verificationUriComplete"), started.text("verificationUri")+"?user_code="+started.text("userCode"); got != want {
		p.Errorf("verificationUriComplete is %q, want %q", got, want)
	}
	poll := r.token(deviceGrant, members{"deviceCode": started.text("deviceCode")})
	p.mustRefuse("AuthorizationPendingException", createToken, poll)
	p.server.Approve(started.text("userCode"), "alice")
	p.checkTokens(p.must(createToken, poll))
	p.mustRefuse("InvalidGrantException", createToken, poll)
}

// checkTokens checks an answer to a client with the scope of an sso-session, and that its access token opens the portal for alice.
func (p *party) checkTokens(tokens members) {
	p.Helper()
	if tokens.text("tokenType") != "Bearer" || tokens.number("expiresIn") != accessSeconds || tokens.text("refreshToken") == "" {
		p.Errorf("tokenType %q for %d s, refresh token of %d bytes; want Bearer for %d s and a refresh token",
			tokens.text("tokenType"), tokens.number("expiresIn"), len(tokens.text("refreshToken")), accessSeconds)
	}
	accounts := p.must(listAccounts, members{"accessToken": tokens.text("accessToken")}).list("accountList")
	if len(accounts) != 4 {
		p.Errorf("alice has %d accounts, want 4", len(accounts))
	}
}

// legacyDeviceFlow signs in as a client of the time before sso-sessions.
func legacyDeviceFlow(p *party) {
	out := p.must(registerClient, members{"clientName": "legacy profile", "clientType": "public"})
	tokens := p.signIn(registered{id: out.text("clientId"), secret: out.text("clientSecret")}, "alice")
	if tokens.number("expiresIn") != legacySeconds || tokens.text("refreshToken") != "" {
		p.Errorf("the token lives for %d s with a refresh token of %d bytes, want %d s and none",
			tokens.number("expiresIn"), len(tokens.text("refreshToken")), legacySeconds)
	}
	p.must(listAccounts, members{"accessToken": tokens.text("accessToken")})
}

// browserRegistration is that of a client that opens a browser: the AWS CLI's, to the letter.
func (p *party) browserRegistration() members {
	return members{
		"grantTypes": []string{codeGrant, refreshGrant}, "redirectUris": []string{"http://127.0.0.1/oauth/callback"},
		"issuerUrl": p.server.AWSStartURL(),
	}
}

// browserSignIn lets alice allow an authorization request and returns what the client then redeems.
func (p *party) browserSignIn(r registered) (code, redirectURI, verifier string) {
	p.Helper()
	redirectURI, verifier = "http://127.0.0.1:49152/oauth/callback", rand.Text()+rand.Text()
	challenge, state := sha256.Sum256([]byte(verifier)), rand.Text()
	query := url.Values{
		"response_type": {"code"}, "client_id": {r.id}, "redirect_uri": {redirectURI}, "state": {state}, "scopes": {accessScope},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	var answer struct{ Location string }
	p.server.Control(http.StatusSeeOther, "/_dev/authorize", map[string]string{"userName": "alice", "query": query.Encode()}, &answer)
	location, err := url.Parse(answer.Location)
	if err != nil {
		p.Fatal(err)
	}
	got := location.Query()
	location.RawQuery = ""
	if location.String() != redirectURI || got.Get("state") != state || got.Get("code") == "" {
		p.Fatalf("the browser is sent to %s, want %s with a code and the state", answer.Location, redirectURI)
	}
	return got.Get("code"), redirectURI, verifier
}

func pkceFlow(p *party) {
	r := p.register(p.browserRegistration())
	code, redirectURI, verifier := p.browserSignIn(r)
	redeem := r.token(codeGrant, members{"code": code, "redirectUri": redirectURI, "codeVerifier": verifier})
	p.checkTokens(p.must(createToken, redeem))
	p.mustRefuse("InvalidGrantException", createToken, redeem)
}

func refresh(p *party) {
	r := p.register(nil)
	first := p.signIn(r, "alice")
	next := r.token(refreshGrant, members{"refreshToken": first.text("refreshToken")})
	second := p.must(createToken, next)
	p.checkTokens(second)
	if second.text("refreshToken") == first.text("refreshToken") || second.text("accessToken") == first.text("accessToken") {
		p.Error("a refresh gave a token that was there before")
	}
	again := p.must(createToken, next)
	if again.text("refreshToken") != second.text("refreshToken") || again.text("accessToken") != second.text("accessToken") {
		p.Error("a client that lost the answer to a refresh got other tokens when it asked again")
	}
}

func portal(p *party) {
	tokens := p.signIn(p.register(nil), "alice")
	bearer := members{"accessToken": tokens.text("accessToken")}
	page := p.must(listAccounts, bearer.with(members{"maxResults": 3}))
	rest := p.must(listAccounts, bearer.with(members{"maxResults": 3, "nextToken": page.text("nextToken")}))
	if len(page.list("accountList")) != 3 || len(rest.list("accountList")) != 1 || rest.text("nextToken") != "" {
		p.Errorf("pages have %d and %d accounts, want 3 and 1 and no further page", len(page.list("accountList")), len(rest.list("accountList")))
	}
	production := bearer.with(members{"accountId": "111122223333"})
	var roles []string
	for _, role := range p.must(listAccountRoles, production).list("roleList") {
		roles = append(roles, role.text("roleName"))
	}
	if want := []string{"AdministratorAccess", "Billing"}; !slices.Equal(roles, want) {
		p.Errorf("alice has the roles %q, want %q", roles, want)
	}
	vended := p.must(getRoleCredentials, production.with(members{"roleName": "AdministratorAccess"})).object("roleCredentials")
	expires := time.UnixMilli(vended.number("expiration"))
	if left := time.Until(expires); left < 50*time.Minute || left > 61*time.Minute {
		p.Errorf("the role credentials live for another %v, want an hour", left)
	}
	p.must(logout, bearer)
	p.mustRefuse("UnauthorizedException", listAccounts, bearer)
}

// wantIdentity is who alice is in the profile that the server prints.
func (p *party) wantIdentity(got identity) {
	p.Helper()
	const account = "111122223333"
	wantARN := `^arn:aws:sts::` + account + `:assumed-role/AWSReservedSSO_AdministratorAccess_[0-9a-f]{16}/alice$`
	if got.Account != account || !matches(wantARN, got.ARN) || !matches(`^AROA[A-Z0-9]+:alice$`, got.UserID) {
		p.Errorf("the credentials are %+v, want alice as administrator of %s", got, account)
	}
}

func cachedSession(p *party) {
	r := p.register(nil)
	tokens := p.signIn(r, "alice")
	h := newHome(p, p.server)
	h.keep(p, r, tokens, time.Now().Add(accessSeconds*time.Second))
	p.wantIdentity(p.client.identity(p, h))
	if h.kept(p).RefreshToken != tokens.text("refreshToken") {
		p.Error("the client refreshed a token that was good for an hour")
	}
}

func silentRefresh(p *party) {
	r := p.register(nil)
	tokens := p.signIn(r, "alice")
	h := newHome(p, p.server)
	h.keep(p, r, tokens, time.Now().Add(-time.Minute))
	p.wantIdentity(p.client.identity(p, h))
	cached := h.kept(p)
	if cached.AccessToken == tokens.text("accessToken") || cached.RefreshToken == tokens.text("refreshToken") || cached.RefreshToken == "" {
		p.Error("the token file still holds tokens from before the refresh")
	}
	p.must(listAccounts, members{"accessToken": cached.AccessToken})
	p.must(createToken, r.token(refreshGrant, members{"refreshToken": cached.RefreshToken}))
}
