package identitystore

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/fault"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// everything has each attribute that CreateUser takes.
const everything = `"UserName":"zoë","DisplayName":"Zoë B.","Name":{"Formatted":"Dr Zoë Bee","FamilyName":"Bee","GivenName":"Zoë","MiddleName":"Q","HonorificPrefix":"Dr","HonorificSuffix":"III"},
	"NickName":"Z","ProfileUrl":"https://example.com/z","Emails":[{"Value":"zoe@example.com","Type":"work","Primary":true}],
	"Addresses":[{"StreetAddress":"1 Way","Locality":"Town","Region":"R","PostalCode":"12345","Country":"NZ","Formatted":"1 Way\nTown","Type":"home","Primary":false}],
	"PhoneNumbers":[{"Value":"+1 555 0100","Type":"mobile","Primary":true}],"UserType":"Employee","Title":"Engineer","PreferredLanguage":"en-GB","Locale":"en_GB","Timezone":"Pacific/Auckland",
	"Photos":[{"Value":"https://example.com/1.png","Type":"photo","Display":"one","Primary":true},{"Value":"https://example.com/2.png"}],"Website":"https://zoe.example.com","Birthdate":"1990-01-02",
	"Roles":[{"Value":"Builder","Type":"job","Primary":true}]`

const enterpriseDocument = `{"employeeNumber":"701984","manager":{"value":"26118915","displayName":"Jo"},"costCenter":4130,"tags":["a","b"]}`

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func TestDescribeUserAnswersWhatWasPut(t *testing.T) {
	cases := []struct{ name, put string }{
		{"every attribute", everything},
		{"what must be there", person("ann")},
		{"an address without type", person("ben", `"Emails":[{"Value":"ben@example.com"}]`)},
		{"blanks, tabs and lines in a text", person("cleo", `"Title":"a \t\n\r\u00a0\u3000b"`)},
		{"signs that HTML and SQL know", person("d'e\"f<g>&--;%", `"NickName":"<script>' OR 1=1"`)},
	}
	w := newWorld(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			at := float64(w.Clock.Now().Unix())
			id := w.do("CreateUser", c.put)["UserId"].(string)
			got := w.do("DescribeUser", fmt.Sprintf(`"UserId":%q`, id))
			for _, member := range []string{"CreatedAt", "UpdatedAt"} {
				if seconds, ok := got[member].(float64); !ok || seconds < at || seconds > at+5 {
					t.Errorf("%s is %v, want a moment after %v", member, got[member], at)
				}
				delete(got, member)
			}
			want := object(t, "{"+c.put+"}")
			for name, value := range map[string]string{"IdentityStoreId": storeID, "UserId": id, "UserStatus": "ENABLED", "CreatedBy": admin, "UpdatedBy": admin} {
				want[name] = value
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			listed := w.do("ListUsers", `"Filters":[{"AttributePath":"UserName","AttributeValue":`+quoted(got["UserName"].(string))+`}]`)["Users"].([]any)
			if len(listed) != 1 {
				t.Fatalf("ListUsers finds %d users of that name", len(listed))
			}
			user := listed[0].(map[string]any)
			delete(user, "CreatedAt")
			delete(user, "UpdatedAt")
			if diff := cmp.Diff(want, user); diff != "" {
				t.Errorf("ListUsers: %s", diff)
			}
		})
	}
}

