package login

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// detach gives a program a group of its own, which no key of our terminal interrupts.
func detach(program *exec.Cmd) {
	program.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// become runs a program and ends with its exit code, since a process cannot be replaced here. Interrupts are the program's.
func become(path string, words, environ []string) error {
	program := &exec.Cmd{Path: path, Args: words, Env: environ, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	signal.Ignore(os.Interrupt)
	err := program.Run()
	var ended *exec.ExitError
	if err == nil || errors.As(err, &ended) {
		os.Exit(program.ProcessState.ExitCode())
	}
	return err
}
