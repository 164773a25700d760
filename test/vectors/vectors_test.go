package vectors

import "testing"

// Each kind of seed has about as many as the files had when this was written.
func TestEveryKindOfSeedIsThere(t *testing.T) {
	for _, c := range []struct {
		kind  string
		found []string
		least int
	}{
		{"documents of the JSON test suite", JSONTestSuite(t), 330},
		{"naughty strings", Naughty(t), 500},
		{"tokens", Tokens(t), 400},
		{"key sets", KeySets(t), 60},
		{"URLs", URLs(t), 900},
		{"signed requests", SignedRequests(t), 150},
		{"user codes", Texts(t, "user-code/cases.json", "typed"), 25},
		{"requests in JSON", Bodies(t, "input", "json"), 30},
		{"requests in forms", Bodies(t, "input", "query"), 20},
		{"requests over REST", Bodies(t, "input", "rest-json"), 50},
		{"answers in JSON", Bodies(t, "output", "json"), 30},
		{"answers in XML", Bodies(t, "output", "query"), 30},
		{"answers over REST", Bodies(t, "output", "rest-json"), 50},
	} {
		if len(c.found) < c.least {
			t.Errorf("%d %s, want at least %d", len(c.found), c.kind, c.least)
		}
	}
}
