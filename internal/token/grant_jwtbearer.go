package token

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/assertion"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/shellwords"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/trace"
)

// jwtBearerGrant redeems what a trusted token issuer says of a person (RFC 7523 §2.1). Whether to believe it is decided outside of the
// transaction, since the issuer's keys may have to be fetched; whom it names, and that it is the first time, inside.
var jwtBearerGrant = applicationGrant{
	Type:   oauth.GrantJWTBearer,
	Check:  func(in *api.CreateTokenWithIAMRequest) error { return require("assertion", in.Assertion) },
	Read:   readIssuer,
	Verify: verifyAssertion,
	Foresee: func(s *Service, tx *store.Tx, r *applicationRequest) error {
		if _, _, err := tx.TrustedTokenIssuer(r.issuer.IssuerID); err != nil {
			return err
		}
		if find, known := attributes[r.issuer.AttributePath]; known {
			_, err := find(tx, r.attribute)
			return err
		}
		return nil
	},
	Remembered: true,
	Redeem:     redeemAssertion,
}

// repeatGrace is how long the same caller gets the same answer for the same assertion again, which otherwise works once: an answer that was
// lost on its way is not a lost sign-in. SDKs try again within a second or two.
const repeatGrace = 10 * time.Second

// readIssuer finds the issuer that the assertion claims to be from.
func readIssuer(s *Service, tx *store.Tx, r *applicationRequest) error {
	if r.peeked, r.peekError = assertion.Peek(r.Assertion); r.peekError != nil {
		return nil
	}
	issuers, err := tx.TrustedTokenIssuersByURL(r.app.InstanceID, r.peeked.Issuer)
	if err == nil && len(issuers) > 0 {
		r.issuer = issuers[0]
	}
	return err
}

// issuerNotTrusted is the one answer for issuers that nobody knows and for those that the application does not take.
var issuerNotTrusted = fault.InvalidGrant.Refuse("The assertion is not from an issuer that the application trusts: its iss has to be the URL of a " +
	"trusted token issuer of the application's grant, letter by letter")

// verifyAssertion decides whether the assertion is what the issuer said, for the application, and takes from it what names the person.
func verifyAssertion(ctx context.Context, s *Service, r *applicationRequest) error {
	checks := trace.From(ctx).Group("assertion")
	if r.peekError != nil {
		checks.Fail(assertion.Malformed.String(), "%v", r.peekError)
		return fault.InvalidGrant.Refuse(r.peekError.Error())
	}
	audiences, err := s.authorizedAudiences(checks, r)
	if err != nil {
		return err
	}
	ctx = trace.Into(ctx, checks)
	r.claims, err = s.Assertions.VerifyPeeked(ctx, r.peeked,
		assertion.Issuer{URL: r.issuer.URL, JWKS: []byte(r.issuer.JWKS), TrustEmail: s.TrustEmail}, assertion.Expectations{Audiences: audiences})
	refusal := (*assertion.Refusal)(nil)
	if errors.As(err, &refusal) && refusal.Reason == assertion.Audience {
		s.fixAudience(checks, r, refusal.Audiences)
	}
	if err != nil {
		return fault.InvalidGrant.Refuse(err.Error())
	}
	if r.attribute, err = r.claims.Value(ctx, r.issuer.ClaimPath); err != nil {
		if errors.As(err, &refusal) && refusal.Reason == assertion.Claim {
			checks.Fix("aws sso-admin update-trusted-token-issuer --trusted-token-issuer-arn %s --trusted-token-issuer-configuration "+
				"OidcJwtConfiguration={ClaimAttributePath=%s}", r.issuerARN(), anotherClaim)
		}
		return fault.InvalidGrant.Refuse(err.Error())
	}
	return nil
}

// anotherClaim stands in commands for the name of a claim. It is none that the operation takes, so that whoever forgets to put another in its
// place changes nothing.
const anotherClaim = "NAME-OF-A-CLAIM"

func (r *applicationRequest) issuerARN() string {
	return arn.TrustedTokenIssuer{Account: r.issuer.AccountID, InstanceID: r.issuer.InstanceID, IssuerID: r.issuer.IssuerID}.String()
}

