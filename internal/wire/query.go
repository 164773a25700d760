package wire

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"net/url"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

// post serves POST /, where the operations of the other protocols are told apart: by X-Amz-Target, or by Action and Version in a form.
// Never by both: two readers of such a request could disagree about what it asks for.
func (rim *Rim) post(w http.ResponseWriter, r *http.Request) {
	if _, targeted := r.Header["X-Amz-Target"]; targeted || isMediaType(r, targetBody.mediaType) {
		rim.target(w, r)
		return
	}
	rim.query(w, r)
}

// Presigned serves GET / where the query asks for an operation, as presigned requests of STS do, and leaves everything else to next: the
// same address is a page for people.
func (rim *Rim) Presigned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/" && r.URL.Query().Has("Action") {
			rim.query(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// query serves the operations of the Query services.
func (rim *Rim) query(w http.ResponseWriter, r *http.Request) {
	caller := rim.Caller(r)
	answer, refusal := rim.runQuery(w, r, caller)
	w.Header()["Content-Type"] = contentTypeXML
	if refusal != nil {
		refusal = rename(refusal, queryNames)
		prepareRefusal(w, refusal)
		writeBody(w, refusal.Kind.Status, xmlError(caller.RequestID, refusal))
		return
	}
	writeBody(w, http.StatusOK, answer)
}

var contentTypeXML = []string{"text/xml"}

func (rim *Rim) runQuery(w http.ResponseWriter, r *http.Request, caller api.Caller) ([]byte, *fault.Refusal) {
	h, form, body, err := rim.readAction(w, r)
	if err != nil {
		return nil, rim.sort(r.Context(), r.URL.Path, err)
	}
	output, refusal := rim.serve(r, h, caller, func(into any, verify verifier) error {
		if err := verify(body); err != nil {
			return err
		}
		return h.Input.DecodeForm(api.NewForm(form), api.QueryStyle, into)
	})
	if refusal != nil {
		return nil, refusal
	}
	return xmlAnswer(h, caller.RequestID, output), nil
}

// queryNames are what the Query protocol calls refusals of the rim. What makes a request of STS larger than any form is a session policy, or
// tags.
var queryNames = map[*fault.Kind]*fault.Kind{
	fault.InvalidRequest:       fault.ValidationError,
	fault.UnsupportedMediaType: fault.UnknownTarget,
	fault.RequestTooLarge:      fault.PackedPolicyTooLarge,
	fault.InternalServer:       fault.InternalFailure,
}

// readAction reads what the Query protocol puts into the body, or into the query of a GET, and finds the operation that it names.
func (rim *Rim) readAction(w http.ResponseWriter, r *http.Request) (h api.Handler, form url.Values, body []byte, err error) {
	query, err := parseParameters(r.URL.RawQuery)
	switch {
	case err != nil:
		return h, nil, nil, err
	case r.Method == http.MethodGet:
		form = query
	case query.Has("Action") || query.Has("Version"):
		return h, nil, nil, fault.UnknownTarget.Refuse("the operation and its members belong into the body: leave the query empty")
	default:
		if form, body, err = readForm(w, r); err != nil {
			return h, nil, nil, err
		}
	}
	h, known := rim.actions[form.Get("Version")+" "+form.Get("Action")]
	if !known {
		return h, nil, nil, fault.InvalidAction.Refuse("Action and Version name no operation of this server")
	}
	return h, form, body, nil
}

// readForm reads a body of form fields, each sent once.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, []byte, error) {
	if !isMediaType(r, "application/x-www-form-urlencoded") {
		return nil, nil, fault.UnsupportedMediaType.Refuse("Content-Type must be application/x-www-form-urlencoded")
	}
	body, err := readBody(w, r, maxBody)
	if err != nil {
		return nil, nil, err
	}
	form, err := parseParameters(string(body))
	return form, body, err
}

func xmlAnswer(h api.Handler, requestID string, output any) []byte {
	b := bytes.NewBuffer(make([]byte, 0, 1024))
	b.WriteString(`<` + h.Name + `Response xmlns="` + h.Service.Namespace + `"><` + h.Name + `Result>`)
	b.Write(h.Output.AppendXML(b.AvailableBuffer(), output))
	b.WriteString(`</` + h.Name + `Result><ResponseMetadata>`)
	element(b, "RequestId", requestID)
	b.WriteString(`</ResponseMetadata></` + h.Name + `Response>`)
	return b.Bytes()
}

func xmlError(requestID string, refusal *fault.Refusal) []byte {
	side := "Sender"
	if refusal.Kind.Status >= http.StatusInternalServerError {
		side = "Receiver"
	}
	var b bytes.Buffer
	b.WriteString(`<ErrorResponse xmlns="` + api.STS.Namespace + `"><Error>`)
	element(&b, "Type", side)
	element(&b, "Code", refusal.Kind.Name)
	element(&b, "Message", refusal.Message)
	b.WriteString(`</Error>`)
	element(&b, "RequestId", requestID)
	b.WriteString(`</ErrorResponse>`)
	return b.Bytes()
}

func element(b *bytes.Buffer, name, text string) {
	b.WriteString(`<` + name + `>`)
	xml.EscapeText(b, []byte(text))
	b.WriteString(`</` + name + `>`)
}
