package attacks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"sallyport/internal/api"
)

var jwtSteps = map[string]attack{
	"jwt-table": hostileTokens,
	"jwt-replay-jti": func(w *world) {
		w = w.another()
		p := w.propagation()
		somebody := w.addUser(owner, "somebody-else", allow("sso-oauth:*"))
		beside := w.beside()
		other := *p
		other.world = beside
		assertion := p.issuer.token(p.email, members{"jti": "one"})
		first := w.want(200, p.present(assertion))
		w.unchanged("an assertion that was used", func() {
			// Whoever lost the answer gets it again for ten seconds, from both nodes; nobody else does.
			for _, again := range []answer{p.present(assertion), other.present(assertion)} {
				// Its ID token is of the node that is asked: the address of each is another issuer.
				if again.status != 200 || again.tokens().access != first.tokens().access || again.tokens().refresh != first.tokens().refresh {
					w.t.Errorf("the answer that is given again differs: %s", again)
				}
			}
			w.refused(p.presentAs(somebody, assertion), 400, "InvalidGrantException")
			w.refused(p.present(p.issuer.token(p.email, members{"jti": "one", "nonce": "another"})), 400, "InvalidGrantException")
			w.refused(p.call(p.caller, api.CreateTokenWithIAM.Operation, members{
				"clientId": p.app, "grantType": grantBearer, "assertion": assertion, "scope": []string{"openid"},
			}), 400, "InvalidGrantException")
		})
		w.advance(11 * time.Second)
		p.notPresentable("an assertion that was used eleven seconds ago", assertion)
		beside.advance(11 * time.Second)
		other.notPresentable("an assertion that was used, at another node", assertion)
		nameless := p.issuer.token(p.email, members{"jti": nil})
		w.want(200, p.present(nameless))
		w.advance(11 * time.Second)
		p.notPresentable("an assertion without jti that was used", nameless)

		// Fifty at once, at two nodes, begin one session.
		contested := p.issuer.token(p.email, nil)
		before := w.rows()["session"]
		var honoured atomic.Int32
		together(50, func(i int) {
			if []*propagation{p, &other}[i%2].present(contested).status == 200 {
				honoured.Add(1)
			}
		})
		if began := w.rows()["session"] - before; began != 1 || honoured.Load() == 0 {
			w.t.Errorf("%d sessions began, %d of 50 were answered", began, honoured.Load())
		}
	},
	"jwt-replay-malleated": func(w *world) {
		w = w.another()
		p := w.propagation()
		assertion := p.issuer.token(p.email, nil)
		same := malleated(w, assertion)
		w.want(200, p.present(assertion))
		w.unchanged("the other signature of an assertion that was used", func() { w.want(200, p.present(same)) }) // one more copy of the answer
		w.advance(11 * time.Second)
		p.notPresentable("the other signature of an assertion that was used", same)
		fresh := p.issuer.token(p.email, nil)
		for what, changed := range map[string]string{
			"padding": fresh + "==", "bits beyond the end": fresh[:len(fresh)-1] + nextLetter(fresh[len(fresh)-1]), "the other alphabet": otherAlphabet(fresh),
			"a line end": fresh + "\n", "a blank": " " + fresh, "one more dot": fresh + ".",
		} {
			p.notPresentable(what, changed)
		}
		w.want(200, p.present(malleated(w, fresh)))
		w.advance(11 * time.Second)
		p.notPresentable("an assertion whose other signature was used", fresh)
	},
	"jwt-attr-unverified": func(w *world) {
		p := w.propagation()
		for what, verified := range map[string]any{
			"false": false, "the text false": "false", "the text true": "true", "missing": nil, "one": 1, "an object": members{}, "a list": []bool{true},
			"the text 1": "1", "TRUE": "TRUE",
		} {
			p.notPresentable(what, p.issuer.token(p.email, members{"email_verified": verified}))
		}
		p.notPresentable("null", p.issuer.token(p.email, members{"email_verified": json.RawMessage("null")}))
		p.notPresentable("in other letters", p.issuer.token(p.email, members{"email_verified": nil, "Email_Verified": true}))
		w.want(200, p.present(p.issuer.token(p.email, nil)))
	},
	"jwt-attr-unicode": func(w *world) {
		p := w.propagation()
		const address = "alice@kiosk.test"
		w.addPerson("alice.at.the.kiosk", address)
		for _, like := range []string{
			"alice@\u212aiosk.test", "alice@kio\u017fk.test", "al\u0131ce@kiosk.test", "\uff41lice@kiosk.test", "alice@kiosk.te\u0073\u0301t", "alice@kiosk.test\u200b",
			"\ufeffalice@kiosk.test", "alice@kiosk.test\u0000", "alice@kiosk.test ", " alice@kiosk.test", "alice@kiosk.test\n", "ALICE@kiosk.test", "alice@KIOSK.test",
			"alice@kiosk.test.", "alice+x@kiosk.test", "alice%40kiosk.test", "alice@kiosk.test,bob@acme.example", "\u202ealice@kiosk.test", "alice\uff20kiosk.test",
			"alice@kiosk\u3002test", "%", "_lice@kiosk.test", "*@kiosk.test", "' OR 1=1 --", "alice@xn--kiosk.test",
		} {
			p.notPresentable(fmt.Sprintf("%q", like), p.issuer.token(like, nil))
		}
		for _, naughty := range naughtyStrings(w) {
			if naughty != "" {
				w.refused(p.present(p.issuer.token(naughty, nil)), 400, "InvalidGrantException")
			}
		}
		w.want(200, p.present(p.issuer.token(address, nil)))
	},
	"jwt-attr-path": func(w *world) {
		p := w.propagation()
		w.administer(api.UpdateTrustedTokenIssuer.Operation, members{
			"TrustedTokenIssuerArn": p.issuerARN, "TrustedTokenIssuerConfiguration": members{"OidcJwtConfiguration": members{
				"ClaimAttributePath": "a.b.c", "IdentityStoreAttributePath": "userName",
			}},
		})
		claim := func(value any) string { return p.issuer.token(p.email, members{"a": value}) }
		for what, value := range map[string]any{
			"missing": nil, "a text": "alice", "a number": 1, "a list": []string{"alice"}, "an object without the next": members{}, "ends early": members{"b": "alice"},
			"a list on the way": members{"b": []members{{"c": "alice"}}}, "a list at the end": members{"b": members{"c": []string{"alice"}}},
			"a number at the end": members{"b": members{"c": 1}}, "true at the end": members{"b": members{"c": true}}, "an object at the end": members{"b": members{"c": members{}}},
			"null at the end": members{"b": members{"c": json.RawMessage("null")}}, "empty": members{"b": members{"c": ""}}, "another letter case": members{"B": members{"C": "alice"}},
			"a list of lists": []any{[]any{members{"c": "alice"}}}, "too long": members{"b": members{"c": strings.Repeat("a", 5_000)}},
		} {
			p.notPresentable(what, claim(value))
		}
		w.want(200, p.present(claim(members{"b": members{"c": "alice"}})))
		w.want(200, p.present(p.issuer.token(p.email, members{"a.b.c": "alice"})))
	},
	"jwt-jwks-huge": hugeKeySets,
	"jwt-jwks-slow": slowKeySet,
	"jwt-jwks-rotation": func(w *world) {
		w = w.another()
		p := w.propagation()
		old, next := p.issuer.keys[0], w.newKey("second")
		w.want(200, p.token())
		p.issuer.publish(old, next)
		w.want(200, p.present(p.issuer.signed(next, p.issuer.claims(p.email, nil)))) // at once: the set is asked for again
		w.want(200, p.present(p.issuer.signed(old, p.issuer.claims(p.email, nil))))
		p.issuer.publish(next)
		fetched := p.issuer.fetched.Load()
		for range 20 { // keys that nobody has: the issuer is not asked each time
			w.refused(p.present(p.issuer.signed(w.newKey("nobody's"), p.issuer.claims(p.email, nil))), 400, "InvalidGrantException")
		}
		if n := p.issuer.fetched.Load() - fetched; n > 1 {
			w.t.Errorf("the keys were asked for %d times for tokens of unknown keys", n)
		}
		w.advance(11 * time.Minute)
		p.notPresentable("a key that was withdrawn", p.issuer.signed(old, p.issuer.claims(p.email, nil)))
		w.want(200, p.token())
		p.issuer.publish()
		w.advance(11 * time.Minute)
		p.notPresentable("the last key was withdrawn", p.issuer.signed(next, p.issuer.claims(p.email, nil)))
	},
	"jwt-jwks-poison-cache": func(w *world) {
		p := w.propagation()
		evil := w.issuer()
		evilARN := w.trust(evil.url, "email", "emails.value")
		apart := w.application() // takes the other issuer's alone
		w.takeAssertions(apart, evilARN)
		of := *p
		of.app = apart
		forged := func() string { return evil.signed(evil.keys[0], p.issuer.claims(p.email, nil)) } // both keys are called "first"
		p.notPresentable("before anything is cached", forged())
		w.want(200, of.present(evil.token(p.email, nil)))
		w.want(200, p.token())
		p.notPresentable("when both sets are cached", forged())
		of.notPresentable("the good issuer's token at the other's application", p.issuer.token(p.email, nil))
		p.notPresentable("the other issuer's token at the good one's application", evil.token(p.email, nil))
		evil.answer(func(out http.ResponseWriter, r *http.Request) {
			writeDocument(out, members{"keys": []members{p.issuer.keys[0].jwk(), evil.keys[0].jwk()}})
		})
		p.notPresentable("when the other publishes both keys", forged())
		w.want(200, p.token())
	},
	"jwt-jwks-content": keySetsThatAreNone,
	"jwt-skew": func(w *world) {
		p := w.propagation()
		// Time goes on while a request is under way, so each boundary has ten seconds on the side that it moves to. The exact second is a
		// test of internal/assertion.
		at := func(name string, from time.Duration) string {
			return p.issuer.token(p.email, members{name: w.now().Add(from).Unix()})
		}
		for _, c := range []struct {
			claim string
			from  time.Duration
			good  bool
		}{
			{"exp", -50 * time.Second, true}, {"exp", -61 * time.Second, false}, {"exp", 23 * time.Hour, true}, {"exp", 25 * time.Hour, false},
			{"nbf", 59 * time.Second, true}, {"nbf", 71 * time.Second, false}, {"nbf", -time.Hour, true},
			{"iat", 59 * time.Second, true}, {"iat", 71 * time.Second, false}, {"iat", -time.Hour, true},
		} {
			what := fmt.Sprintf("%s %s from now", c.claim, c.from)
			if !c.good {
				p.notPresentable(what, at(c.claim, c.from))
			} else if a := p.present(at(c.claim, c.from)); a.status != 200 {
				w.t.Errorf("%s: %s", what, a)
			}
		}
		for what, exp := range map[string]any{"a text": "9999999999", "negative": -1, "endless": json.RawMessage("1e400"), "true": true, "a list": []int{1}} {
			p.notPresentable("exp is "+what, p.issuer.token(p.email, members{"exp": exp}))
		}
	},
}

