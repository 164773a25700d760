package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Signer signs requests for one service in one Region.
type Signer struct {
	Credentials Credentials
	Region      string
	Service     string
}

// Sign adds X-Amz-Date, Authorization and, for temporary credentials, X-Amz-Security-Token to a request that will carry
// body. It signs host, Content-Type and every X-Amz-* header, as the AWS CLI does; set these first. A request may be
// signed again, as retries are.
func (s Signer) Sign(r *http.Request, body []byte, now time.Time) error {
	r.Header.Set("X-Amz-Date", stamp(now))
	r.Header.Del("X-Amz-Security-Token")
	if s.Credentials.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", s.Credentials.SessionToken)
	}
	m, err := read(r)
	if err != nil {
		return err
	}
	signed := signable(m)
	digest := sha256.Sum256(body)
	canonical := m.canonical(signed, hex.EncodeToString(digest[:]))
	sig := signature(canonical, s.Credentials.SecretAccessKey, now, s.Region, s.Service)
	r.Header.Set("Authorization", algorithm+
		" Credential="+s.Credentials.AccessKeyID+"/"+scope(now.UTC().Format(dateLayout), s.Region, s.Service)+
		", SignedHeaders="+strings.Join(signed, ";")+
		", Signature="+hex.EncodeToString(sig))
	return nil
}

func signable(m *message) []string {
	var names []string
	for name := range m.header {
		if name == headerHost || name == headerContentType || strings.HasPrefix(name, amzHeaderPrefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
