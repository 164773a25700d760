package jmespath

import (
	"errors"
	"strings"
	"testing"

	"sallyport/test/vectors"
)

const world = `{
	"name":"ward","count":3,"big":12345678901234567890,"half":0.5,"none":null,"yes":true,"no":false,"empty":[],"blank":"",
	"list":["b","a","é"],"numbers":[3,1.5,-2],"nested":[[1,[2]],[3],4],
	"people":[{"n":"ann","age":31,"tags":["x"]},{"n":"bob","age":25},{"n":"cyd","age":31,"tags":["y","z"]}],
	"tree":{"z":{"v":1},"a":{"v":2},"m":{"w":3}},"odd name":{"a-b":1}}`

func search(t *testing.T, expression, document string) (string, error) {
	t.Helper()
	value, err := ParseJSON([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := Compile(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	result, err := compiled.Search(value)
	return string(Style{Item: ",", Key: ":"}.AppendJSON(nil, result)), err
}

func TestExpressions(t *testing.T) {
	tests := []struct{ name, expression, want string }{
		{"a member", "name", `"ward"`},
		{"a missing member is null", "nope", `null`},
		{"a member of what has none is null", "name.nope", `null`},
		{"a quoted name", `"odd name"."a-b"`, `1`},
		{"a quoted name with an escape", `"\u006eame"`, `"ward"`},
		{"the whole value", "@.count", `3`},
		{"integers keep every digit", "big", `12345678901234567890`},
		{"an index", "list[0]", `"b"`},
		{"an index from the end", "list[-1]", `"é"`},
		{"an index beyond the end is null", "list[7]", `null`},
		{"a slice", "list[1:]", `["a","é"]`},
		{"a slice backwards", "list[::-1]", `["é","a","b"]`},
		{"a slice with a step", "numbers[0:3:2]", `[3,-2]`},
		{"a slice of what is no list is null", "name[0:1]", `null`},
		{"a list projection drops nulls", "people[*].tags", `[["x"],["y","z"]]`},
		{"a flattening projection", "people[].tags[]", `["x","y","z"]`},
		{"flattening goes one level down", "nested[]", `[1,[2],3,4]`},
		{"a value projection keeps document order", "tree.*.v", `[1,2]`},
		{"values of the whole", "tree | *", `[{"v":1},{"v":2},{"w":3}]`},
		{"a filter", "people[?age > `30`].n", `["ann","cyd"]`},
		{"a filter by text", "people[?n == 'bob'].age", `[25]`},
		{"a filter with and, or, not", "people[?age==`31` && !(n=='ann') || n=='bob'].n", `["bob","cyd"]`},
		{"texts have an order", "people[?n >= 'bob'].n", `["bob","cyd"]`},
		{"a list has no order", "list < numbers", `null`},
		{"numbers compare by value", "`1` == `1.0`", `true`},
		{"a boolean is no number", "`1` == `true`", `false`},
		{"objects compare without order", "`{\"a\":1,\"b\":2}` == `{\"b\":2,\"a\":1}`", `true`},
		{"large integers compare exactly", "`12345678901234567891` > big", `true`},
		{"an integer compares exactly with a fraction", "`9007199254740993` > `9007199254740992.0`", `true`},
		{"a pipe ends a projection", "people[*].n | [0]", `"ann"`},
		{"parentheses end a projection", "(people[*].n)[0]", `"ann"`},
		{"a multi-select list keeps nulls", "[name, nope]", `["ward",null]`},
		{"a multi-select hash keeps its own order", "{z: name, a: count}", `{"z":"ward","a":3}`},
		{"a multi-select on null is null", "nope.[a]", `null`},
		{"a multi-select in a projection", "people[].{who: n}", `[{"who":"ann"},{"who":"bob"},{"who":"cyd"}]`},
		{"or takes the first that is not empty", "blank || empty || name", `"ward"`},
		{"and takes the second when the first is not empty", "name && count", `3`},
		{"zero is true", "!`0`", `false`},
		{"a raw string", `'it\'s \n'`, `"it's \\n"`},
		{"a literal", "`{\"a\": [1, 2.50]}`", `{"a":[1,2.5]}`},
		{"a literal that is no JSON is a string", "`running`", `"running"`},
		{"a literal with a backquote", "`\"a\\`b\"`", "\"a`b\""},
		{"an index after an index and a slice after it", "nested[0][0:1]", `[1]`},
		{"abs", "abs(`-7`)", `7`},
		{"avg is never an integer", "avg(`[1, 3]`)", `2.0`},
		{"avg of nothing", "avg(empty)", `null`},
		{"ceil", "ceil(`1.2`)", `2`},
		{"contains in a list", "contains(list, 'a')", `true`},
		{"contains in a text", "contains(name, 'ar')", `true`},
		{"ends_with", "ends_with(name, 'rd')", `true`},
		{"floor", "floor(`-1.2`)", `-2`},
		{"join", "join('-', list)", `"b-a-é"`},
		{"keys keep their order", "keys(tree)", `["z","a","m"]`},
		{"length of a text counts characters", "length(list[2])", `1`},
		{"length of an object", "length(tree)", `3`},
		{"map keeps nulls", "map(&tags[0], people)", `["x",null,"y"]`},
		{"max", "max(numbers)", `3`},
		{"max of nothing", "max(empty)", `null`},
		{"max_by takes the first of equals", "max_by(people, &age).n", `"ann"`},
		{"merge", "merge(tree.z, `{\"u\":1,\"v\":9}`)", `{"v":9,"u":1}`},
		{"min of texts", "min(list)", `"a"`},
		{"min_by", "min_by(people, &age).n", `"bob"`},
		{"not_null", "not_null(nope, none, name)", `"ward"`},
		{"reverse a list", "reverse(numbers)", `[-2,1.5,3]`},
		{"reverse a text", "reverse('aé')", `"éa"`},
		{"sort", "sort(numbers)", `[-2,1.5,3]`},
		{"sort_by is stable", "sort_by(people, &age)[].n", `["bob","ann","cyd"]`},
		{"starts_with", "starts_with(name, 'x')", `false`},
		{"sum of integers keeps every digit", "sum([big, `1`])", `12345678901234567891`},
		{"sum with a fraction", "sum(numbers)", `2.5`},
		{"sum of nothing", "sum(empty)", `0`},
		{"to_array", "to_array(name)", `["ward"]`},
		{"to_number", "to_number('0012.50')", `null`},
		{"to_number of a number's text", "to_number('12.50')", `12.5`},
		{"to_string of a text", "to_string(name)", `"ward"`},
		{"to_string of anything else is JSON in ASCII", "to_string(list)", `"[\"b\",\"a\",\"\\u00e9\"]"`},
		{"type", "[type(name),type(count),type(none),type(yes),type(list),type(tree)]",
			`["string","number","null","boolean","array","object"]`},
		{"values", "values(tree)[0]", `{"v":1}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := search(t, test.expression, world)
			if err != nil || got != test.want {
				t.Errorf("%s is %s, %v; want %s", test.expression, got, err, test.want)
			}
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	tests := []struct{ name, expression string }{
		{"nothing", ""},
		{"only blanks", "  "},
		{"a dot at the end", "a."},
		{"a dot at the start", ".a"},
		{"two names", "a b"},
		{"an unclosed bracket", "a[0"},
		{"an unclosed filter", "a[?b"},
		{"an unclosed text", "'a"},
		{"an unclosed literal", "`1"},
		{"a single equals sign", "a = b"},
		{"a minus sign alone", "a[-]"},
		{"a number where a value should be", "1"},
		{"a slice with four parts", "a[1:2:3:4]"},
		{"a trailing comma in a list", "[a,]"},
		{"a trailing comma in a call", "length(a,)"},
		{"a hash without a name", "{`1`: a}"},
		{"an empty hash", "{}"},
		{"a quoted function name", `"length"(a)`},
		{"a call of what is no name", "a[0](b)"},
		{"a star without a dot", "a*"},
		{"a brace without a dot", "a{b: c}"},
		{"a literal that is no JSON at all", "`\"`"},
		{"a character that means nothing", "a#b"},
		{"bytes that are no text", "'\x98'"},
		{"a file name", "file://q.txt"},
		{"too many parentheses", strings.Repeat("(", maxNesting+1) + "a" + strings.Repeat(")", maxNesting+1)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Compile(test.expression)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Errorf("%q: got %v, want a syntax error", test.expression, err)
			}
		})
	}
}

func TestRuntimeErrors(t *testing.T) {
	tests := []struct{ name, expression, want string }{
		{"an unknown function", "nofn(@)", "unknown function: nofn()"},
		{"too many arguments", "length(a, b)", "in function length(): expected 1 arguments, received 2"},
		{"too few for a variadic function", "not_null()", "in function not_null(): expected at least 1 arguments, received 0"},
		{"the wrong type", "abs(name)", "in function abs(): argument 1 must be number, received string"},
		{"a list of the wrong type", "join(',', numbers)", "argument 2 must be array[string], received array"},
		{"an expression where a value should be", "length(&name)", "received an expression"},
		{"a value where an expression should be", "map(name, list)", "argument 1 must be expression, received string"},
		{"keys of two types", "sort_by(`[{\"a\":1},{\"a\":\"b\"}]`, &a)", "all numbers or all strings"},
		{"a step of zero", "list[::0]", "step of a slice"},
		{"a text and a number have no order", "name < count", "no order"},
		{"a number in a text", "contains(name, `1`)", "strings only"},
		{"an expression that no function takes", "&name", "argument of a function"},
		{"a failure inside a projection", "people[*].abs(n)", "in function abs()"},
		{"a failure inside a filter", "people[?abs(n)]", "in function abs()"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := search(t, test.expression, world)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: got %v, want %q", test.expression, err, test.want)
			}
		})
	}
}

