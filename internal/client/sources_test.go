package client

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"sallyport/internal/api"
	"sallyport/internal/jmespath"
	"sallyport/test/vectors"
)

// seek finds the credentials of a search's world.
func seek(t *testing.T, w *world, words string) granted {
	t.Helper()
	settings, err := w.settings(t, words)
	if err != nil {
		t.Fatal(err)
	}
	found, err := settings.credentials(t.Context(), "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	return granted{Credentials: found}
}

// form is the form of a request, without what changes from call to call.
func form(t *testing.T, body string) string {
	t.Helper()
	values, err := url.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	if session := values.Get("RoleSessionName"); strings.HasPrefix(session, "sallyport-session-") {
		values.Set("RoleSessionName", "made-up")
	}
	return values.Encode()
}

func TestRequestsForRoles(t *testing.T) {
	tests := []struct {
		name, config, words string
		env                 map[string]string
		want                string
		signer              string // empty: not signed
	}{
		{"a bare role", base + withRole + "source_profile = base\n", "--profile r", nil,
			"Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&RoleSessionName=made-up&Version=2011-06-15", "Credential=AKCONFIG/"},
		{"a role with all settings", base + withRole + "source_profile = base\nrole_session_name = me\nexternal_id = x\nduration_seconds = 900\n", "--profile r", nil,
			"Action=AssumeRole&DurationSeconds=900&ExternalId=x&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&RoleSessionName=me&Version=2011-06-15", "Credential=AKCONFIG/"},
		{"a lifetime that is no number is left to the service", base + withRole + "source_profile = base\nduration_seconds = soon\n", "--profile r", nil,
			"Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&RoleSessionName=made-up&Version=2011-06-15", "Credential=AKCONFIG/"},
		{"a web identity", "", "", map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "@HOME@/jwt", "AWS_ROLE_ARN": "arn:x", "AWS_ROLE_SESSION_NAME": "ws"},
			"Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Ax&RoleSessionName=ws&Version=2011-06-15&WebIdentityToken=J.W.T%0A", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			operation := "AssumeRole"
			if test.env != nil {
				operation = "AssumeRoleWithWebIdentity"
			}
			w := search{config: test.config, env: test.env, files: map[string]string{"jwt": "J.W.T\n"},
				replies: map[string]string{"POST /sts/": roleReply(operation, future)}}.world(t)
			seek(t, w, test.words)
			sent := w.requests[0]
			if got := form(t, sent.body); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
			authorization := sent.header.Get("Authorization")
			if !strings.Contains(authorization, test.signer) || test.signer == "" && authorization != "" {
				t.Errorf("Authorization is %s, want one with %q", authorization, test.signer)
			}
			if test.signer != "" && !strings.Contains(authorization, "/eu-west-1/sts/aws4_request") {
				t.Errorf("Authorization is %s, want the Region of the call and sts", authorization)
			}
		})
	}
}

// What belongs to the call on the command line is not for the calls that serve it.
func TestOptionsOfTheCallDoNotReachItsHelpers(t *testing.T) {
	w := search{config: base + withRole + "source_profile = base\n"}.world(t)
	seek(t, w, "--profile r --endpoint-url http://127.0.0.1:1 --ca-bundle /none --no-verify-ssl --cli-read-timeout 9")
	if lines := w.lines(); lines != "POST /sts/" {
		t.Errorf("requests %s", lines)
	}
}

