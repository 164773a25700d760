package wire

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/sigv4"
	"sallyport/internal/store"
)

const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded; charset=utf-8" // as the SDKs write it
)

// unsized hides the length of a body, so that it is sent in chunks.
type unsized struct{ io.Reader }

func TestABodyIsReadUpToItsLimit(t *testing.T) {
	b := newBench(t)
	const head, tail = `{"clientName":"x","clientType":"public","unknown":"`, `"}`
	body := func(size int) string { return head + strings.Repeat("a", size-len(head)-len(tail)) + tail }
	cases := []struct {
		name    string
		size    int
		chunked bool
		status  int
	}{
		{"a body of the largest size", maxBody, false, http.StatusOK},
		{"one byte more", maxBody + 1, false, http.StatusRequestEntityTooLarge},
		{"the largest in chunks", maxBody, true, http.StatusOK},
		{"one byte more in chunks", maxBody + 1, true, http.StatusRequestEntityTooLarge},
		{"a megabyte", 1 << 20, false, http.StatusRequestEntityTooLarge},
		{"a megabyte in chunks", 1 << 20, true, http.StatusRequestEntityTooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := b.request("POST", "/client/register", body(c.size), "Content-Type", typeJSON)
			if c.chunked {
				r.Body, r.ContentLength = io.NopCloser(unsized{r.Body}), -1
			}
			got := b.do(r)
			if got.status != c.status {
				t.Fatalf("status %d, want %d: %.200s", got.status, c.status, got.body)
			}
			if c.status != http.StatusOK && !strings.Contains(got.body, `"__type":"InvalidRequestException","error":"invalid_request"`) {
				t.Errorf("the refusal is %s", got.body)
			}
		})
	}
}

func TestARefusalSaysTheSameInEveryPlaceThatClientsLookAt(t *testing.T) {
	b := newBench(t)
	for path, oauth := range map[string]bool{"/token": true, "/logout": false} {
		got := b.send("POST", path, "{}", "Content-Type", typeJSON)
		var body map[string]string
		if err := json.Unmarshal([]byte(got.body), &body); err != nil {
			t.Fatal(err)
		}
		if got.header.Get("X-Amzn-Errortype") != body["__type"] || body["__type"] == "" || body["message"] == "" {
			t.Errorf("%s: header %q, body %v", path, got.header.Get("X-Amzn-Errortype"), body)
		}
		if (body["error"] != "") != oauth || oauth && body["error_description"] != body["message"] {
			t.Errorf("%s: %v", path, body)
		}
	}
}

func TestAFailureShowsNothingOfItselfAndAsksToComeAgain(t *testing.T) {
	b := newBench(t)
	client, held := b.register(), b.vend("alice")
	granted := b.login(client)
	long, secret := b.keep()
	b.rows.Close()
	signed := b.signedBy(sigv4.Credentials{AccessKeyID: long, SecretAccessKey: secret})
	text, err := json.Marshal(map[string]string{
		"clientId": client.ClientID, "clientSecret": client.ClientSecret, "grantType": "refresh_token", "refreshToken": granted.RefreshToken,
	})
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"client_id": {client.ClientID}, "client_secret": {client.ClientSecret}, "token": {granted.AccessToken}}
	for name, got := range map[string]answer{
		"CreateToken":       b.send("POST", "/token", string(text), "Content-Type", typeJSON),
		"ListAccounts":      b.send("GET", "/assignment/accounts", "", "x-amz-sso_bearer_token", granted.AccessToken),
		"GetCallerIdentity": b.do(signed),
		"ListInstances":     b.do(b.target(sigv4.Credentials{AccessKeyID: long, SecretAccessKey: secret}, "sso", "SWBExternalService.ListInstances", "{}")),
		"introspection":     b.form("/introspect", form),
		"revocation":        b.form("/revoke", form),
	} {
		t.Run(name, func(t *testing.T) {
			exception := "InternalServerException"
			if name == "GetCallerIdentity" {
				exception = "InternalFailure" // as the Query protocol calls it
			}
			if !strings.Contains(got.body, exception) || !strings.Contains(got.body, internal.Message) {
				t.Errorf("the body says %s", got.body)
			}
			if got.status != http.StatusInternalServerError || got.header.Get("Retry-After") == "" ||
				got.header.Get("X-Amzn-Errortype") != exception {
				t.Errorf("got %d, %v", got.status, got.header)
			}
			for _, inner := range []string{"store", "closed", ".go", "goroutine", "sql"} {
				if strings.Contains(strings.ToLower(got.body), inner) {
					t.Errorf("the answer tells of %q: %s", inner, got.body)
				}
			}
		})
	}
	log := b.log.String()
	if n := strings.Count(log, "msg=Failed"); n != 6 {
		t.Errorf("%d failures are logged, want each once:\n%s", n, log)
	}
	for _, secret := range []string{granted.AccessToken, granted.RefreshToken, client.ClientSecret, held.SecretAccessKey, secret} {
		if strings.Contains(log, secret) {
			t.Error("the log holds a secret")
		}
	}
}

