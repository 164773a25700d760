package creds

import (
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/policy"
	"sallyport/internal/shellwords"
)

func TestAllowCommandMakesAPolicyOfItsOwn(t *testing.T) {
	const account, action = "111122223333", "sso:ListApplications"
	user, role := &api.Signer{Account: account, UserName: "alice"}, &api.Signer{Account: account, Kind: api.RoleSigner, RoleName: "reports"}
	names := map[string]bool{}
	for _, c := range []struct {
		name      string
		signer    *api.Signer
		resources []string
		want      []string // the words before the name of the policy
	}{
		{"a user", user, []string{"*"}, []string{"sallyport", "iam", "put-user-policy", "alice", "--account", account, "--name"}},
		{"a user, for two resources", user, []string{"arn:aws:sso:::instance/a", "arn:aws:sso:::instance/it's"}, []string{"sallyport", "iam", "put-user-policy", "alice", "--account", account, "--name"}},
		{"a role", role, []string{"arn:aws:sso:::instance/b"}, []string{"sallyport", "iam", "put-role-policy", "reports", "--account", account, "--name"}},
	} {
		words, err := shellwords.Split(AllowCommand(c.signer, action, c.resources...))
		if err != nil || len(words) != len(c.want)+3 || !slices.Equal(words[:len(c.want)], c.want) {
			t.Errorf("%s: %q, %v", c.name, words, err)
			continue
		}
		name, document := words[len(c.want)], words[len(words)-1]
		if names[name] {
			t.Errorf("%s: the policy %s would take the place of another", c.name, name)
		}
		names[name] = true
		parsed, err := policy.Parse([]byte(document), policy.Identity)
		if err != nil {
			t.Errorf("%s: %s: %v", c.name, document, err)
			continue
		}
		for _, resource := range c.resources {
			access := policy.Access{Identity: policy.Set{{Name: name, Policy: parsed}}, ResourceAccount: account}
			access.Principal, access.Action, access.Request.Resource = Principal(c.signer), action, resource
			if verdict := policy.Decide(access); verdict.Decision != policy.Allow {
				t.Errorf("%s: %s does not allow %s", c.name, document, resource)
			}
		}
	}
}

func TestAllowCommandForARoleOfAPermissionSet(t *testing.T) {
	signer := &api.Signer{Account: "111122223333", Kind: api.RoleSigner, RoleName: "AWSReservedSSO_ReadOnly_0123456789abcdef"}
	if command := AllowCommand(signer, "sso:ListApplications", "*"); !strings.HasPrefix(command, "aws sso-admin put-inline-policy-to-permission-set ") || !strings.Contains(command, "ReadOnly") {
		t.Error(command)
	}
}
