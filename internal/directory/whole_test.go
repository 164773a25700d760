package directory

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/store"
	"sallyport/test/vectors"
)

// in replaces a piece of everything, which must be there.
func in(t testing.TB, old, new string) string {
	t.Helper()
	if !strings.Contains(everything, old) {
		t.Fatalf("the file does not hold %q", old)
	}
	return strings.Replace(everything, old, new, 1)
}

// line tells the line of everything on which a piece is.
func line(t testing.TB, piece string) int {
	t.Helper()
	before, _, found := strings.Cut(everything, piece)
	if !found {
		t.Fatalf("the file does not hold %q", piece)
	}
	return strings.Count(before, "\n") + 1
}

func TestMistakesInWholeFiles(t *testing.T) {
	cases := []struct {
		name     string
		old, new string // of everything
		want     string // pieces of the one mistake, by *; its line is that of old
	}{
		{"another format", "format: 2", "format: 3", `1:9: format: found the number "3", expected 1 or 2`},
		{"two addresses of one user", "emails: [{value: ann@example.com, type: work, primary: true}]", "emails: [{value: a@b.c}, {value: b@b.c}]", "found 2 entries, expected at most 1"},
		{"an address twice in different forms", "email: ben@example.com", "email: ANN@example.com", `the e-mail address "ANN@example.com" again`},
		{"a truth value in quotes", "type: thumbnail, display: Ann, primary: true", `type: thumbnail, display: Ann, primary: "yes"`, `primary: found "yes", expected true or false`},
		{"an extension of another name", "aws:identitystore:enterprise", "aws:identitystore:enterprize", `did you mean "aws:identitystore:enterprise"?`},
		{"an extension that is a list", `{employeeNumber: "7", costCenter: R&D}`, "[7]", "aws:identitystore:enterprise: expected an object"},
		{"an external id twice", `externalIds: [{issuer: https://idp.example.com/, id: "42"}]`, `externalIds: [{issuer: i, id: "42"}, {issuer: i, id: "42"}]`, `the external id "42" again`},
		{"a tag of AWS", "tags: {team: identity}", "tags: {AWS:team: identity}", `tags: found "AWS:team", expected letters*not aws: at the beginning`},
		{"a tag twice", "tags: {team: identity}", "tags: {team: identity, team: x}", `tags: found "team" a second time`},
		{"a tag whose value is a number", "tags: {team: identity}", "tags: {team: 7}", `tags: found the number "7"*quotes`},
		{"an unknown action element, where it stands", `- {Effect: Allow, Action: "s3:*", Resource: "*"}`, `- {Effect: Maybe, Action: "s3:*", Resource: "*"}`, `:20: inlinePolicy: expected an identity policy: Statement[0].Effect`},
		{"a policy as text", "      Version: 2012-10-17\n      Statement:\n        - {Effect: Allow, Action: \"s3:*\", Resource: \"*\"}\n", "      '{\"Version\"}'\n", "inlinePolicy: found what is not a JSON document"},
		{"a number that JSON does not have", `{employeeNumber: "7", costCenter: R&D}`, "{n: 0x10}", `found the number "0x10", expected a value of JSON: put it in quotes`},
		{"a managed policy that is none", "managedPolicies: [arn:aws:iam::aws:policy/ReadOnlyAccess]", "managedPolicies: [ReadOnlyAccess]", "managedPolicies: found \"ReadOnlyAccess\", expected the ARN"},
		{"a boundary of two policies", "  - name: Admin\n    permissionsBoundary: {managedPolicy: arn:aws:iam::aws:policy/PowerUserAccess}", "  - name: Admin\n    permissionsBoundary: {}", `found a permissions boundary of "Admin", expected either`},
		{"an issuer's keys without keys", "jwks: {\"keys\":[{\"kty\":\"EC\"", "jwks: {\"keys\":[{\"kty\":\"XX\"", "jwks: expected a JWK set: it holds no key"},
		{"an issuer twice", "  - {name: dex, accountInstance: \"222233334444\", issuerUrl: \"https://dex", "  - {name: dex, issuerUrl: \"https://okta", `the trusted token issuer "dex" again`},
		{"an application of an unknown kind", "applicationProvider/custom", "applicationProvider/other", "provider: found"},
		{"a redirect to plain http elsewhere", "http://127.0.0.1:8080/callback", "http://example.com/callback", "redirectUris: found*expected a redirect URI: "},
		{"a grant without issuers", "{issuers: [{issuer: dex, audiences: [reports]}]}", "{issuers: []}", "issuers: found 0 entries, expected at least 1"},
		{"an unknown issuer", "{issuer: dex, audiences", "{issuer: dax, audiences", `the trusted token issuer "dax", expected one of the application's instance; did you mean "dex"?`},
		{"an unknown target", "targets: [Reports, Own, instance]", "targets: [Report, Own, instance]", `the target "Report"*did you mean "Reports"?`},
		{"a target of two applications", "targets: [Reports, Own, instance]", "targets: [Twin]", `the target "Twin", which is the name of several applications, expected the id`},
		{"an actor policy for another application", `"Resource":"*"}]}'`, `"Resource":"arn:aws:sso::111122223333:application/ssoins-0000000000000000/apl-0000000000000000"}]}'`, "actorPolicy: found a statement that names another Resource"},
		{"an application that nobody may use by name", "    users: [ben]\n    groups: [Staff]\n    tags", "    users: [bem]\n    groups: [Staff]\n    tags", `the user "bem"*did you mean "ben"?`},
		{"an application in an account that nobody knows", `{name: Own, account: "222233334444"}`, `{name: Own, account: "222233334445"}`, `found an application in the account "222233334445"*did you mean "222233334444"?`},
		{"an instance that an account does not have", `{name: Own, accountInstance: "222233334444", scopes`, `{name: Own, accountInstance: "333333333333", scopes`, "expected one that has an instance of its own"},
		{"applications of one name without ids", "{name: Twin, id: apl-00000000000000aa}", "{name: Twin}", `the application "Twin" again without an id`},
		{"an id twice", "id: apl-00000000000000bb", "id: apl-00000000000000aa", `the application id "apl-00000000000000aa" again`},
		{"a reserved role", "name: app\n", "name: AWSReservedSSO_x\n", "expected what IAM takes: names that begin with AWSReservedSSO_"},
		{"a role that anything may take on", `trustPolicy: {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal"`, `trustPolicy: {"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotPrincipal"`, "trustPolicy: expected a trust policy: Statement[0].NotPrincipal"},
		{"a policy of AWS that is not known here", "policy/AdministratorAccess", "policy/AmazonS3FullAccess", "expected the ARN of one that is known here, or a document"},
		{"a key of a session", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", `id: found "ASIAIOSFODNN7EXAMPLE", expected the id of a long-lived key`},
		{"a secret that is too short is not shown", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "hunter2", "secretAccessKey: found a value that is not shown, expected printable"},
		{"an unknown key without a secret", "{id: AKIAIOSFODNN7EXAMPLE, secretAccessKey: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}", "{id: AKIAIOSFODNN7EXAMPLE}", `found the access key "AKIAIOSFODNN7EXAMPLE", which the store does not have, without secretAccessKey`},
		{"a provider with a query", `url: "https://dex.example.com"`, `url: "https://dex.example.com?a"`, "expected what IAM takes: the URL of a provider"},
	}
	h := openHouse(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse("d.yaml", []byte(in(t, c.old, c.new)))
			if err == nil {
				_, err = Apply(context.Background(), h.Store, api.Caller{}, d, ApplyOptions{Ring: h.ring, DryRun: true})
			}
			var mistakes *Mistakes
			if !errors.As(err, &mistakes) || len(mistakes.List) != 1 {
				t.Fatalf("got %v", err)
			}
			if !holdsPieces(mistakes.Error(), "d.yaml:*"+c.want) {
				t.Errorf("got  %s\nwant %s", mistakes, c.want)
			}
			if from, to := line(t, c.old), line(t, c.old)+strings.Count(c.old, "\n"); mistakes.List[0].Line < from || mistakes.List[0].Line > to+2 {
				t.Errorf("the mistake is on line %d, want %d to %d", mistakes.List[0].Line, from, to)
			}
			if strings.Contains(mistakes.Error(), "hunter2") {
				t.Error("a secret is shown")
			}
		})
	}
}

