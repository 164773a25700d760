package attacks

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// browser is a person's browser: it keeps cookies, fills in forms, and follows redirects within the site.
type browser struct {
	*world
	jar    http.CookieJar
	header map[string]string // sent with every request
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{world: w, jar: jar, header: map[string]string{"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}}
}

// page is what the browser shows.
type page struct {
	answer
	forms []form
	links []string // every address that the page loads or leads to
	tags  map[string]int
}

// form is a form with what its fields hold.
type form struct {
	action  string
	fields  url.Values
	buttons []string // values of the buttons, in order
}

// send sends one request and follows nothing.
func (b *browser) send(method, target string, header map[string]string, body []byte) answer {
	b.t.Helper()
	all := maps.Clone(b.header)
	maps.Copy(all, header)
	here := b.here()
	var cookies []string
	for _, cookie := range b.jar.Cookies(here) {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	if len(cookies) > 0 {
		all["Cookie"] = strings.Join(cookies, "; ")
	}
	a := b.world.send(method, target, all, body)
	b.jar.SetCookies(here, (&http.Response{Header: a.header}).Cookies())
	return a
}

// here is the address that cookies are kept for: all of ours are for the whole site.
func (b *browser) here() *url.URL {
	b.t.Helper()
	here, err := url.Parse(b.server.Endpoint + "/")
	if err != nil {
		b.t.Fatal(err)
	}
	return here
}

// maxRedirects ends a loop.
const maxRedirects = 10

// open opens a target and follows redirects, as far as they stay here.
func (b *browser) open(target string) page {
	b.t.Helper()
	return b.follow(b.send("GET", target, nil, nil))
}

func (b *browser) follow(a answer) page {
	b.t.Helper()
	for range maxRedirects {
		to := a.header.Get("Location")
		if strings.HasPrefix(to, b.server.Endpoint+"/") {
			to = strings.TrimPrefix(to, b.server.Endpoint)
		}
		if !strings.HasPrefix(to, "/") {
			break
		}
		a = b.send("GET", to, nil, nil)
	}
	return b.read(a)
}

// post sends a form as the browser does, with some fields changed: pairs of name and value.
func (b *browser) post(f form, changes ...string) answer {
	b.t.Helper()
	fields := url.Values{}
	maps.Copy(fields, f.fields)
	for i := 0; i < len(changes); i += 2 {
		fields[changes[i]] = []string{changes[i+1]}
	}
	header := map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Origin": b.server.Endpoint, "Sec-Fetch-Site": "same-origin",
	}
	return b.send("POST", f.action, header, []byte(fields.Encode()))
}

// submit posts and follows.
func (b *browser) submit(f form, changes ...string) page {
	b.t.Helper()
	return b.follow(b.post(f, changes...))
}

// form returns the form of the page that goes to the path.
func (b *browser) form(p page, action string) form {
	b.t.Helper()
	for _, f := range p.forms {
		if f.action == action {
			return f
		}
	}
	b.t.Fatalf("the page has no form for %s: %s", action, p)
	return form{}
}

// signIn signs a person of the demo in, from wherever the target leads.
func (b *browser) signIn(target, userName string) page {
	b.t.Helper()
	return b.submitSignIn(b.open(target), userName, b.server.Password(userName))
}

func (b *browser) submitSignIn(p page, userName, password string) page {
	b.t.Helper()
	return b.submit(b.form(p, "/signin"), "user_name", userName, "password", password)
}

// as returns the browser of somebody who signed in.
func (w *world) as(userName string, header ...map[string]string) *browser {
	w.t.Helper()
	b := w.browser()
	for _, h := range header {
		maps.Copy(b.header, h)
	}
	if p := b.signIn("/signin", userName); p.status != 200 || !strings.Contains(string(p.body), "Your accounts") {
		w.t.Fatalf("%s cannot sign in: %s", userName, p)
	}
	return b
}

// devicePage opens the page on which a device is decided.
func (b *browser) devicePage(d device) (page, form) {
	b.t.Helper()
	p := b.open("/device?user_code=" + url.QueryEscape(d.userCode))
	return p, b.form(p, "/device/decision")
}

// consentPage opens the page on which a client is allowed in.
func (b *browser) consentPage(c registration, changes map[string]string) (page, form) {
	b.t.Helper()
	p := b.open("/authorize?" + authorizeQuery(c, changes).Encode())
	return p, b.form(p, "/consent")
}

// read finds forms and links in a page.
func (b *browser) read(a answer) page {
	b.t.Helper()
	p := page{answer: a, tags: map[string]int{}}
	if !a.isPage() {
		return p
	}
	decoder := xml.NewDecoder(strings.NewReader(string(a.body)))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			b.t.Errorf("the page is not sound: %v\n%s", err, a.body)
			return p
		}
		if start, ok := token.(xml.StartElement); ok {
			p.element(start)
		}
	}
}

func (p *page) element(e xml.StartElement) {
	attribute := map[string]string{}
	for _, a := range e.Attr {
		attribute[a.Name.Local] = a.Value
		if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "style" {
			p.tags[a.Name.Local+"="]++
		}
	}
	p.tags[e.Name.Local]++
	for _, name := range []string{"href", "src", "action", "formaction"} {
		if to, given := attribute[name]; given {
			p.links = append(p.links, to)
		}
	}
	switch e.Name.Local {
	case "form":
		p.forms = append(p.forms, form{action: attribute["action"], fields: url.Values{}})
	case "input":
		if len(p.forms) > 0 && attribute["name"] != "" && attribute["type"] != "checkbox" {
			p.forms[len(p.forms)-1].fields.Set(attribute["name"], attribute["value"])
		}
		if attribute["type"] == "file" {
			p.tags["input file"]++
		}
	case "button":
		if len(p.forms) > 0 && attribute["value"] != "" {
			last := &p.forms[len(p.forms)-1]
			last.buttons = append(last.buttons, attribute["value"])
		}
	}
}

// says fails the entry unless the page has every one of the texts.
func (b *browser) says(p page, texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(string(p.body), text) {
			b.t.Errorf("the page does not say %q: %d %s", text, p.status, p.body)
		}
	}
}
