package strictjson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"sallyport/test/vectors"
)

func mustParse(t *testing.T, doc string) Value {
	t.Helper()
	v, err := Parse([]byte(doc), Limits{})
	if err != nil {
		t.Fatalf("Parse(%q): %v", doc, err)
	}
	return v
}

// asStandard turns a tree into what encoding/json makes of the same document with UseNumber.
func asStandard(v Value) any {
	switch v.Kind() {
	case Bool:
		return v.Bool()
	case Number:
		return json.Number(v.Number())
	case String:
		return v.Text()
	case Array:
		items := []any{}
		for _, item := range v.Items() {
			items = append(items, asStandard(item))
		}
		return items
	case Object:
		members := map[string]any{}
		for _, m := range v.Members() {
			members[m.Name] = asStandard(m.Value)
		}
		return members
	}
	return nil
}

// standard reads data with encoding/json, as one document.
func standard(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("trailing data")
	}
	return v, nil
}

// same compares the trees by their standard encoding, which is enough because it keeps names, texts and literals.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func TestParseBuildsTheTree(t *testing.T) {
	v := mustParse(t, ` {"b":[1,-2.50e+3,"x\u00e9\ud834\udd1e\/\n"],"a":{"":null},"t":true,"f":false} `)
	if v.Kind() != Object {
		t.Fatalf("kind is %v", v.Kind())
	}
	var order []string
	for _, m := range v.Members() {
		order = append(order, m.Name)
	}
	if got := strings.Join(order, ","); got != "b,a,t,f" {
		t.Errorf("members in order %q, want document order", got)
	}
	b, ok := v.Get("b")
	if !ok || b.Kind() != Array || len(b.Items()) != 3 {
		t.Fatalf("b is %+v", b)
	}
	if got := b.Items()[1].Number(); got != "-2.50e+3" {
		t.Errorf("the number is %q, want its own spelling", got)
	}
	if got := b.Items()[2].Text(); got != "xé𝄞/\n" {
		t.Errorf("the string is %q", got)
	}
	a, _ := v.Get("a")
	if null, ok := a.Get(""); !ok || null.Kind() != Null {
		t.Errorf("the member with the empty name is %+v, %v", null, ok)
	}
	if tr, _ := v.Get("t"); !tr.Bool() {
		t.Error("true is not true")
	}
	if f, _ := v.Get("f"); f.Kind() != Bool || f.Bool() {
		t.Error("false is not false")
	}
	if _, ok := v.Get("B"); ok {
		t.Error("a name matched in another case")
	}
}

func TestAccessorsOfAnotherKindAnswerZero(t *testing.T) {
	v := mustParse(t, `{"s":"true","n":7}`)
	s, _ := v.Get("s")
	n, _ := v.Get("n")
	if s.Bool() || s.Number() != "" || n.Text() != "" || n.Bool() || s.Items() != nil || s.Members() != nil {
		t.Errorf("an accessor answered for another kind: %+v %+v", s, n)
	}
	if _, ok := s.Get("s"); ok {
		t.Error("a string has a member")
	}
}

