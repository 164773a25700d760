package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

// message is a request before it is sent: it becomes one *http.Request for each attempt.
type message struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
}

// newMessage puts the input of an operation on the wire, by the protocol of its service.
func newMessage(endpoint *url.URL, operation *api.Operation, input jmespath.Value) *message {
	m := &message{method: operation.Method, header: http.Header{}}
	if operation.Service.Protocol == api.Query {
		m.asForm(endpoint, operation, input)
	} else {
		m.asREST(endpoint, operation, input)
	}
	m.header.Set("Accept-Encoding", "identity")
	return m
}

// asREST spreads the members over the query, the headers and a JSON body (restJson1). They go out in the order in which they were given, as
// the reference's do.
func (m *message) asREST(endpoint *url.URL, operation *api.Operation, input jmespath.Value) {
	path, query, _ := strings.Cut(operation.Path, "?")
	parameters := strings.FieldsFunc(query, func(r rune) bool { return r == '&' })
	var body []jmespath.Member
	for _, given := range input.Members() {
		member := operation.Input.Member(given.Name)
		switch {
		case member == nil: // not of this operation: what is validated has none
		case member.Location == api.QueryString:
			for _, text := range plainTexts(given.Value) {
				parameters = append(parameters, escape(member.Wire)+"="+escape(text))
			}
		case member.Location == api.Header:
			m.header.Set(member.Wire, strings.Join(plainTexts(given.Value), ","))
		default:
			body = append(body, jmespath.Member{Name: member.Wire, Value: given.Value})
		}
	}
	m.url = join(endpoint, path, strings.Join(parameters, "&"))
	if slices.ContainsFunc(operation.Input.Members, func(member *api.Member) bool { return member.Location == api.Body }) {
		m.header.Set("Content-Type", "application/json")
		m.body = jmespath.Wire.AppendJSON(nil, jmespath.ObjectOf(body))
	}
}

// asForm writes the members as a form (awsQuery).
func (m *message) asForm(endpoint *url.URL, operation *api.Operation, input jmespath.Value) {
	form := []string{"Action=" + escape(operation.Name), "Version=" + escape(operation.Service.Version)}
	m.url = join(endpoint, operation.Path, "")
	m.header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	m.body = []byte(strings.Join(appendStructure(form, "", operation.Input, input), "&"))
}

// appendStructure writes the members of a structure under their path, such as Tags.member.1.Key.
func appendStructure(form []string, path string, shape *api.Shape, value jmespath.Value) []string {
	for _, member := range shape.Members {
		if inner, given := value.Get(member.Name); given {
			form = appendValue(form, path+member.Wire, member.Shape, inner)
		}
	}
	return form
}

// appendValue writes a value, or what it holds; the shape is that of the structures in it, nil for plain values. A list without elements
// is a name without a value.
func appendValue(form []string, path string, shape *api.Shape, value jmespath.Value) []string {
	switch {
	case value.Kind() == jmespath.Object && shape != nil:
		return appendStructure(form, path+".", shape, value)
	case value.Kind() == jmespath.Array && len(value.Items()) > 0:
		for i, item := range value.Items() {
			form = appendValue(form, path+".member."+strconv.Itoa(i+1), shape, item)
		}
		return form
	}
	return append(form, escape(path)+"="+escape(plainText(value)))
}

// plainTexts is what stands in a query or a header for a value: one text for each element of a list.
func plainTexts(value jmespath.Value) []string {
	if value.Kind() != jmespath.Array {
		return []string{plainText(value)}
	}
	texts := make([]string, len(value.Items()))
	for i, item := range value.Items() {
		texts[i] = plainText(item)
	}
	return texts
}

// plainText is how a text, a number or a truth stands in a query, a header or a form.
func plainText(value jmespath.Value) string {
	if value.Kind() == jmespath.Bool {
		return strconv.FormatBool(value.Bool())
	}
	return value.Text() + value.Number()
}

// escape leaves only unreserved characters alone (RFC 3986 §2.3).
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// join puts the path of an operation behind the path of the endpoint, escapes and all. The query of the operation takes the place of one
// that the endpoint has.
func join(endpoint *url.URL, path, query string) *url.URL {
	joined := *endpoint
	joined.RawPath = strings.TrimSuffix(endpoint.EscapedPath(), "/") + path
	joined.Path, _ = url.PathUnescape(joined.RawPath) // both halves were parsed before
	if query != "" {
		joined.RawQuery = query
	}
	return &joined
}

// check refuses values that would break out of their header: a token read from a file that ends in a newline.
func (m *message) check() error {
	for name, values := range m.header {
		if strings.ContainsFunc(values[0], unicode.IsControl) {
			return command.OtherError("Invalid header value for %s: it holds a line end or another control character", name)
		}
	}
	return nil
}

// attempt is the request of one attempt.
func (m *message) attempt(ctx context.Context) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, m.method, m.url.String(), bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	request.Header = m.header.Clone()
	// An attempt is sent once; sending again is our decision. The transport makes it by itself for requests that it can repeat, if a used
	// connection ends, and takes those without a body for such: unless they have one, be it empty.
	request.GetBody = nil
	if request.Body == http.NoBody && request.Method == http.MethodGet {
		request.Body = io.NopCloser(strings.NewReader(""))
	}
	return request, nil
}

// userAgent tells the server what calls, in the form of the reference.
func (c *Client) userAgent(operation *api.Operation) string {
	words := []string{
		command.Program + "/" + c.settings.Version, "ua/2.1", "os/" + runtime.GOOS, "md/arch#" + runtime.GOARCH,
		"lang/go#" + strings.TrimPrefix(runtime.Version(), "go"),
	}
	if environment := c.settings.Getenv("AWS_EXECUTION_ENV"); environment != "" {
		words = append(words, "exec-env/"+agentWord(environment))
	}
	words = append(words, "cfg/retry-mode#"+c.retry.mode)
	if application, _ := c.settings.Find("sdk_ua_app_id", "AWS_SDK_UA_APP_ID"); application != "" {
		words = append(words, "app/"+agentWord(application))
	}
	return strings.Join(append(words, "md/command#"+operation.Service.Command+"."+command.Spell(operation.Name)), " ")
}

// agentWord puts a dash in place of what would end a word of the User-Agent or mean something in it (RFC 9110 §5.6.2).
func agentWord(text string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!$%&'*+-.^_`|~,", r) {
			return '-'
		}
		return r
	}, text)
}
