//go:build linux

package powercut

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"sallyport/test/harness"
	"sallyport/test/prove/ledger"
)

// The rhythm of a run.
const (
	// cutsADisk is how many cuts a disk lives through. A new one tries the first start of a server, and short ledgers are checked quickly.
	cutsADisk = 6
	// sample is of how many logins a check asks that were not used since the last one, and replay the part whose spent codes and tokens are tried at the
	// very end.
	sample = 100
	replay = 0.5
	// checkTimeout is far above what recovery and check take.
	checkTimeout = 2 * time.Minute
)

// phase is what a machine does when its power goes.
type phase struct {
	name    string
	task    Task
	checked bool          // whether the check is waited for
	longest time.Duration // how long it does that before the cut, at most
	count   func(*Figures)
}

var (
	// An empty disk becomes a data folder in about half a second.
	starting = phase{"starting", Start, false, 800 * time.Millisecond, func(f *Figures) { f.Starting++ }}
	// It takes about as long from the first touch of the disk to the end of the check.
	recovering = phase{"recovering", Work, false, time.Second, func(f *Figures) { f.Recovering++ }}
	// ext4 and SQLite have then gone once through their habits.
	working = phase{"working", Work, true, 2 * time.Second, func(*Figures) {}}
)

// phaseOf is the phase of a cut in the life of a disk, both counted from 0.
func phaseOf(disk, cut int) phase {
	switch {
	case cut == 0 && disk%2 == 1:
		return starting
	case cut == 4:
		return recovering
	}
	return working
}

// fate is what a cut does to the writes that were not flushed.
type fate struct {
	name string
	keep func(*rand.Rand) bool
}

// fates take turns.
var fates = []fate{
	{"none was written", func(*rand.Rand) bool { return false }},
	{"some were written", func(r *rand.Rand) bool { return r.IntN(2) == 0 }},
	{"all were written", func(*rand.Rand) bool { return true }},
}

// moment is when a cut comes, after the machine has run for a while.
type moment struct {
	name string
	at   event // 0 for at once
}

// moments take turns; their number and that of the fates have no factor in common, so each meets each. At most moments the disk has nothing to
// lose, so the cut waits for one when it has.
var moments = []moment{
	{"at a write", aWrite},
	{"in a burst of writes", aBurst},
	{"at a flush", aFlush},
	{"at any moment", 0},
}

// latestEvent is for how many writes or flushes a cut waits at most, and longestWait for how long. A login makes dozens of either, and the log is
// moved into the database about every two seconds.
const (
	latestEvent = 40
	longestWait = 4 * time.Second
)

// mostShown bounds the breaches that are told of; where there are more, it is one that shows in many places.
const mostShown = 20

// run is a run under way.
type run struct {
	Options
	rand    *rand.Rand
	figures Figures
	boots   int64
	reports int64
	machine string // root folder of the current machine
	drive   *drive
	since   int64 // line of the machine's ledger up to which all was checked
	broken  map[ledger.Breach]bool
}

// Run cuts the power so many times. Broken promises are in the figures; an error means that the test itself failed.
func Run(ctx context.Context, options Options) (Figures, error) {
	r := &run{Options: options, rand: rand.New(rand.NewPCG(options.Seed, 0))}
	if r.Log == nil {
		r.Log = func(string, ...any) {}
	}
	if err := buildGuest(ctx, r.guest()); err != nil {
		return r.figures, err
	}
	begun := time.Now()
	for r.figures.Cuts < r.Cuts {
		if err := r.wearOut(ctx, min(cutsADisk, r.Cuts-r.figures.Cuts)); err != nil {
			return r.figures, fmt.Errorf("disk %d, after %d cuts: %w", r.figures.Disks, r.figures.Cuts, err)
		}
	}
	r.figures.BootMS /= max(r.boots, 1)
	r.figures.ReadyMS /= max(r.reports, 1)
	r.figures.CheckMS /= max(r.reports, 1)
	r.figures.PerMinute = float64(r.figures.Cuts) / time.Since(begun).Minutes()
	return r.figures, nil
}

func (r *run) guest() string { return filepath.Join(r.Folder, "guest") }

// buildGuest builds the first process of the machine.
func buildGuest(ctx context.Context, path string) error {
	command := exec.CommandContext(ctx, "go", "build", "-o", path, "./test/prove/powercut/guest")
	command.Dir = harness.Root()
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the guest: %w\n%s", err, out)
	}
	return nil
}

// wearOut begins with a new disk and a new ledger, cuts the power so many times, and has a last machine recover and stop in order.
func (r *run) wearOut(ctx context.Context, cuts int) error {
	r.figures.Disks++
	if err := r.newMachine(); err != nil {
		return err
	}
	defer r.drive.close()
	for cut := range cuts {
		if err := r.cutOnce(ctx, cut); err != nil {
			return err
		}
	}
	k, err := r.boot(ctx, Orders{Task: Stop, Replay: replay})
	if err != nil {
		return err
	}
	if err := r.checked(ctx, k); err != nil {
		return errors.Join(err, k.cut())
	}
	if err := k.expect(ctx, SaysOff, checkTimeout); err != nil {
		return errors.Join(err, k.cut())
	}
	if err := k.wait(); err != nil {
		return err
	}
	return r.closeBook()
}

