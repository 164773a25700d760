package policy

import "testing"

func TestEveryManagedPolicyIsOneThatMayNarrowASessionAndBeAttached(t *testing.T) {
	for name, document := range managed {
		for _, kind := range []Kind{Identity, Session} {
			if _, err := Parse([]byte(document), kind); err != nil {
				t.Errorf("%s as %s: %v", name, kind, err)
			}
		}
		if got, known := Managed("arn:aws:iam::aws:policy/" + name); !known || got != document {
			t.Errorf("%s is not found by its ARN: %q, %v", name, got, known)
		}
	}
}

func TestOnlyPoliciesOfAWSAreManaged(t *testing.T) {
	for _, arn := range []string{"arn:aws:iam::111122223333:policy/AdministratorAccess", "arn:aws:iam::aws:policy/Unknown", "AdministratorAccess", "",
		"arn:aws:iam::aws:policy/job-function/AdministratorAccess", "arn:aws-cn:iam::aws:policy/AdministratorAccess"} {
		if document, known := Managed(arn); known {
			t.Errorf("%s is known as %s", arn, document)
		}
	}
}

func TestWhatManagedPoliciesAllow(t *testing.T) {
	cases := []struct {
		name, action string
		allowed      bool
	}{
		{"AdministratorAccess", "iam:CreateUser", true},
		{"PowerUserAccess", "sso:CreateApplication", true},
		{"PowerUserAccess", "iam:CreateUser", false},
		{"ReadOnlyAccess", "sso:ListInstances", true},
		{"ReadOnlyAccess", "sso:CreateApplication", false},
		{"AWSSSODirectoryAdministrator", "identitystore:CreateUser", true},
		{"AWSSSODirectoryReadOnly", "identitystore:CreateUser", false},
		{"AWSSSOMasterAccountAdministrator", "sso:CreateApplication", true},
		{"AWSSSOMasterAccountAdministrator", "sts:AssumeRole", false},
	}
	for _, c := range cases {
		p, err := Parse([]byte(managed[c.name]), Identity)
		if err != nil {
			t.Fatal(err)
		}
		got := p.Evaluate(&Request{Action: c.action, Resource: "*"})
		if (got.Decision == Allow) != c.allowed {
			t.Errorf("%s says %s to %s", c.name, got.Decision, c.action)
		}
	}
}
