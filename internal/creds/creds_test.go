package creds

import (
	"context"
	"encoding/base64"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

var ctx = context.Background()

const instance = "ssoins-1111111111111111"

// node is one of the processes that share a store: it has a ring of its own.
type node struct {
	rows  *store.Store
	ring  *keys.Ring
	root  keys.RootKey
	clock *sys.Clock
}

func newNode(t testing.TB) *node {
	t.Helper()
	n := &node{clock: &sys.Clock{}}
	dir := t.TempDir()
	var err error
	if n.rows, err = store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Rehearse: testdb.Rehearse(), Clock: n.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.rows.Close() })
	if n.root, err = keys.RootKeyFile(filepath.Join(dir, "root.key")); err != nil {
		t.Fatal(err)
	}
	n.ring = n.beside(t)
	return n
}

// beside returns the ring of another node on the same store.
func (n *node) beside(t testing.TB) *keys.Ring {
	t.Helper()
	ring, err := keys.Open(ctx, n.rows, n.root, instance)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func (n *node) update(t testing.TB, fn func(*store.Tx) error) {
	t.Helper()
	if err := n.rows.Update(ctx, fn); err != nil {
		t.Fatal(err)
	}
}

func (n *node) access(t testing.TB, token AccessToken) string {
	t.Helper()
	text, ok := SealAccess(n.ring, n.ring.CurrentKeyID(), token)
	if !ok {
		t.Fatal("the token was not sealed")
	}
	return text
}

func (n *node) refresh(t testing.TB, token RefreshToken) string {
	t.Helper()
	text, ok := SealRefresh(n.ring, n.ring.CurrentKeyID(), token)
	if !ok {
		t.Fatal("the token was not sealed")
	}
	return text
}

var someRole = Role{
	Account: "111122223333", RoleName: "AWSReservedSSO_Admin_0123456789abcdef", SessionName: "alice", UserID: "u-1",
	ExpiresAt: 1_900_000_000_000,
}

func TestTokensReadBackAsWhatTheyAre(t *testing.T) {
	n := newNode(t)
	access := AccessToken{SessionID: "s", Scopes: "openid sso:account:access", ExpiresAt: 1_900_000_000_000}
	refresh := RefreshToken{SessionID: "s", Generation: 7}
	for name, ring := range map[string]*keys.Ring{"here": n.ring, "on another node": n.beside(t)} {
		if got, ok := OpenAccess(ring, n.access(t, access)); !ok || got != access {
			t.Errorf("%s the access token reads %+v, %v", name, got, ok)
		}
		if got, ok := OpenRefresh(ring, n.refresh(t, refresh)); !ok || got != refresh {
			t.Errorf("%s the refresh token reads %+v, %v", name, got, ok)
		}
	}
}

func TestNoKindOfTokenPassesForAnother(t *testing.T) {
	n := newNode(t)
	vended := VendRole(n.ring, someRole)
	access := n.access(t, AccessToken{SessionID: "s", ExpiresAt: 1})
	refresh := n.refresh(t, RefreshToken{SessionID: "s", Generation: 1})
	texts := map[string]string{
		"an access token":                        access,
		"a refresh token":                        refresh,
		"a session token":                        vended.SessionToken,
		"a sealed secret":                        SealAccessKeySecret(n.ring, "AKIA1", "secret"),
		"an access token with another prefix":    refreshPrefix + strings.TrimPrefix(access, accessPrefix),
		"a refresh token with another prefix":    accessPrefix + strings.TrimPrefix(refresh, refreshPrefix),
		"a session token with an access prefix":  accessPrefix + vended.SessionToken,
		"a session token with a refresh prefix":  refreshPrefix + vended.SessionToken,
		"an access token without its prefix":     strings.TrimPrefix(access, accessPrefix),
		"a refresh token without its prefix":     strings.TrimPrefix(refresh, refreshPrefix),
		"an access token with its prefix twice":  accessPrefix + access,
		"an access token in another letter case": strings.ToUpper(access),
		"a shortened access token":               access[:len(access)-1],
		"a lengthened access token":              access + "A",
		"an access token with a line break":      access[:10] + "\n" + access[10:],
		"nothing":                                "",
		"a prefix alone":                         accessPrefix,
	}
	for name, text := range texts {
		if _, ok := OpenAccess(n.ring, text); ok != (name == "an access token") {
			t.Errorf("%s is read as an access token: %v", name, ok)
		}
		if _, ok := OpenRefresh(n.ring, text); ok != (name == "a refresh token") {
			t.Errorf("%s is read as a refresh token: %v", name, ok)
		}
		if _, ok := OpenRole(n.ring, text); ok != (name == "a session token") {
			t.Errorf("%s is read as a session token: %v", name, ok)
		}
		if _, ok := OpenAccessKeySecret(n.ring, "AKIA1", text); ok != (name == "a sealed secret") {
			t.Errorf("%s is read as the secret of an access key: %v", name, ok)
		}
	}
}

// The layouts of the tokens differ, which would hide it if one purpose were used for two kinds.
func TestKindsOfTokensAreSealedForPurposesOfTheirOwn(t *testing.T) {
	n := newNode(t)
	purposes := []string{purposeAccess, purposeRefresh, purposeSessionToken, purposeAccessKey}
	for i, sealedFor := range purposes {
		text := n.ring.Seal(sealedFor, []byte("message"))
		for k, openedFor := range purposes {
			if _, err := n.ring.Open(openedFor, text); (err == nil) != (i == k) {
				t.Errorf("sealed for %s, opened for %s: %v", sealedFor, openedFor, err)
			}
		}
	}
}

func TestRoleCredentialsAreTheSameOnEveryNodeAndAfterARotation(t *testing.T) {
	n := newNode(t)
	other := n.beside(t)
	before := VendRole(n.ring, someRole)
	if _, err := n.ring.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	after := VendRole(n.ring, someRole)
	for name, vended := range map[string]RoleCredentials{"vended before a rotation": before, "vended after it": after} {
		for place, ring := range map[string]*keys.Ring{"here": n.ring, "on a node that has not seen it": other, "on a new node": n.beside(t)} {
			got, ok := OpenRole(ring, vended.SessionToken)
			if !ok || !reflect.DeepEqual(got, vended) {
				t.Errorf("credentials %s read %s as %+v, %v, want %+v", name, place, got, ok, vended)
			}
		}
	}
	if before.SecretAccessKey == after.SecretAccessKey || before.AccessKeyID == after.AccessKeyID {
		t.Error("two vendings have a secret or an id in common")
	}
}

func TestCredentialsOfAnotherInstallationDoNotOpen(t *testing.T) {
	here, there := newNode(t), newNode(t)
	if _, ok := OpenRole(there.ring, VendRole(here.ring, someRole).SessionToken); ok {
		t.Error("a session token opens elsewhere")
	}
	if _, ok := OpenAccess(there.ring, here.access(t, AccessToken{SessionID: "s", ExpiresAt: 1})); ok {
		t.Error("an access token opens elsewhere")
	}
}

func TestEveryChangeOfASessionTokenIsNoticed(t *testing.T) {
	n := newNode(t)
	token := VendRole(n.ring, someRole).SessionToken
	for i := range token {
		changed := []byte(token)
		changed[i] = 'A'
		if token[i] == 'A' {
			changed[i] = 'B'
		}
		if _, ok := OpenRole(n.ring, string(changed)); ok {
			t.Fatalf("a change at %d passes", i)
		}
	}
}

var (
	accessKeyForm = regexp.MustCompile(`^(ASIA|AKIA)[A-Z2-7]{16}$`)
	secretForm    = regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`)
	uniqueForm    = regexp.MustCompile(`^(AROA|AIDA)[A-Z2-7]{17}$`)
	roleForm      = regexp.MustCompile(`^AWSReservedSSO_Admin_[0-9a-f]{16}$`)
)

func TestIdentifiersLookAsIAMWritesThem(t *testing.T) {
	n := newNode(t)
	vended := VendRole(n.ring, someRole)
	longID, longSecret := NewAccessKey()
	roleID, session, _ := strings.Cut(vended.AssumedRoleID(), ":")
	for _, c := range []struct {
		what, got string
		form      *regexp.Regexp
	}{
		{"access key id of a role", vended.AccessKeyID, accessKeyForm},
		{"secret of a role", vended.SecretAccessKey, secretForm},
		{"long-lived access key id", longID, accessKeyForm},
		{"long-lived secret", longSecret, secretForm},
		{"unique id of a role", roleID, uniqueForm},
		{"unique id of a user", UserID("admin"), uniqueForm},
		{"name of the role", ReservedRoleName("Admin", "ps-1", "111122223333"), roleForm},
	} {
		if !c.form.MatchString(c.got) {
			t.Errorf("the %s is %q, want %s", c.what, c.got, c.form)
		}
	}
	if session != "alice" || !strings.HasPrefix(vended.AccessKeyID, "ASIA") || !strings.HasPrefix(longID, "AKIA") {
		t.Errorf("session %q, keys %s and %s", session, vended.AccessKeyID, longID)
	}
	if want := "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice"; vended.ARN() != want {
		t.Errorf("the ARN is %s, want %s", vended.ARN(), want)
	}
}

func TestTheRoleBehindAPermissionSetIsOneAnAccount(t *testing.T) {
	name := ReservedRoleName("Admin", "ps-1", "111122223333")
	if name != ReservedRoleName("Admin", "ps-1", "111122223333") {
		t.Error("the name changes")
	}
	for what, other := range map[string]string{
		"another account":                     ReservedRoleName("Admin", "ps-1", "444455556666"),
		"another permission set of that name": ReservedRoleName("Admin", "ps-2", "111122223333"),
	} {
		if other == name {
			t.Errorf("%s has the same role", what)
		}
	}
}

func TestASealedSecretBelongsToItsAccessKey(t *testing.T) {
	n := newNode(t)
	sealed := SealAccessKeySecret(n.ring, "AKIA1", "secret")
	if secret, ok := OpenAccessKeySecret(n.ring, "AKIA1", sealed); !ok || secret != "secret" {
		t.Errorf("got %q, %v", secret, ok)
	}
	if secret, ok := OpenAccessKeySecret(n.ring, "AKIA2", sealed); ok || secret != "" {
		t.Errorf("the secret opens in the row of another key: %q, %v", secret, ok)
	}
}

// settle puts a person and a session into the store.
func (n *node) settle(t testing.TB, status string) {
	t.Helper()
	n.update(t, func(tx *store.Tx) error {
		if err := tx.PutUser(store.User{UserID: "u", UserName: "alice", Status: status}); err != nil {
			return err
		}
		return tx.AddSession(store.Session{
			SessionID: "s", UserID: "u", SignInID: "in", CreatedAt: tx.Millis(), EndsAt: tx.Now.Add(8 * time.Hour).UnixMilli(),
		})
	})
}

func TestABearerIsLetInWhileTheTokenTheSessionAndTheUserHold(t *testing.T) {
	disable := func(tx *store.Tx) error {
		return tx.PutUser(store.User{UserID: "u", UserName: "alice", Status: store.StatusDisabled})
	}
	cases := []struct {
		name    string
		token   string // id of the session it names
		life    time.Duration
		change  func(tx *store.Tx) error
		later   time.Duration
		refused string // part of the message; empty when let in
	}{
		{name: "a token of a session that stands", token: "s", life: time.Hour},
		{name: "shortly before its end", token: "s", life: time.Hour, later: time.Hour - 20*time.Second},
		{name: "at its end", token: "s", life: time.Hour, later: time.Hour, refused: "expired"},
		{name: "after the session's end, although it says otherwise", token: "s", life: 9 * time.Hour, later: 8 * time.Hour, refused: "expired"},
		{name: "of an unknown session", token: "other", life: time.Hour, refused: "unknown"},
		{name: "of a revoked session", token: "s", life: time.Hour, refused: "revoked",
			change: func(tx *store.Tx) error { _, err := tx.RevokeSession("s", "logout"); return err }},
		{name: "of a sign-in that was ended", token: "s", life: time.Hour, refused: "revoked",
			change: func(tx *store.Tx) error { return tx.RevokeSignIn("in", "sign-out") }},
		{name: "of a disabled user", token: "s", life: time.Hour, refused: "revoked", change: disable},
		{name: "of a deleted user", token: "s", life: time.Hour, refused: "unknown",
			change: func(tx *store.Tx) error { return tx.DeleteUser("u") }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n := newNode(t)
			n.settle(t, store.StatusEnabled)
			text := n.access(t, AccessToken{SessionID: c.token, ExpiresAt: n.clock.Now().Add(c.life).UnixMilli()})
			if c.change != nil {
				n.update(t, c.change)
			}
			n.clock.Advance(c.later)
			bearer, err := Authenticate(ctx, n.rows, n.ring, text)
			if c.refused == "" {
				if err != nil || bearer.User.UserName != "alice" || bearer.Session.SessionID != "s" {
					t.Errorf("got %+v, %v", bearer, err)
				}
				return
			}
			refusal, ok := fault.As(err)
			if !ok || refusal.Kind != fault.Unauthorized || !strings.Contains(refusal.Message, c.refused) {
				t.Errorf("got %v, want a refusal that says %s", err, c.refused)
			}
			if bearer != (Bearer{}) {
				t.Errorf("a refused bearer is %+v", bearer)
			}
		})
	}
}

func TestARefreshTokenIsNoBearer(t *testing.T) {
	n := newNode(t)
	n.settle(t, store.StatusEnabled)
	_, err := Authenticate(ctx, n.rows, n.ring, n.refresh(t, RefreshToken{SessionID: "s"}))
	if refusal, ok := fault.As(err); !ok || refusal.Kind != fault.Unauthorized {
		t.Errorf("got %v", err)
	}
}

func TestAStoreThatFailsIsNoRefusal(t *testing.T) {
	n := newNode(t)
	text := n.access(t, AccessToken{SessionID: "s", ExpiresAt: 1})
	n.rows.Close()
	_, err := Authenticate(ctx, n.rows, n.ring, text)
	if _, refused := fault.As(err); err == nil || refused {
		t.Errorf("got %v, want a failure", err)
	}
}

func TestWhichScopesOpenThePortal(t *testing.T) {
	for scopes, want := range map[string]bool{
		"":                                 true, // registered without scopes
		string(oauth.ScopeAccountAccess):   true,
		"openid sso:account:access":        true,
		"openid":                           false,
		"sso:account:access,openid":        true,
		"SSO:ACCOUNT:ACCESS":               false,
		"codewhisperer:completions openid": false,
	} {
		if got := (Bearer{Token: AccessToken{Scopes: scopes}}).GrantsPortalAccess(); got != want {
			t.Errorf("scopes %q open the portal: %v, want %v", scopes, got, want)
		}
	}
}

func FuzzOpenAccess(f *testing.F) {
	n := newNode(f)
	sealed := n.access(f, AccessToken{SessionID: "s", Scopes: "openid", ExpiresAt: 1_900_000_000_000})
	for _, seed := range []string{sealed, sealed[:len(sealed)-1], sealed + "=", "aoa", "aor" + sealed[3:], "", strings.Repeat("a", 20_000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := OpenAccess(n.ring, text); ok && text != sealed {
			t.Errorf("%q opens, and was never sealed", text)
		}
	})
}

func FuzzOpenRole(f *testing.F) {
	n := newNode(f)
	sealed := VendRole(n.ring, someRole).SessionToken
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{sealed, sealed[:len(sealed)-4], base64.StdEncoding.EncodeToString(raw), string(raw), "", "AAAAAAAA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := OpenRole(n.ring, text); ok && text != sealed {
			t.Errorf("%q opens, and was never sealed", text)
		}
	})
}

func TestSessionNamesAreWhatSTSAllows(t *testing.T) {
	for userName, want := range map[string]string{
		"alice":                  "alice",
		"alice+x=1,2.3@acme-y_z": "alice+x=1,2.3@acme-y_z",
		"a/b:c d":                "a-b-c-d",
		"jürgen":                 "j-rgen",
		strings.Repeat("x", 100): strings.Repeat("x", 64),
	} {
		if got := SessionName(userName); got != want {
			t.Errorf("%q becomes %q, want %q", userName, got, want)
		}
	}
}
