package identitystore

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

func TestGroupsAreMadeChangedFoundAndRemoved(t *testing.T) {
	w := newWorld(t)
	id := w.do("CreateGroup", `"DisplayName":"Site Reliability","Description":"Keeps it up"`)["GroupId"].(string)
	w.group("Other")
	w.Update(func(tx *store.Tx) error {
		_, err := tx.AddGroupExternalID(id, store.ExternalID{Issuer: "i", ID: "g-7"})
		return err
	})
	got := w.do("DescribeGroup", fmt.Sprintf(`"GroupId":%q`, id))
	want := map[string]any{"GroupId": id, "IdentityStoreId": storeID, "DisplayName": "Site Reliability", "Description": "Keeps it up", "CreatedBy": admin, "UpdatedBy": admin}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
	if fmt.Sprint(got["ExternalIds"]) != "[map[Id:g-7 Issuer:i]]" {
		t.Errorf("external ids %v", got["ExternalIds"])
	}
	for _, with := range []string{by("displayName", "Site Reliability"), by("DISPLAYNAME", "Site Reliability"), `"AlternateIdentifier":{"ExternalId":{"Issuer":"i","Id":"g-7"}}`} {
		if found := w.do("GetGroupId", with)["GroupId"]; found != id {
			t.Errorf("%s finds %v, want %s", with, found, id)
		}
	}
	w.do("UpdateGroup", fmt.Sprintf(`"GroupId":%q,"Operations":[%s,%s]`, id, operation("displayName", `"SRE"`), operation("description", "null")))
	got = w.do("DescribeGroup", fmt.Sprintf(`"GroupId":%q`, id))
	if got["DisplayName"] != "SRE" || got["Description"] != nil {
		t.Errorf("after the update: %v", got)
	}
	w.do("DeleteGroup", fmt.Sprintf(`"GroupId":%q`, id))
	if n := w.Rows("group_external_id"); n != 0 {
		t.Errorf("%d external ids are left", n)
	}
	refusal := w.refused(fault.NotFound, "GROUP not found.", "DescribeGroup", fmt.Sprintf(`"GroupId":%q`, id))
	if fmt.Sprint(refusal.Members) != fmt.Sprintf("[{ResourceType GROUP} {ResourceId %s}]", id) {
		t.Errorf("members %v", refusal.Members)
	}
}

func TestGroupsRefuse(t *testing.T) {
	w := newWorld(t)
	id := w.group("Staff")
	w.group("Taken")
	update := func(operations ...string) string {
		return fmt.Sprintf(`"GroupId":%q,"Operations":[%s]`, id, strings.Join(operations, ","))
	}
	cases := []struct {
		name, operation, members string
		kind                     *fault.Kind
		words                    string
	}{
		{"a group without name", "CreateGroup", ``, fault.Validation, "displayname: The attribute displayname is required"},
		{"a group name that is taken", "CreateGroup", `"DisplayName":"Staff"`, fault.Conflict, "Duplicate GroupDisplayName"},
		{"a group name that AWS reserves", "CreateGroup", `"DisplayName":"AWSAdministrators"`, fault.Validation, "reserves"},
		{"a group of another store", "CreateGroup", `"IdentityStoreId":"d-0000000000","DisplayName":"x"`, fault.NotFound, "IDENTITY_STORE"},
		{"an update to a name that is taken", "UpdateGroup", update(operation("description", `"x"`), operation("displayName", `"Taken"`)), fault.Conflict, "Duplicate GroupDisplayName"},
		{"an update to no name", "UpdateGroup", update(operation("description", `"x"`), operation("displayName", "")), fault.Validation, "cannot be empty or null"},
		{"an update of an unknown attribute", "UpdateGroup", update(operation("description", `"x"`), operation("members", `[]`)), fault.Validation, "send one of displayName, description"},
		{"an update of an extension", "UpdateGroup", update(operation(rules.Enterprise, `{"a":"b"}`)), fault.Validation, "send one of"},
		{"an update of an unknown group", "UpdateGroup", fmt.Sprintf(`"GroupId":%q,"Operations":[%s]`, nobody, operation("description", `"x"`)), fault.NotFound, "GROUP not found."},
		{"the removal of an unknown group", "DeleteGroup", fmt.Sprintf(`"GroupId":%q`, nobody), fault.NotFound, "GROUP not found."},
		{"a search by description", "GetGroupId", by("description", "x"), fault.Validation, "The attribute description is not a unique attribute"},
		{"a search for an unknown name", "GetGroupId", by("displayName", "staff"), fault.NotFound, "GROUP not found."},
		{"a filter by description", "ListGroups", `"Filters":[{"AttributePath":"Description","AttributeValue":"x"}]`, fault.Validation, "send displayName"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.refused(c.kind, c.words, c.operation, c.members)
			if got := w.do("DescribeGroup", fmt.Sprintf(`"GroupId":%q`, id)); got["Description"] != nil || got["DisplayName"] != "Staff" {
				t.Errorf("the group became %v", got)
			}
		})
	}
}

