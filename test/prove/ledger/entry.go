// Package ledger keeps what a server acknowledged, so that its promises can be held against it after trouble.
//
// # The format
//
// A ledger is a folder of the mode 0700 with two files, which are only ever appended to:
//
//   - ledger.jsonl has one Entry a line. Lines are numbered from 1, and a gap is a fault of the ledger. No line has a secret: a secret is named
//     by its Digest.
//   - secrets.jsonl, of the mode 0600, has the secrets by their digests, because the checker has to use them. It is written before the line that
//     names them.
//
// Whoever sends a request that changes something writes a line with the result Attempted before it, and one that answers that line (Answers is its
// number) after it: Done when the server acknowledged, Refused when it said no, Failed when it said that it could not tell, or said
// nothing. A Failed line may be missing, as it is when the writer died: an attempt that nothing answers may have happened or not, and the checker takes either.
// The line is written before the next request of the same worker, so all that any worker knew is on file when everything but the disk dies. With Sync
// it is on the disk, too, for power cuts of the machine that the writer is on.
//
// # How to use it
//
//	l, err := ledger.Create(folder, ledger.Options{})     // or Open, to go on with one
//	attempt, err := l.Attempt(ledger.Entry{Of: "w1-1", Act: ledger.Begin, Kind: ledger.DeviceCode, …}, ledger.Secrets{"clientSecret": …})
//	… send …
//	err = l.Done(attempt, ledger.Entry{…}, ledger.Secrets{"deviceCode": …, "userCode": …})
//
// Package clerk does that for every act there is. The ledger folds its lines into a Book as they are written: what each login has, what was attempted,
// what has ended, and which answers broke a promise. Package check asks a living server about every login of the book and writes what it hears into
// the same ledger; Search looks for the secrets in what the server logged.
package ledger

import (
	"crypto/sha256"
	"encoding/hex"
)

// Act is what a line is about.
type Act string

// The acts of a login, in their order, and those that concern many logins or none.
const (
	Begin  Act = "begin"  // something to be redeemed: a device authorization, a code, an assertion, a subject token
	Decide Act = "decide" // a person's decision on a device authorization; Because is approve or deny
	Redeem Act = "redeem" // begins the session: its first tokens
	Turn   Act = "turn"   // the next generation of the session: a refresh
	Vend   Act = "vend"   // credentials of a role
	End    Act = "end"    // of a login by logout or revocation, or of a Person with all of their logins

	Allow  Act = "allow"  // an assignment was made, an application enabled: what Of names may be used
	Forbid Act = "forbid" // an assignment was deleted, an application disabled: what Of names may not be used
	Clock  Act = "clock"  // the clock of the servers is OffsetMS ahead of the writer's now
	Remark Act = "remark" // what a reader should know: a kill, a restart
)

// Result is what became of a request.
type Result string

// The results. See the package comment for what each is worth.
const (
	Attempted Result = "attempted"
	Done      Result = "done"
	Refused   Result = "refused"
	Failed    Result = "failed"
)

// Kind is what a login begins with.
type Kind string

// The kinds. All but the subject token are good once.
const (
	DeviceCode   Kind = "device-code"
	Code         Kind = "authorization-code"
	Assertion    Kind = "assertion"
	SubjectToken Kind = "subject-token"
)

// SingleUse reports whether what a login of the kind begins with may be redeemed once only.
func (k Kind) SingleUse() bool { return k != SubjectToken }

// Entry is a line of the ledger.
type Entry struct {
	Line    int64  `json:"line"`
	At      int64  `json:"at"` // Unix milliseconds on the servers' clock, as far as the writer knows it
	Of      string `json:"of"` // the login, person, assignment or application that it is about
	Act     Act    `json:"act"`
	Result  Result `json:"result"`
	Answers int64  `json:"answers,omitempty"` // the line of the attempt that this is the answer to

	Kind        Kind   `json:"kind,omitempty"`        // of a login, where it begins
	Person      string `json:"person,omitempty"`      // user id of the login's person
	Client      string `json:"client,omitempty"`      // client id, or the ARN of an application
	Parent      string `json:"parent,omitempty"`      // login whose token was exchanged for this one
	Account     string `json:"account,omitempty"`     // of an assignment or of credentials
	Role        string `json:"role,omitempty"`        // the same
	KeyID       string `json:"keyId,omitempty"`       // of credentials: the id of the access key, which is no secret
	RedirectURI string `json:"redirectUri,omitempty"` // of an authorization code
	Because     string `json:"because,omitempty"`     // the decision, how a login ended, the exception of a refusal, or a remark
	OffsetMS    int64  `json:"offsetMs,omitempty"`    // of Clock
	LivesMS     int64  `json:"livesMs,omitempty"`     // how long the newest access token, credential or code lives from At

	Digests map[string]string `json:"secrets,omitempty"` // names of secrets, and their digests
}

// Secrets are secrets by their names. These names mean something to the book:
//
//	clientSecret                       of Begin, for registered clients
//	deviceCode, userCode               of Begin
//	code, codeVerifier                 of Begin
//	assertion                          of Begin
//	subjectToken                       of Begin
//	accessToken, refreshToken          of Redeem and Turn, done
//	spent                              of Turn, attempted: the refresh token that is sent
//	secretAccessKey, sessionToken      of Vend, done
//
// Others are looked for in logs like these.
type Secrets map[string]string

// Digest names a secret: hexadecimal SHA-256, cut at 128 bits, which is enough to tell secrets apart and tells nothing of them.
func Digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:16])
}
