package session

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/fault"
	"sallyport/internal/jmespath"
)

// Account is an account in which the person holds a role. Its texts are the server's; make them Printable before a terminal gets them.
type Account struct{ ID, Name, Email string }

// Accounts are the accounts in which the person holds a role.
func (s *SignIn) Accounts(ctx context.Context) ([]Account, error) {
	entries, err := s.list(ctx, api.ListAccounts.Operation)
	accounts := make([]Account, len(entries))
	for i, entry := range entries {
		accounts[i] = Account{member(entry, "accountId").Text(), member(entry, "accountName").Text(), member(entry, "emailAddress").Text()}
	}
	return accounts, err
}

// Roles are the names of the roles that the person holds in an account.
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

// RoleCredentials are credentials of a role: those that are kept, or new ones, which are kept then where the AWS CLI finds them.
func (s *SignIn) RoleCredentials(ctx context.Context, role Role) (Credentials, error) {
	kept := roleFile{folder: roleFolder(s.settings.Home), key: roleKey(role, s.Name, s.StartURL)}
	if found, ok := kept.read(); ok && found.Expiration.Sub(s.now()) >= freshness {
		s.settings.Debug.Printf("%v from %s", found, kept.path())
		return found, nil
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
	found, err := readCredentials(member(answer, "roleCredentials"))
	if err != nil {
		return Credentials{}, err
	}
	found.AccountID = role.AccountID
	if err := kept.write(found); err != nil {
		s.settings.Debug.Printf("the credentials are not kept: %v", err)
	}
	return found, nil
}

func readCredentials(answer jmespath.Value) (Credentials, error) {
	found := Credentials{
		AccessKeyID: member(answer, "accessKeyId").Text(), SecretAccessKey: member(answer, "secretAccessKey").Text(),
		SessionToken: member(answer, "sessionToken").Text(),
	}
	milliseconds, err := strconv.ParseInt(member(answer, "expiration").Number(), 10, 64)
	if err != nil || !isToken(found.AccessKeyID) || !isToken(found.SecretAccessKey) || !isToken(found.SessionToken) {
		return Credentials{}, unusable(api.GetRoleCredentials.Operation, "a part of the credentials is missing or holds characters that none can have")
	}
	found.Expiration = time.UnixMilli(milliseconds).UTC().Truncate(time.Second)
	return found, nil
}