func TestMembershipsAreMadeFoundAndRemoved(t *testing.T) {
	w := newWorld(t)
	ann, ben, staff, other := w.user("ann"), w.user("ben"), w.group("Staff"), w.group("Other")
	id := w.join(ann, staff)
	w.join(ben, other)
	got := w.do("DescribeGroupMembership", fmt.Sprintf(`"MembershipId":%q`, id))
	if got["GroupId"] != staff || fmt.Sprint(got["MemberId"]) != "map[UserId:"+ann+"]" || got["CreatedBy"] != admin || got["CreatedAt"] == nil || got["IdentityStoreId"] != storeID {
		t.Errorf("described as %v", got)
	}
	if found := w.do("GetGroupMembershipId", sides(ann, staff))["MembershipId"]; found != id {
		t.Errorf("found as %v, want %s", found, id)
	}
	results := w.do("IsMemberInGroups", fmt.Sprintf(`"MemberId":{"UserId":%q},"GroupIds":[%q,%q,%q,%q]`, ann, other, staff, nobody, staff))["Results"].([]any)
	var exists []any
	for _, result := range results {
		exists = append(exists, result.(map[string]any)["MembershipExists"])
	}
	if fmt.Sprint(exists) != "[false true false true]" {
		t.Errorf("a member in %v", exists)
	}
	refusals := []struct {
		name, operation, members string
		kind                     *fault.Kind
		words, resource          string
	}{
		{"a second membership", "CreateGroupMembership", sides(ann, staff), fault.Conflict, "Duplicate GroupMembership", ""},
		{"a membership of nobody", "CreateGroupMembership", sides(nobody, staff), fault.NotFound, "Member does not exist", "USER"},
		{"a membership in no group", "CreateGroupMembership", sides(ann, nobody), fault.NotFound, "Group does not exist", "GROUP"},
		{"a membership that is not", "GetGroupMembershipId", sides(ben, staff), fault.NotFound, "GROUP_MEMBERSHIP not found.", "GROUP_MEMBERSHIP"},
		{"an unknown membership", "DescribeGroupMembership", fmt.Sprintf(`"MembershipId":%q`, nobody), fault.NotFound, "GROUP_MEMBERSHIP not found.", "GROUP_MEMBERSHIP"},
		{"the removal of an unknown membership", "DeleteGroupMembership", fmt.Sprintf(`"MembershipId":%q`, nobody), fault.NotFound, "GROUP_MEMBERSHIP not found.", "GROUP_MEMBERSHIP"},
		{"the members of no group", "ListGroupMemberships", fmt.Sprintf(`"GroupId":%q`, nobody), fault.NotFound, "GROUP not found.", "GROUP"},
		{"the groups of nobody", "ListGroupMembershipsForMember", fmt.Sprintf(`"MemberId":{"UserId":%q}`, nobody), fault.NotFound, "USER not found.", "USER"},
		{"nobody in groups", "IsMemberInGroups", fmt.Sprintf(`"MemberId":{"UserId":%q},"GroupIds":[%q]`, nobody, staff), fault.NotFound, "USER not found.", "USER"},
	}
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			refusal := w.refused(c.kind, c.words, c.operation, c.members)
			if c.resource != "" && refusal.Members[0] != (fault.Member{Name: "ResourceType", Value: c.resource}) {
				t.Errorf("members %v", refusal.Members)
			}
		})
	}
	w.t = t
	w.do("DeleteGroupMembership", fmt.Sprintf(`"MembershipId":%q`, id))
	if again := w.join(ann, staff); again == id {
		t.Error("the id of a membership is given again")
	}
	w.do("DeleteGroup", fmt.Sprintf(`"GroupId":%q`, staff))
	if left := w.do("ListGroupMembershipsForMember", fmt.Sprintf(`"MemberId":{"UserId":%q}`, ann))["GroupMemberships"].([]any); len(left) != 0 {
		t.Errorf("left are %v", left)
	}
	if n := w.Rows("group_membership"); n != 1 {
		t.Errorf("%d memberships are left, want that of the other group", n)
	}
}

// pages lists by pages of the size and returns the values of one member, page by page.
func (w *world) pages(operation, members, list, member string, size int) (pages [][]string) {
	w.t.Helper()
	token := ""
	for {
		more := fmt.Sprintf(`"MaxResults":%d`, size)
		if token != "" {
			more += `,"NextToken":` + quoted(token)
		}
		if members != "" {
			more += "," + members
		}
		answer := w.do(operation, more)
		page := []string{}
		for _, item := range answer[list].([]any) {
			page = append(page, item.(map[string]any)[member].(string))
		}
		pages = append(pages, page)
		next, found := answer["NextToken"].(string)
		if !found {
			return pages
		}
		token = next
	}
}

