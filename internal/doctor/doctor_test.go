package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/awsconfig"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/ssocache"
)

// says checks the status of a finding, and that it or what mends it has the words.
func says(t *testing.T, f finding, want status, words string) {
	t.Helper()
	if text := f.sentence + "\n" + strings.Join(f.mend, "\n"); f.status != want || !strings.Contains(text, words) {
		t.Errorf("got %s %s, want %s with %q", f.status, text, want, words)
	}
	if (f.status == fail || f.status == warn) && len(f.mend) == 0 {
		t.Errorf("%q names nothing that mends it", f.sentence)
	}
}

// worst is the finding that counts among those of a check.
func worst(findings []finding) finding {
	for _, wanted := range []status{fail, warn, fixed} {
		for _, f := range findings {
			if f.status == wanted {
				return f
			}
		}
	}
	return findings[0]
}

// examined is a patient with these variables and this config file.
func examined(t *testing.T, config string, variables ...string) *patient {
	t.Helper()
	home := t.TempDir()
	path := filepath.Join(home, ".aws", "config")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(config), 0o600)); err != nil {
		t.Fatal(err)
	}
	files, err := awsconfig.Load(path, filepath.Join(home, ".aws", "credentials"))
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	keys, _ := files.Profile("dev")
	return &patient{
		Call: &command.Call{Environ: command.Environ{Home: home, LookupEnv: func(name string) (string, bool) {
			value, set := env[name]
			return value, set
		}}, Global: command.Arguments{}, Local: command.Arguments{}},
		now: time.Now, files: files, name: "dev", keys: keys,
	}
}

func TestAStepWhoseNeedsFailedIsPassedOver(t *testing.T) {
	ran := map[string]bool{}
	step := func(name string, outcome finding, needs ...string) check {
		return check{name: name, needs: needs, run: func(context.Context, *patient) []finding {
			ran[name] = true
			return []finding{well("first"), outcome}
		}}
	}
	results := (&patient{}).examine(t.Context(), []check{
		step("a", broken("x")), step("b", well("x"), "a"), step("c", well("x"), "b"), step("d", doubtful("x")), step("e", well("x"), "d"),
	}, func(result) {})
	if ran["b"] || ran["c"] || !ran["e"] || count(results, skip) != 2 {
		t.Errorf("ran %v, results %v", ran, results)
	}
}

func TestEveryNeedIsACheckBefore(t *testing.T) {
	var before []string
	for _, c := range checks {
		for _, need := range c.needs {
			if !slices.Contains(before, need) {
				t.Errorf("%s needs %s, which does not stand before it", c.name, need)
			}
		}
		before = append(before, c.name)
	}
}

func TestLines(t *testing.T) {
	got := result{"tls", broken("a\x1b[31mb").by("export %s", "A=1")}.line()
	if want := "FAIL  tls           a\uFFFD[31mb\n                    -> export A=1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPasswordsOfAddressesAreNotShown(t *testing.T) {
	r := result{"environment", doubtful("it goes to https://u:secret@host").by("export A=https://u:secret@host")}
	if shown := r.line() + string(jmespath.Compact.AppendJSON(nil, list([]result{r}))); strings.Contains(shown, "secret") || strings.Count(shown, "https://***@host") != 4 {
		t.Errorf("shown: %s", shown)
	}
}

func TestSignInOfAProfile(t *testing.T) {
	const section = "[sso-session s]\nsso_start_url = https://d-1.awsapps.com/start\nsso_region = eu-west-1\n"
	const role = "sso_account_id = 1\nsso_role_name = R\nregion = eu-west-1\n"
	for _, test := range []struct {
		name, config string
		want         status
		words        string
	}{
		{"a session and a role", section + "[profile dev]\nsso_session = s\n" + role, ok, "sso-session s"},
		{"no sign-in at all", "[profile dev]\nregion = x\n", fail, "dev has no sign-in"},
		{"a session that is not there", "[profile dev]\nsso_session = s\n" + role, fail, "names the sso-session s, which"},
		{"a session without a Region", "[sso-session s]\nsso_start_url = x\n[profile dev]\nsso_session = s\n" + role, fail, "write sso_region = … into [sso-session s]"},
		{"old and new form that disagree", section + "[profile dev]\nsso_session = s\nsso_region = us-east-1\n" + role, fail, "remove sso_region from [profile dev]"},
		{"old and new form that agree", section + "[profile dev]\nsso_session = s\nsso_region = eu-west-1\n" + role, ok, "sso-session s"},
		{"the older form", "[profile dev]\nsso_start_url = https://x\nsso_region = y\n" + role, warn, "is of the older form"},
		{"the older form without a Region", "[profile dev]\nsso_start_url = https://x\n" + role, fail, "write sso_region = … into [profile dev]"},
		{"half a role", section + "[profile dev]\nsso_session = s\nregion = x\nsso_account_id = 1\n", fail, "write sso_role_name = …"},
		{"another half", section + "[profile dev]\nsso_session = s\nregion = x\nsso_role_name = 1\n", fail, "write sso_account_id = …"},
		{"no Region for requests", section + "[profile dev]\nsso_session = s\n", warn, "export AWS_REGION=…"},
		{"another way to credentials", section + "[profile dev]\nsso_session = s\ncredential_process = x\n" + role, warn, "remove credential_process from the profile dev"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := examined(t, test.config)
			says(t, worst(judgeSignIn("dev", p.keys, p.files)), test.want, test.words)
		})
	}
}