// nextLetter is another letter of base64 whose leading bits are the same.
func nextLetter(letter byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, letter)^1])
}

// otherAlphabet spells a token in plain base64. One that has no letter which differs gets one.
func otherAlphabet(token string) string {
	changed := strings.NewReplacer("-", "+", "_", "/").Replace(token)
	if changed == token {
		changed = strings.Replace(token, ".", "+.", 1)
	}
	return changed
}

// addPerson makes somebody who can be told by their e-mail address.
func (w *world) addPerson(userName, email string) (userID string) {
	w.t.Helper()
	userID = w.administer(api.CreateUser.Operation, members{
		"IdentityStoreId": w.server.IdentityStoreID, "UserName": userName, "DisplayName": userName,
		"Name": members{"GivenName": "A", "FamilyName": "Person"}, "Emails": []members{{"Value": email, "Type": "work", "Primary": true}},
	}).member("UserId")
	w.afterwards(api.DeleteUser.Operation, members{"IdentityStoreId": w.server.IdentityStoreID, "UserId": userID})
	return userID
}

// naughtyStrings are texts that programs trip over.
func naughtyStrings(w *world) (all []string) {
	w.t.Helper()
	readVectors(w.t, "naughty-strings/blns.json", &all)
	if len(all) < 400 {
		w.t.Fatalf("%d strings", len(all))
	}
	return all
}

