package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/directory"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

func mustHouse(t *testing.T) *House {
	t.Helper()
	config := mustLoad(t, []string{"--dev", "--data", t.TempDir()}, nil)
	house, err := OpenHouse(context.Background(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { house.Close() })
	return house
}

func TestTheDemoIsSetUpOnceAndItsPasswordsAreGood(t *testing.T) {
	house := mustHouse(t)
	ctx := context.Background()
	for range 2 {
		if err := house.furnish(ctx); err != nil {
			t.Fatal(err)
		}
	}
	users, err := house.demoUsers(ctx)
	if err != nil || len(users) != 3 {
		t.Fatalf("the demo has the users %v, %v, want the three who are enabled", users, err)
	}
	for _, user := range users {
		if _, err := house.Signin.SignIn(ctx, api.Caller{}, user.UserName, user.Password); err != nil {
			t.Errorf("%s cannot sign in: %v", user.UserName, err)
		}
	}
	for _, person := range directory.DemoPasswords() {
		if person.UserName == "dave" {
			if _, err := house.Signin.SignIn(ctx, api.Caller{}, person.UserName, person.Password); err == nil {
				t.Error("a disabled person signed in")
			}
		}
	}
}

func TestAChangedPasswordIsNoLongerPublished(t *testing.T) {
	house := mustHouse(t)
	ctx := context.Background()
	if err := house.furnish(ctx); err != nil {
		t.Fatal(err)
	}
	err := house.Store.Update(ctx, func(tx *store.Tx) error {
		user, _, err := tx.UserByName("alice")
		if err != nil {
			return err
		}
		return tx.PutPassword(user.UserID, store.Password{Hash: "other", Origin: store.OriginOperator})
	})
	if err != nil {
		t.Fatal(err)
	}
	users, err := house.demoUsers(ctx)
	if err != nil || len(users) != 2 {
		t.Errorf("published are %v, %v", users, err)
	}
}

func TestFaultsAreInjectedAsOftenAsAskedAndOnlyDeclaredOnes(t *testing.T) {
	calls := 0
	handlers := []api.Handler{{Operation: api.CreateToken.Operation, Call: func(context.Context, api.Caller, any) (any, error) {
		calls++
		return nil, nil
	}}}
	f := newFaults(handlers)
	wrapped := f.wrap(handlers)[0]
	for _, undeclared := range [][2]string{{"CreateToken", "TooManyRequestsException"}, {"Logout", "UnauthorizedException"}, {"", ""}} {
		if f.set(undeclared[0], undeclared[1], 1) {
			t.Errorf("%v was taken", undeclared)
		}
	}
	if !f.set("CreateToken", "InternalServerException", 2) {
		t.Fatal("a declared exception was not taken")
	}
	for range 2 {
		_, err := wrapped.Call(context.Background(), api.Caller{}, nil)
		if refusal, ok := fault.As(err); !ok || refusal.Kind != fault.InternalServer {
			t.Errorf("got %v", err)
		}
	}
	if _, err := wrapped.Call(context.Background(), api.Caller{}, nil); err != nil || calls != 1 {
		t.Errorf("afterwards %v, %d calls", err, calls)
	}
}

func TestAPanicIsInjectedOnceAndForKnownOperationsOnly(t *testing.T) {
	calls := 0
	f := newFaults([]api.Handler{{Operation: api.CreateToken.Operation}})
	wrapped := f.wrap([]api.Handler{{Operation: api.CreateToken.Operation, Call: func(context.Context, api.Caller, any) (any, error) {
		calls++
		return nil, nil
	}}})[0]
	if f.set("Nothing", faultPanic, 1) || !f.set("CreateToken", faultPanic, 1) {
		t.Fatal("taken for an operation that is not there, or not taken for one that is")
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		wrapped.Call(context.Background(), api.Caller{}, nil)
	}()
	if _, err := wrapped.Call(context.Background(), api.Caller{}, nil); err != nil || calls != 1 {
		t.Errorf("afterwards %v, %d calls", err, calls)
	}
}

func TestDevelopmentModeHasNoPublicAddress(t *testing.T) {
	for address, good := range map[string]bool{
		"https://sso.example.com": false, "https://192.0.2.1:8443": false,
		"https://localhost:8443": true, "http://127.0.0.1:9000": true, "http://[::1]:9000": true,
	} {
		_, err := Load([]string{"--dev", "--public-url", address}, nil)
		if (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestDevelopmentModeListensOnNoNameOfAnotherAddress(t *testing.T) {
	for address, good := range map[string]bool{"127.0.0.1:1": true, "127.5.0.1:1": true, "[::1]:1": true, "192.0.2.1:1": false, "0.0.0.0:1": false, "[::]:1": false} {
		bound, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if err := (&Config{Dev: true}).checkBound(bound); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
		if err := (&Config{}).checkBound(bound); err != nil {
			t.Errorf("%s without development mode: %v", address, err)
		}
	}
}

func TestDevelopmentModeIsForNobodyBehindAProxy(t *testing.T) {
	ask := func(noProxies bool, path, header string) int {
		handler := hygiene(http.NotFoundHandler(), hygieneOptions{
			now: time.Now, hosts: map[string]bool{"localhost": true}, noProxies: noProxies, log: slog.New(slog.DiscardHandler),
		})
		request := httptest.NewRequest("GET", path, nil)
		request.Host = "localhost"
		if header != "" {
			request.Header.Set(header, "1.1 proxy")
		}
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		return response.Code
	}
	for _, header := range forwardingHeaders {
		if got := ask(true, "/start", header); got != http.StatusForbidden {
			t.Errorf("a request with %s: %d", header, got)
		}
		if got := ask(true, "/readyz", header); got != http.StatusNotFound {
			t.Errorf("a health check with %s: %d", header, got)
		}
		if got := ask(false, "/start", header); got != http.StatusNotFound {
			t.Errorf("a request with %s where proxies are expected: %d", header, got)
		}
	}
	if got := ask(true, "/start", ""); got != http.StatusNotFound {
		t.Errorf("a request without a proxy: %d", got)
	}
}
