package wire

import (
	"net/http"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
)

// maxTargetBody bounds the bodies of the JSON services. The largest member that their models allow is a policy of 32,768 letters; a page's
// token may have 65,535.
const maxTargetBody = 256 << 10

var targetBody = jsonForm{"application/x-amz-json-1.1", strictjson.Limits{Bytes: maxTargetBody, Depth: 32, Members: 4000}, fault.Serialization}

// target serves POST / with X-Amz-Target: the operations of the awsJson1_1 services.
func (rim *Rim) target(w http.ResponseWriter, r *http.Request) {
	caller := rim.Caller(r)
	values := r.Header["X-Amz-Target"]
	h, ok := rim.targets[strings.Join(values, ",")]
	if !ok {
		writeTargetRefusal(w, nil, caller, fault.UnknownTarget.Refuse("X-Amz-Target names no operation of this server"))
		return
	}
	output, refusal := rim.serve(r, h, caller, func(into any, verify verifier) error { return readTarget(w, r, h, into, verify) })
	if refusal != nil {
		writeTargetRefusal(w, h.Service, caller, refusal)
		return
	}
	w.Header()["Content-Type"] = contentTypeTarget
	writeBody(w, http.StatusOK, h.Output.AppendJSON(make([]byte, 0, 1024), output))
}

var contentTypeTarget = []string{"application/x-amz-json-1.1"}

func readTarget(w http.ResponseWriter, r *http.Request, h api.Handler, input any, verify verifier) error {
	if r.URL.RawQuery != "" {
		return fault.Validation.Refuse("the operation and its members belong into X-Amz-Target and the body: the query must be empty")
	}
	body, err := readObject(w, r, targetBody, verify)
	if err != nil {
		return err
	}
	return h.Input.Decode(api.Source{Body: body, Style: api.JSONStyle}, input)
}

// writeTargetRefusal writes a refusal as awsJson1_1 clients read it. Its members are those of the service's model.
func writeTargetRefusal(w http.ResponseWriter, service *api.Service, caller api.Caller, refusal *fault.Refusal) {
	body := make([]byte, 0, 512)
	body = append(body, `{"__type":`...)
	body = strictjson.AppendString(body, refusal.Kind.Name)
	body = append(body, `,"Message":`...)
	body = strictjson.AppendString(body, refusal.Message)
	for _, member := range refusal.Members {
		body = appendMember(body, member.Name, member.Value)
	}
	if service != nil {
		for _, name := range service.Exceptions[refusal.Kind] {
			if name == "RequestId" {
				body = appendMember(body, name, caller.RequestID)
			}
		}
	}
	body = append(body, '}')
	prepareRefusal(w, refusal)
	w.Header()["Content-Type"] = contentTypeTarget
	writeBody(w, refusal.Kind.Status, body)
}

func appendMember(body []byte, name, value string) []byte {
	body = append(strictjson.AppendString(append(body, ','), name), ':')
	return strictjson.AppendString(body, value)
}