func TestExtensionsAreToldToWhoAsksForThem(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann", `"Extensions":{"aws:identitystore:enterprise":`+enterpriseDocument+`}`)
	want := map[string]any{rules.Enterprise: object(t, enterpriseDocument)}
	ask := fmt.Sprintf(`"UserId":%q,"Extensions":["aws:identitystore:enterprise"]`, id)
	if diff := cmp.Diff(any(want), w.do("DescribeUser", ask)["Extensions"]); diff != "" {
		t.Errorf("DescribeUser: %s", diff)
	}
	user := w.do("ListUsers", `"Extensions":["aws:identitystore:enterprise"]`)["Users"].([]any)[0].(map[string]any)
	if diff := cmp.Diff(any(want), user["Extensions"]); diff != "" {
		t.Errorf("ListUsers: %s", diff)
	}
	for name, answer := range map[string]map[string]any{
		"without asking":     w.do("DescribeUser", fmt.Sprintf(`"UserId":%q`, id)),
		"asking for another": w.do("DescribeUser", fmt.Sprintf(`"UserId":%q,"Extensions":["aws:identitystore:other"]`, id)),
		"a list":             w.do("ListUsers", "")["Users"].([]any)[0].(map[string]any),
	} {
		if answer["Extensions"] != nil {
			t.Errorf("%s: extensions %v are told", name, answer["Extensions"])
		}
	}
}

func TestCreateUserRefuses(t *testing.T) {
	valid := func(out, in string) string { return strings.Replace(person("new"), out, in, 1) }
	deep := strings.Repeat(`{"a":`, (rules.MaxExtensionNames+1)) + `{}` + strings.Repeat("}", rules.MaxExtensionNames+1)
	cases := []struct {
		name  string
		put   string
		kind  *fault.Kind
		words string
	}{
		{"no user name", valid(`"UserName":"new",`, ``), fault.Validation, "userName is a required attribute"},
		{"no display name", valid(`"DisplayName":"Some One",`, ``), fault.Validation, "displayname: The attribute displayname is required"},
		{"no name", valid(`,"Name":{"GivenName":"Some","FamilyName":"One"}`, ``), fault.Validation, "givenname: The attribute givenname is required"},
		{"no given name", valid(`"GivenName":"Some",`, ``), fault.Validation, "givenname: The attribute givenname is required"},
		{"no family name", valid(`,"FamilyName":"One"`, ``), fault.Validation, "familyname: The attribute familyname is required"},
		{"an empty user name", person(""), fault.Validation, "userName"},
		{"a user name of 129 letters", person(strings.Repeat("é", 129)), fault.Validation, "userName"},
		{"a blank in a user name", person("a b"), fault.Validation, "userName"},
		{"an invisible joiner in a user name", person("a\u200db"), fault.Validation, "userName"},
		{"a name that AWS reserves", person("Administrator"), fault.Validation, "reserves"},
		{"a name that AWS reserves in other letters", person("\uff21wsadministrators"), fault.Validation, "reserves"},
		{"two addresses", person("new", `"Emails":[{"Value":"a@example.com"},{"Value":"b@example.com"}]`), fault.Validation, "emails"},
		{"no address in an e-mail", person("new", `"Emails":[{"Type":"work"}]`), fault.Validation, "emails.value"},
		{"an e-mail that is no address", person("new", `"Emails":[{"Value":"example.com"}]`), fault.Validation, "emails.value"},
		{"two lines in an e-mail address", person("new", `"Emails":[{"Value":"a@example.com\r\nBcc:b@example.com"}]`), fault.Validation, "emails.value"},
		{"four photos", person("new", `"Photos":[{"Value":"1"},{"Value":"2"},{"Value":"3"},{"Value":"4"}]`), fault.Validation, "photos"},
		{"a photo without value", person("new", `"Photos":[{"Type":"photo"}]`), fault.Validation, "photos"},
		{"an unknown extension", person("new", `"Extensions":{"aws:identitystore:other":{"a":"b"}}`), fault.Validation, "aws:identitystore:enterprise"},
		{"an extension that is a text", person("new", `"Extensions":{"aws:identitystore:enterprise":"a"}`), fault.Validation, "object"},
		{"an extension that is too deep", person("new", `"Extensions":{"aws:identitystore:enterprise":`+deep+`}`), fault.Validation, "levels"},
		{"an extension that is too long", person("new", `"Extensions":{"aws:identitystore:enterprise":{"a":"`+strings.Repeat("x", 8<<10)+`"}}`), fault.Validation, "bytes"},
		{"a name that is taken", person("taken"), fault.Conflict, "Duplicate UserName"},
		{"a name that is taken in other letter case", person("TAKEN"), fault.Conflict, "Duplicate UserName"},
		{"an address that is taken", person("new", `"Emails":[{"Value":"taken@example.com","Primary":false}]`), fault.Conflict, "Duplicate emails.value"},
		{"an address that is taken in other letter case", person("new", `"Emails":[{"Value":"Taken@Example.com"}]`), fault.Conflict, "Duplicate emails.value"},
		{"another identity store", `"IdentityStoreId":"d-0000000000",` + person("new"), fault.NotFound, "IDENTITY_STORE not found."},
	}
	w := newWorld(t)
	w.user("taken", `"Emails":[{"Value":"taken@example.com"}]`)
	audited := w.Rows("audit_event")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			refusal := w.refused(c.kind, c.words, "CreateUser", c.put)
			if c.kind == fault.Conflict && (len(refusal.Members) != 1 || refusal.Members[0] != (fault.Member{Name: "Reason", Value: "UNIQUENESS_CONSTRAINT_VIOLATION"})) {
				t.Errorf("members %v", refusal.Members)
			}
			for _, table := range []string{"directory_user", "user_email"} {
				if n := w.Rows(table); n != 1 {
					t.Errorf("%d rows of %s are left by what was refused", n, table)
				}
			}
		})
	}
	if n := w.Rows("audit_event"); n != audited {
		t.Errorf("%d changes were recorded though all were refused", n-audited)
	}
}

