package trace

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// withheldFrom is the length from which an unbroken run of base64url characters is taken for a secret. Sealed tokens and signatures
// are longer, SigV4's 64 hexadecimal digits included; names, ids and the parts of ARNs and URLs are shorter.
const withheldFrom = 64

// A JWS or JWE in compact form begins with an encoded `{"`, however short its parts are, and goes on over the dots between them.
const (
	jwsStart       = "eyJ"
	jwsShortestRun = 16
)

const ellipsis = "…"

// Clean makes text fit to be kept and shown on a terminal: what looks like a token is withheld, what does not print is escaped, and
// the whole is cut to at most max bytes.
func Clean(text string, max int) string {
	if plain(text) && len(text) <= max {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		piece, size := nextPiece(text[i:])
		if b.Len()+len(piece) > max {
			return cut(b.String(), max)
		}
		b.WriteString(piece)
		i += size
	}
	return b.String()
}

// plain tells whether the text is printable ASCII without a run that might be withheld.
func plain(text string) bool {
	run := 0
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
		if !inRun(text[i]) {
			run = 0
		} else if run++; run >= jwsShortestRun {
			return false
		}
	}
	return true
}

// nextPiece returns what to show for the head of the text, and how many bytes of the text that is.
func nextPiece(text string) (piece string, size int) {
	if run := runLength(text); run > 0 {
		secret := run >= withheldFrom
		if run >= jwsShortestRun && strings.HasPrefix(text, jwsStart) {
			secret, run = true, len(text)-len(strings.TrimLeftFunc(text, func(r rune) bool { return r == '.' || r < utf8.RuneSelf && inRun(byte(r)) }))
		}
		if secret {
			return "[" + strconv.Itoa(run) + " characters withheld]", run
		}
		return text[:run], run
	}
	r, size := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) { // IsPrint refuses controls, formats such as bidi marks, and odd spaces
		quoted := strconv.QuoteToASCII(text[:size])
		return quoted[1 : len(quoted)-1], size
	}
	return text[:size], size
}

func runLength(text string) int {
	n := 0
	for n < len(text) && inRun(text[n]) {
		n++
	}
	return n
}

func inRun(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '+'
}

// cut makes room for an ellipsis.
func cut(text string, max int) string {
	end := min(len(text), max-len(ellipsis))
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