func TestEnvironment(t *testing.T) {
	const ours = "[profile dev]\nservices = s\n[services s]\nsso =\n  endpoint_url = https://a\nsso_oidc =\n  endpoint_url = https://a\n"
	for _, test := range []struct {
		name      string
		variables []string
		want      status
		words     string
	}{
		{"nothing", nil, ok, "no variable"},
		{"two profiles", []string{"AWS_PROFILE=a", "AWS_DEFAULT_PROFILE=b"}, warn, "unset AWS_DEFAULT_PROFILE"},
		{"the same profile twice", []string{"AWS_PROFILE=a", "AWS_DEFAULT_PROFILE=a"}, ok, "no variable"},
		{"access keys", []string{"AWS_ACCESS_KEY_ID=AKIA"}, warn, "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"},
		{"an endpoint for all", []string{"AWS_ENDPOINT_URL=https://b"}, warn, "export AWS_ENDPOINT_URL_SSO_OIDC=https://b AWS_ENDPOINT_URL_SSO=https://b"},
		{"an endpoint against the file", []string{"AWS_ENDPOINT_URL_SSO=https://b"}, warn, "goes over https://a in [services s]"},
		{"the same endpoint as the file", []string{"AWS_ENDPOINT_URL_SSO=https://a"}, ok, "no variable"},
		{"endpoints passed over", []string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=True"}, fail, "unset AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"},
		{"FIPS", []string{"AWS_USE_FIPS_ENDPOINT=true"}, fail, "unset AWS_USE_FIPS_ENDPOINT"},
		{"a bundle that is not there", []string{"AWS_CA_BUNDLE=/no/such.pem"}, fail, "unset AWS_CA_BUNDLE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := examined(t, ours, test.variables...)
			says(t, worst(checkEnvironment(t.Context(), p)), test.want, test.words)
		})
	}
}

// issued is a certificate for a name, and the authorities that it verifies under.
func issued(t *testing.T, organization string, template x509.Certificate) (*x509.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{organization}, CommonName: organization + " root"},
		NotBefore: template.NotBefore, NotAfter: template.NotAfter.Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	template.SerialNumber = big.NewInt(2)
	pool := x509.NewCertPool()
	var made []*x509.Certificate
	for _, c := range []*x509.Certificate{root, &template} {
		raw, err := x509.CreateCertificate(rand.Reader, c, root, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, parsed)
	}
	pool.AddCert(made[0])
	return made[1], pool
}

func TestCertificates(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	const month = 30 * 24 * time.Hour
	plain := x509.Certificate{DNSNames: []string{"sso.example.com"}, NotBefore: now.Add(-month), NotAfter: now.Add(month)}
	with := func(change func(*x509.Certificate)) x509.Certificate { c := plain; change(&c); return c }
	for _, test := range []struct {
		name         string
		template     x509.Certificate
		organization string
		untrusted    bool
		bundle       string
		elsewhere    string
		want         status
		words        string
	}{
		{name: "a good one", template: plain, want: ok, words: "good until 2026-12-22"},
		{name: "one that ends soon", template: with(func(c *x509.Certificate) { c.NotAfter = now.Add(24 * time.Hour) }), want: warn, words: "ends on 2026-11-23"},
		{name: "a short one that always ends soon", want: ok, words: "good until",
			template: with(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-time.Hour), now.Add(24*time.Hour) })},
		{name: "one that has ended", template: with(func(c *x509.Certificate) { c.NotAfter = now.Add(-2 * time.Hour) }), want: fail, words: "has expired"},
		{name: "one that begins later", template: with(func(c *x509.Certificate) { c.NotBefore = now.Add(time.Hour) }), want: fail, words: "is good from 2026-11-22 on only"},
		{name: "one for another name", template: with(func(c *x509.Certificate) { c.DNSNames = []string{"a.example.com"} }), want: fail, words: "but for a.example.com"},
		{name: "one without a name", template: with(func(c *x509.Certificate) { c.DNSNames = nil }), want: fail, words: "no name at all"},
		{name: "one of an authority that nobody trusts", template: plain, untrusted: true, want: fail, words: "export AWS_CA_BUNDLE=FILE with the PEM certificate"},
		{name: "one of a server's own authority", template: plain, organization: "Sallyport", untrusted: true, want: fail, words: "copy tls/ca.pem of its data folder here"},
		{name: "one that another file would do for", template: plain, untrusted: true, elsewhere: "/etc/it's.pem", want: fail, words: `export AWS_CA_BUNDLE='/etc/it'\''s.pem'`},
		{name: "one that the system would do for", template: plain, untrusted: true, bundle: "AWS_CA_BUNDLE=/x", elsewhere: systemBundle, want: fail, words: "take AWS_CA_BUNDLE=/x away"},
		{name: "one that the bundle does not hold", template: plain, untrusted: true, bundle: "ca_bundle = /x", want: fail, words: "that ca_bundle = /x does not hold: Acme root"},
	} {
		t.Run(test.name, func(t *testing.T) {
			organization := test.organization
			if organization == "" {
				organization = "Acme"
			}
			leaf, roots := issued(t, organization, test.template)
			if test.untrusted {
				roots = x509.NewCertPool()
			}
			c := certificate{host: "sso.example.com", chain: []*x509.Certificate{leaf}, now: now, bundle: test.bundle, elsewhere: test.elsewhere}
			says(t, c.judge(c.verify(roots)), test.want, test.words)
		})
	}
}

