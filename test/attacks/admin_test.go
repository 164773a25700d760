package attacks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"sallyport/internal/admin"
	"sallyport/internal/api"
	"sallyport/internal/server"
	"sallyport/internal/store"
	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

var adminSteps = map[string]attack{
	"admin-user-as-admin":  everyOperationAsNobody,
	"admin-cross-instance": namesOfOthers,
	"admin-field-update": func(w *world) {
		p := w.propagation()
		alice := w.userID("alice")
		w.addRole(owner, "everything", trusting("arn:aws:iam::"+owner+":root"), allow("*"))
		role := "arn:aws:iam::" + owner + ":role/everything"
		callers := map[string]key{
			"a person with a role of the portal": w.roleCredentials(w.want(200, w.credentials(w.login(w.register(), "alice").access, owner, "AdministratorAccess"))),
			"a user called like the person":      w.addUser(owner, "alice", ""),
			"an application that acts for the person": w.want(200, w.assume(w.admin(), role, "for-alice", withContext(p.token().identityContext()))).
				credentialsOf(),
		}
		w.unchanged("updates of oneself", func() {
			for who, k := range callers {
				for path, value := range map[string]any{
					"userName": "root", "displayName": "Root", "emails": []members{{"Value": "root@acme.example", "Type": "work", "Primary": true}},
					"externalIds": []members{{"Issuer": "https://idp.example.test", "Id": "root"}}, "userStatus": "ENABLED", "name.givenName": "Root",
					"enterprise": members{"department": "root"}, "userId": noUUID, "createdBy": "root",
				} {
					a := w.call(k, api.UpdateUser.Operation, members{
						"IdentityStoreId": w.server.IdentityStoreID, "UserId": alice, "Operations": []members{{"AttributePath": path, "AttributeValue": value}},
					})
					if a.status != 400 || !oneOf("AccessDeniedException|ValidationException", a.exception()) {
						w.t.Errorf("%s changes %s: %s", who, path, a)
					}
				}
				w.refused(w.call(k, api.UpdateUser.Operation, sampleOf(api.UpdateUser.Operation, w.names())), 400, "AccessDeniedException")
			}
		})
	},
	"admin-dup-username":    sameNames,
	"admin-names-naughty":   naughtyNames,
	"admin-delete-recreate": somebodyElseOfThatName,
	"admin-audit-complete":  everyChangeIsRecorded,
	"admin-audit-fail": func(w *world) {
		w = w.another()
		*w.broken = true
		p := w.propagation()
		c := w.register()
		device := w.start(c)
		assertion := p.issuer.token(p.email, nil)
		rename := func(from, to string) {
			w.sql("ALTER TABLE " + from + " RENAME TO " + to)
		}
		rename("audit_event", "gone")
		w.unchanged("changes that nobody could record", func() {
			for what, a := range map[string]answer{
				"an assertion":   p.present(assertion),
				"a user":         w.call(w.admin(), api.CreateUser.Operation, sampleOf(api.CreateUser.Operation, w.names())),
				"an application": w.call(w.admin(), api.CreateApplication.Operation, sampleOf(api.CreateApplication.Operation, w.names())),
				"a deletion":     w.call(w.admin(), api.DeleteApplication.Operation, members{"ApplicationArn": p.app}),
				"an approval":    w.post("/_dev/device", members{"userCode": device.userCode, "userName": "alice", "decision": "approve"}),
			} {
				if a.status < 500 {
					w.t.Errorf("%s: %s", what, a)
				}
			}
			if out, err := w.command("", "iam", "create-user", "unrecorded", "--account", owner); err == nil {
				w.t.Errorf("a user was made: %s", out)
			}
		})
		w.want(200, w.call(w.admin(), api.ListInstances.Operation, members{})) // reading goes on
		rename("gone", "audit_event")
		w.want(200, p.present(assertion))
	},
	"admin-audit-secrets": func(w *world) {
		w = w.another()
		p := w.propagation()
		token := p.token().tokens()
		session := w.login(w.register(), "bob")
		vended := w.roleCredentials(w.want(200, w.credentials(session.access, "333344445555", "DeveloperAccess")))
		// Whoever errs sends secrets where they do not belong.
		w.send("POST", "/token", asJSON, []byte(`{"clientId":"`+token.access+`","refreshToken":"`+token.refresh+`"`))
		w.send("POST", "/token?aws_iam=t", asJSON, []byte(token.id+token.access))
		w.send("GET", "/federation/credentials?account_id="+url.QueryEscape(token.refresh)+"&role_name="+url.QueryEscape(vended.secret), bearer(token.access), nil)
		w.send("GET", "/assignment/accounts?access_token="+url.QueryEscape(token.access), nil, nil)
		w.send("GET", "/authorize?code="+url.QueryEscape(token.refresh)+"&client_id="+url.QueryEscape(vended.secret), nil, nil)
		w.call(key{w.admin().id, token.refresh, token.access}, api.ListInstances.Operation, members{})
		w.call(key{w.admin().id, token.refresh, vended.session + "A"}, api.GetCallerIdentity.Operation, members{})
		w.call(w.admin(), api.CreateTokenWithIAM.Operation, members{
			"clientId": p.app, "grantType": grantExchange, "subjectToken": token.refresh, "subjectTokenType": typeAccess, "assertion": token.id,
		})
		w.call(w.admin(), api.CreateTokenWithIAM.Operation, members{"clientId": p.app, "grantType": grantRefresh, "refreshToken": token.access, "code": []string{token.refresh}})
		w.call(w.admin(), api.CreateTokenWithIAM.Operation, members{"clientId": p.app, "grantType": grantBearer, "assertion": token.id})
		w.call(w.admin(), api.AssumeRoleWithWebIdentity.Operation, members{"RoleArn": "arn:aws:iam::" + owner + ":role/none", "RoleSessionName": "ab", "WebIdentityToken": token.id})
		w.assume(w.admin(), "arn:aws:iam::"+owner+":role/none", "ab", withContext(token.access))
		w.postForm("/introspect", url.Values{"token": {token.refresh}, "client_secret": {vended.secret}}, nil)
		w.server.Stop()
		for secret, kind := range map[string]string{
			token.access: "access token", token.refresh: "refresh token", token.id: "ID token", vended.secret: "secret key", vended.session: "session token",
			session.access: "access token", session.refresh: "refresh token", w.admin().secret: "secret key", w.server.Password("bob"): "password",
		} {
			for how, text := range spellings(secret) {
				w.nowhere(kind+" "+how, text)
			}
		}
	},
	"admin-restore-old": func(w *world) {
		// The manual tells what a restored copy does not know. Here is that it is so, and no more than so.
		if testdb.OnPostgreSQL() {
			return // a copy of the folder is a copy of SQLite's rows alone
		}
		w = w.another()
		c := w.register()
		session := w.login(c, "alice")
		refreshed := w.login(c, "alice")
		w.server.Stop()
		backup := copyFolder(w, w.server.Data)
		again := w.run.startIn(w.t, w.server.Data, w.kept)
		again.want(200, again.send("POST", "/logout", bearer(session.access), nil))
		rotated := again.want(200, again.refresh(c, refreshed.refresh)).tokens()
		again.refusedBy(again.accounts(session.access), 401)
		again.server.Stop()
		restored := w.run.startIn(w.t, backup, w.kept)
		restored.refusedBy(restored.refresh(c, rotated.refresh), 400) // of after the copy
		restored.want(200, restored.refresh(c, refreshed.refresh))
		restored.want(200, restored.accounts(session.access)) // of a session that was ended after the copy
		if manual := documentation(w, "operate.md"); !strings.Contains(manual, "a person who was removed or disabled since, an access key, an assignment, a password of before") {
			w.t.Error("the manual does not tell what a restored copy does not know")
		}
	},
	"admin-list-enumeration": func(w *world) {
		w = w.another()
		const many = 137
		for i := range many {
			w.administer(api.CreateGroup.Operation, members{"IdentityStoreId": w.server.IdentityStoreID, "DisplayName": fmt.Sprintf("counted-%d", i)})
		}
		counts := regexp.MustCompile(`\b(` + strconv.Itoa(many) + `|` + strconv.Itoa(many+2) + `|counted-\d+|alice@|bob@|` + owner + `|` + w.server.Admin.AccessKeyID + `)\b`)
		for _, path := range []string{
			"/", "/healthz", "/readyz", "/start", "/signin", "/device", "/authorize", "/.well-known/openid-configuration", "/.well-known/jwks.json", "/jwks",
			"/.well-known/oauth-authorization-server", "/assignment/accounts", "/assignment/roles", "/metrics", "/debug/vars", "/debug/pprof/", "/version", "/status", "/scim/v2/Users",
		} {
			for _, accept := range []string{"text/html", "application/json"} {
				a := w.send("GET", path, map[string]string{"Accept": accept}, nil)
				if shown := counts.FindString(withoutID(a)); shown != "" {
					w.t.Errorf("GET %s as %s shows %s: %s", path, accept, shown, a)
				}
			}
		}
		for _, operation := range signed() {
			a := w.call(key{}, operation, sampleOf(operation, w.names()))
			if len(a.body) > 500 || bytes.Contains(a.body, []byte("counted-")) {
				w.t.Errorf("%s without a signature: %s", operation.Name, a)
			}
		}
	},
	"admin-sts-external-id": func(w *world) {
		trust := func(condition string) string {
			return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + another + `:root"},"Action":"sts:AssumeRole","Condition":{` + condition + `}}]}`
		}
		deputy := w.addUser(another, "deputy", allow("sts:AssumeRole"))
		role := w.addRole(owner, "for-a-deputy", trust(`"StringEquals":{"sts:ExternalId":"right-1234"}`), "")
		for what, id := range map[string]any{
			"missing": nil, "wrong": "wrong-1234", "another letter case": "RIGHT-1234", "longer": "right-12345", "shorter": "right-123", "a pattern": "right-*", "everything": "*-",
			"of two lines": "right-1234\n", "with a blank": "right-1234 ", "a variable": "${sts:ExternalId}",
		} {
			w.t.Log(what)
			a := w.assume(deputy, role, "ab", members{"ExternalId": id})
			if a.status != 403 && (a.status != 400 || a.exception() != "ValidationError") || a.status == 403 && a.exception() != "AccessDenied" {
				w.t.Errorf("%s: %s", what, a)
			}
		}
		w.refused(w.assume(deputy, role, "ab", members{"ExternalId": ""}), 400, "ValidationError")
		w.want(200, w.assume(deputy, role, "ab", members{"ExternalId": "right-1234"}))
		w.refused(w.assume(w.addUser(another, "not-the-deputy", ""), role, "ab", members{"ExternalId": "right-1234"}), 403, "AccessDenied")
		twice := w.prepareCall(deputy, api.AssumeRole.Operation, members{"RoleArn": role, "RoleSessionName": "ab", "ExternalId": "wrong-1234"})
		body, err := drained(twice.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		s := signing{key: deputy, service: "sts"}
		w.refusedBy(w.do(w.request(s, "POST", "/", asForm, append(body, "&ExternalId=right-1234"...))), 400)
		w.refusedBy(w.do(w.request(s, "POST", "/?ExternalId=right-1234", asForm, body)), 400, 403)
	},
	"admin-sts-policy-size": func(w *world) {
		role := w.addRole(owner, "narrowed-by-anything", trusting("arn:aws:iam::"+owner+":root"), allow("*"))
		statement := `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`
		for what, document := range map[string]string{
			"1 MB of blanks":          strings.Repeat(" ", 1<<20) + allow("s3:*"),
			"1 MB of statements":      `{"Version":"2012-10-17","Statement":[` + strings.Repeat(statement+",", 20_000) + statement + `]}`,
			"40 kB":                   `{"Version":"2012-10-17","Statement":[` + strings.Repeat(statement+",", 800) + statement + `]}`,
			"deep":                    strings.Repeat(`{"Statement":`, 1_000) + "1" + strings.Repeat("}", 1_000),
			"deep lists":              `{"Version":"2012-10-17","Statement":` + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000) + `}`,
			"two versions":            `{"Version":"2008-10-17","Version":"2012-10-17","Statement":[` + statement + `]}`,
			"two lists of statements": `{"Version":"2012-10-17","Statement":[` + statement + `],"Statement":[]}`,
			"two effects":             `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}]}`,
			"another letter case":     `{"version":"2012-10-17","statement":[` + statement + `]}`,
			"an unknown operator":     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringMaybe":{"a":"b"}}}]}`,
			"a principal":             `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`,
			"no JSON":                 "policy", "an empty object": "{}", "a list": "[]", "null": "null", "something behind it": allow("s3:*") + "{}",
			"10,000 actions": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + strings.Repeat(`"s3:*",`, 10_000) + `"s3:*"],"Resource":"*"}]}`,
		} {
			a := w.assume(w.admin(), role, "ab", members{"Policy": document})
			if a.status != 413 && (a.status != 400 || !oneOf("PackedPolicyTooLarge|MalformedPolicyDocument|ValidationError", a.exception())) {
				w.t.Errorf("%s: %s", what, a)
			}
		}
		many := make([]members, 51)
		for i := range many {
			many[i] = members{"Key": "key" + strconv.Itoa(i), "Value": strings.Repeat("v", 256)}
		}
		w.refused(w.assume(w.admin(), role, "ab", members{"Tags": many}), 400, "PackedPolicyTooLarge|ValidationError")
		w.want(200, w.assume(w.admin(), role, "ab", members{"Policy": allow("s3:*")}))
	},
	"admin-sts-session-policy": func(w *world) {
		reader := w.addRole(owner, "reads", trusting("arn:aws:iam::"+owner+":root"), allow("sso:List*"))
		all := w.addRole(owner, "does-everything", trusting("arn:aws:iam::"+owner+":root"), allow("*"))
		session := func(role, policy string) key {
			w.t.Helper()
			return w.want(200, w.assume(w.admin(), role, "narrowed", members{"Policy": policy})).credentialsOf()
		}
		may := func(k key, operation *api.Operation, allowed bool) {
			w.t.Helper()
			a := w.call(k, operation, sampleOf(operation, w.names()))
			if denied := a.exception() == "AccessDeniedException"; denied == allowed {
				w.t.Errorf("%s: allowed %v: %s", operation.Name, allowed, a)
			}
		}
		wide := session(reader, allow("*"))
		may(wide, api.ListApplications.Operation, true)
		may(wide, api.CreateApplication.Operation, false)
		may(wide, api.ListUsers.Operation, false)
		narrow := session(all, allow("identitystore:*"))
		may(narrow, api.ListApplications.Operation, false)
		may(narrow, api.ListUsers.Operation, true)
		// Whoever takes on the next role from a narrowed session has what both allow, and no wider policy widens it again.
		w.refused(w.assume(narrow, all, "again", members{"Policy": allow("*")}), 403, "AccessDenied")
		both := w.want(200, w.assume(w.admin(), all, "both", members{
			"Policy": allow("sso:*"), "PolicyArns": []members{{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}},
		})).credentialsOf()
		may(both, api.ListApplications.Operation, true)
		deny := session(all, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sso:*","Resource":"*"}]}`)
		may(deny, api.ListApplications.Operation, false)
		may(deny, api.ListUsers.Operation, true)
	},
	"admin-scim-patch": func(w *world) {
		for _, method := range []string{"GET", "POST", "PATCH", "PUT", "DELETE"} {
			body := []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":true}]}`)
			w.refusedBy(w.send(method, "/scim/v2/Users/"+noUUID, withHeaders(asJSON, "Authorization", "Bearer a"), body), 404)
		}
	},
	"admin-scim-token": func(w *world) {
		session := w.login(w.register(), "alice")
		w.refusedBy(w.send("GET", "/scim/v2/Users", map[string]string{"Authorization": "Bearer " + session.access}, nil), 404)
	},
	"admin-dispatch-both": twoProtocolsAtOnce,
}

// everyOperationAsNobody calls every operation of configuration with keys of those who may not.
func everyOperationAsNobody(w *world) {
	p := w.propagation()
	n := w.names()
	n.application, n.issuer, n.resource, n.user = p.app, p.issuerARN, p.app, w.userID("bob")
	n.permissionSet = w.permissionSet()
	everything := w.addRole(owner, "administers", trusting("arn:aws:iam::"+owner+":root"), allow("*"))
	nothing := w.addRole(owner, "does-nothing", trusting("arn:aws:iam::"+owner+":root"), "")
	assume := func(role string, changes members) key {
		w.t.Helper()
		return w.want(200, w.assume(w.admin(), role, "somebody", changes)).credentialsOf()
	}
	session := w.login(w.register(), "bob")
	callers := map[string]key{
		"a user without policies":                   w.addUser(owner, "plain", ""),
		"a role without policies":                   assume(nothing, nil),
		"a person with a role of the portal":        w.roleCredentials(w.want(200, w.credentials(session.access, "333344445555", "AdministratorAccess"))),
		"a person in the owner's account":           w.roleCredentials(w.want(200, w.credentials(session.access, owner, "ReadOnlyAccess"))),
		"an administrator of another account":       w.addUser(another, "administrator", allow("*")),
		"an administrator who is narrowed to S3":    assume(everything, members{"Policy": allow("s3:*")}),
		"an application of the administrator's":     assume(everything, withContext(p.token().identityContext())),
		"a user who may do everything but this":     w.addUser(owner, "denied", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":["sso:*","identitystore:*"],"Resource":"*"}]}`),
		"nobody":                                    {},
		"somebody with the person's bearer token":   {id: session.access, secret: session.access},
		"a user whose actions are of other letters": w.addUser(owner, "misspelt", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssoo:*","sts:*","identity:*"],"Resource":"*"}]}`),
	}
	tried := 0
	w.unchanged("operations of people who may not", func() {
		for who, k := range callers {
			want := "AccessDeniedException"
			switch {
			case k.id == "":
				want = "MissingAuthenticationTokenException"
			case k.id == session.access:
				want = "UnrecognizedClientException|IncompleteSignatureException"
			}
			for _, operation := range administration() {
				tried++
				if a := w.call(k, operation, sampleOf(operation, n)); a.status != 400 || !oneOf(want, a.exception()) {
					w.t.Errorf("%s calls %s: %s", who, operation.Name, a)
				}
			}
		}
	})
	if want := len(callers) * (79 + 19); tried != want {
		w.t.Errorf("%d calls, want %d", tried, want)
	}
	for _, operation := range administration() { // the samples are good ones
		if reads(operation) {
			a := w.call(w.admin(), operation, sampleOf(operation, n))
			if oneOf("AccessDeniedException|SerializationException", a.exception()) || a.exception() == "ValidationException" && !slices.Contains(notOffered, operation.Name) {
				w.t.Errorf("the administrator calls %s: %s", operation.Name, a)
			}
		}
	}
}

// administration are the operations by which an instance and its directory are configured.
func administration() []*api.Operation {
	return slices.Concat(api.SSOAdmin.Answered(), api.IdentityStore.Answered())
}

// reads tells whether an operation changes nothing.
func reads(operation *api.Operation) bool {
	return slices.ContainsFunc([]string{"List", "Describe", "Get", "IsMember"}, func(verb string) bool { return strings.HasPrefix(operation.Name, verb) })
}

// permissionSet is the ARN of one of the demo's.
func (w *world) permissionSet() string {
	w.t.Helper()
	var out struct{ PermissionSets []string }
	a := w.administer(api.ListPermissionSets.Operation, members{"InstanceArn": w.server.InstanceARN})
	if err := json.Unmarshal(a.body, &out); err != nil || len(out.PermissionSets) == 0 {
		w.t.Fatalf("%s: %v", a, err)
	}
	return out.PermissionSets[0]
}

// notOffered are the operations that are known and answer everybody that they are not offered.
var notOffered = []string{
	"AddRegion", "RemoveRegion", "DescribeRegion", "ListRegions", "CreateInstanceAccessControlAttributeConfiguration", "UpdateInstanceAccessControlAttributeConfiguration",
	"DeleteInstanceAccessControlAttributeConfiguration", "DescribeInstanceAccessControlAttributeConfiguration",
}

// namesOfOthers calls every operation with names that are right elsewhere: in another installation, and in the instance of another account.
func namesOfOthers(w *world) {
	w = w.another()
	own := w.names()
	own.permissionSet = w.permissionSet()
	elsewhere := w.another()
	far := elsewhere.propagation()
	foreign := elsewhere.names()
	foreign.application, foreign.issuer, foreign.permissionSet, foreign.user = far.app, far.issuerARN, elsewhere.permissionSet(), elsewhere.userID("alice")
	foreign.resource = foreign.application
	beside := w.instanceOf(another)
	mixed := beside
	mixed.instance, mixed.permissionSet = own.instance, foreign.permissionSet
	renamed := beside // the id of a thing of theirs under our instance's name
	theirs, ours := strings.TrimPrefix(beside.instance, "arn:aws:sso:::instance/"), strings.TrimPrefix(own.instance, "arn:aws:sso:::instance/")
	rename := strings.NewReplacer(theirs, ours, another, owner)
	renamed.instance = foreign.instance
	renamed.application, renamed.issuer, renamed.resource = rename.Replace(beside.application), rename.Replace(beside.issuer), rename.Replace(beside.application)
	renamed.permissionSet = strings.Replace(foreign.permissionSet, strings.TrimPrefix(foreign.instance, "arn:aws:sso:::instance/"), ours, 1)
	renamed.identityStore = foreign.identityStore
	beside.permissionSet = strings.Replace(own.permissionSet, ours, theirs, 1)
	beside.identityStore = foreign.identityStore
	mixed.identityStore = foreign.identityStore
	p := w.propagation()
	misnamed := own // things of ours under the name of another account, and of another instance
	misnamed.instance, misnamed.identityStore, misnamed.permissionSet = foreign.instance, foreign.identityStore, strings.Replace(own.permissionSet, ours, theirs, 1)
	misnamed.application, misnamed.issuer = strings.Replace(p.app, owner, another, 1), strings.Replace(p.issuerARN, owner, another, 1)
	misnamed.resource = misnamed.application
	moved := misnamed
	moved.application, moved.issuer = strings.Replace(p.app, ours, theirs, 1), strings.Replace(p.issuerARN, ours, theirs, 1)
	moved.resource = moved.issuer
	nameNothing := []string{"CreateInstance", "ListInstances", "ListApplicationProviders", "DescribeApplicationProvider"}
	w.unchanged("operations with the names of others", func() {
		for whose, n := range map[string]names{
			"of another installation": foreign, "of another account's instance": beside, "of both": mixed, "of theirs as if they were ours": renamed,
			"of ours under another account": misnamed, "of ours under another instance": moved,
		} {
			for _, operation := range administration() {
				if slices.Contains(nameNothing, operation.Name) {
					continue
				}
				in := sampleOf(operation, n)
				if whose == "of both" && in["PermissionSetArn"] == nil && in["InstanceArn"] != nil {
					continue // our own instance and nothing else
				}
				want := "AccessDeniedException|ResourceNotFoundException"
				if slices.Contains(notOffered, operation.Name) {
					want += "|ValidationException" // not offered, whoever asks
				}
				a := w.call(w.admin(), operation, in)
				if a.status != 400 || !oneOf(want, a.exception()) {
					w.t.Errorf("%s with names %s: %s", operation.Name, whose, a)
				}
				if bytes.Contains(a.body, []byte("theirs-alone")) {
					w.t.Errorf("%s with names %s tells what they are: %s", operation.Name, whose, a)
				}
			}
		}
	})
	// Nor do tokens, or keys, of another installation open anything.
	w.refused(w.call(elsewhere.admin(), api.ListInstances.Operation, members{}), 400, "UnrecognizedClientException")
	w.refused(w.call(w.admin(), api.CreateTokenWithIAM.Operation, members{"clientId": far.app, "grantType": grantBearer, "assertion": far.issuer.token(far.email, nil)}), 401, "InvalidClientException")
	p.notPresentable("an assertion of an issuer that another installation trusts", far.issuer.token(far.email, nil))
	// The account that has the instance finds its things there, and the organization's are not its.
	w.house(func(h *server.House) error {
		room := admin.New(admin.Options{Store: h.Store, Ring: h.Ring, Clock: h.Clock, Log: h.Log})
		_, err := room.DescribeApplication(w.t.Context(), callerOf(another), &api.DescribeApplicationRequest{ApplicationARN: mixed.application})
		return err
	})
}

func callerOf(account string) api.Caller {
	return api.Caller{RequestID: "tests", Signer: &api.Signer{Account: account, ARN: "arn:aws:iam::" + account + ":user/theirs", UserName: "theirs"}}
}

// instanceOf makes an instance of an account's own, with an application and an issuer. No key reaches the operations for it, since principals
// of other accounts administer nothing, so it is made beside the server.
func (w *world) instanceOf(account string) names {
	w.t.Helper()
	n := w.names()
	w.house(func(h *server.House) error {
		room, caller := admin.New(admin.Options{Store: h.Store, Ring: h.Ring, Clock: h.Clock, Log: h.Log}), callerOf(account)
		instance, err := room.CreateInstance(w.t.Context(), caller, &api.CreateInstanceRequest{Name: "theirs-alone"})
		if err != nil {
			return err
		}
		application, err := room.CreateApplication(w.t.Context(), caller, &api.CreateApplicationRequest{
			InstanceARN: instance.InstanceARN, ApplicationProviderARN: "arn:aws:sso::aws:applicationProvider/custom", Name: "theirs-alone",
		})
		if err != nil {
			return err
		}
		issuer, err := room.CreateTrustedTokenIssuer(w.t.Context(), caller, &api.CreateTrustedTokenIssuerRequest{
			InstanceARN: instance.InstanceARN, Name: "theirs-alone", TrustedTokenIssuerType: "OIDC_JWT",
			TrustedTokenIssuerConfiguration: api.TrustedTokenIssuerConfiguration{OIDCJWTConfiguration: &api.OIDCJWTConfiguration{
				IssuerURL: "https://theirs.example.test", ClaimAttributePath: "email", IdentityStoreAttributePath: "emails.value", JWKSRetrievalOption: "OPEN_ID_DISCOVERY",
			}},
		})
		if err != nil {
			return err
		}
		n.instance, n.application, n.issuer, n.resource = instance.InstanceARN, application.ApplicationARN, issuer.TrustedTokenIssuerARN, issuer.TrustedTokenIssuerARN
		return nil
	})
	return n
}

// person is the input of CreateUser for a name.
func (w *world) person(userName string) members {
	return members{
		"IdentityStoreId": w.server.IdentityStoreID, "UserName": userName, "DisplayName": "Somebody", "Name": members{"GivenName": "A", "FamilyName": "B"},
	}
}

// sameNames has many take one name at once, at two nodes, and then tries names that people cannot tell apart.
func sameNames(w *world) {
	w = w.another()
	beside := w.beside()
	nodes := []*world{w, beside}
	var made atomic.Int32
	together(50, func(i int) {
		a := nodes[i%2].call(w.admin(), api.CreateUser.Operation, w.person("contested"))
		switch {
		case a.status == 200:
			made.Add(1)
		case a.status != 400 || a.exception() != "ConflictException":
			w.t.Errorf("one of fifty: %s", a)
		}
	})
	if made.Load() != 1 {
		w.t.Errorf("%d of fifty have the name", made.Load())
	}
	for _, like := range []string{
		"alice", "ALICE", "Alice", "al\u0131ce", "AL\u0130CE", "\uff41lice", "\U0001d400lice", "alice\ufe0f", "\u24d0lice", "Contested", "CONTESTED", "conte\u017fted",
	} {
		w.refused(w.call(w.admin(), api.CreateUser.Operation, w.person(like)), 400, "ConflictException|ValidationException")
	}
	for _, blank := range []string{"alice ", " alice", "alice\t", "alice\u00a0", "alice\u200b", "alice\x00", "ali\u00adce", "\u202ealice"} {
		w.refused(w.call(w.admin(), api.CreateUser.Operation, w.person(blank)), 400, "ConflictException|ValidationException")
	}
	for _, pair := range [][2]string{{"zo\u00eb", "zoe\u0308"}, {"\u212aim", "kim"}, {"o\ufb03ce", "office"}, {"\u00c9lodie", "e\u0301lodie"}, {"a\u0323\u0302", "a\u0302\u0323"}} {
		w.want(200, w.call(w.admin(), api.CreateUser.Operation, w.person(pair[0])))
		w.refused(w.call(w.admin(), api.CreateUser.Operation, w.person(pair[1])), 400, "ConflictException")
	}
}

// naughtyNames gives everything that has a name each of the texts that programs trip over.
func naughtyNames(w *world) {
	w = w.another()
	var kept, refused atomic.Int32
	all := naughtyStrings(w)
	const workers = 4
	together(workers, func(worker int) {
		for i := worker; i < len(all); i += workers {
			for _, try := range []func(string) (bool, string){w.tryUserName, w.tryGroupName, w.tryApplicationName, w.tryClientName} {
				taken, wrong := try(all[i])
				if wrong != "" {
					w.t.Errorf("%q: %s", all[i], wrong)
				}
				if taken {
					kept.Add(1)
				} else {
					refused.Add(1)
				}
			}
		}
	})
	if kept.Load() < 500 || refused.Load() < 10 {
		w.t.Errorf("%d names were taken, %d refused", kept.Load(), refused.Load())
	}
	w.server.Stop()
	w.logLines()
}

// logLines fails the entry if anything stands in the log that is no line of its own, or if a line has what a terminal would obey.
func (w *world) logLines() {
	w.t.Helper()
	for line := range strings.Lines(w.server.Log.String()) {
		if strings.ContainsAny(line, "\x1b\x00\x07\x08\r\u2028\u202e") {
			w.t.Errorf("a line of the log obeys who is written about: %q", line)
		}
	}
}

// keptName reads back what was made and takes it away.
func (w *world) keptName(made answer, id string, read, remove *api.Operation, in members, member, name string) (bool, string) {
	if made.status == 400 && oneOf("ValidationException|ConflictException", made.exception()) {
		return false, ""
	}
	if made.status != 200 {
		return false, made.String()
	}
	in[id] = made.member(id)
	got, gone := w.call(w.admin(), read, in), w.call(w.admin(), remove, in)
	if got.status != 200 || got.member(member) != name || gone.status != 200 {
		return true, got.String() + ", and removed: " + gone.String()
	}
	return true, ""
}

func (w *world) tryUserName(name string) (bool, string) {
	made := w.call(w.admin(), api.CreateUser.Operation, w.person(name))
	return w.keptName(made, "UserId", api.DescribeUser.Operation, api.DeleteUser.Operation, members{"IdentityStoreId": w.server.IdentityStoreID}, "UserName", name)
}

func (w *world) tryGroupName(name string) (bool, string) {
	made := w.call(w.admin(), api.CreateGroup.Operation, members{"IdentityStoreId": w.server.IdentityStoreID, "DisplayName": name, "Description": name})
	return w.keptName(made, "GroupId", api.DescribeGroup.Operation, api.DeleteGroup.Operation, members{"IdentityStoreId": w.server.IdentityStoreID}, "DisplayName", name)
}

func (w *world) tryApplicationName(name string) (bool, string) {
	made := w.call(w.admin(), api.CreateApplication.Operation, members{
		"InstanceArn": w.server.InstanceARN, "ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom", "Name": name,
	})
	return w.keptName(made, "ApplicationArn", api.DescribeApplication.Operation, api.DeleteApplication.Operation, members{}, "Name", name)
}

func (w *world) tryClientName(name string) (bool, string) {
	a := w.post("/client/register", publicClient.with(members{"clientName": name}))
	if a.status != 200 && (a.status != 400 || !oneOf("InvalidClientMetadataException|InvalidRequestException", a.exception())) {
		return false, a.String()
	}
	return a.status == 200, ""
}

// somebodyElseOfThatName deletes a person and gives the name to another.
func somebodyElseOfThatName(w *world) {
	w = w.another()
	p := w.propagation()
	c := w.register()
	session := w.login(c, "bob")
	p.email = "bob@acme.example"
	token := p.token()
	code := w.code(c, "bob", nil)
	device := w.start(c)
	w.decide(device, "bob", "approve")
	vended := w.roleCredentials(w.want(200, w.credentials(session.access, "333344445555", "AdministratorAccess")))
	browser := w.as("bob")
	before := w.userID("bob")
	w.administer(api.DeleteUser.Operation, members{"IdentityStoreId": w.server.IdentityStoreID, "UserId": before})
	after := w.administer(api.CreateUser.Operation, w.person("bob").with(members{
		"Emails": []members{{"Value": "bob@acme.example", "Type": "work", "Primary": true}},
	})).member("UserId")
	if after == before {
		w.t.Error("the id was given to somebody else")
	}
	w.refused(w.accounts(session.access), 401, "UnauthorizedException")
	w.refusedBy(w.refresh(c, session.refresh), 400)
	w.refusedBy(w.redeem(c, code), 400)
	w.refusedBy(w.poll(c, device), 400)
	w.refused(w.whoIs(vended), 403, "ExpiredToken|InvalidClientTokenId")
	w.refusedBy(p.exchange(token.tokens().access, nil), 400)
	w.refusedBy(w.assume(w.admin(), w.addRole(owner, "for-bob", trusting("arn:aws:iam::"+owner+":root"), ""), "ab", withContext(token.identityContext())), 403)
	if page := browser.open("/start"); page.status == 200 && len(page.forms) > 0 && strings.Contains(string(page.body), "AdministratorAccess") {
		w.t.Errorf("the browser of the one who is gone shows accounts: %s", page)
	}
	w.refusedBy(browser.open("/start").answer, 200, 302, 303) // the page to sign in
	fresh := w.login(c, "bob")
	for _, nobodys := range []string{"111122223333", "222233334444", "333344445555"} {
		if a := w.accounts(fresh.access); bytes.Contains(a.body, []byte(nobodys)) {
			w.t.Errorf("the other one of that name has %s: %s", nobodys, a)
		}
	}
	w.refusedBy(w.credentials(fresh.access, "333344445555", "AdministratorAccess"), 403, 404)
	var out struct{ GroupMemberships []any }
	listed := w.administer(api.ListGroupMembershipsForMember.Operation, members{"IdentityStoreId": w.server.IdentityStoreID, "MemberId": members{"UserId": after}})
	if err := json.Unmarshal(listed.body, &out); err != nil || len(out.GroupMemberships) != 0 {
		w.t.Errorf("the other one is a member of %d groups: %v", len(out.GroupMemberships), err)
	}
	// A password was the other one's: with it, nobody signs in.
	again := w.browser()
	if page := again.submitSignIn(again.open("/start"), "bob", w.server.Password("bob")); strings.Contains(string(page.body), "Sign out") {
		w.t.Errorf("the password of the one who is gone lets in: %s", page)
	}
}

// copyFolder copies the data folder of a server that has stopped.
func copyFolder(w *world, from string) (to string) {
	w.t.Helper()
	to = w.t.TempDir()
	err := os.CopyFS(to, os.DirFS(from))
	for _, name := range []string{"root.key", store.File} { // CopyFS lets everybody read what it makes
		err = errors.Join(err, os.Chmod(filepath.Join(to, name), 0o600))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return to
}

// documentation is a page of the manual.
func documentation(w *world, name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// twoProtocolsAtOnce sends requests that two readers could take for two operations.
func twoProtocolsAtOnce(w *world) {
	caller := w.addUser(owner, "may-ask-who-it-is", "")
	target := map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SWBExternalService.ListInstances"}
	identity := []byte("Action=GetCallerIdentity&Version=2011-06-15")
	sts, sso := signing{key: caller, service: "sts"}, signing{key: w.admin(), service: "sso"}
	asks := "/?Action=GetCallerIdentity&Version=2011-06-15"
	type request struct {
		signing
		target string
		header map[string]string
		body   []byte
	}
	w.unchanged("requests of two meanings", func() {
		for what, r := range map[string]request{
			"a target and an action, signed for the action's service": {sts, "/", withHeaders(asForm, "X-Amz-Target", target["X-Amz-Target"]), identity},
			"a target and an action, signed for the target's service": {sso, "/", withHeaders(asForm, "X-Amz-Target", target["X-Amz-Target"]), identity},
			"a target with an action in the query":                    {sso, asks, target, []byte("{}")},
			"the same, signed for the action's service":               {sts, asks, target, []byte("{}")},
			"an action in query and body":                             {sts, asks, asForm, identity},
			"an action in the query, its body a form":                 {sts, asks, asForm, nil},
			"two actions":                                            {sts, "/", asForm, append(slices.Clone(identity), "&Action=AssumeRole"...)},
			"the content type of the other protocol":                 {sso, "/", withHeaders(target, "Content-Type", "application/x-www-form-urlencoded"), []byte("{}")},
			"JSON in place of a form":                                {sts, "/", asJSON, []byte(`{"Action":"GetCallerIdentity"}`)},
			"a form of the other version":                            {sts, "/", asForm, []byte("Action=GetCallerIdentity&Version=2020-07-20")},
			"an operation of one service with the prefix of another": {sso, "/", withHeaders(target, "X-Amz-Target", "AWSIdentityStore.ListInstances"), []byte("{}")},
			"an operation of the Query protocol as a target":         {sts, "/", withHeaders(target, "X-Amz-Target", "SWBExternalService.GetCallerIdentity"), []byte("{}")},
			"an operation of the other protocol as an action":        {sso, "/", asForm, []byte("Action=ListInstances&Version=2020-07-20")},
			"two targets in one":                                     {sso, "/", withHeaders(target, "X-Amz-Target", "SWBExternalService.ListInstances,SWBExternalService.ListInstances"), []byte("{}")},
			"an empty target":                                        {sso, "/", withHeaders(target, "X-Amz-Target", ""), []byte("{}")},
			"another letter case":                                    {sso, "/", withHeaders(target, "X-Amz-Target", "swbexternalservice.listinstances"), []byte("{}")},
			"a target at another path":                               {sso, "/token?aws_iam=t", target, []byte("{}")},
			"a target where a page is":                               {sso, "/start", target, []byte("{}")},
			"signed for the identity store":                          {signing{key: w.admin(), service: "identitystore"}, "/", target, []byte("{}")},
			"signed for sso-oauth":                                   {signing{key: w.admin(), service: "sso-oauth"}, "/", target, []byte("{}")},
		} {
			a := w.do(w.request(r.signing, "POST", r.target, r.header, r.body))
			if a.status < 400 || a.status >= 500 {
				w.t.Errorf("%s: %s", what, a)
			}
		}
		// Every service against the signature of every other one.
		for _, operation := range []*api.Operation{api.CreateTokenWithIAM.Operation, api.ListInstances.Operation, api.ListUsers.Operation, api.GetCallerIdentity.Operation} {
			for _, service := range []string{"sso-oauth", "sso", "identitystore", "sts", "awsssoportal", "s3", ""} {
				if service == operation.Service.SigningName {
					continue
				}
				r := w.prepareCall(key{}, operation, sampleOf(operation, w.names()))
				body, err := drained(r.Body)
				if err != nil {
					w.t.Fatal(err)
				}
				header := map[string]string{}
				for name := range r.Header {
					header[name] = r.Header.Get(name)
				}
				a := w.do(w.request(signing{key: w.admin(), service: service}, "POST", r.URL.RequestURI(), header, body))
				if !oneOf("InvalidSignatureException|SignatureDoesNotMatch|IncompleteSignatureException|IncompleteSignature", a.exception()) {
					w.t.Errorf("%s signed for %q: %s", operation.Name, service, a)
				}
			}
		}
	})
	twice, err := http.NewRequest("POST", w.server.Endpoint+"/", strings.NewReader("{}"))
	if err != nil {
		w.t.Fatal(err)
	}
	twice.Header = http.Header{"Content-Type": {target["Content-Type"]}, "X-Amz-Target": {"SWBExternalService.ListInstances", "SWBExternalService.DeleteInstance"}}
	w.refusedBy(w.do(twice), 400, 403)
	w.want(200, w.whoIs(caller))
	w.want(200, w.call(w.admin(), api.ListInstances.Operation, members{}))
}
