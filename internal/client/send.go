// Package client makes one call of an operation, as the AWS CLI v2 makes it: it reads the shared configuration files and the environment,
// finds Region, endpoint and credentials, puts the input on the wire by the protocol of the service, sends it as often as it takes, and
// reads the answer or the error by the operation table.
//
// It leaves the grammar of the command line to command and what is printed to its callers. The sentences of its failures are the reference's,
// since scripts look for them.
package client

import (
	"cmp"
	"context"
	crypto "crypto/rand"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/sigv4"
)

// Client calls the operations of one service.
type Client struct {
	settings  *Settings
	region    string
	endpoint  *url.URL
	retry     retry
	transport *http.Transport // nil before the first call
	signer    *sigv4.Signer   // nil before the first operation that is signed
}

// Client prepares calls of a service. Nothing is sent and no credentials are looked for before the first call.
func (s *Settings) Client(service *api.Service, region string) (*Client, error) {
	endpoint, err := s.Endpoint(service, region)
	if err != nil {
		return nil, err
	}
	retry, err := s.retry()
	if err != nil {
		return nil, err
	}
	s.Debug.Printf("profile %q, Region %q, endpoint %s, up to %d attempts", s.ProfileName, region, endpoint, retry.attempts)
	return &Client{settings: s, region: region, endpoint: endpoint, retry: retry}, nil
}

// Close ends the connections that wait for another call.
func (c *Client) Close() {
	if c.transport != nil {
		c.transport.CloseIdleConnections()
	}
}

// Call sends the input to an operation, signed where the operation asks for it and the caller does not forbid it, as often as it takes,
// and returns the members of the answer that the model knows. An error of the service comes back as a *command.Failure.
func (c *Client) Call(ctx context.Context, operation *api.Operation, input jmespath.Value) (jmespath.Value, error) {
	signer, err := c.signerFor(ctx, operation)
	if err != nil {
		return jmespath.Value{}, err
	}
	if c.transport == nil {
		if c.transport, err = c.settings.transport(c.endpoint); err != nil {
			return jmespath.Value{}, err
		}
	}
	return c.exchange(ctx, &exchange{operation: operation, signer: signer, message: newMessage(c.endpoint, operation, input)})
}

// signerFor is nil for what is not signed.
func (c *Client) signerFor(ctx context.Context, operation *api.Operation) (*sigv4.Signer, error) {
	if operation.Auth != api.AuthSigV4 || c.settings.Global.Has("no-sign-request") {
		return nil, nil
	}
	if c.signer == nil { // no call before had one, and nobody gave one
		credentials, err := c.settings.credentials(ctx, c.region)
		if err != nil {
			return nil, err
		}
		c.signer = &sigv4.Signer{Credentials: credentials, Region: c.region, Service: operation.Service.SigningName}
	}
	return c.signer, nil
}

// exchange is one call: what is sent, perhaps several times.
type exchange struct {
	operation *api.Operation
	signer    *sigv4.Signer
	message   *message
}

// reply is an answer that came through whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// maxReply bounds an answer. The longest modelled one, a page of a hundred accounts, stays far below.
const maxReply = 16 << 20

// exchange sends the request until an answer is final, and returns the members of a good one.
func (c *Client) exchange(ctx context.Context, e *exchange) (jmespath.Value, error) {
	m := e.message
	if err := m.check(); err != nil {
		return jmespath.Value{}, err
	}
	m.header.Set("User-Agent", c.userAgent(e.operation))
	m.header.Set("amz-sdk-invocation-id", newInvocationID())
	patience, err := c.settings.timeout("cli-read-timeout")
	if err != nil {
		return jmespath.Value{}, err
	}
	end := "" // of the attempt, as the server would write it
	for attempt := 1; ; attempt++ {
		m.header.Set("amz-sdk-request", attemptHeader(attempt, c.retry.attempts, end))
		answer, err := c.send(ctx, e)
		if answer != nil {
			end = cmp.Or(attemptEnd(answer, patience), end)
		}
		again := err != nil || isTransient(answer, e.operation)
		if again && attempt < c.retry.attempts {
			c.settings.Debug.Printf("attempt %d of %d failed, trying again", attempt, c.retry.attempts)
			if err := c.settings.Wait(ctx, pauseBefore(attempt+1)); err != nil {
				return jmespath.Value{}, err
			}
			continue
		}
		switch {
		case err != nil:
			return jmespath.Value{}, err
		case answer.isError():
			return jmespath.Value{}, serviceError(e.operation, answer, again, attempt-1)
		}
		return c.readAnswer(e.operation, answer)
	}
}

