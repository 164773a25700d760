//go:build unix

package login

import (
	"os/exec"
	"syscall"
)

// detach gives a program a session of its own, which no key of our terminal interrupts.
func detach(program *exec.Cmd) { program.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// become replaces this process by a program, so that its signals and its exit code are the program's own.
func become(path string, words, environ []string) error { return syscall.Exec(path, words, environ) }
