package store

import (
	"reflect"
	"strings"
	"testing"

	"sallyport/internal/api"
)

// Bounds may become narrower than what was kept under wider ones, by a directory file among others.
func TestWhatAnApplicationHasIsReadAsItWasWritten(t *testing.T) {
	long := "https://app.example.test/" + strings.Repeat("a", 4096)
	grants := []api.Grant{
		{AuthorizationCode: &api.AuthorizationCodeGrant{RedirectURIs: []string{"https://app.example.test/back", long}}},
		{RefreshToken: &api.RefreshTokenGrant{}},
		{JWTBearer: &api.JWTBearerGrant{AuthorizedTokenIssuers: []api.AuthorizedTokenIssuer{{TrustedTokenIssuerARN: "gone", AuthorizedAudiences: []string{"a", "b"}}}}},
	}
	for _, grant := range grants {
		if got, err := NewApplicationGrant("apl", "type", grant).Grant(); err != nil || !reflect.DeepEqual(got, grant) {
			t.Errorf("%+v, %v, want %+v", got, err, grant)
		}
	}
	options := api.PortalOptions{Visibility: StatusEnabled, SignInOptions: &api.SignInOptions{Origin: "APPLICATION", ApplicationURL: long}}
	if got, err := (Application{PortalOptions: PortalOptionsText(options)}).ReadPortalOptions(); err != nil || !reflect.DeepEqual(*got, options) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, targets := range [][]string{nil, {"arn:a", "arn:b"}} {
		if got, err := NewApplicationScope("apl", "scope", targets).ReadTargets(); err != nil || !reflect.DeepEqual(got, targets) {
			t.Errorf("%v, %v, want %v", got, err, targets)
		}
	}
}

func TestWhatIsKeptAndCannotBeReadIsAFailure(t *testing.T) {
	for name, read := range map[string]func() error{
		"a grant":        func() error { _, err := ApplicationGrant{Document: "{"}.Grant(); return err },
		"portal options": func() error { _, err := Application{PortalOptions: `{"Visibility":7}`}.ReadPortalOptions(); return err },
		"targets":        func() error { _, err := ApplicationScope{Targets: `{}`}.ReadTargets(); return err },
	} {
		if err := read(); err == nil || keeps(err) {
			t.Errorf("%s: %v, want a failure", name, err)
		}
	}
}
