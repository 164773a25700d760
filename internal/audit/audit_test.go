package audit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

var ctx = context.Background()

func TestAChangeIsRecordedAndLoggedOnceItIsKept(t *testing.T) {
	event := Event{Name: SessionRevoked, UserID: "u", SessionID: "s", Detail: "logout"}
	cases := []struct {
		name          string
		event         Event
		err           error
		events, users int64
	}{
		{"one that is done", event, nil, 1, 1},
		{"one of which nobody has to answer for anything", Event{}, nil, 0, 1},
		{"one that is refused, and keeps what a refusal keeps", event, fault.Validation.Refuse("no"), 0, 1},
		{"one that fails", event, errors.New("undone"), 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			rows, err := store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Rehearse: testdb.Rehearse(), Clock: &sys.Clock{}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { rows.Close() })
			var log bytes.Buffer
			caller := api.Caller{Address: netip.MustParseAddr("192.0.2.7"), RequestID: "r"}
			err = Change(ctx, rows, slog.New(slog.NewTextHandler(&log, nil)), caller, func(tx *store.Tx) (Event, error) {
				return c.event, errors.Join(tx.PutUser(store.User{UserID: "u"}), c.err)
			})
			if (err == nil) != (c.err == nil) {
				t.Errorf("the error %v, want %v", err, c.err)
			}
			counts, _, err := rows.Counts(ctx)
			if err != nil || counts["audit_event"] != c.events || counts["directory_user"] != c.users {
				t.Errorf("%v, %v, want %d events and %d users", counts, err, c.events, c.users)
			}
			if lines := int64(strings.Count(log.String(), "\n")); lines != c.events {
				t.Errorf("%d lines in the log, want %d", lines, c.events)
			}
		})
	}
}

func TestAnEventIsOneLineOfTheLog(t *testing.T) {
	event := Event{Name: SignInFailed, UserID: "u", ClientID: "c", SessionID: "s", Detail: "two\nlines level=ERROR"}
	cases := []struct {
		name, want string
		caller     api.Caller
	}{
		{"of a person", "address=2001:db8::1", api.Caller{Address: netip.MustParseAddr("2001:db8::1")}},
		{"of an operator's command, which has no address", `address=""`, api.Caller{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			Log(ctx, slog.New(slog.NewTextHandler(&log, nil)), c.caller, event)
			line := log.String()
			if strings.Count(line, "\n") != 1 {
				t.Errorf("not one line: %q", line)
			}
			for _, want := range []string{"level=INFO", "msg=SignInFailed", "user=u", "client=c", "session=s", `detail="two\nlines level=ERROR"`, c.want} {
				if !strings.Contains(line, want) {
					t.Errorf("%q lacks %s", line, want)
				}
			}
		})
	}
}
