// Package yamlvalue reads the document of --cli-input-yaml. It owns what a YAML text means for the command line: YAML 1.2 as the
// AWS CLI v2 has it, where yes and on are text while 12, true and null are not. Whether the value fits an operation is decided by
// whoever holds the operation's shape.
//
// What cannot be a parameter is refused here, where the line is still known: moments, infinities, binary data, tags of programs, keys that
// are not text, a document that contains itself. The AWS CLI reads some of these and refuses them when it holds them against the model.
//
// Known sad paths: the AWS CLI refuses every tab outside quotes, block scalars and comments; one between a colon and its value, or before
// a bracket, is accepted here. It reads %YAML 1.1 by the rules of that version, an escaped slash outside JSON, and U+0085 and U+2028 as
// characters of a text; these are refused here.
package yamlvalue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"sallyport/internal/jmespath"
	"sallyport/internal/sys"
)

const byteOrderMark = "\ufeff"

// Bounds of a document.
const (
	// maxText is in bytes. The longest parameter of any operation is an assertion of some kilobytes; a mebibyte leaves room for hundreds.
	maxText = 1 << 20
	// maxDepth is in collections, as for JSON input; aliases count with what they stand for, which ends a document that contains itself.
	maxDepth = 512
	// maxWeight bounds what aliases and merge keys unfold to, in nodes plus bytes of their text. A document without any weighs less
	// than twice its length, so only one that unfolds to more than twice the longest text is refused.
	maxWeight = 4 * maxText
)

// Error tells what is wrong with a document and where, and repeats nothing of it: its values may be secrets.
type Error struct {
	Line    int // from 1
	Problem string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Problem) }

// Parse reads one document. A text without one is null. Every error is an *Error.
func Parse(text string) (jmespath.Value, error) {
	if err := checkText(text); err != nil {
		return jmespath.Value{}, err
	}
	text, err := settleDirectives(text)
	if err != nil {
		return jmespath.Value{}, err
	}
	root, err := readDocument(respellJSON(text))
	if err != nil || root == nil {
		return jmespath.Value{}, err
	}
	b := &builder{weight: maxWeight}
	return b.value(root, 0)
}

// checkText refuses what the YAML library would read otherwise than the reference.
func checkText(text string) error {
	if len(text) > maxText {
		return &Error{1, fmt.Sprintf("the document is longer than %d bytes", maxText)}
	}
	for at, r := range text {
		if !printable(r) || r == utf8.RuneError && !strings.HasPrefix(text[at:], string(utf8.RuneError)) {
			return &Error{lineAt(text, at), "a character that YAML does not allow"}
		}
	}
	return nil
}

// printable is the character set of YAML 1.2 §5.1.
func printable(r rune) bool {
	switch {
	case r < 0x20:
		return r == '\t' || r == '\n' || r == '\r'
	case r < 0xa0:
		return r < 0x7f || r == 0x85
	}
	return r < 0xfffe || r > 0xffff
}

func lineAt(text string, at int) int { return 1 + strings.Count(text[:at], "\n") }

// settleDirectives settles the directives above the document, some of which the YAML library would refuse: one that asks for YAML 1.2 asks
// for what is done here, an unknown one is ignored (YAML 1.2 §6.8.1), and both are made comments. One that asks for another YAML is
// refused: under 1.1 yes would be true.
func settleDirectives(text string) (string, error) {
	if !strings.Contains(text, "%") {
		return text, nil
	}
	var settled strings.Builder
	line, directives := 0, false
	for content := range strings.Lines(text) {
		line++
		words := strings.Fields(strings.TrimPrefix(content, byteOrderMark))
		switch {
		case len(words) == 0 || words[0][0] == '#':
		case words[0][0] != '%' && directives && words[0] != "---":
			return "", &Error{line, "directives without --- below them"}
		case words[0][0] != '%':
			return settled.String() + text[settled.Len():], nil
		case words[0] == "%YAML" && (len(words) < 2 || words[1] != "1.2"):
			return "", &Error{line, "only YAML 1.2 is read"}
		default:
			directives = true
			if words[0] != "%TAG" {
				content = strings.Replace(content, "%", "#", 1)
			}
		}
		settled.WriteString(content)
	}
	if directives {
		return "", &Error{line, "directives without --- below them"}
	}
	return text, nil
}

// readDocument returns the root node of the one document, or nil where there is none.
func readDocument(text string) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var root, second yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, explain(err)
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
		return root.Content[0], nil
	case err != nil:
		return nil, explain(err)
	}
	return nil, &Error{second.Line, "a second document; one is expected"}
}

var jsonEscape = sys.Pattern(`\\(?:[^u]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})`)

// respellJSON spells in YAML's way the two escapes of JSON (RFC 8259 §7) that the YAML library refuses: a character beyond the first plane,
// which JSON writes as two, and the slash. In a JSON document every backslash begins an escape, so none is mistaken.
func respellJSON(text string) string {
	if !strings.Contains(text, `\u`) && !strings.Contains(text, `\/`) || !json.Valid([]byte(text)) {
		return text
	}
	return jsonEscape().ReplaceAllStringFunc(text, func(escape string) string {
		switch {
		case escape == `\/`:
			return "/"
		case len(escape) != len(`\ud83d\ude00`):
			return escape
		}
		high, _ := strconv.ParseUint(escape[2:6], 16, 16)
		low, _ := strconv.ParseUint(escape[8:], 16, 16)
		return fmt.Sprintf(`\U%08x`, utf16.DecodeRune(rune(high), rune(low)))
	})
}

var libraryError = sys.Pattern(`^yaml: (?:line ([0-9]+): )?((?s:.*))$`)

// explain keeps the line and the fixed sentence of the YAML library. Its one sentence that repeats a word of the document is replaced.
func explain(err error) *Error {
	told := &Error{1, "the document cannot be read as YAML"}
	parts := libraryError().FindStringSubmatch(err.Error())
	if parts == nil {
		return told
	}
	if line, err := strconv.Atoi(parts[1]); err == nil {
		told.Line = line
	}
	told.Problem = parts[2]
	if strings.HasPrefix(told.Problem, "unknown anchor") {
		told.Problem = "an alias that names no anchor before it"
	}
	return told
}
