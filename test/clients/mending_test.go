//go:build clients

package clients

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/trace"
	"sallyport/test/harness"
)

// This file pastes what `sallyport explain` prints: a command that would mend a refusal does, and one that wants a person's hand first does
// nothing until it has been filled in.

// attempt is a request that is refused. The same one has to succeed when it is mended.
type attempt struct {
	signer    key // the operator's, if empty
	operation *api.Operation
	in        members
}

// kind is a kind of refusal.
type kind struct {
	name    string
	provoke func(w *world) attempt
	// fill puts in what the command leaves open; as long as that is missing, the command is refused. Nil where it leaves nothing open.
	fill *strings.Replacer
	// byHand does what the advice says that is no command.
	byHand func(w *world)
	// hopeless refusals stay, for the same request or until the server starts again. Those with advice are told what to do, in these words
	// among others.
	hopeless bool
	advice   string
	rounds   int // of explaining and mending, if not one
}

// otherAccount is one than the operator's.
const otherAccount = "444455556666"

var kinds = []kind{
	{name: "no actor policy", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.must(api.DeleteApplicationAuthenticationMethod.Operation, members{"ApplicationArn": a, "AuthenticationMethodType": "IAM"})
		return w.bearerAt(a, nil)
	}},
	{name: "an actor policy that names somebody else", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.act(a, "arn:aws:iam::"+w.account+":user/somebody-else")
		return w.bearerAt(a, nil)
	}},
	{name: "an actor policy that names the account, for a user without policies", provoke: func(w *world) attempt {
		request := w.bearerAt(w.newcomer(), nil)
		request.signer = w.user(w.account)
		return request
	}},
	{name: "an actor policy that names the account, for a role without policies", provoke: func(w *world) attempt {
		request := w.bearerAt(w.newcomer(), nil)
		request.signer = w.session(w.account)
		return request
	}},
	{name: "an actor policy that does not name the role", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.act(a, "arn:aws:iam::"+w.account+":user/somebody-else")
		request := w.bearerAt(a, nil)
		request.signer = w.session(w.account)
		return request
	}},
	{name: "the grant refresh_token is not configured", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.grant(a, refreshGrant, members{"RefreshToken": members{}})
		out := w.must(createTokenWithIAM, w.bearerAt(a, nil).in)
		w.must(api.DeleteApplicationGrant.Operation, members{"ApplicationArn": a, "GrantType": refreshGrant})
		return attempt{operation: createTokenWithIAM, in: tokenOf(a, refreshGrant, members{"refreshToken": out.text("refreshToken")})}
	}},
	{name: "the grant token-exchange is not configured", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.must(api.PutApplicationAccessScope.Operation, members{
			"ApplicationArn": w.reports, "Scope": "gateway:read", "AuthorizedTargets": []string{w.gateway, a},
		})
		return w.exchangeAt(a, nil)
	}},
	{name: "the grant jwt-bearer is not configured", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.must(api.DeleteApplicationGrant.Operation, members{"ApplicationArn": a, "GrantType": bearerGrant})
		return w.bearerAt(a, nil)
	}, fill: strings.NewReplacer("audience of the assertions", harness.Audience)},
	{name: "the grant authorization_code is not configured", provoke: func(w *world) attempt {
		code, verifier := w.authorize()
		w.must(api.DeleteApplicationGrant.Operation, members{"ApplicationArn": w.reports, "GrantType": codeGrant})
		return attempt{operation: createTokenWithIAM, in: tokenOf(w.reports, codeGrant, members{
			"code": code, "redirectUri": callback, "codeVerifier": verifier,
		})}
	}, fill: strings.NewReplacer("address of the application", callback)},
	{name: "a refresh token is asked for at the exchange, and not configured", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.grant(a, exchangeGrant, members{"TokenExchange": members{}})
		w.must(api.PutApplicationAccessScope.Operation, members{
			"ApplicationArn": w.reports, "Scope": "gateway:read", "AuthorizedTargets": []string{w.gateway, a},
		})
		return w.exchangeAt(a, members{"requestedTokenType": refreshTokenType})
	}},
	{name: "the application of the subject token is disabled", provoke: func(w *world) attempt {
		request := w.exchangeAt(w.gateway, nil)
		w.must(api.UpdateApplication.Operation, members{"ApplicationArn": w.reports, "Status": "DISABLED"})
		return request
	}},
	{name: "no scope of the subject token names the application", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.grant(a, exchangeGrant, members{"TokenExchange": members{}})
		return w.exchangeAt(a, nil)
	}},
	{name: "the audience is not authorized", provoke: func(w *world) attempt {
		return w.bearerAt(w.newcomer(), map[string]any{"aud": []string{"another; $(audience) 'of' \"the\" tests"}})
	}},
	{name: "the person is not assigned", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.must(api.DeleteApplicationAssignment.Operation, members{"ApplicationArn": a, "PrincipalType": "USER", "PrincipalId": w.userID})
		return w.bearerAt(a, nil)
	}},
	{name: "the person is not in the group that is assigned", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.must(api.DeleteApplicationAssignment.Operation, members{"ApplicationArn": a, "PrincipalType": "USER", "PrincipalId": w.userID})
		group := w.must(api.CreateGroup.Operation, members{"IdentityStoreId": w.identityStoreID, "DisplayName": w.unused("group")}).text("GroupId")
		w.must(api.CreateApplicationAssignment.Operation, members{"ApplicationArn": a, "PrincipalType": "GROUP", "PrincipalId": group})
		return w.bearerAt(a, nil)
	}},
	{name: "the scope is not configured", provoke: func(w *world) attempt {
		request := w.bearerAt(w.newcomer(), nil)
		request.in["scope"] = []string{"openid", "reports:write"}
		return request
	}},
	{name: "the application is disabled", provoke: func(w *world) attempt {
		a := w.newcomer()
		w.must(api.UpdateApplication.Operation, members{"ApplicationArn": a, "Status": "DISABLED"})
		return w.bearerAt(a, nil)
	}},
	{name: "there is no such application", provoke: func(w *world) attempt {
		return w.bearerAt(w.reports[:len(w.reports)-4]+"0000", nil)
	}, hopeless: true, advice: "aws sso-admin list-applications"},
	{name: "the grant does not name the issuer", provoke: func(w *world) attempt {
		other := harness.StartIssuer(w)
		w.trust(w.unused("issuer"), other.URL)
		return w.bearerFrom(other, w.newcomer(), nil)
	}, fill: strings.NewReplacer(`"AuthorizedAudiences":[]`, `"AuthorizedAudiences":["`+harness.Audience+`"]`)},
	{name: "the instance does not know the issuer", provoke: func(w *world) attempt {
		return w.bearerFrom(harness.StartIssuer(w), w.newcomer(), nil)
	}, fill: strings.NewReplacer("NAME OF THE ISSUER", "newcomer", `"AuthorizedAudiences":[]`, `"AuthorizedAudiences":["`+harness.Audience+`"]`), rounds: 2},
	{name: "the e-mail address is not verified", provoke: func(w *world) attempt {
		return w.bearerAt(w.newcomer(), map[string]any{"email_verified": false})
	}, hopeless: true},
	{name: "nothing is said about whether the e-mail address is verified", provoke: func(w *world) attempt {
		return w.bearerAt(w.newcomer(), map[string]any{"email_verified": nil})
	}, hopeless: true, advice: "trust_email"},
	{name: "the claim is missing", provoke: func(w *world) attempt {
		a, other := w.believer("emails.value")
		return w.bearerFrom(other, a, map[string]any{"email": nil, "mail": personEmail})
	}, fill: strings.NewReplacer("NAME-OF-A-CLAIM", "mail")},
	{name: "the issuer is in a network of one's own", provoke: func(w *world) attempt {
		other := harness.StartIssuer(w)
		other.URL = "https://10.255.255.1" // what is refused is not asked, so it does not matter whether it is there
		a, issuer := w.newcomer(), w.trust(w.unused("issuer"), other.URL)
		w.grant(a, bearerGrant, w.bearerGrantOf(issuer))
		return w.bearerFrom(other, a, nil)
	}, hopeless: true, advice: "issuer_networks"},
	{name: "the person is unknown", provoke: func(w *world) attempt {
		return w.bearerAt(w.open(w.newcomer()), map[string]any{"email": "nobody@example.com"})
	}, fill: strings.NewReplacer("NAME OF THE USER", "nobody", "Value=,", "Value=nobody@example.com,")},
	{name: "the person is unknown by name", provoke: func(w *world) attempt {
		a, other := w.believer("userName")
		return w.bearerFrom(other, w.open(a), map[string]any{"email": "noname"})
	}, fill: strings.NewReplacer("NAME OF THE USER", "noname")},
	{name: "the person is unknown by the id of another directory", provoke: func(w *world) attempt {
		a, other := w.believer("externalIds.value")
		return w.bearerFrom(other, w.open(a), map[string]any{"email": "4711"})
	}, advice: "externalIds", byHand: func(w *world) {
		w.edit("userName: "+person, "displayName:", "externalIds: [{issuer: anybody, id: \"4711\"}]\n    displayName:")
	}},
	{name: "the person is disabled", provoke: func(w *world) attempt {
		w.addPerson("dora.o'neil", "dora@example.com")
		w.edit("dora.o'neil", "displayName:", "status: DISABLED\n    displayName:")
		return w.bearerAt(w.open(w.newcomer()), map[string]any{"email": "dora@example.com"})
	}, advice: "take status: DISABLED from the user", byHand: func(w *world) { w.edit("dora.o'neil", "status: DISABLED", "") }},

	{name: "the trust policy does not name the caller", provoke: func(w *world) attempt {
		request := w.assumption(w.addRole(w.unused("role"), trustOf("arn:aws:iam::"+w.account+":user/somebody-else", "sts:AssumeRole")), nil)
		request.signer = w.user(w.account)
		return request
	}},
	{name: "the trust policy does not name the caller's role", provoke: func(w *world) attempt {
		request := w.assumption(w.addRole(w.unused("role"), trustOf("arn:aws:iam::"+w.account+":user/somebody-else", "sts:AssumeRole")), nil)
		request.signer = w.session(w.account)
		return request
	}},
	{name: "the trust policy lacks sts:SetContext", provoke: func(w *world) attempt {
		return w.assumption(w.addRole(w.unused("role"), trustIn(w.account, "sts:AssumeRole")), w.context())
	}},
	{name: "the trust policy lacks sts:TagSession", provoke: func(w *world) attempt {
		return w.assumption(w.addRole(w.unused("role"), trustIn(w.account, "sts:AssumeRole")),
			members{"Tags": []members{{"Key": "team", "Value": "reports"}}})
	}},
	{name: "there is no such role", provoke: func(w *world) attempt {
		return w.assumption("arn:aws:iam::"+w.account+":role/"+w.unused("role"), nil)
	}},
	{name: "the session is longer than the role allows", provoke: func(w *world) attempt {
		return w.assumption(w.addRole(w.unused("role"), trustIn(w.account, "sts:AssumeRole")), members{"DurationSeconds": 7200})
	}},
	{name: "the role trusts the account, and the user has no policy", provoke: func(w *world) attempt {
		request := w.assumption(w.addRole(w.unused("role"), trustIn(w.account, "sts:AssumeRole")), nil)
		request.signer = w.user(w.account)
		return request
	}},
	{name: "the role trusts another account's user, who has no policy", provoke: func(w *world) attempt {
		signer := w.user(otherAccount)
		who := w.mustAs(signer, api.GetCallerIdentity.Operation, members{}).text("Arn")
		request := w.assumption(w.addRole(w.unused("role"), trustOf(who, "sts:AssumeRole")), nil)
		request.signer = signer
		return request
	}},
	{name: "the role trusts another account, whose role has no policy", provoke: func(w *world) attempt {
		request := w.assumption(w.addRole(w.unused("role"), trustIn(otherAccount, "sts:AssumeRole")), nil)
		request.signer = w.session(otherAccount)
		return request
	}},
	{name: "the application of the context is disabled", provoke: func(w *world) attempt {
		request := w.assumption(w.role, w.context())
		w.must(api.UpdateApplication.Operation, members{"ApplicationArn": w.reports, "Status": "DISABLED"})
		return request
	}},
	{name: "the person of the context is no longer assigned", provoke: func(w *world) attempt {
		request := w.assumption(w.role, w.context())
		w.must(api.DeleteApplicationAssignment.Operation, members{"ApplicationArn": w.reports, "PrincipalType": "USER", "PrincipalId": w.userID})
		return request
	}},

	{name: "the account has no such provider", provoke: func(w *world) attempt {
		other := harness.StartIssuer(w)
		return w.webIdentity(other, w.addRole(w.unused("role"), w.trustOfProvider(other)))
	}, fill: strings.NewReplacer("--client-id ''", "--client-id '"+harness.Audience+"'")},
	{name: "the provider is not trusted with the audience", provoke: func(w *world) attempt {
		other := harness.StartIssuer(w)
		w.server.Operate("iam", "create-oidc-provider", other.URL, "--account", w.account, "--client-id", "another audience")
		return w.webIdentity(other, w.addRole(w.unused("role"), w.trustOfProvider(other)))
	}},
	{name: "the role does not trust the provider", provoke: func(w *world) attempt {
		other := harness.StartIssuer(w)
		w.server.Operate("iam", "create-oidc-provider", other.URL, "--account", w.account, "--client-id", harness.Audience)
		return w.webIdentity(other, w.addRole(w.unused("role"), trustIn(w.account, "sts:AssumeRole")))
	}, hopeless: true, advice: "--trust FILE"},

	{name: "a user may not configure", provoke: func(w *world) attempt {
		return attempt{w.user(w.account), api.CreateApplication.Operation, w.application()}
	}},
	{name: "a role may not configure", provoke: func(w *world) attempt {
		return attempt{w.session(w.account), api.CreateApplication.Operation, w.application()}
	}},
	{name: "a user may not look after people", provoke: func(w *world) attempt {
		return attempt{w.user(w.account), api.ListUsers.Operation, members{"IdentityStoreId": w.identityStoreID}}
	}},
	{name: "the user of another account may not configure", provoke: func(w *world) attempt {
		return attempt{w.user(otherAccount), api.CreateApplication.Operation, w.application()}
	}, hopeless: true, advice: "member_accounts"},
	{name: "the role of a permission set may not configure", provoke: func(w *world) attempt {
		vended := w.vend(w.signIn(w.register(nil), "alice"), w.account, "Billing")
		return attempt{
			key{vended.text("accessKeyId"), vended.text("secretAccessKey"), vended.text("sessionToken")}, api.CreateApplication.Operation, w.application(),
		}
	}, hopeless: true, advice: "put-inline-policy-to-permission-set"},
	{name: "the key is deactivated", provoke: func(w *world) attempt {
		signer := w.user(w.account)
		w.server.Operate("iam", "deactivate-access-key", signer.ID)
		return attempt{signer, api.GetCallerIdentity.Operation, members{}}
	}},
	// Behind this one the clock of the server is ahead of that of the shell.
	{name: "the context has expired", provoke: func(w *world) attempt {
		request := w.assumption(w.role, w.context())
		w.server.Advance(2 * time.Hour)
		w.client = ahead{goSDK{}, newPlain(w, w.server, 1), 2 * time.Hour}
		return request
	}, hopeless: true},
}

