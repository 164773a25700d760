package attacks

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

var cryptoSteps = map[string]attack{
	"crypto-alg-agility": func(w *world) {
		w = w.another()
		p := w.propagation()
		algorithm := func(name string) { w.sql("UPDATE application SET id_token_alg = $1", name) }
		var issued []tokens
		var kinds []string
		for _, name := range []string{"", "RS256", "", "RS256"} {
			algorithm(name)
			issued = append(issued, p.token().tokens())
			w.control(200, "/_dev/rotate", members{}, nil)
			issued = append(issued, p.token().tokens())
		}
		ids := map[string]bool{}
		for _, token := range issued {
			header := w.verifyIDToken(token.id)
			kinds = append(kinds, header.Alg)
			ids[header.Kid] = true
			w.refusedBy(w.accounts(token.access), 401, 403) // known, and not for accounts
		}
		if want := []string{"ES256", "ES256", "RS256", "RS256", "ES256", "ES256", "RS256", "RS256"}; !equal(kinds, want) || len(ids) < 5 {
			w.t.Errorf("the tokens are signed with %q, by %d keys", kinds, len(ids))
		}
		// The algorithm is that of the key: under another one a token is nothing.
		parts := strings.Split(issued[0].id, ".")
		for _, alg := range []string{"RS256", "none", "HS256", "ES384"} {
			changed := inBase64(w.json(members{"alg": alg, "kid": w.verifyIDToken(issued[0].id).Kid, "typ": "JWT"})) + "." + parts[1] + "." + parts[2]
			if w.idTokenError(changed) == nil {
				w.t.Errorf("a token with the algorithm %s is good", alg)
			}
		}
	},
	"crypto-key-wrong": func(w *world) {
		w = w.another()
		session := w.login(w.register(), "alice")
		w.server.Stop()
		data := w.server.Data
		right, err := os.ReadFile(filepath.Join(data, "root.key"))
		if err != nil {
			w.t.Fatal(err)
		}
		other := make([]byte, 32)
		rand.Read(other)
		stored := func() any { // every row, or the sealed keys and how many there are of the others
			if testdb.OnPostgreSQL() {
				return fmt.Sprint(w.sql("SELECT key_id, sealed_seed, (SELECT COUNT(*) FROM audit_event) FROM sealing_key ORDER BY key_id"))
			}
			return digestOf(w, filepath.Join(data, "sallyport.db"))
		}
		before := stored()
		refuses := func(what, sentence string, args ...string) {
			w.t.Helper()
			out := w.notStarting(data, args...)
			if !strings.Contains(out, sentence) || strings.Contains(out, "goroutine") || strings.Contains(out, strings.TrimSpace(string(right))) {
				w.t.Errorf("%s: %s", what, out)
			}
			if stored() != before {
				w.t.Errorf("%s: the database was changed", what)
			}
		}
		file := func(name, text string, mode os.FileMode) string {
			path := filepath.Join(w.t.TempDir(), name)
			if err := os.WriteFile(path, []byte(text), mode); err != nil {
				w.t.Fatal(err)
			}
			return path
		}
		refuses("another key", "root key", "--root-key-file", file("other.key", base64.StdEncoding.EncodeToString(other), 0o600))
		refuses("a short key", "root key", "--root-key-file", file("short.key", "AAAA", 0o600))
		refuses("an empty key", "it is empty", "--root-key-file", file("empty.key", "", 0o600))
		refuses("no such file", "no such file", "--root-key-file", filepath.Join(w.t.TempDir(), "none"))
		if err := os.Remove(filepath.Join(data, "root.key")); err != nil {
			w.t.Fatal(err)
		}
		refuses("the key is gone", "root.key")
		if _, err := os.Stat(filepath.Join(data, "root.key")); err == nil {
			w.t.Error("a new root key stands in the place of the one that was lost")
		}
		if err := os.WriteFile(filepath.Join(data, "root.key"), right, 0o600); err != nil {
			w.t.Fatal(err)
		}
		again := w.run.startIn(w.t, data, w.kept)
		again.want(200, again.accounts(session.access))
	},
	"crypto-log-inject": func(w *world) {
		for _, form := range []string{"text", "json"} {
			injectIntoLog(w.another("--log-format="+form), form)
		}
	},
	"crypto-core-dump": func(w *world) {
		w.t.Setenv("GOTRACEBACK", "crash")
		w = w.another()
		*w.broken = true // a process that is made to crash says so
		p := w.propagation()
		token := p.token().tokens()
		limits, err := os.ReadFile("/proc/" + strconv.Itoa(w.server.PID) + "/limits")
		if err != nil {
			w.t.Fatal(err)
		}
		for line := range strings.Lines(string(limits)) {
			if fields := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && (fields[4] != "0" || fields[5] != "0") {
				w.t.Errorf("a core file may be written: %s", line)
			}
		}
		if err := syscall.Kill(w.server.PID, syscall.SIGABRT); err != nil {
			w.t.Fatal(err)
		}
		w.server.Stop()
		if !strings.Contains(w.server.Log.String(), "SIGABRT") {
			w.t.Error("the server did not crash")
		}
		here, err := filepath.Glob("core*")
		there, errThere := filepath.Glob(filepath.Join(w.server.Data, "core*"))
		if err := errors.Join(err, errThere); err != nil || len(here)+len(there) > 0 {
			w.t.Errorf("the crash left %q, %q: %v", here, there, err)
		}
		for _, secret := range []string{token.access, token.refresh, token.id, w.admin().secret} {
			if strings.Contains(w.server.Log.String(), secret) {
				w.t.Errorf("the trace of the crash shows %.12s…", secret)
			}
		}
	},
	"crypto-env-args": func(w *world) {
		key := make([]byte, 32)
		rand.Read(key)
		text := base64.StdEncoding.EncodeToString(key)
		path := filepath.Join(w.t.TempDir(), "root.key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
		w = w.another("--root-key-file=" + path)
		w.kept.add("root key", text)
		token := w.propagation().token().tokens()
		for _, file := range []string{"cmdline", "environ", "comm", "status"} {
			shown, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(w.server.PID), file))
			if err != nil && file != "environ" { // which the system may keep from everybody, and so from us
				w.t.Fatal(err)
			}
			for _, secret := range []string{text, token.access, token.refresh, w.admin().secret, w.server.Password("alice")} {
				if strings.Contains(string(shown), secret) {
					w.t.Errorf("%s of the process shows %.12s…", file, secret)
				}
			}
		}
		// Nobody can put the key on the command line, and nobody a password.
		if out := w.notStarting(w.t.TempDir(), "--root-key", text); !strings.Contains(out, "root-key") {
			w.t.Errorf("a root key on the command line: %s", out)
		}
		if out, err := w.command("", "user", "set-password", "alice", "a password on the command line"); err == nil {
			w.t.Errorf("a password on the command line: %s", out)
		}
	},
	"crypto-compare-all": comparedSecrets,
	"crypto-jwks-public": func(w *world) {
		w = w.another()
		p := w.propagation()
		w.sql("UPDATE application SET id_token_alg = 'RS256'")
		w.want(200, p.token()) // makes the RSA key
		w.control(200, "/_dev/rotate", members{}, nil)
		w.want(200, p.token())
		a := w.want(200, w.get("/.well-known/jwks.json"))
		var set struct{ Keys []map[string]any }
		if err := json.Unmarshal(a.body, &set); err != nil || len(set.Keys) < 4 {
			w.t.Fatalf("%d keys: %v", len(set.Keys), err)
		}
		for _, k := range set.Keys {
			for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
				if k[private] != nil {
					w.t.Errorf("the key %s has %s", k["kid"], private)
				}
			}
			if k["kty"] != "EC" && k["kty"] != "RSA" || k["use"] != "sig" || k["kid"] == "" || k["alg"] == "" {
				w.t.Errorf("a key is %v", k)
			}
		}
	},
}

