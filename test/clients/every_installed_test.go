//go:build clients

package clients

import (
	"testing"

	"sallyport/test/harness"
)

// everyClient is the clients by name, but for the command lines, which take a third of a second for each call.
func everyClient(t *testing.T) map[string]client {
	return map[string]client{
		"Go":         goSDK{},
		"boto3":      startDriver(t, nil, harness.InVenv("python"), "python/drive.py"),
		"JavaScript": startDriver(t, nil, harness.NodeJS(t), "js/drive.mjs"),
		"Java":       javaSDK(t),
		"Rust":       rustSDK(t),
	}
}
