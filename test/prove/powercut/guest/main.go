//go:build linux

// Command guest is the first process of the machine whose power is cut, and all that runs in it besides the server. It sets the machine up,
// starts the server on the disk, holds what the disk kept against the ledger, and then works and keeps the ledger until the power goes. The ledger
// lies in the host's file system, where nothing is lost.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
	"unsafe"

	"sallyport/test/harness"
	"sallyport/test/prove/check"
	"sallyport/test/prove/clerk"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/powercut"
	"sallyport/test/prove/remote"
	"sallyport/test/prove/workload"
)

// lifetime ends a machine whose host has died.
const lifetime = 5 * time.Minute

const (
	disk = "/disk"      // where the disk is mounted
	data = "/disk/data" // the server's data folder
)

func main() {
	time.AfterFunc(lifetime, powerOff)
	if err := work(); err != nil {
		fmt.Printf("%s: %v\n", powercut.SaysFailed, err)
	}
	powerOff()
}

func powerOff() {
	os.Stdout.Sync()
	syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
}

func work() error {
	if err := errors.Join(mount("proc", "/proc", "proc"), raiseLoopback()); err != nil {
		return err
	}
	orders, err := powercut.ReadOrders("/" + powercut.OrdersFile)
	if err != nil {
		return err
	}
	fmt.Println(powercut.SaysAwake)
	host := bufio.NewReader(os.Stdin)
	if _, err := host.ReadString('\n'); err != nil {
		return err
	}
	go func() {
		host.ReadString('\n') // nothing more comes, until the host is gone
		powerOff()
	}()
	if err := mount("/dev/ubda", disk, "ext4"); err != nil {
		return err
	}
	if err := keepEvidence("/" + powercut.EvidenceFolder); err != nil {
		return err
	}
	begun := time.Now()
	server, err := startServer()
	if err != nil {
		return err
	}
	ready := time.Since(begun)
	if orders.Task == powercut.Start {
		<-server.Ended()
		return errEnded
	}
	l, err := openLedger("/" + powercut.LedgerFolder)
	if err != nil {
		return err
	}
	ctx := context.Background()
	c, err := openSite(ctx, server, l)
	if err != nil {
		return err
	}
	report, err := inspect(ctx, c, orders)
	if err != nil {
		return err
	}
	report.ReadyMS = ready.Milliseconds()
	if err := powercut.WriteJSON("/"+powercut.ReportFile, report); err != nil {
		return err
	}
	fmt.Println(powercut.SaysChecked)
	if orders.Task == powercut.Work {
		return labor(ctx, server, c, orders)
	}
	server.Stop()
	if err := syscall.Unmount(disk, 0); err != nil {
		return err
	}
	fmt.Println(powercut.SaysOff)
	return nil
}

func mount(device, folder, kind string) error {
	if err := syscall.Mount(device, folder, kind, 0, ""); err != nil {
		return fmt.Errorf("mount %s: %w", device, err)
	}
	return nil
}

// raiseLoopback does what `ip link set lo up` does.
func raiseLoopback() error {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	request := struct { // struct ifreq
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("raise the loopback interface: %w", errno)
	}
	return nil
}

// keepEvidence copies the database as the power cut left it, before the server mends it, to the host, who looks whether it is whole.
func keepEvidence(folder string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	for _, name := range powercut.DatabaseFiles {
		text, err := os.ReadFile(filepath.Join(data, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// startServer starts the program on the disk. Its log is the host's.
func startServer() (*harness.Node, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	logFile, err := os.OpenFile("/"+powercut.LogFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer logFile.Close()
	return harness.StartNode(harness.NodeOptions{
		Binary: "/sallyport",
		Args:   []string{"--dev", "--listen", "127.0.0.1:0", "--data", data, "--register-rate", "0", "--device-start-rate", "0"},
		Log:    logFile,
		Folder: "/run",
	})
}

// openLedger goes on with the ledger, or begins it.
func openLedger(folder string) (*ledger.Ledger, error) {
	l, err := ledger.Open(folder, ledger.Options{})
	if errors.Is(err, os.ErrNotExist) {
		return ledger.Create(folder, ledger.Options{})
	}
	return l, err
}

// inspect holds the server to the ledger.
func inspect(ctx context.Context, c *clerk.Clerk, orders powercut.Orders) (report powercut.Report, err error) {
	c.Ledger.Look(func(book *ledger.Book, _ int64) { report.Line = book.Lines })
	begun := time.Now()
	counts, err := check.Check(ctx, c, check.Options{Since: orders.Since, Sample: orders.Sample, Seed: orders.Seed})
	if err == nil && orders.Replay > 0 {
		err = replay(ctx, c, orders)
	}
	report.CheckMS, report.Logins, report.Breaches = time.Since(begun).Milliseconds(), counts.Logins, c.Ledger.Breaches()
	return report, err
}

// replay tries what is spent, at a time when no window or grace covers it. The clock goes back when the server ends, so that must be the last that is
// asked of a ledger.
func replay(ctx context.Context, c *clerk.Clerk, orders powercut.Orders) error {
	const beyond = 45 * time.Second // the default window and grace, and well within the life of codes
	answer, err := c.Site.Send(ctx, remote.Control("/_dev/clock", remote.Members{"advance": beyond.String()}))
	if err == nil && !answer.Good() {
		err = fmt.Errorf("move the clock: %v", answer)
	}
	if err != nil {
		return err
	}
	c.Site.SetClock(beyond)
	if err := c.Ledger.SetClock(beyond); err != nil {
		return err
	}
	_, err = check.Check(ctx, c, check.Options{Since: orders.Since, Replay: orders.Replay, Seed: orders.Seed})
	return err
}

var errEnded = errors.New("the server ended by itself")

// workers is how many work at once: enough for commits that carry several of them.
const workers = 6

// labor works until the power goes. The server must not go before.
func labor(ctx context.Context, server *harness.Node, c *clerk.Clerk, orders powercut.Orders) error {
	w := workload.New(c, workers, orders.Seed)
	w.Prefix = orders.Round
	failed := make(chan error, 1)
	go func() { failed <- w.Run(ctx) }()
	select {
	case err := <-failed:
		return err
	case <-server.Ended():
		return errEnded
	}
}
