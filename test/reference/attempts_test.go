//go:build clients

package reference

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
)

// jsonAnswer is an answer of the restJson1 protocol.
func jsonAnswer(status int, exception, body string) answer {
	a := answer{status: status, header: map[string]string{"Content-Type": "application/json"}, body: body}
	if exception != "" {
		a.header["x-amzn-ErrorType"] = exception
	}
	return a
}

// signIn is create-token, the call that is polled.
var signIn = with(api.CreateToken.Operation, "v", required)

// good is an answer to signIn.
var good = jsonAnswer(http.StatusOK, "", `{"accessToken": "a", "tokenType": "Bearer", "expiresIn": 1}`)

// fewAttempts keeps our pauses short, which are real and random.
var fewAttempts = map[string]string{"AWS_MAX_ATTEMPTS": "2"}

// Each answer is the same as often as the client asks, which wants tells, with two attempts allowed.
func TestAnswersThatAreErrors(t *testing.T) {
	rows := []struct {
		name       string
		answer     answer
		wants      int
		departures map[string]departure
	}{
		{name: "a bare 429", answer: answer{status: 429}, wants: 1},
		{name: "a 429 with a message alone", answer: jsonAnswer(429, "", `{"message": "slow"}`), wants: 1},
		{name: "a 429 with text", answer: answer{status: 429, body: "too many"}, wants: 1},
		{name: "a ThrottlingException", answer: jsonAnswer(429, "ThrottlingException", `{"message": "Rate exceeded"}`), wants: 2},
		{name: "a TooManyRequestsException", answer: jsonAnswer(429, "TooManyRequestsException", `{"message": "slow"}`), wants: 2},
		{
			name: "a SlowDownException", answer: jsonAnswer(400, "SlowDownException", `{"error": "slow_down", "error_description": "slower"}`),
			wants: 1, departures: described("SlowDownException", "", "slower"),
		},
		{name: "a SlowDownException with 429", answer: jsonAnswer(429, "SlowDownException", `{"error": "slow_down", "message": "m"}`), wants: 1},
		{
			name: "an AuthorizationPendingException", answer: jsonAnswer(400, "AuthorizationPendingException", `{"error": "authorization_pending", "error_description": "wait"}`),
			wants: 1, departures: described("AuthorizationPendingException", "", "wait"),
		},
		{
			name: "an OAuth error without a type", answer: jsonAnswer(400, "", `{"error": "invalid_grant", "error_description": "no"}`),
			wants: 1, departures: described("400", "", "no"),
		},
		{name: "an error of the service with a code in the body", answer: jsonAnswer(400, "", `{"code": "InvalidGrantException", "message": "no"}`), wants: 1},
		{name: "a throttling by a code in the body", answer: jsonAnswer(400, "", `{"code": "Throttling", "message": "no"}`), wants: 2},
		{name: "a throttling by __type with a namespace", answer: jsonAnswer(400, "", `{"__type": "aws#ThrottlingException", "Message": "no"}`), wants: 2},
		{name: "a type with an address behind it", answer: jsonAnswer(400, "InvalidClientException:http://internal/", `{"message": "no"}`), wants: 1},
		{name: "a RequestTimeoutException", answer: jsonAnswer(408, "RequestTimeoutException", `{"message": "no"}`), wants: 2},
		{name: "a bare 408", answer: answer{status: 408}, wants: 1},
		{name: "a bare 400", answer: answer{status: 400}, wants: 1},
		{name: "a bare 403", answer: answer{status: 403}, wants: 1},
		{name: "a 404 with a page", answer: answer{status: 404, body: "<html><body>not here</body></html>"}, wants: 1},
		{name: "a bare 500", answer: answer{status: 500}, wants: 2},
		{name: "a bare 502", answer: answer{status: 502}, wants: 2},
		{name: "a bare 503", answer: answer{status: 503}, wants: 2},
		{name: "a bare 504", answer: answer{status: 504}, wants: 2},
		{
			name: "a 500 of the service", answer: jsonAnswer(500, "InternalServerException", `{"error": "server_error", "error_description": "sorry"}`),
			wants: 2, departures: described("InternalServerException", " (reached max retries: 1)", "sorry"),
		},
		{name: "a 500 with JSON", answer: jsonAnswer(500, "", `{"message": "sorry"}`), wants: 2},
		{name: "a 502 with the page of a proxy", answer: answer{status: 502, body: "<html>\n<body>bad gateway</body></html>"}, wants: 2},
		{name: "a 503 with JSON", answer: jsonAnswer(503, "ServiceUnavailable", `{"message": "sorry"}`), wants: 2},
		{name: "a 504 with text", answer: answer{status: 504, body: "upstream timed out"}, wants: 2},
		{name: "a bare 501", answer: answer{status: 501}, wants: 1},
		{name: "a 501 with JSON", answer: jsonAnswer(501, "", `{"message": "no"}`), wants: 1},
		{name: "a bare 509", answer: answer{status: 509}, wants: 1},
		{name: "a bare 505", answer: answer{status: 505}, wants: 1},
		{name: "a redirect", answer: answer{status: 302, header: map[string]string{"Location": "/elsewhere"}}, wants: 1},
		{name: "a redirect that keeps the method", answer: answer{status: 307, header: map[string]string{"Location": "/elsewhere"}}, wants: 1},
		{name: "a 304", answer: answer{status: 304}, wants: 1},
		{name: "a 300", answer: answer{status: 300}, wants: 1},
		{name: "a 204", answer: answer{status: 204}, wants: 1},
		{name: "a 200 without a body", answer: answer{}, wants: 1},
		{name: "a 200 that is no JSON", answer: answer{body: "<html>"}, wants: 1},
		{name: "a 200 that is a list", answer: answer{body: "[1]"}, wants: 1, departures: noObject("list")},
		{name: "a 200 that is a text", answer: answer{body: `"a"`}, wants: 1, departures: noObject("str")},
		{name: "a 200 that is null", answer: answer{body: "null"}, wants: 1, departures: inPython("'NoneType' object is not iterable")},
		{name: "a 400 that is null", answer: answer{status: 400, body: "null"}, wants: 1, departures: noObject("NoneType")},
		{name: "a 400 that is a list", answer: answer{status: 400, body: "[1]"}, wants: 1, departures: noObject("list")},
		{name: "a message that is a number", answer: jsonAnswer(400, "X", `{"message": 12}`), wants: 1},
		{
			name: "a message that is an object", answer: jsonAnswer(400, "X", `{"message": {"a": 1}}`), wants: 1,
			departures: inPython("An error occurred (X) when calling the CreateToken operation: {'a': 1}"),
		},
		{name: "a message that is null", answer: jsonAnswer(400, "X", `{"message": null, "Message": "upper"}`), wants: 1},
		{name: "a message beyond ASCII", answer: jsonAnswer(400, "X", `{"message": "é😀"}`), wants: 1},
		{name: "a connection closed early", answer: answer{fate: closedEarly}, wants: 2},
		{name: "a connection reset", answer: answer{fate: reset}, wants: 2},
		{name: "a truncated body", answer: answer{fate: truncated, body: `{"accessToken": "a"`}, wants: 2, departures: wholeForV2},
		{name: "an answer that is not HTTP", answer: answer{fate: noAnswer}, wants: 2},
	}
	calls := make([]call, len(rows))
	for i, row := range rows {
		calls[i] = call{
			name: row.name, args: signIn, env: fewAttempts, script: []answer{row.answer}, departures: row.departures,
			want: func(t *testing.T, o outcome) {
				if len(o.requests) != row.wants {
					t.Errorf("ours sends %d requests, want %d", len(o.requests), row.wants)
				}
			},
		}
	}
	compare(t, startCommandLines(t), calls)
}

