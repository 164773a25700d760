//go:build clients

package main

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/keys"
	"sallyport/internal/signin"
	"sallyport/internal/store"
)

// What was undone did not happen: a sign-in whose transaction the database could not finish is in no log.
func TestNobodyIsLoggedAsSignedInWhoseSignInWasUndone(t *testing.T) {
	_, address := open(t)
	s, o := openAt(t, with(t, address, "statement_timeout", "200")), operator(t, address)
	ring, err := keys.Open(context.Background(), s, keys.RootKey{}, "i")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	service := signin.New(signin.Options{
		Store: s, Ring: ring, Log: slog.New(slog.NewTextHandler(&log, nil)), SessionDuration: time.Hour, IdleTimeout: time.Hour,
	})
	const password = "correct horse battery staple"
	err = s.Update(context.Background(), func(tx *store.Tx) error {
		return tx.PutUser(store.User{UserID: "u-alice", UserName: "alice", Status: store.StatusEnabled})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.SetPassword(context.Background(), api.Caller{}, "alice", password, signin.PasswordOptions{Origin: store.OriginOperator}); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	do(t, o, `BEGIN`)
	do(t, o, `LOCK TABLE sign_in IN SHARE MODE`) // it can be read, and not written to
	_, err = service.SignIn(context.Background(), api.Caller{}, "alice", password)
	wantLater(t, err)
	if strings.Contains(log.String(), "SignedIn") {
		t.Errorf("the log has\n%s", &log)
	}
	do(t, o, `ROLLBACK`)
	if _, err = service.SignIn(context.Background(), api.Caller{}, "alice", password); err != nil || !strings.Contains(log.String(), "SignedIn") {
		t.Errorf("%v; afterwards the log has\n%s", err, &log)
	}
}
