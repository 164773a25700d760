package client

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

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
	return apiError{code: errorCode(answer, body), message: errorText(body), details: body}
}

// errorCode is the code of an error: in the header, even an empty one, or in the body, or for want of both the status.
func errorCode(answer *reply, body jmespath.Value) string {
	if header := answer.header.Values("x-amzn-ErrorType"); len(header) > 0 {
		return bareCode(header[0])
	}
	if code, found := firstText(body, "code", "Code"); found {
		return bareCode(code)
	}
	if code, _, isQuery := strings.Cut(answer.header.Get("x-amzn-query-error"), ";"); isQuery && code != "" {
		return code // of a service that once spoke the Query protocol
	}
	if code, _ := firstText(body, "__type"); code != "" {
		return bareCode(code)
	}
	return strconv.Itoa(answer.status)
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
	code, _, _ = strings.Cut(code, ":")
	return code[strings.LastIndexByte(code, '#')+1:]
}

func firstText(body jmespath.Value, names ...string) (string, bool) {
	for _, name := range names {
		if value, found := body.Get(name); found && !value.IsNull() {
			return value.Shown(), true
		}
	}
	return "", false
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
