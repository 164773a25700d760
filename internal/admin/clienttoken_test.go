package admin

import (
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
)

func TestARepeatedRequestIsAnsweredAsTheFirst(t *testing.T) {
	b := newBench(t)
	in := api.CreateApplicationRequest{
		InstanceARN: homeARN, ApplicationProviderARN: arn.CustomApplication, Name: "app", ClientToken: "token", Tags: manyTags(2),
	}
	first := must(b, b.CreateApplication, owner, in)
	events := b.Rows("audit_event")
	if again := must(b, b.CreateApplication, owner, in); *again != *first {
		t.Errorf("answered %+v, then %+v", *first, *again)
	}
	if b.Rows("application") != 1 || b.Rows("audit_event") != events {
		t.Error("the repetition made or recorded something")
	}
	changed := in
	changed.Tags = manyTags(1)
	if sentence := refused(b, b.CreateApplication, owner, fault.Conflict, changed); !strings.HasPrefix(sentence, "IdempotentParameterMismatch: ") {
		t.Errorf("the refusal says %q", sentence)
	}
	if theirs := must(b, b.CreateApplication, other, in); theirs.ApplicationARN == first.ApplicationARN {
		t.Error("a token of one account was honoured for another")
	}
	issuer := issuerRequest(homeARN, "idp", "https://idp.example")
	issuer.ClientToken = in.ClientToken
	if one, two := must(b, b.CreateTrustedTokenIssuer, owner, issuer), must(b, b.CreateTrustedTokenIssuer, owner, issuer); *one != *two {
		t.Errorf("two issuers: %v, %v", one, two)
	}
	instance := api.CreateInstanceRequest{ClientToken: in.ClientToken}
	if one, two := must(b, b.CreateInstance, other, instance), must(b, b.CreateInstance, other, instance); *one != *two {
		t.Errorf("two instances: %v, %v", one, two)
	}
	b.Clock.Advance(clientTokenLife + time.Second)
	if later := must(b, b.CreateApplication, owner, in); later.ApplicationARN == first.ApplicationARN {
		t.Error("the token is remembered for more than its time")
	}
}