func TestThrottledAndUnavailableCallersHearWhenToComeAgain(t *testing.T) {
	for kind, want := range map[*fault.Kind]string{
		fault.TooManyRequests: retryAfter, fault.TemporarilyUnavailable: retryAfter, fault.InternalServer: retryAfter,
		fault.SlowDown: "", fault.InvalidRequest: "", fault.Unauthorized: "",
	} {
		w := httptest.NewRecorder()
		writeRefusal(w, true, kind.Refuse("no"))
		if got := w.Header().Get("Retry-After"); got != want || w.Code != kind.Status {
			t.Errorf("%s: status %d, Retry-After %q, want %q", kind.Name, w.Code, got, want)
		}
	}
}

func TestMembersOfExceptionsAreWrittenBesideTheMessage(t *testing.T) {
	moved := fault.InvalidRequestRegion.Refuse("call the other one").With("endpoint", "https://other.example").With("region", `eu-"1`)
	w := httptest.NewRecorder()
	writeRefusal(w, true, moved)
	const wantREST = `{"__type":"InvalidRequestRegionException","error":"invalid_request","error_description":"call the other one",` +
		`"message":"call the other one","endpoint":"https://other.example","region":"eu-\"1"}`
	if w.Body.String() != wantREST || w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	locked := fault.Validation.Refuse("the key is disabled").With("Reason", "KMS_DisabledException")
	for service, want := range map[*api.Service]string{
		api.SSOAdmin:      `{"__type":"ValidationException","Message":"the key is disabled","Reason":"KMS_DisabledException"}`,
		api.IdentityStore: `{"__type":"ValidationException","Message":"the key is disabled","Reason":"KMS_DisabledException","RequestId":"the-request-id"}`,
	} {
		w := httptest.NewRecorder()
		writeTargetRefusal(w, service, api.Caller{RequestID: requestID}, locked)
		if w.Body.String() != want {
			t.Errorf("%s: %s", service.ID, w.Body)
		}
	}
}

// target returns a signed request of a JSON service.
func (b *bench) target(who sigv4.Credentials, service, target, body string) *http.Request {
	b.t.Helper()
	r := b.request("POST", "/", body, "Content-Type", targetBody.mediaType, "X-Amz-Target", target)
	if err := (sigv4.Signer{Credentials: who, Region: "us-east-1", Service: service}).Sign(r, []byte(body), b.clock.Now()); err != nil {
		b.t.Fatal(err)
	}
	return r
}

// keep makes a long-lived key.
func (b *bench) keep() (accessKeyID, secret string) {
	b.t.Helper()
	accessKeyID, secret = creds.NewAccessKey()
	err := b.rows.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.AddIAMUser(store.IAMUser{AccountID: "999988887777", UserName: "admin", Path: "/"}); err != nil {
			return err
		}
		return tx.AddAccessKey(store.AccessKey{
			AccessKeyID: accessKeyID, SealedSecret: creds.SealAccessKeySecret(b.ring, accessKeyID, secret), AccountID: "999988887777", UserName: "admin",
		})
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return accessKeyID, secret
}

const whoAmI = "Action=GetCallerIdentity&Version=2011-06-15"

// signedBy returns a signed question who one is, which is changed before it is signed.
func (b *bench) signedBy(c sigv4.Credentials, change ...func(*sigv4.Signer, *http.Request)) *http.Request {
	b.t.Helper()
	r := b.request("POST", "/", whoAmI, "Content-Type", typeForm)
	signer := sigv4.Signer{Credentials: c, Region: "us-east-1", Service: "sts"}
	for _, c := range change {
		c(&signer, r)
	}
	if err := signer.Sign(r, []byte(whoAmI), b.clock.Now()); err != nil {
		b.t.Fatal(err)
	}
	return r
}

func credentialsOf(c creds.RoleCredentials) sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

