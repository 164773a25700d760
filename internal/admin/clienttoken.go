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

// repeatable is what a request with an idempotency token is compared by.
type repeatable struct {
	Token string // empty for a request that is carried out every time
	Input any    // all of it
}

// digest tells inputs apart.
func (r repeatable) digest(shape *api.Shape) string {
	sum := sha256.Sum256(shape.AppendJSON(nil, r.Input))
	return hex.EncodeToString(sum[:])
}

// once makes a thing and writes its ARN to made. A repeated request is told the ARN of the first one and changes nothing; another request
// with the same token is refused. It returns the ARN of what is new, for the record of the change.
func (v *visit) once(request repeatable, made *string, create func() (string, error)) (subject string, err error) {
	if request.Token == "" {
		*made, err = create()
		return *made, err
	}
	digest := request.digest(v.operation.Input)
	first, found, err := v.tx.ClientToken(v.account, v.operation.Name, request.Token)
	switch {
	case err != nil:
		return "", err
	case found && first.Digest != digest:
		return "", fault.Conflict.Refuse("IdempotentParameterMismatch: the ClientToken was used with other parameters: use a new one for another request")
	case found:
		*made = first.Answer
		return "", nil
	}
	if *made, err = create(); err != nil {
		return "", err
	}
	return *made, v.tx.PutClientToken(store.ClientToken{
		AccountID: v.account, Operation: v.operation.Name, Token: request.Token, Digest: digest, Answer: *made,
		ExpiresAt: v.tx.Now.Add(clientTokenLife).UnixMilli(),
	})
}
