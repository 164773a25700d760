package clients

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/test/harness"
)

// provocation is one way to an exception: prepare brings the server to where the call is refused and returns the call's input.
//
// All are provoked for real, by what people and clients do wrong, but those that a sound server on an idle machine does not give of itself:
// InternalServerException, TooManyRequestsException, the portal's ResourceNotFoundException (our portal answers like AWS's in practice, with
// ForbiddenException or an empty list), and four of CreateTokenWithIAM that its model took over from CreateToken or that settings bring about
// (TestRefusalsThatSettingsBringAbout). Those are asked for at /_dev/fault, and show how the client takes them.
type provocation struct {
	name      string
	operation *api.Operation
	exception *fault.Kind
	prepare   func(p *party) members // nil: the exception is asked for at /_dev/fault
	paced     bool                   // needs the server with the slowest pace
}

var provocations = []provocation{
	{"an issuer URL of another instance", registerClient, fault.InvalidRequest, func(p *party) members {
		return sessionRegistration.with(members{"issuerUrl": "https://d-0000000000.awsapps.com/start"})
	}, false},
	{"a scope that is none", registerClient, fault.InvalidScope, func(p *party) members {
		return sessionRegistration.with(members{"scopes": []string{"sso:account:access:and:more"}})
	}, false},
	{"a confidential client", registerClient, fault.InvalidClientMetadata, func(p *party) members {
		return sessionRegistration.with(members{"clientType": "confidential"})
	}, false},
	{"a redirect to a stranger over plain HTTP", registerClient, fault.InvalidRedirectURI, func(p *party) members {
		return sessionRegistration.with(p.browserRegistration()).with(members{"redirectUris": []string{"http://host.example/callback"}})
	}, false},
	{"a grant for the password", registerClient, fault.UnsupportedGrantType, func(p *party) members {
		return sessionRegistration.with(members{"grantTypes": []string{"password"}})
	}, false},
	{"a flood of registrations", registerClient, fault.SlowDown, func(p *party) members {
		return p.flood(registerClient, sessionRegistration)
	}, true},
	{"a failure of the server", registerClient, fault.InternalServer, nil, false},

	{"a start URL of another instance", startDevice, fault.InvalidRequest, func(p *party) members {
		r := p.register(nil)
		return members{"clientId": r.id, "clientSecret": r.secret, "startUrl": "https://d-0000000000.awsapps.com/start"}
	}, false},
	{"the secret of another client", startDevice, fault.InvalidClient, func(p *party) members {
		return members{"clientId": p.register(nil).id, "clientSecret": p.register(nil).secret, "startUrl": p.server.StartURL}
	}, false},
	{"a registration of 90 days ago", startDevice, fault.InvalidClient, func(p *party) members {
		r := p.register(nil)
		p.server.Advance(registrationSeconds * time.Second)
		return members{"clientId": r.id, "clientSecret": r.secret, "startUrl": p.server.StartURL}
	}, false},
	{"a client for browsers that wants a device code", startDevice, fault.UnauthorizedClient, func(p *party) members {
		r := p.register(p.browserRegistration())
		return members{"clientId": r.id, "clientSecret": r.secret, "startUrl": p.server.StartURL}
	}, false},
	{"a flood of device authorizations", startDevice, fault.SlowDown, func(p *party) members {
		r := p.register(nil)
		return p.flood(startDevice, members{"clientId": r.id, "clientSecret": r.secret, "startUrl": p.server.StartURL})
	}, true},
	{"a failure of the server", startDevice, fault.InternalServer, nil, false},

	{"no device code", createToken, fault.InvalidRequest, func(p *party) members {
		return p.register(nil).token(deviceGrant, nil)
	}, false},
	{"an unknown client", createToken, fault.InvalidClient, func(p *party) members {
		return registered{id: "unknown", secret: "unknown"}.token(deviceGrant, members{"deviceCode": "unknown"})
	}, false},
	{"an unknown device code", createToken, fault.InvalidGrant, func(p *party) members {
		return p.register(nil).token(deviceGrant, members{"deviceCode": "unknown"})
	}, false},
	{"the device code of another client", createToken, fault.InvalidGrant, func(p *party) members {
		deviceCode, userCode := p.start(p.register(nil))
		p.server.Approve(userCode, "alice")
		return p.register(nil).token(deviceGrant, members{"deviceCode": deviceCode})
	}, false},
	{"a wrong code verifier", createToken, fault.InvalidGrant, func(p *party) members {
		r := p.register(p.browserRegistration())
		code, redirectURI, verifier := p.browserSignIn(r)
		return r.token(codeGrant, members{"code": code, "redirectUri": redirectURI, "codeVerifier": strings.ToLower(verifier)})
	}, false},
	{"another port than at the authorization", createToken, fault.InvalidGrant, func(p *party) members {
		r := p.register(p.browserRegistration())
		code, _, verifier := p.browserSignIn(r)
		return r.token(codeGrant, members{"code": code, "redirectUri": "http://127.0.0.1:49153/oauth/callback", "codeVerifier": verifier})
	}, false},
	{"a refresh after the session's end", createToken, fault.InvalidGrant, func(p *party) members {
		r := p.register(nil)
		tokens := p.signIn(r, "alice")
		p.server.Advance(9 * time.Hour)
		return r.token(refreshGrant, members{"refreshToken": tokens.text("refreshToken")})
	}, false},
	{"a stolen refresh token", createToken, fault.InvalidGrant, func(p *party) members {
		r := p.register(nil)
		tokens := p.signIn(r, "alice")
		next := r.token(refreshGrant, members{"refreshToken": tokens.text("refreshToken")})
		p.must(createToken, next)
		p.server.Advance(time.Minute)
		return next
	}, false},
	{"a grant that the client did not register for", createToken, fault.UnauthorizedClient, func(p *party) members {
		return p.register(nil).token(codeGrant, members{"code": "c", "redirectUri": "http://127.0.0.1/oauth/callback", "codeVerifier": "v"})
	}, false},
	{"a grant for the password", createToken, fault.UnsupportedGrantType, func(p *party) members {
		return p.register(nil).token("password", nil)
	}, false},
	{"a scope that was not granted", createToken, fault.InvalidScope, func(p *party) members {
		r := p.register(nil)
		deviceCode, userCode := p.start(r)
		p.server.Approve(userCode, "alice")
		return r.token(deviceGrant, members{"deviceCode": deviceCode, "scope": []string{"openid"}})
	}, false},
	{"a device code that waits", createToken, fault.AuthorizationPending, func(p *party) members {
		r := p.register(nil)
		deviceCode, _ := p.start(r)
		return r.token(deviceGrant, members{"deviceCode": deviceCode})
	}, false},
	{"polls without a pause", createToken, fault.SlowDown, func(p *party) members {
		r := p.register(nil)
		deviceCode, _ := p.start(r)
		return p.flood(createToken, r.token(deviceGrant, members{"deviceCode": deviceCode}))
	}, true},
	{"a person who denies", createToken, fault.AccessDenied, func(p *party) members {
		r := p.register(nil)
		deviceCode, userCode := p.start(r)
		p.server.Deny(userCode, "alice")
		return r.token(deviceGrant, members{"deviceCode": deviceCode})
	}, false},
	{"a device code of ten minutes ago", createToken, fault.ExpiredToken, func(p *party) members {
		r := p.register(nil)
		deviceCode, _ := p.start(r)
		p.server.Advance(deviceCodeSeconds * time.Second)
		return r.token(deviceGrant, members{"deviceCode": deviceCode})
	}, false},
	{"a failure of the server", createToken, fault.InternalServer, nil, false},

	{"no assertion", createTokenWithIAM, fault.InvalidRequest, func(p *party) members {
		return tokenOf(p.world.reports, bearerGrant, nil)
	}, false},
	{"an application that is not there", createTokenWithIAM, fault.InvalidClient, func(p *party) members {
		return p.world.bearerOf(harness.ECKeyID, nil).with(members{"clientId": p.world.reports[:len(p.world.reports)-1] + "g"})
	}, false},
	{"an assertion of yesterday", createTokenWithIAM, fault.InvalidGrant, func(p *party) members {
		return p.world.bearerOf(harness.ECKeyID, map[string]any{"exp": time.Now().Add(-24 * time.Hour).Unix()})
	}, false},
	{"a grant that the application does not have", createTokenWithIAM, fault.UnauthorizedClient, func(p *party) members {
		return p.world.bearerOf(harness.ECKeyID, nil).with(members{"clientId": p.world.gateway})
	}, false},
	{"a grant for the password", createTokenWithIAM, fault.UnsupportedGrantType, func(p *party) members {
		return tokenOf(p.world.reports, "password", nil)
	}, false},
	{"a scope that the application does not have", createTokenWithIAM, fault.InvalidScope, func(p *party) members {
		return p.world.bearerOf(harness.ECKeyID, nil).with(members{"scope": []string{"openid", "gateway:write"}})
	}, false},
	{"a person who is not assigned", createTokenWithIAM, fault.AccessDenied, func(p *party) members {
		return tokenOf(p.world.reports, bearerGrant, members{"assertion": p.world.issuer.Token(p, harness.ECKeyID, p.world.issuer.Claims("alice@acme.example", nil))})
	}, false},
	{"what CreateToken answers while a person decides", createTokenWithIAM, fault.AuthorizationPending, nil, false},
	{"too many requests", createTokenWithIAM, fault.SlowDown, nil, false},
	{"what CreateToken answers after ten minutes", createTokenWithIAM, fault.ExpiredToken, nil, false},
	{"a failure of the server", createTokenWithIAM, fault.InternalServer, nil, false},
	{"a Region elsewhere", createTokenWithIAM, fault.InvalidRequestRegion, nil, false},

	{"an account that is no number", getRoleCredentials, fault.InvalidRequest, func(p *party) members {
		return p.bearer().with(members{"accountId": "production", "roleName": "Billing"})
	}, false},
	{"an unknown token", getRoleCredentials, fault.Unauthorized, func(p *party) members {
		return members{"accessToken": "unknown", "accountId": "111122223333", "roleName": "Billing"}
	}, false},
	{"a role of somebody else", getRoleCredentials, fault.Forbidden, func(p *party) members {
		return p.bearer().with(members{"accountId": "111122223333", "roleName": "DeveloperAccess"})
	}, false},
	{"too many requests", getRoleCredentials, fault.TooManyRequests, nil, false},
	{"a role that is not there", getRoleCredentials, fault.ResourceNotFound, nil, false},

	{"an account that is no number", listAccountRoles, fault.InvalidRequest, func(p *party) members {
		return p.bearer().with(members{"accountId": "production"})
	}, false},
	{"a token of more than an hour ago", listAccountRoles, fault.Unauthorized, func(p *party) members {
		bearer := p.bearer()
		p.server.Advance(accessSeconds * time.Second)
		return bearer.with(members{"accountId": "111122223333"})
	}, false},
	{"too many requests", listAccountRoles, fault.TooManyRequests, nil, false},
	{"an account that is not there", listAccountRoles, fault.ResourceNotFound, nil, false},

	{"a next token of nobody", listAccounts, fault.InvalidRequest, func(p *party) members {
		return p.bearer().with(members{"nextToken": "unknown"})
	}, false},
	{"a page of 101", listAccounts, fault.InvalidRequest, func(p *party) members {
		return p.bearer().with(members{"maxResults": 101})
	}, false},
	{"a token after its logout", listAccounts, fault.Unauthorized, func(p *party) members {
		bearer := p.bearer()
		p.must(logout, bearer)
		return bearer
	}, false},
	{"a refresh token in place of an access token", listAccounts, fault.Unauthorized, func(p *party) members {
		return members{"accessToken": p.signIn(p.register(nil), "alice").text("refreshToken")}
	}, false},
	{"too many requests", listAccounts, fault.TooManyRequests, nil, false},
	{"an instance that is not there", listAccounts, fault.ResourceNotFound, nil, false},

	{"a token of 20 KiB", logout, fault.InvalidRequest, func(p *party) members {
		return members{"accessToken": strings.Repeat("a", 20<<10)}
	}, false},
	{"a second logout", logout, fault.Unauthorized, func(p *party) members {
		bearer := p.bearer()
		p.must(logout, bearer)
		return bearer
	}, false},
	{"too many requests", logout, fault.TooManyRequests, nil, false},
}

