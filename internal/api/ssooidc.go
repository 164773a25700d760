package api

import "sallyport/internal/fault"

// SSOOIDC is the token service.
var SSOOIDC = &Service{
	ID: "SSO OIDC", Command: "sso-oidc", EndpointPrefix: "oidc", SigningName: "sso-oauth", Version: "2019-06-10", Protocol: RESTJSON,
	OAuthErrors: true,
	Purpose:     "Register clients, sign people in, get tokens",
	Description: []string{
		"The token service of IAM Identity Center. A program registers as a client, has a person sign in with a browser, and gets an access token " +
			"with which the operations of sso list accounts and hand out credentials of roles.",
		"There are two ways to sign in. With a device code the browser may run on another machine: register-client, start-device-authorization, " +
			"then create-token until the person has approved. With an authorization code the browser runs on the same machine and brings the code " +
			"to a port of the loopback address: register-client, the authorization page, then create-token.",
		"For people, sallyport login does all of this and keeps the token where AWS CLIs and SDKs find it.",
	},
	Exceptions: map[*fault.Kind][]string{
		fault.AccessDenied:         {"error", "reason", "error_description"},
		fault.InvalidRequest:       {"error", "reason", "error_description"},
		fault.InvalidRequestRegion: {"error", "error_description", "endpoint", "region"},
	},
}

// CreateTokenRequest is the input of CreateToken.
type CreateTokenRequest struct {
	ClientID     string   `api:"clientId,required" doc:"Id of the client, as register-client answered it."`
	ClientSecret string   `api:"clientSecret,required,sensitive" doc:"Secret of the client, as register-client answered it. It expires with the registration."`
	GrantType    string   `api:"grantType,required,values=publicGrants" doc:"What is redeemed: a device code, an authorization code or a refresh token. The client must be registered for it."`
	DeviceCode   string   `api:"deviceCode,secret" doc:"Device code that start-device-authorization answered. Needed with the device code grant, once somebody has approved it."`
	Code         string   `api:"code,secret" doc:"Authorization code that the browser brought to the redirect URI. Needed with authorization_code. It works once, and only for minutes."`
	RefreshToken string   `api:"refreshToken,sensitive" doc:"Refresh token of an earlier answer. Needed with refresh_token. Use the one of the latest answer."`
	Scope        []string `api:"scope,elem=Scope" doc:"Scopes that the token shall have, out of the registered ones. Without this it has them all. AWS ignores it."`
	RedirectURI  string   `api:"redirectUri" doc:"Redirect URI of the authorization request, letter by letter and with its port. Needed with authorization_code."`
	CodeVerifier string   `api:"codeVerifier,sensitive" doc:"PKCE code verifier (RFC 7636), 43 to 128 characters. Needed with authorization_code, whose request carried its S256 challenge."`
}

// CreateTokenResponse is the output of CreateToken.
type CreateTokenResponse struct {
	AccessToken  string `api:"accessToken,sensitive" doc:"Access token of the person who signed in. The operations of sso take it."`
	TokenType    string `api:"tokenType,values=presentations" doc:"How to present the access token: always as a Bearer token."`
	ExpiresIn    int64  `api:"expiresIn,integer" doc:"Seconds until the access token expires."`
	RefreshToken string `api:"refreshToken,sensitive" doc:"Token that gets the next access token without a person. Missing where the client registered no scopes or not for refresh_token."`
	IDToken      string `api:"idToken,sensitive" doc:"Signed JWT that says who signed in. Only where the client registered the scope openid; AWS never sends it."`
}

// CreateToken turns a device code, an authorization code or a refresh token into tokens.
var CreateToken = define[CreateTokenRequest, CreateTokenResponse](SSOOIDC, Operation{
	Name: "CreateToken", Method: "POST", Path: "/token",
	Refusals: []*fault.Kind{
		fault.InvalidRequest, fault.InvalidClient, fault.InvalidGrant, fault.UnauthorizedClient, fault.UnsupportedGrantType,
		fault.InvalidScope, fault.AuthorizationPending, fault.SlowDown, fault.AccessDenied, fault.ExpiredToken, fault.InternalServer,
	},
	Purpose: "Redeem a device code, an authorization code or a refresh token for an access token",
	Description: []string{
		"Gets an access token for a client that register-client made. The grant type says what is redeemed, and what else is needed: a device code, " +
			"an authorization code with its redirect URI and code verifier, or a refresh token.",
		"While nobody has decided about a device code, the call fails with AuthorizationPendingException. Wait for the interval that " +
			"start-device-authorization answered and call again. After SlowDownException wait five seconds longer from then on. " +
			"ExpiredTokenException and AccessDeniedException are final: start again.",
		"Codes work once. A refresh token is replaced at each use: keep the new one. In case the answer got lost, Sallyport answers the same " +
			"refresh again for 30 seconds.",
	},
})

