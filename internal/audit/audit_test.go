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
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

var ctx = context.Background()

func TestAnEventIsKeptWithWhatItTellsOf(t *testing.T) {
	rows, err := store.Open(store.Options{Dir: t.TempDir(), Clock: &sys.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	event := Event{Name: SessionRevoked, UserID: "u", SessionID: "s", Detail: "logout"}
	caller := api.Caller{Address: netip.MustParseAddr("192.0.2.7"), RequestID: "r"}
	record := func(after error) error {
		return rows.Update(ctx, func(tx *store.Tx) error {
			if err := Record(tx, caller, event); err != nil {
				return err
			}
			return after
		})
	}
	if err := record(nil); err != nil {
		t.Fatal(err)
	}
	if failure := errors.New("undone"); !errors.Is(record(failure), failure) {
		t.Error("the failure was lost")
	}
	counts, _, err := rows.Counts(ctx)
	if err != nil || counts["audit_event"] != 1 {
		t.Errorf("%d events are kept (%v), want that of what was done and not that of what was undone", counts["audit_event"], err)
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
