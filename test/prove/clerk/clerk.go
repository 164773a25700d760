// Package clerk does one thing at a time at a site and writes into the ledger what it asked for and what it was told. What is worth doing is for the
// workload, the racers and the checker to say.
package clerk

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/sigv4"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/remote"
)

// The grants.
const (
	deviceGrant   = "urn:ietf:params:oauth:grant-type:device_code"
	codeGrant     = "authorization_code"
	refreshGrant  = "refresh_token"
	bearerGrant   = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"

	accessTokenType  = "urn:ietf:params:oauth:token-type:access_token"
	refreshTokenType = "urn:ietf:params:oauth:token-type:refresh_token"

	accessScope = "sso:account:access"
)

// Clerk works at a site. It is safe for use by many goroutines, each with logins of its own.
type Clerk struct {
	Site   *remote.Site
	Ledger *ledger.Ledger
	World  World
}

// Outcome is how an act went.
type Outcome struct {
	ledger.Result
	Exception string // of a refusal
	remote.Answer
}

// OK reports whether the act is acknowledged.
func (o Outcome) OK() bool { return o.Result == ledger.Done }

// told is what a good answer adds to the ledger.
type told struct {
	ledger.Entry
	ledger.Secrets
}

// act writes the attempt, sends the request, and writes what became of it. An error means that the ledger cannot be written.
func (c *Clerk) act(ctx context.Context, attempt ledger.Entry, secrets ledger.Secrets, request remote.Request, read func(remote.Answer) (told, error)) (Outcome, error) {
	attempt, err := c.Ledger.Attempt(attempt, secrets)
	if err != nil {
		return Outcome{}, err
	}
	answer, err := c.Site.Send(ctx, request)
	switch {
	case err != nil:
		return Outcome{Result: ledger.Failed, Answer: answer}, c.Ledger.Failed(attempt, "no answer")
	case answer.Unsure():
		return Outcome{Result: ledger.Failed, Answer: answer}, c.Ledger.Failed(attempt, fmt.Sprintf("status %d", answer.Status))
	case !answer.Good():
		exception := answer.Exception()
		return Outcome{ledger.Refused, exception, answer}, c.Ledger.Refused(attempt, exception)
	}
	var it told
	if read != nil {
		if it, err = read(answer); err != nil {
			return Outcome{Result: ledger.Failed, Answer: answer}, c.Ledger.Failed(attempt, err.Error())
		}
	}
	return Outcome{Result: ledger.Done, Answer: answer}, c.Ledger.Done(attempt, it.Entry, it.Secrets)
}

// secretsOf takes members of an answer; those that it lacks are left out, the first of them excepted.
func secretsOf(answer remote.Answer, first string, more ...string) (ledger.Secrets, error) {
	secrets := ledger.Secrets{}
	for _, name := range append([]string{first}, more...) {
		if value := answer.Text(name); value != "" {
			secrets[name] = value
		}
	}
	if secrets[first] == "" {
		return nil, fmt.Errorf("the answer lacks %s", first)
	}
	return secrets, nil
}

func millis(seconds int64) int64 { return (time.Duration(seconds) * time.Second).Milliseconds() }

// registered is a client. Registrations write nothing, so they are no act.
type registered struct{ id, secret string }

func (c *Clerk) register(ctx context.Context, in remote.Members) (registered, error) {
	answer, err := c.Site.Must(ctx, api.RegisterClient.Operation, in)
	return registered{answer.Text("clientId"), answer.Text("clientSecret")}, err
}

// BeginDevice starts a device authorization.
func (c *Clerk) BeginDevice(ctx context.Context, name string) (Outcome, error) {
	client, err := c.register(ctx, remote.Members{"clientName": "prove", "clientType": "public", "scopes": []string{accessScope}})
	if err != nil {
		return Outcome{Result: ledger.Failed}, nil // nothing was asked for yet that could be lost
	}
	in := remote.Members{"clientId": client.id, "clientSecret": client.secret, "startUrl": c.Site.AWSStartURL()}
	return c.act(ctx, ledger.Entry{Of: name, Act: ledger.Begin, Kind: ledger.DeviceCode, Client: client.id},
		ledger.Secrets{"clientSecret": client.secret}, c.compose(api.StartDeviceAuthorization.Operation, in),
		func(answer remote.Answer) (told, error) {
			secrets, err := secretsOf(answer, "deviceCode", "userCode")
			return told{ledger.Entry{LivesMS: millis(answer.Number("expiresIn"))}, secrets}, err
		})
}

