package token

import (
	"encoding/json"
	"fmt"

	"sallyport/internal/assertion"
	"sallyport/internal/strictjson"
)

// actor is the claim act: through whom a person's identity came to an application (RFC 8693 §4.1). For an assertion that is its issuer, for an
// exchanged token the client that had it, with what stood in that one's own claim inside. It is kept as JSON in the session.
type actor struct {
	Subject string `json:"sub"`
	Actor   *actor `json:"act,omitempty"`
}

// maxActors bounds how often a token of a token may be exchanged. Chains in use have two or three links, and each is carried in every ID
// token behind it.
const maxActors = 8

func (a actor) String() string {
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // strings only: it cannot fail
	}
	return string(text)
}

// behind returns the actor with the earlier ones, as a session kept them, inside. It reports false when there are too many.
func (a actor) behind(earlier string) (actor, bool, error) {
	if earlier == "" {
		return a, true, nil
	}
	a.Actor = &actor{}
	if err := json.Unmarshal([]byte(earlier), a.Actor); err != nil {
		return actor{}, false, fmt.Errorf("read the actors of a session: %w", err)
	}
	links := 0
	for link := &a; link != nil; link = link.Actor {
		links++
	}
	return a, links <= maxActors, nil
}

// permitted is the claim may_act: who alone may become an actor (RFC 8693 §4.4).
type permitted struct {
	Subject string `json:"sub"`
	Issuer  string `json:"iss,omitempty"`
}

// maxMayAct bounds each text of the claim. Nobody who could be meant has a longer name.
const maxMayAct = 2048

// mayAct reads the claim from an assertion, for the session. Of one that cannot be read, nobody is permitted; without one, anybody is.
func mayAct(claims assertion.Claims) string {
	member, found := claims.Member("may_act")
	if !found {
		return ""
	}
	p := permitted{Subject: textOf(member, "sub"), Issuer: textOf(member, "iss")}
	text, err := json.Marshal(p)
	if err != nil || len(p.Subject) > maxMayAct || len(p.Issuer) > maxMayAct {
		return `{"sub":""}`
	}
	return string(text)
}

func textOf(object strictjson.Value, name string) string {
	member, _ := object.Get(name)
	return member.Text()
}

// permits reports whether the application may become an actor in a session that kept the claim.
func permits(kept, applicationARN, ourIssuer string) (bool, error) {
	if kept == "" {
		return true, nil
	}
	var p permitted
	if err := json.Unmarshal([]byte(kept), &p); err != nil {
		return false, fmt.Errorf("read who may act in a session: %w", err)
	}
	return p.Subject == applicationARN && (p.Issuer == "" || p.Issuer == ourIssuer), nil
}
