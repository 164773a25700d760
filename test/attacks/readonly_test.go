package attacks

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

// refusal is a way in which what is stored becomes read-only, and how it ends.
type refusal struct {
	what          string
	begin, end    func() error
	keepsFromBoth bool // a server that starts meanwhile cannot write either
}

// writesRefusedByDatabase has a PostgreSQL refuse every write as it does when transactions are read-only by default, on the tables of this
// server alone: others use the same database.
func writesRefusedByDatabase(w *world) []refusal {
	tables := w.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
	const function = "refuse_write"
	begin := func() error {
		w.sql("CREATE FUNCTION " + function + `() RETURNS trigger AS 'BEGIN RAISE EXCEPTION ''cannot execute this in a read-only transaction'' USING ERRCODE = ''25006''; END' LANGUAGE plpgsql`)
		for _, table := range tables {
			harness.Rows(w.t, w.server.Data, "CREATE TRIGGER "+function+" BEFORE INSERT OR UPDATE OR DELETE ON "+table[0]+" FOR EACH STATEMENT EXECUTE FUNCTION "+function+"()")
		}
		return nil
	}
	end := func() error {
		w.sql("DROP FUNCTION IF EXISTS " + function + " CASCADE")
		return nil
	}
	return []refusal{{"no transaction may write", begin, end, false}}
}

// readyPatience is how long readiness may take to follow: a write is tried every two seconds while somebody asks.
const readyPatience = 20 * time.Second

// becomes waits until the probe answers so.
func (w *world) becomes(ready int) {
	w.t.Helper()
	for deadline := time.Now().Add(readyPatience); ; {
		switch a := w.get("/readyz"); {
		case a.status == ready:
			return
		case time.Now().After(deadline):
			w.t.Fatalf("the ready probe still answers %s", a)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// readOnlyStore takes from a running server the right to write, and gives it back.
func readOnlyStore(w *world) {
	w = w.another()
	*w.broken = true // it says what fails
	ways := writesRefusedByDatabase
	if !testdb.OnPostgreSQL() {
		ways = writesRefusedBySystem
	}
	c := w.register()
	session := w.login(c, "alice")
	for i, way := range ways(w) {
		w.t.Cleanup(func() { _ = way.end() })
		w.becomes(200)
		pending := w.start(c)
		if err := way.begin(); err != nil {
			w.t.Fatalf("%s: %v", way.what, err)
		}
		w.refusesWrites(way.what, c, session, pending, fmt.Sprintf("nobody-%d", i))
		if way.keepsFromBoth {
			w = w.diesAndCannotStart(way)
			w.becomes(200)
		} else if err := way.end(); err != nil {
			w.t.Fatal(err)
		}
		w.becomes(200)
		// Nothing that was acknowledged is lost, nothing that failed is there, and all goes on.
		w.decide(pending, "bob", "approve")
		w.want(200, w.poll(c, pending))
		session = w.want(200, w.refresh(c, session.refresh)).tokens()
		w.want(200, w.accounts(session.access))
		w.administer(api.CreateUser.Operation, w.person(fmt.Sprintf("nobody-%d", i)))
		w.as("alice")
		if out, err := w.command("", "verify"); err != nil {
			w.t.Errorf("%s: afterwards: %v\n%s", way.what, err, out)
		}
	}
}

// refusesWrites asks for what has to be written while nothing can be. Everybody hears that the server fails, and nobody that they are wrong:
// a client that heard so would throw its token away.
func (w *world) refusesWrites(what string, c registration, session tokens, pending device, name string) {
	w.t.Helper()
	times := 3
	if testdb.OnPostgreSQL() { // where each waits a while for a database that takes writes
		times = 1
	}
	for range times {
		for asked, a := range map[string]answer{
			"a device authorization": w.post("/device_authorization", w.startRequest(c)),
			"an approval":            w.post("/_dev/device", members{"userCode": pending.userCode, "userName": "bob", "decision": "approve"}),
			"a refresh":              w.refresh(c, session.refresh),
			"a user":                 w.call(w.admin(), api.CreateUser.Operation, w.person(name)),
		} {
			if a.status < 500 {
				w.t.Errorf("%s: %s: %s", what, asked, a)
			}
		}
		b := w.browser()
		if page := b.signIn("/signin", "alice"); page.status < 500 {
			w.t.Errorf("%s: a sign-in: %s", what, page)
		}
	}
	w.becomes(http.StatusServiceUnavailable)
	w.want(200, w.get("/healthz"))
	if !testdb.OnPostgreSQL() { // there, what reads may have lost its connection
		w.want(200, w.accounts(session.access))
		w.want(200, w.whoIs(w.admin()))
	}
	w.logs("not ready")
}

// diesAndCannotStart ends a server where nothing can be written: the next one says so and ends, until something can be.
func (w *world) diesAndCannotStart(way refusal) *world {
	w.t.Helper()
	data := w.server.Data
	w.server.Kill()
	if out := w.notStarting(data); strings.Contains(out, "goroutine") || !strings.Contains(out, "sallyport.db") && !strings.Contains(out, "data folder") {
		w.t.Errorf("a start while %s: %s", way.what, out)
	}
	if err := way.end(); err != nil {
		w.t.Fatal(err)
	}
	again := w.run.startIn(w.t, data, w.kept)
	*again.broken = true
	return again
}
