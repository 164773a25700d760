package wire

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/admin"
	"sallyport/internal/api"
	"sallyport/internal/assertion"
	"sallyport/internal/creds"
	"sallyport/internal/iam"
	"sallyport/internal/identitystore"
	"sallyport/internal/keys"
	"sallyport/internal/oauth"
	"sallyport/internal/portal"
	"sallyport/internal/store"
	"sallyport/internal/sts"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
	"sallyport/internal/token"
)

var ctx = context.Background()

const (
	instanceID = "ssoins-1111111111111111"
	requestID  = "the-request-id"
	account    = "111122223333"
	owner      = "999988887777" // the account that the instance belongs to
	directory  = "d-1234567890"

	applicationID  = "apl-2222222222222222"
	applicationARN = "arn:aws:sso::" + owner + ":application/" + instanceID + "/" + applicationID
)

// bench is the rim on a socket, with the real rooms and a real store behind it.
type bench struct {
	t       testing.TB
	url     string
	handler http.Handler
	clock   *sys.Clock
	rows    *store.Store
	ring    *keys.Ring
	tokens  *token.Service
	iam     *iam.Service
	log     *lines
}

// lines is a log that a test reads while a server writes.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, clock: &sys.Clock{}, log: &lines{}}
	dir := t.TempDir()
	var err error
	if b.rows, err = store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Clock: b.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.rows.Close() })
	root, err := keys.RootKeyFile(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	if b.ring, err = keys.Open(ctx, b.rows, root, instanceID); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	b.url = server.URL
	b.serve()
	b.furnish()
	return b
}

// serve joins the rooms to the rim.
func (b *bench) serve() {
	log := slog.New(slog.NewTextHandler(b.log, nil))
	b.iam = iam.New(iam.Options{Store: b.rows, Ring: b.ring, Clock: b.clock, Log: log})
	b.tokens = token.New(token.Options{
		Store: b.rows, Ring: b.ring, Clock: b.clock, Log: log, Issuer: b.url,
		StartURLs:       token.StartURLs{Own: b.url + "/start", InstanceID: instanceID, IdentityStoreID: directory, Region: "us-east-1"},
		SessionDuration: 8 * time.Hour, RefreshWindow: 30 * time.Second, DeviceCodeLifetime: 10 * time.Minute, PollInterval: time.Second,
		DeviceGrant: true, ApprovalMaxAge: 15 * time.Minute, OwnerAccountID: owner, Access: b.iam.Access,
	})
	portals := portal.New(portal.Options{Store: b.rows, Ring: b.ring, Clock: b.clock, Log: log})
	security := sts.New(sts.Options{
		Store: b.rows, Ring: b.ring, Clock: b.clock, Log: log, Access: b.iam.Access, Assertions: assertion.New(assertion.Options{Now: b.clock.Now}),
	})
	configuration := admin.New(admin.Options{Store: b.rows, Ring: b.ring, Clock: b.clock, Log: log})
	people := identitystore.New(identitystore.Options{Store: b.rows, Ring: b.ring, Log: log, IdentityStoreID: directory})
	rim := New(Options{
		Handlers: slices.Concat(b.tokens.Handlers(), portals.Handlers(), security.Handlers(), configuration.Handlers(), people.Handlers()),
		FindKey:  b.iam.FindKey, Authorize: b.iam.Authorize, Now: b.clock.Now, Log: log,
		Caller: func(*http.Request) api.Caller {
			return api.Caller{Address: netip.MustParseAddr("127.0.0.1"), RequestID: requestID}
		},
		OAuth: OAuth{
			Discovery: b.tokens.Discovery(), JWKS: b.ring.JWKS, Revoke: b.tokens.Revoke,
			Introspect: func(ctx context.Context, clientID, clientSecret, text string) (any, error) {
				return b.tokens.Introspect(ctx, clientID, clientSecret, text)
			},
		},
	})
	mux := http.NewServeMux()
	rim.Routes(mux)
	mux.HandleFunc("/", rim.NotFound)
	b.handler = rim.Presigned(mux)
}

// furnish makes a person who may be Admin in one account, and an application.
func (b *bench) furnish() {
	b.t.Helper()
	err := b.rows.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PutInstance(store.Instance{
			InstanceID: instanceID, IdentityStoreID: directory, OwnerAccountID: owner, Region: "us-east-1", Name: "home",
		}); err != nil {
			return err
		}
		for _, err := range []error{
			tx.PutUser(store.User{UserID: "u", UserName: "alice", Status: store.StatusEnabled}),
			tx.PutAccount(store.Account{AccountID: account, Name: "Dev & Test", Email: "dev@example.test"}),
			tx.PutPermissionSet(store.PermissionSet{PermissionSetID: "ps-1", Name: "Admin", SessionDurationS: 3600}),
			tx.PutApplication(store.Application{
				ApplicationID: applicationID, InstanceID: instanceID, AccountID: owner, Name: "app", Status: store.StatusEnabled,
				ProviderARN: "arn:aws:sso::aws:applicationProvider/custom", BackgroundSession: store.StatusDisabled,
			}),
			tx.AddAssignment(store.Assignment{PrincipalType: store.PrincipalUser, PrincipalID: "u", AccountID: account, PermissionSetID: "ps-1"}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) register() *api.RegisterClientResponse {
	b.t.Helper()
	client, err := b.tokens.RegisterClient(ctx, api.Caller{}, &api.RegisterClientRequest{
		ClientName: "tester", ClientType: "public", Scopes: []string{"sso:account:access"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return client
}

func (b *bench) start(client *api.RegisterClientResponse) *api.StartDeviceAuthorizationResponse {
	b.t.Helper()
	started, err := b.tokens.StartDeviceAuthorization(ctx, api.Caller{}, &api.StartDeviceAuthorizationRequest{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: b.url + "/start",
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return started
}

// login goes through the device flow of a client.
func (b *bench) login(client *api.RegisterClientResponse) *api.CreateTokenResponse {
	b.t.Helper()
	started := b.start(client)
	device, found, err := b.tokens.FindDevice(ctx, started.UserCode)
	if err != nil || !found {
		b.t.Fatal(found, err)
	}
	person := token.Person{UserID: "u", AuthTime: b.clock.Now()}
	if _, _, err := b.tokens.DecideDevice(ctx, api.Caller{}, person, device.DeviceID, true); err != nil {
		b.t.Fatal(err)
	}
	out, err := b.tokens.CreateToken(ctx, api.Caller{}, &api.CreateTokenRequest{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, GrantType: string(oauth.GrantDeviceCode), DeviceCode: started.DeviceCode,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// vend makes credentials of a role for a person of that name.
func (b *bench) vend(userName string) creds.RoleCredentials {
	return b.vendUntil(userName, b.clock.Now().Add(time.Hour))
}

func (b *bench) vendUntil(userName string, end time.Time) creds.RoleCredentials {
	return creds.VendRole(b.ring, creds.Role{
		Account: account, RoleName: "AWSReservedSSO_Admin_0123456789abcdef", SessionName: userName, UserID: "u", ExpiresAt: end.UnixMilli(),
	})
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *bench) request(method, path, body string, header ...string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func (b *bench) do(r *http.Request) answer {
	b.t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

func (b *bench) send(method, path, body string, header ...string) answer {
	b.t.Helper()
	return b.do(b.request(method, path, body, header...))
}

func (b *bench) form(path string, values url.Values, header ...string) answer {
	b.t.Helper()
	return b.send("POST", path, values.Encode(), append(header, "Content-Type", "application/x-www-form-urlencoded")...)
}
