package sigv4

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Claim is what a request says about its signer, well formed and within the policy but not yet verified. It is bound to
// the request and policy it was parsed with.
type Claim struct {
	AccessKeyID   string
	Date          string // of the scope, yyyymmdd
	Region        string
	Service       string
	SignedHeaders []string
	SessionToken  string        `json:"-"` // empty when none was sent; the caller checks that it belongs to the key
	Time          time.Time     // when the client says it signed
	Presigned     bool          // whether the query carried the signature
	Lifetime      time.Duration // of a presigned request, from Time on

	signature   [sha256.Size]byte
	payloadHash string // as stated by the client, empty when not stated
	message     *message
	skew        time.Duration
}

// Format prints key and scope and nothing else under every verb, so that no log line can hold the session token. Its
// receiver is a value, so that copies are printed in the same way.
func (c Claim) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "claim of %s/%s", c.AccessKeyID, c.scope())
}

// LogValue keeps the session token out of structured logs.
func (c Claim) LogValue() slog.Value { return slog.StringValue(c.AccessKeyID + "/" + c.scope()) }

func (c Claim) scope() string { return scope(c.Date, c.Region, c.Service) }

func scope(date, region, service string) string {
	return date + "/" + region + "/" + service + "/" + terminator
}

// parts are the texts of a claim, found in the Authorization header or in the query.
type parts struct {
	credential, signedHeaders, signature string
	date, token, payloadHash             string
}

// Parse reads the claim of a request from its Authorization header or, where the policy allows, from its query. Its error
// is an *Error. It needs neither the body nor a key, so a request can be refused before either is fetched.
func Parse(r *http.Request, policy Policy) (*Claim, error) {
	m, err := read(r)
	if err != nil {
		return nil, err
	}
	if err := checkSingles(m); err != nil {
		return nil, err
	}
	c := &Claim{message: m, skew: policy.skew()}
	p, err := c.findParts(policy)
	if err != nil {
		return nil, err
	}
	if err := c.readParts(p); err != nil {
		return nil, err
	}
	if err := checkSignedHeaders(m, c); err != nil {
		return nil, err
	}
	if err := checkScope(c, policy); err != nil {
		return nil, err
	}
	return c, nil
}

// checkSingles refuses headers that may occur once and occur more often: a signature over "a,b" is also one over the two
// headers "a" and "b", of which readers take the first.
func checkSingles(m *message) error {
	for name, values := range m.header {
		single := name == headerAuthorization || name == headerContentType || strings.HasPrefix(name, amzHeaderPrefix)
		if single && len(values) > 1 {
			return refuse(Incomplete, "the header %s is sent more than once", name)
		}
	}
	return nil
}

// findParts decides where the signature is, and refuses a request that has it in two places or in none.
func (c *Claim) findParts(policy Policy) (parts, error) {
	authorization := c.message.first(headerAuthorization)
	inQuery := slices.ContainsFunc(c.message.params, func(p param) bool {
		return p.name == queryAlgorithm || p.name == queryCredential || p.name == querySignature
	})
	switch {
	case authorization != "" && inQuery:
		return parts{}, refuse(Incomplete, "sign with the Authorization header or with the query, not with both")
	case authorization != "":
		return c.partsOfHeader(authorization)
	case inQuery && policy.AllowPresigned:
		return c.partsOfQuery(policy)
	case inQuery:
		return parts{}, refuse(Missing, "presigned requests are not accepted here; send an Authorization header")
	default:
		return parts{}, refuse(Missing, "the request is not signed; send an Authorization header")
	}
}

func (c *Claim) partsOfHeader(authorization string) (parts, error) {
	p := parts{
		date:        c.message.first(headerDate),
		token:       c.message.first(headerToken),
		payloadHash: c.message.first(headerContentSHA256),
	}
	for _, name := range []string{headerToken, headerContentSHA256} {
		if _, sent := c.message.header[name]; sent && c.message.first(name) == "" {
			return p, refuse(Incomplete, "the header %s is empty", name)
		}
	}
	if len(authorization) > maxAuthorization {
		return p, refuse(Incomplete, "the Authorization header is longer than %d bytes", maxAuthorization)
	}
	scheme, rest, _ := strings.Cut(authorization, " ")
	if scheme != algorithm {
		return p, refuse(Incomplete, "the Authorization header must start with %s", algorithm)
	}
	if err := p.splitAuthorization(rest); err != nil {
		return p, err
	}
	return p, nil
}

