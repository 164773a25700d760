package server

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/keys"
	"sallyport/internal/store"
	"sallyport/internal/testdb"
	"sallyport/internal/wire"
)

func TestAKeyIsPublishedLongerThanRelyingPartiesKeepTheJWKS(t *testing.T) {
	if PublishAhead < 2*wire.PublicMaxAge+2*keysEvery { // one fetches just before the key is there, through a cache that has just fetched
		t.Errorf("a key is published %s ahead, and a JWKS may be %s old", PublishAhead, 2*wire.PublicMaxAge)
	}
}

// Whatever is sealed for a purpose has a life in the table, or a key could be retired under it. The purposes are found in the source.
func TestEveryPurposeHasALife(t *testing.T) {
	known := map[string]bool{}
	for _, life := range lives() {
		known[life.Purpose] = true
		if life.Longest <= 0 && life.Purpose != "access-key" {
			t.Errorf("%s have no life", life.What)
		}
	}
	purposes := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "../keys/") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.Contains(string(source), "sallyport/internal/keys") {
			return nil
		}
		for name, purpose := range purposesIn(t, path) {
			purposes++
			if !known[purpose] {
				t.Errorf("%s: %s, %q, has no life: give it one in the Lives of its package", path, name, purpose)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if purposes < 10 {
		t.Errorf("the test found %d purposes: it looks in the wrong place", purposes)
	}
}

// purposesIn are the texts of a file whose names say that they are what something is sealed for.
func purposesIn(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if !strings.Contains(strings.ToLower(name.Name), "purpose") || i >= len(spec.Values) {
				continue
			}
			ast.Inspect(spec.Values[i], func(value ast.Node) bool {
				if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					text, _ := strconv.Unquote(literal.Value)
					found[name.Name+"/"+text] = text
				}
				return true
			})
		}
		return true
	})
	return found
}

func openHouse(t *testing.T, data string) *House {
	t.Helper()
	config := mustLoad(t, []string{"--data", data}, []string{"SALLYPORT_DATABASE=" + testdb.URL(t, data)})
	house, err := OpenHouse(context.Background(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { house.Close() })
	return house
}

// Two servers on one database tend the ring for two years. Keys are rotated and retired, each once and with one row in the audit, and the
// access key that was made under the first of them goes on working.
func TestServersRotateAndRetireByThemselves(t *testing.T) {
	ctx, data := context.Background(), t.TempDir()
	houses := []*House{openHouse(t, data), openHouse(t, data)}
	keepers := []*keeper{{House: houses[0], every: 90 * day}, {House: houses[1], every: 90 * day}}
	if _, err := houses[0].IAM.CreateUser(ctx, api.Caller{}, store.IAMUser{AccountID: defaultOwner, UserName: "ops"}); err != nil {
		t.Fatal(err)
	}
	access, err := houses[0].IAM.CreateAccessKey(ctx, api.Caller{}, store.IAMPrincipal{AccountID: defaultOwner, Kind: store.IAMUserKind, Name: "ops"})
	if err != nil {
		t.Fatal(err)
	}
	first := houses[0].Ring.CurrentKeyID()
	const step = 3 * day
	for n := range 2 * 365 * day / step {
		for _, k := range keepers {
			k.Clock.Advance(step)
		}
		for _, k := range keepers {
			k.read(ctx)
			k.tend(ctx)
			if k.failed || !k.restUntil.IsZero() {
				t.Fatal("the ring could not be tended")
			}
		}
		if n != 100*day/step {
			continue
		}
		listed, err := houses[0].Ring.List(ctx, lives())
		if err != nil || listed[0].ID != first || listed[0].State != keys.StateKept || listed[0].AccessKeys != 0 {
			t.Fatalf("after a hundred days: %+v, %v, want the first key kept without the access key", listed[0], err)
		}
	}
	key, err := houses[1].IAM.FindKey(ctx, access.AccessKeyID, "")
	if err != nil || !key.Known || key.Secret != access.Secret {
		t.Errorf("the access key: %+v, %v", key.Known, err)
	}
	listed, err := houses[0].Ring.List(ctx, lives())
	if err != nil {
		t.Fatal(err)
	}
	states := map[keys.State]int{}
	for _, key := range listed {
		states[key.State]++
	}
	if listed[0].ID != first || states[keys.StateRetired] != 7 || states[keys.StateCurrent] != 1 || states[keys.StateKept] > 2 {
		t.Errorf("the states are %v, want 7 retired, one current and two kept at most", states)
	}
	counts, _, err := houses[0].Store.Counts(ctx)
	if want := int64(8 + 7 + 2); err != nil || counts["audit_event"] != want { // rotated, retired, and what the test did
		t.Errorf("%d rows in the audit, want %d", counts["audit_event"], want)
	}
}

func TestAForcedRetirementEndsWhatHangsOnTheKeyAndCanBeRunAgain(t *testing.T) {
	ctx := context.Background()
	house := openHouse(t, t.TempDir())
	first := house.Ring.CurrentKeyID()
	err := house.Store.Update(ctx, func(tx *store.Tx) error {
		return tx.AddSession(store.Session{SessionID: "s", UserID: "u", KeyID: first, CreatedAt: tx.Millis(), EndsAt: tx.Now.Add(time.Hour).UnixMilli()})
	})
	if err != nil {
		t.Fatal(err)
	}
	role := creds.VendRole(house.Ring, creds.Role{Account: defaultOwner, ExpiresAt: house.Clock.Now().Add(time.Hour).UnixMilli()})
	if _, _, err := house.retireKey(ctx, operator, first, true); err != keys.ErrCurrent {
		t.Fatalf("the current key: %v", err)
	}
	if _, err := house.rotateKey(ctx, operator, 0); err != nil {
		t.Fatal(err)
	}
	house.Clock.Advance(time.Minute)
	_, _, err = house.retireKey(ctx, operator, first, false)
	for _, what := range []string{"1 session until", "client registrations until", "credentials of roles and users until", "--force"} {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("the refusal does not say %q: %v", what, err)
		}
	}
	if _, ended, err := house.retireKey(ctx, operator, first, true); err != nil || ended != 1 {
		t.Fatalf("%d sessions ended, %v", ended, err)
	}
	if _, ok := creds.OpenRole(house.Ring, role.SessionToken); ok {
		t.Error("credentials of the retired key open")
	}
	if _, ended, err := house.retireKey(ctx, operator, first, true); err != nil || ended != 0 {
		t.Errorf("once more: %d sessions ended, %v", ended, err)
	}
	if _, _, err := house.retireKey(ctx, operator, "ffffffff", true); err != keys.ErrNoSuchKey {
		t.Errorf("one that never was: %v", err)
	}
}

