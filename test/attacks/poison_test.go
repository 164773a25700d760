package attacks

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/server"
	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

// poison is a column whose texts have a form, and a row of it.
type poison struct {
	table, column, where string // $1 is of
	of                   func(p *pantry) string
	junk                 []string
	closed               []string // what goes through the row and must not any more
	unseen               bool     // any text may stand there, so nobody can tell
	key                  string   // the column by which verify names the row, where it is not that of the condition
	named                bool     // a directory file names the thing by it: with another text it is another thing
}

// The texts that are written into the rows: no JSON, JSON that breaks off, and JSON of other kinds than the column has.
var (
	junkJSON   = []string{"{junk", "null", "{}", `{"a":{"b":[1]}}`}
	junkPolicy = append([]string{""}, junkJSON...)
	junkWord   = []string{"junk", ""}
)

func ofCarol(p *pantry) string    { return p.carol }
func ofApp(p *pantry) string      { return idOf(p.bad.app) }
func ofIssuer(p *pantry) string   { return idOf(p.bad.issuerARN) }
func ofSet(p *pantry) string      { return idOf(p.badSet) }
func ofBounded(p *pantry) string  { return idOf(p.boundSet) }
func ofProvider(p *pantry) string { return p.bad.issuer.url }
func ofKey(p *pantry) string      { return p.badKey.id }
func always(text string) func(*pantry) string {
	return func(*pantry) string { return text }
}