func TestParseJSON(t *testing.T) {
	tests := []struct{ name, document, want string }{
		{"order is kept", `{"b":1,"a":2}`, `{"b":1,"a":2}`},
		{"of two members the last counts, at the place of the first", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"doubles are spelled shortly", `[1.50,1e3,1E-7,1e16,-0,0.0001]`, `[1.5,1000.0,1e-07,1e+16,0,0.0001]`},
		{"what no double can hold stays as it is", `1e999`, `1e999`},
		{"nothing is escaped for pages", `"<&>é\u0001\u007f"`, "\"<&>é\\u0001\u007f\""},
		{"half a surrogate pair is no text", `"\ud800"`, "\"\uFFFD\""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			value, err := ParseJSON([]byte(test.document))
			if got := string(Style{Item: ",", Key: ":"}.AppendJSON(nil, value)); err != nil || got != test.want {
				t.Errorf("got %s, %v; want %s", got, err, test.want)
			}
		})
	}
	longest := "-" + strings.Repeat("7", maxDigits)
	if value, err := ParseJSON([]byte(longest)); err != nil || value.Number() != longest {
		t.Errorf("the longest integer is %.20q, %v", value.Number(), err)
	}
	for _, document := range []string{"", "{", "[1,]", "{} x", "{}}", "nul", `{"a":}`, strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1), strings.Repeat("7", maxDigits+1)} {
		if _, err := ParseJSON([]byte(document)); err == nil {
			t.Errorf("%.20q was read", document)
		}
	}
}

