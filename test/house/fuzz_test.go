package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// parserName tells by its name a function that takes bytes or a text apart.
var parserName = regexp.MustCompile(`^(Parse|Read|Unpack|Decode|Open|Unmarshal|parse|unpack|decode|open|unmarshal)([A-Z].*)?$`)

// notFuzzed are the functions that have such a name and take a text, and need no fuzz target, with the reason.
var notFuzzed = map[string]string{
	"awsconfig.Read":            "opens a file; what it says goes to parse",
	"awsconfig.ReadFlat":        "opens a file; what it says goes to parseAs",
	"client.ReadFrom":           "copies a stream and looks at nothing",
	"login.open":                "opens a browser",
	"login.openBrowser":         "opens a browser",
	"oauth.ParseGrantType":      "compares with the five texts there are",
	"safefile.openLock":         "opens a file",
	"server.openAddress":        "tells three forms apart by how they begin",
	"ssocache.Open":             "remembers the name of a folder",
	"ssocache.ReadRegistration": "opens a file; what it says goes to parseMembers and registrationOf",
	"ssocache.ReadToken":        "opens a file; what it says goes to parseMembers and tokenOf",
	"ssocache.ReadTokenOf":      "is ReadToken and a comparison",
	"store.openConn":            "opens a database",
}

// minFuzzTargets is far below what there is. It is here so that a test which finds none does not pass.
const minFuzzTargets = 60

// source is what the files of one package declare.
type source struct {
	declared map[string][]ast.Node // functions, methods, variables and types by their names: what shares a name counts as one
	parsers  []string              // the functions outside of tests that take a text apart
	targets  []string              // the fuzz targets
}

func readSource(t *testing.T, folder string) source {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	s := source{declared: map[string][]ast.Node{}}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			s.enter(declaration, strings.HasSuffix(path, "_test.go"))
		}
	}
	slices.Sort(s.parsers)
	return s
}

func (s *source) enter(declaration ast.Decl, ofTest bool) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		s.declared[name] = append(s.declared[name], d)
		switch {
		case ofTest && strings.HasPrefix(name, "Fuzz"):
			s.targets = append(s.targets, name)
		case !ofTest && parserName.MatchString(name) && takesText(d) && !slices.Contains(s.parsers, name):
			s.parsers = append(s.parsers, name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec: // a table of functions, say
				for _, name := range spec.Names {
					s.declared[name.Name] = append(s.declared[name.Name], spec)
				}
			case *ast.TypeSpec:
				s.declared[spec.Name.Name] = append(s.declared[spec.Name.Name], spec)
			}
		}
	}
}

// takesText tells whether a function has a parameter of bytes, a text or a stream.
func takesText(function *ast.FuncDecl) bool {
	return slices.ContainsFunc(function.Type.Params.List, func(field *ast.Field) bool {
		switch kind := field.Type.(type) {
		case *ast.Ident:
			return kind.Name == "string"
		case *ast.ArrayType:
			element, ok := kind.Elt.(*ast.Ident)
			return ok && kind.Len == nil && element.Name == "byte"
		case *ast.SelectorExpr:
			pkg, ok := kind.X.(*ast.Ident)
			return ok && pkg.Name == "io" && kind.Sel.Name == "Reader"
		}
		return false
	})
}

// reached is what the fuzz targets name, and what that names, to the end. Names are all it goes by, so it holds some for reached that are not.
func (s source) reached() map[string]bool {
	reached := map[string]bool{}
	for next := slices.Clone(s.targets); len(next) > 0; {
		name := next[0]
		next = next[1:]
		if reached[name] {
			continue
		}
		reached[name] = true
		for _, declared := range s.declared[name] {
			ast.Inspect(declared, func(n ast.Node) bool {
				if named, ok := n.(*ast.Ident); ok && s.declared[named.Name] != nil {
					next = append(next, named.Name)
				}
				return true
			})
		}
	}
	return reached
}

// A function that takes apart what others wrote has a fuzz target in its own package that comes to it, if not by itself.
func TestEveryParserIsFuzzed(t *testing.T) {
	folders, err := filepath.Glob("../../internal/*")
	if err != nil {
		t.Fatal(err)
	}
	found, met := 0, map[string]bool{}
	for _, folder := range append(folders, "../../cmd/sallyport") {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			continue
		}
		s := readSource(t, folder)
		found += len(s.targets)
		reached := s.reached()
		for _, name := range s.parsers {
			full := filepath.Base(folder) + "." + name
			_, excused := notFuzzed[full]
			met[full] = true
			if !reached[name] && !excused {
				t.Errorf("no fuzz target of %s comes to %s: write one, or enter the reason against it in this test", folder, name)
			}
		}
	}
	if found < minFuzzTargets {
		t.Errorf("there are %d fuzz targets, which is not all", found)
	}
	for name := range maps.Keys(notFuzzed) {
		if !met[name] {
			t.Errorf("%s is excused from fuzzing and does not exist", name)
		}
	}
}
