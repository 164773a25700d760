package wire

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
)

// maxBody bounds request bodies. The largest that clients send is a few KiB.
const maxBody = 64 << 10

// restRoute is a method and path, at which operations differ by a query parameter: POST /token is CreateToken, and with aws_iam=t
// CreateTokenWithIAM.
type restRoute struct {
	plain    http.HandlerFunc            // without any of the parameters; nil if no operation is
	variants map[string]http.HandlerFunc // by "aws_iam=t"
	names    []string                    // of the parameters that tell operations apart
}

// newRestRoute makes the route that the operation is on. It knows the parameters of all operations there, also of those that have no handler.
func newRestRoute(h api.Handler) *restRoute {
	route := &restRoute{variants: map[string]http.HandlerFunc{}}
	own, _, _ := strings.Cut(h.Path, "?")
	for _, sibling := range h.Service.Operations {
		path, query, told := strings.Cut(sibling.Path, "?")
		if name, _, _ := strings.Cut(query, "="); told && path == own && sibling.Method == h.Method {
			route.names = append(route.names, name)
		}
	}
	return route
}

func (route *restRoute) add(query string, serve http.HandlerFunc) {
	if query == "" {
		route.plain = serve
	} else {
		route.variants[query] = serve
	}
}

// ServeHTTP finds the operation by the query alone, never by a header: nobody who asks for the one may be answered with the other.
func (route *restRoute) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serve := route.plain
	for _, name := range route.names {
		// What the query means when it cannot be read or says a thing twice is refused by the operation's own reader.
		if query, _ := url.ParseQuery(r.URL.RawQuery); query.Has(name) {
			serve = route.variants[name+"="+query.Get(name)]
		}
	}
	if serve == nil {
		writeRefusal(w, true, fault.UnknownOperation.Refuse("There is no operation at this path with these parameters"))
		return
	}
	serve(w, r)
}

// restJSON serves an operation of the restJson1 protocol.
func (rim *Rim) restJSON(h api.Handler) http.HandlerFunc {
	reader := newReader(h.Input)
	return func(w http.ResponseWriter, r *http.Request) {
		caller := rim.Caller(r)
		output, refusal := rim.serve(r, h, caller, func(into any, verify verifier) error { return reader.read(w, r, into, verify) })
		if refusal != nil {
			writeRefusal(w, h.Service.OAuthErrors, refusal)
			return
		}
		writeJSON(w, http.StatusOK, h.Output.AppendJSON(make([]byte, 0, 1024), output))
	}
}

// reader reads requests into the input of one operation. Which parts of a request it looks at is settled once.
type reader struct {
	input *api.Shape
	body  bool
}

func newReader(input *api.Shape) reader {
	return reader{input: input, body: slices.ContainsFunc(input.Members, func(m *api.Member) bool { return m.Location == api.Body })}
}

// read fills the input. The signature is verified, where there has to be one, before anything is made of the body.
func (rd reader) read(w http.ResponseWriter, r *http.Request, input any, verify verifier) error {
	query, err := readQuery(r)
	if err != nil {
		return fault.InvalidRequest.Refuse("the query cannot be read, or has a parameter more than once")
	}
	// A header that was not sent is an empty one. The only one that operations have is the bearer token: without it, as with one that does
	// not hold, the portal answers UnauthorizedException, on which clients sign in again. Sent twice it is one text that never holds.
	source := api.Source{
		Query:  single(query),
		Header: func(name string) (string, bool) { return strings.Join(r.Header.Values(name), ","), true },
	}
	if rd.body {
		if source.Body, err = readObject(w, r, jsonBody, verify); err != nil {
			return err
		}
	} else if err := verify(nil); err != nil {
		return err
	}
	return rd.input.Decode(source, input)
}

// readQuery reads the query, in which no parameter may stand twice.
func readQuery(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	return query, errors.Join(err, checkSingle(query))
}

// jsonForm is a JSON body of a protocol: its media type, its bound, and what refuses one that cannot be read.
type jsonForm struct {
	mediaType string
	limits    strictjson.Limits
	unread    *fault.Kind
}

var jsonBody = jsonForm{"application/json", strictjson.Limits{Bytes: maxBody, Depth: 16, Members: 1000}, fault.InvalidRequest}

// readObject reads a body that is one JSON object.
func readObject(w http.ResponseWriter, r *http.Request, form jsonForm, verify verifier) (strictjson.Value, error) {
	if !isMediaType(r, form.mediaType) {
		return strictjson.Value{}, fault.UnsupportedMediaType.Refuse("Content-Type must be " + form.mediaType)
	}
	body, err := readBody(w, r, int64(form.limits.Bytes))
	if err != nil {
		return strictjson.Value{}, err
	}
	if err := verify(body); err != nil {
		return strictjson.Value{}, err
	}
	value, err := strictjson.Parse(body, form.limits)
	if err != nil {
		return strictjson.Value{}, form.unread.Refuse("the body cannot be read as JSON: " + err.Error())
	}
	if value.Kind() != strictjson.Object {
		return strictjson.Value{}, form.unread.Refuse("the body must be a JSON object")
	}
	return value, nil
}

// isMediaType checks the one Content-Type of the request. A charset other than UTF-8 is another type: nothing here reads it.
func isMediaType(r *http.Request, want string) bool {
	values := r.Header["Content-Type"]
	if len(values) != 1 {
		return false
	}
	if values[0] == want {
		return true
	}
	got, parameters, err := mime.ParseMediaType(values[0])
	charset, given := parameters["charset"]
	return err == nil && got == want && (!given || strings.EqualFold(charset, "utf-8"))
}

func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	limited := http.MaxBytesReader(w, r.Body, most)
	var body []byte
	var err error
	if n := r.ContentLength; n >= 0 && n <= most {
		body = make([]byte, n)
		_, err = io.ReadFull(limited, body)
	} else {
		body, err = io.ReadAll(limited)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || r.ContentLength > most:
		return nil, fault.RequestTooLarge.Refuse("the body is larger than " + strconv.FormatInt(most>>10, 10) + " KiB")
	case err != nil:
		return nil, fault.InvalidRequest.Refuse("the body ended early")
	}
	return body, nil
}
