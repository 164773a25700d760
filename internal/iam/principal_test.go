package iam

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

func TestPrincipalsThatIAMWouldRefuse(t *testing.T) {
	b := newBench(t)
	user := func(u store.IAMUser, policies ...store.IAMPolicy) func() error {
		return func() error { _, err := b.s.CreateUser(ctx, operator, u, policies...); return err }
	}
	role := func(change func(*store.IAMRole)) func() error {
		r := store.IAMRole{AccountID: owner, RoleName: "new", TrustPolicy: trust}
		change(&r)
		return func() error { _, err := b.s.CreateRole(ctx, operator, r); return err }
	}
	named := func(name string) store.IAMUser { return store.IAMUser{AccountID: owner, UserName: name} }
	b.user(owner, "Alice")
	cases := []struct {
		name  string
		do    func() error
		kind  *fault.Kind
		words string
	}{
		{"a name with a slash", user(named("a/b")), fault.Validation, "a name has"},
		{"a path with a wildcard", user(store.IAMUser{AccountID: owner, UserName: "a", Path: "/a/*/"}), fault.Validation, "a path"},
		{"an account of eleven digits", user(store.IAMUser{AccountID: "11112222333", UserName: "a"}), fault.Validation, "12 digits"},
		{"an account that nobody knows", user(store.IAMUser{AccountID: "999999999999", UserName: "a"}), fault.NotFound, "there is no account"},
		{"a name that is taken in other letters", user(named("aLICE")), fault.Conflict, "already"},
		{"a policy that is none", user(named("a"), inline(`{}`)), fault.Validation, "Version: is missing"},
		{"a policy with a principal", user(named("a"), inline(trust)), fault.Validation, "Principal"},
		{"a policy without a name", user(named("a"), store.IAMPolicy{Document: admin}), fault.Validation, "name of a policy"},
		{"a policy of AWS that is not known", user(named("a"), store.IAMPolicy{Name: "aws:policy/Unknown"}), fault.Validation, "no such policy of AWS"},
		{"a role without a trust policy", role(func(r *store.IAMRole) { r.TrustPolicy = "" }), fault.Validation, "trust policy: "},
		{"a trust policy with a resource", role(func(r *store.IAMRole) { r.TrustPolicy = admin }), fault.Validation, "trust policy: "},
		{"a session of a minute", role(func(r *store.IAMRole) { r.MaxSessionS = 60 }), fault.Validation, "3600 to 43200"},
		{"a session of a day", role(func(r *store.IAMRole) { r.MaxSessionS = 86_400 }), fault.Validation, "3600 to 43200"},
		{"a description that is a book", role(func(r *store.IAMRole) { r.Description = strings.Repeat("x", 1001) }), fault.Validation, "1000 characters"},
		{"the name of a role of a permission set", role(func(r *store.IAMRole) { r.RoleName = "AWSReservedSSO_a_0123456789abcdef" }), fault.Validation, "AWSReservedSSO_"},
		{"the path of a role of a permission set", role(func(r *store.IAMRole) { r.Path = "/aws-reserved/sso.amazonaws.com/" }), fault.Validation, "aws-reserved"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantRefusal(t, c.do(), c.kind, c.words) })
	}
	if users, err := b.s.Users(ctx, ""); err != nil || len(users) != 1 {
		t.Errorf("users %+v, %v", users, err)
	}
}

