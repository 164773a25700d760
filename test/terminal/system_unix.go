//go:build unix

package terminal

import (
	"errors"
	"os"
	"syscall"
)

// leaderOf makes a program the leader of a session of its own, whose terminal is the descriptor.
func leaderOf(terminal int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: terminal}
}

// killSession kills a leader and whatever it has started.
func killSession(leader *os.Process) {
	if err := syscall.Kill(-leader.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		leader.Kill()
	}
}
