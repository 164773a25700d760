package oauth

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// readVectors decodes a file below test/vectors.
func readVectors(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "test", "vectors", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