func TestKindsHaveNames(t *testing.T) {
	var got []string
	for k := Null; k <= Object+1; k++ {
		got = append(got, k.String())
	}
	if want := "null boolean number string array object unknown"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name   string
		doc    string
		offset int
		msg    string
	}{
		{"an empty document", "", 0, "the document ends where a value should be"},
		{"a byte order mark", "\xef\xbb\xbf{}", 0, "a byte order mark is not allowed"},
		{"a second document", `{"a":1}{"a":2}`, 7, "there is more after the end of the document"},
		{"a NUL after the document", "{}\x00", 2, "there is more after the end of the document"},
		{"a repeated name", `{"aud":1,"x":2,"aud":3}`, 15, "the object has two members of the same name"},
		{"a name repeated by way of an escape", `{"aud":1,"\u0061ud":3}`, 9, "the object has two members of the same name"},
		{"a name repeated in an inner object", `{"o":{"a":1,"a":1}}`, 12, "the object has two members of the same name"},
		{"bytes that are not UTF-8", "{\"a\":\"\xff\"}", 6, "the document is not valid UTF-8"},
		{"an overlong NUL", "\"\xc0\x80\"", 1, "the document is not valid UTF-8"},
		{"a surrogate written in UTF-8", "\"\xed\xa0\x80\"", 1, "the document is not valid UTF-8"},
		{"an escaped high surrogate alone", `"a\ud800"`, 2, "half a surrogate pair in a string"},
		{"an escaped low surrogate alone", `"a\udc00"`, 2, "half a surrogate pair in a string"},
		{"two escaped high surrogates", `"\ud800\ud800"`, 1, "half a surrogate pair in a string"},
		{"two escaped low surrogates", `"\udc00\udc00"`, 1, "half a surrogate pair in a string"},
		{"a raw newline in a string", "\"a\nb\"", 2, "a control character in a string must be escaped"},
		{"the last of the raw control characters in a string", "\"a\x1fb\"", 2, "a control character in a string must be escaped"},
		{"an unknown escape", `"\x"`, 1, "unknown escape in a string"},
		{"a short escape", `"\u12"`, 1, "an escape needs four hexadecimal digits"},
		{"an escape cut off by the end", `"\u1`, 1, "an escape needs four hexadecimal digits"},
		{"a string without an end", `"abc`, 4, "the document ends inside a string"},
		{"a string that ends in a backslash", `"abc\`, 5, "the document ends inside a string"},
		{"a number with a leading zero", `01`, 1, "there is more after the end of the document"},
		{"a number with a leading plus", `+1`, 0, "expected a value"},
		{"a point without digits", `1.`, 2, "expected a digit after the decimal point"},
		{"an exponent without digits", `1e+`, 3, "expected a digit in the exponent"},
		{"a minus alone", `-`, 1, "expected a digit"},
		{"a literal in capitals", `True`, 0, "expected a value"},
		{"a literal cut short", `nul`, 0, "expected a value"},
		{"a comma before the end of an array", `[1,]`, 3, "expected a value"},
		{"a comma before the end of an object", `{"a":1,}`, 7, "expected a member name in quotation marks"},
		{"a name without a colon", `{"a" 1}`, 5, "expected a colon after the member name"},
		{"a missing comma in an array", `[1 2]`, 3, "expected a comma or the end of the array"},
		{"a missing comma in an object", `{"a":1 "b":2}`, 7, "expected a comma or the end of the object"},
		{"white space that JSON does not know", "\u00a0{}", 0, "expected a value"},
		{"a comment", "/**/{}", 0, "expected a value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.doc), Limits{})
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %v, want a *SyntaxError", err)
			}
			if syntax.Offset != tt.offset || syntax.Msg != tt.msg {
				t.Errorf("got %d %q, want %d %q", syntax.Offset, syntax.Msg, tt.offset, tt.msg)
			}
		})
	}
}

func TestErrorNamesThePlaceAndNotTheDocument(t *testing.T) {
	_, err := Parse([]byte(`{"password":hunter2}`), Limits{})
	if want := "invalid JSON at byte 12: expected a value"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestLimitsHold(t *testing.T) {
	list := func(n int) string { return "[" + strings.Repeat("0,", n-1) + "0]" }
	tests := []struct {
		name   string
		doc    string
		limits Limits
		msg    string // empty: accepted
	}{
		{"as many bytes as allowed", `[1234567]`, Limits{Bytes: 9}, ""},
		{"one byte more", `[12345678]`, Limits{Bytes: 9}, "the document is too large"},
		{"as deep as allowed", `[{"a":[]}]`, Limits{Depth: 3}, ""},
		{"one level deeper", `[{"a":[[]]}]`, Limits{Depth: 3}, "the document is nested too deeply"},
		{"side by side is not deeper", `[[],[],[],[[]]]`, Limits{Depth: 3}, ""},
		{"as deep as the default allows", strings.Repeat("[", DefaultDepth) + strings.Repeat("]", DefaultDepth), Limits{}, ""},
		{"deeper than the default allows", strings.Repeat("[", DefaultDepth+1) + strings.Repeat("]", DefaultDepth+1), Limits{}, "the document is nested too deeply"},
		{"as many members as allowed, over all levels", `{"a":[1,2],"b":{"c":3}}`, Limits{Members: 5}, ""},
		{"one member more", `{"a":[1,2],"b":{"c":3,"d":4}}`, Limits{Members: 5}, "the document has too many members"},
		{"as many elements as the default allows", list(DefaultMembers), Limits{}, ""},
		{"more elements than the default allows", list(DefaultMembers + 1), Limits{}, "the document has too many members"},
		{"larger than the default allows", `"` + strings.Repeat("a", DefaultBytes) + `"`, Limits{}, "the document is too large"},
		{"larger than the default, by a caller's leave", `"` + strings.Repeat("a", DefaultBytes) + `"`, Limits{Bytes: 2 * DefaultBytes}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.doc), tt.limits)
			var syntax *SyntaxError
			switch {
			case tt.msg == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.msg != "" && (!errors.As(err, &syntax) || syntax.Msg != tt.msg):
				t.Errorf("got %v, want %q", err, tt.msg)
			}
		})
	}
}

func TestRepeatedNamesAreFoundInLargeObjects(t *testing.T) {
	for n := 3; n <= 3*fewMembers; n++ {
		for _, twin := range []int{0, n / 2, n - 2} {
			var doc strings.Builder
			doc.WriteString("{")
			for i := range n - 1 {
				fmt.Fprintf(&doc, `"m%d":0,`, i)
			}
			unique := doc.String() + `"last":0}`
			twice := doc.String() + fmt.Sprintf(`"m%d":0}`, twin)
			if _, err := Parse([]byte(unique), Limits{}); err != nil {
				t.Fatalf("%d members of different names: %v", n, err)
			}
			if _, err := Parse([]byte(twice), Limits{}); err == nil {
				t.Fatalf("%d members, the last like number %d: accepted", n, twin)
			}
		}
	}
}

func TestTreeDoesNotShareTheCallersBytes(t *testing.T) {
	data := []byte(`{"a":"secret"}`)
	v, err := Parse(data, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = 'x'
	}
	if a, _ := v.Get("a"); a.Text() != "secret" {
		t.Errorf("the tree changed with the caller's buffer: %q", a.Text())
	}
}

// suite is the packed form of JSONTestSuite.
type suite struct {
	Cases []struct {
		Name   string
		Expect string
		B64    string
	}
	Generated []struct {
		Name, Expect, Repeat, Suffix string
		Times                        int
	}
}

// stricter are the documents that the suite wants accepted and we refuse.
var stricter = map[string]string{
	"y_object_duplicated_key.json":           "readers disagree about which of two members counts",
	"y_object_duplicated_key_and_value.json": "equal values do not make the second member less of a duplicate",
}

// chosen are the documents that the suite leaves open and we accept. Every other open one we refuse: they have a byte order
// mark, are not UTF-8, have half a surrogate pair, repeat a name, or are nested too deeply.
var chosen = map[string]string{
	"i_number_double_huge_neg_exp.json":   "numbers are spellings here, none is out of range",
	"i_number_huge_exp.json":              "same",
	"i_number_neg_int_huge_exp.json":      "same",
	"i_number_pos_double_huge_exp.json":   "same",
	"i_number_real_neg_overflow.json":     "same",
	"i_number_real_pos_overflow.json":     "same",
	"i_number_real_underflow.json":        "same",
	"i_number_too_big_neg_int.json":       "same",
	"i_number_too_big_pos_int.json":       "same",
	"i_number_very_big_negative_int.json": "same",
	"number_-9223372036854775808.json":    "same",
	"number_-9223372036854775809.json":    "same",
	"number_1.0.json":                     "same",
	"number_1.000000000000000005.json":    "same",
	"number_1000000000000000.json":        "same",
	"number_10000000000000000999.json":    "same",
	"number_1e-999.json":                  "same",
	"number_1e6.json":                     "same",
	"number_9223372036854775807.json":     "same",
	"number_9223372036854775808.json":     "same",
	"object_key_nfc_nfd.json":             "names are compared by code point, so these two differ",
	"object_key_nfd_nfc.json":             "same",
	"string_with_escaped_NULL.json":       "JSON can say U+0000; what a member may hold is its owner's rule",
}

func TestJSONTestSuite(t *testing.T) {
	data, err := os.ReadFile("../../test/vectors/json-test-suite/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var s suite
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range s.Cases {
		seen[c.Name] = true
		doc, err := base64.StdEncoding.DecodeString(c.B64)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		checkSuiteCase(t, c.Name, c.Expect, doc)
	}
	for _, c := range s.Generated {
		seen[c.Name] = true
		checkSuiteCase(t, c.Name, c.Expect, []byte(strings.Repeat(c.Repeat, c.Times)+c.Suffix))
	}
	if len(seen) != 340 {
		t.Errorf("read %d cases, the suite has 340", len(seen))
	}
	for _, names := range []map[string]string{stricter, chosen} {
		for name := range names {
			if !seen[name] {
				t.Errorf("%s is listed as an exception and is not in the suite", name)
			}
		}
	}
}

func checkSuiteCase(t *testing.T, name, expect string, doc []byte) {
	t.Helper()
	_, isStricter := stricter[name]
	_, isChosen := chosen[name]
	want := map[string]bool{
		"accept":    !isStricter,
		"reject":    false,
		"either":    isChosen,
		"transform": isChosen,
	}
	accepts, known := want[expect]
	if !known {
		t.Fatalf("%s: the suite says %q", name, expect)
	}
	v, err := Parse(doc, Limits{})
	if got := err == nil; got != accepts {
		t.Errorf("%s: accepted is %v (%v), want %v", name, got, err, accepts)
		return
	}
	if !accepts {
		return
	}
	reference, err := standard(doc)
	if err != nil {
		t.Errorf("%s: encoding/json refuses it: %v", name, err)
	} else if !same(asStandard(v), reference) {
		t.Errorf("%s: encoding/json reads something else", name)
	}
}

func TestAppendString(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"an empty string", "", `""`},
		{"plain text", "abc", `"abc"`},
		{"what a page would have to escape", "<a href='x'>&</a>", `"<a href='x'>&</a>"`},
		{"a quotation mark and a backslash", `a"b\c`, `"a\"b\\c"`},
		{"control characters with a letter of their own", "\b\f\n\r\t", `"\b\f\n\r\t"`},
		{"control characters without one", "\x00\x1f", `"\u0000\u001f"`},
		{"delete, which JSON does not count as one", "\x7f", "\"\x7f\""},
		{"line separators", "\u2028\u2029", "\"\u2028\u2029\""},
		{"text beyond the first plane", "é𝄞", `"é𝄞"`},
		{"bytes that are not UTF-8", "a\xff\xfeb", "\"a\uFFFD\uFFFDb\""},
		{"the replacement character itself", "\uFFFD", "\"\uFFFD\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(AppendString([]byte("x"), tt.in)); got != "x"+tt.want {
				t.Errorf("got %s, want x%s", got, tt.want)
			}
		})
	}
}

// pollBody is a device-code poll as the AWS CLI sends it, about 300 bytes.
var pollBody = []byte(`{"grantType": "urn:ietf:params:oauth:grant-type:device_code", "clientId": "` + strings.Repeat("c", 34) +
	`", "clientSecret": "` + strings.Repeat("s", 90) + `", "deviceCode": "` + strings.Repeat("d", 48) + `"}`)

