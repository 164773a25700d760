package identitystore

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/rules"
	"sallyport/internal/store"
	"sallyport/internal/strictjson"
	"sallyport/test/vectors"
)

// operation is one operation of an update; a value of "" is left out.
func operation(path, value string) string {
	if value == "" {
		return fmt.Sprintf(`{"AttributePath":%s}`, quoted(path))
	}
	return fmt.Sprintf(`{"AttributePath":%s,"AttributeValue":%s}`, quoted(path), value)
}

func updateOf(userID string, operations ...string) string {
	return fmt.Sprintf(`"UserId":%q,"Operations":[%s]`, userID, strings.Join(operations, ","))
}

func TestUpdateUserChangesWhatItNames(t *testing.T) {
	cases := []struct {
		name       string
		operations []string
		want       string // member of DescribeUser: its value as JSON, or - where it must be gone
	}{
		{"a text", []string{operation("displayName", `"Z"`)}, `"DisplayName":"Z"`},
		{"a path as the API spells it", []string{operation("DisplayName", `"Z"`)}, `"DisplayName":"Z"`},
		{"a part of the name", []string{operation("name.familyName", `"Cee"`)}, `"Name":{"Formatted":"Dr Zoë Bee","FamilyName":"Cee","GivenName":"Zoë","MiddleName":"Q","HonorificPrefix":"Dr","HonorificSuffix":"III"}`},
		{"the whole name", []string{operation("name", `{"givenName":"A","familyName":"B"}`)}, `"Name":{"FamilyName":"B","GivenName":"A"}`},
		{"a text goes without a value", []string{operation("nickName", "")}, `"NickName":-`},
		{"a text goes with null", []string{operation("title", "null")}, `"Title":-`},
		{"a part of the name goes", []string{operation("name.middleName", "null")}, `"Name":{"Formatted":"Dr Zoë Bee","FamilyName":"Bee","GivenName":"Zoë","HonorificPrefix":"Dr","HonorificSuffix":"III"}`},
		{"a list goes", []string{operation("emails", "null")}, `"Emails":-`},
		{"a list is replaced whole", []string{operation("emails", `[{"value":"new@example.com"}]`)}, `"Emails":[{"Value":"new@example.com"}]`},
		{"a list as the API spells it", []string{operation("Emails", `[{"Value":"new@example.com","Primary":true}]`)}, `"Emails":[{"Value":"new@example.com","Primary":true}]`},
		{"nulls in a list are members that are left out", []string{operation("emails", `[{"value":"new@example.com","type":null,"primary":null}]`)}, `"Emails":[{"Value":"new@example.com"}]`},
		{"the own address in other letter case", []string{operation("emails", `[{"value":"ZOE@example.com"}]`)}, `"Emails":[{"Value":"ZOE@example.com"}]`},
		{"addresses", []string{operation("addresses", `[{"streetAddress":"2 Way","country":"NZ","primary":true}]`)}, `"Addresses":[{"StreetAddress":"2 Way","Country":"NZ","Primary":true}]`},
		{"phone numbers", []string{operation("phoneNumbers", `[{"value":"1","type":"home"}]`)}, `"PhoneNumbers":[{"Value":"1","Type":"home"}]`},
		{"roles", []string{operation("roles", `[{"value":"r"}]`)}, `"Roles":[{"Value":"r"}]`},
		{"photos", []string{operation("photos", `[{"value":"p","display":"d"}]`)}, `"Photos":[{"Value":"p","Display":"d"}]`},
		{"the user name", []string{operation("userName", `"zoe"`)}, `"UserName":"zoe"`},
		{"the user name in other letter case", []string{operation("userName", `"ZOË"`)}, `"UserName":"ZOË"`},
		{"the last of two operations on one path counts", []string{operation("title", `"A"`), operation("TITLE", `"B"`)}, `"Title":"B"`},
		{"an extension", []string{operation(rules.Enterprise, `{"division":"D"}`)}, `"Extensions":{"aws:identitystore:enterprise":{"division":"D"}}`},
		{"a part of an extension that lacks", []string{operation(rules.Enterprise+".manager.value", `"7"`)}, `"Extensions":{"aws:identitystore:enterprise":{"costCenter":"1","manager":{"value":"7"}}}`},
		{"a part of an extension in other letter case", []string{operation("AWS:IdentityStore:Enterprise.COSTCENTER", `"2"`)}, `"Extensions":{"aws:identitystore:enterprise":{"costCenter":"2"}}`},
		{"the last part of an extension goes, and the extension with it", []string{operation(rules.Enterprise+".costCenter", "")}, `"Extensions":-`},
		{"an extension goes", []string{operation(rules.Enterprise, "null")}, `"Extensions":-`},
		{"a part goes that is not there", []string{operation(rules.Enterprise+".a.b", "")}, `"Extensions":{"aws:identitystore:enterprise":{"costCenter":"1"}}`},
	}
	w := newWorld(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			id := w.do("CreateUser", everything+`,"Extensions":{"aws:identitystore:enterprise":{"costCenter":"1"}}`)["UserId"].(string)
			defer w.do("DeleteUser", fmt.Sprintf(`"UserId":%q`, id))
			describe := fmt.Sprintf(`"UserId":%q,"Extensions":["aws:identitystore:enterprise"]`, id)
			want := w.do("DescribeUser", describe)
			w.do("UpdateUser", updateOf(id, c.operations...))
			got := w.do("DescribeUser", describe)
			name, value, _ := strings.Cut(c.want, ":")
			name = strings.Trim(name, `"`)
			if delete(want, name); value != "-" {
				want[name] = object(t, "{"+c.want+"}")[name]
			}
			for _, moment := range []string{"CreatedAt", "UpdatedAt"} {
				delete(want, moment)
				delete(got, moment)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUpdateUserChangesAllOrNothing(t *testing.T) {
	cases := []struct {
		name  string
		last  string // operation after one that is fine
		kind  *fault.Kind
		words string
	}{
		{"the status", operation("userStatus", `"DISABLED"`), fault.Validation, "userStatus"},
		{"an external id", operation("externalIds", `[{"issuer":"i","id":"1"}]`), fault.Validation, "read-only"},
		{"the user's id", operation("userId", `"`+nobody+`"`), fault.Validation, "is not one that can be changed"},
		{"a moment", operation("createdAt", `0`), fault.Validation, "is not one that can be changed"},
		{"the password", operation("password", `"x"`), fault.Validation, "is not one that can be changed"},
		{"a part of a list", operation("emails.value", `"a@example.com"`), fault.Validation, "is not one that can be changed"},
		{"a part of a text", operation("title.a", `"x"`), fault.Validation, "is not one that can be changed"},
		{"another extension", operation("aws:identitystore:other", `{"a":"b"}`), fault.Validation, "is not one that can be changed"},
		{"no user name", operation("userName", ""), fault.Validation, "attribute value cannot be empty or null for attribute path userName"},
		{"no display name", operation("displayName", "null"), fault.Validation, "attribute path displayName"},
		{"no family name", operation("name.familyName", "null"), fault.Validation, "attribute path name.familyName"},
		{"no name", operation("name", "null"), fault.Validation, "attribute path name"},
		{"a name without a given name", operation("name", `{"familyName":"B"}`), fault.Validation, "givenname"},
		{"an empty text", operation("title", `""`), fault.Validation, "'title'"},
		{"a text of 1,025 letters", operation("title", quoted(strings.Repeat("x", 1025))), fault.Validation, "1024"},
		{"a user name with a blank", operation("userName", `"a b"`), fault.Validation, "'userName'"},
		{"a number for a text", operation("title", `7`), fault.Validation, "title must be a string"},
		{"a text for a list", operation("emails", `"a@example.com"`), fault.Validation, "emails must be a list"},
		{"an empty list", operation("emails", `[]`), fault.Validation, "'emails'"},
		{"two elements where one may be", operation("emails", `[{"value":"a@example.com"},{"value":"b@example.com"}]`), fault.Validation, "'emails'"},
		{"an element without the address", operation("emails", `[{"type":"work"}]`), fault.Validation, "emails.value"},
		{"an element with an unknown member", operation("emails", `[{"value":"a@example.com","status":"verified"}]`), fault.Validation, "the members are value, type, primary"},
		{"an element with one member twice", operation("emails", `[{"value":"a@example.com","Value":"b@example.com"}]`), fault.Validation, "comes twice"},
		{"a reserved user name", operation("userName", `"ADMINISTRATOR"`), fault.Validation, "reserves"},
		{"a user name that is taken", operation("userName", `"other"`), fault.Conflict, "Duplicate UserName"},
		{"a user name that is taken in other letters", operation("userName", `"\uff4fther"`), fault.Conflict, "Duplicate UserName"},
		{"an address that is taken", operation("emails", `[{"value":"Other@example.com"}]`), fault.Conflict, "Duplicate emails.value"},
		{"a taken name with a free address", operation("emails", `[{"value":"free@example.com"}]`) + "," + operation("userName", `"other"`), fault.Conflict, "Duplicate UserName"},
		{"an extension that is a list", operation(rules.Enterprise, `["a"]`), fault.Validation, "object"},
		{"an extension that grows too long", operation(rules.Enterprise+".a", quoted(strings.Repeat("x", 8<<10))), fault.Validation, "bytes"},
		{"a path of signs", operation("..", `"x"`), fault.Validation, "attributePath"},
	}
	w := newWorld(t)
	w.user("other", `"Emails":[{"Value":"other@example.com"}]`)
	id := w.do("CreateUser", everything)["UserId"].(string)
	describe := fmt.Sprintf(`"UserId":%q,"Extensions":["aws:identitystore:enterprise"]`, id)
	want, audited := w.do("DescribeUser", describe), w.Rows("audit_event")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.refused(c.kind, c.words, "UpdateUser", updateOf(id, operation("nickName", `"changed"`), c.last))
			if diff := cmp.Diff(want, w.do("DescribeUser", describe)); diff != "" {
				t.Error(diff)
			}
		})
	}
	w.t = t
	if n := w.Rows("user_email"); n != 2 {
		t.Errorf("%d addresses are claimed, want 2", n)
	}
	if n := w.Rows("audit_event"); n != audited {
		t.Errorf("%d changes were recorded though all were refused", n-audited)
	}
	w.refused(fault.Validation, "operations", "UpdateUser", updateOf(id))
	w.refused(fault.Validation, "operations", "UpdateUser", updateOf(id, strings.Split(strings.Repeat(operation("title", `"x"`)+"\n", 100)+operation("title", `"x"`), "\n")...))
	w.refused(fault.NotFound, "USER not found.", "UpdateUser", updateOf(nobody, operation("title", `"x"`)))
}

