//go:build clients

package reference

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// call is one row: a command line, the script of the server that answers it, and where a reference does otherwise than we.
type call struct {
	name       string
	args       []string // service, operation and options; the endpoint comes from the row's server
	env        map[string]string
	config     string // the text of ~/.aws/config
	script     []answer
	where      place
	path       string                    // behind the host of the endpoint
	userinfo   string                    // before it, with @
	absent     map[string]string         // references that cannot do it, and why
	departures map[string]departure      // by the reference that departs
	want       func(*testing.T, outcome) // what else holds for ours
}

// departure is where a reference does otherwise than we, on purpose.
type departure struct {
	why string
	// does is what the reference does, in each aspect in which that is something else; HOST is the server's.
	does map[aspect]string
}

// aspect is one thing that is compared.
type aspect string

const (
	exitCode aspect = "exit code"
	attempts aspect = "number of requests"
	requests aspect = "requests"   // as many as both have
	signed   aspect = "signatures" // right or wrong, of as many
	stdout   aspect = "standard output"
	sentence aspect = "sentence on standard error"
)

var aspects = []aspect{exitCode, attempts, requests, signed, stdout, sentence}

// outcome is what a command line did, in the form in which it is compared.
type outcome struct {
	ended
	requests   []string
	signatures []string
}

// compare runs the rows of a table side by side.
func compare(t *testing.T, lines *commandLines, calls []call) {
	t.Helper()
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.compare(t, lines)
		})
	}
}

func (c call) compare(t *testing.T, lines *commandLines) {
	outcomes := c.outcomes(t, lines)
	for _, reference := range []string{v1, v2} {
		if _, absent := c.absent[reference]; absent {
			continue
		}
		for _, aspect := range aspects {
			c.compareAspect(t, reference, aspect, outcomes[ours], outcomes[reference])
		}
	}
	if c.want != nil {
		c.want(t, outcomes[ours])
	}
}

// outcomes runs the command lines side by side, each against a server of its own.
func (c call) outcomes(t *testing.T, lines *commandLines) map[string]outcome {
	outcomes, mu, group := map[string]outcome{}, sync.Mutex{}, sync.WaitGroup{}
	for _, name := range []string{ours, v1, v2} {
		if _, absent := c.absent[name]; absent {
			continue
		}
		server := startServer(t, c.where, c.script)
		prepared := c.prepare(t, server)
		group.Go(func() {
			ended := lines.run(t, name, prepared)
			mu.Lock()
			defer mu.Unlock()
			outcomes[name] = newOutcome(t, name, server, ended)
		})
	}
	group.Wait()
	return outcomes
}

// host stands for the server's in rows and in what is compared.
const host = "HOST"