func TestPollBodyCostsFewAllocations(t *testing.T) {
	const most = 3 // the text, the member list, one to spare
	got := testing.AllocsPerRun(100, func() {
		if _, err := Parse(pollBody, Limits{}); err != nil {
			t.Fatal(err)
		}
	})
	if got > most {
		t.Errorf("%v allocations, want at most %d", got, most)
	}
}

func BenchmarkParsePollBody(b *testing.B) {
	b.SetBytes(int64(len(pollBody)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(pollBody, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendString(b *testing.B) {
	dst := make([]byte, 0, 512)
	s := strings.Repeat("token", 40)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendString(dst[:0], s)
	}
}

// FuzzParse checks that we accept nothing that encoding/json refuses, and read the same from what both accept.
func FuzzParse(f *testing.F) {
	for _, doc := range []string{
		`{"a":[1,-2.5e3,"\ud834\udd1e\n"],"b":{"":null},"t":true,"f":false}`, `"é"`, "[[[[]]]]", "\"\xff\"", `{"a":1,"\u0061":2}`,
		`-0`, `1E-9`, `{}{}`, "\ufeff1", `"\ud800"`, ` [ ] `, string(pollBody),
	} {
		f.Add([]byte(doc))
	}
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		input := slices.Clone(data)
		v, err := Parse(data, Limits{})
		if !bytes.Equal(input, data) {
			t.Fatal("Parse changed its input")
		}
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(data) {
				t.Fatalf("refused with %#v", err)
			}
			return
		}
		reference, err := standard(data)
		if err != nil {
			t.Fatalf("we accept what encoding/json refuses: %v", err)
		}
		if !same(asStandard(v), reference) {
			t.Fatal("encoding/json reads something else")
		}
	})
}

// FuzzAppendString checks that what we write is read back as the same text, by us and by encoding/json.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\x1f\"\\/<>&", "é𝄞\u2028", "\xff\xc0\x80"} {
		f.Add(s)
	}
	for _, text := range vectors.Naughty(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > DefaultBytes/6 {
			return
		}
		want := string([]rune(s)) // every byte that is not UTF-8 becomes U+FFFD
		doc := AppendString(nil, s)
		v, err := Parse(doc, Limits{})
		if err != nil || v.Text() != want {
			t.Fatalf("we read %q, %v", v.Text(), err)
		}
		var reference string
		if err := json.Unmarshal(doc, &reference); err != nil || reference != want {
			t.Fatalf("encoding/json reads %q, %v", reference, err)
		}
	})
}