func TestRootKeysComeFromOnePlaceEach(t *testing.T) {
	key := strings.Repeat("A", 43)
	token := []string{"--pkcs11-module=m", "--pkcs11-token=t"}
	for _, c := range []struct {
		name string
		args []string
		env  []string
		want string
	}{
		{"a root key and those of before", nil, []string{"SALLYPORT_ROOT_KEY=" + key, "SALLYPORT_ROOT_KEY_PREVIOUS=" + key + "\n" + key}, ""},
		{"one of before that is none", nil, []string{"SALLYPORT_ROOT_KEY_PREVIOUS=x"}, "root_key_previous"},
		{"a key in a token", append([]string{"--pkcs11-key=k"}, token...), []string{"SALLYPORT_PKCS11_PIN=1"}, ""},
		{"a key in a token and another", append([]string{"--pkcs11-key=k"}, token...), []string{"SALLYPORT_PKCS11_PIN=1", "SALLYPORT_ROOT_KEY=" + key}, "conflicts with root_key"},
		{"a key of before in a token", append([]string{"--pkcs11-previous-key=k"}, token...), []string{"SALLYPORT_PKCS11_PIN=1", "SALLYPORT_ROOT_KEY=" + key}, ""},
		{"a token without a PIN", append([]string{"--pkcs11-key=k"}, token...), nil, "pkcs11_pin"},
		{"a PIN as a flag", append([]string{"--pkcs11-key=k", "--pkcs11-pin=1"}, token...), nil, "cannot be a flag"},
		{"a token without a key", token, nil, "expected pkcs11_key beside it"},
		{"rotation every day", []string{"--key-rotation=1d"}, nil, "expected 0s, or 7d at least"},
		{"no rotation", []string{"--key-rotation=0s"}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(c.args, c.env)
			if (err == nil) != (c.want == "") || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func FuzzParseActivateIn(f *testing.F) {
	for _, text := range []string{"0", "1h", "30d", "-1s", "31d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseActivateIn(text); err == nil && (d < 0 || d > mostAhead) {
			t.Errorf("%q is %s", text, d)
		}
	})
}
