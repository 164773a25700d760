package attacks

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sallyport/internal/api"
)

// everyChangeIsRecorded does everything that can be done, once, and counts the rows of the audit.
func everyChangeIsRecorded(w *world) {
	w = w.another()
	n := w.names()
	n.user, n.permissionSet = w.userID("carol"), w.permissionSet()
	seen := map[string]bool{}
	do := func(operation *api.Operation, changes members) answer {
		w.t.Helper()
		in := sampleOf(operation, n).with(changes)
		seen[operation.Name] = true
		before := w.everyAudit()
		a := w.call(w.admin(), operation, in)
		after := w.everyAudit()
		if a.status != 200 || after-before != 1 || w.audits(operation.Name) == 0 {
			w.t.Errorf("%s has %d rows in the audit: %s", operation.Name, after-before, a)
		}
		return a
	}
	group := do(api.CreateGroup.Operation, nil).member("GroupId")
	n.group = group
	n.user = do(api.CreateUser.Operation, nil).member("UserId")
	n.membership = do(api.CreateGroupMembership.Operation, nil).member("MembershipId")
	do(api.UpdateUser.Operation, nil)
	do(api.UpdateGroup.Operation, nil)
	do(api.DeleteGroupMembership.Operation, nil)
	n.application = do(api.CreateApplication.Operation, nil).member("ApplicationArn")
	n.resource = n.application
	n.issuer = do(api.CreateTrustedTokenIssuer.Operation, nil).member("TrustedTokenIssuerArn")
	do(api.UpdateTrustedTokenIssuer.Operation, members{"Name": "renamed"})
	for _, operation := range []*api.Operation{
		api.UpdateApplication.Operation, api.PutApplicationGrant.Operation, api.PutApplicationAuthenticationMethod.Operation, api.PutApplicationAccessScope.Operation,
		api.PutApplicationSessionConfiguration.Operation, api.CreateApplicationAssignment.Operation, api.TagResource.Operation, api.UntagResource.Operation,
	} {
		changes := members{}
		if operation.Name == "UpdateApplication" {
			changes["Name"] = "renamed"
		}
		do(operation, changes)
	}
	do(api.PutApplicationAssignmentConfiguration.Operation, members{"AssignmentRequired": false})
	for _, operation := range []*api.Operation{
		api.DeleteApplicationAssignment.Operation, api.DeleteApplicationAccessScope.Operation, api.DeleteApplicationAuthenticationMethod.Operation,
		api.DeleteApplicationGrant.Operation, api.DeleteApplication.Operation, api.DeleteTrustedTokenIssuer.Operation, api.UpdateInstance.Operation,
	} {
		do(operation, nil)
	}
	created := do(api.CreatePermissionSet.Operation, nil)
	var set struct {
		PermissionSet struct{ PermissionSetArn string }
	}
	if err := json.Unmarshal(created.body, &set); err != nil {
		w.t.Fatal(err)
	}
	n.permissionSet = set.PermissionSet.PermissionSetArn
	for _, operation := range []*api.Operation{
		api.UpdatePermissionSet.Operation, api.PutInlinePolicyToPermissionSet.Operation, api.AttachManagedPolicyToPermissionSet.Operation,
		api.AttachCustomerManagedPolicyReferenceToPermissionSet.Operation, api.PutPermissionsBoundaryToPermissionSet.Operation, api.CreateAccountAssignment.Operation,
	} {
		do(operation, nil)
	}
	do(api.ProvisionPermissionSet.Operation, members{"TargetType": "ALL_PROVISIONED_ACCOUNTS", "TargetId": nil})
	for _, operation := range []*api.Operation{
		api.DeleteAccountAssignment.Operation, api.DeletePermissionsBoundaryFromPermissionSet.Operation, api.DetachCustomerManagedPolicyReferenceFromPermissionSet.Operation,
		api.DetachManagedPolicyFromPermissionSet.Operation, api.DeleteInlinePolicyFromPermissionSet.Operation, api.DeletePermissionSet.Operation,
		api.DeleteUser.Operation, api.DeleteGroup.Operation,
	} {
		do(operation, nil)
	}
	w.checkUnrecorded(n, seen)
	w.checkTokensAreRecorded()
}

