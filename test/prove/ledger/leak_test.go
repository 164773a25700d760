package ledger

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretsAreFoundInLogs(t *testing.T) {
	const token = "aoaAAAAAGIx" + "Zk3mPq8vTnB2cXsL9wYd" + "RfHj5gKuE7oCi1bVaSxM"
	long := strings.Repeat("-", maxLogLine-10)
	for _, row := range []struct {
		name, secret, log string
		found             int
	}{
		{"a whole secret", token, "level=INFO msg=x token=" + token + "\n", 1},
		{"in the last line, which has no end", token, "first\nlast " + token, 1},
		{"twice", token, token + "\n" + token + "\n", 2},
		{"the middle of one", token, "token=" + token[8:45] + "…\n", 1},
		{"over the end of what is read at once", token, long + token + "\n", 1},
		{"a short one", "BCDF-GHJK", "user code BCDF-GHJK\n", 1},
		{"its digest", token, Digest(token) + "\n", 0},
		{"another of the same kind", token, "aoaAAAAAGIx0000000000000000000000000000000000000000\n", 0},
		{"what is too short to be one", "abc", "abcabc\n", 0},
		{"nothing", token, "", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, []byte(row.log), 0o600); err != nil {
				t.Fatal(err)
			}
			breaches, err := NewSearch([]string{"another secret of forty characters or so", row.secret}).SearchLog(path)
			if err != nil || len(breaches) != row.found {
				t.Errorf("found %v (%v), want %d", breaches, err, row.found)
			}
			for _, breach := range breaches {
				if breach.Invariant != Leaked || strings.Contains(breach.String(), row.secret) {
					t.Errorf("the breach is %v", breach)
				}
			}
		})
	}
}
