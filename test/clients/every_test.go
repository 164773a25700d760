//go:build !clients

package clients

import "testing"

// everyClient is the clients by name. Without what test/install installs there is one.
func everyClient(*testing.T) map[string]client { return map[string]client{"Go": goSDK{}} }
