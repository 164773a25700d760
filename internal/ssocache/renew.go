package ssocache

import (
	"context"
	"time"
)

// Reserve is how long a token must still live not to be refreshed, and a registration to be used. It is the AWS CLI's.
const Reserve = 15 * time.Minute

// Fresh reports whether the token need not be refreshed.
func (t Token) Fresh(now time.Time) bool { return t.ExpiresAt.Sub(now) >= Reserve }

// Renewal is what Renew does not know of a sign-in.
type Renewal struct {
	Read   func() (Token, error)      // the token that is kept, or why there is none
	Due    func(Token) bool           // false once somebody has renewed it
	Redeem func(Token) (Token, error) // spends the refresh token for a successor
}

// Renew puts its successor in the place of the token of a key, once for all processes that want it: a refresh token is good for one
// refresh. It waits for the lock as long as the context allows, reads the token again and leaves it if it is due no more. Nothing is spent for a
// successor that could not be kept. An error comes with the token that is there, if it was read: it may be valid for a while yet.
func (c Cache) Renew(ctx context.Context, key string, r Renewal) (Token, error) {
	unlock, err := c.Lock(ctx, key)
	if err != nil {
		return Token{}, err
	}
	defer unlock()
	token, err := r.Read()
	if err != nil || !r.Due(token) {
		return token, err
	}
	if err := c.CheckWritable(); err != nil {
		return token, err
	}
	successor, err := r.Redeem(token)
	if err == nil {
		err = c.WriteToken(key, successor)
	}
	if err != nil {
		return token, err
	}
	return successor, nil
}
