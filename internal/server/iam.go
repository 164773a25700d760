package server

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/iam"
)

// Principals is what a command about users, roles, keys and OpenID providers works on.
type Principals struct {
	*iam.Service
	Owner    string     // account that owns the instance: where principals are when nobody says otherwise
	Operator api.Caller // on whose behalf the audit shows changes
}

// IAM opens the house for one command about principals. Keys that it makes, and keys that it deactivates, count at once for a running
// server, which reads them with each request.
func IAM(ctx context.Context, c *Config, do func(Principals) error) error {
	return operate(ctx, c, false, func(h *House) error {
		return do(Principals{Service: h.IAM, Owner: h.Instance.OwnerAccountID, Operator: operator})
	})
}
