package oauth

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Bounds of redirect URIs.
const (
	// maxRedirectURI is what browsers, proxies and logs carry without trouble. The answer adds a code and a state to it.
	maxRedirectURI = 2048
	maxHostName    = 253 // RFC 1035 §2.3.4, without the final dot
	maxHostLabel   = 63  // RFC 1035 §2.3.4
	maxPortDigits  = 5
	maxPort        = 65535
)

// RedirectURI is a place to which an authorization response may be sent (RFC 6749 §3.1.2). Two are equal with == when they
// are spelled alike. The zero RedirectURI is none and matches nothing.
type RedirectURI struct {
	raw      string // the whole, as it was registered or requested
	host     string // without the port, an IPv6 address in its brackets
	tail     string // path and query
	loopback bool   // http on a loopback literal
}

// String is the URI exactly as it was written.
func (u RedirectURI) String() string { return u.raw }

// Host is the host without the port, in lower case, an IPv6 address in brackets. Pages show it to the user.
func (u RedirectURI) Host() string { return u.host }

// IsLoopback tells whether the URI is plain HTTP to the machine that the browser runs on (RFC 8252 §7.3).
func (u RedirectURI) IsLoopback() bool { return u.loopback }

// ParseRedirectURI reads a URI that a client wants to register or to be answered at. It takes less than RFC 3986 allows,
// so that we, a proxy and a browser cannot disagree about where it leads:
//
//   - https to any host name or address in its one canonical spelling, except link-local, multicast and unspecified
//     addresses;
//   - http to the loopback literals 127.0.0.1 and [::1] only (RFC 8252 §7.3). The name localhost may resolve to something
//     else (§8.3) and is refused, as AWS does;
//   - no other scheme. Private-use schemes (§7.1) can be claimed by any application on the machine, and nothing that signs
//     in to this service uses them;
//   - no user information, fragment, wildcard, backslash, dot segment, control character (plain or percent-encoded) or
//     character outside ASCII.
func ParseRedirectURI(s string) (RedirectURI, error) {
	if err := checkCharacters(s); err != nil {
		return RedirectURI{}, err
	}
	rest, secure := strings.CutPrefix(s, "https://")
	if !secure {
		var plain bool
		if rest, plain = strings.CutPrefix(s, "http://"); !plain {
			return RedirectURI{}, errors.New("a redirect URI must start with https://, or with http:// for a loopback address")
		}
	}
	authority, tail := rest, ""
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		authority, tail = rest[:end], rest[end:]
	}
	host, err := parseAuthority(authority)
	if err != nil {
		return RedirectURI{}, err
	}
	if !secure && !isLoopbackLiteral(host) {
		return RedirectURI{}, errors.New("a redirect URI may use http:// with the hosts 127.0.0.1 and [::1] only")
	}
	if err := checkTail(tail); err != nil {
		return RedirectURI{}, err
	}
	return RedirectURI{raw: s, host: host, tail: tail, loopback: !secure}, nil
}

// MatchRedirectURI finds out whether an authorization response may be sent to requested, and gives it as a RedirectURI if
// so. A request is allowed when it is spelled exactly like a registered URI (RFC 9700 §2.1). The one exception is the port
// of a loopback URI, which a native client learns only when it listens (RFC 8252 §7.3): host, path and query must then be
// spelled alike, and the port may be any, given or not on either side.
//
// A URI registered without a path matches one without a path. "/" is another spelling and does not match it, although
// RFC 3986 §6.2.3 holds the two equivalent: no client is known to need it, and one rule is easier to trust than two.
//
// An empty requested matches nothing, also when only one URI is registered.
func MatchRedirectURI(registered []RedirectURI, requested string) (RedirectURI, bool) {
	if requested == "" {
		return RedirectURI{}, false
	}
	for _, r := range registered {
		if r.raw == requested {
			return r, true
		}
	}
	u, err := ParseRedirectURI(requested)
	if err != nil || !u.loopback {
		return RedirectURI{}, false
	}
	for _, r := range registered {
		if r.loopback && r.host == u.host && r.tail == u.tail {
			return u, true
		}
	}
	return RedirectURI{}, false
}

