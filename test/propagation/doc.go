// Package propagation tests trusted identity propagation with a provider that is none of ours: people sign in at oidc-provider from npm,
// through its pages, and what it says of them is carried through CreateTokenWithIAM and AssumeRole at the freshly built server. It also
// runs the scripts in examples, and applies what the manual shows.
//
// Tests with the build tag clients need programs that `make test` installs. What needs no provider but keys and a document is tested in
// test/clients, in every language.
package propagation
