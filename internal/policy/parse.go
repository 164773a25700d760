package policy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sallyport/internal/arn"
	"sallyport/internal/strictjson"
)

// The versions of the language (element Version).
const (
	version2012 = "2012-10-17"
	version2008 = "2008-10-17"
)

// Parse reads a document of the kind. Every error is an *Error.
func Parse(document []byte, kind Kind) (*Policy, error) {
	rules := kinds[kind]
	if len(document) > MaxDocument || visible(document) > rules.maxVisible {
		return nil, &Error{TooLarge: true, Msg: fmt.Sprintf("%s has at most %d characters that are not white space", rules.name, rules.maxVisible)}
	}
	root, err := strictjson.Parse(document, strictjson.Limits{Bytes: MaxDocument, Depth: maxDepth, Members: maxMembers})
	if syntax := (*strictjson.SyntaxError)(nil); errors.As(err, &syntax) {
		return nil, &Error{Msg: fmt.Sprintf("the document is not a JSON policy: byte %d: %s", syntax.Offset, syntax.Msg)}
	}
	r := reader{rules: rules, kind: kind}
	statements, refused := r.document(root)
	if refused != nil {
		return nil, refused
	}
	return &Policy{statements}, nil
}

// visible counts the characters that IAM counts.
func visible(document []byte) int {
	n := 0
	for _, c := range document {
		if c > ' ' && c&0xC0 != 0x80 { // neither white space nor a later byte of a character
			n++
		}
	}
	return n
}

// reader compiles one document.
type reader struct {
	rules     rules
	kind      Kind
	variables bool // the version has policy variables
}

func refuse(path, format string, args ...any) *Error {
	return &Error{Path: path, Msg: fmt.Sprintf(format, args...)}
}

// maxQuoted bounds what a sentence repeats of the document.
const maxQuoted = 64

// quote repeats a part of the document in a form that cannot harm a log or a terminal.
func quote(text string) string {
	if len(text) > maxQuoted {
		text = text[:maxQuoted] + "…"
	}
	return strconv.QuoteToASCII(text)
}

