package server

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// writeFile puts text into a new file and returns its path.
func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustLoad(t testing.TB, args, env []string) *Config {
	t.Helper()
	c, err := Load(args, env)
	if err != nil {
		t.Fatalf("Load(%q, %q): %v", args, env, err)
	}
	return c
}

func TestAServerThatWasToldNothingHasUsableSettings(t *testing.T) {
	c := mustLoad(t, nil, []string{"HOME=/nowhere", "SALLYPORT_DATA="})
	for _, check := range []struct {
		name      string
		got, want any
	}{
		{"listen", c.Listen, "127.0.0.1:8420"},
		{"data", c.Data, "./sallyport-data"},
		{"public_url", c.PublicURL, "http://127.0.0.1:8420"},
		{"region", c.Region, "us-east-1"},
		{"session_duration", c.SessionDuration, 8 * time.Hour},
		{"device_grant", c.DeviceGrant, true},
		{"device_code_lifetime", c.DeviceCodeLifetime, 600 * time.Second},
		{"device_poll_interval", c.DevicePollInterval, time.Second},
		{"refresh_window", c.RefreshWindow, 30 * time.Second},
		{"dev", c.Dev, false},
	} {
		if check.got != check.want {
			t.Errorf("%s is %v, want %v", check.name, check.got, check.want)
		}
	}
}

func TestPrecedenceRisesFromDefaultToFileToEnvironmentToFlag(t *testing.T) {
	file := writeFile(t, "sallyport.yaml", "region: eu-west-1\nlog_level: warn\nlog_format: json\n")
	env := []string{"SALLYPORT_CONFIG=" + file, "SALLYPORT_LOG_LEVEL=error", "SALLYPORT_LOG_FORMAT=json"}
	c := mustLoad(t, []string{"--log-format=text"}, env)
	if c.Region != "eu-west-1" || c.LogLevel != "error" || c.LogFormat != "text" {
		t.Errorf("region %q, log_level %q, log_format %q; want the file's, the environment's and the flag's", c.Region, c.LogLevel, c.LogFormat)
	}
	for key, want := range map[string]string{
		"region":     file + ":1",
		"log_level":  "environment variable SALLYPORT_LOG_LEVEL",
		"log_format": "flag --log-format",
		"data":       "default",
	} {
		if got := c.source(key).text; got != want {
			t.Errorf("source of %s is %q, want %q", key, got, want)
		}
	}
}

func TestFlagsAreReadInEveryForm(t *testing.T) {
	c := mustLoad(t, []string{
		"--dev", "--listen", "[::1]:9000", "--session-duration=90d", "--device-grant=false",
		"--allowed-hosts", "a.example,b.example:81", "--allowed-hosts=c.example",
		"--trusted-proxies=10.0.0.0/8, 192.0.2.7", "--region", "us-east-1", "--region", "us-gov-west-1",
	}, nil)
	wantHosts := []string{"a.example", "b.example:81", "c.example"}
	wantProxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")}
	switch {
	case !c.Dev, c.DeviceGrant, c.Listen != "[::1]:9000", c.SessionDuration != 2160*time.Hour, c.Region != "us-gov-west-1":
		t.Errorf("read %+v", c)
	case !slices.Equal(c.AllowedHosts, wantHosts):
		t.Errorf("allowed_hosts %q, want %q", c.AllowedHosts, wantHosts)
	case !slices.Equal(c.TrustedProxies, wantProxies):
		t.Errorf("trusted_proxies %v, want %v", c.TrustedProxies, wantProxies)
	}
}

func TestHelpIsAskedForByEitherFlag(t *testing.T) {
	for _, ask := range []string{"-h", "--help"} {
		if _, err := Load([]string{"--nonsense", ask}, nil); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%s gives %v, want flag.ErrHelp", ask, err)
		}
	}
}

