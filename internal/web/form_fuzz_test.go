package web

import (
	"net/http/httptest"
	"strings"
	"testing"

	"sallyport/internal/fault"
	"sallyport/test/vectors"
)

// FuzzReadForm checks that a form is read as parameters that occur once, or refused.
func FuzzReadForm(f *testing.F) {
	for _, form := range append(vectors.Bodies(f, "input", "query"), "userName=alice&password=%00", "a=1&a=2", "a=1;b=2", "%zz") {
		f.Add(form, "application/x-www-form-urlencoded")
		f.Add(form, "multipart/form-data; boundary=x")
	}
	f.Fuzz(func(t *testing.T, body, kind string) {
		r := httptest.NewRequest("POST", "/signin", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		form, err := readForm(httptest.NewRecorder(), r)
		if _, refused := fault.As(err); err != nil && !refused {
			t.Fatalf("a failure, not a refusal: %v", err)
		}
		for name, values := range form {
			if len(values) != 1 {
				t.Errorf("%q is there %d times", name, len(values))
			}
		}
	})
}
