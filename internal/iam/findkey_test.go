package iam

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

func TestAKeyIsFoundWithEverythingThatIsKnownOfIt(t *testing.T) {
	b := newBench(t)
	user, long := b.user(member, "alice")
	role := b.role(owner, "app")
	ofRole, assumed := b.key(role.Principal()), b.assume(role)
	portal := creds.VendRole(b.s.Ring, creds.Role{
		Account: owner, RoleName: "AWSReservedSSO_Admin_0123456789abcdef", SessionName: "bob", ExpiresAt: b.Clock.Now().Add(time.Hour).UnixMilli(),
	})
	session := creds.VendRole(b.s.Ring, creds.Role{
		Kind: creds.UserSession, Account: member, UserName: "alice", UserPath: "/", IAMUserID: user.UserID, ExpiresAt: b.Clock.Now().Add(time.Hour).UnixMilli(),
	})
	cases := []struct {
		name, id, token, secret string
		want                    api.Signer
	}{
		{"a user's", long.AccessKeyID, "", long.Secret, api.Signer{
			Account: member, ARN: "arn:aws:iam::444455556666:user/alice", UserID: user.UserID, UserName: "alice"}},
		{"a role's, which signs as a session of it", ofRole.AccessKeyID, "", ofRole.Secret, api.Signer{
			Account: owner, ARN: "arn:aws:sts::111122223333:assumed-role/app/" + ofRole.AccessKeyID, UserID: role.RoleID + ":" + ofRole.AccessKeyID,
			Kind: api.RoleSigner, RoleName: "app", RoleARN: "arn:aws:iam::111122223333:role/team/app"}},
		{"a session's", assumed.AccessKeyID, assumed.SessionToken, assumed.SecretAccessKey, api.Signer{
			Account: owner, ARN: "arn:aws:sts::111122223333:assumed-role/app/blue", UserID: role.RoleID + ":blue",
			Kind: api.RoleSigner, RoleName: "app", RoleARN: "arn:aws:iam::111122223333:role/team/app", Temporary: true}},
		{"a person's", portal.AccessKeyID, portal.SessionToken, portal.SecretAccessKey, api.Signer{
			Account: owner, ARN: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/bob", UserID: portal.AssumedRoleID(),
			Kind: api.RoleSigner, RoleName: "AWSReservedSSO_Admin_0123456789abcdef",
			RoleARN: "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef", Temporary: true}},
		{"a user's for a while", session.AccessKeyID, session.SessionToken, session.SecretAccessKey, api.Signer{
			Account: member, ARN: "arn:aws:iam::444455556666:user/alice", UserID: user.UserID, UserName: "alice", Temporary: true}},
	}
	for _, c := range cases {
		key := b.find(c.id, c.token)
		c.want.AccessKeyID = c.id
		got := key.Signer
		got.IssuedAt = 0
		if !key.Known || key.Expired || key.Secret != c.secret || !same(got, c.want) {
			t.Errorf("%s: %+v\nwant %+v", c.name, key, c.want)
		}
	}
}

func same(a, b api.Signer) bool {
	return a.AccessKeyID == b.AccessKeyID && a.Account == b.Account && a.ARN == b.ARN && a.UserID == b.UserID && a.Kind == b.Kind &&
		a.UserName == b.UserName && a.RoleARN == b.RoleARN && a.RoleName == b.RoleName && a.Temporary == b.Temporary
}

func TestTheOperatorIsToldThatAKeyIsDeactivated(t *testing.T) {
	b := newBench(t)
	_, key := b.user(owner, "alice")
	if err := b.s.SetAccessKeyStatus(ctx, operator, key.AccessKeyID, store.KeyInactive); err != nil {
		t.Fatal(err)
	}
	traced, tr := trace.With(ctx)
	if found, err := b.s.FindKey(traced, key.AccessKeyID, ""); err != nil || found.Known {
		t.Fatalf("%+v, %v", found, err)
	}
	record, want := tr.Record(), "sallyport iam activate-access-key "+key.AccessKeyID
	if len(record.Nodes) != 1 || record.Nodes[0].Check != "deactivated" || !slices.Equal(record.Fixes, []string{want}) {
		t.Errorf("the record is %+v, want the command %s", record, want)
	}
}

