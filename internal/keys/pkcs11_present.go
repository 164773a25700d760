//go:build pkcs11 && cgo

package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/miekg/pkcs11"
)

// modules are the libraries that were loaded, by path. A library has one state in a process, and two roots may come out of one: it is
// loaded once and stays until the process ends.
var modules struct {
	sync.Mutex
	loaded map[string]*pkcs11.Ctx
}

func loadModule(path string) (*pkcs11.Ctx, error) {
	modules.Lock()
	defer modules.Unlock()
	if module := modules.loaded[path]; module != nil {
		return module, nil
	}
	module := pkcs11.New(path)
	if module == nil {
		return nil, fmt.Errorf("the PKCS #11 module %s cannot be loaded: is it a shared library for this machine?", path)
	}
	if err := module.Initialize(); err != nil && !failedWith(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		return nil, fmt.Errorf("start the PKCS #11 module %s: %w", path, err)
	}
	if modules.loaded == nil {
		modules.loaded = map[string]*pkcs11.Ctx{}
	}
	modules.loaded[path] = module
	return module, nil
}

// tokenPatience bounds how long anybody waits for a token. Those in reach of a network answer within a second; one that takes ten is stuck, and
// PKCS #11 has no way to end a call.
const tokenPatience = 10 * time.Second

// tokenRoot is a root in a token. One session serves all, in turn: sessions may not be shared, and roots are asked seldom.
type tokenRoot struct {
	PKCS11
	patience time.Duration

	turn    chan struct{} // has a value while the token is asked, also when nobody waits for the answer any more
	module  *pkcs11.Ctx   // nil until it is loaded
	open    bool
	refused error // the PIN, which stays what it is until the process ends: tokens lock themselves after few tries
	session pkcs11.SessionHandle
	key     pkcs11.ObjectHandle
}

// OpenPKCS11 finds the key in its token and asks it for one wrapping, so that a key that may not be used so is found out now.
func OpenPKCS11(ctx context.Context, p PKCS11) (Root, error) {
	return openPKCS11(ctx, p, tokenPatience)
}

func openPKCS11(ctx context.Context, p PKCS11, patience time.Duration) (Root, error) {
	root := &tokenRoot{PKCS11: p, patience: patience, turn: make(chan struct{}, 1)}
	probe, associated := []byte("probe"), []byte("sallyport/probe")
	wrapped, err := root.Wrap(ctx, probe, associated)
	if err != nil {
		return nil, err
	}
	if _, err := root.Unwrap(ctx, wrapped, associated); err != nil {
		return nil, err
	}
	return root, nil
}

// Wrap has the token seal the secret. The nonce is ours unless the token insists on its own.
func (t *tokenRoot) Wrap(ctx context.Context, secret, associated []byte) ([]byte, error) {
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	wrapped, err := t.ask(ctx, func() ([]byte, error) {
		parameters := pkcs11.NewGCMParams(nonce, associated, tagBits)
		defer parameters.Free()
		mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, parameters)}
		if err := t.module.EncryptInit(t.session, mechanism, t.key); err != nil {
			return nil, err
		}
		sealed, err := t.module.Encrypt(t.session, secret)
		if err != nil {
			return nil, err
		}
		return frame(parameters.IV(), sealed)
	})
	if err != nil {
		return nil, fmt.Errorf("wrap under %s: %w", t.Name(), err)
	}
	return wrapped, nil
}

// Unwrap has the token open what Wrap had it seal.
func (t *tokenRoot) Unwrap(ctx context.Context, wrapped, associated []byte) ([]byte, error) {
	nonce, sealed, err := unframe(wrapped)
	if err != nil {
		return nil, err
	}
	secret, err := t.ask(ctx, func() ([]byte, error) {
		parameters := pkcs11.NewGCMParams(nonce, associated, tagBits)
		defer parameters.Free()
		mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, parameters)}
		if err := t.module.DecryptInit(t.session, mechanism, t.key); err != nil {
			return nil, err
		}
		return t.module.Decrypt(t.session, sealed)
	})
	if err != nil {
		return nil, fmt.Errorf("unwrap under %s: %w", t.Name(), err)
	}
	return secret, nil
}

