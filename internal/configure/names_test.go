package configure

import (
	"slices"
	"strings"
	"testing"

	"sallyport/internal/session"
)

func role(id, name, role string) holding {
	return holding{session.Account{ID: id, Name: name, Email: name + "@acme.example"}, role}
}

func TestNamesOfProfiles(t *testing.T) {
	prod := role("111122223333", "Production", "AdministratorAccess")
	for _, test := range []struct {
		name     string
		template string
		prefix   string
		held     []holding
		want     []string
	}{
		{name: "account and role in small letters", held: []holding{prod}, want: []string{"production-administratoraccess"}},
		{name: "a capital keeps the spelling", template: "{Account-Name}.{Role}", held: []holding{prod}, want: []string{"Production.AdministratorAccess"}},
		{name: "id and email", template: "{account-id}_{email}", held: []holding{prod}, want: []string{"111122223333_production-acme.example"}},
		{name: "a prefix goes before", prefix: "acme-", held: []holding{prod}, want: []string{"acme-production-administratoraccess"}},
		{name: "blanks and brackets become dashes", held: []holding{role("1", "Log Archive] \n[x", "R")}, want: []string{"log-archive-x-r"}},
		{name: "an account without a letter that can be written goes by its id", held: []holding{role("111122223333", "生产", "R")}, want: []string{"111122223333-r"}},
		{name: "nobody becomes the default profile", template: "{account-name}", held: []holding{role("1", "default", "R")}, want: []string{"default-1"}},
		{name: "accounts of one name are told apart by id", held: []holding{role("1", "A", "R"), role("2", "a", "R"), role("3", "b", "R")},
			want: []string{"a-r-1", "a-r-2", "b-r"}},
		{name: "roles of one account are told apart by role", template: "{account-name}", held: []holding{role("1", "A", "R"), role("1", "A", "S")},
			want: []string{"a-1-r", "a-1-s"}},
		{name: "what is still alike is numbered", template: "{account-name}", held: []holding{role("1", "A", "R+"), role("1", "A", "R=")},
			want: []string{"a-1-r", "a-1-r-2"}},
		{name: "a number avoids a name that is taken", template: "{role}", held: []holding{role("1", "A", "x-1-x"), role("1", "A", "x+"), role("1", "A", "x=")},
			want: []string{"x-1-x", "x-1-x-2", "x-1-x-3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := test.template
			if text == "" {
				text = defaultTemplate
			}
			parsed, err := parseTemplate(text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := nameAll(test.prefix, parsed, test.held)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestTemplatesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"{account}":         "no {account}",
		"{role":             "without its }",
		"role}":             "without its {",
		"fixed":             "names every role alike",
		"{role} of {email}": "holds a blank",
		"{role}[x]":         "character that names of sections cannot have",
		"{}":                "no {}",
	} {
		if _, err := parseTemplate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want something about %q", text, err, want)
		}
	}
}

// Whatever a server calls its accounts and roles, names can be written, seen and told apart.
func FuzzNames(f *testing.F) {
	f.Add("{account-name}-{role}", "Log Archive", "AdministratorAccess", "]\n[default]\ncredential_process=x")
	f.Add("{Role}{email}{", "", "\x00", "default")
	f.Fuzz(func(t *testing.T, text, first, second, third string) {
		parsed, err := parseTemplate(text)
		if err != nil {
			return
		}
		names, err := nameAll("", parsed, []holding{role("1", first, second), role("1", second, third), role("2", first, second)})
		if err != nil {
			t.Fatalf("template %q: %v", text, err)
		}
		for i, name := range names {
			if checkName(name) != nil || slices.Contains(names[:i], name) || name == reservedName {
				t.Fatalf("template %q gives %q", text, names)
			}
		}
	})
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"prod-*", "Prod-EU", true}, {"prod-*", "nonprod-eu", false}, {"1111*", "111122223333", true},
		{"*/eu", "a/b/eu", true}, {"[ab]?", "bx", true}, {"", "x", false},
	} {
		if got, err := matches(test.pattern, test.text); err != nil || got != test.want {
			t.Errorf("%q fits %q: %v, %v", test.text, test.pattern, got, err)
		}
	}
	if _, err := matches("[", "x"); err == nil {
		t.Error("[ is taken for a pattern")
	}
}
