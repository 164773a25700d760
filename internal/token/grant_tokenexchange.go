package token

import (
	"context"
	"slices"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/trace"
)

// tokenExchangeGrant redeems the access token that a person has at another application (RFC 8693 §2.1). What comes of it is a session of its
// own that hangs on the one that the token belongs to: it ends with it, and goes no further than it.
var tokenExchangeGrant = applicationGrant{
	Type:  oauth.GrantTokenExchange,
	Check: checkExchange,
	Foresee: func(s *Service, tx *store.Tx, r *applicationRequest) error {
		token, _ := creds.OpenAccess(s.Ring, r.SubjectToken)
		_, _, _, err := tx.SessionAndUser(token.SessionID)
		return err
	},
	Redeem: redeemSubject,
}

func checkExchange(in *api.CreateTokenWithIAMRequest) error {
	if err := require("subjectToken", in.SubjectToken, "subjectTokenType", in.SubjectTokenType); err != nil {
		return err
	}
	if in.SubjectTokenType != string(oauth.TokenTypeAccessToken) {
		return fault.InvalidRequest.Refuse("subjectTokenType must be " + string(oauth.TokenTypeAccessToken))
	}
	switch oauth.TokenType(in.RequestedTokenType) {
	case "", oauth.TokenTypeAccessToken, oauth.TokenTypeRefreshToken:
		return nil
	}
	return fault.InvalidRequest.Refuse("requestedTokenType must be " + string(oauth.TokenTypeAccessToken) + " or " + string(oauth.TokenTypeRefreshToken))
}

var (
	// subjectUnknown is the one answer for tokens that do not open, have expired or were revoked.
	subjectUnknown = fault.InvalidGrant.Refuse("subjectToken is not an access token that holds here: it may have expired, or its session has ended")
	subjectOwn     = fault.InvalidGrant.Refuse("subjectToken was issued to the application itself: exchange the token of another client")
	subjectNotOurs = fault.InvalidGrant.Refuse("subjectToken is not for this application: one of its scopes has to name the application as a target")
	subjectMayNot  = fault.InvalidGrant.Refuse("subjectToken may be exchanged by another party only: its may_act names somebody else")
	tooManyActors  = fault.InvalidGrant.Refuse("subjectToken came of too many exchanges: begin with a new sign-in")
)

func redeemSubject(ctx context.Context, s *Service, tx *store.Tx, r *applicationRequest) (issue, error) {
	checks := trace.From(ctx).Group("subject token")
	if r.refreshable = r.RequestedTokenType == string(oauth.TokenTypeRefreshToken); r.refreshable && !r.client.refreshable() {
		checks.Fail("requested token", "the application does not have the grant %s", oauth.GrantRefreshToken)
		r.fixGrant(checks, oauth.GrantRefreshToken, grantExamples[oauth.GrantRefreshToken])
		return issue{}, fault.UnauthorizedClient.Refuse("The application is not configured for refresh tokens: leave requestedTokenType out")
	}
	subject, err := s.openSubject(checks, tx, r)
	if err != nil {
		return issue{}, err
	}
	acting, err := s.checkActor(checks, r, subject)
	if err != nil {
		return issue{}, err
	}
	if err := r.admit(tx, subject.user); err != nil {
		return issue{}, err
	}
	// A scope that the subject token lacks is left out, not refused: what is asked for is what the application would have (RFC 8693 §2.2.1).
	asked := r.scopes
	if len(asked) == 0 {
		asked = r.client.Scopes
	}
	scopes := asked.Intersect(subject.scopes)
	if len(scopes) == 0 {
		checks.Fail("scopes", "none of the %d scopes of the subject token is among the %d asked for", len(subject.scopes), len(asked))
		return issue{}, fault.InvalidScope.Refuse("subjectToken has none of the scopes asked for")
	}
	session, err := s.begin(tx, &r.redemption, granted{
		sessionID: sys.NewID(tx.Now), userID: subject.user.UserID, signInID: subject.session.SignInID, authTime: subject.session.AuthTime,
		scopes: scopes.String(), refreshable: r.refreshable, endsBy: subject.session.EndsAt, actor: acting.String(), mayAct: subject.session.MayAct,
		issuerID: subject.session.IssuerID, parentSessionID: subject.session.SessionID,
	})
	return issue{session: session, scopes: scopes, user: subject.user}, err
}

// subject is a subject token that holds, with what it belongs to.
type subject struct {
	session store.Session
	user    store.User
	scopes  oauth.Scopes // of the token
	client  string       // whom it was issued to, as others know it
}

