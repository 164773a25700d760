package sts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

const (
	opsARN    = "arn:aws:iam::" + home + ":user/staff/ops"
	targetARN = "arn:aws:iam::" + home + ":role/target"
)

func TestWhoMayTakeOnARole(t *testing.T) {
	allow := func(resource string) string {
		return statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"` + resource + `"}`)
	}
	deny := statements(`{"Effect":"Deny","Action":"sts:*","Resource":"*"}`)
	named := trusts(awsPrincipal(opsARN), "", "sts:AssumeRole")
	cases := []struct {
		name     string
		account  string // of the caller, who is the user ops
		identity string
		trust    string
		ask      string // ARN, if not the role's
		allowed  bool
	}{
		{name: "named by a role of the own account", account: home, trust: named, allowed: true},
		{name: "the own account named, without a policy", account: home, trust: trusts(awsPrincipal(home), "", "sts:AssumeRole")},
		{name: "the own account named, with a policy", account: home, trust: trusts(awsPrincipal(home), "", "sts:AssumeRole"), identity: allow(targetARN), allowed: true},
		{name: "the own account named, with a policy about another role", account: home, trust: trusts(awsPrincipal(home), "", "sts:AssumeRole"), identity: allow(targetARN + "2")},
		{name: "a policy alone", account: home, trust: trusts(awsPrincipal("arn:aws:iam::"+home+":user/other"), "", "sts:AssumeRole"), identity: allow("*")},
		{name: "another account named, without a policy", account: abroad, trust: trusts(awsPrincipal(abroad), "", "sts:AssumeRole")},
		{name: "another account named, with a policy", account: abroad, trust: trusts(awsPrincipal(abroad), "", "sts:AssumeRole"), identity: allow("*"), allowed: true},
		{name: "a user of another account named, without a policy", account: abroad, trust: trusts(awsPrincipal("arn:aws:iam::"+abroad+":user/staff/ops"), "", "sts:AssumeRole")},
		{name: "a user of another account named, with a policy", account: abroad, trust: trusts(awsPrincipal("arn:aws:iam::"+abroad+":user/staff/ops"), "", "sts:AssumeRole"), identity: allow("*"), allowed: true},
		{name: "a user of that name in another account", account: abroad, trust: named, identity: allow("*")},
		{name: "a user of that name with another path", account: home, trust: trusts(awsPrincipal("arn:aws:iam::"+home+":user/ops"), "", "sts:AssumeRole"), identity: allow("*")},
		{name: "everybody named, of another account, without a policy", account: abroad, trust: trusts(`"*"`, "", "sts:AssumeRole")},
		{name: "the own policy denies", account: home, trust: named, identity: deny},
		{name: "the trust policy denies", account: home, identity: allow("*"), trust: named + `,{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}`},
		{name: "another action is allowed", account: home, trust: trusts(awsPrincipal(opsARN), "", "sts:TagSession")},
		{name: "the role under another path", account: home, trust: named, ask: "arn:aws:iam::" + home + ":role/path/target"},
		{name: "the role in another letter case", account: home, trust: named, ask: "arn:aws:iam::" + home + ":role/Target"},
		{name: "a role of that name in another account", account: home, trust: named, identity: allow("*"), ask: "arn:aws:iam::" + abroad + ":role/target"},
		{name: "a role that does not exist", account: home, trust: named, identity: allow("*"), ask: "arn:aws:iam::" + home + ":role/nobody"},
	}
	b := newBench(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			defer b.forget()
			caller := b.user(c.account, "ops", c.identity)
			ask := b.role("target", statements(c.trust))
			if c.ask != "" {
				ask = c.ask
			}
			out, err := b.assume(caller, api.AssumeRoleRequest{RoleARN: ask})
			if c.allowed {
				if err != nil || out.AssumedRoleUser.ARN != "arn:aws:sts::"+home+":assumed-role/target/session" {
					t.Errorf("got %+v, %v", out, err)
				}
				return
			}
			refused(t, err, fault.STSAccessDenied, "User: "+caller.Signer.ARN+" is not authorized to perform: sts:AssumeRole on resource: "+ask)
			if out != nil {
				t.Errorf("a refused caller got %+v", out)
			}
		})
	}
}

func TestARoleThatDoesNotExistIsRefusedInTheSameWordsAsOneThatTrustsOthers(t *testing.T) {
	b := newBench(t)
	caller := b.user(home, "ops", "")
	b.role("there", statements(trusts(awsPrincipal(home+""), `{"StringEquals":{"sts:ExternalId":"right"}}`, "sts:AssumeRole")))
	b.role("deny", statements(`{"Effect":"Deny","Principal":"*","Action":"sts:*"}`))
	answer := func(name string) string {
		_, err := b.assume(caller, api.AssumeRoleRequest{RoleARN: "arn:aws:iam::" + home + ":role/" + name, ExternalID: "wrong"})
		refusal, ok := fault.As(err)
		if !ok {
			t.Fatalf("%s: %v", name, err)
		}
		said, encoded, found := strings.Cut(refusal.Message, "Encoded authorization failure message: ")
		if !found {
			t.Fatalf("%s: %s", name, refusal.Message)
		}
		return strings.ReplaceAll(said, name, "…") + b.decode(encoded, strings.NewReplacer(name, "…"))
	}
	if there, denied, nowhere := answer("there"), answer("deny"), answer("none"); there != nowhere || denied != nowhere {
		t.Errorf("refused for a condition:\n%s\nrefused by a statement:\n%s\nrefused because there is no such role:\n%s", there, denied, nowhere)
	}
}

func (b *bench) decode(encoded string, replace *strings.Replacer) string {
	b.t.Helper()
	admin := b.user(home, fmt.Sprintf("admin%d", time.Now().UnixNano()), statements(`{"Effect":"Allow","Action":"*","Resource":"*"}`))
	out, err := b.s.DecodeAuthorizationMessage(ctx, admin, &api.DecodeAuthorizationMessageRequest{EncodedMessage: encoded})
	if err != nil {
		b.t.Fatal(err)
	}
	return replace.Replace(out.DecodedMessage)
}

// Attack admin-sts-external-id: the confused deputy.
func TestAnExternalIDHasToBeTheOneThatTheRoleAsksFor(t *testing.T) {
	b := newBench(t)
	caller := b.user(abroad, "ops", statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`))
	role := b.role("target", statements(trusts(awsPrincipal(abroad), `{"StringEquals":{"sts:ExternalId":"right"}}`, "sts:AssumeRole")))
	for name, id := range map[string]string{"wrong": "wrong", "missing or empty": "", "in another letter case": "Right", "with more": "right2", "a wildcard": "*"} {
		_, err := b.assume(caller, api.AssumeRoleRequest{RoleARN: role, ExternalID: id})
		t.Run(name, func(t *testing.T) {
			refused(t, err, fault.STSAccessDenied, "is not authorized to perform: sts:AssumeRole")
		})
	}
	b.mustAssume(caller, api.AssumeRoleRequest{RoleARN: role, ExternalID: "right"})
}