// described is that version 1 of today shows the description of an OAuth error where version 2 shows the message.
func described(code, reached, text string) map[string]departure {
	return map[string]departure{v1: {
		"it takes error_description for a message", map[aspect]string{
			sentence: "An error occurred (" + code + ") when calling the CreateToken operation" + reached + ": " + text,
		},
	}}
}

// inPython is a failure in the words of the references' own language.
func inPython(text string) map[string]departure {
	d := departure{"it fails in the middle of its program", map[aspect]string{sentence: text}}
	return map[string]departure{v1: d, v2: d}
}

// noObject is what it says about JSON that is no object.
func noObject(kind string) map[string]departure {
	return inPython("'" + kind + "' object has no attribute 'get'")
}

// wholeForV2 is that the old version 2 here takes half an answer for a whole one, and what cannot be read for an empty one.
var wholeForV2 = map[string]departure{v2: {
	"2.9.19 stands on a library that does not compare lengths", map[aspect]string{exitCode: "0", attempts: "1", sentence: ""},
}}

// Version 1 runs in standard mode here, as version 2 does by itself.
func TestAttemptsUntilSuccess(t *testing.T) {
	failing := answer{status: 500}
	portal := with(api.ListAccounts.Operation, "t", required)
	accounts := jsonAnswer(http.StatusOK, "", answers[api.ListAccounts.Operation])
	calls := []call{
		{name: "the second attempt succeeds", args: signIn, script: []answer{failing, good}},
		{name: "the third attempt succeeds", args: signIn, script: []answer{failing, jsonAnswer(429, "ThrottlingException", `{}`), good}},
		{name: "three attempts are all", args: signIn, script: []answer{failing}},
		{name: "the second attempt is refused", args: signIn, script: []answer{failing, jsonAnswer(400, "InvalidGrantException", `{"message": "no"}`)}},
		{name: "one attempt is all", args: signIn, env: map[string]string{"AWS_MAX_ATTEMPTS": "1"}, script: []answer{failing}},
		{name: "an attempt after an early end succeeds", args: signIn, script: []answer{{fate: closedEarly}, good}},
		{name: "an attempt after a reset succeeds", args: signIn, script: []answer{{fate: reset}, good}},
		{
			name: "an attempt after half an answer succeeds", args: signIn, script: []answer{{fate: truncated, body: `{"acc`}, good},
			departures: map[string]departure{v2: {"2.9.19 takes the half for an empty answer", map[aspect]string{attempts: "1", stdout: ""}}},
		},
		{
			name: "the server's clock tells when an attempt ends", args: signIn, env: fewAttempts,
			script: []answer{{status: 500, header: map[string]string{"Date": "Mon, 02 Jan 2023 15:04:05 GMT"}}, good},
		},
		{
			name: "the time that an attempt has tells when it ends", args: append(slices.Clone(signIn), "--cli-read-timeout", "7"), env: fewAttempts,
			script: []answer{{status: 500, header: map[string]string{"Date": "Mon, 02 Jan 2023 15:04:05 GMT"}}, good},
		},
		{
			name: "an attempt without an end tells none", args: append(slices.Clone(signIn), "--cli-read-timeout", "0"), env: fewAttempts,
			script: []answer{failing, good},
		},
		{
			name: "no clock tells no end", args: signIn, env: fewAttempts,
			script: []answer{{status: 500, header: map[string]string{"Date": ""}}, good},
		},
		{
			name: "a clock that cannot be read tells no end", args: signIn, env: fewAttempts,
			script: []answer{{status: 500, header: map[string]string{"Date": "2023-01-02"}}, good},
		},
		{
			name: "a clock is remembered over a connection that ends", args: signIn,
			script: []answer{{status: 500, header: map[string]string{"Date": "Mon, 02 Jan 2023 15:04:05 GMT"}}, {fate: closedEarly}, good},
		},
		{
			name: "a used connection that ends is one attempt, for a method that may be repeated", args: portal,
			script: []answer{jsonAnswer(503, "", `{"message": "m"}`), {fate: closedEarly}, accounts},
		},
		{
			name: "a signed call is signed afresh", args: with(api.CreateTokenWithIAM.Operation, "v", required),
			script: []answer{failing, good}, env: fewAttempts,
		},
		{
			name: "a connection that ends tells where, without the query", args: with(api.CreateTokenWithIAM.Operation, "v", required),
			script: []answer{{fate: closedEarly}}, env: fewAttempts, departures: withQuery("?aws_iam=t"),
		},
		{
			name: "a form is sent again", args: words(api.GetCallerIdentity.Operation), env: fewAttempts,
			script: []answer{failing, script(api.GetCallerIdentity.Operation)[0]},
		},
		{
			name: "the attempts of the profile count", args: signIn, config: "[default]\nmax_attempts = 2\n", script: []answer{failing},
		},
	}
	compare(t, startCommandLines(t), calls)
}

