package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

// OAuth are the endpoints that AWS does not publish and relying parties expect, as the RFCs shape them.
type OAuth struct {
	Discovery  any           // the metadata document (RFC 8414)
	JWKS       func() []byte // the public keys (RFC 7517)
	Revoke     func(ctx context.Context, caller api.Caller, clientID, clientSecret, token string) error
	Introspect func(ctx context.Context, clientID, clientSecret, token string) (any, error)
}

// PublicMaxAge is how long anybody may keep the public documents: long enough to spare requests, short enough that a new key is seen before
// it is needed.
const PublicMaxAge = 5 * time.Minute

var publicCache = fmt.Sprintf("public, max-age=%d", int(PublicMaxAge.Seconds()))

func (rim *Rim) oauthRoutes(mux *http.ServeMux, methods map[string][]string) {
	discovery, err := json.Marshal(rim.OAuth.Discovery)
	if err != nil {
		panic(err) // a table that contradicts itself
	}
	get := func(path string, document func() []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { writePublic(w, document()) })
		methods[path] = []string{"GET", "HEAD"}
	}
	get("/.well-known/openid-configuration", func() []byte { return discovery })
	get("/.well-known/oauth-authorization-server", func() []byte { return discovery })
	get("/.well-known/jwks.json", rim.OAuth.JWKS)

	post := func(path string, answer func(ctx context.Context, caller api.Caller, r tokenForm) ([]byte, error)) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { rim.tokenEndpoint(w, r, answer) })
		methods[path] = []string{"POST"}
	}
	post("/revoke", rim.revoke)
	post("/introspect", rim.introspect)
}

func writePublic(w http.ResponseWriter, document []byte) {
	header := w.Header()
	header["Content-Type"] = contentTypeJSON
	header.Set("Cache-Control", publicCache)
	header.Set("Content-Length", strconv.Itoa(len(document)))
	w.WriteHeader(http.StatusOK)
	w.Write(document)
}

// tokenForm is a request of revocation or introspection: a token, and the client that shows it.
type tokenForm struct{ clientID, clientSecret, token string }

func (rim *Rim) tokenEndpoint(w http.ResponseWriter, r *http.Request, answer func(context.Context, api.Caller, tokenForm) ([]byte, error)) {
	request, err := readTokenForm(w, r)
	var body []byte
	if err == nil {
		body, err = answer(r.Context(), rim.Caller(r), request)
	}
	if err != nil {
		refusal := rim.sort(r.Context(), r.URL.Path, err)
		if refusal.Kind.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="clients", charset="UTF-8"`) // RFC 6749 §5.2
		}
		writeRefusal(w, true, refusal)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// readTokenForm reads the token and the client, who shows its secret in the form or by HTTP Basic but not both (RFC 6749 §2.3).
func readTokenForm(w http.ResponseWriter, r *http.Request) (tokenForm, error) {
	form, _, err := readForm(w, r)
	if err != nil {
		return tokenForm{}, err
	}
	request := tokenForm{form.Get("client_id"), form.Get("client_secret"), form.Get("token")}
	if id, secret, ok := r.BasicAuth(); ok {
		if err := request.takeBasic(id, secret); err != nil {
			return tokenForm{}, err
		}
	}
	if request.token == "" {
		return tokenForm{}, fault.InvalidRequest.Refuse("the request lacks token")
	}
	return request, nil
}

// takeBasic takes the client from HTTP Basic, where both parts are form-encoded before they are joined (RFC 6749 §2.3.1). They are decoded
// once.
func (f *tokenForm) takeBasic(id, secret string) error {
	id, errID := url.QueryUnescape(id)
	secret, errSecret := url.QueryUnescape(secret)
	switch {
	case errID != nil || errSecret != nil:
		return fault.InvalidClient.Refuse("the Authorization header cannot be read: form-encode client id and secret before joining them")
	case f.clientSecret != "":
		return fault.InvalidRequest.Refuse("the client shows its secret twice, in the form and in the Authorization header")
	case f.clientID != "" && f.clientID != id:
		return fault.InvalidRequest.Refuse("the form and the Authorization header name different clients")
	}
	f.clientID, f.clientSecret = id, secret
	return nil
}

// revoke answers RFC 7009 §2.2: an empty 200, whether or not there was something to revoke.
func (rim *Rim) revoke(ctx context.Context, caller api.Caller, r tokenForm) ([]byte, error) {
	return []byte("{}"), rim.OAuth.Revoke(ctx, caller, r.clientID, r.clientSecret, r.token)
}

func (rim *Rim) introspect(ctx context.Context, caller api.Caller, r tokenForm) ([]byte, error) {
	answer, err := rim.OAuth.Introspect(ctx, r.clientID, r.clientSecret, r.token)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}
