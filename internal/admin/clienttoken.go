package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

// clientTokenLife is how long a request may be repeated with its idempotency token. AWS documents none for these operations; SDKs draw a
// new token for every call and repeat within minutes.
const clientTokenLife = 24 * time.Hour

// clientToken is the idempotency token of a request with a digest of everything else in it.
type clientToken struct{ Token, Digest string }

// parameters is the digest of an input without its token.
func parameters[I any](operation *api.Operation, in I) string {
	switch in := any(&in).(type) {
	case *api.CreateApplicationRequest:
		in.ClientToken = ""
	case *api.CreateTrustedTokenIssuerRequest:
		in.ClientToken = ""
	case *api.CreateInstanceRequest:
		in.ClientToken = ""
	}
	sum := sha256.Sum256(operation.Input.AppendJSON(nil, &in))
	return hex.EncodeToString(sum[:])
}

// once makes a thing and writes its ARN to made. A repeated request is told the ARN of the first one and changes nothing; another request
// with the same token is refused. It returns the ARN of what is new, for the record of the change.
func (v *visit) once(token clientToken, made *string, create func() (string, error)) (subject string, err error) {
	if token.Token == "" {
		*made, err = create()
		return *made, err
	}
	first, found, err := v.tx.ClientToken(v.account, v.operation.Name, token.Token)
	switch {
	case err != nil:
		return "", err
	case found && first.Digest != token.Digest:
		return "", fault.Conflict.Refuse("IdempotentParameterMismatch: the ClientToken was used with other parameters: use a new one for another request")
	case found:
		*made = first.Answer
		return "", nil
	}
	if *made, err = create(); err != nil {
		return "", err
	}
	return *made, v.tx.PutClientToken(store.ClientToken{
		AccountID: v.account, Operation: v.operation.Name, Token: token.Token, Digest: token.Digest, Answer: *made,
		ExpiresAt: v.tx.Now.Add(clientTokenLife).UnixMilli(),
	})
}
