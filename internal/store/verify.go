package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sallyport/internal/jose"
	"sallyport/internal/policy"
)

// This file checks what is true of every database that this program wrote, whatever happened to it: what each row refers to is there, ends come
// after beginnings, what is spent was honoured once, nothing outlives what it rests on, and texts can be read. Each is a value of the table
// invariants.
//
// Moments of different transactions are not held against each other: a clock may have been set back between them.

// invariant is something that is true of the rows of a table.
type invariant struct {
	name  string // a sentence
	table string
	// wrong is the condition of rows for which it is not true. $1 is the moment.
	wrong string
	// query is asked in place of wrong where rows have to be seen together: its first column names what is wrong.
	query string
	// columns are read for inspect, which says what is wrong with a row, or nothing.
	columns string
	inspect func(r row) string
	// distinct is what no two rows have in common, made of columns.
	distinct func(r row) string
}

// sessionKept is the age in milliseconds, below keepExpired, up to which the session that a code began has not been cleaned away.
const sessionKept = `82800000`

// oneOf is the condition that a column has none of the values.
func oneOf(column string, values ...string) string {
	return column + ` NOT IN ('` + strings.Join(values, `', '`) + `')`
}

// missing is the condition that no row of another table has the value of the column.
func missing(column, in, key string) string {
	return `NOT EXISTS (SELECT 1 FROM ` + in + ` there WHERE there.` + key + ` = ` + column + `)`
}

// missingPrincipal is the condition that there is no such user or group.
func missingPrincipal(table string) string {
	return `principal_type = 'USER' AND ` + missing(table+".principal_id", "directory_user", "user_id") +
		` OR principal_type = 'GROUP' AND ` + missing(table+".principal_id", "directory_group", "group_id") +
		` OR ` + oneOf("principal_type", PrincipalUser, PrincipalGroup)
}

// missingHolder is the condition that a policy or key is nobody's.
func missingHolder(table string) string {
	return `principal_kind = 'user' AND NOT EXISTS (SELECT 1 FROM iam_user there WHERE there.account_id = ` + table + `.account_id AND there.user_name = ` + table + `.principal_name)
		OR principal_kind = 'role' AND NOT EXISTS (SELECT 1 FROM iam_role there WHERE there.account_id = ` + table + `.account_id AND there.role_name = ` + table + `.principal_name)
		OR ` + oneOf("principal_kind", IAMUserKind, IAMRoleKind)
}

// spentUnlike is the condition that a single-use thing is not as its state says.
const spentUnlike = `(state = 'spent') <> (session_id <> '') OR (state = 'spent') <> (spent_at > 0) OR spent_at > 0 AND spent_at >= expires_at`

// spentOnce are the sessions that single-use things were spent for.
const spentOnce = `SELECT session_id FROM (SELECT session_id FROM device_authorization WHERE state = 'spent'
	UNION ALL SELECT session_id FROM authorization_code WHERE state = 'spent'
	UNION ALL SELECT session_id FROM assertion_replay) spent GROUP BY session_id HAVING COUNT(*) > 1`

