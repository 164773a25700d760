//go:build unix

package bench

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sallyport/test/harness"
)

// tokenCall is the command that is measured: one request to a server that answers at once.
var tokenCall = []string{
	"sso-oidc", "create-token", "--client-id", "client", "--client-secret", "secret",
	"--grant-type", "refresh_token", "--refresh-token", "aor", "--region", "us-east-1", "--endpoint-url",
}

// BenchmarkCommandLine measures whole processes: ours, the AWS CLI v2 and v1 where they are installed, and the smallest Go program that
// sends the same request.
func BenchmarkCommandLine(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"accessToken":"aoa","tokenType":"Bearer","expiresIn":28800,"refreshToken":"aor"}`)
	}))
	defer server.Close()
	programs := []struct{ name, path string }{
		{"sallyport", harness.Binary(b)},
		{"aws-v2", "/usr/bin/aws"},
		{"aws-v1", filepath.Join(harness.Root(), "test/clients/.venv/bin/aws")},
		{"minimal", minimal(b)},
	}
	for _, program := range programs {
		b.Run(program.name, func(b *testing.B) {
			if _, err := os.Stat(program.path); err != nil {
				b.Fatal("not installed: test/install does it")
			}
			measure(b, program.path, append(slices.Clone(tokenCall), server.URL))
		})
	}
}

// measure runs the command b.N times and reports the medians of what the kernel counted.
func measure(b *testing.B, path string, args []string) {
	home := b.TempDir()
	var wall, cpu, peak []float64
	for b.Loop() {
		command := exec.Command(path, args...)
		command.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
		started := time.Now()
		if out, err := command.CombinedOutput(); err != nil || !strings.Contains(string(out), "aoa") {
			b.Fatalf("%v: %s", err, out)
		}
		wall = append(wall, time.Since(started).Seconds()*1000)
		usage := command.ProcessState.SysUsage().(*syscall.Rusage)
		cpu = append(cpu, (time.Duration(usage.Utime.Nano())+time.Duration(usage.Stime.Nano())).Seconds()*1000)
		peak = append(peak, float64(usage.Maxrss)/1024)
	}
	b.ReportMetric(0, "ns/op") // the mean says less than the medians
	b.ReportMetric(median(wall), "wall-ms")
	b.ReportMetric(median(cpu), "cpu-ms")
	b.ReportMetric(median(peak), "peak-MiB")
}

func median(figures []float64) float64 {
	slices.Sort(figures)
	return figures[len(figures)/2]
}

// minimal builds a program that sends the request and prints the answer, with nothing else.
func minimal(b *testing.B) string {
	folder := b.TempDir()
	source := `package main

import ("io"; "net/http"; "os"; "strings")

func main() {
	answer, err := http.Post(os.Args[len(os.Args)-1]+"/token", "application/json", strings.NewReader("{}"))
	if err != nil { panic(err) }
	io.Copy(os.Stdout, answer.Body)
}
`
	if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(source), 0o600); err != nil {
		b.Fatal(err)
	}
	binary := filepath.Join(folder, "minimal")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, filepath.Join(folder, "main.go"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return binary
}
