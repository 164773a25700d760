package creds

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/keys"
	"sallyport/internal/store"
)

// fullRole is a role in which every field is set, one differently from the other.
func fullRole(t testing.TB) Role {
	t.Helper()
	role := Role{
		Kind: AssumedRole, Account: "111122223333", RoleName: "analyst", RolePath: "/data/", RoleID: "AROA0123456789ABCDEFG", SessionName: "alice",
		UserName: "ops", UserPath: "/staff/", IAMUserID: "AIDA0123456789ABCDEFG", UserID: "u-1", UserSessionID: "s-1",
		IssuedAt: 1_899_999_000_000, ExpiresAt: 1_900_000_000_000, Chained: true, SourceIdentity: "alice@example.com",
		FederatedProvider: "arn:aws:iam::111122223333:oidc-provider/idp.example.com",
		OnBehalfOf: &api.Person{
			UserID: "u-2", IdentityStoreARN: "arn:aws:identitystore::111122223333:identitystore/d-1234567890",
			InstanceARN: "arn:aws:sso:::instance/ssoins-1111111111111111", ApplicationARN: "arn:aws:sso::111122223333:application/ssoins-1/apl-1",
			CredentialID: "c-1", AuditOnly: true,
		},
		ContextSessionID: "s-2",
		Policies:         []string{`{"Version":"2012-10-17","Statement":[]}`, `{}`},
		Tags:             map[string]string{"team": "blue", "cost centre": ""},
		TransitiveTags:   []string{"team"},
	}
	for i, value := 0, reflect.ValueOf(role); i < value.NumField(); i++ {
		if name := value.Type().Field(i).Name; name != "AccessKeyID" && value.Field(i).IsZero() {
			t.Fatalf("the field %s of the full role is not set", name)
		}
	}
	return role
}

func TestASessionTokenCarriesEverythingOfItsRole(t *testing.T) {
	n := newNode(t)
	full := fullRole(t)
	bare := full
	bare.OnBehalfOf, bare.Policies, bare.Tags, bare.TransitiveTags = nil, nil, nil, nil
	for name, role := range map[string]Role{
		"every field": full, "no policies, tags and person": bare, "tags alone": {Tags: full.Tags}, "a policy alone": {Policies: full.Policies[:1]},
		"nothing": {},
	} {
		vended := VendRole(n.ring, role)
		if got, ok := OpenRole(n.ring, vended.SessionToken); !ok || !reflect.DeepEqual(got, vended) {
			t.Errorf("%s reads as %+v, %v, want %+v", name, got, ok, vended)
		}
		role.AccessKeyID = vended.AccessKeyID
		if !reflect.DeepEqual(vended.Role, role) {
			t.Errorf("%s is vended as %+v, want %+v", name, vended.Role, role)
		}
	}
}

func TestASessionTokenOfTheFirstLayoutStillOpens(t *testing.T) {
	n := newNode(t)
	keyID := n.ring.CurrentKeyID()
	token := n.ring.Seal(purposeSessionToken, keys.Pack(1).Text(keyID).Text("ASIAAAAAAAAAAAAAAAAA").Text("111122223333").
		Text("AWSReservedSSO_Admin_0123456789abcdef").Text("alice").Text("u-1").Int(1_900_000_000_000).Bytes())
	got, ok := OpenRole(n.ring, token)
	want := someRole
	want.AccessKeyID = "ASIAAAAAAAAAAAAAAAAA"
	if !ok || !reflect.DeepEqual(got.Role, want) || got.SecretAccessKey == "" {
		t.Errorf("got %+v, %v, want %+v", got, ok, want)
	}
	if want := "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"; got.RoleARN() != want {
		t.Errorf("its role is %s, want %s", got.RoleARN(), want)
	}
}

func TestASessionTokenOfAnUnknownLayoutDoesNotOpen(t *testing.T) {
	n := newNode(t)
	for _, layout := range []byte{0, 3, 255} {
		message := someRole.pack(origin{keyID: n.ring.CurrentKeyID()})
		message[0] = layout
		if _, ok := OpenRole(n.ring, n.ring.Seal(purposeSessionToken, message)); ok {
			t.Errorf("layout %d opens", layout)
		}
	}
}