func TestWhatExplainPrintsMendsTheRefusal(t *testing.T) {
	w := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	w.party.world = w
	for _, k := range kinds {
		w.run(k.name, func(p *party) { p.world.mend(k) })
	}
}

// mend provokes a refusal and does what the operator is told, as often as there is something new to do.
func (w *world) mend(k kind) {
	w.Helper()
	try := k.provoke(w)
	if try.signer == (key{}) && try.operation.Auth == api.AuthSigV4 {
		try.signer = adminKey(w.server)
	}
	for range max(k.rounds, 1) {
		_, refused := w.tryAs(try.signer, try.operation, try.in)
		if refused == nil {
			w.Fatal("it was not refused")
		}
		commands := w.fixes(refused.RequestID)
		advised := slices.ContainsFunc(commands, func(command string) bool { return strings.Contains(command, k.advice) })
		if silent := k.hopeless && k.advice == ""; silent == advised {
			w.Fatalf("printed %q for %+v", commands, *refused)
		}
		if k.fill != nil || k.byHand != nil || k.hopeless {
			w.pasteUnchanged(commands)
		}
		switch {
		case k.hopeless:
		case k.byHand != nil:
			k.byHand(w)
		default:
			w.follow(commands, k.fill)
		}
	}
	if _, again := w.tryAs(try.signer, try.operation, try.in); (again != nil) != k.hopeless {
		w.Errorf("the answer is %+v at last", again)
	}
}

