package wire

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

// post serves POST /, where the operations of the other protocols are told apart: by X-Amz-Target, or by Action and Version in a form.
// Never by both: two readers of such a request could disagree about what it asks for.
func (rim *Rim) post(w http.ResponseWriter, r *http.Request) {
	if _, targeted := r.Header["X-Amz-Target"]; targeted {
		rim.target(w, r)
		return
	}
	rim.query(w, r)
}

// Presigned serves GET / where the query asks for an operation, as presigned requests of STS do, and leaves everything else to next: the
// same address is a page for people.
func (rim *Rim) Presigned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/" && strings.Contains(r.URL.RawQuery, "Action=") {
			rim.query(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// query serves the operations of the Query services.
func (rim *Rim) query(w http.ResponseWriter, r *http.Request) {
	caller := rim.Caller(r)
	status := http.StatusOK
	answer, refusal := rim.runQuery(w, r, caller)
	if refusal != nil {
		if refusal.Kind == fault.InternalServer {
			refusal = fault.InternalFailure.Refuse(refusal.Message) // the protocol's name for it
		}
		status, answer = refusal.Kind.Status, xmlError(caller.RequestID, refusal)
		prepareRefusal(w, refusal)
	}
	header := w.Header()
	header.Set("Content-Type", "text/xml")
	header.Set("Content-Length", strconv.Itoa(len(answer)))
	header["Cache-Control"] = noStore
	w.WriteHeader(status)
	w.Write(answer)
}

func (rim *Rim) runQuery(w http.ResponseWriter, r *http.Request, caller api.Caller) ([]byte, *fault.Refusal) {
	form, body, err := readAction(w, r)
	if err != nil {
		return nil, inQuery(rim.sort(r.Context(), "query", err))
	}
	h, ok := rim.actions[form.Get("Version")+" "+form.Get("Action")]
	if !ok {
		return nil, fault.InvalidAction.Refuse("Action and Version name no operation of this server")
	}
	output, refusal := rim.serve(r, h, caller, func(into any, verify verifier) error {
		if err := verify(body); err != nil {
			return err
		}
		return h.Input.DecodeForm(api.NewForm(form), api.QueryStyle, into)
	})
	if refusal != nil {
		return nil, inQuery(refusal)
	}
	return xmlAnswer(h, caller.RequestID, output), nil
}

// inQuery gives a refusal of malformed input the name that the Query protocol has for it.
func inQuery(refusal *fault.Refusal) *fault.Refusal {
	if refusal.Kind == fault.InvalidRequest {
		return fault.ValidationError.Refuse(refusal.Message)
	}
	return refusal
}

// readAction reads what the Query protocol puts into the body, or into the query of a presigned GET.
func readAction(w http.ResponseWriter, r *http.Request) (url.Values, []byte, error) {
	if r.Method == http.MethodGet {
		form, err := readQuery(r)
		if err != nil {
			return nil, nil, fault.InvalidRequest.Refuse("the query cannot be read, or has a parameter more than once")
		}
		return form, nil, nil
	}
	if query, err := readQuery(r); err != nil || query.Has("Action") || query.Has("Version") {
		return nil, nil, fault.InvalidRequest.Refuse("the operation and its members belong into the body: leave the query empty")
	}
	return readForm(w, r)
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
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, nil, fault.InvalidRequest.Refuse("the body cannot be read as a form")
	}
	return form, body, checkSingle(form)
}

func xmlAnswer(h api.Handler, requestID string, output any) []byte {
	var b bytes.Buffer
	b.WriteString(`<` + h.Name + `Response xmlns="` + h.Service.Namespace + `"><` + h.Name + `Result>`)
	b.Write(h.Output.AppendXML(nil, output))
	b.WriteString(`</` + h.Name + `Result><ResponseMetadata>`)
	element(&b, "RequestId", requestID)
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
