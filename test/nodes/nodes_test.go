//go:build clients

package nodes

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// Every step of a sign-in goes to another server than the one before.
func TestAFlowMayChangeServersAtEveryStep(t *testing.T) {
	nodes := newFleet(t).several(3)
	a, b, c := nodes[0], nodes[1], nodes[2]
	client := a.register()
	d := b.begin(client)
	if got := c.redeem(client, d); got.exception() != "AuthorizationPendingException" {
		t.Errorf("before it is decided: %d %s", got.status, got.body)
	}
	a.approve(d, "alice")
	first := b.redeem(client, d)
	if first.status != http.StatusOK {
		t.Fatalf("the token: %d %s", first.status, first.body)
	}
	if again := c.redeem(client, d); again.exception() != "InvalidGrantException" {
		t.Errorf("the code was redeemed at another server, and here as well: %d %s", again.status, again.body)
	}
	session := first.tokens()
	for i := range 6 {
		next := nodes[i%3].refresh(client, session)
		if again := nodes[(i+1)%3].refresh(client, session); again != next {
			t.Errorf("two servers give different tokens for one refresh token")
		}
		session = next
	}
	for _, n := range nodes {
		vended := n.vended(n.vend(session))
		for _, other := range nodes {
			other.must(api.GetCallerIdentity.Operation, vended, members{})
		}
	}
}

// The form comes from one server and goes to another; so does every page after it.
func TestPagesAreServedByAnyServer(t *testing.T) {
	nodes := newFleet(t).several(2)
	a, b := nodes[0], nodes[1]
	client := a.register()
	d := a.begin(client)
	signIn := a.open("/device?user_code=" + d.userCode)
	decision := b.submit(signIn, "/signin", "user_name", "alice", "password", a.Password("alice"))
	if !strings.Contains(string(decision.body), d.userCode) {
		t.Fatalf("the page after the sign-in: %d %s", decision.status, decision.body)
	}
	a.submit(decision, "/device/decision", "decision", "approve")
	if got := b.redeem(client, d); got.status != http.StatusOK {
		t.Errorf("the token: %d %s", got.status, got.body)
	}
	portal := b.open("/start")
	a.submit(portal, "/signout")
	began := time.Now()
	for strings.Contains(string(b.open("/start").body), "Your accounts") {
		if time.Since(began) > toldWithin {
			t.Fatalf("who signed out at one server is still signed in at the other")
		}
	}
}

