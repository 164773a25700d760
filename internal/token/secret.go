package token

import (
	"crypto/rand"
	"encoding/base64"

	"sallyport/internal/sys"
)

// A one-time code is the id of its row, which sorts by age, and a secret of 256 bits behind it. The row is found by its key and spent
// only for the digest of the whole code, so the secret is in no index and the code is in no store.

const secretBytes = 32

// newCode makes a code for the row.
func newCode(rowID string) string {
	raw := make([]byte, secretBytes)
	rand.Read(raw)
	return rowID + base64.RawURLEncoding.EncodeToString(raw)
}

// rowOf returns the id of the row that the code names; whether the code is right, its digest tells.
func rowOf(code string) string {
	if len(code) < sys.IDLength {
		return ""
	}
	return code[:sys.IDLength]
}
