package server

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALostRootKeyIsNotMadeAnew(t *testing.T) {
	config := mustLoad(t, []string{"--dev", "--data", t.TempDir()}, nil)
	open := func() error {
		house, err := OpenHouse(context.Background(), config, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		return house.Close()
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(config.Data, "root.key")
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := open(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("without its root key: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("another root key was made")
	}
	if err := os.WriteFile(path, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(); err != nil {
		t.Errorf("with the root key back in its place: %v", err)
	}
}
