package server

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// Bounds of what a request may look like before anybody reads its body.
const (
	// maxTarget is four times what the longest real request needs, an /authorize with a long state.
	maxTarget = 16 << 10

	// maxQueryParameters is far above any operation's members.
	maxQueryParameters = 100

	// maxHeaderLines and maxCookies refuse what fits into maxHeaderBytes only as thousands of tiny fields. Browsers send the cookies of every
	// port of a host, so a developer's localhost has dozens.
	maxHeaderLines = 200
	maxCookies     = 200

	// maxForwardedHops is far above the proxies of any installation.
	maxForwardedHops = 32
)

// The server's patience. WriteTimeout leaves room for a slow client to take an answer of a page of accounts; nothing here streams.
const (
	readHeaderTimeout = 10 * time.Second // also bounds the TLS handshake
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 64 << 10
)

// newHTTPServer returns the server of the handler with every bound set.
func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	server := &http.Server{
		Handler:                      handler,
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		DisableGeneralOptionsHandler: true, // net/http would answer OPTIONS * past the hygiene
		// What net/http says is about connections that clients broke: of use only to those who look for it.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	new(silentConns).watch(server)
	return server
}

// hygieneOptions is what the hygiene needs to know of the server around it.
type hygieneOptions struct {
	now            func() time.Time // the server's clock, which Date shows
	hosts          map[string]bool  // the Host values that are answered, by exact bytes: Config.hostTable
	trustedProxies []netip.Prefix
	noProxies      bool // development mode: what came through a proxy that the configuration does not expect is for nobody
	log            *slog.Logger

	// htmlError writes the body and the status of a refusal for a browser. The headers of every response are there by then.
	// Without it a bare page is written.
	htmlError func(w http.ResponseWriter, r *http.Request, status int, requestID, message string)
}

// hygiene is the outermost handler. Every response gets its headers here, error pages included, and every request that is
// malformed, ambiguous or meant for somebody else is refused here, before a route is looked for: what is routed is then exactly what
// was signed. next and those behind it find the request id in the context and in the header of the response.
func hygiene(next http.Handler, options hygieneOptions) http.Handler {
	if options.htmlError == nil {
		options.htmlError = bareErrorPage
	}
	return &hygieneHandler{next: next, hygieneOptions: options}
}

type hygieneHandler struct {
	hygieneOptions
	next http.Handler
	date dateCache
}

func (h *hygieneHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now() // the machine's: a duration is measured, whatever the server's clock shows
	id := newRequestID()
	response := &hygieneResponse{ResponseWriter: w, hygiene: h, id: [1]string{id}, secure: r.TLS != nil && !isLocalhost(r.Host)}
	w.Header()[requestIDHeader] = response.id[:1:1]
	r = r.WithContext(WithRequestID(r.Context(), id))
	defer h.finish(response, r, started)

	if refused := h.refusal(r); refused != nil {
		h.refuse(response, r, refused)
		return
	}
	h.next.ServeHTTP(response, r)
}

