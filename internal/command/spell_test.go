package command

import "testing"

func TestSpell(t *testing.T) {
	for name, want := range map[string]string{
		"clientId": "client-id", "CreateTokenWithIAM": "create-token-with-iam", "redirectUris": "redirect-uris",
		"entitledApplicationArn": "entitled-application-arn", "GetCallerIdentity": "get-caller-identity", "SSOInstance": "sso-instance",
	} {
		if got := Spell(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
