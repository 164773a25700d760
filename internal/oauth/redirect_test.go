package oauth

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"sallyport/test/vectors"
)

type redirectVectors struct {
	Match []struct {
		ID         string
		Registered []string
		Requested  json.RawMessage // a string, a list when the parameter was repeated, null when it was absent
		Expect     string
		Why        string
	}
	Register []struct{ URI, Expect, Why string }
}

// registrable are the URIs whose registration the vectors leave to policy and we allow: none. A name may resolve to another
// machine, and a private-use scheme may be claimed by another application.
var registrable = map[string]bool{
	"http://localhost/cb":       false,
	"com.example.app:/cb":       false,
	"myapp:/cb":                 false,
	"urn:ietf:wg:oauth:2.0:oob": false,
}

// proceeds are the requests that the vectors leave to policy and we allow: none. A redirect URI must always be sent, and one
// with the name localhost cannot have been registered.
var proceeds = map[string]bool{
	"localhost-registered":   false,
	"missing-one-registered": false,
}

func TestRegisterRedirectURIVectors(t *testing.T) {
	var v redirectVectors
	readVectors(t, "redirect-uri/cases.json", &v)
	if len(v.Register) != 33 {
		t.Errorf("read %d cases, want 33", len(v.Register))
	}
	for _, c := range v.Register {
		t.Run(c.Why, func(t *testing.T) {
			want := c.Expect == "allowed"
			if c.Expect == "policy" {
				var decided bool
				if want, decided = registrable[c.URI]; !decided {
					t.Fatalf("%q is left to policy and we have none", c.URI)
				}
			}
			u, err := ParseRedirectURI(c.URI)
			if (err == nil) != want {
				t.Errorf("%.60q: %v, want %s", c.URI, err, c.Expect)
			}
			if err == nil && u.String() != c.URI {
				t.Errorf("%q became %q", c.URI, u)
			}
		})
	}
}

func TestMatchRedirectURIVectors(t *testing.T) {
	var v redirectVectors
	readVectors(t, "redirect-uri/cases.json", &v)
	if len(v.Match) != 110 {
		t.Errorf("read %d cases, want 110", len(v.Match))
	}
	for _, c := range v.Match {
		t.Run(c.ID, func(t *testing.T) {
			want := c.Expect == "match"
			if c.Expect == "policy" {
				var decided bool
				if want, decided = proceeds[c.ID]; !decided {
					t.Fatal("left to policy and we have none")
				}
			}
			registered := registerable(c.Registered)
			if len(registered) != len(c.Registered) && c.ID != "localhost-registered" {
				t.Fatalf("only %v of %v could be registered", registered, c.Registered)
			}
			for _, requested := range requestedURIs(t, c.Requested) {
				u, got := MatchRedirectURI(registered, requested)
				if got != want {
					t.Errorf("%.80q: match is %v, want %v: %s", requested, got, want, c.Why)
				}
				if got && u.String() != requested {
					t.Errorf("the answer would go to %q instead of %q", u, requested)
				}
			}
		})
	}
}

// registerable parses the URIs that may be registered and leaves out the others.
func registerable(uris []string) (list []RedirectURI) {
	for _, s := range uris {
		if u, err := ParseRedirectURI(s); err == nil {
			list = append(list, u)
		}
	}
	return list
}

