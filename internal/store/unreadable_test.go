package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestARowThatCannotBeReadIsNamedOnce(t *testing.T) {
	var log bytes.Buffer
	s := &Store{log: slog.New(slog.NewTextHandler(&log, nil))}
	tags := func(id string) error { _, err := readTags(id, "{"); return fmt.Errorf("list: %w", err) }
	for range 3 {
		for _, err := range []error{tags("apl-1"), tags("apl-2")} {
			if !s.NoteUnreadable(err) {
				t.Errorf("%v is not about one row", err)
			}
		}
	}
	for _, err := range []error{nil, errors.New("the disk is gone"), ErrClosed} {
		if s.NoteUnreadable(err) {
			t.Errorf("%v is about one row", err)
		}
	}
	if lines := strings.Count(log.String(), "\n"); lines != 2 || strings.Count(log.String(), "apl-1") != 1 {
		t.Errorf("the log has %d lines for two rows:\n%s", lines, log.String())
	}
	for i := range 2 * unreadableTold {
		s.NoteUnreadable(tags(fmt.Sprint(i)))
	}
	if lines := strings.Count(log.String(), "\n"); lines != unreadableTold {
		t.Errorf("the log has %d lines, want %d", lines, unreadableTold)
	}
}

func TestWhatTheStoreDoesNotWriteCannotBeRead(t *testing.T) {
	for _, junk := range []string{"{", "null", "7", "[]", `"a"`, `{"a":{"b":[1]}}`} {
		for what, read := range map[string]func() error{
			"tags":           func() error { _, err := readTags("x", junk); return err },
			"targets":        func() error { _, err := ApplicationScope{Targets: junk}.ReadTargets(); return err },
			"client ids":     func() error { _, err := OIDCProvider{ClientIDs: junk}.ReadClientIDs(); return err },
			"portal options": func() error { _, err := Application{PortalOptions: junk}.ReadPortalOptions(); return err },
			"a grant": func() error {
				_, err := ApplicationGrant{GrantType: "refresh_token", Document: junk}.Grant()
				return err
			},
			"a profile": func() error { _, err := UserRecord{Profile: junk}.Attributes("d-1"); return err },
		} {
			err := read()
			if _, unreadable := errors.AsType[*Unreadable](err); err != nil && !unreadable {
				t.Errorf("%s of %s: %v is not about the row alone", what, junk, err)
			}
			if err == nil && junk != "null" && junk != "[]" && !(what == "portal options" && strings.HasPrefix(junk, "{\"")) {
				t.Errorf("%s of %s can be read", what, junk)
			}
		}
	}
}