// follow carries out the commands, with what they leave open filled in.
func (w *world) follow(commands []string, fill *strings.Replacer) {
	w.Helper()
	for _, command := range commands {
		if fill != nil {
			command = strings.ReplaceAll(fill.Replace(command), "ARN of the issuer", w.trustedIssuer)
		}
		if out, err := w.paste(command); err != nil {
			w.Fatalf("%s\n%v: %s", command, err, out)
		}
	}
}

// pasteUnchanged runs commands that leave something open, which must not change anything.
func (w *world) pasteUnchanged(commands []string) {
	w.Helper()
	before := w.server.Operate("export")
	for _, command := range commands {
		out, err := w.paste(command)
		if err == nil && !strings.HasPrefix(command, "aws sso-admin list-") {
			w.Errorf("%s\nleaves something open, and was carried out: %s", command, out)
		}
	}
	if after := w.server.Operate("export"); after != before {
		w.Errorf("%q, which leave something open, changed the directory", commands)
	}
}

// paste runs a command as the operator does, in a shell of an empty folder.
func (w *world) paste(command string) (string, error) {
	w.Helper()
	shell := exec.Command("sh", "-c", command)
	shell.Dir = w.TempDir()
	shell.Env = append(bareEnviron(w.TempDir()),
		"PATH="+filepath.Dir(harness.Binary(w))+":"+filepath.Dir(harness.InVenv("aws"))+":"+os.Getenv("PATH"),
		"SALLYPORT_DATA="+w.server.Data, "AWS_ENDPOINT_URL="+w.server.Endpoint, "AWS_REGION="+w.server.Region, "AWS_DEFAULT_REGION="+w.server.Region,
		"AWS_ACCESS_KEY_ID="+w.server.Admin.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+w.server.Admin.SecretAccessKey,
	)
	out, err := shell.CombinedOutput()
	return string(out), err
}

