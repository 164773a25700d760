package store

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// lists are the methods that return some of the rows of a table, which may have a great many.
var lists = map[string]func(tx *Tx) error{
	"AccessKeysOf":              func(tx *Tx) error { _, err := tx.AccessKeysOf(IAMPrincipal{}); return err },
	"ApplicationAssignments":    func(tx *Tx) error { _, err := tx.ApplicationAssignments(ApplicationAssignment{}, 9); return err },
	"ApplicationAssignmentsOf":  func(tx *Tx) error { _, err := tx.ApplicationAssignmentsOf(PrincipalQuery{}); return err },
	"ApplicationGrants":         func(tx *Tx) error { _, err := tx.ApplicationGrants("apl"); return err },
	"ApplicationScopes":         func(tx *Tx) error { _, err := tx.ApplicationScopes("apl"); return err },
	"Applications":              func(tx *Tx) error { _, err := tx.Applications(ApplicationQuery{}); return err },
	"AssignedAccounts":          func(tx *Tx) error { _, err := tx.AssignedAccounts("u", "", 9); return err },
	"AssignedRoles":             func(tx *Tx) error { _, err := tx.AssignedRoles("u", "1", "", 9); return err },
	"AssignmentsIn":             func(tx *Tx) error { _, err := tx.AssignmentsIn("1", "ps", Principal{}, 9); return err },
	"AssignmentsOf":             func(tx *Tx) error { _, err := tx.AssignmentsOf(Principal{}, "", Assignment{}, 9); return err },
	"AssignmentsOfGroups":       func(tx *Tx) error { _, err := tx.AssignmentsOfGroups("u", "", "", 9); return err },
	"CustomerPolicies":          func(tx *Tx) error { _, err := tx.CustomerPolicies("ps", CustomerPolicy{}, 9); return err },
	"ExternalIDsOfGroups":       func(tx *Tx) error { _, err := tx.ExternalIDsOfGroups("g", "h", 9); return err },
	"ExternalIDsOfUsers":        func(tx *Tx) error { _, err := tx.ExternalIDsOfUsers("u", "v", 9); return err },
	"GroupsPage":                func(tx *Tx) error { _, err := tx.GroupsPage("", 9); return err },
	"Holdings":                  func(tx *Tx) error { _, err := tx.Holdings("u", 9); return err },
	"IAMRoles":                  func(tx *Tx) error { _, err := tx.IAMRoles("1"); return err },
	"IAMUsers":                  func(tx *Tx) error { _, err := tx.IAMUsers("1"); return err },
	"LatestDecisions":           func(tx *Tx) error { _, err := tx.LatestDecisions(0, 9); return err },
	"ManagedPolicies":           func(tx *Tx) error { _, err := tx.ManagedPolicies("ps", "", 9); return err },
	"MemberOf":                  func(tx *Tx) error { _, err := tx.MemberOf("u", []string{"g", "h"}); return err },
	"MembersPage":               func(tx *Tx) error { _, err := tx.MembersPage("g", "", 9); return err },
	"MembershipsPage":           func(tx *Tx) error { _, err := tx.MembershipsPage("u", "", 9); return err },
	"OIDCProviders":             func(tx *Tx) error { _, err := tx.OIDCProviders("1"); return err },
	"OperationStatuses":         operationStatuses,
	"PermissionSetIDs":          func(tx *Tx) error { _, err := tx.PermissionSetIDs("", 9); return err },
	"ProvisionedAccounts":       func(tx *Tx) error { _, err := tx.ProvisionedAccounts("ps", ProvisionedAny, "", 9); return err },
	"ProvisionedPermissionSets": func(tx *Tx) error { _, err := tx.ProvisionedPermissionSets("1", ProvisionedAny, "", 9); return err },
	"RetiredKeys":               func(tx *Tx) error { _, err := tx.RetiredKeys(9, 9); return err },
	"SealedSecrets":             func(tx *Tx) error { _, err := tx.SealedSecrets("", 9); return err },
	"SessionIDs":                func(tx *Tx) error { _, err := tx.SessionIDs("", 9); return err },
	"SessionsByKey":             func(tx *Tx) error { _, err := tx.SessionsByKey(9); return err },
	"SignInAddresses":           func(tx *Tx) error { _, err := tx.SignInAddresses("u", 9); return err },
	"Tags":                      func(tx *Tx) error { _, err := tx.Tags("apl"); return err },
	"TrustedTokenIssuers":       func(tx *Tx) error { _, err := tx.TrustedTokenIssuers("i"); return err },
	"TrustedTokenIssuersByURL":  func(tx *Tx) error { _, err := tx.TrustedTokenIssuersByURL("i", "u"); return err },
	"UsersByEmail":              func(tx *Tx) error { _, err := tx.UsersByEmail("a@example.com"); return err },
	"UsersByExternalID":         usersByExternalID,
	"UsersPage":                 func(tx *Tx) error { _, err := tx.UsersPage("", 9); return err },
}

