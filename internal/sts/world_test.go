package sts

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/assertion"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/iam"
	"sallyport/internal/policy"
	"sallyport/internal/store"
	"sallyport/internal/testbed"
	"sallyport/internal/trace"
)

const (
	home     = "111122223333"
	abroad   = "444455556666"
	instance = testbed.InstanceID

	applicationARN = "arn:aws:sso::111122223333:application/ssoins-1111111111111111/apl-2222222222222222"
)

var ctx = context.Background()

// bench is the service on a real store, with the room that finds keys and gathers policies beside it.
type bench struct {
	*testbed.Bed
	t   testing.TB
	s   *Service
	iam *iam.Service
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, Bed: testbed.New(t)}
	b.iam = iam.New(iam.Options{Store: b.Store, Ring: b.Ring, Clock: b.Clock, Log: b.Log})
	b.s = New(Options{
		Store: b.Store, Ring: b.Ring, Clock: b.Clock, Log: b.Log, Access: b.iam.Access,
		Assertions: assertion.New(assertion.Options{Now: b.Clock.Now}),
	})
	b.Update(func(tx *store.Tx) error {
		return tx.PutInstance(store.Instance{InstanceID: instance, OwnerAccountID: "999988887777"})
	})
	return b
}

func (b *bench) parse(document string, kind policy.Kind) *policy.Policy {
	b.t.Helper()
	p, err := policy.Parse([]byte(document), kind)
	if err != nil {
		b.t.Fatalf("%s: %v", document, err)
	}
	return p
}

