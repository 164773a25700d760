package cli

import (
	"slices"
	"strings"
	"testing"

	"sallyport/internal/command"
)

func TestPages(t *testing.T) {
	pages := []response{
		{body: `{"nextToken":"n1","accountList":[{"accountId":"1","x":0},{"accountId":"2"}]}`},
		{body: `{"accountList":[{"accountId":"3"}]}`},
	}
	tests := []struct {
		name      string
		responses []response
		args      []string
		want      string // standard output, as JSON on one line
		targets   []string
	}{
		{"all pages make one answer", pages, nil, `{"accountList":[{"accountId":"1"},{"accountId":"2"},{"accountId":"3"}]}`,
			[]string{"/assignment/accounts", "/assignment/accounts?next_token=n1"}},
		{"a query sees the whole", pages, []string{"--query", "accountList[].accountId"}, `["1","2","3"]`,
			[]string{"/assignment/accounts", "/assignment/accounts?next_token=n1"}},
		{"one page only", pages, []string{"--no-paginate"}, `{"nextToken":"n1","accountList":[{"accountId":"1"},{"accountId":"2"}]}`,
			[]string{"/assignment/accounts"}},
		{"pages by hand", pages, []string{"--max-results", "2", "--next-token", "a b"}, `{"nextToken":"n1","accountList":[{"accountId":"1"},{"accountId":"2"}]}`,
			[]string{"/assignment/accounts?next_token=a%20b&max_result=2"}},
		{"fewer items than a page", pages, []string{"--max-items", "1", "--page-size", "2"},
			`{"accountList":[{"accountId":"1"}],"NextToken":"eyJuZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ=="}`,
			[]string{"/assignment/accounts?max_result=2"}},
		{"no items at all", pages, []string{"--max-items", "0"},
			`{"accountList":[],"NextToken":"eyJuZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAwfQ=="}`, []string{"/assignment/accounts"}},
		{"items up to the end of a page", pages, []string{"--max-items", "2"},
			`{"accountList":[{"accountId":"1"},{"accountId":"2"}],"NextToken":"eyJuZXh0VG9rZW4iOiAibjEifQ=="}`, []string{"/assignment/accounts"}},
		{"going on inside a page", pages[1:], []string{"--starting-token", "eyJuZXh0VG9rZW4iOiAibjEiLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ=="},
			`{"accountList":[]}`, []string{"/assignment/accounts?next_token=n1"}},
		{"going on with a token of the service", pages[1:], []string{"--starting-token", "plain/+"}, `{"accountList":[{"accountId":"3"}]}`,
			[]string{"/assignment/accounts?next_token=plain%2F%2B"}},
		{"an empty answer prints nothing", []response{{body: "{}"}}, nil, "", []string{"/assignment/accounts"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, test.responses...)
			got := s.call(append([]string{"sso", "list-accounts", "--access-token", "tok"}, test.args...)...)
			var targets []string
			for _, sent := range s.requests {
				targets = append(targets, sent.Target)
				if sent.Header.Get("x-amz-sso_bearer_token") != "tok" || sent.Body != "" || sent.Header.Get("Content-Type") != "" {
					t.Errorf("sent %+v", sent)
				}
			}
			if got.exit != 0 || oneLine(t, got.stdout) != test.want || !slices.Equal(targets, test.targets) {
				t.Errorf("%+v\n%s\nwant %s\nasked for %v, want %v", got, oneLine(t, got.stdout), test.want, targets, test.targets)
			}
		})
	}
}

func TestPagingThatContradictsItself(t *testing.T) {
	s := newStage(t, response{body: `{"nextToken":"n","accountList":[]}`})
	for _, test := range []struct {
		option, want string
		exit         int
	}{
		{"--no-paginate", "Cannot specify --no-paginate along with pagination arguments: --max-items", command.ExitUsage},
		{"--debug", "The same next token was received twice: {'nextToken': 'n'}", command.ExitOther},
	} {
		got := s.call("sso", "list-accounts", "--access-token", "t", "--max-items", "1", test.option)
		if got.exit != test.exit || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%s: got %+v", test.option, got)
		}
	}
}
