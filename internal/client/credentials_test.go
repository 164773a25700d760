package client

import (
	"strings"
	"testing"
)

// case of a search: what is configured, and what comes of it for a signed and for an unsigned operation.
type search struct {
	name        string
	config      string
	credentials string
	env         map[string]string
	words       string
	files       map[string]string
	replies     map[string]string
	want        string // key id and token, or the exit code
	says        string // a part of the sentence
	early       bool   // the mistake is found without fetching, so that unsigned operations fail as well
	requests    string // without the ones after it
}

const (
	roleARN     = "role_arn = arn:aws:iam::123456789012:role/r\n"
	withRole    = "[profile r]\n" + roleARN
	base        = "[profile base]\n" + configKeys
	signInOf    = "[profile s]\nsso_session = my-sso\nsso_account_id = 123456789012\nsso_role_name = R\n"
	ssoSession  = "[sso-session my-sso]\nsso_start_url = https://d.example/start\nsso_region = us-west-2\n"
	olderSignIn = "[profile s]\nsso_account_id = 123456789012\nsso_role_name = R\nsso_start_url = https://d.example/start\nsso_region = us-west-2\n"
	sessionFile = ".aws/sso/cache/0ad374308c5a4e22f723adf10145eafad7c4031c.json" // SHA-1 of my-sso
	olderFile   = ".aws/sso/cache/59872269b3988acbe73f94f1e908e54f0d278a18.json" // SHA-1 of the start URL
	goodToken   = `{"accessToken":"OLD","expiresAt":"` + future + `"}`
	deadToken   = `{"accessToken":"OLD","expiresAt":"` + past + `"}`
	staleToken  = `{"accessToken":"OLD","expiresAt":"` + past + `","clientId":"C","clientSecret":"CSEC","refreshToken":"REFRESH","registrationExpiresAt":"` + future + `"}`
	getRole     = "GET /sso/federation/credentials"
	token       = "#!/bin/sh\necho '" + processReply + "'\n"
)

