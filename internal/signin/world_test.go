package signin

import (
	"context"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

// world is a Service on a store of its own, with a few people in it.
type world struct {
	*Service
	t     testing.TB
	dir   string
	clock *sys.Clock
}

const (
	alicesPassword = "ferry lantern orbit moss"
	davesPassword  = "granite umbrella seven tides"
)

// cheap is a cost that keeps hundreds of tries quick. What a real hash costs is tested by its own.
var cheap = cost{memory: 8, passes: 1, lanes: 1}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), clock: &sys.Clock{}}
	w.start()
	t.Cleanup(func() { w.store.Close() })
	w.update(func(tx *store.Tx) error {
		for _, user := range []store.User{
			{UserID: "u-alice", UserName: "Alice", Status: store.StatusEnabled},
			{UserID: "u-mike", UserName: "mike", Status: store.StatusEnabled},
			{UserID: "u-dave", UserName: "dave", Status: store.StatusDisabled},
			{UserID: "u-nopass", UserName: "nopass", Status: store.StatusEnabled},
		} {
			if err := tx.PutUser(user); err != nil {
				return err
			}
		}
		return nil
	})
	w.setPassword("alice", alicesPassword)
	w.setPassword("mike", alicesPassword)
	w.setPassword("dave", davesPassword)
	return w
}

// start opens the store and the service on the folder, as a server that starts does.
func (w *world) start() {
	w.t.Helper()
	s, err := store.Open(store.Options{Dir: w.dir, Database: testdb.URL(w.t, w.dir), Rehearse: testdb.Rehearse(), Clock: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	root, err := keys.RootKeyFile(filepath.Join(w.dir, "root.key"))
	if err != nil {
		w.t.Fatal(err)
	}
	ring, err := keys.Open(context.Background(), s, root, "ssoins-1")
	if err != nil {
		w.t.Fatal(err)
	}
	w.Service = New(Options{Store: s, Ring: ring, SessionDuration: 8 * time.Hour, IdleTimeout: time.Hour})
	w.cost, w.dummy = cheap, unmatchable(cheap)
}

func (w *world) restart() {
	w.t.Helper()
	if err := w.store.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.start()
}

func (w *world) update(fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(context.Background(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) setPassword(userName, password string) {
	w.t.Helper()
	err := w.SetPassword(context.Background(), api.Caller{}, userName, password, PasswordOptions{Origin: store.OriginOperator})
	if err != nil {
		w.t.Fatal(err)
	}
}

func at(address string) api.Caller {
	return api.Caller{Address: netip.MustParseAddr(address), Agent: "test"}
}

var home = at("192.0.2.7")

// signIn signs in and fails the test if that is refused.
func (w *world) signIn(caller api.Caller, userName, password string) SignedIn {
	w.t.Helper()
	in, err := w.SignIn(context.Background(), caller, userName, password)
	if err != nil {
		w.t.Fatalf("%s at %v: %v", userName, caller.Address, err)
	}
	return in
}

// fails signs in with a wrong password n times and returns the last sentence.
func (w *world) fails(caller api.Caller, userName string, n int) string {
	w.t.Helper()
	last := ""
	for range n {
		_, err := w.SignIn(context.Background(), caller, userName, "not the password at all")
		last = w.refusal(err, fault.AccessDenied, fault.TooManyRequests)
	}
	return last
}

func (w *world) refusal(err error, kinds ...*fault.Kind) string {
	w.t.Helper()
	r, refused := fault.As(err)
	if !refused || !slices.Contains(kinds, r.Kind) {
		w.t.Fatalf("got %v, want a refusal of the kind %s", err, kinds[0].Name)
	}
	return r.Message
}

// open reports whether a sign-in with the right password succeeds.
func (w *world) lets(caller api.Caller, userName, password string) bool {
	w.t.Helper()
	_, err := w.SignIn(context.Background(), caller, userName, password)
	if err == nil {
		return true
	}
	if message := w.refusal(err, fault.TooManyRequests); !strings.Contains(message, "try again in") {
		w.t.Fatalf("refused, but not for a limit: %s", message)
	}
	return false
}
