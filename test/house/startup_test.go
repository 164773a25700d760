package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// A command pays for everything that the packages of the binary do when they are linked, the server's too. Expressions cost most; sys.Pattern
// compiles them when they are used.
func TestNoPackageCompilesExpressionsAtTheStart(t *testing.T) {
	for _, root := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, declaration := range file.Decls {
				if variables, ok := declaration.(*ast.GenDecl); ok && variables.Tok == token.VAR && compiles(variables) {
					t.Errorf("%s compiles an expression in a package variable: use sys.Pattern", path)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// compiles reports whether the values of variables call regexp.MustCompile, other than in a function that runs later.
func compiles(variables *ast.GenDecl) bool {
	found := false
	ast.Inspect(variables, func(node ast.Node) bool {
		if _, later := node.(*ast.FuncLit); later {
			return false
		}
		if call, ok := node.(*ast.SelectorExpr); ok && call.Sel.Name == "MustCompile" {
			found = true
		}
		return true
	})
	return found
}
