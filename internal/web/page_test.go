package web

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/test/vectors"
)

var moment = time.Date(2026, 11, 20, 14, 2, 0, 0, time.UTC)

// everyPage has each view model with every text in it set to one string, and the variants that change the markup.
func everyPage(text string) map[string]Page {
	out := Layout{Instance: text, Ticket: text, SignOutTicket: text, RequestID: text}
	in := out
	in.User = text
	confirm := DeviceConfirm{
		Layout: in, Request: text, UserCode: text, ClientName: text, Now: moment, RequestedAt: moment.Add(-time.Minute),
		ClientRegisteredAt: moment.Add(-2 * time.Minute), SessionEndsAt: moment.Add(8 * time.Hour),
		RequesterAddress: text, RequesterAgent: text, Scopes: []string{text, "sso:account:access"},
	}
	elsewhere := confirm
	elsewhere.OtherNetwork, elsewhere.Error = true, text
	account := Account{ID: text, Name: text, Email: text, Roles: []Role{
		{Name: text, Description: text, Session: time.Hour, Profile: text}, {Name: text, Profile: text},
	}}
	accounts := slices.Repeat([]Account{account}, 5)
	cli := CommandLine{Session: text, StartURL: text, Region: text, Endpoint: text}
	return map[string]Page{
		"sign-in":                                  SignIn{Layout: out, Continue: text, ForDevice: true},
		"sign-in after a failure":                  SignIn{Layout: out, UserName: text, Error: text, ForApplication: text},
		"sign-in again":                            SignIn{Layout: out, UserName: text, Reason: text},
		"sign-in with demo users":                  SignIn{Layout: out, DemoUsers: []DemoUser{{text, text}, {text, text}}},
		"device entry":                             DeviceEntry{Layout: in},
		"device entry with an error":               DeviceEntry{Layout: in, UserCode: text, Error: text},
		"device entry, locked":                     DeviceEntry{Layout: in, Locked: 9 * time.Minute},
		"device confirmation":                      confirm,
		"device confirmation from another network": elsewhere,
		"device approved":                          DeviceDone{Layout: in, Outcome: DeviceApproved, ClientName: text},
		"device denied":                            DeviceDone{Layout: in, Outcome: DeviceDenied},
		"device already approved":                  DeviceDone{Layout: in, Outcome: DeviceAlreadyApproved},
		"device already denied":                    DeviceDone{Layout: in, Outcome: DeviceAlreadyDenied},
		"device code expired":                      DeviceDone{Layout: in, Outcome: DeviceExpired},
		"consent":                                  Consent{Layout: in, Request: text, ClientName: text, Scopes: []string{text}, RedirectURI: "https://app.example.test/cb"},
		"consent for this computer":                Consent{Layout: in, RedirectURI: "http://127.0.0.1:51820/oauth/callback"},
		"portal":                                   Portal{Layout: in, Accounts: accounts[:2], Total: 2, Page: 1, Pages: 1, CLI: cli},
		"portal with many accounts":                Portal{Layout: in, Accounts: accounts, Total: 3000, Page: 7, Pages: 60, CLI: cli},
		"portal without accounts":                  Portal{Layout: in, Page: 1, Pages: 1, CLI: cli},
		"signed out":                               SignedOut{Layout: out},
		"error":                                    Error{Layout: in, Heading: text, Sentence: text, Next: text, TargetHost: text},
	}
}

func render(t *testing.T, page Page) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if err := Render(w, http.StatusOK, page); err != nil {
		t.Fatalf("Render: %v", err)
	}
	return w
}

func TestEveryPageIsSoundWhateverTheNamesAre(t *testing.T) {
	texts := map[string]string{
		"plain":              "Harbour",
		"empty":              "",
		"markup":             `"><script>alert(1)</script><img src=x onerror=alert(1)>`,
		"attribute breakout": `' onfocus='alert(1)' style='x' x="`,
		"a scheme":           "javascript:alert(1)",
		"template syntax":    "{{.Ticket}} ${alert(1)} `",
		"comment and CDATA":  "<!-- ]]> --> <![CDATA[ </title></textarea>",
		"bidi":               "\u202egnp.exe\u2066\u200f",
		"invalid UTF-8":      "a\xff\xfe\xc0b",
		"10 kB":              strings.Repeat("Wörter ", 1500),
		"10 kB of marks":     "e" + strings.Repeat("\u0301", 5000),
	}
	for kind, text := range texts {
		for name, page := range everyPage(text) {
			t.Run(name+"/"+kind, func(t *testing.T) { checkDocument(t, render(t, page).Body.String()) })
		}
	}
}

