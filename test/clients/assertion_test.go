package clients

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// This file is about what an application is told that brings an assertion which nobody should believe, or believe twice.

const invalidGrant = "InvalidGrantException"

// claimed is an assertion of the issuer with claims that differ.
func claimed(changes map[string]any) func(w *world) string {
	return func(w *world) string {
		return w.issuer.Token(w, harness.ECKeyID, w.issuer.Claims(personEmail, changes))
	}
}

// headed is one with a header of the test's own, signed with what the test says.
func headed(header map[string]any, sign func(w *world, input []byte) []byte) func(w *world) string {
	return func(w *world) string {
		return harness.Forge(w, header, w.issuer.Claims(personEmail, nil), func(input []byte) []byte { return sign(w, input) })
	}
}

// bySecret signs with the public key of the issuer as if it were a secret, which libraries have fallen for.
func bySecret(w *world, input []byte) []byte {
	der, err := x509.MarshalPKIXPublicKey(w.issuer.RSA.Public())
	if err != nil {
		w.Fatal(err)
	}
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write(input)
	return mac.Sum(nil)
}

func byNobody(*world, []byte) []byte { return nil }

// byIssuer signs as the issuer does (RFC 7518 §3.3).
func byIssuer(w *world, input []byte) []byte {
	digest := sha256.Sum256(input)
	signature, err := rsa.SignPKCS1v15(rand.Reader, w.issuer.RSA, crypto.SHA256, digest[:])
	if err != nil {
		w.Fatal(err)
	}
	return signature
}

func inSeconds(by time.Duration) int64 { return time.Now().Add(by).Unix() }

// otherIssuer signs with keys that are not the issuer's, under its name and the ids of its keys.
func otherIssuer(w *world) string {
	other := harness.StartIssuer(w)
	return other.Token(w, harness.ECKeyID, w.issuer.Claims(personEmail, nil))
}

var assertions = []struct {
	name      string
	make      func(w *world) string
	exception string // empty: it is as good as any
}{
	{"as it should be", claimed(nil), ""},
	{"for several audiences, of which one is right", claimed(map[string]any{"aud": []string{"another", harness.Audience}}), ""},
	{"without jti", claimed(map[string]any{"jti": nil}), ""},
	{"without iat", claimed(map[string]any{"iat": nil}), ""},
	{"with claims that nobody knows", claimed(map[string]any{"https://example.com/claim": map[string]any{"a": []int{1}}}), ""},

	{"put together by hand", headed(map[string]any{"alg": "RS256", "kid": harness.RSAKeyID}, byIssuer), ""},
	{"put together by hand, with its type", headed(map[string]any{"alg": "RS256", "kid": harness.RSAKeyID, "typ": "JWT"}, byIssuer), ""},

	{"for another audience", claimed(map[string]any{"aud": "another"}), invalidGrant},
	{"for an audience in capitals", claimed(map[string]any{"aud": strings.ToUpper(harness.Audience)}), invalidGrant},
	{"for nobody", claimed(map[string]any{"aud": nil}), invalidGrant},
	{"of an issuer with a slash after it", func(w *world) string { return claimed(map[string]any{"iss": w.issuer.URL + "/"})(w) }, invalidGrant},
	{"of an unknown issuer", claimed(map[string]any{"iss": "https://idp.example.com"}), invalidGrant},
	{"of no issuer", claimed(map[string]any{"iss": nil}), invalidGrant},
	{"of the server itself", func(w *world) string { return claimed(map[string]any{"iss": w.server.Endpoint})(w) }, invalidGrant},
	{"of another issuer in this one's name", otherIssuer, invalidGrant},
	{"that ended an hour ago", claimed(map[string]any{"exp": inSeconds(-time.Hour)}), invalidGrant},
	{"without an end", claimed(map[string]any{"exp": nil}), invalidGrant},
	{"whose end is a text", claimed(map[string]any{"exp": "tomorrow"}), invalidGrant},
	{"that begins in an hour", claimed(map[string]any{"nbf": inSeconds(time.Hour)}), invalidGrant},
	{"without a subject", claimed(map[string]any{"sub": nil}), invalidGrant},
	{"without the claim that names the person", claimed(map[string]any{"email": nil}), invalidGrant},
	{"with an address that was not verified", claimed(map[string]any{"email_verified": false}), invalidGrant},
	{"with another key's id", func(w *world) string { return w.issuer.Token(w, "unknown", w.issuer.Claims(personEmail, nil)) }, invalidGrant},
	{"with the id of the other key", func(w *world) string {
		key := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: w.issuer.RSA, KeyID: harness.ECKeyID}}
		return harness.Sign(w, key, w.issuer.Claims(personEmail, nil))
	}, invalidGrant},
	{"that is not signed", headed(map[string]any{"alg": "none"}, byNobody), invalidGrant},
	{"that is not signed, in capitals", headed(map[string]any{"alg": "NONE", "kid": harness.ECKeyID}, byNobody), invalidGrant},
	{"signed with the public key as a secret", headed(map[string]any{"alg": "HS256", "kid": harness.RSAKeyID}, bySecret), invalidGrant},
	{"with an empty signature", headed(map[string]any{"alg": "ES256", "kid": harness.ECKeyID}, byNobody), invalidGrant},
	{"with a key of its own", headed(map[string]any{"alg": "ES256", "kid": harness.ECKeyID, "jwk": map[string]string{"kty": "EC"}}, byNobody), invalidGrant},
	{"with the address of its keys", headed(map[string]any{"alg": "ES256", "kid": harness.ECKeyID, "jku": "http://127.0.0.1/keys"}, byNobody), invalidGrant},
	{"with demands that nobody knows", headed(map[string]any{"alg": "RS256", "kid": harness.RSAKeyID, "crit": []string{"exp"}}, byIssuer), invalidGrant},
	{"that is cut off", func(w *world) string { text := claimed(nil)(w); return text[:len(text)-10] }, invalidGrant},
	{"that is no token", func(*world) string { return "assertion" }, invalidGrant},

	{"about somebody whom nobody knows", claimed(map[string]any{"email": "nobody@example.com"}), invalidGrant},
	{"about the person in other letters", claimed(map[string]any{"email": strings.ToUpper(personEmail)}), invalidGrant},
	{"about somebody who is not assigned", claimed(map[string]any{"email": "alice@acme.example"}), "AccessDeniedException"},
}