// hostileTokens sends the table of hostile tokens to a server that trusts their issuer by its configured keys, at the table's time.
func hostileTokens(w *world) {
	var table struct {
		Config struct {
			Now              int64
			Issuer, Audience string
		}
		JWKS  json.RawMessage
		Cases []struct {
			ID, Token, Expect string
			JWKS              json.RawMessage
			Generate          struct{ N int }
		}
	}
	readVectors(w.t, "hostile-jose/cases.json", &table)
	w = w.another()
	w.addPerson("alice@example.test", "alice@example.test")
	p := &propagation{world: w, caller: w.admin(), app: w.application()}
	p.issuerARN = w.trust(table.Config.Issuer, "sub", "userName")
	w.grant(p.app, grantBearer, members{"JwtBearer": members{"AuthorizedTokenIssuers": []members{
		{"TrustedTokenIssuerArn": p.issuerARN, "AuthorizedAudiences": []string{table.Config.Audience}},
	}}})
	w.advance(time.Unix(table.Config.Now, 0).Sub(w.now()))
	accepted := 0
	for _, c := range table.Cases {
		token, keys := c.Token, c.JWKS
		if c.Generate.N > 0 {
			token = generatedToken(w, c.ID, c.Generate.N)
		}
		if keys == nil {
			keys = table.JWKS
		}
		p.configureKeys(keys)
		before := w.rows()
		a := p.present(token)
		switch {
		case a.status == 200 && c.Expect != "reject":
			accepted++
		case a.status == 200, c.Expect == "accept":
			w.t.Errorf("%s: want %s, got %s", c.ID, c.Expect, a)
		case a.status != 413 && (a.status != 400 || !oneOf("InvalidGrantException|InvalidRequestException", a.exception())):
			w.t.Errorf("%s: %s", c.ID, a)
		case !sameRows(before, w.rows()):
			w.t.Errorf("%s left something behind", c.ID)
		}
	}
	if accepted < 7 {
		w.t.Errorf("%d tokens were accepted: the table is not what it was", accepted)
	}
}

