package terminal

import "strings"

// maxString bounds the text of an operating system command or device control string; terminals drop longer ones.
const maxString = 4096

// maxParameters bounds the parameters of one control sequence.
const maxParameters = 32

// csi is a control sequence: ESC [, an optional private mark, numbers, an optional intermediate byte and a final byte (ECMA-48 §5.4).
type csi struct {
	private      byte
	parameters   []int
	intermediate byte
	final        byte
}

// parameter returns the i-th number, 0 when it is left out.
func (c csi) parameter(i int) int {
	if i >= len(c.parameters) {
		return 0
	}
	return c.parameters[i]
}

// count is the first number where it counts something: left out or 0, it is 1.
func (c csi) count() int { return max(c.parameter(0), 1) }

type parserState int

const (
	ground parserState = iota
	afterEscape
	inCharset // one byte that chooses a character set
	inCSI
	inOSC
	inString // device control and other strings, which are dropped
)

// parser cuts the bytes that a program writes into characters, controls and sequences. It keeps what a read cut in two.
type parser struct {
	state    parserState
	rune     []byte // of a character not complete yet
	csi      csi
	string   []byte
	escaping bool // an ESC inside a string: its end when a backslash follows
}

func (p *parser) feed(s *screen, b byte) {
	switch p.state {
	case inOSC, inString:
		p.feedString(s, b)
	case afterEscape:
		p.feedEscape(s, b)
	case inCharset:
		p.state = ground
	case inCSI:
		p.feedCSI(s, b)
	default:
		p.feedGround(s, b)
	}
}

func (p *parser) feedGround(s *screen, b byte) {
	switch {
	case b == 0x1b:
		p.rune = p.rune[:0]
		p.state = afterEscape
	case b < 0x20:
		p.rune = p.rune[:0]
		s.control(b)
	case b == 0x7f:
	default:
		p.rune = append(p.rune, b)
		if len(p.rune) >= sequenceLength(p.rune[0]) {
			s.put(decode(p.rune))
			p.rune = p.rune[:0]
		}
	}
}

func (p *parser) feedEscape(s *screen, b byte) {
	p.state = ground
	switch b {
	case '[':
		p.state, p.csi = inCSI, csi{}
	case ']':
		p.state, p.string = inOSC, p.string[:0]
	case 'P', 'X', '^', '_':
		p.state, p.string = inString, p.string[:0]
	case '(', ')', '*', '+', '#', '%', ' ':
		p.state = inCharset
	case 0x1b:
		p.state = afterEscape
	default:
		s.escape(b)
	}
}

func (p *parser) feedCSI(s *screen, b byte) {
	switch {
	case b >= '0' && b <= '9':
		p.digit(int(b - '0'))
	case b == ';' || b == ':':
		p.nextParameter()
	case strings.IndexByte("?<=>", b) >= 0:
		p.csi.private = b
	case b >= 0x20 && b < 0x30:
		p.csi.intermediate = b
	case b >= 0x40 && b < 0x7f:
		p.csi.final = b
		p.state = ground
		s.csi(p.csi)
	case b == 0x1b:
		p.state = afterEscape
	case b < 0x20:
		s.control(b) // controls within a sequence take effect at once
	default:
		p.state = ground
	}
}

func (p *parser) digit(d int) {
	if len(p.csi.parameters) == 0 {
		p.csi.parameters = append(p.csi.parameters, 0)
	}
	last := &p.csi.parameters[len(p.csi.parameters)-1]
	*last = min(*last*10+d, maxParameter)
}

func (p *parser) nextParameter() {
	if len(p.csi.parameters) == 0 {
		p.csi.parameters = append(p.csi.parameters, 0)
	}
	if len(p.csi.parameters) < maxParameters {
		p.csi.parameters = append(p.csi.parameters, 0)
	}
}

// feedString collects a string up to BEL or ESC \.
func (p *parser) feedString(s *screen, b byte) {
	ended := b == 0x07 || p.escaping && b == '\\'
	if p.escaping && !ended { // the ESC began something new
		p.escaping, p.state = false, afterEscape
		p.feedEscape(s, b)
		return
	}
	p.escaping = b == 0x1b
	switch {
	case ended:
		if p.state == inOSC {
			s.osc(string(p.string))
		}
		p.state, p.escaping = ground, false
	case !p.escaping && len(p.string) < maxString:
		p.string = append(p.string, b)
	}
}