// fixes are the commands that explain prints for a refusal. A refusal is written down with those of the same second.
func (w *world) fixes(requestID string) []string {
	w.Helper()
	var out []byte
	eventually(w, "the record of request "+requestID, func() (found bool) {
		command := exec.Command(harness.Binary(w), "explain", requestID, "--json", "--data", w.server.Data)
		command.Env = append(bareEnviron(w.TempDir()), harness.Environ(w, w.server.Data)...)
		var err error
		out, err = command.Output()
		return err == nil
	})
	var decision struct{ Trace trace.Record }
	if err := json.Unmarshal(out, &decision); err != nil {
		w.Fatal(err)
	}
	return decision.Trace.Fixes
}

// unused is a name that nothing has.
func (*world) unused(of string) string { return of + "-" + rand.Text() }

// newcomer is an application of its own, with the grant for assertions and the person.
func (w *world) newcomer() (applicationARN string) {
	w.Helper()
	a := w.addApplication(w.unused("application"))
	w.grant(a, bearerGrant, w.bearerGrantOf(w.trustedIssuer))
	w.assign(a, w.userID)
	return a
}

// open has an application take everybody.
func (w *world) open(applicationARN string) string {
	w.Helper()
	w.must(api.PutApplicationAssignmentConfiguration.Operation, members{"ApplicationArn": applicationARN, "AssignmentRequired": false})
	return applicationARN
}

