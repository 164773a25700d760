package session

import (
	"regexp"
	"strings"
	"testing"

	"sallyport/internal/ssocache"
)

// The pair of RFC 7636, appendix B.
func TestChallenge(t *testing.T) {
	if got := challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"); got != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Errorf("the challenge is %s", got)
	}
	one, other := newVerifier(), newVerifier()
	if one == other || !regexp.MustCompile(`^[A-Za-z0-9_-]{64}$`).MatchString(one) {
		t.Errorf("verifiers are %s and %s", one, other)
	}
}

func TestAuthorizationURL(t *testing.T) {
	const query = "response_type=code&client_id=an%20id&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Foauth%2Fcallback&state=st" +
		"&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess%20codewhisperer%3Aanalysis&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for _, test := range []struct{ name, endpoint, named, want string }{
		{"AWS, which names no page", "", "", "https://oidc.eu-central-1.amazonaws.com/authorize?"},
		{"a server that names none", "http://127.0.0.1:8443/", "", "http://127.0.0.1:8443/authorize?"},
		{"a server below a path", "https://proxy.example/sso/", "", "https://proxy.example/sso/authorize?"},
		{"a page that the server names", "http://127.0.0.1:8443", "https://id.example/authorize", "https://id.example/authorize?"},
		{"a page with a query of its own", "http://127.0.0.1:8443", "https://id.example/authorize?tenant=1", "https://id.example/authorize?tenant=1&"},
		{"a page that is none", "http://127.0.0.1:8443", "javascript:alert(1)", "http://127.0.0.1:8443/authorize?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			words := []string{"--profile", "dev"}
			if test.endpoint != "" {
				words = append(words, "--endpoint-url", test.endpoint)
			}
			s, err := Resolve(settings(t, nil, words...))
			if err != nil {
				t.Fatal(err)
			}
			r := registrar{SignIn: s, browser: true}
			l := &listener{redirectURI: "http://127.0.0.1:4711/oauth/callback", state: "st"}
			got, err := r.authorizationURL(ssocache.Registration{ClientID: "an id", AuthorizationEndpoint: test.named}, l, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
			if err != nil || got != test.want+query {
				t.Errorf("got %s, %v", strings.ReplaceAll(got, "&", "\n&"), err)
			}
		})
	}
}
