// Package house tests how the house is built: which package may import which.
package house

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// floors tells the floor of each package. A package imports lower floors only: never its own, never a higher one.
var floors = map[string]int{
	"internal/arn": 0, "internal/fault": 0, "internal/fetch": 0, "internal/jmespath": 0, "internal/manual": 0, "internal/outline": 0,
	"internal/safefile": 0, "internal/shellwords": 0, "internal/sigv4": 0, "internal/spelling": 0, "internal/strictform": 0, "internal/strictjson": 0, "internal/sys": 0, testdb: 0, "internal/trace": 0,
	"internal/api": 1, "internal/autoprompt": 1, "internal/awsconfig": 1, "internal/command": 1, "internal/completion": 1, "internal/jose": 1, "internal/oauth": 1, "internal/policy": 1, "internal/render": 1, "internal/shorthand": 1, "internal/ssocache": 1, "internal/yamlvalue": 1,
	"internal/assertion": 2, "internal/printout": 2, "internal/store": 2,
	"internal/keys": 3, "internal/audit": 3, "internal/client": 3, "internal/explain": 3, "internal/rules": 3,
	"internal/creds":   4, // stands on the key ring; see docs/decisions
	"internal/page":    4,
	"internal/session": 4, // the client side's; stands on client
	testbed:            4,
	"internal/admin":   5, "internal/directory": 5, "internal/iam": 5, "internal/identitystore": 5, "internal/portal": 5, "internal/signin": 5, "internal/sts": 5, "internal/token": 5,
	"internal/cli": 6, "internal/configure": 6, "internal/doctor": 6, "internal/login": 6, "internal/web": 6, "internal/wire": 6,
	"internal/server": 7,
	"cmd/sallyport":   8,
}

// rims that serve or call operations are handed them as values and know no room.
var noRooms = []string{"internal/cli", "internal/wire"}

const roomFloor = 5

// What tests stand on, and nothing else: testbed those of rooms and rims, testdb all that keep rows.
const testbed, testdb = "internal/testbed", "internal/testdb"

type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./internal/...", "./cmd/...")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p pkg
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestEveryPackageImportsLowerFloorsOnly(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "sallyport/")
		floor, known := floors[name]
		if !known {
			t.Errorf("%s stands on no floor: give it one in this test and a line in docs/tour.md", name)
			continue
		}
		for _, imported := range p.Imports {
			below, ours := strings.CutPrefix(imported, "sallyport/")
			switch {
			case ours && floors[below] >= floor:
				t.Errorf("%s (floor %d) imports %s (floor %d)", name, floor, below, floors[below])
			case name != testbed && (below == testbed || below == testdb):
				t.Errorf("%s imports %s, which is for tests alone", name, below)
			}
		}
	}
}

func TestTheRimsForProgramsKnowNoRoom(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "sallyport/")
		for _, rim := range noRooms {
			for _, imported := range p.Imports {
				if below, ours := strings.CutPrefix(imported, "sallyport/"); ours && name == rim && floors[below] == roomFloor {
					t.Errorf("%s imports the room %s", name, below)
				}
			}
		}
	}
}

// Each third-party module is imported in one package, so that it can be replaced in one place; the exceptions say why.
func TestEachModuleIsImportedInOnePlace(t *testing.T) {
	shared := map[string]bool{
		"go.yaml.in/yaml/v3":             true, // settings and directory files are both YAML for people
		"zombiezen.com/go/sqlite":        true,
		"github.com/jackc/pgx/v5":        true, // the store, and what makes room for its tests
		"golang.org/x/text/unicode/norm": true,
		"golang.org/x/term":              true, // commands ask what a stream is; the prompt makes sure of its own
	}
	users := map[string][]string{}
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			if strings.Contains(strings.Split(imported, "/")[0], ".") {
				users[imported] = append(users[imported], p.ImportPath)
			}
		}
	}
	for module, by := range users {
		if len(by) > 1 && !shared[module] {
			t.Errorf("%s is imported by %s", module, strings.Join(by, ", "))
		}
	}
}
