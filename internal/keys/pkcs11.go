package keys

import (
	"errors"
	"net/url"
	"strings"
)

// PKCS11 says where a root key is that never leaves its hardware: an AES key of 256 bits in a token of PKCS #11, reached through the
// module of its maker. It needs CKA_ENCRYPT and CKA_DECRYPT and the mechanism CKM_AES_GCM (PKCS #11 v2.40 §2.12).
type PKCS11 struct {
	Module string // path of the shared library
	Token  string // label of the token
	Key    string // label of the key
	PIN    string // of the user
}

// Name is the key's URI (RFC 7512), without what differs between machines.
func (p PKCS11) Name() string {
	return "pkcs11:token=" + escapeURI(p.Token) + ";object=" + escapeURI(p.Key) + ";type=secret-key"
}

// String keeps the PIN out of logs.
func (p PKCS11) String() string { return p.Name() }

// GoString is String.
func (p PKCS11) GoString() string { return p.Name() }

func escapeURI(label string) string { return strings.ReplaceAll(url.QueryEscape(label), "+", "%20") }

// What PKCS #11 wraps is a byte that names the form, a byte that tells how long the nonce is, the nonce, and the ciphertext with its tag.
// Tokens may insist on nonces of their own, which need not have the usual length.
const (
	pkcs11Form  = 1
	nonceSize   = 12
	tagBits     = 128
	maxNonce    = 64
	pkcs11Frame = 2
)

var errFrame = errors.New("this is not what a token of PKCS #11 wrapped")

// frame puts a nonce before what was sealed with it.
func frame(nonce, sealed []byte) ([]byte, error) {
	if len(nonce) == 0 || len(nonce) > maxNonce {
		return nil, errFrame
	}
	return append(append([]byte{pkcs11Form, byte(len(nonce))}, nonce...), sealed...), nil
}

// unframe is the reverse of frame.
func unframe(wrapped []byte) (nonce, sealed []byte, err error) {
	if len(wrapped) < pkcs11Frame || wrapped[0] != pkcs11Form {
		return nil, nil, errFrame
	}
	size, rest := int(wrapped[1]), wrapped[pkcs11Frame:]
	if size == 0 || size > maxNonce || len(rest) < size+tagBits/8 {
		return nil, nil, errFrame
	}
	return rest[:size], rest[size:], nil
}
