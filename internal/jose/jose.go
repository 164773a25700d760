// Package jose is the strict front for compact JWS (RFC 7515) and JWK sets (RFC 7517): every signed token that somebody
// else issued goes through Parse and Verify, and every published key through ParseSet.
//
// It owns framing, base64url, the rules of the header, the allow-list of algorithms, which keys are fit to be used, and
// the choice of the one key that a token may be verified with. The cryptography behind it is the standard library's. It
// accepts less than the RFCs let a reader accept: no JSON serialization, no encryption, no unsigned or symmetrically
// signed tokens, no critical extensions, and no key or address of a key that a token brings along.
//
// What the claims of a token mean is internal/assertion's business, and so is where keys come from.
package jose

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"sallyport/internal/strictjson"
)

// MaxTokenBytes bounds a token before anything of it is decoded. STS takes 20,000 characters of WebIdentityToken, which is
// the longest that any operation of ours takes.
const MaxTokenBytes = 20_000

// The bounds of the JSON inside a token. Headers hold a handful of members, and certificate chains at most; claims hold
// the roles and groups of a person. Both are far from what they meet in practice, and near enough to bound the work.
var (
	headerLimits = strictjson.Limits{Bytes: MaxTokenBytes, Depth: 4, Members: 64}
	claimLimits  = strictjson.Limits{Bytes: MaxTokenBytes, Depth: 16, Members: 1_000}
)

// Reason says which check refused.
type Reason uint8

// The reasons, in the order in which the checks are made.
const (
	Malformed  Reason = iota + 1 // not a compact JWS, or its header breaks a rule
	Unlisted                     // the algorithm is not among those that the caller allows
	WrongType                    // the token says that it is one of another kind
	NoKey                        // no usable key of the set fits the token
	ManyKeys                     // more than one fits, so the choice would be a guess
	Mismatched                   // the signature does not verify
)

// Error is a refusal. Msg is a sentence of this package's own and holds nothing of the token.
type Error struct {
	Reason Reason
	Msg    string
}

func (e *Error) Error() string { return e.Msg }

func refuse(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Msg: fmt.Sprintf(format, args...)}
}

// Rules are what a caller accepts.
type Rules struct {
	Algorithms []Algorithm // those allowed; none means that every token is refused
	Types      []string    // values of typ in lower case and without "application/"; a token without typ is accepted
	MaxBytes   int         // length of the token; zero means MaxTokenBytes
}

// Header is what a token says of itself that we act upon (RFC 7515 §4.1).
type Header struct {
	Algorithm Algorithm
	KeyID     string // "" if it names none; a header with an empty kid is refused
	Type      string // as sent
}

// Token is a parsed token. Nothing in it may be believed before Verify has accepted it.
type Token struct {
	Header  Header
	Payload []byte
	// Input is what was signed: header and payload as they were sent (RFC 7515 §5.2). Since their encoding is canonical it
	// identifies the token, which its signature does not: whoever sees an ECDSA signature can make a second one from it.
	Input     string
	signature []byte
}

// Parse reads a compact JWS (RFC 7515 §7.1) without verifying it. Every error is an *Error.
func Parse(token string, rules Rules) (*Token, error) {
	if limit := rules.limit(); len(token) > limit {
		return nil, refuse(Malformed, "The token has %d bytes; at most %d are accepted.", len(token), limit)
	}
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, complete := strings.Cut(rest, ".")
	if !complete || strings.Contains(signature, ".") {
		return nil, refuse(Malformed, "The token is not three parts with dots between them.")
	}
	t := &Token{Input: token[:len(header)+1+len(payload)]}
	raw, ok := decode(header)
	if !ok {
		return nil, refuse(Malformed, "The first part of the token is not canonical base64url without padding.")
	}
	if t.Payload, ok = decode(payload); !ok {
		return nil, refuse(Malformed, "The second part of the token is not canonical base64url without padding.")
	}
	if t.signature, ok = decode(signature); !ok || len(signature) == 0 {
		return nil, refuse(Malformed, "The signature of the token is missing, or not canonical base64url without padding.")
	}
	var err error
	t.Header, err = rules.header(raw)
	return t, err
}

