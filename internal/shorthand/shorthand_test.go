package shorthand

import (
	"errors"
	"strings"
	"testing"

	"sallyport/internal/jmespath"
	"sallyport/test/vectors"
)

// anything has a member of each kind, and itself.
var anything = func() *Target {
	text, structure := &Target{}, &Target{Kind: Structure}
	structure.Members = []Member{
		{"text", text},
		{"int", &Target{Kind: Integer}},
		{"float", &Target{Kind: Float}},
		{"bool", &Target{Kind: Boolean}},
		{"texts", &Target{Kind: List, Element: text}},
		{"ints", &Target{Kind: List, Element: &Target{Kind: Integer}}},
		{"map", &Target{Kind: Map, Element: &Target{Kind: Integer}}},
		{"inner", structure},
		{"inners", &Target{Kind: List, Element: structure}},
		{"document", &Target{Kind: Document}},
		{"documents", &Target{Kind: List, Element: &Target{Kind: Document}}},
	}
	return structure
}()

func written(v jmespath.Value) string { return string(jmespath.Compact.AppendJSON(nil, v)) }

func held(text string) (jmespath.Value, error) {
	if name, isFile := strings.CutPrefix(text, "file://"); isFile {
		return jmespath.TextOf("<" + name + ">"), nil
	}
	return jmespath.TextOf(text), nil
}