func TestTheIDOfATemporaryKeyTellsItsAccount(t *testing.T) {
	n := newNode(t)
	for _, account := range []string{"111122223333", "000000000001", "999999999999", "000000000000"} {
		id := VendRole(n.ring, Role{Account: account}).AccessKeyID
		if got, ok := AccountOfKey(id); !ok || got != account || len(id) != 20 {
			t.Errorf("%s of account %s tells %s, %v", id, account, got, ok)
		}
	}
	longID, _ := NewAccessKey()
	for name, id := range map[string]string{
		"a long-lived key":           longID,
		"a key of an unknown owner":  VendRole(n.ring, Role{}).AccessKeyID,
		"no id":                      "",
		"a prefix":                   "ASIA",
		"an id that is too short":    "ASIAQAAAAAAAAAAAAAA",
		"an id that is too long":     "ASIAQAAAAAAAAAAAAAAAAAAAAAAA",
		"an id with other letters":   "ASIAQAAAAAAAAAAAAAA1",
		"an id in lower case":        "asiaqaaaaaaaaaaaaaaa",
		"an id of the older kind":    "ASIAIAAAAAAAAAAAAAAA",
		"a number beyond 12 digits":  "ASIA777777777777AAAA",
		"an id with a line break":    "ASIAQAAAAAAAAAAAAAA\n",
		"an id with a break and all": "ASIAQAAAAAAAAAAAAAAA\n",
	} {
		if account, ok := AccountOfKey(id); ok {
			t.Errorf("%s, %q, tells %s", name, id, account)
		}
	}
}

func TestTwoKeysOfOneIDHaveNotOneSecret(t *testing.T) {
	n := newNode(t)
	keyID := n.ring.CurrentKeyID()
	first, _ := origin{keyID, "a"}.secret(n.ring, "ASIA1")
	second, _ := origin{keyID, "b"}.secret(n.ring, "ASIA1")
	if first == second {
		t.Error("the secret does not depend on the salt")
	}
}

func TestASessionTokenThatIsFullStaysBelowTwelveKiB(t *testing.T) {
	n := newNode(t)
	role := fullRole(t)
	longest := func(n int) string { return strings.Repeat("x", n) }
	role.RoleName, role.RolePath, role.SessionName, role.SourceIdentity = longest(64), "/"+longest(510)+"/", longest(64), longest(64)
	role.UserName, role.UserPath = "", "" // of a user's session, which has no role
	role.FederatedProvider = "arn:aws:iam::111122223333:oidc-provider/" + longest(255)
	role.Tags = nil
	grown := 0
	for i := 0; role.PackedPercent() <= 100; i++ { // numbers and names that hardly repeat
		var statement strings.Builder
		for j := range 20 {
			statement.WriteString(strconv.FormatInt(int64((i*20+j+1)*2_654_435_761), 36))
		}
		role.Policies = append(role.Policies[:len(role.Policies):len(role.Policies)], statement.String())
		grown++
	}
	role.Policies = role.Policies[:len(role.Policies)-1]
	token := VendRole(n.ring, role).SessionToken
	if len(token) > 12<<10 || len(token) < 8<<10 {
		t.Errorf("the token has %d characters after %d policies", len(token), grown)
	}
	if _, ok := OpenRole(n.ring, token); !ok {
		t.Error("it does not open")
	}
}

func TestWhatIsTooLargeToPackIsMoreThanAHundredPercent(t *testing.T) {
	for name, role := range map[string]Role{
		"a policy that compresses well, beyond what is read back": {Policies: []string{strings.Repeat(" ", maxUnpacked)}},
		"a policy of a megabyte":                                  {Policies: []string{strings.Repeat("x", 1<<20)}},
	} {
		if got := role.PackedPercent(); got <= 100 {
			t.Errorf("%s: %d percent", name, got)
		}
	}
	for name, role := range map[string]Role{"nothing": {}, "nothing to pack": someRole} {
		if got := role.PackedPercent(); got != 0 {
			t.Errorf("%s: %d percent", name, got)
		}
	}
	if got := fullRole(t).PackedPercent(); got < 1 || got > 5 {
		t.Errorf("two small policies and two tags: %d percent", got)
	}
}

