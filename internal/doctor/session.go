package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sallyport/internal/command"
	"sallyport/internal/fault"
	"sallyport/internal/session"
)

// This file is the sign-in itself: the token that is kept, what the server says of it, and what it opens.

// ending is how long before its end a sign-in that nobody renews is worth a word.
const ending = 30 * time.Minute

// checkSession looks for a token, and has it refreshed where a program would do that.
func checkSession(ctx context.Context, p *patient) []finding {
	login := p.signIn.Command("login")
	if _, err := p.signIn.Kept(); err != nil {
		return []finding{broken("not signed in: %v", err).by("%s", login)}
	}
	token, err := p.signIn.Token(ctx)
	switch {
	case errors.Is(err, session.ErrSignedOut):
		return []finding{broken("the sign-in has ended").by("%s", login)}
	case err != nil:
		return []finding{broken("the token cannot be refreshed: %v", err).by("%s", login)}
	}
	now := p.now()
	until := token.ExpiresAt.UTC().Format(time.RFC3339)
	switch {
	case token.Refreshable(now):
		return []finding{well("the token is good until %s, and is refreshed", until)}
	case token.ExpiresAt.Sub(now) < ending:
		return []finding{doubtful("the token is good until %s, and nobody refreshes it", until).by("%s", login)}
	}
	return []finding{well("the token is good until %s, and has to be got anew then", until)}
}

// codeOf is the code of a service's error, empty for every other one.
func codeOf(err error) string {
	var failure *command.Failure
	if !errors.As(err, &failure) || failure.Exit != command.ExitService {
		return ""
	}
	return failure.Code
}

// checkAccounts has the portal take the token.
func checkAccounts(ctx context.Context, p *patient) []finding {
	accounts, err := p.signIn.Accounts(ctx)
	switch {
	case errors.Is(err, session.ErrSignedOut):
		return []finding{broken("the portal does not take the token: it was revoked, the server was set up anew, or a proxy drops the header x-amz-sso_bearer_token").
			by("%s", p.signIn.Command("login"))}
	case codeOf(err) == fault.Forbidden.Name:
		return []finding{broken("the scopes of this sign-in do not open the portal").
			by("write sso_registration_scopes = sso:account:access, then %s", p.signIn.Command("login"))}
	case err != nil:
		return []finding{broken("the portal answers: %v", err)}
	case len(accounts) == 0:
		return []finding{broken("you hold no role in any account").by("ask who operates the instance for an assignment")}
	}
	if p.signIn.AccountID == "" {
		return []finding{well("the portal takes the token; %d accounts are open", len(accounts))}
	}
	if !slices.ContainsFunc(accounts, func(a session.Account) bool { return a.ID == p.signIn.AccountID }) {
		ids := make([]string, len(accounts))
		for i, account := range accounts {
			ids[i] = strings.TrimSpace(account.ID + " " + account.Name)
		}
		return []finding{broken("you hold no role in the account %s; yours are %s", p.signIn.AccountID, some(ids)).
			by("%s configure%s --prune, or write another sso_account_id", command.Program, p.profileOption())}
	}
	return []finding{well("the portal takes the token; %d accounts are open", len(accounts))}
}

// checkRole gets credentials of the profile's role.
func checkRole(ctx context.Context, p *patient) []finding {
	if p.signIn.AccountID == "" || p.signIn.RoleName == "" {
		return []finding{doubtful("%s names no account and no role: it signs in, and has no credentials", p.name).by("%s configure%s", command.Program, p.profileOption())}
	}
	roles, err := p.signIn.Roles(ctx, p.signIn.AccountID)
	if err != nil {
		return []finding{broken("the roles of %s cannot be listed: %v", p.signIn.AccountID, err)}
	}
	if !slices.Contains(roles, p.signIn.RoleName) {
		return []finding{broken("you do not hold the role %s in %s; yours are %s", p.signIn.RoleName, p.signIn.AccountID, some(roles)).
			by("%s configure%s --prune, or write another sso_role_name", command.Program, p.profileOption())}
	}
	got, err := p.signIn.RoleCredentials(ctx, session.Role{AccountID: p.signIn.AccountID, Name: p.signIn.RoleName})
	if err != nil {
		return []finding{broken("no credentials of %s in %s: %v", p.signIn.RoleName, p.signIn.AccountID, err).by("see the log of the server")}
	}
	return []finding{well("%s in %s gives credentials until %s", p.signIn.RoleName, p.signIn.AccountID, got.Expiration.UTC().Format(time.RFC3339))}
}
