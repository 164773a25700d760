package identitystore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sallyport/internal/fault"
)

// model is what the identity store should know: by id, in plain maps, with every rule as a walk over them.
type model struct {
	users       map[string]modelUser
	groups      map[string]string    // display name
	memberships map[string][2]string // user and group
}

type modelUser struct{ name, email, title string }

func (m *model) taken(id, name, email string) bool {
	for other, user := range m.users {
		if other != id && (strings.EqualFold(user.name, name) || email != "" && strings.EqualFold(user.email, email)) {
			return true
		}
	}
	return false
}

func (m *model) deleteUser(id string) {
	delete(m.users, id)
	maps.DeleteFunc(m.memberships, func(_ string, sides [2]string) bool { return sides[0] == id })
}

func (m *model) deleteGroup(id string) {
	delete(m.groups, id)
	maps.DeleteFunc(m.memberships, func(_ string, sides [2]string) bool { return sides[1] == id })
}

func TestAWalkOfChangesEndsWhereTheModelEnds(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		m := &model{users: map[string]modelUser{}, groups: map[string]string{}, memberships: map[string][2]string{}}
		names := rapid.SampledFrom([]string{"ann", "Ann", "ben", "cleo", "CLEO"})
		emails := rapid.SampledFrom([]string{"", "a@example.com", "A@example.com", "b@example.com"})
		someUser := func() string { return anyKey(t, "user", m.users) }
		someGroup := func() string { return anyKey(t, "group", m.groups) }
		// change runs an operation and says whether it came out as the model expects: nil for success, otherwise the kind of refusal.
		change := func(operation, members string, want *fault.Kind) map[string]any {
			if want == nil {
				return w.do(operation, members)
			}
			w.refused(want, "", operation, members)
			return nil
		}
		steps := map[string]func(*rapid.T){
			"create user": func(t *rapid.T) {
				user := modelUser{name: names.Draw(t, "name"), email: emails.Draw(t, "email")}
				put := person(user.name)
				if user.email != "" {
					put += fmt.Sprintf(`,"Emails":[{"Value":%q}]`, user.email)
				}
				if m.taken("", user.name, user.email) {
					change("CreateUser", put, fault.Conflict)
					return
				}
				m.users[change("CreateUser", put, nil)["UserId"].(string)] = user
			},
			"update user": func(t *rapid.T) {
				id := someUser()
				user, found := m.users[id]
				user.name, user.email, user.title = names.Draw(t, "name"), emails.Draw(t, "email"), rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "title")
				email, title := "null", "null"
				if user.email != "" {
					email = fmt.Sprintf(`[{"value":%q}]`, user.email)
				}
				if user.title != "" {
					title = quoted(user.title)
				}
				update := updateOf(id, operation("title", title), operation("userName", quoted(user.name)), operation("emails", email))
				switch {
				case !found:
					change("UpdateUser", update, fault.NotFound)
				case m.taken(id, user.name, user.email):
					change("UpdateUser", update, fault.Conflict)
				default:
					change("UpdateUser", update, nil)
					m.users[id] = user
				}
			},
			"delete user": func(t *rapid.T) {
				id := someUser()
				change("DeleteUser", fmt.Sprintf(`"UserId":%q`, id), absent(m.users, id))
				m.deleteUser(id)
			},
			"create group": func(t *rapid.T) {
				name := rapid.SampledFrom([]string{"Staff", "staff", "Other"}).Draw(t, "name")
				put := `"DisplayName":` + quoted(name)
				if slices.Contains(slices.Collect(maps.Values(m.groups)), name) {
					change("CreateGroup", put, fault.Conflict)
					return
				}
				m.groups[change("CreateGroup", put, nil)["GroupId"].(string)] = name
			},
			"delete group": func(t *rapid.T) {
				id := someGroup()
				change("DeleteGroup", fmt.Sprintf(`"GroupId":%q`, id), absent(m.groups, id))
				m.deleteGroup(id)
			},
			"join": func(t *rapid.T) {
				both := [2]string{someUser(), someGroup()}
				_, user := m.users[both[0]]
				_, group := m.groups[both[1]]
				switch {
				case !user || !group:
					change("CreateGroupMembership", sides(both[0], both[1]), fault.NotFound)
				case slices.Contains(slices.Collect(maps.Values(m.memberships)), both):
					change("CreateGroupMembership", sides(both[0], both[1]), fault.Conflict)
				default:
					m.memberships[change("CreateGroupMembership", sides(both[0], both[1]), nil)["MembershipId"].(string)] = both
				}
			},
			"leave": func(t *rapid.T) {
				id := anyKey(t, "membership", m.memberships)
				change("DeleteGroupMembership", fmt.Sprintf(`"MembershipId":%q`, id), absent(m.memberships, id))
				delete(m.memberships, id)
			},
			"": func(t *rapid.T) { w.compare(t, m, rapid.IntRange(1, 5).Draw(t, "page size")) },
		}
		t.Repeat(steps)
		for id := range maps.Clone(m.users) {
			w.do("DeleteUser", fmt.Sprintf(`"UserId":%q`, id))
			m.deleteUser(id)
		}
		for id := range maps.Clone(m.groups) {
			w.do("DeleteGroup", fmt.Sprintf(`"GroupId":%q`, id))
			m.deleteGroup(id)
		}
		w.compare(t, m, 5)
	})
	for _, table := range []string{"directory_user", "user_email", "directory_group", "group_membership"} {
		if n := w.Rows(table); n != 0 {
			t.Errorf("%d rows of %s are left when all is deleted", n, table)
		}
	}
}

// anyKey draws an id that the map has, or one that nothing has.
func anyKey[V any](t *rapid.T, what string, from map[string]V) string {
	return rapid.SampledFrom(append(slices.Sorted(maps.Keys(from)), nobody)).Draw(t, what)
}

func absent[V any](from map[string]V, id string) *fault.Kind {
	if _, found := from[id]; !found {
		return fault.NotFound
	}
	return nil
}

// compare reads everything back and holds it against the model.
func (w *world) compare(t *rapid.T, m *model, size int) {
	if diff := cmp.Diff(slices.Sorted(maps.Keys(m.users)), slices.Concat(w.pages("ListUsers", "", "Users", "UserId", size)...)); diff != "" && len(m.users) > 0 {
		t.Fatalf("users: %s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(m.groups)), slices.Concat(w.pages("ListGroups", "", "Groups", "GroupId", size)...)); diff != "" && len(m.groups) > 0 {
		t.Fatalf("groups: %s", diff)
	}
	for id, user := range m.users {
		got := w.do("DescribeUser", fmt.Sprintf(`"UserId":%q`, id))
		title, _ := got["Title"].(string)
		if got["UserName"] != user.name || title != user.title || (got["Emails"] == nil) != (user.email == "") {
			t.Fatalf("user %+v is described as %v", user, got)
		}
		if user.email != "" && w.do("GetUserId", by("emails.value", user.email))["UserId"] != id {
			t.Fatalf("the address %s does not find its user", user.email)
		}
		want := []string{}
		for membership, sides := range m.memberships {
			if sides[0] == id {
				want = append(want, membership)
			}
		}
		have := slices.Concat(w.pages("ListGroupMembershipsForMember", fmt.Sprintf(`"MemberId":{"UserId":%q}`, id), "GroupMemberships", "MembershipId", size)...)
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(want, have) {
			t.Fatalf("groups of %+v: got %v, want %v", user, have, want)
		}
	}
}
