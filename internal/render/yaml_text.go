package render

import (
	"strings"
	"unicode/utf8"
)

// textStyle tells how a text may be written.
type textStyle struct {
	plain     bool // without quotes
	single    bool // in single quotes; in double quotes any text can be written
	multiline bool
}

// analyze finds how a text may be written in block style: without quotes only if it reads back as this very text.
func analyze(text string) textStyle {
	if text == "" {
		return textStyle{single: true}
	}
	var f features
	f.find(text)
	return textStyle{
		plain:     !f.indicator && !f.breaks && !f.outerBlank && !f.special && !readsAsOther(text),
		single:    !f.special && !f.blankAfterBreak && !f.blankBeforeBreak,
		multiline: f.breaks,
	}
}

// features are what speaks against a style.
type features struct {
	indicator        bool // something would be read as syntax
	special          bool // something must be escaped
	breaks           bool
	outerBlank       bool // the first or last character is a blank
	blankAfterBreak  bool
	blankBeforeBreak bool
}

// startIndicators cannot start a text without quotes. The markers of documents cannot either.
const startIndicators = "#,[]{}&*!|>'\"%@`"

func (f *features) find(text string) {
	f.indicator = strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...") || strings.IndexByte(startIndicators, text[0]) >= 0
	f.outerBlank = text[0] == ' ' || text[len(text)-1] == ' '
	previous := rune(0)
	for i, r := range text {
		switch {
		case !isPrintable(r):
			f.special = true
		case r == ':' || i == 0 && (r == '-' || r == '?'):
			f.indicator = f.indicator || separates(after(text, i))
		case r == '#':
			f.indicator = f.indicator || separates(previous)
		}
		f.breaks = f.breaks || isBreak(r)
		f.blankAfterBreak = f.blankAfterBreak || r == ' ' && isBreak(previous)
		f.blankBeforeBreak = f.blankBeforeBreak || isBreak(r) && previous == ' '
		previous = r
	}
}

// after is the character after the ASCII character at this place, zero at the end.
func after(text string, at int) rune {
	if at+1 == len(text) {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(text[at+1:])
	return r
}

// separates tells the characters that end a word; zero stands for the ends of a text.
func separates(r rune) bool { return r == 0 || r == ' ' || r == '\t' || isBreak(r) }

// isBreak tells the line breaks of YAML 1.1, which LibYAML still keeps to.
func isBreak(r rune) bool {
	switch r {
	case '\n', '\r', nextLine, lineSeparator, paragraphSeparator:
		return true
	}
	return false
}

const (
	nextLine           = '\u0085'
	noBreakSpace       = '\u00A0'
	lineSeparator      = '\u2028'
	paragraphSeparator = '\u2029'
	byteOrderMark      = '\uFEFF'
	lastOfPlane        = '\uFFFD' // the basic plane ends with two noncharacters after this one
)

// isPrintable tells what LibYAML writes as it is: nothing beyond the basic plane, so that emoji are escaped, and no tabs.
func isPrintable(r rune) bool {
	switch {
	case r == '\n' || ' ' <= r && r <= '~':
		return true
	case r == byteOrderMark:
		return false
	}
	return noBreakSpace <= r && r <= lastOfPlane
}

// text writes a text in the first style of plain, single and double quotes that can hold it. Only where folding is allowed may
// it go on over several lines, indented below the collection it is in.
func (e *emitter) text(text string, style textStyle, fold bool) {
	e.indent += yamlIndent
	switch {
	case style.plain:
		e.plain(text, fold)
	case style.single:
		e.single(text, fold)
	default:
		e.double(text, fold)
	}
	e.indent -= yamlIndent
}

// folder decides where a long text goes on in the next line: at a blank that is not next to another one. The blank is then not
// written, a line break stands for it.
type folder struct {
	allowed    bool
	afterBlank bool
}

func (f folder) folds(e *emitter) bool {
	return f.allowed && !f.afterBlank && e.column > yamlWidth
}

func (e *emitter) plain(text string, fold bool) {
	e.space()
	f := folder{allowed: fold}
	for i, r := range text {
		if r == ' ' && f.folds(e) && !strings.HasPrefix(text[i+1:], " ") {
			e.lineBreak()
		} else {
			e.put(r)
		}
		f.afterBlank = r == ' '
	}
	e.blank, e.fresh = false, false
}

// single writes a text in single quotes. A line break in it is written as an empty line, because a reader takes a single break for
// a blank.
func (e *emitter) single(text string, fold bool) {
	e.indicator("'", true)
	f := folder{allowed: fold}
	broken := false
	for i, r := range text {
		switch {
		case r == ' ' && f.folds(e) && i > 0 && i < len(text)-1 && text[i+1] != ' ':
			e.lineBreak()
		case r == ' ':
			e.put(r)
		case isBreak(r):
			e.breakInQuotes(r, broken)
		default:
			e.letterInQuotes(r, broken)
		}
		f.afterBlank, broken = r == ' ', isBreak(r)
	}
	if broken {
		e.lineBreak()
	}
	e.indicator("'", false)
}

func (e *emitter) breakInQuotes(r rune, again bool) {
	if !again && r == '\n' {
		e.newLine()
	}
	if r == '\n' {
		e.newLine()
	} else {
		e.put(r)
		e.column = 0
	}
	e.fresh = true
}

func (e *emitter) letterInQuotes(r rune, afterBreak bool) {
	if afterBreak {
		e.lineBreak()
	}
	if r == '\'' {
		e.put(r)
	}
	e.put(r)
}

// double writes a text in double quotes, where what cannot be shown is escaped.
func (e *emitter) double(text string, fold bool) {
	e.indicator(`"`, true)
	f := folder{allowed: fold}
	for i, r := range text {
		switch {
		case r == ' ' && f.folds(e) && i > 0 && i < len(text)-1:
			e.lineBreak()
			if text[i+1] == ' ' {
				e.put('\\') // else a reader would take this blank for indentation
			}
		case !isPrintable(r) || isBreak(r) || r == '"' || r == '\\':
			e.escape(r)
		default:
			e.put(r)
		}
		f.afterBlank = r == ' '
	}
	e.indicator(`"`, false)
}

// escapes are the characters that have an escape of one letter (YAML 1.2 §5.7).
var escapes = map[rune]rune{
	0: '0', '\a': 'a', '\b': 'b', '\t': 't', '\n': 'n', '\v': 'v', '\f': 'f', '\r': 'r', '\x1b': 'e', '"': '"', '\\': '\\',
	nextLine: 'N', lineSeparator: 'L', paragraphSeparator: 'P',
}

func (e *emitter) escape(r rune) {
	if letter, short := escapes[r]; short {
		e.put('\\')
		e.put(letter)
		return
	}
	before := len(e.out)
	e.out = appendEscape(e.out, r, upperDigits)
	e.column += len(e.out) - before
}
