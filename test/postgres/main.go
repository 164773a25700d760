// Command postgres starts a private PostgreSQL, runs a command with its address in TEST_DATABASE, and removes it:
//
//	go run ./test/postgres go test ./...
//
// Rows are not kept on disk for good, which tests that pull no plug do not need.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./test/postgres COMMAND …")
		os.Exit(2)
	}
	os.Exit(run(os.Args[1:]))
}

func run(words []string) int {
	server, err := harness.NewPostgres("fsync=off", "max_connections=300", "max_pred_locks_per_transaction=256", "shared_buffers=256MB")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Remove()
	command := exec.Command(words[0], words[1:]...)
	command.Env = append(os.Environ(), testdb.Variable+"="+server.URL())
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