// withQuery is that the references show the whole address of a request that failed. We leave the query out: it may hold a page's token.
func withQuery(query string) map[string]departure {
	d := departure{"it shows the query", map[aspect]string{
		sentence: `Connection was closed before we received a valid response from endpoint URL: "http://HOST/token` + query + `".`,
	}}
	return map[string]departure{v1: d, v2: d}
}

// xmlError is a refusal of the Query protocol.
func xmlError(status int, code string) answer {
	return answer{status: status, header: map[string]string{"Content-Type": "text/xml"}, body: fmt.Sprintf(
		`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>no &amp; é</Message></Error>`+
			`<RequestId>1</RequestId></ErrorResponse>`, code)}
}

func TestErrorsOfTheQueryProtocol(t *testing.T) {
	var calls []call
	for _, row := range []struct {
		name   string
		answer answer
	}{
		{"a refusal", xmlError(403, "InvalidClientTokenId")},
		{"a throttling", xmlError(400, "Throttling")},
		{"a failure of the service", xmlError(500, "InternalFailure")},
		{"a bare 500", answer{status: 500}},
		{"a bare 429", answer{status: 429}},
		{"a refusal that is no XML", answer{status: 403, body: "no"}},
		{"a refusal that is other XML", answer{status: 403, body: "<a/>"}},
		{"a 503 that is a page", answer{status: 503, body: "<html><body>sorry</body></html>"}},
		{"a refusal cut short", answer{status: 403, body: "<ErrorResponse><Error><Code>X"}},
		{"an answer cut short", answer{body: strings.TrimSuffix(identity, "</GetCallerIdentityResponse>")}},

		{"an answer without members", answer{body: "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>"}},
		{"an empty answer", answer{}},
	} {
		calls = append(calls, call{name: row.name, args: words(api.GetCallerIdentity.Operation), env: fewAttempts, script: []answer{row.answer}})
	}
	calls = append(calls, call{
		name: "an answer of another operation", args: words(api.GetCallerIdentity.Operation),
		script: []answer{{body: "<OtherResponse><OtherResult/></OtherResponse>"}}, departures: inPython("'GetCallerIdentityResult'"),
	})
	compare(t, startCommandLines(t), calls)
}
