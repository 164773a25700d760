package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// outcome is what comparing a value of a policy with one of a request comes to.
type outcome int

const (
	unmatched outcome = iota
	matched
	unresolved // the value has a policy variable that the request does not fill
)

// pattern is a text with wildcards and policy variables, compiled.
type pattern []part

type part struct {
	kind     partKind
	text     string // of a literal; the key of a variable
	fallback string // of a variable without a value, where hasFallback
	has      bool
}

type partKind uint8

const (
	literal      partKind = iota
	anything              // *
	oneCharacter          // ?
	variable              // ${key}
)

// wildcards compiles a text in which * and ? are wildcards and nothing else is special.
func wildcards(text string) pattern {
	p, _ := compile(text, true, false)
	return p
}

// compile reads a text. Without wild, * and ? stand for themselves; without variables, so do dollar signs. The sentence says what is
// wrong, and is empty when nothing is.
func compile(text string, wild, variables bool) (p pattern, problem string) {
	from := 0 // text[from:i] is a literal that waits
	flush := func(i int) {
		if i > from {
			p = append(p, part{kind: literal, text: text[from:i]})
		}
	}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case variables && strings.HasPrefix(text[i:], "${"):
			flush(i)
			v, size, problem := readVariable(text[i:])
			if problem != "" {
				return nil, problem
			}
			p = append(p, v)
			i += size
			from = i
		case wild && (c == '*' || c == '?'):
			flush(i)
			kind := anything
			if c == '?' {
				kind = oneCharacter
			}
			if kind != anything || len(p) == 0 || p[len(p)-1].kind != anything { // ** is *
				p = append(p, part{kind: kind})
			}
			i++
			from = i
		default:
			i++
		}
	}
	flush(len(text))
	return p, ""
}

// readVariable reads ${key}, ${key, 'value'} and the characters that are written ${*}, ${?} and ${$}.
func readVariable(text string) (v part, size int, problem string) {
	end := strings.IndexByte(text, '}')
	if end < 0 {
		return part{}, 0, "has a policy variable without its closing brace"
	}
	inner := text[len("${"):end]
	switch inner {
	case "*", "?", "$":
		return part{kind: literal, text: inner}, end + 1, ""
	}
	key, fallback, has := strings.Cut(inner, ",")
	key, fallback = strings.TrimSpace(key), strings.TrimSpace(fallback)
	switch {
	case !isKey(key):
		return part{}, 0, fmt.Sprintf("has the policy variable %s: write ${aws:username}, ${aws:username, 'nobody'}, or ${*}, ${?}, ${$} for the character", quote(inner))
	case has && (len(fallback) < 2 || fallback[0] != '\'' || strings.IndexByte(fallback[1:], '\'') != len(fallback)-2):
		return part{}, 0, "has a policy variable whose default is not in single quotation marks"
	}
	return part{kind: variable, text: key, fallback: strings.Trim(fallback, "'"), has: has}, end + 1, ""
}

// maxKey bounds the name of a condition key; that of a tag has at most 128 characters.
const maxKey = 256

// isKey tells whether text may be a condition key: a prefix, a colon and a name. Keys of OpenID providers have their address for a
// prefix.
func isKey(text string) bool {
	prefix, name, found := strings.Cut(text, ":")
	if !found || prefix == "" || name == "" || len(text) > maxKey {
		return false
	}
	for _, c := range text {
		if c <= ' ' || c == 0x7F || strings.ContainsRune("${}*?'\"", c) {
			return false
		}
	}
	return true
}

// matches compares the pattern with a text. Values of variables are text, so a wildcard in one is none.
func (p pattern) matches(text string, fold bool, context Context) outcome {
	if slices.ContainsFunc(p, func(part part) bool { return part.kind == variable }) {
		filled, ok := p.fill(context)
		if !ok {
			return unresolved
		}
		p = filled
	}
	if glob(p, text, fold) {
		return matched
	}
	return unmatched
}

