package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sallyport/internal/api"
)

// Composed is an operation's input as it goes on the wire, before it is signed.
type Composed struct {
	Method, Target string // Target is path and query
	Header         http.Header
	Body           []byte
}

// Compose puts an input on the wire as the operation's table says. Its members have the names of the service model, and values that JSON has.
func Compose(operation *api.Operation, in map[string]any) Composed {
	c := Composed{Method: operation.Method, Target: operation.Path, Header: http.Header{}}
	switch operation.Service.Protocol {
	case api.Query:
		c.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		form := url.Values{"Action": {operation.Name}, "Version": {operation.Service.Version}}
		addForm(form, "", asJSON(in))
		c.Body = []byte(form.Encode())
	case api.JSON:
		c.Header.Set("Content-Type", "application/x-amz-json-1.1")
		c.Header.Set("X-Amz-Target", operation.Service.TargetPrefix+"."+operation.Name)
		c.Body = marshal(in)
	default:
		c.composeREST(operation, in)
	}
	return c
}

func (c *Composed) composeREST(operation *api.Operation, in map[string]any) {
	query, body := url.Values{}, map[string]any{}
	for _, member := range operation.Input.Members {
		value, given := in[member.Name]
		switch {
		case !given:
		case member.Location == api.QueryString:
			query.Set(member.Wire, fmt.Sprint(value))
		case member.Location == api.Header:
			c.Header.Set(member.Wire, fmt.Sprint(value))
		default:
			body[member.Wire] = value
		}
	}
	if len(query) > 0 {
		separator := "?"
		if strings.Contains(c.Target, "?") {
			separator = "&"
		}
		c.Target += separator + query.Encode()
	}
	if slices.ContainsFunc(operation.Input.Members, func(m *api.Member) bool { return m.Location == api.Body }) {
		c.Header.Set("Content-Type", "application/json")
		c.Body = marshal(body)
	}
}

// marshal spells what tests compose, which is texts, numbers, and lists and objects of those.
func marshal(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

// asJSON gives values the types that JSON has, whatever a package calls its maps. Numbers stay as they are written.
func asJSON(value any) (out any) {
	decoder := json.NewDecoder(bytes.NewReader(marshal(value)))
	decoder.UseNumber()
	if err := decoder.Decode(&out); err != nil {
		panic(err)
	}
	return out
}

// addForm spells nested values as names with dots: Tags.member.1.Key.
func addForm(form url.Values, prefix string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			addForm(form, strings.TrimPrefix(prefix+"."+name, "."), inner)
		}
	case []any:
		for i, inner := range value {
			addForm(form, fmt.Sprintf("%s.member.%d", prefix, i+1), inner)
		}
		if len(value) == 0 {
			form.Set(prefix, "")
		}
	default:
		form.Set(prefix, fmt.Sprint(value))
	}
}
