package store

import (
	"encoding/json"
	"sallyport/internal/arn"
	"strings"
)

// IAMPrincipal names a user or a role of an account.
type IAMPrincipal struct {
	AccountID string
	Kind      string // IAMUserKind or IAMRoleKind
	Name      string
}

// The kinds of principals that have policies and long-lived keys.
const (
	IAMUserKind = "user"
	IAMRoleKind = "role"
)

// IAMUser is a user of an account.
type IAMUser struct {
	AccountID string
	UserName  string
	Path      string
	UserID    string // AIDA…; empty for users of early versions, whose id follows from their name
	CreatedAt int64
}

// Principal is the user's name among principals.
func (u IAMUser) Principal() IAMPrincipal { return IAMPrincipal{u.AccountID, IAMUserKind, u.UserName} }

// IAMRole is a role of an account.
type IAMRole struct {
	AccountID   string
	RoleName    string
	Path        string
	RoleID      string // AROA…
	Description string
	TrustPolicy string
	MaxSessionS int64 // seconds
	CreatedAt   int64
}

// Principal is the role's name among principals.
func (r IAMRole) Principal() IAMPrincipal { return IAMPrincipal{r.AccountID, IAMRoleKind, r.RoleName} }

const (
	iamUserColumns = `account_id, user_name, path, user_id, created_at`
	iamRoleColumns = `account_id, role_name, path, role_id, description, trust_policy, max_session_s, created_at`
)

func scanIAMUser(r row) IAMUser { return IAMUser{r.text(0), r.text(1), r.text(2), r.text(3), r.int(4)} }
func scanIAMRole(r row) IAMRole {
	return IAMRole{r.text(0), r.text(1), r.text(2), r.text(3), r.text(4), r.text(5), r.int(6), r.int(7)}
}

// IAMUser finds a user by its name, letter for letter.
func (tx *Tx) IAMUser(accountID, name string) (user IAMUser, found bool, err error) {
	found, err = tx.one(`SELECT `+iamUserColumns+` FROM iam_user WHERE account_id = $1 AND user_name = $2`,
		func(r row) { user = scanIAMUser(r) }, accountID, name)
	return user, found, err
}

// IAMUsers returns the users of an account, or of all when it is empty, by account and name.
func (tx *Tx) IAMUsers(accountID string) ([]IAMUser, error) {
	first, last := accounts(accountID)
	return list(tx, scanIAMUser, `SELECT `+iamUserColumns+` FROM iam_user WHERE account_id >= $1 AND account_id <= $2
		ORDER BY account_id, user_name`, first, last)
}

// AddIAMUser makes a user, and reports false when the account has one of that name, in whatever letters.
func (tx *Tx) AddIAMUser(u IAMUser) (added bool, err error) {
	n, err := tx.exec(`INSERT INTO iam_user (account_id, user_name, name_key, path, user_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`, u.AccountID, u.UserName, strings.ToLower(u.UserName), u.Path, u.UserID, tx.Millis())
	return n == 1, err
}

// DeleteIAMUser removes a user with its policies and keys, and reports whether there was one.
func (tx *Tx) DeleteIAMUser(accountID, name string) (deleted bool, err error) {
	n, err := tx.exec(`DELETE FROM iam_user WHERE account_id = $1 AND user_name = $2`, accountID, name)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.deleteOfPrincipal(IAMPrincipal{accountID, IAMUserKind, name})
}

// IAMRole finds a role by its name, letter for letter.
func (tx *Tx) IAMRole(accountID, name string) (role IAMRole, found bool, err error) {
	found, err = tx.one(`SELECT `+iamRoleColumns+` FROM iam_role WHERE account_id = $1 AND role_name = $2`,
		func(r row) { role = scanIAMRole(r) }, accountID, name)
	return role, found, err
}

// IAMRoles returns the roles of an account, or of all when it is empty, by account and name.
func (tx *Tx) IAMRoles(accountID string) ([]IAMRole, error) {
	first, last := accounts(accountID)
	return list(tx, scanIAMRole, `SELECT `+iamRoleColumns+` FROM iam_role WHERE account_id >= $1 AND account_id <= $2
		ORDER BY account_id, role_name`, first, last)
}

