package oauth

// ErrorCode is the query parameter "error" of a refusal that travels by redirect (RFC 6749 §4.1.2.1). The codes of refusals that
// are answered in a body stand in the catalogue of refusals.
type ErrorCode string

// The error codes that browsers carry to clients.
const (
	// RFC 6749 §4.1.2.1.
	InvalidRequest          ErrorCode = "invalid_request"
	UnauthorizedClient      ErrorCode = "unauthorized_client"
	AccessDenied            ErrorCode = "access_denied"
	UnsupportedResponseType ErrorCode = "unsupported_response_type"
	InvalidScope            ErrorCode = "invalid_scope"

	// OpenID Connect Core 1.0 §3.1.2.6: request objects, which we do not take, and requests that allow no page to be shown.
	RequestNotSupported    ErrorCode = "request_not_supported"
	RequestURINotSupported ErrorCode = "request_uri_not_supported"
	LoginRequired          ErrorCode = "login_required"
	ConsentRequired        ErrorCode = "consent_required"
)