func TestNamesAndAddressesThatWereGivenUpAreFree(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann", `"Emails":[{"Value":"ann@example.com"}]`)
	w.do("UpdateUser", updateOf(id, operation("userName", `"anna"`), operation("emails", `[{"value":"anna@example.com"}]`)))
	w.refused(fault.Conflict, "UserName", "CreateUser", person("ANNA"))
	w.refused(fault.Conflict, "emails", "CreateUser", person("x", `"Emails":[{"Value":"ANNA@example.com"}]`))
	other := w.user("ann", `"Emails":[{"Value":"ann@example.com"}]`)
	w.do("UpdateUser", updateOf(other, operation("emails", "null")))
	w.user("third", `"Emails":[{"Value":"ann@example.com"}]`)
}

func TestUpdatesTellWhoMadeThem(t *testing.T) {
	w := newWorld(t)
	id, group := w.user("ann"), w.group("Staff")
	here.Signer.ARN = admin + "2"
	defer func() { here.Signer.ARN = admin }()
	w.do("UpdateUser", updateOf(id, operation("title", `"x"`)))
	w.do("UpdateGroup", fmt.Sprintf(`"GroupId":%q,"Operations":[%s]`, group, operation("description", `"x"`)))
	for name, got := range map[string]map[string]any{
		"user":  w.do("DescribeUser", fmt.Sprintf(`"UserId":%q`, id)),
		"group": w.do("DescribeGroup", fmt.Sprintf(`"GroupId":%q`, group)),
	} {
		if got["CreatedBy"] != admin || got["UpdatedBy"] != admin+"2" {
			t.Errorf("%s: created by %v, updated by %v", name, got["CreatedBy"], got["UpdatedBy"])
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"userName", "name.familyName", rules.Enterprise, rules.Enterprise + ".manager.value", "a:b:c.d.e.f", "a:b", "..", "a..b", "é.b", "a.b.c.d", ":::", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePath(text)
		if err != nil {
			if _, refused := fault.As(err); !refused {
				t.Fatalf("%q: %v is no refusal", text, err)
			}
			return
		}
		back := strings.Join(p.names, ".")
		if p.extension != "" {
			back = strings.TrimSuffix(p.extension+"."+back, ".")
		}
		if back != text {
			t.Fatalf("%q is read as %q", text, back)
		}
		if p.key() != lowerASCII(text) {
			t.Fatalf("%q has the key %q", text, p.key())
		}
		if len(p.names) > maxParts || p.extension == "" && len(p.names) == 0 {
			t.Fatalf("%q has %d names", text, len(p.names))
		}
	})
}

