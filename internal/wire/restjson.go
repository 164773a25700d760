package wire

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
)

// maxBody bounds request bodies. The largest that clients send is a few KiB.
const maxBody = 64 << 10

var bodyLimits = strictjson.Limits{Bytes: maxBody, Depth: 16, Members: 1000}

// restJSON serves an operation of the restJson1 protocol.
func (rim *Rim) restJSON(h api.Handler) http.HandlerFunc {
	reader := newReader(h.Input)
	return func(w http.ResponseWriter, r *http.Request) {
		input := h.NewInput()
		if err := reader.read(w, r, input); err != nil {
			writeRefusal(w, h.Service.OAuthErrors, rim.sort(r.Context(), h.Name, err))
			return
		}
		output, refusal := rim.call(r.Context(), h, rim.Caller(r), input)
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

func (rd reader) read(w http.ResponseWriter, r *http.Request, input any) error {
	var source api.Source
	query, err := readQuery(r)
	switch {
	case err != nil:
		return fault.InvalidRequest.Refuse("the query cannot be read, or has a parameter more than once")
	case query.Has("aws_iam"):
		// CreateTokenWithIAM shares the path of CreateToken. Nobody who asks for the one may be answered with the other.
		return fault.UnknownOperation.Refuse("CreateTokenWithIAM is not offered by this server")
	}
	source.Query = single(query)
	// A header that was not sent is an empty one. The only one that operations have is the bearer token: without it, as with one that does
	// not hold, the portal answers UnauthorizedException, on which clients sign in again. Sent twice it is one text that never holds.
	source.Header = func(name string) (string, bool) { return strings.Join(r.Header.Values(name), ","), true }
	if rd.body {
		if source.Body, err = readObject(w, r); err != nil {
			return err
		}
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

// readObject reads a body that is one JSON object.
func readObject(w http.ResponseWriter, r *http.Request) (strictjson.Value, error) {
	if !isMediaType(r, "application/json") {
		return strictjson.Value{}, fault.UnsupportedMediaType.Refuse("Content-Type must be application/json")
	}
	body, err := readBody(w, r)
	if err != nil {
		return strictjson.Value{}, err
	}
	value, err := strictjson.Parse(body, bodyLimits)
	if err != nil {
		return strictjson.Value{}, fault.InvalidRequest.Refuse("the body cannot be read as JSON: " + err.Error())
	}
	if value.Kind() != strictjson.Object {
		return strictjson.Value{}, fault.InvalidRequest.Refuse("the body must be a JSON object")
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

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limited := http.MaxBytesReader(w, r.Body, maxBody)
	var body []byte
	var err error
	if n := r.ContentLength; n >= 0 && n <= maxBody {
		body = make([]byte, n)
		_, err = io.ReadFull(limited, body)
	} else {
		body, err = io.ReadAll(limited)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || r.ContentLength > maxBody:
		return nil, fault.RequestTooLarge.Refuse("the body is larger than 64 KiB")
	case err != nil:
		return nil, fault.InvalidRequest.Refuse("the body ended early")
	}
	return body, nil
}