func (p pattern) fill(context Context) (pattern, bool) {
	filled := slices.Clone(p)
	for i, part := range filled {
		if part.kind != variable {
			continue
		}
		filled[i].kind = literal
		switch values := context.get(part.text); {
		case len(values) == 1:
			filled[i].text = values[0]
		case len(values) == 0 && part.has:
			filled[i].text = part.fallback
		default: // several values are not one
			return nil, false
		}
	}
	return filled, true
}

// glob compares without recursion: after a mismatch only the last * takes one character more, so the work is bounded by the product of
// the two lengths.
func glob(p pattern, text string, fold bool) bool {
	i, at := 0, 0
	star, from := -1, 0 // the last *, and where what follows it was tried
	for {
		ok := false
		switch {
		case i == len(p):
			if at == len(text) {
				return true
			}
		case p[i].kind == anything:
			if i == len(p)-1 {
				return true
			}
			star, from = i, at
			ok = true
		case p[i].kind == oneCharacter:
			if ok = at < len(text); ok {
				at += character(text[at:])
			}
		default:
			if ok = hasPrefix(text[at:], p[i].text, fold); ok {
				at += len(p[i].text)
			}
		}
		switch {
		case ok:
			i++
		case star < 0 || from == len(text):
			return false
		default:
			from += character(text[from:])
			i, at = star+1, from
		}
	}
}

func character(text string) int {
	_, size := utf8.DecodeRuneInString(text)
	return size
}

func hasPrefix(text, prefix string, fold bool) bool {
	if len(text) < len(prefix) {
		return false
	}
	return text[:len(prefix)] == prefix || fold && sameFolded(text[:len(prefix)], prefix)
}

// sameFolded compares without regard to the case of the letters A to Z. The fold of Unicode takes U+212A for a k, and names that are not
// equal must not become so.
func sameFolded(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// arnParts is how many parts an ARN has.
const arnParts = 6

// arnPattern is a pattern for ARNs. The six parts are compared one by one, so that a wildcard in one does not reach into the next: not
// from a name into the account. No part at all stands for *, which matches whatever there is.
type arnPattern []pattern

// compileARN reads a pattern. The sentence says what is wrong.
func compileARN(text string, variables bool) (arnPattern, string) {
	if text == "*" {
		return nil, ""
	}
	pieces := splitARN(text, variables)
	if len(pieces) != arnParts || pieces[0] != "arn" || pieces[1] == "" || pieces[2] == "" || pieces[5] == "" {
		return nil, "is neither * nor an ARN, which has six parts: arn:partition:service:region:account:resource"
	}
	compiled := make(arnPattern, arnParts)
	for i, piece := range pieces {
		var problem string
		if compiled[i], problem = compile(piece, true, variables); problem != "" {
			return nil, problem
		}
	}
	return compiled, ""
}

// splitARN cuts at the first five colons that do not stand in a policy variable.
func splitARN(text string, variables bool) []string {
	var pieces []string
	from, inside := 0, false
	for i := 0; i < len(text) && len(pieces) < arnParts-1; i++ {
		switch {
		case variables && strings.HasPrefix(text[i:], "${"):
			inside = true
		case text[i] == '}':
			inside = false
		case text[i] == ':' && !inside:
			pieces = append(pieces, text[from:i])
			from = i + 1
		}
	}
	return append(pieces, text[from:])
}

// matches compares the pattern with an ARN, or with the * of a request that is about no resource, which only * matches.
func (p arnPattern) matches(text string, context Context) outcome {
	if p == nil {
		return matched
	}
	pieces := strings.SplitN(text, ":", arnParts)
	if len(pieces) != arnParts {
		return unmatched
	}
	result := matched
	for i, piece := range p {
		switch piece.matches(pieces[i], false, context) {
		case unmatched:
			return unmatched // whatever the other parts would be
		case unresolved:
			result = unresolved
		}
	}
	return result
}
