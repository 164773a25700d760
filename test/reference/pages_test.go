//go:build clients

package reference

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"sallyport/internal/api"
)

// page is an answer with the members of a list, and the token of the next page where there is one.
func page(list, next string, items ...string) answer {
	body := fmt.Sprintf("{%q: [", list)
	for i, item := range items {
		if i > 0 {
			body += ", "
		}
		body += fmt.Sprintf(`{"accountId": "11112222333%s", "accountName": "n%s", "roleName": "r%s", "emailAddress": "e@%s"}`, item, item, item, item)
	}
	body += "]"
	if next != "" {
		body += fmt.Sprintf(`, "nextToken": %q`, next)
	}
	return jsonAnswer(http.StatusOK, "", body+"}")
}

// resume is a token of the references.
func resume(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// paged are calls that three pages of two, two and one items answer.
var paged = []struct {
	name       string
	both       bool // for both operations: where their requests have another member among those of pages
	args       []string
	departures map[string]departure
}{
	{name: "all pages", both: true},
	{name: "pages of a size", both: true, args: []string{"--page-size", "2"}},
	{name: "fewer items than a page has", args: []string{"--max-items", "1"}},
	{name: "as many items as a page has", args: []string{"--max-items", "2"}},
	{name: "items that end in the middle of the second page", args: []string{"--max-items", "3"}},
	{name: "as many items as there are", args: []string{"--max-items", "5"}},
	{name: "more items than there are", args: []string{"--max-items", "99"}},
	{name: "no items", args: []string{"--max-items", "0"}, departures: map[string]departure{v1: {
		"it warns", map[aspect]string{sentence: "warning: Non-positive values for --max-items may result in undefined behavior."},
	}}},
	{name: "a size and a number", both: true, args: []string{"--page-size", "2", "--max-items", "3"}},
	{name: "a page size over the number", args: []string{"--page-size", "50", "--max-items", "3"}},
	{name: "a start at a page", args: []string{"--starting-token", resume(`{"nextToken": "a+/="}`)}},
	{name: "a start in the middle of a page", args: []string{"--starting-token", resume(`{"nextToken": "a+/=", "boto_truncate_amount": 1}`)}},
	{name: "a start in the middle of the first page", args: []string{"--starting-token", resume(`{"nextToken": null, "boto_truncate_amount": 1}`)}},
	{name: "a start in the middle and a number", both: true, args: []string{"--starting-token", resume(`{"nextToken": "a+/=", "boto_truncate_amount": 1}`), "--max-items", "2"}},
	{name: "a start with the token of the service", args: []string{"--starting-token", "a+/="}},
	{name: "a start with something else in Base64", args: []string{"--starting-token", resume("hello")}},
	{name: "an empty start", args: []string{"--starting-token", ""}},
	{name: "one page", args: []string{"--no-paginate"}},
	{name: "a token by hand", args: []string{"--next-token", "a+/="}},
	{name: "a size by hand", args: []string{"--max-results", "2"}},
	{name: "one page and a size", args: []string{"--no-paginate", "--page-size", "2"}, departures: contradiction("--page-size")},
	{name: "one page and a number", args: []string{"--no-paginate", "--max-items", "2"}, departures: contradiction("--max-items")},
	{name: "a token by hand and a number", args: []string{"--next-token", "a+/=", "--max-items", "2"}, departures: contradiction("--max-items")},
	{name: "a size by hand and a start", args: []string{"--max-results", "2", "--starting-token", "x"}, departures: contradiction("--starting-token")},
	{name: "a page size of nothing", args: []string{"--page-size", "0"}},
	{name: "a question for all pages", args: []string{"--query", "*[].accountId"}},
}

// contradiction is that version 1 speaks of pagination first.
func contradiction(option string) map[string]departure {
	return map[string]departure{v1: {"it has another kind of failure for this", map[aspect]string{
		sentence: "Error during pagination: Cannot specify --no-paginate along with pagination arguments: " + option,
	}}}
}

func TestPages(t *testing.T) {
	var calls []call
	for _, p := range paged {
		calls = append(calls, pagedCall(api.ListAccounts.Operation, p.name, threePages("accountList"), p.args, p.departures))
		if p.both {
			calls = append(calls, pagedCall(api.ListAccountRoles.Operation, p.name, threePages("roleList"), p.args, p.departures))
		}
	}
	for _, odd := range oddPages {
		calls = append(calls, pagedCall(api.ListAccounts.Operation, odd.name, odd.script, odd.args, nil))
	}
	compare(t, startCommandLines(t), calls)
}

func threePages(list string) []answer {
	return []answer{page(list, "t <1>/+=", "1", "2"), page(list, "t2", "3", "4"), page(list, "", "5")}
}

func pagedCall(operation *api.Operation, name string, script []answer, args []string, departures map[string]departure) call {
	return call{
		name: optionName(operation.Name) + ": " + name, args: append(with(operation, "v", required), args...), script: script,
		departures: departures,
	}
}

// oddPages are answers to list-accounts.
var oddPages = []struct {
	name   string
	script []answer
	args   []string
}{
	{name: "the same token twice", script: []answer{page("accountList", "t1", "1"), page("accountList", "t1", "2")}},
	{name: "an empty page in the middle", script: []answer{page("accountList", "t1", "1"), page("accountList", "t2"), page("accountList", "", "2")}},
	{name: "no items at all", script: []answer{page("accountList", "")}},
	{name: "a page without the list", script: []answer{jsonAnswer(200, "", `{"nextToken": "t1"}`), page("accountList", "", "1")}},
	{name: "an answer without anything", script: []answer{jsonAnswer(200, "", `{}`)}},
	{name: "an empty token", script: []answer{jsonAnswer(200, "", `{"accountList": [], "nextToken": ""}`)}},
	{
		name: "a token beyond ASCII", script: []answer{page("accountList", "é😀", "1", "2"), page("accountList", "", "3")},
		args: []string{"--max-items", "2"},
	},
	{
		name:   "a refusal of the second page",
		script: []answer{page("accountList", "t1", "1"), jsonAnswer(401, "UnauthorizedException", `{"message": "no"}`)},
	},
	{name: "a failure before the second page", script: []answer{page("accountList", "t1", "1"), {status: 500}, page("accountList", "", "2")}},
	{
		name:   "a connection that ends before the second page",
		script: []answer{page("accountList", "t1", "1"), {fate: closedEarly}, page("accountList", "", "2")},
	},
	{
		name: "a start beyond the end of the page", script: []answer{page("accountList", "t1", "1"), page("accountList", "", "2")},
		args: []string{"--starting-token", resume(`{"nextToken": null, "boto_truncate_amount": 5}`)},
	},
}