// What is ended at one server is refused by another within a second, although it has answered it from memory.
func TestEveryServerRefusesWithinASecondWhatWasEndedAtOne(t *testing.T) {
	f := newFleet(t)
	nodes := f.several(2)
	a, b := nodes[0], nodes[1]
	admin := a.admin()
	instance := members{"InstanceArn": a.InstanceARN}
	newPerson := func(name string) string {
		return a.must(api.CreateUser.Operation, admin, members{"IdentityStoreId": a.IdentityStoreID, "UserName": name, "DisplayName": name,
			"Name": members{"GivenName": name, "FamilyName": name}}).text("UserId")
	}
	set := permissionSet(a)
	assignment := func(person string) members {
		return members{"InstanceArn": a.InstanceARN, "TargetId": demoAccount, "TargetType": "AWS_ACCOUNT", "PermissionSetArn": set,
			"PrincipalType": "USER", "PrincipalId": person}
	}
	holder := func(name string) (string, tokens) {
		person := newPerson(name)
		a.must(api.CreateAccountAssignment.Operation, admin, assignment(person))
		_, session := a.signIn(name)
		return person, session
	}

	_, loggedOut := a.signIn("alice")
	left, leftSession := holder("leaver")
	moved, movedSession := holder("mover")
	_, stolen := holder("loser")
	_, sealed := a.signIn("alice")
	_, disabled := holder("idler")
	assertions := a.application("assertions")
	credentials := a.vended(a.vend(leftSession))
	f.operate("iam", "create-user", "robot", "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")
	f.operate("iam", "create-user", "limited")
	f.operate("iam", "put-user-policy", "limited", "--name", "all", "--document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	robot, limited, third := f.newKey("robot"), f.newKey("limited"), f.newKey("robot")
	current := f.activeKey()
	f.operate("keys", "rotate", "--now")

	portal := func(s tokens) func() answer { return func() answer { return b.vend(s) } }
	signed := func(k key) func() answer {
		return func() answer { return b.call(api.ListPermissionSets.Operation, k, instance) }
	}
	cases := []struct {
		name string
		ask  func() answer
		end  func()
	}{
		{"the session was ended", portal(loggedOut), func() { a.must(logout, key{}, members{"accessToken": loggedOut.access}) }},
		{"the assignment was removed", portal(movedSession), func() { a.must(api.DeleteAccountAssignment.Operation, admin, assignment(moved)) }},
		{"a command ended the sessions of a person", portal(stolen), func() { f.setPassword("loser") }},
		{"the person was disabled", portal(disabled), func() { f.disable("idler") }},
		{"the application was disabled", func() answer { return b.assert(assertions) }, func() {
			a.must(api.UpdateApplication.Operation, admin, members{"ApplicationArn": assertions.arn, "Status": "DISABLED"})
		}},
		{"the access key was deactivated", signed(robot), func() { f.operate("iam", "deactivate-access-key", robot.AccessKeyID) }},
		{"the policy was taken away", signed(limited), func() { f.operate("iam", "delete-user-policy", "limited", "--name", "all") }},
		{"the holder of the access key was deleted", signed(third), func() { f.operate("iam", "delete-user", "robot") }},
		{"the person was deleted, and had credentials", func() answer { return b.call(api.GetCallerIdentity.Operation, credentials, members{}) },
			func() {
				a.must(api.DeleteUser.Operation, admin, members{"IdentityStoreId": a.IdentityStoreID, "UserId": left})
			}},
		{"the key of the ring was retired", portal(sealed), func() { f.retire(current) }},
	}
	for _, c := range cases {
		for range 3 { // so that it is remembered
			if got := c.ask(); got.status != http.StatusOK {
				t.Fatalf("%s: before: %d %s", c.name, got.status, got.body)
			}
		}
		c.end()
		b.refusedWithin(c.name, c.ask)
	}
}

// What every request asks is answered from memory.
func TestAWarmServerVendsCredentialsWithoutTheDatabase(t *testing.T) {
	f := newFleet(t, "log_statement=all")
	n := f.several(1)[0]
	_, session := n.signIn("alice")
	asked := func() int {
		log := string(f.database.Log())
		return strings.Count(log, "FROM session") + strings.Count(log, "FROM account_assignment") + strings.Count(log, "FROM permission_set")
	}
	const warm, calls = 3, 50
	for range warm {
		n.vended(n.vend(session))
	}
	before := asked()
	for range calls {
		n.vended(n.vend(session))
	}
	if more := asked() - before; before == 0 || more > 2 { // somebody else's processor time may make the node look late, once
		t.Errorf("%d statements for %d requests, after %d", more, calls, before)
	}
}

func TestAKeyOfTheRingIsReplacedWithoutAGap(t *testing.T) {
	f := newFleet(t)
	nodes := f.several(2)
	a, b := nodes[0], nodes[1]
	client, session := a.signIn("alice")
	old := f.activeKey()
	for range 3 {
		f.operate("keys", "rotate", "--now")
		for _, pair := range [][2]*node{{a, b}, {b, a}} { // what the one makes the other opens at once
			session = pair[0].refresh(client, session)
			pair[1].must(listAccounts, key{}, members{"accessToken": session.access})
			pair[1].must(api.GetCallerIdentity.Operation, pair[0].vended(pair[0].vend(session)), members{})
			other := pair[0].register()
			d := pair[1].begin(other)
			pair[0].approve(d, "alice")
			if got := pair[1].redeem(other, d); got.status != http.StatusOK {
				t.Errorf("a new client at the other server: %d %s", got.status, got.body)
			}
		}
	}
	if f.activeKey() == old {
		t.Error("the key was not replaced")
	}
}

// A server that dies takes nothing with it, and its address's next server goes on.
func TestAServerThatDiesDisturbsNoOther(t *testing.T) {
	f := newFleet(t)
	nodes := f.several(2)
	a, b := nodes[0], nodes[1]
	client, session := a.signIn("alice")
	d := a.begin(client)
	a.Kill()
	session = b.refresh(client, session)
	b.vended(b.vend(session))
	b.approve(d, "alice")
	c := f.start("C", "", t.TempDir())
	if got := c.redeem(client, d); got.status != http.StatusOK {
		t.Errorf("a sign-in that began at the server that died: %d %s", got.status, got.body)
	}
	c.must(logout, key{}, members{"accessToken": session.access})
	b.refusedWithin("logout", func() answer { return b.vend(session) })
}

// patience is how long a test waits for what takes its time.
const patience = 60 * time.Second

func TestAServerWithoutItsDatabaseSaysSoAndGoesOnWhenItIsBack(t *testing.T) {
	f := newFleet(t)
	n := f.several(1)[0]
	client, session := n.signIn("alice")
	f.database.Kill()
	began := time.Now()
	refused := false
	for !refused && time.Since(began) < patience {
		a, err := n.attempt(roleCredentials, key{}, members{"accessToken": session.access, "accountId": demoAccount, "roleName": demoRole})
		if err != nil {
			t.Fatal(err)
		}
		switch refused = a.status == http.StatusServiceUnavailable; {
		case refused && (!strings.Contains(a.text("message"), "try again") || a.header.Get("Retry-After") == ""):
			t.Errorf("the refusal does not say what to do: %s", a.body)
		case !refused && time.Since(began) > toldWithin:
			t.Fatalf("%v after the database was lost: %d %s", time.Since(began), a.status, a.body)
		}
	}
	if a, err := n.try("GET", "/readyz", nil, nil); err != nil || a.status != http.StatusServiceUnavailable {
		t.Errorf("ready without a database: %d (%v)", a.status, err)
	}
	if a, err := n.try("GET", "/start", http.Header{"Accept": {"text/html"}}, nil); err != nil || a.status >= 500 && a.status != http.StatusServiceUnavailable {
		t.Errorf("a page without a database: %d (%v)", a.status, err)
	}
	if err := f.database.Start(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; {
		a, err := n.try("GET", "/readyz", nil, nil)
		if err == nil && a.status == http.StatusOK {
			break
		}
		if time.Since(began) > patience {
			t.Fatalf("not ready again: %d (%v)", a.status, err)
		}
	}
	session = n.refresh(client, session)
	n.vended(n.vend(session))
}

// permissionSet is the ARN of the permission set behind the role of the tests.
func permissionSet(n *node) string {
	n.Helper()
	var all struct{ PermissionSets []string }
	list := n.must(api.ListPermissionSets.Operation, n.admin(), members{"InstanceArn": n.InstanceARN})
	if err := json.Unmarshal(list.body, &all); err != nil {
		n.Fatal(err)
	}
	for _, set := range all.PermissionSets {
		described := n.must(api.DescribePermissionSet.Operation, n.admin(), members{"InstanceArn": n.InstanceARN, "PermissionSetArn": set})
		if described.text("PermissionSet", "Name") == demoRole {
			return set
		}
	}
	n.Fatalf("the demo has no permission set %s", demoRole)
	return ""
}

// disable disables a person in the directory file.
func (f *fleet) disable(userName string) {
	f.Helper()
	entry := "- userName: " + userName + "\n"
	file := f.operate("export")
	if !strings.Contains(file, entry) {
		f.Fatalf("the export does not have %q:\n%s", entry, file)
	}
	path := filepath.Join(f.TempDir(), "directory.yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(file, entry, entry+"    status: DISABLED\n", 1)), 0o600); err != nil {
		f.Fatal(err)
	}
	f.operate("apply", "-f", path)
}

// application is one that takes assertions of an issuer.
type application struct {
	arn    string
	issuer *harness.Issuer
}

const bearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

func (n *node) application(name string) application {
	n.Helper()
	must := func(operation *api.Operation, in members) answer { return n.must(operation, n.admin(), in) }
	issuer := harness.StartIssuer(n.T)
	trusted := must(api.CreateTrustedTokenIssuer.Operation, members{
		"InstanceArn": n.InstanceARN, "Name": name, "TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": members{"OidcJwtConfiguration": members{
			"IssuerUrl": issuer.URL, "ClaimAttributePath": "email", "IdentityStoreAttributePath": "emails.value", "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
		}},
	}).text("TrustedTokenIssuerArn")
	arn := must(api.CreateApplication.Operation, members{
		"InstanceArn": n.InstanceARN, "ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom", "Name": name,
	}).text("ApplicationArn")
	must(api.PutApplicationAuthenticationMethod.Operation, members{"ApplicationArn": arn, "AuthenticationMethodType": "IAM",
		"AuthenticationMethod": members{"Iam": members{"ActorPolicy": members{"Version": "2012-10-17", "Statement": []members{{
			"Effect": "Allow", "Principal": members{"AWS": "*"}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}}}}}})
	must(api.PutApplicationGrant.Operation, members{"ApplicationArn": arn, "GrantType": bearerGrant, "Grant": members{"JwtBearer": members{
		"AuthorizedTokenIssuers": []members{{"TrustedTokenIssuerArn": trusted, "AuthorizedAudiences": []string{harness.Audience}}}}}})
	must(api.PutApplicationAssignmentConfiguration.Operation, members{"ApplicationArn": arn, "AssignmentRequired": false})
	return application{arn, issuer}
}

// assert signs alice in to an application, each time with another assertion.
func (n *node) assert(at application) answer {
	n.Helper()
	return n.call(api.CreateTokenWithIAM.Operation, n.admin(), members{"clientId": at.arn, "grantType": bearerGrant,
		"assertion": at.issuer.Token(n.T, harness.ECKeyID, at.issuer.Claims("alice@acme.example", nil))})
}

// newKey makes a key of a user by command.
func (f *fleet) newKey(userName string) key {
	f.Helper()
	out := f.operate("iam", "create-access-key", "--user", userName)
	k := key{AccessKeyID: value(out, "aws_access_key_id"), SecretAccessKey: value(out, "aws_secret_access_key")}
	if k.AccessKeyID == "" || k.SecretAccessKey == "" {
		f.Fatalf("no key was printed: %s", out)
	}
	return k
}

// value is what stands behind "name = " in a line of a text.
func value(text, name string) string {
	for line := range strings.Lines(text) {
		if found, ok := strings.CutPrefix(strings.TrimSpace(line), name); ok {
			return strings.TrimSpace(strings.TrimLeft(found, " ="))
		}
	}
	return ""
}

// retire retires a key of the ring that was in use until lately, as soon as every server has to know that it is not any more.
func (f *fleet) retire(keyID string) {
	f.Helper()
	binary, err := harness.Build()
	if err != nil {
		f.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; {
		out, err := harness.Operate(binary, f.environ, "keys", "retire", keyID, "--force", "--data", f.TempDir())
		if err == nil {
			return
		}
		if !strings.Contains(err.Error(), "try again") || time.Now().After(deadline) {
			f.Fatalf("%v: %s", err, out)
		}
	}
}

// activeKey is the id of the key that seals now.
func (f *fleet) activeKey() string {
	f.Helper()
	out := f.operate("keys", "list")
	for line := range strings.Lines(out) {
		if strings.Contains(line, "active") || strings.Contains(line, "current") {
			return strings.Fields(line)[0]
		}
	}
	f.Fatalf("no key is in use:\n%s", out)
	return ""
}