func TestTheFirstFormatHasTheKeysOfTheFirstVersionAndKeepsTheRest(t *testing.T) {
	h := openHouse(t)
	h.apply(t, []byte(everything))
	whole := h.export(t)
	old := `
users:
  - {userName: ann, displayName: Ann, givenName: Ann, familyName: Ames, email: ann@example.com, status: DISABLED}
  - {userName: ben, givenName: Ben, familyName: Boyd, email: ben@example.com}
groups: [{displayName: Staff, description: All, members: [ann, ben]}]
accounts: [{accountId: "111122223333", name: Production, email: aws@example.com}, {accountId: "222233334444", name: Staging}]
permissionSets: [{name: ReadOnly, description: Look, sessionDuration: PT2H, relayState: "https://example.com/"}, {name: Admin}]
assignments: [{account: "111122223333", permissionSet: ReadOnly, users: [ben], groups: [Staff]}]
`
	if changes := h.apply(t, []byte(old)); len(changes.List) != 0 {
		t.Errorf("it changes %v", changes.List)
	}
	h.apply(t, []byte(strings.Replace(strings.Replace(old, "familyName: Ames", "familyName: Abel", 1), "description: Look, ", "", 1)))
	changed := strings.NewReplacer("familyName: Ames", "familyName: Abel", "    description: Look\n", "").Replace(string(whole))
	if got := string(h.export(t)); got != changed {
		t.Errorf("it is %s", got)
	}
	_, err := Parse("d.yaml", []byte(strings.Replace(old, "userName: ben,", "userName: ben, nickName: B,", 1)))
	if err == nil || !strings.Contains(err.Error(), "d.yaml:4:21: found the key nickName in a user, expected format: 2") {
		t.Errorf("got %v", err)
	}
}

