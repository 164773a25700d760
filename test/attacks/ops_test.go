package attacks

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

var opsSteps = map[string]attack{
	"ops-config-typo":    misspeltSettings,
	"ops-bootstrap-race": twoFirstStarts,
	"ops-schema-newer":   newerSchema,
	"ops-leap":           remarkableMoments,
	"ops-readonly":       readOnlyStore,
	"ops-poison-row":     poisonedRows,
	"ops-proxy-proto":    proxyProtocol,
	"ops-dev-off":        noControlEndpoints,
	"ops-dev-bind":       developmentInPublic,
	"ops-ring-retire":    retiredKeys,
}

// runProgram runs the program as it is given, with an environment of the entry's own, and returns what it says. It must end by itself.
func (w *world) runProgram(environ []string, args ...string) (string, error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), startPatience)
	defer cancel()
	c := exec.CommandContext(ctx, harness.Binary(w.t), args...)
	c.Env = append(harness.Environ(w.t, w.t.TempDir()), environ...)
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		w.t.Errorf("%q %q ran on:\n%s", environ, args, out)
	}
	return string(out), err
}

// misspeltSettings gives settings names that they do not have, in each place where settings stand.
func misspeltSettings(w *world) {
	file := filepath.Join(w.t.TempDir(), "settings.yaml")
	for _, c := range []struct {
		what, file string
		environ    []string
		args       []string
		says       string
	}{
		{what: "a flag", args: []string{"--refresh-windw", "0s"}, says: "--refresh-windw"},
		{what: "a flag in the spelling of the file", args: []string{"--refresh_window", "0s"}, says: "--refresh_window"},
		{what: "a flag in capitals", args: []string{"--Refresh-Window", "0s"}, says: "--Refresh-Window"},
		{what: "a word that is no flag", args: []string{"device_grant=false"}, says: `"device_grant"`},
		{what: "an environment variable", environ: []string{"SALLYPORT_DEVICE_GRNT=false"}, says: "SALLYPORT_DEVICE_GRNT"},
		{what: "an environment variable in small letters", environ: []string{"SALLYPORT_device_grant=false"}, says: "SALLYPORT_device_grant"},
		{what: "a key of the file", file: "listen: 127.0.0.1:0\ntrusted_proxy: 10.0.0.0/8\n", says: "trusted_proxy"},
		{what: "a key in the spelling of flags", file: "device-grant: false\n", says: "device-grant"},
		{what: "a key in capitals", file: "Device_Grant: false\n", says: "Device_Grant"},
		{what: "a key below another", file: "serve:\n  device_grant: false\n", says: "serve"},
		{what: "a key twice", file: "device_grant: false\ndevice_grant: true\n", says: "device_grant"},
		{what: "a value of another kind", file: "device_grant: no\n", says: "device_grant"},
		{what: "a file that is not there", args: []string{"--config", filepath.Join(w.t.TempDir(), "none.yaml")}, says: "none.yaml"},
	} {
		data := filepath.Join(w.t.TempDir(), "data")
		args := append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, c.args...)
		if c.file != "" {
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				w.t.Fatal(err)
			}
			args = []string{"serve", "--data", data, "--config", file}
		}
		out, err := w.runProgram(c.environ, args...)
		if err == nil || !strings.Contains(out, c.says) || strings.Contains(out, "goroutine") {
			w.t.Errorf("%s: %v\n%s", c.what, err, out)
		}
		if _, err := os.Stat(data); err == nil {
			w.t.Errorf("%s: the data folder was made", c.what)
		}
	}
	// What is in force can be read, and no secret with it.
	const hidden = "aGlkZGVuIGhpZGRlbiBoaWRkZW4gaGlkZGVuIGhpZGQ="
	secrets := []string{"SALLYPORT_ROOT_KEY=" + hidden, "SALLYPORT_DATABASE=postgres://somebody:" + hidden[:20] + "@127.0.0.1/x"}
	out, err := w.runProgram(secrets, "config", "print", "--refresh-window", "7s")
	if err != nil || !strings.Contains(out, "refresh_window: 7s") || !strings.Contains(out, "root_key:") || strings.Contains(out, hidden[:20]) {
		w.t.Errorf("the settings in force: %v\n%s", err, out)
	}
}

