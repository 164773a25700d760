package api

import (
	"slices"
	"strconv"
	"strings"
)

// Example is one command that runs, for the help. All examples together are one walk through a sign-in, in the order of Walk: a
// command uses the shell variables that an earlier one set.
type Example struct {
	Operation *Operation
	Title     string
	Before    []string // lines of shell that prepare it, if any
	Person    Act      // what a person does then
	Args      string   // the words after the program's name, as a POSIX shell reads them
	Sets      []string // shell variables that take the words of what it prints, in order
	File      string   // file that takes what it prints, if any
	Note      string   // what to know about it
	Foreign   bool     // needs what neither the walk nor the person has: an application, and a token of another issuer
}

// Act is what a person with a browser does before an example can run.
type Act int

// The acts of the walk, told by the shell variables that matter to them.
const (
	Nothing    Act = iota
	Approves       // approves the device authorization of $USER_CODE
	Authorizes     // opens the authorization page with the query $QUERY; the browser brings back $CODE
)

// Variable is an environment or shell variable that the walk needs before it begins.
type Variable struct{ Name, Value, Purpose string }

// Shell sets the variable, exported where the program itself reads it.
func (v Variable) Shell() string {
	if strings.HasPrefix(v.Name, environmentPrefix) {
		return "export " + v.Name + "=" + v.Value
	}
	return v.Name + "=" + v.Value
}

// Variables are what the walk needs, with values for a server in development mode.
func Variables() []Variable {
	return []Variable{
		{"AWS_ENDPOINT_URL", "http://127.0.0.1:8420", "the server; without it the commands call AWS"},
		{"AWS_REGION", "us-east-1", "the Region of the instance"},
		{"START_URL", "http://127.0.0.1:8420/start", "the start URL of the instance, as the server prints it"},
		{"APPLICATION", "arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-5555666677778888", "the ARN of an application"},
		{"ASSERTION", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "a JWT of a token issuer that the application trusts"},
	}
}

// Variables are those that the examples of the operation, or every command line, need.
func (o *Operation) Variables() []Variable {
	var text strings.Builder
	for _, example := range o.Examples() {
		text.WriteString(example.Shell(""))
	}
	return slices.DeleteFunc(Variables(), func(v Variable) bool {
		return !strings.HasPrefix(v.Name, environmentPrefix) && !strings.Contains(text.String(), "$"+v.Name)
	})
}

// environmentPrefix begins the names of variables that the program reads, and which therefore have to be exported.
const environmentPrefix = "AWS_"

// Shell is the example as a POSIX shell takes it: what prepares it, and the command.
func (e Example) Shell(program string) string {
	return strings.Join(append(slices.Clone(e.Before), e.command(program, e.Args)), "\n")
}

// command is the command with what becomes of its output.
func (e Example) command(program, args string) string {
	command := program + " " + args
	switch {
	case e.File != "":
		return command + " > " + e.File
	case len(e.Sets) == 0:
		return command
	}
	assign := ""
	if strings.HasPrefix(e.Sets[0], environmentPrefix) {
		assign = "export "
	}
	if len(e.Sets) == 1 {
		return assign + e.Sets[0] + "=$(" + command + ")"
	}
	// A here-document for read would not survive the indentation of a page.
	var assignments []string
	for i, name := range e.Sets {
		assignments = append(assignments, name+"=$"+strconv.Itoa(i+1))
	}
	return "set -- $(" + command + ")\n" + assign + strings.Join(assignments, " ")
}