// AddIAMRole makes a role, and reports false when the account has one of that name, in whatever letters.
func (tx *Tx) AddIAMRole(r IAMRole) (added bool, err error) {
	n, err := tx.exec(`INSERT INTO iam_role
		(account_id, role_name, name_key, path, role_id, description, trust_policy, max_session_s, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		r.AccountID, r.RoleName, strings.ToLower(r.RoleName), r.Path, r.RoleID, r.Description, r.TrustPolicy, r.MaxSessionS, tx.Millis())
	return n == 1, err
}

// UpdateIAMRole changes what can change of a role: its description, its trust policy and the length of its sessions. It reports whether
// there is such a role.
func (tx *Tx) UpdateIAMRole(r IAMRole) (updated bool, err error) {
	n, err := tx.exec(`UPDATE iam_role SET description = $3, trust_policy = $4, max_session_s = $5 WHERE account_id = $1 AND role_name = $2`,
		r.AccountID, r.RoleName, r.Description, r.TrustPolicy, r.MaxSessionS)
	return n == 1, err
}

// DeleteIAMRole removes a role with its policies and keys, and reports whether there was one.
func (tx *Tx) DeleteIAMRole(accountID, name string) (deleted bool, err error) {
	n, err := tx.exec(`DELETE FROM iam_role WHERE account_id = $1 AND role_name = $2`, accountID, name)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.deleteOfPrincipal(IAMPrincipal{accountID, IAMRoleKind, name})
}

func (tx *Tx) deleteOfPrincipal(p IAMPrincipal) error {
	return tx.each([]string{
		`DELETE FROM iam_policy WHERE account_id = $1 AND principal_kind = $2 AND principal_name = $3`,
		`DELETE FROM access_key WHERE account_id = $1 AND principal_kind = $2 AND principal_name = $3`,
	}, p.AccountID, p.Kind, p.Name)
}

// deleteIAMOf removes the principals of an account, with what is theirs, and the providers that it trusts. Those of the account that owns the
// instance stay: it needs no row among the accounts.
func (tx *Tx) deleteIAMOf(accountID string) error {
	instance, _, err := tx.Instance()
	if err != nil || accountID == instance.OwnerAccountID {
		return err
	}
	return tx.each([]string{
		`DELETE FROM iam_user WHERE account_id = $1`,
		`DELETE FROM iam_role WHERE account_id = $1`,
		`DELETE FROM iam_policy WHERE account_id = $1`,
		`DELETE FROM access_key WHERE account_id = $1`,
		`DELETE FROM oidc_provider WHERE account_id = $1`,
	}, accountID)
}

// IAMPolicy is an identity policy of a user or a role. One without a document is managed by AWS and attached: Name is then what stands
// behind arn:aws:iam:: in its ARN, with a colon, which names of other policies do not have.
type IAMPolicy struct {
	Name     string
	Document string
}

// PutIAMPolicy gives a principal a policy, in place of one of that name.
func (tx *Tx) PutIAMPolicy(p IAMPrincipal, policy IAMPolicy) error {
	_, err := tx.exec(`INSERT INTO iam_policy (account_id, principal_kind, principal_name, policy_name, document) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id, principal_kind, principal_name, policy_name) DO UPDATE SET document = $5`,
		p.AccountID, p.Kind, p.Name, policy.Name, policy.Document)
	return err
}

// DeleteIAMPolicy takes a policy from a principal, and reports whether it had one of that name.
func (tx *Tx) DeleteIAMPolicy(p IAMPrincipal, name string) (deleted bool, err error) {
	n, err := tx.exec(`DELETE FROM iam_policy WHERE account_id = $1 AND principal_kind = $2 AND principal_name = $3 AND policy_name = $4`,
		p.AccountID, p.Kind, p.Name, name)
	return n == 1, err
}

// IAMIdentity is a principal as it is now, with the id that tells it from one of that name that was there before, and its policies.
type IAMIdentity struct {
	ID       string
	Policies []IAMPolicy
}

// IAMIdentity returns what a principal is and may do, in one statement.
func (tx *Tx) IAMIdentity(p IAMPrincipal) (identity IAMIdentity, found bool, err error) {
	err = tx.query(`SELECT h.id, COALESCE(p.policy_name, ''), COALESCE(p.document, '') FROM
			(SELECT account_id, 'user' AS kind, user_name AS name, user_id AS id FROM iam_user WHERE account_id = $1 AND user_name = $3
			UNION ALL
			SELECT account_id, 'role' AS kind, role_name AS name, role_id AS id FROM iam_role WHERE account_id = $1 AND role_name = $3) h
		LEFT JOIN iam_policy p ON p.account_id = h.account_id AND p.principal_kind = h.kind AND p.principal_name = h.name
		WHERE h.kind = $2 ORDER BY p.policy_name`, []any{p.AccountID, p.Kind, p.Name}, func(r row) error {
		found = true
		identity.ID = r.text(0)
		if r.text(1) != "" {
			identity.Policies = append(identity.Policies, IAMPolicy{r.text(1), r.text(2)})
		}
		return nil
	})
	return identity, found, err
}

// SetPolicies are the policies of a permission set.
type SetPolicies struct {
	PermissionSetID string
	Inline          string // document
	HasInline       bool
	Managed         []string // ARNs of policies of AWS
	Boundary        Boundary
	Bounded         bool // there is a boundary, of whatever
}

// PermissionSetPolicies returns the policies of the permission set of that name, in one statement.
func (tx *Tx) PermissionSetPolicies(name string) (p SetPolicies, found bool, err error) {
	err = tx.query(`SELECT s.permission_set_id, 'inline', COALESCE(i.document, ''), COALESCE(i.permission_set_id, ''), '' FROM permission_set s
			LEFT JOIN permission_set_inline_policy i ON i.permission_set_id = s.permission_set_id WHERE s.name = $1
		UNION ALL
		SELECT s.permission_set_id, 'managed', m.policy_arn, '', '' FROM permission_set s
			JOIN permission_set_managed_policy m ON m.permission_set_id = s.permission_set_id WHERE s.name = $1
		UNION ALL
		SELECT s.permission_set_id, 'boundary', b.policy_arn, b.policy_name, b.policy_path FROM permission_set s
			JOIN permission_set_boundary b ON b.permission_set_id = s.permission_set_id WHERE s.name = $1`,
		[]any{name}, func(r row) error {
			found = true
			p.PermissionSetID = r.text(0)
			switch r.text(1) {
			case "inline":
				p.Inline, p.HasInline = r.text(2), r.text(3) != ""
			case "managed":
				p.Managed = append(p.Managed, r.text(2))
			default:
				p.Boundary, p.Bounded = Boundary{r.text(2), CustomerPolicy{r.text(3), r.text(4)}}, true
			}
			return nil
		})
	return p, found, err
}

// OIDCProvider is an OpenID provider that an account trusts to tell who people are (AssumeRoleWithWebIdentity).
type OIDCProvider struct {
	AccountID string
	URL       string // as its tokens spell it in iss
	ClientIDs string // JSON list of accepted audiences: ReadClientIDs
	JWKS      string // static keys; empty to discover them
	CreatedAt int64
}

// ARN names the provider: by its URL without the scheme.
func (p OIDCProvider) ARN() string {
	_, host, _ := strings.Cut(p.URL, "://")
	return arn.OIDCProvider{Account: p.AccountID, Host: host}.String()
}

// ClientIDsText is the audiences in the form of OIDCProvider.ClientIDs.
func ClientIDsText(clientIDs []string) string {
	text, _ := json.Marshal(clientIDs) // texts cannot fail
	return string(text)
}

// ReadClientIDs returns the accepted audiences.
func (p OIDCProvider) ReadClientIDs() (clientIDs []string, err error) {
	if err := json.Unmarshal([]byte(p.ClientIDs), &clientIDs); err != nil {
		return nil, unreadable("the client ids of provider "+p.URL+" of account "+p.AccountID, err)
	}
	return clientIDs, nil
}

const oidcProviderColumns = `account_id, url, client_ids, jwks, created_at`

func scanOIDCProvider(r row) OIDCProvider {
	return OIDCProvider{r.text(0), r.text(1), r.text(2), r.text(3), r.int(4)}
}

// OIDCProvider finds a provider of an account by its URL.
func (tx *Tx) OIDCProvider(accountID, url string) (provider OIDCProvider, found bool, err error) {
	found, err = tx.one(`SELECT `+oidcProviderColumns+` FROM oidc_provider WHERE account_id = $1 AND url = $2`,
		func(r row) { provider = scanOIDCProvider(r) }, accountID, url)
	return provider, found, err
}

// OIDCProviders returns the providers of an account, or of all when it is empty, by account and URL.
func (tx *Tx) OIDCProviders(accountID string) ([]OIDCProvider, error) {
	first, last := accounts(accountID)
	return list(tx, scanOIDCProvider, `SELECT `+oidcProviderColumns+` FROM oidc_provider WHERE account_id >= $1 AND account_id <= $2
		ORDER BY account_id, url`, first, last)
}

// AddOIDCProvider registers a provider, and reports false when the account has it.
func (tx *Tx) AddOIDCProvider(p OIDCProvider) (added bool, err error) {
	n, err := tx.exec(`INSERT INTO oidc_provider (account_id, url, client_ids, jwks, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, p.AccountID, p.URL, p.ClientIDs, p.JWKS, tx.Millis())
	return n == 1, err
}

// UpdateOIDCProvider changes the audiences and the static keys of a provider, and reports whether there is one.
func (tx *Tx) UpdateOIDCProvider(p OIDCProvider) (updated bool, err error) {
	n, err := tx.exec(`UPDATE oidc_provider SET client_ids = $3, jwks = $4 WHERE account_id = $1 AND url = $2`,
		p.AccountID, p.URL, p.ClientIDs, p.JWKS)
	return n == 1, err
}

// DeleteOIDCProvider removes a provider, and reports whether there was one.
func (tx *Tx) DeleteOIDCProvider(accountID, url string) (deleted bool, err error) {
	n, err := tx.exec(`DELETE FROM oidc_provider WHERE account_id = $1 AND url = $2`, accountID, url)
	return n == 1, err
}
