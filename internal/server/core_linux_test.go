package server

import (
	"syscall"
	"testing"
)

func TestNoCrashWritesTheMemoryOfTheServerToADisk(t *testing.T) {
	if err := forbidCoreFiles(); err != nil {
		t.Fatal(err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil || limit != (syscall.Rlimit{}) {
		t.Errorf("the limit is %+v, %v", limit, err)
	}
	const prGetDumpable = 3
	if dumpable, _, errno := syscall.Syscall(syscall.SYS_PRCTL, prGetDumpable, 0, 0); errno != 0 || dumpable != 0 {
		t.Errorf("dumpable is %d, %v", dumpable, errno)
	}
}