func TestClocks(t *testing.T) {
	for _, test := range []struct {
		skew  time.Duration
		want  status
		words string
	}{
		{time.Second, ok, "agrees"}, {-30 * time.Second, ok, "by 30s"}, {2 * time.Minute, warn, "2m0s behind"}, {-2 * time.Minute, warn, "2m0s ahead of"},
		{5 * time.Minute, fail, "5m0s behind"}, {-time.Hour, fail, "1h0m0s ahead of"},
	} {
		says(t, judgeClock(test.skew), test.want, test.words)
	}
}

func TestAnswers(t *testing.T) {
	d := &door{service: api.SSO, url: &url.URL{Scheme: "https", Host: "sso.example.com"}, origin: "[services s]"}
	service := http.Header{"X-Amzn-Errortype": {"UnauthorizedException"}, "X-Amzn-Requestid": {"abc"}}
	for _, test := range []struct {
		name  string
		got   answer
		want  status
		words string
	}{
		{"a refusal of the service", answer{401, service, `{}`}, ok, ""},
		{"a failure of the service", answer{500, service, `{"message":"disk full"}`}, fail, "answers 500: disk full"},
		{"a host that it does not know", answer{421, service, `{"message":"Host"}`}, fail, "add sso.example.com to allowed_hosts"},
		{"a proxy without its server", answer{502, http.Header{}, ``}, fail, "a proxy before sso.example.com answers 502"},
		{"a redirect", answer{301, http.Header{"Location": {"https://b"}}, ``}, fail, "is redirected to https://b"},
		{"a page", answer{200, http.Header{}, `<html>`}, fail, "is no IAM Identity Center"},
	} {
		t.Run(test.name, func(t *testing.T) { says(t, judgeAnswer(d, &test.got), test.want, test.words) })
	}
}

func TestConnections(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Err: err} }
	for _, test := range []struct {
		err   error
		words string
	}{
		{dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "nobody listens at h:1"},
		{context.DeadlineExceeded, "h:1 does not answer"},
		{dial(errors.New("no route to host")), "cannot be reached: no route to host"},
	} {
		says(t, judgeDial("h:1", "--endpoint-url", test.err), fail, test.words)
	}
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]string{
		"ssoins-1.portal.eu-west-1.app.aws": "eu-west-1", "SSOINS-1.Portal.EU-west-1.app.aws": "eu-west-1",
		"ssoins-1.us-east-1.portal.amazonaws.com": "us-east-1", "x.cn-north-1.portal.amazonaws.com.cn": "cn-north-1",
		"x.portal.cn-north-1.app.amazonwebservices.com.cn": "cn-north-1", "x.eusc-de-east-1.portal.amazonaws.eu": "eusc-de-east-1",
		"x.portal.eusc-de-east-1.api.amazonwebservices.eu": "eusc-de-east-1", "d-1.awsapps.com": "", "portal.eu-west-1.app.aws": "",
	} {
		if got := regionOf(host); got != want {
			t.Errorf("%s is in %q, want %q", host, got, want)
		}
	}
	for host, want := range map[string]bool{
		"d-1.awsapps.com": true, "AWSAPPS.com": true, "awsapps.com.evil.example": false, "xawsapps.com": false,
		"identitycenter.amazonaws.com": true, "a.identitycenter.amazonaws.com": false, "sso.example.com": false,
	} {
		if isStartHost(host) != want {
			t.Errorf("%s as the host of a start URL: %v", host, !want)
		}
	}
}

