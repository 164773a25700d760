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

	"jwt-jwks-rebind": {"internal/fetch", "TestRebindingANameReachesNothing", "with a name server of the test's own"},

	"sigv4-compare": {"internal/sigv4", "TestNoMutationOfWhatIsSignedIsAccepted", "hmac.Equal over the 32 bytes that were decoded; no times are sampled"},

	"crypto-nonce-reuse": {"internal/keys", "TestSealingIsDeterministicAndDifferentMessagesShareNoVector", "vectors are digests of the message; no million of them is made"},
	"crypto-cookbook":    {"internal/jose", "TestCookbook", ""},

	"ops-deps-vuln": {words: "`make lint` runs test/vulncheck, which fails when govulncheck finds something that the program calls"},

	"refresh-deterministic-seal": {"internal/keys", "TestSealingIsDeterministicAndDifferentMessagesShareNoVector", ""},

	"signin-enum-time":  {"internal/signin", "TestEveryFailureCostsOneHash", "the cost is counted; no times are sampled"},
	"signin-hash-flood": {"internal/signin", "TestAFloodIsRefusedAndSpendsNobodysTries", ""},
}

// notYet are the entries that concern what this server does not have. Where a function of the entry exists all the same, it tries what
// answers in the place of the missing thing.
var notYet = map[string]string{
	"admin-scim-patch":             "there is no SCIM: its addresses answer 404, which is tried",
	"admin-scim-token":             "there is no SCIM: its addresses answer 404, which is tried",
	"signin-mfa-brute":             "there is no second factor",
	"signin-mfa-format":            "there is no second factor",
	"signin-mfa-enrol-hijack":      "there is no second factor",
	"signin-mfa-downgrade":         "there is no second factor, and people cannot change their e-mail address here",
	"signin-webauthn":              "there is no WebAuthn",
	"signin-external-idp-link":     "there are no external identity providers",
	"signin-external-idp-disabled": "there are no external identity providers",
}

// partly are the entries that are tried here in a smaller form than the catalogue's words, and what is left out. They count as green for
// what is tried.
var partly = map[string]string{
	"register-id-predict":        "1,000 registrations instead of 100,000",
	"device-code-race":           "20 rounds of 50 polls over two nodes instead of 1,000 rounds",
	"device-usercode-bruteforce": "5 guesses of one person from 5 addresses; the budgets of all together are tried in internal/signin",
	"device-usercode-recycled":   "a code cannot be had twice: the old page is sent with the new page's sealed code instead",
	"device-start-flood":         "one burst instead of 60 s; the polls of others are not timed, and rows of many addresses are not bounded together",
	"device-remote-phish-flow":   "over HTTP instead of in a browser; countries, a same-network policy and a pause before approval do not exist",
	"code-code-entropy":          "300 codes instead of 100,000",
	"token-json-big":             "1 MiB and an endless chunked body; no 100 MB, and memory is not measured",
	"token-err-internal":         "a table is taken away from the running server instead of the database",
	"token-error-shape":          "the Go SDK only; botocore and the JavaScript SDK are for test/clients",
	"http-te-cl":                 "direct only, not behind a proxy; codings that nobody knows may get 501, as RFC 9112 §6.1 has it",
	"http-panic":                 "a handler panics; background jobs cannot be made to",
	"http-regex":                 "60 kB where a body is read; 1 MB is refused by its size with 413, and a long target with 414",
	"http-time-parse":            "a well-formed date of another day gets 403 in a signature, as AWS answers",
	"web-xss-url":                "redirect URIs are refused; a relay state takes AWS's pattern, any scheme, and is shown nowhere",
	"signin-brute":               "11 guesses at one name with a rotated header; the other budgets are tried in internal/signin",
	"signin-enum-text":           "there is no reset page",
	"signin-name-kelvin":         "there is no reset page",
	"refresh-hash-at-rest":       "database, write-ahead log and server log after kill -9; there are no backups yet",
	"device-grant-disabled":      "switched off for the instance; there is no switch for a client, a group or a network",

	"jwt-table":            "with the issuer's keys configured, since its address is nobody's; that nothing is fetched then, and what it costs, is for internal/assertion and internal/jose",
	"jwt-replay-jti":       "for ten seconds whoever asked first, for the same, gets the same answer again, because answers are lost; nobody else does, and nobody later",
	"jwt-replay-malleated": "the same ten seconds",
	"jwt-jwks-huge":        "the memory of the server may grow by 64 MiB over all of them",
	"jwt-jwks-slow":        "the key set waits for another issuer's assertion and a poll instead of 30 s",
	"jwt-skew":             "with ten seconds on the side of each boundary that time moves to; the exact second is for internal/assertion",

	"sigv4-table":            "a signature may name any Region, as one server is all of them; presigned requests of STS live for a quarter of an hour, as on AWS; a session of another STS is nobody's",
	"sigv4-mutate":           "each bit of one request, over sockets; each bit of what the public suites sign is for internal/sigv4",
	"sigv4-unsigned-missing": "the names and statuses are those of each protocol: 403, and 400 where it is awsJson1.1",
	"sigv4-unknown-vs-wrong": "no times are sampled; unknown keys cost a derivation",
	"sigv4-expired-session":  "with ten seconds before the end; the exact millisecond is for internal/sts",
	"sigv4-revoked-session":  "cut at once by this server; what others make of the credentials is theirs",
	"sigv4-policy-confuse":   "AccessDeniedException of CreateTokenWithIAM is a 400, as in AWS's model",
	"sigv4-big-headers":      "the time is not measured",
	"admin-user-as-admin":    "AccessDeniedException is a 400, as in AWS's models",
	"admin-dup-username":     "50 at once over two nodes, on SQLite; names that people cannot tell apart are one name",
	"admin-names-naughty":    "made, read and removed as users, groups and applications, registered as clients; nobody signs in with each, and pages are for web-xss-template",
	"admin-audit-complete":   "each change of configuration once, and what issues tokens; processes that are killed are for test/clients",
	"admin-audit-fail":       "the table is taken away from the running server instead of filling a disk",
	"admin-audit-secrets":    "where secrets belong and in what cannot be read; the text of a member that is no secret is told to the caller, and to the log, as it was sent",
	"admin-restore-old":      "the manual says what comes back",
	"admin-cross-instance":   "names of another installation and of another account's instance, which is made beside the server",
	"ops-bootstrap-race":     "there is no first-run page: the installation, its keys, the demo and its administrator are made at the first start, and three processes that start at once make each of them once",
	"ops-leap":               "the clock of development mode goes over each moment, with the machine set to a zone that leaves hours out or has them twice; nobody waits for a real one",
	"ops-readonly":           "a bound on the size of the process's files everywhere, and where they can be had the flags of immutable files, with a start meanwhile; a remount is refused while a database is open. On PostgreSQL triggers with the error of a read-only transaction",
	"ops-poison-row":         "one column after the other and all at once; on PostgreSQL with one text in each. What is sealed and the rows of one-time codes are for internal/keys and internal/token",
	"ops-dev-off":            "paths in another spelling than the canonical one get 400, as every such path does",
	"ops-dev-bind":           "a proxy that adds no header cannot be seen; the table of hosts is not changed, and a name that stands for another address is tried in internal/server",
	"ops-ring-retire":        "by the clock of development mode, and once by command while the key is needed",
	"crypto-alg-agility":     "ES256 and RS256 with rotations between them: the server signs with nothing else",
	"crypto-core-dump":       "on Linux",
	"crypto-compare-all":     "comparisons are found by how their sides are called",
	"crypto-log-inject":      "in both forms of the log",
}
