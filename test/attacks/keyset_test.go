package attacks

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sallyport/internal/api"
)

// hugeKeySets has issuers answer without end, with more than anybody wants, and drop by drop. The server may take five seconds over it.
func hugeKeySets(w *world) {
	w = w.another()
	listener := w.provider()
	good := w.propagation()
	w.want(200, good.token())
	answers := map[string]http.HandlerFunc{
		"/endless": func(out http.ResponseWriter, r *http.Request) {
			chunk := bytes.Repeat([]byte(" "), 1<<16)
			for r.Context().Err() == nil {
				if _, err := out.Write(chunk); err != nil {
					return
				}
			}
		},
		"/gigabyte": func(out http.ResponseWriter, r *http.Request) {
			out.Header().Set("Content-Length", strconv.Itoa(1<<30))
			_, _ = out.Write(bytes.Repeat([]byte(" "), 1<<20))
		},
		"/bomb": func(out http.ResponseWriter, r *http.Request) {
			out.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(out)
			_, _ = packed.Write(bytes.Repeat([]byte(" "), 64<<20))
			packed.Close()
		},
		"/many": func(out http.ResponseWriter, r *http.Request) {
			set := make([]members, 10_000)
			for i := range set {
				set[i] = good.issuer.keys[0].jwk()
			}
			writeDocument(out, members{"keys": set})
		},
		"/drip": func(out http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(out, " ")
				out.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(200 * time.Millisecond):
				}
			}
		},
		"/elsewhere": func(out http.ResponseWriter, r *http.Request) {
			http.Redirect(out, r, good.issuer.url+"/keys", http.StatusFound)
		},
	}
	var issuers []*issuer
	var names []string
	for path, serve := range answers {
		i := listener.issuer(w, path)
		i.answer(serve)
		issuers, names = append(issuers, i), append(names, w.trust(i.url, "email", "emails.value"))
	}
	w.takeAssertions(good.app, append(names, good.issuerARN)...)
	before := w.residentKiB()
	w.unchanged("key sets that are too large or too slow", func() {
		together(len(issuers), func(n int) {
			a := good.present(issuers[n].token(good.email, nil))
			if a.status != 400 || a.exception() != "InvalidGrantException" {
				w.t.Errorf("%s: %s", issuers[n].url, a)
			}
		})
	})
	const allowed = 64 << 10 // KiB: what a busy heap may keep; a bomb that goes off has a gigabyte
	if grew := w.residentKiB() - before; grew > allowed {
		w.t.Errorf("the server grew by %d KiB", grew)
	}
	w.want(200, good.token())
}

// residentKiB is how much memory the server has ever had at once, zero where the system does not tell.
func (w *world) residentKiB() (kib int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.server.PID))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kib, _ = strconv.Atoi(fields[1])
		}
	}
	return kib
}

// slowKeySet has five hundred assertions wait for one key set. Others are served meanwhile, and the set is asked for once.
func slowKeySet(w *world) {
	w = w.another()
	p, slow := w.propagation(), w.issuer()
	w.takeAssertions(p.app, p.issuerARN, w.trust(slow.url, "email", "emails.value"))
	c := w.register()
	device := w.start(c)
	asked, release := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	slow.answer(func(out http.ResponseWriter, r *http.Request) {
		if once.CompareAndSwap(false, true) {
			close(asked)
		}
		<-release
		writeDocument(out, members{"keys": []members{slow.keys[0].jwk()}})
	})
	const waiting = 500
	assertions := make([]string, waiting)
	for i := range assertions {
		assertions[i] = slow.token(p.email, nil)
	}
	meanwhile := make(chan struct{})
	go func() {
		defer close(meanwhile)
		defer close(release)
		<-asked
		if a := p.token(); a.status != 200 {
			w.t.Errorf("another issuer's assertion waits too: %s", a)
		}
		if a := w.poll(c, device); a.exception() != "AuthorizationPendingException" {
			w.t.Errorf("a poll meanwhile: %s", a)
		}
	}()
	var honoured atomic.Int32
	together(waiting, func(i int) {
		a := p.present(assertions[i])
		if a.status == 200 {
			honoured.Add(1)
		} else if a.status != 400 || a.exception() != "InvalidGrantException" {
			w.t.Errorf("an assertion that waited: %s", a)
		}
	})
	<-meanwhile
	if n := slow.fetched.Load(); n != 1 {
		w.t.Errorf("the keys were asked for %d times", n)
	}
	if honoured.Load() < waiting/2 {
		w.t.Errorf("%d of %d were honoured", honoured.Load(), waiting)
	}
}

// keySetsThatAreNone has issuers publish keys that nobody may verify with, and tokens that they do sign with them.
func keySetsThatAreNone(w *world) {
	p := w.propagation()
	ec, big, small := p.issuer.keys[0], w.newRSAKey("big", 2048), w.newRSAKey("small", 1024)
	secret := []byte(strings.Repeat("k", 32))
	type set = []members
	with := func(k *issuerKey, changes members) set { return set{k.jwk().with(changes)} }
	for _, c := range []struct {
		what string
		key  *issuerKey
		set  any
		good bool
	}{
		{"as it should be", ec, with(ec, nil), true},
		{"a key of another kind beside it", ec, append(with(ec, nil), members{"kty": "AKP", "kid": "pq"}), true},
		{"an RSA key of 2,048 bits", big, with(big, nil), true},
		{"an RSA key of 1,024 bits", small, with(small, nil), false},
		{"the private part of an elliptic key", ec, with(ec, ec.private()), false},
		{"the private part of an RSA key", big, with(big, big.private()), false},
		{"a key for encryption", ec, with(ec, members{"use": "enc"}), false},
		{"a key that may not verify", ec, with(ec, members{"key_ops": []string{"encrypt"}}), false},
		{"a key of another algorithm", ec, with(ec, members{"alg": "ES384"}), false},
		{"another curve", ec, with(ec, members{"crv": "P-384"}), false},
		{"a point off the curve", ec, with(ec, members{"y": ec.jwk()["x"]}), false},
		{"no point", ec, with(ec, members{"x": nil}), false},
		{"the exponent 1", big, with(big, members{"e": "AQ"}), false},
		{"an even modulus", big, with(big, members{"n": inBase64(append(big.rsa.N.Bytes(), 0))}), false},
		{"a secret key", ec, set{{"kty": "oct", "kid": ec.id, "k": inBase64(secret)}}, false},
		{"no list", ec, members{}, false},
		{"an empty list", ec, set{}, false},
		{"keys in a text", ec, "keys", false},
	} {
		i := w.issuer()
		i.keys = []*issuerKey{c.key}
		i.answer(func(out http.ResponseWriter, r *http.Request) { writeDocument(out, members{"keys": c.set}) })
		issuerARN := w.trust(i.url, "email", "emails.value")
		w.takeAssertions(p.app, issuerARN)
		if c.good {
			if a := p.present(i.token(p.email, nil)); a.status != 200 {
				w.t.Errorf("%s: %s", c.what, a)
			}
		} else {
			p.notPresentable(c.what, i.token(p.email, nil))
		}
		w.administer(api.DeleteTrustedTokenIssuer.Operation, members{"TrustedTokenIssuerArn": issuerARN})
	}
}
