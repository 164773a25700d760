package store

import (
	"slices"
	"strings"

	"sallyport/internal/arn"
)

// Application is a program that people use through an instance.
type Application struct {
	ApplicationID      string // apl-… with 16 hex digits
	InstanceID         string
	AccountID          string // that made it and owns it
	ProviderARN        string
	Name               string
	Description        string
	Status             string // StatusEnabled or StatusDisabled
	PortalOptions      string // JSON, empty for none: ReadPortalOptions
	AssignmentRequired bool
	BackgroundSession  string // StatusEnabled or StatusDisabled
	ActorPolicy        string // JSON as it was sent, empty for none
	IDTokenAlg         string // of JWS; empty for ES256
	CreatedAt          int64
}

// ARN names the application.
func (a Application) ARN() string {
	return arn.Application{Account: a.AccountID, InstanceID: a.InstanceID, ApplicationID: a.ApplicationID}.String()
}

// Enabled reports whether tokens may be issued for the application.
func (a Application) Enabled() bool { return a.Status == StatusEnabled }

// ApplicationGrant is a way in which an application may get tokens.
type ApplicationGrant struct {
	ApplicationID string
	GrantType     string
	Document      string // the union Grant of sso-admin, as JSON: Grant
}

// ApplicationScope is a scope that an application's tokens may have.
type ApplicationScope struct {
	ApplicationID string
	Scope         string
	Targets       string // JSON list of ARNs for which the scope is good, empty for any: ReadTargets
}

// ApplicationAssignment lets a principal use an application.
type ApplicationAssignment struct {
	ApplicationID string
	PrincipalType string // PrincipalUser or PrincipalGroup
	PrincipalID   string
}

const applicationColumns = `application_id, instance_id, account_id, provider_arn, name, description, status, portal_options,
	assignment_required, background_session, actor_policy, id_token_alg, created_at`

const applicationWidth = 13

func scanApplication(r row) Application {
	return Application{r.text(0), r.text(1), r.text(2), r.text(3), r.text(4), r.text(5), r.text(6), r.text(7), r.int(8) == 1, r.text(9),
		r.text(10), r.text(11), r.int(12)}
}

// flag is how columns keep a truth.
func flag(truth bool) int {
	if truth {
		return 1
	}
	return 0
}

// Application finds an application by id.
func (tx *Tx) Application(applicationID string) (a Application, found bool, err error) {
	found, err = tx.one(`SELECT `+applicationColumns+` FROM application WHERE application_id = $1`,
		func(r row) { a = scanApplication(r) }, applicationID)
	return a, found, err
}

// ConfiguredApplication is an application with all that decides about its tokens.
type ConfiguredApplication struct {
	Application
	Grants []ApplicationGrant // by type
	Scopes []ApplicationScope // by name
}

// The kinds of rows in the answer about a configured application.
const (
	rowOfApplication = "application"
	rowOfGrant       = "grant"
	rowOfScope       = "scope"
)

// ConfiguredApplication finds an application by id with what is configured for it, in one statement: each token asks twice.
func (tx *Tx) ConfiguredApplication(applicationID string) (a ConfiguredApplication, found bool, err error) {
	a = ConfiguredApplication{Grants: []ApplicationGrant{}, Scopes: []ApplicationScope{}}
	err = tx.query(`SELECT `+applicationColumns+`, '`+rowOfApplication+`' FROM application WHERE application_id = $1
		UNION ALL SELECT application_id, grant_type, document, '', '', '', '', '', 0, '', '', '', 0, '`+rowOfGrant+`'
			FROM application_grant WHERE application_id = $1
		UNION ALL SELECT application_id, scope, targets, '', '', '', '', '', 0, '', '', '', 0, '`+rowOfScope+`'
			FROM application_scope WHERE application_id = $1`, []any{applicationID}, func(r row) error {
		switch r.text(applicationWidth) {
		case rowOfApplication:
			found, a.Application = true, scanApplication(r)
		case rowOfGrant:
			a.Grants = append(a.Grants, scanApplicationGrant(r))
		case rowOfScope:
			a.Scopes = append(a.Scopes, scanApplicationScope(r))
		}
		return nil
	})
	// A statement of several parts answers in no order unless it sorts everything.
	slices.SortFunc(a.Grants, func(x, y ApplicationGrant) int { return strings.Compare(x.GrantType, y.GrantType) })
	slices.SortFunc(a.Scopes, func(x, y ApplicationScope) int { return strings.Compare(x.Scope, y.Scope) })
	return a, found, err
}