func TestStyles(t *testing.T) {
	value, _ := ParseJSON([]byte(`{"a":[1,"é😀"],"b":{},"c":[]}`))
	tests := []struct {
		name  string
		style Style
		want  string
	}{
		{"compact", Compact, `{"a":[1,"\u00e9\ud83d\ude00"],"b":{},"c":[]}`},
		{"wire", Wire, `{"a": [1, "\u00e9\ud83d\ude00"], "b": {}, "c": []}`},
		{"pretty", Pretty, "{\n    \"a\": [\n        1,\n        \"é😀\"\n    ],\n    \"b\": {},\n    \"c\": []\n}"},
	}
	for _, test := range tests {
		if got := string(test.style.AppendJSON(nil, value)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// Whatever the expression and the document are, nothing panics, and a result that is written reads back as itself.
func FuzzSearch(f *testing.F) {
	for _, expression := range []string{"people[?age>`30`].{n: n}", "sort_by(people,&age)[-1:0:-1]", "tree.*.v | [0]", "`\"\\u00e9\"`", "a[::0]"} {
		f.Add(expression, world)
	}
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add("a", document)
	}
	f.Fuzz(func(t *testing.T, expression, document string) {
		value, err := ParseJSON([]byte(document))
		if err != nil {
			return
		}
		compiled, err := Compile(expression)
		if err != nil {
			return
		}
		result, err := compiled.Search(value)
		if err != nil {
			return
		}
		again, err := ParseJSON(Pretty.AppendJSON(nil, result))
		if err != nil || !again.Equal(result) {
			t.Errorf("%q: the result does not read back: %v", expression, err)
		}
	})
}