// statements makes a document.
func statements(list ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`
}

// trusts is a statement of a trust policy that lets a principal take the actions, under a condition or none.
func trusts(principal, condition string, actions ...string) string {
	list, _ := json.Marshal(actions)
	text := `{"Effect":"Allow","Principal":` + principal + `,"Action":` + string(list)
	if condition != "" {
		text += `,"Condition":` + condition
	}
	return text + `}`
}

func awsPrincipal(text string) string { return `{"AWS":"` + text + `"}` }

// role makes a role of the account at home.
func (b *bench) role(name string, trust string) string { return b.roleIn(home, "/", name, trust, 3600) }

func (b *bench) roleIn(account, path, name, trust string, maxSession int64) string {
	b.t.Helper()
	b.parse(trust, policy.Trust)
	b.Update(func(tx *store.Tx) error {
		_, err := tx.AddIAMRole(store.IAMRole{
			AccountID: account, RoleName: name, Path: path, RoleID: "AROA" + strings.Repeat("A", 17), TrustPolicy: trust, MaxSessionS: maxSession,
		})
		return err
	})
	return arn.Role{Account: account, Path: path, Name: name}.String()
}

// user makes a user with an identity policy, or none, and returns the user as who signs.
func (b *bench) user(account, name, identity string) api.Caller {
	b.t.Helper()
	user := store.IAMUser{AccountID: account, UserName: name, Path: "/staff/", UserID: "AIDA" + strings.Repeat("B", 17)}
	id, _ := creds.NewAccessKey()
	b.Update(func(tx *store.Tx) error {
		if _, err := tx.AddIAMUser(user); err != nil {
			return err
		}
		if err := tx.AddAccessKey(store.AccessKey{
			AccessKeyID: id, SealedSecret: creds.SealAccessKeySecret(b.s.Ring, id, "secret"), AccountID: account, UserName: name,
		}); err != nil || identity == "" {
			return err
		}
		return tx.PutIAMPolicy(user.Principal(), store.IAMPolicy{Name: "own", Document: identity})
	})
	return b.signed(id, "")
}

// forget removes all users and roles.
func (b *bench) forget() {
	b.t.Helper()
	b.Update(func(tx *store.Tx) error {
		users, err := tx.IAMUsers("")
		if err != nil {
			return err
		}
		roles, err := tx.IAMRoles("")
		if err != nil {
			return err
		}
		for _, user := range users {
			if _, err := tx.DeleteIAMUser(user.AccountID, user.UserName); err != nil {
				return err
			}
		}
		for _, role := range roles {
			if _, err := tx.DeleteIAMRole(role.AccountID, role.RoleName); err != nil {
				return err
			}
		}
		return nil
	})
}

// give puts an identity policy on a role.
func (b *bench) give(account, role, identity string) {
	b.t.Helper()
	b.Update(func(tx *store.Tx) error {
		return tx.PutIAMPolicy(store.IAMPrincipal{AccountID: account, Kind: store.IAMRoleKind, Name: role}, store.IAMPolicy{Name: "own", Document: identity})
	})
}

// find looks up a key as the rim does.
func (b *bench) find(accessKeyID, sessionToken string) api.Key {
	b.t.Helper()
	key, err := b.iam.FindKey(ctx, accessKeyID, sessionToken)
	if err != nil {
		b.t.Fatal(err)
	}
	return key
}

// vend makes credentials of a permission set that live for an hour.
func (b *bench) vend() creds.RoleCredentials {
	return creds.VendRole(b.s.Ring, creds.Role{
		Account: home, RoleName: "AWSReservedSSO_Admin_0123456789abcdef", SessionName: "alice", UserID: "u-1",
		ExpiresAt: b.Clock.Now().Add(time.Hour).UnixMilli(),
	})
}

// signed is who signs with a key.
func (b *bench) signed(accessKeyID, sessionToken string) api.Caller {
	b.t.Helper()
	key := b.find(accessKeyID, sessionToken)
	if !key.Known || key.Expired {
		b.t.Fatalf("the key %s is %+v", accessKeyID, key)
	}
	return api.Caller{RequestID: "r-1", Address: netip.MustParseAddr("203.0.113.7"), Signer: &key.Signer}
}

// with is who signs with credentials that were vended.
func (b *bench) with(c *api.SessionCredentials) api.Caller {
	b.t.Helper()
	return b.signed(c.AccessKeyID, c.SessionToken)
}

func (b *bench) assume(caller api.Caller, in api.AssumeRoleRequest) (*api.AssumeRoleResponse, error) {
	if in.RoleSessionName == "" {
		in.RoleSessionName = "session"
	}
	return b.s.AssumeRole(ctx, caller, &in)
}

// mustAssume is assume where nothing may refuse.
func (b *bench) mustAssume(caller api.Caller, in api.AssumeRoleRequest) *api.AssumeRoleResponse {
	b.t.Helper()
	out, err := b.assume(caller, in)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// refused checks that an error is a refusal of the kind that says the text.
func refused(t testing.TB, err error, kind *fault.Kind, says string) {
	t.Helper()
	refusal, ok := fault.As(err)
	if !ok || refusal.Kind != kind || !strings.Contains(refusal.Message, says) {
		t.Errorf("got %v, want %s that says %q", err, kind.Name, says)
	}
}

// traced runs fn with a trace and returns what it says.
func traced(fn func(ctx context.Context)) string {
	ctx, t := trace.With(context.Background())
	fn(ctx)
	var b strings.Builder
	t.Record().Text(&b, trace.ASCII)
	return b.String()
}

// person makes a person with a session at an application, and returns the context that the application has of it.
func (b *bench) person(kind creds.ContextKind) string {
	b.t.Helper()
	b.Update(func(tx *store.Tx) error {
		if err := tx.PutUser(store.User{UserID: "u-1", UserName: "alice", Status: store.StatusEnabled}); err != nil {
			return err
		}
		if err := tx.PutApplication(store.Application{
			ApplicationID: "apl-2222222222222222", InstanceID: instance, AccountID: home, Name: "app", Status: store.StatusEnabled,
		}); err != nil {
			return err
		}
		return tx.AddSession(store.Session{
			SessionID: "s-1", UserID: "u-1", ClientID: "apl-2222222222222222", ApplicationID: "apl-2222222222222222", CreatedAt: tx.Millis(),
			EndsAt: tx.Now.Add(8 * time.Hour).UnixMilli(),
		})
	})
	return b.context(creds.Context{Kind: kind})
}

// context seals a context of the person, with what is set in c in place of what is usual.
func (b *bench) context(c creds.Context) string {
	b.t.Helper()
	usual := creds.Context{
		Kind: c.Kind, UserID: "u-1", IdentityStoreARN: "arn:aws:identitystore::111122223333:identitystore/d-1234567890",
		InstanceARN: "arn:aws:sso:::instance/" + instance, ApplicationARN: applicationARN, CredentialID: "c-1", SessionID: "s-1",
		ExpiresAt: b.Clock.Now().Add(time.Hour).UnixMilli(),
	}
	if c.UserID != "" {
		usual.UserID = c.UserID
	}
	if c.SessionID != "" {
		usual.SessionID = c.SessionID
	}
	text, ok := creds.SealContext(b.s.Ring, b.s.Ring.CurrentKeyID(), usual)
	if !ok {
		b.t.Fatal("the context was not sealed")
	}
	return text
}

func provide(text string) []api.ProvidedContext {
	return []api.ProvidedContext{{ProviderARN: arn.IdentityCenterContext, ContextAssertion: text}}
}

// provider is an OpenID provider whose keys are configured.
type provider struct {
	t   testing.TB
	key *ecdsa.PrivateKey
	url string
}

// registered makes a provider and registers it in the account at home.
func (b *bench) registered(url string, clients ...string) *provider {
	b.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	p := &provider{b.t, key, url}
	ids, _ := json.Marshal(clients)
	b.Update(func(tx *store.Tx) error {
		_, err := tx.AddOIDCProvider(store.OIDCProvider{AccountID: home, URL: url, ClientIDs: string(ids), JWKS: p.jwks()})
		return err
	})
	return p
}

func base64URL(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func (p *provider) jwks() string {
	point, err := p.key.PublicKey.Bytes()
	if err != nil {
		p.t.Fatal(err)
	}
	return `{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","use":"sig","x":"` + base64URL(point[1:33]) + `","y":"` + base64URL(point[33:]) + `"}]}`
}

func (p *provider) sign(claims map[string]any) string {
	p.t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		p.t.Fatal(err)
	}
	input := base64URL([]byte(`{"alg":"ES256","kid":"k1","typ":"JWT"}`)) + "." + base64URL(body)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, p.key, sum[:])
	if err != nil {
		p.t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + base64URL(signature)
}