func TestEveryMistakeNamesSettingSourceAndWhatWasExpected(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		env  []string
		file string
		want []string // all in the error
	}{
		{name: "a misspelt flag names the nearest and not its value", args: []string{"--lisen", "127.0.0.1:1"},
			want: []string{`argument "--lisen" is not known: the nearest is --listen`}},
		{name: "a secret cannot be a flag", args: []string{"--root-key=hunter2"},
			want: []string{"--root-key cannot be a flag", "expected --root-key-file or the environment variable SALLYPORT_ROOT_KEY"}},
		{name: "a flag without its value says so", args: []string{"--listen"}, want: []string{"flag --listen: expected a value after it: --listen ADDR"}},
		{name: "a flag does not take the next one for its value", args: []string{"--listen", "--dev"}, want: []string{"flag --listen: expected a value after it: --listen ADDR"}},
		{name: "an unknown variable names the nearest", env: []string{"SALLYPORT_REGIN=x"},
			want: []string{`environment variable "SALLYPORT_REGIN" is not known: the nearest is SALLYPORT_REGION`}},
		{name: "an unknown key names its line and the nearest", file: "\n# comment\nsesion_duration: 8h\n",
			want: []string{`FILE:3: setting "sesion_duration" is not known: the nearest is session_duration`}},
		{name: "a key that resembles nothing points at the help", file: "xyzzy: 1\n", want: []string{"FILE:1", "sallyport serve --help"}},
		{name: "the file cannot name another file", file: "config: other.yaml\n", want: []string{`FILE:1: setting "config" is not known`}},
		{name: "a key twice is refused", file: "dev: true\ndev: false\n", want: []string{"FILE:2: dev is given twice"}},
		{name: "a key without a value is refused", file: "data:\n", want: []string{"FILE:1: data: expected a value"}},
		{name: "a mapping where a value belongs is refused", file: "data: {a: b}\n", want: []string{"FILE:1: data: expected a plain value"}},
		{name: "an alias is refused", file: "data: &x d\nready_file: *x\n", want: []string{"FILE:2: ready_file: expected a plain value"}},
		{name: "a list where one value belongs is refused", file: "data: [a, b]\n", want: []string{`data: "a,b" (FILE:1): expected one value`}},
		{name: "a second document is refused", file: "dev: true\n---\ndev: false\n", want: []string{"FILE: expected one YAML document"}},
		{name: "a list at the top is refused", file: "- dev\n", want: []string{"FILE:1: expected settings as name: value"}},
		{name: "broken YAML names the file", file: "data: [\n", want: []string{"FILE: yaml:"}},
		{name: "a switch that is neither true nor false", file: "dev: yes\n", want: []string{`dev: "yes" (FILE:1): expected true or false`}},
		{name: "a duration without a unit", env: []string{"SALLYPORT_SESSION_DURATION=8"},
			want: []string{`session_duration: "8" (environment variable SALLYPORT_SESSION_DURATION): expected a duration such as`}},
		{name: "a duration out of bounds", args: []string{"--session-duration=91d"},
			want: []string{"session_duration: 91d (flag --session-duration): expected 15m to 90d"}},
		{name: "an interval that the wire cannot carry", args: []string{"--device-poll-interval=1500ms"},
			want: []string{"device_poll_interval: 1.5s (flag --device-poll-interval): expected a multiple of 1s"}},
		{name: "an unknown choice", args: []string{"--log-format=xml"}, want: []string{`log_format: "xml" (flag --log-format): expected one of text, json`}},
		{name: "a region that AWS could not have", args: []string{"--region=mars"}, want: []string{`region: "mars" (flag --region): expected the form of an AWS region`}},
		{name: "development mode beyond loopback", args: []string{"--dev", "--listen=192.0.2.1:80", "--public-url=https://a.example"},
			want: []string{`listen: "192.0.2.1:80" (flag --listen): development mode listens on loopback only`}},
		{name: "development mode on every interface", args: []string{"--dev", "--listen=:8420", "--public-url=https://a.example"}, want: []string{"development mode listens on loopback only"}},
		{name: "a port by name", args: []string{"--listen=127.0.0.1:http"}, want: []string{"listen:", "expected an address and a port"}},
		{name: "a certificate without its key", args: []string{"--tls-cert=c.pem"}, want: []string{"tls_cert:", "expected tls_key beside it"}},
		{name: "a key without its certificate", args: []string{"--tls-key=k.pem"}, want: []string{"tls_key:", "expected tls_cert beside it"}},
		{name: "a local CA beside a certificate", args: []string{"--tls-auto", "--tls-cert=c.pem", "--tls-key=k.pem"}, want: []string{"tls_auto: true (flag --tls-auto): conflicts with tls_cert"}},
		{name: "every interface without a public address", args: []string{"--listen=0.0.0.0:8420", "--tls-auto"}, want: []string{`public_url: "" (default): expected a value`}},
		{name: "plain HTTP beyond loopback", args: []string{"--listen=192.0.2.1:8420"}, want: []string{"public_url:", "expected an https address"}},
		{name: "a host in upper case among the allowed", args: []string{"--allowed-hosts=ok.example,Bad.example"}, want: []string{"allowed_hosts:", `"Bad.example" is not a host as clients send it`}},
		{name: "an account that has too few digits", args: []string{"--member-accounts=111122223333,1234"}, want: []string{"member_accounts:", `"1234" is not an account id`}},
		{name: "a port that is none", args: []string{"--issuer-ports=443,https"}, want: []string{"issuer_ports:", `"https" is not a port`}},
		{name: "another Region without its endpoint", args: []string{"--other-regions=eu-west-1"}, want: []string{"other_regions:", "eu-west-1=https://sso.eu.example.com"}},
		{name: "the own Region among the others", args: []string{"--other-regions=us-east-1=https://sso.example.com"}, want: []string{"other_regions:", "is not another Region"}},
		{name: "an endpoint of another Region with a path", args: []string{"--other-regions=eu-west-1=https://sso.example.com/eu"}, want: []string{"other_regions:"}},
		{name: "a refusal that cannot be simulated", args: []string{"--simulate-kms=KMS_Other"}, want: []string{"simulate_kms:", "KMS_DisabledException"}},
		{name: "people would wait for nothing", args: []string{"--assignment-delay=5s"}, want: []string{"assignment_delay:", "development mode"}},
		{name: "a network with bits beyond its prefix", args: []string{"--trusted-proxies=10.1.2.3/8"}, want: []string{"trusted_proxies:", `"10.1.2.3/8" is not a network`}},
		{name: "a secret file that is not there", env: []string{"SALLYPORT_ROOT_KEY_FILE=/nonexistent/key"},
			want: []string{`root_key_file: "/nonexistent/key" (environment variable SALLYPORT_ROOT_KEY_FILE): expected a file that can be read`}},
		{name: "a secret and its file in one place", env: []string{"SALLYPORT_ROOT_KEY=hunter2", "SALLYPORT_ROOT_KEY_FILE=/nonexistent/key"},
			want: []string{"root_key_file:", "expected either it or root_key"}},
		{name: "a root key that is none", env: []string{"SALLYPORT_ROOT_KEY=hunter2"},
			want: []string{"root_key: (hidden) (environment variable SALLYPORT_ROOT_KEY): a root key is base64 of 32 random bytes"}},
		{name: "many mistakes are told at once", args: []string{"--region=mars", "--tls-cert=c.pem"}, env: []string{"SALLYPORT_NO=1"}, file: "web_idle_timeout: 1s\n",
			want: []string{"region:", "tls_cert:", "SALLYPORT_NO", "web_idle_timeout: 1s (FILE:1): expected 5m to 1d"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := c.args
			path := writeFile(t, "f.yaml", c.file)
			if c.file != "" {
				args = append(args, "--config", path)
			}
			_, err := Load(args, c.env)
			if err == nil {
				t.Fatal("loaded without a complaint")
			}
			text := strings.ReplaceAll(err.Error(), path, "FILE")
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("error is\n%s\nwant in it: %s", text, want)
				}
			}
			if strings.Contains(text, "hunter2") {
				t.Errorf("error shows a secret: %s", text)
			}
		})
	}
}

