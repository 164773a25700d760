package configure

import (
	"fmt"
	"strings"
	"unicode"

	"sallyport/internal/awsconfig"
	"sallyport/internal/command"
	"sallyport/internal/session"
)

// holding is one role that the person holds in one account.
type holding struct {
	session.Account
	Role string
}

// defaultTemplate gives the names that the portal's pages propose, so that a profile pasted from there and one of ours are the same.
const defaultTemplate = "{account-name}-{role}"

// part is one placeholder of a template.
type part struct {
	name  string
	value func(holding) string
}

// parts are all placeholders, in the order in which people are told of them.
var parts = []part{
	{"account-name", func(h holding) string { return h.Account.Name }},
	{"account-id", func(h holding) string { return h.ID }},
	{"email", func(h holding) string { return h.Email }},
	{"role", func(h holding) string { return h.Role }},
}

// template makes names of profiles: literals and placeholders in turns, beginning with a literal.
type template struct {
	literals []string
	parts    []part
	spelled  []bool // the placeholder begins with a capital: letters stay as they are spelled
}

// parseTemplate reads a template such as {account-name}-{role}.
func parseTemplate(text string) (template, error) {
	var t template
	for rest := text; ; {
		literal, after, opened := strings.Cut(rest, "{")
		if strings.Contains(literal, "}") {
			return t, fmt.Errorf("%q has a } without its {", text)
		}
		t.literals = append(t.literals, literal)
		if !opened {
			break
		}
		name, next, closed := strings.Cut(after, "}")
		found, known := partNamed(name)
		switch {
		case !closed:
			return t, fmt.Errorf("%q has a { without its }", text)
		case !known:
			return t, fmt.Errorf("%q has no {%s}: use {account-name}, {account-id}, {email} and {role}", text, name)
		}
		t.parts, t.spelled = append(t.parts, found), append(t.spelled, unicode.IsUpper(rune(name[0])))
		rest = next
	}
	if len(t.parts) == 0 {
		return t, fmt.Errorf("%q names every role alike: use {account-name}, {account-id}, {email} and {role}", text)
	}
	return t, checkName(strings.Join(t.literals, "x"))
}

func partNamed(name string) (part, bool) {
	for _, known := range parts {
		if known.name == strings.ToLower(name) {
			return known, true
		}
	}
	return part{}, false
}

// checkName refuses names that some reader of the file cannot see: besides those that no section can have, all with a blank, which the
// SDK for Go passes over.
func checkName(name string) error {
	if strings.ContainsAny(name, " \t") {
		return fmt.Errorf("the name %q holds a blank: the SDK for Go does not see such profiles", name)
	}
	return awsconfig.CheckName(name)
}

func (t template) name(h holding) string {
	var b strings.Builder
	for i, literal := range t.literals {
		b.WriteString(literal)
		if i == len(t.parts) {
			break
		}
		value := word(t.parts[i].value(h))
		if value == "" { // a name without a letter that we can write
			value = h.ID
		}
		if !t.spelled[i] {
			value = strings.ToLower(value)
		}
		b.WriteString(value)
	}
	return b.String()
}

// maxWord bounds a part of a name, which people type.
const maxWord = 40

// word reduces a text of the server to characters that need quoting neither in the file nor in a shell. Everything else becomes a dash:
// a line end or a bracket in an account's name could otherwise add settings to the file.
func word(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case b.Len() == maxWord:
			return strings.TrimRight(b.String(), "-")
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.'):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimRight(b.String(), "-")
}

// reservedName is the profile of who names none. No role becomes it by accident.
const reservedName = "default"

// nameAll names all roles that the person holds, whichever of them are wanted: a role's name depends on no filter. Those that the
// template names alike are told apart by the account's id, then by the role, then by a number.
func nameAll(prefix string, t template, held []holding) ([]string, error) {
	names := make([]string, len(held))
	for i, h := range held {
		names[i] = prefix + t.name(h)
	}
	for _, more := range []func(holding) string{
		func(h holding) string { return h.ID },
		func(h holding) string { return strings.ToLower(word(h.Role)) },
	} {
		uses := count(names)
		for i, h := range held {
			if uses[names[i]] > 1 || names[i] == reservedName {
				names[i] += "-" + more(h)
			}
		}
	}
	taken := map[string]bool{}
	for i, base := range names {
		for n := 2; taken[names[i]]; n++ {
			names[i] = fmt.Sprintf("%s-%d", base, n)
		}
		taken[names[i]] = true
		if err := checkName(names[i]); err != nil {
			return nil, command.ValidationError("%v", err)
		}
	}
	return names, nil
}

func count(names []string) map[string]int {
	uses := map[string]int{}
	for _, name := range names {
		uses[name]++
	}
	return uses
}
