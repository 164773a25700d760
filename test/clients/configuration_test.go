package clients

import (
	"fmt"
	"reflect"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// What is put as a policy comes back as it was, for those who compare what they wrote with what there is.
func TestActorPoliciesComeBackAsTheyWere(t *testing.T) {
	w := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	root := "arn:aws:iam::" + w.account + ":root"
	const action = "sso-oauth:CreateTokenWithIAM"
	policies := []members{
		w.actorPolicy(),
		{"Version": "2012-10-17", "Statement": members{"Effect": "Allow", "Principal": members{"AWS": w.account}, "Action": action, "Resource": w.gateway}},
		{"Version": "2012-10-17", "Id": "of the tests", "Statement": []any{
			members{"Sid": "One", "Effect": "Allow", "Principal": members{"AWS": []string{root, w.role}}, "Action": []string{action}, "Resource": []string{"*"}},
			members{"Sid": "Two", "Effect": "Deny", "Principal": "*", "Action": "sso-oauth:*", "Resource": "*", "Condition": members{
				"Bool":            members{"aws:SecureTransport": "false"},
				"NumericLessThan": members{"aws:MultiFactorAuthAge": "3600"},
				"StringLike":      members{"aws:PrincipalTag/team": []string{"reports-*", "größe 語 💥", "<&>\\\""}},
				"Null":            members{"aws:SourceArn": "true"},
			}},
		}},
	}
	withEveryClient(t, w, func(p *party) {
		for i, policy := range policies {
			p.run(fmt.Sprint("policy ", i), func(p *party) {
				method := members{"ApplicationArn": w.gateway, "AuthenticationMethodType": "IAM"}
				p.must(api.PutApplicationAuthenticationMethod.Operation, method.with(members{"AuthenticationMethod": members{"Iam": members{"ActorPolicy": policy}}}))
				var want any
				convert(p, policy, &want)
				out := p.must(api.GetApplicationAuthenticationMethod.Operation, method)
				if got := out.object("AuthenticationMethod").object("Iam")["ActorPolicy"]; !reflect.DeepEqual(got, want) {
					p.Errorf("the policy came back as %v, want %v", got, want)
				}
				for _, item := range p.must(api.ListApplicationAuthenticationMethods.Operation, members{"ApplicationArn": w.gateway}).list("AuthenticationMethods") {
					if got := item.object("AuthenticationMethod").object("Iam")["ActorPolicy"]; !reflect.DeepEqual(got, want) {
						p.Errorf("the policy was listed as %v, want %v", got, want)
					}
				}
			})
		}
	})
}

// What AWS refuses for reasons that a server on one machine does not have can be had by settings, for those who try out a program.
func TestRefusalsThatSettingsBringAbout(t *testing.T) {
	type cause struct {
		argument, value string
		region          string // for which the client signs; empty for that of the server
		want            refusal
	}
	causes := []cause{{"--other-regions", "eu-west-1=https://sso.eu.example.com", "eu-west-1", refusal{
		Exception: "InvalidRequestRegionException", Error: "invalid_request", Endpoint: "https://sso.eu.example.com", Region: "eu-west-1",
	}}}
	for _, reason := range []string{"KMS_NotFoundException", "KMS_InvalidKeyUsageException", "KMS_InvalidStateException", "KMS_DisabledException"} {
		causes = append(causes, cause{"--simulate-kms", reason, "", refusal{Exception: "InvalidRequestException", Error: "invalid_request", Reason: reason}})
	}
	const denied = "KMS_AccessDeniedException"
	causes = append(causes, cause{"--simulate-kms", denied, "", refusal{Exception: "AccessDeniedException", Error: "access_denied", Reason: denied}})
	worlds := map[string]*world{}
	for _, c := range causes {
		worlds[c.value] = newWorld(&party{T: t, server: harness.Start(t, c.argument, c.value), client: goSDK{}})
	}
	withEveryClient(t, worlds[denied], func(p *party) {
		for _, c := range causes {
			p.run(c.value, func(p *party) {
				w := worlds[c.value]
				at := *w.server
				if c.region != "" {
					at.Region = c.region
				}
				p.server = &at
				_, got := p.try(createTokenWithIAM, w.bearerOf(harness.ECKeyID, nil))
				if got == nil {
					p.Fatal("the call was answered")
				}
				if got.Description == "" || got.Status != 400 || !got.Typed {
					p.Errorf("refused with %+v, want a type of its own with status 400 and a description", *got)
				}
				got.Description, got.Message, got.Status, got.Typed, got.RequestID = "", "", 0, false, ""
				if *got != c.want {
					p.Errorf("refused with %+v, want %+v", *got, c.want)
				}
			})
		}
	})
}
