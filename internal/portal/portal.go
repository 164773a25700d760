// Package portal is the portal (sso): what a signed-in person may use. It evaluates assignments at each call, through users and groups,
// and vends role credentials. Who may sign in, and for how long a session lives, is for others.
package portal

import (
	"context"
	"log/slog"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/page"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// maxHoldings bounds what the portal page shows of one person: AWS has 3,000 accounts an instance at most.
const maxHoldings = 20_000

// Options are what the service is given.
type Options struct {
	Store *store.Store
	Ring  *keys.Ring
	Clock *sys.Clock
	Log   *slog.Logger
}

// Service is the portal.
type Service struct{ Options }

// New makes the service.
func New(options Options) *Service { return &Service{options} }

// Handlers are the operations of the service.
func (s *Service) Handlers() []api.Handler {
	return []api.Handler{
		api.GetRoleCredentials.Handle(s.GetRoleCredentials),
		api.ListAccountRoles.Handle(s.ListAccountRoles),
		api.ListAccounts.Handle(s.ListAccounts),
		api.Logout.Handle(s.Logout),
	}
}

var noAccess = fault.Forbidden.Refuse("No access")

// enter lets in the bearer of an access token that is good for the portal.
func (s *Service) enter(ctx context.Context, accessToken string) (creds.Bearer, error) {
	bearer, err := creds.Authenticate(ctx, s.Store, s.Ring, accessToken)
	if err == nil && !bearer.GrantsPortalAccess() {
		err = fault.Unauthorized.Refuse("Session token not found or invalid: it lacks the scope sso:account:access").
			Because("the token has the scopes %q", bearer.Token.Scopes)
	}
	return bearer, err
}

// ListAccounts lists the accounts in which the person holds a role, by id.
func (s *Service) ListAccounts(ctx context.Context, caller api.Caller, in *api.ListAccountsRequest) (*api.ListAccountsResponse, error) {
	bearer, err := s.enter(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	p, err := s.openPage(bearer, page.Request{Operation: api.ListAccounts.Operation, Size: in.MaxResults, Token: in.NextToken})
	if err != nil {
		return nil, err
	}
	var accounts []store.Account
	err = s.Store.Look(ctx, func(tx *store.Tx) (err error) {
		accounts, err = tx.AssignedAccounts(bearer.User.UserID, p.At(0), p.Limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListAccountsResponse{AccountList: []api.AccountInfo{}}
	accounts, out.NextToken = page.Cut(p, accounts, func(a store.Account) []string { return []string{a.AccountID} })
	for _, account := range accounts {
		out.AccountList = append(out.AccountList, api.AccountInfo{
			AccountID: account.AccountID, AccountName: account.Name, EmailAddress: account.Email,
		})
	}
	return out, nil
}

// ListAccountRoles lists the roles that the person holds in an account, by name. An account in which they hold none, or that does not
// exist, has an empty list.
func (s *Service) ListAccountRoles(ctx context.Context, caller api.Caller, in *api.ListAccountRolesRequest) (*api.ListAccountRolesResponse, error) {
	bearer, err := s.enter(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := checkAccountID(in.AccountID); err != nil {
		return nil, err
	}
	p, err := s.openPage(bearer, page.Request{
		Operation: api.ListAccountRoles.Operation, Of: []string{in.AccountID}, Size: in.MaxResults, Token: in.NextToken,
	})
	if err != nil {
		return nil, err
	}
	var roles []string
	err = s.Store.Look(ctx, func(tx *store.Tx) (err error) {
		roles, err = tx.AssignedRoles(bearer.User.UserID, in.AccountID, p.At(0), p.Limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListAccountRolesResponse{RoleList: []api.RoleInfo{}}
	roles, out.NextToken = page.Cut(p, roles, func(name string) []string { return []string{name} })
	for _, role := range roles {
		out.RoleList = append(out.RoleList, api.RoleInfo{RoleName: role, AccountID: in.AccountID})
	}
	return out, nil
}

// GetRoleCredentials vends credentials of a role that the person holds in an account. It answers alike for a role that does not exist and
// for one that is not theirs.
func (s *Service) GetRoleCredentials(ctx context.Context, caller api.Caller, in *api.GetRoleCredentialsRequest) (*api.GetRoleCredentialsResponse, error) {
	bearer, err := s.enter(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := checkAccountID(in.AccountID); err != nil {
		return nil, err
	}
	var set store.PermissionSet
	err = s.Store.Recall(ctx, func(tx *store.Tx) error {
		var held bool
		if set, held, err = tx.AssignedRole(bearer.User.UserID, in.AccountID, in.RoleName); err == nil && !held {
			err = noAccess.Because("user %s holds no role of that name in account %s", bearer.User.UserID, in.AccountID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	vended := creds.VendRole(s.Ring, creds.Role{
		Kind:          creds.PortalRole,
		Account:       in.AccountID,
		RoleName:      creds.ReservedRoleName(set.Name, set.PermissionSetID, in.AccountID),
		SessionName:   creds.SessionName(bearer.User.UserName),
		UserID:        bearer.User.UserID,
		UserSessionID: bearer.Session.SessionID,
		IssuedAt:      now.UnixMilli(),
		ExpiresAt:     now.Add(time.Duration(set.SessionDurationS) * time.Second).UnixMilli(),
	})
	s.Log.LogAttrs(ctx, slog.LevelInfo, "RoleCredentialsVended", slog.String("user", bearer.User.UserID),
		slog.String("account", in.AccountID), slog.String("role", set.Name), slog.String("access_key_id", vended.AccessKeyID))
	return &api.GetRoleCredentialsResponse{RoleCredentials: api.RoleCredentials{
		AccessKeyID: vended.AccessKeyID, SecretAccessKey: vended.SecretAccessKey, SessionToken: vended.SessionToken,
		Expiration: vended.ExpiresAt,
	}}, nil
}

// Logout ends the session behind an access token, and with it every token of the session. Any live token of a session may end it.
func (s *Service) Logout(ctx context.Context, caller api.Caller, in *api.LogoutRequest) (*api.LogoutResponse, error) {
	bearer, err := creds.Authenticate(ctx, s.Store, s.Ring, in.AccessToken)
	if err != nil {
		return nil, err
	}
	err = audit.Change(ctx, s.Store, s.Log, caller, func(tx *store.Tx) (audit.Event, error) {
		revoked, err := tx.RevokeSession(bearer.Session.SessionID, "logout")
		if err != nil || !revoked { // a logout that came at the same time may have been first
			return audit.Event{}, err
		}
		return audit.Event{
			Name: audit.SessionRevoked, UserID: bearer.User.UserID, ClientID: bearer.Session.ClientID, SessionID: bearer.Session.SessionID,
			Detail: "logout",
		}, nil
	})
	return &api.LogoutResponse{}, err
}

// Holdings are the accounts of a person with the roles held in each, for the portal page.
func (s *Service) Holdings(ctx context.Context, userID string) (holdings []AccountHolding, err error) {
	var rows []store.Holding
	err = s.Store.Look(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Holdings(userID, maxHoldings)
		return err
	})
	for _, row := range rows {
		if last := len(holdings) - 1; last < 0 || holdings[last].Account != row.Account {
			holdings = append(holdings, AccountHolding{Account: row.Account})
		}
		last := &holdings[len(holdings)-1]
		last.Roles = append(last.Roles, Role{
			Name: row.PermissionSet.Name, Description: row.PermissionSet.Description,
			Session: time.Duration(row.PermissionSet.SessionDurationS) * time.Second,
		})
	}
	return holdings, err
}

// AccountHolding is an account with the roles that a person holds there.
type AccountHolding struct {
	Account store.Account
	Roles   []Role
}

// Role is a permission set as a person sees it.
type Role struct {
	Name        string
	Description string
	Session     time.Duration // how long its credentials live
}

var accountID = sys.Pattern(`^[0-9]{12}$`)

func checkAccountID(id string) error {
	if !accountID().MatchString(id) {
		return fault.InvalidRequest.Refuse("account_id must be 12 digits")
	}
	return nil
}

var badToken = fault.InvalidRequest.Refuse("next_token is not one that this list gave out: start the list again")

// openPage reads where a list of a person goes on.
func (s *Service) openPage(bearer creds.Bearer, r page.Request) (page.Page, error) {
	r.Of = append([]string{bearer.User.UserID}, r.Of...)
	p, err := page.Open(s.Ring, r)
	if err != nil {
		return p, badToken.Because("%v", err)
	}
	return p, nil
}