// twoFirstStarts starts servers at once where nothing has been made yet: what is made at the first start is made once.
func twoFirstStarts(w *world) {
	const rounds, processes = 3, 3
	for range rounds {
		data := w.t.TempDir()
		environ := harness.Environ(w.t, data)
		var nodes [processes]*harness.Node
		var logs [processes]harness.Buffer
		folders := [processes]string{w.t.TempDir(), w.t.TempDir(), w.t.TempDir()}
		if _, err := harness.Build(); err != nil {
			w.t.Fatal(err)
		}
		together(processes, func(i int) {
			node, err := harness.StartNode(harness.NodeOptions{
				Args: []string{"--dev", "--listen", "127.0.0.1:0", "--data", data}, Environment: environ, Log: &logs[i], Folder: folders[i],
			})
			if err != nil {
				w.t.Errorf("one of %d that start at once: %v\n%s", processes, err, &logs[i])
				return
			}
			nodes[i] = node
		})
		for _, node := range nodes {
			if node != nil {
				w.t.Cleanup(node.Kill)
			}
		}
		if w.t.Failed() {
			return
		}
		for _, node := range nodes[1:] {
			first := nodes[0]
			if node.InstanceARN != first.InstanceARN || node.IdentityStoreID != first.IdentityStoreID || node.Admin != first.Admin {
				w.t.Errorf("two installations: %s with the key %s, and %s with %s", first.InstanceARN, first.Admin.AccessKeyID, node.InstanceARN, node.Admin.AccessKeyID)
			}
		}
		for what, want := range map[string]string{
			"instance": "1", "iam_user WHERE user_name = 'admin'": "1", "access_key": "1", "directory_user WHERE user_name = 'alice'": "1",
			"sealing_key WHERE purpose = 'epoch'": "1", "sealing_key WHERE purpose = 'lookup'": "1",
		} {
			if got := harness.Rows(w.t, data, "SELECT COUNT(*) FROM "+what)[0][0]; got != want {
				w.t.Errorf("%s rows of %s, want %s", got, what, want)
			}
		}
		// What one of them sealed, the others open.
		for _, node := range nodes {
			each := w.at(node)
			each.want(200, each.whoIs(key{id: nodes[0].Admin.AccessKeyID, secret: nodes[0].Admin.SecretAccessKey}))
		}
		for _, node := range nodes {
			node.Stop()
		}
	}
}

// at is a world around a node that the entry started by itself.
func (w *world) at(node *harness.Node) *world {
	w.t.Helper()
	there := *w
	there.server = &harness.Server{Ready: node.Ready, Log: &harness.Buffer{}}
	there.moved = new(atomic.Int64)
	return there.in(w.t)
}

// newerSchema runs the program on a database from which a newer one has taken something away, and on one to which it only added something.
func newerSchema(w *world) {
	w = w.another()
	data, kept := w.server.Data, w.kept
	session := w.login(w.register(), "alice")
	w.server.Stop()
	const taken = "9001_takes.sql"
	note := func(file, checksum string) {
		w.sql("INSERT INTO migration (file, step, checksum, applied_at) VALUES ($1, 0, $2, 1)", file, checksum)
	}
	note(taken, "of a newer release")
	again := w.run.startIn(w.t, data, kept) // what only adds is no harm
	again.want(200, again.accounts(session.access))
	again.server.Stop()
	note("required", taken)
	before := fmt.Sprint(w.sql("SELECT file, step, checksum FROM migration ORDER BY file, step"), w.sql("SELECT COUNT(*) FROM audit_event"))
	refuses := func(what, out string) {
		w.t.Helper()
		if !strings.Contains(out, taken) || !strings.Contains(out, "newer") || strings.Contains(out, "goroutine") {
			w.t.Errorf("%s on a newer schema: %s", what, out)
		}
	}
	refuses("a server", w.notStarting(data))
	for _, args := range [][]string{
		{"apply", "-f", filepath.Join(harness.Root(), "internal", "directory", "demo.yaml")}, {"user", "set-password", "alice"}, {"keys", "rotate"}, {"export"}, {"migrate"},
	} {
		out, err := w.command("", args...)
		if refuses(args[0], out); err == nil {
			w.t.Errorf("%q on a newer schema: it ran", args)
		}
	}
	if after := fmt.Sprint(w.sql("SELECT file, step, checksum FROM migration ORDER BY file, step"), w.sql("SELECT COUNT(*) FROM audit_event")); after != before {
		w.t.Errorf("the database was changed from %s to %s", before, after)
	}
	w.sql("DELETE FROM migration WHERE file = $1", "required")
	again = w.run.startIn(w.t, data, kept)
	again.want(200, again.accounts(session.access))
}

