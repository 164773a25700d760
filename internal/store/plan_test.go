package store

import (
	"context"
	"strings"
	"testing"
)

// A page costs the same wherever in its list it is when its statement seeks the place in an index and reads on from there. One that sorts,
// or that reads a whole table or index, costs more with every row.
func TestPagesAreReadFromTheirPlaceInAnIndex(t *testing.T) {
	pages := map[string]func(tx *Tx) error{
		"AssignmentsIn":                 func(tx *Tx) error { _, err := tx.AssignmentsIn("1", "ps", Principal{}, 9); return err },
		"AssignmentsOf":                 func(tx *Tx) error { _, err := tx.AssignmentsOf(Principal{}, "", Assignment{}, 9); return err },
		"AssignmentsOfGroups":           func(tx *Tx) error { _, err := tx.AssignmentsOfGroups("u", "", "", 9); return err },
		"PermissionSetIDs":              func(tx *Tx) error { _, err := tx.PermissionSetIDs("", 9); return err },
		"ManagedPolicies":               func(tx *Tx) error { _, err := tx.ManagedPolicies("ps", "", 9); return err },
		"CustomerPolicies":              func(tx *Tx) error { _, err := tx.CustomerPolicies("ps", CustomerPolicy{}, 9); return err },
		"ProvisionedAccounts":           func(tx *Tx) error { _, err := tx.ProvisionedAccounts("ps", ProvisionedAny, "", 9); return err },
		"ProvisionedPermissionSets":     func(tx *Tx) error { _, err := tx.ProvisionedPermissionSets("1", ProvisionedAny, "", 9); return err },
		"OperationStatuses of all":      func(tx *Tx) error { _, err := tx.OperationStatuses("o", "", "", 9); return err },
		"OperationStatuses that failed": func(tx *Tx) error { _, err := tx.OperationStatuses("o", OperationFailed, "", 9); return err },
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			for statement, steps := range plans(t, page) {
				for _, step := range steps {
					if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
						t.Errorf("%s\n%s", step, statement)
					}
				}
			}
		})
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
	s, _ := open(t)
	found := map[string][]string{}
	err := s.View(context.Background(), func(tx *Tx) error {
		if err := method(tx); err != nil {
			return err
		}
		for statement := range tx.c.bound {
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
	prepared, _, err := tx.c.db.PrepareTransient("EXPLAIN QUERY PLAN " + strings.ReplaceAll(statement, "$", "?"))
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