// splitAuthorization reads Credential, SignedHeaders and Signature, each once, in any order, with or without spaces after
// the commas.
func (p *parts) splitAuthorization(list string) error {
	for item := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(strings.Trim(item, " "), "=")
		field := p.field(name)
		if field == nil || *field != "" || value == "" {
			return refuse(Incomplete, "the Authorization header must give Credential, SignedHeaders and Signature, each once")
		}
		*field = value
	}
	if p.credential == "" || p.signedHeaders == "" || p.signature == "" {
		return refuse(Incomplete, "the Authorization header must give Credential, SignedHeaders and Signature, each once")
	}
	return nil
}

func (p *parts) field(name string) *string {
	switch name {
	case "Credential":
		return &p.credential
	case "SignedHeaders":
		return &p.signedHeaders
	case "Signature":
		return &p.signature
	}
	return nil
}

func (c *Claim) partsOfQuery(policy Policy) (parts, error) {
	for _, name := range []string{headerDate, headerToken, headerContentSHA256} {
		if _, sent := c.message.header[name]; sent {
			return parts{}, refuse(Incomplete, "a presigned request must not have the header %s as well", name)
		}
	}
	query := make(map[string]string, len(c.message.params))
	for _, p := range c.message.params {
		query[p.name] = p.value
	}
	for _, name := range []string{queryAlgorithm, queryCredential, queryDate, querySignedHeaders, querySignature} {
		if query[name] == "" {
			return parts{}, refuse(Incomplete, "a presigned request needs the query parameter %s", name)
		}
	}
	if query[queryAlgorithm] != algorithm {
		return parts{}, refuse(Incomplete, "%s must be %s", queryAlgorithm, algorithm)
	}
	for _, name := range []string{queryToken, queryContentSHA256} {
		if value, sent := query[name]; sent && value == "" {
			return parts{}, refuse(Incomplete, "%s is empty", name)
		}
	}
	lifetime, err := readExpires(query, policy)
	if err != nil {
		return parts{}, err
	}
	c.Presigned, c.Lifetime = true, lifetime
	return parts{
		credential: query[queryCredential], signedHeaders: query[querySignedHeaders], signature: query[querySignature],
		date: query[queryDate], token: query[queryToken], payloadHash: query[queryContentSHA256],
	}, nil
}

func readExpires(query map[string]string, policy Policy) (time.Duration, error) {
	text, sent := query[queryExpires]
	if !sent {
		return cmp.Or(policy.PresignLife, min(presignWithoutExpiry, policy.maxPresign())), nil
	}
	const maxDigits = 9 // thirty years, and no overflow below
	seconds, err := strconv.Atoi(text)
	lifetime := time.Duration(seconds) * time.Second
	if err != nil || !isDigits(text) || len(text) > maxDigits || seconds == 0 || lifetime > policy.maxPresign() {
		return 0, refuse(Incomplete, "%s must be a number of seconds from 1 to %d",
			queryExpires, int(policy.maxPresign()/time.Second))
	}
	return cmp.Or(policy.PresignLife, lifetime), nil
}

// readParts turns the texts of a claim into its values.
func (c *Claim) readParts(p parts) error {
	if err := c.readCredential(p.credential); err != nil {
		return err
	}
	if err := c.readSignature(p.signature); err != nil {
		return err
	}
	if err := c.readTime(p.date); err != nil {
		return err
	}
	if len(p.token) > maxSessionToken {
		return refuse(Incomplete, "the session token is longer than %d bytes", maxSessionToken)
	}
	if p.payloadHash != "" && !isHexDigest(p.payloadHash) {
		return refuse(Incomplete, "X-Amz-Content-Sha256 must be the SHA-256 of the body in lower-case hexadecimal")
	}
	if strings.Count(p.signedHeaders, ";") >= maxSignedHeaders {
		return refuse(Incomplete, "more than %d headers are signed", maxSignedHeaders)
	}
	c.SessionToken, c.payloadHash, c.SignedHeaders = p.token, p.payloadHash, strings.Split(p.signedHeaders, ";")
	return nil
}

