package token

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// authorizationCodeGrant redeems what a person allowed on the consent page (RFC 6749 §4.1.3, RFC 7636 §4.6).
var authorizationCodeGrant = grant{
	Type: oauth.GrantAuthorizationCode,
	Check: func(in *api.CreateTokenRequest) error {
		return require("code", in.Code, "redirectUri", in.RedirectURI, "codeVerifier", in.CodeVerifier)
	},
	Redeem: func(s *Service, tx *store.Tx, r *tokenRequest) (issue, error) {
		return s.redeemCode(tx, &r.redemption, presentedCode{r.Code, r.RedirectURI, r.CodeVerifier})
	},
}

// applicationCodeGrant is the same for an application. Its requests carry a code challenge too, as OAuth 2.1 §4.1.1 has it, so a code that
// was seen on its way is no use even to those who may act for the application.
var applicationCodeGrant = applicationGrant{
	Type: oauth.GrantAuthorizationCode,
	Check: func(in *api.CreateTokenWithIAMRequest) error {
		return require("code", in.Code, "redirectUri", in.RedirectURI, "codeVerifier", in.CodeVerifier)
	},
	Foresee: func(s *Service, tx *store.Tx, r *applicationRequest) error {
		_, _, err := tx.Code(rowOf(r.Code), s.Ring.Digest(digestCode, r.Code), r.client.ID)
		return err
	},
	Redeem: func(ctx context.Context, s *Service, tx *store.Tx, r *applicationRequest) (issue, error) {
		return s.redeemCode(tx, &r.redemption, presentedCode{r.Code, r.RedirectURI, r.CodeVerifier})
	},
}

// presentedCode is a code with what proves that whoever redeems it asked for it.
type presentedCode struct{ code, redirectURI, verifier string }

// maxProofs is how many wrong verifiers or redirect URIs a code outlives. One is not enough, or somebody who saw the code in a log could
// burn it before its owner comes; many would be guesses.
const maxProofs = 3

var codeUnknown = fault.InvalidGrant.Refuse("The authorization code is unknown, expired or used already: sign in again")

func (s *Service) redeemCode(tx *store.Tx, r *redemption, presented presentedCode) (issue, error) {
	code, found, err := tx.Code(rowOf(presented.code), s.Ring.Digest(digestCode, presented.code), r.client.ID)
	if err != nil {
		return issue{}, err
	}
	switch {
	case !found:
		return issue{}, codeUnknown
	case code.State == store.CodeSpent:
		if err := r.replayed(tx, spentBefore{code.SessionID, code.SpentAt, code.SpentFrom}, code.UserID); err != nil {
			return issue{}, err
		}
		return issue{}, codeUnknown.Because("the code was spent already")
	case code.State != store.CodeIssued || tx.Millis() >= code.ExpiresAt:
		return issue{}, codeUnknown.Because("the code is %s and ends at %d", code.State, code.ExpiresAt)
	}
	if refusal := presented.prove(code); refusal != nil {
		if err := tx.FailCode(code.RequestID, maxProofs); err != nil {
			return issue{}, err
		}
		return issue{}, refusal
	}
	user, scopes, spending, err := r.spend(tx, code.UserID, code.SignInID, code.Scopes)
	if err != nil {
		return issue{}, err
	}
	spent, err := tx.SpendCode(code.RequestID, spending)
	if err != nil {
		return issue{}, err
	}
	if !spent {
		return issue{}, codeUnknown.Because("another request was faster")
	}
	session, err := s.begin(tx, r, granted{
		sessionID: spending.SessionID, userID: user.UserID, signInID: code.SignInID, authTime: code.AuthTime, scopes: code.Scopes,
		nonce: code.Nonce, refreshable: r.client.refreshable(),
	})
	return issue{session: session, scopes: scopes, user: user}, err
}

// prove checks that whoever redeems the code is who asked for it.
func (p presentedCode) prove(code store.Code) error {
	if p.redirectURI != code.RedirectURI {
		return fault.InvalidGrant.Refuse("redirectUri must be the one of the authorization request, port included")
	}
	challenge, err := oauth.ParseChallenge("S256", code.Challenge)
	if err != nil || !challenge.Matches(p.verifier) {
		return fault.InvalidGrant.Refuse("codeVerifier does not match the code challenge of the authorization request")
	}
	return nil
}