// checkCharacters lets the characters of RFC 3986 §2 pass, without the number sign, which starts a fragment (forbidden by
// RFC 6749 §3.1.2), and the asterisk, which looks like a pattern and is none.
func checkCharacters(s string) error {
	if s == "" {
		return errors.New("a redirect URI must not be empty")
	}
	if len(s) > maxRedirectURI {
		return fmt.Errorf("a redirect URI may have at most %d characters", maxRedirectURI)
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '#':
			return errors.New("a redirect URI must not have a fragment")
		case c == '*':
			return errors.New("a redirect URI must not have a wildcard")
		case c == '%':
			if err := checkEscape(s[i:]); err != nil {
				return err
			}
		case !isUnreserved(c) && strings.IndexByte(":/?[]@!$&'()+,;=", c) < 0:
			return errors.New("a redirect URI may have the characters of RFC 3986 only; percent-encode all others")
		}
	}
	return nil
}

// checkEscape reads the percent-encoded byte at the start of s (RFC 3986 §2.1). Encoded control characters are refused
// with the plain ones: careless software decodes them into headers and paths.
func checkEscape(s string) error {
	if len(s) < 3 || !isHex(s[1]) || !isHex(s[2]) {
		return errors.New("a percent sign in a redirect URI must be followed by two hexadecimal digits")
	}
	if s[1] == '0' || s[1] == '1' || s[1] == '7' && (s[2] == 'f' || s[2] == 'F') {
		return errors.New("a redirect URI must not have control characters")
	}
	return nil
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// parseAuthority reads a host with or without a port (RFC 3986 §3.2) and gives the host in lower case.
func parseAuthority(authority string) (string, error) {
	if strings.Contains(authority, "@") {
		return "", errors.New("a redirect URI must not have user information")
	}
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		if !isPort(port) {
			return "", errors.New("the port of a redirect URI must be a number from 1 to 65535 without leading zeros")
		}
	}
	host = strings.ToLower(host)
	if !isHost(host) {
		return "", errors.New("the host of a redirect URI must be a name, or an address in its usual spelling")
	}
	return host, nil
}

func isPort(s string) bool {
	if s == "" || len(s) > maxPortDigits || s[0] == '0' {
		return false
	}
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
		n = 10*n + int(s[i]-'0')
	}
	return n <= maxPort
}

func isLoopbackLiteral(host string) bool { return host == "127.0.0.1" || host == "[::1]" }

func isHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		return ok && isAddress(inner, netip.Addr.Is6)
	}
	return isHostName(host) && (!endsInNumber(host) || isAddress(host, netip.Addr.Is4))
}

// isAddress tells whether s is an address of the right family in its canonical spelling, without a zone, that may be
// sent to. Link-local addresses are where clouds keep their metadata services. An IPv4 address in IPv6 clothing is refused
// because it is a second spelling of the first.
func isAddress(s string, family func(netip.Addr) bool) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && family(a) && a.Zone() == "" && a.String() == s && !a.Is4In6() &&
		!a.IsLinkLocalUnicast() && !a.IsMulticast() && !a.IsUnspecified()
}

// isHostName tells whether s is made of labels of letters, digits and inner hyphens (RFC 1123 §2.1). Internationalized
// names are written in their ASCII form.
func isHostName(s string) bool {
	if len(s) > maxHostName {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isHostLabel(label) {
			return false
		}
	}
	return true
}

func isHostLabel(s string) bool {
	if s == "" || len(s) > maxHostLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

// endsInNumber tells whether browsers would read a host in lower case as an IPv4 address, which they do when its last
// label is decimal or starts with 0x: 2130706433, 0x7f.1 and 127.1 are all this machine to them.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return strings.HasPrefix(last, "0x") || strings.Trim(last, "0123456789") == ""
}

// checkTail looks for dot segments (RFC 3986 §5.2.4) in the path, in every spelling that browsers take for one, and for
// brackets, which belong around addresses only (§3.2.2).
func checkTail(tail string) error {
	if strings.ContainsAny(tail, "[]") {
		return errors.New("a redirect URI may have square brackets around an address only")
	}
	path, _, _ := strings.Cut(tail, "?")
	for segment := range strings.SplitSeq(strings.ToLower(path), "/") {
		switch strings.ReplaceAll(segment, "%2e", ".") {
		case ".", "..":
			return errors.New("a redirect URI must not have dot segments")
		}
	}
	return nil
}
