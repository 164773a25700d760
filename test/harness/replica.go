package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// This file is PostgreSQL servers of which one takes over from the other.

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
	var states [][]string
	for deadline := time.Now().Add(readyTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var err error
		if states, err = Query(p.URL(), question); err != nil || len(states) == 1 && states[0][0] == "* sync" {
			return err
		}
	}
	return fmt.Errorf("the standby does not follow: %q\n%s", states, p.Log())
}
