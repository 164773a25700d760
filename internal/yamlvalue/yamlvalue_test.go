package yamlvalue

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sallyport/internal/jmespath"
	"sallyport/test/vectors"
)

func written(v jmespath.Value) string { return string(jmespath.Compact.AppendJSON(nil, v)) }

// The answers are those of AWS CLI 2.9.19.
func TestADocumentBecomesAValue(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing is null", "", `null`},
		{"a comment is null", "# c", `null`},
		{"a document without content is null", "---\n...\n", `null`},
		{"members stay in their order", "b: x\na: y", `{"b":"x","a":"y"}`},
		{"a list", "- a\n- - b\n", `["a",["b"]]`},
		{"JSON", `{"a":["x",1,true,null],"b":{"c":1.50}}`, `{"a":["x",1,true,null],"b":{"c":1.5}}`},
		{"a slash and a character in two escapes in JSON", `{"a":"\ud83d\ude00\/\\/"}`, `{"a":"\ud83d\ude00/\\/"}`},
		{"flow collections", "a: [x, {b: c}, ]", `{"a":["x",{"b":"c"}]}`},
		{"comments", "# c\na: x # c\nb: y#c\n", `{"a":"x","b":"y#c"}`},
		{"a marked beginning and end", "---\na: x\n...\n", `{"a":"x"}`},
		{"a byte order mark", "\ufeffa: x", `{"a":"x"}`},
		{"lines that end as on Windows", "a: x\r\nb: y\r\n", `{"a":"x","b":"y"}`},
		{"a literal block", "a: |\n  x\n  y\nb: |-\n  z\n", `{"a":"x\ny\n","b":"z"}`},
		{"a literal block that keeps its end", "a: |+\n  x\n\nb: y\n", `{"a":"x\n\n","b":"y"}`},
		{"a block with an indentation of its own", "a: |2-\n   x\n", `{"a":" x"}`},
		{"a folded block", "a: >-\n  x\n  y\n\n  z\n", `{"a":"x y\nz"}`},
		{"a block that looks like a number", "a: |-\n  12\n", `{"a":"12"}`},
		{"text over lines", "a: x\n  y", `{"a":"x y"}`},
		{"quotes", `{a: 'it''s', b: "a\tb\u00e9"}`, `{"a":"it's","b":"a\tb\u00e9"}`},
		{"quotes make text of anything", `[ '12', "true", 'null', "~", '2001-01-01', '', "<<", '=' ]`, `["12","true","null","~","2001-01-01","","<<","="]`},
		{"beyond ASCII", "é: 😀", `{"\u00e9":"\ud83d\ude00"}`},
		{"a colon without a blank", "a: http://x:80/", `{"a":"http://x:80/"}`},
		{"yes, no, on, off and y are text", "[yes, no, on, off, y, n, Yes, ON]", `["yes","no","on","off","y","n","Yes","ON"]`},
		{"true and false in three cases", "[true, True, TRUE, false, False, FALSE, tRUE]", `[true,true,true,false,false,false,"tRUE"]`},
		{"null in five forms", "[~, null, Null, NULL, nULL]\n", `[null,null,null,null,"nULL"]`},
		{"a value that is missing is null", "a:", `{"a":null}`},
		{"integers", "[12, -12, +12, 0, -0, 123456789012345678901234567890]", `[12,-12,12,0,0,123456789012345678901234567890]`},
		{"integers with underscores", "[1_000, 1_, _1, 0_]", `[1000,1,"_1",0]`},
		{"a zero in front is decimal", "[010, 08, 00]", `[10,8,0]`},
		{"integers of other bases", "[0o10, 0x1F, 0b11, -0x1f, 0x_f, 0o8, 0xg, 0b2, 0X1]", `[8,31,3,-31,15,"0o8","0xg","0b2","0X1"]`},
		{"fractions", "[1.5, 1.50, 1., .5, -1.5, +.5, 1_0.5_0, _1.5]", `[1.5,1.5,1.0,0.5,-1.5,0.5,10.5,"_1.5"]`},
		{"exponents", "[1e3, 1.5E-7, 1e+20, .5e+3, .5e3, 1e, e3, 1e3.5]", `[1000.0,1.5e-07,1e+20,500.0,".5e3","1e","e3","1e3.5"]`},
		{"versions, addresses and times are text", "[1.2.3, 10.0.0.1, 12:30, 1-2, +, ., 12a, 20-01-01]", `["1.2.3","10.0.0.1","12:30","1-2","+",".","12a","20-01-01"]`},
		{"tags say what a scalar is", "[!!str 12, !!int '12', !!float 1, !!bool yes, !!null x, ! 12]", `["12",12,1.0,true,null,12]`},
		{"nothing under the tag of text", "a: !!str", `{"a":""}`},
		{"tags of collections", "a: !!map {x: !!seq [1]}", `{"a":{"x":[1]}}`},
		{"a tag under another handle", "%TAG ! tag:yaml.org,2002:\n---\na: !str 1", `{"a":"1"}`},
		{"the directive of this YAML", "%YAML 1.2\n---\na: yes", `{"a":"yes"}`},
		{"a directive that nobody knows", "# c\n%FOO bar\n---\na: 1", `{"a":1}`},
		{"an anchor and its alias", "a: &x same\nb: *x", `{"a":"same","b":"same"}`},
		{"an alias of a collection", "a: &x {y: [1]}\nb: [*x, *x]", `{"a":{"y":[1]},"b":[{"y":[1]},{"y":[1]}]}`},
		{"an alias of a tagged scalar", "a: &x !!str 1\nb: *x", `{"a":"1","b":"1"}`},
		{"an anchor on a key", "&x a: *x", `{"a":"a"}`},
		{"an alias as a key", "a: &x k\n*x : v", `{"a":"k","k":"v"}`},
		{"an anchor again", "a: &x 1\nb: &x 2\nc: *x", `{"a":1,"b":2,"c":2}`},
		{"a merge key brings members first", "a: {x: 3, <<: {y: 2, x: 1}}", `{"a":{"y":2,"x":3}}`},
		{"a merge key by alias", "b: &m {x: 1}\na:\n  <<: *m\n  y: 2", `{"b":{"x":1},"a":{"x":1,"y":2}}`},
		{"of merged mappings the first counts", "a: {<<: [{x: 1}, {x: 2, y: 3}], z: 1}", `{"a":{"x":1,"y":3,"z":1}}`},
		{"merge keys within merged mappings", "a: {<<: {<<: {x: 1}, y: 2}}", `{"a":{"x":1,"y":2}}`},
		{"a quoted merge key is a key", "a: {'<<': {x: 1}}", `{"a":{"<<":{"x":1}}}`},
		{"beside a merge key the later of two members counts", "a: {<<: {x: 1}, y: 1, y: 2}", `{"a":{"x":1,"y":2}}`},
		{"empty merge keys", "a: {<<: {}, <<: {}}", `{"a":{}}`},
		{"an equals sign as a key", "=: x", `{"=":"x"}`},
		{"a key without a value", "{a, b: c}", `{"a":null,"b":"c"}`},
		{"a pair in a list", "[a: b]", `[{"a":"b"}]`},
		{"a key with its sign", "? a\n: b", `{"a":"b"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(test.text)
			if err != nil || written(got) != test.want {
				t.Errorf("%q became %s, %v; want %s", test.text, written(got), err, test.want)
			}
		})
	}
}

func TestADocumentIsRefusedAtALine(t *testing.T) {
	const reserved = "a word that YAML reserves; quote it to mean the text"
	const moment = "a moment, which is not text; quote it to mean the text"
	const key = "a key that is not text"
	const tag = "a tag that does not fit a parameter"
	const merge = "a merge key takes a mapping or a list of mappings"
	const character = "a character that YAML does not allow"
	for _, test := range []struct {
		name, text string
		line       int
		problem    string
	}{
		{"two documents", "a: 1\n---\nb: 2", 2, "a second document; one is expected"},
		{"a second document without content", "a: 1\n---\n", 2, "a second document; one is expected"},
		{"a member twice", "a: 1\nb: 2\na: 3", 3, "a key that this mapping already has"},
		{"a member twice in other quotes", "a: 1\n'a': 2", 2, "a key that this mapping already has"},
		{"a member twice in JSON", `{"a":1,"a":2}`, 1, "a key that this mapping already has"},
		{"a number as a key", "x: 1\n1: a", 2, key},
		{"a boolean as a key", "true: a", 1, key},
		{"null as a key", "~: a", 1, key},
		{"no key", ": a", 1, "did not find expected key"},
		{"a list as a key", "? [x]\n: y", 1, key},
		{"a moment as a key", "2001-01-01: x", 1, moment},
		{"a date", "a: x\nb: 2001-01-01", 2, moment},
		{"a date that is none", "a: 2001-13-45", 1, moment},
		{"a moment", "a: 2001-01-01T00:00:00Z", 1, moment},
		{"a moment with blanks", "a: 2001-1-1 1:02:03.5 +01:00", 1, moment},
		{"infinity", "a: -.inf", 1, "a number without a JSON form"},
		{"what is not a number", "a: .NaN", 1, "a number without a JSON form"},
		{"a number beyond doubles", "a: 1e400", 1, "not a number that a double can hold"},
		{"underscores alone behind a point", "a: ._", 1, "not a number that a double can hold"},
		{"underscores alone behind a sign", "a: -_", 1, "not an integer"},
		{"a word under the tag of integers", "a: !!int x", 1, "not an integer"},
		{"two signs under the tag of integers", "a: !!int --1", 1, "not an integer"},
		{"a word under the tag of floats", "a: !!float inf", 1, "not a number that a double can hold"},
		{"another base under the tag of floats", "a: !!float 0x1p3", 1, "not a number that a double can hold"},
		{"a word under the tag of booleans", "a: !!bool x", 1, "not a boolean"},
		{"a lone equals sign", "a: =", 1, reserved},
		{"a lone merge sign", "a: <<", 1, reserved},
		{"binary data", "a: !!binary aGk=", 1, tag},
		{"a tag of the document's own", "a: !foo x", 1, tag},
		{"a tag of a program", "a: !!python/object:os.system x", 1, tag},
		{"a set", "a: !!set {x, y}", 1, tag},
		{"a list under the tag of mappings", "a: !!map [1]", 1, tag},
		{"a list under the tag of text", "a: !!str [1]", 1, tag},
		{"an alias without an anchor", "a: *s3cret", 1, "an alias that names no anchor before it"},
		{"two merge keys", "a: {<<: {x: 1}, <<: {y: 2}}", 1, "a second merge key in one mapping"},
		{"a merged number", "a: {<<: 1}", 1, merge},
		{"a merged null", "a: {<<: ~}", 1, merge},
		{"a merged list of lists", "a: {<<: [[x]]}", 1, merge},
		{"a tab within text", "a: x\ty", 1, "a tab in text without quotes"},
		{"a tab in front", "\ta: b", 1, "found character that cannot start any token"},
		{"a control character", "a: x\nb: \x7f", 2, character},
		{"an escape character", "a: \x1b", 1, character},
		{"a code point that is no character", "a: \ufffe", 1, character},
		{"bytes that are not UTF-8", "a: \xff", 1, character},
		{"another YAML", "%YAML 1.1\n---\na: yes", 1, "only YAML 1.2 is read"},
		{"a directive without its mark", "%FOO\na: 1", 2, "directives without --- below them"},
		{"directives and nothing else", "%FOO\n# c", 2, "directives without --- below them"},
		{"half a surrogate pair", `{"a":"\ud83d"}`, 1, "found invalid Unicode character escape code"},
		{"brackets that do not end", "a: [1, 2", 1, "did not find expected ',' or ']'"},
		{"two values", "x: 1\na: x: y", 2, "mapping values are not allowed in this context"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(test.text)
			var fault *Error
			if !errors.As(err, &fault) {
				t.Fatalf("%q became %s, %v", test.text, written(got), err)
			}
			if *fault != (Error{test.line, test.problem}) {
				t.Errorf("%q: got %v; want line %d: %s", test.text, err, test.line, test.problem)
			}
		})
	}
}

func TestErrorsRepeatNothing(t *testing.T) {
	for _, text := range []string{
		"a: *s3cret", "a: !s3cret x", "a: !!int s3cret", "s3cret: 1\ns3cret: 2", "a: [s3cret", "a: \"s3cret", "a: s3cret: b", "a: @s3cret",
		"%YAML s3cret\n---\n", "a: 's3cret' b", "? [s3cret]\n: b", "a: \"\\s3cret\"", "a: s3cret\tb", "a: !s3cret!x y", "&s3cret", "%TAG s3cret\n---\na",
	} {
		if _, err := Parse(text); err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestBounds(t *testing.T) {
	nest := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	var bomb, merges strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x]\n")
	merges.WriteString("a0: &a0 {x: 1}\n")
	for i := range 12 {
		alias := fmt.Sprintf("*a%d", i)
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i+1, i+1, strings.Join([]string{alias, alias, alias, alias, alias, alias, alias, alias}, ", "))
		fmt.Fprintf(&merges, "a%d: &a%d {<<: [%s]}\n", i+1, i+1, strings.Join([]string{alias, alias, alias, alias, alias, alias, alias, alias}, ", "))
	}
	long := strings.Repeat("x", maxText/2)
	const heavy = "aliases unfold to more than 4194304 bytes"
	for _, test := range []struct{ name, text, problem string }{
		{"the deepest document", nest(maxDepth), ""},
		{"a document too deep", nest(maxDepth + 1), "nested deeper than 512 levels, or within itself"},
		{"a document within itself", "a: &x [*x]", "nested deeper than 512 levels, or within itself"},
		{"a document merged with itself", "a: &x {<<: *x}", "merged deeper than 512 levels, or within itself"},
		{"a document within itself, doubled", "a: &x [*x, *x]", "nested deeper than 512 levels, or within itself"},
		{"the longest document", "a: " + strings.Repeat("x", maxText-3), ""},
		{"a document too long", "a: " + strings.Repeat("x", maxText-2), "the document is longer than 1048576 bytes"},
		{"as many nodes as a document can hold", "[" + strings.Repeat("x,", maxText/2-1) + "]", ""},
		{"aliases that multiply", bomb.String(), heavy},
		{"merge keys that multiply", merges.String(), heavy},
		{"a long text by a few aliases", "a: &x " + long + "\nb: [*x, *x, *x]", ""},
		{"a long text by many aliases", "a: &x " + long + "\nb: [" + strings.Repeat("*x, ", 8) + "]", heavy},
		{"the longest integer", strings.Repeat("1", maxDigits), ""},
		{"an integer too long", strings.Repeat("1", maxDigits+1), "not an integer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(test.text)
			var fault *Error
			switch {
			case test.problem == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.problem != "" && (!errors.As(err, &fault) || fault.Problem != test.problem):
				t.Errorf("got %v; want %s", err, test.problem)
			}
		})
	}
}

// Whatever the text, an answer comes, and a value can be written and read back.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"a: 1\nb: [x, 'y', \"z\"]", "a: &x {b: c}\nd: {<<: *x, e: *x}", "a: |\n  x\n  y\nb: >-\n  z", `{"a":"\ud83d\ude00","b":[1.5e3,true,null]}`,
		"%YAML 1.2\n---\na: !!str 1\n...\n", "? a\n: b", "- 0x1F\n- 0o7\n- 1_0\n- .5\n- 2001-01-01", "# c\n\ta: b", "a: &x [*x]",
	} {
		f.Add(text)
	}
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		var fault *Error
		if err != nil {
			if !errors.As(err, &fault) || fault.Line < 1 || fault.Problem == "" {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if again, err := jmespath.ParseJSON([]byte(written(got))); err != nil || !again.Equal(got) {
			t.Errorf("%q became what does not read back: %s, %v", text, written(got), err)
		}
	})
}