// Script is the walk as one script of a POSIX shell, for those who check that the examples run. It ends at the first command that fails
// or prints less than it should. The lines that act returns stand for the person. An example that needs more than
// the walk has is called for its skeleton, which checks all its words.
func Script(program string, act func(Act) string) string {
	lines := []string{"set -eu"}
	for _, example := range Walk() {
		lines = append(lines, ": "+example.Title)
		lines = append(lines, example.Before...)
		if example.Person != Nothing {
			lines = append(lines, act(example.Person))
		}
		if example.Foreign {
			lines = append(lines, program+" "+example.Args+" --generate-cli-skeleton output")
			continue
		}
		lines = append(lines, example.command(program, example.Args))
		for _, name := range example.Sets {
			lines = append(lines, `: "${`+name+`:?}"`)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// Examples are those of the operation, in the order of the walk.
func (o *Operation) Examples() []Example {
	var own []Example
	for _, example := range Walk() {
		if example.Operation == o {
			own = append(own, example)
		}
	}
	return own
}

// Walk is every example of every operation, in an order in which they run one after the other: a sign-in by device code, its refresh,
// a sign-in by authorization code, the accounts, the roles, credentials, and the end of the session. The operations of
// applications, which a development server has none of, are there too; with --generate-cli-skeleton output they run without one.
func Walk() []Example {
	return []Example{
		{
			Operation: RegisterClient.Operation,
			Title:     "Register for sign-ins with a device code",
			Args: "sso-oidc register-client --client-name demo --client-type public --scopes sso:account:access" +
				" --query '[clientId, clientSecret]' --output text",
			Sets: []string{"CLIENT_ID", "CLIENT_SECRET"},
			Note: "The id and the secret go into shell variables for the other examples. What a server makes up may begin with a hyphen, which " +
				"only --option=VALUE takes.",
		},
		{
			Operation: RegisterClient.Operation,
			Title:     "Register for sign-ins with a browser on this machine",
			Args: `sso-oidc register-client --client-name demo --client-type public --scopes sso:account:access` +
				` --grant-types authorization_code refresh_token --redirect-uris http://127.0.0.1/oauth/callback --issuer-url "$START_URL"` +
				` --query '[clientId, clientSecret]' --output text`,
			Sets: []string{"BROWSER_CLIENT_ID", "BROWSER_CLIENT_SECRET"},
		},
		{
			Operation: RegisterClient.Operation,
			Title:     "Keep a registration in a file",
			Args: "sso-oidc register-client --client-name demo --client-type public --scopes sso:account:access" +
				" --query '{clientId: clientId, clientSecret: clientSecret}'",
			File: "client.json",
			Note: "Other operations read the file with --cli-input-json, so that the secret is not seen in the list of processes.",
		},
		{
			Operation: StartDeviceAuthorization.Operation,
			Title:     "Begin with a registration from a file, and see the whole answer",
			Args:      `sso-oidc start-device-authorization --cli-input-json file://client.json --start-url "$START_URL"`,
		},
		{
			Operation: StartDeviceAuthorization.Operation,
			Title:     "Begin, and keep what the next steps need",
			Args: `sso-oidc start-device-authorization --client-id="$CLIENT_ID" --client-secret="$CLIENT_SECRET" --start-url "$START_URL"` +
				` --query '[deviceCode, userCode, verificationUriComplete]' --output text`,
			Sets: []string{"DEVICE_CODE", "USER_CODE", "PAGE"},
			Note: "Open $PAGE in a browser, sign in, compare the code with $USER_CODE and approve.",
		},
		{
			Operation: CreateToken.Operation,
			Title:     "Redeem a device code",
			Args: `sso-oidc create-token --client-id="$CLIENT_ID" --client-secret="$CLIENT_SECRET"` +
				` --grant-type urn:ietf:params:oauth:grant-type:device_code --device-code="$DEVICE_CODE"` +
				` --query '[accessToken, refreshToken]' --output text`,
			Sets:   []string{"ACCESS_TOKEN", "REFRESH_TOKEN"},
			Person: Approves,
			Note:   "Until the person has approved, this ends with exit code 254 and AuthorizationPendingException: repeat it at the interval.",
		},
		{
			Operation: CreateToken.Operation,
			Title:     "Refresh",
			Args: `sso-oidc create-token --client-id="$CLIENT_ID" --client-secret="$CLIENT_SECRET"` +
				` --grant-type refresh_token --refresh-token="$REFRESH_TOKEN"` +
				` --query '[accessToken, refreshToken]' --output text`,
			Sets: []string{"ACCESS_TOKEN", "REFRESH_TOKEN"},
		},
		{
			Operation: CreateToken.Operation,
			Title:     "Redeem an authorization code",
			Before: []string{
				`CODE_VERIFIER=$(openssl rand -hex 32)`,
				`CHALLENGE=$(printf %s "$CODE_VERIFIER" |`,
				`    openssl dgst -sha256 -binary | openssl base64 |`,
				`    tr '+/' '-_' | tr -d '=')`,
				`QUERY="response_type=code&client_id=$BROWSER_CLIENT_ID&state=demo"`,
				`QUERY="$QUERY&redirect_uri=http://127.0.0.1:8484/oauth/callback"`,
				`QUERY="$QUERY&scopes=sso:account:access"`,
				`QUERY="$QUERY&code_challenge_method=S256&code_challenge=$CHALLENGE"`,
			},
			Args: `sso-oidc create-token --client-id="$BROWSER_CLIENT_ID" --client-secret="$BROWSER_CLIENT_SECRET"` +
				` --grant-type authorization_code --code="$CODE" --redirect-uri http://127.0.0.1:8484/oauth/callback` +
				` --code-verifier="$CODE_VERIFIER"`,
			Person: Authorizes,
			Note: "Before the command, open $AWS_ENDPOINT_URL/authorize?$QUERY in a browser and sign in. It ends at the redirect URI, where " +
				"programs listen; by hand, set CODE to what stands there between code= and the next &.",
		},
		{
			Operation: CreateToken.Operation,
			Title:     "See all members of the input",
			Args:      "sso-oidc create-token --generate-cli-skeleton",
			Note:      "Nothing is sent. Fill in what you need, and give it back with --cli-input-json file://PATH.",
		},
		{
			Operation: CreateTokenWithIAM.Operation, Foreign: true,
			Title: "Exchange the JWT of a trusted token issuer",
			Args: `sso-oidc create-token-with-iam --client-id "$APPLICATION"` +
				` --grant-type urn:ietf:params:oauth:grant-type:jwt-bearer --assertion="$ASSERTION"`,
		},
		{
			Operation: CreateTokenWithIAM.Operation, Foreign: true,
			Title: "Exchange a token of another client",
			Args: `sso-oidc create-token-with-iam --client-id "$APPLICATION"` +
				` --grant-type urn:ietf:params:oauth:grant-type:token-exchange --subject-token="$ACCESS_TOKEN"` +
				` --subject-token-type urn:ietf:params:oauth:token-type:access_token` +
				` --query awsAdditionalDetails.identityContext --output text`,
			Note: "The identity context goes to assume-role of sts, as a provided context.",
		},
		{
			Operation: ListAccounts.Operation,
			Title:     "List your accounts as a table",
			Args:      `sso list-accounts --access-token="$ACCESS_TOKEN" --output table`,
		},
		{
			Operation: ListAccounts.Operation,
			Title:     "List the first two accounts only",
			Args:      `sso list-accounts --access-token="$ACCESS_TOKEN" --max-items 2`,
			Note:      "If there are more, the answer has a NextToken: give it to --starting-token.",
		},
		{
			Operation: ListAccounts.Operation,
			Title:     "Pick an account by its name",
			Args: `sso list-accounts --access-token="$ACCESS_TOKEN"` +
				` --query "accountList[?accountName == 'Sandbox'].accountId | [0]" --output text`,
			Sets: []string{"ACCOUNT_ID"},
		},
		{
			Operation: ListAccountRoles.Operation,
			Title:     "List your roles in an account",
			Args:      `sso list-account-roles --access-token="$ACCESS_TOKEN" --account-id "$ACCOUNT_ID"`,
		},
		{
			Operation: ListAccountRoles.Operation,
			Title:     "Pick the first role",
			Args: `sso list-account-roles --access-token="$ACCESS_TOKEN" --account-id "$ACCOUNT_ID"` +
				` --query 'roleList[0].roleName' --output text`,
			Sets: []string{"ROLE_NAME"},
		},
		{
			Operation: GetRoleCredentials.Operation,
			Title:     "Get credentials",
			Args:      `sso get-role-credentials --access-token="$ACCESS_TOKEN" --account-id "$ACCOUNT_ID" --role-name "$ROLE_NAME"`,
		},
		{
			Operation: GetRoleCredentials.Operation,
			Title:     "Get credentials into the environment",
			Args: `sso get-role-credentials --access-token="$ACCESS_TOKEN" --account-id "$ACCOUNT_ID" --role-name "$ROLE_NAME"` +
				` --query 'roleCredentials.[accessKeyId, secretAccessKey, sessionToken]' --output text`,
			Sets: []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"},
			Note: "Every command and SDK that runs in this shell now acts as the role. sallyport exec does the same for one command.",
		},
		{
			Operation: GetCallerIdentity.Operation,
			Title:     "Ask who you are",
			Args:      "sts get-caller-identity",
		},
		{
			Operation: GetCallerIdentity.Operation,
			Title:     "Print the account alone",
			Args:      "sts get-caller-identity --query Account --output text",
		},
		{
			Operation: Logout.Operation,
			Title:     "End the session",
			Args:      `sso logout --access-token="$ACCESS_TOKEN"`,
			Note:      "A token of a session that has ended is refused with UnauthorizedException.",
		},
	}
}
