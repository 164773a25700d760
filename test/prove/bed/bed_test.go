package bed

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/test/harness"
	"sallyport/test/prove/check"
	"sallyport/test/prove/clerk"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/workload"
)

// made is a bed with an honest server that answers at the address of a proxy, too.
func made(t *testing.T) (b *Bed, proxy string) {
	t.Helper()
	binary, err := harness.Build()
	if err != nil {
		t.Fatal(err)
	}
	if proxy, err = harness.FreeAddress(); err != nil {
		t.Fatal(err)
	}
	b, err = Make(t.Context(), Options{Folder: t.TempDir(), Binary: binary, Seed: 1, Workers: 2, Args: []string{"--allowed-hosts", proxy}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b, proxy
}

// fresh is the same bed with a ledger of its own, which has a login of each kind.
func fresh(t *testing.T, shared *Bed) *Bed {
	t.Helper()
	b, its := *shared, *shared.Clerk
	b.Clerk = &its
	var err error
	if b.Ledger, err = ledger.Create(t.TempDir(), ledger.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Ledger.Close() })
	if err := b.Ledger.SetClock(b.offset); err != nil {
		t.Fatal(err)
	}
	ok := func(outcome clerk.Outcome, err error) {
		t.Helper()
		if err != nil || !outcome.OK() {
			t.Fatalf("%v %v", outcome.Answer, err)
		}
	}
	ctx := t.Context()
	for _, name := range []string{"approved", "device"} {
		ok(b.BeginDevice(ctx, name))
		ok(b.Decide(ctx, name, ledger.Approve, b.World.Alice))
	}
	ok(b.BeginDevice(ctx, "pending"))
	ok(b.Redeem(ctx, "device"))
	ok(b.Turn(ctx, "device"))
	ok(b.Turn(ctx, "device"))
	ok(b.Vend(ctx, "device", "111122223333", "AdministratorAccess"))
	ok(b.BeginCode(ctx, "code", b.World.Alice))
	ok(b.Redeem(ctx, "code"))
	if err := b.BeginAssertion("assertion", b.World.Front, b.World.Alice); err != nil {
		t.Fatal(err)
	}
	ok(b.Redeem(ctx, "assertion"))
	if err := b.BeginExchange("exchange", "assertion", b.World.Behind); err != nil {
		t.Fatal(err)
	}
	ok(b.Redeem(ctx, "exchange"))
	return &b
}

// lie writes an acknowledged act into the ledger of which the server never heard.
func lie(t *testing.T, b *Bed, e ledger.Entry, attempted, done ledger.Secrets) {
	t.Helper()
	attempt, err := b.Ledger.Attempt(e, attempted)
	if err == nil {
		err = b.Ledger.Done(attempt, ledger.Entry{LivesMS: time.Hour.Milliseconds(), KeyID: e.KeyID}, done)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// newest is the newest refresh token of a login.
func newest(b *Bed, name string) string {
	login, _ := b.Ledger.Login(name)
	tokens, _ := login.Newest()
	return b.Ledger.Secret(tokens.Refresh)
}

// Every invariant has to be able to break: the same check that finds an honest server in order finds each lie about it.
func TestChecksFindWhatIsNotAsTheLedgerSays(t *testing.T) {
	shared, address := made(t)
	for _, row := range []struct {
		name  string
		spoil func(t *testing.T, b *Bed)
		want  map[ledger.Invariant]string // the invariants that break, and of what
	}{
		{"all is as it says", func(*testing.T, *Bed) {}, nil},
		{"an approval is lost", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "pending", Act: ledger.Decide, Because: ledger.Approve}, nil, nil)
		}, map[ledger.Invariant]string{ledger.Lost: "pending"}},
		{"a generation of a session is lost", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "device", Act: ledger.Turn}, ledger.Secrets{"spent": newest(b, "device")},
				ledger.Secrets{"accessToken": "a token that never was", "refreshToken": "another token that never was"})
		}, map[ledger.Invariant]string{ledger.Lost: "device"}},
		{"the session of an application is lost", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "exchange", Act: ledger.Turn}, ledger.Secrets{"spent": newest(b, "exchange")},
				ledger.Secrets{"accessToken": "a token that never was", "refreshToken": "another token that never was"})
		}, map[ledger.Invariant]string{ledger.Lost: "exchange"}},
		{"credentials are lost", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "device", Act: ledger.Vend, KeyID: "ASIA0123456789ABCDEF"}, nil,
				ledger.Secrets{"secretAccessKey": "a secret that never was", "sessionToken": "a session token that never was"})
		}, map[ledger.Invariant]string{ledger.Lost: "device"}},
		{"an assignment is lost", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "assignment", Act: ledger.Allow, Person: b.World.Alice.ID, Account: b.World.Account, Role: b.World.SetName}, nil, nil)
		}, map[ledger.Invariant]string{ledger.Lost: "device code"}},
		{"an assignment survives its end", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "assignment", Act: ledger.Forbid, Person: b.World.Alice.ID, Account: "111122223333", Role: "AdministratorAccess"}, nil, nil)
		}, map[ledger.Invariant]string{ledger.Survived: "device code"}},
		{"a session survives its logout", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "code", Act: ledger.End, Because: "logout"}, nil, nil)
		}, map[ledger.Invariant]string{ledger.Survived: "code"}},
		{"credentials survive a logout", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "device", Act: ledger.End, Because: "logout"}, nil, nil)
		}, map[ledger.Invariant]string{ledger.Survived: "device"}},
		{"sessions survive their person", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "alice", Act: ledger.End, Person: b.World.Alice.ID}, nil, nil)
		}, map[ledger.Invariant]string{ledger.Survived: "approved device code assertion exchange"}},
		{"a session survives that of its parent", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "assertion", Act: ledger.End}, nil, nil)
		}, map[ledger.Invariant]string{ledger.Survived: "assertion exchange"}},
		{"a session survives while its application is disabled", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: b.World.Front, Act: ledger.Forbid}, nil, nil)
		}, map[ledger.Invariant]string{ledger.Survived: "assertion exchange"}},
		{"a denied authorization is redeemed", func(t *testing.T, b *Bed) {
			lie(t, b, ledger.Entry{Of: "approved", Act: ledger.Decide, Because: ledger.Deny}, nil, nil)
		}, map[ledger.Invariant]string{ledger.Doubled: "approved"}},
		{"codes are honoured twice", func(t *testing.T, b *Bed) { forge(t, b, address, "deviceCode", "code") },
			map[ledger.Invariant]string{ledger.Doubled: "approved device code"}},
		{"refresh tokens are honoured for ever", func(t *testing.T, b *Bed) { forge(t, b, address, "refreshToken") },
			map[ledger.Invariant]string{ledger.Doubled: "approved device code assertion exchange", ledger.Survived: "approved device code"}},
		{"a secret is in the log", func(t *testing.T, b *Bed) {
			log := b.Servers()[0].Log
			text, err := os.ReadFile(log)
			if err == nil {
				err = os.WriteFile(log, fmt.Appendf(text, "level=INFO token=%s\n", newest(b, "code")), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, map[ledger.Invariant]string{ledger.Leaked: ""}},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := fresh(t, shared)
			row.spoil(t, b)
			if _, err := check.Check(t.Context(), b.Clerk, check.Options{}); err != nil {
				t.Fatal(err)
			}
			if err := b.Advance(t.Context(), 45*time.Second); err != nil {
				t.Fatal(err)
			}
			if _, err := check.Check(t.Context(), b.Clerk, check.Options{Replay: 1}); err != nil {
				t.Fatal(err)
			}
			if _, err := b.SearchLogs(); err != nil {
				t.Fatal(err)
			}
			shared.offset = b.offset
			found := map[ledger.Invariant]bool{}
			for _, breach := range b.Ledger.Breaches() {
				of, expected := row.want[breach.Invariant]
				if found[breach.Invariant] = true; !expected || !strings.Contains(" "+of+" ", " "+breach.Of+" ") && breach.Of != "" {
					t.Errorf("found %v", breach)
				}
			}
			for invariant, of := range row.want {
				if !found[invariant] {
					t.Errorf("%s of %s was not found", invariant, of)
				}
			}
		})
	}
}