// CreateTokenWithIAMRequest is the input of CreateTokenWithIAM.
type CreateTokenWithIAMRequest struct {
	ClientID           string   `api:"clientId,required" doc:"ARN of the application."`
	GrantType          string   `api:"grantType,required,values=applicationGrants" doc:"What is redeemed: an authorization code, a refresh token, an assertion or a token of another client. The application must allow it."`
	Code               string   `api:"code,secret" doc:"Authorization code that the browser brought to the redirect URI of the application. Needed with authorization_code."`
	RefreshToken       string   `api:"refreshToken,sensitive" doc:"Refresh token of an earlier answer. Needed with refresh_token."`
	Assertion          string   `api:"assertion,sensitive" doc:"Signed JWT of a token issuer that the application trusts, which says who the person is. Needed with the JWT bearer grant. It works once."`
	Scope              []string `api:"scope,elem=Scope" doc:"Scopes that the token shall have, out of those of the application. Without this it has them all, and openid, aws and sts:identity_context."`
	RedirectURI        string   `api:"redirectUri" doc:"Redirect URI of the authorization request, letter by letter and with its port. Needed with authorization_code."`
	SubjectToken       string   `api:"subjectToken,sensitive" doc:"Access token of the person, issued to another client whose scopes name this application. Needed with the token exchange grant."`
	SubjectTokenType   string   `api:"subjectTokenType,values=subjects" doc:"What the subject token is. Needed with the token exchange grant."`
	RequestedTokenType string   `api:"requestedTokenType,values=issued" doc:"What to get for the subject token. Without this it is an access token."`
	CodeVerifier       string   `api:"codeVerifier,sensitive" doc:"PKCE code verifier (RFC 7636), 43 to 128 characters. Needed with authorization_code. AWS needs it only if the request carried a challenge."`
}

// CreateTokenWithIAMResponse is the output of CreateTokenWithIAM.
type CreateTokenWithIAMResponse struct {
	AccessToken          string                `api:"accessToken,sensitive" doc:"Access token of the person for the application."`
	TokenType            string                `api:"tokenType,values=presentations" doc:"How to present the access token: always as a Bearer token."`
	ExpiresIn            int64                 `api:"expiresIn,integer" doc:"Seconds until the access token expires."`
	RefreshToken         string                `api:"refreshToken,sensitive" doc:"Token that gets the next access token without a person. Missing where the application may not refresh, and after a token exchange that did not ask for it."`
	IDToken              string                `api:"idToken,sensitive" doc:"Signed JWT that says who the person is. Missing after a refresh."`
	IssuedTokenType      string                `api:"issuedTokenType,values=issued" doc:"What was issued. It names the refresh token wherever there is one."`
	Scope                []string              `api:"scope,elem=Scope" doc:"Scopes that the token has, in no fixed order."`
	AWSAdditionalDetails *AWSAdditionalDetails `api:"awsAdditionalDetails" doc:"What goes beyond RFC 8693. Missing after a refresh."`
}

// AWSAdditionalDetails is what CreateTokenWithIAM adds to the answer of RFC 8693.
type AWSAdditionalDetails struct {
	IdentityContext string `api:"identityContext,secret" doc:"Text that names the person to AssumeRole of sts, as a provided context, so that the credentials of the role act for that person."`
}

// CreateTokenWithIAM turns an assertion, a code, a refresh token or another token into tokens of an application, whose caller is known by
// a signature instead of a client secret.
var CreateTokenWithIAM = define[CreateTokenWithIAMRequest, CreateTokenWithIAMResponse](SSOOIDC, Operation{
	Name: "CreateTokenWithIAM", Method: "POST", Path: "/token?aws_iam=t", Auth: AuthSigV4, OwnAuthorization: true,
	Refusals: []*fault.Kind{
		fault.InvalidRequest, fault.InvalidClient, fault.InvalidGrant, fault.UnauthorizedClient, fault.UnsupportedGrantType,
		fault.InvalidScope, fault.AuthorizationPending, fault.SlowDown, fault.AccessDenied, fault.ExpiredToken, fault.InternalServer,
		fault.InvalidRequestRegion,
	},
	Purpose: "Redeem an assertion, a code, a refresh token or another token for the tokens of an application, with a signed request",
	Description: []string{
		"Gets an access token of a person for an application that has its own entry in the instance. In place of a client secret the request is " +
			"signed with AWS credentials, which the policy of the application must allow to do this.",
		"The grant type says what is redeemed: an assertion of a token issuer that the application trusts, an access token of another client, " +
			"an authorization code, or a refresh token. The person must be assigned to the application, unless it needs no assignment.",
	},
})

