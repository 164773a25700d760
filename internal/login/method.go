package login

import (
	"os"
	"runtime"
	"strings"

	"sallyport/internal/command"
	"sallyport/internal/session"
)

// surroundings are what tells whether a browser on this machine can be opened and come back to a port of it.
type surroundings struct {
	system  string // as Go names it
	getenv  func(name string) string
	exists  func(path string) bool
	version string // of a Linux kernel, which tells WSL
}

func surroundingsOf(call *command.Call) surroundings {
	version, _ := os.ReadFile("/proc/version") // only Linux has it
	return surroundings{
		system: runtime.GOOS, getenv: call.Getenv, version: string(version),
		exists: func(path string) bool { _, err := os.Stat(path); return err == nil },
	}
}

// The variables and files that give the surroundings away.
var (
	sshVariables       = []string{"SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"}
	containerVariables = []string{"container", "KUBERNETES_SERVICE_HOST"}
	containerMarkers   = []string{"/.dockerenv", "/run/.containerenv"}
	displayVariables   = []string{"DISPLAY", "WAYLAND_DISPLAY"}
)

// choose picks the way to sign in, and says why. Over SSH the browser is on another machine whatever BROWSER says; elsewhere BROWSER says
// that there is one.
func choose(s surroundings, older bool) (session.Method, string) {
	switch {
	case older:
		return session.DeviceCode, "a profile of the older form signs in with a device code"
	case s.hasAny(sshVariables):
		return session.DeviceCode, "over SSH the browser is on another machine"
	case s.isCI():
		return session.DeviceCode, "in CI there is no browser"
	case s.getenv("BROWSER") != "":
		return session.Browser, "BROWSER is set"
	case s.inContainer():
		return session.DeviceCode, "in a container the browser cannot come back to a port"
	case s.inWSL():
		return session.DeviceCode, "under WSL the browser may not reach a port"
	case !s.hasDisplay():
		return session.DeviceCode, "there is no display"
	}
	return session.Browser, "a browser can be opened here"
}

// canOpen reports whether opening a browser here may bring it before the person.
func canOpen(s surroundings) bool {
	switch {
	case s.getenv("BROWSER") != "":
		return true
	case s.hasAny(sshVariables), s.isCI(), s.inContainer():
		return false
	}
	return s.hasDisplay() || s.inWSL()
}

// hasDisplay reports whether there is a desktop. Every Windows and every Mac has one.
func (s surroundings) hasDisplay() bool {
	return s.system == "windows" || s.system == "darwin" || s.hasAny(displayVariables)
}

func (s surroundings) hasAny(variables []string) bool {
	for _, name := range variables {
		if s.getenv(name) != "" {
			return true
		}
	}
	return false
}

// isCI reports whether CI is set as the services of that kind set it.
func (s surroundings) isCI() bool {
	value := strings.ToLower(s.getenv("CI"))
	return value != "" && value != "0" && value != "false"
}

func (s surroundings) inContainer() bool {
	if s.system != "linux" {
		return false
	}
	for _, marker := range containerMarkers {
		if s.exists(marker) {
			return true
		}
	}
	return s.hasAny(containerVariables)
}

func (s surroundings) inWSL() bool {
	return s.system == "linux" && (s.getenv("WSL_DISTRO_NAME") != "" || strings.Contains(strings.ToLower(s.version), "microsoft"))
}
