// Package remote speaks to a deployment: one server, or several over one database. It knows how requests travel and nothing of what they mean; every
// request goes out once, because whoever proves something has to know what was asked for.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/sigv4"
	"sallyport/test/harness"
)

const (
	// maxConnections to one server stay open between requests, enough for all racers of a round at one.
	maxConnections = 64
	// timeout is how long an answer may take. A server that is being killed answers nothing, and says so at once; one that hangs is a finding.
	timeout = 30 * time.Second
	// maxBody bounds what is read of an answer: none of the answers here comes near it.
	maxBody = 1 << 20
)

// Members are the members of an input or an output.
type Members = map[string]any

// Site is a deployment as its clients see it. It is safe for use by many goroutines.
type Site struct {
	harness.Ready // of the node that was ready last: the instance, and the key of the operator

	http *http.Client

	mu        sync.Mutex
	endpoints []string
	next      int
	offset    time.Duration // of the servers' clock before ours
}

// NewSite makes a site without servers.
func NewSite() *Site {
	transport := &http.Transport{MaxIdleConnsPerHost: maxConnections, MaxConnsPerHost: 4 * maxConnections, DisableCompression: true}
	return &Site{http: &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Set names the servers that are asked from now on, in turns.
func (s *Site) Set(ready harness.Ready, endpoints ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Ready, s.endpoints = ready, endpoints
}

// Endpoints are the servers that are asked.
func (s *Site) Endpoints() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.endpoints...)
}

// Forget closes idle connections, which those that were killed leave behind.
func (s *Site) Forget() { s.http.CloseIdleConnections() }

func (s *Site) endpoint() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.endpoints) == 0 {
		return "", errors.New("no server runs")
	}
	s.next++
	return s.endpoints[s.next%len(s.endpoints)], nil
}

// Now is the moment on the servers' clock.
func (s *Site) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.offset)
}

// SetClock tells the site that the servers' clock is so far ahead.
func (s *Site) SetClock(offset time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset = offset
}

// Answer is what came back.
type Answer struct {
	Status int
	Body   []byte
}

// Good reports whether the answer is a success.
func (a Answer) Good() bool { return a.Status >= 200 && a.Status < 400 }

// Unsure reports whether the answer does not tell what happened: the server failed while it worked, or could not be reached through what is before it.
func (a Answer) Unsure() bool { return a.Status >= 500 }

// Members decodes the body; one that is no JSON object has none.
func (a Answer) Members() Members {
	var members Members
	if json.Unmarshal(a.Body, &members) != nil {
		return nil
	}
	return members
}

// Text is a member of the answer.
func (a Answer) Text(path ...string) string {
	var value any = a.Members()
	for _, name := range path {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	text, _ := value.(string)
	return text
}

// Number is a member of the answer.
func (a Answer) Number(path ...string) int64 {
	var value any = a.Members()
	for _, name := range path {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	number, _ := value.(float64)
	return int64(number)
}

// Exception is the name of the refusal.
func (a Answer) Exception() string {
	if name := a.Text("__type"); name != "" {
		return name[strings.LastIndexByte(name, '#')+1:]
	}
	var document struct {
		Code string `xml:"Error>Code"`
	}
	if xml.Unmarshal(a.Body, &document) == nil && document.Code != "" {
		return document.Code
	}
	return fmt.Sprintf("status %d", a.Status)
}

// maxShown bounds what an answer shows of itself.
const maxShown = 300

func (a Answer) String() string {
	return fmt.Sprintf("%d %.*s", a.Status, maxShown, a.Body)
}

// Request is one that can be sent to any server of the site, many times.
type Request struct {
	harness.Composed
	signer  sigv4.Credentials
	service string
}

// Compose makes the request of an operation. Operations that are signed are signed with the key when they are sent.
func Compose(operation *api.Operation, key sigv4.Credentials, in Members) Request {
	r := Request{Composed: harness.Compose(operation, in)}
	if operation.Auth == api.AuthSigV4 {
		r.signer, r.service = key, operation.Service.SigningName
	}
	return r
}

// Control makes the request of a control endpoint of development mode.
func Control(path string, in Members) Request {
	body, err := json.Marshal(in)
	if err != nil {
		panic(err) // texts only
	}
	return Request{Composed: harness.Composed{
		Method: http.MethodPost, Target: path, Header: http.Header{"Content-Type": {"application/json"}}, Body: body,
	}}
}

// Send sends a request to the next server. An error means that no answer came, or only a part of one.
func (s *Site) Send(ctx context.Context, r Request) (Answer, error) {
	endpoint, err := s.endpoint()
	if err != nil {
		return Answer{}, err
	}
	return s.SendTo(ctx, endpoint, r)
}

// SendTo sends a request to a server.
func (s *Site) SendTo(ctx context.Context, endpoint string, r Request) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, endpoint+r.Target, bytes.NewReader(r.Body))
	if err != nil {
		return Answer{}, err
	}
	request.Header = r.Header.Clone()
	request.GetBody = nil // net/http would send again what it thinks was not read
	if r.signer.AccessKeyID != "" {
		if err := (sigv4.Signer{Credentials: r.signer, Region: s.region(), Service: r.service}).Sign(request, r.Body, s.Now()); err != nil {
			return Answer{}, err
		}
	}
	response, err := s.http.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	return Answer{response.StatusCode, body}, err
}

func (s *Site) region() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Region
}

// Call calls an operation at the next server.
func (s *Site) Call(ctx context.Context, operation *api.Operation, in Members) (Answer, error) {
	return s.Send(ctx, Compose(operation, s.Operator(), in))
}

// Operator is the key of the operator of development mode.
func (s *Site) Operator() sigv4.Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sigv4.Credentials{AccessKeyID: s.Admin.AccessKeyID, SecretAccessKey: s.Admin.SecretAccessKey}
}

// Must is Call for what has to succeed.
func (s *Site) Must(ctx context.Context, operation *api.Operation, in Members) (Answer, error) {
	answer, err := s.Call(ctx, operation, in)
	if err == nil && !answer.Good() {
		err = fmt.Errorf("%s was answered with %v", operation.Name, answer)
	}
	return answer, err
}
