package client

import (
	"testing"
	"time"

	"sallyport/test/vectors"
)

// FuzzEndpoint checks that an endpoint that is taken is a plain http or https address, and reads the same when it is written.
func FuzzEndpoint(f *testing.F) {
	for _, text := range append(vectors.URLs(f), " http://[::1]:8420/a%2fb", "https://user:pass@host:65536") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		endpoint, err := parseEndpoint(text)
		if err != nil {
			return
		}
		if endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Hostname() == "" || endpoint.User != nil || endpoint.Fragment != "" {
			t.Fatalf("%q was taken for %q", text, endpoint)
		}
		if again, err := parseEndpoint(endpoint.String()); err != nil || again.String() != endpoint.String() {
			t.Fatalf("%q is read as %q, %v", endpoint, again, err)
		}
	})
}

// FuzzMoment checks that a moment that is read can be written and is the same.
func FuzzMoment(f *testing.F) {
	for _, text := range []string{"2030-01-02T03:04:05Z", "2030-01-02T03:04:05.123456+01:00", "2030-01-02 03:04:05", "20300102T030405Z", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		moment, err := parseMoment(text)
		if err != nil || moment.UTC().Year() < 0 || moment.UTC().Year() > 9999 {
			return
		}
		if again, err := parseMoment(moment.UTC().Format(time.RFC3339Nano)); err != nil || !again.Equal(moment) {
			t.Fatalf("%q is %v and again %v, %v", text, moment, again, err)
		}
	})
}
