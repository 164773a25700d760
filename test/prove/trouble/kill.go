//go:build linux

package trouble

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"sallyport/test/harness"
	"sallyport/test/prove/bed"
	"sallyport/test/prove/clerk"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/stopper"
)

// kill kills the server at a random moment under load.
var kill = Trouble{
	Name: "kill", What: "kill -9 at random moments under load", Databases: []string{SQLite, PostgreSQL}, Short: true,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (f Figures, err error) {
		const fewest, spread = 20, 400 // answers between two kills
		for b.Round = 1; b.Round <= size.Pick(40, 8); b.Round++ {
			node := b.Any()
			err := b.During(ctx, func(ctx context.Context) error {
				if err := b.Answers(ctx, fewest+b.Random.Int64N(spread)); err != nil {
					return err
				}
				time.Sleep(time.Duration(b.Random.Int64N(int64(5 * time.Millisecond)))) // anywhere between two answers
				return b.Kill(node)
			})
			if err == nil {
				err = b.Start(node)
			}
			if err == nil {
				err = b.Check(ctx)
			}
			if err != nil {
				return f, err
			}
			f.Rounds++
		}
		return f, nil
	},
}

// killAtWrite kills the server before every write of logins, one after the other.
var killAtWrite = Trouble{
	Name: "kill-at-write", What: "kill -9 before the n-th write of logins, for every n", Databases: []string{SQLite}, Short: true,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (Figures, error) {
		w := &writes{Bed: b, random: b.Random}
		// The short form takes some of the writes, others each time; the long form takes all.
		return w.all(ctx, size.Pick(1, 12), func(n int64) (stopper.Result, error) { return w.oneLogin(ctx, n) })
	},
}

// killAtStart kills the server before writes of its first start on an empty folder: between any two that are of another kind or file.
var killAtStart = Trouble{
	Name: "kill-at-start", What: "kill -9 before the n-th run of writes of a first start", Databases: []string{SQLite}, Short: true,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (Figures, error) {
		w := &writes{Bed: b, random: b.Random}
		return w.all(ctx, size.Pick(6, 40), func(n int64) (stopper.Result, error) { return w.firstStart(n) })
	},
}

// writes kills servers at writes.
type writes struct {
	*bed.Bed
	random *rand.Rand
}

// all kills at the first write, and at others so far apart on average, until a run is not disturbed any more.
func (w *writes) all(ctx context.Context, stride int, run func(n int64) (stopper.Result, error)) (f Figures, err error) {
	for n := int64(1); ctx.Err() == nil; n += 1 + w.random.Int64N(int64(2*stride-1)) {
		w.Round++
		result, err := run(n)
		if err != nil {
			return f, fmt.Errorf("write %d: %w", n, err)
		}
		f.Rounds++
		w.Say("write %d: killed %v at %s", n, result.Killed, result.At)
		if !result.Killed {
			f.More = map[string]float64{"writes": float64(result.Writes)}
			return f, nil
		}
	}
	return f, ctx.Err()
}

// oneLogin has the server die at a write of one login in each way, starts it again, and checks.
func (w *writes) oneLogin(ctx context.Context, n int64) (result stopper.Result, err error) {
	node := w.Servers()[0]
	if err := w.Stop(node); err != nil {
		return result, err
	}
	program, err := os.Executable()
	if err != nil {
		return result, err
	}
	options := stopper.Options{Folder: w.Data, N: n, Result: filepath.Join(w.Folder, "stopped.json")}
	if err := w.Start(node, options.Words(program)...); err != nil {
		return result, err
	}
	if err := syscall.Kill(parentOf(node.PID), syscall.SIGUSR1); err != nil {
		return result, err
	}
	if err := w.logins(ctx, fmt.Sprintf("n%d-", n)); err != nil {
		return result, err
	}
	if err := w.Kill(node); err != nil {
		return result, err
	}
	if result, err = stopper.ReadResult(options.Result); err != nil {
		return result, err
	}
	if err := w.Ledger.Remark("the server was stopped at " + result.At); err != nil {
		return result, err
	}
	if err := w.Start(node); err != nil {
		return result, err
	}
	return result, w.Check(ctx)
}