func operationStatuses(tx *Tx) error {
	_, all := tx.OperationStatuses("o", "", "", 9)
	_, failed := tx.OperationStatuses("o", OperationFailed, "", 9)
	return errors.Join(all, failed)
}

func usersByExternalID(tx *Tx) error {
	_, any := tx.UsersByExternalID("", "x")
	_, one := tx.UsersByExternalID("i", "x")
	return errors.Join(any, one)
}

// sorted are the methods whose rows are found by an index and put in order, or told apart, afterwards: there are few of them.
var sorted = map[string]string{
	"AccessKeysOf":             "a principal has two",
	"ApplicationAssignmentsOf": "what one principal is assigned to",
	"AssignedAccounts":         "what one person holds",
	"AssignedRoles":            "what one person holds",
	"Holdings":                 "what one person holds",
	"SessionsByKey":            "the ring has a handful of keys, and only an operator asks",
	"SignInAddresses":          "where one person signed in from",
	"TrustedTokenIssuers":      "an instance has ten",
	"UsersByExternalID":        "as many as there are issuers",
}

// A list costs the same wherever its page begins when its statement seeks the place in an index and reads on from there. One that sorts, or
// that reads a whole table or index, costs more with every row.
func TestListsAreReadFromTheirPlaceInAnIndex(t *testing.T) {
	methods := reflect.TypeFor[*Tx]()
	for i := range methods.NumMethod() {
		method := methods.Method(i)
		whole := method.Type.NumIn() == 1 // all rows, for who compares or writes out everything
		if kind := method.Type.Out(0).Kind(); whole || kind != reflect.Slice && kind != reflect.Map || method.Name == "UserNamesByPasswordOrigin" {
			continue // that one is for the demo
		}
		t.Run(method.Name, func(t *testing.T) {
			if lists[method.Name] == nil {
				t.Fatal("the test knows no arguments for it")
			}
			for statement, steps := range plans(t, lists[method.Name]) {
				for _, step := range steps {
					if strings.HasPrefix(step, "SCAN") && step != "SCAN held" || strings.Contains(step, "TEMP B-TREE") && sorted[method.Name] == "" {
						t.Errorf("%s\n%s", step, statement)
					}
				}
			}
		})
	}
}

// scans are the statements that read a whole table although they are asked something in particular: the table is small, or the moment rare.
var scans = map[string]string{
	"CountApplicationsAndAccounts": "SCAN account",
	"DeleteAccount":                "SCAN instance",   // there is one
	"DeleteTrustedTokenIssuer":     "SCAN session",    // an index would be written with every token
	"PruneDecisions":               "SCAN decision",   // the index, as far as decisions are kept
	"RetireSealingKey":             "SCAN access_key", // once for a key, in three months
	"UserNamesByPasswordOrigin":    "SCAN p",
}

// errSeen undoes what a method has done.
var errSeen = errors.New("its statements were seen")