// Attack sigv4-assumed-role-vs-role.
func TestASessionIsNotTakenForARoleOfThatNameElsewhere(t *testing.T) {
	b := newBench(t)
	everybody := statements(trusts(`"*"`, "", "sts:AssumeRole"))
	all := statements(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
	b.roleIn(abroad, "/", "deploy", everybody, 3600)
	b.roleIn(home, "/ci/", "deploy", everybody, 3600)
	b.give(abroad, "deploy", all)
	b.give(home, "deploy", all)
	session := func(account, path string) api.Caller {
		ops := b.user(account, "ops"+account, all)
		return b.with(b.mustAssume(ops, api.AssumeRoleRequest{RoleARN: "arn:aws:iam::" + account + ":role" + path + "deploy", RoleSessionName: "run"}).Credentials)
	}
	ours, theirs := session(home, "/ci/"), session(abroad, "/")
	for i, c := range []struct {
		name, principal string
		ours, theirs    bool
	}{
		{"the role", "arn:aws:iam::" + home + ":role/ci/deploy", true, false},
		{"the role without its path", "arn:aws:iam::" + home + ":role/deploy", false, false},
		{"the session", "arn:aws:sts::" + home + ":assumed-role/deploy/run", true, false},
		{"another session", "arn:aws:sts::" + home + ":assumed-role/deploy/walk", false, false},
		{"the role elsewhere", "arn:aws:iam::" + abroad + ":role/deploy", false, true},
		{"the session elsewhere", "arn:aws:sts::" + abroad + ":assumed-role/deploy/run", false, true},
	} {
		role := b.role(fmt.Sprint("target", i), statements(trusts(awsPrincipal(c.principal), "", "sts:AssumeRole")))
		for who, want := range map[*api.Signer]bool{ours.Signer: c.ours, theirs.Signer: c.theirs} {
			if _, err := b.assume(api.Caller{Signer: who}, api.AssumeRoleRequest{RoleARN: role}); (err == nil) != want {
				t.Errorf("a role that trusts %s lets %s in: %v", c.name, who.ARN, err)
			}
		}
	}
}

func TestWhatASessionCarriesNeedsAnActionOfItsOwn(t *testing.T) {
	b := newBench(t)
	caller := b.user(home, "ops", "")
	provided := provide(b.person(creds.IdentityContext))
	requests := map[string]api.AssumeRoleRequest{
		"sts:AssumeRole":        {},
		"sts:TagSession":        {Tags: []api.SessionTag{{Key: "team", Value: "blue"}}},
		"sts:SetSourceIdentity": {SourceIdentity: "alice"},
		"sts:SetContext":        {ProvidedContexts: provided},
	}
	for action, request := range requests {
		all := []string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"}
		without := slices.DeleteFunc(slices.Clone(all), func(a string) bool { return a == action })
		name := strings.TrimPrefix(action, "sts:")
		request.RoleARN = b.role("with-"+name, statements(trusts(awsPrincipal(opsARN), "", all...)))
		b.mustAssume(caller, request)
		request.RoleARN = b.role("without-"+name, statements(trusts(awsPrincipal(opsARN), "", without...)))
		_, err := b.assume(caller, request)
		refused(t, err, fault.STSAccessDenied, "is not authorized to perform: "+action+" on resource: "+request.RoleARN)
	}
}

func TestConditionsOfATrustPolicySeeWhatIsAskedFor(t *testing.T) {
	b := newBench(t)
	text := b.person(creds.IdentityContext)
	audit := b.context(creds.Context{Kind: creds.AuditContext})
	tagged := []api.SessionTag{{Key: "team", Value: "blue"}}
	cases := []struct {
		name, condition string
		ok              api.AssumeRoleRequest
		not             api.AssumeRoleRequest
	}{
		{"name of the session", `{"StringLike":{"sts:RoleSessionName":"ci-*"}}`, api.AssumeRoleRequest{RoleSessionName: "ci-1"}, api.AssumeRoleRequest{RoleSessionName: "me"}},
		{"source identity", `{"StringEquals":{"sts:SourceIdentity":"alice"}}`, api.AssumeRoleRequest{SourceIdentity: "alice"}, api.AssumeRoleRequest{}},
		{"tag", `{"StringEquals":{"aws:RequestTag/team":"blue"}}`, api.AssumeRoleRequest{Tags: tagged}, api.AssumeRoleRequest{}},
		{"tag keys", `{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}`, api.AssumeRoleRequest{Tags: tagged},
			api.AssumeRoleRequest{Tags: append([]api.SessionTag{{Key: "other"}}, tagged...)}},
		{"transitive tag keys", `{"ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":"team"}}`,
			api.AssumeRoleRequest{Tags: tagged, TransitiveTagKeys: []string{"team"}}, api.AssumeRoleRequest{Tags: tagged}},
		{"duration", `{"NumericLessThanEquals":{"sts:DurationSeconds":"900"}}`, api.AssumeRoleRequest{DurationSeconds: new(int64(900))},
			api.AssumeRoleRequest{DurationSeconds: new(int64(901))}},
		{"provider of the context", `{"ForAnyValue:ArnEquals":{"sts:RequestContextProviders":"arn:aws:iam::aws:contextProvider/IdentityCenter"}}`,
			api.AssumeRoleRequest{ProvidedContexts: provide(text)}, api.AssumeRoleRequest{}},
		{"application of the context", `{"ArnEquals":{"sts:RequestContext/identitycenter:ApplicationArn":"` + applicationARN + `"}}`,
			api.AssumeRoleRequest{ProvidedContexts: provide(text)}, api.AssumeRoleRequest{ProvidedContexts: provide(audit)}},
		{"person of the context", `{"StringEquals":{"sts:RequestContext/identitystore:UserId":"u-1"}}`,
			api.AssumeRoleRequest{ProvidedContexts: provide(text)}, api.AssumeRoleRequest{}},
	}
	caller := b.user(home, "ops", "")
	for i, c := range cases {
		role := b.role(fmt.Sprint("target", i), statements(trusts(awsPrincipal(opsARN), c.condition, "sts:*")))
		c.ok.RoleARN, c.not.RoleARN = role, role
		if _, err := b.assume(caller, c.ok); err != nil {
			t.Errorf("the %s fits, and is refused: %v", c.name, err)
		}
		_, err := b.assume(caller, c.not)
		t.Run(c.name, func(t *testing.T) { refused(t, err, fault.STSAccessDenied, "is not authorized") })
	}
}

func TestHowLongASessionLives(t *testing.T) {
	b := newBench(t)
	everybody := statements(trusts(awsPrincipal(home), "", "sts:AssumeRole"))
	b.roleIn(home, "/", "short", everybody, 3600)
	b.roleIn(home, "/", "long", everybody, 43_200)
	ops := b.user(home, "ops", statements(`{"Effect":"Allow","Action":"sts:*","Resource":"*"}`))
	b.give(home, "short", statements(`{"Effect":"Allow","Action":"sts:*","Resource":"*"}`))
	chain := b.with(b.mustAssume(ops, api.AssumeRoleRequest{RoleARN: "arn:aws:iam::" + home + ":role/short"}).Credentials)
	cases := []struct {
		name    string
		caller  api.Caller
		role    string
		seconds *int64
		want    time.Duration
		refused string
	}{
		{name: "an hour by itself", caller: ops, role: "long", want: time.Hour},
		{name: "a quarter of an hour", caller: ops, role: "short", seconds: new(int64(900)), want: 15 * time.Minute},
		{name: "as long as the role allows", caller: ops, role: "long", seconds: new(int64(43_200)), want: 12 * time.Hour},
		{name: "longer than the role allows", caller: ops, role: "short", seconds: new(int64(3601)), refused: "MaxSessionDuration"},
		{name: "a chained hour", caller: chain, role: "long", seconds: new(int64(3600)), want: time.Hour},
		{name: "more than a chained hour", caller: chain, role: "long", seconds: new(int64(3601)), refused: "1 hour session limit for roles assumed by role chaining"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := b.Clock.Now()
			out, err := b.assume(c.caller, api.AssumeRoleRequest{RoleARN: "arn:aws:iam::" + home + ":role/" + c.role, DurationSeconds: c.seconds})
			if c.refused != "" {
				refused(t, err, fault.ValidationError, c.refused)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			life := time.UnixMilli(int64(out.Credentials.Expiration)).Sub(before)
			if life < c.want || life > c.want+10*time.Second {
				t.Errorf("it lives %s, want %s", life, c.want)
			}
		})
	}
	_, err := b.assume(b.user(home, "nobody", ""), api.AssumeRoleRequest{RoleARN: "arn:aws:iam::" + home + ":role/short", DurationSeconds: new(int64(43_200))})
	refused(t, err, fault.STSAccessDenied, "is not authorized") // whoever may not take on a role does not learn how long it may be had
}

// Attack sigv4-expired-session: the boundary is exact, and no difference of clocks is added to it.
func TestCredentialsOfASessionEndToTheMillisecond(t *testing.T) {
	b := newBench(t)
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:AssumeRole")))
	out := b.mustAssume(b.user(home, "ops", ""), api.AssumeRoleRequest{RoleARN: role, DurationSeconds: new(int64(900))})
	b.Clock.Advance(15*time.Minute - 20*time.Second)
	if key := b.find(out.Credentials.AccessKeyID, out.Credentials.SessionToken); !key.Known || key.Expired {
		t.Errorf("shortly before its end: %+v", key)
	}
	b.Clock.Advance(20 * time.Second)
	if key := b.find(out.Credentials.AccessKeyID, out.Credentials.SessionToken); !key.Expired {
		t.Errorf("at its end: %+v", key)
	}
}

func TestTheSessionOfARoleIsKnownByWhatAssumeRoleAnswered(t *testing.T) {
	b := newBench(t)
	role := b.roleIn(home, "/data/eu/", "analyst", statements(trusts(awsPrincipal(opsARN), "", "sts:*")), 3600)
	out := b.mustAssume(b.user(home, "ops", ""), api.AssumeRoleRequest{
		RoleARN: role, RoleSessionName: "alice", SourceIdentity: "alice@example.com", Tags: []api.SessionTag{{Key: "team", Value: "blue"}},
		TransitiveTagKeys: []string{"TEAM"},
	})
	const sessionARN = "arn:aws:sts::" + home + ":assumed-role/analyst/alice"
	if out.AssumedRoleUser.ARN != sessionARN || out.AssumedRoleUser.AssumedRoleID != "AROAAAAAAAAAAAAAAAAAA:alice" || out.SourceIdentity != "alice@example.com" {
		t.Errorf("got %+v, source identity %q", out.AssumedRoleUser, out.SourceIdentity)
	}
	if out.PackedPolicySize == nil || *out.PackedPolicySize < 1 || *out.PackedPolicySize > 2 {
		t.Errorf("a tag fills %v percent", out.PackedPolicySize)
	}
	caller := b.with(out.Credentials)
	who, err := b.s.GetCallerIdentity(ctx, caller, &api.GetCallerIdentityRequest{})
	if err != nil || *who != (api.GetCallerIdentityResponse{UserID: out.AssumedRoleUser.AssumedRoleID, Account: home, ARN: sessionARN}) {
		t.Errorf("GetCallerIdentity tells %+v, %v", who, err)
	}
	s := caller.Signer
	if s.RoleARN != role || s.SourceIdentity != "alice@example.com" || s.Tags["team"] != "blue" || !slices.Equal(s.TransitiveTags, []string{"team"}) {
		t.Errorf("the signer is %+v", s)
	}
	info, err := b.s.GetAccessKeyInfo(ctx, b.user(home, "admin", statements(`{"Effect":"Allow","Action":"sts:GetAccessKeyInfo","Resource":"*"}`)),
		&api.GetAccessKeyInfoRequest{AccessKeyID: out.Credentials.AccessKeyID})
	if err != nil || info.Account != home {
		t.Errorf("GetAccessKeyInfo tells %+v, %v", info, err)
	}
	if plain := b.mustAssume(b.user(home, "plain", statements(`{"Effect":"Allow","Action":"*","Resource":"*"}`)), api.AssumeRoleRequest{
		RoleARN: b.role("plain", statements(trusts(awsPrincipal(home), "", "sts:AssumeRole")))}); plain.PackedPolicySize != nil {
		t.Errorf("a session without policies and tags fills %d percent", *plain.PackedPolicySize)
	}
}

func TestASourceIdentityStaysAndDoesNotChange(t *testing.T) {
	b := newBench(t)
	all := statements(`{"Effect":"Allow","Action":"sts:*","Resource":"*"}`)
	anybody := statements(trusts(awsPrincipal(home), "", "sts:*"))
	first, second := b.role("first", anybody), b.role("second", anybody)
	b.give(home, "first", all)
	session := b.with(b.mustAssume(b.user(home, "ops", all), api.AssumeRoleRequest{RoleARN: first, SourceIdentity: "alice"}).Credentials)
	for name, identity := range map[string]string{"left out": "", "said again": "alice"} {
		if out := b.mustAssume(session, api.AssumeRoleRequest{RoleARN: second, SourceIdentity: identity}); out.SourceIdentity != "alice" {
			t.Errorf("%s it becomes %q", name, out.SourceIdentity)
		}
	}
	_, err := b.assume(session, api.AssumeRoleRequest{RoleARN: second, SourceIdentity: "mallory"})
	refused(t, err, fault.STSAccessDenied, "cannot be changed")
	strict := b.role("strict", statements(trusts(awsPrincipal(home), "", "sts:AssumeRole")))
	_, err = b.assume(session, api.AssumeRoleRequest{RoleARN: strict})
	refused(t, err, fault.STSAccessDenied, "sts:SetSourceIdentity") // what is handed on is set, too
}

func TestTransitiveTagsAreHandedOnAndCannotBeChanged(t *testing.T) {
	b := newBench(t)
	all := statements(`{"Effect":"Allow","Action":"sts:*","Resource":"*"}`)
	anybody := statements(trusts(awsPrincipal(home), "", "sts:*"))
	first, second := b.role("first", anybody), b.role("second", anybody)
	b.give(home, "first", all)
	session := b.with(b.mustAssume(b.user(home, "ops", all), api.AssumeRoleRequest{
		RoleARN: first, Tags: []api.SessionTag{{Key: "Team", Value: "blue"}, {Key: "job", Value: "1"}}, TransitiveTagKeys: []string{"Team"},
	}).Credentials)
	next := b.with(b.mustAssume(session, api.AssumeRoleRequest{RoleARN: second, Tags: []api.SessionTag{{Key: "job", Value: "2"}}}).Credentials)
	if tags := next.Signer.Tags; len(tags) != 2 || tags["Team"] != "blue" || tags["job"] != "2" || !slices.Equal(next.Signer.TransitiveTags, []string{"Team"}) {
		t.Errorf("handed on: %v, to be handed on: %v", tags, next.Signer.TransitiveTags)
	}
	_, err := b.assume(session, api.AssumeRoleRequest{RoleARN: second, Tags: []api.SessionTag{{Key: "team", Value: "red"}}})
	refused(t, err, fault.ValidationError, "hands on")
	strict := b.role("strict", statements(trusts(awsPrincipal(home), "", "sts:AssumeRole")))
	_, err = b.assume(session, api.AssumeRoleRequest{RoleARN: strict})
	refused(t, err, fault.STSAccessDenied, "sts:TagSession")
}

func TestWhatIsWrongWithTagsIsSaid(t *testing.T) {
	b := newBench(t)
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:*")))
	caller := b.user(home, "ops", "")
	tags := func(keys ...string) (list []api.SessionTag) {
		for _, key := range keys {
			list = append(list, api.SessionTag{Key: key, Value: "v"})
		}
		return list
	}
	cases := []struct {
		name       string
		tags       []api.SessionTag
		transitive []string
		want       string
	}{
		{"a key twice", tags("team", "team"), nil, "case insensitive"},
		{"a key in two letter cases", tags("team", "Team"), nil, "case insensitive"},
		{"a key in two letter cases of another script", tags("ärger", "Ärger"), nil, "case insensitive"},
		{"a reserved key", tags("aws:team"), nil, "reserved"},
		{"a reserved key in capitals", tags("AWS:team"), nil, "reserved"},
		{"a transitive key that is no tag", tags("team"), []string{"other"}, "TransitiveTagKeys"},
		{"a transitive key twice", tags("team"), []string{"team", "TEAM"}, "TransitiveTagKeys has a key twice"},
		{"transitive keys without tags", nil, []string{"team"}, "TransitiveTagKeys"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.assume(caller, api.AssumeRoleRequest{RoleARN: role, Tags: c.tags, TransitiveTagKeys: c.transitive})
			refused(t, err, fault.ValidationError, c.want)
		})
	}
}