var poisons = []poison{
	{table: "directory_user", column: "profile", where: "user_id = $1", of: ofCarol, junk: junkJSON},
	{table: "directory_user", column: "status", where: "user_id = $1", of: ofCarol, junk: junkWord, closed: []string{"a token", "a sign-in", "an assertion", "an exchange", "credentials"}},
	{table: "directory_user", column: "user_name_key", where: "user_id = $1", of: ofCarol, junk: junkWord},
	{table: "user_password", column: "hash", where: "user_id = $1", of: ofCarol, closed: []string{"a sign-in"},
		junk: []string{"junk", "", "$argon2id$"}},
	{table: "user_password", column: "hash", where: "user_id = $1", of: ofCarol, closed: []string{"a sign-in"}, unseen: true,
		junk: []string{"$argon2id$v=19$m=4194304,t=100000,p=1$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE"}},
	{table: "application", column: "portal_options", where: "application_id = $1", of: ofApp, junk: []string{"{junk", "[1", "7"}},
	{table: "application", column: "actor_policy", where: "application_id = $1", of: ofApp, junk: junkJSON, closed: []string{"an assertion"}},
	{table: "application", column: "status", where: "application_id = $1", of: ofApp, junk: junkWord, closed: []string{"an assertion"}},
	{table: "application", column: "id_token_alg", where: "application_id = $1", of: ofApp, junk: []string{"none", "junk"}, closed: []string{"an assertion"}, unseen: true},
	{table: "application_grant", column: "document", where: "grant_type LIKE '%jwt-bearer' AND application_id = $1", of: ofApp, junk: junkJSON, closed: []string{"an assertion"}},
	{table: "application_grant", column: "document", where: "grant_type = 'authorization_code' AND application_id = $1", of: ofApp, junk: junkJSON},
	{table: "application_scope", column: "targets", where: "scope = 'bad:read' AND application_id = $1", of: ofApp, junk: []string{"{junk", "7", "{}", "[1]"}, closed: []string{"an exchange"}},
	{table: "trusted_token_issuer", column: "jwks", where: "issuer_id = $1", of: ofIssuer, junk: junkJSON, closed: []string{"an assertion"}},
	{table: "trusted_token_issuer", column: "url", where: "issuer_id = $1", of: ofIssuer, junk: []string{"", "://"}, closed: []string{"an assertion"}, unseen: true, named: true},
	{table: "trusted_token_issuer", column: "claim_path", where: "issuer_id = $1", of: ofIssuer, junk: []string{"", "junk[", "(("}, closed: []string{"an assertion"}, unseen: true},
	{table: "trusted_token_issuer", column: "attribute_path", where: "issuer_id = $1", of: ofIssuer, junk: []string{"", "junk["}, closed: []string{"an assertion"}, unseen: true},
	{table: "resource_tags", column: "tags", where: "resource_id = $1", of: ofApp, junk: []string{"{junk", "7", "[]", `{"a":{"b":[1]}}`}},
	{table: "resource_tags", column: "tags", where: "resource_id = $1", of: ofSet, junk: []string{"{junk"}},
	{table: "permission_set_inline_policy", column: "document", where: "permission_set_id = $1", of: ofSet, junk: junkPolicy},
	{table: "permission_set_managed_policy", column: "policy_arn", where: "permission_set_id = $1", of: ofSet, junk: junkWord, unseen: true},
	{table: "permission_set_boundary", column: "policy_arn", where: "permission_set_id = $1", of: ofBounded, junk: []string{""}},
	{table: "permission_set_boundary", column: "policy_arn", where: "permission_set_id = $1", of: ofBounded, junk: []string{"junk", "arn:aws:iam::aws:policy/None"}, unseen: true},
	{table: "permission_set", column: "relay_state", where: "permission_set_id = $1", of: ofSet, junk: []string{"javascript:alert(1)"}, unseen: true},
	{table: "iam_policy", column: "document", where: "principal_name = $1", of: always("spoiled"), junk: junkPolicy, closed: []string{"a key"}},
	{table: "iam_policy", column: "document", where: "policy_name = $1", of: always("denies"), junk: junkPolicy},
	{table: "iam_role", column: "trust_policy", where: "role_name = $1", of: always("spoiled-role"), junk: junkPolicy, closed: []string{"a role"}},
	{table: "iam_role", column: "trust_policy", where: "role_name = $1", of: always("open-role"), junk: junkPolicy, closed: []string{"a web identity"}},
	{table: "oidc_provider", column: "client_ids", where: "url = $1", of: ofProvider, junk: junkPolicy, closed: []string{"a web identity"}},
	{table: "oidc_provider", column: "jwks", where: "url = $1", of: ofProvider, junk: junkJSON, closed: []string{"a web identity"}},
	{table: "access_key", column: "sealed_secret", where: "access_key_id = $1", of: ofKey, junk: []string{"junk", "AAAA", ""}, closed: []string{"a key"}},
	{table: "access_key", column: "status", where: "access_key_id = $1", of: ofKey, junk: junkWord, closed: []string{"a key"}},
	{table: "access_key", column: "principal_kind", where: "access_key_id = $1", of: ofKey, junk: junkWord, closed: []string{"a key"}},
	{table: "session", column: "actor", where: "parent_session_id = '' AND application_id = $1", of: ofApp, junk: []string{"{junk", "null", "7"}, key: "session_id"},
	{table: "session", column: "may_act", where: "parent_session_id = '' AND application_id = $1", of: ofApp, junk: []string{"{junk", "null", "7"}, closed: []string{"an exchange"}, key: "session_id"},
	{table: "session", column: "scopes", where: "application_id = '' AND user_id = $1", of: ofCarol, junk: junkWord, unseen: true},
	{table: "client_token", column: "answer", where: "token = $1", of: always("of-the-tests"), junk: []string{""}},
	{table: "decision", column: "trace", where: "operation = $1", of: always("ListUsers"), junk: []string{"{junk"}, key: "request_id"},
	{table: "operation_status", column: "outcome", where: "request_id = $1", of: func(p *pantry) string { return p.created }, junk: junkWord},
	{table: "account_assignment", column: "principal_type", where: "principal_id = $1", of: ofCarol, junk: junkWord, closed: []string{"credentials"}},
}

// pantry is a server with two of everything that rows hold: one stays good, and the other is poisoned.
type pantry struct {
	*world
	client                    registration
	alices, carols            tokens
	carol                     string       // user id
	good, bad, backend        *propagation // the tokens of bad are exchanged at backend
	subject                   tokens       // of bad
	badKey                    key          // of a user of the account who may do everything
	denied, deniedSet, narrow key          // of those whom a policy denies, a permission set's denies, and a boundary keeps from much
	badRole, openRole         string
	goodSet, badSet, boundSet string // ARNs
	repeated                  members
	created                   string // the request that an account assignment was made with
	clean                     string // the directory as a file, before anything was poisoned
	plain                     map[string]answer
}

