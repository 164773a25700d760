package assertion

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/strictjson"
	"sallyport/internal/trace"
)

// Claims are the verified claims of an assertion (RFC 7519 §4.1).
type Claims struct {
	Issuer    string
	Subject   string
	Audiences []string // all that aud names
	Audience  string   // the first of them that was wanted
	ExpiresAt time.Time
	IssuedAt  time.Time // zero if the assertion has no iat
	ID        string    // jti, "" if it has none
	// EmailVerified is whether email_verified is the boolean true.
	EmailVerified bool

	members    strictjson.Value
	input      string // what was signed
	trustEmail bool
}

// Member finds a claim by its exact name, for callers that take more than a string from it.
func (c Claims) Member(name string) (strictjson.Value, bool) { return c.members.Get(name) }

// claims reads and checks all that every assertion has to have. It is handed what the issuer has signed.
func (v *Verifier) claims(ctx context.Context, body strictjson.Value, want Expectations) (c Claims, refusal *Refusal) {
	t := trace.From(ctx)
	c = Claims{members: body}
	issuer, _ := body.Get("iss")
	verified, _ := body.Get("email_verified")
	c.Issuer, c.EmailVerified = issuer.Text(), verified.Bool()
	if refusal = c.readSubject(); refusal != nil {
		return c, refusal
	}
	t.Pass(Subject.String(), "sub is %s", trace.Digest(c.Subject))
	if refusal = c.readAudience(want.Audiences); refusal != nil {
		return c, refusal
	}
	t.Pass(Audience.String(), "%s", c.Audience)
	if refusal = c.readID(); refusal != nil {
		return c, refusal
	}
	now := v.now()
	if refusal = c.readTimes(now, v.maxLifetime); refusal != nil {
		return c, refusal
	}
	t.Pass(Expired.String(), "expires in %s", c.ExpiresAt.Sub(now).Round(time.Second))
	return c, nil
}

