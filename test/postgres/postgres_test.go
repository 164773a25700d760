//go:build clients

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sallyport/internal/fault"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

// These tests put in the way of the store what a PostgreSQL over a network does: others at the same rows, connections that die, a server that
// restarts, hands over, is full, or slow.

var server *harness.Postgres

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if server, err = harness.NewPostgres("fsync=off", "max_connections=60"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if os.Getenv("CI") == "true" {
			return 1
		}
		return 0
	}
	defer server.Remove()
	os.Setenv(testdb.Variable, server.URL())
	return m.Run()
}

// open opens a store in a schema of its own, with further parameters of the address. It returns the address, too.
func open(t *testing.T, parameters ...string) (*store.Store, string) {
	t.Helper()
	address := with(t, testdb.URL(t, t.TempDir()), parameters...)
	return openAt(t, address), address
}

func openAt(t *testing.T, address string) *store.Store {
	t.Helper()
	s, err := store.Open(store.Options{Dir: t.TempDir(), Database: address, Clock: &sys.Clock{}})
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

// with adds parameters, name and value in turn, to an address.
func with(t *testing.T, address string, parameters ...string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := parsed.Query()
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	parsed.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // a plus is a plus in addresses of databases
	return parsed.String()
}

// operator is a connection of somebody else, with the settings of the address that are the database's.
func operator(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(t.Context(), with(t, server.URL(), "search_path", parsed.Query().Get("search_path"), "application_name", "operator"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func do(t *testing.T, c *pgx.Conn, statement string, args ...any) {
	t.Helper()
	if _, err := c.Exec(context.Background(), statement, args...); err != nil {
		t.Error(err)
	}
}

func name(tx *store.Tx, id string) (string, error) {
	account, _, err := tx.Account(id)
	return account.Name, err
}

func rename(tx *store.Tx, id, name string) error {
	return tx.PutAccount(store.Account{AccountID: id, Name: name})
}

// set writes a name by itself.
func set(t *testing.T, s *store.Store, id, name string) {
	t.Helper()
	if err := s.Update(context.Background(), func(tx *store.Tx) error { return rename(tx, id, name) }); err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, s *store.Store, id string) (found string) {
	t.Helper()
	if err := s.View(context.Background(), func(tx *store.Tx) (err error) { found, err = name(tx, id); return err }); err != nil {
		t.Error(err)
	}
	return found
}

// increment adds one to the number that an account has for its name: what it writes rests on what it read.
func increment(tx *store.Tx) error {
	text, err := name(tx, "1")
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	return rename(tx, "1", strconv.Itoa(number+1))
}

func TestUpdatesThatInterfereAreMadeOneAfterTheOther(t *testing.T) {
	for _, level := range []string{"serializable", "repeatable read"} {
		for _, mode := range []string{"cache_statement", "exec"} {
			t.Run(level+", "+mode, func(t *testing.T) {
				s, _ := open(t, "default_transaction_isolation", level, "default_query_exec_mode", mode)
				set(t, s, "1", "0")
				const workers, each = 4, 10
				var wg sync.WaitGroup
				for range workers {
					wg.Go(func() {
						for range each {
							if err := s.Update(context.Background(), increment); err != nil {
								t.Error(err)
							}
						}
					})
				}
				wg.Wait()
				if got := get(t, s, "1"); got != strconv.Itoa(workers*each) {
					t.Errorf("%s increments are there, want %d", got, workers*each)
				}
			})
		}
	}
}

// Two go off duty at once, each of whom may while the other is on. No row is written by both, so that only SERIALIZABLE sees that they meet.
func TestWriteSkewIsImpossibleWhereTransactionsAreSerializable(t *testing.T) {
	for level, somebodyStays := range map[string]bool{"serializable": true, "repeatable read": false, "read committed": false} {
		t.Run(level, func(t *testing.T) {
			s, _ := open(t, "default_transaction_isolation", level)
			set(t, s, "alice", "on")
			set(t, s, "bob", "on")
			var wg, both sync.WaitGroup
			both.Add(2)
			for _, who := range [][2]string{{"alice", "bob"}, {"bob", "alice"}} {
				var meet sync.Once
				wg.Go(func() {
					err := s.Update(context.Background(), func(tx *store.Tx) error {
						other, err := name(tx, who[1])
						meet.Do(func() { both.Done(); both.Wait() })
						if err != nil || other != "on" {
							return err
						}
						return rename(tx, who[0], "off")
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if stays := get(t, s, "alice") == "on" || get(t, s, "bob") == "on"; stays != somebodyStays {
				t.Errorf("somebody stays: %v, want %v", stays, somebodyStays)
			}
		})
	}
}

// mine sets a name that somebody else sets in the middle, as often as that, so that one of the two has to begin again.
func mine(t *testing.T, s *store.Store, others int) (runs int, err error) {
	set(t, s, "1", "0")
	err = s.Update(context.Background(), func(tx *store.Tx) error {
		runs++
		if _, err := name(tx, "1"); err != nil {
			return err
		}
		if _, _, err := tx.Attempts("a"); err != nil {
			return err
		}
		if runs <= others {
			set(t, s, "1", fmt.Sprint("other", runs))
		}
		return errors.Join(tx.AddAuditEvent(store.AuditEvent{Name: "Renamed"}), rename(tx, "1", "mine"))
	})
	return runs, err
}

// An update that others defeat again and again locks its tables at last: nobody writes to them before it has ended.
func TestAnUpdateThatIsAlwaysDefeatedHasTheTablesForItself(t *testing.T) {
	for _, mode := range []string{"cache_statement", "exec"} {
		t.Run(mode, func(t *testing.T) {
			s, address := open(t, "default_query_exec_mode", mode)
			o := operator(t, address)
			do(t, o, `CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
				DECLARE n BIGINT;
				BEGIN
					SELECT COUNT(*) INTO n FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'ShareRowExclusiveLock';
					NEW.name := NEW.name || ' of ' || n;
					RETURN NEW;
				END $$`)
			do(t, o, `CREATE TRIGGER looks BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION look()`)
			if runs, err := mine(t, s, 8); err != nil || runs != 9 {
				t.Errorf("%v after %d runs, want none after 9", err, runs)
			}
			if got, want := get(t, s, "1"), "mine of 2"; got != want { // account and attempt; to audit_event it only adds
				t.Errorf("the name is %q, want %q", got, want)
			}
		})
	}
}

// VACUUM holds a lock that a lock of the table has to wait for: it is not waited for long, since everybody would.
func TestAnUpdateThatIsAlwaysDefeatedWaitsForNoVacuum(t *testing.T) {
	s, address := open(t)
	o := operator(t, address)
	do(t, o, `BEGIN`)
	do(t, o, `LOCK TABLE account IN SHARE UPDATE EXCLUSIVE MODE`)
	if runs, err := mine(t, s, 8); err != nil || runs != 10 { // the ninth came no further than the lock
		t.Errorf("%v after %d runs, want none after 10", err, runs)
	}
	do(t, o, `ROLLBACK`)
}

// Where the rights do not suffice to lock, it is tried on as before, with an end.
func TestAnUpdateThatIsAlwaysDefeatedAndMayNotLockEnds(t *testing.T) {
	_, address := open(t)
	o := operator(t, address)
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	schema := parsed.Query().Get("search_path")
	end := operator(t, server.URL())
	do(t, o, `CREATE ROLE clerk LOGIN`)
	t.Cleanup(func() {
		do(t, end, `DROP OWNED BY clerk`)
		do(t, end, `DROP ROLE clerk`)
	})
	do(t, o, `GRANT USAGE, CREATE ON SCHEMA `+schema+` TO clerk`)
	do(t, o, `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA `+schema+` TO clerk`)
	do(t, o, `REVOKE UPDATE, DELETE ON attempt FROM clerk`)
	s := openAt(t, strings.Replace(address, "postgres@", "clerk@", 1))
	if runs, err := mine(t, s, 1000); err == nil || runs != 12 {
		t.Errorf("%d runs, then %v, want 12 and an error", runs, err)
	}
	if got := get(t, s, "1"); got != "other12" {
		t.Errorf("the name is %q, want what the others wrote", got)
	}
}

func TestAConnectionThatDiesBeforeTheCommitIsAnotherAttempt(t *testing.T) {
	s, address := open(t, "application_name", "victim")
	o := operator(t, address)
	runs := 0
	err := s.Update(context.Background(), func(tx *store.Tx) error {
		if runs++; runs == 1 {
			if _, _, err := tx.CountAttempt("a", tx.Millis()+60_000); err != nil {
				return err
			}
			do(t, o, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'victim'`)
		}
		_, _, err := tx.CountAttempt("a", tx.Millis()+60_000)
		return err
	})
	if err != nil || runs != 2 || tally(t, s, "a") != 1 {
		t.Errorf("%v after %d runs that count %d, want 2 runs that count 1", err, runs, tally(t, s, "a"))
	}
}

func tally(t *testing.T, s *store.Store, key string) (n int64) {
	t.Helper()
	if err := s.View(context.Background(), func(tx *store.Tx) (err error) { n, _, err = tx.Attempts(key); return err }); err != nil {
		t.Error(err)
	}
	return n
}

func count(key string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		_, _, err := tx.CountAttempt(key, tx.Millis()+60_000)
		return err
	}
}

// wire stands between the store and the database, and loses what it is told to lose.
type wire struct {
	listener          net.Listener
	requests, answers atomic.Bool // lose these, and hang up
}

func newWire(t *testing.T) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", server.Port))
			if err != nil {
				client.Close()
				continue
			}
			go pass(upstream, client, &w.requests)
			go pass(client, upstream, &w.answers)
		}
	}()
	return w
}

// pass copies until something is to be lost, and hangs up on both then.
func pass(to, from net.Conn, lose *atomic.Bool) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil || lose.Load() {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (w *wire) address(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parsed.Host = w.listener.Addr().String()
	return parsed.String()
}

func TestTheOutcomeOfACommitWhoseAnswerIsLostIsUnknown(t *testing.T) {
	cases := []struct {
		name string
		lose func(*wire) *atomic.Bool
		kept int64
	}{
		{"the answer is lost on its way back", func(w *wire) *atomic.Bool { return &w.answers }, 2},
		{"the request is lost on its way", func(w *wire) *atomic.Bool { return &w.requests }, 1},
	}
	forms := map[string]func(*store.Tx) error{
		"COMMIT travels alone": count("a"),
		"COMMIT travels with another statement": func(tx *store.Tx) error {
			return errors.Join(count("a")(tx), tx.AddAuditEvent(store.AuditEvent{Name: "A"}))
		},
	}
	for _, c := range cases {
		for form, fn := range forms {
			t.Run(c.name+", "+form, func(t *testing.T) {
				w := newWire(t)
				s := openAt(t, with(t, w.address(t, testdb.URL(t, t.TempDir())), "pool_max_conns", "1"))
				if err := s.Update(context.Background(), fn); err != nil {
					t.Fatal(err)
				}
				runs := 0
				err := s.Update(context.Background(), func(tx *store.Tx) error {
					runs++
					defer c.lose(w).Store(true)
					return fn(tx)
				})
				c.lose(w).Store(false)
				if !errors.Is(err, store.ErrOutcomeUnknown) || runs != 1 {
					t.Errorf("%v after %d runs, want ErrOutcomeUnknown after one", err, runs)
				}
				if got := tally(t, s, "a"); got != c.kept {
					t.Errorf("%d are counted, want %d", got, c.kept)
				}
			})
		}
	}
}

func TestAFailureAnywhereLeavesNothingBehindAndTheConnectionWhole(t *testing.T) {
	s, _ := open(t, "pool_max_conns", "1")
	session := func(tx *store.Tx) error { return tx.AddSession(store.Session{SessionID: "s"}) }
	if err := s.Update(context.Background(), session); err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(*store.Tx) error{
		"the first and only statement, which travels with BEGIN and COMMIT": session,
		"the last, which travels with COMMIT": func(tx *store.Tx) error {
			return errors.Join(count("a")(tx), session(tx))
		},
		"one before the last": func(tx *store.Tx) error {
			return errors.Join(session(tx), count("a")(tx))
		},
		"one whose error nobody looks at": func(tx *store.Tx) error {
			session(tx)
			count("a")(tx)
			return nil
		},
	}
	for name, fn := range cases {
		t.Run(name, func(t *testing.T) {
			if err := s.Update(context.Background(), fn); err == nil || errors.Is(err, store.ErrOutcomeUnknown) {
				t.Errorf("got %v, want an error of the database", err)
			}
			if got := tally(t, s, "a"); got != 0 {
				t.Errorf("%d are counted", got)
			}
		})
	}
}

func TestAPanicGivesTheConnectionBack(t *testing.T) {
	s, _ := open(t, "pool_max_conns", "2")
	for range 6 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not reach the caller")
				}
			}()
			s.Update(context.Background(), func(tx *store.Tx) error {
				if err := count("a")(tx); err != nil {
					t.Error(err)
				}
				panic("update")
			})
		}()
	}
	if got := tally(t, s, "a"); got != 0 {
		t.Errorf("%d are counted", got)
	}
}

func TestACallerWhoLeavesDoesNotUndoWhatIsOnItsWay(t *testing.T) {
	s, _ := open(t, "pool_max_conns", "1")
	ctx, leave := context.WithCancel(context.Background())
	err := s.Update(ctx, func(tx *store.Tx) error {
		leave()
		if err := s.Update(ctx, count("a")); !errors.Is(err, context.Canceled) {
			t.Errorf("who waits for the connection gets %v, want context.Canceled", err)
		}
		return count("a")(tx)
	})
	if got := tally(t, s, "a"); err != nil || got != 1 {
		t.Errorf("%v, %d are counted, want 1", err, got)
	}
}

func TestAStatementThatWaitsTooLongFailsOnce(t *testing.T) {
	_, address := open(t)
	s, o := openAt(t, with(t, address, "statement_timeout", "200")), operator(t, address)
	do(t, o, `BEGIN`)
	do(t, o, `LOCK TABLE attempt`)
	runs := 0
	err := s.Update(context.Background(), func(tx *store.Tx) error { runs++; return count("a")(tx) })
	if runs != 1 {
		t.Errorf("%d runs, want one", runs)
	}
	wantLater(t, err)
	do(t, o, `ROLLBACK`)
	if err := s.Update(context.Background(), count("a")); err != nil {
		t.Error(err)
	}
}

// wantLater expects that the caller is told to come again, and nothing of the database.
func wantLater(t *testing.T, err error) {
	t.Helper()
	if refusal, refused := fault.As(err); !refused || refusal.Kind != fault.TemporarilyUnavailable || strings.Contains(refusal.Message, "SQLSTATE") {
		t.Errorf("got %v, want a refusal that says to try again", err)
	}
}

func TestWhoFindsAllConnectionsBusyIsToldToComeAgain(t *testing.T) {
	s, _ := open(t, "pool_max_conns", "1")
	err := s.View(context.Background(), func(tx *store.Tx) error {
		if _, err := name(tx, "1"); err != nil {
			return err
		}
		wantLater(t, s.Update(context.Background(), count("a")))
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if got := tally(t, s, "a"); got != 0 {
		t.Errorf("%d are counted", got)
	}
}

func TestAFullDatabaseIsWaitedFor(t *testing.T) {
	o := operator(t, server.URL())
	do(t, o, `CREATE ROLE few LOGIN CONNECTION LIMIT 2`)
	do(t, o, `CREATE SCHEMA few AUTHORIZATION few`)
	t.Cleanup(func() {
		do(t, o, `DROP SCHEMA few CASCADE`)
		do(t, o, `DROP ROLE few`)
	})
	address := strings.Replace(with(t, server.URL(), "search_path", "few", "pool_max_conns", "8"), "postgres@", "few@", 1)
	s, err := store.Open(store.Options{Dir: t.TempDir(), Database: address, Clock: &sys.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.Update(context.Background(), count("a")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := tally(t, s, "a"); got != 8 {
		t.Errorf("%d are counted, want 8", got)
	}
}

// writers count until they are told to end, and tell what was acknowledged and what may have been.
type writers struct {
	wg              sync.WaitGroup
	ended           atomic.Bool
	kept, uncertain atomic.Int64
}

func (w *writers) start(s *store.Store, n int) {
	for range n {
		w.wg.Go(func() {
			for !w.ended.Load() {
				switch err := s.Update(context.Background(), count("a")); {
				case err == nil:
					w.kept.Add(1)
				case errors.Is(err, store.ErrOutcomeUnknown):
					w.uncertain.Add(1)
				}
			}
		})
	}
}

// more waits until as many as that were acknowledged beyond those until now.
func (w *writers) more(t *testing.T, n int64) {
	t.Helper()
	for want, deadline := w.kept.Load()+n, time.Now().Add(time.Minute); w.kept.Load() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is written any more")
		}
	}
}

// end ends the writers and compares what they were told with what is there.
func (w *writers) end(t *testing.T, s *store.Store) {
	t.Helper()
	w.ended.Store(true)
	w.wg.Wait()
	if got, kept, most := tally(t, s, "a"), w.kept.Load(), w.kept.Load()+w.uncertain.Load(); got < kept || got > most {
		t.Errorf("%d are counted, want %d to %d", got, kept, most)
	}
}

func TestARestartInTheMiddleLosesAndDoublesNothing(t *testing.T) {
	own, err := harness.NewPostgres("fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Remove()
	s := openAt(t, own.URL())
	w := &writers{}
	w.start(s, 4)
	for _, stop := range []func(){own.Stop, own.Kill} {
		w.more(t, 20)
		stop()
		if err := own.Start(); err != nil {
			t.Fatal(err)
		}
		w.more(t, 20)
	}
	w.end(t, s)
}

func TestTheStoreFollowsWhoLeads(t *testing.T) {
	first, err := harness.NewPostgres("fsync=off", "synchronous_standby_names=*")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Remove()
	second, err := first.Standby("fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Remove()
	if s, err := store.Open(store.Options{Dir: t.TempDir(), Database: second.URL(), Clock: &sys.Clock{}}); err == nil {
		s.Close()
		t.Error("a store opened on a standby, which takes no writes")
	}
	both := strings.Replace(first.URL(), fmt.Sprint("127.0.0.1:", first.Port), fmt.Sprintf("127.0.0.1:%d,127.0.0.1:%d", second.Port, first.Port), 1)
	s := openAt(t, both+"&target_session_attrs=read-write")
	w := &writers{}
	w.start(s, 4)
	w.more(t, 20)
	first.Kill()
	if err := second.Promote(); err != nil {
		t.Fatal(err)
	}
	w.more(t, 20)
	w.end(t, s)
}