var invariants = []invariant{
	{name: "there is one instance", table: "instance",
		query: `SELECT instance_id FROM instance WHERE (SELECT COUNT(*) FROM instance) > 1 UNION ALL SELECT 'there is none' WHERE NOT EXISTS (SELECT 1 FROM instance)`},
	{name: "the key ring has keys that seal and one that finds", table: "sealing_key",
		query: `SELECT 'no key of purpose ' || wanted.purpose FROM (SELECT 'epoch' AS purpose UNION ALL SELECT 'lookup') wanted
			WHERE (SELECT COUNT(*) FROM sealing_key k WHERE k.purpose = wanted.purpose) = 0`},
	{name: "keys of the ring have a purpose and a sealed seed", table: "sealing_key", wrong: oneOf("purpose", "epoch", "lookup", "rsa") + ` OR sealed_seed = ''`},

	{name: "users are enabled or disabled", table: "directory_user", wrong: oneOf("status", StatusEnabled, StatusDisabled)},
	{name: "names of users have their key", table: "directory_user", columns: "user_name_key, user_name", inspect: foldedName},
	{name: "no two users have names that people cannot tell apart", table: "directory_user", columns: "user_name", distinct: func(r row) string { return UserNameKey(r.text(0)) }},
	{name: "profiles of users can be read", table: "directory_user", columns: "profile, user_id", inspect: func(r row) string {
		_, err := UserRecord{User: User{UserID: r.text(1)}, Profile: r.text(0)}.Attributes("")
		return failure(err)
	}},
	{name: "users have the address that is kept as theirs", table: "user_email",
		wrong: missing("user_email.user_id", "directory_user", "user_id")},
	{name: "keys of addresses are those of an address of the user", table: "user_email",
		columns: "email_key, COALESCE((SELECT u.email FROM directory_user u WHERE u.user_id = user_email.user_id), '')", inspect: foldedEmail},
	{name: "passwords are of users, and hashed", table: "user_password",
		columns: "hash, origin, " + found("user_password.user_id", "directory_user", "user_id"), inspect: func(r row) string {
			switch origin := r.text(1); {
			case r.int(2) == 0:
				return "the user is gone"
			case !strings.HasPrefix(r.text(0), "$argon2id$") || strings.Count(r.text(0), "$") != 5:
				return "it is hashed by nothing that we know"
			case origin != OriginDemo && origin != OriginOperator:
				return "nobody is known to have set it"
			}
			return ""
		}},
	{name: "external ids of users are of users", table: "user_external_id", wrong: missing("user_external_id.user_id", "directory_user", "user_id")},
	{name: "external ids of groups are of groups", table: "group_external_id", wrong: missing("group_external_id.group_id", "directory_group", "group_id")},
	{name: "memberships are of users in groups", table: "group_membership",
		wrong: missing("group_membership.user_id", "directory_user", "user_id") + ` OR ` + missing("group_membership.group_id", "directory_group", "group_id") + ` OR membership_id = ''`},

	{name: "assignments are of users and groups", table: "account_assignment", wrong: missingPrincipal("account_assignment")},
	{name: "assignments are in accounts", table: "account_assignment", wrong: missing("account_assignment.account_id", "account", "account_id")},
	{name: "assignments are of permission sets", table: "account_assignment", wrong: missing("account_assignment.permission_set_id", "permission_set", "permission_set_id")},
	{name: "permission sets are provisioned to accounts, with a revision that they had", table: "permission_set_provisioning",
		wrong: missing("permission_set_provisioning.account_id", "account", "account_id") +
			` OR NOT EXISTS (SELECT 1 FROM permission_set s WHERE s.permission_set_id = permission_set_provisioning.permission_set_id AND s.revision >= permission_set_provisioning.revision)`},
	{name: "permission sets have a duration and a revision", table: "permission_set", wrong: `session_duration_s <= 0 OR revision < 1`},
	{name: "inline policies are of permission sets, and can be read", table: "permission_set_inline_policy",
		columns: "document, " + found("permission_set_inline_policy.permission_set_id", "permission_set", "permission_set_id"), inspect: ofSomethingAndPolicy},
	{name: "policies of AWS are attached to permission sets", table: "permission_set_managed_policy", wrong: missing("permission_set_managed_policy.permission_set_id", "permission_set", "permission_set_id")},
	{name: "policies of accounts are attached to permission sets", table: "permission_set_customer_policy", wrong: missing("permission_set_customer_policy.permission_set_id", "permission_set", "permission_set_id")},
	{name: "boundaries are of permission sets, and one policy", table: "permission_set_boundary",
		wrong: missing("permission_set_boundary.permission_set_id", "permission_set", "permission_set_id") + ` OR (policy_arn = '') = (policy_name = '')`},

	{name: "users of accounts have the key of their name", table: "iam_user", columns: "name_key, user_name", inspect: loweredName},
	{name: "roles of accounts have the key of their name, and a trust policy", table: "iam_role", columns: "name_key, role_name, trust_policy",
		inspect: func(r row) string { return first(loweredName(r), badPolicy(r.text(2), policy.Trust)) }},
	{name: "policies of principals are somebody's", table: "iam_policy", wrong: missingHolder("iam_policy")},
	{name: "policies of principals can be read, or are of AWS", table: "iam_policy", columns: "document, policy_name", inspect: func(r row) string {
		if r.text(0) == "" && strings.Contains(r.text(1), ":") {
			return ""
		}
		return badPolicy(r.text(0), policy.Identity)
	}},
	{name: "access keys are somebody's", table: "access_key", wrong: missingHolder("access_key")},
	{name: "access keys are active or inactive, and sealed", table: "access_key", wrong: oneOf("status", KeyActive, KeyInactive) + ` OR sealed_secret = ''`},
	{name: "OpenID providers have audiences, and keys that can be read", table: "oidc_provider", columns: "client_ids, jwks", inspect: func(r row) string {
		clients, err := OIDCProvider{ClientIDs: r.text(0)}.ReadClientIDs()
		if err == nil && len(clients) == 0 {
			err = errors.New("there is no audience")
		}
		return first(failure(err), badKeys(r.text(1)))
	}},

	{name: "applications are of an instance", table: "application",
		wrong: missing("application.instance_id", "instance", "instance_id") + ` AND ` + missing("application.instance_id", "account_instance", "instance_id")},
	{name: "applications have a state and settings that exist", table: "application",
		wrong: oneOf("status", StatusEnabled, StatusDisabled) + ` OR ` + oneOf("background_session", StatusEnabled, StatusDisabled, "") + ` OR assignment_required NOT IN (0, 1)`},
	{name: "policies and portal options of applications can be read", table: "application", columns: "portal_options, actor_policy", inspect: func(r row) string {
		_, err := Application{PortalOptions: r.text(0)}.ReadPortalOptions()
		if text := r.text(1); text != "" {
			return first(failure(err), badPolicy(text, policy.Resource))
		}
		return failure(err)
	}},
	{name: "grants are of applications", table: "application_grant", wrong: missing("application_grant.application_id", "application", "application_id")},
	{name: "grants can be read", table: "application_grant", columns: "document, grant_type", inspect: func(r row) string {
		_, err := ApplicationGrant{Document: r.text(0), GrantType: r.text(1)}.Grant()
		return failure(err)
	}},
	{name: "scopes are of applications", table: "application_scope", wrong: missing("application_scope.application_id", "application", "application_id")},
	{name: "targets of scopes can be read", table: "application_scope", columns: "targets", inspect: func(r row) string {
		_, err := ApplicationScope{Targets: r.text(0)}.ReadTargets()
		return failure(err)
	}},
	{name: "assignments to applications are of applications", table: "application_assignment", wrong: missing("application_assignment.application_id", "application", "application_id")},
	{name: "assignments to applications are of users and groups", table: "application_assignment", wrong: missingPrincipal("application_assignment")},
	{name: "issuers are of an instance", table: "trusted_token_issuer",
		wrong: missing("trusted_token_issuer.instance_id", "instance", "instance_id") + ` AND ` + missing("trusted_token_issuer.instance_id", "account_instance", "instance_id")},
	{name: "keys of issuers can be read", table: "trusted_token_issuer", columns: "jwks", inspect: func(r row) string { return badKeys(r.text(0)) }},
	{name: "tags are of something, and can be read", table: "resource_tags",
		columns: "tags, (SELECT COUNT(*) FROM application t WHERE t.application_id = resource_id) + (SELECT COUNT(*) FROM permission_set t WHERE t.permission_set_id = resource_id)" +
			" + (SELECT COUNT(*) FROM trusted_token_issuer t WHERE t.issuer_id = resource_id) + (SELECT COUNT(*) FROM instance t WHERE t.instance_id = resource_id)" +
			" + (SELECT COUNT(*) FROM account_instance t WHERE t.instance_id = resource_id)",
		inspect: func(r row) string {
			if r.int(1) == 0 {
				return "what they are of is gone"
			}
			_, err := readTags("", r.text(0))
			return failure(err)
		}},

	{name: "sign-ins are of users, or ended", table: "sign_in", wrong: `revoked_at = 0 AND ` + missing("sign_in.user_id", "directory_user", "user_id")},
	{name: "sign-ins end after they begin", table: "sign_in", wrong: `created_at > ends_at`},
	{name: "sessions are of users, or ended", table: "session", wrong: `revoked_at = 0 AND ` + missing("session.user_id", "directory_user", "user_id")},
	{name: "sessions end with their sign-in", table: "session",
		wrong: `revoked_at = 0 AND EXISTS (SELECT 1 FROM sign_in s WHERE s.sign_in_id = session.sign_in_id AND s.revoked_at <> 0)`},
	{name: "sessions end with their application", table: "session",
		wrong: `application_id <> '' AND revoked_at = 0 AND ` + missing("session.application_id", "application", "application_id")},
	{name: "sessions end with their issuer", table: "session",
		wrong: `issuer_id <> '' AND revoked_at = 0 AND ` + missing("session.issuer_id", "trusted_token_issuer", "issuer_id")},
	{name: "sessions end with the session whose token was exchanged", table: "session",
		wrong: `parent_session_id <> '' AND revoked_at = 0 AND (EXISTS (SELECT 1 FROM session p WHERE p.session_id = session.parent_session_id AND (p.revoked_at <> 0 OR p.ends_at < session.ends_at))
			OR ends_at > $1 AND ` + missing("session.parent_session_id", "session", "session_id") + `)`},
	{name: "sessions end after they begin, and have a generation", table: "session", wrong: `created_at > ends_at OR generation < 1`},
	{name: "sessions that were ended have a reason", table: "session", wrong: `(revoked_at <> 0) <> (revoked_because <> '')`},
	{name: "sessions that stand have their key", table: "session",
		wrong: `revoked_at = 0 AND ends_at > $1 AND ` + missing("session.key_id", "sealing_key", "key_id") +
			` AND NOT EXISTS (SELECT 1 FROM retired_key k WHERE k.key_id = session.key_id AND k.forced = 1)`},
	{name: "keys that were retired have left the ring", table: "retired_key",
		wrong: `EXISTS (SELECT 1 FROM sealing_key k WHERE k.key_id = retired_key.key_id)`},
	{name: "sessions of applications name them as the client, and others no application", table: "session",
		wrong: `application_id <> '' AND client_id <> application_id OR application_id = '' AND (actor <> '' OR may_act <> '' OR issuer_id <> '' OR credential_id <> '' OR parent_session_id <> '')`},
	{name: "actors of sessions can be read", table: "session", columns: "actor, may_act", inspect: func(r row) string { return first(emptyOrObject(r.text(0)), emptyOrObject(r.text(1))) }},
	{name: "no two sessions have one credential id", table: "session",
		query: `SELECT credential_id FROM session WHERE credential_id <> '' GROUP BY credential_id HAVING COUNT(*) > 1`},
	{name: "consents are of users, and end", table: "consent", wrong: missing("consent.user_id", "directory_user", "user_id") + ` OR granted_at > expires_at`},

	{name: "device authorizations have a state, and expire", table: "device_authorization",
		wrong: oneOf("state", DevicePending, DeviceApproved, DeviceDenied, DeviceSpent) + ` OR created_at > expires_at`},
	{name: "device authorizations that were approved name who did it", table: "device_authorization", wrong: `state IN ('approved', 'spent') AND (user_id = '' OR decided_at = 0)`},
	{name: "device authorizations are spent for a session, or not", table: "device_authorization", wrong: spentUnlike},
	{name: "device authorizations that were spent have their session", table: "device_authorization",
		wrong: `state = 'spent' AND expires_at + ` + sessionKept + ` > $1 AND ` + missing("device_authorization.session_id", "session", "session_id")},
	{name: "authorization codes have a state, and expire", table: "authorization_code",
		wrong: oneOf("state", CodeIssued, CodeDenied, CodeSpent) + ` OR created_at > expires_at OR failures < 0`},
	{name: "authorization codes are spent for a session, or not", table: "authorization_code", wrong: spentUnlike},
	{name: "authorization codes that were spent have their session", table: "authorization_code",
		wrong: `state = 'spent' AND expires_at + ` + sessionKept + ` > $1 AND ` + missing("authorization_code.session_id", "session", "session_id")},
	{name: "assertions that were spent have their session", table: "assertion_replay",
		wrong: `expires_at > $1 AND ` + missing("assertion_replay.session_id", "session", "session_id")},
	{name: "assertions are spent before they expire", table: "assertion_replay", wrong: `spent_at <= 0 OR spent_at > expires_at`},
	{name: "a session was begun by one single-use thing", table: "session", query: spentOnce},

	{name: "tallies count", table: "attempt", wrong: `tally < 0`},
	{name: "idempotency tokens have an answer", table: "client_token", wrong: `digest = '' OR answer = ''`},
	{name: "operations have an outcome, and end", table: "operation_status",
		wrong: oneOf("outcome", OperationSucceeded, OperationFailed) + ` OR settled NOT IN (0, 1) OR created_at > ends_at`},
	{name: "events have a name and a moment", table: "audit_event", wrong: `name = '' OR created_at <= 0`},
	{name: "reasons of refusals are JSON", table: "decision", columns: "trace", inspect: func(r row) string { return emptyOrJSON(r.text(0)) }},
	{name: "accounts have an id of twelve digits", table: "account", columns: "account_id", inspect: accountForm},
	{name: "instances of accounts have an account", table: "account_instance", columns: "account_id", inspect: accountForm},
	{name: "groups have a name", table: "directory_group", wrong: `display_name = ''`},
}