// ApplicationQuery asks for a page of the applications of an instance. Empty conditions ask for nothing.
type ApplicationQuery struct {
	InstanceID  string
	AccountID   string
	ProviderARN string
	After       string // application id
	Limit       int
}

// Applications returns the page, by id. An instance has so few applications that the conditions need no index.
func (tx *Tx) Applications(q ApplicationQuery) ([]Application, error) {
	return list(tx, scanApplication, `SELECT `+applicationColumns+` FROM application
		WHERE instance_id = $1 AND application_id > $2 AND $3 IN ('', account_id) AND $4 IN ('', provider_arn)
		ORDER BY application_id LIMIT $5`, q.InstanceID, q.After, q.AccountID, q.ProviderARN, q.Limit)
}

// ApplicationsWithActors returns every application, of whatever instance, that has an actor policy.
func (tx *Tx) ApplicationsWithActors() ([]Application, error) {
	return list(tx, scanApplication, `SELECT `+applicationColumns+` FROM application WHERE actor_policy <> '' ORDER BY application_id`)
}

// CountApplicationsAndAccounts returns how many applications an instance has and how many accounts there are: AWS bounds their sum.
func (tx *Tx) CountApplicationsAndAccounts(instanceID string) (count int64, err error) {
	_, err = tx.one(`SELECT (SELECT COUNT(*) FROM application WHERE instance_id = $1) + (SELECT COUNT(*) FROM account)`,
		func(r row) { count = r.int(0) }, instanceID)
	return count, err
}

// PutApplication makes an application, or replaces what can change of one.
func (tx *Tx) PutApplication(a Application) error {
	_, err := tx.exec(`INSERT INTO application (application_id, instance_id, account_id, provider_arn, name, description, status,
			portal_options, assignment_required, background_session, actor_policy, id_token_alg, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
		ON CONFLICT (application_id) DO UPDATE SET name = $5, description = $6, status = $7, portal_options = $8,
			assignment_required = $9, background_session = $10, actor_policy = $11, id_token_alg = $12, updated_at = $13`,
		a.ApplicationID, a.InstanceID, a.AccountID, a.ProviderARN, a.Name, a.Description, a.Status, a.PortalOptions,
		flag(a.AssignmentRequired), a.BackgroundSession, a.ActorPolicy, a.IDTokenAlg, tx.Millis())
	return err
}

// DeleteApplication removes an application with all that hangs on it, and ends every session that it began.
func (tx *Tx) DeleteApplication(applicationID string) error {
	if err := tx.RevokeSessionsOfApplication(applicationID, "application deleted"); err != nil {
		return err
	}
	return tx.each([]string{
		`DELETE FROM application WHERE application_id = $1`,
		`DELETE FROM application_grant WHERE application_id = $1`,
		`DELETE FROM application_scope WHERE application_id = $1`,
		`DELETE FROM application_assignment WHERE application_id = $1`,
		`DELETE FROM resource_tags WHERE resource_id = $1`,
	}, applicationID)
}

func scanApplicationGrant(r row) ApplicationGrant {
	return ApplicationGrant{r.text(0), r.text(1), r.text(2)}
}

// ApplicationGrants returns the grants of an application, by type.
func (tx *Tx) ApplicationGrants(applicationID string) ([]ApplicationGrant, error) {
	return list(tx, scanApplicationGrant,
		`SELECT application_id, grant_type, document FROM application_grant WHERE application_id = $1 ORDER BY grant_type`, applicationID)
}