// configureKeys gives the issuer keys in place of an address to fetch them from, and forgets which assertions were used: those of the table
// have one jti.
func (p *propagation) configureKeys(keys []byte) {
	p.t.Helper()
	p.sql("UPDATE trusted_token_issuer SET jwks = $1 WHERE issuer_id = $2", string(keys), idOf(p.issuerARN))
	p.sql("DELETE FROM assertion_replay")
}

// generatedToken makes what the table describes and does not write down. Nobody has the key any more, so it is not signed.
func generatedToken(w *world, id string, n int) string {
	w.t.Helper()
	claims := func(text string) string {
		return inBase64([]byte(`{"alg":"RS256","kid":"r1"}`)) + "." + inBase64([]byte(text)) + ".AA"
	}
	switch id {
	case "gen-dots":
		return strings.Repeat(".", n)
	case "gen-payload-depth":
		return claims(`{"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}")
	case "gen-claims-1m":
		return claims(`{"x":"` + strings.Repeat("x", n) + `"}`)
	case "gen-many-keys":
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"%x":0,`, i)
		}
		return claims("{" + b.String() + `"x":0}`)
	}
	w.t.Fatalf("no rule to make %s", id)
	return ""
}

// jwtRequests are the entries that have a template and need more than that.
var jwtRequests = map[string]requestCase{
	"jwt-iss-not-configured": {check: func(w *world, f *stage, a answer) {
		p := f.application()
		unknown := p.issuer.claims(p.email, members{"iss": "https://nobody.example.test"})
		w.alike("an issuer that the application does not take and one that nobody knows", a, p.notPresentable("unknown", p.issuer.signed(p.issuer.keys[0], unknown)))
		for _, iss := range []string{p.issuer.url + "/", strings.ToUpper(p.issuer.url), p.issuer.url + ".evil.example.test", "", p.issuer.url + "#"} {
			p.notPresentable(iss, p.issuer.token(p.email, members{"iss": iss}))
		}
	}},
	"jwt-aud-not-authorized": {check: func(w *world, f *stage, a answer) {
		p := f.application()
		for what, aud := range map[string]any{
			"none": nil, "empty": "", "an empty list": []string{}, "another letter case": "Tests", "a longer one": "tests2", "a shorter one": "test", "numbers": []int{1},
			"a good one and a number": []any{audience, 1}, "its own address": w.server.Endpoint, "the application": p.app, "a list in a list": []any{[]string{audience}},
		} {
			p.notPresentable(what, p.issuer.token(p.email, members{"aud": aud}))
		}
		w.want(200, p.present(p.issuer.token(p.email, members{"aud": []string{"another", audience}})))
		// No audience means none: there is no way to configure that any will do.
		for what, grant := range map[string]members{
			"no audiences":    {"TrustedTokenIssuerArn": p.issuerARN, "AuthorizedAudiences": []string{}},
			"audiences unset": {"TrustedTokenIssuerArn": p.issuerARN},
		} {
			set := w.call(w.admin(), api.PutApplicationGrant.Operation, members{
				"ApplicationArn": p.app, "GrantType": grantBearer, "Grant": members{"JwtBearer": members{"AuthorizedTokenIssuers": []members{grant}}},
			})
			if set.status == 200 {
				p.notPresentable(what, p.issuer.token(p.email, nil))
			}
		}
	}},
	"jwt-attr-map-none": {check: func(w *world, f *stage, a answer) {
		p := f.application()
		w.alike("somebody unknown and somebody disabled", a, p.notPresentable("disabled", p.issuer.token("dave@acme.example", nil)))
	}},
	"jwt-assertion-missing": {check: func(w *world, f *stage, a answer) {
		p := f.application()
		for _, assertion := range []any{"", []string{"a"}, members{}, 1, json.RawMessage("null"), true} {
			in := members{"clientId": p.app, "grantType": grantBearer, "assertion": assertion}
			w.refused(w.call(p.caller, api.CreateTokenWithIAM.Operation, in), 400, "InvalidRequestException")
		}
	}},
	"jwt-assertion-in-code-grant": {check: func(w *world, f *stage, a answer) {
		// An assertion beside a code changes nothing: neither does it let in, nor is it spent.
		p := f.application()
		assertion := p.issuer.token(p.email, nil)
		in := members{"clientId": p.app, "grantType": grantCode, "code": strings.Repeat("c", 43), "redirectUri": appCallback, "codeVerifier": verifier, "assertion": assertion}
		w.refused(w.call(p.caller, api.CreateTokenWithIAM.Operation, in), 400, "InvalidGrantException")
		w.want(200, p.present(assertion))
	}},
	"jwt-own-token": {
		check: func(w *world, f *stage, a answer) {
			// Not even where somebody trusts the server's own address as an issuer.
			p := f.application()
			own := w.call(w.admin(), api.CreateTrustedTokenIssuer.Operation, members{
				"InstanceArn": w.server.InstanceARN, "Name": "ourselves", "TrustedTokenIssuerType": "OIDC_JWT",
				"TrustedTokenIssuerConfiguration": members{"OidcJwtConfiguration": members{
					"IssuerUrl": w.server.Endpoint, "ClaimAttributePath": "sub", "IdentityStoreAttributePath": "userName", "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
				}},
			})
			if own.status != 200 {
				return
			}
			issuerARN := own.member("TrustedTokenIssuerArn")
			w.afterwards(api.DeleteTrustedTokenIssuer.Operation, members{"TrustedTokenIssuerArn": issuerARN})
			front := p.front(p.app)
			token := front.token()
			w.grant(p.app, grantBearer, members{"JwtBearer": members{"AuthorizedTokenIssuers": []members{
				{"TrustedTokenIssuerArn": issuerARN, "AuthorizedAudiences": []string{front.app, p.app}},
			}}})
			p.notPresentable("a token of our own, trusted by mistake", token.tokens().id)
			p.notPresentable("an access token of our own", token.tokens().access)
		},
	},
}