// proxyProtocol says in front of a request whose it is, as proxies do to servers that expect it.
func proxyProtocol(w *world) {
	const claimed = "203.0.113.77"
	v4 := func(command string) string {
		return "\r\n\r\n\x00\r\nQUIT\n" + command + "\x11\x00\x0c" + "\xcb\x00\x71\x4d" + "\x7f\x00\x00\x01" + "\x01\xbb\x20\xe4"
	}
	v6 := "\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x24" + strings.Repeat("\x20", 32) + "\x01\xbb\x20\xe4"
	register := string(w.json(publicClient))
	w.unchanged("PROXY headers", func() {
		for what, header := range map[string]string{
			"version 1": "PROXY TCP4 " + claimed + " 127.0.0.1 443 8420\r\n", "version 1 over IPv6": "PROXY TCP6 2001:db8::77 ::1 443 8420\r\n",
			"version 1, unknown": "PROXY UNKNOWN\r\n", "version 1 that ends with a line feed": "PROXY TCP4 " + claimed + " 127.0.0.1 443 8420\n",
			"version 1, as long as may be": "PROXY TCP6 " + strings.Repeat("ffff:", 7) + "ffff " + strings.Repeat("ffff:", 7) + "ffff 65535 65535\r\n",
			"version 1 twice":              strings.Repeat("PROXY TCP4 "+claimed+" 127.0.0.1 443 8420\r\n", 2),
			"version 2":                    v4("\x21"), "version 2 of the proxy's own": v4("\x20"), "version 2 over IPv6": v6,
			"version 2 in front of version 1": v4("\x21") + "PROXY TCP4 " + claimed + " 127.0.0.1 443 8420\r\n",
		} {
			w.rawRefused(what, header+"GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n", "400")
			w.rawRefused(what+", and a registration", header+"POST /client/register HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: "+
				strconv.Itoa(len(register))+"\r\n\r\n"+register, "400")
		}
	})
	for _, row := range w.sql("SELECT address FROM audit_event") {
		if strings.Contains(row[0], "203.0.113.77") || strings.HasPrefix(row[0], "2001:db8") || strings.HasPrefix(row[0], "2020:") {
			w.t.Errorf("the audit has the address %s that somebody claimed", row[0])
		}
	}
	for _, address := range []string{"remote=" + claimed, "address=" + claimed, "remote=2001:db8", "remote=2020:"} {
		if strings.Contains(w.server.Log.String(), address) {
			w.t.Errorf("the log has %s", address)
		}
	}
}

