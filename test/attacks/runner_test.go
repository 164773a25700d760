package attacks

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

// attack is an entry in words, tried for real.
type attack func(w *world)

// steps are the entries in words, by area. Some of them have a how that is for other runners but is cheap to try here as well.
var steps = map[string]map[string]attack{
	"register": registerSteps, "device": deviceSteps, "code": codeSteps, "token": tokenSteps, "refresh": refreshSteps,
	"portal": portalSteps, "http": httpSteps, "web": webSteps, "signin": signinSteps, "jwt": jwtSteps, "sigv4": sigv4Steps, "admin": adminSteps, "crypto": cryptoSteps,
	"ops": opsSteps,
}

// tally is the outcome of an area.
type tally struct{ total, green, red, elsewhere, notYet int }

func TestAttackCatalogue(t *testing.T) {
	r := &run{t: t}
	r.shared = r.start(t)
	r.shared.apply(withAdmin...)
	areas := catalogue(t)
	tallies := map[string]*tally{}
	for _, area := range supported {
		tallies[area] = &tally{total: len(areas[area])}
		t.Run(area, func(t *testing.T) {
			for _, e := range areas[area] {
				r.try(t, e, tallies[area])
			}
		})
	}
	t.Run("afterwards", func(t *testing.T) {
		r.shared.server.Stop() // all that it logged is there when it has ended
		r.logsAreClean(t)
		r.shared.filesAreClean(t, 100)
	})
	report(t, tallies)
}

// try executes an entry, or finds it accounted for elsewhere.
func (r *run) try(t *testing.T, e entry, count *tally) {
	step, inWords := steps[e.Area][e.ID]
	_, missing := notYet[e.ID]
	_, covered := elsewhere[e.ID]
	switch {
	case missing:
		count.notYet++
		if !inWords {
			return
		}
	case e.executable() || inWords:
	case covered:
		count.elsewhere++
		return
	}
	green := t.Run(e.ID, func(t *testing.T) {
		w := r.shared.in(t)
		switch {
		case inWords:
			step(w)
		case e.executable() && e.Request != nil:
			tryRequest(w, e)
		default:
			t.Errorf("nothing executes %q: %s, %v", e.Title, e.How, e.Steps)
		}
	})
	switch {
	case !green:
		count.red++
	case !missing:
		count.green++
	}
}

// TestEveryEntryIsAccountedForOnce finds names in the tables that the catalogue does not have, and entries that have two accounts.
func TestEveryEntryIsAccountedForOnce(t *testing.T) {
	known := map[string]entry{}
	for _, entries := range catalogue(t) {
		for _, e := range entries {
			known[e.ID] = e
		}
	}
	for area, functions := range steps {
		for id := range functions {
			if e, ok := known[id]; !ok || e.Area != area {
				t.Errorf("%s is no entry of the area %s", id, area)
			} else if e.Request != nil {
				t.Errorf("%s has a request template: it belongs into requests", id)
			}
		}
	}
	for id := range requests {
		if e, ok := known[id]; !ok || e.Request == nil {
			t.Errorf("%s is no entry with a request template", id)
		}
	}
	for id, reason := range notYet {
		if _, ok := known[id]; !ok || reason == "" {
			t.Errorf("notYet: %s is no entry, or has no reason", id)
		}
	}
	for id, less := range partly {
		if _, ok := known[id]; !ok || less == "" || notYet[id] != "" || elsewhere[id] != (place{}) {
			t.Errorf("partly: %s is no entry that is tried here, or nothing is said to be left out", id)
		}
	}
	for id, where := range elsewhere {
		e, ok := known[id]
		if !ok || e.executable() {
			t.Errorf("elsewhere: %s is no entry, or one of this runner", id)
		}
		if where.test != "" && !testExists(t, where) {
			t.Errorf("elsewhere: %s has no %s", where.folder, where.test)
		}
	}
}

func testExists(t *testing.T, where place) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(harness.Root(), filepath.FromSlash(where.folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && bytes.Contains(text, []byte("func "+where.test+"("))
	})
}

var failureLine = regexp.MustCompile(`(?m)^.*(level=ERROR|panic|goroutine [0-9]+ ).*$`)

// logsAreClean looks for failures, panics and secrets in the log of every server.
func (r *run) logsAreClean(t *testing.T) {
	for i, w := range r.worlds {
		text := w.server.Log.String()
		if !*w.broken {
			for _, line := range failureLine.FindAllString(text, 5) {
				t.Errorf("server %d failed: %s", i, line)
			}
		}
		// The demo prints its passwords on standard output, for people; the log is on standard error, in lines of its own.
		lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return !strings.HasPrefix(line, "time=") })
		log := strings.Join(lines, "\n")
		for secret, kind := range w.kept.kinds {
			if strings.Contains(log, secret) {
				t.Errorf("the log of server %d shows a %s: %.12s…", i, kind, secret)
			}
		}
	}
}

// filesAreClean looks for secrets in what a server has stored: database, write-ahead log and everything else. It knows at least so many.
func (w *world) filesAreClean(t *testing.T, atLeast int) {
	t.Helper()
	read, least := 0, 1<<16
	clean := func(name string, content []byte) {
		read += len(content)
		for secret, kind := range w.kept.kinds {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds a %s: %.12s…", name, kind, secret)
			}
		}
	}
	if testdb.OnPostgreSQL() {
		least = 1 << 14 // rows without the pages around them
		for _, table := range w.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()") {
			clean(table[0], fmt.Appendln(nil, harness.Rows(t, w.server.Data, "SELECT * FROM "+table[0])))
		}
	}
	err := filepath.WalkDir(w.server.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		clean(filepath.Base(path), content)
		return nil
	})
	if err != nil || read < least || len(w.kept.kinds) < atLeast {
		t.Errorf("looked for %d secrets in %d bytes: %v", len(w.kept.kinds), read, err)
	}
}

// report writes the table of the run to the test's log and to out/attacks.txt.
func report(t *testing.T, tallies map[string]*tally) {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "area\ttotal\tgreen\tred\tnot by this runner\tconcerns what does not exist")
	var sum tally
	for _, area := range supported {
		c := tallies[area]
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\n", area, c.total, c.green, c.red, c.elsewhere, c.notYet)
		sum = tally{sum.total + c.total, sum.green + c.green, sum.red + c.red, sum.elsewhere + c.elsewhere, sum.notYet + c.notYet}
	}
	fmt.Fprintf(table, "all\t%d\t%d\t%d\t%d\t%d\n", sum.total, sum.green, sum.red, sum.elsewhere, sum.notYet)
	table.Flush()
	fmt.Fprintln(&b, "\nnot by this runner:")
	for _, id := range sortedKeys(elsewhere) {
		fmt.Fprintf(&b, "  %s: %s\n", id, elsewhere[id])
	}
	fmt.Fprintln(&b, "\ntried in a smaller form, or answered in a form that needs a word:")
	for _, id := range sortedKeys(partly) {
		fmt.Fprintf(&b, "  %s: %s\n", id, partly[id])
	}
	fmt.Fprintln(&b, "\nconcerns what does not exist:")
	for _, id := range sortedKeys(notYet) {
		fmt.Fprintf(&b, "  %s: %s\n", id, notYet[id])
	}
	t.Log("\n" + b.String())
	out := filepath.Join(harness.Root(), "out")
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "attacks.txt"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func sortedKeys[V any](all map[string]V) []string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