// closeBook counts what the machine's ledger has and looks for its secrets in the log. Of a machine that kept every promise nothing stays.
func (r *run) closeBook() error {
	book, secrets, err := ledger.Read(filepath.Join(r.machine, LedgerFolder), ledger.Terms{})
	if err != nil {
		return err
	}
	r.figures.Acknowledged += book.Acknowledged
	leaks, err := ledger.NewSearch(slices.Collect(maps.Values(secrets))).SearchLog(filepath.Join(r.machine, LogFile))
	if err != nil {
		return err
	}
	r.figures.Breaches = append(r.figures.Breaches, leaks...)
	if len(r.broken) > 0 || len(leaks) > 0 || len(r.figures.Damaged) > 0 {
		r.Log("%s stays, with the ledger and the log", r.machine)
		return nil
	}
	return errors.Join(os.RemoveAll(r.machine), r.drive.remove())
}

// newMachine makes the root folder of a machine, on the host, and its disk.
func (r *run) newMachine() error {
	r.since, r.broken = 0, map[ledger.Breach]bool{}
	r.machine = filepath.Join(r.Folder, fmt.Sprintf("machine-%d", r.figures.Disks))
	for _, folder := range []string{"dev", "proc", "disk", "run", "tmp", "uml"} {
		if err := os.MkdirAll(filepath.Join(r.machine, folder), 0o700); err != nil {
			return err
		}
	}
	if err := errors.Join(os.Link(r.guest(), filepath.Join(r.machine, "init")), copyProgram(r.Program, filepath.Join(r.machine, "sallyport"))); err != nil {
		return err
	}
	disk := r.machine + ".disk"
	if err := makeDisk(disk); err != nil {
		return err
	}
	var err error
	r.drive, err = openDrive(disk)
	return err
}

func copyProgram(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o700)
}

// cutOnce has the machine recover from the last cut and work, or less, and takes its power.
func (r *run) cutOnce(ctx context.Context, cut int) error {
	phase := phaseOf(r.figures.Disks-1, cut)
	k, err := r.boot(ctx, Orders{Task: phase.task, Round: fmt.Sprintf("b%d-", cut), Sample: sample})
	if err != nil {
		return err
	}
	if phase.checked {
		err = r.checked(ctx, k)
	}
	wait := r.upTo(phase.longest)
	if err == nil {
		err = k.hold(ctx, wait)
	}
	if err != nil {
		return errors.Join(err, k.cut())
	}
	number := r.figures.Cuts
	what, when := fates[number%len(fates)], moments[number%len(moments)]
	if err := r.cut(ctx, k, when); err != nil {
		return err
	}
	lost, err := r.drive.lose(func() bool { return what.keep(r.rand) })
	if err != nil {
		return err
	}
	r.figures.Cuts++
	phase.count(&r.figures)
	r.figures.KeptSectors += lost.kept
	r.figures.LostSectors += lost.lost
	r.Log("cut %d, of disk %d, after %v of %s, %s: of %d unflushed sectors %s",
		r.figures.Cuts, r.figures.Disks, wait, phase.name, when.name, lost.kept+lost.lost, what.name)
	if !phase.checked { // and perhaps it was done all the same
		return r.takeReport()
	}
	return nil
}

func (r *run) cut(ctx context.Context, k *kernel, m moment) error {
	if m.at == 0 {
		return k.cut()
	}
	return k.cutAt(ctx, m.at, 1+r.rand.IntN(latestEvent), longestWait)
}

func (r *run) upTo(longest time.Duration) time.Duration {
	return time.Duration(r.rand.Int64N(int64(longest))).Round(time.Millisecond)
}

func (r *run) boot(ctx context.Context, orders Orders) (*kernel, error) {
	orders.Since, orders.Seed = r.since, r.rand.Uint64()
	if err := WriteJSON(filepath.Join(r.machine, OrdersFile), orders); err != nil {
		return nil, err
	}
	if err := os.Remove(filepath.Join(r.machine, ReportFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	begun := time.Now()
	k, err := boot(ctx, r.machine, filepath.Join(r.machine, "uml"), r.drive)
	r.figures.BootMS += time.Since(begun).Milliseconds()
	r.boots++
	return k, err
}

// checked waits until the guest has recovered and checked, and takes its findings.
func (r *run) checked(ctx context.Context, k *kernel) error {
	if err := k.expect(ctx, SaysChecked, checkTimeout); err != nil {
		log, _ := os.ReadFile(filepath.Join(r.machine, LogFile))
		return fmt.Errorf("%w\nlog of the server:\n%s", err, log)
	}
	return r.takeReport()
}

// takeReport adds what the guest found, if it was done.
func (r *run) takeReport() error {
	text, err := os.ReadFile(filepath.Join(r.machine, ReportFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var report Report
	if err := json.Unmarshal(text, &report); err != nil {
		return err
	}
	r.reports++
	r.figures.ReadyMS += report.ReadyMS
	r.figures.CheckMS += report.CheckMS
	r.figures.Checked += report.Logins
	r.since = report.Line
	for _, breach := range report.Breaches {
		if !r.broken[breach] { // the book finds some again whenever it is read
			r.broken[breach] = true
			r.figures.Breaches = append(r.figures.Breaches, breach)
			if len(r.figures.Breaches) <= mostShown {
				r.Log("broken: %v", breach)
			}
		}
	}
	damage, err := integrity(filepath.Join(r.machine, EvidenceFolder))
	r.figures.Damaged = append(r.figures.Damaged, damage...)
	return err
}