// noControlEndpoints asks a server without development mode for every control endpoint that there is in the source, in every spelling.
func noControlEndpoints(w *world) {
	paths := controlPaths(w)
	for _, path := range paths { // they are there in development mode: the list is of paths
		a, b := w.get(path), w.post(path, members{})
		if a.status == 404 && b.status == 404 && withoutID(a) == withoutID(b) {
			w.t.Errorf("%s is no endpoint of development mode", path)
		}
	}
	w = w.undeveloped()
	for _, path := range append(paths, "/_dev", "/_dev/", "/_dev/nothing", "/_dev/state/", "/_dev/state/x", "/_DEV/state", "/_Dev/State", "/_dev/STATE", "/_dev/state.", "/_dev./state", "/_dev/state%20", "/_dev%20/state", "/_dev/.state") {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"} {
			body := []byte(`{"advance":"1h","userName":"alice"}`)
			a, nothing := w.send(method, path, asJSON, body), w.send(method, "/_nothing/state", asJSON, body)
			if a.status != 404 {
				w.t.Errorf("%s %s: %s", method, path, a)
			}
			if a.header.Get("Allow") != nothing.header.Get("Allow") || method != "HEAD" && withoutID(a) != withoutID(nothing) {
				w.t.Errorf("%s %s reads unlike a path that nothing is at: %s", method, path, a)
			}
		}
		if page := w.send("GET", path, map[string]string{"Accept": "text/html"}, nil); page.status != 404 || !page.isPage() {
			w.t.Errorf("%s in a browser: %s", path, page)
		}
	}
	// Another spelling of the path is none at all, and refused before anybody looks for a route.
	for _, path := range paths {
		rest := strings.TrimPrefix(path, "/_dev/")
		for _, spelled := range []string{
			"/%5fdev/" + rest, "/%5Fdev/" + rest, "/_%64ev/" + rest, "//_dev/" + rest, "/_dev//" + rest, "/_dev/%2e/" + rest, "/./_dev/" + rest, "/static/../_dev/" + rest,
			"/_dev%2f" + rest, "/_dev%2F" + rest, "/_dev\\" + rest, "/_dev;/" + rest, "/_dev/" + rest + ";", "/_dev/" + rest + "%00", "/_dev/" + rest + "/.", "/_dev/" + rest + "/..",
		} {
			w.rawRefused(spelled, "GET "+spelled+" HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", "400|404")
		}
	}
	if users := w.sql("SELECT COUNT(*) FROM directory_user"); users[0][0] != "0" || len(w.server.Users) != 0 || w.server.Admin.AccessKeyID != "" {
		w.t.Errorf("the demo is there without development mode: %s people", users[0][0])
	}
}

// undeveloped starts a server of the entry's own without development mode.
func (w *world) undeveloped(flags ...string) *world {
	w.t.Helper()
	plain := &world{
		run: w.run, server: harness.StartIn(w.t, w.t.TempDir(), flags...), kept: &secrets{}, broken: new(bool), moved: new(atomic.Int64),
	}
	w.run.mu.Lock()
	w.run.worlds = append(w.run.worlds, plain)
	w.run.mu.Unlock()
	return plain.in(w.t)
}

// controlPaths are the paths of development mode as the source has them: every text that begins with /_dev/, or has it behind a method.
func controlPaths(w *world) []string {
	w.t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(harness.Root(), "internal"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if _, path, hasMethod := strings.Cut(text, " /_dev/"); err == nil && hasMethod && !strings.ContainsAny(path, " ?") {
				found["/_dev/"+path] = true
			} else if path, begins := strings.CutPrefix(text, "/_dev/"); err == nil && begins && path != "" && !strings.ContainsAny(path, " ?") {
				found["/_dev/"+path] = true
			}
			return true
		})
		return nil
	})
	paths := slices.Sorted(maps.Keys(found))
	if err != nil || len(paths) < 10 || !slices.Contains(paths, "/_dev/clock") || !slices.Contains(paths, "/_dev/explain") {
		w.t.Fatalf("the source has the control endpoints %q: %v", paths, err)
	}
	return paths
}

