package harness

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"
)

// OperateUntil runs an operator's command as Operate does and kills it a while after it has told of its progress so many times. It reports whether
// the command was killed; one that ended before has done all of its work.
func OperateUntil(binary string, lines int, while time.Duration, arguments ...string) (killed bool, err error) {
	told := &progress{wanted: lines, enough: make(chan struct{})}
	command := exec.Command(binary, arguments...)
	command.Env, command.Stderr = cleanEnviron(), told
	if err := command.Start(); err != nil {
		return false, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	told.Write(nil) // no line may be wanted
	select {
	case err = <-ended:
	case <-told.enough:
		time.Sleep(while)
		command.Process.Kill()
		err = <-ended
	}
	var failed *exec.ExitError
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &failed) && !failed.Exited(): // a signal ended it
		return true, nil
	}
	return false, fmt.Errorf("sallyport %v: %w\n%s", arguments, err, told.text.Bytes())
}

// progress collects lines and says when there are enough.
type progress struct {
	mu     sync.Mutex
	text   bytes.Buffer
	wanted int
	said   bool
	enough chan struct{}
}

func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.Write(text)
	if !p.said && bytes.Count(p.text.Bytes(), []byte("\n")) >= p.wanted {
		p.said = true
		close(p.enough)
	}
	return len(text), nil
}
