package render

import "strings"

// readsAsOther reports whether a reader of YAML 1.2 would take a text without quotes for something else: null, a boolean, a number, a
// date, or a mark. The words yes, no, on and off are texts in YAML 1.2.
func readsAsOther(text string) bool {
	switch text {
	case "", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "<<", "=":
		return true
	}
	switch c := text[0]; {
	case isDigit(c):
		return isInteger(text) || isFloat(text) || isTimestamp(text)
	case c == '-' || c == '+' || c == '.':
		return isInteger(text) || isFloat(text)
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isDigitOrLow(c byte) bool { return isDigit(c) || c == '_' }

// matcher goes through a text from part to part.
type matcher string

// skip takes as many bytes as belong to the set, and reports whether there were any.
func (m *matcher) skip(set func(byte) bool) bool {
	n := 0
	for n < len(*m) && set((*m)[n]) {
		n++
	}
	*m = (*m)[n:]
	return n > 0
}

// digits takes at least low digits and at most high.
func (m *matcher) digits(low, high int) bool {
	n := 0
	for n < len(*m) && n < high && isDigit((*m)[n]) {
		n++
	}
	*m = (*m)[n:]
	return n >= low
}

// one takes one byte of these.
func (m *matcher) one(of string) bool {
	if *m == "" || strings.IndexByte(of, (*m)[0]) < 0 {
		return false
	}
	*m = (*m)[1:]
	return true
}

func (m *matcher) ended() bool { return *m == "" }

// is reports whether the whole rest belongs to the set.
func (m matcher) is(set func(byte) bool) bool { return m.skip(set) && m.ended() }

func among(bytes string) func(byte) bool {
	return func(c byte) bool { return strings.IndexByte(bytes, c) >= 0 }
}

// isInteger matches whole numbers, also in binary, octal and hexadecimal and with low lines between the digits.
func isInteger(text string) bool {
	m := matcher(text)
	m.one("+-")
	if m.is(isDigitOrLow) {
		return true
	}
	if !m.one("0") {
		return false
	}
	switch {
	case m.one("b"):
		return m.is(among("01_"))
	case m.one("o"):
		return m.is(among("01234567_"))
	case m.one("x"):
		return m.is(among("0123456789abcdefABCDEF_"))
	}
	return false
}

// isFloat matches fractions, exponents, infinity and not a number.
func isFloat(text string) bool {
	switch strings.TrimLeft(text[:1], "+-") + text[1:] {
	case ".inf", ".Inf", ".INF":
		return true
	}
	switch text {
	case ".nan", ".NaN", ".NAN":
		return true
	}
	m := matcher(text)
	m.one("+-")
	if m == "" {
		return false
	}
	if !isDigit(m[0]) {
		return m.one(".") && m.skip(isDigitOrLow) && (m.ended() || m.exponent(true))
	}
	m.skip(isDigitOrLow)
	if m.one(".") {
		m.skip(isDigitOrLow)
		return m.ended() || m.exponent(false)
	}
	return m.exponent(false)
}

// exponent takes the rest as an exponent. After a fraction without a whole part it must have a sign.
func (m *matcher) exponent(needsSign bool) bool {
	if !m.one("eE") || !m.one("+-") && needsSign {
		return false
	}
	return m.is(isDigit)
}

// isTimestamp matches a date, and a date with a time of day and perhaps a zone.
func isTimestamp(text string) bool {
	m := matcher(text)
	if !m.digits(4, 4) || !m.one("-") || !m.digits(1, 2) || !m.one("-") || !m.digits(1, 2) {
		return false
	}
	if m.ended() {
		return len(text) == len("2006-01-02")
	}
	if !m.one("Tt") && !m.skip(among(" \t")) {
		return false
	}
	if !m.digits(1, 2) || !m.one(":") || !m.digits(2, 2) || !m.one(":") || !m.digits(2, 2) {
		return false
	}
	if m.one(".") {
		m.skip(isDigit)
	}
	return m.isZone()
}

func (m *matcher) isZone() bool {
	if m.ended() {
		return true
	}
	m.skip(among(" \t"))
	if m.one("Z") {
		return m.ended()
	}
	if !m.one("+-") || !m.digits(1, 2) {
		return false
	}
	if m.one(":") && !m.digits(2, 2) {
		return false
	}
	return m.ended()
}