// RegisterClientRequest is the input of RegisterClient.
type RegisterClientRequest struct {
	ClientName             string   `api:"clientName,required" doc:"Name of the program, shown to the person who approves its sign-in. 1 to 256 bytes without control characters."`
	ClientType             string   `api:"clientType,required,values=clientTypes" doc:"Type of the client. Only public clients can register."`
	Scopes                 []string `api:"scopes,elem=Scope,values=scopes" doc:"Scopes that the client may ask for. sso:account:access opens accounts and roles. Without scopes the token lives longer and cannot be refreshed."`
	RedirectURIs           []string `api:"redirectUris,elem=URI" doc:"Addresses to which a browser may bring an authorization code, such as http://127.0.0.1/oauth/callback, at any port. Needed with authorization_code."`
	GrantTypes             []string `api:"grantTypes,elem=GrantType,values=publicGrants" doc:"Grants that the client will use. Without this: the device code grant and refresh_token."`
	IssuerURL              string   `api:"issuerUrl" doc:"Start URL or issuer URL of the instance that the client is for. Needed by AWS with authorization_code."`
	EntitledApplicationARN string   `api:"entitledApplicationArn" doc:"ARN of an application whose settings bound what the client may do. Sallyport has no such applications and refuses it."`
}

// RegisterClientResponse is the output of RegisterClient.
type RegisterClientResponse struct {
	ClientID              string `api:"clientId" doc:"Id of the new client."`
	ClientSecret          string `api:"clientSecret,sensitive" doc:"Secret that goes with the id. Keep both until the secret expires, rather than register at each start."`
	ClientIDIssuedAt      int64  `api:"clientIdIssuedAt" doc:"When the client was registered, in Unix seconds."`
	ClientSecretExpiresAt int64  `api:"clientSecretExpiresAt" doc:"When the registration expires, in Unix seconds: 90 days after it was made."`
	AuthorizationEndpoint string `api:"authorizationEndpoint" doc:"URL of the page where a browser begins a sign-in with an authorization code. AWS leaves it out."`
	TokenEndpoint         string `api:"tokenEndpoint" doc:"URL at which create-token redeems what came of it. AWS leaves it out."`
}

// RegisterClient makes a public client that lives for 90 days.
var RegisterClient = define[RegisterClientRequest, RegisterClientResponse](SSOOIDC, Operation{
	Name: "RegisterClient", Method: "POST", Path: "/client/register",
	Refusals: []*fault.Kind{
		fault.InvalidRequest, fault.InvalidScope, fault.InvalidClientMetadata, fault.InternalServer, fault.InvalidRedirectURI,
		fault.UnsupportedGrantType, fault.SlowDown,
	},
	Purpose: "Register a public client, which then may start sign-ins",
	Description: []string{
		"Makes a client: an id and a secret by which a program is known when it asks for tokens. Nobody has to be signed in. " +
			"The registration lives for 90 days; keep it and use it for all sign-ins until then.",
		"Scopes, grants and redirect URIs are fixed at registration: later requests can ask for less, never for more.",
	},
})

// StartDeviceAuthorizationRequest is the input of StartDeviceAuthorization.
type StartDeviceAuthorizationRequest struct {
	ClientID     string `api:"clientId,required" doc:"Id of the client, as register-client answered it."`
	ClientSecret string `api:"clientSecret,required,sensitive" doc:"Secret of the client, as register-client answered it. It expires with the registration."`
	StartURL     string `api:"startUrl,required" doc:"Start URL of the instance, which is the address of its portal."`
}

// StartDeviceAuthorizationResponse is the output of StartDeviceAuthorization.
type StartDeviceAuthorizationResponse struct {
	DeviceCode              string `api:"deviceCode,secret" doc:"Secret of the device. Give it to create-token; show it to nobody."`
	UserCode                string `api:"userCode,secret" doc:"Code that the person compares with the page or types into it."`
	VerificationURI         string `api:"verificationUri" doc:"Page where the person signs in and types the user code."`
	VerificationURIComplete string `api:"verificationUriComplete,secret" doc:"The same page with the user code filled in, fit for a link or a QR code."`
	ExpiresIn               int64  `api:"expiresIn,integer" doc:"Seconds until both codes expire."`
	Interval                int64  `api:"interval,integer" doc:"Seconds to wait between two calls of create-token."`
}

// StartDeviceAuthorization begins a sign-in that a person approves in a browser, perhaps on another machine (RFC 8628 §3.1).
var StartDeviceAuthorization = define[StartDeviceAuthorizationRequest, StartDeviceAuthorizationResponse](SSOOIDC, Operation{
	Name: "StartDeviceAuthorization", Method: "POST", Path: "/device_authorization",
	Refusals: []*fault.Kind{
		fault.InvalidRequest, fault.InvalidClient, fault.UnauthorizedClient, fault.SlowDown, fault.InternalServer,
	},
	Purpose: "Begin a sign-in that a person approves in a browser, perhaps on another machine",
	Description: []string{
		"Answers two codes (RFC 8628). Show the person the user code and the page, best as the complete link. The person signs in there, " +
			"compares the code and approves.",
		"Meanwhile call create-token with the device code, not more often than the interval says, until it answers a token or refuses for good.",
	},
})