// finish ends a request however its handler ended: it answers for a panic and writes the access log.
func (h *hygieneHandler) finish(w *hygieneResponse, r *http.Request, started time.Time) {
	panicked := recover()
	if panicked != nil && panicked != http.ErrAbortHandler {
		h.log.ErrorContext(r.Context(), "a handler panicked", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
		if w.status == 0 {
			clearHeaders(w)
			h.refuse(w, r, internalError)
			panicked = nil
		}
	}
	if w.status == 0 && panicked == nil {
		w.WriteHeader(http.StatusOK)
	}
	h.logAccess(w, r, started)
	if panicked != nil {
		panic(http.ErrAbortHandler) // the answer has begun: cut the connection, so that half of it is not taken for all
	}
}

// clearHeaders forgets what the failed handler wanted to say, cookies above all.
func clearHeaders(w *hygieneResponse) {
	header := w.Header()
	clear(header)
	header[requestIDHeader] = w.id[:1:1]
}

// logAccess writes the line of the request: its path without the query, which may hold codes. Requests that this handler refused are
// worth seeing without being asked for, because their cause is often a setting; so are failures. The others are many, polls above all.
func (h *hygieneHandler) logAccess(w *hygieneResponse, r *http.Request, started time.Time) {
	level := slog.LevelDebug
	if w.refused || w.status >= http.StatusInternalServerError {
		level = slog.LevelInfo
	}
	if !h.log.Enabled(r.Context(), level) {
		return
	}
	attributes := []slog.Attr{
		slog.String("method", r.Method),
		slog.String("path", r.URL.Path),
		slog.Int("status", w.status),
		slog.Duration("duration", time.Since(started)),
		slog.Int64("bytes", w.bytes),
		slog.String("remote", clientAddr(r, h.trustedProxies).String()),
	}
	if w.refused {
		attributes = append(attributes, slog.String("host", r.Host), slog.String("refusal", w.refusal))
	}
	h.log.LogAttrs(r.Context(), level, "request", attributes...)
}

// Header names in the canonical spelling, in which they can be set without being looked up.
const (
	requestIDHeader     = "X-Amzn-Requestid"
	errorTypeHeader     = "X-Amzn-Errortype"
	dateHeader          = "Date"
	stsHeader           = "Strict-Transport-Security"
	cacheControlHeader  = "Cache-Control"
	cspHeader           = "Content-Security-Policy"
	referrerHeader      = "Referrer-Policy"
	contentTypeHeader   = "Content-Type"
	contentLengthHeader = "Content-Length"
)

// commonHeader is a header of every response. A page may have a value of its own where own is set.
type commonHeader struct {
	name  string
	value []string
	own   bool
}

// commonHeaders is the table (ASVS 5.0 §3.4). Its values are shared by all responses: they have no spare capacity, so that
// Header().Add copies them.
var commonHeaders = []commonHeader{
	{name: "X-Content-Type-Options", value: []string{"nosniff"}},
	{name: "X-Frame-Options", value: []string{"DENY"}},
	{name: "Cross-Origin-Opener-Policy", value: []string{"same-origin"}},
	{name: "Cross-Origin-Resource-Policy", value: []string{"same-origin"}},
	{name: "Permissions-Policy", value: []string{"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"}},
	{name: referrerHeader, value: []string{"no-referrer"}, own: true},
	{name: cspHeader, value: []string{"default-src 'none'; frame-ancestors 'none'"}, own: true},
	{name: cacheControlHeader, value: []string{"no-store"}, own: true},
}

// stsValue leaves sub-domains alone: they are not ours.
var stsValue = []string{"max-age=31536000"}

// isLocalhost: browsers keep Strict-Transport-Security for a name and all its ports, and on localhost it would break every other
// server that a developer runs there. For addresses they ignore it (RFC 6797 §8.1.1).
func isLocalhost(host string) bool {
	return host == "localhost" || strings.HasPrefix(host, "localhost:")
}

// hygieneResponse adds the common headers at the last moment, when the handler has set its own, and counts for the access log.
type hygieneResponse struct {
	http.ResponseWriter
	hygiene *hygieneHandler
	id      [1]string // the request id, as the header holds it
	status  int       // 0 until the header is written
	bytes   int64
	secure  bool   // Strict-Transport-Security applies
	refused bool   // by the hygiene
	refusal string // why, for the log
}

func (w *hygieneResponse) WriteHeader(status int) {
	informational := status < http.StatusOK && status != http.StatusSwitchingProtocols
	if w.status == 0 && !informational {
		w.status = status
		w.addHeaders()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *hygieneResponse) Write(body []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(body)
	w.bytes += int64(n)
	return n, err
}

// FlushError serves http.ResponseController, which would otherwise reach past the headers.
func (w *hygieneResponse) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController set deadlines.
func (w *hygieneResponse) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *hygieneResponse) addHeaders() {
	header := w.Header()
	for i := range commonHeaders {
		common := &commonHeaders[i]
		if common.own && len(header[common.name]) > 0 {
			continue
		}
		header[common.name] = common.value
	}
	header[requestIDHeader] = w.id[:1:1]
	header[dateHeader] = w.hygiene.date.at(w.hygiene.now())
	if w.secure {
		header[stsHeader] = stsValue
	}
}

// dateCache keeps the Date header of the current second, which thousands of responses share.
type dateCache struct{ last atomic.Pointer[dateOfSecond] }

type dateOfSecond struct {
	unix   int64
	header []string
}

func (c *dateCache) at(now time.Time) []string {
	if last := c.last.Load(); last != nil && last.unix == now.Unix() {
		return last.header
	}
	next := &dateOfSecond{now.Unix(), []string{now.UTC().Format(http.TimeFormat)}}
	c.last.Store(next)
	return next.header
}

// newRequestID returns a random UUID (RFC 9562 §5.4), the form of AWS request ids.
func newRequestID() string {
	var raw [16]byte
	rand.Read(raw[:])
	raw[6] = raw[6]&0x0f | 0x40 // version 4
	raw[8] = raw[8]&0x3f | 0x80 // variant
	var text [36]byte
	hex.Encode(text[0:8], raw[0:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:36], raw[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// hygieneRefusal is one answer of this handler.
type hygieneRefusal struct {
	status  int
	message string // says what to do, and nothing that the caller did not send
}

var (
	internalError = &hygieneRefusal{http.StatusInternalServerError, "Something failed inside the server. Try again; if it happens again, give the operator the request id."}

	targetForm     = &hygieneRefusal{http.StatusBadRequest, "The request target must be a path that starts with a slash."}
	targetLong     = &hygieneRefusal{http.StatusRequestURITooLong, "The request target is too long. Send long values in the body."}
	targetPath     = &hygieneRefusal{http.StatusBadRequest, "The path is not in canonical form. Send it without empty or dot segments, semicolons, backslashes, and encoded slashes, controls, letters, digits or dots."}
	targetQuery    = &hygieneRefusal{http.StatusBadRequest, "The query string cannot be decoded. Percent-encode every value as UTF-8."}
	queryLong      = &hygieneRefusal{http.StatusBadRequest, "The query string has too many parameters."}
	queryRepeated  = &hygieneRefusal{http.StatusBadRequest, "A query parameter is repeated. Send each parameter once."}
	methodUnknown  = &hygieneRefusal{http.StatusMethodNotAllowed, "The method is not supported. The Allow header lists the ones that are."}
	hostUnknown    = &hygieneRefusal{http.StatusMisdirectedRequest, "The Host header names an address that this server does not answer for. Use the public URL that it is configured with."}
	headersMany    = &hygieneRefusal{http.StatusRequestHeaderFieldsTooLarge, "The request has too many header fields or cookies."}
	proxied        = &hygieneRefusal{http.StatusForbidden, "Development mode is for programs on its own machine, and this request came through a proxy. Serve without dev, or name the proxy in trusted_proxies."}
	earlyData      = &hygieneRefusal{http.StatusTooEarly, "The request came as TLS early data, which can be replayed. Send it again after the handshake."}
	bodyChunked    = &hygieneRefusal{http.StatusBadRequest, "Chunked request bodies are not taken. Send the body with Content-Length."}
	bodyCompressed = &hygieneRefusal{http.StatusUnsupportedMediaType, "Request bodies must not be compressed. Send the body without Content-Encoding."}
)

// allowedMethods are those that any route may have; a route's own list is the router's business.
const allowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

func isAllowedMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
}

// refusal returns why the request goes no further, or nil. The form of the target comes first: CONNECT and the proxy forms have
// no path that the later checks could speak of (RFC 9112 §3.2).
func (h *hygieneHandler) refusal(r *http.Request) *hygieneRefusal {
	if refused := checkTarget(r); refused != nil {
		return refused
	}
	switch {
	case !isAllowedMethod(r.Method):
		return methodUnknown
	case !h.hosts[r.Host] && !isHealthCheck(r.URL.Path):
		return hostUnknown
	case hasTooManyHeaders(r.Header):
		return headersMany
	case h.noProxies && cameThroughProxy(r.Header) && !isHealthCheck(r.URL.Path):
		return proxied
	case len(r.Header["Early-Data"]) > 0: // RFC 8470 §5.1: 1 is its only value; a proxy that sends another is not to be trusted with it
		return earlyData
	case isEncoded(r.Header["Content-Encoding"]):
		return bodyCompressed
	case len(r.TransferEncoding) > 0:
		// A request framed twice is smuggling (RFC 9112 §6.1), but net/http drops its Content-Length before we could see it. None of our
		// clients sends chunks, so all of them go, and with them the differences between readers of chunk lines.
		return bodyChunked
	}
	return checkQuery(r.URL.RawQuery)
}

// isHealthCheck: load balancers probe by address and cannot be told a Host. The two answers reveal nothing and change nothing.
func isHealthCheck(path string) bool { return path == "/healthz" || path == "/readyz" }

// forwardingHeaders are what proxies add, by themselves or as their manuals have them set up (RFC 7239, RFC 9110 §7.6.3).
var forwardingHeaders = []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"}

// cameThroughProxy tells whether somebody passed the request on. A proxy that hides itself is not seen.
func cameThroughProxy(header http.Header) bool {
	for _, name := range forwardingHeaders {
		if len(header[name]) > 0 {
			return true
		}
	}
	return false
}

func isEncoded(codings []string) bool {
	for _, coding := range codings {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return true
		}
	}
	return false
}

func hasTooManyHeaders(header http.Header) bool {
	lines := 0
	for _, values := range header {
		lines += len(values)
	}
	cookies := 0
	for _, line := range header["Cookie"] {
		cookies += 1 + strings.Count(line, ";")
	}
	return lines > maxHeaderLines || cookies > maxCookies
}

// checkTarget refuses every request target but a canonical path with an optional query. It reads what came over the wire, not
// what net/url made of it: SigV4 signs the former, and proxies in front of us decide by it.
func checkTarget(r *http.Request) *hygieneRefusal {
	target := r.RequestURI
	switch {
	case len(target) > maxTarget:
		return targetLong
	case target == "" || target[0] != '/' || r.Method == http.MethodConnect:
		return targetForm
	}
	path, query, _ := strings.Cut(target, "?")
	if !isCanonicalPath(path) || !utf8.ValidString(r.URL.Path) {
		return targetPath
	}
	if !isQueryText(query) {
		return targetQuery
	}
	return nil
}

// Classes of bytes in a target, RFC 3986 §3.3 and §3.4. The semicolon is legal in both and refused: some proxies end the path there, and
// old form decoders split the query there. Brackets, braces, bars, quotes, carets and backquotes are illegal in both, but sloppy
// clients send them in queries, where they are unambiguous.
const (
	pathByte = 1 << iota
	queryByte
)

var targetBytes = func() (class [256]uint8) {
	for b := byte('!'); b <= '~'; b++ {
		class[b] = queryByte
	}
	class['#'], class[';'], class['\\'] = 0, 0, 0
	for _, b := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,=:@/%") {
		class[b] |= pathByte
	}
	return class
}()

// isCanonicalPath tells whether every router, proxy and signer reads the path alike: no empty segment, no dot segment in any
// encoding, no byte that some reader would take for a separator or an end.
func isCanonicalPath(path string) bool {
	for i := range len(path) {
		b := path[i]
		switch {
		case targetBytes[b]&pathByte == 0:
			return false
		case b == '/' && !isSegment(path[i+1:]):
			return false
		case b == '%' && !isHarmlessEscape(path[i+1:]):
			return false
		}
	}
	return true
}

// isSegment tells whether what follows a slash starts a segment that is neither empty nor dots. A slash may end a path.
func isSegment(rest string) bool {
	if rest == "" || rest[0] != '.' && rest[0] != '/' {
		return true
	}
	segment, _, _ := strings.Cut(rest, "/")
	return segment != "" && segment != "." && segment != ".."
}

// isHarmlessEscape tells whether an escape in a path stands for a byte that had to be escaped, and that nobody gives a meaning.
func isHarmlessEscape(rest string) bool {
	if len(rest) < 2 {
		return false
	}
	high, low := hexDigit(rest[0]), hexDigit(rest[1])
	if high < 0 || low < 0 {
		return false
	}
	switch decoded := byte(high<<4 | low); decoded {
	case '/', '\\', 0x7f:
		return false
	default:
		return decoded >= ' ' && !isUnreserved(decoded)
	}
}

// isUnreserved: these bytes never have to be escaped (RFC 3986 §2.3). An escape of one spells a path a second way, past the rules of a proxy
// that knows the first.
func isUnreserved(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '-' || b == '.' || b == '_' || b == '~'
}

func hexDigit(b byte) int {
	switch {
	case '0' <= b && b <= '9':
		return int(b - '0')
	case 'a' <= b && b <= 'f':
		return int(b-'a') + 10
	case 'A' <= b && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

func isQueryText(query string) bool {
	for i := range len(query) {
		if targetBytes[query[i]]&queryByte == 0 {
			return false
		}
	}
	return true
}

// checkQuery refuses what url.ParseQuery would drop in silence, and repeated parameters, of which one reader takes the first and another
// the last.
func checkQuery(query string) *hygieneRefusal {
	if query == "" {
		return nil
	}
	if strings.Count(query, "&") >= maxQueryParameters {
		return queryLong
	}
	var few [8]string // enough for every operation; more go to the heap
	names := few[:0]
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, nameOK := unescape(name)
		if _, valueOK := unescape(value); !nameOK || !valueOK {
			return targetQuery
		}
		for _, earlier := range names { // at most maxQueryParameters²/2 short comparisons
			if earlier == name {
				return queryRepeated
			}
		}
		names = append(names, name)
	}
	return nil
}

// unescape decodes a name or value of a query, if it decodes to UTF-8.
func unescape(text string) (string, bool) {
	if strings.IndexByte(text, '%') < 0 && strings.IndexByte(text, '+') < 0 {
		return text, true // the checks before let only ASCII through
	}
	decoded, err := url.QueryUnescape(text)
	return decoded, err == nil && utf8.ValidString(decoded)
}

// refuse answers in the form that the caller reads: AWS's error members for clients, a page for people.
func (h *hygieneHandler) refuse(w *hygieneResponse, r *http.Request, refused *hygieneRefusal) {
	w.refused, w.refusal = true, refused.message
	errorType, code := "InvalidRequestException", "invalid_request"
	if refused.status >= http.StatusInternalServerError {
		errorType, code = "InternalServerException", "server_error"
	}
	header := w.Header()
	header.Set(errorTypeHeader, errorType)
	switch refused {
	case methodUnknown:
		header.Set("Allow", allowedMethods)
	case bodyChunked:
		header.Set("Connection", "close") // what follows on it may be the smuggled request
	}
	if prefersHTML(r.Header.Get("Accept")) {
		h.htmlError(w, r, refused.status, w.id[0], refused.message)
		return
	}
	body, err := json.Marshal(errorBody{errorType, refused.message, code, refused.message, w.id[0]})
	if err != nil {
		panic("server: an error body of strings cannot be written: " + err.Error())
	}
	header.Set(contentTypeHeader, "application/json")
	header.Set(contentLengthHeader, strconv.Itoa(len(body)))
	w.WriteHeader(refused.status)
	_, _ = w.Write(body) // the caller may be gone
}

// errorBody is a refusal as the token service writes it, and the request id for those who only see the body.
type errorBody struct {
	Type        string `json:"__type"`
	Message     string `json:"message"`
	Code        string `json:"error"`
	Description string `json:"error_description"`
	RequestID   string `json:"requestId"`
}

// bareErrorPage is the page of a server without pages.
func bareErrorPage(w http.ResponseWriter, _ *http.Request, status int, requestID, message string) {
	w.Header().Set(contentTypeHeader, "text/html; charset=utf-8")
	w.WriteHeader(status)
	title := html.EscapeString(strconv.Itoa(status) + " " + http.StatusText(status))
	_, _ = fmt.Fprintf(w, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>%s</title>\n<h1>%s</h1>\n<p>%s</p>\n<p>Request id: %s</p>\n</html>\n",
		title, title, html.EscapeString(message), html.EscapeString(requestID))
}

// prefersHTML tells whether an Accept header ranks text/html above JSON (RFC 9110 §12.5.1), as browsers' do. Clients that take anything
// get JSON.
func prefersHTML(accept string) bool {
	const longestAccept = 1 << 10
	if len(accept) > longestAccept || !strings.Contains(accept, "text/html") {
		return false
	}
	page, data := 0.0, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		media, parameters, _ := strings.Cut(item, ";")
		switch strings.TrimSpace(media) {
		case "text/html":
			page = quality(parameters)
		case "application/json", "*/*", "application/*":
			data = max(data, quality(parameters))
		}
	}
	return page > data
}

// quality reads the q parameter; without one it is 1.
func quality(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		if text, isQ := strings.CutPrefix(strings.TrimSpace(parameter), "q="); isQ {
			q, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}

// clientAddr returns the address that limits and audit are keyed by: the peer's, or, when the peer is a trusted proxy, the right-most
// entry of X-Forwarded-For that is not itself a trusted proxy. Everything left of that entry is the client's own claim. An entry that
// is no address ends the walk at the last proxy that could be named. The zero Addr means that the peer has no address.
func clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := peer.Addr().Unmap().WithZone("")
	lines := r.Header["X-Forwarded-For"]
	for hops := 0; len(lines) > 0 && isTrusted(client, trusted) && hops < maxForwardedHops; {
		last := len(lines) - 1
		rest, entry, more := cutLast(lines[last])
		hop, ok := forwardedAddr(entry)
		if !ok {
			break
		}
		client = hop
		hops++
		if more {
			lines = append(lines[:last:last], rest)
		} else {
			lines = lines[:last]
		}
	}
	return client
}

// cutLast splits off the last entry of a list between commas.
func cutLast(list string) (rest, last string, more bool) {
	if comma := strings.LastIndexByte(list, ','); comma >= 0 {
		return list[:comma], list[comma+1:], true
	}
	return "", list, false
}

// forwardedAddr reads an entry of X-Forwarded-For; some proxies add the port.
func forwardedAddr(entry string) (netip.Addr, bool) {
	entry = strings.TrimSpace(entry)
	if withPort, err := netip.ParseAddrPort(entry); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]"))
	return address.Unmap().WithZone(""), err == nil
}

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	for _, network := range trusted {
		if network.Contains(address) {
			return true
		}
	}
	return false
}