// found is a column that is 0 when no row of another table has the value.
func found(column, in, key string) string {
	return `(SELECT COUNT(*) FROM ` + in + ` there WHERE there.` + key + ` = ` + column + `)`
}

func ofSomethingAndPolicy(r row) string {
	if r.int(1) == 0 {
		return "what it is of is gone"
	}
	return badPolicy(r.text(0), policy.Identity)
}

func badPolicy(document string, kind policy.Kind) string {
	_, err := policy.Parse([]byte(document), kind)
	return failure(err)
}

// badKeys says what is wrong with a key set; there may be none.
func badKeys(text string) string {
	if text == "" {
		return ""
	}
	_, err := jose.ParseSet([]byte(text))
	return failure(err)
}

func emptyOrObject(text string) string {
	if text != "" && !strings.HasPrefix(text, "{") {
		return "it is no JSON object"
	}
	return emptyOrJSON(text)
}

func foldedName(r row) string {
	if key := r.text(0); key != UserNameKey(r.text(1)) && key != foldASCII(r.text(1)) {
		return "the key is not that of the name"
	}
	return ""
}

func foldedEmail(r row) string {
	if key := r.text(0); key != EmailKey(r.text(1)) && key != foldASCII(r.text(1)) {
		return "the key is not that of the address"
	}
	return ""
}

