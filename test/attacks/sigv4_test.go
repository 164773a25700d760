package attacks

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/server"
	"sallyport/internal/store"
	"sallyport/test/harness"
)

var sigv4Steps = map[string]attack{
	"sigv4-table":  hostileSignatures,
	"sigv4-mutate": mutatedRequests,
	"sigv4-unsigned-missing": func(w *world) {
		p := w.propagation()
		target := "/token?aws_iam=t"
		body := w.json(members{"clientId": p.app, "grantType": grantBearer, "assertion": p.issuer.token(p.email, nil)})
		w.unchanged("requests without a signature", func() {
			for what, more := range map[string][]string{
				"nothing": nil, "a stream": {"X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
				"an unsigned stream": {"X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Trailer", "x-amz-checksum-crc32"},
				"an unsigned body":   {"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"}, "a date": {"X-Amz-Date", "20260101T000000Z"},
				"a token": {"X-Amz-Security-Token", "a"}, "another content type": {"Content-Type", "application/json; charset=utf-8"},
				"a bearer": {"Authorization", "Bearer a"}, "Basic": {"Authorization", "Basic YTpi"}, "an empty Authorization": {"Authorization", ""},
				"SigV4A":       {"Authorization", "AWS4-ECDSA-P256-SHA256 Credential=a/20260101/sso-oauth/aws4_request, SignedHeaders=host, Signature=00"},
				"S3's old one": {"Authorization", "AWS " + w.server.Admin.AccessKeyID + ":AAAA"}, "waiting for 100": {"Expect", "100-continue"},
			} {
				a := w.send("POST", target, withHeaders(asJSON, more...), body)
				if !oneOf(signatureRefusals, a.exception()) || a.status != 403 && a.status != 400 {
					w.t.Errorf("%s: %s", what, a)
				}
			}
			for what, kind := range map[string]string{"a form": "application/x-www-form-urlencoded", "a text": "text/plain", "none": ""} {
				w.refusedBy(w.send("POST", target, map[string]string{"Content-Type": kind}, body), 415)
				w.t.Log(what)
			}
			// Trailers need chunks, which nobody may send here.
			head := "POST " + target + " HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nX-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n"
			w.rawRefused("a trailer", head+"Trailer: X-Amz-Checksum-Crc32\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Amz-Checksum-Crc32: AAAAAA==\r\n\r\n", "400")
			// Whatever is asked for: without a mark that an operation is for everybody, it asks for a signature.
			for _, operation := range signed() {
				a := w.call(key{}, operation, sampleOf(operation, w.names()))
				if !oneOf("MissingAuthenticationToken|MissingAuthenticationTokenException", a.exception()) {
					w.t.Errorf("%s without a signature: %s", operation.Name, a)
				}
			}
		})
	},
	"sigv4-unknown-vs-wrong": func(w *world) {
		gone := w.addUser(owner, "key-is-inactive", "")
		if out, err := w.command("", "iam", "deactivate-access-key", gone.id); err != nil {
			w.t.Fatalf("%v: %s", err, out)
		}
		wrong, unknown := w.admin(), w.admin()
		wrong.secret, unknown.id = strings.Repeat("x", 40), "AKIA"+strings.Repeat("Z", 16)
		session := w.want(200, w.call(w.addUser(owner, "has-a-session", allow("sts:*")), api.GetSessionToken.Operation, members{})).credentialsOf()
		withoutToken, foreign := key{id: session.id, secret: session.secret}, session
		foreign.id = unknown.id
		for _, c := range []struct {
			operation      *api.Operation
			wrong, unknown string
		}{
			{api.CreateTokenWithIAM.Operation, "InvalidSignatureException", "UnrecognizedClientException"},
			{api.ListInstances.Operation, "InvalidSignatureException", "UnrecognizedClientException"},
			{api.GetCallerIdentity.Operation, "SignatureDoesNotMatch", "InvalidClientTokenId"},
		} {
			in := sampleOf(c.operation, w.names())
			mismatch, first := w.call(wrong, c.operation, in), w.call(unknown, c.operation, in)
			if mismatch.exception() != c.wrong || first.exception() != c.unknown || first.status != mismatch.status {
				w.t.Errorf("%s: wrong %s, unknown %s", c.operation.Name, mismatch, first)
			}
			if a, b := headerNames(mismatch), headerNames(first); a != b {
				w.t.Errorf("%s: the headers differ: %s and %s", c.operation.Name, a, b)
			}
			for what, k := range map[string]key{
				"a key that was deactivated": gone, "a session's key without its token": withoutToken, "somebody's token": foreign,
				"a key in small letters": {id: strings.ToLower(w.admin().id), secret: w.admin().secret}, "an administrator's key with a session's token": {w.admin().id, w.admin().secret, session.session},
			} {
				if a := w.call(k, c.operation, in); a.status != first.status || a.exception() != c.unknown || withoutID(a) != withoutID(first) {
					w.t.Errorf("%s: %s is told apart from an unknown key: %s", c.operation.Name, what, a)
				}
			}
		}
	},
	"sigv4-expired-session": func(w *world) {
		w = w.another()
		role := w.addRole(owner, "short", trusting("arn:aws:iam::"+owner+":root"), allow("sso:*"))
		session := w.want(200, w.assume(w.admin(), role, "soon-over", members{"DurationSeconds": 900})).credentialsOf()
		w.advance(900*time.Second - 10*time.Second) // ten seconds for a busy machine; the exact millisecond is a test of internal/sts
		w.want(200, w.whoIs(session))
		w.want(200, w.call(session, api.ListInstances.Operation, members{}))
		w.advance(10 * time.Second)
		w.refused(w.whoIs(session), 403, "ExpiredToken")
		w.refused(w.call(session, api.ListInstances.Operation, members{}), 400, "ExpiredTokenException")
		w.refused(w.call(session, api.CreateTokenWithIAM.Operation, members{"clientId": "a", "grantType": "b"}), 403, "ExpiredTokenException")
		// A client whose clock is slow signs as of before the end, which is none of the session's business.
		w.moved.Add(-int64(4 * time.Minute))
		w.refused(w.whoIs(session), 403, "ExpiredToken")
	},
	"sigv4-revoked-session": func(w *world) {
		// Cut at once: what a person took to an account with a session that was ended, and what acts for the person by a context.
		session := w.login(w.register(), "alice")
		vended := w.roleCredentials(w.want(200, w.credentials(session.access, owner, "AdministratorAccess")))
		p := w.propagation()
		role := w.addRole(owner, "acts-for-people", trusting("arn:aws:iam::"+owner+":root"), allow("s3:*"))
		token := p.token()
		enhanced := w.want(200, w.assume(w.admin(), role, "for-alice", withContext(token.identityContext()))).credentialsOf()
		w.want(200, w.whoIs(vended))
		w.want(200, w.whoIs(enhanced))
		w.want(200, w.send("POST", "/logout", bearer(session.access), nil))
		w.refused(w.whoIs(vended), 403, "ExpiredToken")
		w.refused(w.call(vended, api.ListInstances.Operation, members{}), 400, "ExpiredTokenException")
		w.refused(w.credentials(session.access, owner, "AdministratorAccess"), 401, "UnauthorizedException")
		w.want(200, w.whoIs(enhanced)) // of another session
		carol := w.roleCredentials(w.want(200, w.credentials(w.login(w.register(), "carol").access, owner, "ReadOnlyAccess")))
		w.want(200, w.whoIs(carol))
		w.setPassword("carol", "another one: "+rand.Text())
		w.refused(w.whoIs(carol), 403, "ExpiredToken")
		w.administer(api.DeleteApplication.Operation, members{"ApplicationArn": p.app}) // ends the session of the token
		w.refused(w.whoIs(enhanced), 403, "ExpiredToken")
		w.refusedBy(w.assume(w.admin(), role, "for-alice", withContext(token.identityContext())), 403)
	},
	"sigv4-region-in-arn": func(w *world) {
		w = w.another("--other-regions=eu-west-1=https://sso.eu.example.test")
		p := w.propagation()
		in := members{"clientId": p.app, "grantType": grantBearer, "assertion": p.issuer.token(p.email, nil)}
		elsewhere := signing{key: p.caller, service: "sso-oauth", region: "eu-west-1"}
		w.unchanged("a request for another Region", func() {
			a := w.refused(w.do(w.request(elsewhere, "POST", "/token?aws_iam=t", asJSON, w.json(in))), 400, "InvalidRequestRegionException")
			if a.member("region") != "eu-west-1" || a.member("endpoint") != "https://sso.eu.example.test" {
				w.t.Errorf("where to go is not said: %s", a)
			}
			for _, name := range []string{
				strings.Replace(p.app, ":sso::", ":sso:us-east-1:", 1), strings.Replace(p.app, ":sso::", ":sso:eu-west-1:", 1), strings.Replace(p.app, "arn:aws:", "arn:aws-cn:", 1),
				strings.Replace(p.app, owner, another, 1), p.app + "/", " " + p.app, strings.ToUpper(p.app), p.app[:len(p.app)-1],
			} {
				w.refused(w.call(p.caller, api.CreateTokenWithIAM.Operation, in.with(members{"clientId": name})), 401, "InvalidClientException")
			}
		})
		w.want(200, w.call(p.caller, api.CreateTokenWithIAM.Operation, in))
	},
	"sigv4-policy-confuse": func(w *world) {
		p := w.propagation()
		role := w.addRole(owner, "wanted", trusting("arn:aws:iam::"+owner+":root"), "")
		unwanted := w.addRole(owner, "unwanted", trusting("arn:aws:iam::"+owner+":root"), "")
		session := func(role, name string) answer { return w.assume(w.admin(), role, name, nil) }
		for _, name := range []string{"../admin", "a/b", "a:b", "*", "a*", "a?", "adm\u0131n", "\uff21dmin", strings.Repeat("a", 65), "a", "", "a b", "a\n", "a\x00", "%2e%2e", "${aws:username}"} {
			w.refused(session(role, name), 400, "ValidationError")
		}
		good := w.want(200, session(role, "blue")).credentialsOf()
		bad := w.want(200, session(unwanted, "wanted")).credentialsOf()
		for _, who := range []string{"../a", "/a/*/", "a*", "a?", "a/b", "a b"} {
			if out, err := w.command("", "iam", "create-user", who, "--account", owner); err == nil {
				w.t.Errorf("a user is called %q: %s", who, out)
			}
		}
		if out, err := w.command("", "iam", "create-user", "in-a-pattern", "--account", owner, "--path", "/a/*/"); err == nil {
			w.t.Logf("the path /a/*/ is a path: %s", out)
		}
		refused := func(principal string, callers ...key) {
			w.t.Helper()
			w.actors(p.app, principal)
			for _, caller := range callers {
				if a := p.presentAs(caller, p.issuer.token(p.email, nil)); a.exception() != "AccessDeniedException" {
					w.t.Errorf("a policy for %s: %s", principal, a)
				}
			}
		}
		for _, principal := range []string{
			"arn:aws:iam::" + owner + ":role/want", "arn:aws:iam::" + owner + ":role/Wanted", "arn:aws:iam::" + owner + ":user/wanted",
			"arn:aws:sts::" + owner + ":assumed-role/wanted/green", "arn:aws:sts::" + owner + ":assumed-role/unwanted/blue", "arn:aws:iam::" + owner + ":role/path/wanted",
		} {
			refused(principal, good, bad)
		}
		refused(role, bad)
		w.want(200, p.presentAs(good, p.issuer.token(p.email, nil)))
		refused("arn:aws:sts::"+owner+":assumed-role/wanted/blue", bad, w.want(200, session(role, "green")).credentialsOf())
		w.want(200, p.presentAs(good, p.issuer.token(p.email, nil)))
		// A principal is a name: wildcards in it are refused, but for the one that means everybody.
		for _, principal := range []string{"arn:aws:iam::" + owner + ":role/*", "arn:aws:iam::*:role/wanted", "arn:aws:iam::" + owner + ":role/want?d"} {
			a := w.call(w.admin(), api.PutApplicationAuthenticationMethod.Operation, members{
				"ApplicationArn": p.app, "AuthenticationMethodType": "IAM",
				"AuthenticationMethod": members{"Iam": members{"ActorPolicy": members{"Version": "2012-10-17", "Statement": []members{{
					"Effect": "Allow", "Principal": members{"AWS": principal}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*",
				}}}}},
			})
			w.refused(a, 400, "ValidationException")
		}
	},
	"sigv4-assumed-role-vs-role": func(w *world) {
		p := w.propagation()
		var roles, names []string
		for _, account := range []string{owner, another} {
			role := w.addRole(account, "of-both-accounts", trusting("arn:aws:iam::"+owner+":root"), allow("sso-oauth:*"))
			roles, names = append(roles, role), append(names, strings.Replace(strings.Replace(role, ":iam:", ":sts:", 1), ":role/", ":assumed-role/", 1)+"/ab")
		}
		home, foreign := w.want(200, w.assume(w.admin(), roles[0], "ab", nil)).credentialsOf(), w.want(200, w.assume(w.admin(), roles[1], "ab", nil)).credentialsOf()
		for range 3 { // in turn, so that an answer that was kept for the one would be found for the other
			for _, principal := range []string{roles[0], names[0]} {
				w.actors(p.app, principal)
				w.want(200, p.presentAs(home, p.issuer.token(p.email, nil)))
				w.refused(p.presentAs(foreign, p.issuer.token(p.email, nil)), 400, "AccessDeniedException")
			}
			for _, principal := range []string{roles[1], names[1]} {
				w.actors(p.app, principal)
				w.refused(p.presentAs(home, p.issuer.token(p.email, nil)), 400, "AccessDeniedException")
			}
		}
		// A role that trusts one of them does not trust the other.
		trusts := w.addRole(owner, "trusts-one", trusting(roles[0]), "")
		w.want(200, w.assume(home, trusts, "ab", nil))
		w.refused(w.assume(foreign, trusts, "ab", nil), 403, "AccessDenied")
		// Roles that are made anew are other roles: what was vended before is nobody's.
		if out, err := w.command("", "iam", "delete-role", "of-both-accounts", "--account", owner); err != nil {
			w.t.Fatalf("%v: %s", err, out)
		}
		w.addRole(owner, "of-both-accounts", trusting("arn:aws:iam::"+owner+":root"), allow("sso-oauth:*"))
		w.refused(w.whoIs(home), 403, "InvalidClientTokenId")
	},
	"sigv4-big-headers": func(w *world) {
		s := signing{key: w.admin(), service: "sts"}
		body := []byte("Action=GetCallerIdentity&Version=2011-06-15")
		changed := func(target string, change func(r *http.Request)) answer {
			r := w.request(s, "POST", "/", asForm, body)
			r.URL.RawQuery = strings.TrimPrefix(target, "/?")
			if target == "/" {
				r.URL.RawQuery = ""
			}
			change(r)
			return w.do(r)
		}
		for what, c := range map[string]struct {
			target string
			change func(r *http.Request)
		}{
			"50 kB of Authorization": {"/", func(r *http.Request) {
				r.Header.Set("Authorization", r.Header.Get("Authorization")+strings.Repeat(",a=b", 12_500))
			}},
			"50 kB of spaces": {"/", func(r *http.Request) {
				r.Header.Set("Authorization", r.Header.Get("Authorization")+strings.Repeat(" ", 50_000)+"x")
			}},
			"1,000 names of headers": {"/", func(r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "SignedHeaders=", "SignedHeaders="+strings.Repeat("a;", 1_000), 1))
			}},
			"1,000 headers":               {"/", func(r *http.Request) { manyHeaders(r, 1_000) }},
			"a session token of 40 kB":    {"/", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", strings.Repeat("a", 40_000)) }},
			"10,000 query parameters":     {"/?a=" + strings.Repeat("&a=", 9_999), func(*http.Request) {}},
			"3,000 parameters to presign": {"/?X-Amz-Signature=" + strings.Repeat("&a=b", 3_000), func(*http.Request) {}},
			"10,000 semicolons": {"/", func(r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "SignedHeaders=", "SignedHeaders="+strings.Repeat(";", 10_000), 1))
			}},
		} {
			w.t.Log(what)
			w.refusedBy(changed(c.target, c.change), 400, 403, 414, 431)
		}
		w.want(200, changed("/", func(*http.Request) {}))
	},
}

