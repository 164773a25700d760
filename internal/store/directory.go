package store

import "strings"

// This file is for who compares or writes out everything at once: whole tables, each in one statement, and rows that are written over
// whatever was there.

// UserRecords returns all that is kept of every user, by name.
func (tx *Tx) UserRecords() ([]UserRecord, error) {
	return list(tx, scanUserRecord, `SELECT `+userRecordColumns+` FROM directory_user ORDER BY user_name_key`)
}

// PutUserRecord is PutUser for a user with the attributes that only the profile has.
func (tx *Tx) PutUserRecord(u UserRecord) error {
	if err := tx.PutUser(u.User); err != nil {
		return err
	}
	_, err := tx.exec(`UPDATE directory_user SET profile = $2 WHERE user_id = $1`, u.UserID, u.Profile)
	return err
}

// AllUserExternalIDs returns every external id of a user, by user.
func (tx *Tx) AllUserExternalIDs() ([]OwnedExternalID, error) {
	return list(tx, scanOwnedExternalID,
		`SELECT user_id, issuer, external_id FROM user_external_id ORDER BY user_id, issuer, external_id`)
}

// AllGroupExternalIDs returns every external id of a group, by group.
func (tx *Tx) AllGroupExternalIDs() ([]OwnedExternalID, error) {
	return list(tx, scanOwnedExternalID,
		`SELECT group_id, issuer, external_id FROM group_external_id ORDER BY group_id, issuer, external_id`)
}

// AllSetPolicies are the policies of a permission set, with those that each account has of its own.
type AllSetPolicies struct {
	SetPolicies
	Customer []CustomerPolicy
}

// AllPermissionSetPolicies returns the policies of every permission set that has some, by the id of the permission set.
func (tx *Tx) AllPermissionSetPolicies() (map[string]AllSetPolicies, error) {
	all := map[string]AllSetPolicies{}
	err := tx.query(`SELECT permission_set_id AS id, 'inline' AS kind, document AS first, '' AS second, '' AS third
			FROM permission_set_inline_policy
		UNION ALL SELECT permission_set_id, 'managed', policy_arn, '', '' FROM permission_set_managed_policy
		UNION ALL SELECT permission_set_id, 'customer', policy_name, policy_path, '' FROM permission_set_customer_policy
		UNION ALL SELECT permission_set_id, 'boundary', policy_arn, policy_name, policy_path FROM permission_set_boundary
		ORDER BY id, kind, first, second`, nil, func(r row) error {
		p := all[r.text(0)]
		p.PermissionSetID = r.text(0)
		switch r.text(1) {
		case "inline":
			p.Inline, p.HasInline = r.text(2), true
		case "managed":
			p.Managed = append(p.Managed, r.text(2))
		case "customer":
			p.Customer = append(p.Customer, CustomerPolicy{r.text(2), r.text(3)})
		default:
			p.Boundary, p.Bounded = Boundary{r.text(2), CustomerPolicy{r.text(3), r.text(4)}}, true
		}
		all[p.PermissionSetID] = p
		return nil
	})
	return all, err
}

// AccountInstances returns the instances that accounts made for themselves, by account.
func (tx *Tx) AccountInstances() ([]AccountInstance, error) {
	return list(tx, scanAccountInstance, `SELECT instance_id, account_id, name, created_at FROM account_instance ORDER BY account_id`)
}

// AllApplications returns the applications of every instance, by name and id.
func (tx *Tx) AllApplications() ([]Application, error) {
	return list(tx, scanApplication, `SELECT `+applicationColumns+` FROM application ORDER BY name, application_id`)
}

// AllApplicationGrants returns every grant of an application, by application and type.
func (tx *Tx) AllApplicationGrants() ([]ApplicationGrant, error) {
	return list(tx, scanApplicationGrant,
		`SELECT application_id, grant_type, document FROM application_grant ORDER BY application_id, grant_type`)
}

// AllApplicationScopes returns every scope of an application, by application and name.
func (tx *Tx) AllApplicationScopes() ([]ApplicationScope, error) {
	return list(tx, scanApplicationScope, `SELECT application_id, scope, targets FROM application_scope ORDER BY application_id, scope`)
}

// AllApplicationAssignments returns who may use which application, by application and principal.
func (tx *Tx) AllApplicationAssignments() ([]ApplicationAssignment, error) {
	return list(tx, scanApplicationAssignment, `SELECT application_id, principal_type, principal_id FROM application_assignment
		ORDER BY application_id, principal_type, principal_id`)
}

// AllTrustedTokenIssuers returns the issuers of every instance, by name.
func (tx *Tx) AllTrustedTokenIssuers() ([]TrustedTokenIssuer, error) {
	return list(tx, scanIssuer, `SELECT `+issuerColumns+` FROM trusted_token_issuer ORDER BY name, issuer_id`)
}

// OwnedIAMPolicy is an identity policy with whose it is.
type OwnedIAMPolicy struct {
	IAMPrincipal
	IAMPolicy
}

// AllIAMPolicies returns the identity policies of every principal, by principal and name.
func (tx *Tx) AllIAMPolicies() ([]OwnedIAMPolicy, error) {
	return list(tx, func(r row) OwnedIAMPolicy {
		return OwnedIAMPolicy{IAMPrincipal{r.text(0), r.text(1), r.text(2)}, IAMPolicy{r.text(3), r.text(4)}}
	}, `SELECT account_id, principal_kind, principal_name, policy_name, document FROM iam_policy
		ORDER BY account_id, principal_kind, principal_name, policy_name`)
}

// PutIAMUser makes a user, or moves one to another path. The name's other spellings must be free.
func (tx *Tx) PutIAMUser(u IAMUser) error {
	_, err := tx.exec(`INSERT INTO iam_user (account_id, user_name, name_key, path, user_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account_id, user_name) DO UPDATE SET path = $4`,
		u.AccountID, u.UserName, strings.ToLower(u.UserName), u.Path, u.UserID, tx.Millis())
	return err
}

// PutIAMRole makes a role, or replaces everything but the id of one. The name's other spellings must be free.
func (tx *Tx) PutIAMRole(r IAMRole) error {
	_, err := tx.exec(`INSERT INTO iam_role
		(account_id, role_name, name_key, path, role_id, description, trust_policy, max_session_s, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (account_id, role_name) DO UPDATE SET path = $4, description = $6, trust_policy = $7, max_session_s = $8`,
		r.AccountID, r.RoleName, strings.ToLower(r.RoleName), r.Path, r.RoleID, r.Description, r.TrustPolicy, r.MaxSessionS, tx.Millis())
	return err
}

// PutOIDCProvider registers a provider, or changes the audiences and the static keys of one.
func (tx *Tx) PutOIDCProvider(p OIDCProvider) error {
	if added, err := tx.AddOIDCProvider(p); added || err != nil {
		return err
	}
	_, err := tx.UpdateOIDCProvider(p)
	return err
}

// PutAccessKey adds a long-lived key, or gives the one of that id another secret, principal and state.
func (tx *Tx) PutAccessKey(k AccessKey) error {
	p := k.Principal()
	_, err := tx.exec(`INSERT INTO access_key
		(access_key_id, sealed_secret, account_id, principal_kind, principal_name, user_name, status, created_at)
		VALUES ($1, $2, $3, $4, $5, $5, $6, $7)
		ON CONFLICT (access_key_id) DO UPDATE SET sealed_secret = $2, account_id = $3, principal_kind = $4, principal_name = $5,
			user_name = $5, status = $6`,
		k.AccessKeyID, k.SealedSecret, p.AccountID, p.Kind, p.Name, k.Status, tx.Millis())
	return err
}
