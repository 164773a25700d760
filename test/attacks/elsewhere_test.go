package attacks

// place is where an entry of another kind is tried: a test of a folder, or words where there is none.
type place struct{ folder, test, words string }

func (p place) String() string {
	if p.test == "" {
		return p.words
	}
	text := p.folder + " " + p.test
	if p.words != "" {
		text += ": " + p.words
	}
	return text
}

// elsewhere are the entries whose how is not for this runner. A place without a test says why there is none yet.
var elsewhere = map[string]place{
	"http-slowloris":    {"internal/server", "TestTheServerIsImpatient", "the time-outs are set; 5,000 slow connections are not tried"},
	"http-slow-body":    {"internal/server", "TestTheServerIsImpatient", "the time-outs are set; slow bodies under load are not tried"},
	"http-continuation": {words: "not tried: the bound is that of Go's HTTP/2, and its patch level is the build's"},
	"http-keyupdate":    {words: "not tried: the bound is that of crypto/tls, and its patch level is the build's; handshakes end after 10 s"},
	"http-conn-flood":   {words: "not tried: it needs 20,000 connections and a machine of its own"},

	"web-xss-template": {"internal/web", "TestEveryPageIsSoundWhateverTheNamesAre", ""},

	"refresh-deterministic-seal": {"internal/keys", "TestSealingIsDeterministicAndDifferentMessagesShareNoVector", ""},

	"signin-enum-time":  {"internal/signin", "TestEveryFailureCostsOneHash", "the cost is counted; no times are sampled"},
	"signin-hash-flood": {"internal/signin", "TestAFloodIsRefusedAndSpendsNobodysTries", ""},
}

// notYet are the entries that concern what this server does not have. Where a function of the entry exists all the same, it tries what
// answers in the place of the missing thing.
var notYet = map[string]string{
	"refresh-iam-refresh":          "CreateTokenWithIAM is not offered; asking for it is refused, which is tried",
	"signin-mfa-brute":             "there is no second factor",
	"signin-mfa-format":            "there is no second factor",
	"signin-mfa-enrol-hijack":      "there is no second factor",
	"signin-mfa-downgrade":         "there is no second factor, and people cannot change their e-mail address here",
	"signin-webauthn":              "there is no WebAuthn",
	"signin-external-idp-link":     "there are no external identity providers",
	"signin-external-idp-disabled": "there are no external identity providers",
}
