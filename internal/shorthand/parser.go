package shorthand

import (
	"errors"
	"fmt"
	"strings"

	"sallyport/internal/jmespath"
)

// Bounds of a word.
const (
	// maxWord is in characters. A word of a command line ends at 128 KiB on Linux; one that came from a file may be longer.
	maxWord = 1 << 20
	// maxDepth is in brackets and braces, as for JSON.
	maxDepth = 512
)

// parser stands somewhere in a word.
type parser struct {
	word []rune
	at   int
	read ReadFile
	// files says that texts name files. It holds from @= to the next key, also over the end of the braces around it.
	files bool
	depth int
}

// end is what here returns behind the last character. No character is negative.
const end rune = -1

func (p *parser) here() rune {
	if p.at < len(p.word) {
		return p.word[p.at]
	}
	return end
}

func (p *parser) refuse(at int, format string, args ...any) *SyntaxError {
	return &SyntaxError{Problem: fmt.Sprintf(format, args...), Word: string(p.word), At: at}
}

func parseWord(word string, read ReadFile) (jmespath.Value, error) {
	if read == nil {
		read = func(text string) (jmespath.Value, error) { return jmespath.TextOf(text), nil }
	}
	p := &parser{word: []rune(word), read: read}
	if len(p.word) > maxWord {
		return jmespath.Value{}, &SyntaxError{Problem: fmt.Sprintf("a value of more than %d characters", maxWord)}
	}
	return p.pairs()
}

// pairs reads the whole word.
func (p *parser) pairs() (jmespath.Value, error) {
	var members members
	behind := 0 // the pair before
	for {
		name, value, err := p.pair()
		if err != nil {
			return jmespath.Value{}, err
		}
		if members.has(name) {
			fault := p.refuse(behind+1, "the key %q is there twice", name)
			fault.Hint = "A comma joins what should perhaps be two values with a blank between them."
			return jmespath.Value{}, fault
		}
		members.set(name, value)
		behind = p.at
		if p.here() == end {
			return jmespath.ObjectOf(members.list), nil
		}
		if err := p.expectLoosely(','); err != nil {
			return jmespath.Value{}, err
		}
	}
}

func (p *parser) pair() (string, jmespath.Value, error) {
	name, err := p.assignment()
	if err != nil {
		return "", jmespath.Value{}, err
	}
	var value jmespath.Value
	switch p.here() {
	case end:
		value = jmespath.TextOf("")
	case '[', '{':
		value, err = p.item()
	default:
		value, err = p.texts()
	}
	return name, value, err
}

// keyCharacters are the characters of a key, which may also be empty.
const keyCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.#/:"

// assignment reads a key and the sign that assigns to it.
func (p *parser) assignment() (string, error) {
	start := p.at
	for p.here() != end && strings.ContainsRune(keyCharacters, p.here()) {
		p.at++
	}
	name := string(p.word[start:p.at])
	p.files = p.expectLoosely('@') == nil
	return name, p.expectLoosely('=')
}

// texts reads one text, or a list of several. A text that an equals sign follows was a key: back to the comma before it.
func (p *parser) texts() (jmespath.Value, error) {
	first, err := p.text()
	if err != nil {
		return jmespath.Value{}, err
	}
	p.skipBlanks()
	if p.here() != ',' {
		return first, nil
	}
	p.at++
	p.skipBlanks()
	items := []jmespath.Value{first}
	for {
		next, err := p.followingText()
		var syntax *SyntaxError
		if errors.As(err, &syntax) && p.here() != end {
			p.backToComma()
			break
		}
		if err != nil {
			return jmespath.Value{}, err
		}
		items = append(items, next)
		if p.here() == end {
			break
		}
		p.at++
		p.skipBlanks()
	}
	if len(items) == 1 {
		return first, nil
	}
	return jmespath.ListOf(items), nil
}