// newInvocationID names one call through all its attempts: a random UUID (RFC 9562 §5.4).
func newInvocationID() string {
	var id [16]byte
	crypto.Read(id[:])
	id[6] = id[6]&0x0F | 0x40 // version 4
	id[8] = id[8]&0x3F | 0x80 // variant of RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// attemptHeader counts the attempts for the server. The first tells neither when it will be given up nor how many there may be.
func attemptHeader(attempt, most int, end string) string {
	if attempt == 1 {
		return "attempt=1"
	}
	header := fmt.Sprintf("attempt=%d; max=%d", attempt, most)
	if end != "" {
		header = "ttl=" + end + "; " + header
	}
	return header
}

// attemptEnd is when an attempt that follows an answer at once will be given up, by the clock of the server. It is empty where that is
// never, or where the server does not tell its time.
func attemptEnd(answer *reply, patience time.Duration) string {
	theirs, err := http.ParseTime(answer.header.Get("Date"))
	if err != nil || patience == 0 {
		return ""
	}
	return theirs.Add(patience).UTC().Format("20060102T150405Z")
}

// send makes one attempt. Each is signed afresh, because a signature holds the time.
func (c *Client) send(ctx context.Context, e *exchange) (*reply, error) {
	request, err := e.message.attempt(ctx)
	if err != nil {
		return nil, command.OtherError("%v", err)
	}
	if e.signer != nil {
		if err := e.signer.Sign(request, e.message.body, time.Now()); err != nil {
			return nil, command.OtherError("%v", err)
		}
	}
	c.logRequest(request, e.operation)
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		c.settings.Debug.Printf("no response: %v", err)
		return nil, connectionError(request.URL, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if err != nil {
		c.settings.Debug.Printf("no whole response: %v", err)
		return nil, connectionError(request.URL, err)
	}
	c.settings.Debug.Printf("response status %d, %d bytes, request id %s", response.StatusCode, len(body), response.Header.Get("x-amzn-RequestId"))
	return &reply{status: response.StatusCode, header: response.Header, body: body}, nil
}

// isError includes redirects: they are not followed, and their status is what scripts see.
func (a *reply) isError() bool { return a.status >= http.StatusMultipleChoices }

// The answers after which a request may succeed if it is sent again, as the reference's standard mode has them. A bare 429 is
// none, nor are the modelled SlowDownException and AuthorizationPendingException: their callers pace themselves.
var (
	transientStatuses = []int{
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}
	transientCodes = []string{
		"BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
		"ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException",
		"RequestTimeout", "RequestTimeoutException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException",
		"TooManyRequestsException", "TransactionInProgressException",
	}
)

func isTransient(answer *reply, operation *api.Operation) bool {
	if !answer.isError() {
		return false
	}
	return slices.Contains(transientStatuses, answer.status) || slices.Contains(transientCodes, readError(answer, operation).code)
}

// longestPause bounds the pause between two attempts.
const longestPause = 20 * time.Second

// pauseBefore is a random part of a time that doubles with every attempt.
func pauseBefore(attempt int) time.Duration {
	const doublings = 10 // enough to reach longestPause, and far from an overflow
	most := min(time.Second<<min(attempt-2, doublings), longestPause)
	return time.Duration(rand.Float64() * float64(most))
}

// apiError is what an answer says about a refusal.
type apiError struct {
	code, message string
	details       jmespath.Value // the body, for the members that the model has
	unreadable    error          // set when the answer is not in the protocol of the service
}

// readError finds code and text, wherever the service puts them.
func readError(answer *reply, operation *api.Operation) apiError {
	if answer.status == http.StatusMultipleChoices { // in which the reference looks for nothing
		return apiError{code: unknownError, message: unknownError}
	}
	if isGeneric(answer) {
		return apiError{code: strconv.Itoa(answer.status), message: http.StatusText(answer.status)}
	}
	if operation.Service.Protocol == api.Query {
		document, err := parseXML(answer.body)
		if err != nil {
			return apiError{unreadable: err}
		}
		return readXMLError(document)
	}
	body, err := jmespath.ParseJSON(answer.body)
	if err != nil {
		body = jmespath.ObjectOf([]jmespath.Member{{Name: "message", Value: jmespath.TextOf(string(answer.body))}})
	}
	if body.Kind() != jmespath.Object {
		return apiError{unreadable: errNoObject}
	}
	code := answer.header.Get("x-amzn-ErrorType")
	if code == "" {
		code = firstText(body, "code", "Code", "__type")
	}
	if code == "" {
		code = strconv.Itoa(answer.status)
	}
	return apiError{code: bareCode(code), message: errorText(body), details: body}
}

// errorText is the sentence of an error. Of a null the reference prints its own word.
func errorText(body jmespath.Value) string {
	for _, name := range []string{"message", "Message"} {
		if value, found := body.Get(name); found && value.IsNull() {
			return "None"
		} else if found {
			return value.Shown()
		}
	}
	return ""
}

// isGeneric reports whether an answer of 5xx comes from something before the service, which speaks no protocol.
func isGeneric(answer *reply) bool {
	body := strings.TrimSpace(string(answer.body))
	return answer.status >= http.StatusInternalServerError && (body == "" || strings.HasPrefix(body, "<html>"))
}

// bareCode drops the namespace before # and the address after : that some services add.
func bareCode(code string) string {
	code = code[strings.LastIndexByte(code, '#')+1:]
	code, _, _ = strings.Cut(code, ":")
	return code
}

func firstText(body jmespath.Value, names ...string) string {
	for _, name := range names {
		if value, found := body.Get(name); found && !value.IsNull() {
			return value.Shown()
		}
	}
	return ""
}

// whenCalling is how the sentence of a service error names the operation.
func whenCalling(operation string) string { return " when calling the " + operation + " operation" }

// serviceError is the failure that scripts look for. exhausted tells that more attempts might have helped.
func serviceError(operation *api.Operation, answer *reply, exhausted bool, retries int) error {
	refusal := readError(answer, operation)
	if refusal.unreadable != nil {
		return unreadableAnswer(operation.Service, answer, refusal.unreadable)
	}
	failure := &command.Failure{
		Exit: command.ExitService, Code: refusal.code, When: whenCalling(operation.Name), Message: refusal.message,
		Details: errorDetails(operation, refusal),
	}
	if exhausted {
		failure.When += fmt.Sprintf(" (reached max retries: %d)", retries)
	}
	return failure
}

// errorDetails are the members of an exception that the operation has in its model.
func errorDetails(operation *api.Operation, refusal apiError) []jmespath.Member {
	var details []jmespath.Member
	for _, kind := range operation.Refusals {
		if kind.Name != refusal.code {
			continue
		}
		for _, name := range operation.Service.ExceptionMembers(kind) {
			if value, found := refusal.details.Get(name); found && !value.IsNull() {
				details = append(details, jmespath.Member{Name: name, Value: value})
			}
		}
	}
	return details
}