// requestedURIs reads what a request of the vectors gives MatchRedirectURI to decide. Of a repeated parameter that is the
// last value, the one that an attacker appends: that the repetition itself is refused is the rim's to test.
func requestedURIs(t *testing.T, raw json.RawMessage) []string {
	t.Helper()
	var one *string
	if err := json.Unmarshal(raw, &one); err == nil {
		if one == nil {
			return []string{""}
		}
		return []string{*one}
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list[len(list)-1:]
}

func TestParseRedirectURI(t *testing.T) {
	label := strings.Repeat("a", 63)
	name := strings.Join([]string{label, label, label, label[:61]}, ".") // 253 characters
	tests := []struct {
		name, in string
		host     string // empty when refused
		loopback bool
	}{
		{"the AWS CLI's", "http://127.0.0.1/oauth/callback", "127.0.0.1", true},
		{"a loopback address without a path", "http://127.0.0.1", "127.0.0.1", true},
		{"a loopback address with a port and no path", "http://127.0.0.1:51820", "127.0.0.1", true},
		{"the IPv6 loopback address with a port", "http://[::1]:8080/cb", "[::1]", true},
		{"https to a loopback address is not a loopback redirect", "https://127.0.0.1/cb", "127.0.0.1", false},
		{"a host in capitals is kept as written and shown in lower case", "https://APP.example.test/cb", "app.example.test", false},
		{"a host without a path but with a query", "https://app.example.test?a=b", "app.example.test", false},
		{"a question mark in the query", "https://app.example.test/cb?a=/../?@:", "app.example.test", false},
		{"an at sign in the path", "https://app.example.test/@me", "app.example.test", false},
		{"percent-encoded text", "https://app.example.test/caf%C3%A9", "app.example.test", false},
		{"dots that are no dot segment", "https://app.example.test/.well-known/a..b/...", "app.example.test", false},
		{"an internal name of one label", "https://intranet/cb", "intranet", false},
		{"a private address", "https://10.1.2.3/cb", "10.1.2.3", false},
		{"an IPv6 address", "https://[2001:db8::1]:8443/cb", "[2001:db8::1]", false},
		{"an IPv6 address in capitals", "https://[2001:DB8::A]/cb", "[2001:db8::a]", false},
		{"a name in its ASCII form", "https://xn--bcher-kva.example/cb", "xn--bcher-kva.example", false},
		{"the longest name", "https://" + name + "/cb", name, false},
		{"the highest port", "https://app.example.test:65535/", "app.example.test", false},

		{"a name that is too long", "https://" + name + ".b/cb", "", false},
		{"a label that is too long", "https://" + label + "a.test/cb", "", false},
		{"the longest URI and one more", "https://app.example.test/" + strings.Repeat("a", 2048-24), "", false},
		{"a scheme in capitals", "HTTPS://app.example.test/cb", "", false},
		{"a scheme with one slash", "https:/app.example.test/cb", "", false},
		{"localhost", "http://localhost/cb", "", false},
		{"a name below localhost", "http://a.localhost/cb", "", false},
		{"another loopback address", "http://127.0.0.2/cb", "", false},
		{"the IPv6 loopback address spelled out", "http://[0:0:0:0:0:0:0:1]/cb", "", false},
		{"a mapped loopback address", "https://[::ffff:127.0.0.1]/cb", "", false},
		{"an address in decimal", "https://2130706433/cb", "", false},
		{"an address in hexadecimal", "https://0x7f000001/cb", "", false},
		{"an address that is hexadecimal in its last part", "https://127.0.0.0x1/cb", "", false},
		{"an address in octal", "https://0177.0.0.1/cb", "", false},
		{"a short address", "https://127.1/cb", "", false},
		{"a name that ends in a number", "https://app.example.1/cb", "", false},
		{"the any-address", "https://0.0.0.0/cb", "", false},
		{"the IPv6 any-address", "https://[::]/cb", "", false},
		{"a link-local address", "https://169.254.169.254/cb", "", false},
		{"an IPv6 link-local address", "https://[fe80::1]/cb", "", false},
		{"a multicast address", "https://224.0.0.1/cb", "", false},
		{"an IPv4 address in brackets", "https://[127.0.0.1]/cb", "", false},
		{"a name in brackets", "https://[app.example.test]/cb", "", false},
		{"text after the bracket", "https://[::1].evil.test/cb", "", false},
		{"a bracket that is not closed", "https://[::1/cb", "", false},
		{"an IPv6 address that could be shorter", "https://[2001:db8:0::1]/cb", "", false},
		{"a zone", "https://[2001:db8::1%25eth0]/cb", "", false},
		{"a percent-encoded dot in the host", "https://app%2eexample.test/cb", "", false},
		{"an underscore in the host", "https://app_1.example.test/cb", "", false},
		{"a final dot in the host", "https://app.example.test./cb", "", false},
		{"an empty label", "https://app..test/cb", "", false},
		{"a label that starts with a hyphen", "https://-app.example.test/cb", "", false},
		{"a label that ends with a hyphen", "https://xn--app-.example.test/cb", "", false},
		{"an empty host with a port", "https://:443/cb", "", false},
		{"an empty port", "https://app.example.test:/cb", "", false},
		{"port zero", "https://app.example.test:0/cb", "", false},
		{"a port with a leading zero", "https://app.example.test:0443/cb", "", false},
		{"a port that is too high", "https://app.example.test:65536/cb", "", false},
		{"two ports", "https://app.example.test:1:2/cb", "", false},
		{"an empty fragment", "https://app.example.test/cb#", "", false},
		{"an asterisk in the path", "https://app.example.test/*", "", false},
		{"user information without a password", "https://app.example.test@evil.test/", "", false},
		{"empty user information", "https://@app.example.test/", "", false},
		{"a dot segment", "https://app.example.test/a/./b", "", false},
		{"a dot segment at the end", "https://app.example.test/a/..", "", false},
		{"an encoded dot segment", "https://app.example.test/a/%2E%2e/b", "", false},
		{"a dot segment that is half encoded", "https://app.example.test/a/.%2e/b", "", false},
		{"a dot segment before a query", "https://app.example.test/..?a", "", false},
		{"a bracket in the path", "https://app.example.test/[", "", false},
		{"a bracket in the query", "https://app.example.test/?a[]=b", "", false},
		{"a percent sign alone", "https://app.example.test/100%", "", false},
		{"a percent sign with one digit", "https://app.example.test/%4", "", false},
		{"a percent sign with letters", "https://app.example.test/%zz", "", false},
		{"an encoded NUL", "https://app.example.test/cb%00", "", false},
		{"an encoded line break", "https://app.example.test/cb%0d%0aX:y", "", false},
		{"an encoded unit separator", "https://app.example.test/cb%1f", "", false},
		{"an encoded delete", "https://app.example.test/cb%7F", "", false},
		{"a tab", "https://app.example.test/\tcb", "", false},
		{"a delete", "https://app.example.test/\x7f", "", false},
		{"a less-than sign", "https://app.example.test/<", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := ParseRedirectURI(tt.in)
			if tt.host == "" {
				if err == nil || u != (RedirectURI{}) {
					t.Errorf("accepted as %+v", u)
				}
				return
			}
			if err != nil || u.String() != tt.in || u.Host() != tt.host || u.IsLoopback() != tt.loopback {
				t.Errorf("got %+v, %v", u, err)
			}
		})
	}
}

