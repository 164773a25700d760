package directory

import (
	"errors"
	"fmt"
	"sallyport/internal/rules"
	"sallyport/test/vectors"
	"strings"
	"testing"
)

// base is a small file without mistakes; line numbers in the table count from its first line.
const base = `users:
  - userName: ann
    givenName: Ann
    familyName: Ames
    email: ann@example.com
  - userName: ben
    givenName: Ben
    familyName: Boyd
groups:
  - displayName: Staff
    members: [ann]
accounts:
  - accountId: "111122223333"
    name: Production
    email: aws@example.com
permissionSets:
  - name: ReadOnly
    sessionDuration: PT2H
assignments:
  - account: "111122223333"
    permissionSet: ReadOnly
    users: [ben]
    groups: [Staff]
`

// with replaces a piece of base, which must be there.
func with(t testing.TB, old, new string) string {
	t.Helper()
	if !strings.Contains(base, old) {
		t.Fatalf("base does not hold %q", old)
	}
	return strings.Replace(base, old, new, 1)
}

func TestMistakesNameTheirPlaceWhatWasFoundAndWhatWasExpected(t *testing.T) {
	cases := []struct {
		name     string
		old, new string   // of base
		want     []string // line, column and pieces of each mistake, by *
	}{
		{"none", "", "", nil},
		{"an unknown key", "givenName: Ann", "givenname: Ann", []string{
			`2:5:*without givenName`, `3:5:*the key "givenname"*did you mean "givenName"?`}},
		{"an unknown key far from all", "givenName: Ann", "givenName: Ann\n    shoeSize: 7", []string{`4:5:*"shoeSize"*expected userName, displayName*or status`}},
		{"an unknown list", "groups:\n", "teams: []\ngroups:\n", []string{`9:1:*"teams"*expected format, instance, users`}},
		{"a key that is a list", "groups:\n", "[a]: []\ngroups:\n", []string{`9:1:*the key a list`}},
		{"a key twice", "givenName: Ann", "givenName: Ann\n    givenName: Anna", []string{`4:5:*givenName a second time`}},
		{"a list that is missing", "permissionSets:\n  - name: ReadOnly\n    sessionDuration: PT2H\n", "", []string{
			`1:1:*without permissionSets`, `18:20:*permission set "ReadOnly"*this file declares`}},
		{"a list without value", "assignments:\n  - account: \"111122223333\"\n    permissionSet: ReadOnly\n    users: [ben]\n    groups: [Staff]\n", "assignments:\n",
			[]string{`19:13:*found nothing, expected a list, [] when there is none`}},
		{"a text where a list belongs", "members: [ann]", "members: ann", []string{`11:14:*members: found "ann", expected a list`}},
		{"a list where a text belongs", "givenName: Ann", "givenName: [Ann]", []string{`3:16:*givenName: found a list, expected text`}},
		{"a text where keys belong", "  - name: ReadOnly\n    sessionDuration: PT2H", "  - ReadOnly", []string{
			`17:5:*found "ReadOnly", expected a permission set`, `20:*"ReadOnly"`}},
		{"a number for a text", "givenName: Ann", "givenName: 2026", []string{`3:16:*the number "2026", expected text: put it in quotes`}},
		{"a truth value for a text", "givenName: Ann", "givenName: true", []string{`3:16:*the truth value "true"*quotes`}},
		{"a date for a text", "givenName: Ann", "givenName: 2026-01-01", []string{`3:16:*the date*quotes`}},
		{"a tag", "givenName: Ann", "givenName: !!binary QW5u", []string{`3:16:*tagged "!!binary"`}},
		{"a merge key", "givenName: Ann", "givenName: Ann\n    <<: {email: x@y}", []string{`4:5:*the key "<<" tagged`}},
		{"nothing for a text", "email: ann@example.com", "email:", []string{`5:11:*email: found nothing, expected an e-mail address`}},
		{"an empty user name", "userName: ann", `userName: ""`, []string{`2:15:*userName: found ""*1 to 128 characters`, `11:15:*the user "ann"`}},
		{"a blank in a user name", "userName: ben", `userName: b en`, []string{`6:15:*found "b en"*without blanks`, `22:13:*the user "ben"*did you mean "b en"?`}},
		{"a control character, shown escaped", "userName: ben", `userName: "b\u001b[31men"`, []string{`6:15:*found "b\x1b[31men"`, `22:13:`}},
		{"a character that reorders text", "givenName: Ann", `givenName: "A\u202enn"`, []string{`3:16:*found "A\u202enn", expected text`}},
		{"a reserved user name", "userName: ben", `userName: administrator`, []string{`6:15:*no name that AWS reserves (Administrator, AWSAdministrators)`, `22:13:`}},
		{"a reserved group name", "displayName: Staff", `displayName: AWSAdministrators`, []string{`10:18:*that AWS reserves`, `23:14:*group "Staff"`}},
		{"a user name in other letter case again", "userName: ben", "userName: ANN", []string{`6:15:*the user "ANN" again*line 2`, `22:13:`}},
		{"a user name with the KELVIN SIGN for its k", "userName: ben\n", "userName: \"\u212aim\"\n    givenName: Kim\n    familyName: K\n  - userName: kim\n", []string{`9:15:*the user "kim" again*line 6`, `25:13:*"ben"`}},
		{"an e-mail address twice", "givenName: Ben", "givenName: Ben\n    email: ANN@example.com", []string{`8:12:*e-mail address "ANN@example.com" again*line 5`}},
		{"no e-mail address", "ann@example.com", "ann.example.com", []string{`5:12:*expected an e-mail address`}},
		{"another status", "givenName: Ben", "givenName: Ben\n    status: disabled", []string{`8:13:*found "disabled", expected ENABLED or DISABLED`}},
		{"a member that is nobody", "members: [ann]", "members: [ann, bem]", []string{`11:20:*the user "bem"*did you mean "ben"?`}},
		{"a member twice", "members: [ann]", "members: [ann, Ann]", []string{`11:20:*the user "Ann" again in the group`}},
		{"a group twice", "accounts:\n", "  - displayName: Staff\naccounts:\n", []string{`12:18:*the group "Staff" again*line 10`}},
		{"an account id of eleven digits", `accountId: "111122223333"`, `accountId: "11112222333"`, []string{`13:16:*"11112222333", expected an account id of 12 digits`, `20:14:*the account`}},
		{"an account id in other digits", `accountId: "111122223333"`, "accountId: \"\uff11\uff1111222233\uff13\uff13\"", []string{`13:16:*12 digits`, `20:14:*the account`}},
		{"an account id with underscores", `accountId: "111122223333"`, `accountId: 1111_2222_33`, []string{`13:16:*put it in quotes`, `20:14:*the account`}},
		{"an account twice", "permissionSets:\n", "  - accountId: \"111122223333\"\n    name: Other\npermissionSets:\n", []string{`16:16:*the account "111122223333" again*line 13`}},
		{"accounts that share an address", "permissionSets:\n", "  - accountId: \"222222222222\"\n    name: Other\n    email: AWS@example.com\npermissionSets:\n", []string{`18:12:*again*line 15`}},
		{"a permission set with a blank", "- name: ReadOnly", "- name: Read Only", []string{`17:11:*found "Read Only"*1 to 32 characters`, `21:20:*did you mean "Read Only"?`}},
		{"a permission set twice", "assignments:\n", "  - name: ReadOnly\nassignments:\n", []string{`19:11:*the permission set "ReadOnly" again*line 17`}},
		{"a session of half an hour", "PT2H", "PT30M", []string{`18:22:*"PT30M", expected an ISO 8601 duration of whole seconds between PT1H and PT12H`}},
		{"a session of thirteen hours", "PT2H", "PT13H", []string{`18:22:*"PT13H"`}},
		{"a session of a day", "PT2H", "P1D", []string{`18:22:*"P1D"`}},
		{"a session in words", "PT2H", "2h", []string{`18:22:*"2h"`}},
		{"a relay state with a space at its end", "PT2H", "PT2H\n    relayState: \"https://x/\\u00e9\"", []string{`19:17:*relayState`}},
		{"an assignment in an unknown account", `account: "111122223333"`, `account: "111122223334"`, []string{`20:14:*the account "111122223334"*did you mean "111122223333"?`}},
		{"an assignment to nobody", "    users: [ben]\n    groups: [Staff]\n", "", []string{`20:14:*an assignment to nobody, expected users or groups`}},
		{"an assignment twice", "    groups: [Staff]\n", "    groups: [Staff]\n  - account: \"111122223333\"\n    permissionSet: ReadOnly\n    users: [BEN]\n", []string{`26:13:*the user "BEN" again for this account and permission set`}},
		{"an owner that is no account id", "users:\n", "instance: {name: A B, ownerAccountId: none}\nusers:\n", []string{`1:39:*ownerAccountId: found "none"`}},
		{"two documents", "users:\n", "---\na: b\n---\nusers:\n", []string{`3:*a second YAML document`}},
		{"YAML that is none", "users:\n", "users: [\n", []string{`*cannot be read`}},
		{"a tab for indentation", "    givenName: Ann", "\tgivenName: Ann", []string{`*cannot be read*tab character`}},
		{"an alias to nothing", "members: [ann]", "members: *all", []string{`*unknown anchor`}},
		{"bytes that are not UTF-8", "Ann", "A\xffnn", []string{`3:17:*not UTF-8`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			content := base
			if c.old != "" {
				content = with(t, c.old, c.new)
			}
			_, err := Parse("d.yaml", []byte(content))
			if len(c.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var mistakes *Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("got %v", err)
			}
			lines := strings.Split(mistakes.Error(), "\n")
			if len(lines) != len(c.want) {
				t.Fatalf("got %d mistakes, want %d:\n%v", len(lines), len(c.want), err)
			}
			for i, want := range c.want {
				if !holdsPieces(lines[i], "d.yaml:"+want) {
					t.Errorf("got  %s\nwant %s", lines[i], want)
				}
			}
		})
	}
}

