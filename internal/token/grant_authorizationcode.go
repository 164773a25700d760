package token

import (
	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// authorizationCodeGrant redeems what a person allowed on the consent page (RFC 6749 §4.1.3, RFC 7636 §4.6).
var authorizationCodeGrant = grant{
	Type: oauth.GrantAuthorizationCode,
	Needs: func(in *api.CreateTokenRequest) string {
		switch "" {
		case in.Code:
			return "code"
		case in.RedirectURI:
			return "redirectUri"
		case in.CodeVerifier:
			return "codeVerifier"
		}
		return ""
	},
	Redeem: redeemCode,
}

// maxProofs is how many wrong verifiers or redirect URIs a code outlives. One is not enough, or somebody who saw the code in a log could
// burn it before its owner comes; many would be guesses.
const maxProofs = 3

var codeUnknown = fault.InvalidGrant.Refuse("The authorization code is unknown, expired or used already: sign in again")

func redeemCode(s *Service, tx *store.Tx, r *tokenRequest) (issue, error) {
	code, found, err := tx.Code(rowOf(r.Code), s.Ring.Digest(digestCode, r.Code), r.client.ID)
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
	if refusal := checkProof(code, r); refusal != nil {
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
		nonce: code.Nonce,
	})
	return issue{session: session, scopes: scopes, user: user}, err
}

// checkProof checks that whoever redeems the code is who asked for it.
func checkProof(code store.Code, r *tokenRequest) error {
	if r.RedirectURI != code.RedirectURI {
		return fault.InvalidGrant.Refuse("redirectUri must be the one of the authorization request, port included")
	}
	challenge, err := oauth.ParseChallenge("S256", code.Challenge)
	if err != nil || !challenge.Matches(r.CodeVerifier) {
		return fault.InvalidGrant.Refuse("codeVerifier does not match the code challenge of the authorization request")
	}
	return nil
}