func TestATokenUnderAnotherSpelling(t *testing.T) {
	const configured = "https://sso.example.com/start"
	entry := func(spelled, key string) []ssocache.Entry {
		return []ssocache.Entry{{Key: key, Token: &ssocache.Token{StartURL: spelled}}}
	}
	for _, spelled := range []string{"https://sso.example.com/start/", "https://sso.example.com/start#/", "https://SSO.example.com/start"} {
		f := otherSpelling(configured, entry(spelled, ssocache.TokenKey("", spelled)))
		if f == nil {
			t.Errorf("%s is not found", spelled)
			continue
		}
		says(t, *f, warn, "write sso_start_url = "+spelled)
	}
	for _, spelled := range []string{configured, "https://sso.example.com/other"} {
		if f := otherSpelling(configured, entry(spelled, ssocache.TokenKey("", spelled))); f != nil {
			t.Errorf("%s: %s", spelled, f.sentence)
		}
	}
	if f := otherSpelling(configured, entry(configured+"/", ssocache.TokenKey("corp", ""))); f != nil {
		t.Errorf("the token of a session: %s", f.sentence)
	}
}

func TestVersionsOfTheCLI(t *testing.T) {
	profile := needs{session: true, endpoint: true, login: "sallyport login"}
	for _, test := range []struct {
		name    string
		version version
		need    needs
		want    status
		words   string
	}{
		{"one of today", version{2, 36, 7}, profile, ok, "is 2.36.7"},
		{"one of today and a start URL of ours", version{2, 36, 7}, needs{session: true, refused: true, startURL: "https://x.app.aws", login: "sallyport login"}, fail, "write sso_start_url = https://x.app.aws"},
		{"one before the check of start URLs", version{2, 35, 12}, needs{session: true, refused: true}, ok, "is 2.35.12"},
		{"one before browsers", version{2, 21, 3}, profile, ok, "signs in with device codes"},
		{"Debian 12's", version{2, 9, 19}, profile, fail, "reads no endpoint from the configuration, which came with 2.13.0"},
		{"Debian 12's with endpoint rules", version{2, 9, 19}, needs{session: true, endpoint: true, rules: true}, ok, "is 2.9.19"},
		{"endpoint rules that nobody needs any more", version{2, 30, 0}, needs{rules: true}, warn, "rm -r ~/.aws/models/sso-oidc"},
		{"one before sessions", version{2, 8, 0}, needs{session: true}, fail, "knows no sso-session"},
		{"version 1", version{1, 45, 11}, profile, warn, "cannot sign in"},
		{"an old version 1", version{1, 28, 0}, profile, fail, "which came with 1.29.0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			says(t, worst(judgeCLI("/usr/bin/aws", test.version, test.need)), test.want, test.words)
		})
	}
	for text, want := range map[string]string{
		"aws-cli/2.9.19 Python/3.11.2": "2.9.19", "aws-cli/1.45.11 md/awscrt": "1.45.11", "": "", "aws 2": "",
	} {
		if got, known := parseVersion(text); known != (want != "") || known && got.String() != want {
			t.Errorf("%q is %v, %v", text, got, known)
		}
	}
}

func TestAnAWSCLIThatDoesNotTellItsVersion(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "aws"), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	p := examined(t, "", "PATH=/no/such:"+folder)
	p.output = func(context.Context, string, ...string) ([]byte, error) { return nil, fs.ErrPermission }
	says(t, checkClients(t.Context(), p)[0], warn, filepath.Join(folder, "aws"))
}

func TestTheProxyOfTheMachineItself(t *testing.T) {
	for host, want := range map[string]bool{"127.0.0.1": true, "::1": true, "LOCALHOST": true, "127.0.0.2": true, "10.0.0.1": false, "localhost.example.com": false} {
		if isLoopback(host) != want {
			t.Errorf("%s is loopback: %v", host, !want)
		}
	}
	if got := joinComma("a", "b"); got != "a,b" {
		t.Error(got)
	}
}

// What a server or a file says never acts upon the terminal, and never ends a line.
func FuzzLine(f *testing.F) {
	f.Add("a\nb", "c\x1b[2J")
	f.Fuzz(func(t *testing.T, sentence, mend string) {
		line := result{"x", broken("%s", sentence).by("%s", mend)}.line()
		if strings.Count(line, "\n") != 2 || strings.ContainsAny(line, "\x1b\r\u202e") {
			t.Fatalf("%q", line)
		}
	})
}

func FuzzParseVersion(f *testing.F) {
	f.Add("aws-cli/99999999999999999999.1.2")
	f.Fuzz(func(t *testing.T, text string) {
		if v, known := parseVersion(text); known {
			if again, _ := parseVersion(fmt.Sprint("aws-cli/", v)); again != v {
				t.Fatalf("%q is %v, and that is %v", text, v, again)
			}
		}
	})
}
