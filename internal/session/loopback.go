package session

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// The redirect URI of a program on a person's machine (RFC 8252 §7.3). It is registered without a port and used with the one that is free.
// AWS takes no other path from public clients.
const (
	loopbackAddress = "127.0.0.1"
	callbackPath    = "/oauth/callback"
	registeredURI   = "http://" + loopbackAddress + callbackPath
)

// The bounds of the listener. Everything on the machine can reach it.
const (
	callbackReadTime = 5 * time.Second // for a request that a browser sends at once
	callbackHeader   = 32 << 10        // bytes: cookies of other programs on this address come along
	callbackGrace    = time.Second     // for the last page to reach the browser
)

// callback is the answer that the browser brought: a code or an error (RFC 6749 §4.1.2).
type callback struct{ code, refusal, description string }

// listener waits on a loopback port for the browser. It takes one answer, from whoever knows the state.
type listener struct {
	redirectURI string // with its port
	host        string // that requests must name, lest a page of the web reaches us by a name of its own (DNS rebinding)
	state       string
	taken       atomic.Bool
	answers     chan callback
	server      *http.Server
}

// listen opens the port.
func listen(state string) (*listener, error) {
	socket, err := net.Listen("tcp4", loopbackAddress+":0")
	if err != nil {
		return nil, err
	}
	l := &listener{host: socket.Addr().String(), state: state, answers: make(chan callback, 1)}
	l.redirectURI = "http://" + l.host + callbackPath
	l.server = &http.Server{
		Handler: l, ReadTimeout: callbackReadTime, WriteTimeout: callbackReadTime, MaxHeaderBytes: callbackHeader, ErrorLog: silentLog,
	}
	go l.server.Serve(socket)
	return l, nil
}

// close lets the browser have its page and frees the port.
func (l *listener) close() {
	ctx, cancel := context.WithTimeout(context.Background(), callbackGrace)
	defer cancel()
	if l.taken.Load() {
		_ = l.server.Shutdown(ctx) // what does not end in time is closed below
	}
	l.server.Close()
}

// silentLog takes what net/http says about requests that it cannot read. Whoever sends them is not the browser that we wait for.
var silentLog = log.New(io.Discard, "", 0)

// errNobodyCame tells that the time was up.
var errNobodyCame = errors.New("nobody came back from the browser")

// await is the answer of the browser.
func (l *listener) await(ctx context.Context, patience time.Duration) (callback, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case answer := <-l.answers:
		return answer, nil
	case <-timer.C:
		return callback{}, errNobodyCame
	case <-ctx.Done():
		return callback{}, ctx.Err()
	}
}

// ServeHTTP shows a page for every request and passes on the one answer.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, shown := l.judge(r)
	if shown == nil && !l.taken.CompareAndSwap(false, true) {
		shown = pageTaken
	}
	if shown != nil {
		shown.write(w)
		return
	}
	shown = pageDone
	if answer.code == "" {
		shown = pageRefused
	}
	shown.write(w)
	l.answers <- answer
}

// judge is the answer in a request, or the page for a request that holds none. A request with another state is none: whoever sent it could
// otherwise end the sign-in, or have us end up in a session of theirs (RFC 6749 §10.12).
func (l *listener) judge(r *http.Request) (callback, *page) {
	switch {
	case r.Host != l.host:
		return callback{}, pageForeign
	case r.URL.Path != callbackPath:
		return callback{}, pageMissing
	case r.Method != http.MethodGet:
		return callback{}, pageMethod
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || repeats(query) || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(l.state)) != 1 {
		return callback{}, pageStray
	}
	answer := callback{query.Get("code"), query.Get("error"), query.Get("error_description")}
	if (answer.code == "") == (answer.refusal == "") {
		return callback{}, pageStray
	}
	return answer, nil
}

// repeats reports whether a parameter occurs twice (RFC 6749 §3.1 forbids it).
func repeats(query url.Values) bool {
	for _, values := range query {
		if len(values) > 1 {
			return true
		}
	}
	return false
}

// page is a page of the listener. None holds anything of the request.
type page struct {
	status        int
	title, advice string
}

var (
	pageDone    = &page{http.StatusOK, "You are back", "The sign-in goes on in the terminal. You can close this window."}
	pageRefused = &page{http.StatusOK, "Not signed in", "The sign-in was refused or broken off. The terminal says why. You can close this window."}
	pageTaken   = &page{http.StatusGone, "This sign-in is over", "Another request came before this one. Look at the terminal, and begin again there if you have to."}
	pageStray   = &page{http.StatusBadRequest, "Not the answer we wait for", "This address does not belong to the sign-in that the terminal waits for. Use the address that it shows."}
	pageForeign = &page{http.StatusForbidden, "Not this host", "This port answers under its loopback address only."}
	pageMissing = &page{http.StatusNotFound, "Nothing here", "This port waits for the end of a sign-in and has no other page."}
	pageMethod  = &page{http.StatusMethodNotAllowed, "Not this way", "The end of a sign-in comes with GET."}
)

// pageStyle is the one style; the policy of the pages allows it by its digest and forbids everything else.
const pageStyle = `body{font:18px/1.5 system-ui,sans-serif;max-width:34em;margin:20vh auto;padding:0 1em;color-scheme:light dark}`

var pagePolicy = func() string {
	digest := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(digest[:]) + "'"
}()

func (p *page) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer") // the address holds the code
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Connection", "close")
	if p == pageMethod {
		header.Set("Allow", http.MethodGet)
	}
	w.WriteHeader(p.status)
	fmt.Fprintf(w, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"+
		"<title>%[1]s</title><style>%[2]s</style><h1>%[1]s</h1><p>%[3]s</p></html>\n", html.EscapeString(p.title), pageStyle, html.EscapeString(p.advice))
}