// followingText reads a text behind a comma of texts, up to the next comma or the end.
func (p *parser) followingText() (jmespath.Value, error) {
	var text jmespath.Value
	var err error
	if p.here() == '\'' || p.here() == '"' {
		text, err = p.quoted()
	} else if taken, found := p.take(notStart, notFollowing); found {
		text, err = p.finish(taken)
	} else {
		return text, p.refuse(p.at, "expected another text, found none")
	}
	if err != nil {
		return text, err
	}
	p.skipBlanks()
	if p.here() != end && p.here() != ',' {
		return text, p.unexpected(',')
	}
	return text, nil
}

func (p *parser) backToComma() {
	for p.at > 0 && p.word[p.at] != ',' {
		p.at--
	}
}

func (p *parser) item() (jmespath.Value, error) {
	switch p.here() {
	case '[':
		return p.nested(p.list)
	case '{':
		return p.nested(p.hash)
	}
	return p.text()
}

func (p *parser) nested(read func() (jmespath.Value, error)) (jmespath.Value, error) {
	if p.depth == maxDepth {
		return jmespath.Value{}, p.refuse(p.at, "nested deeper than %d levels", maxDepth)
	}
	p.depth++
	defer func() { p.depth-- }()
	p.at++
	p.skipBlanks()
	return read()
}

// list reads behind the opening bracket.
func (p *parser) list() (jmespath.Value, error) {
	items := []jmespath.Value{}
	for p.here() != ']' {
		item, err := p.item()
		if err != nil {
			return jmespath.Value{}, err
		}
		items = append(items, item)
		if err := p.separator(']'); err != nil {
			return jmespath.Value{}, err
		}
	}
	p.at++
	return jmespath.ListOf(items), nil
}

// hash reads behind the opening brace. Other than in a word, a key may be there twice; the later one counts.
func (p *parser) hash() (jmespath.Value, error) {
	var members members
	for p.here() != '}' {
		name, err := p.assignment()
		if err != nil {
			return jmespath.Value{}, err
		}
		value, err := p.item()
		if err != nil {
			return jmespath.Value{}, err
		}
		members.set(name, value)
		if err := p.separator('}'); err != nil {
			return jmespath.Value{}, err
		}
	}
	p.at++
	return jmespath.ObjectOf(members.list), nil
}

// separator goes over the comma behind an item, or stops before the closing sign.
func (p *parser) separator(closing rune) error {
	p.skipBlanks()
	if p.here() == closing {
		return nil
	}
	if err := p.expect(','); err != nil {
		return err
	}
	p.skipBlanks()
	return nil
}

func (p *parser) expect(sign rune) error {
	if p.here() != sign {
		return p.unexpected(sign)
	}
	p.at++
	return nil
}

// expectLoosely allows blanks around the sign, and goes over those before it even where the sign is missing.
func (p *parser) expectLoosely(sign rune) error {
	p.skipBlanks()
	if err := p.expect(sign); err != nil {
		return err
	}
	p.skipBlanks()
	return nil
}

func (p *parser) unexpected(sign rune) *SyntaxError {
	if p.here() == end {
		return p.refuse(p.at, "expected '%c', found the end", sign)
	}
	return p.refuse(p.at, "expected '%c', found '%c'", sign, p.here())
}

func (p *parser) skipBlanks() {
	for p.here() != end && strings.ContainsRune(" \t\n\r\v\f", p.here()) {
		p.at++
	}
}

// members is an object in the making.
type members struct {
	list  []jmespath.Member
	place map[string]int
}

func (m *members) has(name string) bool {
	_, found := m.place[name]
	return found
}

func (m *members) set(name string, value jmespath.Value) {
	if at, again := m.place[name]; again {
		m.list[at].Value = value
		return
	}
	if m.place == nil {
		m.place = map[string]int{}
	}
	m.place[name] = len(m.list)
	m.list = append(m.list, jmespath.Member{Name: name, Value: value})
}
