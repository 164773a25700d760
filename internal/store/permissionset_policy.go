package store

// InlinePolicy returns the policy document of a permission set, empty when it has none.
func (tx *Tx) InlinePolicy(permissionSetID string) (document string, err error) {
	_, err = tx.one(`SELECT document FROM permission_set_inline_policy WHERE permission_set_id = $1`,
		func(r row) { document = r.text(0) }, permissionSetID)
	return document, err
}

// PutInlinePolicy sets the policy document of a permission set, and reports whether it is another than before.
func (tx *Tx) PutInlinePolicy(permissionSetID, document string) (changed bool, err error) {
	rows, err := tx.exec(`INSERT INTO permission_set_inline_policy (permission_set_id, document) VALUES ($1, $2)
		ON CONFLICT (permission_set_id) DO UPDATE SET document = $2 WHERE permission_set_inline_policy.document <> $2`,
		permissionSetID, document)
	return tx.revise(permissionSetID, rows, err)
}

// DeleteInlinePolicy takes the policy document of a permission set, and reports whether it had one.
func (tx *Tx) DeleteInlinePolicy(permissionSetID string) (deleted bool, err error) {
	rows, err := tx.exec(`DELETE FROM permission_set_inline_policy WHERE permission_set_id = $1`, permissionSetID)
	return tx.revise(permissionSetID, rows, err)
}

// ManagedPolicies returns up to limit ARNs of policies of AWS that are attached to a permission set, in byte order, those after the given
// one.
func (tx *Tx) ManagedPolicies(permissionSetID, after string, limit int) ([]string, error) {
	return list(tx, func(r row) string { return r.text(0) }, `SELECT policy_arn FROM permission_set_managed_policy
		WHERE permission_set_id = $1 AND policy_arn > $2 ORDER BY policy_arn LIMIT $3`, permissionSetID, after, limit)
}

// AttachManagedPolicy attaches a policy of AWS, and reports false when it was attached already.
func (tx *Tx) AttachManagedPolicy(permissionSetID, policyARN string) (attached bool, err error) {
	rows, err := tx.exec(`INSERT INTO permission_set_managed_policy (permission_set_id, policy_arn) VALUES ($1, $2)
		ON CONFLICT (permission_set_id, policy_arn) DO NOTHING`, permissionSetID, policyARN)
	return tx.revise(permissionSetID, rows, err)
}

// DetachManagedPolicy detaches a policy of AWS, and reports whether it was attached.
func (tx *Tx) DetachManagedPolicy(permissionSetID, policyARN string) (detached bool, err error) {
	rows, err := tx.exec(`DELETE FROM permission_set_managed_policy WHERE permission_set_id = $1 AND policy_arn = $2`,
		permissionSetID, policyARN)
	return tx.revise(permissionSetID, rows, err)
}

// CustomerPolicy names a policy that each account has of its own.
type CustomerPolicy struct{ Name, Path string }

// CustomerPolicies returns up to limit names of policies of the accounts that a permission set refers to, in byte order, those after the
// given one.
func (tx *Tx) CustomerPolicies(permissionSetID string, after CustomerPolicy, limit int) ([]CustomerPolicy, error) {
	return list(tx, func(r row) CustomerPolicy { return CustomerPolicy{r.text(0), r.text(1)} },
		`SELECT policy_name, policy_path FROM permission_set_customer_policy
		WHERE permission_set_id = $1 AND (policy_name, policy_path) > ($2, $3) ORDER BY policy_name, policy_path LIMIT $4`,
		permissionSetID, after.Name, after.Path, limit)
}

// AttachCustomerPolicy refers to a policy of the accounts, and reports false when the permission set did already.
func (tx *Tx) AttachCustomerPolicy(permissionSetID string, p CustomerPolicy) (attached bool, err error) {
	rows, err := tx.exec(`INSERT INTO permission_set_customer_policy (permission_set_id, policy_name, policy_path) VALUES ($1, $2, $3)
		ON CONFLICT (permission_set_id, policy_name, policy_path) DO NOTHING`, permissionSetID, p.Name, p.Path)
	return tx.revise(permissionSetID, rows, err)
}

// DetachCustomerPolicy refers to a policy of the accounts no longer, and reports whether the permission set did.
func (tx *Tx) DetachCustomerPolicy(permissionSetID string, p CustomerPolicy) (detached bool, err error) {
	rows, err := tx.exec(`DELETE FROM permission_set_customer_policy
		WHERE permission_set_id = $1 AND policy_name = $2 AND policy_path = $3`, permissionSetID, p.Name, p.Path)
	return tx.revise(permissionSetID, rows, err)
}

// CountAttachedPolicies returns how many policies are attached to a permission set, those of AWS and those of the accounts.
func (tx *Tx) CountAttachedPolicies(permissionSetID string) (count int64, err error) {
	_, err = tx.one(`SELECT (SELECT COUNT(*) FROM permission_set_managed_policy WHERE permission_set_id = $1) +
		(SELECT COUNT(*) FROM permission_set_customer_policy WHERE permission_set_id = $1)`,
		func(r row) { count = r.int(0) }, permissionSetID)
	return count, err
}

// Boundary is the policy that bounds what the roles of a permission set may do: one of AWS or one of the accounts.
type Boundary struct {
	ManagedPolicyARN string
	CustomerPolicy   CustomerPolicy
}

// Boundary returns the boundary of a permission set, if it has one.
func (tx *Tx) Boundary(permissionSetID string) (b Boundary, found bool, err error) {
	found, err = tx.one(`SELECT policy_arn, policy_name, policy_path FROM permission_set_boundary WHERE permission_set_id = $1`,
		func(r row) { b = Boundary{r.text(0), CustomerPolicy{r.text(1), r.text(2)}} }, permissionSetID)
	return b, found, err
}

// PutBoundary sets the boundary of a permission set, and reports whether it is another than before.
func (tx *Tx) PutBoundary(permissionSetID string, b Boundary) (changed bool, err error) {
	rows, err := tx.exec(`INSERT INTO permission_set_boundary (permission_set_id, policy_arn, policy_name, policy_path)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (permission_set_id) DO UPDATE SET policy_arn = $2, policy_name = $3, policy_path = $4
		WHERE permission_set_boundary.policy_arn <> $2 OR permission_set_boundary.policy_name <> $3
			OR permission_set_boundary.policy_path <> $4`,
		permissionSetID, b.ManagedPolicyARN, b.CustomerPolicy.Name, b.CustomerPolicy.Path)
	return tx.revise(permissionSetID, rows, err)
}

// DeleteBoundary takes the boundary of a permission set, and reports whether it had one.
func (tx *Tx) DeleteBoundary(permissionSetID string) (deleted bool, err error) {
	rows, err := tx.exec(`DELETE FROM permission_set_boundary WHERE permission_set_id = $1`, permissionSetID)
	return tx.revise(permissionSetID, rows, err)
}
