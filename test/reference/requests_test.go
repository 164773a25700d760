//go:build clients

package reference

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"sallyport/internal/api"
)

// compared are the services whose operations all are held beside the references'.
var compared = []*api.Service{api.SSOOIDC, api.SSO, api.STS}

// words is the command of an operation.
func words(operation *api.Operation) []string {
	return []string{operation.Service.Command, optionName(operation.Name)}
}

// optionName spells a name of the model as the command line does: clientId as client-id, CreateTokenWithIAM as create-token-with-iam.
func optionName(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, letter := range letters {
		starts := unicode.IsUpper(letter) && i > 0 && (!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if starts {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(letter))
	}
	return b.String()
}

// with are the options that give the value to every member that the choice takes.
func with(operation *api.Operation, value string, takes func(*api.Member) bool) []string {
	args := words(operation)
	for _, member := range operation.Input.Members {
		if !takes(member) {
			continue
		}
		option := "--" + optionName(member.Name)
		switch member.Kind {
		case api.String:
			args = append(args, option+"="+value)
		case api.List:
			args = append(args, option, "x"+value, "y"+value) // a value that begins with [ would be JSON
		default:
			args = append(args, option, "7")
		}
	}
	return args
}

func every(*api.Member) bool           { return true }
func required(member *api.Member) bool { return member.Required }

// members are the options of the named members, out of order when the names are.
func members(operation *api.Operation, values ...[2]string) []string {
	args := words(operation)
	for _, value := range values {
		args = append(args, "--"+optionName(value[0])+"="+value[1])
	}
	return args
}

// identity is an answer that the protocol of STS can read.
const identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::111122223333:user/b&lt;é&gt;</Arn><UserId>AIDAEXAMPLE</UserId><Account>111122223333</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`

// answers are full answers of the operations, with a member that no model knows and one that is null.
var answers = map[*api.Operation]string{
	api.CreateToken.Operation: `{"unknown": 1, "tokenType": "Bearer", "accessToken": "a<&>é😀\u0001\"\\", "expiresIn": 28800, "refreshToken": null}`,
	api.CreateTokenWithIAM.Operation: `{"accessToken": "a", "tokenType": "Bearer", "expiresIn": 3600, "refreshToken": "r", "idToken": "i",
		"issuedTokenType": "urn:ietf:params:oauth:token-type:access_token", "scope": ["openid", "aws"], "awsAdditionalDetails": {"identityContext": "c"}}`,
	api.RegisterClient.Operation: `{"clientId": "c", "clientSecret": "s", "clientIdIssuedAt": 1700000000, "clientSecretExpiresAt": 1707776000,
		"authorizationEndpoint": "https://a/authorize", "tokenEndpoint": "https://a/token"}`,
	api.StartDeviceAuthorization.Operation: `{"deviceCode": "d", "userCode": "ABCD-EFGH", "verificationUri": "https://a/device",
		"verificationUriComplete": "https://a/device?user_code=ABCD-EFGH", "expiresIn": 600, "interval": 1}`,
	api.GetRoleCredentials.Operation: `{"roleCredentials": {"accessKeyId": "A", "secretAccessKey": "s/+", "sessionToken": "t==", "expiration": 1700000000000}}`,
	api.ListAccounts.Operation:       `{"accountList": [{"accountId": "111122223333", "accountName": "é", "emailAddress": "a@b"}, {}], "nextToken": null}`,
	api.ListAccountRoles.Operation:   `{"roleList": [{"roleName": "Admin", "accountId": "111122223333"}]}`,
	api.Logout.Operation:             ``,
	api.GetCallerIdentity.Operation:  identity,
}

// script answers every request with a full answer of the operation.
func script(operation *api.Operation) []answer {
	contentType := "application/json"
	if operation.Service.Protocol == api.Query {
		contentType = "text/xml"
	}
	return []answer{{header: map[string]string{"Content-Type": contentType}, body: answers[operation]}}
}

// absent names the references that an operation is no command of.
func absent(operation *api.Operation) map[string]string {
	if operation == api.Logout.Operation {
		return map[string]string{v2: "its sso logout takes no token, it ends all sessions that it has on disk"}
	}
	return nil
}

func TestRequestsOfEveryOperation(t *testing.T) {
	var calls []call
	for _, service := range compared {
		for _, operation := range service.Operations {
			name := strings.Join(words(operation), " ")
			for _, row := range []struct {
				name  string
				takes func(*api.Member) bool
			}{{"with what is required", required}, {"with every member", every}} {
				c := call{name: name + " " + row.name, args: with(operation, "some value", row.takes), script: script(operation), absent: absent(operation)}
				c.want = succeeded
				calls = append(calls, c)
			}
		}
	}
	compare(t, startCommandLines(t), calls)
}

func succeeded(t *testing.T, o outcome) {
	if o.code != 0 || len(o.requests) != 1 {
		t.Errorf("ours ends with %d after %d requests: %s", o.code, len(o.requests), o.stderr)
	}
}

// hardValues are texts that something between a command line and a wire likes to change.
var hardValues = []struct{ name, value string }{
	{"letters beyond ASCII", "é ß 日本 \u00a0\u2028"},
	{"characters beyond the first plane", "😀 𝄞"},
	{"what HTML and JSON escape", `<>&"\'/` + "`"},
	{"what queries escape", `a+b/c%d%20e=f?g#h;i,j:k@l~m!n*o(p)q$r[s]{t}|u^v`},
	{"an empty text", ""},
	{"blanks", "  a  b  "},
	{"something like an address", "http://localhost/a?b=c"},
	{"something like JSON", `{"a": [1]}`},
	{"something very long", strings.Repeat("0123456789abcdef", 3000)},
}