// developmentInPublic starts development mode where others reach it.
func developmentInPublic(w *world) {
	hosts := []string{"0.0.0.0", "[::]", "", "[::ffff:0.0.0.0]", "0", "sso.example.com", "192.0.2.1", "[2001:db8::1]", "localhost.", "LOCALHOST", "localhost.localdomain", "127.0.0.1.example.com"}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil && !prefix.Addr().IsLoopback() {
			host, _, _ := net.SplitHostPort(net.JoinHostPort(prefix.Addr().WithZone("").String(), "0"))
			hosts = append(hosts, strings.TrimSuffix(net.JoinHostPort(host, ""), ":"))
		}
	}
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, strings.ToLower(name))
	}
	for _, host := range hosts {
		for what, given := range map[string]struct{ environ, args []string }{
			"flags":       {nil, []string{"--dev", "--listen", host + ":0"}},
			"environment": {[]string{"SALLYPORT_DEV=true", "SALLYPORT_LISTEN=" + host + ":0"}, nil},
			"an address":  {nil, []string{"--dev", "--listen", host + ":0", "--public-url", "https://localhost"}},
		} {
			data := filepath.Join(w.t.TempDir(), "data")
			out, err := w.runProgram(given.environ, append([]string{"serve", "--data", data}, given.args...)...)
			if err == nil || !strings.Contains(out, "listen") || strings.Contains(out, "goroutine") {
				w.t.Errorf("development mode on %q (%s): %v\n%s", host, what, err, out)
			}
			if _, err := os.Stat(data); err == nil {
				w.t.Errorf("development mode on %q (%s) made its data", host, what)
			}
		}
	}
	for _, address := range []string{"https://sso.example.com", "https://192.0.2.1", "https://localhost.example.com"} {
		if out, err := w.runProgram(nil, "serve", "--dev", "--listen", "127.0.0.1:0", "--data", w.t.TempDir(), "--public-url", address); err == nil || !strings.Contains(out, "public_url") {
			w.t.Errorf("development mode at %s: %v\n%s", address, err, out)
		}
	}
	w.behindProxies()
}

// behindProxies sends a server in development mode what came through a proxy on its machine.
func (w *world) behindProxies() {
	w.t.Helper()
	expecting := w.another("--trusted-proxies=127.0.0.1")
	for name, value := range map[string]string{
		"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "sso.example.com", "X-Forwarded-Proto": "https", "Forwarded": "for=203.0.113.9", "Via": "1.1 proxy", "X-Real-Ip": "203.0.113.9",
	} {
		through := map[string]string{name: value, "Content-Type": "application/json"}
		before := w.rows()
		for _, target := range []string{"/signin", "/start", "/client/register", "/_dev/state", "/.well-known/openid-configuration"} {
			w.refusedBy(w.send("GET", target, through, nil), http.StatusForbidden)
		}
		w.refusedBy(w.send("POST", "/client/register", through, w.json(publicClient)), http.StatusForbidden)
		if !sameRows(before, w.rows()) {
			w.t.Errorf("%s: what is refused changed rows", name)
		}
		w.want(200, w.send("GET", "/healthz", through, nil))
		// A proxy that is expected may be used by people, and by nobody to act for them.
		expecting.want(200, expecting.send("GET", "/signin", through, nil))
		for _, control := range controlPaths(w) {
			for _, method := range []string{"GET", "POST"} {
				if a := expecting.send(method, control, through, []byte(`{"advance":"1h"}`)); a.status != http.StatusForbidden && a.status != http.StatusMethodNotAllowed && a.status != 404 {
					w.t.Errorf("%s %s through a proxy (%s): %s", method, control, name, a)
				}
			}
		}
	}
	expecting.want(200, expecting.get("/_dev/state"))
}

// longestLife is a moment by which everything that a key made has expired: registrations and sessions, which last 90 days, and an hour for
// clocks that differ.
const longestLife = 90*24*time.Hour + 2*time.Hour

