//go:build clients

package nodes

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// The root key is changed while people sign in, refresh and get credentials, by the steps of docs/operate.md: servers get the new key beside the old
// one and are restarted one after the other, the ring is wrapped anew beside them, and the old key is taken away. Nobody notices.

// rootKey is a root key as text.
type rootKey string

func newRootKey() rootKey {
	key := make([]byte, 32)
	rand.Read(key)
	return rootKey(base64.StdEncoding.EncodeToString(key))
}

// give has servers and commands from now on wrap by the one key and open what the others wrapped.
func (f *fleet) give(current rootKey, before ...rootKey) {
	f.environ = withRootKeys(f.environ, current, before...)
}

func withRootKeys(environ []string, current rootKey, before ...rootKey) []string {
	kept := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool { return strings.HasPrefix(entry, "SALLYPORT_ROOT_KEY") })
	kept = append(kept, "SALLYPORT_ROOT_KEY="+string(current))
	for _, key := range before {
		kept = append(kept, "SALLYPORT_ROOT_KEY_PREVIOUS="+string(key))
	}
	return kept
}

// manyPeople are settings without which all that comes from the one address of the test would be too much.
var manyPeople = []string{"--register-rate", "0", "--device-start-rate", "0"}

// wrappedBy are the names of the root keys that wrap the ring.
func (f *fleet) wrappedBy(data string) (names []string) {
	f.Helper()
	var listed struct{ Keys []struct{ RootKey string } }
	if err := json.Unmarshal([]byte(f.operateOn(data, "keys", "list", "--json")), &listed); err != nil {
		f.Fatal(err)
	}
	for _, key := range listed.Keys {
		names = append(names, key.RootKey)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// operateOn is operate on the rows that belong to a folder.
func (f *fleet) operateOn(data string, words ...string) string {
	f.Helper()
	binary, err := harness.Build()
	if err != nil {
		f.Fatal(err)
	}
	out, err := harness.Operate(binary, f.environ, append(words, "--data", data)...)
	if err != nil {
		f.Fatal(err)
	}
	return out
}

// errand is what people do all the time, of whom one has been signed in since the beginning.
type errand struct {
	client  client
	session tokens
	rounds  int
}

// round has somebody sign in, and the one of the beginning refresh and get credentials, each step at the next server.
func (e *errand) round(nodes ...*node) {
	e.rounds++
	at := func(step int) *node { return nodes[(e.rounds+step)%len(nodes)] }
	newcomer := at(0).register()
	d := at(1).begin(newcomer)
	at(2).approve(d, "alice")
	redeemed := at(3).redeem(newcomer, d)
	if redeemed.status != http.StatusOK {
		at(3).Fatalf("round %d: a sign-in: %d %s", e.rounds, redeemed.status, redeemed.body)
	}
	at(4).refresh(newcomer, redeemed.tokens())
	e.session = at(1).refresh(e.client, e.session)
	at(3).must(api.GetCallerIdentity.Operation, at(2).vended(at(2).vend(e.session)), members{})
}

func TestTheRootKeyIsChangedUnderTrafficOverTwoServers(t *testing.T) {
	f := newFleet(t)
	f.changeRootKey(t.TempDir(), t.TempDir())
}

func TestTheRootKeyIsChangedUnderTrafficOnSQLite(t *testing.T) {
	f := newHouse(t)
	f.changeRootKey(t.TempDir())
}

// changeRootKey goes through all steps, with a server for each folder.
func (f *fleet) changeRootKey(folders ...string) {
	f.Helper()
	before, after := newRootKey(), newRootKey()
	f.give(before)
	for i, data := range folders {
		f.start(string(rune('A'+i)), "", data, manyPeople...)
	}
	nodes := slices.Clone(f.nodes)
	e := &errand{}
	e.client, e.session = nodes[0].signIn("alice")
	e.round(nodes...)
	first := f.wrappedBy(folders[0])

	f.give(after, before)
	f.restartEach(e, nodes, folders)
	f.rewrapUnder(e, nodes, folders[0], before, after)
	if names := f.wrappedBy(folders[0]); len(names) != 1 || slices.Equal(names, first) {
		f.Errorf("the ring is wrapped by %v, and was by %v", names, first)
	}

	f.give(after)
	f.restartEach(e, nodes, folders)
	f.operateOn(folders[0], "keys", "rotate", "--now")
	e.round(nodes...)
	for _, n := range f.nodes {
		for _, word := range []string{"key ring was not", string(before), string(after)} {
			if strings.Contains(n.log.String(), word) {
				f.Errorf("the log of %s has %q:\n%s", n.name, word, n.log)
			}
		}
	}
	f.Logf("%d rounds", e.rounds)
}

// restartEach replaces servers one after the other, and the others serve meanwhile.
func (f *fleet) restartEach(e *errand, nodes []*node, folders []string) {
	f.Helper()
	for i, data := range folders {
		nodes[i].Stop()
		if others := slices.Delete(slices.Clone(nodes), i, i+1); len(others) > 0 {
			e.round(others...)
		}
		nodes[i] = f.start(nodes[i].name+"'", "", data, manyPeople...)
		e.round(nodes...)
	}
}

// rewrapUnder wraps the ring anew again and again, to and fro, so that people meet it at every point; it ends with the key that is to stay. A key
// is added meanwhile.
func (f *fleet) rewrapUnder(e *errand, nodes []*node, data string, before, after rootKey) {
	f.Helper()
	const times = 5
	binary, err := harness.Build()
	if err != nil {
		f.Fatal(err)
	}
	there, back := withRootKeys(f.environ, after, before), withRootKeys(f.environ, before, after)
	ended := make(chan error, 1)
	go func() {
		for i := range times {
			for _, environ := range [][]string{there, back} {
				if _, err := harness.Operate(binary, environ, "keys", "rewrap", "--data", data); err != nil {
					ended <- err
					return
				}
			}
			if i == times/2 {
				if _, err := harness.Operate(binary, there, "keys", "rotate", "--now", "--data", data); err != nil {
					ended <- err
					return
				}
			}
		}
		_, err := harness.Operate(binary, there, "keys", "rewrap", "--data", data)
		ended <- err
	}()
	for {
		e.round(nodes...)
		select {
		case err := <-ended:
			if err != nil {
				f.Error(err)
			}
			return
		default:
		}
	}
}