func TestRequestsWithHardValues(t *testing.T) {
	var calls []call
	for _, hard := range hardValues {
		body := call{
			name: hard.name + " in a body", args: with(api.CreateToken.Operation, hard.value, every), script: script(api.CreateToken.Operation),
		}
		form := call{
			name: hard.name + " in a signed body", script: script(api.CreateTokenWithIAM.Operation),
			args: members(api.CreateTokenWithIAM.Operation, [2]string{"subjectToken", hard.value}, [2]string{"clientId", hard.value}, [2]string{"grantType", "g"}),
		}
		query := call{
			name: hard.name + " in a query", script: script(api.GetRoleCredentials.Operation),
			args: members(api.GetRoleCredentials.Operation, [2]string{"accountId", hard.value}, [2]string{"roleName", hard.value}, [2]string{"accessToken", "t"}),
		}
		header := call{
			name: hard.name + " in a header", script: script(api.ListAccounts.Operation),
			args: members(api.ListAccounts.Operation, [2]string{"accessToken", hard.value}),
		}
		calls = append(calls, body, form, query, header)
	}
	for i := range calls {
		calls[i].config = "[default]\ncli_follow_urlparam = false\n" // version 1 fetches addresses otherwise
	}
	compare(t, startCommandLines(t), calls)
}

// unusual are endpoints; a row is called for each of three operations.
var unusual = []call{
	{name: "a base path", path: "/base/path"},
	{name: "a base path that ends in a slash", path: "/base/"},
	{name: "a slash alone", path: "/"},
	{name: "a base path with escapes", path: "/b%20c/%C3%A9/d%3Be%25"},
	{name: "a base path with characters that paths may have", path: "/a$b&c+d,e:f=g@h!i*j'k(l)~m"},
	{name: "the address of IPv6", where: place{address: "[::1]:0"}, departures: map[string]departure{v2: {
		"2.9.19 knows no addresses in brackets", map[aspect]string{exitCode: "255", attempts: "0", stdout: "", sentence: "Invalid endpoint: http://HOST"},
	}}},
	{name: "a user and a password", userinfo: "user:pass@"},
	{name: "TLS", where: place{tls: true}},
}

// What an input document gives comes behind what options give, in the order of the document.
func TestRequestsFromDocuments(t *testing.T) {
	document := func(operation *api.Operation, document string, options ...string) call {
		return call{args: append(append(words(operation), "--cli-input-json", document), options...), script: script(operation)}
	}
	calls := []call{
		document(api.CreateToken.Operation, `{"scope": ["x"], "clientSecret": "s", "grantType": "j", "clientId": "c"}`),
		document(api.CreateToken.Operation, `{"scope": ["x"], "clientSecret": "s", "grantType": "j", "clientId": "c"}`, "--grant-type", "o"),
		document(api.CreateTokenWithIAM.Operation, `{"scope": ["x"], "grantType": "j", "code": "c"}`, "--scope", "y", "z", "--client-id", "i"),
		document(api.GetRoleCredentials.Operation, `{"accountId": "a", "roleName": "r", "accessToken": "t"}`),
		document(api.ListAccountRoles.Operation, `{"accountId": "a", "nextToken": "n", "accessToken": "t"}`, "--max-results", "3"),
	}
	for i := range calls {
		calls[i].name = strings.Join(calls[i].args[1:], " ")
	}
	compare(t, startCommandLines(t), calls)
}

