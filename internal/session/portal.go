package session

import (
	"context"
	"fmt"
	"io"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/fault"
	"sallyport/internal/jmespath"
	"sallyport/internal/sigv4"
)

// Account is an account in which the person holds a role. Its texts are the server's; make them Printable before a terminal gets them.
type Account struct{ ID, Name, Email string }

// Accounts are the accounts in which the person holds a role (SSO ListAccounts).
func (s *SignIn) Accounts(ctx context.Context) ([]Account, error) {
	entries, err := s.list(ctx, api.ListAccounts.Operation)
	accounts := make([]Account, len(entries))
	for i, entry := range entries {
		accounts[i] = Account{member(entry, "accountId").Text(), member(entry, "accountName").Text(), member(entry, "emailAddress").Text()}
	}
	return accounts, err
}

// Roles are the names of the roles that the person holds in an account (SSO ListAccountRoles).
func (s *SignIn) Roles(ctx context.Context, accountID string) ([]string, error) {
	entries, err := s.list(ctx, api.ListAccountRoles.Operation, text("accountId", accountID))
	roles := make([]string, len(entries))
	for i, entry := range entries {
		roles[i] = member(entry, "roleName").Text()
	}
	return roles, err
}

// maxPages bounds a list: a hundred thousand accounts, ten times what an organisation of AWS can have.
const maxPages = 1000

// list fetches all pages of a list.
func (s *SignIn) list(ctx context.Context, operation *api.Operation, members ...jmespath.Member) ([]jmespath.Value, error) {
	token, err := s.Token(ctx)
	if err != nil {
		return nil, err
	}
	members = append(members, text("accessToken", token.AccessToken))
	var all []jmespath.Value
	input := members
	for range maxPages {
		answer, err := s.call(ctx, operation, input...)
		if err != nil {
			return nil, s.explainPortal(err)
		}
		all = append(all, member(answer, operation.Paging.Result).Items()...)
		next := member(answer, operation.Paging.Token).Text()
		if next == "" {
			return all, nil
		}
		input = append(members[:len(members):len(members)], text(operation.Paging.Token, next))
	}
	return nil, command.OtherError("%s has more than %d pages", operation.Name, maxPages)
}

// explainPortal tells what to do when the portal does not take the token.
func (s *SignIn) explainPortal(err error) error {
	if refused(err, fault.Unauthorized) {
		s.settings.Debug.Printf("%v", err)
		return s.signedOut("the sign-in has ended, or the token was revoked")
	}
	return err
}

// Role names a role in an account.
type Role struct{ AccountID, Name string }

// Credentials are those of a role, for a while.
type Credentials struct {
	AccountID       string
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

// String names the credentials without their secrets.
func (c Credentials) String() string {
	return fmt.Sprintf("credentials %s of account %s until %s", c.AccessKeyID, c.AccountID, c.Expiration.UTC().Format(time.RFC3339))
}

// Format prints String for every verb, since %+v and %#v would print the fields.
func (c Credentials) Format(state fmt.State, _ rune) { io.WriteString(state, c.String()) }

// RoleCredentials are credentials of a role: those that are kept, or new ones (SSO GetRoleCredentials), which are kept then where the AWS CLI
// finds them.
func (s *SignIn) RoleCredentials(ctx context.Context, role Role) (Credentials, error) {
	cached := s.cached(role)
	if kept, expires, ok := s.settings.KeptRole(cached); ok {
		if found, usable := credentialsOf(role, kept, expires); usable {
			s.settings.Debug.Printf("%v from the cache", found)
			return found, nil
		}
	}
	token, err := s.Token(ctx)
	if err != nil {
		return Credentials{}, err
	}
	answer, err := s.call(ctx, api.GetRoleCredentials.Operation,
		text("roleName", role.Name), text("accountId", role.AccountID), text("accessToken", token.AccessToken))
	if err != nil {
		return Credentials{}, s.explainPortal(err)
	}
	granted, expires, err := client.ReadPortalRole(answer)
	found, usable := credentialsOf(role, granted, expires)
	if err != nil || !usable {
		return Credentials{}, unusable(api.GetRoleCredentials.Operation, "a part of the credentials is missing or holds characters that none can have")
	}
	s.settings.KeepRole(cached, granted, expires)
	return found, nil
}

// cached is the role as the cache of credentials names it.
func (s *SignIn) cached(role Role) client.PortalRole {
	return client.PortalRole{AccountID: role.AccountID, Name: role.Name, Session: s.Name, StartURL: s.StartURL}
}

// credentialsOf are credentials of the role, if they can be ones: they go into variables and onto terminals.
func credentialsOf(role Role, found sigv4.Credentials, expires time.Time) (c Credentials, usable bool) {
	return Credentials{
		AccountID: role.AccountID, AccessKeyID: found.AccessKeyID, SecretAccessKey: found.SecretAccessKey, SessionToken: found.SessionToken, Expiration: expires,
	}, isToken(found.AccessKeyID) && isToken(found.SecretAccessKey) && isToken(found.SessionToken)
}