// holdsPieces reports whether the line begins with the first piece and holds the others in their order.
func holdsPieces(line, pieces string) bool {
	for i, piece := range strings.Split(pieces, "*") {
		at := strings.Index(line, piece)
		if at < 0 || i == 0 && at != 0 {
			return false
		}
		line = line[at+len(piece):]
	}
	return true
}

func TestFormsThatAreNoMistake(t *testing.T) {
	cases := []struct{ name, old, new string }{
		{"an account id without quotes", `accountId: "111122223333"`, "accountId: 111122223333"},
		{"an alias", "members: [ann]", "members: &all [ann]\n  - displayName: Others\n    members: *all"},
		{"a user with everything", "givenName: Ben", "givenName: Ben\n    displayName: Dr. Ben Böyd 🦊\n    email: b@x\n    status: DISABLED"},
		{"a user name that is an e-mail address", "userName: ben\n", "userName: x@example.com\n    givenName: X\n    familyName: X\n  - userName: ben\n"},
		{"flow style", "  - name: ReadOnly\n    sessionDuration: PT2H", "  - {name: ReadOnly, sessionDuration: PT90M, description: d, relayState: 'https://x/?a=b'}"},
		{"a byte order mark", "users:\n  - userName: ann", "\ufeffusers:\n  - userName: ann"},
		{"no members", "    members: [ann]\n", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Parse("d.yaml", []byte(with(t, c.old, c.new))); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("an account id that begins with 0 keeps it", func(t *testing.T) {
		d, err := Parse("d.yaml", []byte(strings.ReplaceAll(base, `"111122223333"`, "012345678901")))
		if err != nil || d.accounts[0].accountID.value != "012345678901" {
			t.Error(d, err)
		}
	})
	t.Run("empty lists", func(t *testing.T) {
		if _, err := Parse("d.yaml", []byte("users: []\ngroups: []\naccounts: []\npermissionSets: []\nassignments: []\n")); err != nil {
			t.Error(err)
		}
	})
}

// bomb is a file of 60 kB that unfolds to 25 million names.
var bomb = strings.Split(base, "assignments:")[0] + `assignments:
  - &a
    account: "111122223333"
    permissionSet: ReadOnly
    users: [` + strings.Repeat("ben,", 5000) + "]\n" + strings.Repeat("  - *a\n", 5000)

func TestABombIsNotUnfolded(t *testing.T) {
	r := &reader{Mistakes: &Mistakes{}}
	readMapping(r, "the file", r.root([]byte(bomb)), fileFields, &Directory{})
	if most := maxVisits + 20_000; r.visits > most { // after the bound, the two lists that were begun run out
		t.Errorf("%d values were read, want at most %d", r.visits, most)
	}
}

func TestWhatIsTooMuch(t *testing.T) {
	loop := strings.Replace(base, "members: [ann]", "members: &m [ann, *m]", 1)
	cases := []struct {
		name, content, want string
	}{
		{"a file above the bound", strings.Repeat("#", MaxFile+1), "expected at most 8388608"},
		{"an empty file", "", "found nothing, expected format, instance, users"},
		{"a comment alone", "# nothing\n", "found nothing, expected"},
		{"a scalar", "hello", `found "hello", expected the file`},
		{"aliases that unfold without end", loop, "members: found a list, expected a name"},
		{"aliases that unfold to millions", bomb, "expected fewer"},
		{"nesting", strings.Repeat("[", 100_000), "cannot be read"},
		{"too many entries", "users: [" + strings.Repeat("a,", maxEntries+1) + "]", "found 100001 entries, expected at most 100000"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("d.yaml", []byte(c.content))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %.300v, want %q", err, c.want)
			}
		})
	}
}

