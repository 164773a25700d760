package store

import (
	"fmt"
	"strings"
	"testing"
)

// wrongIn are the names of the checks that found something, each with the first of that.
func wrongIn(t *testing.T, s *Store) []string {
	t.Helper()
	var wrong []string
	err := s.Verify(t.Context(), func(v Verified) {
		if len(v.Wrong) > 0 {
			wrong = append(wrong, v.Name+": "+v.Wrong[0])
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return wrong
}

// breaks are statements each of which breaks one invariant and no other.
var breaks = map[string]string{
	"keys that were retired have left the ring":                                   `INSERT INTO retired_key (key_id, purpose, created_at, activates_at, retired_at, forced) VALUES ('k1', 'epoch', 1, 1, 1, 0)`,
	"there is one instance":                                                       `INSERT INTO instance (instance_id, identity_store_id, owner_account_id, region, name, created_at) VALUES ('ssoins-3', '', '', '', '', 0)`,
	"the key ring has keys that seal and one that finds":                          `DELETE FROM sealing_key WHERE purpose = 'lookup'`,
	"keys of the ring have a purpose and a sealed seed":                           `INSERT INTO sealing_key (key_id, purpose, sealed_seed, created_at) VALUES ('k3', 'epoch', '', 1)`,
	"users are enabled or disabled":                                               `UPDATE directory_user SET status = 'GONE' WHERE user_id = 'user-2'`,
	"names of users have their key":                                               `UPDATE directory_user SET user_name_key = 'bob' WHERE user_id = 'user-1'`,
	"no two users have names that people cannot tell apart":                       `UPDATE directory_user SET user_name = 'ＡＬＩＣＥ', user_name_key = 'ＡＬＩＣＥ' WHERE user_id = 'user-2'`,
	"profiles of users can be read":                                               `UPDATE directory_user SET profile = '{' WHERE user_id = 'user-1'`,
	"users have the address that is kept as theirs":                               `INSERT INTO user_email (email_key, user_id) VALUES ('', 'user-9')`,
	"keys of addresses are those of an address of the user":                       `INSERT INTO user_email (email_key, user_id) VALUES ('bob@example.com', 'user-1')`,
	"passwords are of users, and hashed":                                          `UPDATE user_password SET hash = 'secret'`,
	"external ids of users are of users":                                          `UPDATE user_external_id SET user_id = 'user-9'`,
	"external ids of groups are of groups":                                        `UPDATE group_external_id SET group_id = 'group-9'`,
	"memberships are of users in groups":                                          `UPDATE group_membership SET user_id = 'user-9'`,
	"assignments are of users and groups":                                         `UPDATE account_assignment SET principal_id = 'user-9' WHERE principal_type = 'USER'`,
	"assignments are in accounts":                                                 `UPDATE account_assignment SET account_id = '999999999999' WHERE principal_type = 'USER'`,
	"assignments are of permission sets":                                          `UPDATE account_assignment SET permission_set_id = 'ps-9' WHERE principal_type = 'USER'`,
	"permission sets are provisioned to accounts, with a revision that they had":  `UPDATE permission_set_provisioning SET revision = 99`,
	"permission sets have a duration and a revision":                              `UPDATE permission_set SET session_duration_s = 0`,
	"inline policies are of permission sets, and can be read":                     `UPDATE permission_set_inline_policy SET document = '{'`,
	"policies of AWS are attached to permission sets":                             `UPDATE permission_set_managed_policy SET permission_set_id = 'ps-9'`,
	"policies of accounts are attached to permission sets":                        `UPDATE permission_set_customer_policy SET permission_set_id = 'ps-9'`,
	"boundaries are of permission sets, and one policy":                           `UPDATE permission_set_boundary SET policy_name = 'also'`,
	"users of accounts have the key of their name":                                `UPDATE iam_user SET name_key = 'Ops'`,
	"roles of accounts have the key of their name, and a trust policy":            `UPDATE iam_role SET trust_policy = ''`,
	"policies of principals are somebody's":                                       `UPDATE iam_policy SET principal_name = 'nobody'`,
	"policies of principals can be read, or are of AWS":                           `UPDATE iam_policy SET document = '' WHERE policy_name = 'inline'`,
	"access keys are somebody's":                                                  `UPDATE access_key SET principal_kind = 'role'`,
	"access keys are active or inactive, and sealed":                              `UPDATE access_key SET status = 'Lost'`,
	"OpenID providers have audiences, and keys that can be read":                  `UPDATE oidc_provider SET client_ids = ''`,
	"applications are of an instance":                                             `UPDATE application SET instance_id = 'ssoins-9'`,
	"applications have a state and settings that exist":                           `UPDATE application SET assignment_required = 2`,
	"policies and portal options of applications can be read":                     `UPDATE application SET portal_options = '['`,
	"grants are of applications":                                                  `UPDATE application_grant SET application_id = 'apl-9'`,
	"grants can be read":                                                          `UPDATE application_grant SET document = 'x'`,
	"scopes are of applications":                                                  `UPDATE application_scope SET application_id = 'apl-9'`,
	"targets of scopes can be read":                                               `UPDATE application_scope SET targets = 'x'`,
	"assignments to applications are of applications":                             `UPDATE application_assignment SET application_id = 'apl-9'`,
	"assignments to applications are of users and groups":                         `UPDATE application_assignment SET principal_id = 'group-9'`,
	"issuers are of an instance":                                                  `UPDATE trusted_token_issuer SET instance_id = 'ssoins-9'`,
	"keys of issuers can be read":                                                 `UPDATE trusted_token_issuer SET jwks = 'x'`,
	"tags are of something, and can be read":                                      `UPDATE resource_tags SET resource_id = 'apl-9'`,
	"sign-ins are of users, or ended":                                             `UPDATE sign_in SET user_id = 'user-9'`,
	"sign-ins end after they begin":                                               `UPDATE sign_in SET ends_at = 1`,
	"sessions are of users, or ended":                                             `UPDATE session SET user_id = 'user-9' WHERE session_id = 'session-4'`,
	"sessions end with their sign-in":                                             `UPDATE sign_in SET revoked_at = 1`,
	"sessions end with their application":                                         `UPDATE session SET application_id = 'apl-9', client_id = 'apl-9' WHERE session_id = 'session-3'`,
	"sessions end with their issuer":                                              `UPDATE session SET issuer_id = 'tti-9' WHERE session_id = 'session-3'`,
	"sessions end with the session whose token was exchanged":                     `UPDATE session SET revoked_at = 1, revoked_because = 'x' WHERE session_id = 'session-2'`,
	"sessions end after they begin, and have a generation":                        `UPDATE session SET generation = 0 WHERE session_id = 'session-1'`,
	"sessions that were ended have a reason":                                      `UPDATE session SET revoked_at = 1 WHERE session_id = 'session-3'`,
	"sessions that stand have their key":                                          `UPDATE session SET key_id = 'k9' WHERE session_id = 'session-3'`,
	"sessions of applications name them as the client, and others no application": `UPDATE session SET client_id = 'client' WHERE session_id = 'session-3'`,
	"actors of sessions can be read":                                              `UPDATE session SET actor = 'x' WHERE session_id = 'session-3'`,
	"no two sessions have one credential id":                                      `UPDATE session SET credential_id = 'c-2' WHERE session_id = 'session-3'`,
	"consents are of users, and end":                                              `UPDATE consent SET user_id = 'user-9'`,
	"device authorizations have a state, and expire":                              `UPDATE device_authorization SET state = 'lost' WHERE device_id = 'device-denied'`,
	"device authorizations that were approved name who did it":                    `UPDATE device_authorization SET decided_at = 0 WHERE device_id = 'device-approved'`,
	"device authorizations are spent for a session, or not":                       `UPDATE device_authorization SET state = 'approved' WHERE device_id = 'device-spent'`,
	"device authorizations that were spent have their session":                    `UPDATE device_authorization SET session_id = 'x' WHERE device_id = 'device-spent'`,
	"authorization codes have a state, and expire":                                `UPDATE authorization_code SET state = 'lost' WHERE request_id = 'request-denied'`,
	"authorization codes are spent for a session, or not":                         `UPDATE authorization_code SET state = 'issued' WHERE request_id = 'request-spent'`,
	"authorization codes that were spent have their session":                      `UPDATE authorization_code SET session_id = 'x' WHERE request_id = 'request-spent'`,
	"assertions that were spent have their session":                               `UPDATE assertion_replay SET session_id = 'x'`,
	"assertions are spent before they expire":                                     `UPDATE assertion_replay SET spent_at = 0`,
	"a session was begun by one single-use thing":                                 `UPDATE authorization_code SET session_id = 'session-1' WHERE request_id = 'request-spent'`,
	"tallies count":                         `UPDATE attempt SET tally = 0 - 1`,
	"idempotency tokens have an answer":     `UPDATE client_token SET answer = ''`,
	"operations have an outcome, and end":   `UPDATE operation_status SET outcome = ''`,
	"events have a name and a moment":       `UPDATE audit_event SET name = ''`,
	"reasons of refusals are JSON":          `UPDATE decision SET trace = '{'`,
	"accounts have an id of twelve digits":  `INSERT INTO account (account_id, name, email, created_at, updated_at) VALUES ('1', '', '', 0, 0)`,
	"instances of accounts have an account": `UPDATE account_instance SET account_id = ''`,
	"groups have a name":                    `UPDATE directory_group SET display_name = ''`,
	"the schema is what its history makes":  `UPDATE migration SET checksum = 'x' WHERE file = '0001_house.sql' AND step = 3`,
}

func TestEveryInvariantIsFoundBroken(t *testing.T) {
	s, _ := open(t)
	fillEveryTable(t, s)
	if wrong := wrongIn(t, s); len(wrong) > 0 {
		t.Fatalf("before anything is broken: %q", wrong)
	}
	for _, i := range invariants {
		if breaks[i.name] == "" {
			t.Errorf("nothing breaks that %s", i.name)
		}
	}
	for name, statement := range breaks {
		t.Run(name, func(t *testing.T) {
			update(t, s, func(tx *Tx) error { _, err := tx.exec(statement); return err })
			if wrong := wrongIn(t, s); len(wrong) != 1 || !strings.HasPrefix(wrong[0], name+": ") {
				t.Errorf("after %s: %q", statement, wrong)
			}
			refill(t, s)
		})
	}
}

// refill puts everything back.
func refill(t *testing.T, s *Store) {
	t.Helper()
	update(t, s, func(tx *Tx) error {
		tables, err := list(tx, func(r row) string { return r.text(0) }, s.tables())
		if err != nil {
			return err
		}
		for _, name := range tables {
			if name != "migration" {
				if _, err := tx.exec(`DELETE FROM ` + name); err != nil {
					return err
				}
			}
		}
		steps, err := migrationSteps(migrationFiles)
		if err != nil {
			return err
		}
		_, err = tx.exec(`UPDATE migration SET checksum = $3 WHERE file = $1 AND step = $2`, steps[3].file, steps[3].number, steps[3].checksum())
		return err
	})
	fillEveryTable(t, s)
}

func TestWhatIsToldOfABrokenInvariantIsBounded(t *testing.T) {
	s, _ := open(t)
	fillEveryTable(t, s)
	update(t, s, func(tx *Tx) error {
		for i := range wrongShown + 5 {
			if err := tx.AddSession(Session{SessionID: fmt.Sprint("bad-", i), UserID: "gone", CreatedAt: 1, EndsAt: 1, Generation: 1}); err != nil {
				return err
			}
		}
		return nil
	})
	seen := false
	err := s.Verify(t.Context(), func(v Verified) {
		if len(v.Wrong) > 0 {
			seen = true
			if v.Name != "sessions are of users, or ended" || len(v.Wrong) != wrongShown || !v.More || v.Rows != int64(wrongShown+9) {
				t.Errorf("%s: %d of %d rows, more %v", v.Name, len(v.Wrong), v.Rows, v.More)
			}
		}
	})
	if err != nil || !seen {
		t.Errorf("seen %v, %v", seen, err)
	}
}
