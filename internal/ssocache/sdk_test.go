package ssocache

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
)

// answer is a server that always issues the same successor.
type answer ssooidc.CreateTokenOutput

func (a answer) CreateToken(context.Context, *ssooidc.CreateTokenInput, ...func(*ssooidc.Options)) (*ssooidc.CreateTokenOutput, error) {
	return (*ssooidc.CreateTokenOutput)(&a), nil
}

// A session goes from us to Go's SDK, which refreshes it, and back, with what Go's SDK does not know.
func TestASessionIsSharedWithGoSDK(t *testing.T) {
	c := Open(t.TempDir())
	key := TokenKey("dev", "")
	token := sampleToken
	token.ExpiresAt, token.RegistrationExpiresAt = moment("2020-01-01T00:00:00Z"), moment("2030-01-01T00:00:00Z")
	if err := c.WriteToken(key, token); err != nil {
		t.Fatal(err)
	}
	server := answer{AccessToken: aws.String("next-a"), RefreshToken: aws.String("next-r"), ExpiresIn: 3600}
	theirs, err := ssocreds.NewSSOTokenProvider(server, c.Path(key)).RetrieveBearerToken(t.Context())
	if err != nil || theirs.Value != "next-a" {
		t.Fatalf("got %q, %v", theirs.Value, err)
	}
	token, err = c.ReadToken(key)
	if err != nil || token.AccessToken != "next-a" || token.RefreshToken != "next-r" || token.StartURL != "u" || !token.Refreshable(time.Now()) {
		t.Errorf("got %v, %v", token, err)
	}
}
