package store

import (
	"context"
	"slices"
	"testing"
)

const owner = "111122223333"

var (
	alice = IAMUser{AccountID: owner, UserName: "Alice", Path: "/", UserID: "AIDA1"}
	app   = IAMRole{AccountID: owner, RoleName: "App", Path: "/team/", RoleID: "AROA1", TrustPolicy: "{}", MaxSessionS: 3600}
)

// ask runs a function of a transaction that reports whether it did something.
func ask(t *testing.T, s *Store, fn func(*Tx) (bool, error)) (did bool) {
	t.Helper()
	update(t, s, func(tx *Tx) (err error) {
		did, err = fn(tx)
		return err
	})
	return did
}

func TestNamesOfPrincipalsAreUniqueInWhateverLetters(t *testing.T) {
	s, _ := open(t)
	add := func(u IAMUser) bool { return ask(t, s, func(tx *Tx) (bool, error) { return tx.AddIAMUser(u) }) }
	addRole := func(r IAMRole) bool { return ask(t, s, func(tx *Tx) (bool, error) { return tx.AddIAMRole(r) }) }
	if !add(alice) || !addRole(app) {
		t.Fatal("a new name is taken")
	}
	if add(IAMUser{AccountID: owner, UserName: "alice"}) || addRole(IAMRole{AccountID: owner, RoleName: "aPP"}) {
		t.Error("a name was given twice")
	}
	if !add(IAMUser{AccountID: "444455556666", UserName: "alice", Path: "/"}) {
		t.Error("a name in another account is taken")
	}
	if view(t, s, func(tx *Tx) (bool, error) { _, found, err := tx.IAMUser(owner, "alice"); return found, err }) {
		t.Error("a user is found in other letters")
	}
	got := view(t, s, func(tx *Tx) (IAMRole, error) { r, _, err := tx.IAMRole(owner, "App"); return r, err })
	if got.CreatedAt = 0; got != app {
		t.Errorf("role %+v", got)
	}
	if all := view(t, s, func(tx *Tx) ([]IAMUser, error) { return tx.IAMUsers("") }); len(all) != 2 {
		t.Errorf("users %+v", all)
	}
	if ours := view(t, s, func(tx *Tx) ([]IAMUser, error) { return tx.IAMUsers(owner) }); len(ours) != 1 {
		t.Errorf("users of an account %+v", ours)
	}
}

func TestAPrincipalThatIsDeletedTakesItsPoliciesAndKeysAlong(t *testing.T) {
	s, _ := open(t)
	update(t, s, func(tx *Tx) error {
		for _, p := range []IAMPrincipal{alice.Principal(), {owner, IAMRoleKind, "Alice"}} {
			if err := tx.PutIAMPolicy(p, IAMPolicy{"a", "{}"}); err != nil {
				return err
			}
		}
		if err := tx.AddAccessKey(AccessKey{AccessKeyID: "AKIA1", AccountID: owner, UserName: "Alice"}); err != nil {
			return err
		}
		return tx.AddAccessKey(AccessKey{AccessKeyID: "AKIA2", AccountID: owner, RoleName: "Alice"})
	})
	if ask(t, s, func(tx *Tx) (bool, error) { return tx.DeleteIAMUser(owner, "Alice") }) {
		t.Error("a user that does not exist was deleted")
	}
	if keys := view(t, s, func(tx *Tx) ([]AccessKey, error) { return tx.AccessKeys() }); len(keys) != 2 {
		t.Errorf("keys went with a user that does not exist: %+v", keys)
	}
	ask(t, s, func(tx *Tx) (bool, error) { return tx.AddIAMUser(alice) })
	ask(t, s, func(tx *Tx) (bool, error) {
		return tx.AddIAMRole(IAMRole{AccountID: owner, RoleName: "Alice", Path: "/"})
	})
	if !ask(t, s, func(tx *Tx) (bool, error) { return tx.DeleteIAMUser(owner, "Alice") }) {
		t.Error("the user was not deleted")
	}
	keys := view(t, s, func(tx *Tx) ([]AccessKey, error) { return tx.AccessKeys() })
	role := identity(t, s, IAMPrincipal{owner, IAMRoleKind, "Alice"})
	if len(keys) != 1 || keys[0].RoleName != "Alice" || len(role.Policies) != 1 {
		t.Errorf("what is left: keys %+v, policies of the role %+v", keys, role.Policies)
	}
}

