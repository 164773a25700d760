package server

import (
	"errors"
	"flag"
	"strings"
	"testing"
)

// FuzzArgumentsAndEnvironment checks that whatever is said on the command line and in the environment is a configuration or a refusal with
// words, and that no secret of it is repeated there.
func FuzzArgumentsAndEnvironment(f *testing.F) {
	f.Add("--dev\x00--listen=127.0.0.1:0\x00--trusted-proxies\x0010.0.0.0/8", "SALLYPORT_DATA=/nowhere")
	f.Add("--data", "SALLYPORT_ROOT_KEY=c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I")
	f.Add("--public-url\x00http://[::1\x00--session-duration\x00-1h\x00--\x00-", "SALLYPORT_=x\x00SALLYPORT_DEV=maybe")
	f.Fuzz(func(t *testing.T, arguments, environment string) {
		if strings.Contains(arguments+environment, "file") || strings.Contains(arguments+environment, "FILE") || strings.Contains(arguments, "--config") || strings.Contains(environment, "CONFIG") {
			return // files of the machine are not read; FuzzSettingsFilesAreReadOrRefused has files of its own
		}
		_, err := Load(strings.Split(arguments, "\x00"), strings.Split(environment, "\x00"))
		if err == nil || errors.Is(err, flag.ErrHelp) {
			return
		}
		if err.Error() == "" {
			t.Fatal("a refusal without words")
		}
		for entry := range strings.SplitSeq(environment, "\x00") {
			if secret, found := strings.CutPrefix(entry, "SALLYPORT_ROOT_KEY="); found && len(secret) > 8 && strings.Contains(err.Error(), secret) {
				t.Fatalf("the root key is in the refusal: %v", err)
			}
		}
	})
}
