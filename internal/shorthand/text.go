package shorthand

import (
	"strings"

	"sallyport/internal/jmespath"
)

// The signs that plain text cannot hold, by where it stands. A backslash lets it hold a comma.
const (
	notStart     = `"',=[{` // as its first character
	notFirst     = `"',]}`  // after that, in the first text of a value and in brackets and braces
	notFollowing = `"',=`   // after that, in the texts behind a comma
)

// inPlain reports whether plain text can hold a character at all. Like in the reference, those beyond the first plane need quotes.
func inPlain(r rune) bool { return r <= 0xffff && (r > ' ' || isSpace(r)) }

// text reads a text that may be empty.
func (p *parser) text() (jmespath.Value, error) {
	if p.here() == '\'' || p.here() == '"' {
		return p.quoted()
	}
	taken, found := p.take(notStart, notFirst)
	if !found {
		return jmespath.TextOf(""), nil
	}
	return p.finish(taken)
}

// take goes over as much plain text as there is.
func (p *parser) take(notStart, notAfter string) (text string, found bool) {
	start := p.at
	for p.here() != end {
		barred := notAfter
		if p.at == start {
			barred = notStart
		}
		r := p.here()
		switch {
		case r == '\\' && p.at+1 < len(p.word) && p.word[p.at+1] == ',':
			p.at++
		case !inPlain(r) || strings.ContainsRune(barred, r) || p.at == start && isSpace(r) && r < 0x7f:
			return p.plain(start)
		}
		p.at++
	}
	return p.plain(start)
}

// plain is the text that was taken: without backslashes before commas and without blanks at its end.
func (p *parser) plain(start int) (text string, found bool) {
	text = strings.ReplaceAll(string(p.word[start:p.at]), `\,`, ",")
	return strings.TrimRightFunc(text, isSpace), p.at > start
}

// quoted reads a text in quotes. A backslash lets it hold the quote or a backslash, and is itself before anything else. Where the word
// ends before the quotes do, the last quote that a backslash stood before closes them after all.
func (p *parser) quoted() (jmespath.Value, error) {
	quote, start := p.here(), p.at+1
	last := 0
	for at := start; at < len(p.word); at++ {
		switch {
		case p.word[at] == quote:
			return p.unquote(quote, start, at)
		case p.word[at] == '\\' && at+1 < len(p.word) && (p.word[at+1] == quote || p.word[at+1] == '\\'):
			at++
			if p.word[at] == quote {
				last = at
			}
		}
	}
	if last > 0 {
		return p.unquote(quote, start, last)
	}
	return jmespath.Value{}, p.refuse(p.at, "expected the quotes to end, found the end")
}

func (p *parser) unquote(quote rune, start, closing int) (jmespath.Value, error) {
	p.at = closing + 1
	text := strings.ReplaceAll(string(p.word[start:closing]), `\`+string(quote), string(quote))
	return p.finish(strings.ReplaceAll(text, `\\`, `\`))
}

// finish makes a value of a text, which is the name of a file after @=.
func (p *parser) finish(text string) (jmespath.Value, error) {
	if p.files {
		return p.read(text)
	}
	return jmespath.TextOf(text), nil
}
