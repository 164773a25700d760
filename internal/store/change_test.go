package store

import (
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// quiet are the beginnings of all statements that write and that other nodes do not hear of. Whatever writes and is not listed here is heard
// of: a new statement is, without anybody's doing. Who adds a line here says why no answer that Recall keeps gets too old by it.
var quiet = map[string]string{
	"INSERT INTO assertion_replay ":                   "read by whoever spends an assertion",
	"INSERT INTO attempt ":                            "counted",
	"UPDATE attempt ":                                 "counted",
	"DELETE FROM attempt ":                            "counted",
	"INSERT INTO audit_event ":                        "nobody decides by it",
	"INSERT INTO authorization_code ":                 "read by whoever spends it",
	"UPDATE authorization_code ":                      "read by whoever spends it",
	"INSERT INTO change ":                             "it is what is heard",
	"INSERT INTO client_token ":                       "read by whoever repeats a request",
	"INSERT INTO consent ":                            "read by whoever asks for it",
	"INSERT INTO decision ":                           "nobody decides by it",
	"DELETE FROM decision ":                           "nobody decides by it",
	"INSERT INTO device_authorization ":               "read by whoever decides or spends it",
	"UPDATE device_authorization ":                    "read by whoever decides or spends it",
	"DELETE FROM device_authorization ":               "read by whoever decides or spends it",
	"INSERT INTO migration ":                          "read at the start",
	"UPDATE migration ":                               "no node runs on an unfinished copy",
	"DELETE FROM migration ":                          "no node runs on an unfinished copy",
	"INSERT INTO operation_status ":                   "how it went is read from the rows",
	"UPDATE operation_status ":                        "how it went is read from the rows",
	"INSERT INTO node ":                               "read by who lists nodes",
	"DELETE FROM node ":                               "read by who lists nodes",
	"DELETE FROM change ":                             "all nodes have heard of it",
	"INSERT INTO session ":                            "a session that nobody knew",
	"UPDATE session SET generation = generation + 1,": "refresh tokens are read by whoever spends them",
	"INSERT INTO sign_in ":                            "a sign-in that nobody knew",
	"DELETE FROM session WHERE session_id IN (SELECT session_id FROM session WHERE ends_at < $1": "past its end",
	"DELETE FROM sign_in WHERE sign_in_id IN (SELECT sign_in_id FROM sign_in WHERE ends_at < $1": "past its end",
	"DELETE FROM authorization_code WHERE request_id IN":                                         "past its end",
	"DELETE FROM consent WHERE (user_id, client_id) IN":                                          "past its end",
	"DELETE FROM consent WHERE user_id":                                                          "read by whoever asks for it",
	"DELETE FROM client_token WHERE":                                                             "past its end",
	"DELETE FROM assertion_replay WHERE":                                                         "past its end",
	"DELETE FROM operation_status WHERE":                                                         "past its end",
	"DELETE FROM audit_event WHERE":                                                              "past its end",
	"INSERT INTO directory_group (group_id, display_name, description, created_at, created_by, updated_at, updated_by) VALUES":              "a group that nobody knew",
	"INSERT INTO directory_user (user_id, user_name, user_name_key, display_name, given_name, family_name, email, status, profile, created": "a person whom nobody knew",
	"INSERT INTO group_external_id ": "a name that nobody knew",
	"INSERT INTO user_external_id ":  "a name that nobody knew",
	"INSERT INTO user_email (email_key, user_id) VALUES ($1, $2) ON CONFLICT (email_key) DO NOTHING": "an address that nobody had",
}

var blanks = regexp.MustCompile(`\s+`)

func TestOtherNodesHearOfEveryWriteThatIsNotListedAsQuiet(t *testing.T) {
	used, loud := map[string]bool{}, 0
	check := func(where, text string) {
		if writes().FindString(text) == "" {
			return
		}
		plain := blanks.ReplaceAllString(text, " ")
		listed := ""
		for beginning := range quiet {
			if strings.HasPrefix(plain, beginning) && len(beginning) > len(listed) {
				listed = beginning
			}
		}
		used[listed] = true
		table, heard := changes(text)
		if heard {
			loud++
		}
		if heard == (listed != "") {
			t.Errorf("%s: heard of by other nodes: %v, and listed as quiet: %v: %s (%s)", where, heard, listed != "", plain, table)
		}
	}
	literals(t, ".", func(file string, position token.Position, text string) { check(position.String(), text) })
	for beginning := range quiet {
		if !used[beginning] {
			t.Errorf("no statement begins with %q", beginning)
		}
	}
	if loud < 50 {
		t.Errorf("the test found %d statements that other nodes hear of: it looks in the wrong place", loud)
	}
}

func TestTheTablesOfAStatementAreFound(t *testing.T) {
	cases := []struct {
		name, sql string
		want      []string
	}{
		{"one", `SELECT a FROM session WHERE b = $1`, []string{"session"}},
		{"joined, and in a part of its own", `SELECT a FROM session JOIN application x ON x.a = a WHERE EXISTS (SELECT 1 FROM consent)`, []string{"application", "consent", "session"}},
		{"upserted", `INSERT INTO instance (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = $1`, []string{"instance"}},
	}
	for _, c := range cases {
		if got := tablesIn(c.sql); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// tablesIn looks for words before names, so a list of tables with commas would hide some from it.
func TestStatementsJoinTheirTablesByName(t *testing.T) {
	comma := regexp.MustCompile(`\bFROM\s+[a-z_]+(\s+[a-z]+)?\s*,`)
	literals(t, ".", func(file string, position token.Position, text string) {
		if isSQL.MatchString(text) && comma.MatchString(text) {
			t.Errorf("%s: tables are joined with JOIN: %s", position, text)
		}
	})
}