// authorizedAudiences are those for which the application takes assertions of the issuer. Our own tokens are nobody's assertions, whatever
// is configured: whoever holds one could use it for another application than the one it was issued to (RFC 8725 §3.12).
func (s *Service) authorizedAudiences(checks *trace.Trace, r *applicationRequest) ([]string, error) {
	switch {
	case r.peeked.Issuer == s.Issuer:
		checks.Fail(assertion.OtherIssuer.String(), "the assertion is a token of this server itself")
		return nil, issuerNotTrusted
	case r.issuer.IssuerID == "":
		checks.Fail(assertion.OtherIssuer.String(), "the instance has no trusted token issuer with the URL %s", r.peeked.Issuer)
		checks.Fix("aws sso-admin create-trusted-token-issuer --instance-arn %s --name 'NAME OF THE ISSUER' --trusted-token-issuer-type OIDC_JWT "+
			"--trusted-token-issuer-configuration %s", arn.Instance{InstanceID: r.app.InstanceID}, shellwords.Quote(issuerConfiguration(r.peeked.Issuer)))
		return nil, issuerNotTrusted
	}
	issuers, name := s.authorizedIssuers(r.app), r.issuerARN()
	i := slices.IndexFunc(issuers, func(a api.AuthorizedTokenIssuer) bool { return a.TrustedTokenIssuerARN == name })
	if i < 0 {
		checks.Fail(assertion.OtherIssuer.String(), "the grant of the application does not name %s", name)
		// Nobody has vouched yet for what the assertion says. The list is for the operator to fill; the operation takes no empty one.
		r.fixIssuers(checks, append(slices.Clip(issuers), api.AuthorizedTokenIssuer{TrustedTokenIssuerARN: name, AuthorizedAudiences: []string{}}))
		return nil, issuerNotTrusted
	}
	return issuers[i].AuthorizedAudiences, nil
}

// fixAudience names the command that has the application take assertions of the issuer for one more audience: the first of those that the
// assertion is for, of which the issuer's signature tells.
func (s *Service) fixAudience(checks *trace.Trace, r *applicationRequest, audiences []string) {
	if len(audiences) == 0 {
		return
	}
	issuers, name := slices.Clone(s.authorizedIssuers(r.app)), r.issuerARN()
	for i := range issuers {
		if issuers[i].TrustedTokenIssuerARN == name {
			issuers[i].AuthorizedAudiences = append(slices.Clip(issuers[i].AuthorizedAudiences), audiences[0])
		}
	}
	r.fixIssuers(checks, issuers)
}

// fixIssuers names the command that makes these the issuers of the grant. PutApplicationGrant replaces all that a grant says, so what it says
// already stands there as well.
func (r *applicationRequest) fixIssuers(checks *trace.Trace, issuers []api.AuthorizedTokenIssuer) {
	grant := store.NewApplicationGrant("", "", api.Grant{JWTBearer: &api.JWTBearerGrant{AuthorizedTokenIssuers: issuers}})
	r.fixGrant(checks, oauth.GrantJWTBearer, grant.Document)
}

// issuerConfiguration is what makes a URL the issuer of a command, in JSON: anybody can have written the URL, and in the short form a comma
// in it would begin the next member.
func issuerConfiguration(url string) string {
	written, err := json.Marshal(url)
	if err != nil {
		panic(err) // a text only: it cannot fail
	}
	return `{"OidcJwtConfiguration":{"IssuerUrl":` + string(written) + `,"ClaimAttributePath":"email",` +
		`"IdentityStoreAttributePath":"emails.value","JwksRetrievalOption":"OPEN_ID_DISCOVERY"}}`
}

// attributes find the people of whom an attribute of the directory has exactly the value, two at most. An issuer that is mapped to anything
// else vouches for nobody (AWS: IdentityStoreAttributePath).
var attributes = map[string]func(tx *store.Tx, value string) ([]store.User, error){
	"userName": func(tx *store.Tx, value string) ([]store.User, error) {
		user, found, err := tx.UserByName(value)
		if err != nil || !found || user.UserName != value {
			return nil, err
		}
		return []store.User{user}, nil
	},
	"emails.value":      (*store.Tx).UsersByEmail,
	"externalIds.value": func(tx *store.Tx, value string) ([]store.User, error) { return tx.UsersByExternalID("", value) },
}

