package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

// This file measures what a store costs that has grown: nothing of what a request does may depend on how much is stored.

const (
	manySessions  = 1_000_000
	fewSessions   = 1_000 // of which refresh tokens are known here, whatever else is stored
	sessionsAUser = 100
	turns         = 3 // of two servers, since the machine is not the same from minute to minute
)

// sessions writes one slice of the many sessions, with an audit event each, as an application's are. Sessions of one person follow each other.
func (f filler) sessions(from, n int) {
	f.b.Helper()
	const application = "apl-0123456789abcdef"
	err := f.rows.Update(context.Background(), func(tx *store.Tx) error {
		for i := from; i < from+n; i++ {
			s := store.Session{
				SessionID: sys.NewID(tx.Now), UserID: userID(i / sessionsAUser), ClientID: application, ClientName: "reports of the sales team",
				GrantType: bearerGrant, Scopes: "openid aws sts:identity_context", CreatedAt: tx.Millis(), EndsAt: tx.Now.Add(8 * time.Hour).UnixMilli(),
				Generation: 1, RotatedAt: tx.Millis(), KeyID: "00000000", ApplicationID: application, CredentialID: strings.Repeat("c", 64),
				Actor: `{"sub":"arn:aws:sso::111122223333:trustedTokenIssuer/ssoins-0123456789abcdef/tti-00000000-0000-4000-8000-000000000000"}`,
			}
			if err := tx.AddSession(s); err != nil {
				return err
			}
			event := store.AuditEvent{
				Name: string(audit.SessionBegun), RequestID: userID(i), UserID: s.UserID, ClientID: s.ClientID, SessionID: s.SessionID,
				Address: "127.0.0.1", Detail: bearerGrant + " by arn:aws:iam::111122223333:user/administrator",
			}
			if err := tx.AddAuditEvent(event); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.b.Fatal(err)
	}
}

// holders is a server with sessions whose tokens are known here.
type holders struct {
	server *harness.Server
	process
	client registration
	chains []tokens
	free   []sync.Mutex // one of each chain: a refresh token works once
}

// hold starts a server on a folder and has as many sessions begin as are to be refreshed, with others spread between them.
func hold(b *testing.B, dir string, others int) *holders {
	b.Helper()
	s := harness.StartIn(b, dir, "--dev", "--log-level", "warn", "--register-rate", "0", "--device-start-rate", "0")
	h := &holders{server: s, process: process{url: s.Endpoint, pid: s.PID}, free: make([]sync.Mutex, fewSessions)}
	h.client = register(b, h.process)
	f := openFiller(b, dir)
	defer f.close()
	for i := range fewSessions {
		h.chains = append(h.chains, logins(b, h.process, s, h.client, 1)...)
		if others > 0 {
			f.sessions(i*others/fewSessions, others/fewSessions)
		}
	}
	return h
}

// refresh refreshes a session, whichever nobody else does at the moment.
func (h *holders) refresh(int) error {
	i := rand.IntN(len(h.chains))
	for !h.free[i].TryLock() {
		i = (i + 1) % len(h.chains)
	}
	defer h.free[i].Unlock()
	return refresh(h.process, h.client, &h.chains[i])
}

// BenchmarkGrowth measures refreshes among a thousand sessions and among a million, in turns, and then how soon a server is ready on what has
// become a database of a gigabyte: after it was stopped, and after it was killed with a long log.
func BenchmarkGrowth(b *testing.B) {
	dir := b.TempDir()
	small, large := hold(b, b.TempDir(), 0), hold(b, dir, manySessions)
	for turn := range turns {
		b.Run(fmt.Sprintf("Refresh/of-1000/turn-%d", turn), func(b *testing.B) { small.run(b, small.refresh) })
		b.Run(fmt.Sprintf("Refresh/of-1000000/turn-%d", turn), func(b *testing.B) { large.run(b, large.refresh) })
	}
	small.server.Stop()
	if testdb.OnPostgreSQL() {
		return // its own start is not ours to measure
	}
	b.Run("Ready", func(b *testing.B) {
		large.server.Stop()
		b.ReportMetric(databaseSize(b, dir), "MiB-database")
		reportStart(b, dir).Stop()
	})
	b.Run("ReadyAfterCrash", func(b *testing.B) { crash(b, dir) })
}

// reportStart starts a server and reports how long it took until it answered.
func reportStart(b *testing.B, dir string) *harness.Server {
	b.Helper()
	harness.Binary(b)
	began := time.Now()
	s := harness.StartIn(b, dir, "--dev", "--log-level", "warn", "--register-rate", "0", "--device-start-rate", "0")
	b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms-to-ready")
	b.ReportMetric(0, "ns/op")
	return s
}

// longLog is how long the log has grown when the server is killed, in MiB. A reader that never ends keeps it from being moved into the database,
// as a backup that hangs would.
const longLog = 64

// crash kills a server under load, and a reader with it, and reports how soon the next one is ready.
func crash(b *testing.B, dir string) {
	s := harness.StartIn(b, dir, "--dev", "--log-level", "warn", "--register-rate", "0", "--device-start-rate", "0")
	p := process{url: s.Endpoint, pid: s.PID}
	r := register(b, p)
	reader := startReader(b, dir)
	before := databaseSize(b, dir)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := login(p, s, r); err != nil && ctx.Err() == nil {
					b.Error(err)
					return
				}
			}
		})
	}
	for databaseSize(b, dir) < before+longLog && !b.Failed() {
		time.Sleep(50 * time.Millisecond)
	}
	cancel()
	s.Kill()
	reader.Process.Kill()
	reader.Wait()
	wg.Wait()
	b.ReportMetric(databaseSize(b, dir)-before, "MiB-log")
	reportStart(b, dir).Stop()
}

const readerVariable = "SALLYPORT_BENCH_READER"

// startReader starts a process that has a snapshot open until it is killed.
func startReader(b *testing.B, dir string) *exec.Cmd {
	b.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), readerVariable+"="+dir)
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { command.Process.Kill() })
	if _, err := out.Read(make([]byte, 1)); err != nil {
		b.Fatal(err)
	}
	return command
}

// holdSnapshot reads once, says so, and waits for its end.
func holdSnapshot(dir string) {
	rows, err := store.Open(store.Options{Dir: dir, Clock: &sys.Clock{}})
	if err != nil {
		panic(err)
	}
	err = rows.View(context.Background(), func(tx *store.Tx) error {
		if _, _, err := tx.Instance(); err != nil {
			return err
		}
		fmt.Println("reading")
		select {}
	})
	panic(err)
}

// BenchmarkListUsers measures a page in the middle of a small directory and of a large one, in turns.
func BenchmarkListUsers(b *testing.B) {
	sizes := []int{fewUsers, manyUsers}
	var directories []*deployment
	for _, n := range sizes {
		dir := b.TempDir()
		d := deploy(b, dir, nil)
		f := openFiller(b, dir)
		f.users(n, d.IdentityStoreID)
		f.close()
		directories = append(directories, d)
	}
	for turn := range turns {
		for i, d := range directories {
			in := members{"IdentityStoreId": d.IdentityStoreID}
			page := withToken(in, d.places(b, api.ListUsers.Operation, in)["middle"])
			b.Run(fmt.Sprintf("of-%d/turn-%d", sizes[i], turn), func(b *testing.B) {
				d.run(b, func(int) error { return d.call(api.ListUsers.Operation, page, nil) })
			})
		}
	}
}