func (c call) prepare(t *testing.T, s *server) run {
	folder := t.TempDir()
	r := run{folder: folder, env: map[string]string{}}
	scheme, name, _ := strings.Cut(s.URL, "://")
	r.args = append(slices.Clone(c.args), "--endpoint-url", scheme+"://"+c.userinfo+name+c.path)
	if c.where.tls {
		r.args = append(r.args, "--ca-bundle", s.caBundle(t))
	}
	for name, value := range c.env {
		r.env[name] = value
	}
	if err := os.Mkdir(filepath.Join(folder, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, ".aws", "config"), []byte(c.config), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

func newOutcome(t *testing.T, name string, s *server, e ended) outcome {
	_, address, _ := strings.Cut(s.URL, "://")
	e.stdout, e.stderr = strings.ReplaceAll(e.stdout, address, host), strings.ReplaceAll(e.stderr, address, host)
	o := outcome{ended: e}
	invocations := map[string]int{}
	for _, seen := range s.requests() {
		text, signature := transcript(t, name, seen, invocations, address)
		o.requests, o.signatures = append(o.requests, text), append(o.signatures, signature)
	}
	return o
}

// of is one aspect of an outcome, of which requests are cut to a number.
func (o outcome) of(in aspect, most int) string {
	switch in {
	case exitCode:
		return fmt.Sprint(o.code)
	case attempts:
		return fmt.Sprint(len(o.requests))
	case requests:
		return strings.Join(o.requests[:min(most, len(o.requests))], "\n")
	case signed:
		return strings.Join(o.signatures[:min(most, len(o.signatures))], "\n")
	case stdout:
		return o.stdout
	}
	return sentenceOf(o.stderr)
}

// sentenceOf takes from standard error what scripts look for: version 2 from 2.34 on begins it with the name of the program, and adds
// members of the exception behind it, which both references here are too old for.
func sentenceOf(stderr string) string {
	text, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n\nAdditional error details:")
	text = unreadableXML.ReplaceAllString(text, "$1 (WHY), $2 SHOWN")
	return strings.TrimSpace(nameBefore.ReplaceAllString(text, ""))
}

// unreadableXML is a sentence in which every language has words of its own for what it found and quotes what it read.
var unreadableXML = regexp.MustCompile(`(?s)^(.*Unable to parse response) \(.*\), (invalid XML received\. Further retries may succeed:)\n.*$`)

var nameBefore = regexp.MustCompile(`^(sallyport|aws): \[ERROR\]: (An error occurred \(ParamValidation\): )?`)

func (c call) compareAspect(t *testing.T, reference string, in aspect, our, its outcome) {
	most := min(len(our.requests), len(its.requests))
	got, want := our.of(in, most), its.of(in, most)
	if reference == v2 {
		got = callLines.ReplaceAllString(got, "")
	}
	departure := c.departures[reference]
	does, departs := departure.does[in]
	switch {
	case !departs && reference == v1 && in == exitCode:
		if its.code != exitOfV1(our.code) {
			t.Errorf("ours ends with %d and version 1 with %d, which has the word %d for that", our.code, its.code, exitOfV1(our.code))
		}
	case !departs && got != want:
		t.Errorf("ours differs from %s in the %s (- %s, + ours):\n%s", reference, in, reference, lineDiff(want, got))
	case departs && want != does:
		t.Errorf("%s departs otherwise in the %s than the row says (- row, + %s):\n%s", reference, in, reference, lineDiff(does, want))
	case departs && got == want:
		t.Errorf("%s does not depart in the %s, and the row says that it does because %s", reference, in, departure.why)
	}
}

func lineDiff(a, b string) string { return cmp.Diff(strings.Split(a, "\n"), strings.Split(b, "\n")) }

// exitOfV1 is how version 1 ends where version 2 has a code of its own.
func exitOfV1(code int) int {
	switch code {
	case 252, 253, 254, 255:
		return 255
	}
	return code
}

// transcript is a request as text, with words in the place of what differs from call to call and was found right.
func transcript(t *testing.T, name string, r request, invocations map[string]int, address string) (text, signature string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\nHost: %s\nContent-Length: %d\n", r.method, r.target, strings.ReplaceAll(r.host, address, host), r.length)
	header := r.header.Clone()
	header.Del("Content-Length")
	checkInvocation(t, name, header, invocations)
	checkAgent(t, name, header)
	checkEnd(header)
	signature = checkSignature(t, name, r, header)
	for _, key := range slices.Sorted(keysOf(header)) {
		for _, value := range header[key] {
			fmt.Fprintf(&b, "%s: %q\n", key, value)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", r.body)
	return b.String(), signature
}

func keysOf(header http.Header) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for key := range header {
			if !yield(key) {
				return
			}
		}
	}
}

const (
	invocationHeader = "Amz-Sdk-Invocation-Id"
	attemptHeader    = "Amz-Sdk-Request"
)

var callLines = regexp.MustCompile(`(?m)^(` + invocationHeader + `|` + attemptHeader + `): .*\n`)

var version4UUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// checkInvocation turns the name of a call into its number, so that attempts of one call and calls of one command are told apart. Version 2
// as Debian has it is from before both headers; later ones send them as version 1 does.
func checkInvocation(t *testing.T, name string, header http.Header, invocations map[string]int) {
	id := header.Get(invocationHeader)
	if name == v2 {
		if id != "" || header.Get(attemptHeader) != "" {
			t.Errorf("%s of today counts attempts: hold us against it", name)
		}
		return
	}
	if !version4UUID.MatchString(id) {
		t.Errorf("%s sends %s: %q, want a random UUID", name, invocationHeader, id)
	}
	if invocations[id] == 0 {
		invocations[id] = len(invocations) + 1
	}
	header.Set(invocationHeader, fmt.Sprint("call ", invocations[id]))
}

var attemptEnd = regexp.MustCompile(`^ttl=(\d{8}T\d{6}Z); `)

// readTimeout is how long an attempt lasts when nobody says anything else.
const readTimeout = time.Minute

// checkEnd puts a word in the place of the moment at which an attempt will be given up, if that is right by the clock of this machine.
func checkEnd(header http.Header) {
	found := attemptEnd.FindStringSubmatch(header.Get(attemptHeader))
	if found == nil {
		return
	}
	end, err := time.Parse("20060102T150405Z", found[1])
	if err == nil && time.Until(end.Add(-readTimeout)).Abs() < clockTolerance {
		header.Set(attemptHeader, strings.Replace(header.Get(attemptHeader), found[1], "in a minute", 1))
	}
}

var agents = map[string]*regexp.Regexp{
	ours: regexp.MustCompile(`^sallyport/\S+ .*md/command#[a-z-]+\.[a-z-]+$`),
	v1:   regexp.MustCompile(`^aws-cli/1\.`),
	v2:   regexp.MustCompile(`^aws-cli/2\.`),
}

// checkAgent lets each have its own name.
func checkAgent(t *testing.T, name string, header http.Header) {
	if agent := header.Get("User-Agent"); !agents[name].MatchString(agent) {
		t.Errorf("%s calls itself %q", name, agent)
	}
	header.Set("User-Agent", "its own")
}