func TestAMisspeltFlagIsOneMistake(t *testing.T) {
	_, err := Load([]string{"--lisen", "127.0.0.1:1"}, nil)
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("error is %v, want one line", err)
	}
}

func TestPublicURLs(t *testing.T) {
	for _, c := range []struct{ name, url, want string }{
		{"a host over https", "https://sso.example.com", ""},
		{"a port of its own", "https://sso.example.com:8443", ""},
		{"loopback over http", "http://localhost:8420", ""},
		{"loopback address over http", "http://127.0.0.1:8420", ""},
		{"IPv6 loopback over http", "http://[::1]:8420", ""},
		{"an international name in its wire form", "https://xn--bcher-kva.example", ""},
		{"a slash at the end", "https://sso.example.com/", `"https://sso.example.com"`},
		{"upper case", "https://SSO.example.com", `"https://sso.example.com"`},
		{"the port that https has anyway", "https://sso.example.com:443", `"https://sso.example.com"`},
		{"a path", "https://example.com/sso", "expected no path"},
		{"http beyond loopback", "http://sso.example.com", "expected https, because"},
		{"a trailing dot", "https://sso.example.com.", "expected https://host"},
		{"a user", "https://me@sso.example.com", "expected https://host"},
		{"a query", "https://sso.example.com?x", "expected https://host"},
		{"a fragment", "https://sso.example.com#", "expected https://host"},
		{"an international name", "https://bücher.example", "expected https://host"},
		{"no scheme", "sso.example.com", "expected"},
		{"a port out of range", "https://sso.example.com:99999", "expected https://host"},
		{"a colon and no port", "https://sso.example.com:", "expected https://host"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load([]string{"--public-url", c.url}, nil)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error is %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestPublicURLFollowsTheListener(t *testing.T) {
	for _, c := range []struct {
		name, listen, bound string
		tls                 bool
		want                string
	}{
		{"the port that was taken", "127.0.0.1:0", "127.0.0.1:4711", false, "http://127.0.0.1:4711"},
		{"the name that was listened on", "localhost:0", "127.0.0.1:4711", false, "http://localhost:4711"},
		{"IPv6", "[::1]:0", "[::1]:4711", true, "https://[::1]:4711"},
		{"an address of the network, with TLS", "192.0.2.1:443", "192.0.2.1:443", true, "https://192.0.2.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := Defaults()
			config.Listen, config.TLSAuto = c.listen, c.tls
			address, err := net.ResolveTCPAddr("tcp", c.bound)
			if err != nil {
				t.Fatal(err)
			}
			config.Bound(address)
			if config.PublicURL != c.want {
				t.Errorf("public URL %q, want %q", config.PublicURL, c.want)
			}
		})
	}
}

func TestAGivenPublicURLOutlivesTheListener(t *testing.T) {
	c := mustLoad(t, []string{"--public-url=https://sso.example.com", "--listen=127.0.0.1:0"}, nil)
	c.Bound(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711})
	if c.PublicURL != "https://sso.example.com" || c.Listen != "127.0.0.1:4711" {
		t.Errorf("public URL %q, listen %q", c.PublicURL, c.Listen)
	}
}

func TestHostTable(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"a loopback server answers to the loopback's names", nil, []string{"127.0.0.1:8420", "[::1]:8420", "localhost:8420"}},
		{"a public server answers to its address only", []string{"--listen=0.0.0.0:443", "--public-url=https://sso.example.com", "--tls-auto"},
			[]string{"sso.example.com", "sso.example.com:443"}},
		{"further hosts are added", []string{"--listen=0.0.0.0:8443", "--public-url=https://sso.example.com:8443", "--tls-auto", "--allowed-hosts=in.example:8443"},
			[]string{"in.example:8443", "sso.example.com:8443"}},
		{"behind a proxy on this machine both are answered", []string{"--public-url=https://sso.example.com"},
			[]string{"127.0.0.1:8420", "[::1]:8420", "localhost:8420", "sso.example.com", "sso.example.com:443"}},
		{"a loopback server on the scheme's own port", []string{"--listen=127.0.0.1:80"},
			[]string{"127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:80", "localhost", "localhost:80"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for host := range mustLoad(t, c.args, nil).hostTable() {
				got = append(got, host)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("table %q, want %q", got, c.want)
			}
		})
	}
}

