package terminal

import (
	"os"
	"syscall"
)

// Windows has no pseudo-terminals of this kind: Start fails there. The rest of the package compiles, so that those who check the tests of
// other systems can.

func leaderOf(int) *syscall.SysProcAttr { return nil }

func killSession(leader *os.Process) { leader.Kill() }
