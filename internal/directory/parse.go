package directory

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"sallyport/internal/sys"
)

// Parse reads a directory file. The name is for the mistakes, which come as *Mistakes, all of them at once.
func Parse(file string, content []byte) (*Directory, error) {
	r := &reader{Mistakes: &Mistakes{File: file}}
	node := r.root(content)
	if node == nil {
		return nil, r.orNil()
	}
	d := &Directory{file: file}
	readMapping(r, "the file", node, fileFields, d)
	if r.visits < maxVisits {
		if ruleFormat.holds(cmp.Or(d.format.value, "1")) && !d.whole() {
			for _, m := range r.later {
				r.add(place{m.Line, m.Column}, "%s", m.Text)
			}
		}
		check(r.Mistakes, d)
	}
	if err := r.orNil(); err != nil {
		return nil, err
	}
	return d, nil
}

// root returns the root of the one YAML document, or nil after a mistake.
func (r *reader) root(content []byte) *yaml.Node {
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
