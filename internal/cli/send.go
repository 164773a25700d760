package cli

import (
	"context"
	crypto "crypto/rand"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/jmespath"
	"sallyport/internal/sigv4"
)

// client sends the requests of one operation.
type client struct {
	run       *run
	transport *http.Transport
	attempts  int
	sign      *sigv4.Signer // nil: the operation is not signed
}

// reply is an answer that came through whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// maxReply bounds an answer. The longest modelled one, a page of a hundred accounts, stays far below.
const maxReply = 16 << 20

// call sends the request until an answer is final, and returns the members of a good one.
func (c *client) call(ctx context.Context, m *message) (jmespath.Value, error) {
	if err := m.check(); err != nil {
		return jmespath.Value{}, err
	}
	m.header.Set("User-Agent", c.run.userAgent())
	m.header.Set("amz-sdk-invocation-id", newInvocationID())
	for attempt := 1; ; attempt++ {
		m.header.Set("amz-sdk-request", attemptHeader(attempt, c.attempts))
		answer, err := c.send(ctx, m)
		again := err != nil || isTransient(answer, c.run.operation)
		if again && attempt < c.attempts {
			c.run.debug.printf("attempt %d of %d failed, trying again", attempt, c.attempts)
			if err := c.run.wait(ctx, pauseBefore(attempt+1)); err != nil {
				return jmespath.Value{}, err
			}
			continue
		}
		switch {
		case err != nil:
			return jmespath.Value{}, err
		case answer.isError():
			return jmespath.Value{}, c.run.serviceError(answer, again, attempt-1)
		}
		return c.run.readAnswer(answer)
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

// attemptHeader counts the attempts for the server. The first does not tell how many there may be.
func attemptHeader(attempt, most int) string {
	if attempt == 1 {
		return "attempt=1"
	}
	return fmt.Sprintf("attempt=%d; max=%d", attempt, most)
}

// send makes one attempt. Each is signed afresh, because a signature holds the time.
func (c *client) send(ctx context.Context, m *message) (*reply, error) {
	request, err := m.attempt(ctx)
	if err != nil {
		return nil, otherError("%v", err)
	}
	if c.sign != nil {
		if err := c.sign.Sign(request, m.body, time.Now()); err != nil {
			return nil, otherError("%v", err)
		}
	}
	c.run.debug.request(request, c.run.operation)
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return nil, connectionError(request.URL, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if err != nil {
		return nil, connectionError(request.URL, err)
	}
	c.run.debug.printf("response status %d, %d bytes, request id %s", response.StatusCode, len(body), response.Header.Get("x-amzn-RequestId"))
	return &reply{status: response.StatusCode, header: response.Header, body: body}, nil
}

// isError includes redirects: they are not followed, and their status is what scripts see.
func (a *reply) isError() bool { return a.status > http.StatusMultipleChoices }

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

// wait lets time pass, unless the command is interrupted.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// apiError is what an answer says about a refusal.
type apiError struct {
	code, message string
	details       jmespath.Value // the body, for the members that the model has
	unreadable    error          // set when the answer is not in the protocol of the service
}

// readError finds code and text, wherever the service puts them.
func readError(answer *reply, operation *api.Operation) apiError {
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
	code := answer.header.Get("x-amzn-ErrorType")
	if code == "" {
		code = firstText(body, "code", "Code", "__type")
	}
	if code == "" {
		code = strconv.Itoa(answer.status)
	}
	return apiError{code: bareCode(code), message: firstText(body, "message", "Message"), details: body}
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
			return shownText(value)
		}
	}
	return ""
}

// shownText is a text as it is and anything else as JSON.
func shownText(value jmespath.Value) string {
	if value.Kind() == jmespath.String {
		return value.Text()
	}
	return string(jmespath.Compact.AppendJSON(nil, value))
}

// serviceError is the sentence that scripts look for. exhausted tells that more attempts might have helped.
func (r *run) serviceError(answer *reply, exhausted bool, retries int) error {
	refusal := readError(answer, r.operation)
	if refusal.unreadable != nil {
		return otherError("Unable to parse response, invalid XML received: %v", refusal.unreadable)
	}
	reached := ""
	if exhausted {
		reached = fmt.Sprintf(" (reached max retries: %d)", retries)
	}
	return fail(exitService, "An error occurred (%s) when calling the %s operation%s: %s%s",
		refusal.code, r.operation.Name, reached, refusal.message, r.errorDetails(refusal))
}

// detailMembers are the members that modelled exceptions have beside their message, in the order of the models.
var detailMembers = []string{"error", "reason", "error_description", "endpoint", "region"}

// errorDetails shows the members of an exception that the operation has in its model.
func (r *run) errorDetails(refusal apiError) string {
	var lines []string
	for _, kind := range r.operation.Refusals {
		if kind.Name != refusal.code || kind.OAuth == "" || r.global.one("cli-error-format") == "legacy" {
			continue
		}
		for _, name := range detailMembers {
			if value, found := refusal.details.Get(name); found && !value.IsNull() {
				lines = append(lines, name+": "+shownText(value))
			}
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return "\n\nAdditional error details:\n" + strings.Join(lines, "\n")
}
