package attacks

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sallyport/test/harness"
)

// supported are the areas whose every entry is accounted for, in the order of the report.
var supported = []string{"register", "device", "code", "token", "refresh", "portal", "http", "web", "signin", "jwt", "exchange", "sigv4", "admin", "crypto", "ops"}

// entry is one attack of the catalogue.
type entry struct {
	ID, Area, Title, How string
	Request              *template
	Steps                []string
	Expect               expectation
	Vectors              string
}

// template is a request with placeholders such as {client_id}.
type template struct {
	Method, Path string
	Headers      map[string]string
	JSON         any
	RawBody      string `json:"raw_body"`
	Form, Query  map[string]string
	Sign         string // how, with which signing name, by whom
}

// expectation is what must come back. Alternatives are separated by |.
type expectation struct {
	Status                      words
	Error, Exception, Invariant string
}

// words is a status in the catalogue: a number, numbers with | between, or words.
type words string

func (w *words) UnmarshalJSON(text []byte) error {
	*w = words(strings.Trim(string(text), `"`))
	return nil
}

var statusNumber = regexp.MustCompile(`\b[1-5][0-9]{2}\b`)

// numbers are the statuses that the words name.
func (w words) numbers() []string { return statusNumber.FindAllString(string(w), -1) }

// executable reports whether an entry is for this runner: one request, many at once, or a moved clock.
func (e entry) executable() bool {
	return slices.ContainsFunc(strings.Split(e.How, "+"), func(how string) bool { return how == "http" || how == "race" || how == "clock" })
}

// catalogue returns the entries of the supported areas, by area.
func catalogue(t *testing.T) map[string][]entry {
	t.Helper()
	var file struct{ Attacks []entry }
	readVectors(t, "attacks/attacks.json", &file)
	areas := map[string][]entry{}
	for _, e := range file.Attacks {
		if slices.Contains(supported, e.Area) {
			areas[e.Area] = append(areas[e.Area], e)
		}
	}
	return areas
}

// readVectors decodes a file below test/vectors.
func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "test", "vectors", filepath.FromSlash(name)))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