// Attack admin-dup-username.
func TestNamesThatPeopleCannotTellApartAreOneName(t *testing.T) {
	forms := map[string][]string{
		"letter case":                    {"alice", "ALICE", "Alice"},
		"letter case beyond ASCII":       {"élodie", "ÉLODIE"},
		"a dotless i":                    {"alice", "al\u0131ce"},
		"a long s":                       {"jess", "je\u017fs"},
		"the KELVIN SIGN":                {"kim", "\u212aim"},
		"composed and decomposed":        {"zo\u00eb", "zoe\u0308"},
		"full width":                     {"alice", "\uff41lice"},
		"a letter of mathematics":        {"alice", "\U0001d400lice"},
		"a ligature":                     {"office", "o\ufb03ce"},
		"a variation selector":           {"alice", "alice\ufe0f"},
		"a filler that shows nothing":    {"alice", "alice\u3164"},
		"the final sigma":                {"σας", "ΣΑΣ"},
		"decomposed marks out of order":  {"a\u0323\u0302", "a\u0302\u0323"},
		"case and normalisation at once": {"e\u0301", "\u00c9"},
	}
	for name, list := range forms {
		t.Run(name, func(t *testing.T) {
			for first := range list {
				w := newWorld(t)
				id := w.user(list[first])
				for second, other := range list {
					if first == second {
						continue
					}
					w.refused(fault.Conflict, "Duplicate UserName", "CreateUser", person(other))
					w.refused(fault.NotFound, "USER not found.", "GetUserId", by("userName", other))
				}
				if got := w.do("GetUserId", by("userName", list[first]))["UserId"]; got != id {
					t.Errorf("%q is found as %v", list[first], got)
				}
			}
		})
	}
}

func by(path, value string) string {
	return fmt.Sprintf(`"AlternateIdentifier":{"UniqueAttribute":{"AttributePath":%s,"AttributeValue":%s}}`, quoted(path), quoted(value))
}

