package creds

import (
	"encoding/json"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/shellwords"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

// AllowCommand is the command by which an operator lets whoever signed do something with some resources. The policy that it makes is named
// for what it says: a name that is in use already would have it take the place of what somebody else was allowed.
func AllowCommand(signer *api.Signer, action string, resources ...string) string {
	document := allow(action, resources)
	if set, reserved := ReservedPermissionSet(signer.RoleName); reserved {
		return "aws sso-admin put-inline-policy-to-permission-set --instance-arn … --permission-set-arn … --inline-policy " +
			shellwords.Quote(document) + " (of " + set + ", besides what its policy says already)"
	}
	command, name := "put-user-policy", signer.UserName
	if signer.Kind == api.RoleSigner {
		command, name = "put-role-policy", signer.RoleName
	}
	_, digest, _ := strings.Cut(trace.Digest(document), ":")
	return shellwords.Join([]string{"sallyport", "iam", command, name, "--account", signer.Account, "--name", "allow-" + digest, "--document", document})
}

// EnableAdvice is how an operator lets a person in again who is disabled. No command does it: the directory file says who is.
func EnableAdvice(user store.User) string {
	return "in the file that sallyport export writes, take status: DISABLED from the user " + shellwords.Quote(user.UserName) +
		", and have sallyport apply read it"
}

// allow is an identity policy of one statement.
func allow(action string, resources []string) string {
	type statement struct {
		Effect, Action string
		Resource       []string
	}
	text, err := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"Allow", action, resources}}})
	if err != nil {
		panic(err) // texts only: it cannot fail
	}
	return string(text)
}
