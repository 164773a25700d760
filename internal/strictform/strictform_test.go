package strictform

import (
	"maps"
	"testing"
	"unicode/utf8"

	"sallyport/test/vectors"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       map[string]string
		err        error
	}{
		{"nothing", "", nil, nil},
		{"parameters", "a=1&b=%20+&c", map[string]string{"a": "1", "b": "  ", "c": ""}, nil},
		{"names in another case are other names", "a=1&A=2", map[string]string{"a": "1", "A": "2"}, nil},
		{"a parameter twice", "a=1&b=2&a=1", nil, errRepeated},
		{"a parameter twice in two spellings", "a=1&%61=1", nil, errRepeated},
		{"an escape that is none", "a=%zz", nil, errEncoding},
		{"an escape that ends early", "a=%2", nil, errEncoding},
		{"a semicolon", "a=1;b=2", nil, errEncoding},
		{"a value that is not UTF-8", "a=%ff", nil, errText},
		{"a name that is not UTF-8", "%ff=a", nil, errText},
	} {
		t.Run(c.name, func(t *testing.T) {
			values, err := Parse(c.text)
			got := map[string]string{}
			for name := range values {
				got[name] = values.Get(name)
			}
			if err != c.err || !maps.Equal(got, c.want) {
				t.Errorf("got %v, %v", values, err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a=1&b=%20&c")
	f.Add("a=1&a=2")
	f.Add("a=%ff;b")
	for _, form := range vectors.Bodies(f, "input", "query") {
		f.Add(form)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := Parse(text)
		if err != nil && values != nil {
			t.Fatalf("%q became %v, %v", text, values, err)
		}
		for name, all := range values {
			if len(all) != 1 || !utf8.ValidString(name) || !utf8.ValidString(all[0]) {
				t.Errorf("%q became %v", text, values)
			}
		}
	})
}
