package keys

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"sallyport/internal/safefile"
)

// Root is the key above all others: what it wraps is the ring in the store. It is the shape that key management services have, of which a
// key in the server's memory (RootKey) is one and a key that never leaves its hardware (OpenPKCS11) another. Losing it loses every session
// and registration.
//
// Wrap and Unwrap may take as long as a call over a network, and are made by several goroutines; one that hangs has to bound that itself. Nothing
// that serves a request waits for them: they are asked when the ring is opened, when it gets a key, and when it moves to another root.
type Root interface {
	// Name tells the key from every other, on every node alike, and tells nothing of the key itself. Each entry of the ring keeps the name
	// of the root that it is wrapped by.
	Name() string
	// Wrap seals a secret. The associated data is authenticated and not kept: Unwrap needs the same.
	Wrap(ctx context.Context, secret, associated []byte) ([]byte, error)
	// Unwrap returns the secret, or an error when this key did not wrap it with that associated data.
	Unwrap(ctx context.Context, wrapped, associated []byte) ([]byte, error)
}

// RootKey is a root in the server's memory: 32 bytes, with which AES-256-GCM wraps.
type RootKey struct{ bytes [32]byte }

// ParseRootKey reads a root key as text: base64 of 32 bytes, either alphabet, with or without padding. Blanks around it are ignored.
func ParseRootKey(text string) (RootKey, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	text = strings.NewReplacer("+", "-", "/", "_").Replace(text)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != len(RootKey{}.bytes) {
		return RootKey{}, errors.New("a root key is base64 of 32 random bytes: `openssl rand -base64 32` makes one")
	}
	return RootKey{[32]byte(raw)}, nil
}

// maxRootKeys bounds the root keys of the past: each is tried for entries that name none.
const maxRootKeys = 8

// ParseRootKeys reads root keys, one a line. Lines that are blank, or begin with #, are for people.
func ParseRootKeys(text string) ([]RootKey, error) {
	var found []RootKey
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, err := ParseRootKey(line)
		if err != nil {
			return nil, err
		}
		if found = append(found, key); len(found) > maxRootKeys {
			return nil, fmt.Errorf("there are more than %d root keys: run `sallyport keys rewrap` and keep the one in use", maxRootKeys)
		}
	}
	return found, nil
}

// RootKeyFile reads the root key from the file and makes one, readable by the owner alone, when there is no file.
func RootKeyFile(path string) (RootKey, error) {
	key, err := readRootKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	rand.Read(key.bytes[:])
	// All at once: a server that dies here must find no file or a whole one when it starts again.
	err = safefile.Create(path, []byte(base64.StdEncoding.EncodeToString(key.bytes[:])+"\n"))
	if errors.Is(err, fs.ErrExist) {
		return readRootKeyFile(path) // another process was faster
	}
	if err != nil {
		return RootKey{}, fmt.Errorf("make the root key: %w", err)
	}
	return key, nil
}

func readRootKeyFile(path string) (RootKey, error) {
	text, err := readPrivate(path)
	if err != nil {
		return RootKey{}, fmt.Errorf("read the root key: %w", err)
	}
	key, err := ParseRootKey(string(text))
	if err != nil {
		return RootKey{}, fmt.Errorf("root key file %s: %w", path, err)
	}
	return key, nil
}

// readPrivate reads a file that is its owner's alone.
func readPrivate(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := safefile.KeepPrivate(file); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(file, maxRootKeyFile))
}

// maxRootKeyFile is more than any root key has: what is longer is another file.
const maxRootKeyFile = 4096

// rootNameSize is how many bytes name a root key: enough that two never share a name.
const rootNameSize = 8

// Name is derived from the key, which cannot be found from it.
func (k RootKey) Name() string {
	name, err := hkdf.Key(sha256.New, k.bytes[:], nil, "sallyport/root-key-name", rootNameSize)
	if err != nil {
		panic(err) // a length that is fixed
	}
	return "aes:" + hex.EncodeToString(name)
}

// Wrap seals the secret with a random nonce.
func (k RootKey) Wrap(_ context.Context, secret, associated []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, secret, associated), nil
}

// Unwrap returns what Wrap sealed.
func (k RootKey) Unwrap(_ context.Context, wrapped, associated []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nil, wrapped, associated)
}

func (k RootKey) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.bytes[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// String keeps the key out of logs, however it gets there.
func (k RootKey) String() string { return k.Name() }

// GoString is String.
func (k RootKey) GoString() string { return k.Name() }

// roots are the root that wraps and those that wrapped before it.
type roots struct {
	current  Root
	previous []Root
}

// unwrap opens the seed of an entry under the root that the entry names. One that names none is tried under each.
func (r roots) unwrap(ctx context.Context, name, keyID string, wrapped, associated []byte) ([]byte, error) {
	tried := false
	for _, root := range append([]Root{r.current}, r.previous...) {
		if name != "" && name != root.Name() {
			continue
		}
		tried = true
		seed, err := root.Unwrap(ctx, wrapped, associated)
		if err == nil {
			return seed, nil
		}
		if name != "" {
			return nil, entryFault(keyID, "does not open under its root key %s: %w", name, err)
		}
	}
	if !tried {
		return nil, entryFault(keyID, "is sealed under the root key %s, which is not among those given: "+
			"name it as root_key_previous_file, or pkcs11_previous_key, until `sallyport keys rewrap` has run", name)
	}
	return nil, entryFault(keyID, "does not open under this root key: was the root key file replaced?")
}