// bearer signs alice in and returns her access token as the portal's operations take it.
func (p *party) bearer() members {
	p.Helper()
	return members{"accessToken": p.signIn(p.register(nil), "alice").text("accessToken")}
}

// flood calls until it is slowed down. The next call comes too early as well: the server that this is for gives one turn in 30 seconds or,
// for registrations, in one.
func (p *party) flood(operation *api.Operation, in members) members {
	p.Helper()
	const burst = 20
	for range burst {
		if _, refused := p.try(operation, in); refused != nil && refused.Exception == fault.SlowDown.Name {
			return in
		}
	}
	p.Fatalf("%d calls of %s at once were not slowed down", burst, operation.Name)
	return nil
}

// provoke provokes every exception.
func provoke(t *testing.T, c client) {
	server := harness.Start(t)
	paced := harness.Start(t, "--register-rate", "1", "--device-start-rate", "1", "--device-poll-interval", "30s")
	signed := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}}) // whose clock stays, or signatures would be late
	for _, row := range provocations {
		t.Run(row.operation.Name+" "+row.name, func(t *testing.T) {
			p := &party{T: t, server: server, client: c, world: signed}
			if row.operation.Auth == api.AuthSigV4 {
				p.server = signed.server
			}
			if row.paced {
				p.server = paced
				p.server.Advance(time.Minute) // what came before is forgiven
			}
			row.check(p)
		})
	}
}

