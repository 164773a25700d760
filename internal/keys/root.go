package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// RootKey is the key above all others: 32 bytes that seal the ring in the store. Losing it loses every session and registration.
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

// RootKeyFile reads the root key from the file and makes one, readable by the owner alone, when there is no file.
func RootKeyFile(path string) (RootKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeRootKeyFile(path)
	}
	if err != nil {
		return RootKey{}, fmt.Errorf("read the root key: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return RootKey{}, fmt.Errorf("read the root key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return RootKey{}, fmt.Errorf("the root key file %s is readable by others (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	key, err := ParseRootKey(string(text))
	if err != nil {
		return RootKey{}, fmt.Errorf("root key file %s: %w", path, err)
	}
	return key, nil
}

func makeRootKeyFile(path string) (RootKey, error) {
	var key RootKey
	rand.Read(key.bytes[:])
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return RootKey{}, fmt.Errorf("make the root key: %w", err)
	}
	_, err = fmt.Fprintln(file, base64.StdEncoding.EncodeToString(key.bytes[:]))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return RootKey{}, fmt.Errorf("make the root key: %w", err)
	}
	return key, nil
}

func (k RootKey) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.bytes[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
