package session

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file is what a server's words must be before a person sees them or a browser gets them.

// maxShown bounds an address or a code that a server has us show, far above every real one.
const maxShown = 4096

// isWeb reports whether a browser may be given an address: a page of the web, and no user name that could pass for a host.
func isWeb(address *url.URL) bool {
	return (address.Scheme == "https" || address.Scheme == "http") && address.Hostname() != "" && address.User == nil && address.Opaque == ""
}

// foreignToURLs are visible characters that no URL holds as they are (RFC 3986 §2). Where systems hand addresses to browsers by way of command
// lines they could end one argument and begin another.
const foreignToURLs = "\"<>\\^`{|}"

// shellSigns are what a URL may hold and a shell acts upon. BROWSER may well run one, with the address between quotes.
var shellSigns = strings.NewReplacer("'", "%27", "$", "%24", "(", "%28", ")", "%29", ";", "%3B", "!", "%21", "*", "%2A")

// webURL is an address of a server, spelled anew, if it is one that may be printed and opened.
func webURL(spelled string) (string, bool) {
	if len(spelled) > maxShown || strings.ContainsAny(spelled, foreignToURLs) ||
		strings.ContainsFunc(spelled, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII }) {
		return "", false
	}
	address, err := url.Parse(spelled)
	if err != nil || !isWeb(address) || shellSigns.Replace(address.Host) != address.Host { // no name of a host has one
		return "", false
	}
	return shellSigns.Replace(address.String()), true
}

// maxUserCode is the length of a code that a person can type.
const maxUserCode = 64

// isUserCode reports whether a code can be shown and typed.
func isUserCode(code string) bool {
	plain := func(r rune) bool { return r == '-' || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	return code != "" && len(code) <= maxUserCode && strings.IndexFunc(code, func(r rune) bool { return !plain(r) }) < 0
}

// isToken reports whether a text can be an access or refresh token: visible ASCII (RFC 6750 §2.1 allows less).
func isToken(token string) bool {
	return token != "" && strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII }) < 0
}

// Printable is a text of a server without what a terminal would act upon, or what could make it look like another text: control
// characters, and format characters such as the bidirectional ones, become the replacement character.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return utf8.RuneError
		}
		return r
	}, text)
}
