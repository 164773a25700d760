package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"time"
)

// noSecret stands in for the secret of an unknown key, so that refusing one costs no less than refusing a wrong signature. It
// has the length of a real secret. That it is public is harmless: Verify never accepts under it.
const noSecret = "the-secret-of-no-key-is-never-accepted-!"

// Verify tells whether the claim is true: body is what the request carried, and secret is the key that the caller found
// for the access key id and session token. An empty secret says that it found none; the same work is done and the answer
// is UnknownKey, whatever the signature. Signing keys are taken from those that are kept, where any are: keys may be nil.
// The error is an *Error.
func (c *Claim) Verify(keys *SigningKeys, body []byte, secret string, now time.Time) error {
	if err := c.checkTime(now); err != nil {
		return err
	}
	known := secret != ""
	if !known {
		secret = noSecret
	}
	digest := sha256.Sum256(body)
	payloadHash := hex.EncodeToString(digest[:])
	id := signingKeyID{secret, c.Time.UTC().Format(dateLayout), c.Region, c.Service}
	key, kept := keys.get(id)
	want := sign(key, c.message.canonical(c.SignedHeaders, payloadHash), c.Time, scope(id.date, id.region, id.service))
	matches := hmac.Equal(want, c.signature[:])
	if c.payloadHash != "" && subtle.ConstantTimeCompare([]byte(c.payloadHash), []byte(payloadHash)) != 1 {
		matches = false
	}
	if !kept && known && matches {
		keys.put(id, key)
	}
	switch {
	case !known:
		return refuse(UnknownKey, "the access key id or session token is not known here")
	case !matches:
		return refuse(Mismatch, "the signature does not match the request as it arrived; check the secret access key, "+
			"and that no proxy changes the host, path, query, body or signed headers")
	}
	return nil
}

// checkTime refuses a signature outside its window. The wording is that of AWS, because the SDKs look for "Signature
// expired" to correct their clock and try again.
func (c *Claim) checkTime(now time.Time) error {
	signed, skew := c.Time, c.skew
	if early := now.Add(skew); signed.After(early) {
		return refuse(NotYet, "Signature not yet current: %s is still later than %s (%s + %.4g min.)",
			stamp(signed), stamp(early), stamp(now), skew.Minutes())
	}
	if c.Presigned {
		if end := signed.Add(c.Lifetime); now.After(end) {
			return refuse(Expired, "Signature expired: %s is now earlier than %s", stamp(end), stamp(now))
		}
		return nil
	}
	if late := now.Add(-skew); signed.Before(late) {
		return refuse(Expired, "Signature expired: %s is now earlier than %s (%s - %.4g min.)",
			stamp(signed), stamp(late), stamp(now), skew.Minutes())
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(timeLayout) }

// signature derives the key of one day, Region and service from the secret and signs a canonical request with it.
func signature(canonical, secret string, t time.Time, region, service string) []byte {
	id := signingKeyID{secret, t.UTC().Format(dateLayout), region, service}
	key := id.derive()
	return sign(key, canonical, t, scope(id.date, region, service))
}

func sign(key [sha256.Size]byte, canonical string, t time.Time, scope string) []byte {
	return mac(key[:], stringToSign(canonical, t, scope))
}

func stringToSign(canonical string, t time.Time, scope string) string {
	digest := sha256.Sum256([]byte(canonical))
	return algorithm + "\n" + stamp(t) + "\n" + scope + "\n" + hex.EncodeToString(digest[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
