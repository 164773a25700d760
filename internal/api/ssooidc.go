package api

import "sallyport/internal/fault"

// SSOOIDC is the token service.
var SSOOIDC = &Service{
	ID: "SSO OIDC", Command: "sso-oidc", EndpointPrefix: "oidc", SigningName: "sso-oauth", Version: "2019-06-10", Protocol: RESTJSON,
	OAuthErrors: true,
}

// CreateTokenRequest is the input of CreateToken.
type CreateTokenRequest struct {
	ClientID     string   `api:"clientId,required"`
	ClientSecret string   `api:"clientSecret,required,sensitive"`
	GrantType    string   `api:"grantType,required"`
	DeviceCode   string   `api:"deviceCode,secret"`
	Code         string   `api:"code,secret"`
	RefreshToken string   `api:"refreshToken,sensitive"`
	Scope        []string `api:"scope,elem=Scope"`
	RedirectURI  string   `api:"redirectUri"`
	CodeVerifier string   `api:"codeVerifier,sensitive"`
}

// CreateTokenResponse is the output of CreateToken.
type CreateTokenResponse struct {
	AccessToken  string `api:"accessToken,sensitive"`
	TokenType    string `api:"tokenType"`
	ExpiresIn    int64  `api:"expiresIn,integer"` // seconds
	RefreshToken string `api:"refreshToken,sensitive"`
	IDToken      string `api:"idToken,sensitive"`
}

// CreateToken turns a device code, an authorization code or a refresh token into tokens.
var CreateToken = define[CreateTokenRequest, CreateTokenResponse](SSOOIDC, Operation{
	Name: "CreateToken", Method: "POST", Path: "/token",
	Refusals: []*fault.Kind{
		fault.InvalidRequest, fault.InvalidClient, fault.InvalidGrant, fault.UnauthorizedClient, fault.UnsupportedGrantType,
		fault.InvalidScope, fault.AuthorizationPending, fault.SlowDown, fault.AccessDenied, fault.ExpiredToken, fault.InternalServer,
	},
	Purpose: "Redeem a device code, an authorization code or a refresh token for an access token",
})

// RegisterClientRequest is the input of RegisterClient.
type RegisterClientRequest struct {
	ClientName             string   `api:"clientName,required"`
	ClientType             string   `api:"clientType,required"`
	Scopes                 []string `api:"scopes,elem=Scope"`
	RedirectURIs           []string `api:"redirectUris,elem=URI"`
	GrantTypes             []string `api:"grantTypes,elem=GrantType"`
	IssuerURL              string   `api:"issuerUrl"`
	EntitledApplicationARN string   `api:"entitledApplicationArn"`
}

// RegisterClientResponse is the output of RegisterClient.
type RegisterClientResponse struct {
	ClientID              string `api:"clientId"`
	ClientSecret          string `api:"clientSecret,sensitive"`
	ClientIDIssuedAt      int64  `api:"clientIdIssuedAt"`      // Unix seconds
	ClientSecretExpiresAt int64  `api:"clientSecretExpiresAt"` // Unix seconds
	AuthorizationEndpoint string `api:"authorizationEndpoint"`
	TokenEndpoint         string `api:"tokenEndpoint"`
}

// RegisterClient makes a public client that lives for 90 days.
var RegisterClient = define[RegisterClientRequest, RegisterClientResponse](SSOOIDC, Operation{
	Name: "RegisterClient", Method: "POST", Path: "/client/register",
	Refusals: []*fault.Kind{
		fault.InvalidRequest, fault.InvalidScope, fault.InvalidClientMetadata, fault.InternalServer, fault.InvalidRedirectURI,
		fault.UnsupportedGrantType, fault.SlowDown,
	},
	Purpose: "Register a public client, which then may start sign-ins",
})

// StartDeviceAuthorizationRequest is the input of StartDeviceAuthorization.
type StartDeviceAuthorizationRequest struct {
	ClientID     string `api:"clientId,required"`
	ClientSecret string `api:"clientSecret,required,sensitive"`
	StartURL     string `api:"startUrl,required"`
}

// StartDeviceAuthorizationResponse is the output of StartDeviceAuthorization.
type StartDeviceAuthorizationResponse struct {
	DeviceCode              string `api:"deviceCode,secret"`
	UserCode                string `api:"userCode,secret"`
	VerificationURI         string `api:"verificationUri"`
	VerificationURIComplete string `api:"verificationUriComplete,secret"`
	ExpiresIn               int64  `api:"expiresIn,integer"` // seconds
	Interval                int64  `api:"interval,integer"`  // seconds between polls
}

// StartDeviceAuthorization begins a sign-in that a person approves in a browser, perhaps on another machine (RFC 8628 §3.1).
var StartDeviceAuthorization = define[StartDeviceAuthorizationRequest, StartDeviceAuthorizationResponse](SSOOIDC, Operation{
	Name: "StartDeviceAuthorization", Method: "POST", Path: "/device_authorization",
	Refusals: []*fault.Kind{
		fault.InvalidRequest, fault.InvalidClient, fault.UnauthorizedClient, fault.SlowDown, fault.InternalServer,
	},
	Purpose: "Begin a sign-in that a person approves in a browser, perhaps on another machine",
})
