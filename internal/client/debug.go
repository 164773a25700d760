package client

import (
	"net/http"
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

// mask stands where a secret was.
const mask = "***"

// openHeaders are the headers that hold nothing secret. All others are masked, so that a new one is too.
var openHeaders = []string{
	"Accept-Encoding", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Content-Type", "User-Agent", "X-Amz-Date",
}

// logRequest prints where a request goes and what its headers are. Its body is printed as the input, before it is written.
func (c *Client) logRequest(request *http.Request, operation *api.Operation) {
	log := c.settings.Debug
	if !log.On() {
		return
	}
	log.Printf("request %s %s://%s%s for %s", request.Method, request.URL.Scheme, request.URL.Host, request.URL.EscapedPath(), operation.Name)
	var names []string
	for name := range request.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := mask
		if log.Secrets || slices.Contains(openHeaders, name) {
			value = strings.Join(request.Header[name], ", ")
		}
		log.Printf("  %s: %s", name, value)
	}
}

// Masked is a value as JSON on one line, with the members that the table masks replaced unless the log prints secrets.
func Masked(log *command.DebugLog, shape *api.Shape, value jmespath.Value) string {
	if log.Secrets {
		return string(jmespath.Compact.AppendJSON(nil, value))
	}
	return string(jmespath.Compact.AppendJSON(nil, maskStructure(shape, value)))
}

func maskStructure(shape *api.Shape, value jmespath.Value) jmespath.Value {
	var members []jmespath.Member
	for _, given := range value.Members() {
		if member := shape.Member(given.Name); member != nil {
			members = append(members, jmespath.Member{Name: given.Name, Value: maskMember(member, given.Value)})
		}
	}
	return jmespath.ObjectOf(members)
}

func maskMember(member *api.Member, value jmespath.Value) jmespath.Value {
	switch {
	case member.Masked():
		return jmespath.TextOf(mask)
	case member.Shape == nil:
		return value
	case value.Kind() == jmespath.Object:
		return maskStructure(member.Shape, value)
	}
	items := make([]jmespath.Value, len(value.Items()))
	for i, item := range value.Items() {
		items[i] = maskStructure(member.Shape, item)
	}
	return jmespath.ListOf(items)
}