func TestAKeyThatIsNotKnownHasNoSecret(t *testing.T) {
	b := newBench(t)
	_, long := b.user(owner, "alice")
	_, other := b.user(owner, "bob")
	role := b.role(owner, "app")
	first, second := b.assume(role), b.assume(role)
	damaged, _ := creds.NewAccessKey()
	orphan, _ := creds.NewAccessKey()
	b.Update(func(tx *store.Tx) error {
		sealed := creds.SealAccessKeySecret(b.s.Ring, other.AccessKeyID, "secret of another key")
		if err := tx.AddAccessKey(store.AccessKey{AccessKeyID: damaged, SealedSecret: sealed, AccountID: owner, UserName: "alice"}); err != nil {
			return err
		}
		sealed = creds.SealAccessKeySecret(b.s.Ring, orphan, "secret")
		return tx.AddAccessKey(store.AccessKey{AccessKeyID: orphan, SealedSecret: sealed, AccountID: owner, UserName: "nobody"})
	})
	if err := b.s.SetAccessKeyStatus(ctx, operator, other.AccessKeyID, store.KeyInactive); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, id, token string }{
		{"an unknown id", "AKIAIOSFODNN7EXAMPLE", ""},
		{"no id", "", ""},
		{"a key that was deactivated", other.AccessKeyID, ""},
		{"a key without a holder", orphan, ""},
		{"a role's id without its session token", first.AccessKeyID, ""},
		{"a role's id with the session token of another key", first.AccessKeyID, second.SessionToken},
		{"a role's id with a damaged session token", first.AccessKeyID, first.SessionToken[:len(first.SessionToken)-1]},
		{"a long-lived id with somebody's session token", long.AccessKeyID, first.SessionToken},
		{"a long-lived id with an invented session token", long.AccessKeyID, "token"},
		{"a long-lived id in another letter case", strings.ToLower(long.AccessKeyID), ""},
		{"a long-lived id whose row holds the secret of another", damaged, ""},
	}
	for _, c := range cases {
		if key := b.find(c.id, c.token); key.Known || key.Secret != "" || key.Signer.ARN != "" {
			t.Errorf("%s: %+v", c.name, key)
		}
	}
}

func TestCredentialsEndWithTheirTimeAndWithTheirRole(t *testing.T) {
	b := newBench(t)
	role := b.role(owner, "app")
	session := b.assume(role)
	b.Clock.Advance(time.Hour - 20*time.Second)
	if key := b.find(session.AccessKeyID, session.SessionToken); key.Expired {
		t.Error("expired early")
	}
	b.Clock.Advance(20 * time.Second)
	if key := b.find(session.AccessKeyID, session.SessionToken); !key.Known || !key.Expired || key.Secret == "" {
		t.Errorf("at their end they are %+v: only who can sign with them may hear that they have expired", key)
	}
	session = b.assume(role)
	if err := b.s.DeletePrincipal(ctx, operator, role.Principal()); err != nil {
		t.Fatal(err)
	}
	if key := b.find(session.AccessKeyID, session.SessionToken); key.Known {
		t.Error("they outlive their role")
	}
	// The attack admin-delete-recreate: who makes a role of the old name does not take over its sessions.
	b.role(owner, "app", admin)
	if key := b.find(session.AccessKeyID, session.SessionToken); key.Known {
		t.Error("they are those of another role of the same name")
	}
}

func TestAUsersSessionEndsWithTheUser(t *testing.T) {
	b := newBench(t)
	user, _ := b.user(owner, "alice")
	session := creds.VendRole(b.s.Ring, creds.Role{
		Kind: creds.UserSession, Account: owner, UserName: "alice", UserPath: "/", IAMUserID: user.UserID, ExpiresAt: b.Clock.Now().Add(time.Hour).UnixMilli(),
	})
	if err := b.s.DeletePrincipal(ctx, operator, user.Principal()); err != nil {
		t.Fatal(err)
	}
	b.user(owner, "alice", admin)
	if key := b.find(session.AccessKeyID, session.SessionToken); key.Known {
		t.Error("it is that of another user of the same name")
	}
}

func TestAStoreThatFailsIsNotAnUnknownKey(t *testing.T) {
	b := newBench(t)
	_, long := b.user(owner, "alice")
	session := b.assume(b.role(owner, "app"))
	b.s.Store.Close()
	if key, err := b.s.FindKey(ctx, long.AccessKeyID, ""); err == nil {
		t.Errorf("got %+v", key)
	}
	if key, err := b.s.FindKey(ctx, session.AccessKeyID, session.SessionToken); err == nil {
		t.Errorf("got %+v", key)
	}
}

func TestCredentialsHangOnThePersonsSession(t *testing.T) {
	b := newBench(t)
	role := b.role(owner, "app")
	for name, session := range map[string]creds.Role{
		"of a permission set": {Account: owner, RoleName: "AWSReservedSSO_Admin_0123456789abcdef", SessionName: "bob"},
		"of a role":           {Kind: creds.AssumedRole, Account: owner, RoleName: role.RoleName, RolePath: role.Path, RoleID: role.RoleID, SessionName: "bob"},
	} {
		session.ExpiresAt, session.UserSessionID = b.Clock.Now().Add(time.Hour).UnixMilli(), "a session that was ended and cleaned away"
		made := creds.VendRole(b.s.Ring, session)
		if key := b.find(made.AccessKeyID, made.SessionToken); !key.Known || !key.Expired {
			t.Errorf("%s: %+v", name, key)
		}
	}
}