// clean tells whether text can be kept and compared everywhere: control characters cannot, and mean nothing in a name.
func clean(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func (c *Claims) readSubject() *Refusal {
	subject, _ := c.members.Get("sub")
	c.Subject = subject.Text()
	switch {
	case c.Subject == "":
		return refuse(Subject, "The assertion has no sub, or one that is not a string.")
	case len(c.Subject) > maxSubjectBytes || !clean(c.Subject):
		return refuse(Subject, "The sub of the assertion is longer than %d bytes, or has control characters.", maxSubjectBytes)
	}
	return nil
}

// readAudience takes a string or a list of strings (RFC 7519 §4.1.3), none of them empty.
func (c *Claims) readAudience(wanted []string) *Refusal {
	audience, _ := c.members.Get("aud")
	items := audience.Items()
	if audience.Kind() == strictjson.String {
		items = []strictjson.Value{audience}
	}
	for _, item := range items {
		if item.Text() == "" {
			return refuse(Audience, "The aud of the assertion has a value that is not a string, or is empty.")
		}
		c.Audiences = append(c.Audiences, item.Text())
	}
	at := slices.IndexFunc(c.Audiences, func(a string) bool { return slices.Contains(wanted, a) })
	if at < 0 {
		refusal := refuse(Audience, "The assertion is not made for an audience that is authorized here.").
			detail("aud is %q, authorized are %q", c.Audiences, wanted)
		refusal.Audiences = c.Audiences
		return refusal
	}
	c.Audience = c.Audiences[at]
	return nil
}

func (c *Claims) readID() *Refusal {
	id, found := c.members.Get("jti")
	if c.ID = id.Text(); found && c.ID == "" {
		return refuse(Malformed, "The jti of the assertion is not a string, or is empty.")
	}
	return nil
}

// readTimes checks that the assertion is made for this moment, give or take Leeway. By RFC 7519 §4.1.4 it may not be accepted on
// or after its exp, so it is over when Leeway has passed since then; nbf and iat may lie ahead by all of Leeway.
func (c *Claims) readTimes(now time.Time, maxLifetime time.Duration) *Refusal {
	var notBefore time.Time
	for _, m := range []struct {
		name string
		into *time.Time
	}{{"exp", &c.ExpiresAt}, {"nbf", &notBefore}, {"iat", &c.IssuedAt}} {
		member, found := c.members.Get(m.name)
		moment, ok := numericDate(member)
		if found && !ok {
			return refuse(Malformed, "The %s of the assertion is not a number of seconds since 1970.", m.name)
		}
		*m.into = moment
	}
	switch {
	case c.ExpiresAt.IsZero():
		return refuse(Expired, "The assertion has no exp.")
	case !now.Before(c.ExpiresAt.Add(Leeway)):
		return refuse(Expired, "The assertion has expired.").detail("exp was %s ago, by the clock of this server", now.Sub(c.ExpiresAt))
	case notBefore.After(now.Add(Leeway)):
		return refuse(NotYet, "The assertion is not valid yet.").detail("nbf is %s ahead of the clock of this server", notBefore.Sub(now))
	case c.IssuedAt.After(now.Add(Leeway)):
		return refuse(NotYet, "The assertion was issued in the future.").detail("iat is %s ahead of the clock of this server", c.IssuedAt.Sub(now))
	}
	from := now
	if !c.IssuedAt.IsZero() {
		from = c.IssuedAt
	}
	if life := c.ExpiresAt.Sub(from); life > maxLifetime {
		return refuse(Lifetime, "The assertion is valid for longer than %s.", maxLifetime).detail("it is valid for %s, at most %s", life, maxLifetime)
	}
	return nil
}

// The bounds of a NumericDate: the end of the year 9999, and as many digits as anybody needs to name it.
const (
	maxNumericDate      = 253_402_300_799
	maxNumericDateBytes = 32
)

// numericDate reads seconds since 1970, with or without fraction (RFC 7519 §2). An absent or unreadable value is the zero time.
func numericDate(v strictjson.Value) (moment time.Time, ok bool) {
	literal := v.Number()
	if literal == "" || len(literal) > maxNumericDateBytes {
		return moment, false
	}
	seconds, err := strconv.ParseFloat(literal, 64)
	if err != nil || seconds < 0 || seconds > maxNumericDate {
		return moment, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), true
}

// Value is the claim at a path, as ClaimAttributePath of a trusted token issuer names it: the claim of exactly that name if there is
// one, otherwise the value that is found going from object to object at the dots. Underscores are letters of a name. It has to be a
// string, and an e-mail address has to be verified. Every error is a *Refusal.
func (c Claims) Value(ctx context.Context, path string) (string, error) {
	value, refusal := c.value(path)
	if refusal != nil {
		refusal.note(ctx)
		return "", refusal
	}
	trace.From(ctx).Pass(Claim.String(), "%s is %s", path, trace.Digest(value))
	return value, nil
}

func (c Claims) value(path string) (string, *Refusal) {
	holder, name := c.members, path
	if _, literal := holder.Get(path); !literal {
		for above, rest, deeper := strings.Cut(path, "."); deeper; above, rest, deeper = strings.Cut(rest, ".") {
			holder, _ = holder.Get(above)
			name = rest
		}
	}
	found, _ := holder.Get(name)
	value := found.Text()
	if value == "" || len(value) > maxValueBytes || !clean(value) {
		return "", refuse(Claim, "The assertion has no claim %s that is a string and not empty.", path).
			detail("%s is %s; it has to be a string of 1 to %d bytes without control characters", path, describe(holder, name), maxValueBytes)
	}
	if name == "email" && !c.verified(holder) {
		said := describe(holder, "email_verified")
		refusal := refuse(EmailUnverified, "The assertion does not say that its e-mail address is verified: email_verified has to be true.").
			detail("email_verified beside %s is %s", path, said)
		if said == missing {
			refusal.mended(byTrust)
		}
		return "", refusal
	}
	return value, nil
}

// missing is how describe tells that there is no such member.
const missing = "missing"

// verified tells whether email_verified (OpenID Connect Core §5.1) stands beside an address as the boolean true. The text "true" is not
// it: who coerces one spelling soon coerces another.
func (c Claims) verified(holder strictjson.Value) bool {
	said, found := holder.Get("email_verified")
	return said.Bool() || !found && c.trustEmail
}

// describe tells what a member is without telling its value.
func describe(holder strictjson.Value, name string) string {
	v, found := holder.Get(name)
	if !found {
		return missing
	}
	if v.Kind() == strictjson.Bool {
		return strconv.FormatBool(v.Bool())
	}
	return "of kind " + v.Kind().String()
}

// Replay is by what an assertion is recognised when it comes a second time. Whoever takes assertions once keeps a row for each
// of the two, in the transaction that honours it.
type Replay struct {
	ID    string    // digest of issuer and jti; "" if the assertion has no jti
	Input string    // digest of what was signed
	Until time.Time // when the assertion is refused as expired by the clock of every node, and may be forgotten
	Since time.Time // before which it cannot have been issued, by whichever clock
}

// forgetAfter is for how long an assertion that this node refuses as expired is remembered. Another node, whose clock is behind, may still take
// it, and so may this one when its clock is set back.
const forgetAfter = 10 * time.Minute

// Replay identifies the assertion. Its signature has no part in that: whoever sees one of ECDSA can make another that verifies as
// well. Header and claims can be spelled in one way only, so their text is the assertion.
func (c Claims) Replay() Replay {
	r := Replay{Input: digest("input", c.input), Until: c.ExpiresAt.Add(Leeway + forgetAfter), Since: c.IssuedAt.Add(-Leeway)}
	if c.IssuedAt.IsZero() {
		r.Since = c.ExpiresAt.Add(-DefaultLifetime - Leeway)
	}
	if c.ID != "" {
		r.ID = digest("jti", c.Issuer, c.ID)
	}
	return r
}

// digest is of texts whose ends are marked, so that no two lists have the same.
func digest(texts ...string) string {
	h := sha256.New()
	for _, text := range texts {
		io.WriteString(h, strconv.Itoa(len(text))+":")
		io.WriteString(h, text)
	}
	return hex.EncodeToString(h.Sum(nil))
}
