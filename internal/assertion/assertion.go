// Package assertion verifies the JWTs of OpenID providers that the directory trusts: assertions of the JWT bearer grant
// (RFC 7523), and the web identity tokens of STS.
//
// It owns where an issuer's keys come from (OpenID Connect Discovery), how long they are believed, and the rules that all
// claims obey. The form of tokens and keys is internal/jose's, the way to the issuer internal/fetch's. Which issuers and
// audiences are trusted is decided by the rooms that ask, and so is who the subject is. Single use is theirs to keep; what
// identifies an assertion for it is Claims.Replay.
//
// Every check is written into the trace of the context. Refusals say what is wrong with what the caller sent; addresses and
// troubles of the issuer stand in the trace alone.
package assertion

import (
	"context"
	"errors"
	"time"

	"sallyport/internal/fetch"
	"sallyport/internal/jose"
	"sallyport/internal/strictjson"
	"sallyport/internal/trace"
)

const (
	// Leeway is how far the clocks of an issuer and ours may be apart, wherever two moments are compared.
	Leeway = 60 * time.Second
	// DefaultLifetime is the longest life of an assertion, from its iat, or from now if it has none, to its exp. A day is what
	// the longest-lived tokens of the common providers may be set to; it bounds how long a replay is remembered.
	DefaultLifetime = 24 * time.Hour
	// MaxBytes is the length of the longest assertion that is looked at.
	MaxBytes = jose.MaxTokenBytes
	// maxSubjectBytes is OpenID Connect Core §2's, for sub.
	maxSubjectBytes = 255
	// maxValueBytes is as much as an attribute of a user may have.
	maxValueBytes = 1024
)

// Options are what a verifier needs.
type Options struct {
	// Fetch goes to the issuers; nil means a client that reaches public addresses only.
	Fetch *fetch.Client
	// Now is the server's clock, by which assertions expire and keys grow old.
	Now func() time.Time
	// MaxLifetime is the longest life of an assertion; zero means DefaultLifetime.
	MaxLifetime time.Duration
}

// Verifier verifies assertions and keeps the keys of their issuers. It may be used by many goroutines.
type Verifier struct {
	now         func() time.Time
	maxLifetime time.Duration
	cache       *cache
}

// New makes a verifier.
func New(options Options) *Verifier {
	if options.MaxLifetime <= 0 {
		options.MaxLifetime = DefaultLifetime
	}
	if options.Fetch == nil {
		options.Fetch = fetch.New(fetch.Options{})
	}
	return &Verifier{now: options.Now, maxLifetime: options.MaxLifetime, cache: newCache(options.Fetch, options.Now)}
}

// Issuer is a provider whose assertions are trusted.
type Issuer struct {
	URL  string // what iss has to be, byte for byte, and where discovery begins
	JWKS []byte // its keys, if they are configured; nothing is fetched if there are any
	// TrustEmail takes an e-mail address from claims that say nothing about its verification, of a provider that verifies
	// every address and does not say so. An address that is said to be unverified is never taken.
	TrustEmail bool
}

// Expectations are what the caller wants of one assertion.
type Expectations struct {
	Audiences []string // one of which aud has to name; an empty list accepts nothing
}

// types are the values of typ that an assertion may have: an ID token's, and an access token's (RFC 9068 §2.1). Other kinds
// of token that an issuer signs are not assertions, whatever their claims say (RFC 8725 §3.11).
var types = []string{"jwt", "at+jwt"}

func parse(token string) (*jose.Token, strictjson.Value, *Refusal) {
	parsed, err := jose.Parse(token, jose.Rules{Algorithms: jose.Algorithms(), Types: types, MaxBytes: MaxBytes})
	if err != nil {
		return nil, strictjson.Value{}, fromJOSE(err)
	}
	claims, err := parsed.Claims()
	if err != nil {
		return nil, strictjson.Value{}, fromJOSE(err)
	}
	return parsed, claims, nil
}

// Peeked is an assertion that was read and not verified: all of it is what the sender wrote.
type Peeked struct {
	Issuer string // who it says that it is from

	token  *jose.Token
	claims strictjson.Value
	bytes  int
}

// Peek reads an assertion, so that the caller can look up whether its issuer is trusted. Only VerifyPeeked tells whether what it says is true.
// Every error is a *Refusal.
func Peek(token string) (Peeked, error) {
	p, refusal := peek(token)
	if refusal != nil {
		return Peeked{}, refusal
	}
	return p, nil
}

func peek(token string) (Peeked, *Refusal) {
	parsed, claims, refusal := parse(token)
	if refusal != nil {
		return Peeked{}, refusal
	}
	issuer, refusal := issuerOf(claims)
	return Peeked{Issuer: issuer, token: parsed, claims: claims, bytes: len(token)}, refusal
}

