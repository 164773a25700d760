package commandline

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// answer is what the server says to one request.
type answer struct {
	method, path string
	status       int
	header       http.Header
	body         string
	fate         fate
}

// fate is what becomes of an answer on its way, as scripts name it.
type fate string

const (
	whole       fate = ""
	closedEarly fate = "close"     // the connection is closed before the first byte
	truncated   fate = "partial"   // it is closed in the middle of the body
	hanging     fate = "hang"      // nothing comes until the client has left
	chunked     fate = "chunked"   // the length of the body is not told before
	interrupted fate = "interrupt" // the process named in the file pid gets SIGINT instead of an answer
	terminated  fate = "terminate" // it gets SIGTERM
)

var fates = []fate{closedEarly, truncated, hanging, chunked, interrupted, terminated}

// headerLine is what a line must look like to be a header of an answer. The first line that does not begins the body.
var headerLine = regexp.MustCompile(`^([A-Za-z0-9-]+): ?(.*)$`)

// parseAnswers reads what a server shall say:
//
//	=== METHOD PATH [STATUS] [FATE]
//	Header: value
//
//	body
//
// PATH is the end of the path, without a query. Answers for the same method and path are given in their order; the last one is repeated.
func parseAnswers(text string) ([]*answer, error) {
	var answers []*answer
	inBody := false
	for number, line := range strings.Split(text, "\n") {
		first, isFirst := strings.CutPrefix(line, "=== ")
		switch {
		case isFirst:
			a, err := newAnswer(strings.Fields(first))
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", number+1, err)
			}
			answers, inBody = append(answers, a), false
			continue
		case len(answers) == 0 && strings.TrimSpace(line) == "":
			continue
		case len(answers) == 0:
			return nil, fmt.Errorf("line %d stands before the first ===", number+1)
		}
		last := answers[len(answers)-1]
		header := headerLine.FindStringSubmatch(line)
		switch {
		case !inBody && header != nil:
			last.header.Add(header[1], header[2])
		case !inBody && line == "":
			inBody = true
		default:
			inBody = true
			last.body += line + "\n"
		}
	}
	for _, a := range answers {
		a.body = strings.TrimRight(a.body, "\n")
	}
	return answers, nil
}

func newAnswer(words []string) (*answer, error) {
	if len(words) < 2 || !strings.HasPrefix(words[1], "/") && words[0] != http.MethodConnect {
		return nil, errors.New("=== needs a method and a path")
	}
	a := &answer{method: words[0], path: words[1], status: http.StatusOK, header: http.Header{}}
	for _, word := range words[2:] {
		status, err := strconv.Atoi(word)
		switch {
		case err == nil:
			a.status = status
		case slices.Contains(fates, fate(word)):
			a.fate = fate(word)
		default:
			return nil, fmt.Errorf("%q is neither a status nor a fate", word)
		}
	}
	return a, nil
}

// server answers by a script and keeps what it was asked.
type server struct {
	*httptest.Server
	folder string // of the script

	arrived chan struct{} // gets one value for each request, up to its capacity

	mu      sync.Mutex
	answers []*answer
	seen    []request
}

// manyRequests is more than any test that waits for requests makes.
const manyRequests = 16

type request struct {
	method, target, body string
	header               http.Header
}

func startServer(answers []*answer, folder string, overTLS bool) *server {
	s := &server{answers: answers, folder: folder, arrived: make(chan struct{}, manyRequests)}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that leave are part of the tests
	if overTLS {
		s.StartTLS()
	} else {
		s.Start()
	}
	return s
}

// caBundle writes the certificate of the server into the folder of the script.
func (s *server) caBundle() error {
	block := &pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}
	return os.WriteFile(filepath.Join(s.folder, "ca.pem"), pem.EncodeToMemory(block), 0o600)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		body = fmt.Appendf(body, "(%v)", err)
	}
	a := s.note(r, request{r.Method, r.RequestURI, string(body), r.Header.Clone()})
	switch a.fate {
	case closedEarly, truncated:
		a.breakOff(w)
	case interrupted, terminated:
		s.signal(a.fate)
		fallthrough
	case hanging:
		<-r.Context().Done()
	default:
		a.write(w)
	}
}

// note keeps a request and finds its answer.
func (s *server) note(r *http.Request, seen request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, seen)
	select {
	case s.arrived <- struct{}{}:
	default: // nobody waits
	}
	fits := func(a *answer) bool {
		return a.method == r.Method && (strings.HasSuffix(r.URL.Path, a.path) || r.Host == a.path)
	}
	first := slices.IndexFunc(s.answers, fits)
	if first < 0 {
		return &answer{status: http.StatusNotFound, header: http.Header{}, body: `{"message": "the script has no answer to this"}`}
	}
	found := s.answers[first]
	if slices.ContainsFunc(s.answers[first+1:], fits) {
		s.answers = slices.Delete(s.answers, first, first+1)
	}
	return found
}

// take returns what was asked since the last time.
func (s *server) take() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

func (a *answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	if a.fate == chunked {
		w.(http.Flusher).Flush()
	}
	io.WriteString(w, a.body)
}

// breakOff takes the connection from net/http and leaves it as the fate of the answer wants.
func (a *answer) breakOff(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err) // HTTP/1.1 connections can always be taken
	}
	defer conn.Close()
	if a.fate == truncated {
		fmt.Fprintf(conn, "HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%s", a.status, 2*len(a.body)+1, a.body)
	}
}

// signal sends a signal to the process that the script wrote down in the file pid.
func (s *server) signal(a fate) {
	text, err := os.ReadFile(filepath.Join(s.folder, "pid"))
	pid, numberErr := strconv.Atoi(strings.TrimSpace(string(text)))
	process, findErr := os.FindProcess(pid)
	if err = errors.Join(err, numberErr, findErr); err != nil {
		panic(err) // the script says interrupt and does not say whom
	}
	process.Signal(map[fate]syscall.Signal{interrupted: syscall.SIGINT, terminated: syscall.SIGTERM}[a])
}

// dullHeaders are on every request and shown only where a script asks for all of them.
var dullHeaders = []string{"Accept-Encoding", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Content-Length", "Content-Type", "User-Agent", "X-Amz-Date"}

// volatile are the parts of headers that differ from run to run, and the marks that stand for them.
var volatile = []struct {
	pattern *regexp.Regexp
	mark    string
}{
	{regexp.MustCompile(`Credential=([^/,]+)/\d{8}/`), "Credential=$1/DATE/"},
	{regexp.MustCompile(`Signature=[0-9a-f]{64}`), "Signature=SIGNATURE"},
	{regexp.MustCompile(`^\d{8}T\d{6}Z$`), "MOMENT"},
	{regexp.MustCompile(`ttl=\d{8}T\d{6}Z`), "ttl=MOMENT"},
	{regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`), "UUID"},
	{regexp.MustCompile(`^(sallyport|aws-sdk-go-v2)/.*$`), "$1/…"},
}

// transcript shows a request as scripts expect it: with its telling headers, or with all of them.
func (r request) transcript(all bool) string {
	text := r.method + " " + r.target + "\n"
	for _, name := range slices.Sorted(maps.Keys(r.header)) {
		if !all && slices.Contains(dullHeaders, name) {
			continue
		}
		value := strings.Join(r.header[name], ", ")
		for _, v := range volatile {
			value = v.pattern.ReplaceAllString(value, v.mark)
		}
		text += name + ": " + value + "\n"
	}
	if r.body != "" {
		text += "\n" + r.body + "\n"
	}
	return text
}
