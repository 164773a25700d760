package web

import (
	"net/http"
	"strconv"
)

// showPortal lists what the person may use.
func (h *Handler) showPortal(v *visit) error {
	if !v.signedIn {
		return v.toSignIn(continuation{})
	}
	accounts, err := h.accounts(v)
	if err != nil {
		return err
	}
	page := Portal{Layout: h.layout(v), Total: len(accounts), CLI: h.commandLine()}
	page.Accounts, page.Page, page.Pages = cutPage(accounts, v.query.Get(FieldPage))
	return Render(v.w, http.StatusOK, page)
}

// accounts are all accounts of the person. Profiles are named here, over all of them, so that a name does not change with the page.
func (h *Handler) accounts(v *visit) ([]Account, error) {
	holdings, err := h.Portal.Holdings(v.ctx(), v.session.User.UserID)
	if err != nil {
		return nil, err
	}
	accounts := make([]Account, len(holdings))
	for i, held := range holdings {
		accounts[i] = Account{ID: held.Account.AccountID, Name: held.Account.Name, Email: held.Account.Email}
		for _, role := range held.Roles {
			accounts[i].Roles = append(accounts[i].Roles, Role{Name: role.Name, Description: role.Description, Session: role.Session})
		}
	}
	NameProfiles(accounts)
	return accounts, nil
}

// cutPage returns the page of that number, or the nearest there is.
func cutPage(accounts []Account, text string) (page []Account, number, last int) {
	last = max(1, (len(accounts)+AccountsPerPage-1)/AccountsPerPage)
	number, err := strconv.Atoi(text)
	if err != nil {
		number = 1
	}
	number = min(max(number, 1), last)
	from := (number - 1) * AccountsPerPage
	return accounts[from:min(from+AccountsPerPage, len(accounts))], number, last
}

func (h *Handler) commandLine() CommandLine {
	return CommandLine{
		Session:  SessionName,
		StartURL: h.StartURLs.AWS(),
		Region:   h.Region,
		Endpoint: h.Issuer,
	}
}
