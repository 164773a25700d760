package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// This file is PostgreSQL servers of which one takes over from the other.

// Ask runs a statement and returns the columns of its rows, a row in a line, with bars between columns.
func (p *Postgres) Ask(statement string) (string, error) {
	out, err := p.as("psql", "--no-psqlrc", "-At", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", strconv.Itoa(p.Port), "-U", postgresUser,
		"-d", postgresDatabase, "-c", statement).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("psql: %w\n%s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// Configure changes settings of a server that runs, which those of its start do not stand against. The server reads them soon after.
func (p *Postgres) Configure(lines ...string) error {
	file, err := os.OpenFile(filepath.Join(p.data(), "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(strings.Join(lines, "\n") + "\n")
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return p.command("pg_ctl", "reload", "-D", p.data())
}

// SynchronousStandby makes a standby at a port, 0 for any, without which nothing is acknowledged from now on: whatever this server said it
// has done, the standby has on its disk.
func (p *Postgres) SynchronousStandby(port int, settings ...string) (*Postgres, error) {
	s, err := p.Standby(settings...)
	if err != nil {
		return nil, err
	}
	if port != 0 {
		s.Stop()
		s.Port = port
		err = s.Start()
	}
	if err == nil {
		err = s.Configure("synchronous_standby_names = ''") // once promoted, it waits for nobody
	}
	if err == nil {
		err = p.Configure("synchronous_standby_names = '*'")
	}
	if err == nil {
		err = p.awaitStandby()
	}
	if err != nil {
		s.Remove()
		return nil, err
	}
	return s, nil
}

// awaitStandby returns when a commit waits for the standby.
func (p *Postgres) awaitStandby() error {
	const question = `SELECT current_setting('synchronous_standby_names') || ' ' || sync_state FROM pg_stat_replication`
	var state string
	for deadline := time.Now().Add(readyTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var err error
		if state, err = p.Ask(question); err != nil || state == "* sync" {
			return err
		}
	}
	return fmt.Errorf("the standby does not follow: %q\n%s", state, p.Log())
}
