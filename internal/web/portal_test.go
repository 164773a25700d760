package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestPortalListsWhatThePersonHolds(t *testing.T) {
	s := newSite(t)
	const accounts = 2*AccountsPerPage + 1
	s.addAccounts("user-alice", accounts)
	b := s.as("alice")
	tests := []struct {
		name, query string
		first, last string // account ids on the page
	}{
		{"no page", "", "000000000001", "000000000050"},
		{"the second page", "?page=2", "000000000051", "000000000100"},
		{"the last page", "?page=3", "000000000101", "000000000101"},
		{"a page after the last", "?page=99", "000000000101", "000000000101"},
		{"a page before the first", "?page=-5", "000000000001", "000000000050"},
		{"a huge page", "?page=99999999999999999999", "000000000001", "000000000050"},
		{"a word", "?page=x", "000000000001", "000000000050"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := b.get(PathPortal+tt.query).want(http.StatusOK, "Your accounts")
			checkDocument(t, page.body)
			for _, shown := range []string{
				"101 accounts", "<code>" + tt.first + "</code>", "<code>" + tt.last + "</code>",
				"sso_start_url = https://d-9067f2a3c1.awsapps.com/start", "endpoint_url = " + s.url, "sso_region = eu-central-1",
				"[profile workload-readonly-" + tt.first + "]", "[sso-session sallyport]",
			} {
				if !strings.Contains(page.body, shown) {
					t.Errorf("the page does not show %q", shown)
				}
			}
			if n := strings.Count(page.body, `<details class="account"`); n > AccountsPerPage {
				t.Errorf("%d accounts on the page", n)
			}
		})
	}
	s.as("bob").get(PathPortal).want(http.StatusOK, "Your accounts")
	if body := s.as("bob").get(PathPortal).body; !strings.Contains(body, "No account is assigned to you yet") {
		t.Error("bob is shown something")
	}
}

// TestStartURL asks as browsers and as the AWS CLI do.
func TestStartURL(t *testing.T) {
	s := newSite(t)
	const aws = "https://ssoins-1111222233334444.portal.eu-central-1.app.aws/start"
	const browsers, anything = "text/html,*/*;q=0.8", "*/*"
	tests := []struct {
		name, method, path, accept string
		status                     int
		location                   string
	}{
		{"the AWS CLI checks the start URL", "HEAD", "/start", anything, http.StatusFound, aws},
		{"with a slash", "HEAD", "/start/", anything, http.StatusFound, aws},
		{"at the bare address", "HEAD", "/", anything, http.StatusFound, aws},
		{"without an Accept header", "HEAD", "/start", "", http.StatusFound, aws},
		{"by GET, where HEAD is not taken", "GET", "/start", anything, http.StatusFound, aws},
		{"by GET at the bare address", "GET", "/", "application/json", http.StatusFound, aws},
		{"HEAD is never the portal", "HEAD", "/start", browsers, http.StatusFound, aws},
		{"a browser signs in", "GET", "/start", browsers, http.StatusSeeOther, "/signin"},
		{"a browser with a slash signs in", "GET", "/start/", browsers, http.StatusSeeOther, "/signin"},
		{"a browser at the bare address", "GET", "/", browsers, http.StatusSeeOther, "/start"},
		{"below the start URL is nothing", "GET", "/start/x", browsers, http.StatusNotFound, ""},
		{"nothing is posted", "POST", "/start", browsers, http.StatusMethodNotAllowed, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := s.browser().send(tt.method, tt.path, nil, http.Header{"Accept": {tt.accept}})
			if r.status != tt.status || r.location != tt.location {
				t.Errorf("%d to %q", r.status, r.location)
			}
		})
	}
}