func (c *Claim) readCredential(text string) error {
	fields := strings.SplitN(text, "/", 6)
	if len(fields) != 5 || fields[4] != terminator {
		return refuse(Incomplete, "Credential must be KEY/DATE/REGION/SERVICE/%s", terminator)
	}
	c.AccessKeyID, c.Date, c.Region, c.Service = fields[0], fields[1], fields[2], fields[3]
	if !isWord(c.AccessKeyID, "_", maxAccessKeyID) {
		return refuse(Incomplete, "the access key id in Credential is malformed")
	}
	if !isDigits(c.Date) || len(c.Date) != len(dateLayout) {
		return refuse(Incomplete, "the date in Credential must be yyyymmdd")
	}
	if !isWord(c.Region, "-_", maxScopePart) || !isWord(c.Service, "-_", maxScopePart) {
		return refuse(Incomplete, "the Region or service in Credential is malformed")
	}
	return nil
}

func (c *Claim) readSignature(text string) error {
	if !isHexDigest(text) {
		return refuse(Incomplete, "Signature must have %d lower-case hexadecimal digits", 2*sha256.Size)
	}
	_, err := hex.Decode(c.signature[:], []byte(text))
	return err
}

// readTime is stricter than time.Parse, which lets a fraction follow the seconds.
func (c *Claim) readTime(text string) error {
	t, err := time.Parse(timeLayout, text)
	if err != nil || len(text) != len(timeLayout) {
		return refuse(Incomplete, "X-Amz-Date must be sent as yyyymmddThhmmssZ")
	}
	c.Time = t
	return nil
}

// checkSignedHeaders holds the claim against what was sent: host, the date and every x-amz-* header must be signed, and
// the session token is among these. Content-Type need not be: the AWS SDK for PHP never signs it, and the service in the
// scope and the hash of the body already fix what a request can mean.
func checkSignedHeaders(m *message, c *Claim) error {
	for i, name := range c.SignedHeaders {
		if i > 0 && name <= c.SignedHeaders[i-1] {
			return refuse(Incomplete, "SignedHeaders must be in order, each once")
		}
		if _, sent := m.header[name]; !sent {
			return refuse(Incomplete, "SignedHeaders lists a header that did not arrive, or not in lower case")
		}
	}
	for name := range m.header {
		if (name == headerHost || strings.HasPrefix(name, amzHeaderPrefix)) && !slices.Contains(c.SignedHeaders, name) {
			return refuse(Incomplete, "the header %s must be signed", name)
		}
	}
	return nil
}

// checkScope compares exactly: the names are case-sensitive. A policy without service matches none, as no scope is without.
func checkScope(c *Claim, policy Policy) error {
	host := c.message.first(headerHost)
	switch {
	case c.Service != policy.Service:
		return refuse(WrongScope, "Credential should be scoped to the service %s", policy.Service)
	case len(policy.Regions) > 0 && !slices.Contains(policy.Regions, c.Region):
		return refuse(WrongScope, "Credential should be scoped to a Region of this server, not to %s", c.Region)
	case c.Date != c.Time.Format(dateLayout):
		return refuse(WrongScope, "the date in Credential is not that of X-Amz-Date: %s is not %s",
			c.Date, c.Time.Format(dateLayout))
	case host == "" || len(policy.Hosts) > 0 && !slices.Contains(policy.Hosts, host):
		return refuse(WrongScope, "the request was signed for another host")
	}
	return nil
}

// first is the first value of a header, by its lower-case name, or nothing.
func (m *message) first(name string) string {
	if values := m.header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func isWord(s, also string, limit int) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte(also, s[i]) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= limit
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isHexDigest(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}
