package wire

import (
	"context"
	"errors"
	"net/http"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/sigv4"
	"sallyport/internal/trace"
)

// verifier checks the signature of a request once its body is there.
type verifier func(body []byte) error

// verifier returns what checks the signature of the request and tells the caller's name. Operations without one have nothing to check.
func (rim *Rim) verifier(ctx context.Context, r *http.Request, h api.Handler, caller *api.Caller) verifier {
	if h.Auth != api.AuthSigV4 {
		return func([]byte) error { return nil }
	}
	return func(body []byte) (err error) {
		caller.Signer, err = rim.verify(ctx, r, body, h.Service)
		return err
	}
}

// verify finds out who signed the request. Which key it names is looked up before the signature is checked, and an unknown key costs the same
// work as a wrong signature.
func (rim *Rim) verify(ctx context.Context, r *http.Request, body []byte, service *api.Service) (*api.Signer, error) {
	names := signatureNames[service.Protocol]
	checks := trace.From(ctx).Group("signature")
	claim, err := sigv4.Parse(r, signaturePolicy(service))
	if err != nil {
		return nil, names.refusal(checks, err)
	}
	now := rim.Now()
	checks.Pass("claim", "access key %s, Region %s, signed %s away from the server's clock", claim.AccessKeyID, claim.Region, now.Sub(claim.Time).Abs())
	key, err := rim.FindKey(trace.Into(ctx, checks), claim.AccessKeyID, claim.SessionToken)
	if err != nil {
		return nil, err
	}
	if err := claim.Verify(&rim.signingKeys, body, key.Secret, now); err != nil {
		return nil, names.refusal(checks, err)
	}
	if key.Expired {
		checks.Fail("credentials", "the session token has expired")
		return nil, names.expired.Refuse("The security token included in the request is expired")
	}
	checks.Pass("signature", "made by %s", key.Signer.ARN)
	key.Signer.Region = claim.Region
	return &key.Signer, nil
}

// presignLife is how long STS honours a presigned request from its date on, whatever X-Amz-Expires it bears: EKS presigns its tokens for 60
// seconds and uses them for 14 minutes, and nobody should be able to presign an AssumeRole for a week.
const presignLife = 15 * time.Minute

// signaturePolicy says which signatures the service takes. They may be made for any Region: rooms that serve one Region tell its callers
// where to go.
func signaturePolicy(service *api.Service) sigv4.Policy {
	return sigv4.Policy{Service: service.SigningName, AllowPresigned: service.Protocol == api.Query, PresignLife: presignLife}
}

// named is what a protocol calls something that is wrong with a signature, after the words of the real service, which people search for.
type named struct {
	kind  *fault.Kind
	words string
}

// signatureNaming are the names of one protocol.
type signatureNaming struct {
	reasons map[sigv4.Reason]named
	expired *fault.Kind // the credentials, not the signature
}

const invalidToken = "The security token included in the request is invalid: "

var signatureNames = map[api.Protocol]signatureNaming{
	api.RESTJSON: {expired: fault.RESTExpiredCredentials, reasons: map[sigv4.Reason]named{
		sigv4.Missing:      {fault.RESTMissingToken, "Missing Authentication Token: "},
		sigv4.Incomplete:   {fault.RESTIncompleteSignature, ""},
		sigv4.NotCanonical: {fault.RESTIncompleteSignature, ""},
		sigv4.WrongScope:   {fault.RESTInvalidSignature, ""},
		sigv4.Expired:      {fault.RESTInvalidSignature, ""},
		sigv4.NotYet:       {fault.RESTInvalidSignature, ""},
		sigv4.UnknownKey:   {fault.RESTUnrecognizedClient, invalidToken},
		sigv4.Mismatch:     {fault.RESTInvalidSignature, ""},
	}},
	api.JSON: {expired: fault.JSONExpiredCredentials, reasons: map[sigv4.Reason]named{
		sigv4.Missing:      {fault.JSONMissingToken, "Missing Authentication Token: "},
		sigv4.Incomplete:   {fault.RESTIncompleteSignature, ""},
		sigv4.NotCanonical: {fault.RESTIncompleteSignature, ""},
		sigv4.WrongScope:   {fault.JSONInvalidSignature, ""},
		sigv4.Expired:      {fault.JSONInvalidSignature, ""},
		sigv4.NotYet:       {fault.JSONInvalidSignature, ""},
		sigv4.UnknownKey:   {fault.JSONUnrecognizedClient, invalidToken},
		sigv4.Mismatch:     {fault.JSONInvalidSignature, ""},
	}},
	api.Query: {expired: fault.STSExpiredToken, reasons: map[sigv4.Reason]named{
		sigv4.Missing:      {fault.MissingAuthenticationToken, "Request is missing Authentication Token: "},
		sigv4.Incomplete:   {fault.IncompleteSignature, ""},
		sigv4.NotCanonical: {fault.IncompleteSignature, ""},
		sigv4.WrongScope:   {fault.SignatureDoesNotMatch, ""},
		sigv4.Expired:      {fault.SignatureDoesNotMatch, ""},
		sigv4.NotYet:       {fault.SignatureDoesNotMatch, ""},
		sigv4.UnknownKey:   {fault.InvalidClientTokenID, invalidToken},
		sigv4.Mismatch:     {fault.SignatureDoesNotMatch, ""},
	}},
}

func (n signatureNaming) refusal(checks *trace.Trace, err error) error {
	var wrong *sigv4.Error
	if !errors.As(err, &wrong) {
		return err
	}
	checks.Fail(string(wrong.Reason), "%s", wrong.Message)
	name := n.reasons[wrong.Reason]
	return name.kind.Refuse(name.words + wrong.Message)
}