func equal(a, b []string) bool { return strings.Join(a, " ") == strings.Join(b, " ") }

// startPatience is how long a server that refuses to start may take over it.
const startPatience = 30 * time.Second

// notStarting runs the server where it must refuse, and returns what it says.
func (w *world) notStarting(data string, args ...string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), startPatience)
	defer cancel()
	c := exec.CommandContext(ctx, harness.Binary(w.t), append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data, "--dev"}, args...)...)
	c.Env = harness.Environ(w.t, data)
	out, err := c.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		w.t.Errorf("serve %q: it ran: %v\n%s", args, err, out)
	}
	return string(out)
}

func digestOf(w *world, file string) [sha256.Size]byte {
	w.t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	return sha256.Sum256(content)
}

// header is that of a token.
type header struct{ Alg, Kid string }

// verifyIDToken verifies a token by the keys that the server publishes.
func (w *world) verifyIDToken(token string) header {
	w.t.Helper()
	if err := w.idTokenError(token); err != nil {
		w.t.Fatalf("an ID token: %v", err)
	}
	return headerOf(token)
}

func headerOf(token string) (h header) {
	first, _, _ := strings.Cut(token, ".")
	text, _ := base64.RawURLEncoding.DecodeString(first)
	_ = json.Unmarshal(text, &h)
	return h
}

