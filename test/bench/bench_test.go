// Package bench measures the running program over sockets, beside a bare handler in a process of its own that does as little as can be
// done: read JSON, commit as often, write JSON. The figure to compare is the server's processor time per operation, which other work on
// the machine does not touch; operations per second depend on what else runs, the generator included.
//
//	go test ./test/bench -run - -bench . -benchtime 3s
package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/test/harness"
)

// The connections that a benchmark keeps busy.
const (
	workers     = 8
	manyWorkers = 32
)

const bareVariable = "SALLYPORT_BENCH_BARE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(bareVariable); dir != "" {
		serveBare(dir)
	}
	if dir := os.Getenv(readerVariable); dir != "" {
		holdSnapshot(dir)
	}
	os.Exit(m.Run())
}

// serveBare is the floor: a JSON handler without rules. /json answers; /commit changes one row durably before it does, and lets
// concurrent requests share a commit as the real server does.
func serveBare(dir string) {
	clock := &sys.Clock{}
	rows, err := store.Open(store.Options{Dir: dir, Clock: clock})
	if err != nil {
		panic(err)
	}
	answer := func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body["clientSecret"] == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"accessToken": "aoa", "tokenType": "Bearer", "expiresIn": 3600, "refreshToken": "aor"})
	}
	http.HandleFunc("POST /json", answer)
	http.HandleFunc("POST /commit", func(w http.ResponseWriter, r *http.Request) {
		err := rows.Update(r.Context(), func(tx *store.Tx) error {
			_, _, err := tx.CountAttempt("bare", tx.Millis()+1_000_000)
			return err
		})
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		answer(w, r)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, nil))
}

// databaseVariable names the process of a PostgreSQL whose processor time counts as the server's own.
const databaseVariable = "BENCH_DATABASE_PID"

// process is a server under load.
type process struct {
	url     string
	pid     int
	workers int // connections that are kept busy; 0 for the usual number
}

func (p process) with(workers int) process {
	p.workers = workers
	return p
}

func startBare(b *testing.B) process {
	b.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), bareVariable+"="+b.TempDir())
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { command.Process.Kill(); command.Wait() })
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		b.Fatal(err)
	}
	return process{url: "http://" + strings.TrimSpace(string(line[:n])), pid: command.Process.Pid}
}

func startReal(b *testing.B) (*harness.Server, process) {
	b.Helper()
	s := harness.Start(b, "--log-level", "warn", "--register-rate", "0", "--device-start-rate", "0")
	return s, process{url: s.Endpoint, pid: s.PID}
}

// cpu is the processor time that the server has taken so far, with that of its PostgreSQL.
func (p process) cpu(b *testing.B) time.Duration {
	b.Helper()
	ticks := ticksOf(b, p.pid)
	if text := os.Getenv(databaseVariable); text != "" {
		database, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		ticks += ticksOf(b, database)
		for _, child := range childrenOf(b, database) {
			ticks += ticksOf(b, child)
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// ticksOf is the processor time of a process and of the children that it has waited for, in hundredths of a second.
func ticksOf(b *testing.B, pid int) (ticks int64) {
	b.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+2:]))
	for _, field := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return ticks
}

func childrenOf(b *testing.B, pid int) (children []int) {
	b.Helper()
	lists, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	if err != nil {
		b.Fatal(err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			b.Fatal(err)
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				b.Fatal(err)
			}
			children = append(children, child)
		}
	}
	return children
}

// resident is the memory that the process has, in MiB.
func (p process) resident(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), "status"))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseFloat(strings.Fields(kib)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return n / 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}