func TestMistakesAreBounded(t *testing.T) {
	_, err := Parse("d.yaml", []byte(strings.Replace(base, "[ann]", "["+strings.Repeat("nobody,", 200)+"]", 1)))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != maxMistakes+1 || lines[maxMistakes] != fmt.Sprintf("and %d more", 399-maxMistakes) {
		t.Errorf("%d lines, last %q", len(lines), lines[len(lines)-1])
	}
}

func FuzzParse(f *testing.F) {
	f.Add(base)
	f.Add(string(demoFile))
	f.Add("users: &a [*a]\ngroups: *a\n")
	f.Add("? [a]\n: b\n")
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, content string) {
		d, err := Parse("d.yaml", []byte(content))
		if err == nil {
			for _, s := range d.permissionSets {
				if s.seconds < rules.MinSession || s.seconds > rules.MaxSession {
					t.Errorf("a session of %d seconds", s.seconds)
				}
			}
			return
		}
		var mistakes *Mistakes
		if !errors.As(err, &mistakes) || d != nil {
			t.Fatalf("%v is not a list of mistakes", err)
		}
		for _, m := range mistakes.List {
			if m.Line < 1 || !strings.Contains(m.Text, "expected") {
				t.Errorf("mistake %+v", m)
			}
		}
	})
}