// personUnknown is the one answer for values that nobody has, that two have, and for people who may not sign in.
var personUnknown = fault.InvalidGrant.Refuse("The assertion names nobody, or not exactly one person, whom the directory lets in")

// findPerson finds whom the assertion names.
func findPerson(ctx context.Context, tx *store.Tx, r *applicationRequest) (store.User, error) {
	checks, path := trace.From(ctx), r.issuer.AttributePath
	find, known := attributes[path]
	if !known {
		checks.Fail("user", "the issuer is mapped to the attribute %s, by which nobody is found", path)
		checks.Fix("aws sso-admin update-trusted-token-issuer --trusted-token-issuer-arn %s --trusted-token-issuer-configuration "+
			"OidcJwtConfiguration={IdentityStoreAttributePath=emails.value}", r.issuerARN())
		return store.User{}, personUnknown
	}
	users, err := find(tx, r.attribute)
	if err != nil {
		return store.User{}, err
	}
	if len(users) != 1 {
		checks.Fail("user", "the claim %s is %s, and is the %s of %d users, not of one", r.issuer.ClaimPath, trace.Digest(r.attribute), path, len(users))
		if len(users) == 0 {
			if err := fixNobody(checks, tx, path); err != nil {
				return store.User{}, err
			}
		}
		return store.User{}, personUnknown.Because("%d users match", len(users))
	}
	if !users[0].Enabled() {
		checks.Fail("user", "%s is found by %s, and is %s", users[0].UserID, path, users[0].Status)
		checks.Fix("%s", creds.EnableAdvice(users[0]))
		return store.User{}, personUnknown.Because("user %s is disabled", users[0].UserID)
	}
	checks.Pass("user", "%s is found by %s", users[0].UserID, path)
	return users[0], nil
}

// newcomers are how somebody gets an attribute by which people are found. What the claim says is nobody's to show here, so it is to be put in:
// the operation takes none of these names and addresses, and the directory's file is no command.
var newcomers = map[string]string{
	"userName":     createUser,
	"emails.value": createUser + " --emails 'Value=,Type=work,Primary=true'",
	"externalIds.value": "in the file that sallyport export writes, give the person who is meant externalIds with the value of the claim, " +
		"and have sallyport apply read it",
}

// createUser is what every user has, to be filled in. No user name has spaces.
const createUser = "aws identitystore create-user --identity-store-id %s --user-name 'NAME OF THE USER' --display-name 'NAME OF THE PERSON' " +
	"--name 'GivenName=GIVEN NAME,FamilyName=FAMILY NAME'"

// fixNobody names the command that makes the person of whom the directory does not know.
func fixNobody(checks *trace.Trace, tx *store.Tx, path string) error {
	instance, _, err := tx.Instance()
	checks.Fix("%s", strings.Replace(newcomers[path], "%s", instance.IdentityStoreID, 1))
	return err
}

// stillTrusted asks once more whether the application takes the assertion, by what is configured now: it may have changed while the issuer was
// asked for its keys.
func (s *Service) stillTrusted(ctx context.Context, tx *store.Tx, r *applicationRequest) error {
	issuer, found, err := tx.TrustedTokenIssuer(r.issuer.IssuerID)
	if err != nil {
		return err
	}
	audiences, err := s.authorizedAudiences(trace.From(ctx), r)
	if err != nil {
		return err
	}
	wanted := func(audience string) bool { return slices.Contains(audiences, audience) }
	if !found || issuer != r.issuer || !slices.ContainsFunc(r.claims.Audiences, wanted) {
		return issuerNotTrusted.Because("the issuer, or what is taken from it, changed while the assertion was verified")
	}
	return nil
}

