package ssocache

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// member is one member of a file's object. A value that is nil is absent.
type member struct {
	name  string
	value json.RawMessage
}

func absent(m member) bool { return m.value == nil }

// parseMembers reads an object, in its order; of a name that occurs twice the last one counts. The names are compared as they
// stand, which decoding into a struct would not do.
func parseMembers(text []byte) (all []member, reason string) {
	if !utf8.Valid(text) {
		return nil, "is not valid UTF-8"
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, "is no JSON object"
	}
	place := map[string]int{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, broken(decoder)
		}
		m := member{name: name.(string)}
		if err := decoder.Decode(&m.value); err != nil {
			return nil, broken(decoder)
		}
		if at, again := place[m.name]; again {
			all[at].value = m.value
			continue
		}
		place[m.name] = len(all)
		all = append(all, m)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, broken(decoder)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, broken(decoder)
	}
	return all, ""
}

// broken tells where the JSON ends. The decoder's own words repeat what stands there.
func broken(decoder *json.Decoder) string {
	return fmt.Sprintf("is broken JSON at byte %d", decoder.InputOffset())
}

// take reads the known members into their places and returns all others. A known member of another type is as good as absent.
func take(all []member, places map[string]any) (others []member) {
	for _, m := range all {
		if place, known := places[m.name]; known {
			_ = takeOne(m.value, place)
			continue
		}
		others = append(others, m)
	}
	return others
}

func takeOne(value json.RawMessage, place any) error {
	switch place := place.(type) {
	case *string:
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return err
		}
		*place = text
	case *[]string:
		var list []string
		if err := json.Unmarshal(value, &list); err != nil {
			return err
		}
		*place = list
	}
	return nil
}

func textMember(name, text string) member {
	if text == "" {
		return member{name: name}
	}
	return member{name, quote(text)}
}

func listMember(name string, list []string) member {
	if len(list) == 0 {
		return member{name: name}
	}
	return member{name, textList(list)}
}

// encode writes the object as the AWS CLI does: in one line, a blank behind each comma and colon, and in ASCII alone.
func encode(all []member) []byte {
	out := []byte{'{'}
	for i, m := range all {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(out, quote(m.name)...)
		out = append(out, ": "...)
		out = append(out, m.value...)
	}
	return append(out, '}')
}

// textList is a list of texts, or null for no list.
func textList(list []string) []byte {
	if list == nil {
		return []byte("null")
	}
	out := []byte{'['}
	for i, text := range list {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(out, quote(text)...)
	}
	return append(out, ']')
}

// shortEscapes are the escapes that JSON has letters for.
var shortEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

// quote is a text in JSON with everything escaped that is not printable ASCII. The names of registrations depend on each byte.
func quote(text string) []byte {
	out := []byte{'"'}
	for _, r := range text {
		short, has := shortEscapes[r]
		switch {
		case has:
			out = append(out, short...)
		case r >= ' ' && r <= '~':
			out = append(out, byte(r))
		case r <= 0xffff:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		}
	}
	return append(out, '"')
}