// act makes an actor policy that names a principal.
func (w *world) act(applicationARN, principal string) {
	w.Helper()
	w.must(api.PutApplicationAuthenticationMethod.Operation, members{
		"ApplicationArn": applicationARN, "AuthenticationMethodType": "IAM",
		"AuthenticationMethod": members{"Iam": members{"ActorPolicy": w.actorPolicyFor(principal)}},
	})
}

// bearerAt brings an application an assertion of the issuer with claims that differ.
func (w *world) bearerAt(applicationARN string, changes map[string]any) attempt {
	w.Helper()
	return w.bearerFrom(w.issuer, applicationARN, changes)
}

func (w *world) bearerFrom(issuer *harness.Issuer, applicationARN string, changes map[string]any) attempt {
	w.Helper()
	assertion := issuer.Token(w, harness.ECKeyID, issuer.Claims(personEmail, changes))
	return attempt{operation: createTokenWithIAM, in: tokenOf(applicationARN, bearerGrant, members{"assertion": assertion})}
}

// exchangeAt brings an application the token that the person has at the one in front.
func (w *world) exchangeAt(applicationARN string, more members) attempt {
	w.Helper()
	front := w.must(createTokenWithIAM, w.bearerOf(harness.ECKeyID, nil)).text("accessToken")
	return attempt{operation: createTokenWithIAM, in: tokenOf(applicationARN, exchangeGrant, members{
		"subjectToken": front, "subjectTokenType": accessTokenType,
	}.with(more))}
}

// believer is a newcomer that takes the assertions of an issuer of its own, by which people are found by an attribute.
func (w *world) believer(attribute string) (applicationARN string, issuer *harness.Issuer) {
	w.Helper()
	applicationARN, issuer = w.newcomer(), harness.StartIssuer(w)
	trusted := w.trust(w.unused("issuer"), issuer.URL)
	w.must(api.UpdateTrustedTokenIssuer.Operation, members{
		"TrustedTokenIssuerArn":           trusted,
		"TrustedTokenIssuerConfiguration": members{"OidcJwtConfiguration": members{"IdentityStoreAttributePath": attribute}},
	})
	w.grant(applicationARN, bearerGrant, w.bearerGrantOf(trusted))
	return applicationARN, issuer
}

