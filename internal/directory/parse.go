package directory

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// Parse reads a directory file. The name is for the mistakes, which come as *Mistakes, all of them at once.
func Parse(file string, content []byte) (*Directory, error) {
	r := &reader{Mistakes: &Mistakes{File: file}}
	node := r.document(content)
	if node == nil {
		return nil, r.orNil()
	}
	d := &Directory{}
	readMapping(r, "the file", node, fileFields, d)
	if r.visits < maxVisits {
		check(r.Mistakes, d)
	}
	if err := r.orNil(); err != nil {
		return nil, err
	}
	return d, nil
}

// document returns the root of the one YAML document, or nil after a mistake.
func (r *reader) document(content []byte) *yaml.Node {
	if len(content) > MaxFile {
		r.add(place{line: 1}, "found %d bytes, expected at most %d", len(content), MaxFile)
		return nil
	}
	if !utf8.Valid(content) {
		r.add(firstInvalid(content), "found bytes that are not UTF-8, expected UTF-8 text")
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var root, second yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		r.add(place{line: 1}, "found nothing, expected %s", keysOf(fileFields))
		return nil
	case err != nil:
		r.syntax(err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
		return root.Content[0]
	case err != nil:
		r.syntax(err)
	default:
		r.add(placeOf(&second), "found a second YAML document, expected one")
	}
	return nil
}

// yamlError is the form in which the YAML library tells of a syntax error. Its line is where the library was when it noticed, at times the
// line before or after the one to mend.
var yamlError = sys.Pattern(`^yaml: (?:line ([0-9]+): )?(?s:(.*))$`)

func (r *reader) syntax(err error) {
	at, message := place{line: 1}, err.Error()
	if parts := yamlError().FindStringSubmatch(message); parts != nil {
		if line, err := strconv.Atoi(parts[1]); err == nil {
			at.line = line
		}
		message = parts[2]
	}
	r.add(at, "found YAML that cannot be read, expected YAML: %s", message)
}

func firstInvalid(content []byte) place {
	at := place{1, 1}
	for len(content) > 0 {
		c, size := utf8.DecodeRune(content)
		if c == utf8.RuneError && size == 1 {
			break
		}
		at.column++
		if c == '\n' {
			at = place{at.line + 1, 1}
		}
		content = content[size:]
	}
	return at
}

// check looks at what the entries say about each other: names that must differ, and names that must be there.
func check(m *Mistakes, d *Directory) {
	users, groups := newNames("user"), newNames("group")
	accounts, sets := newNames("account"), newNames("permission set")
	users.key = store.UserNameKey

	emails := newNames("e-mail address")
	emails.key = store.UserNameKey
	for _, u := range d.users {
		users.declare(m, u.userName)
		emails.declare(m, u.email)
	}
	for _, g := range d.groups {
		groups.declare(m, g.displayName)
	}
	owners := newNames("e-mail address")
	owners.key = store.UserNameKey
	for _, a := range d.accounts {
		accounts.declare(m, a.accountID)
		owners.declare(m, a.email)
	}
	for i := range d.permissionSets {
		p := &d.permissionSets[i]
		sets.declare(m, p.name)
		if p.seconds = defaultSessionS; p.sessionDuration.value != "" {
			p.seconds, _ = parseDuration(p.sessionDuration.value)
		}
	}
	links := 0
	for _, g := range d.groups {
		users.each(m, g.members, "in the group", map[string]bool{})
		links += len(g.members)
	}
	assigned := map[[2]string]map[string]bool{}
	for _, a := range d.assignments {
		checkAssignment(m, a, accounts, sets, users, groups, assigned)
		links += len(a.users) + len(a.groups)
	}
	if links > maxLinks {
		m.add(place{line: 1}, "found %d memberships and assignments, expected at most %d", links, maxLinks)
	}
}

func checkAssignment(m *Mistakes, a assignment, accounts, sets, users, groups *names, assigned map[[2]string]map[string]bool) {
	accounts.refer(m, a.account)
	sets.refer(m, a.permissionSet)
	if len(a.users)+len(a.groups) == 0 && a.account.line > 0 {
		m.add(a.account.place, "found an assignment to nobody, expected users or groups")
	}
	pair := [2]string{a.account.value, a.permissionSet.value}
	if assigned[pair] == nil {
		assigned[pair] = map[string]bool{}
	}
	users.each(m, a.users, "for this account and permission set", assigned[pair])
	groups.each(m, a.groups, "for this account and permission set", assigned[pair])
}

// names are the names of one kind of thing.
type names struct {
	kind     string
	key      func(string) string // the form in which names are unique
	declared map[string]text
	list     []string
}

func newNames(kind string) *names {
	return &names{kind: kind, key: func(name string) string { return name }, declared: map[string]text{}}
}

// declare adds a name, which must be new.
func (n *names) declare(m *Mistakes, name text) {
	if name.value == "" {
		return
	}
	if first, ok := n.declared[n.key(name.value)]; ok {
		m.add(name.place, "found the %s %s again, expected it once: it is on line %d, too", n.kind, shown(name.value), first.line)
		return
	}
	n.declared[n.key(name.value)] = name
	n.list = append(n.list, name.value)
}

// refer looks a name up, which must be there.
func (n *names) refer(m *Mistakes, name text) {
	if _, ok := n.declared[n.key(name.value)]; name.value != "" && !ok {
		m.add(name.place, "found the %s %s, expected one that this file declares%s", n.kind, shown(name.value), didYouMean(name.value, n.list))
	}
}

// each looks up names that must be there and differ from those used before.
func (n *names) each(m *Mistakes, list []text, where string, used map[string]bool) {
	for _, name := range list {
		n.refer(m, name)
		key := n.kind + "\x00" + n.key(name.value)
		if name.value != "" && used[key] {
			m.add(name.place, "found the %s %s again %s, expected it once", n.kind, shown(name.value), where)
		}
		used[key] = true
	}
}
