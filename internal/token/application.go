package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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

// grantDocument is what the configuration of a grant says, as far as it says anything (sso-admin: Grant).
type grantDocument struct {
	AuthorizationCode struct {
		RedirectURIs []string `json:"RedirectUris"`
	}
	JWTBearer struct {
		AuthorizedTokenIssuers []authorizedIssuer
	} `json:"JwtBearer"`
}

// authorizedIssuer is an issuer whose assertions an application takes, when they are made for one of the audiences.
type authorizedIssuer struct {
	IssuerARN string   `json:"TrustedTokenIssuerArn"`
	Audiences []string `json:"AuthorizedAudiences"`
}

// grant returns the configuration of a grant, an empty one where there is none.
func (a application) grant(t oauth.GrantType) (document grantDocument, err error) {
	for _, row := range a.Grants {
		if row.GrantType != string(t) {
			continue
		}
		if err := json.Unmarshal([]byte(row.Document), &document); err != nil {
			return grantDocument{}, fmt.Errorf("read the grant %s of application %s: %w", t, a.ApplicationID, err)
		}
	}
	return document, nil
}

// grantsReadAtMost bounds the grants of which it is known whether they can be read. Installations have some hundreds, of a few kilobytes at most.
const grantsReadAtMost = 1000

// grantsRead keeps whether documents of grants can be read: they come with every request. It is safe for use by many goroutines.
type grantsRead struct {
	known sync.Map // store.ApplicationGrant to bool
	count atomic.Int64
}

// holds reports whether a stored grant says what one of its type says. One that cannot be read is none.
func (s *Service) holds(row store.ApplicationGrant) bool {
	if holds, known := s.grants.known.Load(row); known {
		return holds.(bool)
	}
	_, err := row.Grant()
	s.Store.NoteUnreadable(err)
	if s.grants.count.Add(1) > grantsReadAtMost {
		s.grants.known.Clear()
		s.grants.count.Store(0)
	}
	s.grants.known.Store(row, err == nil)
	return err == nil
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
func (s *Service) client(a application) (Client, error) {
	c := Client{
		registration: registration{
			ID: a.ApplicationID, Name: a.Name, Scopes: s.allowedScopes(a), CreatedAt: time.UnixMilli(a.CreatedAt).UTC(),
		},
		Text: a.ARN(), ApplicationID: a.ApplicationID,
	}
	for _, row := range a.Grants {
		if s.holds(row) {
			c.GrantTypes = append(c.GrantTypes, oauth.GrantType(row.GrantType))
		}
	}
	if !c.allows(oauth.GrantAuthorizationCode) {
		return c, nil
	}
	document, err := a.grant(oauth.GrantAuthorizationCode)
	if err != nil {
		return Client{}, err
	}
	for _, text := range document.AuthorizationCode.RedirectURIs {
		if uri, err := oauth.ParseRedirectURI(text); err == nil {
			c.RedirectURIs = append(c.RedirectURIs, uri)
		}
	}
	return c, nil
}

// instanceAccount is the account that the instance of the application belongs to.
func (s *Service) instanceAccount(a application) string {
	if a.InstanceID == s.StartURLs.InstanceID {
		return s.OwnerAccountID
	}
	return a.AccountID // an account's own instance
}