func TestCertificateHosts(t *testing.T) {
	c := mustLoad(t, []string{"--listen=0.0.0.0:8443", "--tls-auto", "--public-url=https://sso.example.com:8443", "--allowed-hosts=in.example:1,[2001:db8::1]"}, nil)
	want := []string{"localhost", "127.0.0.1", "::1", "sso.example.com", "in.example", "2001:db8::1"}
	if got := c.certificateHosts(); !slices.Equal(got, want) {
		t.Errorf("hosts %q, want %q", got, want)
	}
}

func TestSecretsComeFromTheHighestPlaceThatHasOne(t *testing.T) {
	// Any 43 letters are base64 of 32 bytes.
	fromFile, fromSettings, fromEnv := strings.Repeat("f", 43), strings.Repeat("s", 43), strings.Repeat("e", 43)
	key := writeFile(t, "key", fromFile+"\r\n")
	file := writeFile(t, "sallyport.yaml", "root_key: "+fromSettings+"\n")
	fileWithPath := writeFile(t, "sallyport.yaml", fmt.Sprintf("root_key_file: %q\n", key))
	for _, c := range []struct {
		name string
		args []string
		env  []string
		want string
	}{
		{"a file named in the environment", nil, []string{"SALLYPORT_ROOT_KEY_FILE=" + key}, fromFile},
		{"a file named by a flag, over the environment's value", []string{"--root-key-file", key}, []string{"SALLYPORT_ROOT_KEY=" + fromEnv}, fromFile},
		{"the environment's value, over the settings' file", []string{"--config", fileWithPath}, []string{"SALLYPORT_ROOT_KEY=" + fromEnv}, fromEnv},
		{"the settings' value", []string{"--config", file}, nil, fromSettings},
		{"none", nil, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			loaded := mustLoad(t, c.args, c.env)
			if got := loaded.RootKey.Reveal(); got != c.want {
				t.Errorf("root key %q, want %q", got, c.want)
			}
			var printed strings.Builder
			if err := loaded.Print(&printed); err != nil {
				t.Fatal(err)
			}
			if everything := printed.String() + fmt.Sprintf("%v %+v %#v %s", loaded, loaded, loaded.RootKey, loaded.RootKey); c.want != "" && strings.Contains(everything, c.want) {
				t.Errorf("the secret is shown in %s", everything)
			}
		})
	}
}

