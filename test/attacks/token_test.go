package attacks

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/smithy-go"

	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

var tokenSteps = map[string]attack{
	"token-json-array": func(w *world) {
		for _, body := range []string{`[]`, `"x"`, `1`, `null`, `true`, ``, " \r\n\t", `[{"clientId":"a"}]`, `{`, `{}x`, `{"clientId":null,"clientSecret":null,"grantType":null}`} {
			for _, path := range []string{"/token", "/client/register", "/device_authorization"} {
				w.refused(w.send("POST", path, asJSON, []byte(body)), 400, "InvalidRequestException")
			}
		}
	},
	"token-json-big": func(w *world) {
		big := []byte(`{"clientId":"` + strings.Repeat("a", 1<<20) + `"}`)
		w.refused(w.send("POST", "/token", asJSON, big), 413, "InvalidRequestException")
		// Without a length, and without an end: refused before anything is read.
		endless, more := io.Pipe()
		go func() {
			chunk := bytes.Repeat([]byte("a"), 1<<16)
			for {
				if _, err := more.Write(chunk); err != nil {
					return
				}
			}
		}()
		defer endless.Close()
		r, err := http.NewRequest("POST", w.server.Endpoint+"/token", endless)
		if err != nil {
			w.t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		w.refused(w.do(r), 400, "InvalidRequestException")
	},
	"token-ctype-missing": func(w *world) {
		c := w.register()
		d := w.start(c)
		body := `{"clientId":"` + c.id + `","clientSecret":"` + c.secret + `","grantType":"` + grantDevice + `","deviceCode":"` + d.code + `"}`
		wide := new(bytes.Buffer)
		for _, unit := range utf16.Encode([]rune(body)) {
			wide.Write([]byte{byte(unit), byte(unit >> 8)})
		}
		for kind, text := range map[string]string{
			"": body, "text/plain": body, "application/json; charset=utf-16": wide.String(), "multipart/form-data; boundary=x": body,
			"application/x-www-form-urlencoded": body, "application/jsonp": body, "text/plain; application/json": body, "application/json, text/plain": body,
		} {
			header := map[string]string{}
			if kind != "" {
				header["Content-Type"] = kind
			}
			w.t.Logf("%q", kind)
			w.refusedBy(w.refused(w.send("POST", "/token", header, []byte(text)), 415, "InvalidRequestException"), 400, 415)
		}
		w.refused(w.send("POST", "/token", map[string]string{"Content-Type": "application/json; charset=UTF-8"}, []byte(body)), 400, "AuthorizationPendingException")
	},
	"token-method": func(w *world) {
		for _, path := range []string{"/token", "/client/register", "/device_authorization"} {
			for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"} {
				a := w.send(method, path, map[string]string{"X-Echo": "do-not-echo"}, nil)
				if a.status != 405 || a.header.Get("Allow") == "" || strings.Contains(string(a.body), "do-not-echo") {
					w.t.Errorf("%s %s: %s", method, path, a)
				}
			}
		}
	},
	"token-err-internal": func(w *world) {
		w = w.another()
		*w.broken = true
		c := w.register()
		d := w.start(c)
		w.decide(d, "alice", "approve")
		broken := func(from, to string) {
			w.t.Helper()
			w.sql("ALTER TABLE " + from + " RENAME TO " + to)
		}
		broken("device_authorization", "gone")
		a := w.poll(c, d)
		if w.refusedBy(a, 500, 503); !oneOf("server_error|temporarily_unavailable", a.member("error")) || a.header.Get("Retry-After") == "" {
			w.t.Errorf("without its table: %s %q", a, a.header)
		}
		broken("gone", "device_authorization")
		w.control(200, "/_dev/fault", members{"operation": "CreateToken", "exception": "InternalServerException"}, nil)
		if a := w.refused(w.poll(c, d), 500, "InternalServerException"); a.member("error") != "server_error" || a.header.Get("Retry-After") == "" {
			w.t.Errorf("an injected failure: %s %q", a, a.header)
		}
		w.want(200, w.poll(c, d)) // the code is not burned
	},
	"token-std-basic-enc": func(w *world) {
		c := w.register()
		token := w.login(c, "alice").access
		basic := func(id, secret string) map[string]string {
			return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}
		}
		everyByte := func(text string) string {
			var b strings.Builder
			for i := range len(text) {
				b.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[text[i]>>4])+string("0123456789abcdef"[text[i]&15])))
			}
			return b.String()
		}
		form := url.Values{"token": {token}}
		for what, header := range map[string]map[string]string{
			"as it is": basic(c.id, c.secret), "form-encoded": basic(url.QueryEscape(c.id), url.QueryEscape(c.secret)),
			"every byte escaped": basic(everyByte(c.id), everyByte(c.secret)),
		} {
			if a := w.postForm("/introspect", form, header); a.status != 200 || !strings.Contains(string(a.body), `"active":true`) {
				w.t.Errorf("%s: %s", what, a)
			}
		}
		for what, header := range map[string]map[string]string{
			"escaped twice": basic(everyByte(everyByte(c.id)), everyByte(everyByte(c.secret))), "no secret": basic(c.id, ""),
			"a broken escape": basic(c.id, "%zz"), "a wrong secret": basic(c.id, c.secret+"A"), "swapped": basic(c.secret, c.id),
		} {
			w.t.Log(what)
			w.refused(w.postForm("/introspect", form, header), 401, "InvalidClientException")
		}
		twice := url.Values{"token": {token}, "client_id": {c.id}, "client_secret": {c.secret}}
		w.refused(w.postForm("/introspect", twice, basic(c.id, c.secret)), 400, "InvalidRequestException")
	},
	"token-error-shape": func(w *world) {
		// The Go SDK here; botocore and the JavaScript SDK see the same answers in test/clients. What every error of the run must have is
		// in watch.
		w = w.another()
		w.sdkSees("CreateToken", []string{
			"AccessDeniedException", "AuthorizationPendingException", "ExpiredTokenException", "InternalServerException", "InvalidClientException",
			"InvalidGrantException", "InvalidRequestException", "InvalidScopeException", "SlowDownException", "UnauthorizedClientException",
			"UnsupportedGrantTypeException",
		}, func(ctx context.Context) error {
			_, err := w.oidc().CreateToken(ctx, &ssooidc.CreateTokenInput{ClientId: aws.String("a"), ClientSecret: aws.String("b"), GrantType: aws.String("c")})
			return err
		})
		w.sdkSees("RegisterClient", []string{
			"InternalServerException", "InvalidClientMetadataException", "InvalidRedirectUriException", "InvalidRequestException",
			"InvalidScopeException", "SlowDownException", "UnsupportedGrantTypeException",
		}, func(ctx context.Context) error {
			_, err := w.oidc().RegisterClient(ctx, &ssooidc.RegisterClientInput{ClientName: aws.String("a"), ClientType: aws.String("public")})
			return err
		})
		w.sdkSees("StartDeviceAuthorization", []string{
			"InternalServerException", "InvalidClientException", "InvalidRequestException", "SlowDownException", "UnauthorizedClientException",
		}, func(ctx context.Context) error {
			_, err := w.oidc().StartDeviceAuthorization(ctx, &ssooidc.StartDeviceAuthorizationInput{
				ClientId: aws.String("a"), ClientSecret: aws.String("b"), StartUrl: aws.String("c"),
			})
			return err
		})
		w.sdkSees("ListAccounts", []string{
			"InvalidRequestException", "ResourceNotFoundException", "TooManyRequestsException", "UnauthorizedException",
		}, func(ctx context.Context) error {
			_, err := w.portal().ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: aws.String("a")})
			return err
		})
	},
}