func TestRequestsOfSignIns(t *testing.T) {
	w := search{config: signInOf + ssoSession, files: map[string]string{sessionFile: staleToken}}.world(t)
	seek(t, w, "--profile s")
	const refresh = `{"clientId": "C", "clientSecret": "CSEC", "grantType": "refresh_token", "refreshToken": "REFRESH"}`
	if got := w.requests[0].body; got != refresh {
		t.Errorf("refreshed with %s", got)
	}
	portal := w.requests[1]
	if portal.query != "role_name=R&account_id=123456789012" || portal.header.Get("x-amz-sso_bearer_token") != "NEW" {
		t.Errorf("asked the portal for %s with %s", portal.query, portal.header.Get("x-amz-sso_bearer_token"))
	}
	kept, err := readDocument(filepath.Join(w.home, sessionFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"accessToken": "NEW", "refreshToken": "NEWR", "startUrl": "https://d.example/start", "region": "us-west-2", "clientSecret": "CSEC", "registrationExpiresAt": future,
	} {
		if got := textValue(kept, name); got != want {
			t.Errorf("%s is kept as %q, want %q", name, got, want)
		}
	}
}

// The name of an sso-session says nothing about its server, which the config file may have changed since.
func TestATokenOfAnotherServerIsNotSent(t *testing.T) {
	for name, token := range map[string]string{
		"valid":     strings.Replace(staleToken, past, future, 1),
		"to redeem": staleToken,
	} {
		t.Run(name, func(t *testing.T) {
			foreign := strings.Replace(token, "{", `{"startUrl": "https://other.example/start", `, 1)
			w := search{config: signInOf + ssoSession, files: map[string]string{sessionFile: foreign}}.world(t)
			settings, err := w.settings(t, "--profile s")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := settings.credentials(t.Context(), "eu-west-1"); err == nil || !strings.Contains(err.Error(), "nobody has signed in") || len(w.requests) != 0 {
				t.Errorf("got %v and %d requests", err, len(w.requests))
			}
		})
	}
}

// A token that ends soon is good to its end where it cannot be refreshed.
func TestTokensAreGoodToTheirEnd(t *testing.T) {
	soon := time.Now().Add(time.Minute).UTC().Format(time.RFC3339)
	for name, test := range map[string]struct{ token, reply string }{
		"refused":         {staleToken, `400 InvalidGrantException|{}`},
		"answered badly":  {staleToken, `{}`},
		"not refreshable": {deadToken, refreshReply},
	} {
		t.Run(name, func(t *testing.T) {
			w := search{config: signInOf + ssoSession, files: map[string]string{sessionFile: strings.ReplaceAll(test.token, past, soon)},
				replies: map[string]string{"POST /oidc/token": test.reply}}.world(t)
			if found := seek(t, w, "--profile s"); found.AccessKeyID != "AKSSO" {
				t.Errorf("found %s", found.AccessKeyID)
			}
		})
	}
}

// A refresh token is good for one refresh, however many commands want one.
func TestManyCommandsRefreshOnce(t *testing.T) {
	w := search{config: signInOf + ssoSession, files: map[string]string{sessionFile: staleToken}}.world(t)
	var all sync.WaitGroup
	for range 8 {
		settings, err := w.settings(t, "--profile s")
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if _, err := settings.credentials(context.Background(), "eu-west-1"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if refreshes := strings.Count(w.lines(), "POST /oidc/token"); refreshes != 1 {
		t.Errorf("refreshed %d times", refreshes)
	}
}

// The cache is the AWS CLI's: the digest of what json.dumps of Python prints for the arguments, which are written out here.
func TestRolesAreKeptForTheNextCommand(t *testing.T) {
	tests := []struct {
		name, config, words, arguments string
		env, files, replies            map[string]string
		want                           string
	}{
		{name: "a role", words: "--profile r", config: base + withRole + "source_profile = base\n",
			arguments: `{"RoleArn": "arn:aws:iam::123456789012:role/r"}`,
			want: `{"Credentials": {"AccessKeyId": "AKROLE", "SecretAccessKey": "srole", "SessionToken": "trole", "Expiration": "2099-01-01T00:00:00UTC", ` +
				`"AccountId": "123456789012"}, "AssumedRoleUser": {"AssumedRoleId": "AROA:x", "Arn": "arn:aws:sts::123456789012:assumed-role/r/x"}}`},
		{name: "a role with settings", words: "--profile r", config: base + withRole + "source_profile = base\nrole_session_name = mé\nexternal_id = x\nduration_seconds = 900\n",
			arguments: `{"DurationSeconds": 900, "ExternalId": "x", "RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "m\u00e9"}`},
		{name: "a web identity", env: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "@HOME@/jwt", "AWS_ROLE_ARN": "arn:x"}, files: map[string]string{"jwt": "J.W.T"},
			replies:   map[string]string{"POST /sts/": roleReply("AssumeRoleWithWebIdentity", future)},
			arguments: `{"RoleArn": "arn:x", "WebIdentityToken": "J.W.T"}`},
		{name: "a role of a sign-in", words: "--profile s", config: signInOf + ssoSession, files: map[string]string{sessionFile: goodToken},
			arguments: `{"accountId":"123456789012","roleName":"R","sessionName":"my-sso"}`,
			want: `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "AKSSO", "SecretAccessKey": "ssso", "SessionToken": "tsso", ` +
				`"Expiration": "2099-01-01T00:00:00Z", "AccountId": "123456789012"}}`},
		{name: "a role of a sign-in of the older form", words: "--profile s", config: olderSignIn, files: map[string]string{olderFile: goodToken},
			arguments: `{"accountId":"123456789012","roleName":"R","startUrl":"https://d.example/start"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := search{config: test.config, env: test.env, files: test.files, replies: test.replies}.world(t)
			first := seek(t, w, test.words)
			requests := w.lines()
			if again := seek(t, w, test.words); again != first || w.lines() != requests {
				t.Errorf("the second command found %v by %s", again.Credentials, w.lines())
			}
			key := sha1.Sum([]byte(test.arguments))
			path := filepath.Join(w.home, ".aws", "cli", "cache", hex.EncodeToString(key[:])+".json")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if mode := info.Mode().Perm(); mode != 0o600 {
				t.Errorf("the mode is %v", mode)
			}
			if content, err := os.ReadFile(path); err != nil || test.want != "" && string(content) != test.want {
				t.Errorf("kept %s, %v\nwant %s", content, err, test.want)
			}
		})
	}
}

func TestWhatIsKeptIsNotAlwaysGood(t *testing.T) {
	key := sha1.Sum([]byte(`{"RoleArn": "arn:aws:iam::123456789012:role/r"}`))
	entry := func(expires string) string {
		return `{"Credentials": {"AccessKeyId": "AKKEPT", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "` + expires + `"}}`
	}
	soon := time.Now().Add(roleReserve - time.Minute).UTC().Format(time.RFC3339)
	for _, test := range []struct{ name, content, want string }{
		{"as the AWS CLI writes it", entry("2099-01-01T00:00:00UTC"), "AKKEPT"},
		{"with an offset", entry("2099-01-01T00:00:00+00:00"), "AKKEPT"},
		{"past its time", entry(past), "AKROLE"},
		{"soon past its time", entry(soon), "AKROLE"},
		{"without a time", entry(""), "AKROLE"},
		{"half of a file", entry(future)[:60], "AKROLE"},
		{"no object", `[]`, "AKROLE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := search{config: base + withRole + "source_profile = base\n", files: map[string]string{".aws/cli/cache/" + hex.EncodeToString(key[:]) + ".json": test.content}}.world(t)
			if found := seek(t, w, "--profile r"); found.AccessKeyID != test.want {
				t.Errorf("found %s, want %s", found.AccessKeyID, test.want)
			}
		})
	}
}

func TestHeadersForAgents(t *testing.T) {
	w := search{files: map[string]string{"t": "AGENTTOKEN"}, env: map[string]string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@URL@/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "other", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "@HOME@/t",
		"HTTP_PROXY": "http://127.0.0.1:1",
	}}.world(t)
	seek(t, w, "")
	if header := w.requests[0].header; header.Get("Authorization") != "AGENTTOKEN" || header.Get("Accept") != "application/json" {
		t.Errorf("the container was asked with %v", header)
	}
	w = search{env: instance}.world(t)
	w.env["HTTP_PROXY"] = "http://127.0.0.1:1"
	seek(t, w, "")
	if life := w.requests[0].header.Get("x-aws-ec2-metadata-token-ttl-seconds"); life != "21600" {
		t.Errorf("the token shall live %s", life)
	}
	for _, r := range w.requests[1:] {
		if token := r.header.Get("x-aws-ec2-metadata-token"); token != "IMDSTOK" {
			t.Errorf("%s with token %q", r.line, token)
		}
	}
}

func TestHostsOfContainers(t *testing.T) {
	for text, allowed := range map[string]bool{
		"http://127.0.0.1:8/x": true, "http://[::1]/x": true, "http://localhost/x": true, "http://169.254.170.2/x": true, "http://169.254.170.23/x": true,
		"http://[fd00:ec2::23]/x": true, "https://anywhere.example/x": true, "http://anywhere.example/x": false, "http://169.254.169.254/x": false,
		"http://127.0.0.1.example/x": false, "ftp://127.0.0.1/x": false, "http:///x": false, "127.0.0.1/x": false,
	} {
		if _, err := parseContainerURL(text); (err == nil) != allowed {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTheRegionOfTheInstance(t *testing.T) {
	const tokenAndZone = "PUT /latest/api/token, GET /latest/meta-data/placement/availability-zone/"
	tests := []struct {
		name     string
		env      map[string]string
		replies  map[string]string
		config   string
		want     string
		requests string
	}{
		{"where nothing names one", instance, nil, "", "eu-west-3", tokenAndZone},
		{"not where the environment names one", map[string]string{"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "@URL@", "AWS_DEFAULT_REGION": "a-1"}, nil, "", "a-1", ""},
		{"not where the profile names one", instance, nil, "[default]\nregion = b-1\n", "b-1", ""},
		{"by a service that the profile names", map[string]string{"AWS_EC2_METADATA_DISABLED": ""}, nil, "[default]\nec2_metadata_service_endpoint = @URL@/\n", "eu-west-3", tokenAndZone},
		{"by the first version", instance, map[string]string{"PUT /latest/api/token": "403|"}, "", "eu-west-3", tokenAndZone},
		{"by a service whose tokens are out of order", instance, map[string]string{"PUT /latest/api/token": "500|"}, "", "eu-west-3", tokenAndZone},
		{"not by a service that takes us for somebody bad", instance, map[string]string{"PUT /latest/api/token": "400|"}, "", "253", "PUT /latest/api/token"},
		{"not by an answer that leads to another host", instance, map[string]string{"GET /latest/meta-data/placement/availability-zone/": "x.evil.example/?b"}, "", "255", tokenAndZone},
		{"not by an empty answer", instance, map[string]string{"GET /latest/meta-data/placement/availability-zone/": ""}, "", "253", tokenAndZone},
		{"not where nobody listens", map[string]string{"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"}, nil, "", "253", ""},
		{"not where it is off", map[string]string{"AWS_EC2_METADATA_DISABLED": "True", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "@URL@"}, nil, "", "253", ""},
		{"not with a time-out that is none", map[string]string{"AWS_EC2_METADATA_DISABLED": "", "AWS_METADATA_SERVICE_TIMEOUT": "soon"}, nil, "", "255", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := search{env: test.env, config: test.config, replies: test.replies}.world(t)
			delete(w.env, "AWS_REGION")
			settings, err := w.settings(t, "")
			if err != nil {
				t.Fatal(err)
			}
			region, err := settings.Region()
			if got, sentence := outcome(region, err); got != test.want || w.lines() != test.requests {
				t.Errorf("got %s %s by %s, want %s by %s", got, sentence, w.lines(), test.want, test.requests)
			}
		})
	}
}

// Behind one hop too many the answer with the token is lost, and only the first version is left.
func TestATokenThatGetsLost(t *testing.T) {
	silent := silentServer(t)
	w := search{env: instance}.world(t)
	w.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = silent
	settings, err := w.settings(t, "")
	if err != nil {
		t.Fatal(err)
	}
	m, err := settings.instanceMetadata()
	if err != nil {
		t.Fatal(err)
	}
	m.transport = patience{time.Second, time.Millisecond}.transport(nil)
	if token, err := m.token(t.Context()); token != "" || err != nil {
		t.Errorf("got %q, %v; want to go on without a token", token, err)
	}
	m.v1 = false
	if _, err := m.token(t.Context()); err == nil || errors.Is(err, errNoMetadata) {
		t.Errorf("where the first version is off: %v", err)
	}
}

func TestCodesAreAskedFor(t *testing.T) {
	w := search{config: base + withRole + "source_profile = base\nmfa_serial = arn:mfa\n"}.world(t)
	settings, err := w.settings(t, "--profile r")
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	settings.Stdin, settings.Stderr = strings.NewReader("123456\r\n"), &shown
	code, err := settings.readLine(t.Context(), "Enter MFA code for arn:mfa: ")
	if err != nil || strings.TrimSpace(code) != "123456" || shown.String() != "Enter MFA code for arn:mfa: " {
		t.Errorf("got %q, %v after %q", code, err, shown.String())
	}
}

// terminals are a terminal and the person's side of it.
func terminals(t *testing.T) (person, terminal *os.File, state func() *term.State) {
	t.Helper()
	person, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close(); terminal.Close() })
	return person, terminal, func() *term.State {
		state, err := term.GetState(int(terminal.Fd()))
		if err != nil {
			t.Error(err)
		}
		return state
	}
}

// whenHidden does something as soon as the terminal is in another state than before, or never.
func whenHidden(ctx context.Context, state func() *term.State, then func()) {
	before := state()
	go func() {
		for ctx.Err() == nil {
			if !reflect.DeepEqual(state(), before) {
				then()
				return
			}
			runtime.Gosched()
		}
	}()
}

func TestCodesAreHidden(t *testing.T) {
	person, terminal, state := terminals(t)
	whenHidden(t.Context(), state, func() { io.WriteString(person, "123456\n") })
	code, err := hiddenLine(t.Context(), terminal, "code?")
	if err != nil || code != "123456" {
		t.Errorf("got %q, %v", code, err)
	}
	if line, err := bufio.NewReader(person).ReadString('\n'); err != nil || strings.TrimSpace(line) != "code?" {
		t.Errorf("the terminal shows %q, %v", line, err)
	}
}

// An interrupt ends the question and leaves the terminal as it was.
func TestAnInterruptShowsTheTerminalAgain(t *testing.T) {
	_, terminal, state := terminals(t)
	before := state()
	asked, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	whenHidden(asked, state, interrupt)
	if _, err := hiddenLine(asked, terminal, "code?"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if !reflect.DeepEqual(state(), before) {
		t.Error("typing stays hidden")
	}
}

// loginEntry is what `aws login` leaves, with a key of its own to prove who refreshes (RFC 9449).
func loginEntry(t *testing.T, expires string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	return `{"accessToken":{"accessKeyId":"AKLOGIN","secretAccessKey":"slogin","sessionToken":"tlogin","accountId":"1","expiresAt":"` + expires +
		`"},"clientId":"C","refreshToken":"REFRESH","dpopKey":` + string(proof) + `}`
}

func TestWhatAWSLoginLeft(t *testing.T) {
	const file = "login/2744ccd10c7533bd736ad890f9dd5cab2adb27b07d500b9493f29cdc420cb2e0.json" // SHA-256 of me
	const refreshed = `{"accessToken":{"accessKeyId":"AKAGAIN","secretAccessKey":"sagain","sessionToken":"tagain"},"tokenType":"aws_sigv4","expiresIn":900,"refreshToken":"NEWR"}`
	for _, test := range []struct{ name, expires, want, requests string }{
		{"is good", future, "AKLOGIN", ""},
		{"is refreshed", past, "AKAGAIN", "POST /signin/v1/token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := search{config: "[profile l]\nlogin_session = me\n", files: map[string]string{file: loginEntry(t, test.expires)},
				replies: map[string]string{"POST /signin/v1/token": refreshed},
				env:     map[string]string{"AWS_LOGIN_CACHE_DIRECTORY": "@HOME@/login", "AWS_ENDPOINT_URL_SIGNIN": "@URL@/signin"}}.world(t)
			if found := seek(t, w, "--profile l"); found.AccessKeyID != test.want || w.lines() != test.requests {
				t.Errorf("found %s by %s", found.AccessKeyID, w.lines())
			}
		})
	}
}

// The refresh token of `aws login` is for one endpoint, which cannot pass it on.
func TestARefreshTokenFollowsNoRedirect(t *testing.T) {
	const file = "login/2744ccd10c7533bd736ad890f9dd5cab2adb27b07d500b9493f29cdc420cb2e0.json" // SHA-256 of me
	var others atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { others.Add(1) }))
	defer other.Close()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		asked := httptest.NewServer(http.RedirectHandler(other.URL, status))
		w := search{config: "[profile l]\nlogin_session = me\n", files: map[string]string{file: loginEntry(t, past)},
			env: map[string]string{"AWS_LOGIN_CACHE_DIRECTORY": "@HOME@/login", "AWS_ENDPOINT_URL_SIGNIN": asked.URL}}.world(t)
		settings, err := w.settings(t, "--profile l")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := settings.credentials(t.Context(), "eu-west-1"); err == nil {
			t.Errorf("after %d there are credentials", status)
		}
		asked.Close()
	}
	if got := others.Load(); got != 0 {
		t.Errorf("the other server was asked %d times", got)
	}
}

// listing is an operation of the Query protocol with all that an input can hold.
var listing = &api.Operation{Service: api.STS, Name: "List", Method: "POST", Path: "/", Input: shape(
	&api.Member{Name: "Text"}, &api.Member{Name: "Names", Kind: api.List},
	&api.Member{Name: "Tags", Kind: api.List, Shape: shape(&api.Member{Name: "Key"}, &api.Member{Name: "Values", Kind: api.List})},
	&api.Member{Name: "Owner", Kind: api.Structure, Shape: shape(&api.Member{Name: "Id", Kind: api.Long})},
)}

func TestInputsOnTheWire(t *testing.T) {
	rest := &api.Operation{Service: api.SSO, Name: "Rest", Method: "GET", Path: "/p?fixed=1", Input: &api.Shape{Members: []*api.Member{
		{Name: "ids", Wire: "id", Kind: api.List, Location: api.QueryString}, {Name: "words", Wire: "X-Words", Kind: api.List, Location: api.Header}}}}
	tests := []struct {
		name      string
		operation *api.Operation
		input     string
		want      string // query, header X-Words, body
	}{
		{"texts of a form", listing, `{"Text":"a b&c/é"}`, "||Action=List&Version=2011-06-15&Text=a%20b%26c%2F%C3%A9"},
		{"a list of texts", listing, `{"Names":["a","b c"]}`, "||Action=List&Version=2011-06-15&Names.member.1=a&Names.member.2=b%20c"},
		{"an empty list", listing, `{"Names":[]}`, "||Action=List&Version=2011-06-15&Names="},
		{"a list of structures with lists", listing, `{"Tags":[{"Key":"k","Values":["x","y"]},{"Key":"l"}]}`,
			"||Action=List&Version=2011-06-15&Tags.member.1.Key=k&Tags.member.1.Values.member.1=x&Tags.member.1.Values.member.2=y&Tags.member.2.Key=l"},
		{"a structure", listing, `{"Owner":{"Id":12}}`, "||Action=List&Version=2011-06-15&Owner.Id=12"},
		{"lists of a query and a header", rest, `{"ids":["a","b c",true,3],"words":["x","y"]}`, "fixed=1&id=a&id=b%20c&id=true&id=3|x,y|"},
		{"an empty list of a query", rest, `{"ids":[]}`, "fixed=1||"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			input, err := jmespath.ParseJSON([]byte(test.input))
			if err != nil {
				t.Fatal(err)
			}
			m := newMessage(&url.URL{Scheme: "http", Host: "h"}, test.operation, input)
			if got := m.url.RawQuery + "|" + m.header.Get("X-Words") + "|" + string(m.body); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

// Whatever a program, an agent or a cache says, it is keys or it is an error that shows none of it.
func FuzzDocumentsWithKeys(f *testing.F) {
	for _, document := range []string{processReply, containerReply, instanceReply, `{"Credentials":` + containerReply + `}`, `{"Version":1,"AccessKeyId":{}}`, `[1]`, ``} {
		f.Add(document)
	}
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) {
		if found, err := readProcessOutput([]byte(document)); err == nil && (found.AccessKeyID == "" || found.SecretAccessKey == "") {
			t.Error("a program's keys are incomplete")
		}
		if found, err := readInstanceDocument(document); err == nil && (found.SessionToken == "" || found.expires.IsZero()) {
			t.Error("an instance's keys are incomplete")
		}
		value, err := jmespath.ParseJSON([]byte(document))
		if err != nil {
			return
		}
		if found, err := readContainerDocument(value); err == nil && found.SessionToken == "" {
			t.Error("a container's keys are incomplete")
		}
		if found, err := readGrant(value); err == nil {
			again, err := readGrant(forCache(value))
			if err != nil || !again.expires.Equal(found.expires.Truncate(time.Second)) {
				t.Errorf("kept as %v, %v; was %v", again.expires, err, found.expires)
			}
		}
	})
}

func FuzzContainerURL(f *testing.F) {
	for _, text := range []string{"http://127.0.0.1:8/x", "https://a/x", "http://[fd00:ec2::23]/", "http://localhost@evil/"} {
		f.Add(text)
	}
	for _, text := range vectors.URLs(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		endpoint, err := parseContainerURL(text)
		if err == nil && endpoint.Scheme == "http" && !strings.HasPrefix(endpoint.Hostname(), "127.") && !strings.Contains("169.254.170.2 169.254.170.23 localhost", endpoint.Hostname()) && !strings.Contains(endpoint.Hostname(), ":") {
			t.Errorf("%s may be asked without TLS", endpoint)
		}
	})
}
