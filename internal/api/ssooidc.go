package api

import "sallyport/internal/fault"

// SSOOIDC is the token service.
var SSOOIDC = &Service{
	ID: "SSO OIDC", Command: "sso-oidc", EndpointPrefix: "oidc", SigningName: "sso-oauth", Version: "2019-06-10", Protocol: RESTJSON,
	OAuthErrors: true,
	Exceptions: map[*fault.Kind][]string{
		fault.AccessDenied:         {"error", "reason", "error_description"},
		fault.InvalidRequest:       {"error", "reason", "error_description"},
		fault.InvalidRequestRegion: {"error", "error_description", "endpoint", "region"},
	},
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

// CreateTokenWithIAMRequest is the input of CreateTokenWithIAM.
type CreateTokenWithIAMRequest struct {
	ClientID           string   `api:"clientId,required"`
	GrantType          string   `api:"grantType,required"`
	Code               string   `api:"code,secret"`
	RefreshToken       string   `api:"refreshToken,sensitive"`
	Assertion          string   `api:"assertion,sensitive"`
	Scope              []string `api:"scope,elem=Scope"`
	RedirectURI        string   `api:"redirectUri"`
	SubjectToken       string   `api:"subjectToken,sensitive"`
	SubjectTokenType   string   `api:"subjectTokenType"`
	RequestedTokenType string   `api:"requestedTokenType"`
	CodeVerifier       string   `api:"codeVerifier,sensitive"`
}

// CreateTokenWithIAMResponse is the output of CreateTokenWithIAM.
type CreateTokenWithIAMResponse struct {
	AccessToken          string                `api:"accessToken,sensitive"`
	TokenType            string                `api:"tokenType"`
	ExpiresIn            int64                 `api:"expiresIn,integer"` // seconds
	RefreshToken         string                `api:"refreshToken,sensitive"`
	IDToken              string                `api:"idToken,sensitive"`
	IssuedTokenType      string                `api:"issuedTokenType"`
	Scope                []string              `api:"scope,elem=Scope"`
	AWSAdditionalDetails *AWSAdditionalDetails `api:"awsAdditionalDetails"`
}

// AWSAdditionalDetails is what CreateTokenWithIAM adds to the answer of RFC 8693.
type AWSAdditionalDetails struct {
	IdentityContext string `api:"identityContext,secret"` // asserts the person to AssumeRole
}

// CreateTokenWithIAM turns an assertion, a code, a refresh token or another token into tokens of an application, whose caller is known by
// a signature instead of a client secret.
var CreateTokenWithIAM = define[CreateTokenWithIAMRequest, CreateTokenWithIAMResponse](SSOOIDC, Operation{
	Name: "CreateTokenWithIAM", Method: "POST", Path: "/token?aws_iam=t", Auth: AuthSigV4, ClientOnly: true,
	Refusals: []*fault.Kind{
		fault.InvalidRequest, fault.InvalidClient, fault.InvalidGrant, fault.UnauthorizedClient, fault.UnsupportedGrantType,
		fault.InvalidScope, fault.AuthorizationPending, fault.SlowDown, fault.AccessDenied, fault.ExpiredToken, fault.InternalServer,
		fault.InvalidRequestRegion,
	},
	Purpose: "Redeem an assertion, a code, a refresh token or another token for the tokens of an application, with a signed request",
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
