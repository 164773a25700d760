package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/fault"
	"sallyport/internal/ssocache"
)

// browserPatience is how long a person may take in the browser. It is the AWS CLI's, and the life of an authorization request.
const browserPatience = 10 * time.Minute

// loginWithBrowser signs in with an authorization code (RFC 6749 §4.1) under PKCE (RFC 7636), which a browser on this machine brings to a
// port of ours (RFC 8252 §7.3).
func (r registrar) loginWithBrowser(ctx context.Context, show func(Prompt)) (ssocache.Registration, issued, error) {
	state, verifier := rand.Text(), newVerifier()
	listener, err := listen(state)
	if err != nil {
		return ssocache.Registration{}, issued{}, command.OtherError("no port of %s can be opened for the browser to come back to: %v; `%s --use-device-code` needs none",
			loopbackAddress, err, r.Command("login"))
	}
	defer listener.close()
	registration, err := r.browserClient(ctx)
	if err != nil {
		return registration, issued{}, err
	}
	address, err := r.authorizationURL(registration, listener, verifier)
	if err != nil {
		return registration, issued{}, err
	}
	show(Prompt{URL: address, Until: r.now().Add(browserPatience)})
	answer, err := listener.await(ctx, browserPatience)
	switch {
	case errors.Is(err, errNobodyCame):
		return registration, issued{}, r.tooLate()
	case err != nil:
		return registration, issued{}, err
	case answer.code == "":
		return registration, issued{}, refusedInBrowser(answer)
	}
	tokens, err := r.createToken(ctx, text("clientId", registration.ClientID), text("clientSecret", registration.ClientSecret),
		text("grantType", grantCode), text("code", answer.code), text("redirectUri", listener.redirectURI), text("codeVerifier", verifier))
	return registration, tokens, err
}

// refusedInBrowser is the failure of a sign-in that ended with an error (RFC 6749 §4.1.2.1).
func refusedInBrowser(answer callback) error {
	reason := Printable(answer.refusal)
	if answer.description != "" {
		reason += ": " + Printable(answer.description)
	}
	return command.OtherError("Failed to retrieve an authorization code: the sign-in was refused in the browser (%s)", reason)
}

// browserClient is the client for this sign-in. A server that was set up anew does not know the clients of its predecessor, and only the
// browser would hear of it, so it is asked first.
func (r registrar) browserClient(ctx context.Context) (ssocache.Registration, error) {
	registration, found := r.kept()
	if found && !r.forgotten(ctx, registration) {
		return registration, nil
	}
	return r.register(ctx)
}

// neverIssued is a refresh token that is none.
const neverIssued = "none"

// forgotten shows the server a refresh token that is none. A server that knows the client says that; one that does not says so before
// (RFC 6749 §5.2).
func (r registrar) forgotten(ctx context.Context, registration ssocache.Registration) bool {
	_, err := r.createToken(ctx, text("clientId", registration.ClientID), text("clientSecret", registration.ClientSecret),
		text("grantType", grantRefresh), text("refreshToken", neverIssued))
	return refused(err, fault.InvalidClient)
}

// newVerifier is a code verifier: 64 characters, as many as the AWS CLI's, of 384 random bits (RFC 7636 §4.1).
func newVerifier() string {
	var random [48]byte
	rand.Read(random[:])
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// challenge is the S256 challenge of a verifier (RFC 7636 §4.2).
func challenge(verifier string) string {
	digest := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// authorizationURL is where the browser begins. The parameter of the scopes has the AWS CLI's name for it.
func (r registrar) authorizationURL(registration ssocache.Registration, l *listener, verifier string) (string, error) {
	page, err := r.authorizationEndpoint(registration)
	if err != nil {
		return "", err
	}
	query := page.RawQuery
	for _, pair := range [][2]string{
		{"response_type", "code"}, {"client_id", registration.ClientID}, {"redirect_uri", l.redirectURI}, {"state", l.state},
		{"code_challenge_method", "S256"}, {"scopes", strings.Join(r.scopes(), " ")}, {"code_challenge", challenge(verifier)},
	} {
		if query != "" {
			query += "&"
		}
		query += pair[0] + "=" + strings.ReplaceAll(url.QueryEscape(pair[1]), "+", "%20")
	}
	page.RawQuery = query
	return page.String(), nil
}

// authorizationPath is where the page is on a server that does not tell, which AWS never does.
const authorizationPath = "authorize"

// authorizationEndpoint is the page that the server named at registration, or else the well-known one beside its operations.
func (r registrar) authorizationEndpoint(registration ssocache.Registration) (*url.URL, error) {
	if spelled, ok := webURL(registration.AuthorizationEndpoint); ok {
		return url.Parse(spelled)
	}
	endpoint, err := r.settings.Endpoint(api.SSOOIDC, r.Region)
	if err != nil {
		return nil, err
	}
	return endpoint.JoinPath(authorizationPath), nil
}
