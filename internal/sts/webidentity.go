package sts

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/assertion"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/shellwords"
	"sallyport/internal/store"
	"sallyport/internal/strictjson"
	"sallyport/internal/trace"
)

const webIdentityAction = "sts:AssumeRoleWithWebIdentity"

// Claims by which a provider marks the session, under the names that AWS reads.
const (
	tagsClaim           = "https://aws.amazon.com/tags"
	sourceIdentityClaim = "https://aws.amazon.com/source_identity"
)

// tokenRefusals are what the refusals of an assertion are called here. What is not in the table is a token that is not valid.
var tokenRefusals = map[assertion.Reason]*fault.Kind{
	assertion.IssuerUnreachable: fault.IDPCommunicationError,
	assertion.Expired:           fault.STSTokenExpired,
	assertion.NotYet:            fault.IDPRejectedClaim,
	assertion.Lifetime:          fault.IDPRejectedClaim,
}

func refuseToken(err error) error {
	var refusal *assertion.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	kind := tokenRefusals[refusal.Reason]
	if kind == nil {
		kind = fault.InvalidIdentityToken
	}
	return kind.Refuse(refusal.Message).Because("%s", refusal.Reason)
}

// AssumeRoleWithWebIdentity takes on a role with a token of an OpenID provider that is registered in the account of the role. Nobody signs
// the request: the token is all that speaks for the caller.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, caller api.Caller, in *api.AssumeRoleWithWebIdentityRequest) (*api.AssumeRoleWithWebIdentityResponse, error) {
	w, err := readWebIdentity(in)
	if err != nil {
		return nil, err
	}
	provider, err := s.findProvider(ctx, w, in.WebIdentityToken)
	if err != nil {
		return nil, err
	}
	claims, err := s.verifyToken(ctx, in.WebIdentityToken, provider)
	if err != nil {
		return nil, err
	}
	if err := w.readMarks(claims); err != nil {
		return nil, err
	}
	providerARN := provider.ARN()
	if err := s.permitWebIdentity(ctx, caller, w, claims, providerARN); err != nil {
		return nil, err
	}
	v, err := s.vend(ctx, caller, w, creds.Role{Kind: creds.WebIdentityRole, FederatedProvider: providerARN})
	if err != nil {
		return nil, err
	}
	return &api.AssumeRoleWithWebIdentityResponse{
		Credentials: v.secrets, AssumedRoleUser: v.user, PackedPolicySize: v.packed, SourceIdentity: v.SourceIdentity,
		SubjectFromWebIdentityToken: claims.Subject, Audience: claims.Audience, Provider: providerARN,
	}, nil
}

func readWebIdentity(in *api.AssumeRoleWithWebIdentityRequest) (*wanted, error) {
	w := &wanted{sessionName: in.RoleSessionName, duration: in.DurationSeconds}
	var err error
	if w.roleARN, err = readRole(in.RoleARN); err != nil {
		return nil, err
	}
	if in.ProviderID != "" {
		return nil, fault.ValidationError.Refuse("ProviderId is for access tokens of OAuth 2.0 providers. Leave it out and pass an ID token of an OpenID provider")
	}
	w.policies, err = readPolicies(in.Policy, in.PolicyARNs)
	return w, err
}

// findProvider reads the OpenID provider that the token claims to be from, as the account of the role has it, and the role.
func (s *Service) findProvider(ctx context.Context, w *wanted, token string) (provider store.OIDCProvider, err error) {
	t := trace.From(ctx)
	issuer, err := assertion.PeekIssuer(token)
	if err != nil {
		t.Fail("token", "%v", err)
		return provider, refuseToken(err)
	}
	registered := false
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if provider, registered, err = tx.OIDCProvider(w.roleARN.Account, issuer); err != nil {
			return err
		}
		return w.findRole(tx)
	})
	if err != nil || registered {
		return provider, err
	}
	t.Fail("provider", "account %s has no OpenID provider %s", w.roleARN.Account, issuer)
	// Anybody can have written this issuer, and the audience as well: that one the operator puts in. No provider is made without.
	t.Fix("sallyport iam create-oidc-provider %s --account %s --client-id '' # of the tokens that are meant for you", shellwords.Quote(issuer), w.roleARN.Account)
	return provider, fault.InvalidIdentityToken.Refuse("No OpenIDConnect provider found in the role's account for the issuer of the token")
}

// host is an issuer's URL without the scheme, as ARNs and condition keys have it.
func host(issuer string) string {
	_, rest, found := strings.Cut(issuer, "://")
	if !found {
		return issuer
	}
	return rest
}