func TestPoliciesOfAPrincipalComeAndGo(t *testing.T) {
	b := newBench(t)
	user, _ := b.user(owner, "alice")
	p := user.Principal()
	attached, known := rules.AttachedPolicy("arn:aws:iam::aws:policy/AdministratorAccess")
	if !known {
		t.Fatal("AdministratorAccess is not known")
	}
	for _, policy := range []store.IAMPolicy{inline(admin), attached, inline(allow("sts:*"))} {
		if err := b.s.PutPolicy(ctx, operator, p, policy); err != nil {
			t.Fatal(err)
		}
	}
	got, err := b.s.Policies(ctx, p)
	if err != nil || len(got) != 2 || got[0] != attached || got[1].Document != allow("sts:*") {
		t.Errorf("policies %+v, %v", got, err)
	}
	wantRefusal(t, b.s.PutPolicy(ctx, operator, p, inline(`{"Version":"2012-10-17"}`)), fault.Validation, "Statement: is missing")
	nobody := store.IAMPrincipal{AccountID: owner, Kind: store.IAMRoleKind, Name: "alice"}
	wantRefusal(t, b.s.PutPolicy(ctx, operator, nobody, inline(admin)), fault.NotFound, "there is no role alice")
	_, err = b.s.Policies(ctx, nobody)
	wantRefusal(t, err, fault.NotFound, "there is no role alice")
	if err := b.s.DeletePolicy(ctx, operator, p, "p"); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, b.s.DeletePolicy(ctx, operator, p, "p"), fault.NotFound, "has no policy p")
	for i := range rules.MaxPolicies - 1 {
		if err := b.s.PutPolicy(ctx, operator, p, store.IAMPolicy{Name: fmt.Sprint(i), Document: admin}); err != nil {
			t.Fatal(err)
		}
	}
	wantRefusal(t, b.s.PutPolicy(ctx, operator, p, inline(admin)), fault.QuotaExceeded, "at most 20")
	if err := b.s.PutPolicy(ctx, operator, p, store.IAMPolicy{Name: "0", Document: allow("sts:*")}); err != nil {
		t.Errorf("one of them in another wording: %v", err)
	}
}

func TestARoleChangesInPlace(t *testing.T) {
	b := newBench(t)
	role := b.role(owner, "app")
	newTrust, length, text := strings.Replace(trust, owner, member, 1), int64(7200), "of the blue team"
	err := b.s.UpdateRole(ctx, operator, owner, "app", RoleChange{TrustPolicy: &newTrust, MaxSessionS: &length, Description: &text})
	if err != nil {
		t.Fatal(err)
	}
	roles, err := b.s.Roles(ctx, owner)
	if err != nil || len(roles) != 1 {
		t.Fatal(roles, err)
	}
	if got := roles[0]; got.TrustPolicy != newTrust || got.MaxSessionS != length || got.Description != text || got.RoleID != role.RoleID {
		t.Errorf("role %+v", got)
	}
	wrong := int64(1)
	wantRefusal(t, b.s.UpdateRole(ctx, operator, owner, "app", RoleChange{MaxSessionS: &wrong}), fault.Validation, "3600")
	wantRefusal(t, b.s.UpdateRole(ctx, operator, owner, "App", RoleChange{}), fault.NotFound, "there is no role App")
}

