package policy

import (
	"encoding/json"
	"slices"
	"strings"
)

// Rename writes other names in the place of some principals of a document that was read before; everything else stays as it is, to the
// letter. Documents name people and roles, and mean those who were there when they were written: when one is deleted, its unique id takes the
// place of its name, as IAM does it, so that nobody who gets the name later is let in by it.
func Rename(document string, other func(principal string) (name string, found bool)) string {
	r := renamer{document: document, tokens: json.NewDecoder(strings.NewReader(document)), other: other}
	if r.value(nil) != nil {
		return document // which Parse has not read either
	}
	return r.out.String() + document[r.copied:]
}

// renamer walks through a document and copies it.
type renamer struct {
	document string
	tokens   *json.Decoder
	other    func(string) (string, bool)
	out      strings.Builder
	copied   int // of the document
}

var principalPath = []string{"Statement", "Principal", "AWS"}

func (r *renamer) value(path []string) error {
	before := int(r.tokens.InputOffset())
	token, err := r.tokens.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Delim:
		return r.inside(token, path)
	case string:
		if name, found := r.other(token); found && slices.Equal(path, principalPath) {
			start := before + strings.IndexByte(r.document[before:], '"') // white space, a comma or a colon stand before it
			written, err := json.Marshal(name)
			if err != nil {
				return err
			}
			r.out.WriteString(r.document[r.copied:start])
			r.out.Write(written)
			r.copied = int(r.tokens.InputOffset())
		}
	}
	return nil
}

// inside walks through an object or a list. What stands in a list stands where the list does.
func (r *renamer) inside(kind json.Delim, path []string) error {
	for r.tokens.More() {
		under := path
		if kind == '{' {
			name, err := r.tokens.Token()
			if err != nil {
				return err
			}
			text, _ := name.(string)
			under = append(slices.Clip(path), text)
		}
		if err := r.value(under); err != nil {
			return err
		}
	}
	_, err := r.tokens.Token()
	return err
}
