package wire

import (
	"net/http"
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
)

// maxTargetBody bounds the bodies of the JSON services. The largest member that their models allow is a policy of 32,768 letters; a page's
// token may have 65,535.
const maxTargetBody = 256 << 10

// A service has to take no body at all where an input is empty, as the protocol's tests have it.
var targetBody = jsonForm{
	mediaType: "application/x-amz-json-1.1", limits: strictjson.Limits{Bytes: maxTargetBody, Depth: 32, Members: 4000},
	unread: fault.Serialization, mayBeEmpty: true,
}

var contentTypeTarget = []string{targetBody.mediaType}

// target serves POST / with X-Amz-Target: the operations of the awsJson1_1 services.
func (rim *Rim) target(w http.ResponseWriter, r *http.Request) {
	caller := rim.Caller(r)
	h, err := rim.findTarget(r)
	if err != nil {
		writeTargetRefusal(w, nil, caller, rim.sort(r.Context(), r.URL.Path, err))
		return
	}
	output, refusal := rim.serve(r, h, caller, func(into any, verify verifier) error {
		body, err := readObject(w, r, targetBody, verify)
		if err != nil {
			return err
		}
		return h.Input.Decode(api.Source{Body: body, Style: api.JSONStyle}, into)
	})
	if refusal != nil {
		writeTargetRefusal(w, h.Service, caller, refusal)
		return
	}
	w.Header()["Content-Type"] = contentTypeTarget
	writeOutput(w, h.Output, output)
}

// findTarget finds the operation that a request names in X-Amz-Target. A request that looks like one of another protocol as well names none.
func (rim *Rim) findTarget(r *http.Request) (api.Handler, error) {
	h, known := rim.targets[strings.Join(r.Header["X-Amz-Target"], ",")]
	switch {
	case !isMediaType(r, targetBody.mediaType):
		return h, fault.UnknownTarget.Refuse("with X-Amz-Target, Content-Type must be " + targetBody.mediaType)
	case r.URL.RawQuery != "":
		return h, fault.UnknownTarget.Refuse("with X-Amz-Target, the query must be empty: the members of the input belong into the body")
	case !known:
		return h, fault.UnknownTarget.Refuse("X-Amz-Target names no operation of this server")
	}
	return h, nil
}

// targetNames are what the configuration services call refusals of the rim: their models have no InvalidRequestException.
var targetNames = map[*fault.Kind]*fault.Kind{
	fault.InvalidRequest:  fault.Serialization,
	fault.RequestTooLarge: fault.Validation,
}

// writeTargetRefusal writes a refusal as awsJson1_1 clients read it. Its members are those of the service's model.
func writeTargetRefusal(w http.ResponseWriter, service *api.Service, caller api.Caller, refusal *fault.Refusal) {
	refusal = rename(refusal, targetNames)
	body := make([]byte, 0, 512)
	body = append(body, `{"__type":`...)
	body = strictjson.AppendString(body, refusal.Kind.Name)
	body = append(body, `,"Message":`...)
	body = strictjson.AppendString(body, refusal.Message)
	for _, member := range refusal.Members {
		body = appendMember(body, member.Name, member.Value)
	}
	if name := "RequestId"; service != nil && slices.Contains(service.Exceptions[refusal.Kind], name) {
		body = appendMember(body, name, caller.RequestID)
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
