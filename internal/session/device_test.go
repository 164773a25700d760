package session

import (
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

func TestReadDevice(t *testing.T) {
	const whole = `{"deviceCode":"d","userCode":"ABCD-EFGH","verificationUri":"https://x.example/device",
		"verificationUriComplete":"https://x.example/device?user_code=ABCD-EFGH","expiresIn":600,"interval":2}`
	now := time.Unix(1_000_000_000, 0)
	for _, test := range []struct {
		name, from, to string // replaced in the whole answer
		interval       time.Duration
		life           time.Duration
		url, flaw      string
	}{
		{name: "a whole answer", interval: 2 * time.Second, life: 600 * time.Second, url: "https://x.example/device?user_code=ABCD-EFGH"},
		{name: "no interval is five seconds", from: `,"interval":2`, interval: 5 * time.Second, life: 600 * time.Second, url: "https://x.example/device?user_code=ABCD-EFGH"},
		{name: "an interval of nothing is five seconds", from: `"interval":2`, to: `"interval":0`, interval: 5 * time.Second, life: 600 * time.Second, url: "https://x.example/device?user_code=ABCD-EFGH"},
		{name: "an interval of a day is a minute", from: `"interval":2`, to: `"interval":86400`, interval: time.Minute, life: 600 * time.Second, url: "https://x.example/device?user_code=ABCD-EFGH"},
		{name: "a life of a year is an hour", from: `600`, to: `31536000`, interval: 2 * time.Second, life: time.Hour, url: "https://x.example/device?user_code=ABCD-EFGH"},
		{name: "a complete address that is a script is left out", from: `https://x.example/device?user_code`, to: `javascript:alert(1)//`, interval: 2 * time.Second, life: 600 * time.Second, url: "https://x.example/device"},
		{name: "no device code", from: `"deviceCode":"d",`, flaw: "deviceCode"},
		{name: "a user code with an escape sequence", from: `"ABCD-EFGH",`, to: `"A\u001b[2J",`, flaw: "userCode"},
		{name: "an address that is a file", from: `"https://x.example/device",`, to: `"file:///etc/passwd",`, flaw: "verificationUri"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, err := jmespath.ParseJSON([]byte(strings.Replace(whole, test.from, test.to, 1)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := readDevice(answer, now)
			if test.flaw != "" {
				if err == nil || !strings.Contains(err.Error(), test.flaw) || strings.Contains(err.Error(), "\x1b") {
					t.Errorf("got %v, want a failure that names %s", err, test.flaw)
				}
				return
			}
			if err != nil || got.interval != test.interval || got.prompt.Until != now.Add(test.life) || got.prompt.URL != test.url {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestThePaceOfPolling(t *testing.T) {
	service := func(code string) error { return &command.Failure{Exit: command.ExitService, Code: code} }
	for _, test := range []struct {
		name     string
		err      error
		interval time.Duration
		want     time.Duration
		goOn     bool
	}{
		{"pending keeps the pace", service("AuthorizationPendingException"), time.Second, time.Second, true},
		{"slow_down adds five seconds", service("SlowDownException"), time.Second, 6 * time.Second, true},
		{"slow_down ends at a minute", service("SlowDownException"), 58 * time.Second, time.Minute, true},
		{"a throttled call halves the pace", service("TooManyRequestsException"), 3 * time.Second, 6 * time.Second, true},
		{"so does a bare 429", service("429"), 3 * time.Second, 6 * time.Second, true},
		{"so does a server in trouble", service("InternalServerException"), 3 * time.Second, 6 * time.Second, true},
		{"so does a gateway in trouble", service("502"), 40 * time.Second, time.Minute, true},
		{"so does a line that is cut", command.OtherError("Could not connect"), time.Second, 2 * time.Second, true},
		{"a denial ends it", service("AccessDeniedException"), time.Second, time.Second, false},
		{"an expired code ends it", service("ExpiredTokenException"), time.Second, time.Second, false},
		{"an unknown code ends it", service("InvalidGrantException"), time.Second, time.Second, false},
		{"an answer without a token ends it", unusable(api.CreateToken.Operation, "x"), time.Second, time.Second, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, goOn := nextInterval(test.err, test.interval); got != test.want || goOn != test.goOn {
				t.Errorf("got %v, %v, want %v, %v", got, goOn, test.want, test.goOn)
			}
		})
	}
}