// run has every worker do operations until b.N are done, and reports them per second and per second of the server's processor time, and how
// long the middle one and the slowest of a hundred took.
func (p process) run(b *testing.B, operation func(worker int) error) {
	b.Helper()
	var done atomic.Int64
	var wg sync.WaitGroup
	took := make([]time.Duration, b.N)
	before := p.cpu(b)
	b.ResetTimer()
	for worker := range cmp.Or(p.workers, workers) {
		wg.Go(func() {
			for n := done.Add(1); n <= int64(b.N); n = done.Add(1) {
				began := time.Now()
				if err := operation(worker); err != nil {
					b.Error(err)
					return
				}
				took[n-1] = time.Since(began)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[b.N/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds()), "p99-us")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	if spent := (p.cpu(b) - before).Seconds(); spent > 0 {
		b.ReportMetric(float64(b.N)/spent, "ops/server-cpu-s")
	}
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: manyWorkers * 2}}

// call sends JSON and decodes the answer, which must have the status.
func call(method, url string, status int, header http.Header, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header = header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	if body == nil {
		request.Body, request.ContentLength = http.NoBody, 0
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != status {
		return fmt.Errorf("%s: status %d: %s", url, response.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

type registration struct{ ClientID, ClientSecret string }

func register(b *testing.B, p process) registration {
	b.Helper()
	var r registration
	body := map[string]any{"clientName": "bench", "clientType": "public", "scopes": []string{"sso:account:access"}}
	if err := call("POST", p.url+"/client/register", 200, nil, body, &r); err != nil {
		b.Fatal(err)
	}
	return r
}

type device struct{ DeviceCode, UserCode string }

func start(p process, s *harness.Server, r registration) (d device, err error) {
	err = call("POST", p.url+"/device_authorization", 200, nil, map[string]string{
		"clientId": r.ClientID, "clientSecret": r.ClientSecret, "startUrl": s.StartURL,
	}, &d)
	return d, err
}

type tokens struct{ AccessToken, RefreshToken string }

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

func login(p process, s *harness.Server, r registration) (t tokens, err error) {
	d, err := start(p, s, r)
	if err != nil {
		return t, err
	}
	approval := map[string]string{"userCode": d.UserCode, "userName": "alice", "decision": "approve"}
	if err := call("POST", p.url+"/_dev/device", 200, nil, approval, nil); err != nil {
		return t, err
	}
	return t, call("POST", p.url+"/token", 200, nil, map[string]string{
		"clientId": r.ClientID, "clientSecret": r.ClientSecret, "grantType": deviceGrant, "deviceCode": d.DeviceCode,
	}, &t)
}

var bareBody = map[string]string{
	"clientId": strings.Repeat("i", 180), "clientSecret": strings.Repeat("s", 60), "grantType": deviceGrant, "deviceCode": strings.Repeat("d", 69),
}

func BenchmarkBareJSON(b *testing.B) {
	p := startBare(b)
	p.run(b, func(int) error { return call("POST", p.url+"/json", 200, nil, bareBody, nil) })
}

func BenchmarkBareJSONWithOneCommit(b *testing.B) {
	p := startBare(b)
	for _, n := range []int{workers, manyWorkers} {
		b.Run(fmt.Sprintf("%d-connections", n), func(b *testing.B) {
			p.with(n).run(b, func(int) error { return call("POST", p.url+"/commit", 200, nil, bareBody, nil) })
		})
	}
}

// pollCodes are enough that no device code is polled faster than its pace allows.
const pollCodes = 30_000

func BenchmarkPendingPoll(b *testing.B) {
	s, p := startReal(b)
	r := register(b, p)
	codes := make([]string, pollCodes)
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := worker; i < len(codes); i += workers {
				d, err := start(p, s, r)
				if err != nil {
					b.Error(err)
					return
				}
				codes[i] = d.DeviceCode
			}
		})
	}
	wg.Wait()
	b.Run("8-connections", func(b *testing.B) {
		var next, slowed atomic.Int64
		p.run(b, func(int) error {
			var answer struct{ Error string }
			err := call("POST", p.url+"/token", 400, nil, map[string]string{
				"clientId": r.ClientID, "clientSecret": r.ClientSecret, "grantType": deviceGrant,
				"deviceCode": codes[next.Add(1)%pollCodes],
			}, &answer)
			switch {
			case err == nil && answer.Error == "slow_down":
				slowed.Add(1)
			case err == nil && answer.Error != "authorization_pending":
				err = fmt.Errorf("answered %q", answer.Error)
			}
			return err
		})
		b.ReportMetric(100*float64(slowed.Load())/float64(b.N), "%slowed")
	})
}

func BenchmarkDeviceLogin(b *testing.B) {
	s, p := startReal(b)
	r := register(b, p)
	p.run(b, func(int) error {
		_, err := login(p, s, r)
		return err
	})
}

func BenchmarkStartDeviceAuthorization(b *testing.B) {
	s, p := startReal(b)
	r := register(b, p)
	p.run(b, func(int) error {
		_, err := start(p, s, r)
		return err
	})
}

func BenchmarkRefresh(b *testing.B) {
	s, p := startReal(b)
	r := register(b, p)
	for _, n := range []int{workers, manyWorkers} {
		chains := logins(b, p, s, r, n)
		b.Run(fmt.Sprintf("%d-connections", n), func(b *testing.B) {
			p.with(n).run(b, func(worker int) error { return refresh(p, r, &chains[worker]) })
		})
	}
}

// logins begins as many sessions.
func logins(b *testing.B, p process, s *harness.Server, r registration, n int) []tokens {
	b.Helper()
	chains := make([]tokens, n)
	for i := range chains {
		var err error
		if chains[i], err = login(p, s, r); err != nil {
			b.Fatal(err)
		}
	}
	return chains
}

func refresh(p process, r registration, chain *tokens) error {
	return call("POST", p.url+"/token", 200, nil, map[string]string{
		"clientId": r.ClientID, "clientSecret": r.ClientSecret, "grantType": "refresh_token", "refreshToken": chain.RefreshToken,
	}, chain)
}

func BenchmarkDiscovery(b *testing.B) {
	_, p := startReal(b)
	for _, document := range []string{"jwks.json", "openid-configuration"} {
		b.Run(document, func(b *testing.B) {
			p.run(b, func(int) error { return call("GET", p.url+"/.well-known/"+document, 200, nil, nil, nil) })
		})
	}
}

func BenchmarkGetRoleCredentials(b *testing.B) {
	s, p := startReal(b)
	t, err := login(p, s, register(b, p))
	if err != nil {
		b.Fatal(err)
	}
	header := http.Header{"X-Amz-Sso_bearer_token": {t.AccessToken}}
	p.run(b, func(int) error {
		return call("GET", p.url+"/federation/credentials?role_name=AdministratorAccess&account_id=111122223333", 200, header, nil, nil)
	})
}

func BenchmarkRegisterClient(b *testing.B) {
	_, p := startReal(b)
	p.run(b, func(int) error {
		return call("POST", p.url+"/client/register", 200, nil, map[string]string{"clientName": "bench", "clientType": "public"}, nil)
	})
}

// BenchmarkStart times a start on an existing database until requests are answered, and what the process then weighs.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	harness.StartIn(b, dir, "--dev").Stop()
	b.ResetTimer()
	var memory float64
	for b.Loop() {
		s := harness.StartIn(b, dir, "--dev")
		b.StopTimer()
		memory = process{pid: s.PID}.resident(b)
		s.Stop()
		b.StartTimer()
	}
	b.ReportMetric(memory, "MiB-at-rest")
}

// BenchmarkMemory weighs the process with 10,000 sessions.
func BenchmarkMemory(b *testing.B) {
	const sessions = 10_000
	for b.Loop() {
		s, p := startReal(b)
		r := register(b, p)
		var next atomic.Int64
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for next.Add(1) <= sessions {
					if _, err := login(p, s, r); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		b.ReportMetric(p.resident(b), "MiB-with-10000-sessions")
		s.Stop()
	}
}

// BenchmarkBinarySize reports the size of the program.
func BenchmarkBinarySize(b *testing.B) {
	for b.Loop() {
		info, err := os.Stat(harness.Binary(b))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/(1<<20), "MiB")
	}
}
