package session

import (
	"context"
	"errors"
	"strconv"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/fault"
	"sallyport/internal/jmespath"
	"sallyport/internal/ssocache"
)

// The grants (RFC 6749, RFC 8628), as the wire names them.
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	grantDevice  = "urn:ietf:params:oauth:grant-type:device_code"
)

// What the AWS CLI registers. The same name, type and scopes make the same registration, so that each of us can use the other's.
const (
	clientNamePrefix = "botocore-client-"
	clientType       = "public"
	defaultScope     = "sso:account:access" // of a client that signs in with a browser and names no scopes
)

// browserGrants are those of a client for the browser. The AWS CLI leaves the device code out. Its versions before 2.22 take the client that
// they find for their own, though, which a server that was told of no device code refuses until the registration ends.
var browserGrants = []string{grantCode, grantRefresh, grantDevice}

// registrar gets the client that a sign-in needs: the one that was kept, or a new one.
type registrar struct {
	*SignIn
	browser bool // registers for the browser, or else for device codes; neither can be used for the other
}

// kept is the client of an earlier sign-in, if it still serves.
func (r registrar) kept() (ssocache.Registration, bool) {
	registration, err := r.cache.ReadRegistration(r.registrationKey())
	if err != nil || registration.ExpiresAt.Sub(r.now()) < ssocache.Reserve || registration.Allows(grantCode) != r.browser {
		return ssocache.Registration{}, false
	}
	return registration, true
}

func (r registrar) registrationKey() string {
	return ssocache.RegistrationKey(ssocache.Client{StartURL: r.StartURL, Region: r.Region, Session: r.Name, Scopes: r.Scopes})
}

// register makes a client (SSO OIDC RegisterClient) and keeps it.
func (r registrar) register(ctx context.Context) (ssocache.Registration, error) {
	answer, err := r.call(ctx, api.RegisterClient.Operation, r.metadata()...)
	if err != nil {
		return ssocache.Registration{}, err
	}
	expires, err := strconv.ParseInt(member(answer, "clientSecretExpiresAt").Number(), 10, 64)
	registration := ssocache.Registration{
		ClientID: member(answer, "clientId").Text(), ClientSecret: member(answer, "clientSecret").Text(), ExpiresAt: time.Unix(expires, 0).UTC(),
		AuthorizationEndpoint: member(answer, "authorizationEndpoint").Text(),
	}
	if r.browser {
		registration.Scopes, registration.GrantTypes = r.scopes(), browserGrants
	} else {
		registration.Scopes = r.Scopes
	}
	if err != nil || registration.ClientID == "" || registration.ClientSecret == "" {
		return ssocache.Registration{}, unusable(api.RegisterClient.Operation, "it lacks clientId, clientSecret or clientSecretExpiresAt")
	}
	return registration, r.cache.WriteRegistration(r.registrationKey(), registration)
}

// metadata is what the AWS CLI says about itself: for a browser everything, for device codes no more than it must.
func (r registrar) metadata() []jmespath.Member {
	name := r.Name
	if name == "" {
		name = strconv.FormatInt(r.now().Unix(), 10)
	}
	members := []jmespath.Member{text("clientName", clientNamePrefix+name), text("clientType", clientType)}
	if r.browser {
		return append(members, texts("scopes", r.scopes()), texts("redirectUris", []string{registeredURI}),
			texts("grantTypes", browserGrants), text("issuerUrl", r.StartURL))
	}
	if r.Scopes != nil {
		members = append(members, texts("scopes", r.Scopes))
	}
	return members
}

// scopes are those of a client for the browser.
func (r registrar) scopes() []string {
	if r.Scopes == nil {
		return []string{defaultScope}
	}
	return r.Scopes
}

// member is a member of an answer, null where it is missing.
func member(answer jmespath.Value, name string) jmespath.Value {
	value, _ := answer.Get(name)
	return value
}

// unusableError is an answer that says yes and lacks what it should bring. Asking again would not help.
type unusableError struct{ *command.Failure }

func (e unusableError) Unwrap() error { return e.Failure }

// unusable names the flaw of an answer and shows nothing of it, since it may hold secrets.
func unusable(operation *api.Operation, flaw string) error {
	return unusableError{command.OtherError("the answer of %s cannot be used: %s", operation.Name, flaw).(*command.Failure)}
}

// refused reports whether the service answered with an error of this kind.
func refused(err error, kind *fault.Kind) bool { return refusalCode(err) == kind.Name }

// refusalCode is the code of a service's error, empty for every other one.
func refusalCode(err error) string {
	var failure *command.Failure
	if !errors.As(err, &failure) || failure.Exit != command.ExitService {
		return ""
	}
	return failure.Code
}
