package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

// options are those of a store in the folder, on the database that tests run on.
func options(t testing.TB, dir string) Options {
	t.Helper()
	return Options{Dir: dir, Database: testdb.URL(t, dir), Clock: &sys.Clock{}}
}

func open(t *testing.T) (*Store, *sys.Clock) {
	t.Helper()
	options := options(t, t.TempDir())
	return openWith(t, options), options.Clock
}

// openFile opens a store on SQLite, for what is SQLite's own.
func openFile(t *testing.T) *Store {
	t.Helper()
	return openWith(t, Options{Dir: t.TempDir(), Clock: &sys.Clock{}})
}

func openWith(t *testing.T, options Options) *Store {
	t.Helper()
	s, err := Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func update(t *testing.T, s *Store, fn func(*Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestRefusalsCommitAndFailuresRollBack(t *testing.T) {
	s, _ := open(t)
	cases := []struct {
		name string
		err  error
		kept bool
	}{
		{"nil keeps", nil, true},
		{"a refusal keeps", fault.InvalidGrant.Refuse("spent"), true},
		{"a wrapped refusal keeps", fmt.Errorf("redeem: %w", fault.InvalidGrant.Refuse("spent")), true},
		{"a failure undoes", errors.New("disk on fire"), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := s.Update(context.Background(), func(tx *Tx) error {
				_, _, err := tx.CountAttempt(c.name, tx.Millis()+60_000)
				return errors.Join(err, c.err)
			})
			if !errors.Is(err, c.err) {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			var tally int64
			update(t, s, func(tx *Tx) (err error) { tally, _, err = tx.Attempts(c.name); return err })
			if kept := tally == 1; kept != c.kept {
				t.Errorf("kept %v, want %v", kept, c.kept)
			}
		})
	}
}

func TestAFailingMemberOfABatchDoesNotFailTheOthers(t *testing.T) {
	s := openFile(t)
	// Hold the writer, so that what follows waits and shares a commit.
	release, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		s.Update(context.Background(), func(tx *Tx) error { close(held); <-release; return nil })
	})
	<-held
	failure := errors.New("poisoned")
	var failed, panicked atomic.Int64
	for i := range 30 {
		wg.Go(func() {
			defer func() {
				if recover() != nil {
					panicked.Add(1)
				}
			}()
			err := s.Update(context.Background(), func(tx *Tx) error {
				if _, _, err := tx.CountAttempt(fmt.Sprint("member", i), tx.Millis()+60_000); err != nil {
					return err
				}
				switch i % 10 {
				case 3:
					return failure
				case 7:
					panic("member")
				}
				return nil
			})
			if errors.Is(err, failure) {
				failed.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	for len(s.database.(*sqliteDatabase).writes) < 30 { // every member waits in the queue
		runtime.Gosched()
	}
	close(release)
	wg.Wait()
	rows, _, err := s.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if rows["attempt"] != 24 || failed.Load() != 3 || panicked.Load() != 3 {
		t.Errorf("%d rows, %d failed, %d panicked, want 24, 3, 3", rows["attempt"], failed.Load(), panicked.Load())
	}
}

func TestOneOfManyRacersSpendsADeviceAuthorization(t *testing.T) {
	s, clock := open(t)
	now := clock.Now()
	device := Device{DeviceID: sys.NewID(now), ClientID: "c", CreatedAt: now.UnixMilli(), ExpiresAt: now.Add(time.Minute).UnixMilli()}
	update(t, s, func(tx *Tx) error {
		added, err := tx.AddDevice(device, "digest", "user code")
		if err != nil || !added {
			t.Fatalf("added %v, %v", added, err)
		}
		decided, err := tx.DecideDevice(device.DeviceID, Decision{State: DeviceApproved, UserID: "u"})
		if err != nil || !decided {
			t.Fatalf("decided %v, %v", decided, err)
		}
		return nil
	})
	var wg sync.WaitGroup
	var winners atomic.Int64
	for i := range 50 {
		wg.Go(func() {
			s.Update(context.Background(), func(tx *Tx) error {
				spent, err := tx.SpendDevice(device.DeviceID, Spending{SessionID: fmt.Sprint(i)})
				if spent {
					winners.Add(1)
				}
				return err
			})
		})
	}
	wg.Wait()
	if winners.Load() != 1 {
		t.Errorf("%d racers spent the device authorization, want 1", winners.Load())
	}
}

func TestARestartKeepsWhatWasAcknowledged(t *testing.T) {
	options := options(t, t.TempDir())
	for round := range 3 {
		s, err := Open(options)
		if err != nil {
			t.Fatal(err)
		}
		rows, _, err := s.Counts(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if rows["account"] != int64(round) {
			t.Errorf("round %d finds %d accounts", round, rows["account"])
		}
		update(t, s, func(tx *Tx) error { return tx.PutAccount(Account{AccountID: fmt.Sprint(round)}) })
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAChangedMigrationIsRefused(t *testing.T) {
	options := options(t, t.TempDir())
	s, err := Open(options)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx *Tx) error {
		_, err := tx.exec(`UPDATE migration SET checksum = 'other' WHERE step = 3`)
		return err
	})
	s.Close()
	if s, err = Open(options); err == nil {
		s.Close()
		t.Fatal("a database with another history was opened")
	}
}

func TestCleanRemovesOnlyWhatHasLongEnded(t *testing.T) {
	s, clock := open(t)
	add := func(id string) {
		update(t, s, func(tx *Tx) error {
			now := tx.Now
			for i := range 300 {
				d := Device{DeviceID: sys.NewID(now), CreatedAt: now.UnixMilli(), ExpiresAt: now.Add(10 * time.Minute).UnixMilli()}
				if _, err := tx.AddDevice(d, "digest", fmt.Sprint(id, i)); err != nil {
					return err
				}
			}
			_, _, err := tx.CountAttempt(id, now.Add(time.Minute).UnixMilli())
			return err
		})
	}
	add("old")
	clock.Advance(25 * time.Hour)
	add("new")
	if _, err := s.Clean(context.Background()); err != nil {
		t.Fatal(err)
	}
	rows, _, err := s.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if rows["device_authorization"] != 300 || rows["attempt"] != 1 {
		t.Errorf("%d device authorizations and %d tallies left, want 300 and 1", rows["device_authorization"], rows["attempt"])
	}
}

func TestAMachineWhoseClockIsFarOffRemovesNothing(t *testing.T) {
	shared := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for off, removes := range map[time.Duration]bool{
		0: true, time.Minute: true, -time.Minute: true, time.Minute + time.Millisecond: false, -time.Hour: false, 48 * time.Hour: false,
	} {
		if err := checkClock(shared.Add(off), shared); (err == nil) != removes {
			t.Errorf("%s off: %v", off, err)
		}
	}
	s, clock := open(t)
	clock.Advance(100 * 24 * time.Hour) // as development mode does
	if err := s.CheckClock(context.Background()); err != nil {
		t.Errorf("on one machine with the database: %v", err)
	}
}

func TestUserNamesFoldOnlyASCII(t *testing.T) {
	s, _ := open(t)
	update(t, s, func(tx *Tx) error {
		if err := tx.PutUser(User{UserID: "1", UserName: "Mike", Status: StatusEnabled}); err != nil {
			return err
		}
		for typed, want := range map[string]bool{"mike": true, "MIKE": true, "mi\u212ae": false, "mike ": false, "m%": false} {
			_, found, err := tx.UserByName(typed)
			if err != nil || found != want {
				t.Errorf("%q found %v (%v), want %v", typed, found, err, want)
			}
		}
		return nil
	})
}

func BenchmarkView(b *testing.B) {
	s, err := Open(options(b, b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	now := time.Now()
	d := Device{DeviceID: sys.NewID(now), ClientID: "c", ExpiresAt: now.Add(time.Hour).UnixMilli()}
	s.Update(context.Background(), func(tx *Tx) error { _, err := tx.AddDevice(d, "digest", "u"); return err })
	b.ReportAllocs()
	for b.Loop() {
		s.View(context.Background(), func(tx *Tx) error {
			if _, found, err := tx.DeviceByCode(d.DeviceID, "digest", "c"); !found || err != nil {
				b.Fatal(found, err)
			}
			return nil
		})
	}
}

func TestLookAllowsOneStatement(t *testing.T) {
	s, _ := open(t)
	err := s.Look(context.Background(), func(tx *Tx) error {
		if _, err := tx.Accounts(); err != nil {
			t.Fatal(err)
		}
		_, err := tx.Groups()
		return err
	})
	if !errors.Is(err, errSecondStatement) {
		t.Errorf("got %v", err)
	}
}

func TestACleanStopLeavesOneFileThatOnlyItsOwnerReads(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir, Clock: &sys.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx *Tx) error { return tx.PutAccount(Account{AccountID: "1"}) })
	if _, _, err := s.Counts(context.Background()); err != nil { // opens a reader
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != File {
		t.Fatalf("left are %v (%v): a copy of %s alone would lack what stands in the others", left, err, File)
	}
	info, err := left[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode().Perm(), err)
	}
}

func TestWhoStopsReadingDoesNotEndTheTransaction(t *testing.T) {
	s, _ := open(t)
	stop := errors.New("enough")
	update(t, s, func(tx *Tx) error {
		for _, key := range []string{"a", "b"} {
			if err := count(key)(tx); err != nil {
				return err
			}
		}
		read := 0
		err := tx.query(`SELECT attempt_key FROM attempt ORDER BY attempt_key`, nil, func(row) error { read++; return stop })
		if read != 1 || !errors.Is(err, stop) {
			t.Errorf("%d rows were read, then %v", read, err)
		}
		return count("a")(tx)
	})
	if got := view(t, s, tally("a")); got != 2 {
		t.Errorf("%d are counted, want 2", got)
	}
}
