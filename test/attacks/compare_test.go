package attacks

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"sallyport/test/harness"
)

// secretName is how things are called that somebody may be guessing.
var secretName = regexp.MustCompile(`(?i)(secret|digest|mac|signature|password|proof|hash|verifier|challenge|bearer|refreshtoken|accesstoken|sessiontoken|devicecode|usercode)$`)

// comparedPlainly are the comparisons of such things that take no constant time, and why they need none.
var comparedPlainly = map[string]string{
	"first.Digest != digest":                      "of a request that the same caller sent before; nothing is guarded by it",
	"password.Hash != t.hash":                     "both are of the store: whether the row changed during the work",
	"before.RequestDigest != again.RequestDigest": "keyed digests of who asks, found by an assertion that was verified",
	"before.RequestDigest == again.RequestDigest": "the same",
	"p.name != querySignature":                    "the name of a parameter",
	"p.name == querySignature":                    "the name of a parameter",
}

// comparedSecrets reads the source for == and Equal on what is called like a secret.
func comparedSecrets(w *world) {
	files := token.NewFileSet()
	seen, read := map[string]bool{}, 0
	err := filepath.WalkDir(filepath.Join(harness.Root(), "internal"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		read++
		ast.Inspect(file, func(n ast.Node) bool {
			if a, b, compares := compared(n); compares && (guessed(a, b) || guessed(b, a)) {
				text := source(files, n)
				if seen[text] = true; comparedPlainly[text] == "" {
					w.t.Errorf("%s compares what may be a secret: %s", files.Position(n.Pos()), text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || read < 100 {
		w.t.Errorf("%d files: %v", read, err)
	}
	for text := range comparedPlainly {
		if !seen[text] {
			w.t.Errorf("nothing compares %s any more", text)
		}
	}
}

// compared are the two sides of ==, !=, and of the functions of bytes, strings and slices that stop at the first difference.
func compared(n ast.Node) (a, b ast.Expr, compares bool) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return n.X, n.Y, n.Op == token.EQL || n.Op == token.NEQ
	case *ast.CallExpr:
		function, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || len(n.Args) != 2 {
			return nil, nil, false
		}
		from, ok := function.X.(*ast.Ident)
		early := ok && (from.Name == "bytes" || from.Name == "strings" || from.Name == "slices")
		switch function.Sel.Name {
		case "Equal", "EqualFold", "Compare":
			return n.Args[0], n.Args[1], early
		}
	}
	return nil, nil, false
}

// guessed tells whether a is called like a secret and b is no constant.
func guessed(a, b ast.Expr) bool {
	return secretName.MatchString(calledAs(a)) && !constant(a) && !constant(b)
}

func calledAs(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.CallExpr:
		return calledAs(e.Fun)
	case *ast.SliceExpr:
		return calledAs(e.X)
	case *ast.IndexExpr:
		return calledAs(e.X)
	case *ast.ParenExpr:
		return calledAs(e.X)
	}
	return ""
}

func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit, *ast.CompositeLit:
		return true
	case *ast.Ident:
		return e.Name == "nil" || e.Name == "true" || e.Name == "false"
	case *ast.ParenExpr:
		return constant(e.X)
	}
	return false
}

func source(files *token.FileSet, n ast.Node) string {
	var b bytes.Buffer
	if printer.Fprint(&b, files, n) != nil {
		return ""
	}
	return b.String()
}