func (s *Service) verifyToken(ctx context.Context, token string, provider store.OIDCProvider) (assertion.Claims, error) {
	clients, err := provider.ReadClientIDs()
	if err != nil {
		return assertion.Claims{}, err
	}
	issuer := assertion.Issuer{URL: provider.URL, JWKS: []byte(provider.JWKS)}
	claims, err := s.Assertions.Verify(ctx, token, issuer, assertion.Expectations{Audiences: clients})
	if err == nil {
		return claims, nil
	}
	var refusal *assertion.Refusal
	if errors.As(err, &refusal) && len(refusal.Audiences) > 0 {
		fixAudience(trace.From(ctx), provider, append(clients, refusal.Audiences[0]))
	}
	return assertion.Claims{}, refuseToken(err)
}

// fixAudience names the command that makes these the client ids of the provider. What it leaves out would be gone.
func fixAudience(t *trace.Trace, provider store.OIDCProvider, clients []string) {
	command := []string{"sallyport", "iam", "update-oidc-provider", provider.URL, "--account", provider.AccountID}
	for _, client := range clients {
		command = append(command, "--client-id", client)
	}
	if provider.JWKS != "" {
		command = append(command, "--jwks", "FILE")
	}
	t.Fix("%s", shellwords.Join(command))
}

// readMarks takes tags and the source identity of the session from the claims in which the provider put them.
func (w *wanted) readMarks(claims assertion.Claims) error {
	if identity, found := claims.Member(sourceIdentityClaim); found {
		if w.sourceIdentity = identity.Text(); !arn.ValidSessionName(w.sourceIdentity) {
			return fault.InvalidIdentityToken.Refuse("the claim " + sourceIdentityClaim + " is not 2 to 64 letters, digits and _+=,.@-")
		}
	}
	marks, found := claims.Member(tagsClaim)
	if !found {
		return nil
	}
	tags, transitive, ok := readTagsClaim(marks)
	if !ok {
		return fault.InvalidIdentityToken.Refuse("the claim " + tagsClaim + ` is not {"principal_tags":{"key":["value"]},"transitive_tag_keys":["key"]} ` +
			"with keys and values as AssumeRole has them")
	}
	var err error
	w.tags, w.transitiveTags, err = readTags(tags, transitive, nil)
	return err
}

// readTagsClaim reads the tags that a provider gives a session. Each has one value in a list of its own. Keys and values obey the model of
// AssumeRole, which the decoder of requests holds against the tags that come there.
func readTagsClaim(claim strictjson.Value) (tags []api.SessionTag, transitive []string, ok bool) {
	valid := func(name, text string) bool {
		bounds, n := api.STS.Types[name], int64(utf8.RuneCountInString(text))
		return bounds.Min <= n && n <= bounds.Max && bounds.Pattern().MatchString(text)
	}
	principal, _ := claim.Get("principal_tags")
	for _, member := range principal.Members() {
		values := member.Value.Items()
		if len(values) != 1 || values[0].Kind() != strictjson.String || !valid("tagKeyType", member.Name) || !valid("tagValueType", values[0].Text()) {
			return nil, nil, false
		}
		tags = append(tags, api.SessionTag{Key: member.Name, Value: values[0].Text()})
	}
	keys, _ := claim.Get("transitive_tag_keys")
	for _, key := range keys.Items() {
		transitive = append(transitive, key.Text()) // what is not a string is no key of a tag, which readTags refuses
	}
	return tags, transitive, true
}

// permitWebIdentity decides whether the person whom the provider vouches for may begin the session.
func (s *Service) permitWebIdentity(ctx context.Context, caller api.Caller, w *wanted, claims assertion.Claims, providerARN string) error {
	access := policy.Access{Request: policy.Request{Principal: policy.Principal{Kind: policy.Federated, Provider: providerARN}}}
	access.Context = access.Principal.Globals(s.Clock.Now(), caller.Address)
	maps.Copy(access.Context, claimKeys(claims))
	denied, err := s.decide(ctx, nil, w, access, append([]string{webIdentityAction}, w.actions()...))
	if err != nil || denied == nil {
		return err
	}
	return fault.STSAccessDenied.Refuse("Not authorized to perform "+denied.access.Action).Because("%s", denied.verdict.Reason())
}

// claimKeys are the condition keys that the claims of a token give, each behind the issuer's address. As with AWS, aud is the party that the
// token was issued to where the token says so (azp), and oaud what aud is in the token.
func claimKeys(claims assertion.Claims) policy.Context {
	prefix := host(claims.Issuer) + ":"
	c := policy.Context{prefix + "sub": {claims.Subject}, prefix + "aud": {claims.Audience}}
	if party, _ := claims.Member("azp"); party.Text() != "" {
		c.Set(prefix+"aud", party.Text()).Set(prefix+"oaud", claims.Audience).Set(prefix+"azp", party.Text())
	}
	if email, _ := claims.Member("email"); email.Text() != "" && claims.EmailVerified {
		c.Set(prefix+"email", email.Text())
	}
	methods, _ := claims.Member("amr")
	var amr []string
	for _, method := range methods.Items() {
		amr = append(amr, method.Text())
	}
	if amr = slices.DeleteFunc(amr, func(text string) bool { return text == "" }); len(amr) > 0 {
		c.Set(prefix+"amr", amr...)
	}
	return c
}
