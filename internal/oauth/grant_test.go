package oauth

import "testing"

func TestParseGrantTypeTakesExactSpellings(t *testing.T) {
	tests := []struct {
		name, in string
		want     GrantType
		ok       bool
	}{
		{"authorization code", "authorization_code", GrantAuthorizationCode, true},
		{"refresh token", "refresh_token", GrantRefreshToken, true},
		{"device code", "urn:ietf:params:oauth:grant-type:device_code", GrantDeviceCode, true},
		{"JWT bearer", "urn:ietf:params:oauth:grant-type:jwt-bearer", GrantJWTBearer, true},
		{"token exchange", "urn:ietf:params:oauth:grant-type:token-exchange", GrantTokenExchange, true},
		{"device code as the published example misspells it", "urn:ietf:params:oauth:grant-type:device-code", "", false},
		{"another case", "Refresh_Token", "", false},
		{"a letter that folds to ASCII", "refresh_to\u212aen", "", false},
		{"a trailing blank", "refresh_token ", "", false},
		{"nothing", "", "", false},
		{"a grant that we do not have", "password", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := ParseGrantType(tt.in); got != tt.want || ok != tt.ok {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}

func BenchmarkParseGrantType(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseGrantType("urn:ietf:params:oauth:grant-type:device_code"); !ok {
			b.Fatal("unknown")
		}
	}
}
