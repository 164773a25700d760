//go:build linux

package trouble

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"sallyport/test/prove/bed"
	"sallyport/test/prove/clerk"
	"sallyport/test/prove/ledger"
)

const (
	// diskSize is enough for a database that grows during a run.
	diskSize = "64m"
	// ballastBlock is how much is written at once until nothing fits any more.
	ballastBlock = 64 << 10
)

// fullDisk fills the disk under load.
var fullDisk = Trouble{
	Name: "disk-full", What: "the disk full under load, and space again", Databases: []string{SQLite}, Short: true,
	Bed: func(options *bed.Options) (func() error, error) {
		disk := filepath.Join(options.Folder, "disk")
		if err := os.Mkdir(disk, 0o700); err != nil {
			return nil, err
		}
		if err := syscall.Mount("prove", disk, "tmpfs", 0, "mode=0700,size="+diskSize); err != nil {
			return nil, fmt.Errorf("mount a small disk at %s, which needs root: %w", disk, err)
		}
		options.Data = filepath.Join(disk, "data")
		return func() error { return syscall.Unmount(disk, syscall.MNT_DETACH) }, nil
	},
	Run: func(ctx context.Context, b *bed.Bed, size Size) (f Figures, err error) {
		d := disk{Bed: b, ballast: filepath.Join(filepath.Dir(b.Data), "ballast")}
		for b.Round = 1; b.Round <= size.Pick(6, 2); b.Round++ {
			// Every other time the server dies on the full disk.
			if err := d.round(ctx, b.Round%2 == 0); err != nil {
				return f, err
			}
			f.Rounds++
		}
		return f, nil
	},
}

// disk is a bed on a disk that can be filled.
type disk struct {
	*bed.Bed
	ballast string
}

func (d disk) round(ctx context.Context, dies bool) error {
	living := fmt.Sprintf("living-%d", d.Round)
	if err := d.signIn(ctx, living); err != nil {
		return err
	}
	err := d.During(ctx, func(ctx context.Context) error {
		const before, during, after = 300, 200, 100 // answers; those that fail count for nothing, so reads make them up
		if err := d.Answers(ctx, before); err != nil {
			return err
		}
		if err := d.fill(); err != nil {
			return err
		}
		if err := d.look(ctx, living); err != nil {
			return err
		}
		if dies {
			return d.Kill(d.Servers()[0])
		}
		if err := d.empty(); err != nil {
			return err
		}
		return d.Answers(ctx, after) // it goes on by itself
	})
	if err != nil || !dies {
		return errors.Join(err, d.checkAfter(ctx))
	}
	return d.restart(ctx)
}

// restart starts a server that died on a full disk: there it may refuse to start, and once there is space it must not.
func (d disk) restart(ctx context.Context) error {
	node := d.Servers()[0]
	if err := d.Start(node); err == nil {
		if err := d.Kill(node); err != nil {
			return err
		}
	}
	if err := d.empty(); err != nil {
		return err
	}
	if err := d.Start(node); err != nil {
		return fmt.Errorf("start with space on the disk again: %w", err)
	}
	return d.checkAfter(ctx)
}

func (d disk) checkAfter(ctx context.Context) error {
	if err := d.empty(); err != nil {
		return err
	}
	return d.Check(ctx)
}

// signIn makes a login that lives while the disk is full.
func (d disk) signIn(ctx context.Context, name string) error {
	for _, step := range []func() (clerk.Outcome, error){
		func() (clerk.Outcome, error) { return d.BeginDevice(ctx, name) },
		func() (clerk.Outcome, error) { return d.Decide(ctx, name, ledger.Approve, d.World.Alice) },
		func() (clerk.Outcome, error) { return d.Redeem(ctx, name) },
	} {
		if outcome, err := step(); err != nil || !outcome.OK() {
			return errors.Join(err, fmt.Errorf("sign in before the disk is full: %v", outcome.Answer))
		}
	}
	return nil
}

// look asks a server on a full disk: what has to be written fails as a server's failure does, what has to be read is as it was.
func (d disk) look(ctx context.Context, living string) error {
	login, _ := d.Ledger.Login(living)
	newest, _ := login.Newest()
	writes, failures := 0, 0
	// SQLite writes where it has written before until its log has to grow: many may find room.
	const enough, most = 8, 5000
	for i := 0; failures < enough && i < most; i++ {
		outcome, err := d.BeginDevice(ctx, fmt.Sprintf("full-%d-%d", d.Round, i))
		if err != nil {
			return err
		}
		switch {
		case outcome.OK():
			writes++ // what was reserved before may still take it
		case outcome.Status >= http.StatusInternalServerError && strings.Contains(outcome.Answer.Exception(), "Exception"):
			failures++
		default:
			d.report(newest.Line, living, "a server on a full disk answers a write with %v, want a failure of its own", outcome.Answer)
		}
		opens, err := d.Opens(ctx, newest.Access)
		if err != nil || !opens.OK() {
			d.report(newest.Line, living, "a server on a full disk does not open the portal: %v %v", opens.Answer, err)
		}
	}
	d.Say("round %d: of writes on a full disk %d found room and %d failed", d.Round, writes, failures)
	if failures < enough {
		return fmt.Errorf("the disk is full and %d writes were acknowledged: nothing was proved", writes)
	}
	log, err := os.ReadFile(d.Servers()[0].Log)
	if err == nil && !strings.Contains(string(log), "full") {
		d.report(newest.Line, living, "the log does not say that the disk is full")
	}
	return err
}

func (d disk) report(line int64, of, format string, arguments ...any) {
	d.Ledger.Report(ledger.Breach{Invariant: ledger.Lost, Line: line, Of: of, Why: fmt.Sprintf(format, arguments...)})
}

// fill takes all space that is left.
func (d disk) fill() error {
	file, err := os.Create(d.ballast)
	if err != nil {
		return err
	}
	defer file.Close()
	for block := ballastBlock; block > 0; {
		if _, err = file.Write(make([]byte, block)); errors.Is(err, syscall.ENOSPC) {
			block /= 2
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return d.Ledger.Remark("the disk is full")
}

func (d disk) empty() error {
	if err := os.Remove(d.ballast); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return d.Ledger.Remark("the disk has space")
}
