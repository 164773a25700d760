package manual

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file makes lines of texts, for all three forms.

// line makes a text one line of letters: control and format characters, which could make a terminal or a formatter do something, are
// blanks, and runs of blanks are one.
func line(text string) string {
	return strings.Join(strings.FieldsFunc(text, isNoLetter), " ")
}

// verbatim is a text whose lines and blanks are kept, as those of an example are.
func verbatim(text string) []string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(strings.Map(func(r rune) rune {
			if isNoLetter(r) {
				return ' '
			}
			return r
		}, lines[i]), " ")
	}
	return lines
}

func isNoLetter(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
}

// shell is the lines of an example, each broken before options until it fits in the width. The pieces of a broken line are joined by
// backslashes, so that it can be pasted.
func (e Example) shell(width int) []string {
	var lines []string
	for _, line := range verbatim(e.Shell) {
		lines = append(lines, breakCommand(line, width)...)
	}
	return lines
}

// hanging is what the lines of a broken command after its first are indented by.
const hanging = "    "

func breakCommand(command string, width int) []string {
	const joint = ` \`
	var lines []string
	current := ""
	for _, piece := range beforeOptions(command) {
		if current != "" && length(current)+length(piece)+length(joint) > width {
			lines = append(lines, current+joint)
			current = hanging + strings.TrimLeft(piece, " ")
		} else {
			current += piece
		}
	}
	return append(lines, current)
}

// beforeOptions cuts a command before each blank that an option follows, outside of quotes.
func beforeOptions(command string) []string {
	var pieces []string
	var quote byte
	start := 0
	for i := range len(command) {
		switch c := command[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case strings.HasPrefix(command[i:], " --") && i > start:
			pieces, start = append(pieces, command[start:i]), i
		}
	}
	return append(pieces, command[start:])
}

// synopsisLines indents what follows the command.
func synopsisLines(synopsis []string) []string {
	lines := []string{line(synopsis[0])}
	for _, option := range synopsis[1:] {
		lines = append(lines, hanging+line(option))
	}
	return lines
}

// wrap breaks a text between words into lines of at most that width. A longer word, such as a URL, has a line of its own and stays whole.
func wrap(text string, width int) []string {
	var lines []string
	current := ""
	for _, word := range strings.Fields(line(text)) {
		switch {
		case current == "":
			current = word
		case length(current)+1+length(word) <= width:
			current += " " + word
		default:
			lines, current = append(lines, current), word
		}
	}
	if current == "" {
		return lines
	}
	return append(lines, current)
}

// length is the width of a text on a terminal, as far as texts of the manual go: they have no wide letters.
func length(text string) int { return utf8.RuneCountInString(text) }
