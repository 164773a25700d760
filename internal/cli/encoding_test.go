package cli

import (
	"strings"
	"testing"

	"sallyport/internal/command"
)

func TestEncodings(t *testing.T) {
	tests := []struct {
		name, variable, encoding, file string
		exit                           int
		want                           string
	}{
		{"a file in Latin-1", fileEncodingVariable, "latin-1", "caf\xe9", 0, `"code": "caf\u00e9"`},
		{"by another of its names", fileEncodingVariable, "ISO_8859_1", "caf\xe9", 0, `"code": "caf\u00e9"`},
		{"a file in UTF-16", fileEncodingVariable, "utf-16", "\xff\xfeA\x00", 0, `"code": "A"`},
		{"a mark at the beginning that is taken off", fileEncodingVariable, "utf-8-sig", "\xef\xbb\xbfA", 0, `"code": "A"`},
		{"UTF-8 unless said otherwise", fileEncodingVariable, "", "é", 0, `"code": "\u00e9"`},
		{"a file that does not fit", fileEncodingVariable, "ascii", "\xe9", command.ExitUsage, "could not be decoded"},
		{"a file that is no UTF-8", fileEncodingVariable, "", "\xe9", command.ExitUsage, "could not be decoded"},
		{"an encoding that does not exist", fileEncodingVariable, "klingon", "a", command.ExitOther, "unknown encoding: klingon"},
		{"an encoding that nothing is read in", fileEncodingVariable, "klingon", "", 0, `"code": "none"`},
		{"output in an encoding that does not exist", outputEncodingVariable, "klingon", "a", command.ExitOther, "unknown encoding: klingon"},
		{"output that does not fit", outputEncodingVariable, "ascii", "a", command.ExitOther, "cannot be written"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{body: `{"accessToken":"é"}`})
			if test.encoding != "" {
				s.env[test.variable] = test.encoding
			}
			code := "none"
			if test.file != "" {
				code = "file://" + s.file("code", test.file)
			}
			got := s.call(with(createToken, "--code", code)...)
			where := got.stderr
			if test.exit == 0 {
				where = s.requests[0].Body
			}
			if got.exit != test.exit || !strings.Contains(where, test.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
	s := newStage(t, response{body: `{"accessToken":"é"}`})
	s.env[outputEncodingVariable] = "latin1"
	if got := s.call(with(createToken, "--output", "text")...); got.stdout != "\xe9\n" {
		t.Errorf("output in Latin-1: %+v", got)
	}
}