func FuzzReplaced(f *testing.F) {
	f.Add(`{"a":{"b":1}}`, "a.b", `"x"`)
	f.Add(`{"a":1,"A":2}`, "A", "")
	f.Add(`{}`, "a.b.c", `{"d":[]}`)
	f.Add(`{"a":[1]}`, "a.b", "")
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add(document, "a.b", `"x"`)
	}
	f.Fuzz(func(t *testing.T, document, dotted, value string) {
		if checkExtension([]byte(document)) != nil || value != "" && checkExtension([]byte(`{"v":`+value+`}`)) != nil {
			return
		}
		p, err := parsePath(dotted)
		if err != nil || p.extension != "" {
			return
		}
		var put []byte
		if value != "" {
			put = []byte(value)
		}
		next, err := replaced([]byte(document), p.names, put)
		if err != nil {
			t.Fatalf("%q at %q of %q: %v", value, dotted, document, err)
		}
		if next == nil {
			return
		}
		got := anyOf(t, string(next))
		for _, name := range p.names {
			members, _ := got.(map[string]any)
			got = nil
			for key, member := range members {
				if lowerASCII(key) == lowerASCII(name) {
					got = member
				}
			}
		}
		var want any
		if value != "" {
			want = anyOf(t, value)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q at %q of %q gives %q: %s", value, dotted, document, next, diff)
		}
	})
}