func manyHeaders(r *http.Request, n int) {
	for i := range n {
		r.Header.Set(fmt.Sprintf("X-Amz-Meta-%d", i), "a")
	}
}

func headerNames(a answer) string {
	var names []string
	for name := range a.header {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

var idOfRequest = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// withoutID is the body of an answer without the id of the request.
func withoutID(a answer) string { return idOfRequest.ReplaceAllString(string(a.body), "ID") }

// addKnownKey gives a new user a key whose id and secret are those of a table.
func (w *world) addKnownKey(name, id, secret string) {
	w.t.Helper()
	w.makePrincipal("", "iam", "create-user", name, "--account", owner, allow("*"))
	w.house(func(h *server.House) error {
		return h.Store.Update(w.t.Context(), func(tx *store.Tx) error {
			return tx.AddAccessKey(store.AccessKey{
				AccessKeyID: id, SealedSecret: creds.SealAccessKeySecret(h.Ring, id, secret), AccountID: owner, UserName: name, Status: store.KeyActive,
			})
		})
	})
}

// house opens the store and the key ring beside the server, for what no command does.
func (w *world) house(do func(h *server.House) error) {
	w.t.Helper()
	c, err := server.Load([]string{"--data", w.server.Data, "--region", w.server.Region}, harness.Environ(w.t, w.server.Data))
	if err != nil {
		w.t.Fatal(err)
	}
	h, err := server.OpenHouse(w.t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	defer h.Close()
	if err := do(h); err != nil {
		w.t.Fatal(err)
	}
}

// wired is a connection that is kept open for many requests.
type wired struct {
	w    *world
	conn net.Conn
	in   *bufio.Reader
}

// exchange sends bytes as they are and reads one answer.
func (c *wired) exchange(raw []byte) answer {
	c.w.t.Helper()
	for {
		fresh := c.conn == nil
		if fresh {
			conn, err := net.Dial("tcp", c.w.host())
			if err != nil {
				c.w.t.Fatal(err)
			}
			c.conn, c.in = conn, bufio.NewReader(conn)
		}
		a, err := c.try(raw)
		if err == nil {
			return a
		}
		c.close()
		if fresh { // one that was kept may have been closed meanwhile, a new one may not
			c.w.t.Errorf("no answer to %.200q: %v", raw, err)
			return answer{header: http.Header{}}
		}
	}
}

func (c *wired) try(raw []byte) (answer, error) {
	if err := c.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return answer{}, err
	}
	// A server that refuses early may close before it has read all.
	_, wrote := c.conn.Write(raw)
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return answer{}, fmt.Errorf("%w (%v)", err, wrote)
	}
	body, err := drained(response.Body)
	if response.Close || wrote != nil {
		c.close()
	}
	return answer{response.StatusCode, response.Header, body}, err
}

func (c *wired) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// otherwise are the cases of the table that this server answers differently, with its reason.
var otherwise = map[string]string{
	"ok-session-token":   "reject", // the token of somebody else's STS; ours are sealed
	"scope-region":       "accept", // one server is all Regions, unless a setting sends some of them elsewhere
	"scope-region-upper": "accept",
}

// later is by how much a case is sent later than it says: presigned requests of STS live for a quarter of an hour, whatever they say.
var later = map[string]time.Duration{"sts-pre-expired": 14 * time.Minute}

// hostileSignatures replays the table of raw requests, each at its own time.
func hostileSignatures(w *world) {
	var table struct {
		Config      struct{ Hosts []string }
		Credentials []struct {
			ID     string `json:"access_key_id"`
			Secret string
			Token  string `json:"session_token"`
		}
		Cases []struct {
			ID, Expect, Now, Raw string
			Base64               string `json:"raw_b64"`
		}
	}
	readVectors(w.t, "hostile-sigv4/cases.json", &table)
	w = w.another("--allowed-hosts=" + strings.Join(table.Config.Hosts, ","))
	for i, c := range table.Credentials {
		if c.Token == "" {
			w.addKnownKey(fmt.Sprintf("of-the-table-%d", i), c.ID, c.Secret)
		}
	}
	accepted := 0
	for _, c := range table.Cases {
		raw := []byte(c.Raw)
		if c.Base64 != "" {
			raw, _ = base64.StdEncoding.DecodeString(c.Base64)
		}
		at, err := time.Parse("20060102T150405Z", c.Now)
		if err != nil {
			w.t.Fatal(err)
		}
		w.advance(at.Add(later[c.ID]).Sub(w.now()))
		before := w.rows()
		connection := &wired{w: w}
		a := connection.exchange(raw)
		connection.close()
		// Who gets past the signature is told that there is no such application, or whose key it is.
		in := a.exception() == "InvalidClientException" && bytes.Contains(raw, []byte("aws_iam=t")) || a.status == 200
		want := cmp.Or(otherwise[c.ID], c.Expect)
		switch {
		case in && want != "reject":
			accepted++
		case in, want == "accept":
			w.t.Errorf("%s: want %s, got %s", c.ID, want, a)
		case a.status < 400 || a.status >= 500:
			w.t.Errorf("%s: %s", c.ID, a)
		}
		if !sameRows(before, w.rows()) {
			w.t.Errorf("%s left something behind", c.ID)
		}
	}
	if accepted < 1 {
		w.t.Error("nothing was accepted: the table is not what it was")
	}
}

// notMutated are the parts of a request that are not signed, or whose change leaves both sides waiting for each other: line ends, and how
// long the body is.
var notMutated = regexp.MustCompile(`(?i)\r\n| HTTP/1\.1|content-length: \d+|accept-encoding: \S+|user-agent: \S+`)

// mutatedRequests changes each bit of a request that is worth something.
func mutatedRequests(w *world) {
	p := w.propagation()
	in := members{"clientId": p.app, "grantType": grantBearer, "assertion": p.issuer.token(p.email, nil)}
	r := w.request(signing{key: p.caller, service: "sso-oauth"}, "POST", "/token?aws_iam=t", asJSON, w.json(in))
	whole, err := httputil.DumpRequestOut(r, true)
	if err != nil {
		w.t.Fatal(err)
	}
	skip := make([]bool, len(whole))
	for _, span := range notMutated.FindAllIndex(whole, -1) {
		for i := span[0]; i < span[1]; i++ {
			skip[i] = true
		}
	}
	target, headers := bytes.IndexByte(whole, '\n'), bytes.Index(whole, []byte("\r\n\r\n"))
	type mutation struct {
		at   int
		mask byte
	}
	var all []mutation
	for at := range whole {
		for _, mask := range []byte{0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80} {
			letter := whole[at] | 0x20
			// The names of headers are the same in every letter case.
			sameName := mask == 0x20 && at > target && at < headers && letter >= 'a' && letter <= 'z' && bytes.IndexByte(whole[bytes.LastIndexByte(whole[:at], '\n'):at], ':') < 0
			if !skip[at] && !sameName {
				all = append(all, mutation{at, mask})
			}
		}
	}
	const connections = 4
	var next atomic.Int64
	before := w.rows()
	together(connections, func(int) {
		c := &wired{w: w}
		defer c.close()
		for {
			n := int(next.Add(1)) - 1
			if n >= len(all) {
				return
			}
			raw := bytes.Clone(whole)
			raw[all[n].at] ^= all[n].mask
			a := c.exchange(raw)
			refusedBySignature := oneOf(signatureRefusals, a.exception())
			switch inBody := all[n].at > headers; {
			case a.status < 400 || a.status >= 500:
				w.t.Errorf("a request with %q in place of %q at %d: %s", raw[all[n].at], whole[all[n].at], all[n].at, a)
			case inBody && !refusedBySignature, all[n].at > target && !refusedBySignature && oneOf("InvalidClientException|AccessDeniedException|InvalidGrantException", a.exception()):
				w.t.Errorf("the signature of a request with %q in place of %q at %d was not what refused it: %s", raw[all[n].at], whole[all[n].at], all[n].at, a)
			}
		}
	})
	if len(all) < 7_000 {
		w.t.Errorf("%d mutations", len(all))
	}
	if after := w.rows(); !sameRows(before, after) {
		w.t.Errorf("rows changed from %v to %v", before, after)
	}
	c := &wired{w: w}
	defer c.close()
	w.want(200, c.exchange(whole)) // the request was good, and its assertion is not spent
}
