package login

import (
	"context"
	"slices"
	"time"

	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/session"
	"sallyport/internal/sys"
)

const (
	optionAccount = "account-id"
	optionRole    = "role-name"
)

// roleOptions choose a role, for the commands that get its credentials.
var roleOptions = slices.Concat(command.Options{
	{Name: optionAccount, Arity: command.OneValue, Purpose: "Id of the account, instead of the profile's sso_account_id."},
	{Name: optionRole, Arity: command.OneValue, Purpose: "Name of the role, instead of the profile's sso_role_name."},
}, session.Options)

var credentials = &command.Command{
	Word:    "credentials",
	Purpose: "Print credentials of a role, in the form that credential_process takes",
	Description: []string{
		"Prints a JSON object with AccessKeyId, SecretAccessKey, SessionToken and Expiration for the role of a profile, or for the one that " +
			"--account-id and --role-name name. They are kept in the AWS CLI's cache and asked for anew a quarter of an hour before they expire.",
		"With credential_process = sallyport credentials --profile NAME in another profile, tools that know no single sign-on use it.",
	},
	Options: roleOptions,
	Examples: []command.Example{
		{Title: "Get the credentials of a profile", Line: "credentials --profile dev"},
		{Title: "Get those of another role", Line: "credentials --profile dev --account-id 111122223333 --role-name ReadOnly"},
	},
	Run: func(ctx context.Context, call *command.Call) error {
		found, _, err := roleCredentials(ctx, call)
		if err != nil {
			return err
		}
		value := jmespath.ObjectOf([]jmespath.Member{
			{Name: "Version", Value: jmespath.IntOf(processVersion)},
			{Name: "AccessKeyId", Value: jmespath.TextOf(found.AccessKeyID)},
			{Name: "SecretAccessKey", Value: jmespath.TextOf(found.SecretAccessKey)},
			{Name: "SessionToken", Value: jmespath.TextOf(found.SessionToken)},
			{Name: "Expiration", Value: jmespath.TextOf(found.Expiration.UTC().Format(time.RFC3339))},
		})
		_, err = call.Stdout.Write(append(jmespath.Pretty.AppendJSON(nil, value), '\n'))
		return err
	},
}

// processVersion is the version of the form of credential_process.
const processVersion = 1

// accountID is the form of the id of an account.
var accountID = sys.Pattern(`^[0-9]{12}$`)

// roleCredentials gets the credentials that the options or the profile name.
func roleCredentials(ctx context.Context, call *command.Call) (session.Credentials, *client.Settings, error) {
	signIn, settings, err := resolve(call)
	if err != nil {
		return session.Credentials{}, nil, err
	}
	role := session.Role{AccountID: signIn.AccountID, Name: signIn.RoleName}
	if id, given := call.Local.Lookup(optionAccount); given {
		role.AccountID = id
	}
	if name, given := call.Local.Lookup(optionRole); given {
		role.Name = name
	}
	switch {
	case role.AccountID == "" || role.Name == "":
		return session.Credentials{}, nil, &command.Failure{Exit: command.ExitConfiguration, Message: "no role is chosen: give --" + optionAccount +
			" and --" + optionRole + ", or write sso_account_id and sso_role_name into the profile, as `" + command.Program + " configure` does"}
	case !accountID().MatchString(role.AccountID):
		return session.Credentials{}, nil, command.ValidationError("the account id %q has not the form of one: 12 digits", role.AccountID)
	}
	found, err := signIn.RoleCredentials(ctx, role)
	return found, settings, err
}