func TestAssertionsAreHeldToWhatTheySay(t *testing.T) {
	withEveryClient(t, newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}}), func(p *party) {
		for _, row := range assertions {
			p.run(row.name, func(p *party) {
				in := tokenOf(p.world.reports, bearerGrant, members{"assertion": row.make(p.world)})
				if row.exception == "" {
					p.must(createTokenWithIAM, in)
				} else {
					p.mustRefuse(row.exception, createTokenWithIAM, in)
				}
			})
		}
	})
}

// An assertion is good once. Whoever lost the answer gets it again, for seconds: AWS refuses them too.
func TestAssertionsAreGoodOnce(t *testing.T) {
	w := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	colleague := w.addUser("colleague")
	withEveryClient(t, w, func(p *party) {
		in := p.world.bearerOf(harness.RSAKeyID, nil)
		first := p.must(createTokenWithIAM, in)
		if again := p.must(createTokenWithIAM, in); !reflect.DeepEqual(again, first) {
			p.Error("whoever lost the answer got another one")
		}
		p.mustRefuse(invalidGrant, createTokenWithIAM, in.with(members{"scope": []string{"openid"}}))
		if _, refused := p.tryAs(colleague, createTokenWithIAM, in); refused == nil || refused.Exception != invalidGrant {
			p.Errorf("a colleague was answered with %+v, want %s", refused, invalidGrant)
		}
		p.server.Advance(11 * time.Second)
		p.mustRefuse(invalidGrant, createTokenWithIAM, in)
		p.must(createTokenWithIAM, p.world.bearerOf(harness.RSAKeyID, nil))
	})
}

// addUser makes a user of the account who may do everything, and returns a key of theirs.
func (w *world) addUser(name string) key {
	w.Helper()
	w.server.Operate("iam", "create-user", name, "--account", w.account, "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")
	return newKey(w, w.server, "--account", w.account, "--user", name)
}

// keyPattern is how `sallyport iam create-access-key` prints a new key.
var keyPattern = regexp.MustCompile(`aws_access_key_id = (\S+)\naws_secret_access_key = (\S+)`)

// newKey makes a key of the principal that the options name.
func newKey(t testing.TB, s *harness.Server, options ...string) key {
	t.Helper()
	printed := s.Operate(append([]string{"iam", "create-access-key"}, options...)...)
	found := keyPattern.FindStringSubmatch(printed)
	if found == nil {
		t.Fatal("the new key is not printed as it was")
	}
	return key{ID: found[1], Secret: found[2]}
}

// peopleOfTwoSystems have ids by which other systems know them, one of which two people have: no call of a service sets any.
const peopleOfTwoSystems = `
format: 2
groups: []
accounts: []
permissionSets: []
assignments: []
users:
  - {userName: only, givenName: A, familyName: Person, externalIds: [{issuer: "https://a.example.com", id: "1"}]}
  - {userName: this.one, givenName: A, familyName: Person, externalIds: [{issuer: "https://a.example.com", id: "2"}]}
  - {userName: that.one, givenName: A, familyName: Person, externalIds: [{issuer: "https://b.example.com", id: "2"}]}
`

// An identifier that two people have names neither.
func TestAssertionsNameExactlyOnePerson(t *testing.T) {
	server := harness.Start(t)
	file := filepath.Join(t.TempDir(), "directory.yaml")
	if err := os.WriteFile(file, []byte(peopleOfTwoSystems), 0o600); err != nil {
		t.Fatal(err)
	}
	server.Operate("apply", "-f", file)
	w := newWorld(&party{T: t, server: server, client: goSDK{}})
	w.must(api.UpdateTrustedTokenIssuer.Operation, members{
		"TrustedTokenIssuerArn": w.trustedIssuer, "TrustedTokenIssuerConfiguration": members{"OidcJwtConfiguration": members{
			"ClaimAttributePath": "employee", "IdentityStoreAttributePath": "externalIds.value",
		}},
	})
	w.must(api.PutApplicationAssignmentConfiguration.Operation, members{"ApplicationArn": w.reports, "AssignmentRequired": false})
	withEveryClient(t, w, func(p *party) {
		p.must(createTokenWithIAM, p.world.bearerOf(harness.ECKeyID, map[string]any{"employee": "1"}))
		p.mustRefuse(invalidGrant, createTokenWithIAM, p.world.bearerOf(harness.ECKeyID, map[string]any{"employee": "2"}))
	})
}