func redeemAssertion(ctx context.Context, s *Service, tx *store.Tx, r *applicationRequest) (issue, error) {
	if err := s.stillTrusted(ctx, tx, r); err != nil {
		return issue{}, err
	}
	user, err := findPerson(ctx, tx, r)
	if err != nil {
		return issue{}, err
	}
	if err := r.admit(tx, user); err != nil {
		return issue{}, err
	}
	scopes, err := r.narrow(r.client.Scopes.String())
	if err != nil {
		return issue{}, err
	}
	replay := r.claims.Replay()
	spending := store.SpentAssertion{
		InputDigest: replay.Input, IDDigest: cmp.Or(replay.ID, replay.Input), RequestDigest: s.requestDigest(r, scopes),
		SessionID: sys.NewID(tx.Now), ExpiresAt: replay.Until.UnixMilli(), IssuedAt: replay.Since.UnixMilli(),
	}
	spent, err := tx.SpendAssertion(spending)
	if err != nil {
		return issue{}, err
	}
	if !spent {
		return s.repeatAssertion(ctx, tx, spending)
	}
	trace.From(ctx).Pass("first use", "remembered until %s", replay.Until.UTC().Format(time.RFC3339))
	session, err := s.begin(tx, &r.redemption, granted{
		sessionID: spending.SessionID, userID: user.UserID, authTime: authTime(r.claims, tx.Now), scopes: scopes.String(),
		refreshable: r.refreshable, issuerID: r.issuer.IssuerID, actor: actor{Subject: r.issuerARN()}.String(), mayAct: mayAct(r.claims),
	})
	return issue{session: session, scopes: scopes, user: user, slack: repeatGrace}, err
}

// requestDigest tells requests with the same assertion apart: only who asked first, for the same, is answered again.
func (s *Service) requestDigest(r *applicationRequest, scopes oauth.Scopes) string {
	return s.Ring.Digest("assertion-request", strings.Join([]string{r.caller.Signer.ARN, r.app.ApplicationID, scopes.String()}, "\n"))
}

var assertionSpent = fault.InvalidGrant.Refuse("The assertion was used already: get a new one from its issuer")

// repeatAssertion answers again, with the same bytes, or refuses. An answer that was refreshed since has arrived.
func (s *Service) repeatAssertion(ctx context.Context, tx *store.Tx, again store.SpentAssertion) (issue, error) {
	checks := trace.From(ctx)
	before, found, err := tx.SpentAssertion(again.InputDigest)
	if err != nil {
		return issue{}, err
	}
	if !found {
		checks.Fail("first use", "another assertion of the same jti was used before, or the database was restored from a backup since")
		return issue{}, assertionSpent.Because("the jti was used before, or the database was restored since")
	}
	if age := time.Duration(tx.Millis()-before.SpentAt) * time.Millisecond; before.RequestDigest != again.RequestDigest || age > repeatGrace {
		checks.Fail("first use", "the assertion was used %s ago, by the same caller for the same: %v", age, before.RequestDigest == again.RequestDigest)
		return issue{}, assertionSpent.Because("it began session %s", before.SessionID)
	}
	session, user, found, err := tx.SessionAndUser(before.SessionID)
	if err != nil {
		return issue{}, err
	}
	if !found || !session.Live(tx) || session.Generation != 1 {
		checks.Fail("first use", "the assertion was used, and its session has ended or gone on")
		return issue{}, assertionSpent.Because("session %s has ended or gone on", before.SessionID)
	}
	checks.Note("first use", "the answer of a moment ago is given again")
	return issue{session: session, scopes: oauth.ReadScopes(session.Scopes), user: user, slack: repeatGrace}, nil
}

// wholeSeconds reads a number of seconds as JSON spells it.
func wholeSeconds(literal string) (int64, bool) {
	seconds, err := strconv.ParseInt(literal, 10, 64)
	return seconds, err == nil
}

// authTime is when the person signed in at the issuer, as far as the assertion says it credibly.
func authTime(claims assertion.Claims, now time.Time) int64 {
	member, _ := claims.Member("auth_time")
	seconds, ok := wholeSeconds(member.Number())
	if at := time.Unix(seconds, 0); ok && !at.After(now) {
		return at.UnixMilli()
	}
	return now.UnixMilli()
}