// idTokenError says why a token does not hold.
func (w *world) idTokenError(token string) error {
	w.t.Helper()
	h, dot := headerOf(token), strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		return err
	}
	var set struct {
		Keys []struct{ Kid, Alg, Kty, X, Y, N string }
	}
	if err := json.Unmarshal(w.want(200, w.get("/.well-known/jwks.json")).body, &set); err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(token[:dot]))
	integer := func(text string) *big.Int {
		raw, _ := base64.RawURLEncoding.DecodeString(text)
		return new(big.Int).SetBytes(raw)
	}
	for _, k := range set.Keys {
		switch {
		case k.Kid != h.Kid || k.Alg != h.Alg:
		case k.Kty == "RSA":
			return rsa.VerifyPKCS1v15(&rsa.PublicKey{N: integer(k.N), E: 65537}, crypto.SHA256, digest[:], signature)
		default:
			point := append(append([]byte{4}, coordinate(integer(k.X))...), coordinate(integer(k.Y))...)
			public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
			if err != nil {
				return err
			}
			if len(signature) != 64 || !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
				return errors.New("the signature is wrong")
			}
			return nil
		}
	}
	return errors.New("no key is published for " + h.Alg + " " + h.Kid)
}

// hostileTexts begin lines of their own, move the cursor of a terminal, and close what is quoted.
var hostileTexts = []string{
	"a\ntime=2020-01-01T00:00:00Z level=INFO msg=Forged", "a\r\n{\"msg\":\"Forged\"}", "\x1b[2J\x1b]0;Forged\x07", "\" msg=Forged \"", "\u2028time=2020 msg=Forged", "\x00\x08\x7f\u0085",
}

// injectIntoLog puts hostile texts wherever somebody can put a text, and reads the log.
func injectIntoLog(w *world, form string) {
	p := w.propagation()
	for _, text := range hostileTexts {
		w.post("/client/register", publicClient.with(members{"clientName": text, "scopes": []string{text}}))
		w.post("/token", members{"clientId": text, "clientSecret": text, "grantType": text, "code": text})
		w.get("/authorize?" + url.Values{"client_id": {text}, "redirect_uri": {text}, "state": {text}}.Encode())
		w.get("/" + url.PathEscape(text))
		w.postForm("/signin", url.Values{"user_name": {text}, "password": {text}}, nil)
		w.send("GET", "/healthz", map[string]string{"User-Agent": strings.Map(printable, text), "X-Forwarded-For": strings.Map(printable, text)}, nil)
		w.call(w.admin(), api.CreateUser.Operation, w.person(text))
		w.call(w.admin(), api.CreateApplication.Operation, sampleOf(api.CreateApplication.Operation, w.names()).with(members{"Name": text}))
		w.call(w.admin(), api.TagResource.Operation, sampleOf(api.TagResource.Operation, w.names()).with(members{"Tags": []members{{"Key": text, "Value": text}}}))
		w.assume(w.admin(), "arn:aws:iam::"+owner+":role/"+text, text, members{"SourceIdentity": text})
		w.call(w.admin(), api.AssumeRoleWithWebIdentity.Operation, members{"RoleArn": "arn:aws:iam::" + owner + ":role/none", "RoleSessionName": "ab", "WebIdentityToken": text + "aaaa"})
		k := w.newKey(text)
		p.present(p.issuer.signed(k, p.issuer.claims(text, members{"sub": text, "jti": text, "email": text})))
		p.present(p.issuer.signed(k, p.issuer.claims(text, members{"iss": text, "aud": text})))
		w.call(key{id: "AKIA" + strings.Map(printable, text), secret: "a"}, api.ListInstances.Operation, members{})
		w.command("", "iam", "create-user", strings.ReplaceAll(text, "\x00", ""), "--account", owner)
	}
	w.raw("GET /\x1b[2J HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n")
	w.raw("GET / HTTP/1.1\r\nHost: \x1b[2Jmsg=Forged\r\nConnection: close\r\n\r\n")
	w.raw("\x1b[2J\x1b]0;Forged\x07 \r\n\r\n")
	w.server.Stop()
	w.logLines()
	for line := range strings.Lines(w.server.Log.String()) {
		if strings.HasPrefix(line, "time=2020") || strings.HasPrefix(line, `{"msg"`) || strings.HasPrefix(line, "{") && !json.Valid([]byte(line)) {
			w.t.Errorf("somebody wrote a line of the log: %q", line)
		}
		if form == "text" && strings.HasPrefix(line, "time=") && strings.Contains(unquoted(line), "msg=Forged") {
			w.t.Errorf("somebody wrote a field of the log: %q", line)
		}
	}
}

// printable leaves out what no header may have.
func printable(r rune) rune {
	if r < ' ' && r != '\t' || r == 0x7f {
		return -1
	}
	return r
}

// unquoted is a line of the log without what stands in quotes.
func unquoted(line string) string {
	var b strings.Builder
	inside := false
	for i := 0; i < len(line); i++ {
		switch {
		case inside && line[i] == '\\':
			i++
		case line[i] == '"':
			inside = !inside
		case !inside:
			b.WriteByte(line[i])
		}
	}
	return b.String()
}