// ApplicationGrant finds the grant of a type.
func (tx *Tx) ApplicationGrant(applicationID, grantType string) (g ApplicationGrant, found bool, err error) {
	found, err = tx.one(`SELECT application_id, grant_type, document FROM application_grant
		WHERE application_id = $1 AND grant_type = $2`, func(r row) { g = scanApplicationGrant(r) }, applicationID, grantType)
	return g, found, err
}

// PutApplicationGrant gives an application a grant in place of an earlier one of the type.
func (tx *Tx) PutApplicationGrant(g ApplicationGrant) error {
	_, err := tx.exec(`INSERT INTO application_grant (application_id, grant_type, document) VALUES ($1, $2, $3)
		ON CONFLICT (application_id, grant_type) DO UPDATE SET document = $3`, g.ApplicationID, g.GrantType, g.Document)
	return err
}

// DeleteApplicationGrant takes the grant of a type and reports whether there was one.
func (tx *Tx) DeleteApplicationGrant(applicationID, grantType string) (bool, error) {
	changed, err := tx.exec(`DELETE FROM application_grant WHERE application_id = $1 AND grant_type = $2`, applicationID, grantType)
	return changed == 1, err
}

func scanApplicationScope(r row) ApplicationScope {
	return ApplicationScope{r.text(0), r.text(1), r.text(2)}
}

// ApplicationScopes returns the scopes of an application, by name.
func (tx *Tx) ApplicationScopes(applicationID string) ([]ApplicationScope, error) {
	return list(tx, scanApplicationScope,
		`SELECT application_id, scope, targets FROM application_scope WHERE application_id = $1 ORDER BY scope`, applicationID)
}

// ApplicationScope finds a scope of an application.
func (tx *Tx) ApplicationScope(applicationID, scope string) (s ApplicationScope, found bool, err error) {
	found, err = tx.one(`SELECT application_id, scope, targets FROM application_scope WHERE application_id = $1 AND scope = $2`,
		func(r row) { s = scanApplicationScope(r) }, applicationID, scope)
	return s, found, err
}

// PutApplicationScope gives an application a scope, or other targets for one that it has.
func (tx *Tx) PutApplicationScope(s ApplicationScope) error {
	_, err := tx.exec(`INSERT INTO application_scope (application_id, scope, targets) VALUES ($1, $2, $3)
		ON CONFLICT (application_id, scope) DO UPDATE SET targets = $3`, s.ApplicationID, s.Scope, s.Targets)
	return err
}

// CountApplicationScopes returns how many scopes an application has besides the given one.
func (tx *Tx) CountApplicationScopes(applicationID, besides string) (count int64, err error) {
	_, err = tx.one(`SELECT COUNT(*) FROM application_scope WHERE application_id = $1 AND scope <> $2`,
		func(r row) { count = r.int(0) }, applicationID, besides)
	return count, err
}

// DeleteApplicationScope takes a scope and reports whether the application had it.
func (tx *Tx) DeleteApplicationScope(applicationID, scope string) (bool, error) {
	changed, err := tx.exec(`DELETE FROM application_scope WHERE application_id = $1 AND scope = $2`, applicationID, scope)
	return changed == 1, err
}

func scanApplicationAssignment(r row) ApplicationAssignment {
	return ApplicationAssignment{r.text(0), r.text(1), r.text(2)}
}

// ApplicationAssignments returns up to limit assignments of an application, by type and id of the principal, those after the given one.
func (tx *Tx) ApplicationAssignments(after ApplicationAssignment, limit int) ([]ApplicationAssignment, error) {
	return list(tx, scanApplicationAssignment, `SELECT application_id, principal_type, principal_id FROM application_assignment
		WHERE application_id = $1 AND (principal_type, principal_id) > ($2, $3)
		ORDER BY principal_type, principal_id LIMIT $4`, after.ApplicationID, after.PrincipalType, after.PrincipalID, limit)
}

