//go:build !pkcs11 || !cgo

package keys

import (
	"context"
	"errors"
)

// OpenPKCS11 says that this program was built without it: a module is a C library, and the ordinary build has no C in it.
func OpenPKCS11(context.Context, PKCS11) (Root, error) {
	return nil, errors.New("this program was built without PKCS #11: build it with `CGO_ENABLED=1 go build -tags pkcs11 ./cmd/sallyport`, " +
		"which needs a C compiler")
}