func (row provocation) check(p *party) {
	var in members
	if row.prepare != nil {
		in = row.prepare(p)
	} else {
		in = wellFormed(row.operation)
		p.server.Control(200, "/_dev/fault", map[string]any{"operation": row.operation.Name, "exception": row.exception.Name, "times": 1}, nil)
	}
	_, got := p.try(row.operation, in)
	if got == nil {
		p.Fatalf("the call was not refused, want %s", row.exception.Name)
	}
	modelled := declares(row.operation, row.exception)
	if got.Exception != row.exception.Name || got.Typed != modelled || got.Status != row.exception.Status || !isRequestID(got.RequestID) {
		p.Errorf("refused with %+v, want %s, a type of its own: %v, status %d, a request id", *got, row.exception.Name, modelled, row.exception.Status)
	}
	if row.operation.Service.OAuthErrors && (got.Error != row.exception.OAuth || got.Description == "") {
		p.Errorf("error is %q with the description %q, want %q with a description", got.Error, got.Description, row.exception.OAuth)
	}
	if !row.operation.Service.OAuthErrors && got.Message == "" {
		p.Error("the exception has no message")
	}
}

func declares(operation *api.Operation, kind *fault.Kind) bool {
	for _, declared := range operation.Refusals {
		if declared == kind {
			return true
		}
	}
	return false
}

// wellFormed is an input that has every required member. Services that have bounds in their models get what these allow.
func wellFormed(operation *api.Operation) members {
	if operation.Service.Protocol != api.RESTJSON {
		return newGenerator(*seed).structure(operation.Input)
	}
	in := members{}
	for _, member := range operation.Input.Members {
		if member.Required {
			in[member.Name] = "text"
		}
	}
	return in
}

var requestID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func isRequestID(text string) bool { return requestID.MatchString(text) }

func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }

func TestEveryDeclaredExceptionIsProvoked(t *testing.T) {
	provoked := map[*api.Operation]map[*fault.Kind]bool{}
	for _, row := range provocations {
		if provoked[row.operation] == nil {
			provoked[row.operation] = map[*fault.Kind]bool{}
		}
		provoked[row.operation][row.exception] = true
	}
	for _, service := range api.Services {
		for _, operation := range service.Operations {
			for _, kind := range append(append([]*fault.Kind(nil), operation.Refusals...), operation.Unlisted...) {
				if !provoked[operation][kind] {
					t.Errorf("nothing provokes %s of %s", kind.Name, operation.Name)
				}
			}
		}
	}
}
