package client

import (
	"cmp"
	"context"
	crypto "crypto/rand"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/sigv4"
)

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
	readTimeout, err := c.settings.timeout("cli-read-timeout")
	if err != nil {
		return jmespath.Value{}, err
	}
	end := "" // of the attempt, as the server would write it
	for attempt := 1; ; attempt++ {
		m.header.Set("amz-sdk-request", attemptHeader(attempt, c.retry.attempts, end))
		answer, err := c.send(ctx, e)
		if answer != nil {
			end = cmp.Or(attemptEnd(answer, readTimeout), end)
		}
		again := err != nil || isTransient(answer, e.operation)
		if again && attempt < c.retry.attempts {
			c.settings.Debug.Printf("attempt %d of %d failed, trying again", attempt, c.retry.attempts)
			if err := c.settings.Wait(ctx, pauseAfter(attempt)); err != nil {
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
func attemptEnd(answer *reply, readTimeout time.Duration) string {
	theirs, err := http.ParseTime(answer.header.Get("Date"))
	if err != nil || readTimeout == 0 {
		return ""
	}
	return theirs.Add(readTimeout).UTC().Format("20060102T150405Z")
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

// The bounds of the pause after the first attempt, and of that after any.
const (
	firstPause   = time.Second
	longestPause = 20 * time.Second
)

// pauseAfter is a random part of a time that doubles with every attempt.
func pauseAfter(attempt int) time.Duration {
	const doublings = 10 // enough to reach longestPause, and far from an overflow
	most := min(firstPause<<min(attempt-1, doublings), longestPause)
	return time.Duration(rand.Float64() * float64(most))
}