// edit changes the first text behind another one in the directory's file.
func (w *world) edit(behind, old, next string) {
	w.Helper()
	head, tail, found := strings.Cut(w.server.Operate("export"), behind)
	after := head + behind + strings.Replace(tail, old, next, 1)
	if !found || !strings.Contains(tail, old) {
		w.Fatalf("the directory has no %s behind %s:\n%s", old, behind, after)
	}
	file := filepath.Join(w.TempDir(), "directory.yaml")
	if err := os.WriteFile(file, []byte(after), 0o600); err != nil {
		w.Fatal(err)
	}
	w.server.Operate("apply", "-f", file)
}

// user makes one of an account who may do nothing, and returns their key.
func (w *world) user(account string) key {
	w.Helper()
	name := w.unused("user")
	w.server.Operate("iam", "create-user", name, "--account", account)
	return w.keyShown(w.server.Operate("iam", "create-access-key", "--user", name, "--account", account))
}

// session makes a role of an account that may do nothing, and returns a key that signs as a session of it.
func (w *world) session(account string) key {
	w.Helper()
	name, file := w.unused("role"), filepath.Join(w.TempDir(), "trust.json")
	if err := os.WriteFile(file, []byte(trustIn(account, "sts:AssumeRole")), 0o600); err != nil {
		w.Fatal(err)
	}
	w.server.Operate("iam", "create-role", name, "--account", account, "--trust", file)
	return w.keyShown(w.server.Operate("iam", "create-access-key", "--role", name, "--account", account))
}

func (w *world) keyShown(text string) key {
	w.Helper()
	parts := keyPattern.FindStringSubmatch(text)
	if parts == nil {
		w.Fatalf("the key is shown as %s", text)
	}
	return key{ID: parts[1], Secret: parts[2]}
}

// trustOf is the trust policy of a role that one principal may use.
func trustOf(principal, action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"` + action + `"}]}`
}

// trustOfProvider lets in whom an OpenID provider vouches for.
func (w *world) trustOfProvider(issuer *harness.Issuer) string {
	provider := "arn:aws:iam::" + w.account + ":oidc-provider/" + strings.TrimPrefix(issuer.URL, "http://")
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`
}

func (w *world) webIdentity(issuer *harness.Issuer, roleARN string) attempt {
	w.Helper()
	return attempt{operation: api.AssumeRoleWithWebIdentity.Operation, in: members{
		"RoleArn": roleARN, "RoleSessionName": "session", "WebIdentityToken": issuer.Token(w, harness.ECKeyID, issuer.Claims(personEmail, nil)),
	}}
}

func (*world) assumption(roleARN string, more members) attempt {
	return attempt{operation: api.AssumeRole.Operation, in: members{"RoleArn": roleARN, "RoleSessionName": "session"}.with(more)}
}

// context is what AssumeRole takes for the person, as they have it at the application in front.
func (w *world) context() members {
	w.Helper()
	out := w.must(createTokenWithIAM, w.bearerOf(harness.ECKeyID, nil))
	return members{"ProvidedContexts": []members{{
		"ProviderArn": contextProvider, "ContextAssertion": out.object("awsAdditionalDetails").text("identityContext"),
	}}}
}

// application is what CreateApplication takes.
func (w *world) application() members {
	return members{"InstanceArn": w.instance, "ApplicationProviderArn": customProvider, "Name": w.unused("application")}
}

// ahead calls as the library does whose clock is ahead.
type ahead struct {
	goSDK
	plain plain
	by    time.Duration
}

func (c ahead) call(t testing.TB, _ *harness.Server, signer key, operation *api.Operation, in members) (members, *refusal) {
	t.Helper()
	var simple members
	convert(t, in, &simple)
	m := compose(operation, simple).signedBy(signer, operation)
	m.at = time.Now().Add(c.by)
	got, err := c.plain.deliver(m)
	if err != nil {
		t.Fatal(err)
	}
	if got.status == http.StatusOK {
		return members{}, nil
	}
	return nil, &refusal{Status: got.status, Message: string(got.body), RequestID: got.header.Get("X-Amzn-Requestid")}
}