// Attack admin-dup-username.
func TestOfManyThatTakeOneNameAtOnceOneSucceeds(t *testing.T) {
	w := newWorld(t)
	names := []string{"alice", "ALICE", "al\u0131ce", "\uff41lice"}
	made, conflicts := map[string]bool{}, 0
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i := range 50 {
		wait.Go(func() {
			answer, err := w.call("CreateUser", person(names[i%len(names)]))
			mu.Lock()
			defer mu.Unlock()
			refusal, refused := fault.As(err)
			switch {
			case err == nil:
				made[answer] = true
			case refused && refusal.Kind == fault.Conflict:
				conflicts++
			default:
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if len(made) != 1 || conflicts != 49 || w.Rows("directory_user") != 1 || w.Rows("audit_event") != 1 {
		t.Errorf("%d made, %d conflicts, %d rows, %d records", len(made), conflicts, w.Rows("directory_user"), w.Rows("audit_event"))
	}
}

// Attack admin-names-naughty.
func TestNaughtyNamesAreKeptExactlyOrRefused(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "test", "vectors", "naughty-strings", "blns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var naughty []string
	if err := json.Unmarshal(text, &naughty); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	kept := 0
	for _, name := range naughty {
		answer, err := w.call("CreateUser", person(name, `"NickName":`+quoted("n"+name)))
		if refusal, refused := fault.As(err); refused {
			if refusal.Kind != fault.Validation && refusal.Kind != fault.Conflict {
				t.Errorf("%q: %v", name, err)
			}
		} else if err != nil {
			t.Errorf("%q: %v", name, err)
		} else {
			kept++
			id := object(t, answer)["UserId"].(string)
			got := w.do("DescribeUser", fmt.Sprintf(`"UserId":%q`, id))
			if got["UserName"] != name || got["NickName"] != "n"+name {
				t.Errorf("%q is kept as %q, %q", name, got["UserName"], got["NickName"])
			}
			if found := w.do("GetUserId", by("userName", name))["UserId"]; found != id {
				t.Errorf("%q is found as %v, want %s", name, found, id)
			}
			w.do("DeleteUser", fmt.Sprintf(`"UserId":%q`, id))
		}
		answer, err = w.call("CreateGroup", `"DisplayName":`+quoted(name))
		if refusal, refused := fault.As(err); refused && refusal.Kind == fault.Validation {
			continue
		} else if err != nil {
			t.Errorf("group %q: %v", name, err)
			continue
		}
		id := object(t, answer)["GroupId"].(string)
		if got := w.do("DescribeGroup", fmt.Sprintf(`"GroupId":%q`, id)); got["DisplayName"] != name {
			t.Errorf("group %q is kept as %q", name, got["DisplayName"])
		}
		w.do("DeleteGroup", fmt.Sprintf(`"GroupId":%q`, id))
	}
	if kept < 100 {
		t.Errorf("only %d of %d names were kept: the test shows little", kept, len(naughty))
	}
	if lines, events := strings.Count(w.Logged.String(), "\n"), w.Rows("audit_event"); int64(lines) != events {
		t.Errorf("the log has %d lines for %d events", lines, events)
	}
}

func TestUsersAreFoundByWhatIsUnique(t *testing.T) {
	w := newWorld(t)
	id := w.user("Ann", `"Emails":[{"Value":"Ann@example.com"}]`)
	w.user("ben", `"Emails":[{"Value":"ben@example.com"}]`)
	w.Update(func(tx *store.Tx) error {
		_, err := tx.AddUserExternalID(id, store.ExternalID{Issuer: "https://idp.example.com", ID: "00u1"})
		return err
	})
	external := func(issuer, id string) string {
		return fmt.Sprintf(`"AlternateIdentifier":{"ExternalId":{"Issuer":%q,"Id":%q}}`, issuer, id)
	}
	cases := []struct{ name, with string }{
		{"by user name", by("userName", "Ann")},
		{"by user name with the path in other letter case", by("UserName", "Ann")},
		{"by address", by("emails.value", "Ann@example.com")},
		{"by address with the path in other letter case", by("Emails.Value", "Ann@example.com")},
		{"by external id", external("https://idp.example.com", "00u1")},
	}
	for _, c := range cases {
		if got := w.do("GetUserId", c.with); got["UserId"] != id || got["IdentityStoreId"] != storeID {
			t.Errorf("%s: got %v, want %s", c.name, got, id)
		}
	}
	refusals := []struct {
		name, with string
		kind       *fault.Kind
		words      string
	}{
		{"a name in other letter case", by("userName", "ann"), fault.NotFound, "USER not found."},
		{"an address in other letter case", by("emails.value", "ann@example.com"), fault.NotFound, "USER not found."},
		{"a name of nobody", by("userName", "zed"), fault.NotFound, "USER not found."},
		{"an external id of another issuer", external("https://other.example.com", "00u1"), fault.NotFound, "USER not found."},
		{"an external id as a pattern", external("https://idp.example.com", "00u%"), fault.NotFound, "USER not found."},
		{"an attribute that is not unique", by("displayName", "Some One"), fault.Validation, "The attribute displayName is not a unique attribute"},
		{"a path of an extension", by("aws:identitystore:userName", "Ann"), fault.Validation, "is not a unique attribute"},
		{"a path with the KELVIN SIGN", by("user\u212aame", "Ann"), fault.Validation, "is not a unique attribute"},
		{"a value that is a list", `"AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"userName","AttributeValue":["Ann"]}}`, fault.Validation, "no text"},
		{"both at once", `"AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"userName","AttributeValue":"Ann"},"ExternalId":{"Issuer":"i","Id":"i"}}`, fault.Validation, "exactly one"},
		{"neither", `"AlternateIdentifier":{}`, fault.Validation, "exactly one"},
	}
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			refusal := w.refused(c.kind, c.words, "GetUserId", c.with)
			if c.kind == fault.NotFound && fmt.Sprint(refusal.Members) != "[{ResourceType USER}]" {
				t.Errorf("members %v", refusal.Members)
			}
		})
	}
	w.t = t
	if got := w.do("DescribeUser", fmt.Sprintf(`"UserId":%q`, id))["ExternalIds"]; fmt.Sprint(got) != "[map[Id:00u1 Issuer:https://idp.example.com]]" {
		t.Errorf("external ids %v", got)
	}
}

func TestUsersOfTheOperatorsFileAreShownLikeOthers(t *testing.T) {
	w := newWorld(t)
	const id = "11111111-1111-4111-8111-111111111111"
	w.Update(func(tx *store.Tx) error {
		return tx.PutUser(store.User{UserID: id, UserName: "ann", DisplayName: "Ann A", GivenName: "Ann", FamilyName: "A", Email: "ann@example.com", Status: store.StatusDisabled})
	})
	got := w.do("DescribeUser", fmt.Sprintf(`"UserId":%q`, id))
	delete(got, "CreatedAt")
	delete(got, "UpdatedAt")
	want := object(t, fmt.Sprintf(`{"IdentityStoreId":%q,"UserId":%q,"UserName":"ann","DisplayName":"Ann A","Name":{"GivenName":"Ann","FamilyName":"A"},
		"Emails":[{"Value":"ann@example.com","Primary":true}],"UserStatus":"DISABLED"}`, storeID, id))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w.do("UpdateUser", fmt.Sprintf(`"UserId":%q,"Operations":[{"AttributePath":"title","AttributeValue":"Boss"}]`, id))
	w.Update(func(tx *store.Tx) error {
		return tx.PutUser(store.User{UserID: id, UserName: "ann", DisplayName: "Ann B", GivenName: "Ann", FamilyName: "B", Status: store.StatusEnabled})
	})
	got = w.do("DescribeUser", fmt.Sprintf(`"UserId":%q`, id))
	if got["Title"] != "Boss" || got["DisplayName"] != "Ann B" || got["Emails"] != nil || got["UserStatus"] != "ENABLED" {
		t.Errorf("the file leaves %v", got)
	}
}

// Attack admin-delete-recreate.
func TestADeletedUserLeavesNothingToWhoeverGetsTheName(t *testing.T) {
	w := newWorld(t)
	put := `"Emails":[{"Value":"ann@example.com"}],"Title":"Boss"`
	id, group := w.user("ann", put), w.group("Staff")
	w.join(id, group)
	w.Update(func(tx *store.Tx) error {
		end := tx.Now.Add(time.Hour).UnixMilli()
		for _, add := range []func() error{
			func() error { return tx.PutPassword(id, store.Password{Hash: "h", Origin: store.OriginOperator}) },
			func() error { return tx.AddSignIn(store.SignIn{SignInID: "i", UserID: id, EndsAt: end}) },
			func() error { return tx.AddSession(store.Session{SessionID: "s", UserID: id, EndsAt: end}) },
			func() error {
				return tx.PutConsent(store.Consent{UserID: id, ClientID: "c", Scopes: "openid", ExpiresAt: end})
			},
			func() error {
				_, err := tx.AddUserExternalID(id, store.ExternalID{Issuer: "i", ID: "1"})
				return err
			},
			func() error {
				return tx.AddAssignment(store.Assignment{PrincipalType: store.PrincipalUser, PrincipalID: id, AccountID: "1", PermissionSetID: "p"})
			},
		} {
			if err := add(); err != nil {
				return err
			}
		}
		return nil
	})
	w.do("DeleteUser", fmt.Sprintf(`"UserId":%q`, id))
	for _, table := range []string{"directory_user", "user_email", "user_external_id", "user_password", "group_membership", "consent", "account_assignment"} {
		if n := w.Rows(table); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
	err := w.s.Store.View(ctx, func(tx *store.Tx) error {
		in, _, err := tx.SignIn("i")
		if err != nil {
			return err
		}
		if in.Live(tx) {
			t.Error("the sign-in stands")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, live, err := w.s.Store.Counts(ctx); err != nil || live != 0 {
		t.Errorf("%d sessions stand (%v)", live, err)
	}
	again := w.user("ann", put)
	if again == id {
		t.Error("the id is given again")
	}
	if n := len(w.do("ListGroupMembershipsForMember", fmt.Sprintf(`"MemberId":{"UserId":%q}`, again))["GroupMemberships"].([]any)); n != 0 {
		t.Errorf("the new user is in %d groups", n)
	}
	for _, name := range []string{"DescribeUser", "DeleteUser"} {
		refusal := w.refused(fault.NotFound, "USER not found.", name, fmt.Sprintf(`"UserId":%q`, id))
		if fmt.Sprint(refusal.Members) != fmt.Sprintf("[{ResourceType USER} {ResourceId %s}]", id) {
			t.Errorf("%s: members %v", name, refusal.Members)
		}
	}
}

// Who may sign in is in the list, whatever else is known of them.
func TestAUserWhoseProfileCannotBeReadIsInTheList(t *testing.T) {
	w := newWorld(t)
	bad, good := w.user("bad", `"NickName":"b"`), w.user("good", `"NickName":"g"`)
	if err := w.Store.Update(t.Context(), func(tx *store.Tx) error {
		record, _, err := tx.UserRecord(bad)
		if err != nil {
			return err
		}
		record.Profile = "{junk"
		return tx.PutUserRecord(record)
	}); err != nil {
		t.Fatal(err)
	}
	nicknames := map[string]any{}
	for _, user := range w.do("ListUsers", "")["Users"].([]any) {
		user := user.(map[string]any)
		nicknames[user["UserId"].(string)+" "+user["UserName"].(string)] = user["NickName"]
	}
	if want := map[string]any{bad + " bad": nil, good + " good": "g"}; !maps.Equal(nicknames, want) {
		t.Errorf("got %v, want %v", nicknames, want)
	}
	w.refused(fault.InternalServer, "cannot be read", "DescribeUser", `"UserId":`+quoted(bad))
}
