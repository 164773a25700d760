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

// restHandler serves an operation to a request whose query was read.
type restHandler func(w http.ResponseWriter, r *http.Request, query url.Values)

// restRoute is a method and path, at which operations differ by a query parameter: POST /token is CreateToken, and with aws_iam=t
// CreateTokenWithIAM.
type restRoute struct {
	rim      *Rim
	oauth    bool                   // how refusals are written before an operation was found
	plain    restHandler            // without any of the parameters; nil if no operation is
	variants map[string]restHandler // by "aws_iam=t"
	names    []string               // of the parameters that tell operations apart
}

// newRestRoute makes the route that the operation is on. It knows the parameters of all operations there, also of those that have no handler.
func (rim *Rim) newRestRoute(h api.Handler) *restRoute {
	route := &restRoute{rim: rim, oauth: h.Service.OAuthErrors, variants: map[string]restHandler{}}
	own, _, _ := strings.Cut(h.Path, "?")
	for _, sibling := range h.Service.Answered() {
		path, query, told := strings.Cut(sibling.Path, "?")
		if name, _, _ := strings.Cut(query, "="); told && path == own && sibling.Method == h.Method {
			route.names = append(route.names, name)
		}
	}
	return route
}

func (route *restRoute) add(query string, serve restHandler) {
	if query == "" {
		route.plain = serve
	} else {
		route.variants[query] = serve
	}
}

// ServeHTTP finds the operation by the query alone, never by a header: nobody who asks for the one may be answered with the other. What is
// looked at is the query as it is decoded, and so as it is signed.
func (route *restRoute) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, err := parseParameters(r.URL.RawQuery)
	if err != nil {
		writeRefusal(w, route.oauth, route.rim.sort(r.Context(), r.URL.Path, err))
		return
	}
	serve := route.plain
	for _, name := range route.names {
		if value, sent := query[name]; sent {
			serve = route.variants[name+"="+value[0]]
		}
	}
	if serve == nil {
		writeRefusal(w, route.oauth, fault.UnknownOperation.Refuse("There is no operation at this path with these parameters"))
		return
	}
	serve(w, r, query)
}

// restJSON serves an operation of the restJson1 protocol.
func (rim *Rim) restJSON(h api.Handler) restHandler {
	reader := newReader(h.Input)
	return func(w http.ResponseWriter, r *http.Request, query url.Values) {
		caller := rim.Caller(r)
		output, refusal := rim.serve(r, h, caller, func(into any, verify verifier) error { return reader.read(w, r, query, into, verify) })
		if refusal != nil {
			writeRefusal(w, h.Service.OAuthErrors, refusal)
			return
		}
		w.Header()["Content-Type"] = contentTypeJSON
		writeOutput(w, h.Output, output)
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
func (rd reader) read(w http.ResponseWriter, r *http.Request, query url.Values, input any, verify verifier) (err error) {
	// A header that was not sent is an empty one. The only one that operations have is the bearer token: without it, as with one that does
	// not hold, the portal answers UnauthorizedException, on which clients sign in again. Sent twice it is one text that never holds.
	source := api.Source{
		Query:  single(query),
		Header: func(name string) (string, bool) { return strings.Join(r.Header.Values(name), ","), true },
	}
	switch {
	case !rd.body:
		err = verify(nil)
	case !isMediaType(r, jsonBody.mediaType):
		err = fault.UnsupportedMediaType.Refuse("Content-Type must be " + jsonBody.mediaType)
	default:
		source.Body, err = readObject(w, r, jsonBody, verify)
	}
	if err != nil {
		return err
	}
	return rd.input.Decode(source, input)
}

// jsonForm is a JSON body of a protocol: its media type, its bound, what refuses one that cannot be read, and whether nothing stands for {}.
type jsonForm struct {
	mediaType  string
	limits     strictjson.Limits
	unread     *fault.Kind
	mayBeEmpty bool
}

var jsonBody = jsonForm{
	mediaType: "application/json", limits: strictjson.Limits{Bytes: maxBody, Depth: 16, Members: 1000}, unread: fault.InvalidRequest,
}

// readObject reads a body that is one JSON object.
func readObject(w http.ResponseWriter, r *http.Request, form jsonForm, verify verifier) (strictjson.Value, error) {
	body, err := readBody(w, r, int64(form.limits.Bytes))
	if err != nil {
		return strictjson.Value{}, err
	}
	if err := verify(body); err != nil {
		return strictjson.Value{}, err
	}
	if len(body) == 0 && form.mayBeEmpty {
		return strictjson.Value{}, nil
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
	if len(values) != 1 || len(values[0]) < len(want) || !strings.EqualFold(values[0][:len(want)], want) {
		return false
	}
	if len(values[0]) == len(want) {
		return true
	}
	got, parameters, err := mime.ParseMediaType(values[0])
	charset, given := parameters["charset"]
	return err == nil && got == want && (!given || strings.EqualFold(charset, "utf-8"))
}

func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if r.ContentLength > most {
		return nil, tooLarge(w, most)
	}
	limited := http.MaxBytesReader(w, r.Body, most)
	var body []byte
	var err error
	if r.ContentLength >= 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(limited, body)
	} else {
		body, err = io.ReadAll(limited)
	}
	var beyond *http.MaxBytesError
	switch {
	case errors.As(err, &beyond):
		return nil, tooLarge(w, most)
	case err != nil:
		return nil, fault.InvalidRequest.Refuse("the body ended early")
	}
	return body, nil
}

// tooLarge refuses a body and ends the connection, on which the rest of the body would have to be read before the next request.
func tooLarge(w http.ResponseWriter, most int64) error {
	w.Header().Set("Connection", "close")
	return fault.RequestTooLarge.Refuse("the body is larger than " + strconv.FormatInt(most>>10, 10) + " KiB")
}