// HasApplicationAssignment reports whether the principal itself is assigned: a user's groups do not count.
func (tx *Tx) HasApplicationAssignment(a ApplicationAssignment) (bool, error) {
	return tx.one(`SELECT application_id FROM application_assignment
		WHERE application_id = $1 AND principal_type = $2 AND principal_id = $3`, func(row) {}, a.ApplicationID, a.PrincipalType, a.PrincipalID)
}

// AssignedToApplication reports whether the user is assigned to the application, directly or through a group. CROSS has SQLite begin with the
// user's memberships: left to itself it reads everybody who is assigned to the application, each time that a token is issued.
func (tx *Tx) AssignedToApplication(applicationID, userID string) (bool, error) {
	return tx.one(`SELECT application_id FROM application_assignment
			WHERE application_id = $1 AND principal_type = 'USER' AND principal_id = $2
		UNION ALL SELECT a.application_id FROM group_membership m CROSS JOIN application_assignment a
			WHERE m.user_id = $2 AND a.application_id = $1 AND a.principal_type = 'GROUP' AND a.principal_id = m.group_id
		LIMIT 1`, func(row) {}, applicationID, userID)
}

// PrincipalQuery asks for a page of what a principal is assigned to, a user through groups as well.
type PrincipalQuery struct {
	InstanceID    string
	PrincipalType string
	PrincipalID   string
	ApplicationID string // empty for any
	After         ApplicationAssignment
	Limit         int
}

// AssignedApplication is an assignment with the account that owns the application.
type AssignedApplication struct {
	ApplicationAssignment
	AccountID string
}

// ApplicationAssignmentsOf returns the page, by application and principal. Its cost is that of all that the principal is assigned to.
func (tx *Tx) ApplicationAssignmentsOf(q PrincipalQuery) ([]AssignedApplication, error) {
	return list(tx, func(r row) AssignedApplication { return AssignedApplication{scanApplicationAssignment(r), r.text(3)} },
		`SELECT a.application_id, a.principal_type, a.principal_id, application.account_id
		FROM application_assignment a JOIN application ON application.application_id = a.application_id
		WHERE (a.principal_type = $2 AND a.principal_id = $3 OR $2 = 'USER' AND a.principal_type = 'GROUP' AND a.principal_id IN
				(SELECT group_id FROM group_membership WHERE user_id = $3))
			AND application.instance_id = $1 AND $4 IN ('', a.application_id)
			AND (a.application_id, a.principal_type, a.principal_id) > ($5, $6, $7)
		ORDER BY a.application_id, a.principal_type, a.principal_id LIMIT $8`,
		q.InstanceID, q.PrincipalType, q.PrincipalID, q.ApplicationID,
		q.After.ApplicationID, q.After.PrincipalType, q.After.PrincipalID, q.Limit)
}

// AddApplicationAssignment lets the principal use the application and reports whether that is new.
func (tx *Tx) AddApplicationAssignment(a ApplicationAssignment) (bool, error) {
	changed, err := tx.exec(`INSERT INTO application_assignment (application_id, principal_type, principal_id, created_at)
		VALUES ($1, $2, $3, $4) ON CONFLICT (application_id, principal_type, principal_id) DO NOTHING`,
		a.ApplicationID, a.PrincipalType, a.PrincipalID, tx.Millis())
	return changed == 1, err
}

// DeleteApplicationAssignment takes the application from the principal and reports whether it was assigned.
func (tx *Tx) DeleteApplicationAssignment(a ApplicationAssignment) (bool, error) {
	changed, err := tx.exec(`DELETE FROM application_assignment WHERE application_id = $1 AND principal_type = $2 AND principal_id = $3`,
		a.ApplicationID, a.PrincipalType, a.PrincipalID)
	return changed == 1, err
}

// PrincipalExists reports whether the directory has the user or group.
func (tx *Tx) PrincipalExists(principalType, principalID string) (bool, error) {
	return tx.one(`SELECT user_id FROM directory_user WHERE $1 = 'USER' AND user_id = $2
		UNION ALL SELECT group_id FROM directory_group WHERE $1 = 'GROUP' AND group_id = $2`, func(row) {}, principalType, principalID)
}
