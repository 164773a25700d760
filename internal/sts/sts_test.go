package sts

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

var ctx = context.Background()

// bench is the service on a real store.
type bench struct {
	t     testing.TB
	s     *Service
	clock *sys.Clock
}

func newBench(t testing.TB) *bench {
	t.Helper()
	clock := &sys.Clock{}
	dir := t.TempDir()
	rows, err := store.Open(store.Options{Dir: dir, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	root, err := keys.RootKeyFile(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(ctx, rows, root, "ssoins-1111111111111111")
	if err != nil {
		t.Fatal(err)
	}
	err = rows.Update(ctx, func(tx *store.Tx) error {
		return tx.PutInstance(store.Instance{InstanceID: "ssoins-1111111111111111", OwnerAccountID: "999988887777"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, clock: clock, s: New(Options{Store: rows, Ring: ring, Clock: clock})}
}

func (b *bench) find(accessKeyID, sessionToken string) api.Key {
	b.t.Helper()
	key, err := b.s.FindKey(ctx, accessKeyID, sessionToken)
	if err != nil {
		b.t.Fatal(err)
	}
	return key
}

// vend makes credentials of a role that live for an hour.
func (b *bench) vend() creds.RoleCredentials {
	return creds.VendRole(b.s.Ring, creds.Role{
		Account: "111122223333", RoleName: "AWSReservedSSO_Admin_0123456789abcdef", SessionName: "alice", UserID: "u-1",
		ExpiresAt: b.clock.Now().Add(time.Hour).UnixMilli(),
	})
}

// keep makes a long-lived key of the user admin.
func (b *bench) keep() (accessKeyID, secret string) {
	b.t.Helper()
	accessKeyID, secret = creds.NewAccessKey()
	err := b.s.Store.Update(ctx, func(tx *store.Tx) error {
		return tx.AddAccessKey(store.AccessKey{
			AccessKeyID: accessKeyID, SealedSecret: creds.SealAccessKeySecret(b.s.Ring, accessKeyID, secret), UserName: "admin",
		})
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return accessKeyID, secret
}

func TestAKeyIsFoundWithEverythingThatIsKnownOfIt(t *testing.T) {
	b := newBench(t)
	role := b.vend()
	longID, longSecret := b.keep()
	cases := []struct {
		name            string
		id, token       string
		secret, account string
		arn, userID     string // beginning
	}{
		{"a role's", role.AccessKeyID, role.SessionToken, role.SecretAccessKey, "111122223333",
			"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice", "AROA"},
		{"a long-lived one", longID, "", longSecret, "999988887777", "arn:aws:iam::999988887777:user/admin", "AIDA"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			key := b.find(c.id, c.token)
			signer := key.Signer
			if !key.Known || key.Expired || key.Secret != c.secret || signer.AccessKeyID != c.id || signer.Account != c.account || signer.ARN != c.arn || !strings.HasPrefix(key.Signer.UserID, c.userID) {
				t.Errorf("got %+v", key)
			}
		})
	}
}

func TestAKeyThatIsNotKnownHasNoSecret(t *testing.T) {
	b := newBench(t)
	role, other := b.vend(), b.vend()
	longID, _ := b.keep()
	otherID, _ := b.keep()
	damagedID, _ := creds.NewAccessKey()
	err := b.s.Store.Update(ctx, func(tx *store.Tx) error {
		sealed := creds.SealAccessKeySecret(b.s.Ring, otherID, "secret of another key")
		return tx.AddAccessKey(store.AccessKey{AccessKeyID: damagedID, SealedSecret: sealed, UserName: "admin"})
	})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, id, token string }{
		{"an unknown id", "AKIAIOSFODNN7EXAMPLE", ""},
		{"no id", "", ""},
		{"a role's id without its session token", role.AccessKeyID, ""},
		{"a role's id with the session token of another key", role.AccessKeyID, other.SessionToken},
		{"a role's id with a damaged session token", role.AccessKeyID, role.SessionToken[:len(role.SessionToken)-1]},
		{"a long-lived id with somebody's session token", longID, role.SessionToken},
		{"a long-lived id with an invented session token", longID, "token"},
		{"a long-lived id in another letter case", strings.ToLower(longID), ""},
		{"a long-lived id whose row holds the secret of another", damagedID, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if key := b.find(c.id, c.token); key.Known || key.Secret != "" {
				t.Errorf("got %+v", key)
			}
		})
	}
}

func TestCredentialsOfARoleExpire(t *testing.T) {
	b := newBench(t)
	role := b.vend()
	b.clock.Advance(time.Hour - 20*time.Second)
	if key := b.find(role.AccessKeyID, role.SessionToken); key.Expired {
		t.Error("expired early")
	}
	b.clock.Advance(20 * time.Second)
	if key := b.find(role.AccessKeyID, role.SessionToken); !key.Known || !key.Expired || key.Secret == "" {
		t.Errorf("at their end they are %+v: only who can sign with them may hear that they have expired", key)
	}
}

func TestAStoreThatFailsIsNotAnUnknownKey(t *testing.T) {
	b := newBench(t)
	id, _ := b.keep()
	b.s.Store.Close()
	if key, err := b.s.FindKey(ctx, id, ""); err == nil {
		t.Errorf("got %+v", key)
	}
}

func TestTheCallerIsWhoSigned(t *testing.T) {
	b := newBench(t)
	signer := &api.Signer{AccessKeyID: "AKIA1", Account: "111122223333", UserID: "AIDA1", ARN: "arn:aws:iam::111122223333:user/admin"}
	got, err := b.s.GetCallerIdentity(ctx, api.Caller{Signer: signer}, &api.GetCallerIdentityRequest{})
	if err != nil || *got != (api.GetCallerIdentityResponse{UserID: signer.UserID, Account: signer.Account, ARN: signer.ARN}) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = b.s.GetCallerIdentity(ctx, api.Caller{}, &api.GetCallerIdentityRequest{})
	if refusal, ok := fault.As(err); !ok || refusal.Kind != fault.MissingAuthenticationToken {
		t.Errorf("an unsigned request gives %v", err)
	}
}
