package oauth

// TokenType says what a token of a token exchange is (RFC 8693 §3).
type TokenType string

// The token types that can be exchanged or issued.
const (
	TokenTypeAccessToken  TokenType = "urn:ietf:params:oauth:token-type:access_token"
	TokenTypeRefreshToken TokenType = "urn:ietf:params:oauth:token-type:refresh_token"
)
