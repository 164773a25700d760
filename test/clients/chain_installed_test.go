//go:build clients

package clients

import (
	"testing"

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

// The AWS CLI v2 of Debian is older than most of the operations, and has their newer models for the test.
func TestChainOnTheAWSCLI2(t *testing.T) {
	server := harness.Start(t)
	c := awsCLI{program: harness.AWSCLI2, home: newHome(t, server), models: t.TempDir()}
	harness.WriteModels(t, c.models, "sso-oidc", "sso-admin", "identitystore", "sts")
	chain(&party{T: t, server: server, client: c})
}