// retiredKeys retires a key while things live that it sealed, and when none of them does any more.
func retiredKeys(w *world) {
	w = w.another("--key-rotation=0s")
	c := w.register()
	session := w.login(c, "alice")
	one := members{"IdentityStoreId": w.server.IdentityStoreID, "MaxResults": 1}
	pageToken := w.administer(api.ListUsers.Operation, one).member("NextToken")
	vended := w.roleCredentials(w.want(200, w.credentials(session.access, owner, "AdministratorAccess")))
	if pageToken == "" {
		w.t.Fatal("there is no second page of users")
	}
	first := w.epochs()[0].ID
	retire := func() answer { return w.post("/_dev/retire", members{"keyId": first}) }
	refused := func(when, names string) (text string) {
		w.t.Helper()
		a := retire()
		if a.status != http.StatusConflict || !strings.Contains(string(a.body), names) {
			w.t.Errorf("the key is retired %s: %s", when, a)
		}
		if !slices.ContainsFunc(w.epochs(), func(k ringKey) bool { return k.ID == first && k.State != "retired" }) {
			w.t.Errorf("the key left the ring %s", when)
		}
		return string(a.body)
	}
	refused("while it is in use", "in use")
	rotated := w.now()
	w.control(200, "/_dev/rotate", members{}, nil)
	w.advance(5 * time.Second) // until every node would know
	lives := func(when string) {
		w.t.Helper()
		w.want(200, w.post("/device_authorization", w.startRequest(c)))
		w.want(200, w.accounts(session.access))
		w.want(200, w.whoIs(vended))
		w.want(200, w.call(w.admin(), api.ListUsers.Operation, one.with(members{"NextToken": pageToken})))
	}
	lives("after the next key took over")
	// The refusal names what lives and until when: the registration, for 90 days, and an hour for clocks that differ.
	const needed = "needed until "
	namesEnd := func(text string) bool {
		_, until, _ := strings.Cut(text, needed)
		moment, err := time.Parse(time.DateTime, until[:min(len(until), len(time.DateTime))])
		return err == nil && moment.Sub(rotated.Add(90*24*time.Hour+time.Hour)).Abs() < time.Minute
	}
	if text := refused("while registrations, tokens and pages live", needed); !namesEnd(text) {
		w.t.Errorf("the refusal names another end than in 90 days: %s", text)
	}
	for _, what := range []string{"registration", "session", "pages"} {
		refused("while there are things like a "+what, what)
	}
	out, err := w.command("", "keys", "retire", first)
	for deadline := time.Now().Add(logPatience); strings.Contains(out, "a moment ago") && time.Now().Before(deadline); { // by its own clock
		out, err = w.command("", "keys", "retire", first)
	}
	if err == nil || !namesEnd(out) {
		w.t.Errorf("the command retires the key: %v\n%s", err, out)
	}
	lives("after the key was not retired")
	renewed := w.want(200, w.refresh(c, session.refresh)).tokens()
	w.want(200, w.accounts(renewed.access))
	w.advance(longestLife - 4*time.Hour)
	if text := refused("an hour before the last that it made has expired", needed); !namesEnd(text) {
		w.t.Errorf("the refusal names another end than before: %s", text)
	}
	w.advance(5 * time.Hour)
	// By now it may have gone by itself.
	if a := retire(); a.status != 200 && (a.status != http.StatusConflict || !strings.Contains(string(a.body), "no key of this id")) {
		w.t.Errorf("the key stays when nothing lives any more: %s", a)
	}
	if slices.ContainsFunc(w.epochs(), func(k ringKey) bool { return k.ID == first && k.State != "retired" }) {
		w.t.Errorf("the key is still in the ring")
	}
	// Nothing that it made is good any more, and nothing fails by it.
	w.refusedBy(w.post("/device_authorization", w.startRequest(c)), 400, 401)
	w.refused(w.accounts(session.access), 401, "UnauthorizedException")
	w.refusedBy(w.refresh(c, renewed.refresh), 400, 401)
	w.refusedBy(w.call(w.admin(), api.ListUsers.Operation, one.with(members{"NextToken": pageToken})), 400)
	w.want(200, w.accounts(w.login(w.register(), "alice").access))
	w.want(200, w.whoIs(w.admin())) // the secret of whose key was sealed anew
}

// ringKey is a key as development mode lists it.
type ringKey struct {
	ID    string
	State string
	Use   string
}

// epochs are the keys that seal, oldest first.
func (w *world) epochs() []ringKey {
	w.t.Helper()
	var out struct{ Keys []ringKey }
	if err := json.Unmarshal(w.want(200, w.get("/_dev/keys")).body, &out); err != nil {
		w.t.Fatal(err)
	}
	return slices.DeleteFunc(out.Keys, func(k ringKey) bool { return !strings.HasPrefix(k.Use, "seals") || k.State == "retired" })
}
