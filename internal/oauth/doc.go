// Package oauth is the vocabulary of the OAuth RFCs: grant types, error codes, PKCE challenges, scopes, redirect URIs and
// user codes, each a type that can only be had by parsing. They are strings at the rim and nowhere else.
//
// It owns grammars and comparisons: what is well formed, what equals what, what a list of scopes amounts to. It knows no
// client, no session, no time and no HTTP. Which grants a client may use, whether a scope was consented to and how often a
// user code may be guessed are decided in the rooms; which AWS exception goes with an error code stands in the catalogue of
// refusals; a parameter that is sent twice is refused at the rim.
//
// Every error of this package is a sentence that says what was expected and holds nothing of what was sent, so it may be
// shown to the caller as the description of the refusal.
package oauth
