package wire

import (
	"net/http"
	"strconv"
	"sync"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
)

// retryAfter is when a caller may try again whom we failed, in seconds.
const retryAfter = "1"

// bodies are pieces of memory in which answers were written, for those to come: tokens take kilobytes.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// longestKept is the longest body whose memory is kept, in bytes.
const longestKept = 16 << 10

// writeOutput writes what an operation answers, as JSON. The type of the answer is set.
func writeOutput(w http.ResponseWriter, output *api.Shape, value any) {
	memory := bodies.Get().(*[]byte)
	body := output.AppendJSON((*memory)[:0], value)
	writeBody(w, http.StatusOK, body)
	if cap(body) <= longestKept {
		*memory = body
		bodies.Put(memory)
	}
}

// writeJSON writes an answer that nobody may keep: most hold tokens, and the others are not worth a rule of their own.
func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Type"] = contentTypeJSON
	writeBody(w, status, body)
}

// writeBody writes an answer whose type is set.
func writeBody(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header["Cache-Control"] = noStore
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	w.Write(body)
}

var (
	contentTypeJSON = []string{"application/json"}
	noStore         = []string{"no-store"}
)

// writeRefusal writes a refusal as restJson1 clients read it. The exception's name is in the header and in __type, since clients differ in
// where they look; message is what most of them show; error and error_description are RFC 6749's.
func writeRefusal(w http.ResponseWriter, oauth bool, refusal *fault.Refusal) {
	body := make([]byte, 0, 512)
	body = append(body, `{"__type":`...)
	body = strictjson.AppendString(body, refusal.Kind.Name)
	if oauth && refusal.Kind.OAuth != "" {
		body = append(body, `,"error":`...)
		body = strictjson.AppendString(body, refusal.Kind.OAuth)
		body = append(body, `,"error_description":`...)
		body = strictjson.AppendString(body, refusal.Message)
	}
	body = append(body, `,"message":`...)
	body = strictjson.AppendString(body, refusal.Message)
	for _, member := range refusal.Members {
		body = appendMember(body, member.Name, member.Value)
	}
	body = append(body, '}')
	prepareRefusal(w, refusal)
	writeJSON(w, refusal.Kind.Status, body)
}

// rename gives a refusal of the rim the name that a protocol has for it.
func rename(refusal *fault.Refusal, names map[*fault.Kind]*fault.Kind) *fault.Refusal {
	if name, other := names[refusal.Kind]; other {
		return name.Refuse(refusal.Message)
	}
	return refusal
}

// prepareRefusal sets the headers that refusals of every protocol have.
func prepareRefusal(w http.ResponseWriter, refusal *fault.Refusal) {
	header := w.Header()
	header["X-Amzn-Errortype"] = []string{refusal.Kind.Name} // in the canonical spelling, which Set would look for first
	switch refusal.Kind.Status {
	case http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusTooManyRequests:
		header.Set("Retry-After", retryAfter)
	}
}