func (r Rules) limit() int {
	if r.MaxBytes > 0 {
		return r.MaxBytes
	}
	return MaxTokenBytes
}

// strict decodes base64url without padding (RFC 7515 §2) and refuses bits that the last character leaves over, so that no
// two texts decode to the same bytes. It still skips line ends, which decode looks for.
var strict = base64.RawURLEncoding.Strict()

func decode(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	raw, err := strict.DecodeString(text)
	return raw, err == nil
}

// neverHeld are the header members that refuse a token wherever they stand, with what is wrong about them. Not among them are
// jwk, jku, x5u and x5c, by which a token says what it wants to be verified with: some issuers send them with every token, and
// nothing here reads them (RFC 8725 §3.10).
var neverHeld = []struct{ name, why string }{
	{"crit", "names extensions that must be understood, and none is"}, // RFC 7515 §4.1.11
	{"b64", "would change how the payload is encoded"},                // RFC 7797
	{"cty", "says that the payload is another token or document"},     // RFC 7519 §5.2
}

// header reads the protected header and holds it against the rules.
func (r Rules) header(raw []byte) (Header, error) {
	v, err := strictjson.Parse(raw, headerLimits)
	if err != nil {
		return Header{}, refuse(Malformed, "The header of the token is not acceptable: %v.", err)
	}
	if v.Kind() != strictjson.Object {
		return Header{}, refuse(Malformed, "The header of the token is not a JSON object.")
	}
	for _, never := range neverHeld {
		if _, found := v.Get(never.name); found {
			return Header{}, refuse(Malformed, "The header of the token has %s, which %s.", never.name, never.why)
		}
	}
	h, err := readHeader(v)
	if err != nil {
		return Header{}, err
	}
	if !slices.Contains(r.Algorithms, h.Algorithm) || schemes[h.Algorithm] == nil {
		return h, refuse(Unlisted, "The token is not signed with an algorithm that is accepted here.")
	}
	if h.Type != "" && !slices.Contains(r.Types, mediaType(h.Type)) {
		return h, refuse(WrongType, "The header of the token says in typ that it is a token of another kind.")
	}
	return h, nil
}

// readHeader takes the members that are strings: alg, which is required, kid and typ.
func readHeader(v strictjson.Value) (h Header, err error) {
	var algorithm string
	for _, m := range []struct {
		name string
		into *string
	}{{"alg", &algorithm}, {"kid", &h.KeyID}, {"typ", &h.Type}} {
		member, found := v.Get(m.name)
		if !found {
			continue
		}
		if *m.into = member.Text(); *m.into == "" {
			return h, refuse(Malformed, "The header of the token has %s, which is not a string or is empty.", m.name)
		}
	}
	if h.Algorithm = Algorithm(algorithm); algorithm == "" {
		return h, refuse(Malformed, "The header of the token has no alg.")
	}
	return h, nil
}

// mediaType is the value of typ in the form in which such values are compared (RFC 7515 §4.1.9): without the prefix that
// may be left out, and in lower case. Only ASCII letters are folded: nothing else can make a value equal to one of ours.
func mediaType(typ string) string {
	lower := []byte(typ)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + ('a' - 'A')
		}
	}
	return strings.TrimPrefix(string(lower), "application/")
}

// Claims parses the payload as a JWT claims set (RFC 7519 §7.2). It may be asked before Verify, to learn whose keys are
// needed, but nothing of it may be believed until then.
func (t *Token) Claims() (strictjson.Value, error) {
	v, err := strictjson.Parse(t.Payload, claimLimits)
	if err != nil {
		return v, refuse(Malformed, "The claims of the token are not acceptable: %v.", err)
	}
	if v.Kind() != strictjson.Object {
		return v, refuse(Malformed, "The claims of the token are not a JSON object.")
	}
	return v, nil
}

// Verify checks the signature with the one key of the set that fits the header. Every error is an *Error.
func (t *Token) Verify(set *Set) error {
	key, err := set.find(t.Header)
	if err != nil {
		return err
	}
	if !schemes[t.Header.Algorithm].verify(key.public, t.Input, t.signature) {
		return refuse(Mismatched, "The signature of the token does not match its contents.")
	}
	return nil
}