func (c *Clerk) compose(operation *api.Operation, in remote.Members) remote.Request {
	return remote.Compose(operation, c.Site.Operator(), in)
}

// once is a secret that a login began with.
func (c *Clerk) once(login ledger.Login, name string) string {
	return c.Ledger.Secret(login.Once[name])
}

// Decide approves or denies a device authorization as a person.
func (c *Clerk) Decide(ctx context.Context, name, decision string, person Person) (Outcome, error) {
	login, _ := c.Ledger.Login(name)
	return c.act(ctx, ledger.Entry{Of: name, Act: ledger.Decide, Because: decision, Person: person.ID}, nil,
		remote.Control("/_dev/device", remote.Members{"userCode": c.once(login, "userCode"), "userName": person.Name, "decision": decision}), nil)
}

// Redeem redeems what a login began with, whatever the book thinks of it.
func (c *Clerk) Redeem(ctx context.Context, name string) (Outcome, error) {
	login, _ := c.Ledger.Login(name)
	return c.act(ctx, ledger.Entry{Of: name, Act: ledger.Redeem}, nil, c.redemption(login), readTokens)
}

// redemption is the request that redeems what a login began with.
func (c *Clerk) redemption(login ledger.Login) remote.Request {
	switch login.Kind {
	case ledger.DeviceCode:
		return c.createToken(login, deviceGrant, remote.Members{"deviceCode": c.once(login, "deviceCode")})
	case ledger.Code:
		return c.createToken(login, codeGrant, remote.Members{
			"code": c.once(login, "code"), "codeVerifier": c.once(login, "codeVerifier"), "redirectUri": login.Redirect,
		})
	case ledger.Assertion:
		return c.createToken(login, bearerGrant, remote.Members{"assertion": c.once(login, "assertion")})
	}
	return c.createToken(login, exchangeGrant, remote.Members{
		"subjectToken": c.once(login, "subjectToken"), "subjectTokenType": accessTokenType, "requestedTokenType": refreshTokenType,
	})
}

// createToken is CreateToken for registered clients, and CreateTokenWithIAM for applications, whose ids are ARNs.
func (c *Clerk) createToken(login ledger.Login, grant string, in remote.Members) remote.Request {
	in["clientId"], in["grantType"] = login.Client, grant
	if ofApplication(login) {
		return c.compose(api.CreateTokenWithIAM.Operation, in)
	}
	in["clientSecret"] = c.once(login, "clientSecret")
	return c.compose(api.CreateToken.Operation, in)
}

func ofApplication(login ledger.Login) bool {
	return len(login.Client) > 4 && login.Client[:4] == "arn:"
}

func readTokens(answer remote.Answer) (told, error) {
	secrets, err := secretsOf(answer, "accessToken", "refreshToken", "idToken")
	if err == nil {
		if identity := answer.Text("awsAdditionalDetails", "identityContext"); identity != "" {
			secrets["identityContext"] = identity
		}
	}
	return told{ledger.Entry{LivesMS: millis(answer.Number("expiresIn"))}, secrets}, err
}

// Turn refreshes a session by its newest refresh token.
func (c *Clerk) Turn(ctx context.Context, name string) (Outcome, error) {
	login, _ := c.Ledger.Login(name)
	newest, _ := login.Newest()
	return c.TurnBy(ctx, name, newest.Refresh)
}

// TurnBy refreshes a session by one of its refresh tokens, which is named by its digest.
func (c *Clerk) TurnBy(ctx context.Context, name, digest string) (Outcome, error) {
	login, _ := c.Ledger.Login(name)
	spent := c.Ledger.Secret(digest)
	return c.act(ctx, ledger.Entry{Of: name, Act: ledger.Turn}, ledger.Secrets{"spent": spent},
		c.createToken(login, refreshGrant, remote.Members{"refreshToken": spent}), readTokens)
}

// Logout ends the session of a login by its newest access token.
func (c *Clerk) Logout(ctx context.Context, name string) (Outcome, error) {
	login, _ := c.Ledger.Login(name)
	newest, _ := login.Newest()
	return c.act(ctx, ledger.Entry{Of: name, Act: ledger.End, Because: "logout"}, nil,
		c.compose(api.Logout.Operation, remote.Members{"accessToken": c.Ledger.Secret(newest.Access)}), nil)
}