const deniesDirectory = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["sso:*","identitystore:*"],"Resource":"*"}]}`

func newPantry(w *world) *pantry {
	w.t.Helper()
	w = w.another("--key-rotation=0s")
	*w.broken = true // what is wrong is said in the log
	p := &pantry{world: w, client: w.register(), carol: w.userID("carol")}
	p.good, p.bad = w.propagation(), w.propagation()
	p.bad.email = "carol@acme.example"
	w.scope(p.good.app, "good:read")
	p.backend = p.bad.front()
	w.grant(p.backend.app, grantExchange, members{"TokenExchange": members{}})
	w.scope(p.bad.app, "bad:read", p.backend.app)
	w.scope(p.bad.app, "also:read")
	w.administer(api.UpdateUser.Operation, members{"IdentityStoreId": w.server.IdentityStoreID, "UserId": p.carol, "Operations": []members{
		{"AttributePath": "nickName", "AttributeValue": "Caz"}, {"AttributePath": "title", "AttributeValue": "Auditor"},
	}})
	p.goodSet = w.permissionSet() // one of the demo's
	p.fillSets()
	p.fillPrincipals()
	for _, resource := range []string{p.good.app, p.bad.app, p.good.issuerARN, p.bad.issuerARN, p.badSet, w.server.InstanceARN} {
		w.administer(api.TagResource.Operation, members{"InstanceArn": w.server.InstanceARN, "ResourceArn": resource, "Tags": []members{{"Key": "of", "Value": "the tests"}}})
	}
	p.alices, p.carols = w.login(p.client, "alice"), w.login(p.client, "carol")
	p.deniedSet = w.roleCredentials(w.want(200, w.credentials(p.carols.access, owner, "Spoiled")))
	p.narrow = w.roleCredentials(w.want(200, w.credentials(p.carols.access, owner, "Bounded")))
	p.subject = p.bad.token().tokens()
	p.repeated = members{
		"InstanceArn": w.server.InstanceARN, "ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom", "Name": "once", "ClientToken": "of-the-tests",
	}
	w.administer(api.CreateApplication.Operation, p.repeated)
	p.stayDenied("from the beginning")
	p.plain = p.tour()
	for what, a := range p.plain {
		if a.status != 200 && !strings.HasPrefix(what, "reads ") {
			w.t.Fatalf("%s: %s", what, a)
		}
	}
	p.allGood("from the beginning")
	for deadline := time.Now().Add(logPatience); w.number("SELECT COUNT(*) FROM decision WHERE operation = 'ListUsers'") == 0; { // which are written by and by
		if time.Now().After(deadline) {
			w.t.Fatal("no refusal is recorded")
		}
	}
	var err error
	if p.clean, err = w.command("", "export"); err != nil {
		w.t.Fatalf("%v: %s", err, p.clean)
	}
	return p
}

// fillSets makes permission sets for carol that would let her do everything, but for a policy and for a boundary.
func (p *pantry) fillSets() {
	p.t.Helper()
	set := func(name string) string {
		var out struct {
			PermissionSet struct{ PermissionSetArn string }
		}
		a := p.administer(api.CreatePermissionSet.Operation, members{"InstanceArn": p.server.InstanceARN, "Name": name})
		if err := json.Unmarshal(a.body, &out); err != nil {
			p.t.Fatal(err)
		}
		in := members{"InstanceArn": p.server.InstanceARN, "PermissionSetArn": out.PermissionSet.PermissionSetArn}
		p.administer(api.AttachManagedPolicyToPermissionSet.Operation, in.with(members{"ManagedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}))
		assigned := p.administer(api.CreateAccountAssignment.Operation, in.with(members{
			"TargetId": owner, "TargetType": "AWS_ACCOUNT", "PrincipalType": "USER", "PrincipalId": p.carol,
		}))
		var made struct{ AccountAssignmentCreationStatus struct{ RequestID string } }
		if err := json.Unmarshal(assigned.body, &made); err != nil {
			p.t.Fatal(err)
		}
		p.created = made.AccountAssignmentCreationStatus.RequestID
		return out.PermissionSet.PermissionSetArn
	}
	p.badSet, p.boundSet = set("Spoiled"), set("Bounded")
	p.administer(api.PutInlinePolicyToPermissionSet.Operation, members{"InstanceArn": p.server.InstanceARN, "PermissionSetArn": p.badSet, "InlinePolicy": deniesDirectory})
	p.administer(api.PutPermissionsBoundaryToPermissionSet.Operation, members{
		"InstanceArn": p.server.InstanceARN, "PermissionSetArn": p.boundSet, "PermissionsBoundary": members{"ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
	})
}

func (p *pantry) fillPrincipals() {
	p.t.Helper()
	p.badKey = p.addUser(owner, "spoiled", allow("*"))
	p.denied = p.addUser(owner, "denied", allow("*"))
	p.sql("INSERT INTO iam_policy (account_id, principal_kind, principal_name, policy_name, document) VALUES ($1, 'user', 'denied', 'denies', $2)", owner, deniesDirectory)
	p.badRole = p.addRole(owner, "spoiled-role", trusting("arn:aws:iam::"+owner+":root"), allow("*"))
	if out, err := p.command("", "iam", "create-oidc-provider", p.bad.issuer.url, "--account", owner, "--client-id", audience); err != nil {
		p.t.Fatalf("%v: %s", err, out)
	}
	provider := "arn:aws:iam::" + owner + ":oidc-provider/" + strings.TrimPrefix(p.bad.issuer.url, "http://")
	p.openRole = p.addRole(owner, "open-role",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"`+provider+`"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`, allow("*"))
}

