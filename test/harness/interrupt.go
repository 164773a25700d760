package harness

import (
	"bufio"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// OperateUntil runs an operator's command as Operate does and kills it a while after it has told of its progress so many times. It reports whether
// the command was killed; one that ended before has done all of its work.
func OperateUntil(binary string, lines int, while time.Duration, arguments ...string) (killed bool, err error) {
	command := exec.Command(binary, arguments...)
	command.Env = cleanEnviron()
	progress, err := command.StderrPipe()
	if err != nil {
		return false, err
	}
	if err := command.Start(); err != nil {
		return false, err
	}
	var told strings.Builder
	for reader := bufio.NewScanner(progress); lines > 0 && reader.Scan(); lines-- {
		fmt.Fprintln(&told, reader.Text())
	}
	time.Sleep(while)
	command.Process.Kill()
	err = command.Wait()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &ended) && ended.ExitCode() == -1: // by a signal
		return true, nil
	}
	return false, fmt.Errorf("sallyport %v: %w\n%s", arguments, err, told.String())
}