func TestAKeyIsFoundWithItsHolder(t *testing.T) {
	s, _ := open(t)
	ask(t, s, func(tx *Tx) (bool, error) { return tx.AddIAMUser(alice) })
	ask(t, s, func(tx *Tx) (bool, error) { return tx.AddIAMRole(app) })
	for _, k := range []AccessKey{
		{AccessKeyID: "AKIA1", SealedSecret: "x", AccountID: owner, UserName: "Alice"},
		{AccessKeyID: "AKIA2", AccountID: owner, RoleName: "App", Status: KeyInactive},
		{AccessKeyID: "AKIA3", AccountID: owner, UserName: "App"},
		{AccessKeyID: "AKIA4", AccountID: "444455556666", UserName: "Alice"},
	} {
		update(t, s, func(tx *Tx) error { return tx.AddAccessKey(k) })
	}
	find := func(id string) (key HeldKey) {
		if err := s.Look(context.Background(), func(tx *Tx) (err error) { key, _, err = tx.AccessKey(id); return err }); err != nil {
			t.Fatal(err)
		}
		return key
	}
	if k := find("AKIA1"); !k.Held || k.HolderID != "AIDA1" || k.Path != "/" || k.Status != KeyActive || k.UserName != "Alice" || k.SealedSecret != "x" {
		t.Errorf("a user's key %+v", k)
	}
	if k := find("AKIA2"); !k.Held || k.HolderID != "AROA1" || k.Path != "/team/" || k.Status != KeyInactive || k.RoleName != "App" {
		t.Errorf("a role's key %+v", k)
	}
	for _, id := range []string{"AKIA3", "AKIA4"} {
		if k := find(id); k.Held || k.AccessKeyID != id {
			t.Errorf("a key without a holder %+v", k)
		}
	}
	if k := find("AKIA5"); k.AccessKeyID != "" {
		t.Errorf("an unknown key %+v", k)
	}
}

func TestAPrincipalHasSoManyKeysInAState(t *testing.T) {
	s, _ := open(t)
	key := func(id string) AccessKey {
		return AccessKey{AccessKeyID: id, AccountID: owner, UserName: "Alice", Status: KeyActive}
	}
	add := func(k AccessKey) bool {
		return ask(t, s, func(tx *Tx) (bool, error) { return tx.AddAccessKeyAtMost(k, 2) })
	}
	set := func(id, status string) bool {
		return ask(t, s, func(tx *Tx) (bool, error) { return tx.SetAccessKeyStatus(key(id), status, 2) })
	}
	if !add(key("AKIA1")) || !add(key("AKIA2")) || add(key("AKIA3")) {
		t.Fatal("not two of three were added")
	}
	if other := (AccessKey{AccessKeyID: "AKIA4", AccountID: owner, RoleName: "Alice", Status: KeyActive}); !add(other) {
		t.Error("the keys of a user are counted for the role of its name")
	}
	if set("AKIA1", KeyActive) || !set("AKIA1", KeyInactive) || !add(key("AKIA3")) || set("AKIA1", KeyActive) {
		t.Error("states are not counted")
	}
	if !ask(t, s, func(tx *Tx) (bool, error) { return tx.DeleteAccessKey("AKIA3") }) || !set("AKIA1", KeyActive) {
		t.Error("a key that was deleted is counted")
	}
	ids := func(keys []AccessKey) (ids []string) {
		for _, k := range keys {
			ids = append(ids, k.AccessKeyID)
		}
		return ids
	}
	got := ids(view(t, s, func(tx *Tx) ([]AccessKey, error) { return tx.AccessKeysOf(alice.Principal()) }))
	if want := []string{"AKIA1", "AKIA2"}; !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
}

func TestWhatAPrincipalMayDoIsOneQuestion(t *testing.T) {
	s, _ := open(t)
	ask(t, s, func(tx *Tx) (bool, error) { return tx.AddIAMUser(alice) })
	if i := identity(t, s, alice.Principal()); i.ID != "AIDA1" || len(i.Policies) != 0 {
		t.Errorf("without policies %+v", i)
	}
	update(t, s, func(tx *Tx) error { return tx.PutIAMPolicy(alice.Principal(), IAMPolicy{"b", "{}"}) })
	update(t, s, func(tx *Tx) error { return tx.PutIAMPolicy(alice.Principal(), IAMPolicy{"b", "{2}"}) })
	update(t, s, func(tx *Tx) error {
		return tx.PutIAMPolicy(alice.Principal(), IAMPolicy{"aws:policy/AdministratorAccess", ""})
	})
	want := []IAMPolicy{{"aws:policy/AdministratorAccess", ""}, {"b", "{2}"}}
	if i := identity(t, s, alice.Principal()); !slices.Equal(i.Policies, want) {
		t.Errorf("policies %+v", i.Policies)
	}
	if i := identity(t, s, IAMPrincipal{owner, IAMRoleKind, "Alice"}); i.ID != "" {
		t.Error("a user is a role")
	}
}

