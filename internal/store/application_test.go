package store

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// furnishApplication makes an application with one of everything that hangs on it.
func furnishApplication(tx *Tx, id, instance string) error {
	if err := tx.PutApplication(Application{ApplicationID: id, InstanceID: instance, AccountID: "111111111111", Status: StatusEnabled}); err != nil {
		return err
	}
	if err := tx.PutApplicationGrant(ApplicationGrant{id, "refresh_token", `{"RefreshToken":{}}`}); err != nil {
		return err
	}
	if err := tx.PutApplicationScope(ApplicationScope{id, "a:b", ""}); err != nil {
		return err
	}
	if _, err := tx.AddApplicationAssignment(ApplicationAssignment{id, PrincipalUser, "u"}); err != nil {
		return err
	}
	return tx.PutTags(id, map[string]string{"k": "v"})
}

// hanging counts the rows that belong to applications.
func hanging(tx *Tx) (count int64, err error) {
	_, err = tx.one(`SELECT (SELECT COUNT(*) FROM application) + (SELECT COUNT(*) FROM application_grant)
		+ (SELECT COUNT(*) FROM application_scope) + (SELECT COUNT(*) FROM application_assignment) + (SELECT COUNT(*) FROM resource_tags)
		+ (SELECT COUNT(*) FROM trusted_token_issuer) + (SELECT COUNT(*) FROM account_instance)`, func(r row) { count = r.int(0) })
	return count, err
}

func TestAnApplicationGoesWithAllThatHangsOnIt(t *testing.T) {
	s, _ := open(t)
	update(t, s, func(tx *Tx) error { return furnishApplication(tx, "apl-1", "i") })
	update(t, s, func(tx *Tx) error { return furnishApplication(tx, "apl-2", "i") })
	before := view(t, s, hanging)
	update(t, s, func(tx *Tx) error { return tx.DeleteApplication("apl-1") })
	if got := view(t, s, hanging); before != 10 || got != 5 {
		t.Errorf("%d rows before and %d after one of two applications was removed, want 10 and 5", before, got)
	}
}

func TestAConfiguredApplicationComesWithItsOwnGrantsAndScopesInOrder(t *testing.T) {
	s, _ := open(t)
	update(t, s, func(tx *Tx) error { return furnishApplication(tx, "apl-1", "i") })
	update(t, s, func(tx *Tx) error { return furnishApplication(tx, "apl-2", "i") })
	update(t, s, func(tx *Tx) error {
		return tx.PutApplicationGrant(ApplicationGrant{"apl-1", "authorization_code", "{}"})
	})
	update(t, s, func(tx *Tx) error { return tx.PutApplicationScope(ApplicationScope{"apl-1", "a:a", "[]"}) })
	got := view(t, s, func(tx *Tx) (got ConfiguredApplication, err error) {
		got, _, err = tx.ConfiguredApplication("apl-1")
		return got, err
	})
	want := view(t, s, func(tx *Tx) (want ConfiguredApplication, err error) {
		if want.Application, _, err = tx.Application("apl-1"); err != nil {
			return want, err
		}
		if want.Grants, err = tx.ApplicationGrants("apl-1"); err != nil {
			return want, err
		}
		want.Scopes, err = tx.ApplicationScopes("apl-1")
		return want, err
	})
	if len(want.Grants) != 2 || len(want.Scopes) != 2 || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	update(t, s, func(tx *Tx) error {
		if _, found, err := tx.ConfiguredApplication("apl-3"); found || err != nil {
			t.Errorf("an application that nobody made: %v, %v", found, err)
		}
		return nil
	})
}

