package login

import (
	"slices"
	"strings"
	"testing"

	"sallyport/internal/session"
)

// place makes surroundings of variables, "NAME=value", of files, "/path", and of a kernel's version, "version:...".
func place(system string, has ...string) surroundings {
	s := surroundings{system: system}
	for _, thing := range has {
		if version, ok := strings.CutPrefix(thing, "version:"); ok {
			s.version = version
		}
	}
	s.getenv = func(name string) string {
		for _, thing := range has {
			if value, ok := strings.CutPrefix(thing, name+"="); ok {
				return value
			}
		}
		return ""
	}
	s.exists = func(path string) bool { return slices.Contains(has, path) }
	return s
}

func TestChoose(t *testing.T) {
	for _, test := range []struct {
		name    string
		place   surroundings
		older   bool
		want    session.Method
		canOpen bool
	}{
		{name: "a desktop with X", place: place("linux", "DISPLAY=:0"), want: session.Browser, canOpen: true},
		{name: "a desktop with Wayland", place: place("linux", "WAYLAND_DISPLAY=wayland-0"), want: session.Browser, canOpen: true},
		{name: "a Mac", place: place("darwin"), want: session.Browser, canOpen: true},
		{name: "Windows", place: place("windows"), want: session.Browser, canOpen: true},
		{name: "a BSD with X", place: place("freebsd", "DISPLAY=:0"), want: session.Browser, canOpen: true},
		{name: "a console", place: place("linux"), want: session.DeviceCode},
		{name: "a console whose owner names a browser", place: place("linux", "BROWSER=w3m"), want: session.Browser, canOpen: true},
		{name: "SSH", place: place("linux", "SSH_CONNECTION=1.2.3.4 5 6.7.8.9 22"), want: session.DeviceCode},
		{name: "SSH with X forwarded", place: place("linux", "SSH_TTY=/dev/pts/1", "DISPLAY=localhost:10"), want: session.DeviceCode},
		{name: "SSH onto a Mac", place: place("darwin", "SSH_CONNECTION=x"), want: session.DeviceCode},
		{name: "SSH with a helper that opens the browser at home", place: place("linux", "SSH_CONNECTION=x", "BROWSER=/helper"), want: session.DeviceCode, canOpen: true},
		{name: "CI", place: place("linux", "CI=true", "DISPLAY=:99"), want: session.DeviceCode},
		{name: "CI that is none", place: place("linux", "CI=false", "DISPLAY=:0"), want: session.Browser, canOpen: true},
		{name: "a Docker container", place: place("linux", "/.dockerenv", "DISPLAY=:0"), want: session.DeviceCode},
		{name: "a Podman container", place: place("linux", "/run/.containerenv", "DISPLAY=:0"), want: session.DeviceCode},
		{name: "a pod", place: place("linux", "KUBERNETES_SERVICE_HOST=10.0.0.1"), want: session.DeviceCode},
		{name: "a container whose owner names a browser", place: place("linux", "/.dockerenv", "BROWSER=/helper"), want: session.Browser, canOpen: true},
		{name: "WSL by its variable", place: place("linux", "WSL_DISTRO_NAME=Debian", "DISPLAY=:0"), want: session.DeviceCode, canOpen: true},
		{name: "WSL by its kernel", place: place("linux", "version:Linux version 5.15 (Microsoft@Microsoft.com)"), want: session.DeviceCode, canOpen: true},
		{name: "a profile of the older form on a desktop", place: place("linux", "DISPLAY=:0"), older: true, want: session.DeviceCode, canOpen: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, why := choose(test.place, test.older); got != test.want || why == "" {
				t.Errorf("choose = %v, %q", got, why)
			}
			if got := canOpen(test.place); got != test.canOpen {
				t.Errorf("canOpen = %v", got)
			}
		})
	}
}

func TestBrowsers(t *testing.T) {
	const url = "https://x.example/?a=b&c=$(id)"
	for _, test := range []struct {
		name  string
		place surroundings
		want  []string // the command lines, words parted by |
	}{
		{"BROWSER with one program", place("linux", "BROWSER=firefox"), []string{"firefox|" + url}},
		{"BROWSER with a place for the address", place("linux", "BROWSER=firefox --new-tab '%s' -x"), []string{"firefox|--new-tab|" + url + "|-x"}},
		{"BROWSER with the place inside a word", place("linux", "BROWSER=open --url=%s"), []string{"open|--url=" + url}},
		{"BROWSER with several", place("linux", "BROWSER=one:two %s:three"), []string{"one|" + url, "two|" + url, "three|" + url}},
		{"BROWSER with a broken one", place("linux", "BROWSER=one 'x:two"), []string{"two|" + url}},
		{"Linux begins with xdg-open", place("linux"), []string{"xdg-open|" + url}},
		{"a BSD does too", place("freebsd"), []string{"xdg-open|" + url}},
		{"WSL begins with wslview", place("linux", "WSL_DISTRO_NAME=Debian"), []string{"wslview|" + url}},
		{"a Mac", place("darwin"), []string{"open|" + url}},
		{"Windows", place("windows"), []string{"rundll32|url.dll,FileProtocolHandler|" + url}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, words := range browsers(test.place) {
				got = append(got, strings.Join(withURL(words, url), "|"))
			}
			if len(got) < len(test.want) || !slices.Equal(got[:len(test.want)], test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSpeaksUTF8(t *testing.T) {
	for _, test := range []struct {
		name  string
		place surroundings
		want  bool
	}{
		{"a locale of UTF-8", place("linux", "LANG=de_DE.UTF-8"), true},
		{"the C locale of UTF-8", place("linux", "LC_CTYPE=C.utf8"), true},
		{"LC_ALL counts first", place("linux", "LC_ALL=C", "LANG=de_DE.UTF-8"), false},
		{"no locale", place("linux"), false},
		{"no locale on a Mac", place("darwin"), true},
	} {
		if got := speaksUTF8(test.place); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
