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

// signatureNaming is what a protocol calls what may be wrong with a signature, after the words of the real service, which people search for.
type signatureNaming struct {
	missing      *fault.Kind
	missingWords string
	incomplete   *fault.Kind
	unknownKey   *fault.Kind
	invalid      *fault.Kind // made for something else, at another time, or not with the key
	expired      *fault.Kind // the credentials, not the signature
}

var signatureNames = map[api.Protocol]signatureNaming{
	api.RESTJSON: {
		missing: fault.RESTMissingToken, missingWords: "Missing Authentication Token: ", incomplete: fault.RESTIncompleteSignature,
		unknownKey: fault.RESTUnrecognizedClient, invalid: fault.RESTInvalidSignature, expired: fault.RESTExpiredCredentials,
	},
	api.JSON: {
		missing: fault.JSONMissingToken, missingWords: "Missing Authentication Token: ", incomplete: fault.RESTIncompleteSignature,
		unknownKey: fault.JSONUnrecognizedClient, invalid: fault.JSONInvalidSignature, expired: fault.JSONExpiredCredentials,
	},
	api.Query: {
		missing: fault.MissingAuthenticationToken, missingWords: "Request is missing Authentication Token: ", incomplete: fault.IncompleteSignature,
		unknownKey: fault.InvalidClientTokenID, invalid: fault.SignatureDoesNotMatch, expired: fault.STSExpiredToken,
	},
}

func (n signatureNaming) refusal(checks *trace.Trace, err error) error {
	var wrong *sigv4.Error
	if !errors.As(err, &wrong) {
		return err
	}
	checks.Fail(string(wrong.Reason), "%s", wrong.Message)
	switch wrong.Reason {
	case sigv4.Missing:
		return n.missing.Refuse(n.missingWords + wrong.Message)
	case sigv4.Incomplete, sigv4.NotCanonical:
		return n.incomplete.Refuse(wrong.Message)
	case sigv4.UnknownKey:
		return n.unknownKey.Refuse("The security token included in the request is invalid: " + wrong.Message)
	}
	return n.invalid.Refuse(wrong.Message)
}