func TestRequestsToUnusualEndpoints(t *testing.T) {
	var calls []call
	for _, row := range unusual {
		for _, operation := range []*api.Operation{api.CreateToken.Operation, api.CreateTokenWithIAM.Operation, api.GetRoleCredentials.Operation} {
			c := row
			c.name = row.name + " for " + optionName(operation.Name)
			c.args, c.script = with(operation, "v", required), script(operation)
			calls = append(calls, c)
		}
	}
	calls = append(calls, identityCalls()...)
	calls = append(calls, ambiguousPaths()...)
	compare(t, startCommandLines(t), calls)
}

// ambiguousPaths are those that signers and routers may read in two ways. Unsigned requests go there as they are. Signed ones do not leave
// us: our signer refuses what our verifier would refuse, where the references sign one reading of the path.
func ambiguousPaths() []call {
	operation := api.CreateTokenWithIAM.Operation
	var calls []call
	for _, row := range []struct{ name, path string }{
		{"dots", "/a/../b/./c"}, {"an empty segment", "/a//b"}, {"an escaped slash", "/a%2Fb"}, {"a parameter", "/a;b=c"},
	} {
		refused := departure{"our signer refuses paths with two readings", map[aspect]string{
			exitCode: "0", attempts: "1", stdout: printedWithIAM, sentence: "",
		}}
		calls = append(calls,
			call{
				name: "a base path with " + row.name + " for create-token", args: with(api.CreateToken.Operation, "v", required),
				path: row.path, script: script(api.CreateToken.Operation),
			},
			call{
				name: "a base path with " + row.name + " for create-token-with-iam", args: with(operation, "v", required),
				path: row.path, script: []answer{{body: `{"tokenType": "Bearer"}`}}, departures: map[string]departure{v1: refused, v2: refused},
			})
	}
	for _, operation := range []*api.Operation{api.CreateToken.Operation, api.GetRoleCredentials.Operation} {
		calls = append(calls, call{
			name: "a base path with escapes in small letters for " + optionName(operation.Name), args: with(operation, "v", required),
			path: "/%c3%a9", script: script(operation),
		})
	}
	// The references sign the letter escaped once, and send it escaped: a verifier that follows the rules refuses that.
	wrong := departure{"they sign a path that they do not send", map[aspect]string{signed: "wrong"}}
	return append(calls, call{
		name: "a base path beyond ASCII for create-token-with-iam", args: with(operation, "v", required), path: "/é", script: script(operation),
		departures: map[string]departure{v1: wrong, v2: wrong},
	}, call{
		name: "a base path with escapes in small letters for create-token-with-iam", args: with(operation, "v", required), path: "/%c3%a9",
		script: script(operation), departures: map[string]departure{v1: wrong, v2: wrong},
	})
}

const printedWithIAM = "{\n    \"tokenType\": \"Bearer\"\n}\n"

// identityCalls are those of the one operation that is signed and is a form.
func identityCalls() []call {
	args := words(api.GetCallerIdentity.Operation)
	return []call{
		{name: "a base path for get-caller-identity", args: args, path: "/base/", script: script(api.GetCallerIdentity.Operation)},
		{
			name: "no session token", args: args, env: map[string]string{"AWS_SESSION_TOKEN": ""}, script: script(api.GetCallerIdentity.Operation),
		},
		{
			name: "no signature wanted", args: append(slices.Clone(args), "--no-sign-request"), script: script(api.GetCallerIdentity.Operation),
		},
		{
			name: "another Region", args: append(with(api.CreateTokenWithIAM.Operation, "v", required), "--region", "mars-north-1"),
			script: script(api.CreateTokenWithIAM.Operation),
		},
		{
			name: "no signature wanted for create-token-with-iam", args: append(with(api.CreateTokenWithIAM.Operation, "v", required), "--no-sign-request"),
			script: script(api.CreateTokenWithIAM.Operation),
		},
	}
}