// through is what goes through each of the rows that are poisoned.
func (p *pantry) through() map[string]func() answer {
	people := members{"IdentityStoreId": p.server.IdentityStoreID}
	app, set := members{"ApplicationArn": p.bad.app}, members{"InstanceArn": p.server.InstanceARN, "PermissionSetArn": p.badSet}
	ask := func(operation *api.Operation, in members) func() answer {
		return func() answer { return p.call(p.admin(), operation, in) }
	}
	return map[string]func() answer{
		"a key":  func() answer { return p.call(p.badKey, api.ListGroups.Operation, people) },
		"a role": func() answer { return p.assume(p.admin(), p.badRole, "ab", nil) },
		"a web identity": func() answer {
			return p.call(key{}, api.AssumeRoleWithWebIdentity.Operation, members{"RoleArn": p.openRole, "RoleSessionName": "ab", "WebIdentityToken": p.bad.issuer.token("x", nil)})
		},
		"an assertion":             func() answer { return p.bad.present(p.bad.issuer.token(p.bad.email, nil)) },
		"an exchange":              func() answer { return p.backend.exchange(p.subject.access, nil) },
		"a token":                  func() answer { return p.accounts(p.carols.access) },
		"credentials":              func() answer { return p.credentials(p.carols.access, owner, "Spoiled") },
		"a sign-in":                func() answer { return p.signedIn("carol") },
		"a user":                   ask(api.DescribeUser.Operation, people.with(members{"UserId": p.carol})),
		"an application":           ask(api.DescribeApplication.Operation, app),
		"a grant":                  ask(api.GetApplicationGrant.Operation, app.with(members{"GrantType": grantBearer})),
		"a scope":                  ask(api.GetApplicationAccessScope.Operation, app.with(members{"Scope": "bad:read"})),
		"tags":                     ask(api.ListTagsForResource.Operation, members{"ResourceArn": p.bad.app}),
		"an authentication":        ask(api.GetApplicationAuthenticationMethod.Operation, app.with(members{"AuthenticationMethodType": "IAM"})),
		"an inline policy":         ask(api.GetInlinePolicyForPermissionSet.Operation, set),
		"a permission set":         ask(api.DescribePermissionSet.Operation, set),
		"what was answered before": ask(api.CreateApplication.Operation, p.repeated),
		"the list of grants":       ask(api.ListApplicationGrants.Operation, app),
		"the list of scopes":       ask(api.ListApplicationAccessScopes.Operation, app),
	}
}

// signedIn is the page that somebody sees who signs in, and 401 for those who do not.
func (p *pantry) signedIn(userName string) answer {
	p.t.Helper()
	harness.Rows(p.t, p.server.Data, "DELETE FROM attempt") // the refusals of before
	page := p.browser().signIn("/start", userName)
	if page.status == 200 && !strings.Contains(string(page.body), "Sign out") {
		page.status = 401
	}
	return page.answer
}

// allGood fails the entry unless everything goes through the rows.
func (p *pantry) allGood(when string) {
	p.t.Helper()
	for what, ask := range p.through() {
		if a := ask(); a.status != 200 {
			p.t.Fatalf("%s: %s: %s", when, what, a)
		}
	}
}

