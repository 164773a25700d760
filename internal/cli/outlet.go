package cli

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/shellwords"
)

// outlet is where answers go: standard output, or a pager that is started when there is something to show.
type outlet struct {
	run      *run
	pager    []string // the program and its arguments; nil for none
	encoding textEncoding
	process  *exec.Cmd // the pager, once started
	pipe     io.WriteCloser
}

// newOutlet settles whether a pager is used: only on a terminal, unless --no-cli-pager or an empty setting forbids it.
func (r *run) newOutlet(settings *client.Settings) (*outlet, error) {
	encoding, err := r.encodingNamed(outputEncodingVariable)
	if err != nil {
		return nil, err
	}
	o := &outlet{run: r, encoding: encoding}
	if !command.IsTerminal(r.Stdout) || r.Global.Has("no-cli-pager") {
		return o, nil
	}
	line, given := settings.Find("cli_pager", "AWS_PAGER")
	if !given {
		line, given = r.LookupEnv("PAGER")
	}
	if !given {
		line = "less"
	}
	if o.pager, err = shellwords.Split(line); err != nil {
		return nil, command.OtherError("the pager %q cannot be read: %v; --no-cli-pager does without one", line, err)
	}
	if len(o.pager) == 0 {
		o.pager = nil
	}
	return o, nil
}

// Write passes text on, and starts the pager before the first.
func (o *outlet) Write(text []byte) (int, error) {
	if len(text) == 0 {
		return 0, nil
	}
	if o.pager != nil && o.process == nil {
		if err := o.startPager(); err != nil {
			return 0, err
		}
	}
	encoded, err := o.encoding.encode(text)
	if err != nil {
		return 0, command.OtherError("the output cannot be written in the encoding that %s names: %v; leave it unset for UTF-8", outputEncodingVariable, err)
	}
	if o.process == nil {
		_, err = o.run.Stdout.Write(encoded)
	} else if _, err = o.pipe.Write(encoded); errors.Is(err, syscall.EPIPE) {
		err = nil // whoever read it has seen enough
	}
	return len(text), err
}

// lessOptions let less end by itself when the text fits on the screen, pass colours on, and leave the text there.
const lessOptions = "FRX"

func (o *outlet) startPager() error {
	process := exec.Command(o.pager[0], o.pager[1:]...)
	process.Stdout, process.Stderr = o.run.Stdout, o.run.Stderr
	process.Env = os.Environ()
	if _, set := o.run.LookupEnv("LESS"); !set {
		process.Env = append(process.Env, "LESS="+lessOptions)
	}
	pipe, err := process.StdinPipe()
	if err != nil {
		return err
	}
	if err := process.Start(); err != nil {
		return command.PagerError("Unable to redirect output to pager: %v; --no-cli-pager does without one", err)
	}
	o.process, o.pipe = process, pipe
	signal.Ignore(os.Interrupt, syscall.SIGQUIT) // from here on they are the pager's
	return nil
}

// close waits until the pager has been left.
func (o *outlet) close() {
	if o.process != nil {
		o.pipe.Close()
		_ = o.process.Wait() // how it ends is not the command's outcome
	}
}
