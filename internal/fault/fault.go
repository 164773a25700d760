// Package fault is the catalogue of refusals: every answer that says no, with the name, the status and the OAuth code that
// clients branch on. Rooms choose a kind and a sentence; the rims write it down in the protocol's form. What is not a refusal
// is a failure, an ordinary error, and is nobody's answer.
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Kind is one entry of the catalogue. Two refusals of one kind cannot differ in name, status or code.
type Kind struct {
	Name   string // exception name: header x-amzn-ErrorType and member __type
	Status int    // HTTP status
	OAuth  string // member error (RFC 6749 §5.2 and its kin); empty where the protocol has none
}

// The refusals of the token service (sso-oidc).
var (
	AccessDenied           = &Kind{"AccessDeniedException", http.StatusBadRequest, "access_denied"}
	AuthorizationPending   = &Kind{"AuthorizationPendingException", http.StatusBadRequest, "authorization_pending"}
	ExpiredToken           = &Kind{"ExpiredTokenException", http.StatusBadRequest, "expired_token"}
	InternalServer         = &Kind{"InternalServerException", http.StatusInternalServerError, "server_error"}
	InvalidClient          = &Kind{"InvalidClientException", http.StatusUnauthorized, "invalid_client"}
	InvalidClientMetadata  = &Kind{"InvalidClientMetadataException", http.StatusBadRequest, "invalid_client_metadata"}
	InvalidGrant           = &Kind{"InvalidGrantException", http.StatusBadRequest, "invalid_grant"}
	InvalidRedirectURI     = &Kind{"InvalidRedirectUriException", http.StatusBadRequest, "invalid_redirect_uri"}
	InvalidRequest         = &Kind{"InvalidRequestException", http.StatusBadRequest, "invalid_request"}
	InvalidRequestRegion   = &Kind{"InvalidRequestRegionException", http.StatusBadRequest, "invalid_request"}
	InvalidScope           = &Kind{"InvalidScopeException", http.StatusBadRequest, "invalid_scope"}
	SlowDown               = &Kind{"SlowDownException", http.StatusBadRequest, "slow_down"}
	UnauthorizedClient     = &Kind{"UnauthorizedClientException", http.StatusBadRequest, "unauthorized_client"}
	UnsupportedGrantType   = &Kind{"UnsupportedGrantTypeException", http.StatusBadRequest, "unsupported_grant_type"}
	UnsupportedTokenType   = &Kind{"UnsupportedTokenTypeException", http.StatusBadRequest, "unsupported_token_type"} // RFC 7009 §2.2.1
	TemporarilyUnavailable = &Kind{"ServiceUnavailableException", http.StatusServiceUnavailable, "temporarily_unavailable"}
)

// The refusals of the portal (sso). ForbiddenException is not in the service model, but the real service sends it.
var (
	Unauthorized     = &Kind{"UnauthorizedException", http.StatusUnauthorized, ""}
	Forbidden        = &Kind{"ForbiddenException", http.StatusForbidden, ""}
	ResourceNotFound = &Kind{"ResourceNotFoundException", http.StatusNotFound, ""}
	TooManyRequests  = &Kind{"TooManyRequestsException", http.StatusTooManyRequests, ""}
)

// The refusals of the configuration services (sso-admin, identitystore). The models give them other statuses; the real services answer 400,
// and clients branch on the name alone.
var (
	AdminAccessDenied = &Kind{"AccessDeniedException", http.StatusBadRequest, ""}
	Conflict          = &Kind{"ConflictException", http.StatusBadRequest, ""}
	NotFound          = &Kind{"ResourceNotFoundException", http.StatusBadRequest, ""}
	QuotaExceeded     = &Kind{"ServiceQuotaExceededException", http.StatusBadRequest, ""}
	Throttling        = &Kind{"ThrottlingException", http.StatusBadRequest, ""}
	Validation        = &Kind{"ValidationException", http.StatusBadRequest, ""}
	Serialization     = &Kind{"SerializationException", http.StatusBadRequest, ""} // a member of another JSON type, before any model is asked
)

// The refusals of signatures, by protocol: restJson1 answers 403 for most, awsJson 400. The Query protocol's own names are STS's, below.
var (
	RESTMissingToken        = &Kind{"MissingAuthenticationTokenException", http.StatusForbidden, ""}
	RESTUnrecognizedClient  = &Kind{"UnrecognizedClientException", http.StatusForbidden, ""}
	RESTInvalidSignature    = &Kind{"InvalidSignatureException", http.StatusForbidden, ""}
	RESTExpiredCredentials  = &Kind{"ExpiredTokenException", http.StatusForbidden, ""}
	RESTIncompleteSignature = &Kind{"IncompleteSignatureException", http.StatusBadRequest, ""}
	JSONMissingToken        = &Kind{"MissingAuthenticationTokenException", http.StatusBadRequest, ""}
	JSONUnrecognizedClient  = &Kind{"UnrecognizedClientException", http.StatusBadRequest, ""}
	JSONInvalidSignature    = &Kind{"InvalidSignatureException", http.StatusBadRequest, ""}
	JSONExpiredCredentials  = &Kind{"ExpiredTokenException", http.StatusBadRequest, ""}
)

