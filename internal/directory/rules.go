package directory

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/oauth"
	"sallyport/internal/rules"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// rule is what a text may be: the constraints of sso-admin and identitystore, so that what a file declares the APIs can show.
type rule struct {
	min, max int                     // characters
	pattern  func() *regexp.Regexp   // nil for any
	expected string                  // the pattern in words
	check    func(value string) bool // beyond the pattern; nil when there is nothing more
	why      func(value string) error
	numeral  bool // may be written without quotes, though YAML takes it for a number
	listed   bool // the words list the values, so that lengths would add nothing
	integer  bool // is written as a number
	secret   bool // never shown
}

func (r rule) holds(value string) bool { return r.breaks(value) == "" }

// breaks says what the rule expects when the value is something else.
func (r rule) breaks(value string) string {
	length := utf8.RuneCountInString(value)
	if r.min > length || length > r.max || r.pattern != nil && !r.pattern().MatchString(value) || r.check != nil && !r.check(value) {
		return r.words()
	}
	if r.why != nil {
		if err := r.why(value); err != nil {
			return r.expected + ": " + err.Error()
		}
	}
	return ""
}

// words says what the rule expects.
func (r rule) words() string {
	if r.min == r.max || r.listed {
		return r.expected
	}
	return fmt.Sprintf("%s, %d to %d characters", r.expected, r.min, r.max)
}

// modelled is the rule that a service's model has for a type of text, with its pattern in words.
func modelled(service *api.Service, name, expected string) rule {
	c, known := service.Types[name]
	if !known {
		panic("directory: " + service.ID + " has no type " + name)
	}
	r := rule{min: max(1, int(c.Min)), max: int(c.Max), pattern: c.Pattern, expected: expected}
	if r.max == 0 {
		r.max = maxText
	}
	if len(c.Values) > 0 {
		return oneOf(c.Values...)
	}
	return r
}

// oneOf is the rule of a text that is one of some words.
func oneOf(words ...string) rule {
	pattern := sys.Pattern(`^(` + strings.Join(words, "|") + `)$`)
	return rule{min: 1, max: maxText, pattern: pattern, expected: orList(words), listed: true}
}

// and adds a demand that the model leaves out.
func (r rule) and(check func(string) bool) rule {
	r.check = check
	return r
}

// withoutQuotes lets a text be written that YAML takes for a number.
func (r rule) withoutQuotes() rule {
	r.numeral = true
	return r
}

// maxText bounds texts of which the models bound nothing but the form.
const maxText = 1024

const emailWords = "an e-mail address such as name@example.com"