// Whatever an update is sent, it is a refusal or a user that is kept exactly: the form in the store reads back as what was written.
func FuzzUpdateUser(f *testing.F) {
	for _, seed := range [][2]string{
		{"name", `{"givenName":"A","familyName":"B","formatted":"C"}`}, {"emails", `[{"value":"a@example.com","type":"work","primary":false}]`}, {"emails", `null`},
		{"photos", `[{"value":"1"},{"value":"2","display":"x"}]`}, {"name.honorificPrefix", `"Dr"`}, {"userName", `"zo\u00eb"`}, {rules.Enterprise, `{"a":{"b":[1,true,null]}}`},
		{rules.Enterprise + ".a.b", `"x"`}, {"addresses", `[[]]`}, {"roles", `[{"value":{"a":1}}]`}, {"title", `"\ud83d\ude00"`},
	} {
		f.Add(seed[0], seed[1])
	}
	s := New(Options{IdentityStoreID: storeID})
	f.Fuzz(func(t *testing.T, path, value string) {
		document, err := strictjson.Parse([]byte(value), strictjson.Limits{Bytes: 16 << 10, Depth: 12, Members: 500})
		if err != nil {
			return
		}
		operation := api.AttributeOperation{AttributePath: path}
		if document.Kind() != strictjson.Null {
			operation.AttributeValue = document.AppendTo(nil)
		}
		in := &userInput{IdentityStoreID: storeID, UserName: "ann", DisplayName: "Ann", Name: &api.PersonName{GivenName: "A", FamilyName: "N"}, Title: "T"}
		_, err = s.updateUser(in, []api.AttributeOperation{operation})
		if err == nil {
			err = checkUser(in)
		}
		if err != nil {
			if refusal, refused := fault.As(err); !refused || refusal.Kind != fault.Validation {
				t.Fatalf("%q = %s: %v", path, value, err)
			}
			return
		}
		back, err := store.NewUserRecord("id", "ENABLED", in).Attributes(s.IdentityStoreID)
		if err != nil {
			t.Fatalf("%q = %s: %v", path, value, err)
		}
		if diff := cmp.Diff(in, back); diff != "" {
			t.Fatalf("%q = %s: %s", path, value, diff)
		}
	})
}

// anyOf reads a document with its numbers as they are written.
func anyOf(t *testing.T, text string) (value any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return value
}