// stayDenied fails the entry if a policy, or what narrows one, does not hold.
func (p *pantry) stayDenied(when string) {
	p.t.Helper()
	people := members{"IdentityStoreId": p.server.IdentityStoreID}
	for what, a := range map[string]answer{
		"somebody whom a policy denies it":              p.call(p.denied, api.ListUsers.Operation, people),
		"a person whom their permission set denies it":  p.call(p.deniedSet, api.ListUsers.Operation, people),
		"a person whom a boundary does not let through": p.call(p.narrow, api.CreateGroup.Operation, people.with(members{"DisplayName": "beyond"})),
	} {
		if a.status != 400 && a.status != 403 && a.status != 500 {
			p.t.Errorf("%s: %s: %s", when, what, a)
		}
	}
}

// tour asks for everything that has nothing to do with what is poisoned.
func (p *pantry) tour() map[string]answer {
	p.t.Helper()
	n := p.names()
	n.application, n.issuer, n.resource, n.user, n.permissionSet = p.good.app, p.good.issuerARN, p.good.app, p.userID("alice"), p.goodSet
	all := map[string]answer{}
	for _, operation := range administration() {
		if reads(operation) {
			all["reads "+operation.Name] = p.call(p.admin(), operation, sampleOf(operation, n))
		}
	}
	all["an assertion"] = p.good.present(p.good.issuer.token(p.good.email, nil))
	all["accounts"] = p.accounts(p.alices.access)
	all["roles"] = p.send("GET", "/assignment/roles?account_id="+owner, bearer(p.alices.access), nil)
	all["credentials"] = p.credentials(p.alices.access, owner, "AdministratorAccess")
	d := p.start(p.client)
	p.decide(d, "bob", "approve")
	all["a device"] = p.poll(p.client, d)
	all["a refresh"] = p.refresh(p.client, all["a device"].tokens().refresh)
	all["a code"] = p.redeem(p.client, p.code(p.client, "bob", nil))
	all["a sign-in"] = p.signedIn("alice")
	all["the keys of the ring"] = p.get("/_dev/keys")
	return all
}

// unharmed compares a tour with the first one: nothing else fails, and no list lacks anything but what is poisoned.
func (p *pantry) unharmed(what string) {
	p.t.Helper()
	for asked, a := range p.tour() {
		plain := p.plain[asked]
		if a.status != plain.status {
			p.t.Errorf("%s: %s: %s", what, asked, a)
			continue
		}
		if !strings.HasPrefix(asked, "reads List") {
			continue
		}
		listed := items(p, a)
		for _, item := range items(p, plain) {
			if !slices.Contains(listed, item) && !p.isBad(item) {
				p.t.Errorf("%s: %s lacks %s", what, asked, item)
			}
		}
	}
}

func (p *pantry) isBad(item string) bool {
	return slices.ContainsFunc([]string{p.carol, ofApp(p), ofIssuer(p), ofSet(p), ofBounded(p), p.created}, func(id string) bool { return strings.Contains(item, id) })
}

// items are those of the lists in an answer.
func items(p *pantry, a answer) (all []string) {
	var out map[string]any
	if err := json.Unmarshal(a.body, &out); err != nil {
		p.t.Fatalf("%s: %v", a, err)
	}
	for _, member := range out {
		list, _ := member.([]any)
		for _, item := range list {
			text, _ := json.Marshal(item)
			all = append(all, string(text))
		}
	}
	return all
}

// set writes into a row, of which nobody hears yet.
func (p *pantry) set(c poison, text string) {
	p.t.Helper()
	harness.Rows(p.t, p.server.Data, "UPDATE "+c.table+" SET "+c.column+" = $2 WHERE "+c.where, c.of(p), text)
}

// inFiles are the tables of which a directory file says everything, so that applying it puts right what is poisoned in them.
var inFiles = []string{
	"application", "application_grant", "application_scope", "trusted_token_issuer", "resource_tags", "permission_set_inline_policy", "permission_set_managed_policy",
	"permission_set_boundary", "permission_set", "iam_policy", "iam_role", "oidc_provider",
}

// sweepPatience is far above what a sweep takes that ends.
const sweepPatience = time.Minute