// ask waits for its turn and for what the token does, both no longer than the patience. A call that hangs keeps its turn, and one goroutine, until
// the token lets go of it: everybody else is told so.
func (t *tokenRoot) ask(ctx context.Context, operation func() ([]byte, error)) ([]byte, error) {
	waiting, end := context.WithTimeoutCause(ctx, t.patience,
		fmt.Errorf("the token %q has not answered for %s: see whether its service runs and who else holds it", t.Token, t.patience))
	defer end()
	select {
	case t.turn <- struct{}{}:
	case <-waiting.Done():
		return nil, context.Cause(waiting)
	}
	type answer struct {
		bytes []byte
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() { <-t.turn }()
		bytes, err := t.do(operation)
		answered <- answer{bytes, err}
	}()
	select {
	case a := <-answered:
		return a.bytes, a.err
	case <-waiting.Done():
		return nil, context.Cause(waiting)
	}
}

// do runs one operation in the session, and once more in a new one when the token has let go of the first: it was pulled out, or its
// service was restarted.
func (t *tokenRoot) do(operation func() ([]byte, error)) ([]byte, error) {
	fresh := !t.open
	if err := t.connect(); err != nil {
		return nil, err
	}
	bytes, err := operation()
	if err == nil || fresh || !failedWith(err, pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_USER_NOT_LOGGED_IN,
		pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_KEY_HANDLE_INVALID, pkcs11.CKR_DEVICE_ERROR) {
		return bytes, err
	}
	t.disconnect()
	if err := t.connect(); err != nil {
		return nil, err
	}
	return operation()
}

func (t *tokenRoot) disconnect() {
	t.module.CloseSession(t.session) // it may be closed
	t.open = false
}

func (t *tokenRoot) connect() error {
	if t.open || t.refused != nil {
		return t.refused
	}
	var err error
	if t.module, err = loadModule(t.Module); err != nil {
		return err
	}
	slot, err := t.slot()
	if err != nil {
		return err
	}
	if t.session, err = t.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION); err != nil {
		return fmt.Errorf("open a session with the token %q: %w", t.Token, err)
	}
	if err = t.enter(); err != nil {
		t.module.CloseSession(t.session)
		return err
	}
	t.open = true
	return nil
}

// enter logs in, which is once for all sessions of a process, and finds the key.
func (t *tokenRoot) enter() error {
	err := t.module.Login(t.session, pkcs11.CKU_USER, t.PIN)
	switch {
	case failedWith(err, pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_PIN_INVALID):
		t.refused = fmt.Errorf("the token %q refuses the PIN, which is not tried again lest it locks itself: mend pkcs11_pin_file and start again", t.Token)
		return t.refused
	case err != nil && !failedWith(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN):
		return fmt.Errorf("log in to the token %q: %w", t.Token, err)
	}
	t.key, err = t.find()
	return err
}

func (t *tokenRoot) slot() (uint, error) {
	slots, err := t.module.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("list the tokens of %s: %w", t.Module, err)
	}
	var found []uint
	var labels []string
	for _, slot := range slots {
		info, err := t.module.GetTokenInfo(slot)
		if err != nil {
			continue // pulled out since
		}
		label := strings.TrimRight(info.Label, " \x00")
		labels = append(labels, fmt.Sprintf("%q", label))
		if label == t.Token {
			found = append(found, slot)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return 0, fmt.Errorf("the PKCS #11 module has no token %q: it has %s", t.Token, strings.Join(labels, ", "))
	}
	return 0, fmt.Errorf("the PKCS #11 module has %d tokens with the label %q: give them different ones", len(found), t.Token)
}

func (t *tokenRoot) find() (pkcs11.ObjectHandle, error) {
	err := t.module.FindObjectsInit(t.session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, t.Key),
	})
	if err != nil {
		return 0, fmt.Errorf("look for the key %q: %w", t.Key, err)
	}
	found, _, err := t.module.FindObjects(t.session, 2)
	if err := errors.Join(err, t.module.FindObjectsFinal(t.session)); err != nil {
		return 0, fmt.Errorf("look for the key %q: %w", t.Key, err)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return 0, fmt.Errorf("the token %q has no AES key %q: make one with `pkcs11-tool --module %s --token-label %s --login --keygen --key-type AES:32 --label %s`",
			t.Token, t.Key, t.Module, t.Token, t.Key)
	}
	return 0, fmt.Errorf("the token %q has more than one AES key %q: give them different labels", t.Token, t.Key)
}

func failedWith(err error, codes ...pkcs11.Error) bool {
	var code pkcs11.Error
	if !errors.As(err, &code) {
		return false
	}
	for _, expected := range codes {
		if code == expected {
			return true
		}
	}
	return false
}
