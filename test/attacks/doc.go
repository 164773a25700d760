// Package attacks executes the attack catalogue of test/vectors/attacks against the freshly built server, over sockets: an entry with a
// request template is sent as it stands, an entry in words has a function of its own. An entry of a supported area that is neither
// executed here nor accounted for in a table of elsewhere_test.go fails the test. It owns what attackers do; how an honest client and
// browser fare is for test/clients.
package attacks