func loweredName(r row) string {
	if r.text(0) != strings.ToLower(r.text(1)) {
		return "the key is not that of the name"
	}
	return ""
}

func accountForm(r row) string {
	if id := r.text(0); len(id) != 12 || strings.Trim(id, "0123456789") != "" {
		return "it is none"
	}
	return ""
}

func badJSON(text string) string {
	if !json.Valid([]byte(text)) {
		return "it is not JSON"
	}
	return ""
}

func emptyOrJSON(text string) string {
	if text == "" {
		return ""
	}
	return badJSON(text)
}

func failure(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// first returns the first that is wrong.
func first(wrong ...string) string {
	for _, w := range wrong {
		if w != "" {
			return w
		}
	}
	return ""
}

// Verified is what came of one check.
type Verified struct {
	Name  string
	Rows  int64    // that were looked at
	Wrong []string // what is wrong, row by row
	More  bool     // and there is more of that
}

// wrongShown bounds what a check tells: who has more has one cause.
const wrongShown = 20

// Verify checks the database as it is at one moment, and writes nothing. It tells what came of each check.
func (s *Store) Verify(ctx context.Context, report func(Verified)) error {
	wrong, looked, err := s.integrity(ctx, wrongShown)
	if err != nil {
		return err
	}
	if looked {
		report(Verified{Name: "the file is whole, and its indexes match its tables", Wrong: wrong})
		if len(wrong) > 0 {
			return nil // what else is read of it says nothing
		}
	}
	return s.snapshot(ctx, func(tx *Tx) error {
		tables, err := s.verifyHistory(tx, report)
		if err != nil {
			return err
		}
		rows := map[string]int64{}
		for _, t := range tables {
			if rows[t.name], err = tx.count(t.name); err != nil {
				return err
			}
		}
		for _, i := range invariants {
			at := slices.IndexFunc(tables, func(t *table) bool { return t.name == i.table })
			if at < 0 {
				continue // an earlier release made the database
			}
			wrong, err := tx.verify(i, tables[at])
			if err != nil {
				return fmt.Errorf("check that %s: %w", i.name, err)
			}
			report(Verified{Name: i.name, Rows: rows[i.table], Wrong: wrong[:min(len(wrong), wrongShown)], More: len(wrong) > wrongShown})
		}
		return nil
	})
}

// verifyHistory checks that what was applied is what this program knows, and returns the tables that there are then.
func (s *Store) verifyHistory(tx *Tx, report func(Verified)) ([]*table, error) {
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		return nil, err
	}
	applied, err := tx.appliedSteps()
	if err != nil {
		return nil, err
	}
	if _, unfinished := applied[step{file: copyNote}.key()]; unfinished {
		return nil, errUnfinishedCopy
	}
	var wrong []string
	for _, step := range steps {
		checksum, found := applied[step.key()]
		switch {
		case !found && !step.contract:
			return nil, fmt.Errorf("the database lacks %s: run `sallyport migrate` first", step.file)
		case found && step.compare(checksum) != nil:
			wrong = append(wrong, step.key()+": "+step.compare(checksum).Error())
		}
	}
	tables, err := schemaOf(steps)
	if err != nil {
		return nil, err
	}
	names, err := list(tx, func(r row) string { return r.text(0) }, s.tables())
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		if !slices.Contains(names, t.name) {
			wrong = append(wrong, "the table "+t.name+" is gone")
		}
	}
	report(Verified{Name: "the schema is what its history makes", Rows: int64(len(applied)), Wrong: wrong})
	return slices.DeleteFunc(tables, func(t *table) bool { return !slices.Contains(names, t.name) }), nil
}