// checkDocument walks a page as XML, which our templates keep to so that a test can be strict about them.
func checkDocument(t *testing.T, body string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(body))
	d.Entity = xml.HTMLEntity
	seen := map[string]int{}
	ids, labelled, referred := map[string]int{}, map[string]bool{}, map[string]bool{}
	var inputs, open []string
	var tickets int
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			tag := token.Name.Local
			seen[tag]++
			open = append(open, tag)
			attr := attributes(t, token)
			if slices.Contains([]string{"script", "style", "iframe", "object", "embed", "base", "img"}, tag) {
				t.Errorf("<%s> has no place in our pages", tag)
			}
			if id := attr["id"]; id != "" {
				ids[id]++
			}
			for _, name := range []string{"aria-describedby", "aria-labelledby"} {
				for id := range strings.FieldsSeq(attr[name]) {
					referred[id] = true
				}
			}
			switch {
			case tag == "label":
				labelled[attr["for"]] = true
			case tag == "input" && attr["name"] == "":
				t.Error("an input without a name: a template spells a field that is not in the table")
			case tag == "input" && attr["type"] != "hidden":
				inputs = append(inputs, attr["id"])
			case tag == "input" && attr["name"] == FieldTicket:
				tickets++
			case tag == "form" && (attr["method"] != "post" || !strings.HasPrefix(attr["action"], "/")):
				t.Errorf("form posts with %q to %q", attr["method"], attr["action"])
			case tag == "button" && attr["type"] != "submit":
				t.Error("a button without a type")
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if strings.ContainsFunc(string(token), func(r rune) bool { return r != '\n' && r != '\t' && deceives(r) }) {
				t.Errorf("text with invisible or reordering characters in <%s>: %+q", open, token)
			}
		}
	}
	for _, tag := range []string{"h1", "main", "title", "header", "footer"} {
		if seen[tag] != 1 {
			t.Errorf("%d <%s> elements, want 1", seen[tag], tag)
		}
	}
	if tickets != seen["form"] {
		t.Errorf("%d forms but %d tickets", seen["form"], tickets)
	}
	for _, id := range inputs {
		if id == "" || !labelled[id] {
			t.Errorf("input %q has no label", id)
		}
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("id %q is used %d times", id, n)
		}
	}
	for id := range referred {
		if ids[id] == 0 {
			t.Errorf("an element is described by %q, which does not exist", id)
		}
	}
}

func attributes(t *testing.T, e xml.StartElement) map[string]string {
	t.Helper()
	attr := map[string]string{}
	for _, a := range e.Attr {
		name := a.Name.Local
		attr[name] = a.Value
		if name == "style" || strings.HasPrefix(name, "on") || name == "http-equiv" || name == "srcdoc" {
			t.Errorf("<%s> has the attribute %s", e.Name.Local, name)
		}
		if name == "href" && !strings.HasPrefix(a.Value, "/") && !strings.HasPrefix(a.Value, "#") {
			t.Errorf("<%s> links to %q", e.Name.Local, a.Value)
		}
	}
	return attr
}

func TestZeroViewModelsRender(t *testing.T) {
	for _, page := range []Page{
		SignIn{}, DeviceEntry{}, DeviceConfirm{}, DeviceDone{}, Consent{}, Portal{}, SignedOut{}, Error{},
	} {
		render(t, page)
	}
}

