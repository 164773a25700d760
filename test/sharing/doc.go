// Package sharing tests that everybody shares one session: `sallyport login`, the AWS CLIs and the SDKs for Go, Python and JavaScript find
// the sign-in of each other in ~/.aws/sso/cache, refresh it, go on with what another wrote, and lose it together at a sign-out. Processes
// that refresh at the same moment do not take the session from each other.
//
// Between programs and server stands a door that counts what comes through, so that a test knows who signed in or refreshed, and that can
// keep callers waiting until enough of them stand before it. Nobody's clock moves: what a program goes by is the end that the token's file
// names, and that is rewritten.
//
// The tests carry the build tag clients, because they need programs that `make test` installs. What one client does at a server is the
// business of test/clients, what people see that of test/browser.
package sharing
