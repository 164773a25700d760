package bed

import (
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/prove/check"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/remote"
)

// A COMMIT whose answer is lost was made. Whoever takes a request for refused because its answer was lost does not know the server any more.
func TestWhatWasMadeAndCountsAsRefusedIsFound(t *testing.T) {
	shared, _ := made(t)
	ctx := t.Context()
	for _, row := range []struct {
		of  string
		act ledger.Act
		do  func(b *Bed, login ledger.Login) (remote.Answer, error)
	}{
		{"approved", ledger.Redeem, func(b *Bed, _ ledger.Login) (remote.Answer, error) {
			request, err := b.Of("approved", ledger.Redeem)
			if err != nil {
				return remote.Answer{}, err
			}
			return b.Site.Send(ctx, request)
		}},
		{"code", ledger.End, func(b *Bed, login ledger.Login) (remote.Answer, error) {
			newest, _ := login.Newest()
			return b.Site.Call(ctx, api.Logout.Operation, remote.Members{"accessToken": b.Ledger.Secret(newest.Access)})
		}},
	} {
		t.Run(string(row.act), func(t *testing.T) {
			b := fresh(t, shared)
			login, _ := b.Ledger.Login(row.of)
			attempt, err := b.Ledger.Attempt(ledger.Entry{Of: row.of, Act: row.act}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if answer, err := row.do(b, login); err != nil || !answer.Good() {
				t.Fatal(answer, err)
			}
			if err := b.Ledger.Refused(attempt, "InvalidRequestException"); err != nil {
				t.Fatal(err)
			}
			if _, err := check.Check(ctx, b.Clerk, check.Options{}); err != nil {
				t.Fatal(err)
			}
			found := false
			for _, breach := range b.Ledger.Breaches() {
				found = found || breach.Of == row.of && breach.Invariant == ledger.Lost
			}
			if !found {
				t.Errorf("found %v", b.Ledger.Breaches())
			}
		})
	}
}

func TestWhatVerifySaysIsWrongIsRead(t *testing.T) {
	const out = `ok             1  there is one instance
wrong          3  users are enabled or disabled
                  u1
                  u2
                  and more
ok             7  names of users have their key
wrong          1  keys of the ring open under the root key
the database is not as it has to be
`
	want := []string{"3  users are enabled or disabled; u1; u2; and more", "1  keys of the ring open under the root key"}
	if got := wrongLines(out); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}