func TestWhatAWholeFileDoesNotNameIsRemoved(t *testing.T) {
	h := openHouse(t)
	h.apply(t, []byte(everything))
	bare := `
format: 2
instance: {}
users: [{userName: ann, givenName: Ann, familyName: Ames}]
groups: [{displayName: Staff}]
accounts: []
permissionSets: [{name: ReadOnly}]
assignments: []
accountInstances: []
trustedTokenIssuers: []
applications: []
iam: {users: [], roles: [], oidcProviders: []}
`
	h.apply(t, []byte(bare))
	rows, _, err := h.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{
		"migration": true, "change": true, "instance": true, "sealing_key": true, "audit_event": true, "directory_user": true, "directory_group": true, "permission_set": true,
	}
	for table, n := range rows {
		if n != 0 && !left[table] {
			t.Errorf("%d rows left in %s", n, table)
		}
	}
	if content := string(h.export(t)); strings.Contains(content, "nickName") || strings.Contains(content, "tags") {
		t.Errorf("left are attributes:\n%s", content)
	}
}

// A session stands until its application, its issuer or its person goes.
func TestSessionsOfWhatIsRemovedEnd(t *testing.T) {
	cases := []struct {
		name, old, new string // of everything
		live           bool
	}{
		{"nothing changes", "", "", true},
		{"the application changes", "description: Numbers", "description: Other", true},
		{"the application has another name", "- name: Reports\n", "- name: Report\n", false},
		{"the issuer has another URL", "issuerUrl: https://dex.example.com/\n", "issuerUrl: https://okta.example.com/\n", false},
		{"the person is removed", "  - {userName: ben, givenName: Ben, familyName: Boyd, email: ben@example.com}\n", "", false},
		{"the person is disabled", "email: ben@example.com}", "email: ben@example.com, status: DISABLED}", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := openHouse(t)
			h.apply(t, []byte(everything))
			update(t, h.Store, func(tx *store.Tx) error {
				ben, _, err := tx.UserByName("ben")
				if err != nil {
					return err
				}
				applications, err := tx.AllApplications()
				if err != nil {
					return err
				}
				reports := applications[slices.IndexFunc(applications, func(a store.Application) bool { return a.Name == "Reports" })]
				issuers, err := tx.TrustedTokenIssuers(reports.InstanceID)
				if err != nil {
					return err
				}
				return tx.AddSession(store.Session{
					SessionID: "s", UserID: ben.UserID, ApplicationID: reports.ApplicationID, IssuerID: issuers[0].IssuerID,
					EndsAt: tx.Now.Add(time.Hour).UnixMilli(),
				})
			})
			content := in(t, c.old, c.new)
			content = strings.ReplaceAll(content, "targets: [Reports, ", "targets: [")
			if c.new == "" && c.old != "" {
				content = strings.NewReplacer("users: [ben]", "users: []", "members: [ann, ben]", "members: [ann]").Replace(content)
			}
			h.apply(t, []byte(content))
			_, live, err := h.Counts(context.Background())
			if err != nil || (live == 1) != c.live {
				t.Errorf("%d sessions are live: %v", live, err)
			}
		})
	}
}

