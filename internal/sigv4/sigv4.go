// Package sigv4 owns AWS Signature Version 4: it reads what a request claims about its signer, tells whether the claim is
// true, and signs requests of our own.
//
// It leaves to others whose key it is. A caller parses a request, looks up the secret of Claim.AccessKeyID, checks that
// Claim.SessionToken belongs to that key and is alive, and calls Verify. The rims map an Error's Reason to the exception
// of their protocol (aws-facts "names for authentication failures"), and decide whether a route needs a signature at all.
//
// The verifier recomputes the canonical request from the client's own list of signed headers and from the request target
// as it came over the wire, never from a cleaned copy of it. A target that a signer and a router could read differently is
// refused, so the bytes that were signed are the bytes that are routed. The payload is hashed from the body received; the
// hash that the client states is only compared.
package sigv4

import (
	"fmt"
	"log/slog"
	"time"
)

// The words of the protocol.
const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeLayout = "20060102T150405Z"
	dateLayout = "20060102"

	headerAuthorization = "authorization"
	headerContentSHA256 = "x-amz-content-sha256"
	headerContentType   = "content-type"
	headerDate          = "x-amz-date"
	headerHost          = "host"
	headerToken         = "x-amz-security-token"
	amzHeaderPrefix     = "x-amz-"

	queryAlgorithm     = "X-Amz-Algorithm"
	queryContentSHA256 = "X-Amz-Content-Sha256"
	queryCredential    = "X-Amz-Credential"
	queryDate          = "X-Amz-Date"
	queryExpires       = "X-Amz-Expires"
	querySignature     = "X-Amz-Signature"
	querySignedHeaders = "X-Amz-SignedHeaders"
	queryToken         = "X-Amz-Security-Token"
)

// Bounds on what an unauthenticated caller can make us parse. The longest honest values seen are far below each.
const (
	maxAuthorization = 4 << 10  // an honest header is about 300 bytes; 64 long names would be 2 KiB
	maxSignedHeaders = 64       // the official SDKs sign at most 12
	maxTarget        = 32 << 10 // a presigned URL carries a session token, which may reach some KiB
	maxParams        = 256      // the STS operations take fewer than 100 members
	maxSessionToken  = 16 << 10 // AWS promises no limit; ours are about 1 KiB
	maxAccessKeyID   = 128      // STS model, accessKeyIdType
	maxScopePart     = 64       // the longest AWS Region name has 14 letters
)

// Defaults of a Policy.
const (
	// DefaultSkew is how far a client's clock may be off (aws-facts "tolerance").
	DefaultSkew = 5 * time.Minute
	// DefaultMaxPresign is the longest life of a presigned URL that SigV4 allows.
	DefaultMaxPresign = 7 * 24 * time.Hour
	// presignWithoutExpiry is the life of a presigned request that names none, as those of the Go SDK's presigner for STS.
	presignWithoutExpiry = 15 * time.Minute
)

// Policy says which signatures a route accepts. Service must be set; the zero values of the rest are usable.
type Policy struct {
	Service        string        // the signing name of the dispatched service; no other service's signature is accepted
	Regions        []string      // Regions of which the scope must name one; empty: any
	Hosts          []string      // hosts, with port where there is one, of which Host must be one; empty: any
	Skew           time.Duration // tolerance for the client's clock, DefaultSkew when zero
	AllowPresigned bool          // whether the query may carry the signature instead of the Authorization header
	MaxPresign     time.Duration // longest X-Amz-Expires, DefaultMaxPresign when zero
	PresignLife    time.Duration // how long a presigned request lives whatever X-Amz-Expires it bears; zero: as long as that says
}

func (p Policy) skew() time.Duration {
	if p.Skew == 0 {
		return DefaultSkew
	}
	return p.Skew
}

func (p Policy) maxPresign() time.Duration {
	if p.MaxPresign == 0 {
		return DefaultMaxPresign
	}
	return p.MaxPresign
}

// Credentials are what a signer has. SessionToken is empty for a long-term key.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string `json:"-"`
	SessionToken    string `json:"-"`
}

// Format prints the key id and nothing else under every verb, so that no log line can hold the secret.
func (c Credentials) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "credentials of %s", c.AccessKeyID) }

// LogValue keeps the secret out of structured logs.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.AccessKeyID) }

// Reason is the class of a refusal; the rims turn it into the exception of their protocol.
type Reason string

// The reasons why a request is not accepted as signed.
const (
	Missing      Reason = "missing"       // no signature was sent where one is accepted
	Incomplete   Reason = "incomplete"    // a signature was sent, but it is malformed or covers too little
	NotCanonical Reason = "not canonical" // the request target could be read in two ways
	WrongScope   Reason = "wrong scope"   // signed for another service, Region, day or host
	Expired      Reason = "expired"       // signed too long ago
	NotYet       Reason = "not yet"       // signed in the future
	UnknownKey   Reason = "unknown key"   // the caller knows no such key
	Mismatch     Reason = "mismatch"      // the signature or payload hash is not that of this request
)

// Error is a refusal. Message is for the client: it says what to do and holds nothing that the client did not send.
type Error struct {
	Reason  Reason
	Message string
}

func (e *Error) Error() string { return "sigv4: " + string(e.Reason) + ": " + e.Message }

func refuse(reason Reason, format string, args ...any) error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
