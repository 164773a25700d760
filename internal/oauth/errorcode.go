package oauth

// ErrorCode is the value of the member "error" in a refusal (RFC 6749 §5.2), and of the query parameter of that name when
// the refusal travels by redirect (§4.1.2.1).
type ErrorCode string

// The error codes that the token service answers with.
const (
	// RFC 6749 §5.2, the token endpoint.
	InvalidRequest       ErrorCode = "invalid_request"
	InvalidClient        ErrorCode = "invalid_client"
	InvalidGrant         ErrorCode = "invalid_grant"
	UnauthorizedClient   ErrorCode = "unauthorized_client"
	UnsupportedGrantType ErrorCode = "unsupported_grant_type"
	InvalidScope         ErrorCode = "invalid_scope"

	// RFC 6749 §4.1.2.1, the authorization endpoint. AccessDenied also answers a device poll (RFC 8628 §3.5).
	AccessDenied            ErrorCode = "access_denied"
	UnsupportedResponseType ErrorCode = "unsupported_response_type"
	ServerError             ErrorCode = "server_error"
	TemporarilyUnavailable  ErrorCode = "temporarily_unavailable"

	// RFC 8628 §3.5, polling with a device code.
	AuthorizationPending ErrorCode = "authorization_pending"
	SlowDown             ErrorCode = "slow_down"
	ExpiredToken         ErrorCode = "expired_token"

	// RFC 7591 §3.2.2, registering a client.
	InvalidRedirectURI    ErrorCode = "invalid_redirect_uri"
	InvalidClientMetadata ErrorCode = "invalid_client_metadata"

	// RFC 9101 §7, request objects, which we do not take.
	RequestNotSupported    ErrorCode = "request_not_supported"
	RequestURINotSupported ErrorCode = "request_uri_not_supported"

	// OpenID Connect Core 1.0 §3.1.2.6, an authorization request that allows no page to be shown.
	LoginRequired   ErrorCode = "login_required"
	ConsentRequired ErrorCode = "consent_required"

	// RFC 7009 §2.2.1, revoking a token.
	UnsupportedTokenType ErrorCode = "unsupported_token_type"
)