// Attack admin-delete-recreate: who gets the name of somebody who was deleted is not let in by policies that meant the other one.
func TestPoliciesDoNotMeanWhoeverGetsTheNameOfADeletedPrincipal(t *testing.T) {
	trusting := func(principal string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"}]}`
	}
	acting := func(principal string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + principal + `"]},"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}]}`
	}
	cases := []struct {
		name   string
		create func(b *bench) store.IAMPrincipal
		names  []string // by which a policy names the principal
	}{
		{"a user", func(b *bench) store.IAMPrincipal { user, _ := b.user(owner, "bob"); return user.Principal() },
			[]string{"arn:aws:iam::" + owner + ":user/bob"}},
		{"a role", func(b *bench) store.IAMPrincipal { return b.role(owner, "bob").Principal() },
			[]string{"arn:aws:iam::" + owner + ":role/team/bob", ""}}, // the second is that of the session of its key
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			p := c.create(b)
			first := b.find(b.key(p).AccessKeyID, "").Signer
			for i, name := range c.names {
				if name == "" {
					name = first.ARN
				}
				trust := trusting(name)
				if _, err := b.s.CreateRole(ctx, operator, store.IAMRole{AccountID: owner, RoleName: fmt.Sprint("trusting", i), TrustPolicy: trust}); err != nil {
					t.Fatal(err)
				}
				b.Update(func(tx *store.Tx) error {
					return tx.PutApplication(store.Application{ApplicationID: fmt.Sprint("apl-", i), InstanceID: instance, ActorPolicy: acting(name)})
				})
			}
			reached := func(signer api.Signer) (decisions []policy.Decision) {
				b.Update(func(tx *store.Tx) error {
					for i := range c.names {
						role, _, err := tx.IAMRole(owner, fmt.Sprint("trusting", i))
						if err != nil {
							return err
						}
						application, _, err := tx.Application(fmt.Sprint("apl-", i))
						if err != nil {
							return err
						}
						for kind, document := range map[policy.Kind]string{policy.Trust: role.TrustPolicy, policy.Resource: application.ActorPolicy} {
							parsed, err := policy.Parse([]byte(document), kind)
							if err != nil {
								t.Fatalf("%s: %v", document, err)
							}
							action := map[policy.Kind]string{policy.Trust: "sts:AssumeRole", policy.Resource: "sso-oauth:CreateTokenWithIAM"}[kind]
							decisions = append(decisions, policy.Set{{Policy: parsed}}.Evaluate(&policy.Request{Action: action, Principal: creds.Principal(&signer)}).Decision)
						}
					}
					return nil
				})
				return decisions
			}
			if slices.Contains(reached(first), policy.ImplicitDeny) {
				t.Fatal("the policies do not name the first")
			}
			if err := b.s.DeletePrincipal(ctx, operator, p); err != nil {
				t.Fatal(err)
			}
			if slices.Contains(reached(first), policy.ImplicitDeny) {
				t.Error("the policies no longer say whom they meant")
			}
			c.create(b)
			second := b.find(b.key(p).AccessKeyID, "").Signer
			second.ARN = first.ARN // a session of the same name
			if slices.Contains(reached(second), policy.Allow) {
				t.Error("the policies name the second, too")
			}
		})
	}
}

func TestAKeyLivesAndIsReplaced(t *testing.T) {
	b := newBench(t)
	user, first := b.user(owner, "alice")
	p := user.Principal()
	second := b.key(p)
	_, err := b.s.CreateAccessKey(ctx, operator, p)
	wantRefusal(t, err, fault.QuotaExceeded, "two active keys")
	third, err := b.s.RotateAccessKey(ctx, operator, first.AccessKeyID)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{first.AccessKeyID: false, second.AccessKeyID: true, third.AccessKeyID: true} {
		if b.find(id, "").Known != want {
			t.Errorf("key %s is known: %t", id, !want)
		}
	}
	if b.find(third.AccessKeyID, "").Secret != third.Secret {
		t.Error("the new key has another secret than was shown")
	}
	_, err = b.s.RotateAccessKey(ctx, operator, first.AccessKeyID)
	wantRefusal(t, err, fault.Conflict, "is not active")
	wantRefusal(t, b.s.SetAccessKeyStatus(ctx, operator, first.AccessKeyID, store.KeyActive), fault.QuotaExceeded, "two active keys")
	wantRefusal(t, b.s.SetAccessKeyStatus(ctx, operator, first.AccessKeyID, "Sleeping"), fault.Validation, "Active or Inactive")
	for _, status := range []string{store.KeyInactive, store.KeyInactive} {
		if err := b.s.SetAccessKeyStatus(ctx, operator, second.AccessKeyID, status); err != nil {
			t.Error(err)
		}
	}
	if err := b.s.SetAccessKeyStatus(ctx, operator, first.AccessKeyID, store.KeyActive); err != nil || !b.find(first.AccessKeyID, "").Known {
		t.Errorf("the key was not activated: %v", err)
	}
	if err := b.s.DeleteAccessKey(ctx, operator, third.AccessKeyID); err != nil || b.find(third.AccessKeyID, "").Known {
		t.Errorf("the key was not deleted: %v", err)
	}
	wantRefusal(t, b.s.DeleteAccessKey(ctx, operator, third.AccessKeyID), fault.NotFound, "there is no access key")
	all, err := b.s.AccessKeys(ctx, p)
	if err != nil || len(all) != 2 {
		t.Errorf("keys %+v, %v", all, err)
	}
	for _, key := range all {
		if key.SealedSecret == "" || strings.Contains(key.SealedSecret, first.Secret) {
			t.Error("a secret is stored as it is")
		}
	}
	_, err = b.s.CreateAccessKey(ctx, operator, store.IAMPrincipal{AccountID: member, Kind: store.IAMUserKind, Name: "alice"})
	wantRefusal(t, err, fault.NotFound, "there is no user alice")
}

