package session

import (
	"net/url"
	"strings"
	"testing"
	"unicode"

	"sallyport/test/vectors"
)

func TestOnlyAddressesOfTheWebAreShownAndOpened(t *testing.T) {
	for _, test := range []struct{ name, given, want string }{
		{"an https address", "https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH", "https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH"},
		{"an address with a fragment", "https://d-1.awsapps.com/start/#/device?user_code=AB", "https://d-1.awsapps.com/start/#/device?user_code=AB"},
		{"an http address of a test server", "http://127.0.0.1:8443/device", "http://127.0.0.1:8443/device"},
		{"a file", "file:///etc/passwd", ""},
		{"a script", "javascript:alert(1)", ""},
		{"another program's scheme", "vscode://open", ""},
		{"an option of a browser", "--remote-debugging-port=1", ""},
		{"a scheme without a host", "https:///device", ""},
		{"an opaque https", "https:device", ""},
		{"a user name that looks like a host", "https://aws.amazon.com@evil.example/", ""},
		{"an escape sequence", "https://a.example/\x1b]52;c;aGk=\a", ""},
		{"a line end", "https://a.example/\nrm", ""},
		{"a blank", "https://a.example/ --flag", ""},
		{"a quotation mark, which ends an argument on Windows", "https://a.example/?\"--flag=\"", ""},
		{"what a shell runs, between quotes or not", "https://a.example/'$(id);!*", "https://a.example/%27%24%28id%29%3B%21%2A"},
		{"a bar, which begins another command", "https://a.example/|calc", ""},
		{"letters that look like others", "https://аws.example/", ""},
		{"an endless one", "https://a.example/" + strings.Repeat("a", maxShown), ""},
		{"nothing", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ok := webURL(test.given)
			if ok != (test.want != "") || ok && got != test.want {
				t.Errorf("webURL(%q) = %q, %v", test.given, got, ok)
			}
		})
	}
}

func FuzzWebURL(f *testing.F) {
	f.Add("https://a.example/?user_code=AB-CD#x")
	f.Add("http://[::1]:80/%41")
	f.Add("http://!")
	for _, url := range vectors.URLs(f) {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, given string) {
		spelled, ok := webURL(given)
		if !ok {
			return
		}
		again, err := url.Parse(spelled)
		if err != nil || !isWeb(again) || strings.ContainsFunc(spelled, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII }) {
			t.Errorf("webURL(%q) lets %q through", given, spelled)
		}
	})
}

func TestUserCodesAreWhatAPersonCanType(t *testing.T) {
	for code, want := range map[string]bool{
		"ABCD-EFGH": true, "abc123": true, "": false, "AB CD": false, "AB\x1b[2J": false, "АBCD": false, strings.Repeat("A", maxUserCode+1): false,
	} {
		if got := isUserCode(code); got != want {
			t.Errorf("isUserCode(%q) = %v", code, got)
		}
	}
}

func TestPrintableTakesTheStingOutOfTexts(t *testing.T) {
	for given, want := range map[string]string{
		"Log Archive é 本": "Log Archive é 本", "a\x1b[2Jb": "a\uFFFD[2Jb", "a\nb\tc": "a\uFFFDb\uFFFDc", "pay\u202Eexe": "pay\uFFFDexe", "a\u009bb": "a\uFFFDb",
	} {
		if got := Printable(given); got != want {
			t.Errorf("Printable(%q) = %q, want %q", given, got, want)
		}
	}
}