func TestASecretFileIsBoundedAndNotEmpty(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an empty file", "\n", "it is empty"},
		{"a file that cannot be a key", strings.Repeat("x", maxSecretFile+1), "larger than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := readSecretFile(writeFile(t, "key", c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestPrintedSettingsLoadAgain(t *testing.T) {
	first := mustLoad(t, []string{
		"--listen=127.0.0.1:9999", "--data=/srv/a \"b\"\n#c: é", "--dev", "--session-duration=90d", "--refresh-window=0s", "--web-idle-timeout=1h30m",
		"--allowed-hosts=a.example,b.example", "--trusted-proxies=10.0.0.0/8", "--device-grant=false",
	}, []string{"SALLYPORT_ROOT_KEY=hunter2" + strings.Repeat("A", 36)})
	var printed strings.Builder
	if err := first.Print(&printed); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(printed.String(), "hunter2") || !strings.Contains(printed.String(), "# root_key: (hidden) # environment variable SALLYPORT_ROOT_KEY") {
		t.Errorf("the secret is not masked in\n%s", printed.String())
	}
	second := mustLoad(t, []string{"--config", writeFile(t, "again.yaml", printed.String())}, nil)
	for _, s := range settings() {
		if s.hidden || s.key == "config" {
			continue
		}
		if got, want := s.yaml(second), s.yaml(first); got != want {
			t.Errorf("%s came back as %s, was %s", s.key, got, want)
		}
	}
}

func TestTheTableIsComplete(t *testing.T) {
	var usage strings.Builder
	if err := Usage(&usage); err != nil {
		t.Fatal(err)
	}
	for _, s := range settings() {
		if s.help == "" {
			t.Errorf("%s has no help", s.key)
		}
		if s.except != "flag" && !strings.Contains(usage.String(), s.flag()) || !strings.Contains(usage.String(), s.env()) {
			t.Errorf("usage does not tell how to give %s", s.key)
		}
		if isDuration := s.most > 0; isDuration && s.form != "DURATION" {
			t.Errorf("%s has bounds and is no duration", s.key)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90d": 90 * day, "0d": 0, "8h": 8 * time.Hour, "1h30m": 90 * time.Minute, "10m": 10 * time.Minute, "1.5s": 1500 * time.Millisecond, "0s": 0,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "-1d", "+1d", "1.5d", "1d2h", "8", "106752d", "4294967296d", "8 h"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q is %v, want a refusal", text, got)
		}
	}
}

func FuzzDurationsAreWrittenAsTheyAreRead(f *testing.F) {
	for _, text := range []string{"90d", "8h", "1h0m1s", "10m", "100ms", "24h", "-24h", "106751d", "0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDuration(text)
		if err != nil {
			return
		}
		if again, err := parseDuration(formatDuration(d)); err != nil || again != d {
			t.Errorf("%v is written %q and read %v, %v", d, formatDuration(d), again, err)
		}
	})
}

func FuzzSettingsFilesAreReadOrRefused(f *testing.F) {
	for _, text := range []string{"dev: true\n", "data: [a]\n", "data: &a [*a]\n", "? {a: b}\n: c\n", "---\n---\n", "\"data\": \"\\x00\"\n", "!!binary data: x\n", "<<: {data: a}\n", "data: |-\n  a\n  b\n", "%YAML 1.1\n---\ndev: true"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Load([]string{"--config", writeFile(t, "f.yaml", text)}, nil)
		if err != nil || !utf8.ValidString(c.Data+c.ReadyFile) {
			return
		}
		var printed strings.Builder
		if err := c.Print(&printed); err != nil {
			t.Fatal(err)
		}
		again, err := Load([]string{"--config", writeFile(t, "again.yaml", printed.String())}, nil)
		if err != nil {
			t.Fatalf("what was printed does not load: %v\n%s", err, printed.String())
		}
		if again.Data != c.Data || again.Listen != c.Listen || again.ReadyFile != c.ReadyFile {
			t.Errorf("settings changed on the way: %+v, were %+v", again, c)
		}
	})
}