func TestRenderSetsTheHeadersOfAPage(t *testing.T) {
	w := httptest.NewRecorder()
	page := Consent{RedirectURI: "http://127.0.0.1:51820/oauth/callback"}
	if err := Render(w, http.StatusForbidden, page); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Content-Type":    "text/html; charset=utf-8",
		"Cache-Control":   "no-store",
		"Referrer-Policy": "no-referrer",
		"Content-Length":  fmt.Sprint(w.Body.Len()),
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; " +
			"form-action 'self' http://127.0.0.1:51820; frame-ancestors 'none'; base-uri 'none'",
	}
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d, want 403", w.Code)
	}
	for name, value := range want {
		if got := w.Header().Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

func TestRenderWritesNothingWhenItFails(t *testing.T) {
	w := httptest.NewRecorder()
	if err := Render(w, http.StatusOK, Consent{RedirectURI: "javascript:alert(1)"}); err == nil {
		t.Fatal("a consent page with a javascript: target was rendered")
	}
	if w.Body.Len() != 0 || len(w.Header()) != 0 {
		t.Errorf("wrote %q with headers %v", w.Body, w.Header())
	}
}

func TestFormActionSource(t *testing.T) {
	tests := []struct{ name, uri, want string }{
		{"a loopback port", "http://127.0.0.1:51820/oauth/callback", "http://127.0.0.1:51820"},
		{"a host without a port", "https://app.example.test/cb?x=1", "https://app.example.test"},
		{"IPv6, which CSP cannot spell", "http://[::1]:51820/cb", "http://*:51820"},
		{"a private-use scheme", "com.example.app:/cb", "com.example.app:"},
		{"a script", "javascript:alert(1)", ""},
		{"data", "data:text/html,x", ""},
		{"no scheme", "//app.example.test/cb", ""},
		{"nothing", "", ""},
		{"a second directive", "https://a;script-src b/cb", ""},
		{"a wildcard host", "https://*/cb", ""},
		{"a keyword as host", "https://'unsafe-inline'/", ""},
		{"a scheme with a blank", "http ://a/", ""},
		{"a long port", "http://a:123456/", ""},
		{"no host", "https:///cb", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := formActionSource(tt.uri)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func FuzzFormActionSource(f *testing.F) {
	f.Add("http://127.0.0.1:51820/oauth/callback")
	f.Add("http://[::1%25a]:1/;")
	for _, uri := range vectors.URLs(f) {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		source, err := formActionSource(uri)
		if err == nil && (source == "" || strings.ContainsAny(source, " ;,'\"\t\r\n")) {
			t.Errorf("%q became %q, which is more than one source", uri, source)
		}
	})
}

func TestAnotherNetworkHidesTheCodeAndPutsDenyFirst(t *testing.T) {
	page := DeviceConfirm{UserCode: "WDJB-MJHT", Now: moment}
	for _, other := range []bool{false, true} {
		page.OtherNetwork = other
		body := render(t, page).Body.String()
		if got := strings.Contains(body, "WDJB"); got == other {
			t.Errorf("other network %v: code shown %v", other, got)
		}
		denyFirst := strings.Index(body, `value="deny"`) < strings.Index(body, `value="approve"`)
		if denyFirst != other {
			t.Errorf("other network %v: deny first %v", other, denyFirst)
		}
		if got := strings.Contains(body, `name="user_code"`); got != other {
			t.Errorf("other network %v: asks for the code %v", other, got)
		}
	}
}

func TestClientNamesAreMarkedAsSelfDeclared(t *testing.T) {
	for _, page := range []Page{
		SignIn{ForApplication: "tool"}, DeviceConfirm{ClientName: "tool"}, DeviceDone{ClientName: "tool"}, Consent{ClientName: "tool"},
	} {
		if body := render(t, page).Body.String(); !strings.Contains(body, "self-declared") {
			t.Errorf("%T shows a client's name as if it were known", page)
		}
	}
}

func TestEveryDeviceOutcomeHasWords(t *testing.T) {
	for outcome := DeviceApproved; outcome <= DeviceExpired; outcome++ {
		m := DeviceDone{Outcome: outcome}.Message()
		if m.Heading == "" || m.Sentence == "" || m.Next == "" || m.Tone == "" {
			t.Errorf("outcome %d: %+v", outcome, m)
		}
	}
}

func TestAFullPortalPageStaysSmall(t *testing.T) {
	role := Role{Name: "AdministratorAccess", Description: "Everything", Session: time.Hour}
	var accounts []Account
	for i := range AccountsPerPage {
		accounts = append(accounts, Account{
			ID: fmt.Sprintf("%012d", i), Name: fmt.Sprintf("workload-%d", i), Email: "aws@example.test",
			Roles: slices.Repeat([]Role{role}, 5),
		})
	}
	NameProfiles(accounts)
	const bound = 250 << 10
	if n := render(t, Portal{Accounts: accounts, Page: 1, Pages: 60}).Body.Len(); n > bound {
		t.Errorf("a page of %d accounts has %d bytes, want at most %d", AccountsPerPage, n, bound)
	}
}
