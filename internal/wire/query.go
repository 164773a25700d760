package wire

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/sigv4"
)

// query serves POST /, where the operations of the Query services are told apart by the form's Action and Version.
func (rim *Rim) query(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "" {
		writeRefusal(w, false, fault.UnknownTarget.Refuse("X-Amz-Target names no operation of this server"))
		return
	}
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
	ctx := r.Context()
	form, body, err := readForm(w, r)
	if err != nil {
		return nil, inQuery(rim.sort(ctx, "query", err))
	}
	h, ok := rim.actions[form.Get("Version")+" "+form.Get("Action")]
	if !ok {
		return nil, fault.InvalidAction.Refuse("Action and Version name no operation of this server")
	}
	if h.Auth == api.AuthSigV4 {
		if caller.Signer, err = rim.verify(ctx, r, body, h.Service); err != nil {
			return nil, rim.sort(ctx, h.Name, err)
		}
	}
	input := h.NewInput()
	if err := h.Input.Decode(api.Source{Query: single(form)}, input); err != nil {
		return nil, inQuery(rim.sort(ctx, h.Name, err))
	}
	output, refusal := rim.call(ctx, h, caller, input)
	if refusal != nil {
		return nil, refusal
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

// readForm reads a body of form fields, each sent once.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, []byte, error) {
	if !isMediaType(r, "application/x-www-form-urlencoded") {
		return nil, nil, fault.UnsupportedMediaType.Refuse("Content-Type must be application/x-www-form-urlencoded")
	}
	body, err := readBody(w, r)
	if err != nil {
		return nil, nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, nil, fault.InvalidRequest.Refuse("the body cannot be read as a form")
	}
	return form, body, checkSingle(form)
}

// verify finds out who signed the request. Which key it names is looked up before the signature is checked, and an unknown key costs the same
// work as a wrong signature.
func (rim *Rim) verify(ctx context.Context, r *http.Request, body []byte, service *api.Service) (*api.Signer, error) {
	claim, err := sigv4.Parse(r, sigv4.Policy{Service: service.SigningName, Regions: rim.Regions})
	if err != nil {
		return nil, signatureRefusal(err)
	}
	key, err := rim.FindKey(ctx, claim.AccessKeyID, claim.SessionToken)
	if err != nil {
		return nil, err
	}
	if err := claim.Verify(body, key.Secret, rim.Now()); err != nil {
		return nil, signatureRefusal(err)
	}
	if key.Expired {
		return nil, fault.STSExpiredToken.Refuse("The security token included in the request is expired")
	}
	return &key.Signer, nil
}

// signatureKinds are the names that the Query protocol gives to what is wrong with a signature, and the words of the real service, which
// people search for.
var signatureKinds = map[sigv4.Reason]struct {
	kind  *fault.Kind
	words string
}{
	sigv4.Missing:      {fault.MissingAuthenticationToken, "Request is missing Authentication Token: "},
	sigv4.Incomplete:   {fault.IncompleteSignature, ""},
	sigv4.NotCanonical: {fault.IncompleteSignature, ""},
	sigv4.WrongScope:   {fault.SignatureDoesNotMatch, ""},
	sigv4.Expired:      {fault.SignatureDoesNotMatch, ""},
	sigv4.NotYet:       {fault.SignatureDoesNotMatch, ""},
	sigv4.UnknownKey:   {fault.InvalidClientTokenID, "The security token included in the request is invalid: "},
	sigv4.Mismatch:     {fault.SignatureDoesNotMatch, ""},
}

func signatureRefusal(err error) error {
	var wrong *sigv4.Error
	if !errors.As(err, &wrong) {
		return err
	}
	named := signatureKinds[wrong.Reason]
	return named.kind.Refuse(named.words + wrong.Message)
}

func xmlAnswer(h api.Handler, requestID string, output any) []byte {
	var b bytes.Buffer
	b.WriteString(`<` + h.Name + `Response xmlns="` + h.Service.Namespace + `"><` + h.Name + `Result>`)
	h.Output.Texts(output, func(name, text string) { element(&b, name, text) })
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