// errEnough ends a question of which no more is wanted.
var errEnough = errors.New("enough")

// verify returns what is wrong, and at most one more than is told.
func (tx *Tx) verify(i invariant, t *table) (wrong []string, err error) {
	note := func(text string) error {
		if wrong = append(wrong, text); len(wrong) > wrongShown {
			return errEnough
		}
		return nil
	}
	switch {
	case i.query != "":
		err = tx.query(i.query, nil, func(r row) error { return note(shown(r.text(0))) })
	case i.wrong != "":
		var args []any
		if strings.Contains(i.wrong, "$1") {
			args = []any{tx.Millis()}
		}
		err = tx.query(`SELECT `+strings.Join(t.key, ", ")+` FROM `+t.name+` WHERE `+i.wrong, args, func(r row) error { return note(t.keyOf(r, 0)) })
	default:
		err = tx.inspect(i, t, note)
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return wrong, err
}

// inspect reads the rows one by one.
func (tx *Tx) inspect(i invariant, t *table, note func(string) error) error {
	seen := map[string]bool{}
	statement := `SELECT ` + i.columns + `, ` + strings.Join(t.key, ", ") + ` FROM ` + t.name
	width := columnsIn(i.columns)
	return tx.query(statement, nil, func(r row) error {
		because := ""
		if i.distinct != nil {
			value := i.distinct(r)
			if seen[value] {
				because = "another has the same"
			}
			seen[value] = true
		} else {
			because = i.inspect(r)
		}
		if because == "" {
			return nil
		}
		return note(t.keyOf(r, width) + ": " + because)
	})
}

// columnsIn counts the columns of a list, in which commas may stand between parentheses.
func columnsIn(list string) int {
	depth, columns := 0, 1
	for _, c := range list {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				columns++
			}
		}
	}
	return columns
}

// keyOf shows the key of a row, whose columns begin at the given one.
func (t *table) keyOf(r row, at int) string {
	texts := make([]string, len(t.key))
	for i, name := range t.key {
		if t.columns[t.index(name)].number {
			texts[i] = strconv.FormatInt(r.int(at+i), 10)
		} else {
			texts[i] = shown(r.text(at + i))
		}
	}
	return strings.Join(texts, " ")
}

// shown is a text as a line may have it.
func shown(text string) string {
	if quoted := strconv.Quote(text); text == "" || quoted[1:len(quoted)-1] != text {
		return quoted
	}
	return text
}
