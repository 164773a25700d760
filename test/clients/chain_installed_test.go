//go:build clients

package clients

import (
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

func TestChainInPython(t *testing.T) {
	testChain(t, startDriver(t, nil, harness.InVenv("python"), "python/drive.py"))
}

func TestChainInJavaScript(t *testing.T) {
	testChain(t, startDriver(t, nil, harness.NodeJS(t), "js/drive.mjs"))
}

func TestChainInJava(t *testing.T) { testChain(t, javaSDK(t)) }
func TestChainInRust(t *testing.T) { testChain(t, rustSDK(t)) }

func TestChainOnTheAWSCLI1(t *testing.T) {
	server := harness.Start(t)
	chain(&party{T: t, server: server, client: newAWSCLI1(t, server)})
}

func TestChainOnTheAWSCLI2(t *testing.T) {
	server := harness.Start(t)
	chain(&party{T: t, server: server, client: newAWSCLI2(t, server)})
}

// newAWSCLI2 is the AWS CLI v2 of Debian, which is older than most of the operations and gets their newer models.
func newAWSCLI2(t testing.TB, server *harness.Server) awsCLI {
	c := awsCLI{program: harness.AWSCLI2, home: newHome(t, server), models: t.TempDir()}
	harness.WriteModels(t, c.models, "sso-oidc", "sso-admin", "identitystore", "sts")
	return c
}

// Whoever types --no-sign-request is refused, and so is whoever has a wrong secret.
func TestCommandLinesAreToldWhatIsWrongWithTheirSignature(t *testing.T) {
	server := harness.Start(t)
	wrong := adminKey(server)
	wrong.Secret = strings.ToLower(wrong.Secret)
	for name, c := range map[string]client{"AWS CLI v1": newAWSCLI1(t, server), "AWS CLI v2": newAWSCLI2(t, server)} {
		t.Run(name, func(t *testing.T) {
			p := &party{T: t, server: server, client: c}
			for operation, in := range map[*api.Operation]members{
				createTokenWithIAM:          tokenOf("arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef", refreshGrant, nil),
				api.ListInstances.Operation: {}, api.GetCallerIdentity.Operation: {},
			} {
				names := signatureRefusals[operation.Service.Protocol].called
				for what, signer := range map[string]key{"missing": {}, "wrong": wrong} {
					if _, got := p.tryAs(signer, operation, in); got == nil || got.Exception != names[what] {
						p.Errorf("%s, whose signature is %s, was answered with %+v, want %s", operation.Name, what, got, names[what])
					}
				}
			}
		})
	}
}
