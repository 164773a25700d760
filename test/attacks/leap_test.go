package attacks

import (
	"archive/zip"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// remarkable is a moment at which programs that count time wrongly go wrong.
type remarkable struct {
	what string
	at   string // RFC 3339
	zone string // of the machine
}

var remarkables = []remarkable{
	{"a leap day begins", "2028-02-29T00:00:00Z", "America/New_York"},
	{"a leap day ends", "2028-03-01T00:00:00Z", "Pacific/Kiritimati"},
	{"no leap day: the century has none", "2100-03-01T00:00:00Z", "Europe/Berlin"},
	{"a year ends", "2027-01-01T00:00:00Z", "Pacific/Chatham"},
	{"an hour is left out", "2027-03-14T07:00:00Z", "America/New_York"},
	{"an hour comes twice", "2027-11-07T06:00:00Z", "America/New_York"},
	{"half an hour comes twice", "2027-04-03T15:00:00Z", "Australia/Lord_Howe"},
	{"31 bits of seconds are over", "2038-01-19T03:14:08Z", "Asia/Kathmandu"},
	{"32 bits of seconds are over", "2106-02-07T06:28:16Z", "Europe/London"},
}

// remarkableMoments takes a server over each of the moments, on a machine whose clocks are set by another zone than UTC.
func remarkableMoments(w *world) {
	for _, moment := range remarkables {
		at, err := time.Parse(time.RFC3339, moment.at)
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Setenv("TZ", zoneFile(w, moment.zone))
		over(w.another("--key-rotation=0s"), moment.what, at)
	}
}

// zoneFile is a file with the rules of a time zone, so that the machine of the test need not have them.
func zoneFile(w *world, zone string) string {
	w.t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer all.Close()
	file, err := all.Open(zone)
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	rules, err := io.ReadAll(file)
	path := filepath.Join(w.t.TempDir(), "zone")
	if err == nil {
		err = os.WriteFile(path, rules, 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return path
}

// nearly is how far a moment that the server names may be from ours: what the test takes on a busy machine.
const nearly = time.Minute

// over signs somebody in shortly before the moment, and uses what they got on its other side until it ends.
func over(w *world, what string, at time.Time) {
	w.t.Helper()
	const before, after = 20 * time.Second, 25 * time.Second // an authorization code lives for a minute
	near := func(name string, got time.Time, want time.Time) {
		w.t.Helper()
		if got.Sub(want).Abs() > nearly {
			w.t.Errorf("%s: %s is %s, want %s", what, name, got.UTC().Format(time.RFC3339), want.UTC().Format(time.RFC3339))
		}
	}
	w.advance(at.Add(-before).Sub(w.now()))
	p := w.propagation()
	c := w.register()
	session := w.login(c, "alice")
	signedIn := w.now()
	credentials := w.credentials(session.access, owner, "AdministratorAccess")
	vended := w.roleCredentials(w.want(200, credentials))
	assumed := w.assume(w.admin(), w.addRole(owner, "over-it", trusting("arn:aws:iam::"+owner+":root"), allow("*")), "ab", members{"DurationSeconds": 900})
	issued := w.want(200, p.token())
	user := w.administer(api.CreateUser.Operation, w.person("born")).member("UserId")

	near("the end of credentials", expirationOf(w, credentials), signedIn.Add(time.Hour))
	near("the end of a role's session", rfc3339Of(w, assumed.element("Expiration")), signedIn.Add(15*time.Minute))
	claims := claimsOf(w, issued.tokens().id)
	near("iat", time.Unix(claims.Iat, 0), signedIn)
	near("exp", time.Unix(claims.Exp, 0), signedIn.Add(time.Hour))
	if header, err := time.Parse(time.RFC1123, w.get("/healthz").header.Get("Date")); err != nil || !strings.HasSuffix(w.get("/healthz").header.Get("Date"), " GMT") {
		w.t.Errorf("%s: the Date of an answer: %v", what, err)
	} else {
		near("the Date of an answer", header, signedIn)
	}
	near("when a session ends", millis(w, "SELECT MAX(ends_at) FROM session WHERE user_id = $1", w.userID("alice")), signedIn.Add(8*time.Hour))
	near("when a user was made", millis(w, "SELECT created_at FROM directory_user WHERE user_id = $1", user), signedIn)
	near("when an event was", millis(w, "SELECT MAX(created_at) FROM audit_event"), signedIn)

	code := w.code(c, "bob", nil)
	device := w.start(c)
	w.advance(before + after)
	w.want(200, w.accounts(session.access))
	w.want(200, w.redeem(c, code))
	w.decide(device, "bob", "approve")
	w.want(200, w.poll(c, device))
	w.want(200, w.whoIs(vended))
	w.want(200, w.whoIs(assumed.credentialsOf()))
	w.want(200, w.call(w.admin(), api.DescribeUser.Operation, members{"IdentityStoreId": w.server.IdentityStoreID, "UserId": user}))
	renewed := w.want(200, w.refresh(c, session.refresh)).tokens()
	w.want(200, w.accounts(renewed.access))

	w.advance(15 * time.Minute)
	w.refused(w.whoIs(assumed.credentialsOf()), 403, "ExpiredToken")
	w.want(200, w.whoIs(vended))
	w.advance(45 * time.Minute)
	w.refused(w.whoIs(vended), 403, "ExpiredToken")
	w.refused(w.accounts(session.access), 401, "UnauthorizedException")
	w.want(200, w.refresh(c, renewed.refresh))
	w.advance(7 * time.Hour)
	w.refusedBy(w.refresh(c, renewed.refresh), 400)
	w.want(200, w.accounts(w.login(w.register(), "alice").access))
	if local := localTimes.FindString(w.server.Log.String()); local != "" {
		w.t.Errorf("%s: a line of the log has a time that is not of UTC: %s", what, local)
	}
	inZone, err := w.command("", "keys", "list")
	if err != nil {
		w.t.Fatalf("%v: %s", err, inZone)
	}
	w.t.Setenv("TZ", "UTC")
	if inUTC, err := w.command("", "keys", "list"); err != nil || inUTC != inZone {
		w.t.Errorf("%s: a command shows other times in another zone: %v\n%s\n%s", what, err, inUTC, inZone)
	}
}

// localTimes finds lines of the log that begin with a time which does not end in Z.
var localTimes = regexp.MustCompile(`(?m)^time=\S*[^Z ] .*$`)

// expirationOf is the end of the portal's credentials.
func expirationOf(w *world, a answer) time.Time {
	w.t.Helper()
	var out struct{ RoleCredentials struct{ Expiration int64 } }
	if err := json.Unmarshal(a.body, &out); err != nil {
		w.t.Fatalf("%s: %v", a, err)
	}
	return time.UnixMilli(out.RoleCredentials.Expiration)
}

func rfc3339Of(w *world, text string) time.Time {
	w.t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !strings.HasSuffix(text, "Z") {
		w.t.Errorf("a moment reads %q: %v", text, err)
	}
	return at
}

// claimsOf are the moments in a token.
func claimsOf(w *world, token string) (claims struct{ Iat, Exp int64 }) {
	w.t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		w.t.Fatalf("no token: %.20s", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return claims
}

// millis is the moment that a statement answers.
func millis(w *world, statement string, values ...any) time.Time {
	w.t.Helper()
	rows := harness.Rows(w.t, w.server.Data, statement, values...)
	at, err := strconv.ParseInt(rows[0][0], 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	return time.UnixMilli(at)
}
