package ledger

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
)

const (
	// window is how much of a secret gives it away: logs may cut what they show, and this much of a random text is nothing else by chance.
	window = 24
	// keyLength is how many bytes of the window are looked up at every place of a log.
	keyLength = 8
	// maxLogLine bounds a line of a log. A longer one is looked at in pieces, which overlap by a window.
	maxLogLine = 1 << 20
)

// sought is a window of a secret.
type sought struct {
	window []byte
	name   string // digest of the secret
}

// Search finds secrets in logs.
type Search struct{ byKey map[[keyLength]byte][]sought }

// NewSearch makes a search for secrets. Of a long one its middle is looked for: the beginnings of tokens of one kind are alike.
func NewSearch(secrets []string) *Search {
	s := &Search{byKey: map[[keyLength]byte][]sought{}}
	for _, secret := range secrets {
		part := []byte(secret)
		if len(part) > window {
			from := (len(part) - window) / 2
			part = part[from : from+window]
		}
		if len(part) < keyLength {
			continue // nothing so short is a secret
		}
		key := [keyLength]byte(part)
		s.byKey[key] = append(s.byKey[key], sought{part, Digest(secret)})
	}
	return s
}

// In reports the digests of the secrets in a text.
func (s *Search) In(text []byte) (found []string) {
	for i := 0; i+keyLength <= len(text); i++ {
		for _, secret := range s.byKey[[keyLength]byte(text[i:])] {
			if bytes.HasPrefix(text[i:], secret.window) {
				found = append(found, secret.name)
			}
		}
	}
	return found
}

// SearchLog finds secrets in the log of a server and reports each place as a breach. The reports name secrets by digest, and the line of the log.
func (s *Search) SearchLog(path string) ([]Breach, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var breaches []Breach
	lines := bufio.NewReaderSize(file, maxLogLine)
	var kept []byte // the end of the piece before, of a line that is too long for one
	for number := 1; ; {
		text, err := lines.ReadSlice('\n')
		for _, digest := range s.In(append(kept, text...)) {
			breaches = append(breaches, Breach{Invariant: Leaked, Why: fmt.Sprintf("the secret %s is in line %d of %s", digest, number, path)})
		}
		kept = nil
		switch err {
		case nil:
			number++
		case bufio.ErrBufferFull:
			kept = bytes.Clone(text[len(text)-window+1:])
		case io.EOF:
			return breaches, nil
		default:
			return breaches, err
		}
	}
}
