package token

import (
	"testing"

	"sallyport/internal/fault"
)

// FuzzSealedTexts checks that client ids and authorization requests that were never sealed do not open, and are refused without a failure.
func FuzzSealedTexts(f *testing.F) {
	b := newBench(f)
	client := b.register()
	for _, seed := range []string{client.ClientID, client.ClientSecret, client.ClientID[1:], client.ClientID + "A", "arn:aws:sso::111122223333:application/x/y", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		opened, err := b.s.openClient(text)
		if _, refused := fault.As(err); err != nil && !refused {
			t.Errorf("a failure, not a refusal: %v", err)
		}
		if err == nil && opened.Text != client.ClientID {
			t.Errorf("%q opens as a client id", text)
		}
		_, err = b.s.OpenAuthorize(t.Context(), text)
		if _, refused := fault.As(err); !refused {
			t.Errorf("%q as an authorization request: %v", text, err)
		}
	})
}
