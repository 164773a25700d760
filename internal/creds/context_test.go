package creds

import (
	"strings"
	"testing"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// someContext has ids of the lengths that AWS's have.
func someContext(kind ContextKind) Context {
	return Context{
		Kind: kind, UserID: "730448f2e0-730448f2-e0a1-70a7-c954-000000000000",
		IdentityStoreARN: "arn:aws:identitystore::111122223333:identitystore/d-1234567890",
		InstanceARN:      "arn:aws:sso:::instance/ssoins-1111111111111111",
		ApplicationARN:   "arn:aws:sso::111122223333:application/ssoins-1111111111111111/apl-2222222222222222",
		CredentialID:     strings.Repeat("A", 64), SessionID: "00cpv1rg0005gn9bb0d7p3k2s8", ExpiresAt: 1_900_000_000_000,
	}
}

func TestContextsReadBackAsWhatTheyAreAndFitIntoAssumeRole(t *testing.T) {
	n := newNode(t)
	other := n.beside(t)
	for _, kind := range []ContextKind{IdentityContext, AuditContext} {
		text, ok := SealContext(n.ring, n.ring.CurrentKeyID(), someContext(kind))
		if !ok || len(text) > MaxContext || len(text) < 4 {
			t.Fatalf("sealed %v to %d characters, %v", kind, len(text), ok)
		}
		if got, ok := OpenContext(other, text); !ok || got != someContext(kind) {
			t.Errorf("on another node it reads %+v, %v", got, ok)
		}
		if again, _ := SealContext(n.ring, n.ring.CurrentKeyID(), someContext(kind)); again != text {
			t.Error("the same context gave another text")
		}
	}
}

func TestNoKindOfContextPassesForAnotherOrForAToken(t *testing.T) {
	n := newNode(t)
	key := n.ring.CurrentKeyID()
	identity, _ := SealContext(n.ring, key, someContext(IdentityContext))
	audit, _ := SealContext(n.ring, key, someContext(AuditContext))
	if identity == audit {
		t.Fatal("the two kinds have the same text")
	}
	if got, ok := OpenContext(n.ring, audit); !ok || got.Kind != AuditContext {
		t.Errorf("an audit context reads as kind %v, %v", got.Kind, ok)
	}
	for name, text := range map[string]string{
		"an access token":               n.access(t, AccessToken{SessionID: "s", ExpiresAt: 1}),
		"an access token, bare":         strings.TrimPrefix(n.access(t, AccessToken{SessionID: "s", ExpiresAt: 1}), accessPrefix),
		"a refresh token, bare":         strings.TrimPrefix(n.refresh(t, RefreshToken{SessionID: "s", Generation: 1}), refreshPrefix),
		"a session token":               VendRole(n.ring, someRole).SessionToken,
		"a shortened context":           identity[:len(identity)-1],
		"a context with something more": identity + "AAAA",
		"two contexts":                  identity + audit,
		"nothing":                       "",
	} {
		if _, ok := OpenContext(n.ring, text); ok {
			t.Errorf("%s opens as a context", name)
		}
	}
	for name, text := range map[string]string{"identity": identity, "audit": audit} {
		if _, ok := OpenAccess(n.ring, accessPrefix+text); ok {
			t.Errorf("an %s context opens as an access token", name)
		}
		if _, ok := OpenRole(n.ring, text); ok {
			t.Errorf("an %s context opens as a session token", name)
		}
	}
}

func TestAContextThatAssumeRoleWouldNotTakeIsNotSealed(t *testing.T) {
	n := newNode(t)
	c := someContext(IdentityContext)
	c.ApplicationARN = strings.Repeat("a", MaxContext)
	if _, ok := SealContext(n.ring, n.ring.CurrentKeyID(), c); ok {
		t.Error("a context of more than 2,048 characters was sealed")
	}
	if _, ok := SealContext(n.ring, "00000000", someContext(IdentityContext)); ok {
		t.Error("a context was sealed under a key that the ring does not have")
	}
	if _, ok := SealContext(n.ring, n.ring.CurrentKeyID(), someContext(ContextKind(2))); ok {
		t.Error("a context of no kind was sealed")
	}
}

func TestABearerOfAnApplicationIsLetInWhileTheApplicationIsEnabled(t *testing.T) {
	put := func(status string) func(tx *store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.PutApplication(store.Application{ApplicationID: "apl-1", Status: status})
		}
	}
	for _, c := range []struct {
		name   string
		change func(tx *store.Tx) error
		letIn  bool
	}{
		{"enabled", put(store.StatusEnabled), true},
		{"disabled", put(store.StatusDisabled), false},
		{"gone", func(tx *store.Tx) error { return tx.DeleteApplication("apl-1") }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNode(t)
			n.settle(t, store.StatusEnabled)
			n.update(t, put(store.StatusEnabled))
			n.update(t, func(tx *store.Tx) error {
				return tx.AddSession(store.Session{SessionID: "of", UserID: "u", ApplicationID: "apl-1", EndsAt: tx.Now.Add(time.Hour).UnixMilli()})
			})
			n.update(t, c.change)
			text := n.access(t, AccessToken{SessionID: "of", Scopes: "openid", ExpiresAt: n.clock.Now().Add(time.Hour).UnixMilli()})
			_, err := Authenticate(ctx, n.rows, n.ring, text)
			if refusal, refused := fault.As(err); (err == nil) != c.letIn || refused && refusal.Kind != fault.Unauthorized {
				t.Errorf("let in: %v, want %v", err, c.letIn)
			}
		})
	}
}

func TestAnApplicationOpensThePortalWithTheScopeOnly(t *testing.T) {
	for scopes, want := range map[string]bool{"": false, "openid aws": false, "openid " + string(oauth.ScopeAccountAccess): true} {
		bearer := Bearer{Token: AccessToken{Scopes: scopes}, Session: store.Session{ApplicationID: "apl-1"}}
		if got := bearer.GrantsPortalAccess(); got != want {
			t.Errorf("scopes %q open the portal: %v, want %v", scopes, got, want)
		}
	}
}

func FuzzOpenContext(f *testing.F) {
	n := newNode(f)
	text, _ := SealContext(n.ring, n.ring.CurrentKeyID(), someContext(AuditContext))
	f.Add(text[1:])
	f.Add("")
	f.Fuzz(func(t *testing.T, other string) {
		if got, ok := OpenContext(n.ring, other); ok && other != text {
			t.Errorf("%q opens as %+v", other, got)
		}
	})
}