// identity is what a principal is, nothing for one that does not exist.
func identity(t *testing.T, s *Store, p IAMPrincipal) (i IAMIdentity) {
	t.Helper()
	err := s.Look(context.Background(), func(tx *Tx) (err error) { i, _, err = tx.IAMIdentity(p); return err })
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestProvidersBelongToAnAccount(t *testing.T) {
	s, _ := open(t)
	p := OIDCProvider{AccountID: owner, URL: "https://example.com", ClientIDs: `["a"]`, JWKS: "{}"}
	add := func(p OIDCProvider) bool {
		return ask(t, s, func(tx *Tx) (bool, error) { return tx.AddOIDCProvider(p) })
	}
	if !add(p) || add(p) {
		t.Error("a provider is registered once")
	}
	p.ClientIDs = `["b"]`
	other := p
	other.AccountID = "444455556666"
	change := func(p OIDCProvider) bool {
		return ask(t, s, func(tx *Tx) (bool, error) { return tx.UpdateOIDCProvider(p) })
	}
	if !change(p) || change(other) {
		t.Error("the provider of one account is not that of another")
	}
	got := view(t, s, func(tx *Tx) (OIDCProvider, error) { p, _, err := tx.OIDCProvider(owner, p.URL); return p, err })
	if got.CreatedAt = 0; got != p {
		t.Errorf("provider %+v", got)
	}
	if all := view(t, s, func(tx *Tx) ([]OIDCProvider, error) { return tx.OIDCProviders(owner) }); len(all) != 1 {
		t.Errorf("providers %+v", all)
	}
	if !ask(t, s, func(tx *Tx) (bool, error) { return tx.DeleteOIDCProvider(owner, p.URL) }) {
		t.Error("the provider was not deleted")
	}
}

func TestThePrincipalsOfAnAccountGoWithIt(t *testing.T) {
	s, _ := open(t)
	const left = "444455556666"
	update(t, s, func(tx *Tx) error { return tx.PutInstance(Instance{InstanceID: "ssoins-1", OwnerAccountID: owner}) })
	for _, account := range []string{owner, left} {
		user, role := alice, app
		user.AccountID, role.AccountID = account, account
		ask(t, s, func(tx *Tx) (bool, error) { return tx.AddIAMUser(user) })
		ask(t, s, func(tx *Tx) (bool, error) { return tx.AddIAMRole(role) })
		ask(t, s, func(tx *Tx) (bool, error) {
			return tx.AddOIDCProvider(OIDCProvider{AccountID: account, URL: "https://example.com"})
		})
		update(t, s, func(tx *Tx) error { return tx.PutIAMPolicy(user.Principal(), IAMPolicy{"a", "{}"}) })
		update(t, s, func(tx *Tx) error {
			return tx.AddAccessKey(AccessKey{AccessKeyID: "AKIA" + account, AccountID: account, UserName: "Alice"})
		})
	}
	for _, account := range []string{owner, left} {
		update(t, s, func(tx *Tx) error { return tx.DeleteAccount(account) })
	}
	rows, _, err := s.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"iam_user", "iam_role", "iam_policy", "access_key", "oidc_provider"} {
		if rows[table] != 1 {
			t.Errorf("%d rows of %s are left, want that of the owner", rows[table], table)
		}
	}
}

// Keys of a version before there were users get one, who may do what they could.
func TestTheHoldersOfEarlierKeysBecomeAdministrators(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx *Tx) error {
		if err := tx.PutInstance(Instance{InstanceID: "ssoins-1", OwnerAccountID: owner}); err != nil {
			return err
		}
		if err := tx.AddAccessKey(AccessKey{AccessKeyID: "AKIA1", UserName: "admin"}); err != nil {
			return err
		}
		for _, step := range steps { // what fills, once more, over a row as it was
			if step.file == "0005_iam.sql" && fillForm.MatchString(step.statement) {
				if _, err := tx.exec(step.statement); err != nil {
					return err
				}
			}
		}
		return nil
	})
	key := view(t, s, func(tx *Tx) (HeldKey, error) { k, _, err := tx.AccessKey("AKIA1"); return k, err })
	if !key.Held || key.AccountID != owner || key.HolderID != "" || key.Path != "/" {
		t.Errorf("key %+v", key)
	}
	policies := identity(t, s, key.Principal()).Policies
	if len(policies) != 1 || policies[0] != (IAMPolicy{"aws:policy/AdministratorAccess", ""}) {
		t.Errorf("policies %+v", policies)
	}
}
