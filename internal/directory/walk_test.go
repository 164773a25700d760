package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sallyport/internal/api"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// model is a directory by names alone: what a file should make of a store.
type model struct {
	Users       map[string]string // name to "family name, status"
	Groups      map[string][]string
	Accounts    map[string]string
	Sets        map[string]int64
	Assignments []string // account/set/kind/name
}

func drawModel(t *rapid.T) model {
	m := model{Users: map[string]string{}, Groups: map[string][]string{}, Accounts: map[string]string{}, Sets: map[string]int64{}}
	pick := func(label string, from []string) []string {
		return slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom(from), 0, 4).Draw(t, label))))
	}
	for _, name := range pick("users", []string{"ann", "ben", "cat", "dan", "x@y.z"}) {
		m.Users[name] = rapid.SampledFrom([]string{"A, ENABLED", "B, ENABLED", "A, DISABLED"}).Draw(t, "user")
	}
	for _, name := range pick("groups", []string{"One", "Two three"}) {
		m.Groups[name] = []string{}
		if users := sortedKeys(m.Users); len(users) > 0 {
			m.Groups[name] = append(m.Groups[name], pick("members", users)...)
		}
	}
	for _, id := range pick("accounts", []string{"111111111111", "012345678901"}) {
		m.Accounts[id] = rapid.SampledFrom([]string{"Main", "Other"}).Draw(t, "account")
	}
	for _, name := range pick("sets", []string{"Admin", "Read=Only", "admin"}) {
		m.Sets[name] = rapid.Int64Range(rules.MinSession, rules.MaxSession).Draw(t, "seconds")
	}
	m.Assignments = drawAssignments(t, m)
	return m
}

func drawAssignments(t *rapid.T, m model) []string {
	assignments := []string{}
	for _, account := range sortedKeys(m.Accounts) {
		for _, set := range sortedKeys(m.Sets) {
			for _, user := range sortedKeys(m.Users) {
				if rapid.Bool().Draw(t, "assigned") {
					assignments = append(assignments, account+"/"+set+"/USER/"+user)
				}
			}
			for _, group := range sortedKeys(m.Groups) {
				if rapid.Bool().Draw(t, "assigned") {
					assignments = append(assignments, account+"/"+set+"/GROUP/"+group)
				}
			}
		}
	}
	slices.Sort(assignments)
	return assignments
}

func sortedKeys[V any](m map[string]V) []string {
	keys := []string{}
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// file writes the model as a directory file.
func (m model) file() string {
	var out strings.Builder
	section := func(key string, entries []string) {
		fmt.Fprintf(&out, "%s: [%s]\n", key, strings.Join(entries, ", "))
	}
	var users, groups, accounts, sets, assignments []string
	for name, rest := range m.Users {
		family, status, _ := strings.Cut(rest, ", ")
		users = append(users, fmt.Sprintf("{userName: %q, givenName: G, familyName: %s, status: %s}", name, family, status))
	}
	for name, members := range m.Groups {
		groups = append(groups, fmt.Sprintf("{displayName: %q, members: [%s]}", name, strings.Join(members, ", ")))
	}
	for id, name := range m.Accounts {
		accounts = append(accounts, fmt.Sprintf("{accountId: %s, name: %s}", id, name))
	}
	for name, seconds := range m.Sets {
		sets = append(sets, fmt.Sprintf("{name: %q, sessionDuration: %s}", name, rules.SessionText(seconds)))
	}
	for _, a := range m.Assignments {
		parts := strings.SplitN(a, "/", 4)
		assignments = append(assignments, fmt.Sprintf("{account: %s, permissionSet: %q, %ss: [%q]}", parts[0], parts[1], strings.ToLower(parts[2]), parts[3]))
	}
	section("users", users)
	section("groups", groups)
	section("accounts", accounts)
	section("permissionSets", sets)
	section("assignments", assignments)
	return out.String()
}

// abstract is the store's directory as a model, with the ids of its names.
func (h held) abstract() (m model, idOf map[string]string) {
	m = model{Users: map[string]string{}, Groups: map[string][]string{}, Accounts: map[string]string{}, Sets: map[string]int64{}, Assignments: []string{}}
	idOf, names := map[string]string{}, map[string]string{}
	for _, u := range h.Users {
		m.Users[u.UserName] = u.FamilyName + ", " + u.Status
		idOf["user "+u.UserName], names[u.UserID] = u.UserID, u.UserName
	}
	for _, g := range h.Groups {
		m.Groups[g.DisplayName] = []string{}
		idOf["group "+g.DisplayName], names[g.GroupID] = g.GroupID, g.DisplayName
	}
	for _, row := range h.Memberships {
		group := names[row.GroupID]
		m.Groups[group] = slices.Sorted(slices.Values(append(m.Groups[group], names[row.UserID])))
	}
	for _, a := range h.Accounts {
		m.Accounts[a.AccountID] = a.Name
	}
	for _, p := range h.Sets {
		m.Sets[p.Name] = p.SessionDurationS
		idOf["set "+p.Name], names[p.PermissionSetID] = p.PermissionSetID, p.Name
	}
	for _, a := range h.Assignments {
		m.Assignments = append(m.Assignments, a.AccountID+"/"+names[a.PermissionSetID]+"/"+a.PrincipalType+"/"+names[a.PrincipalID])
	}
	slices.Sort(m.Assignments)
	return m, idOf
}

// size counts the rows that the model needs.
func (m model) size() int {
	n := len(m.Users) + len(m.Groups) + len(m.Accounts) + len(m.Sets) + len(m.Assignments)
	for _, members := range m.Groups {
		n += len(members)
	}
	return n
}

func TestAWalkThroughDirectoriesEndsWhereEachFileSays(t *testing.T) {
	s := openStore(t) // one for all walks: wherever the last one ended, the next file decides
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(t, "files") {
			want := drawModel(t)
			d, err := Parse("d.yaml", []byte(want.file()))
			if err != nil {
				t.Fatalf("%v\n%s", err, want.file())
			}
			_, idsBefore := readRapid(t, s).abstract()
			said, err := Apply(ctx, s, api.Caller{}, d, ApplyOptions{DryRun: true})
			if err != nil {
				t.Fatal(err)
			}
			done, err := Apply(ctx, s, api.Caller{}, d, ApplyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(said, done); diff != "" {
				t.Fatalf("the dry run said otherwise:\n%s", diff)
			}
			got, ids := readRapid(t, s).abstract()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("the store holds something else:\n%s", diff)
			}
			for name, id := range idsBefore {
				if now, stays := ids[name]; stays && now != id {
					t.Fatalf("%s had id %s and has %s", name, id, now)
				}
			}
			again, err := Apply(ctx, s, api.Caller{}, d, ApplyOptions{})
			if err != nil || len(again.List) != 0 || again.Unchanged != want.size() {
				t.Fatalf("applied again: %v, %s, want %d unchanged", err, again.Summary(), want.size())
			}
		}
	})
}

func readRapid(t *rapid.T, s *store.Store) (h held) {
	err := s.View(context.Background(), func(tx *store.Tx) (err error) {
		h, err = readTx(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}
