package oauth

// GrantType names a way to get a token (RFC 6749 §1.3).
type GrantType string

// The grant types that some operation of the token service takes.
const (
	GrantAuthorizationCode GrantType = "authorization_code"                              // RFC 6749 §4.1.3
	GrantRefreshToken      GrantType = "refresh_token"                                   // RFC 6749 §6
	GrantDeviceCode        GrantType = "urn:ietf:params:oauth:grant-type:device_code"    // RFC 8628 §3.4
	GrantJWTBearer         GrantType = "urn:ietf:params:oauth:grant-type:jwt-bearer"     // RFC 7523 §2.1
	GrantTokenExchange     GrantType = "urn:ietf:params:oauth:grant-type:token-exchange" // RFC 8693 §2.1
)

var grantTypes = [...]GrantType{
	GrantAuthorizationCode, GrantRefreshToken, GrantDeviceCode, GrantJWTBearer, GrantTokenExchange,
}

// ParseGrantType finds the grant type that is spelled exactly like s. The published example of CreateToken writes
// device-code with a hyphen, which no client sends and which is not accepted.
func ParseGrantType(s string) (GrantType, bool) {
	for _, g := range grantTypes {
		if string(g) == s {
			return g, true
		}
	}
	return "", false
}
