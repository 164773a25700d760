package assertion

import (
	"context"
	"errors"
	"fmt"

	"sallyport/internal/jose"
	"sallyport/internal/trace"
)

// Reason says which check refused an assertion.
type Reason uint8

// The reasons, in the order in which the checks are made.
const (
	Malformed         Reason = iota + 1 // not a JWT, or one of another kind, or a claim of the wrong kind
	Algorithm                           // signed in a way that is not accepted, or not at all
	OtherIssuer                         // iss is missing, or somebody else's
	IssuerUnreachable                   // the keys of the issuer cannot be had
	UnknownKey                          // no key of the issuer fits, or more than one
	Signature                           // the signature is not the issuer's
	Subject                             // sub is missing, or not usable
	Audience                            // aud is missing, or names none of those that are wanted
	Expired                             // exp is missing or over
	NotYet                              // nbf or iat lies in the future
	Lifetime                            // the assertion lives too long
	Claim                               // the mapped claim is missing, or is not a usable string
	EmailUnverified                     // the mapped claim is an e-mail address that the issuer has not verified
)

// checks are the names of the checks in traces.
var checks = [...]string{
	Malformed: "form", Algorithm: "algorithm", OtherIssuer: "issuer", IssuerUnreachable: "issuer's keys", UnknownKey: "key", Signature: "signature",
	Subject: "subject", Audience: "audience", Expired: "expiry", NotYet: "not before", Lifetime: "lifetime", Claim: "claim",
	EmailUnverified: "email verified",
}

// String is the name of the check.
func (r Reason) String() string {
	if int(r) < len(checks) && checks[r] != "" {
		return checks[r]
	}
	return "unknown"
}

// Refusal is why an assertion is not accepted.
type Refusal struct {
	Reason  Reason
	Message string // a sentence for whoever sent the assertion
	// Audiences are all that aud names, where Reason is Audience. The issuer has signed them.
	Audiences []string
	more      string // for the trace
	fix       string // as well: what would mend it, if there is anything
}

func (r *Refusal) Error() string { return r.Message }

func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// detail adds what operators may read and callers may not.
func (r *Refusal) detail(format string, args ...any) *Refusal {
	r.more = fmt.Sprintf(format, args...)
	return r
}

// mended adds what an operator could do about it.
func (r *Refusal) mended(by string) *Refusal {
	r.fix = by
	return r
}

// note writes the refusal into the trace.
func (r *Refusal) note(ctx context.Context) {
	if r.more == "" {
		r.more = r.Message
	}
	t := trace.From(ctx)
	t.Fail(r.Reason.String(), "%s", r.more)
	if r.fix != "" {
		t.Fix("%s", r.fix)
	}
}

// joseReasons are what the refusals of a token's form and signature are here.
var joseReasons = map[jose.Reason]Reason{
	jose.Malformed: Malformed, jose.WrongType: Malformed, jose.Unlisted: Algorithm, jose.NoKey: UnknownKey, jose.ManyKeys: UnknownKey,
	jose.Mismatched: Signature,
}

// fromJOSE turns an error of jose, all of which are *jose.Error, whose sentences are fit for callers.
func fromJOSE(err error) *Refusal {
	var refusal *jose.Error
	if errors.As(err, &refusal) {
		return refuse(joseReasons[refusal.Reason], "%s", refusal.Msg)
	}
	return refuse(Malformed, "The assertion cannot be read.")
}