// Vend gets credentials of a role for a login.
func (c *Clerk) Vend(ctx context.Context, name, account, role string) (Outcome, error) {
	return c.act(ctx, ledger.Entry{Of: name, Act: ledger.Vend, Account: account, Role: role}, nil, c.vending(name, account, role),
		func(answer remote.Answer) (told, error) {
			key := ledger.Secrets{
				"secretAccessKey": answer.Text("roleCredentials", "secretAccessKey"), "sessionToken": answer.Text("roleCredentials", "sessionToken"),
			}
			lives := answer.Number("roleCredentials", "expiration") - c.Site.Now().UnixMilli()
			return told{ledger.Entry{KeyID: answer.Text("roleCredentials", "accessKeyId"), LivesMS: lives}, key}, needs(key)
		})
}

func (c *Clerk) vending(name, account, role string) remote.Request {
	login, _ := c.Ledger.Login(name)
	newest, _ := login.Newest()
	return c.compose(api.GetRoleCredentials.Operation, remote.Members{"accessToken": c.Ledger.Secret(newest.Access), "accountId": account, "roleName": role})
}

func needs(secrets ledger.Secrets) error {
	for name, secret := range secrets {
		if secret == "" {
			return fmt.Errorf("the answer lacks %s", name)
		}
	}
	return nil
}

// MayVend asks whether a login gets credentials of a role, and writes nothing down.
func (c *Clerk) MayVend(ctx context.Context, name, account, role string) (Outcome, error) {
	return c.look(ctx, c.vending(name, account, role))
}

// Opens asks whether an access token opens the portal.
func (c *Clerk) Opens(ctx context.Context, digest string) (Outcome, error) {
	return c.look(ctx, c.compose(api.ListAccounts.Operation, remote.Members{"accessToken": c.Ledger.Secret(digest)}))
}

// Signs asks whether vended credentials are known.
func (c *Clerk) Signs(ctx context.Context, vended ledger.Vended) (Outcome, error) {
	key := sigv4.Credentials{
		AccessKeyID: vended.KeyID, SecretAccessKey: c.Ledger.Secret(vended.Digests["secretAccessKey"]),
		SessionToken: c.Ledger.Secret(vended.Digests["sessionToken"]),
	}
	return c.look(ctx, remote.Compose(api.GetCallerIdentity.Operation, key, remote.Members{}))
}

// look sends a request that changes nothing. An error means that no answer tells.
func (c *Clerk) look(ctx context.Context, request remote.Request) (Outcome, error) {
	answer, err := c.Site.Send(ctx, request)
	switch {
	case err != nil:
		return Outcome{Result: ledger.Failed}, err
	case answer.Unsure():
		return Outcome{Result: ledger.Failed, Answer: answer}, fmt.Errorf("the answer is %v", answer)
	case !answer.Good():
		return Outcome{ledger.Refused, answer.Exception(), answer}, nil
	}
	return Outcome{Result: ledger.Done, Answer: answer}, nil
}

// Attempt writes down that somebody wants what a login is good for: its tokens (Redeem), or the next of them (Turn).
func (c *Clerk) Attempt(name string, act ledger.Act) (ledger.Entry, error) {
	secrets := ledger.Secrets{}
	if act == ledger.Turn {
		login, _ := c.Ledger.Login(name)
		newest, _ := login.Newest()
		secrets["spent"] = c.Ledger.Secret(newest.Refresh)
	}
	return c.Ledger.Attempt(ledger.Entry{Of: name, Act: act}, secrets)
}

// Got writes down the tokens that an attempt got.
func (c *Clerk) Got(attempt ledger.Entry, answer remote.Answer) error {
	it, err := readTokens(answer)
	if err != nil {
		return c.Ledger.Failed(attempt, err.Error())
	}
	return c.Ledger.Done(attempt, it.Entry, it.Secrets)
}

// Of is the request for what a login is good for. Racers send it many times.
func (c *Clerk) Of(name string, act ledger.Act) (remote.Request, error) {
	login, known := c.Ledger.Login(name)
	newest, has := login.Newest()
	switch {
	case !known:
	case act == ledger.Redeem:
		return c.redemption(login), nil
	case act == ledger.Turn && has:
		return c.createToken(login, refreshGrant, remote.Members{"refreshToken": c.Ledger.Secret(newest.Refresh)}), nil
	}
	return remote.Request{}, fmt.Errorf("the login %s has nothing to %s", name, cmp.Or(string(act), "do"))
}

// OpensPortal reports whether tokens of a login are good for the portal, which those of applications are not.
func OpensPortal(login ledger.Login) bool { return !ofApplication(login) }