func TestAnAccountsInstanceGoesWithAllThatHangsOnItAndLeavesTheOthersAlone(t *testing.T) {
	s, _ := open(t)
	update(t, s, func(tx *Tx) error { return furnishApplication(tx, "apl-1", "i") })
	update(t, s, func(tx *Tx) error { return tx.PutTags("i", map[string]string{"k": "v"}) })
	update(t, s, func(tx *Tx) error {
		return tx.PutTrustedTokenIssuer(TrustedTokenIssuer{IssuerID: "tti-1", InstanceID: "i"})
	})
	update(t, s, func(tx *Tx) error { return tx.PutTags("tti-1", map[string]string{"k": "v"}) })
	update(t, s, func(tx *Tx) error {
		return tx.PutAccountInstance(AccountInstance{InstanceID: "i", AccountID: "222222222222"})
	})
	update(t, s, func(tx *Tx) error { return furnishApplication(tx, "apl-2", "j") })
	update(t, s, func(tx *Tx) error { return tx.DeleteAccountInstance("i") })
	if got := view(t, s, hanging); got != 5 {
		t.Errorf("%d rows are left, want the 5 of the other instance", got)
	}
}

func TestAUserIsAssignedDirectlyOrThroughAGroup(t *testing.T) {
	cases := []struct {
		name   string
		kind   string
		id     string
		member bool
		want   bool
	}{
		{"directly", PrincipalUser, "u", false, true},
		{"through a group", PrincipalGroup, "g", true, true},
		{"through a group that the user is not in", PrincipalGroup, "g", false, false},
		{"as a group of the same id", PrincipalGroup, "u", false, false},
		{"as somebody else", PrincipalUser, "v", false, false},
	}
	for _, c := range cases {
		s, _ := open(t)
		update(t, s, func(tx *Tx) error {
			_, err := tx.AddApplicationAssignment(ApplicationAssignment{"apl-1", c.kind, c.id})
			return err
		})
		if c.member {
			update(t, s, func(tx *Tx) error { return tx.AddMembership(Membership{UserID: "u", GroupID: "g"}) })
		}
		for application, want := range map[string]bool{"apl-1": c.want, "apl-2": false} {
			got := view(t, s, func(tx *Tx) (bool, error) { return tx.AssignedToApplication(application, "u") })
			if got != want {
				t.Errorf("%s: assigned to %s: %v, want %v", c.name, application, got, want)
			}
		}
	}
}

func TestAPageOfApplicationsKeepsToItsInstanceAndItsConditions(t *testing.T) {
	s, _ := open(t)
	for _, a := range []Application{
		{ApplicationID: "apl-1", InstanceID: "i", AccountID: "1", ProviderARN: "p"},
		{ApplicationID: "apl-2", InstanceID: "i", AccountID: "2", ProviderARN: "p"},
		{ApplicationID: "apl-3", InstanceID: "i", AccountID: "1", ProviderARN: "q"},
		{ApplicationID: "apl-4", InstanceID: "j", AccountID: "1", ProviderARN: "p"},
	} {
		update(t, s, func(tx *Tx) error { return tx.PutApplication(a) })
	}
	cases := []struct {
		name  string
		query ApplicationQuery
		want  []string
	}{
		{"all", ApplicationQuery{}, []string{"apl-1", "apl-2", "apl-3"}},
		{"after the first", ApplicationQuery{After: "apl-1"}, []string{"apl-2", "apl-3"}},
		{"of an account", ApplicationQuery{AccountID: "1"}, []string{"apl-1", "apl-3"}},
		{"of a provider", ApplicationQuery{ProviderARN: "p"}, []string{"apl-1", "apl-2"}},
		{"of both", ApplicationQuery{AccountID: "2", ProviderARN: "q"}, nil},
	}
	for _, c := range cases {
		c.query.InstanceID, c.query.Limit = "i", 10
		var ids []string
		for _, a := range view(t, s, func(tx *Tx) ([]Application, error) { return tx.Applications(c.query) }) {
			ids = append(ids, a.ApplicationID)
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v, want %v", c.name, ids, c.want)
		}
	}
}