// PeekIssuer is Peek for who wants the issuer alone.
func PeekIssuer(token string) (string, error) {
	p, err := Peek(token)
	return p.Issuer, err
}

func issuerOf(claims strictjson.Value) (string, *Refusal) {
	issuer, _ := claims.Get("iss")
	if issuer.Text() == "" {
		return "", refuse(OtherIssuer, "The assertion has no iss, or one that is not a string.")
	}
	return issuer.Text(), nil
}

// Verify accepts an assertion of the issuer, made for one of the audiences, now. Every error is a *Refusal.
func (v *Verifier) Verify(ctx context.Context, token string, issuer Issuer, want Expectations) (Claims, error) {
	p, refusal := peek(token)
	if refusal != nil {
		refusal.note(ctx)
		return Claims{}, refusal
	}
	return v.VerifyPeeked(ctx, p, issuer, want)
}

// VerifyPeeked is Verify for an assertion that was read already.
func (v *Verifier) VerifyPeeked(ctx context.Context, p Peeked, issuer Issuer, want Expectations) (Claims, error) {
	claims, refusal := v.verify(ctx, p, issuer, want)
	if refusal != nil {
		refusal.note(ctx)
		return Claims{}, refusal
	}
	return claims, nil
}

// What no command does, because it is in the settings and counts from the next start on. Whoever takes these for commands changes nothing.
const (
	byNetwork = "in the settings, add the network of this address to issuer_networks if the issuer is one of your own, and start the server again"
	byTrust   = "in the settings, put trust_email: true if the issuer verifies every address and does not say so, and start the server again"
)

// verify makes the checks in their one order: nothing is fetched for a token that does not name the issuer, and nothing is said
// about claims that the issuer did not sign.
func (v *Verifier) verify(ctx context.Context, p Peeked, issuer Issuer, want Expectations) (Claims, *Refusal) {
	t := trace.From(ctx)
	t.Pass(Malformed.String(), "a JWT of %d bytes, signed with %s by key %q", p.bytes, p.token.Header.Algorithm, p.token.Header.KeyID)
	if p.Issuer != issuer.URL {
		return Claims{}, refuse(OtherIssuer, "The assertion is not from the issuer that was expected.").detail("iss is %q, expected %q", p.Issuer, issuer.URL)
	}
	t.Pass(OtherIssuer.String(), "%s", p.Issuer)
	if refusal := v.signature(ctx, p.token, issuer); refusal != nil {
		return Claims{}, refusal
	}
	claims, refusal := v.claims(ctx, p.claims, want)
	claims.input, claims.trustEmail = p.token.Input, issuer.TrustEmail
	return claims, refusal
}

// signature verifies with the keys of the issuer. Where none fits, the keys are fetched once more, as often as the cache allows:
// an issuer that rotates its keys signs with the new one at once.
func (v *Verifier) signature(ctx context.Context, token *jose.Token, issuer Issuer) *Refusal {
	t := trace.From(ctx)
	keys, refusal := v.keys(ctx, issuer)
	if refusal != nil {
		return refusal
	}
	err := token.Verify(keys.set)
	if noKey(err) && len(issuer.JWKS) == 0 {
		if renewed, ok := v.cache.renewed(ctx, issuer.URL, keys.set); ok {
			t.Note("keys", "fetched again, since no key fitted")
			keys = renewed
			err = token.Verify(keys.set)
		}
	}
	t.Note("keys", "%s", keys.describe(v.now()))
	if err != nil {
		return fromJOSE(err).detail("%v %s", err, keys.whyIgnored(token.Header.KeyID))
	}
	t.Pass(Signature.String(), "verified with %s", token.Header.Algorithm)
	return nil
}

func noKey(err error) bool {
	var refusal *jose.Error
	return errors.As(err, &refusal) && refusal.Reason == jose.NoKey
}

// keys are the configured ones, or those that the issuer publishes.
func (v *Verifier) keys(ctx context.Context, issuer Issuer) (keySet, *Refusal) {
	if len(issuer.JWKS) > 0 {
		set, err := v.cache.static(issuer.JWKS)
		if err != nil {
			return keySet{}, refuse(IssuerUnreachable, "The keys that are configured for the issuer cannot be used.").detail("%v", err)
		}
		return keySet{set: set}, nil
	}
	keys, err := v.cache.keys(ctx, issuer.URL)
	if err != nil {
		refusal := refuse(IssuerUnreachable, "The keys of the issuer cannot be fetched at the moment. Try again in a minute.").detail("%v", err)
		if failure := (*fetch.Error)(nil); errors.As(err, &failure) && failure.Rule == fetch.RuleAddress {
			refusal.mended(byNetwork)
		}
		return keySet{}, refusal
	}
	return keys, nil
}