func envKeys(more ...string) map[string]string {
	env := map[string]string{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "senv"}
	for i := 0; i < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

var instance = map[string]string{"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "@URL@"}

const instanceRequests = "PUT /latest/api/token, GET /latest/meta-data/iam/security-credentials/, GET /latest/meta-data/iam/security-credentials/role1"

var searches = []search{
	{name: "nothing anywhere", want: "253", says: "Unable to locate credentials"},

	{name: "keys of the environment", env: envKeys(), want: "AKENV"},
	{name: "of two tokens of the environment the older name counts", env: envKeys("AWS_SESSION_TOKEN", "new", "AWS_SECURITY_TOKEN", "old"), want: "AKENV old"},
	{name: "an empty id is none", env: envKeys("AWS_ACCESS_KEY_ID", ""), want: "253"},
	{name: "half a set in the environment", env: envKeys("AWS_SECRET_ACCESS_KEY", ""), want: "255", says: "Partial credentials found in env", early: true},
	{name: "the environment is past its time", env: envKeys("AWS_CREDENTIAL_EXPIRATION", past), want: "255", says: "still expired"},
	{name: "the environment is not past its time", env: envKeys("AWS_CREDENTIAL_EXPIRATION", "2099-01-01T00:00:00+02:00"), want: "AKENV"},
	{name: "no time in the environment", env: envKeys("AWS_CREDENTIAL_EXPIRATION", "soon"), want: "255", early: true},
	{name: "the environment goes before the profile of a variable", env: envKeys("AWS_PROFILE", "base"), config: base, want: "AKENV"},
	{name: "a profile of the command line goes before the environment", env: envKeys(), config: base, words: "--profile base", want: "AKCONFIG"},
	{name: "an empty profile on the command line is none", env: envKeys(), config: base, words: "--profile=", want: "AKENV"},

	{name: "keys of the credentials file go before those of the config file", config: "[default]\n" + configKeys, credentials: "[default]\n" + secretKeys, want: "AKSECRET"},
	{name: "a token of another file belongs to other keys", config: "[default]\naws_session_token = t\n", credentials: "[default]\n" + secretKeys, want: "AKSECRET"},
	{name: "keys of the config file", config: "[default]\n" + configKeys + "aws_session_token = t", want: "AKCONFIG t"},
	{name: "half a set in the credentials file", credentials: "[default]\naws_access_key_id = x\n", config: "[default]\n" + configKeys,
		want: "255", says: "Partial credentials found in shared-credentials-file", early: true},
	{name: "half a set in the config file", config: "[default]\naws_access_key_id = x\n", want: "255", says: "config-file", early: true},
	{name: "a secret alone is nothing", config: "[default]\naws_secret_access_key = x\n", want: "253"},

	{name: "a role by a profile", words: "--profile r", config: base + withRole + "source_profile = base\n", want: "AKROLE trole", requests: "POST /sts/"},
	{name: "a role by a role", words: "--profile r2", config: base + withRole + "source_profile = base\n[profile r2]\n" + roleARN + "external_id = 2\nsource_profile = r\n",
		want: "AKROLE trole", requests: "POST /sts/, POST /sts/"},
	{name: "a role goes before keys of its profile", words: "--profile r", config: withRole + "source_profile = r\n" + configKeys, want: "AKROLE trole", requests: "POST /sts/"},
	{name: "a role by the environment", words: "--profile r", env: envKeys(), config: withRole + "credential_source = Environment\n", want: "AKROLE trole", requests: "POST /sts/"},
	{name: "a role by an environment that has none", words: "--profile r", config: withRole + "credential_source = Environment\n",
		want: "255", says: "No credentials found in credential_source", early: true},
	{name: "a role by a container", words: "--profile r", env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@URL@/creds"},
		config: withRole + "credential_source = EcsContainer\n", want: "AKROLE trole", requests: "GET /creds, POST /sts/"},
	{name: "a role by an instance", words: "--profile r", env: instance, config: withRole + "credential_source = Ec2InstanceMetadata\n",
		want: "AKROLE trole", requests: instanceRequests + ", POST /sts/"},
	{name: "a role by a source that is none", words: "--profile r", config: withRole + "credential_source = environment\n", want: "255", says: "not valid", early: true},
	{name: "a role by two sources", words: "--profile r", config: base + withRole + "source_profile = base\ncredential_source = Environment\n", want: "255", says: "contains both", early: true},
	{name: "a role by nothing", words: "--profile r", config: withRole, want: "255", says: "source_profile or credential_source", early: true},
	{name: "a role by a profile that is not there", words: "--profile r", config: withRole + "source_profile = x\n", want: "255", says: "does not exist", early: true},
	{name: "a role by a profile without credentials", words: "--profile r", config: withRole + "source_profile = e\n[profile e]\nregion = a-1\n", want: "255", says: "must have credentials", early: true},
	{name: "a role by itself", words: "--profile r", config: withRole + "source_profile = r\n", want: "255", says: "Infinite loop", early: true},
	{name: "roles in a ring", words: "--profile r", config: withRole + "source_profile = q\n[profile q]\n" + roleARN + "source_profile = r\n", want: "255", says: "Infinite loop", early: true},
	{name: "a role that is refused", words: "--profile r", config: base + withRole + "source_profile = base\n",
		replies: map[string]string{"POST /sts/": "403|<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"},
		want:    "254", says: "An error occurred (AccessDenied) when calling the AssumeRole operation: no", requests: "POST /sts/"},
	{name: "a role that is over", words: "--profile r", config: base + withRole + "source_profile = base\n",
		replies: map[string]string{"POST /sts/": roleReply("AssumeRole", past)}, want: "255", says: "still expired", requests: "POST /sts/"},

	{name: "a web identity of the environment", env: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "@HOME@/jwt", "AWS_ROLE_ARN": "arn:x"},
		files: map[string]string{"jwt": "J.W.T"}, credentials: "[default]\n" + secretKeys,
		replies: map[string]string{"POST /sts/": roleReply("AssumeRoleWithWebIdentity", future)}, want: "AKROLE trole", requests: "POST /sts/"},
	{name: "a web identity of a profile", words: "--profile w", config: "[profile w]\n" + roleARN + "web_identity_token_file = @HOME@/jwt\n",
		files: map[string]string{"jwt": "J.W.T"}, replies: map[string]string{"POST /sts/": roleReply("AssumeRoleWithWebIdentity", future)}, want: "AKROLE trole", requests: "POST /sts/"},
	{name: "a profile on the command line switches the web identity of the environment off", words: "--profile base", config: base,
		env: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "@HOME@/jwt", "AWS_ROLE_ARN": "arn:x"}, want: "AKCONFIG"},
	{name: "a web identity without a role", env: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "@HOME@/jwt"}, want: "255", says: "no role ARN", early: true},
	{name: "a web identity without its file", env: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "@HOME@/jwt", "AWS_ROLE_ARN": "arn:x"}, want: "255", says: "no such file"},

	{name: "a sign-in", words: "--profile s", config: signInOf + ssoSession, files: map[string]string{sessionFile: goodToken}, want: "AKSSO tsso", requests: getRole},
	{name: "a sign-in goes before keys of its profile", words: "--profile s", config: signInOf + ssoSession, credentials: "[s]\n" + secretKeys,
		files: map[string]string{sessionFile: goodToken}, want: "AKSSO tsso", requests: getRole},
	{name: "a sign-in of the older form", words: "--profile s", config: olderSignIn, files: map[string]string{olderFile: goodToken}, want: "AKSSO tsso", requests: getRole},
	{name: "a sign-in of the older form is never refreshed", words: "--profile s", config: olderSignIn, files: map[string]string{olderFile: staleToken},
		want: "255", says: "sallyport login --profile s"},
	{name: "nobody has signed in", words: "--profile s", config: signInOf + ssoSession, want: "255", says: "sallyport login --profile s"},
	{name: "a sign-in that is over", words: "--profile s", config: signInOf + ssoSession, files: map[string]string{sessionFile: deadToken}, want: "255", says: "sallyport login --profile s"},
	{name: "a sign-in that is refreshed", words: "--profile s", config: signInOf + ssoSession, files: map[string]string{sessionFile: staleToken},
		want: "AKSSO tsso", requests: "POST /oidc/token, " + getRole},
	{name: "a sign-in whose refresh is refused", words: "--profile s", config: signInOf + ssoSession, files: map[string]string{sessionFile: staleToken},
		replies: map[string]string{"POST /oidc/token": `400 InvalidGrantException|{"error":"invalid_grant"}`}, want: "255", says: "sallyport login --profile s", requests: "POST /oidc/token"},
	{name: "a sign-in that the portal does not know", words: "--profile s", config: signInOf + ssoSession, files: map[string]string{sessionFile: goodToken},
		replies: map[string]string{getRole: `401 UnauthorizedException|{}`}, want: "255", says: "sallyport login --profile s", requests: getRole},
	{name: "a role that the person does not hold", words: "--profile s", config: signInOf + ssoSession, files: map[string]string{sessionFile: goodToken},
		replies: map[string]string{getRole: `403 ForbiddenException|{"message":"no"}`}, want: "254", says: "(ForbiddenException) when calling the GetRoleCredentials operation", requests: getRole},
	{name: "a sign-in without a role", words: "--profile s", config: "[profile s]\nsso_session = my-sso\nsso_account_id = 1\n" + ssoSession, want: "255", says: "sso_role_name", early: true},
	{name: "a sign-in without a Region", words: "--profile s", config: signInOf + "[sso-session my-sso]\nsso_start_url = x\n", want: "255", says: "sso_region", early: true},
	{name: "an sso-session that is not there", words: "--profile s", config: signInOf, want: "255", says: "does not exist", early: true},
	{name: "a profile and its sso-session that contradict each other", words: "--profile s", config: signInOf + "sso_region = a-1\n" + ssoSession, want: "255", says: "inconsistent", early: true},

	{name: "a program", config: "[default]\ncredential_process = @HOME@/keys\n" + configKeys, files: map[string]string{"keys": token}, want: "AKPROC"},
	{name: "a program that prints its version as a fraction", config: "[default]\ncredential_process = @HOME@/keys\n",
		files: map[string]string{"keys": strings.Replace(token, `"Version":1`, `"Version":1.0`, 1)}, want: "AKPROC"},
	{name: "a key id that ends in a newline", env: map[string]string{"AWS_ACCESS_KEY_ID": "AKENV\n", "AWS_SECRET_ACCESS_KEY": "s"}, want: "255", says: "Invalid header value"},
	{name: "a program of the credentials file", credentials: "[default]\ncredential_process = @HOME@/keys\n", files: map[string]string{"keys": token}, want: "AKPROC"},
	{name: "no shell reads the words for a program", config: "[default]\ncredential_process = @HOME@/keys 'a b' $HOME ~ | *\n",
		files: map[string]string{"keys": "#!/bin/sh\n[ \"$1:$2:$3:$4:$5\" = 'a b:$HOME:~:|:*' ] && echo '" + processReply + "'\n"}, want: "AKPROC"},
	{name: "a program that fails", config: "[default]\ncredential_process = @HOME@/keys\n", files: map[string]string{"keys": "#!/bin/sh\necho sorry >&2; exit 3\n"}, want: "255", says: "custom-process: sorry"},
	{name: "a program that prints another version", config: "[default]\ncredential_process = @HOME@/keys\n", files: map[string]string{"keys": "#!/bin/sh\necho '{\"Version\":2}'\n"},
		want: "255", says: "Unsupported version '2'"},
	{name: "a program whose keys are over", config: "[default]\ncredential_process = @HOME@/keys\n",
		files: map[string]string{"keys": "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Expiration\":\"" + past + "\"}'\n"}, want: "255", says: "still expired"},
	{name: "a program that prints without end", config: "[default]\ncredential_process = @HOME@/keys\n", files: map[string]string{"keys": "#!/bin/sh\nexec cat /dev/zero\n"}, want: "255", says: "too much"},
	{name: "a program that is not there", config: "[default]\ncredential_process = @HOME@/none\n", want: "255", says: "custom-process", early: true},
	{name: "a line for a program that breaks off", config: "[default]\ncredential_process = @HOME@/keys 'a\n", want: "255", says: "quot", early: true},
	{name: "no program", config: "[default]\ncredential_process =\n", want: "255", says: "names no program", early: true},

	{name: "a container", env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@URL@/creds"}, want: "AKCONT tcont", requests: "GET /creds"},
	{name: "a container comes after the profile", env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@URL@/creds"}, config: "[default]\n" + configKeys, want: "AKCONFIG"},
	{name: "a container that is far away", env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://metadata.example.test/creds"}, want: "255", says: "Unsupported host"},
	{name: "a container without an end", env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@URL@/creds"},
		replies: map[string]string{"GET /creds": `{"AccessKeyId":"a","SecretAccessKey":"scont","Token":"t"}`}, want: "255", says: "Expiration", requests: "GET /creds"},
	{name: "a container that knows nothing is asked three times", env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@URL@/none"},
		want: "255", says: "404", requests: "GET /none, GET /none, GET /none"},
	{name: "a container's token file that ends in a newline", files: map[string]string{"t": "AGENTTOKEN\n"},
		env:  map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@URL@/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "@HOME@/t"},
		want: "255", says: "not a legal header value"},

	{name: "an instance, even past its time", env: instance, want: "AKINST tinst", requests: instanceRequests},
	{name: "an instance of the first version", env: instance, replies: map[string]string{"PUT /latest/api/token": "404|"}, want: "AKINST tinst", requests: instanceRequests},
	{name: "an instance without a role", env: instance, replies: map[string]string{"GET /latest/meta-data/iam/security-credentials/": "404|"},
		want: "253", requests: "PUT /latest/api/token, GET /latest/meta-data/iam/security-credentials/"},
	{name: "an instance whose role is in trouble", env: instance, replies: map[string]string{"GET /latest/meta-data/iam/security-credentials/role1": `{"Code":"AssumeRoleUnauthorizedAccess"}`},
		want: "253", requests: instanceRequests},
	{name: "an instance of the first version where that is off", env: map[string]string{"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "@URL@", "AWS_EC2_METADATA_V1_DISABLED": "true"},
		replies: map[string]string{"PUT /latest/api/token": "404|"}, want: "255", says: "IMDSv1 has been disabled", requests: "PUT /latest/api/token"},
	{name: "a bad address of the metadata service", env: map[string]string{"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "ftp://x"}, want: "255", early: true},
	{name: "a bad kind of address of the metadata service", env: map[string]string{"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv5"}, want: "255", says: "ipv5", early: true},

	{name: "what `aws login` left is not there", words: "--profile l", config: "[profile l]\nlogin_session = me\n", want: "255", says: "login"},
}

func (c search) world(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for name, value := range c.env {
		w.env[name] = w.expand(value)
	}
	for line, reply := range c.replies {
		w.replies[line] = []string{reply}
	}
	for name, content := range c.files {
		w.write(t, name, content)
	}
	w.write(t, ".aws/config", w.expand(c.config))
	w.write(t, ".aws/credentials", w.expand(c.credentials))
	return w
}

func TestCredentials(t *testing.T) {
	for _, test := range searches {
		t.Run(test.name, func(t *testing.T) {
			w := test.world(t)
			settings, err := w.settings(t, test.words)
			if err != nil {
				t.Fatal(err)
			}
			found, err := settings.credentials(t.Context(), "us-east-1")
			got, sentence := outcome(strings.TrimSpace(found.AccessKeyID+" "+found.SessionToken), err)
			if got != test.want || !strings.Contains(sentence, test.says) {
				t.Errorf("got %s %q, want %s and %q", got, sentence, test.want, test.says)
			}
			if lines := w.lines(); lines != test.requests {
				t.Errorf("requests %s, want %s", lines, test.requests)
			}
			checkNoSecrets(t, sentence)
		})
	}
}

// Operations that are not signed fail with the mistakes of the configuration, and fetch nothing.
func TestMistakesAreFoundWithoutFetching(t *testing.T) {
	for _, test := range searches {
		t.Run(test.name, func(t *testing.T) {
			w := test.world(t)
			settings, err := w.settings(t, test.words)
			if err != nil {
				t.Fatal(err)
			}
			if err := settings.CheckCredentials(); (err != nil) != test.early {
				t.Errorf("got %v, want a failure: %v", err, test.early)
			}
			if lines := w.lines(); lines != "" {
				t.Errorf("requests %s, want none", lines)
			}
			if settings, err = w.settings(t, "--no-sign-request "+test.words); err != nil {
				t.Fatal(err)
			}
			if err := settings.CheckCredentials(); err != nil {
				t.Errorf("without signing: got %v", err)
			}
		})
	}
}