// identity is the answer of GetCallerIdentity, and refusal that of any operation of the Query protocol.
type identity struct {
	XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
	ARN       string   `xml:"GetCallerIdentityResult>Arn"`
	UserID    string   `xml:"GetCallerIdentityResult>UserId"`
	Account   string   `xml:"GetCallerIdentityResult>Account"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

type xmlRefusal struct {
	XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

func (b *bench) wantIdentity(got answer, userName string) {
	b.t.Helper()
	var id identity
	if err := xml.Unmarshal([]byte(got.body), &id); err != nil || got.status != http.StatusOK {
		b.t.Fatalf("status %d, %v: %s", got.status, err, got.body)
	}
	wantARN := "arn:aws:sts::" + account + ":assumed-role/AWSReservedSSO_Admin_0123456789abcdef/" + userName
	if id.ARN != wantARN || id.Account != account || !strings.HasPrefix(id.UserID, "AROA") || !strings.HasSuffix(id.UserID, ":"+userName) ||
		id.RequestID != requestID || got.header.Get("Content-Type") != "text/xml" || got.header.Get("Cache-Control") != "no-store" {
		b.t.Errorf("got %+v, %v", id, got.header)
	}
}

func TestWhoSignedIsToldToOwnAndForeignSigners(t *testing.T) {
	b := newBench(t)
	vended := b.vend("alice")
	b.wantIdentity(b.do(b.signedBy(credentialsOf(vended))), "alice")

	r := b.request("POST", "/", whoAmI, "Content-Type", typeForm, "Amz-Sdk-Request", "attempt=1; max=3")
	hash := sha256.Sum256([]byte(whoAmI))
	err := v4.NewSigner().SignHTTP(ctx, aws.Credentials{
		AccessKeyID: vended.AccessKeyID, SecretAccessKey: vended.SecretAccessKey, SessionToken: vended.SessionToken,
	}, r, hex.EncodeToString(hash[:]), "sts", "eu-central-1", b.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.wantIdentity(b.do(r), "alice")

	long, secret := b.keep()
	got := b.do(b.signedBy(sigv4.Credentials{AccessKeyID: long, SecretAccessKey: secret}))
	if got.status != http.StatusOK || !strings.Contains(got.body, "<Arn>arn:aws:iam::999988887777:user/admin</Arn>") {
		t.Errorf("a long-lived key: %d, %s", got.status, got.body)
	}
}

func TestARequestThatIsNotSignedWellIsRefusedByItsName(t *testing.T) {
	type change = func(*sigv4.Signer, *http.Request)
	cases := []struct {
		name   string
		before change              // before it is signed
		after  func(*http.Request) // after it was signed
		later  time.Duration       // between signing and sending
		use    func(b *bench) sigv4.Credentials
		status int
		code   string
		words  string // in the message
	}{
		{name: "not at all", after: func(r *http.Request) { r.Header.Del("Authorization") },
			status: 403, code: "MissingAuthenticationToken", words: "Request is missing Authentication Token"},
		{name: "with a wrong secret", before: func(s *sigv4.Signer, _ *http.Request) { s.Credentials.SecretAccessKey += "x" },
			status: 403, code: "SignatureDoesNotMatch"},
		{name: "for another service", before: func(s *sigv4.Signer, _ *http.Request) { s.Service = "sso-oauth" },
			status: 403, code: "SignatureDoesNotMatch", words: "service"},
		{name: "over another body", after: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(whoAmI + "&")); r.ContentLength++ },
			status: 403, code: "SignatureDoesNotMatch"},
		{name: "for another host", after: func(r *http.Request) { r.Host = "sts.amazonaws.com" },
			status: 403, code: "SignatureDoesNotMatch"},
		{name: "with a query that was added", after: func(r *http.Request) { r.URL.RawQuery = "a=b" },
			status: 403, code: "SignatureDoesNotMatch"},
		{name: "too long ago", later: 6 * time.Minute, status: 403, code: "SignatureDoesNotMatch", words: "Signature expired: "},
		{name: "in the future", later: -6 * time.Minute, status: 403, code: "SignatureDoesNotMatch", words: "Signature not yet current: "},
		{name: "with a key that is unknown", use: func(*bench) sigv4.Credentials {
			return sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "x"}
		}, status: 403, code: "InvalidClientTokenId", words: "The security token included in the request is invalid"},
		{name: "with a key that is unknown and no secret", use: func(*bench) sigv4.Credentials {
			return sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE"}
		}, status: 403, code: "InvalidClientTokenId"},
		{name: "without the session token", before: func(s *sigv4.Signer, _ *http.Request) { s.Credentials.SessionToken = "" },
			status: 403, code: "InvalidClientTokenId"},
		{name: "with another session token", use: func(b *bench) sigv4.Credentials {
			c := credentialsOf(b.vend("alice"))
			c.SessionToken = b.vend("alice").SessionToken
			return c
		}, status: 403, code: "InvalidClientTokenId"},
		{name: "with a session token that was added", after: func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "x") },
			use: func(b *bench) sigv4.Credentials {
				id, secret := b.keep()
				return sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret}
			}, status: 400, code: "IncompleteSignature"},
		{name: "with a header that is no claim", after: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x") },
			status: 400, code: "IncompleteSignature"},
		{name: "with credentials that have expired", use: func(b *bench) sigv4.Credentials {
			c := credentialsOf(b.vend("alice"))
			b.clock.Advance(time.Hour)
			return c
		}, status: 403, code: "ExpiredToken", words: "expired"},
		{name: "with expired credentials and a wrong secret, which says nothing of their age", use: func(b *bench) sigv4.Credentials {
			c := credentialsOf(b.vend("alice"))
			c.SecretAccessKey += "x"
			b.clock.Advance(time.Hour)
			return c
		}, status: 403, code: "SignatureDoesNotMatch"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			use := credentialsOf(b.vend("alice"))
			if c.use != nil {
				use = c.use(b)
			}
			var before []change
			if c.before != nil {
				before = append(before, c.before)
			}
			r := b.signedBy(use, before...)
			if c.after != nil {
				c.after(r)
			}
			b.clock.Advance(c.later)
			got := b.do(r)
			var refusal xmlRefusal
			if err := xml.Unmarshal([]byte(got.body), &refusal); err != nil {
				t.Fatalf("%v: %s", err, got.body)
			}
			if got.status != c.status || refusal.Code != c.code || !strings.Contains(refusal.Message, c.words) || refusal.Type != "Sender" ||
				refusal.RequestID != requestID || got.header.Get("X-Amzn-Errortype") != c.code || got.header.Get("Content-Type") != "text/xml" {
				t.Errorf("got %d, %+v, want %d, %s", got.status, refusal, c.status, c.code)
			}
		})
	}
}

func TestTheDocumentsNameTheIssuerAndEndpointsThatAnswer(t *testing.T) {
	b := newBench(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		got := b.send("GET", path, "")
		var document struct {
			Issuer   string `json:"issuer"`
			Token    string `json:"token_endpoint"`
			Register string `json:"registration_endpoint"`
			Device   string `json:"device_authorization_endpoint"`
			Revoke   string `json:"revocation_endpoint"`
			Inspect  string `json:"introspection_endpoint"`
			JWKS     string `json:"jwks_uri"`
		}
		if err := json.Unmarshal([]byte(got.body), &document); err != nil || got.status != http.StatusOK {
			t.Fatalf("status %d, %v", got.status, err)
		}
		if document.Issuer != b.url || got.header.Get("Cache-Control") != publicCache {
			t.Errorf("issuer %q of %q, %q", document.Issuer, b.url, got.header.Get("Cache-Control"))
		}
		for _, endpoint := range []string{document.Token, document.Register, document.Device, document.Revoke, document.Inspect} {
			path, ours := strings.CutPrefix(endpoint, b.url)
			if answer := b.send("POST", path, ""); !ours || answer.status == http.StatusNotFound || answer.status == http.StatusMethodNotAllowed {
				t.Errorf("POST %s answers %d", endpoint, answer.status)
			}
		}
		set := b.send("GET", strings.TrimPrefix(document.JWKS, b.url), "")
		var jwks struct {
			Keys []map[string]string `json:"keys"`
		}
		if err := json.Unmarshal([]byte(set.body), &jwks); err != nil || len(jwks.Keys) == 0 {
			t.Fatalf("%v: %s", err, set.body)
		}
		for _, key := range jwks.Keys {
			if key["kty"] != "EC" || key["kid"] == "" || key["d"] != "" {
				t.Errorf("a key is %v", key)
			}
		}
		for _, path := range []string{path, strings.TrimPrefix(document.JWKS, b.url)} {
			whole, head := b.send("GET", path, ""), b.send("HEAD", path, "")
			if head.status != http.StatusOK || head.body != "" || head.header.Get("Content-Length") != whole.header.Get("Content-Length") {
				t.Errorf("HEAD %s: %d, %q, %v", path, head.status, head.body, head.header)
			}
		}
	}
}

func TestClientAndSecretInHTTPBasicAreDecodedOnce(t *testing.T) {
	const raw, encoded = "a b:c%+\u00e9", "a+b%3Ac%25%2B%C3%A9" // RFC 6749 §2.3.1 with Appendix B
	cases := []struct {
		name, id, secret string
		want             tokenForm
		refused          *fault.Kind
	}{
		{name: "reserved characters, encoded", id: encoded, secret: encoded, want: tokenForm{raw, raw, "t"}},
		{name: "nothing to encode", id: "client", secret: "secret", want: tokenForm{"client", "secret", "t"}},
		{name: "a colon in the secret, not encoded, since only the first one divides", id: "client", secret: "a:b", want: tokenForm{"client", "a:b", "t"}},
		{name: "a percent sign that was encoded twice stays encoded once", id: "a%2525", secret: "s", want: tokenForm{"a%25", "s", "t"}},
		{name: "a percent sign that was not encoded", id: "100%", secret: "s", refused: fault.InvalidClient},
		{name: "in the secret", id: "client", secret: "%zz", refused: fault.InvalidClient},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/introspect", strings.NewReader("token=t"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.id+":"+c.secret)))
			got, err := readTokenForm(httptest.NewRecorder(), r)
			if refusal, ok := fault.As(err); ok != (c.refused != nil) || ok && refusal.Kind != c.refused || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestATokenOfTheClientIsDescribedToIt(t *testing.T) {
	b := newBench(t)
	client := b.register()
	granted := b.login(client)
	basic := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(client.ClientID) + ":" + url.QueryEscape(client.ClientSecret)))
	inForm := b.form("/introspect", url.Values{"client_id": {client.ClientID}, "client_secret": {client.ClientSecret}, "token": {granted.AccessToken}})
	inHeader := b.form("/introspect", url.Values{"token": {granted.AccessToken}}, "Authorization", "Basic "+basic)
	both := b.form("/introspect", url.Values{"client_id": {client.ClientID}, "token": {granted.AccessToken}}, "Authorization", "Basic "+basic)
	for name, got := range map[string]answer{"form": inForm, "header": inHeader, "header, named in the form too": both} {
		var told struct {
			Active   bool   `json:"active"`
			Username string `json:"username"`
			Issuer   string `json:"iss"`
		}
		if err := json.Unmarshal([]byte(got.body), &told); err != nil || !told.Active || told.Username != "alice" || told.Issuer != b.url {
			t.Errorf("by %s: %d, %s", name, got.status, got.body)
		}
	}
}

func TestRoleCredentialsFromThePortalSignARequest(t *testing.T) {
	b := newBench(t)
	granted := b.login(b.register())
	got := b.send("GET", "/federation/credentials?account_id="+account+"&role_name=Admin", "", "x-amz-sso_bearer_token", granted.AccessToken)
	var vended struct {
		RoleCredentials struct {
			AccessKeyID     string `json:"accessKeyId"`
			SecretAccessKey string `json:"secretAccessKey"`
			SessionToken    string `json:"sessionToken"`
			Expiration      int64  `json:"expiration"`
		} `json:"roleCredentials"`
	}
	if err := json.Unmarshal([]byte(got.body), &vended); err != nil || got.status != http.StatusOK || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d, %v, %v", got.status, err, got.header)
	}
	c := vended.RoleCredentials
	if left := time.UnixMilli(c.Expiration).Sub(b.clock.Now()); left < 59*time.Minute || left > time.Hour {
		t.Errorf("they live for %v", left)
	}
	signed := b.do(b.signedBy(sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}))
	if signed.status != http.StatusOK || !strings.Contains(signed.body, "assumed-role/AWSReservedSSO_Admin_") {
		t.Errorf("%d, %s", signed.status, signed.body)
	}
}

func TestAFailureInAnOperationThatIsNotRefusedIsLoggedOnceWithItsCause(t *testing.T) {
	log := &lines{}
	handler := api.ListAccounts.Handle(func(context.Context, api.Caller, *api.ListAccountsRequest) (*api.ListAccountsResponse, error) {
		return nil, errors.New("the disk is on fire")
	})
	rim := New(Options{
		Handlers: []api.Handler{handler}, Log: slog.New(slog.NewTextHandler(log, nil)),
		Caller: func(*http.Request) api.Caller { return api.Caller{Address: netip.MustParseAddr("127.0.0.1")} },
	})
	mux := http.NewServeMux()
	rim.Routes(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/assignment/accounts", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "fire") {
		t.Errorf("%d, %s", w.Code, w.Body)
	}
	if got := log.String(); strings.Count(got, "on fire") != 1 || !strings.Contains(got, "operation=ListAccounts") {
		t.Errorf("the log says %s", got)
	}
}
