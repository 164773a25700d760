package token

import (
	"context"
	"slices"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/creds"
	"sallyport/internal/keys"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// Revoke ends the session that a token of the client belongs to (RFC 7009). A token that is unknown, spent or another client's is nothing to
// revoke, and the answer is the same.
func (s *Service) Revoke(ctx context.Context, caller api.Caller, clientID, clientSecret, token string) error {
	client, err := s.authenticate(clientID, clientSecret)
	if err != nil {
		return err
	}
	sessionID, ok := s.sessionOf(token)
	if !ok {
		return nil
	}
	event := audit.Event{Name: audit.SessionRevoked, ClientID: client.ID, SessionID: sessionID, Detail: "by its client"}
	revoked := false
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		session, user, found, err := tx.SessionAndUser(sessionID)
		if err != nil || !found || session.ClientID != client.ID {
			return err
		}
		if revoked, err = tx.RevokeSession(sessionID, "revoked by its client"); err != nil || !revoked {
			return err
		}
		event.UserID = user.UserID
		return audit.Record(tx, caller, event)
	})
	if err == nil && revoked {
		audit.Log(ctx, s.Log, caller, event)
	}
	return err
}

func (s *Service) sessionOf(token string) (string, bool) {
	if access, ok := creds.OpenAccess(s.Ring, token); ok {
		return access.SessionID, true
	}
	refresh, ok := creds.OpenRefresh(s.Ring, token)
	return refresh.SessionID, ok
}

// Introspection is what a client learns of a token of its own (RFC 7662 §2.2). The zero value is a token that is not active.
type Introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  string `json:"aud,omitempty"`
	Issuer    string `json:"iss,omitempty"`
}

// Introspect tells a client whether a token of its own holds. Of other clients' tokens it says what it says of unknown ones.
func (s *Service) Introspect(ctx context.Context, clientID, clientSecret, token string) (Introspection, error) {
	client, err := s.authenticate(clientID, clientSecret)
	if err != nil {
		return Introspection{}, err
	}
	sessionID, ok := s.sessionOf(token)
	if !ok {
		return Introspection{}, nil
	}
	var answer Introspection
	err = s.Store.Look(ctx, func(tx *store.Tx) error {
		session, user, found, err := tx.SessionAndUser(sessionID)
		if err != nil || !found || session.ClientID != client.ID || !session.Live(tx) || !user.Enabled() {
			return err
		}
		answer = s.describeToken(tx, client.Client, session, user, token)
		return nil
	})
	return answer, err
}

func (s *Service) describeToken(tx *store.Tx, client Client, session store.Session, user store.User, token string) Introspection {
	answer := Introspection{
		Active: true, Scope: session.Scopes, ClientID: client.Text, Username: user.UserName, Expires: session.EndsAt / 1000,
		IssuedAt: session.RotatedAt / 1000, Subject: user.UserID, Audience: client.Text, Issuer: s.Issuer,
	}
	if access, ok := creds.OpenAccess(s.Ring, token); ok {
		answer.TokenType, answer.Scope, answer.Expires = "Bearer", access.Scopes, access.ExpiresAt/1000
		answer.Active = tx.Millis() < access.ExpiresAt
	} else if refresh, _ := creds.OpenRefresh(s.Ring, token); refresh.Generation != session.Generation {
		answer.Active = false
	}
	if !answer.Active {
		return Introspection{}
	}
	return answer
}

// Discovery describes the service to relying parties (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).
type Discovery struct {
	Issuer                        string            `json:"issuer"`
	AuthorizationEndpoint         string            `json:"authorization_endpoint"`
	TokenEndpoint                 string            `json:"token_endpoint"`
	RegistrationEndpoint          string            `json:"registration_endpoint"`
	DeviceAuthorizationEndpoint   string            `json:"device_authorization_endpoint"`
	RevocationEndpoint            string            `json:"revocation_endpoint"`
	IntrospectionEndpoint         string            `json:"introspection_endpoint"`
	JWKSURI                       string            `json:"jwks_uri"`
	ScopesSupported               []oauth.Scope     `json:"scopes_supported"`
	ResponseTypesSupported        []string          `json:"response_types_supported"`
	ResponseModesSupported        []string          `json:"response_modes_supported"`
	GrantTypesSupported           []oauth.GrantType `json:"grant_types_supported"`
	SubjectTypesSupported         []string          `json:"subject_types_supported"`
	IDTokenSigningAlgs            []string          `json:"id_token_signing_alg_values_supported"`
	TokenEndpointAuthMethods      []string          `json:"token_endpoint_auth_methods_supported"`
	RevocationEndpointAuthMethods []string          `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods      []string          `json:"introspection_endpoint_auth_methods_supported"`
	CodeChallengeMethods          []string          `json:"code_challenge_methods_supported"`
	PromptValuesSupported         []Prompt          `json:"prompt_values_supported"`
	ClaimsSupported               []string          `json:"claims_supported"`
	RequestParameterSupported     bool              `json:"request_parameter_supported"`
	RequestURIParameterSupported  bool              `json:"request_uri_parameter_supported"`
}

// Discovery returns the description, which never changes while the service runs.
func (s *Service) Discovery() Discovery {
	methods := []string{"client_secret_post", "client_secret_basic"}
	return Discovery{
		Issuer:                        s.Issuer,
		AuthorizationEndpoint:         s.Issuer + "/authorize",
		TokenEndpoint:                 s.Issuer + "/token",
		RegistrationEndpoint:          s.Issuer + "/client/register",
		DeviceAuthorizationEndpoint:   s.Issuer + "/device_authorization",
		RevocationEndpoint:            s.Issuer + "/revoke",
		IntrospectionEndpoint:         s.Issuer + "/introspect",
		JWKSURI:                       s.Issuer + "/.well-known/jwks.json",
		ScopesSupported:               []oauth.Scope{oauth.ScopeOpenID, oauth.ScopeAccountAccess, oauth.ScopeAWS, oauth.ScopeIdentityContext},
		ResponseTypesSupported:        []string{"code"},
		ResponseModesSupported:        []string{"query"},
		GrantTypesSupported:           slices.Concat(publicGrants, []oauth.GrantType{oauth.GrantJWTBearer, oauth.GrantTokenExchange}),
		SubjectTypesSupported:         []string{"public"},
		IDTokenSigningAlgs:            []string{keys.ES256, keys.RS256},
		TokenEndpointAuthMethods:      []string{"client_secret_post"},
		RevocationEndpointAuthMethods: methods,
		IntrospectionAuthMethods:      methods,
		CodeChallengeMethods:          []string{"S256"},
		PromptValuesSupported:         []Prompt{PromptNone, PromptLogin, PromptConsent},
		ClaimsSupported: []string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "preferred_username", "name", "email", "act",
			"aws:identity_store_id", "aws:identity_store_arn", "aws:instance_account", "aws:instance_arn", "aws:credential_id",
			"aws:application_arn", "sts:identity_context", "sts:audit_context",
		},
	}
}
