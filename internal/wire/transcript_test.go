package wire

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/sigv4"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

var rewrite = flag.Bool("rewrite", false, "write the answers that come into the transcripts")

// passing is what answers have that nobody can know before: moments, and what was made for the answer.
var passing = map[string]func() *regexp.Regexp{
	"time":   sys.Pattern(`()(?:\b[0-9]{8}T[0-9]{6}Z|\b20[0-9-]{8}T[0-9:]{8}Z)`),
	"millis": sys.Pattern(`("[A-Za-z]*Date":)[0-9.]+`),
	"id":     sys.Pattern(`()(?:\bapl-[0-9a-f]{16}|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\bA[KSR][IO]A[0-9A-Z]{16,17}\b)`),
	"made":   sys.Pattern(`(<(?:SecretAccessKey|SessionToken)>|failure message: )[^<]+`),
}

// shownHeaders are the headers that clients act on.
var shownHeaders = []string{"Allow", "Cache-Control", "Connection", "Content-Type", "Retry-After", "Www-Authenticate", "X-Amzn-Errortype"}

// The files of testdata tell what programs send and what they get. A paragraph is one exchange: comments, the request behind ">" and the
// answer behind "<", a blank line between head and body. {names} stand for what differs from run to run, \xff for that byte, and {32 KiB} for
// as many letters. Authorization: (admin signs for sso) is a signature by one of the signers.
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
			names, signers := b.names(), b.signers()
			var out []string
			for exchange := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
				out = append(out, b.replay(exchange, names, signers))
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
		{"refreshToken", granted.RefreshToken}, {"application", applicationARN}, {"64 KiB", strings.Repeat("x", 64<<10)}, {"256 KiB", strings.Repeat("x", 256<<10)},
		{"32 KiB", strings.Repeat("x", 32<<10)},
	} {
		pairs = append(pairs, "{"+pair[0]+"}", pair[1])
	}
	return pairs
}

// signers are those who sign in transcripts.
func (b *bench) signers() map[string]sigv4.Credentials {
	b.t.Helper()
	const (
		everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
		trust      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + owner + `"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`
	)
	key := func(name string, policies ...store.IAMPolicy) sigv4.Credentials {
		user, err := b.iam.CreateUser(ctx, api.Caller{}, store.IAMUser{AccountID: owner, UserName: name}, policies...)
		if err != nil {
			b.t.Fatal(err)
		}
		key, err := b.iam.CreateAccessKey(ctx, api.Caller{}, user.Principal())
		if err != nil {
			b.t.Fatal(err)
		}
		return sigv4.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.Secret}
	}
	if _, err := b.iam.CreateRole(ctx, api.Caller{}, store.IAMRole{AccountID: owner, RoleName: "app", TrustPolicy: trust}); err != nil {
		b.t.Fatal(err)
	}
	administrator := key("administrator", store.IAMPolicy{Name: "all", Document: everything})
	liar := administrator
	liar.SecretAccessKey += "x"
	return map[string]sigv4.Credentials{
		"admin": administrator, "liar": liar, "nobody": key("nobody"), "alice": credentialsOf(b.vend("alice")),
		"late-alice": credentialsOf(b.vendUntil("alice", b.clock.Now())), "stranger": {AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "x"},
	}
}

// sign signs a request whose Authorization says (admin signs for sso); (admin signed for sso) is six minutes old.
func (b *bench) sign(r *http.Request, body string, signers map[string]sigv4.Credentials) {
	b.t.Helper()
	words := strings.Fields(strings.Trim(r.Header.Get("Authorization"), "()"))
	if len(words) != 4 || words[2] != "for" {
		return
	}
	who, known := signers[words[0]]
	if !known {
		b.t.Fatalf("%s is no signer", words[0])
	}
	when := b.clock.Now()
	if words[1] == "signed" {
		when = when.Add(-6 * time.Minute)
	}
	r.Header.Del("Authorization")
	if err := (sigv4.Signer{Credentials: who, Region: "us-east-1", Service: words[3]}).Sign(r, []byte(body), when); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) replay(exchange string, names []string, signers map[string]sigv4.Credentials) string {
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
	r := b.request(method, path, body, header...)
	b.sign(r, body, signers)
	return strings.Join(append(kept, b.write(b.do(r), names)...), "\n")
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
		text := strings.NewReplacer(back...).Replace(a.body)
		for name, expression := range passing {
			text = expression().ReplaceAllString(text, "${1}{"+name+"}")
		}
		lines = append(lines, "", text)
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight("< "+line, " ")
	}
	return lines
}
