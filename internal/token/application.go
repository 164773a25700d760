package token

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// application is an application with what is configured for it, as of one reading. Everything in it can be compared, so that whoever decides
// twice sees whether anything changed in between.
type application struct {
	store.ConfiguredApplication
}

// readApplication finds the application of exactly that name: its account and its instance are parts of the name.
func readApplication(tx *store.Tx, name arn.Application) (a application, found bool, err error) {
	if a.ConfiguredApplication, found, err = tx.ConfiguredApplication(name.ApplicationID); err != nil || !found || a.name() != name {
		return application{}, false, err
	}
	return a, true, nil
}

func (a application) name() arn.Application {
	return arn.Application{Account: a.AccountID, InstanceID: a.InstanceID, ApplicationID: a.ApplicationID}
}

func (a application) equal(b application) bool {
	return a.Application == b.Application && slices.Equal(a.Grants, b.Grants) && slices.Equal(a.Scopes, b.Scopes)
}

// grantsReadAtMost bounds the grants that are kept as they were read. Installations have some hundreds, of a few kilobytes at most.
const grantsReadAtMost = 1000

// grantsRead keeps what stored grants say: they come with every request. It is safe for use by many goroutines.
type grantsRead struct {
	known sync.Map // store.ApplicationGrant to *api.Grant, nil for one that cannot be read
	count atomic.Int64
}

// readGrant returns what a stored grant says, which nobody may change, or nil when it cannot be read. Such a grant is none.
func (s *Service) readGrant(row store.ApplicationGrant) *api.Grant {
	if known, found := s.grants.known.Load(row); found {
		return known.(*api.Grant)
	}
	says := (*api.Grant)(nil)
	grant, err := row.Grant()
	if err == nil {
		says = &grant
	}
	s.Store.NoteUnreadable(err)
	if s.grants.count.Add(1) > grantsReadAtMost {
		s.grants.known.Clear()
		s.grants.count.Store(0)
	}
	s.grants.known.Store(row, says)
	return says
}

// authorizedIssuers are those whose assertions the application takes, when they are made for one of the audiences.
func (s *Service) authorizedIssuers(a application) []api.AuthorizedTokenIssuer {
	for _, row := range a.Grants {
		if grant := s.readGrant(row); grant != nil && grant.JWTBearer != nil && row.GrantType == string(oauth.GrantJWTBearer) {
			return grant.JWTBearer.AuthorizedTokenIssuers
		}
	}
	return nil
}

// targets are the applications that may exchange a token with the scope: those that the scope names, one by one or all of the instance. A
// scope that names none is good for many things, and not for that.
func (a application) targets(scope oauth.Scope) ([]string, error) {
	for _, row := range a.Scopes {
		if row.Scope == string(scope) {
			return row.ReadTargets()
		}
	}
	return nil, nil
}

// defaultScopes are those that every application has (AWS: CreateTokenWithIAM).
var defaultScopes = oauth.Scopes{oauth.ScopeOpenID, oauth.ScopeAWS, oauth.ScopeIdentityContext}

// allowedScopes are all that a token of the application may have. Accounts belong to the organisation, so only applications of its own
// instance open them.
func (s *Service) allowedScopes(a application) oauth.Scopes {
	allowed := slices.Clone(defaultScopes)
	for _, row := range a.Scopes {
		scope := oauth.Scope(row.Scope)
		if scope == oauth.ScopeAccountAccess && a.InstanceID != s.StartURLs.InstanceID || allowed.Contains(scope) {
			continue
		}
		allowed = append(allowed, scope)
	}
	return allowed
}

// client is the application as a client. Redirect URIs that ours may not be lead nowhere.
func (s *Service) client(a application) Client {
	c := Client{
		registration: registration{
			ID: a.ApplicationID, Name: a.Name, Scopes: s.allowedScopes(a), CreatedAt: time.UnixMilli(a.CreatedAt).UTC(),
		},
		Text: a.ARN(), ApplicationID: a.ApplicationID,
	}
	for _, row := range a.Grants {
		grant := s.readGrant(row)
		if grant == nil {
			continue
		}
		c.GrantTypes = append(c.GrantTypes, oauth.GrantType(row.GrantType))
		if row.GrantType != string(oauth.GrantAuthorizationCode) {
			continue
		}
		for _, text := range grant.AuthorizationCode.RedirectURIs {
			if uri, err := oauth.ParseRedirectURI(text); err == nil {
				c.RedirectURIs = append(c.RedirectURIs, uri)
			}
		}
	}
	return c
}

// instanceAccount is the account that the instance of the application belongs to.
func (s *Service) instanceAccount(a application) string {
	if a.InstanceID == s.StartURLs.InstanceID {
		return s.OwnerAccountID
	}
	return a.AccountID // an account's own instance
}
