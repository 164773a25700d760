package attacks

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

var portalSteps = map[string]attack{
	"portal-role-case": func(w *world) {
		session := w.login(w.register(), "alice")
		w.want(200, w.credentials(session.access, "111122223333", "Admin"))
		for _, role := range []string{"admin", "ADMIN", "Admin ", " Admin", "Adm%", "Adm_n", "%", "*", "../Admin", "Admin\x00", "\uff21dmin", "Admi\u0131n", "Admin/", ""} {
			a := w.credentials(session.access, "111122223333", role)
			if role == "" {
				w.refusedBy(a, 400, 403, 404)
				continue
			}
			w.t.Logf("%q", role)
			w.refusedBy(a, 403, 404)
			if !oneOf("ForbiddenException|ResourceNotFoundException", a.exception()) {
				w.t.Errorf("%q: %s", role, a)
			}
		}
	},
	"portal-account-format": func(w *world) {
		session := w.login(w.register(), "alice")
		for _, account := range []string{
			"11112222333", "1111222233334", "11112222333a", "\uff11\uff11\uff11\uff12\uff12\uff12\uff12\uff13\uff13\uff13\uff13\uff13", "+11112222333",
			"-11112222333", " 111122223333", "111122223333 ", "111122223333\n", "1111-2222-3333", "0x1111222233", "1e11", "",
		} {
			w.t.Logf("%q", account)
			w.refused(w.credentials(session.access, account, "Admin"), 400, "InvalidRequestException")
			roles := "/assignment/roles?account_id=" + url.QueryEscape(account)
			w.refused(w.send("GET", roles, bearer(session.access), nil), 400, "InvalidRequestException")
		}
	},
	"portal-page-stable": func(w *world) {
		w = w.another()
		all := manyAccounts(30, func(int) bool { return true })
		w.apply(all...)
		session := w.login(w.register(), "bob")
		steady := func(n int) bool { return n%3 != 0 } // every third account comes and goes
		seen := map[string]int{}
		next, last := "", ""
		for page := range 100 {
			listed, token := listAccounts(w, session, 4, next)
			for _, id := range listed {
				seen[id]++
				if id <= last {
					w.t.Errorf("%s comes after %s", id, last)
				}
				last = id
			}
			if next = token; next == "" {
				break
			}
			if page%2 == 0 {
				w.apply(manyAccounts(30, steady)...)
			} else {
				w.apply(all...)
			}
		}
		for n := range 30 {
			id := accountNumber(n)
			if seen[id] > 1 || steady(n) && seen[id] != 1 {
				w.t.Errorf("the account %s, there throughout: %v, was listed %d times", id, steady(n), seen[id])
			}
		}
	},
	"portal-logout": func(w *world) {
		first := w.another()
		second := first.beside()
		c := first.register()
		session := first.login(c, "alice")
		w.want(200, second.accounts(session.access))
		w.want(200, first.send("POST", "/logout", bearer(session.access), nil))
		heard()
		for _, node := range []*world{second, first} {
			w.refused(node.accounts(session.access), 401, "UnauthorizedException")
			w.refused(node.credentials(session.access, "111122223333", "AdministratorAccess"), 401, "UnauthorizedException")
			w.refused(node.refresh(c, session.refresh), 400, "InvalidGrantException")
		}
	},
	"portal-removed-assignment": func(w *world) {
		w = w.another()
		session := w.login(w.register(), "bob")
		w.want(200, w.credentials(session.access, "333344445555", "AdministratorAccess"))
		w.apply("    users: [alice, bob]\n", "    users: [alice]\n")
		w.refused(w.credentials(session.access, "333344445555", "AdministratorAccess"), 403, "ForbiddenException")
		w.want(200, w.credentials(session.access, "333344445555", "DeveloperAccess"))
	},
	"portal-idor-instance": func(w *world) {
		other := w.another()
		c := other.register()
		foreign := other.login(c, "alice")
		w.refused(w.accounts(foreign.access), 401, "UnauthorizedException")
		w.refused(w.credentials(foreign.access, "111122223333", "Admin"), 401, "UnauthorizedException")
		w.refused(w.send("POST", "/logout", bearer(foreign.access), nil), 401, "UnauthorizedException")
		w.refused(w.refresh(w.register(), foreign.refresh), 400, "InvalidGrantException")
		w.want(200, other.accounts(foreign.access))
	},
}

func accountNumber(n int) string { return fmt.Sprintf("6%011d", n) }

// manyAccounts adds accounts to the demo, of which bob holds those that the function names.
func manyAccounts(n int, held func(int) bool) []string {
	accounts, assigned := "\naccounts:\n", assignments
	for i := range n {
		accounts += fmt.Sprintf("  - accountId: %q\n    name: Many %d\n    email: many%d@acme.example\n", accountNumber(i), i, i)
		if held(i) {
			assigned += fmt.Sprintf("  - account: %q\n    permissionSet: ReadOnlyAccess\n    users: [bob]\n", accountNumber(i))
		}
	}
	return []string{"\naccounts:\n", accounts, assignments, assigned}
}

// listAccounts returns the added accounts of one page, and where the list goes on.
func listAccounts(w *world, session tokens, size int, next string) (ids []string, token string) {
	w.t.Helper()
	query := url.Values{"max_result": {fmt.Sprint(size)}}
	if next != "" {
		query.Set("next_token", next)
	}
	a := w.want(200, w.send("GET", "/assignment/accounts?"+query.Encode(), bearer(session.access), nil))
	var out struct {
		AccountList []struct{ AccountID string }
		NextToken   string
	}
	if err := json.Unmarshal(a.body, &out); err != nil {
		w.t.Fatal(err)
	}
	for _, account := range out.AccountList {
		ids = append(ids, account.AccountID)
	}
	return slices.DeleteFunc(ids, func(id string) bool { return !strings.HasPrefix(id, "6") }), out.NextToken
}