func TestTheSignerOfACredentialIsWhatIAMSaysOfIt(t *testing.T) {
	role := fullRole(t)
	role.AccessKeyID = "ASIA1"
	got := role.Signer()
	want := api.Signer{
		AccessKeyID: "ASIA1", Account: "111122223333", UserID: "AROA0123456789ABCDEFG:alice", Kind: api.RoleSigner,
		ARN:     "arn:aws:sts::111122223333:assumed-role/analyst/alice",
		RoleARN: "arn:aws:iam::111122223333:role/data/analyst", RoleName: "analyst", Temporary: true, SessionPolicies: role.Policies,
		SourceIdentity: "alice@example.com", Tags: role.Tags, TransitiveTags: []string{"team"}, OnBehalfOf: role.OnBehalfOf,
		FederatedProvider: role.FederatedProvider, UserSessionID: "s-1", ContextSessionID: "s-2", IssuedAt: role.IssuedAt,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("a role's is %+v, want %+v", got, want)
	}
	role.Kind, role.RoleName = UserSession, ""
	got = role.Signer()
	want.Kind, want.RoleARN, want.RoleName, want.UserName = api.UserSigner, "", "", "ops"
	want.UserID, want.ARN = "AIDA0123456789ABCDEFG", "arn:aws:iam::111122223333:user/staff/ops"
	if !reflect.DeepEqual(got, want) {
		t.Errorf("a user's is %+v, want %+v", got, want)
	}
}

func TestCredentialsHoldAsLongAsNobodyEndsTheSessionThatTheyHangOn(t *testing.T) {
	cases := []struct {
		name    string
		session string
		change  func(*store.Tx) error
		later   time.Duration
		holds   bool
	}{
		{name: "of a session that stands", session: "s", holds: true},
		{name: "of no session", session: "", holds: true},
		{name: "of a session that came to its end by itself", session: "s", later: 9 * time.Hour, holds: true},
		{name: "of a session that was ended", session: "s",
			change: func(tx *store.Tx) error { _, err := tx.RevokeSession("s", "logout"); return err }},
		{name: "of a session whose sign-in was ended", session: "s", change: func(tx *store.Tx) error { return tx.RevokeSignIn("in", "sign-out") }},
		{name: "of a person who was disabled", session: "s", change: func(tx *store.Tx) error {
			return tx.PutUser(store.User{UserID: "u", UserName: "alice", Status: store.StatusDisabled})
		}},
		{name: "of an application that is gone", session: "t", change: func(tx *store.Tx) error {
			return tx.AddSession(store.Session{SessionID: "t", UserID: "u", ApplicationID: "apl-1", EndsAt: tx.Now.Add(time.Hour).UnixMilli()})
		}},
		{name: "of a person who was deleted", session: "s", change: func(tx *store.Tx) error { return tx.DeleteUser("u") }},
		{name: "of a session that nobody knows", session: "other"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n := newNode(t)
			n.settle(t, store.StatusEnabled)
			if c.change != nil {
				n.update(t, c.change)
			}
			n.clock.Advance(c.later)
			err := n.rows.View(ctx, func(tx *store.Tx) error {
				for what, role := range map[string]Role{
					"the person's": {UserSessionID: c.session}, "the context's": {ContextSessionID: c.session},
					"both": {UserSessionID: c.session, ContextSessionID: c.session},
				} {
					if holds, err := role.Holds(tx); holds != c.holds || err != nil {
						t.Errorf("%s: holds: %v, %v", what, holds, err)
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func FuzzPackedPoliciesReadBack(f *testing.F) {
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(document), "team", "blue")
	f.Add("", "", "")
	f.Add(strings.Repeat("x", 70_000), "\x00", "\xff")
	f.Fuzz(func(t *testing.T, policy, key, value string) {
		role := Role{Policies: []string{policy}, Tags: map[string]string{key: value}, TransitiveTags: []string{key}}
		var got Role
		if !got.unpack(string(role.packed())) || !reflect.DeepEqual(got, role) {
			t.Errorf("%+v reads back as %+v", role, got)
		}
		got = Role{}
		got.unpack(policy) // nothing that cannot be read is read for ever, or panics
	})
}

func FuzzAccountOfKey(f *testing.F) {
	for _, seed := range []string{newTemporaryKeyID("111122223333"), "ASIA", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "", "ASIAQAAAAAAAAAAAAAAA\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if account, ok := AccountOfKey(id); ok && (len(account) != 12 || len(id) != 20 || strings.Trim(account, "0123456789") != "") {
			t.Errorf("%q tells %q", id, account)
		}
	})
}
