package admin

import (
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

const actorPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}]}`

func putPolicy(app, document string) api.PutApplicationAuthenticationMethodRequest {
	return api.PutApplicationAuthenticationMethodRequest{
		ApplicationARN: app, AuthenticationMethodType: authenticationIAM,
		AuthenticationMethod: api.AuthenticationMethod{IAM: &api.IAMAuthenticationMethod{ActorPolicy: api.Document(document)}},
	}
}

func TestAnActorPolicyKeepsItsJSON(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	get := api.GetApplicationAuthenticationMethodRequest{ApplicationARN: app, AuthenticationMethodType: authenticationIAM}
	list := api.ListApplicationAuthenticationMethodsRequest{ApplicationARN: app}
	remove := api.DeleteApplicationAuthenticationMethodRequest{ApplicationARN: app, AuthenticationMethodType: authenticationIAM}
	refused(b, b.GetApplicationAuthenticationMethod, owner, fault.NotFound, get)
	if methods := must(b, b.ListApplicationAuthenticationMethods, owner, list).AuthenticationMethods; methods == nil || len(methods) != 0 {
		t.Errorf("a new application has the methods %v", methods)
	}
	for _, c := range []struct{ name, document string }{
		{"as the guide has it", actorPolicy},
		{"with members in another order", `{"Statement":[{"Resource":"*","Action":["sso-oauth:*"],"Principal":{"Service":"qbusiness.amazonaws.com"},"Effect":"Allow","Sid":"a"}],"Version":"2012-10-17"}`},
		{"with a number where a text could be", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":3.50}}}}`},
		{"with the application for a resource", strings.Replace(actorPolicy, `"*"`, `"`+app+`"`, 1)},
	} {
		must(b, b.PutApplicationAuthenticationMethod, owner, putPolicy(app, c.document))
		got := must(b, b.GetApplicationAuthenticationMethod, owner, get).AuthenticationMethod
		if string(got.IAM.ActorPolicy) != c.document {
			t.Errorf("%s: read as %s", c.name, got.IAM.ActorPolicy)
		}
		methods := must(b, b.ListApplicationAuthenticationMethods, owner, list).AuthenticationMethods
		if len(methods) != 1 || methods[0].AuthenticationMethodType != "IAM" || string(methods[0].AuthenticationMethod.IAM.ActorPolicy) != c.document {
			t.Errorf("%s: listed as %+v", c.name, methods)
		}
	}
	must(b, b.DeleteApplicationAuthenticationMethod, owner, remove)
	refused(b, b.DeleteApplicationAuthenticationMethod, owner, fault.NotFound, remove)
}

func TestAnActorPolicyThatSaysNothingCertainIsRefused(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	for _, c := range []struct{ name, document string }{
		{"a text", `"{}"`},
		{"no statement", `{"Version":"2012-10-17","Statement":[]}`},
		{"nobody it is about", strings.Replace(actorPolicy, `"Principal":{"AWS":"111122223333"},`, "", 1)},
		{"a condition operator that nobody knows", strings.Replace(actorPolicy, `"Effect"`, `"Condition":{"StringEqualz":{"a":"b"}},"Effect"`, 1)},
		{"another application for a resource", strings.Replace(actorPolicy, `"*"`, `"`+app[:len(app)-16]+`0000000000000000"`, 1)},
	} {
		sentence := refused(b, b.PutApplicationAuthenticationMethod, owner, fault.Validation, putPolicy(app, c.document))
		if !strings.HasPrefix(sentence, "Invalid actor policy provided: ") {
			t.Errorf("%s: %s", c.name, sentence)
		}
	}
	refused(b, b.PutApplicationAuthenticationMethod, owner, fault.Validation, api.PutApplicationAuthenticationMethodRequest{ApplicationARN: app})
}
