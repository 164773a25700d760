package bed

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"sallyport/test/harness"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/workload"
)

// This file is what a bed does with its database as a whole.

// Verify has `sallyport verify` look at every row, and reports each line that says something is wrong.
func (b *Bed) Verify() error { return b.verified(b.Operate("verify")) }

// VerifyBackup is Verify for a backup, whose keys the root key of the data folder opens.
func (b *Bed) VerifyBackup(file string) error {
	return b.verified(harness.Operate(b.Binary, nil, "verify", file, "--data", b.Data))
}

func (b *Bed) verified(out string, err error) error {
	if err == nil {
		return nil
	}
	wrong := wrongLines(out)
	if len(wrong) == 0 {
		return err
	}
	for _, line := range wrong {
		b.Ledger.Report(ledger.Breach{Invariant: ledger.Wrong, Why: line})
	}
	return nil
}

// wrongLines are what verify says is wrong: the name of each check, with the rows that it shows under it.
func wrongLines(out string) (wrong []string) {
	under := false
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "wrong "):
			wrong, under = append(wrong, strings.TrimSpace(strings.TrimPrefix(line, "wrong "))), true
		case under && strings.HasPrefix(line, "        "):
			wrong[len(wrong)-1] += "; " + strings.TrimSpace(line)
		default:
			under = false
		}
	}
	return wrong
}

// Anew begins another ledger, of what is acknowledged from now on, and returns the one before. Breaches that were found stay found, and secrets
// of both are looked for in logs. Nobody may be at work meanwhile.
func (b *Bed) Anew() (before *ledger.Ledger, err error) {
	folder := filepath.Join(b.Folder, fmt.Sprintf("ledger-%d", len(b.past)+2))
	after, err := ledger.Create(folder, ledger.Options{Terms: b.Terms})
	if err != nil {
		return nil, err
	}
	before = b.Ledger
	for _, breach := range before.Breaches() {
		after.Report(breach)
	}
	b.past = append(b.past, before)
	b.Ledger, b.since = after, 0
	b.Work = workload.New(b.Clerk, b.Workers, b.Seed+uint64(len(b.past)))
	b.Work.Prefix = fmt.Sprintf("anew%d-", len(b.past))
	return before, after.SetClock(b.offset)
}

// StopAll ends all servers in order.
func (b *Bed) StopAll() error {
	for _, node := range b.nodes {
		if err := b.Stop(node); err != nil {
			return err
		}
	}
	return nil
}

// StartOn starts all servers, which must have ended, on another folder and another database. The root key is the same.
func (b *Bed) StartOn(data, database string) error {
	if err := b.TakeRootKey(data); err != nil {
		return err
	}
	b.Data, b.Database = data, database
	for _, node := range b.nodes {
		if err := b.Start(node); err != nil {
			return err
		}
	}
	return b.Ledger.Remark("servers run on " + data)
}

// TakeRootKey copies the root key into another folder.
func (b *Bed) TakeRootKey(data string) error {
	if data == b.Data {
		return nil
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	key, err := os.ReadFile(filepath.Join(b.Data, rootKeyFile))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(data, rootKeyFile), key, 0o600)
}

const rootKeyFile = "root.key"

// NewDatabase makes an empty database on the PostgreSQL server and returns its URL.
func (b *Bed) NewDatabase(name string) (string, error) {
	if _, err := harness.Query(b.Postgres.URL(), "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	at, err := url.Parse(b.Postgres.URL())
	if err != nil {
		return "", err
	}
	at.Path = "/" + name
	return at.String(), nil
}
