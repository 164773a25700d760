package autoprompt

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/internal/shellwords"
)

// maxLine bounds the line, in bytes: the kernel takes no longer argument.
const maxLine = 128 << 10

// effect is what a key asks of the world.
type effect int

const (
	goOn effect = iota
	run
	leave
)

// panel is what the lower half of the screen shows.
type panel int

const (
	noPanel panel = iota
	docsPanel
	keysPanel
)

// state is all there is to the editor. It is a value: a key makes a new one, and nothing it refers to is ever changed.
type state struct {
	program *Program
	list    listing

	text    string
	cursor  int // in bytes
	place   place
	menu    []candidate
	chosen  int // in the menu, -1 for none
	message string
	warned  bool     // the message told what is missing: the next Enter runs the line all the same
	secrets []string // values taken from the menu that the line shows masked

	panel         panel
	scroll        int // rows of the panel above its window
	width, height int
}

func newState(p *Program, list listing, initial []string) state {
	text := shellwords.Join(initial)
	s := state{program: p, list: list}.edited(text, len(text))
	if text == "" || s.mayGoOn() {
		return s
	}
	return s.inserted(" ")
}

// mayGoOn tells whether the word at the cursor is the beginning of something known, and not all of it.
func (s state) mayGoOn() bool {
	whole := s.place.lead + s.place.typed
	return len(s.menu) > 0 && !slices.ContainsFunc(s.menu, func(c candidate) bool { return c.word == whole })
}

func (s state) resized(width, height int) state {
	s.width, s.height = width, height
	return s
}

// edited is the state with another line or cursor; the menu follows.
func (s state) edited(text string, cursor int) state {
	if len(text) > maxLine {
		s.message = "the line is full"
		return s
	}
	s.text, s.cursor = text, cursor
	s.message, s.warned = "", false
	s.place = placeAt(s.program, text, cursor)
	s.menu, s.chosen = candidates(s.place, s.list), -1
	s.scroll = 0
	return s
}

func (s state) inserted(text string) state {
	return s.edited(s.text[:s.cursor]+text+s.text[s.cursor:], s.cursor+len(text))
}

// deleted takes out what is between two places of the line, in any order.
func (s state) deleted(from, to int) state {
	from, to = min(from, to), max(from, to)
	return s.edited(s.text[:from]+s.text[to:], from)
}

// pasted inserts text that was pasted. Line ends and tabs are kept within quotes and are blanks elsewhere; other controls are dropped.
func (s state) pasted(text string) state {
	t := shellwords.Tokens(s.text[:s.cursor])
	quoted := len(t) > 0 && t[len(t)-1].Open
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			if quoted {
				return r
			}
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, text)
	return s.inserted(text)
}

// changes are the keys that change the state and nothing else, by bubbletea's names. Several names of one change are what terminals and
// habits differ in.
var changes = [...]struct {
	keys   []string
	change func(state) state
}{
	{[]string{"tab"}, state.tab},
	{[]string{"down", "ctrl+n"}, func(s state) state { return s.choose(+1) }},
	{[]string{"up", "ctrl+p", "shift+tab"}, func(s state) state { return s.choose(-1) }},
	{[]string{"pgdown"}, func(s state) state { return s.turned(+1) }},
	{[]string{"pgup"}, func(s state) state { return s.turned(-1) }},
	{[]string{"esc"}, state.escape},
	{[]string{"f1"}, func(s state) state { return s.toggled(keysPanel) }},
	{[]string{"f3"}, func(s state) state { return s.toggled(docsPanel) }},
	{[]string{"left", "ctrl+b"}, func(s state) state { return s.edited(s.text, s.left()) }},
	{[]string{"right", "ctrl+f"}, func(s state) state { return s.edited(s.text, s.right()) }},
	{[]string{"home", "ctrl+a"}, func(s state) state { return s.edited(s.text, 0) }},
	{[]string{"end", "ctrl+e"}, func(s state) state { return s.edited(s.text, len(s.text)) }},
	{[]string{"alt+b", "ctrl+left", "alt+left"}, func(s state) state { return s.edited(s.text, s.wordLeft()) }},
	{[]string{"alt+f", "ctrl+right", "alt+right"}, func(s state) state { return s.edited(s.text, s.wordRight()) }},
	{[]string{"backspace", "ctrl+h"}, func(s state) state { return s.deleted(s.left(), s.cursor) }},
	{[]string{"delete"}, func(s state) state { return s.deleted(s.cursor, s.right()) }},
	{[]string{"ctrl+w", "alt+backspace"}, func(s state) state { return s.deleted(s.wordLeft(), s.cursor) }},
	{[]string{"ctrl+u"}, func(s state) state { return s.deleted(0, s.cursor) }},
	{[]string{"ctrl+k"}, func(s state) state { return s.deleted(s.cursor, len(s.text)) }},
}