func TestRedirectURIRefusalsSayWhatWasExpected(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", "", "a redirect URI must not be empty"},
		{"too long", "https://a/" + strings.Repeat("a", 2048), "a redirect URI may have at most 2048 characters"},
		{"a fragment", "https://a/#b", "a redirect URI must not have a fragment"},
		{"a wildcard", "https://*.a/", "a redirect URI must not have a wildcard"},
		{"a backslash", `https://a\b`, "a redirect URI may have the characters of RFC 3986 only; percent-encode all others"},
		{"a bad escape", "https://a/%x", "a percent sign in a redirect URI must be followed by two hexadecimal digits"},
		{"an encoded control character", "https://a/%0a", "a redirect URI must not have control characters"},
		{"another scheme", "app:/cb", "a redirect URI must start with https://, or with http:// for a loopback address"},
		{"http to elsewhere", "http://a/cb", "a redirect URI may use http:// with the hosts 127.0.0.1 and [::1] only"},
		{"user information", "https://a@b/", "a redirect URI must not have user information"},
		{"a bad port", "https://a:b/", "the port of a redirect URI must be a number from 1 to 65535 without leading zeros"},
		{"a bad host", "https://a_b/", "the host of a redirect URI must be a name, or an address in its usual spelling"},
		{"a dot segment", "https://a/../b", "a redirect URI must not have dot segments"},
		{"a bracket", "https://a/[b]", "a redirect URI may have square brackets around an address only"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ParseRedirectURI(tt.in); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestMatchRedirectURI(t *testing.T) {
	tests := []struct {
		name, registered, requested string
		want                        bool
	}{
		{"no path on either side, as aws-sso-cli does it", "http://127.0.0.1", "http://127.0.0.1:51820", true},
		{"a slash is not the same as no path", "http://127.0.0.1", "http://127.0.0.1:51820/", false},
		{"no path is not the same as a slash", "http://127.0.0.1/", "http://127.0.0.1:51820", false},
		{"a path where none was registered", "http://127.0.0.1", "http://127.0.0.1:51820/oauth/callback", false},
		{"a registered port left out", "http://127.0.0.1:8080/cb", "http://127.0.0.1/cb", true},
		{"a registered query repeated", "http://127.0.0.1/cb?a=b", "http://127.0.0.1:1/cb?a=b", true},
		{"a registered query left out", "http://127.0.0.1/cb?a=b", "http://127.0.0.1:1/cb", false},
		{"https on a loopback address, from http", "http://127.0.0.1/cb", "https://127.0.0.1/cb", false},
		{"http on a loopback address, from https", "https://127.0.0.1/cb", "http://127.0.0.1:1/cb", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, got := MatchRedirectURI(registerable([]string{"https://app.example.test/", tt.registered}), tt.requested)
			if got != tt.want || got && u.String() != tt.requested || !got && u != (RedirectURI{}) {
				t.Errorf("got %+v, %v", u, got)
			}
		})
	}
}

func TestZeroRedirectURIMatchesNothing(t *testing.T) {
	for _, requested := range []string{"", "http://127.0.0.1", "https://app.example.test/"} {
		if _, ok := MatchRedirectURI([]RedirectURI{{}}, requested); ok {
			t.Errorf("%q matched", requested)
		}
	}
}

// TestBrowsersReadWhatWeAcceptAsWeDo holds the parser against the data that browsers are tested with: what we take for an
// absolute URI must be one to them, with the same host, and leave their parser spelled as it went in.
func TestBrowsersReadWhatWeAcceptAsWeDo(t *testing.T) {
	var rows []json.RawMessage
	readVectors(t, "whatwg-url/urltestdata.json", &rows)
	read, accepted := 0, 0
	for _, row := range rows {
		var c struct {
			Input, Href, Hostname string
			Failure               bool
		}
		if json.Unmarshal(row, &c) != nil {
			continue // a comment between the cases
		}
		read++
		MatchRedirectURI(registerable([]string{"http://127.0.0.1", c.Input}), c.Input)
		u, err := ParseRedirectURI(c.Input)
		if err != nil {
			continue
		}
		accepted++
		if c.Failure {
			t.Errorf("%q: browsers refuse it", c.Input)
			continue
		}
		if u.Host() != c.Hostname {
			t.Errorf("%q: we read the host %q, browsers %q", c.Input, u.Host(), c.Hostname)
		}
		if !strings.EqualFold(c.Input, c.Href) && c.Input+"/" != c.Href && !strings.Contains(c.Input, ":443") {
			t.Errorf("%q: browsers write it %q", c.Input, c.Href)
		}
	}
	if read != 820 || accepted == 0 {
		t.Errorf("read %d cases and accepted %d, want 820 and some", read, accepted)
	}
}

// FuzzParseRedirectURI checks that net/url agrees about every part of what we accept, and that what is accepted matches
// itself and cannot be split into two headers.
func FuzzParseRedirectURI(f *testing.F) {
	var v redirectVectors
	readVectors(f, "redirect-uri/cases.json", &v)
	for _, c := range v.Register {
		f.Add(c.URI)
	}
	f.Add("http://[::1]:80/a%20b?c=d&e")
	f.Add("https://a:1/.%2E/")
	for _, uri := range vectors.URLs(f) {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, in string) {
		u, err := ParseRedirectURI(in)
		if err != nil {
			if _, ok := MatchRedirectURI(registerable([]string{"http://127.0.0.1"}), in); ok {
				t.Fatalf("%q matched and is no redirect URI", in)
			}
			return
		}
		std, err := url.Parse(in)
		if err != nil {
			t.Fatalf("net/url refuses %q: %v", in, err)
		}
		if got := strings.ToLower(std.Hostname()); got != strings.Trim(u.Host(), "[]") {
			t.Fatalf("%q: we read the host %q, net/url %q", in, u.Host(), got)
		}
		if std.User != nil || std.Fragment != "" || strings.ContainsAny(in, "\\\r\n\t #*") || len(in) > maxRedirectURI {
			t.Fatalf("accepted %q", in)
		}
		if u.IsLoopback() != (std.Scheme == "http") || u.IsLoopback() && !isLoopbackLiteral(u.Host()) {
			t.Fatalf("%q: loopback is %v", in, u.IsLoopback())
		}
		if m, ok := MatchRedirectURI([]RedirectURI{u}, in); !ok || m != u {
			t.Fatalf("%q does not match itself", in)
		}
	})
}