// unreachable are the changes that nobody's key leads to: those that are not offered, and those of the instance of another account.
var unreachable = append([]string{"CreateInstance", "DeleteInstance"}, notOffered...)

// checkUnrecorded fails the entry if a change was not tried, or if anything that changes nothing has a row: what is read, and what is refused.
func (w *world) checkUnrecorded(n names, changed map[string]bool) {
	w.t.Helper()
	before, rows := w.everyAudit(), w.rows()
	for _, operation := range administration() {
		if !reads(operation) && !changed[operation.Name] && !slices.Contains(unreachable, operation.Name) {
			w.t.Errorf("%s was not tried", operation.Name)
		}
		if a := w.call(w.admin(), operation, sampleOf(operation, w.withoutNames())); !reads(operation) && a.status == 200 {
			w.t.Errorf("%s of nothing: %s", operation.Name, a)
		}
		w.call(key{}, operation, sampleOf(operation, n))
	}
	if after := w.everyAudit(); after != before || !sameRows(rows, w.rows()) {
		w.t.Errorf("%d rows in the audit for what changed nothing", after-before)
	}
}

// withoutNames are names of nothing.
func (w *world) withoutNames() names {
	n := w.names()
	n.instance = "arn:aws:sso:::instance/ssoins-0000000000000000"
	n.resource, n.identityStore = n.instance, "d-0000000000"
	return n
}

// checkTokensAreRecorded counts the rows of what is issued.
func (w *world) checkTokensAreRecorded() {
	w.t.Helper()
	p := w.propagation()
	counted := func(what string, want int, do func()) {
		w.t.Helper()
		before := w.everyAudit()
		do()
		if got := w.everyAudit() - before; got != want {
			w.t.Errorf("%s: %d rows in the audit, want %d", what, got, want)
		}
	}
	var token tokens
	counted("an assertion", 1, func() { token = p.token().tokens() })
	counted("an assertion that is refused", 0, func() { p.present(p.issuer.token("nobody@acme.example", nil)) })
	front := p.front(p.app)
	var subject tokens
	counted("an assertion", 1, func() { subject = front.token().tokens() })
	counted("an exchange", 1, func() { w.want(200, p.exchange(subject.access, nil)) })
	counted("an exchange that is refused", 0, func() { w.refusedBy(p.exchange(token.access, nil), 400) })
	c := w.register()
	device := w.start(c)
	counted("an approval", 1, func() { w.decide(device, "alice", "approve") })
	counted("a session", 1, func() { w.want(200, w.poll(c, device)) })
	counted("a user of an account, with a key", 2, func() { w.addUser(owner, "recorded", "") })
	counted("a role", 1, func() { w.addRole(owner, "recorded", trusting("arn:aws:iam::"+owner+":root"), "") })
}

// everyAudit counts all events in the audit.
func (w *world) everyAudit() int {
	w.t.Helper()
	return w.number("SELECT COUNT(*) FROM audit_event")
}

// spellings are how a secret may be written where nobody looks for it.
func spellings(secret string) map[string]string {
	all := map[string]string{
		"as it is": secret, "in base64": base64.StdEncoding.EncodeToString([]byte(secret)), "in the other base64": base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"in hexadecimal": fmt.Sprintf("%x", secret), "for a URL": url.QueryEscape(secret), "for a path": url.PathEscape(secret), "backwards": backwards(secret),
	}
	if quoted, err := json.Marshal(secret); err == nil {
		all["in JSON"] = string(quoted)
	}
	return all
}

func backwards(text string) string {
	letters := []byte(text)
	slices.Reverse(letters)
	return string(letters)
}

// nowhere fails the entry if the text is in the log, or in anything that the server has stored.
func (w *world) nowhere(what, text string) {
	w.t.Helper()
	lines := slices.DeleteFunc(strings.Split(w.server.Log.String(), "\n"), func(line string) bool { return !strings.HasPrefix(line, "time=") })
	if strings.Contains(strings.Join(lines, "\n"), text) {
		w.t.Errorf("the log has a %s", what)
	}
	files, err := filepath.Glob(filepath.Join(w.server.Data, "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			w.t.Errorf("%s has a %s", filepath.Base(file), what)
		}
	}
}