// forge puts a proxy before the server that answers requests with one of the members again as they were answered the first time, whatever the server
// thinks of that.
func forge(t *testing.T, b *Bed, address string, members ...string) {
	t.Helper()
	server, err := url.Parse(b.Servers()[0].Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	first := map[string][]byte{}
	for _, name := range []string{"device", "code"} { // what was answered before the proxy came
		login, _ := b.Ledger.Login(name)
		for i, tokens := range login.Tokens {
			spent := b.Ledger.Secret(login.Once["deviceCode"]) + b.Ledger.Secret(login.Once["code"])
			if i > 0 {
				spent = b.Ledger.Secret(login.Tokens[i-1].Refresh)
			}
			first[spent] = fmt.Appendf(nil, `{"accessToken":%q,"refreshToken":%q,"expiresIn":3600}`, b.Ledger.Secret(tokens.Access), b.Ledger.Secret(tokens.Refresh))
		}
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(server)
		r.Out.Host = r.In.Host // which is signed
	}}
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		spent := ""
		for _, member := range members {
			if _, after, found := strings.Cut(string(body), `"`+member+`":"`); found {
				spent, _, _ = strings.Cut(after, `"`)
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		defer mu.Unlock()
		if answer := first[spent]; spent != "" && answer != nil {
			w.Write(answer)
			return
		}
		recorder := httptest.NewRecorder()
		proxy.ServeHTTP(recorder, r)
		if spent != "" && recorder.Code == http.StatusOK {
			first[spent] = recorder.Body.Bytes()
		}
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorder.Code)
		w.Write(recorder.Body.Bytes())
	}))
	front.Listener.Close()
	if front.Listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	front.Start()
	honest := b.Site.Endpoints()
	b.Site.Set(b.Site.Ready, front.URL)
	t.Cleanup(func() {
		front.Close()
		b.Site.Set(b.Site.Ready, honest...)
	})
}

func TestAnHonestServerIsFoundInOrderAfterAKill(t *testing.T) {
	shared, _ := made(t)
	b := fresh(t, shared)
	b.Work = workload.New(b.Clerk, b.Workers, b.Seed)
	node := b.Servers()[0]
	err := b.During(t.Context(), func(ctx context.Context) error {
		if err := b.Answers(ctx, 100); err != nil {
			return err
		}
		return b.Kill(node)
	})
	if err == nil {
		err = b.Start(node)
	}
	if err == nil {
		err = b.CheckAll(t.Context())
	}
	if breaches := b.Ledger.Breaches(); err != nil || len(breaches) > 0 {
		t.Errorf("%v, found %v", err, breaches)
	}
	if _, _, err := ledger.Read(b.Ledger.Folder, b.Terms); err != nil {
		t.Error(err)
	}
}
