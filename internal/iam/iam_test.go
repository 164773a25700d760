package iam

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/store"
	"sallyport/internal/testbed"
)

const (
	owner    = "111122223333"
	member   = "444455556666"
	instance = testbed.InstanceID

	admin = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}`
)

var (
	ctx      = context.Background()
	operator = api.Caller{Agent: "test", RequestID: "request"}
)

// bench is the service on a real store, with the account of the owner and another one.
type bench struct {
	*testbed.Bed
	t testing.TB
	s *Service
}

func newBench(t testing.TB) *bench {
	t.Helper()
	for _, service := range api.Served {
		service.Answered() // the shapes of operations are made when somebody asks for them
	}
	bed := testbed.New(t)
	b := &bench{t: t, Bed: bed, s: New(Options{Store: bed.Store, Ring: bed.Ring, Clock: bed.Clock, Log: bed.Log})}
	b.Update(func(tx *store.Tx) error {
		if err := tx.PutAccount(store.Account{AccountID: member, Name: "Member"}); err != nil {
			return err
		}
		return tx.PutInstance(store.Instance{InstanceID: instance, IdentityStoreID: "d-1111111111", OwnerAccountID: owner})
	})
	return b
}

func (b *bench) find(accessKeyID, sessionToken string) api.Key {
	b.t.Helper()
	key, err := b.s.FindKey(ctx, accessKeyID, sessionToken)
	if err != nil {
		b.t.Fatal(err)
	}
	return key
}

func inline(document string) store.IAMPolicy { return store.IAMPolicy{Name: "p", Document: document} }

// user makes a user with policies and returns it as a signer.
func (b *bench) user(account, name string, documents ...string) (store.IAMUser, Key) {
	b.t.Helper()
	user, err := b.s.CreateUser(ctx, operator, store.IAMUser{AccountID: account, UserName: name}, policies(documents)...)
	if err != nil {
		b.t.Fatal(err)
	}
	return user, b.key(user.Principal())
}

// role makes a role with policies.
func (b *bench) role(account, name string, documents ...string) store.IAMRole {
	b.t.Helper()
	role, err := b.s.CreateRole(ctx, operator, store.IAMRole{AccountID: account, RoleName: name, Path: "/team/", TrustPolicy: trust}, policies(documents)...)
	if err != nil {
		b.t.Fatal(err)
	}
	return role
}

func policies(documents []string) (all []store.IAMPolicy) {
	for i, document := range documents {
		all = append(all, store.IAMPolicy{Name: string(rune('a' + i)), Document: document})
	}
	return all
}

func (b *bench) key(p store.IAMPrincipal) Key {
	b.t.Helper()
	key, err := b.s.CreateAccessKey(ctx, operator, p)
	if err != nil {
		b.t.Fatal(err)
	}
	return key
}

// assume makes credentials of the role that live for an hour, as AssumeRole does.
func (b *bench) assume(role store.IAMRole) creds.RoleCredentials {
	return creds.VendRole(b.s.Ring, creds.Role{
		Kind: creds.AssumedRole, Account: role.AccountID, RoleName: role.RoleName, RolePath: role.Path, RoleID: role.RoleID, SessionName: "blue",
		ExpiresAt: b.Clock.Now().Add(time.Hour).UnixMilli(),
	})
}

// wantRefusal fails unless err is a refusal of the kind whose message has the words.
func wantRefusal(t testing.TB, err error, kind *fault.Kind, words string) {
	t.Helper()
	if refusal, ok := fault.As(err); !ok || refusal.Kind != kind || !strings.Contains(refusal.Message, words) {
		t.Errorf("got %v, want %s with %q", err, kind.Name, words)
	}
}

func TestOfManyWhoWantAKeyInUseOneMakesIt(t *testing.T) {
	b := newBench(t)
	p := store.IAMPrincipal{AccountID: owner, Kind: store.IAMUserKind, Name: "together"}
	if _, err := b.s.EnsureAccessKey(ctx, operator, p); !isRefusal(err, fault.NotFound) {
		t.Errorf("a key of nobody: %v", err)
	}
	if _, err := b.s.CreateUser(ctx, operator, store.IAMUser{AccountID: owner, UserName: p.Name}); err != nil {
		t.Fatal(err)
	}
	ids := make([]string, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			key, err := b.s.EnsureAccessKey(ctx, operator, p)
			if ids[i] = key.AccessKeyID; err != nil || key.SealedSecret == "" {
				t.Errorf("%+v, %v", key, err)
			}
		})
	}
	all.Wait()
	if slices.Sort(ids); len(slices.Compact(ids)) != 1 {
		t.Errorf("the keys are %q", ids)
	}
	if err := b.s.SetAccessKeyStatus(ctx, operator, ids[0], store.KeyInactive); err != nil {
		t.Fatal(err)
	}
	if key, err := b.s.EnsureAccessKey(ctx, operator, p); err != nil || key.AccessKeyID == ids[0] {
		t.Errorf("in place of one that is not in use: %+v, %v", key, err)
	}
}

func isRefusal(err error, kind *fault.Kind) bool {
	refusal, refused := fault.As(err)
	return refused && refusal.Kind == kind
}

func TestAPolicyThatCannotBeReadDeniesEverything(t *testing.T) {
	for _, c := range []struct {
		name    string
		rows    []store.IAMPolicy
		allowed bool
	}{
		{"a policy that allows", []store.IAMPolicy{{Name: "a", Document: admin}}, true},
		{"one that cannot be read beside it", []store.IAMPolicy{{Name: "a", Document: admin}, {Name: "b", Document: "{junk"}}, false},
		{"an empty one beside it", []store.IAMPolicy{{Name: "a", Document: admin}, {Name: "b"}}, false},
		{"one that cannot be read in front", []store.IAMPolicy{{Name: "a", Document: "null"}, {Name: "b", Document: admin}}, false},
	} {
		b := newBench(t)
		user, err := b.s.CreateUser(ctx, operator, store.IAMUser{AccountID: owner, UserName: "spoiled"})
		if err != nil {
			t.Fatal(err)
		}
		b.Update(func(tx *store.Tx) error {
			for _, row := range c.rows {
				if err := tx.PutIAMPolicy(user.Principal(), row); err != nil {
					return err
				}
			}
			return nil
		})
		key, err := b.s.CreateAccessKey(ctx, operator, user.Principal())
		if err != nil {
			t.Fatal(err)
		}
		found := b.find(key.AccessKeyID, "")
		caller := operator
		caller.Signer = &found.Signer
		err = b.s.Authorize(ctx, caller, api.ListUsers.Operation, &api.ListUsersRequest{})
		if c.allowed && err != nil || !c.allowed && !isRefusal(err, fault.AdminAccessDenied) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