func TestListsAreWholeAndInOrderWhateverThePage(t *testing.T) {
	w := newWorld(t)
	var users, groups []string
	for i := range 7 {
		users, groups = append(users, w.user(fmt.Sprint("user", i))), append(groups, w.group(fmt.Sprint("group", i)))
		w.Clock.Advance(time.Millisecond)
	}
	var members, memberships []string
	for i := range users {
		members = append(members, w.join(users[i], groups[3]))
		if i != 3 {
			memberships = append(memberships, w.join(users[3], groups[i]))
		} else {
			memberships = append(memberships, members[3])
		}
	}
	lists := []struct {
		name, operation, members, list, member string
		want                                   []string
	}{
		{"users", "ListUsers", "", "Users", "UserId", users},
		{"groups", "ListGroups", "", "Groups", "GroupId", groups},
		{"members of a group", "ListGroupMemberships", fmt.Sprintf(`"GroupId":%q`, groups[3]), "GroupMemberships", "MembershipId", members},
		{"groups of a member", "ListGroupMembershipsForMember", fmt.Sprintf(`"MemberId":{"UserId":%q}`, users[3]), "GroupMemberships", "MembershipId", memberships},
	}
	for _, c := range lists {
		for _, size := range []int{1, 2, 3, 6, 7, 8, 100} {
			pages := w.pages(c.operation, c.members, c.list, c.member, size)
			if got := slices.Concat(pages...); !slices.Equal(got, c.want) {
				t.Errorf("%s by %d: got %v, want %v", c.name, size, got, c.want)
			}
			if want := max(1, (len(c.want)+size-1)/size); len(pages) != want {
				t.Errorf("%s by %d: %d pages, want %d", c.name, size, len(pages), want)
			}
		}
	}
}

func TestTokensOfOneListOpenNoOther(t *testing.T) {
	w := newWorld(t)
	ann, ben, staff, other := w.user("ann"), w.user("ben"), w.group("Staff"), w.group("Other")
	for _, user := range []string{ann, ben} {
		for _, group := range []string{staff, other} {
			w.join(user, group)
		}
	}
	lists := []struct{ operation, members string }{
		{"ListUsers", ``},
		{"ListUsers", `"Filters":[{"AttributePath":"UserName","AttributeValue":"ann"}]`},
		{"ListGroups", ``},
		{"ListGroupMemberships", fmt.Sprintf(`"GroupId":%q`, staff)},
		{"ListGroupMemberships", fmt.Sprintf(`"GroupId":%q`, other)},
		{"ListGroupMembershipsForMember", fmt.Sprintf(`"MemberId":{"UserId":%q}`, ann)},
		{"ListGroupMembershipsForMember", fmt.Sprintf(`"MemberId":{"UserId":%q}`, ben)},
	}
	with := func(members, more string) string { return strings.TrimPrefix(members+","+more, ",") }
	for i, from := range lists {
		token, given := w.do(from.operation, with(from.members, `"MaxResults":1`))["NextToken"].(string)
		if !given {
			continue // the filter has one answer
		}
		for j, to := range lists {
			if members := with(to.members, `"NextToken":`+quoted(token)); i == j {
				w.do(to.operation, members)
			} else {
				w.refused(fault.Validation, "NextToken is not one", to.operation, members)
			}
		}
		w.refused(fault.Validation, "NextToken is not one", from.operation, with(from.members, `"NextToken":`+quoted(token[:len(token)-1])))
	}
	w.refused(fault.Validation, "maxResults", "ListUsers", `"MaxResults":0`)
	w.refused(fault.Validation, "maxResults", "ListUsers", `"MaxResults":101`)
}

