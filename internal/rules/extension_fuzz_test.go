package rules

import (
	"encoding/json"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/vectors"
)

// FuzzIsExtension checks that what may be an extension is an object within its bounds, to encoding/json as well.
func FuzzIsExtension(f *testing.F) {
	f.Add([]byte(`{"a":{"b":{"c":[1]}}}`))
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if !IsExtension(api.Document(document)) {
			return
		}
		var members map[string]any
		if err := json.Unmarshal(document, &members); err != nil || len(document) > extensionLimits.Bytes {
			t.Fatalf("%q was taken: %v", document, err)
		}
	})
}
