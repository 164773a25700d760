package ssocache

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

func TestATokenIsFreshUntilItsReserve(t *testing.T) {
	now := moment("2030-01-02T03:04:05Z")
	for left, want := range map[time.Duration]bool{time.Hour: true, Reserve: true, Reserve - time.Second: false, -time.Second: false} {
		if got := (Token{ExpiresAt: now.Add(left)}).Fresh(now); got != want {
			t.Errorf("with %v left: %v", left, got)
		}
	}
}

func TestRenew(t *testing.T) {
	errRefused := errors.New("refused")
	older, newer := sampleToken, sampleToken
	older.AccessToken, newer.AccessToken = "hidden-old", "hidden-new"
	unusable := newer
	unusable.AccessToken = ""
	always := func(Token) bool { return true }
	for _, test := range []struct {
		name     string
		due      func(Token) bool
		redeemed Token
		refusal  error
		want     string // the token that comes back
		kept     string
		err      error
		fails    bool
	}{
		{name: "a token that is due", due: always, redeemed: newer, want: "hidden-new", kept: "hidden-new"},
		{name: "a token that somebody renewed", due: func(Token) bool { return false }, redeemed: newer, want: "hidden-old", kept: "hidden-old"},
		{name: "a refusal", due: always, refusal: errRefused, want: "hidden-old", kept: "hidden-old", err: errRefused, fails: true},
		{name: "a successor that is none", due: always, redeemed: unusable, want: "hidden-old", kept: "hidden-old", fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Open(t.TempDir())
			if err := c.WriteToken("k", older); err != nil {
				t.Fatal(err)
			}
			got, err := c.Renew(t.Context(), "k", Renewal{
				Read: func() (Token, error) { return c.ReadToken("k") }, Due: test.due,
				Redeem: func(Token) (Token, error) { return test.redeemed, test.refusal },
			})
			if got.AccessToken != test.want || (err != nil) != test.fails || test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("got %v, %v", got, err)
			}
			if kept, err := c.ReadToken("k"); err != nil || kept.AccessToken != test.kept {
				t.Errorf("%v is kept, %v", kept, err)
			}
		})
	}
}

func TestRenewWantsATokenUnderTheLock(t *testing.T) {
	c := Open(t.TempDir())
	renewal := Renewal{Read: func() (Token, error) {
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := c.Lock(short, "k"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the lock is not held: %v", err)
		}
		return c.ReadToken("k")
	}}
	if _, err := c.Renew(t.Context(), "k", renewal); !errors.Is(err, ErrNone) {
		t.Errorf("without a token: %v", err)
	}
	unlock, err := c.Lock(t.Context(), "k")
	if err != nil {
		t.Fatal("the lock was not given back")
	}
	defer unlock()
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := c.Renew(short, "k", Renewal{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while somebody else holds the lock: %v", err)
	}
}

func TestNothingIsSpentForASuccessorThatCouldNotBeKept(t *testing.T) {
	c := Open(Dir(t.TempDir()))
	_, err := c.Renew(t.Context(), "k", Renewal{
		Read: func() (Token, error) {
			return sampleToken, errors.Join(os.RemoveAll(c.dir), os.WriteFile(c.dir, nil, 0o600))
		},
		Due: func(Token) bool { return true },
		Redeem: func(token Token) (Token, error) {
			t.Error("the refresh token was spent")
			return token, nil
		},
	})
	if err == nil {
		t.Error("the successor was kept nowhere")
	}
}
