//go:build clients

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// pooler is Debian's PgBouncer. Without it the test does not run, except where everything has to be there.
const pooler = "/usr/sbin/pgbouncer"

// startPooler starts a pooler that hands two connections to whoever begins a transaction, and returns its port.
func startPooler(t *testing.T, role string) int {
	t.Helper()
	if _, err := os.Stat(pooler); err != nil && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	port := freePort(t)
	folder, err := os.MkdirTemp("", "pooler")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	configuration := filepath.Join(folder, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
postgres = host=127.0.0.1 port=%d dbname=postgres user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
`, server.Port, role, port)
	if err := os.WriteFile(configuration, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(pooler, "-q", configuration)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: nobody(t, folder), Pdeathsig: syscall.SIGKILL}
	command.Stderr = t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	address := fmt.Sprint("127.0.0.1:", port)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return port
		}
	}
	t.Fatal("the pooler takes no connections")
	return 0
}

// nobody is who runs the pooler, which refuses to run as root.
func nobody(t *testing.T, folder string) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	if err := os.Chown(folder, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// A pooler that shares connections between transactions refuses connections with settings, and keeps no prepared statements apart.
func TestAPoolerThatSharesConnectionsBetweenTransactionsWillDo(t *testing.T) {
	o := operator(t, server.URL())
	do(t, o, `CREATE ROLE pooled LOGIN`)
	do(t, o, `CREATE SCHEMA pooled AUTHORIZATION pooled`)
	do(t, o, `ALTER ROLE pooled SET search_path = pooled`)
	t.Cleanup(func() {
		do(t, o, `DROP SCHEMA pooled CASCADE`)
		do(t, o, `DROP ROLE pooled`)
	})
	port := startPooler(t, "pooled")
	address := fmt.Sprintf("postgres://pooled@127.0.0.1:%d/postgres?sslmode=disable&default_query_exec_mode=exec", port)
	s, err := store.Open(store.Options{Dir: t.TempDir(), Database: address, Clock: &sys.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	set(t, s, "1", "0")
	const workers, each = 6, 10
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				if err := s.Update(context.Background(), increment); err != nil {
					t.Error(err)
				}
				get(t, s, "1")
			}
		})
	}
	wg.Wait()
	if got := get(t, s, "1"); got != strconv.Itoa(workers*each) {
		t.Errorf("%s increments are there, want %d", got, workers*each)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
