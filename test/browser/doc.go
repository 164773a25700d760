// Package browser tests what people see and click, in a real Chromium against the freshly built server: signing in from Debian's AWS
// CLI, the authorization code flow as current AWS CLIs run it, the start-URL check of those CLIs over TLS, and every page in the sizes
// and colours it is shown in.
//
// The tests carry the build tag clients, because they need programs that `make test` installs. What needs no browser is tested elsewhere.
package browser