// under is the path of a member.
func under(path, name string) string {
	for _, c := range []byte(name) {
		if c != ':' && c != '.' && c != '/' && !isWord(c) {
			name = quote(name)
			break
		}
	}
	if len(name) > maxQuoted {
		name = name[:maxQuoted] + "…"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

func (r *reader) document(root strictjson.Value) ([]statement, *Error) {
	if root.Kind() != strictjson.Object {
		return nil, refuse("", "a policy is a JSON object")
	}
	for _, m := range root.Members() {
		switch {
		case m.Name != "Version" && m.Name != "Id" && m.Name != "Statement":
			return nil, refuse(under("", m.Name), "there is no such element: a policy has Version, Id and Statement")
		case m.Name == "Id" && m.Value.Kind() != strictjson.String:
			return nil, refuse("Id", "must be a string")
		}
	}
	if err := r.version(root); err != nil {
		return nil, err
	}
	list, found := root.Get("Statement")
	switch {
	case !found:
		return nil, refuse("Statement", "is missing: a policy has at least one statement")
	case list.Kind() == strictjson.Object:
		one, err := r.statement("Statement", list)
		return []statement{one}, err
	case list.Kind() != strictjson.Array || len(list.Items()) == 0:
		return nil, refuse("Statement", "must be a statement or a list of at least one")
	case len(list.Items()) > MaxStatements:
		return nil, &Error{Path: "Statement", Msg: fmt.Sprintf("has more than %d statements", MaxStatements), TooLarge: true}
	}
	return r.statements(list.Items())
}

// version reads the element that decides about policy variables. Left out, IAM takes it for the older version.
func (r *reader) version(root strictjson.Value) *Error {
	value, found := root.Get("Version")
	version := value.Text()
	if !found {
		version = version2008
	}
	switch {
	case version == version2012:
		r.variables = true
	case version == version2008 && r.rules.version08:
	case !found:
		return refuse("Version", `is missing: add "Version": "2012-10-17"`)
	default:
		return refuse("Version", "must be %q in %s", version2012, r.rules.name)
	}
	return nil
}

func (r *reader) statements(items []strictjson.Value) ([]statement, *Error) {
	statements := make([]statement, len(items))
	sids := map[string]bool{}
	for i, item := range items {
		path := fmt.Sprintf("Statement[%d]", i)
		one, err := r.statement(path, item)
		if err != nil {
			return nil, err
		}
		if sid, found := item.Get("Sid"); found {
			if sids[sid.Text()] {
				return nil, refuse(path+".Sid", "%s stands twice: each statement has its own", quote(sid.Text()))
			}
			sids[sid.Text()] = true
		}
		statements[i] = one
	}
	return statements, nil
}

// elements are the elements of a statement, each with the function that reads it. A table, so that what is not in it is refused.
var elements = map[string]func(r *reader, s *statement, path string, value strictjson.Value) *Error{
	"Sid":          (*reader).sid,
	"Effect":       (*reader).effect,
	"Principal":    (*reader).principal,
	"NotPrincipal": (*reader).notPrincipal,
	"Action":       (*reader).action,
	"NotAction":    (*reader).notAction,
	"Resource":     (*reader).resource,
	"NotResource":  (*reader).notResource,
	"Condition":    (*reader).condition,
}

func (r *reader) statement(path string, value strictjson.Value) (statement, *Error) {
	s := statement{label: path}
	if value.Kind() != strictjson.Object {
		return s, refuse(path, "a statement is a JSON object")
	}
	for _, m := range value.Members() {
		read := elements[m.Name]
		if read == nil {
			return s, refuse(under(path, m.Name), "there is no such element in a statement")
		}
		if err := read(r, &s, under(path, m.Name), m.Value); err != nil {
			return s, err
		}
	}
	return s, r.complete(path, value)
}

// complete looks for what a statement of the kind must have, and for contradictions between its elements.
func (r *reader) complete(path string, value strictjson.Value) *Error {
	has := func(name string) bool { _, found := value.Get(name); return found }
	switch {
	case !has("Effect"):
		return refuse(path+".Effect", "is missing: say Allow or Deny")
	case has("Action") == has("NotAction"):
		return refuse(path, "must have either Action or NotAction")
	case r.rules.principal && !has("Principal"):
		return refuse(path+".Principal", "is missing: %s says whom it is for", r.rules.name)
	case r.rules.resource && has("Resource") == has("NotResource"):
		return refuse(path, "must have either Resource or NotResource")
	}
	return nil
}

// maxSid bounds the name of a statement, which stands in explanations.
const maxSid = 128

func (r *reader) sid(s *statement, path string, value strictjson.Value) *Error {
	text := value.Text()
	valid := value.Kind() == strictjson.String && len(text) <= maxSid
	for _, c := range []byte(text) {
		valid = valid && (isWord(c) || c == ' ')
	}
	if !valid {
		return refuse(path, "must be at most %d letters, digits, spaces, hyphens and underscores", maxSid)
	}
	if text != "" {
		s.label += " (" + text + ")"
	}
	return nil
}

func (r *reader) effect(s *statement, path string, value strictjson.Value) *Error {
	if text := value.Text(); text != "Allow" && text != "Deny" {
		return refuse(path, "must be Allow or Deny")
	}
	s.deny = value.Text() == "Deny"
	return nil
}

// texts reads a string or a list of at least one.
func texts(path string, value strictjson.Value) ([]string, *Error) {
	items := value.Items()
	if value.Kind() != strictjson.Array {
		items = []strictjson.Value{value}
	}
	if len(items) == 0 {
		return nil, refuse(path, "must have at least one value")
	}
	list := make([]string, len(items))
	for i, item := range items {
		if item.Kind() != strictjson.String {
			return nil, refuse(path, "must be a string or a list of strings")
		}
		list[i] = item.Text()
	}
	return list, nil
}

func (r *reader) action(s *statement, path string, value strictjson.Value) *Error {
	list, err := texts(path, value)
	if err != nil {
		return err
	}
	for _, text := range list {
		switch service, name, found := strings.Cut(text, ":"); {
		case r.kind == Trust && !sameFolded(service, "sts"):
			return refuse(path, "%s: a trust policy is about actions of STS, such as sts:AssumeRole", quote(text))
		case text == "*":
		case !found || service == "" || name == "" || strings.Trim(service, lettersDigits+"-") != "" || strings.Trim(name, lettersDigits+"*?") != "":
			return refuse(path, "%s is not an action: write service:Name, with * and ? in the name only, or *", quote(text))
		}
		s.actions = append(s.actions, wildcards(text))
	}
	return nil
}

const lettersDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func (r *reader) notAction(s *statement, path string, value strictjson.Value) *Error {
	if r.kind == Trust {
		return refuse(path, "a trust policy says its actions with Action")
	}
	s.notActions = true
	return r.action(s, path, value)
}

func (r *reader) resource(s *statement, path string, value strictjson.Value) *Error {
	if !r.rules.resource {
		return refuse(path, "%s has no resource: it is about the role that it belongs to", r.rules.name)
	}
	list, err := texts(path, value)
	if err != nil {
		return err
	}
	for _, text := range list {
		if _, err := arn.ParseApplication(text); r.kind == Resource && text != "*" && err != nil {
			return refuse(path, "%s is neither * nor the ARN of an application", quote(text))
		}
		compiled, problem := compileARN(text, r.variables)
		if problem != "" {
			return refuse(path, "%s %s", quote(text), problem)
		}
		s.resources = append(s.resources, compiled)
	}
	return nil
}

func (r *reader) notResource(s *statement, path string, value strictjson.Value) *Error {
	if r.kind == Resource {
		return refuse(path, "a resource policy is about the application that it belongs to: say Resource")
	}
	s.notResources = true
	return r.resource(s, path, value)
}