// poisonedRows writes junk into one row after the other, and then into all of them.
func poisonedRows(w *world) {
	p := newPantry(w)
	old := make([]string, len(poisons))
	for i, c := range poisons {
		rows := p.sql("SELECT "+c.column+" FROM "+c.table+" WHERE "+c.where, c.of(p))
		if len(rows) == 0 {
			w.t.Fatalf("%s.%s has no row for %s", c.table, c.column, c.of(p))
		}
		old[i] = rows[0][0]
	}
	for i, c := range poisons {
		junk := c.junk
		if testdb.OnPostgreSQL() { // where every change takes a second to be heard of
			junk = junk[:1]
		}
		for _, text := range junk {
			p.set(c, text)
			heard()
			p.try(c, fmt.Sprintf("%s.%s = %q", c.table, c.column, text))
		}
		if !c.named && !testdb.OnPostgreSQL() {
			p.mend(c.table + "." + c.column)
		}
		p.set(c, old[i])
		if !testdb.OnPostgreSQL() {
			p.allGood("after " + c.table + "." + c.column)
		}
	}
	heard()
	p.allGood("afterwards")
	p.all()
	for i, c := range poisons { // what files do not say, and names by which they know things
		if c.named || !slices.Contains(inFiles, c.table) {
			p.set(c, old[i])
		}
	}
	p.mend("with every row")
	p.allGood("after a file was applied to all of it")
}

// try holds what a server with the row does against what it has to.
func (p *pantry) try(c poison, what string) {
	p.t.Helper()
	p.unharmed(what)
	p.stayDenied(what)
	for asked, ask := range p.through() {
		switch a := ask(); {
		case slices.Contains(c.closed, asked) && a.status < 400:
			p.t.Errorf("%s opens %s: %s", what, asked, a)
		case strings.HasPrefix(asked, "the list of ") && (a.status != 200 || !strings.Contains(string(a.body), "also:read") && !strings.Contains(string(a.body), "refresh_token")):
			p.t.Errorf("%s: %s: %s", what, asked, a)
		}
	}
	p.sweep(what)
	name := c.of(p)
	if c.key != "" {
		name = p.sql("SELECT "+c.key+" FROM "+c.table+" WHERE "+c.where, name)[0][0]
	}
	out, err := p.command("", "verify")
	if !c.unseen && (err == nil || !strings.Contains(out, "wrong") || !strings.Contains(out, name)) || strings.Contains(out, "goroutine") {
		p.t.Errorf("%s: verify does not name %s: %v\n%s", what, name, err, out)
	}
	if out, err := p.command("", "export"); err != nil && (strings.Contains(out, "goroutine") || !strings.Contains(out, "read ")) {
		p.t.Errorf("%s: an export: %s", what, out)
	}
}

// sweep removes what has expired, as servers do now and then.
func (p *pantry) sweep(what string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), sweepPatience)
	defer cancel()
	p.house(func(h *server.House) error {
		if _, err := h.Store.Clean(ctx); err != nil {
			p.t.Errorf("%s: a sweep: %v", what, err)
		}
		return nil
	})
}

// mend applies the directory of before.
func (p *pantry) mend(what string) {
	p.t.Helper()
	file := p.t.TempDir() + "/directory.yaml"
	if err := os.WriteFile(file, []byte(p.clean), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if out, err := p.command("", "apply", "-f", file); err != nil {
		p.t.Errorf("%s: an apply: %v\n%s", what, err, out)
	}
}

var noted = regexp.MustCompile(`(?m)msg="a row cannot be read[^"]*" row=("[^"]*"|\S+)`)

// all poisons every row, and starts another server on them.
func (p *pantry) all() {
	p.t.Helper()
	for _, c := range poisons {
		p.set(c, c.junk[0])
	}
	harness.Rows(p.t, p.server.Data, "INSERT INTO node (node_id, host, program, newest_migration, started_at, seen_at) VALUES ('x', '', '', 'junk', -5, 9000000000000000)")
	harness.Rows(p.t, p.server.Data, "INSERT INTO change (change_id, about, made_at) VALUES ('junk', 'nothing that there is', 0)")
	heard()
	again := *p
	again.world = p.beside("--key-rotation=0s")
	*again.broken = true
	for _, each := range []*pantry{p, &again} {
		good, bad, backend := *p.good, *p.bad, *p.backend
		good.world, bad.world, backend.world = each.world, each.world, each.world
		each.good, each.bad, each.backend = &good, &bad, &backend
		for range 3 {
			each.unharmed("with every row")
			each.stayDenied("with every row")
		}
		each.sweep("with every row")
		told := map[string]int{}
		for _, line := range noted.FindAllStringSubmatch(each.server.Log.String(), -1) {
			told[line[1]]++
		}
		for row, times := range told {
			if times > 1 {
				p.t.Errorf("the log of a server names %s %d times", row, times)
			}
		}
		if len(told) < 3 {
			p.t.Errorf("the log of a server names %v", told)
		}
	}
}