// The refusals of STS's operations.
var (
	STSAccessDenied             = &Kind{"AccessDenied", http.StatusForbidden, ""}
	MalformedPolicyDocument     = &Kind{"MalformedPolicyDocument", http.StatusBadRequest, ""}
	PackedPolicyTooLarge        = &Kind{"PackedPolicyTooLarge", http.StatusBadRequest, ""}
	RegionDisabled              = &Kind{"RegionDisabledException", http.StatusForbidden, ""}
	STSTokenExpired             = &Kind{"ExpiredTokenException", http.StatusBadRequest, ""} // a token in the input; ExpiredToken is the signer's
	IDPRejectedClaim            = &Kind{"IDPRejectedClaim", http.StatusForbidden, ""}
	IDPCommunicationError       = &Kind{"IDPCommunicationError", http.StatusBadRequest, ""}
	InvalidIdentityToken        = &Kind{"InvalidIdentityToken", http.StatusBadRequest, ""}
	InvalidAuthorizationMessage = &Kind{"InvalidAuthorizationMessageException", http.StatusBadRequest, ""}
)

// The refusals of STS, which models none of those that concern who is calling.
var (
	MissingAuthenticationToken = &Kind{"MissingAuthenticationToken", http.StatusForbidden, ""}
	IncompleteSignature        = &Kind{"IncompleteSignature", http.StatusBadRequest, ""}
	InvalidClientTokenID       = &Kind{"InvalidClientTokenId", http.StatusForbidden, ""}
	SignatureDoesNotMatch      = &Kind{"SignatureDoesNotMatch", http.StatusForbidden, ""}
	STSExpiredToken            = &Kind{"ExpiredToken", http.StatusForbidden, ""}
	ValidationError            = &Kind{"ValidationError", http.StatusBadRequest, ""}
	InternalFailure            = &Kind{"InternalFailure", http.StatusInternalServerError, ""}
	InvalidAction              = &Kind{"InvalidAction", http.StatusBadRequest, ""}
)

// The refusals of the rims, before any operation was found.
var (
	UnknownOperation     = &Kind{"UnknownOperationException", http.StatusNotFound, "invalid_request"}
	UnknownTarget        = &Kind{"UnknownOperationException", http.StatusBadRequest, ""}
	MethodNotAllowed     = &Kind{"UnknownOperationException", http.StatusMethodNotAllowed, "invalid_request"}
	RequestTooLarge      = &Kind{"InvalidRequestException", http.StatusRequestEntityTooLarge, "invalid_request"}
	UnsupportedMediaType = &Kind{"InvalidRequestException", http.StatusUnsupportedMediaType, "invalid_request"}
)

// Refusal is an answer for the caller. Its message says what to do next and reveals nothing that the caller did not send; its
// cause is for the log. A refusal commits the transaction it comes out of; any other error rolls it back.
type Refusal struct {
	Kind    *Kind
	Message string
	Wait    time.Duration // until trying again makes sense, zero when nobody knows
	Members []Member      // that the exception has besides its message
	cause   string
}

// Member is a modelled member of an exception, such as reason.
type Member struct{ Name, Value string }

// Refuse makes a refusal of the kind with the sentence that the caller reads.
func (k *Kind) Refuse(message string) *Refusal { return &Refusal{Kind: k, Message: message} }

// Because returns a copy of the refusal with the check that failed, for the log only.
func (r *Refusal) Because(format string, args ...any) *Refusal {
	copied := *r
	copied.cause = fmt.Sprintf(format, args...)
	return &copied
}

// After returns a copy of the refusal that tells how long to wait.
func (r *Refusal) After(wait time.Duration) *Refusal {
	copied := *r
	copied.Wait = wait
	return &copied
}

// With returns a copy of the refusal with one more member.
func (r *Refusal) With(name, value string) *Refusal {
	copied := *r
	copied.Members = append(copied.Members[:len(copied.Members):len(copied.Members)], Member{name, value})
	return &copied
}

// Cause returns what Because recorded, or the empty string.
func (r *Refusal) Cause() string { return r.cause }

func (r *Refusal) Error() string { return r.Kind.Name + ": " + r.Message }

// As returns the refusal inside err, if there is one.
func As(err error) (*Refusal, bool) {
	var refusal *Refusal
	ok := errors.As(err, &refusal)
	return refusal, ok
}
