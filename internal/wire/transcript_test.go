package wire

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the answers that come into the transcripts")

// shownHeaders are the headers that clients act on.
var shownHeaders = []string{"Allow", "Cache-Control", "Connection", "Content-Type", "Retry-After", "Www-Authenticate", "X-Amzn-Errortype"}

// The files of testdata tell what programs send and what they get. A paragraph is one exchange: comments, the request behind ">" and the
// answer behind "<", a blank line between head and body. {names} stand for what differs from run to run, and \xff for that byte.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b := newBench(t)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			names := b.names()
			var out []string
			for exchange := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
				out = append(out, b.replay(exchange, names))
			}
			got := strings.Join(out, "\n\n") + "\n"
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, string(text), got)
		})
	}
}

// compare shows the first exchange that differs.
func compare(t *testing.T, want, got string) {
	t.Helper()
	wants, gots := strings.Split(want, "\n\n"), strings.Split(got, "\n\n")
	for i := range min(len(wants), len(gots)) {
		if strings.TrimSpace(wants[i]) != strings.TrimSpace(gots[i]) {
			t.Errorf("want\n%s\n\ngot\n%s", wants[i], gots[i])
		}
	}
	if len(wants) != len(gots) {
		t.Errorf("%d exchanges, want %d", len(gots), len(wants))
	}
}

// names are the values that transcripts write as {name}, in pairs.
func (b *bench) names() []string {
	client, other := b.register(), b.register()
	granted := b.login(client)
	var pairs []string
	for _, pair := range [][2]string{
		{"url", b.url}, {"clientId", client.ClientID}, {"clientSecret", client.ClientSecret}, {"otherSecret", other.ClientSecret},
		{"otherId", other.ClientID}, {"deviceCode", b.start(client).DeviceCode}, {"accessToken", granted.AccessToken},
		{"refreshToken", granted.RefreshToken},
	} {
		pairs = append(pairs, "{"+pair[0]+"}", pair[1])
	}
	return pairs
}

func (b *bench) replay(exchange string, names []string) string {
	b.t.Helper()
	var kept, request []string
	for line := range strings.SplitSeq(exchange, "\n") {
		switch {
		case strings.HasPrefix(line, "<"):
			continue
		case strings.HasPrefix(line, ">"):
			request = append(request, strings.TrimPrefix(strings.TrimPrefix(line, ">"), " "))
		}
		kept = append(kept, line)
	}
	if len(request) == 0 {
		return exchange // a comment that stands alone
	}
	filled := strings.NewReplacer(names...).Replace(strings.Join(request, "\n"))
	head, body, _ := strings.Cut(filled, "\n\n")
	lines := strings.Split(head, "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	var header []string
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		header = append(header, name, value)
	}
	body = strings.NewReplacer(`\xff`, "\xff").Replace(body)
	return strings.Join(append(kept, b.write(b.send(method, path, body, header...), names)...), "\n")
}

// write renders an answer, with names for what differs from run to run.
func (b *bench) write(a answer, names []string) []string {
	var back []string
	for i := 0; i < len(names); i += 2 {
		back = append(back, names[i+1], names[i])
	}
	lines := []string{fmt.Sprint(a.status)}
	for _, name := range shownHeaders {
		if values := a.header.Values(name); len(values) > 0 {
			lines = append(lines, name+": "+strings.Join(values, " | "))
		}
	}
	if a.body != "" {
		lines = append(lines, "", strings.NewReplacer(back...).Replace(a.body))
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight("< "+line, " ")
	}
	return lines
}