// press is the state after a key: its name, or the text that it inserts.
func (s state) press(key, text string) (state, effect) {
	switch {
	case text == " " && s.chosen >= 0:
		return s.taken(s.menu[s.chosen]), goOn
	case text != "":
		return s.inserted(text), goOn
	case key == "enter" || key == "kpenter" || key == "ctrl+j":
		return s.enter()
	case key == "ctrl+c" || key == "ctrl+d":
		return s, leave
	}
	for _, c := range changes {
		if slices.Contains(c.keys, key) {
			return c.change(s), goOn
		}
	}
	return s, goOn
}

// enter takes the chosen item, or runs the line.
func (s state) enter() (state, effect) {
	if s.chosen >= 0 {
		return s.taken(s.menu[s.chosen]), goOn
	}
	trouble := problem(s.program, s.text)
	if trouble == "" || s.warned && trouble != shellwords.ErrOpen.Error() {
		return s, run
	}
	s.message, s.warned = trouble, true
	if trouble != shellwords.ErrOpen.Error() {
		s.message += " - Enter again runs the line as it is"
	}
	return s, goOn
}

// tab takes the only item there is, or goes to the next one.
func (s state) tab() state {
	if len(s.menu) == 1 {
		return s.taken(s.menu[0])
	}
	return s.choose(+1)
}

// choose moves through the menu; beyond its ends is the line, where nothing is chosen.
func (s state) choose(step int) state {
	places := len(s.menu) + 1
	s.chosen = (s.chosen+1+step+places)%places - 1
	s.message, s.warned = "", false
	s.scroll = 0
	return s
}

// turned turns the pages of the panel, or of the menu when there is no panel.
func (s state) turned(direction int) state {
	if s.panel != noPanel {
		last := max(0, len(s.panelText())-s.panelRows())
		s.scroll = min(max(s.scroll+direction*max(1, s.panelRows()-1), 0), last)
		return s
	}
	if len(s.menu) > 0 {
		s.chosen = min(max(s.chosen+direction*max(1, s.menuRows()), 0), len(s.menu)-1)
	}
	return s
}

// escape undoes the nearest: the choice, the message, the panel.
func (s state) escape() state {
	switch {
	case s.chosen >= 0:
		s.chosen = -1
	case s.message != "":
		s.message, s.warned = "", false
	default:
		s.panel = noPanel
	}
	return s
}

func (s state) toggled(p panel) state {
	if s.panel == p {
		p = noPanel
	}
	s.panel, s.scroll = p, 0
	return s
}

// taken puts an item in the place of the word at the cursor and a blank behind it, unless the word may go on.
func (s state) taken(c candidate) state {
	word := shellwords.Quote(c.word)
	after := s.text[s.place.end:]
	switch {
	case c.joins:
		word = strings.TrimSuffix(word, "'") // a quotation goes on with the path
	case after == "" || !shellwords.IsBlank(after[0]):
		word += " "
	default:
		after = after[1:]
		word += " "
	}
	if c.secret != "" {
		s.secrets = append(slices.Clip(s.secrets), c.secret)
	}
	return s.edited(s.text[:s.place.start]+word+after, s.place.start+len(word))
}

// left is the beginning of the character before the cursor, with what combines with it.
func (s state) left() int {
	at := s.cursor
	for at > 0 {
		r, size := utf8.DecodeLastRuneInString(s.text[:at])
		at -= size
		if !unicode.In(r, unicode.M, unicode.Cf) {
			break
		}
	}
	return at
}

// right is the end of the character at the cursor, with what combines with it.
func (s state) right() int {
	_, size := utf8.DecodeRuneInString(s.text[s.cursor:])
	at := s.cursor + size
	for at < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[at:])
		if !unicode.In(r, unicode.M, unicode.Cf) {
			break
		}
		at += size
	}
	return at
}

func (s state) wordLeft() int {
	at := s.cursor
	for at > 0 && shellwords.IsBlank(s.text[at-1]) {
		at--
	}
	for at > 0 && !shellwords.IsBlank(s.text[at-1]) {
		at--
	}
	return at
}

func (s state) wordRight() int {
	at := s.cursor
	for at < len(s.text) && shellwords.IsBlank(s.text[at]) {
		at++
	}
	for at < len(s.text) && !shellwords.IsBlank(s.text[at]) {
		at++
	}
	return at
}