// sql runs a statement on the rows of the server, beside it.
func (w *world) sql(statement string, values ...any) [][]string {
	w.t.Helper()
	rows := harness.Rows(w.t, w.server.Data, statement, values...)
	if !strings.HasPrefix(statement, "SELECT") {
		heard()
	}
	return rows
}

// heard waits as long as servers that share a PostgreSQL may take to hear of what others changed. On SQLite they ask.
func heard() {
	if testdb.OnPostgreSQL() {
		time.Sleep(time.Second)
	}
}

// number runs a statement that counts.
func (w *world) number(statement string, values ...any) int {
	w.t.Helper()
	n, err := strconv.Atoi(w.sql(statement, values...)[0][0])
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// audits counts the events of a name in the audit.
func (w *world) audits(event string) int {
	w.t.Helper()
	return w.number("SELECT COUNT(*) FROM audit_event WHERE name = $1", event)
}

// audited fails the entry unless so many events of the name are in the audit.
func (w *world) audited(event string, want int) {
	w.t.Helper()
	if got := w.audits(event); got != want {
		w.t.Errorf("%d events %s are in the audit, want %d", got, event, want)
	}
}

func (w *world) oidc() *ssooidc.Client {
	return ssooidc.New(ssooidc.Options{BaseEndpoint: &w.server.Endpoint, Region: "us-east-1", Retryer: aws.NopRetryer{}})
}

func (w *world) portal() *sso.Client {
	return sso.New(sso.Options{BaseEndpoint: &w.server.Endpoint, Region: "us-east-1", Retryer: aws.NopRetryer{}})
}

// sdkSees has an operation answer with each exception, and fails the entry unless the SDK makes its type of it.
func (w *world) sdkSees(operation string, exceptions []string, call func(context.Context) error) {
	w.t.Helper()
	*w.broken = true // InternalServerException is among them
	for _, exception := range exceptions {
		w.control(200, "/_dev/fault", members{"operation": operation, "exception": exception}, nil)
		err := call(w.t.Context())
		var typed smithy.APIError
		var generic *smithy.GenericAPIError
		if !errors.As(err, &typed) || errors.As(err, &generic) || typed.ErrorCode() != exception {
			w.t.Errorf("%s: the SDK made %T of %s: %v", operation, typed, exception, err)
		}
	}
}