var (
	ruleFormat       = rule{min: 1, max: 1, pattern: sys.Pattern(`^[1` + formatWhole + `]$`), expected: "1 or " + formatWhole, numeral: true, integer: true}
	ruleInstanceName = rule{
		min: 1, max: 255, pattern: sys.Pattern(`^[\p{L}\p{M}\p{S}\p{N}\p{P} ]+$`), // AWS allows no blank (NameType); pages show this name
		expected: "letters, digits, signs and blanks",
	}
	ruleAccountInstanceName = modelled(api.SSOAdmin, "NameType", "letters, digits and _+=,.@-")
	ruleAccountID           = modelled(api.SSOAdmin, "AccountId", "an account id of 12 digits").withoutQuotes()

	ruleUserName = modelled(api.IdentityStore, "UserName", "letters, digits and signs without blanks, no name "+reservedWords).and(notReserved)
	ruleWords    = modelled(api.IdentityStore, "SensitiveStringType", "text")
	ruleEmail    = rule{
		min: 3, max: rules.MaxEmail, check: rules.IsEmail,
		expected: emailWords,
	}
	ruleUserStatus     = modelled(api.IdentityStore, "UserStatus", "")
	ruleGroupName      = modelled(api.IdentityStore, "GroupDisplayName", "letters, digits, signs and blanks, no name "+reservedWords).and(notReserved)
	ruleExternalIssuer = modelled(api.IdentityStore, "ExternalIdIssuer", "letters, digits and signs without blanks")
	ruleExternalID     = modelled(api.IdentityStore, "ExternalIdIdentifier", "letters, digits and signs without blanks")

	ruleAccountName = rule{ // Organizations has no model here: what its CreateAccount takes
		min: 1, max: 50, pattern: sys.Pattern(`^[ -~]+$`),
		expected: "printable ASCII characters",
	}
	ruleAccountEmail = rule{
		min: 6, max: 64, check: rules.IsEmail,
		expected: emailWords,
	}

	rulePermissionSetName        = modelled(api.SSOAdmin, "PermissionSetName", "letters, digits and _+=,.@-")
	rulePermissionSetDescription = modelled(api.SSOAdmin, "PermissionSetDescription", "Latin-1 text")
	ruleRelayState               = modelled(api.SSOAdmin, "RelayState", "a URL of ASCII characters")
	ruleSessionDuration          = rule{
		min: 4, max: 100, check: func(s string) bool { _, ok := rules.SessionSeconds(s); return ok },
		expected: rules.SessionWords, listed: true,
	}
	ruleManagedPolicy = modelled(api.SSOAdmin, "ManagedPolicyArn", "the ARN of a policy of AWS whose name has at most 100 characters").
				and(rules.CanBeManagedPolicy)
	ruleCustomerPolicyName = modelled(api.SSOAdmin, "ManagedPolicyName", "letters, digits and _+=,.@-")
	ruleCustomerPolicyPath = modelled(api.SSOAdmin, "ManagedPolicyPath", "a path that begins and ends with /")

	ruleIssuerName    = modelled(api.SSOAdmin, "TrustedTokenIssuerName", "letters, digits and _+=,.@-")
	ruleIssuerURL     = modelled(api.SSOAdmin, "TrustedTokenIssuerUrl", "a URL that begins with https:// or http://")
	ruleClaimPath     = modelled(api.SSOAdmin, "ClaimAttributePath", "the name of a claim")
	ruleAttributePath = modelled(api.SSOAdmin, "JMESPath", "the path of an attribute, such as emails.value")

	ruleApplicationName        = modelled(api.SSOAdmin, "ApplicationNameType", "text").and(withoutNull)
	ruleApplicationDescription = modelled(api.SSOAdmin, "Description", "text").and(withoutNull)
	ruleApplicationID          = rule{min: 20, max: 20, pattern: sys.Pattern(`^apl-[0-9a-f]{16}$`), expected: "apl- and 16 hexadecimal digits"}
	ruleProvider               = oneOf(arn.CustomApplication)
	ruleApplicationStatus      = modelled(api.SSOAdmin, "ApplicationStatus", "")
	ruleVisibility             = modelled(api.SSOAdmin, "ApplicationVisibility", "")
	ruleOrigin                 = modelled(api.SSOAdmin, "SignInOrigin", "")
	ruleApplicationURL         = modelled(api.SSOAdmin, "ApplicationUrl", "a URL that begins with https:// or http://")
	ruleBackgroundSessions     = modelled(api.SSOAdmin, "UserBackgroundSessionApplicationStatus", "")
	ruleIDTokenAlg             = oneOf("ES256", algRS256)
	ruleRedirectURI            = rule{min: 1, max: 2048, expected: "a redirect URI", why: func(s string) error { _, err := oauth.ParseRedirectURI(s); return err }}
	ruleAudience               = modelled(api.SSOAdmin, "TokenIssuerAudience", "text")
	ruleScope                  = modelled(api.SSOAdmin, "Scope", "a scope of one to three words with colons between them")
	ruleTagKey                 = modelled(api.SSOAdmin, "TagKey", "letters, digits, blanks and _.:/=+-@, and not aws: at the beginning").
					and(func(s string) bool { return !rules.IsReservedTag(s) }).withoutQuotes()
	ruleTagValue = func() rule {
		r := modelled(api.SSOAdmin, "TagValue", "letters, digits, blanks and _.:/=+-@")
		r.min = 0
		return r
	}()

	ruleAccessKeyID = rule{
		min: 16, max: 128, pattern: sys.Pattern(`^AKIA[A-Z0-9]+$`), // IAM: accessKeyIdType; AKIA is how the ids of long-lived keys begin
		expected: "the id of a long-lived key: AKIA, capital letters and digits",
	}
	ruleSecret = rule{
		min: 16, max: 128, pattern: sys.Pattern(`^[!-~]+$`), // AWS makes 40; shorter ones could be guessed
		expected: "printable ASCII characters without blanks", secret: true,
	}
	ruleKeyStatus = oneOf(store.KeyActive, store.KeyInactive)
	ruleSeconds   = rule{min: 1, max: 5, pattern: sys.Pattern(`^[1-9][0-9]*$`), expected: "seconds", numeral: true, integer: true}

	ruleReference = rule{ // whether it is a name is seen by looking it up
		min: 1, max: maxText, expected: "a name",
	}
	ruleAnyText = rule{min: 1, max: maxText, expected: "text"}
)

func withoutNull(s string) bool { return strings.IndexByte(s, 0) < 0 }

// algRS256 is the other algorithm of ID tokens; absent is ES256.
const algRS256 = "RS256"

// Of the access keys of one user or role two are active: what IAM and our iam allow.
const (
	maxAccessKeys = 20
	maxActiveKeys = 2
)

func notReserved(name string) bool { return !rules.IsReservedName(name) }

var reservedWords = "that AWS reserves (" + strings.Join(rules.ReservedNames, ", ") + ")"
