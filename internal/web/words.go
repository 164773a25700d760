package web

import (
	"fmt"
	"html/template"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Lengths at which names are cut. Names come from directories and from strangers who register clients; a page stays a
// page whatever they write.
const (
	maxNameRunes  = 100
	maxAgentRunes = 200 // user agents of browsers and the AWS CLI are 100 to 180 long
	maxTextRunes  = 500 // sentences of our own may quote what someone sent
	maxMarks      = 3   // combining marks in a row; more can paint over neighbouring lines
)

// words are the functions that templates may call.
var words = template.FuncMap{
	"name":       func(s string) string { return printable(s, maxNameRunes) },
	"agent":      func(s string) string { return printable(s, maxAgentRunes) },
	"text":       func(s string) string { return printable(s, maxTextRunes) },
	"ago":        ago,
	"inTime":     inTime,
	"span":       span,
	"clock":      func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
	"machine":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"spell":      spell,
	"scopes":     scopeLines,
	"targetHost": targetHost,
	"onLoopback": onLoopback,
	"plural":     plural,
	"static":     staticPath,
	"pages":      pageWindow,
	"pageURL":    func(n int) string { return fmt.Sprintf("%s?%s=%d", PathPortal, FieldPage, n) },
	"previous":   func(n int) int { return n - 1 },
	"next":       func(n int) int { return n + 1 },
	"path":       func(name string) string { return paths[name] },
	"field":      func(name string) string { return fields[name] },
	"product":    func() string { return Product },
	"decision":   func(name string) string { return decisions[name] },
}

// The tables below let templates name what Go code spells. A wrong name gives an empty string, which a test refuses.
var (
	paths = map[string]string{
		"signIn": PathSignIn, "signOut": PathSignOut, "portal": PathPortal,
		"device": PathDevice, "deviceDecision": PathDeviceDecision, "consent": PathConsent,
	}
	fields = map[string]string{
		"ticket": FieldTicket, "continue": FieldContinue, "request": FieldRequest, "userName": FieldUserName,
		"password": FieldPassword, "userCode": FieldUserCode, "decision": FieldDecision, "remember": FieldRemember,
	}
	decisions = map[string]string{"approve": DecisionApprove, "deny": DecisionDeny}
)

// printable makes a name safe to look at: characters that are invisible, that reorder text or that break lines become
// U+FFFD, so that they are seen; long names are cut. Escaping for HTML is html/template's duty and happens after.
func printable(s string, maxRunes int) string {
	var out strings.Builder
	written, marks := 0, 0
	for _, r := range s {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		if written == maxRunes {
			out.WriteRune('…')
			break
		}
		if deceives(r) {
			r = utf8.RuneError
		}
		out.WriteRune(r)
		written++
	}
	return out.String()
}

// deceives reports characters that a reader cannot see or that change the order of those around them (Unicode TR 36
// §3.2). The joiners U+200C and U+200D stay: Persian, Indic scripts and emoji need them.
func deceives(r rune) bool {
	switch {
	case r == '\u200c' || r == '\u200d':
		return false
	case r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0': // Hangul fillers: letters without ink
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}

// span says a length of time the way a person would. It rounds down, so that nothing is promised for too long.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Hour && d.Truncate(time.Minute) != time.Hour:
		return plural(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return plural(int(d/time.Hour), "hour")
	default:
		return plural(int(d/(24*time.Hour)), "day")
	}
}

func ago(then, now time.Time) string {
	if now.Sub(then) < time.Minute {
		return "just now"
	}
	return span(now.Sub(then)) + " ago"
}

func inTime(then, now time.Time) string { return "in " + span(then.Sub(now)) }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// spell separates the letters of a user code, so that screen readers do not try to say it as a word.
func spell(code string) string {
	var letters []string
	for _, r := range code {
		if r == '-' {
			letters = append(letters, "dash")
			continue
		}
		letters = append(letters, string(r))
	}
	return strings.Join(letters, " ")
}

// scopeLine is a scope in plain words. Known is false when we have none: the page then shows the scope itself.
type scopeLine struct {
	Scope string
	Words string
	Known bool
}

// scopeWords says what a scope allows. Scopes with the same words are shown once.
var scopeWords = map[string]string{
	"sso:account:access":                  portalWords,
	"sso-portal:*":                        portalWords, // legacy spelling of several Go tools
	"openid":                              "Learn who you are: your user name and your user id here",
	"aws":                                 "Carry your identity to AWS services",
	"sts:identity_context":                "Tell AWS services, in requests made for you, that it is you who asks",
	"codewhisperer:analysis":              developerWords,
	"codewhisperer:completions":           developerWords,
	"codewhisperer:conversations":         developerWords,
	"codewhisperer:taskassist":            developerWords,
	"codewhisperer:transformations":       developerWords,
	"codecatalyst:read_write":             "Read and change your CodeCatalyst spaces and projects",
	"redshift:connect":                    "Connect to Redshift databases as you",
	"datazone:domain:access":              "Open DataZone domains as you",
	"verified_access:application:connect": "Connect to applications behind Verified Access as you",
	"s3:access_grants:read_write":         "Read and write the data in S3 that is granted to you",
}

const (
	portalWords    = "See your AWS accounts and roles, and get short-lived credentials for them"
	developerWords = "Use the coding assistant Amazon Q Developer as you"
)

// scopeLines puts scopes into words. A client registered without scopes has portal access all the same.
func scopeLines(scopes []string) []scopeLine {
	if len(scopes) == 0 {
		return []scopeLine{{Words: portalWords, Known: true}}
	}
	var lines []scopeLine
	said := map[string]bool{}
	for _, s := range scopes {
		text, known := scopeWords[s]
		if known && said[text] {
			continue
		}
		said[text] = true
		lines = append(lines, scopeLine{Scope: s, Words: text, Known: known})
	}
	return lines
}

// targetHost names where a redirect URI leads.
func targetHost(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	switch {
	case err != nil:
		return "an unreadable address"
	case u.Host != "":
		return u.Host
	default:
		return "the application that opens " + u.Scheme + ": links"
	}
}

// onLoopback reports redirect URIs of native applications on the viewer's own machine, RFC 8252 §7.3.
func onLoopback(redirectURI string) bool {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return false
	}
	host, _, err := net.SplitHostPort(u.Host)
	if err != nil {
		host = strings.Trim(u.Host, "[]")
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.IsLoopback())
}

// pageWindow lists the page numbers to link: the first, the last and those around the current one. Zero is a gap.
func pageWindow(current, last int) []int {
	const around = 1 // fits 320 px
	var numbers []int
	for n := 1; n <= last; n++ {
		switch {
		case n == 1 || n == last || (n >= current-around && n <= current+around):
			numbers = append(numbers, n)
		case numbers[len(numbers)-1] != 0:
			numbers = append(numbers, 0)
		}
	}
	return numbers
}