func TestAccessKeysKeepTheirSecretUntilTheFileHasAnother(t *testing.T) {
	h := openHouse(t)
	h.apply(t, []byte(everything))
	given := "{id: AKIAIOSFODNN7EXAMPLE, secretAccessKey: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}"
	other := strings.Replace(given, "wJalr", "other", 1)
	steps := []struct {
		name, entry   string
		want, secret  string
		status, owner string
	}{
		{"the same secret", given, "", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "Active", "deploy"},
		{"no secret", "{id: AKIAIOSFODNN7EXAMPLE}", "", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "Active", "deploy"},
		{"another state", "{id: AKIAIOSFODNN7EXAMPLE, status: Inactive}", `status "Active" -> "Inactive"`, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "Inactive", "deploy"},
		{"another secret", other, `status "Inactive" -> "Active", secretAccessKey "one" -> "another"`, "otherXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "Active", "deploy"},
	}
	for _, s := range steps {
		changes := h.apply(t, []byte(in(t, given, s.entry)))
		var out bytes.Buffer
		if err := changes.Write(&out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), s.want) || s.want == "" && len(changes.List) != 0 || strings.Contains(out.String(), "EXAMPLEKEY") {
			t.Errorf("%s: it says %s", s.name, out.String())
		}
		h.key(t, "AKIAIOSFODNN7EXAMPLE", s.secret, s.status, s.owner)
	}
	moved := strings.Replace(in(t, given, "{id: AKIAI44QH8DHBEXAMPLE, status: Inactive}"),
		"{id: AKIAI44QH8DHBEXAMPLE, secretAccessKey: je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY, status: Inactive}", "{id: AKIAIOSFODNN7EXAMPLE}", 1)
	h.apply(t, []byte(moved))
	h.key(t, "AKIAIOSFODNN7EXAMPLE", "otherXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "Active", "app")
	h.key(t, "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY", "Inactive", "deploy")
	renamed := strings.Replace(moved, "name: deploy", "name: Deploy", 1)
	h.apply(t, []byte(renamed))
	h.key(t, "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY", "Inactive", "Deploy")
}

// key checks a key of the store.
func (h house) key(t *testing.T, id, secret, status, owner string) {
	t.Helper()
	err := h.View(context.Background(), func(tx *store.Tx) error {
		key, found, err := tx.AccessKey(id)
		if got, opens := creds.OpenAccessKeySecret(h.ring, id, key.SealedSecret); !found || !opens || got != secret {
			t.Errorf("the secret of %s is %q", id, got)
		}
		if key.Status != status || key.Principal().Name != owner || !key.Held {
			t.Errorf("%s is %s of %s", id, key.Status, key.Principal().Name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatGoesFromOneToAnotherIsTakenFirst(t *testing.T) {
	h := openHouse(t)
	h.apply(t, []byte(everything))
	swapped := strings.NewReplacer(
		`    externalIds: [{issuer: https://idp.example.com/, id: "42"}]`+"\n", "",
		"email: ben@example.com}", `email: ann@example.com, externalIds: [{issuer: "https://idp.example.com/", id: "42"}]}`,
		"emails: [{value: ann@example.com, type: work, primary: true}]", "email: ben@example.com",
		"issuerUrl: https://dex.example.com/\n", "issuerUrl: https://okta.example.com/\n",
		"tags: {a: b}\n  - {name: dex, accountInstance", "tags: {a: b}\n  - {name: second, issuerUrl: \"https://dex.example.com/\", claimAttributePath: sub, identityStoreAttributePath: userName}\n  - {name: dex, accountInstance",
	).Replace(everything)
	changes := h.apply(t, []byte(swapped))
	if changes.Count(Added) != 2 || changes.Count(Removed) != 1 {
		t.Errorf("an issuer of another URL is another issuer: %v", changes.List)
	}
	holdsItsOwnExport(t, h, func() house { return openHouse(t) })
}

func FuzzDocuments(f *testing.F) {
	f.Add(`{a: 1, b: [x, "y", 1.5e3, true, null, 2026-01-01]}`)
	f.Add(`'{"a":{"b":["\u00e9"]}}'`)
	f.Add("&a [*a]")
	f.Add("{a: 0x10, ? [b] : c}")
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, content string) {
		r := &reader{Mistakes: &Mistakes{}}
		root := r.root([]byte(content))
		if root == nil {
			return
		}
		d := r.document("key", root, documentKind{"anything", func([]byte) error { return nil }})
		if (d.json == "") == (len(r.List) == 0) {
			t.Fatalf("%q is %q with the mistakes %v", content, d.json, r.List)
		}
		if d.json == "" {
			return
		}
		node := writeDocument(d)
		again := (&reader{Mistakes: &Mistakes{}}).document("key", node, documentKind{"anything", func([]byte) error { return nil }})
		if again.json != d.json {
			t.Errorf("%s is written and read as %s", d.json, again.json)
		}
	})
}

func TestTheManualsFilesAreFiles(t *testing.T) {
	manual, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for i, block := range strings.Split(string(manual), "```yaml\n")[1:] {
		content, _, _ := strings.Cut(block, "```")
		if !strings.Contains(content, "\nusers:") {
			continue
		}
		h := openHouse(t)
		h.apply(t, []byte(content))
		if files++; len(h.apply(t, []byte(content)).List) != 0 {
			t.Errorf("block %d changes something when it is applied again", i)
		}
	}
	if files != 2 {
		t.Errorf("there are %d directory files in it, want 2", files)
	}
}
