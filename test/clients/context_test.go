package clients

import (
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// maxContext is how many characters AssumeRole takes for a context.
const maxContext = 2048

// This is what becomes of a role session that somebody asks for with something else than a context of the person.
func TestRolesAreAssumedWithContextsAlone(t *testing.T) {
	w := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	plain := w.addRole("without-context", trustIn(w.account, "sts:AssumeRole"))
	withEveryClient(t, w, func(p *party) {
		w := p.world
		out := w.redeemAssertion(harness.ECKeyID)
		_, claims := p.server.VerifyJWT(out.text("idToken"))
		identity, audit := members(claims).text("sts:identity_context"), members(claims).text("sts:audit_context")
		for _, context := range []string{identity, audit} {
			if len(context) > maxContext {
				p.Errorf("a context has %d characters, and AssumeRole takes %d", len(context), maxContext)
			}
			p.must(api.AssumeRole.Operation, w.assume(context))
		}
		good := w.assume(identity)
		provided := func(contexts ...members) members { return good.with(members{"ProvidedContexts": contexts}) }
		one := members{"ProviderArn": contextProvider, "ContextAssertion": identity}
		for _, row := range []struct {
			name string
			in   members
			code string
		}{
			{"the ID token", w.assume(out.text("idToken")), "ValidationError"},
			{"the access token", w.assume(out.text("accessToken")), "ValidationError"},
			{"a context that is too long", w.assume(identity + strings.Repeat("a", maxContext+1-len(identity))), "ValidationError"},
			{"nothing much", w.assume("aaaa"), "ValidationError"},
			{"a context with another letter", w.assume(identity[:len(identity)/2] + "A" + identity[len(identity)/2:]), "ValidationError"},
			{"both contexts", provided(one, one.with(members{"ContextAssertion": audit})), "ValidationError"},
			{"a context of another provider", provided(one.with(members{"ProviderArn": contextProvider[:len(contextProvider)-1]})), "ValidationError"},
			{"a role that takes none", good.with(members{"RoleArn": plain}), "AccessDenied"},
			{"a role that there is not", good.with(members{"RoleArn": w.role + "s"}), "AccessDenied"},
		} {
			p.run(row.name, func(p *party) { p.mustRefuse(row.code, api.AssumeRole.Operation, row.in) })
		}
	})
}

// Whom a context names is remembered with the session: it ends with the application.
func TestContextsEndWithTheApplication(t *testing.T) {
	w := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	out := w.redeemAssertion(harness.RSAKeyID)
	identity := out.object("awsAdditionalDetails").text("identityContext")
	w.must(api.AssumeRole.Operation, w.assume(identity))
	w.must(api.UpdateApplication.Operation, members{"ApplicationArn": w.reports, "Status": "DISABLED"})
	w.mustRefuse("AccessDenied", api.AssumeRole.Operation, w.assume(identity))
	w.mustRefuse("InvalidClientException", createTokenWithIAM, w.bearerOf(harness.RSAKeyID, nil))
}

// TestPluginOfJava takes the steps of AWS's plugin for the SDK for Java, which is in no registry that these tests can reach: without anybody's
// key, a role is taken on by the person's token; that role gets the identity context, by the same token, and takes on the role that acts for
// the person. The token is spent by the second step alone. The plugin reads awsAdditionalDetails and never the ID token.
func TestStepsOfTheJavaPlugin(t *testing.T) {
	w := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	w.server.Operate("iam", "create-oidc-provider", w.issuer.URL, "--account", w.account, "--client-id", harness.Audience)
	provider := "arn:aws:iam::" + w.account + ":oidc-provider/" + strings.TrimPrefix(w.issuer.URL, "http://")
	application := w.addRole("application", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"`+provider+`"},`+
		`"Action":"sts:AssumeRoleWithWebIdentity"}]}`)
	access := w.addRole("access", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+application+`"},`+
		`"Action":["sts:AssumeRole","sts:SetContext"]}]}`)
	w.must(api.PutApplicationAuthenticationMethod.Operation, members{
		"ApplicationArn": w.reports, "AuthenticationMethodType": "IAM",
		"AuthenticationMethod": members{"Iam": members{"ActorPolicy": w.actorPolicyFor(application)}},
	})
	id := w.reports[strings.LastIndex(w.reports, "/")+1:]
	withEveryClient(t, w, func(p *party) {
		in := p.world.bearerOf(harness.RSAKeyID, nil)
		first := p.mustAs(key{}, api.AssumeRoleWithWebIdentity.Operation, members{
			"RoleArn": application, "RoleSessionName": "TIPSDKPluginSession-" + id, "WebIdentityToken": in["assertion"],
		})
		token := p.mustAs(keyOf(first.object("Credentials")), createTokenWithIAM, in)
		second := p.mustAs(keyOf(first.object("Credentials")), api.AssumeRole.Operation, members{
			"RoleArn": access, "RoleSessionName": "TIPSDKPluginIdentityEnhancedSession-" + id, "DurationSeconds": 900,
			"ProvidedContexts": []members{{
				"ProviderArn": contextProvider, "ContextAssertion": token.object("awsAdditionalDetails").text("identityContext"),
			}},
		})
		who := p.mustAs(keyOf(second.object("Credentials")), api.GetCallerIdentity.Operation, members{})
		want := "arn:aws:sts::" + w.account + ":assumed-role/access/TIPSDKPluginIdentityEnhancedSession-" + id
		if who.text("Arn") != want {
			p.Errorf("the credentials are of %s, want %s", who.text("Arn"), want)
		}
	})
}