func TestFiltersFindExactlyOne(t *testing.T) {
	w := newWorld(t)
	w.user("ann")
	w.user("ann2")
	w.group("Staff")
	count := func(operation, list, path, value string) int {
		return len(w.do(operation, fmt.Sprintf(`"Filters":[{"AttributePath":%q,"AttributeValue":%q}]`, path, value))[list].([]any))
	}
	for _, c := range []struct {
		operation, list, path, value string
		want                         int
	}{
		{"ListUsers", "Users", "UserName", "ann", 1}, {"ListUsers", "Users", "userName", "ann", 1}, {"ListUsers", "Users", "USERNAME", "Ann", 0},
		{"ListUsers", "Users", "UserName", "an", 0}, {"ListUsers", "Users", "UserName", "%", 0},
		{"ListGroups", "Groups", "DisplayName", "Staff", 1}, {"ListGroups", "Groups", "displayname", "staff", 0},
	} {
		if got := count(c.operation, c.list, c.path, c.value); got != c.want {
			t.Errorf("%s with %s = %s finds %d, want %d", c.operation, c.path, c.value, got, c.want)
		}
	}
	w.refused(fault.Validation, "send userName", "ListUsers", `"Filters":[{"AttributePath":"emails.value","AttributeValue":"a@example.com"}]`)
	w.refused(fault.Validation, "filters", "ListUsers", `"Filters":[{"AttributePath":"UserName","AttributeValue":"a"},{"AttributePath":"UserName","AttributeValue":"b"}]`)
}

// Attack admin-audit-complete.
func TestEachChangeIsRecordedOnceAndNothingElseIs(t *testing.T) {
	w := newWorld(t)
	var user, group, membership string
	steps := []struct {
		operation string
		members   func() string
		recorded  bool
	}{
		{"CreateUser", func() string { return person("ann") }, true},
		{"CreateGroup", func() string { return `"DisplayName":"Staff"` }, true},
		{"CreateGroupMembership", func() string { return sides(user, group) }, true},
		{"CreateGroupMembership", func() string { return sides(user, group) }, false},
		{"CreateUser", func() string { return person("ann") }, false},
		{"UpdateUser", func() string { return updateOf(user, operation("title", `"x"`), operation("nickName", `"x"`)) }, true},
		{"UpdateGroup", func() string {
			return fmt.Sprintf(`"GroupId":%q,"Operations":[%s]`, group, operation("description", `"x"`))
		}, true},
		{"DescribeUser", func() string { return fmt.Sprintf(`"UserId":%q`, user) }, false},
		{"ListUsers", func() string { return `` }, false},
		{"GetUserId", func() string { return by("userName", "ann") }, false},
		{"IsMemberInGroups", func() string { return fmt.Sprintf(`"MemberId":{"UserId":%q},"GroupIds":[%q]`, user, group) }, false},
		{"DeleteGroupMembership", func() string { return fmt.Sprintf(`"MembershipId":%q`, membership) }, true},
		{"DeleteGroupMembership", func() string { return fmt.Sprintf(`"MembershipId":%q`, membership) }, false},
		{"DeleteGroup", func() string { return fmt.Sprintf(`"GroupId":%q`, group) }, true},
		{"DeleteUser", func() string { return fmt.Sprintf(`"UserId":%q`, user) }, true},
		{"DeleteUser", func() string { return fmt.Sprintf(`"UserId":%q`, user) }, false},
	}
	for i, step := range steps {
		before, logged := w.Rows("audit_event"), w.Logged.Len()
		answer, err := w.call(step.operation, step.members())
		if _, refused := fault.As(err); err != nil && !refused {
			t.Fatal(err)
		}
		if err == nil {
			members := object(t, answer)
			for name, into := range map[string]*string{"UserId": &user, "GroupId": &group, "MembershipId": &membership} {
				if id, found := members[name].(string); found && *into == "" {
					*into = id
				}
			}
		}
		if n := w.Rows("audit_event") - before; (n == 1) != step.recorded || n > 1 {
			t.Errorf("step %d, %s (%v), is recorded %d times", i, step.operation, err, n)
		}
		line := w.Logged.String()[logged:]
		if (strings.Count(line, "\n") == 1) != step.recorded || step.recorded && (!strings.Contains(line, "msg="+step.operation) || !strings.Contains(line, admin)) {
			t.Errorf("step %d, %s, is logged as %q", i, step.operation, line)
		}
	}
}

func TestEveryOperationRefusesAnotherIdentityStore(t *testing.T) {
	w := newWorld(t)
	user, group := w.user("ann"), w.group("Staff")
	membership := w.join(user, group)
	const other = `"IdentityStoreId":"d-0000000000"`
	members := fmt.Sprintf(`%s,"UserId":%q,"GroupId":%q,"MembershipId":%q,"MemberId":{"UserId":%q},"GroupIds":[%q],%s,"Operations":[%s],%s`,
		other, user, group, membership, user, group, person("new"), operation("displayName", `"x"`), by("userName", "ann"))
	if len(w.handlers) != 19 {
		t.Errorf("%d operations, want 19", len(w.handlers))
	}
	for name := range w.handlers {
		refusal := w.refused(fault.NotFound, "IDENTITY_STORE not found.", name, members)
		if fmt.Sprint(refusal.Members) != "[{ResourceType IDENTITY_STORE} {ResourceId d-0000000000}]" {
			t.Errorf("%s: members %v", name, refusal.Members)
		}
	}
}
