package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// This file starts the program without a test around it, for programs that test.

// Node is a running server process.
type Node struct {
	Ready
	command *exec.Cmd
	ended   chan struct{} // closed when the process has been waited for
}

// NodeOptions say how a process is started.
type NodeOptions struct {
	Binary      string    // the program; "" builds the one of this tree
	Under       []string  // a program and its arguments that runs the command given after them; none for the server itself
	Args        []string  // of `sallyport serve`; --ready-file is added
	Environment []string  // all of it; without one, that of this process without settings of ours
	Log         io.Writer // for all that it prints
	Folder      string    // where the ready file is written
}

// ErrEnded is returned when a server ends before it is ready.
var ErrEnded = errors.New("the server ended before it was ready")

// StartNode starts a server and returns when it answers. Who calls it has to end it.
func StartNode(options NodeOptions) (*Node, error) {
	binary, err := options.Binary, error(nil)
	if binary == "" {
		if binary, err = build(); err != nil {
			return nil, err
		}
	}
	readyPath := filepath.Join(options.Folder, "ready.json")
	if err := os.Remove(readyPath); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	words := append(append(options.Under[:len(options.Under):len(options.Under)], binary, "serve", "--ready-file", readyPath), options.Args...)
	n := &Node{command: exec.Command(words[0], words[1:]...), ended: make(chan struct{})}
	n.command.Stdout, n.command.Stderr = options.Log, options.Log
	if n.command.Env = options.Environment; n.command.Env == nil {
		n.command.Env = cleanEnviron()
	}
	if err := n.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		n.command.Wait()
		close(n.ended)
	}()
	if err := n.await(readyPath); err != nil {
		n.Kill()
		return nil, err
	}
	return n, nil
}

func (n *Node) await(readyPath string) error {
	for deadline := time.Now().Add(readyTimeout); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(readyPath); err == nil {
			return json.Unmarshal(text, &n.Ready)
		}
		select {
		case <-n.ended:
			return fmt.Errorf("%w: %v", ErrEnded, n.command.ProcessState)
		default:
		}
	}
	return errors.New("the server was not ready in time")
}

// Stop asks the server to end and waits for it. Stopping twice is no harm.
func (n *Node) Stop() { n.end(syscall.SIGTERM) }

// Kill ends the server as a crash would.
func (n *Node) Kill() { n.end(syscall.SIGKILL) }

// end signals the server itself, which may run under another program.
func (n *Node) end(signal syscall.Signal) {
	select {
	case <-n.ended:
		return // its number may be another process's by now
	default:
	}
	if n.PID != 0 && n.PID != n.command.Process.Pid {
		syscall.Kill(n.PID, signal)
	} else {
		n.command.Process.Signal(signal)
	}
	<-n.ended
}

// Ended is closed when the process has ended, by whatever.
func (n *Node) Ended() <-chan struct{} { return n.ended }

// Build makes the program of this tree and returns its path.
func Build() (string, error) { return build() }

// Operate runs an operator's command of a program with all of its arguments and returns what it prints. The environment is as in NodeOptions.
func Operate(binary string, environment []string, arguments ...string) (string, error) {
	command := exec.Command(binary, arguments...)
	if command.Env = environment; command.Env == nil {
		command.Env = cleanEnviron()
	}
	out, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("sallyport %v: %w\n%s", arguments, err, out)
	}
	return string(out), err
}

// FreeAddress is a loopback address that nobody listens on, for a server that keeps its address over restarts.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
