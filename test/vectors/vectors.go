// Package vectors hands the data that lies beside it to fuzz targets, as seeds. What a case is meant to show is the business of the tests
// that read it whole; a search only wants something to begin with that is nearly right.
package vectors

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// Texts are the texts of the members of the given names, at any depth, in the files that a pattern finds below this folder. Without a
// name, it is every text. None at all fails the test: the file or the name must have changed.
func Texts(t testing.TB, pattern string, members ...string) (found []string) {
	t.Helper()
	walk(t, pattern, func(member string, value json.RawMessage) {
		var text string
		if wanted(members, member) && json.Unmarshal(value, &text) == nil {
			found = append(found, text)
		}
	})
	return some(t, found, pattern, members)
}

// Documents are the JSON objects and arrays that are the members of the given names, as they are written. Without a name, it is each file
// as a whole.
func Documents(t testing.TB, pattern string, members ...string) (found []string) {
	t.Helper()
	walk(t, pattern, func(member string, value json.RawMessage) {
		if isFile := member == ""; isFile == (members == nil) && wanted(members, member) && (value[0] == '{' || value[0] == '[') {
			found = append(found, string(value))
		}
	})
	return some(t, found, pattern, members)
}

// JSONTestSuite are the documents of the JSON test suite, good and bad.
func JSONTestSuite(t testing.TB) (documents []string) {
	t.Helper()
	for _, text := range Texts(t, "json-test-suite/cases.json", "b64") {
		document, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(document))
	}
	return documents
}

// Naughty are texts that programs are known to stumble over.
func Naughty(t testing.TB) []string {
	t.Helper()
	return Texts(t, "naughty-strings/blns.json")
}

// Tokens are JSON web tokens, most of them wrong in one point.
func Tokens(t testing.TB) []string {
	t.Helper()
	return slices.Concat(
		Texts(t, "hostile-jose/cases.json", "token"),
		Texts(t, "wycheproof/json_web_*_test.json", "jws"),
		Texts(t, "jose-cookbook/*/*.json", "compact"),
	)
}

// KeySets are JSON web key sets.
func KeySets(t testing.TB) []string {
	t.Helper()
	sets := Documents(t, "hostile-jose/cases.json", "jwks")
	for _, key := range slices.Concat(
		Documents(t, "wycheproof/*.json", "private", "public", "jwk", "publicKeyJwk"),
		Documents(t, "jose-cookbook/jwk/*.json"),
		Documents(t, "jose-cookbook/*/*.json", "key"),
	) {
		var one struct{ Keys []json.RawMessage }
		if json.Unmarshal([]byte(key), &one) == nil && one.Keys == nil {
			key = `{"keys":[` + key + `]}`
		}
		sets = append(sets, key)
	}
	return sets
}

// URLs are addresses as people and attackers write them.
func URLs(t testing.TB) []string {
	t.Helper()
	return slices.Concat(Texts(t, "redirect-uri/cases.json", "uri", "requested"), Texts(t, "whatwg-url/urltestdata.json", "input"))
}

// SignedRequests are raw HTTP requests with signatures, good and bad.
func SignedRequests(t testing.TB) []string {
	t.Helper()
	return slices.Concat(
		Texts(t, "hostile-sigv4/cases.json", "raw"),
		Texts(t, "aws-sigv4/botocore-aws4.json", "sreq"),
		Texts(t, "aws-sigv4/c-auth-v4.json", "header-signed-request.txt", "query-signed-request.txt"),
	)
}

// Bodies are what the tests of an AWS protocol have on the wire: json, query or rest-json; input for requests, output for answers.
func Bodies(t testing.TB, direction, protocol string) []string {
	t.Helper()
	return Texts(t, "aws-protocol-tests/"+direction+"/"+protocol+".json", "body")
}

func wanted(members []string, member string) bool {
	return len(members) == 0 || slices.Contains(members, member)
}

func some(t testing.TB, found []string, pattern string, members []string) []string {
	t.Helper()
	if len(found) == 0 {
		t.Fatalf("%s holds nothing of %q", pattern, members)
	}
	return found
}

// walk calls visit for every value of the files, with the name of the member that it is or is in, which is empty for a whole file.
func walk(t testing.TB, pattern string, visit func(member string, value json.RawMessage)) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(here), filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) {
			t.Fatalf("%s is no JSON", path)
		}
		descend("", json.RawMessage(text), visit)
	}
}

func descend(member string, value json.RawMessage, visit func(string, json.RawMessage)) {
	visit(member, value)
	var members map[string]json.RawMessage
	var items []json.RawMessage
	switch value[0] {
	case '{':
		if err := json.Unmarshal(value, &members); err == nil {
			for _, name := range slices.Sorted(maps.Keys(members)) {
				descend(name, members[name], visit)
			}
		}
	case '[':
		if err := json.Unmarshal(value, &items); err == nil {
			for _, inner := range items {
				descend(member, inner, visit)
			}
		}
	}
}
