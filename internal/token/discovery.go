package token

import (
	"slices"

	"sallyport/internal/keys"
	"sallyport/internal/oauth"
)

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
