package server

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"sallyport/internal/store"
	"sallyport/internal/testdb"
)

// A command may be run without the settings of the server. What it finds then stays as it is.
func TestCommandsLeaveTheInstanceAsItIs(t *testing.T) {
	ctx, data := t.Context(), t.TempDir()
	environ := []string{"SALLYPORT_DATABASE=" + testdb.URL(t, data)}
	region := func(args ...string) string {
		house, err := OpenHouse(ctx, mustLoad(t, append([]string{"--data", data}, args...), environ), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer house.Close()
		var instance store.Instance
		err = house.Store.Look(ctx, func(tx *store.Tx) (err error) {
			instance, _, err = tx.Instance()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return instance.Region
	}
	if got := region("--region", "eu-west-1"); got != "eu-west-1" {
		t.Fatalf("the instance of a server is in %s", got)
	}
	for _, opens := range []opening{furnishing, visiting} {
		house, err := enterHouse(ctx, mustLoad(t, []string{"--data", data}, environ), slog.New(slog.DiscardHandler), opens)
		if err != nil {
			t.Fatal(err)
		}
		if house.Instance.Region != "eu-west-1" {
			t.Errorf("a command moved the instance to %s", house.Instance.Region)
		}
		house.Close()
	}
}

// A command that lists or checks does not make what it was not shown.
func TestCommandsMakeNothingOfAnEmptyDatabase(t *testing.T) {
	folder := t.TempDir()
	database := testdb.URL(t, folder)
	c := mustLoad(t, []string{"--data", folder}, []string{"SALLYPORT_DATABASE=" + database})
	s, err := store.Connect(store.Options{Dir: folder, Database: database})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	for name, command := range map[string]func(context.Context, *Config) error{
		"keys list":     func(ctx context.Context, c *Config) error { return ListKeys(ctx, c, false, io.Discard) },
		"export":        func(ctx context.Context, c *Config) error { return Export(ctx, c, io.Discard) },
		"verify":        func(ctx context.Context, c *Config) error { return Verify(ctx, c, "", io.Discard) },
		"keys rotate":   func(ctx context.Context, c *Config) error { return RotateKeys(ctx, c, 0, io.Discard) },
		"a second list": func(ctx context.Context, c *Config) error { return ListKeys(ctx, c, false, io.Discard) },
	} {
		err := command(t.Context(), c)
		if err == nil || !strings.Contains(err.Error(), "the database holds no") && name != "verify" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
