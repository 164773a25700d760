package token

import (
	"context"
	"slices"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/assertion"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/policy"
	"sallyport/internal/shellwords"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

// applicationGrant is one way for an application to get a token. As with grant, what all have in common is a phase of CreateTokenWithIAM.
type applicationGrant struct {
	Type oauth.GrantType
	// Silent grants say nothing of the person: no ID token and no context.
	Silent bool
	// Check refuses what is missing from the request, or says what it cannot.
	Check func(in *api.CreateTokenWithIAMRequest) error
	// Read reads what Verify needs, together with the application. It refuses nothing, because who calls is not known yet. It may be nil.
	Read func(s *Service, tx *store.Tx, r *applicationRequest) error
	// Verify makes the checks that may ask the network, and so must not be in a transaction. It may be nil.
	Verify func(ctx context.Context, s *Service, r *applicationRequest) error
	// Foresee asks of the transaction what Redeem is going to ask first, so that the questions travel together (store.Foresee). Every grant has one.
	Foresee func(s *Service, tx *store.Tx, r *applicationRequest) error
	// Remembered grants ask in Redeem for what nodes remember, and then only add rows, by the rules of store.UpdateFromMemory.
	Remembered bool
	// Redeem spends what the application sent and returns the session that the tokens are for.
	Redeem func(ctx context.Context, s *Service, tx *store.Tx, r *applicationRequest) (issue, error)
}

// applicationGrants is the table of what CreateTokenWithIAM takes.
var applicationGrants = []applicationGrant{applicationCodeGrant, applicationRefreshGrant, jwtBearerGrant, tokenExchangeGrant}

// applicationRequest is a request of CreateTokenWithIAM on its way through the phases.
type applicationRequest struct {
	*api.CreateTokenWithIAMRequest
	redemption
	app    application
	access policy.Access // who calls, and what their own policies say
	// refreshable tells whether the answer has a refresh token.
	refreshable bool

	peeked    assertion.Peeked // the assertion, before it is verified
	peekError error
	issuer    store.TrustedTokenIssuer // that signs as peeked; empty when there is none
	claims    assertion.Claims
	attribute string // value that names the person in the directory
}

var (
	applicationUnknown = fault.InvalidClient.Refuse("clientId is not the ARN of an application that is enabled here")
	grantNotOffered    = fault.UnsupportedGrantType.Refuse("grantType must be authorization_code, refresh_token, " +
		string(oauth.GrantJWTBearer) + " or " + string(oauth.GrantTokenExchange))
)

// CreateTokenWithIAM redeems a grant for an application. Its phases run in this order for every grant: Region, application, caller, rate,
// encryption key, grant, members, scopes, verification, redemption with assignment, minting. What is configured is read once before
// anything is decided. In the transaction that issues it is read again, and decided again where it has changed.
func (s *Service) CreateTokenWithIAM(ctx context.Context, caller api.Caller, in *api.CreateTokenWithIAMRequest) (*api.CreateTokenWithIAMResponse, error) {
	if err := s.checkRegion(ctx, caller.Signer); err != nil {
		return nil, err
	}
	g := findApplicationGrant(in.GrantType)
	r := &applicationRequest{CreateTokenWithIAMRequest: in, redemption: redemption{caller: caller, grant: g.Type, remembered: g.Remembered}}
	if err := s.readRequest(ctx, r, g); err != nil {
		return nil, err
	}
	if err := s.permit(ctx, r); err != nil {
		return nil, err
	}
	if err := s.checkRate(ctx, r, g); err != nil {
		return nil, err
	}
	if err := s.checkEncryption(ctx); err != nil {
		return nil, err
	}
	if err := s.settle(ctx, r, g); err != nil {
		return nil, err
	}
	if g.Verify != nil {
		if err := g.Verify(ctx, s, r); err != nil {
			return nil, err
		}
	}
	issued, err := s.redeemForApplication(ctx, r, g)
	if err != nil {
		return nil, err
	}
	return s.mintForApplication(ctx, r, g, issued)
}

// findApplicationGrant returns the entry of the table, an empty one for a name that is not in it.
func findApplicationGrant(name string) applicationGrant {
	i := slices.IndexFunc(applicationGrants, func(g applicationGrant) bool { return string(g.Type) == name })
	if i < 0 {
		return applicationGrant{}
	}
	return applicationGrants[i]
}

// readRequest reads the application and what the grant needs. It may be from memory: the transaction looks again at what it rests on.
func (s *Service) readRequest(ctx context.Context, r *applicationRequest, g applicationGrant) error {
	checks := trace.From(ctx)
	name, err := arn.ParseApplication(r.ClientID)
	if err != nil {
		checks.Fail("application", "clientId is not the ARN of an application")
		checks.Fix("aws sso-admin list-applications --instance-arn %s", arn.Instance{InstanceID: s.StartURLs.InstanceID})
		return applicationUnknown.Because("%v", err)
	}
	found := false
	err = s.Store.Recall(ctx, func(tx *store.Tx) (err error) {
		if r.app, found, err = readApplication(tx, name); err != nil || !found {
			return err
		}
		if r.access, err = s.Access(ctx, tx, r.caller); err != nil || g.Read == nil {
			return err
		}
		return g.Read(s, tx, r)
	})
	if err == nil && !found {
		checks.Fail("application", "there is no %s", name)
		checks.Fix("aws sso-admin list-applications --instance-arn %s", arn.Instance{InstanceID: s.StartURLs.InstanceID})
		return applicationUnknown.Because("there is no such application")
	}
	return err
}

// checkRate holds an application, and the bearers of assertions together, to the rates of the settings (AWS: quotas of IAM Identity Center).
// Who may not act for an application does not use up what it has.
func (s *Service) checkRate(ctx context.Context, r *applicationRequest, g applicationGrant) error {
	checks, now := trace.From(ctx), s.Clock.Now()
	if !s.applicationRate.allow(r.app.ApplicationID, now) {
		checks.Fail("rate", "more than %g requests a second for the application", s.ApplicationRate)
		return slowDown
	}
	if g.Type == jwtBearerGrant.Type && !s.assertionRate.allow(r.app.InstanceID, now) {
		checks.Fail("rate", "more than %g assertions a second for the instance", s.AssertionRate)
		return slowDown
	}
	return nil
}

// settle decides what the request may be about: the grant, its members, the scopes.
func (s *Service) settle(ctx context.Context, r *applicationRequest, g applicationGrant) error {
	checks := trace.From(ctx)
	if g.Type == "" {
		checks.Fail("grant", "%s is no grant of this operation", trace.Digest(r.GrantType))
		return grantNotOffered
	}
	client := s.client(r.app)
	if !client.allows(g.Type) {
		checks.Fail("grant", "the application does not have %s", g.Type)
		r.fixGrant(checks, g.Type, grantExamples[g.Type])
		return fault.UnauthorizedClient.Refuse("The application is not configured for the grant " + string(g.Type))
	}
	checks.Pass("grant", "%s", g.Type)
	r.client = authenticatedClient{client}
	r.refreshable = client.refreshable()
	r.admits = func(tx *store.Tx, user store.User) error { return checkAssignment(ctx, tx, r.app, user) }
	if err := g.Check(r.CreateTokenWithIAMRequest); err != nil {
		checks.Fail("members", "%v", err)
		return err
	}
	return r.askScopes(checks)
}

// fixGrant names the command that gives the application a grant, or another configuration of one.
func (r *applicationRequest) fixGrant(checks *trace.Trace, grant oauth.GrantType, configuration string) {
	checks.Fix("aws sso-admin put-application-grant --application-arn %s --grant-type %s --grant %s", r.app.ARN(), grant, shellwords.Quote(configuration))
}

// grantExamples are configurations of grants, for commands that add one. What has to be put in by hand is nothing that the operation takes, so
// that whoever forgets to changes nothing.
var grantExamples = map[oauth.GrantType]string{
	oauth.GrantAuthorizationCode: `{"AuthorizationCode":{"RedirectUris":["address of the application"]}}`,
	oauth.GrantRefreshToken:      `{"RefreshToken":{}}`,
	oauth.GrantTokenExchange:     `{"TokenExchange":{}}`,
	oauth.GrantJWTBearer: `{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":"ARN of the issuer",` +
		`"AuthorizedAudiences":["audience of the assertions"]}]}}`,
}

// askScopes reads the scopes that the request names, each of which the application has to have.
func (r *applicationRequest) askScopes(checks *trace.Trace) (err error) {
	if r.scopes, err = oauth.ParseScopes(r.Scope); err != nil {
		checks.Fail("scopes", "%v", err)
		return fault.InvalidScope.Refuse(err.Error())
	}
	for _, scope := range r.scopes {
		if r.client.Scopes.Contains(scope) {
			continue
		}
		if slices.ContainsFunc(r.app.Scopes, func(row store.ApplicationScope) bool { return row.Scope == string(scope) }) {
			checks.Fail("scopes", "%s is for applications of the organization's own instance", scope)
		} else {
			checks.Fail("scopes", "the application does not have the scope %s", scope)
			checks.Fix("aws sso-admin put-application-access-scope --application-arn %s --scope %s", r.app.ARN(), scope)
		}
		return fault.InvalidScope.Refuse("scope asks for more than the application is configured for")
	}
	checks.Pass("scopes", "%d asked for, %d configured", len(r.scopes), len(r.client.Scopes))
	return nil
}

// checkAssignment refuses who is not assigned to an application that asks for it, by themselves or by a group.
func checkAssignment(ctx context.Context, tx *store.Tx, app application, user store.User) error {
	checks := trace.From(ctx)
	if !app.AssignmentRequired {
		checks.Pass("assignment", "the application asks for none")
		return nil
	}
	assigned, err := tx.AssignedToApplication(app.ApplicationID, user.UserID)
	if err != nil {
		return err
	}
	if !assigned {
		checks.Fail("assignment", "user %s is not assigned to the application, nor is a group of theirs", user.UserID)
		checks.Fix("aws sso-admin create-application-assignment --application-arn %s --principal-type USER --principal-id %s", app.ARN(), user.UserID)
		return fault.AccessDenied.Refuse("The person is not assigned to the application: ask your administrator").
			Because("user %s is not assigned to application %s", user.UserID, app.ApplicationID)
	}
	checks.Pass("assignment", "user %s is assigned", user.UserID)
	return nil
}

// redeemForApplication redeems the grant. Where what is configured has changed since it was read, it is decided about once more.
func (s *Service) redeemForApplication(ctx context.Context, r *applicationRequest, g applicationGrant) (issue, error) {
	name, decided := r.app.name(), r.app // what the decisions so far rest on; the transaction may run more than once
	return s.redeem(ctx, &r.redemption, func(tx *store.Tx) (issue, error) {
		err := tx.Foresee(func(tx *store.Tx) error {
			if _, _, err := readApplication(tx, name); err != nil {
				return err
			}
			return g.Foresee(s, tx, r)
		})
		if err != nil {
			return issue{}, err
		}
		now, found, err := readApplication(tx, name)
		switch {
		case err != nil:
			return issue{}, err
		case !found:
			return issue{}, applicationUnknown.Because("application %s was deleted meanwhile", name.ApplicationID)
		case !now.equal(decided):
			r.app, decided = now, application{} // nothing, until all is decided anew
			if err := s.permit(ctx, r); err != nil {
				return issue{}, err
			}
			if err := s.settle(ctx, r, g); err != nil {
				return issue{}, err
			}
			decided = now
		}
		return g.Redeem(ctx, s, tx, r)
	})
}