// parentOf is the process that a process was started by, which is the stopper.
func parentOf(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	var number, parent int
	var name, state string
	fmt.Sscan(string(text), &number, &name, &state, &parent)
	return parent
}

// logins signs in in each way, as far as answers come, and goes on to the end of each session's use.
func (w *writes) logins(ctx context.Context, prefix string) error {
	steps := []func() (clerk.Outcome, error){
		func() (clerk.Outcome, error) { return w.BeginDevice(ctx, prefix+"device") },
		func() (clerk.Outcome, error) {
			return w.Decide(ctx, prefix+"device", ledger.Approve, w.World.Alice)
		},
		func() (clerk.Outcome, error) { return w.Redeem(ctx, prefix+"device") },
		func() (clerk.Outcome, error) { return w.Turn(ctx, prefix+"device") },
		func() (clerk.Outcome, error) { return w.Turn(ctx, prefix+"device") },
		func() (clerk.Outcome, error) { return w.BeginCode(ctx, prefix+"code", w.World.Alice) },
		func() (clerk.Outcome, error) { return w.Redeem(ctx, prefix+"code") },
		func() (clerk.Outcome, error) {
			if err := w.BeginAssertion(prefix+"assertion", w.World.Front, w.World.Alice); err != nil {
				return clerk.Outcome{}, err
			}
			return w.Redeem(ctx, prefix+"assertion")
		},
		func() (clerk.Outcome, error) {
			if err := w.BeginExchange(prefix+"exchange", prefix+"assertion", w.World.Behind); err != nil {
				return clerk.Outcome{}, err
			}
			return w.Redeem(ctx, prefix+"exchange")
		},
		func() (clerk.Outcome, error) { return w.Logout(ctx, prefix+"code") },
	}
	for _, step := range steps {
		if outcome, err := step(); err != nil || !outcome.OK() {
			return err // it died, or it refuses, which the book has judged
		}
	}
	return nil
}

// firstStart has a server die at a write of its first start, and starts it again on what that left.
func (w *writes) firstStart(n int64) (result stopper.Result, err error) {
	folder, err := os.MkdirTemp(w.Folder, "start-")
	if err != nil {
		return result, err
	}
	defer os.RemoveAll(folder)
	program, err := os.Executable()
	if err != nil {
		return result, err
	}
	data := filepath.Join(folder, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return result, err
	}
	options := stopper.Options{Folder: data, N: n, Result: filepath.Join(folder, "stopped.json"), Runs: true, Armed: true}
	arguments := []string{"--dev", "--listen", "127.0.0.1:0", "--data", data, "--tls-auto"}
	log, err := os.OpenFile(filepath.Join(w.Folder, "starts.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return result, err
	}
	defer log.Close()
	start := harness.NodeOptions{Binary: w.Binary, Args: arguments, Log: log, Folder: folder}
	first := start
	first.Under = options.Words(program)
	if node, err := harness.StartNode(first); err == nil {
		node.Kill() // it was not disturbed
	}
	if result, err = stopper.ReadResult(options.Result); err != nil {
		return result, err
	}
	node, err := harness.StartNode(start)
	if err != nil {
		w.Ledger.Report(ledger.Breach{Invariant: ledger.Lost, Why: fmt.Sprintf(
			"a server that died at write %d of its first start (%s) does not start again: %v", n, result.At, err)})
		return result, nil
	}
	defer node.Stop()
	if node.Password("alice") == "" || node.Admin.SecretAccessKey == "" {
		w.Ledger.Report(ledger.Breach{Invariant: ledger.Lost, Why: fmt.Sprintf(
			"a server that died at write %d of its first start (%s) starts again without its demo", n, result.At)})
	}
	return result, nil
}