// The answers are those of AWS CLI 2.9.19, and of 1.45.11 for @=, which both versions read alike.
func TestAWordBecomesAStructure(t *testing.T) {
	for _, test := range []struct{ name, word, want string }{
		{"pairs are separated by commas", `text=a,int=1`, `{"text":"a","int":1}`},
		{"members stay in the order of the word", `int=1,text=a`, `{"int":1,"text":"a"}`},
		{"a key that the model lacks is kept for validation", `other=a`, `{"other":"a"}`},
		{"a key may be empty and have signs in it", `=a,x-_.#/:1=b`, `{"":"a","x-_.#/:1":"b"}`},
		{"a value may be empty at the end", `text=`, `{"text":""}`},
		{"an empty value before a comma begins a list", `text=,int=1`, `{"text":"","int":1}`},
		{"texts behind commas are a list", `texts=a,b,c,int=1`, `{"texts":["a","b","c"],"int":1}`},
		{"a list where a text belongs is kept for validation", `text=a,b`, `{"text":["a","b"]}`},
		{"one text where a list belongs is a list of one", `texts=a`, `{"texts":["a"]}`},
		{"the one text of a list of numbers is no number", `ints=1`, `{"ints":["1"]}`},
		{"several texts of a list of numbers are numbers", `ints=1,2`, `{"ints":[1,2]}`},
		{"a list in brackets", `texts=[a,b]`, `{"texts":["a","b"]}`},
		{"an empty list", `texts=[]`, `{"texts":[]}`},
		{"a list may end in a comma", `texts=[a,]`, `{"texts":["a"]}`},
		{"an item of a list may be empty", `texts=[,a]`, `{"texts":["","a"]}`},
		{"a structure in braces", `inner={text=a,inner={int=2}}`, `{"inner":{"text":"a","inner":{"int":2}}}`},
		{"braces may be empty", `inner={}`, `{"inner":{}}`},
		{"a list in braces needs brackets", `inner={ints=[1,2],text=a}`, `{"inner":{"ints":[1,2],"text":"a"}}`},
		{"a list of structures", `inners=[{int=1},{int=2}]`, `{"inners":[{"int":1},{"int":2}]}`},
		{"one structure where a list belongs is a list of one, left as it is", `inners={int=1}`, `{"inners":[{"int":"1"}]}`},
		{"a text where a structure belongs is kept for validation", `inner=a`, `{"inner":"a"}`},
		{"a key twice in braces counts as it was last", `inner={text=a,int=1,text=b}`, `{"inner":{"text":"b","int":1}}`},
		{"values of a map are of its kind", `map={x=1,y=2}`, `{"map":{"x":1,"y":2}}`},
		{"blanks around signs do not count", "text = a , texts = [ b , c ] , inner = { int = 1 }", `{"text":"a","texts":["b","c"],"inner":{"int":1}}`},
		{"blanks within a text count, those at its end do not", `text=a b  ,int=1`, `{"text":"a b","int":1}`},
		{"a line may break behind a comma", "text=a,\nint=1", `{"text":"a","int":1}`},
		{"single quotes hold everything", `text='a,b=c "[{',int=1`, `{"text":"a,b=c \"[{","int":1}`},
		{"double quotes hold everything", `text="a,b=c '[{",int=1`, `{"text":"a,b=c '[{","int":1}`},
		{"quotes keep blanks", `text=' a '`, `{"text":" a "}`},
		{"quotes may be empty", `text='',texts=["",'']`, `{"text":"","texts":["",""]}`},
		{"a backslash lets quotes hold themselves", `text='it\'s',texts=["a\"b"]`, `{"text":"it's","texts":["a\"b"]}`},
		{"a backslash lets quotes hold a backslash", `text='a\\',texts='b'`, `{"text":"a\\","texts":["b"]}`},
		{"any other backslash in quotes is itself", `text='a\n'`, `{"text":"a\\n"}`},
		{"quotes that do not end are ended by the last escaped one", `text='a\'`, `{"text":"a\\"}`},
		{"quoted texts are a list as well", `texts='a,b',"c",d`, `{"texts":["a,b","c","d"]}`},
		{"a backslash lets plain text hold a comma", `text=a\,b\,c,int=1`, `{"text":"a,b,c","int":1}`},
		{"any other backslash in plain text is itself", `text=a\b\\,int=1`, `{"text":"a\\b\\,int=1"}`},
		{"an equals sign in the first text is text", `text=a=b`, `{"text":"a=b"}`},
		{"an opening bracket within a text is text", `text=a[1`, `{"text":"a[1"}`},
		{"a plain text may begin with a closing bracket", `text=]`, `{"text":"]"}`},
		{"an ARN is a text", `text=arn:aws:iam::123456789012:role/x`, `{"text":"arn:aws:iam::123456789012:role/x"}`},
		{"beyond ASCII is text", `text=é`, `{"text":"\u00e9"}`},
		{"beyond the first plane is text in quotes", `text='😀'`, `{"text":"\ud83d\ude00"}`},
		{"integers as Python reads them", `ints=[ 1,-2,+3,007,1_000]`, `{"ints":[1,-2,3,7,1000]}`},
		{"an integer of any length", `int=123456789012345678901234567890`, `{"int":123456789012345678901234567890}`},
		{"a float", `float=1`, `{"float":1.0}`},
		{"true and false in any case", `inners=[{bool=true},{bool=False},{bool=TRUE}]`, `{"inners":[{"bool":true},{"bool":false},{"bool":true}]}`},
		{"another word for a boolean is kept for validation", `bool=yes`, `{"bool":"yes"}`},
		{"a number in a text is text", `text=1`, `{"text":"1"}`},
		{"a file is named with @=", `text@=file://f,int=1`, `{"text":"<f>","int":1}`},
		{"a file in quotes", `text@='file://a,b'`, `{"text":"<a,b>"}`},
		{"@= names a file in each text of a list", `texts@=file://a,b,file://c`, `{"texts":["<a>","b","<c>"]}`},
		{"@= in braces", `inner={text@=file://a,inner={text=file://b}}`, `{"inner":{"text":"<a>","inner":{"text":"file://b"}}}`},
		{"@= lasts beyond braces to the next key", `inners=[{text@=a},file://b]`, `{"inners":[{"text":"a"},"<b>"]}`},
		{"= names no file", `text=file://f`, `{"text":"file://f"}`},
		{"blanks around @", `text @ = file://f`, `{"text":"<f>"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(anything, test.word, held)
			if err != nil || written(got) != test.want {
				t.Errorf("%s became %s, %v; want %s", test.word, written(got), err, test.want)
			}
		})
	}
}

func TestAWordIsRefusedAtAPlace(t *testing.T) {
	for _, test := range []struct{ name, word, problem, marked string }{
		{"nothing", ``, `expected '=', found the end`, "\n^"},
		{"a lone word", `name`, `expected '=', found the end`, "name\n    ^"},
		{"a key with a sign that keys lack", `na!me=1`, `expected '=', found '!'`, "na!me=1\n  ^"},
		{"a comma at the end", `text=a,`, `expected another text, found none`, "text=a,\n       ^"},
		{"a lone text behind a list", `texts=[a],b`, `expected '=', found the end`, "texts=[a],b\n           ^"},
		{"brackets that do not end", `texts=[a`, `expected ',', found the end`, "texts=[a\n        ^"},
		{"braces that do not end", `inner={text=a`, `expected ',', found the end`, "inner={text=a\n             ^"},
		{"two texts in braces", `inner={text=a,b}`, `expected '=', found '}'`, "inner={text=a,b}\n               ^"},
		{"quotes that do not end", `text='a`, `expected the quotes to end, found the end`, "text='a\n     ^"},
		{"something behind quotes", `text='a'b`, `expected ',', found 'b'`, "text='a'b\n        ^"},
		{"a closing brace in plain text", `text=${a}b`, `expected ',', found '}'`, "text=${a}b\n        ^"},
		{"beyond the first plane without quotes", `text=é😀`, `expected ',', found '😀'`, "text=é😀\n      ^"},
		{"a key twice", `text=a,text=b`, `the key "text" is there twice`, "text=a,text=b\n       ^"},
		{"in a line with lines around it", "text=a,\ntexts=[b],\nx!=c,\nint=1", `expected '=', found '!'`, "text=a,\ntexts=[b],\nx!=c,\n ^\nint=1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(anything, test.word, nil)
			var fault *SyntaxError
			if !errors.As(err, &fault) {
				t.Fatalf("%q became %s, %v", test.word, written(got), err)
			}
			if fault.Problem != test.problem || fault.marked() != test.marked {
				t.Errorf("refused as %s\n%s\nwant %s\n%s", fault.Problem, fault.marked(), test.problem, test.marked)
			}
		})
	}
}

func TestASyntaxErrorShowsWhereAndWhatMayHelp(t *testing.T) {
	_, err := Parse(anything, "text=a,text=b", nil)
	want := "the key \"text\" is there twice:\ntext=a,text=b\n       ^\nA comma joins what should perhaps be two values with a blank between them."
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestNumbersAndBooleansFailByName(t *testing.T) {
	for _, test := range []struct{ name, word, want string }{
		{"a word for an integer", `int=abc`, "int: not an integer"},
		{"a fraction for an integer", `int=1.5`, "int: not an integer"},
		{"nothing for an integer", `int=`, "int: not an integer"},
		{"a doubled underscore in an integer", `int=1__0`, "int: not an integer"},
		{"a list for an integer", `int=1,2`, "int: not an integer"},
		{"a structure for an integer", `int={a=1}`, "int: not an integer"},
		{"an integer within", `inners=[{inner={int=x}}]`, "int: not an integer"},
		{"a value of a map", `map={k=x}`, "k: not an integer"},
		{"a list for a boolean", `bool=true,false`, "bool: neither true nor false"},
		{"a word for a float", `float=x`, "float: not a number that a double can hold"},
		{"infinity for a float", `float=inf`, "float: not a number that a double can hold"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(anything, test.word, nil)
			var fault *ValueError
			if !errors.As(err, &fault) || err.Error() != test.want {
				t.Errorf("%s: got %v, want %s", test.word, err, test.want)
			}
		})
	}
}

func TestDocumentsNeedJSON(t *testing.T) {
	for _, word := range []string{`document=x`, `document={a=1}`, `inner={document=x}`, `documents=[a]`} {
		_, err := Parse(anything, word, nil)
		var fault *SyntaxError
		if !errors.As(err, &fault) || !strings.HasPrefix(err.Error(), "shorthand cannot express the document in document") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", word, err)
		}
	}
}

func TestEachWordOfAListIsAnElement(t *testing.T) {
	for _, test := range []struct {
		name  string
		words []string
		want  string
	}{
		{"no word", nil, `[]`},
		{"one word", []string{"text=a"}, `[{"text":"a"}]`},
		{"two words", []string{"text=a,bool=true", "int=2"}, `[{"text":"a","bool":true},{"int":2}]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseList(&Target{Kind: List, Element: anything}, test.words, nil)
			if err != nil || written(got) != test.want {
				t.Errorf("%q became %s, %v; want %s", test.words, written(got), err, test.want)
			}
		})
	}
	if _, err := ParseList(&Target{Kind: List, Element: anything}, []string{"text=a", `{"text":"a"}`}, nil); err == nil {
		t.Error("JSON in a later word was taken")
	}
}

func TestAListFromAFileStaysAStructure(t *testing.T) {
	got, err := Parse(&Target{Kind: List, Element: anything}, "int=1", nil)
	if err != nil || written(got) != `{"int":"1"}` {
		t.Errorf("got %s, %v", written(got), err)
	}
}

func TestALoneValueNeedsNoName(t *testing.T) {
	lone := &Target{Kind: Structure, Members: []Member{{"Value", &Target{}}}}
	for word, want := range map[string]string{
		"terminate":       `{"Value":"terminate"}`,
		"a,[b":            `{"Value":"a,[b"}`,
		"":                `{"Value":""}`,
		"Value=terminate": `{"Value":"terminate"}`,
	} {
		if got, err := Parse(lone, word, nil); err != nil || written(got) != want {
			t.Errorf("%q became %s, %v; want %s", word, written(got), err, want)
		}
	}
	number := &Target{Kind: Structure, Members: []Member{{"Value", &Target{Kind: Integer}}}}
	if _, err := Parse(number, "1", nil); err == nil {
		t.Error("a lone value that is no text was taken without its name")
	}
}

func TestAFailureToReadAFileComesBack(t *testing.T) {
	gone := errors.New("gone")
	for _, word := range []string{"text@=file://f", "texts@=[file://f]", "texts@='file://f'"} {
		if _, err := Parse(anything, word, func(string) (jmespath.Value, error) { return jmespath.Value{}, gone }); !errors.Is(err, gone) {
			t.Errorf("%s: got %v", word, err)
		}
	}
}

func TestShorthandAppliesToWhatHoldsValues(t *testing.T) {
	list := func(of *Target) *Target { return &Target{Kind: List, Element: of} }
	mapOf := func(of *Target) *Target { return &Target{Kind: Map, Element: of} }
	text, document := &Target{}, &Target{Kind: Document}
	for _, test := range []struct {
		name   string
		target *Target
		want   bool
	}{
		{"a text", text, false},
		{"a structure", anything, true},
		{"a map of texts", mapOf(text), true},
		{"a list of texts", list(text), false},
		{"a list of structures", list(anything), true},
		{"a list of lists of texts", list(list(text)), true},
		{"a document", document, false},
		{"a list of documents", list(document), false},
		{"a map of documents", mapOf(document), false},
		{"a list of maps of documents", list(mapOf(document)), false},
	} {
		if got := test.target.Applies(); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

func TestTheFirstWordTellsJSON(t *testing.T) {
	for _, test := range []struct {
		words []string
		want  bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"a=b"}, false},
		{[]string{`{"a":1}`}, true},
		{[]string{" \n[1]"}, true},
		{[]string{"a=b", `{"a":1}`}, false},
		{[]string{`{"a":1}`, "a=b"}, true},
	} {
		if got := IsJSON(test.words); got != test.want {
			t.Errorf("%q: %t", test.words, got)
		}
	}
}

func TestBoundsOfAWord(t *testing.T) {
	deep := func(levels int) string { return "other=" + strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	if _, err := Parse(anything, deep(maxDepth), nil); err != nil {
		t.Errorf("the deepest word: %v", err)
	}
	if _, err := Parse(anything, deep(maxDepth+1), nil); err == nil {
		t.Error("a word too deep was taken")
	}
	if _, err := Parse(anything, "text="+strings.Repeat("x", maxWord), nil); err == nil || len(err.Error()) > 100 {
		t.Errorf("a word too long was taken, or repeated")
	}
	if _, err := Parse(anything, "int="+strings.Repeat("1", maxDigits+1), nil); err == nil {
		t.Error("an integer too long was taken")
	}
}

// Whatever the word, the answer comes, is an object, and can be written and refused by place.
func FuzzParse(f *testing.F) {
	for _, word := range []string{
		`text=a,int=1,bool=true`, `texts=a,"b\"",'c',int=2`, `inner={text@=file://x,ints=[1,2]}`, `inners=[{a=b},{c=d}]`,
		"a='b\\'", "a=b\\,c,\n=d", "=,=,=", "a=[[{", "map={x=1}", "text=é😀",
	} {
		f.Add(word)
	}
	for _, text := range vectors.Naughty(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, word string) {
		got, err := Parse(anything, word, held)
		var syntax *SyntaxError
		switch {
		case errors.As(err, &syntax):
			if syntax.At < 0 || syntax.At > len([]rune(word)) || syntax.Error() == "" {
				t.Errorf("%q is refused at %d", word, syntax.At)
			}
		case err == nil:
			if got.Kind() != jmespath.Object {
				t.Errorf("%q became %s", word, written(got))
			}
			if again, err := jmespath.ParseJSON([]byte(written(got))); err != nil || !again.Equal(got) {
				t.Errorf("%q became what does not read back: %s, %v", word, written(got), err)
			}
		}
	})
}