func TestAClientTokenIsForgottenWhenItsTimeIsOver(t *testing.T) {
	s, clock := open(t)
	update(t, s, func(tx *Tx) error {
		return tx.PutClientToken(ClientToken{"1", "CreateApplication", "t", "d", "arn", tx.Now.Add(time.Hour).UnixMilli()})
	})
	known := func(tx *Tx) (bool, error) {
		_, found, err := tx.ClientToken("1", "CreateApplication", "t")
		return found, err
	}
	if !view(t, s, known) {
		t.Error("the token is not remembered")
	}
	clock.Advance(time.Hour)
	if view(t, s, known) {
		t.Error("the token is remembered after its time")
	}
	if removed, err := s.Clean(t.Context()); err != nil || removed != 1 {
		t.Errorf("the cleaner removed %d rows, %v, want 1", removed, err)
	}
}

func TestAPrincipalThatIsDeletedLosesItsApplications(t *testing.T) {
	s, _ := open(t)
	update(t, s, func(tx *Tx) error {
		for _, a := range []ApplicationAssignment{{"apl-1", PrincipalUser, "x"}, {"apl-1", PrincipalGroup, "x"}} {
			if _, err := tx.AddApplicationAssignment(a); err != nil {
				return err
			}
		}
		return nil
	})
	left := func(tx *Tx) ([]ApplicationAssignment, error) {
		return tx.ApplicationAssignments(ApplicationAssignment{ApplicationID: "apl-1"}, 10)
	}
	update(t, s, func(tx *Tx) error { return tx.DeleteUser("x") })
	if got := view(t, s, left); len(got) != 1 || got[0].PrincipalType != PrincipalGroup {
		t.Errorf("after the user was deleted: %v, want the group's", got)
	}
	update(t, s, func(tx *Tx) error { return tx.DeleteGroup("x") })
	if got := view(t, s, left); len(got) != 0 {
		t.Errorf("after the group was deleted: %v, want none", got)
	}
}

// Pages and the question that is asked for each token cost the same however many applications and assignments there are.
func TestApplicationsAndAssignmentsAreReadFromTheirPlaceInAnIndex(t *testing.T) {
	questions := map[string]struct {
		ask  func(tx *Tx) error
		want string // a step of the plan
	}{
		"Applications": {func(tx *Tx) error { _, err := tx.Applications(ApplicationQuery{InstanceID: "i", Limit: 9}); return err },
			"SEARCH application USING INDEX application_instance (instance_id=? AND application_id>?)"},
		"ApplicationAssignments": {func(tx *Tx) error { _, err := tx.ApplicationAssignments(ApplicationAssignment{}, 9); return err },
			"SEARCH application_assignment USING PRIMARY KEY (application_id=? AND (principal_type,principal_id)>(?,?))"},
		"ApplicationAssignmentsOf": {func(tx *Tx) error { _, err := tx.ApplicationAssignmentsOf(PrincipalQuery{Limit: 9}); return err },
			"SEARCH a USING INDEX application_assignment_principal (principal_type=? AND principal_id=? AND application_id>?)"},
		"AssignedToApplication, directly": {func(tx *Tx) error { _, err := tx.AssignedToApplication("a", "u"); return err },
			"SEARCH application_assignment USING PRIMARY KEY (application_id=? AND principal_type=? AND principal_id=?)"},
		"AssignedToApplication, through a group": {func(tx *Tx) error { _, err := tx.AssignedToApplication("a", "u"); return err },
			"SEARCH a USING PRIMARY KEY (application_id=? AND principal_type=? AND principal_id=?)"},
	}
	for name, question := range questions {
		for statement, steps := range plans(t, question.ask) {
			scans := slices.ContainsFunc(steps, func(step string) bool { return strings.HasPrefix(step, "SCAN") })
			if scans || !slices.Contains(steps, question.want) {
				t.Errorf("%s:\n%s\n%s", name, strings.Join(steps, "\n"), statement)
			}
		}
	}
}