// openSubject reads the subject token, and whether the client that it was issued to meant it for this application. All that the token
// itself says is looked up again in the session: status is read where it is used.
func (s *Service) openSubject(checks *trace.Trace, tx *store.Tx, r *applicationRequest) (subject, error) {
	token, ok := creds.OpenAccess(s.Ring, r.SubjectToken)
	if !ok {
		checks.Fail("form", "it is no access token of this server")
		return subject{}, subjectUnknown.Because("the token does not open")
	}
	session, user, found, err := tx.SessionAndUser(token.SessionID)
	if err != nil {
		return subject{}, err
	}
	if why := subjectEnded(tx, token, session, user, found); why != "" {
		checks.Fail("holds", "%s", why)
		if err := fixHolder(checks, tx, session); err != nil {
			return subject{}, err
		}
		return subject{}, subjectUnknown.Because("%s", why)
	}
	checks.Pass("holds", "it is of session %s", session.SessionID)
	if session.ClientID == r.client.ID {
		checks.Fail("issued to", "the application itself")
		return subject{}, subjectOwn
	}
	its := subject{session: session, user: user, scopes: oauth.ReadScopes(token.Scopes)}
	if its.client, err = checkTarget(checks, tx, r, its); err != nil {
		return subject{}, err
	}
	return its, nil
}

// subjectEnded says why a subject token does not hold, or nothing. The session has to last long enough to promise something.
func subjectEnded(tx *store.Tx, token creds.AccessToken, session store.Session, user store.User, found bool) string {
	switch {
	case !found:
		return "its session is unknown"
	case tx.Millis() >= token.ExpiresAt:
		return "it has expired"
	case !session.ClientStands():
		return "its application, or one whose token was exchanged for it, is disabled or gone"
	case !session.Live(tx) || time.Duration(session.EndsAt-tx.Millis())*time.Millisecond < time.Second:
		return "its session has ended " + session.RevokedBecause
	case !user.Enabled():
		return "its user is disabled"
	}
	return ""
}

// fixHolder names the command that enables the application whose token it is, if that is disabled. An empty session has none.
func fixHolder(checks *trace.Trace, tx *store.Tx, session store.Session) error {
	holder, found, err := tx.Application(session.ApplicationID)
	if found && holder.Status != store.StatusEnabled {
		fixStatus(checks, application{store.ConfiguredApplication{Application: holder}})
	}
	return err
}

// checkTarget asks whether a scope of the subject token names this application, and returns who has the token. Registered clients have
// scopes of which nothing is known here, so theirs name nobody.
func checkTarget(checks *trace.Trace, tx *store.Tx, r *applicationRequest, its subject) (string, error) {
	if its.session.ApplicationID == "" {
		checks.Fail("target", "it is of a registered client, whose scopes name no application")
		return "", subjectNotOurs
	}
	row, found, err := tx.ConfiguredApplication(its.session.ApplicationID)
	if err != nil {
		return "", err
	}
	if !found { // its session would have ended with it
		return "", subjectUnknown.Because("application %s is gone", its.session.ApplicationID)
	}
	holder := application{row}
	for _, scope := range its.scopes {
		targets, err := holder.targets(scope)
		if err != nil {
			return "", err
		}
		if slices.Contains(targets, r.app.ARN()) || slices.Contains(targets, arn.Instance{InstanceID: r.app.InstanceID}.String()) {
			checks.Pass("target", "its scope %s names the application", scope)
			return holder.ARN(), nil
		}
	}
	checks.Fail("target", "none of its %d scopes names the application", len(its.scopes))
	if err := fixTarget(checks, holder, its.scopes, r.app.ARN()); err != nil {
		return "", err
	}
	return "", subjectNotOurs
}

// fixTarget names the command that lets a scope of the token name the target besides those that it names already, which
// PutApplicationAccessScope replaces.
func fixTarget(checks *trace.Trace, holder application, scopes oauth.Scopes, target string) error {
	of := func(row store.ApplicationScope) bool { return scopes.Contains(oauth.Scope(row.Scope)) }
	at := slices.IndexFunc(holder.Scopes, of)
	if at < 0 {
		return nil // a token of scopes that every application has: it has to be another token
	}
	scope := oauth.Scope(holder.Scopes[at].Scope)
	targets, err := holder.targets(scope)
	checks.Fix("aws sso-admin put-application-access-scope --application-arn %s --scope %s --authorized-targets %s",
		holder.ARN(), scope, strings.Join(append(targets, target), " "))
	return err
}

// checkActor asks whether this application may act, and returns the chain of actors with the client that had the token at its head.
func (s *Service) checkActor(checks *trace.Trace, r *applicationRequest, its subject) (actor, error) {
	may, err := permits(its.session.MayAct, r.app.ARN(), s.Issuer)
	if err != nil {
		return actor{}, err
	}
	if !may {
		checks.Fail("may_act", "it names another party than the application")
		return actor{}, subjectMayNot
	}
	acting, few, err := actor{Subject: its.client}.behind(its.session.Actor)
	if err != nil {
		return actor{}, err
	}
	if !few {
		checks.Fail("actors", "more than %d", maxActors)
		return actor{}, tooManyActors
	}
	checks.Pass("actors", "%s", acting)
	return acting, nil
}