func TestTagsOfAChainAreCountedTogether(t *testing.T) {
	inherited := map[string]string{"inherited": "1"}
	var sent []api.SessionTag
	for i := range maxTags {
		sent = append(sent, api.SessionTag{Key: fmt.Sprint("key", i)})
	}
	_, _, err := readTags(sent, nil, inherited)
	refused(t, err, fault.ValidationError, "at most 50 tags")
	if tags, _, err := readTags(sent[1:], nil, inherited); err != nil || len(tags) != maxTags {
		t.Errorf("got %d, %v", len(tags), err)
	}
}

// Attack admin-sts-session-policy: a session policy only narrows.
func TestASessionMayDoWhatBothItsRoleAndItsPolicyAllow(t *testing.T) {
	allow := func(action string) string {
		return statements(`{"Effect":"Allow","Action":"` + action + `","Resource":"*"}`)
	}
	cases := []struct {
		name, role, session string
		managed             []api.PolicyDescriptorType
		allowed             bool
	}{
		{name: "both allow", role: allow("sts:*"), session: allow("sts:AssumeRole"), allowed: true},
		{name: "the policy alone allows", role: allow("s3:*"), session: allow("*")},
		{name: "the policy allows more than the role has", role: "", session: allow("*")},
		{name: "the role alone allows", role: allow("*"), session: allow("s3:*")},
		{name: "the policy denies", role: allow("*"), session: statements(`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sts:*","Resource":"*"}`)},
		{name: "a managed policy for everything", role: allow("sts:*"), managed: []api.PolicyDescriptorType{{ARN: "arn:aws:iam::aws:policy/AdministratorAccess"}}, allowed: true},
		{name: "a managed policy for everything on a role without rights", managed: []api.PolicyDescriptorType{{ARN: "arn:aws:iam::aws:policy/AdministratorAccess"}}},
		{name: "a managed policy for reading", role: allow("*"), managed: []api.PolicyDescriptorType{{ARN: "arn:aws:iam::aws:policy/ReadOnlyAccess"}}},
		{name: "two policies, one of which allows", role: allow("*"), session: allow("sts:AssumeRole"),
			managed: []api.PolicyDescriptorType{{ARN: "arn:aws:iam::aws:policy/ReadOnlyAccess"}}, allowed: true},
	}
	b := newBench(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			defer b.forget()
			first := b.role("first", statements(trusts(awsPrincipal(opsARN), "", "sts:AssumeRole")))
			if c.role != "" {
				b.give(home, "first", c.role)
			}
			next := b.roleIn(abroad, "/", "next", statements(trusts(awsPrincipal("arn:aws:iam::"+home+":role/first"), "", "sts:AssumeRole")), 3600)
			session := b.with(b.mustAssume(b.user(home, "ops", ""), api.AssumeRoleRequest{RoleARN: first, Policy: c.session, PolicyARNs: c.managed}).Credentials)
			if _, err := b.assume(session, api.AssumeRoleRequest{RoleARN: next}); (err == nil) != c.allowed {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestASessionPolicyNarrowsWhatATrustPolicyAllowsByName(t *testing.T) {
	b := newBench(t)
	first := b.role("first", statements(trusts(awsPrincipal(opsARN), "", "sts:AssumeRole")))
	next := b.role("next", statements(trusts(awsPrincipal("arn:aws:iam::"+home+":role/first"), "", "sts:AssumeRole")))
	narrow := api.AssumeRoleRequest{RoleARN: first, Policy: statements(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`)}
	session := b.with(b.mustAssume(b.user(home, "ops", ""), narrow).Credentials)
	_, err := b.assume(session, api.AssumeRoleRequest{RoleARN: next})
	refused(t, err, fault.STSAccessDenied, "is not authorized to perform: sts:AssumeRole")
	narrow.Policy = ""
	b.mustAssume(b.with(b.mustAssume(b.user(home, "ops2", statements(`{"Effect":"Allow","Action":"*","Resource":"*"}`)), api.AssumeRoleRequest{
		RoleARN: b.roleIn(home, "/", "open", statements(trusts(awsPrincipal(home), "", "sts:AssumeRole")), 3600)}).Credentials), api.AssumeRoleRequest{
		RoleARN: b.role("after", statements(trusts(awsPrincipal("arn:aws:iam::"+home+":role/open"), "", "sts:AssumeRole")))})
}

// Attack admin-sts-policy-size.
func TestASessionPolicyThatCannotBeCarriedOrReadIsRefused(t *testing.T) {
	b := newBench(t)
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:AssumeRole")))
	caller := b.user(home, "ops", "")
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	cases := []struct {
		name, policy string
		kind         *fault.Kind
	}{
		{"a megabyte", statements(`{"Effect":"Allow","Action":"` + strings.Repeat("x", 1<<20) + `","Resource":"*"}`), fault.PackedPolicyTooLarge},
		{"a megabyte of white space", strings.Repeat(" ", 1<<20) + statements(`{"Effect":"Allow","Action":"*","Resource":"*"}`), fault.PackedPolicyTooLarge},
		{"a little more than STS takes", statements(`{"Effect":"Allow","Action":"s3:` + strings.Repeat("x", 2048) + `","Resource":"*"}`), fault.PackedPolicyTooLarge},
		{"lists in lists", `{"Version":"2012-10-17","Statement":` + deep[4500:5500] + `}`, fault.MalformedPolicyDocument},
		{"a member twice", `{"Version":"2012-10-17","Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, fault.MalformedPolicyDocument},
		{"a member in another letter case", `{"version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, fault.MalformedPolicyDocument},
		{"something behind it", statements(`{"Effect":"Allow","Action":"*","Resource":"*"}`) + "{}", fault.MalformedPolicyDocument},
		{"a principal", statements(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`), fault.MalformedPolicyDocument},
		{"no JSON", "allow all", fault.MalformedPolicyDocument},
		{"white space", " ", fault.MalformedPolicyDocument},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.assume(caller, api.AssumeRoleRequest{RoleARN: role, Policy: c.policy})
			refused(t, err, c.kind, "Policy")
		})
	}
}

func TestManagedPoliciesOfASessionAreOnesThatAreKnown(t *testing.T) {
	b := newBench(t)
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:AssumeRole")))
	caller := b.user(home, "ops", "")
	_, err := b.assume(caller, api.AssumeRoleRequest{RoleARN: role, PolicyARNs: []api.PolicyDescriptorType{{ARN: "arn:aws:iam::" + home + ":policy/own"}}})
	refused(t, err, fault.ValidationError, "PolicyArns names a policy")
	_, err = b.assume(caller, api.AssumeRoleRequest{RoleARN: role, PolicyARNs: make([]api.PolicyDescriptorType, 11)})
	refused(t, err, fault.ValidationError, "more than 10")
}

func TestPoliciesAndTagsThatFillASessionTokenAreRefused(t *testing.T) {
	b := newBench(t)
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:*")))
	var tags []api.SessionTag
	for i := range maxTags {
		var value strings.Builder
		for j := range 16 { // texts that hardly repeat
			fmt.Fprintf(&value, "%016x", uint64(i*16+j+1)*11_400_714_819_323_198_485)
		}
		tags = append(tags, api.SessionTag{Key: fmt.Sprint("key", i), Value: value.String()})
	}
	_, err := b.assume(b.user(home, "ops", ""), api.AssumeRoleRequest{RoleARN: role, Tags: tags})
	refused(t, err, fault.PackedPolicyTooLarge, "percent")
}

func TestWhatNoDeviceCanAnswerIsRefused(t *testing.T) {
	b := newBench(t)
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:AssumeRole")))
	caller := b.user(home, "ops", "")
	for _, in := range []api.AssumeRoleRequest{{SerialNumber: "arn:aws:iam::" + home + ":mfa/ops"}, {TokenCode: "123456"}} {
		in.RoleARN = role
		_, err := b.assume(caller, in)
		refused(t, err, fault.STSAccessDenied, "MultiFactorAuthentication failed")
	}
	_, err := b.s.GetSessionToken(ctx, caller, &api.GetSessionTokenRequest{TokenCode: "123456"})
	refused(t, err, fault.STSAccessDenied, "MultiFactorAuthentication failed")
}

func TestARoleIsNamedByItsARN(t *testing.T) {
	b := newBench(t)
	caller := b.user(home, "ops", "")
	for _, text := range []string{"target", "arn:aws:iam::" + home + ":user/staff/ops", "arn:aws:sts::" + home + ":assumed-role/target/session",
		"arn:aws:iam:::role/target", "arn:aws:iam::" + home + ":role/*", "arn:aws:iam::" + home + ":role/a\nb", "arn:aws:iam::aws:role/target"} {
		_, err := b.assume(caller, api.AssumeRoleRequest{RoleARN: text})
		refused(t, err, fault.ValidationError, "RoleArn is not the ARN of a role")
	}
}

func TestNobodyIsRefusedLikeNobody(t *testing.T) {
	b := newBench(t)
	_, err := b.s.AssumeRole(ctx, api.Caller{}, &api.AssumeRoleRequest{RoleARN: targetARN, RoleSessionName: "session"})
	refused(t, err, fault.MissingAuthenticationToken, "missing")
	_, err = b.s.GetSessionToken(ctx, api.Caller{}, &api.GetSessionTokenRequest{})
	refused(t, err, fault.MissingAuthenticationToken, "missing")
	_, err = b.s.GetAccessKeyInfo(ctx, api.Caller{}, &api.GetAccessKeyInfoRequest{AccessKeyID: "AKIAIOSFODNN7EXAMPLE"})
	refused(t, err, fault.MissingAuthenticationToken, "missing")
	_, err = b.s.DecodeAuthorizationMessage(ctx, api.Caller{}, &api.DecodeAuthorizationMessageRequest{EncodedMessage: "x"})
	refused(t, err, fault.MissingAuthenticationToken, "missing")
}

func TestTheLogTellsWhoTookOnWhatForWhomAndNoSecret(t *testing.T) {
	b := newBench(t)
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:*")))
	out := b.mustAssume(b.user(home, "ops", ""), api.AssumeRoleRequest{
		RoleARN: role, SourceIdentity: "alice", ProvidedContexts: provide(b.person(creds.IdentityContext)),
	})
	line := b.Logged.String()
	for _, want := range []string{"RoleAssumed", "arn:aws:sts::" + home + ":assumed-role/target/session", "by=" + opsARN, "source_identity=alice",
		"on_behalf_of=u-1", "credential_id=c-1", "application=" + applicationARN, out.Credentials.AccessKeyID, "203.0.113.7"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is missing in %s", want, line)
		}
	}
	for _, secret := range []string{out.Credentials.SecretAccessKey, out.Credentials.SessionToken} {
		if strings.Contains(line, secret) {
			t.Errorf("a secret stands in %s", line)
		}
	}
	if rows := b.auditRows(); rows != 0 {
		t.Errorf("there are %d rows in the audit table, though nothing changed", rows)
	}
}

func (b *bench) auditRows() int64 {
	b.t.Helper()
	counts, _, err := b.s.Store.Counts(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return counts["audit_event"]
}

func TestTheTraceTellsWhichConditionKeptTheCallerOut(t *testing.T) {
	b := newBench(t)
	caller := b.user(home, "ops", "")
	own := b.user(home, "own", statements(`{"Sid":"none","Effect":"Deny","Action":"sts:*","Resource":"*"}`))
	guarded := b.role("guarded", statements(trusts(awsPrincipal(opsARN), `{"StringEquals":{"sts:ExternalId":"right"}}`, "sts:AssumeRole")))
	left := b.role("left", statements(trusts(awsPrincipal(home), "", "sts:AssumeRole")))
	cases := []struct {
		name   string
		caller api.Caller
		in     api.AssumeRoleRequest
		want   string
	}{
		{"a condition", caller, api.AssumeRoleRequest{RoleARN: guarded, ExternalID: "wrong"},
			"FAIL sts:AssumeRole: the trust policy does not allow it: Statement[0] of " + guarded + " has the condition StringEquals on sts:ExternalId, which the value of the request does not meet"},
		{"an action", caller, api.AssumeRoleRequest{RoleARN: guarded, ExternalID: "right", SourceIdentity: "alice"},
			"FAIL sts:SetSourceIdentity: the trust policy does not allow it: Statement[0] of " + guarded + " does not have the action sts:SetSourceIdentity"},
		{"the caller's policies", caller, api.AssumeRoleRequest{RoleARN: left},
			"FAIL sts:AssumeRole: the trust policy leaves it to the caller's own policies, since it names an account, or is another account's: there is no statement that allows anything"},
		{"a denial", own, api.AssumeRoleRequest{RoleARN: left}, "FAIL sts:AssumeRole: Statement[0] (none) of the identity policy own denies it"},
		{"a command for the trust policy", caller, api.AssumeRoleRequest{RoleARN: guarded, ExternalID: "right", SourceIdentity: "alice"},
			`,{"Effect":"Allow","Principal":{"AWS":"` + opsARN + `"},"Action":"sts:SetSourceIdentity"}]}' | sallyport iam update-role guarded --account ` + home + " --trust -"},
		{"a command for the caller's policies", caller, api.AssumeRoleRequest{RoleARN: left},
			`--document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":["` + left + `"]}]}'`},
		{"a command for longer sessions", caller, api.AssumeRoleRequest{RoleARN: guarded, ExternalID: "right", DurationSeconds: new(int64(7200))},
			"sallyport iam update-role guarded --account " + home + " --max-session 7200"},
		{"a command for a role that is missing", caller, api.AssumeRoleRequest{RoleARN: targetARN + "x"}, "sallyport iam create-role targetx --account " + home},
		{"no role", caller, api.AssumeRoleRequest{RoleARN: targetARN + "x"}, "there is no role " + targetARN + "x"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.in.RoleSessionName = "session"
			got := traced(func(ctx context.Context) { b.s.AssumeRole(ctx, c.caller, &c.in) })
			if !strings.Contains(got, c.want) || strings.Contains(got, "wrong") {
				t.Errorf("got\n%s\nwant %s", got, c.want)
			}
		})
	}
}

func TestATrustPolicyThatCannotBeReadIsAFailureAndNoRefusal(t *testing.T) {
	b := newBench(t)
	b.Update(func(tx *store.Tx) error {
		_, err := tx.AddIAMRole(store.IAMRole{AccountID: home, RoleName: "target", Path: "/", RoleID: "AROA1", TrustPolicy: "{}", MaxSessionS: 3600})
		return err
	})
	out, err := b.assume(b.user(home, "ops", ""), api.AssumeRoleRequest{RoleARN: targetARN})
	if _, ok := fault.As(err); err == nil || ok || out != nil {
		t.Errorf("got %+v, %v", out, err)
	}
}