// What is asked by a key costs the same however many rows there are. The methods are called with whatever is empty: what their statements
// would do is to be seen without a row.
func TestNoStatementWithAKeyReadsAWholeTable(t *testing.T) {
	s := openFile(t)
	temporary := regexp.MustCompile(`^SCAN (CONSTANT ROW|held|ended|h)$`) // what a statement has put together itself
	methods, checked := reflect.TypeFor[*Tx](), 0
	for i := range methods.NumMethod() {
		method := methods.Method(i)
		if method.Type.NumIn() == 1 {
			continue
		}
		err := s.Update(t.Context(), func(tx *Tx) error {
			clear(tx.c.(*conn).bound)
			arguments := []reflect.Value{reflect.ValueOf(tx)}
			for n := 1; n < method.Type.NumIn(); n++ {
				arguments = append(arguments, reflect.Zero(method.Type.In(n)))
			}
			method.Func.Call(arguments)
			for statement := range tx.c.(*conn).bound {
				if strings.HasPrefix(statement, "INSERT") {
					continue
				}
				checked++
				for _, step := range plan(t, tx, statement) {
					known := scans[method.Name]
					if strings.HasPrefix(step, "SCAN") && !temporary.MatchString(step) && (known == "" || !strings.HasPrefix(step, known)) {
						t.Errorf("%s: %s\n%s", method.Name, step, statement)
					}
				}
			}
			return errSeen
		})
		if !errors.Is(err, errSeen) {
			t.Fatal(err)
		}
	}
	if checked < 150 {
		t.Errorf("%d statements: the test looks in the wrong place", checked)
	}
}

// What one person holds must not cost more where many others are assigned, in the same account or to the same permission set.
func TestWhatAPersonHoldsIsReadFromTheirAssignmentsAndThoseOfTheirGroups(t *testing.T) {
	questions := map[string]func(tx *Tx) error{
		"AssignedAccounts": func(tx *Tx) error { _, err := tx.AssignedAccounts("u", "", 9); return err },
		"AssignedRoles":    func(tx *Tx) error { _, err := tx.AssignedRoles("u", "1", "", 9); return err },
		"AssignedRole":     func(tx *Tx) error { _, _, err := tx.AssignedRole("u", "1", "name"); return err },
		"Holdings":         func(tx *Tx) error { _, err := tx.Holdings("u", 9); return err },
	}
	for name, question := range questions {
		t.Run(name, func(t *testing.T) {
			for statement, steps := range plans(t, question) {
				direct, ofGroups := false, false
				for _, step := range steps {
					direct = direct || strings.HasPrefix(step, "SEARCH account_assignment USING PRIMARY KEY (principal_type=? AND principal_id=?")
					ofGroups = ofGroups || strings.HasPrefix(step, "SEARCH a USING PRIMARY KEY (principal_type=? AND principal_id=?")
				}
				if !direct || !ofGroups {
					t.Errorf("%s\n%s", strings.Join(steps, "\n"), statement)
				}
			}
		})
	}
}

// plans are how the database runs the statements of a method that reads assignments or lists something.
func plans(t *testing.T, method func(tx *Tx) error) map[string][]string {
	t.Helper()
	s := openFile(t)
	found := map[string][]string{}
	err := s.View(context.Background(), func(tx *Tx) error {
		if err := method(tx); err != nil {
			return err
		}
		for statement := range tx.c.(*conn).bound {
			if strings.HasPrefix(statement, "SELECT") {
				found[statement] = plan(t, tx, statement)
			}
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%d statements, %v", len(found), err)
	}
	return found
}

// plan is how the database would run a statement.
func plan(t *testing.T, tx *Tx, statement string) (steps []string) {
	t.Helper()
	prepared, _, err := tx.c.(*conn).db.PrepareTransient("EXPLAIN QUERY PLAN " + tx.c.(*conn).bound[statement])
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Finalize()
	for {
		more, err := prepared.Step()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return steps
		}
		steps = append(steps, prepared.ColumnText(3))
	}
}