func TestRotationDoesNotPileUpKeys(t *testing.T) {
	b := newBench(t)
	_, key := b.user(owner, "alice")
	var err error
	for range maxKeys - 1 {
		if key, err = b.s.RotateAccessKey(ctx, operator, key.AccessKeyID); err != nil {
			t.Fatal(err)
		}
	}
	_, err = b.s.RotateAccessKey(ctx, operator, key.AccessKeyID)
	wantRefusal(t, err, fault.QuotaExceeded, "delete those that are inactive")
	if !b.find(key.AccessKeyID, "").Known {
		t.Error("a rotation that was refused took the key")
	}
}

func TestOIDCProvidersThatAreRefused(t *testing.T) {
	b := newBench(t)
	good := Provider{AccountID: owner, URL: "https://login.example.com/tenant", ClientIDs: []string{"app"}}
	providerARN, err := b.s.CreateOIDCProvider(ctx, operator, good)
	if err != nil || providerARN != "arn:aws:iam::111122223333:oidc-provider/login.example.com/tenant" {
		t.Fatal(providerARN, err)
	}
	if _, err := b.s.CreateOIDCProvider(ctx, operator, Provider{AccountID: owner, URL: "http://127.0.0.1:5556/dex", ClientIDs: []string{"app"}}); err != nil {
		t.Errorf("one on this machine: %v", err)
	}
	for _, c := range []struct {
		name, url, words string
		change           func(*Provider)
	}{
		{"one that is there", good.URL, "already", nil},
		{"one that differs in its scheme from one that is there", "https://127.0.0.1:5556/dex", "already", nil},
		{"plain HTTP elsewhere", "http://login.example.com", "https://", nil},
		{"no scheme", "login.example.com", "absolute", nil},
		{"a query", "https://login.example.com/?a=b", "no query", nil},
		{"a fragment", "https://login.example.com/#a", "no query and no fragment", nil},
		{"a user", "https://a@login.example.com", "no user", nil},
		{"a wildcard", "https://*.example.com", "does not fit into an ARN", nil},
		{"no client ids", "https://b.example.com", "client ids", func(p *Provider) { p.ClientIDs = nil }},
		{"an empty client id", "https://b.example.com", "a client id", func(p *Provider) { p.ClientIDs = []string{""} }},
		{"keys that are none", "https://b.example.com", "static keys", func(p *Provider) { p.JWKS = "[]" }},
		{"keys that verify nothing", "https://b.example.com", "static keys", func(p *Provider) { p.JWKS = `{"keys":[]}` }},
		{"an account that nobody knows", "https://b.example.com", "there is no account", func(p *Provider) { p.AccountID = "999999999999" }},
	} {
		p := good
		if p.URL = c.url; c.change != nil {
			c.change(&p)
		}
		_, err := b.s.CreateOIDCProvider(ctx, operator, p)
		if refusal, ok := fault.As(err); !ok || !strings.Contains(refusal.Message, c.words) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	good.ClientIDs = []string{"app", "other"}
	if err := b.s.UpdateOIDCProvider(ctx, operator, good); err != nil {
		t.Error(err)
	}
	all, err := b.s.OIDCProviders(ctx, owner)
	if err != nil || len(all) != 2 || all[1].ClientIDs != `["app","other"]` {
		t.Errorf("providers %+v, %v", all, err)
	}
	if err := b.s.DeleteOIDCProvider(ctx, operator, owner, good.URL); err != nil {
		t.Error(err)
	}
	wantRefusal(t, b.s.DeleteOIDCProvider(ctx, operator, owner, good.URL), fault.NotFound, "has no OpenID provider")
	wantRefusal(t, b.s.UpdateOIDCProvider(ctx, operator, good), fault.NotFound, "has no OpenID provider")
}

func TestEveryChangeIsRecordedOnceAndWithoutSecrets(t *testing.T) {
	b := newBench(t)
	count := func() int64 {
		rows, _, err := b.s.Store.Counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return rows["audit_event"]
	}
	user, err := b.s.CreateUser(ctx, operator, store.IAMUser{AccountID: owner, UserName: "alice"}, inline(admin))
	if err != nil {
		t.Fatal(err)
	}
	p := user.Principal()
	provider := Provider{AccountID: owner, URL: "https://login.example.com", ClientIDs: []string{"app"}}
	var key Key
	text := "text"
	for _, step := range []struct {
		name string
		do   func() error
		rows int64
	}{
		{"a user that is there", func() error { _, err := b.s.CreateUser(ctx, operator, user); return must(t, err) }, 0},
		{"a role", func() error {
			_, err := b.s.CreateRole(ctx, operator, store.IAMRole{AccountID: owner, RoleName: "r", TrustPolicy: trust})
			return err
		}, 1},
		{"a change of a role", func() error { return b.s.UpdateRole(ctx, operator, owner, "r", RoleChange{Description: &text}) }, 1},
		{"a policy", func() error { return b.s.PutPolicy(ctx, operator, p, inline(admin)) }, 1},
		{"no policy", func() error { return b.s.DeletePolicy(ctx, operator, p, "p") }, 1},
		{"a key", func() (err error) { key, err = b.s.CreateAccessKey(ctx, operator, p); return err }, 1},
		{"a key that rests", func() error { return b.s.SetAccessKeyStatus(ctx, operator, key.AccessKeyID, store.KeyInactive) }, 1},
		{"a key that rests already", func() error { return b.s.SetAccessKeyStatus(ctx, operator, key.AccessKeyID, store.KeyInactive) }, 0},
		{"a key that works", func() error { return b.s.SetAccessKeyStatus(ctx, operator, key.AccessKeyID, store.KeyActive) }, 1},
		{"a key in its place", func() (err error) { key, err = b.s.RotateAccessKey(ctx, operator, key.AccessKeyID); return err }, 1},
		{"no key", func() error { return b.s.DeleteAccessKey(ctx, operator, key.AccessKeyID) }, 1},
		{"a provider", func() error { _, err := b.s.CreateOIDCProvider(ctx, operator, provider); return err }, 1},
		{"a change of a provider", func() error { return b.s.UpdateOIDCProvider(ctx, operator, provider) }, 1},
		{"no provider", func() error { return b.s.DeleteOIDCProvider(ctx, operator, owner, provider.URL) }, 1},
		{"no user", func() error { return b.s.DeletePrincipal(ctx, operator, p) }, 1},
	} {
		before := count()
		if err := step.do(); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		if got := count() - before; got != step.rows {
			t.Errorf("%s: %d rows, want %d", step.name, got, step.rows)
		}
	}
}

// must takes a refusal for what was to be.
func must(t *testing.T, err error) error {
	t.Helper()
	if _, refused := fault.As(err); !refused {
		t.Errorf("not refused: %v", err)
	}
	return nil
}
