package policy

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	user    = Principal{Kind: User, Account: account, ARN: "arn:aws:iam::111122223333:user/team/alice", UserID: "AIDA0123456789ABCDEFG", UserName: "alice"}
	session = Principal{
		Kind: AssumedRole, Account: account, ARN: "arn:aws:sts::111122223333:assumed-role/app/blue",
		RoleARN: "arn:aws:iam::111122223333:role/path/app", UserID: "AROA0123456789ABCDEFG:blue",
	}
	foreign = Principal{
		Kind: AssumedRole, Account: other, ARN: "arn:aws:sts::444455556666:assumed-role/app/blue",
		RoleARN: "arn:aws:iam::444455556666:role/path/app", UserID: "AROA9876543210ABCDEFG:blue",
	}
	vouched = Principal{Kind: Federated, Provider: "arn:aws:iam::111122223333:oidc-provider/example.com"}
	service = Principal{Kind: Service, Service: "qbusiness.amazonaws.com"}
)

// The attacks sigv4-assumed-role-vs-role and sigv4-policy-confuse: a principal reaches whom it names, whole.
func TestPrincipalsReachWhomTheyName(t *testing.T) {
	cases := []struct {
		name, principal string
		caller          Principal
		want            Decision
		delegated       bool
	}{
		{"everybody is everybody", `"*"`, foreign, Allow, false},
		{"everybody is a service, too", `"*"`, service, Allow, false},
		{"everybody with an account", `{"AWS":"*"}`, foreign, Allow, false},
		{"a service has no account", `{"AWS":"*"}`, service, ImplicitDeny, false},
		{"an account hands on to its users", `{"AWS":"111122223333"}`, user, Allow, true},
		{"an account hands on to its sessions", `{"AWS":"arn:aws:iam::111122223333:root"}`, session, Allow, true},
		{"another account does not", `{"AWS":"111122223333"}`, foreign, ImplicitDeny, false},
		{"an account is itself", `{"AWS":"111122223333"}`, Principal{Kind: Root, Account: account}, Allow, false},
		{"a role is its sessions", `{"AWS":"arn:aws:iam::111122223333:role/path/app"}`, session, Allow, false},
		{"a role of that name in another account is another", `{"AWS":"arn:aws:iam::111122223333:role/path/app"}`, foreign, ImplicitDeny, false},
		{"a role of that name under another path is another", `{"AWS":"arn:aws:iam::111122223333:role/app"}`, session, ImplicitDeny, false},
		{"a role whose name is the beginning of another", `{"AWS":"arn:aws:iam::111122223333:role/path/ap"}`, session, ImplicitDeny, false},
		{"a session is itself", `{"AWS":"arn:aws:sts::111122223333:assumed-role/app/blue"}`, session, Allow, false},
		{"a session is no other", `{"AWS":"arn:aws:sts::111122223333:assumed-role/app/blu"}`, session, ImplicitDeny, false},
		{"a session in another account is another", `{"AWS":"arn:aws:sts::111122223333:assumed-role/app/blue"}`, foreign, ImplicitDeny, false},
		{"a user is itself", `{"AWS":"arn:aws:iam::111122223333:user/team/alice"}`, user, Allow, false},
		{"a user without its path is another", `{"AWS":"arn:aws:iam::111122223333:user/alice"}`, user, ImplicitDeny, false},
		{"a user is not in another case", `{"AWS":"arn:aws:iam::111122223333:user/team/Alice"}`, user, ImplicitDeny, false},
		{"a user who says to be a role is none", `{"AWS":"arn:aws:iam::111122223333:role/path/app"}`, Principal{Kind: User, Account: account, ARN: session.RoleARN}, ImplicitDeny, false},
		{"the name goes before the account", `{"AWS":["111122223333","arn:aws:iam::111122223333:user/team/alice"]}`, user, Allow, false},
		{"a service is itself", `{"Service":"qbusiness.amazonaws.com"}`, service, Allow, false},
		{"a service is no other", `{"Service":"s3.amazonaws.com"}`, service, ImplicitDeny, false},
		{"a provider is for its people", `{"Federated":"arn:aws:iam::111122223333:oidc-provider/example.com"}`, vouched, Allow, false},
		{"a provider is not for others", `{"Federated":"arn:aws:iam::111122223333:oidc-provider/example.org"}`, vouched, ImplicitDeny, false},
		{"nobody is nobody", `{"AWS":["*","111122223333"]}`, Principal{}, ImplicitDeny, false},
	}
	for _, c := range cases {
		p := mustParse(t, Trust, one(`"Effect":"Allow","Principal":`+c.principal+`,"Action":"sts:AssumeRole"`))
		got := p.Evaluate(&Request{Action: "sts:AssumeRole", Principal: c.caller})
		if got.Decision != c.want || got.Delegated != c.delegated {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestActionsAndResources(t *testing.T) {
	instance := "arn:aws:sso:::instance/ssoins-0123456789abcdef"
	cases := []struct {
		name, statement  string
		action, resource string
		want             bool
	}{
		{"the name itself", `"Action":"sso:CreateApplication","Resource":"*"`, "sso:CreateApplication", instance, true},
		{"in other letters", `"Action":"SSO:createapplication","Resource":"*"`, "sso:CreateApplication", instance, true},
		{"the beginning of the name", `"Action":"sso:Create","Resource":"*"`, "sso:CreateApplication", instance, false},
		{"a star at the end", `"Action":"sso:Create*","Resource":"*"`, "sso:CreateApplication", instance, true},
		{"a star in the middle", `"Action":"sso:*Application","Resource":"*"`, "sso:CreateApplication", instance, true},
		{"stars that have to go back", `"Action":"sso:*a*at*on","Resource":"*"`, "sso:CreateApplication", instance, true},
		{"a question mark is one character", `"Action":"sso:Create?pplication","Resource":"*"`, "sso:CreateApplication", instance, true},
		{"a question mark is not none", `"Action":"sso:CreateApplication?","Resource":"*"`, "sso:CreateApplication", instance, false},
		{"all actions", `"Action":"*","Resource":"*"`, "sso:CreateApplication", instance, true},
		{"the service is compared", `"Action":"identitystore:*","Resource":"*"`, "sso:CreateApplication", instance, false},
		{"all but the action", `"NotAction":"sso:*","Resource":"*"`, "sso:CreateApplication", instance, false},
		{"all but another action", `"NotAction":["sts:*","identitystore:*"],"Resource":"*"`, "sso:CreateApplication", instance, true},
		{"the resource itself", `"Action":"*","Resource":"` + instance + `"`, "sso:CreateApplication", instance, true},
		{"a resource in other letters", `"Action":"*","Resource":"` + strings.Replace(instance, "abcdef", "ABCDEF", 1) + `"`, "sso:CreateApplication", instance, false},
		{"one of two resources", `"Action":"*","Resource":["arn:aws:s3:::x","arn:aws:sso:::instance/*"]`, "sso:CreateApplication", instance, true},
		{"a star does not reach into the next part", `"Action":"*","Resource":"arn:aws:sso::*:ssoins-0123456789abcdef"`, "sso:CreateApplication", instance, false},
		{"a star for a part that is empty", `"Action":"*","Resource":"arn:aws:sso:*:*:instance/*"`, "sso:CreateApplication", instance, true},
		{"a request about nothing in particular", `"Action":"*","Resource":"*"`, "sso:ListInstances", "*", true},
		{"a resource is not everything", `"Action":"*","Resource":"arn:aws:*:*:*:*"`, "sso:ListInstances", "*", false},
		{"all but the resource", `"Action":"*","NotResource":"arn:aws:sso:::*"`, "sso:CreateApplication", instance, false},
		{"all but another resource", `"Action":"*","NotResource":"arn:aws:s3:::*"`, "sso:CreateApplication", instance, true},
		{"a variable", `"Action":"*","Resource":"arn:aws:s3:::b/${aws:username}/*"`, "s3:Get", "arn:aws:s3:::b/a*b/c", true},
		{"a star in a variable is a star", `"Action":"*","Resource":"arn:aws:s3:::b/${aws:username}/*"`, "s3:Get", "arn:aws:s3:::b/axb/c", false},
		{"a colon in a variable does not make another account", `"Action":"*","Resource":"arn:aws:s3::${x:colon}:b"`, "s3:Get", "arn:aws:s3::a:b", false},
		{"a variable without a value", `"Action":"*","Resource":"arn:aws:s3:::b/${x:none}"`, "s3:Get", "arn:aws:s3:::b/", false},
		{"a variable with a default", `"Action":"*","Resource":"arn:aws:s3:::b/${x:none, 'd'}"`, "s3:Get", "arn:aws:s3:::b/d", true},
		{"a variable of many values", `"Action":"*","Resource":"arn:aws:s3:::b/${x:many}"`, "s3:Get", "arn:aws:s3:::b/a", false},
		{"all but a variable without a value", `"Action":"*","NotResource":"arn:aws:s3:::b/${x:none}"`, "s3:Get", "arn:aws:s3:::b/x", false},
		{"a written star", `"Action":"*","Resource":"arn:aws:s3:::b/${*}${?}${$}"`, "s3:Get", "arn:aws:s3:::b/*?$", true},
		{"a written star is no wildcard", `"Action":"*","Resource":"arn:aws:s3:::b/${*}"`, "s3:Get", "arn:aws:s3:::b/x", false},
	}
	context := Context{"aws:username": {"a*b"}, "x:colon": {"a:b"}, "x:many": {"a", "b"}}
	for _, c := range cases {
		p := mustParse(t, Identity, one(`"Effect":"Allow",`+c.statement))
		got := p.Evaluate(&Request{Action: c.action, Resource: c.resource, Context: context})
		if (got.Decision == Allow) != c.want {
			t.Errorf("%s: %v", c.name, got.Decision)
		}
	}
}

func TestConditions(t *testing.T) {
	context := Context{
		"x:name": {"Alice"}, "x:number": {"42"}, "x:moment": {"2026-11-22T04:05:06Z"}, "x:epoch": {"1795320306"}, "x:yes": {"true"},
		"x:arn": {"arn:aws:iam::111122223333:role/team/app"}, "aws:SourceIp": {"203.0.113.9"}, "x:six": {"2001:db8::1"},
		"x:tags": {"a", "b"}, "x:empty": {}, "x:kelvin": {"\u212a"}, "aws:username": {"Alice"},
	}
	cases := []struct {
		condition string
		want      bool
	}{
		{`{}`, true},
		{`{"StringEquals":{"x:name":"Alice"}}`, true},
		{`{"StringEquals":{"X:NAME":"Alice"}}`, true},
		{`{"StringEquals":{"x:name":"alice"}}`, false},
		{`{"StringEquals":{"x:name":["Bob","Alice"]}}`, true},
		{`{"StringEquals":{"x:name":"Alic*"}}`, false},
		{`{"StringEquals":{"x:none":"Alice"}}`, false},
		{`{"StringEquals":{"x:empty":"Alice"}}`, false},
		{`{"StringEqualsIfExists":{"x:none":"Alice"}}`, true},
		{`{"StringEqualsIfExists":{"x:name":"Bob"}}`, false},
		{`{"StringNotEquals":{"x:name":"Alice"}}`, false},
		{`{"StringNotEquals":{"x:name":["Bob","Alice"]}}`, false},
		{`{"StringNotEquals":{"x:name":["Bob","Carol"]}}`, true},
		{`{"StringNotEquals":{"x:none":"Alice"}}`, true},
		{`{"StringEqualsIgnoreCase":{"x:name":"aLICE"}}`, true},
		{`{"StringEqualsIgnoreCase":{"x:kelvin":"k"}}`, false},
		{`{"StringNotEqualsIgnoreCase":{"x:name":"ALICE"}}`, false},
		{`{"StringLike":{"x:name":"Al?c*"}}`, true},
		{`{"StringLike":{"x:name":"al*"}}`, false},
		{`{"StringLike":{"x:kelvin":"?"}}`, true},
		{`{"StringNotLike":{"x:name":"B*"}}`, true},
		{`{"StringEquals":{"x:name":"${aws:username}"}}`, true},
		{`{"StringEquals":{"x:name":"${x:none}"}}`, false},
		{`{"StringNotEquals":{"x:name":"${x:none}"}}`, false},
		{`{"StringEquals":{"x:name":"Alice"},"NumericEquals":{"x:number":41}}`, false},
		{`{"StringEquals":{"x:name":"Alice","x:yes":"false"}}`, false},
		{`{"NumericEquals":{"x:number":"42.0"}}`, true},
		{`{"NumericNotEquals":{"x:number":42}}`, false},
		{`{"NumericLessThan":{"x:number":42}}`, false},
		{`{"NumericLessThanEquals":{"x:number":42}}`, true},
		{`{"NumericGreaterThan":{"x:number":"-41.9"}}`, true},
		{`{"NumericGreaterThanEquals":{"x:number":43}}`, false},
		{`{"NumericEquals":{"x:name":42}}`, false},
		{`{"DateEquals":{"x:moment":"2026-11-22T05:05:06+01:00"}}`, true},
		{`{"DateEquals":{"x:moment":1795320306}}`, true},
		{`{"DateNotEquals":{"x:epoch":"2026-11-22T04:05:06Z"}}`, false},
		{`{"DateLessThan":{"x:moment":"2026-11-23"}}`, true},
		{`{"DateLessThanEquals":{"x:moment":"2026-11-22"}}`, false},
		{`{"DateGreaterThan":{"x:moment":"2026-11-22T04:05:05.9Z"}}`, true},
		{`{"DateGreaterThanEquals":{"x:name":"2026-11-22"}}`, false},
		{`{"Bool":{"x:yes":"TRUE"}}`, true},
		{`{"Bool":{"x:yes":false}}`, false},
		{`{"Bool":{"x:none":"false"}}`, false},
		{`{"BoolIfExists":{"x:none":"true"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.9"]}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.8"}}`, false},
		{`{"IpAddress":{"x:six":"2001:db8::/32"}}`, true},
		{`{"IpAddress":{"x:six":"0.0.0.0/0"}}`, false},
		{`{"IpAddress":{"aws:SourceIp":"::ffff:203.0.113.9"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"::ffff:203.0.113.0/120"}}`, true},
		{`{"NotIpAddress":{"aws:SourceIp":"::ffff:203.0.113.0/120"}}`, false},
		{`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, false},
		{`{"ArnLike":{"x:arn":"arn:aws:iam::*:role/team/*"}}`, true},
		{`{"ArnEquals":{"x:arn":"arn:aws:iam::111122223333:role/*/app"}}`, true},
		{`{"ArnLike":{"x:arn":"arn:aws:iam:*:role/team/app:x"}}`, false},
		{`{"ArnLike":{"x:name":"arn:*:?:*:*:*"}}`, false},
		{`{"ArnNotLike":{"x:arn":"arn:aws:iam::*:role/team/*"}}`, false},
		{`{"ArnNotEquals":{"x:none":"arn:aws:iam::*:role/team/*"}}`, true},
		{`{"ArnEquals":{"x:arn":"arn:aws:iam::${x:none, '111122223333'}:role/team/app"}}`, true},
		{`{"Null":{"x:none":"true"}}`, true},
		{`{"Null":{"x:empty":true}}`, true},
		{`{"Null":{"x:name":"true"}}`, false},
		{`{"Null":{"x:name":"false"}}`, true},
		{`{"ForAllValues:StringEquals":{"x:tags":["a","b","c"]}}`, true},
		{`{"ForAllValues:StringEquals":{"x:tags":["a"]}}`, false},
		{`{"ForAllValues:StringEquals":{"x:none":["a"]}}`, true},
		{`{"ForAllValues:StringNotEquals":{"x:tags":["b","c"]}}`, false},
		{`{"ForAllValues:StringNotLike":{"x:tags":["c*","d*"]}}`, true},
		{`{"ForAnyValue:StringEquals":{"x:tags":["b","c"]}}`, true},
		{`{"ForAnyValue:StringEquals":{"x:tags":["c"]}}`, false},
		{`{"ForAnyValue:StringEquals":{"x:none":["a"]}}`, false},
		{`{"ForAnyValue:StringEqualsIfExists":{"x:none":["a"]}}`, true},
		{`{"ForAnyValue:StringNotEquals":{"x:tags":["a"]}}`, true},
		{`{"ForAnyValue:StringNotEquals":{"x:tags":["a","b"]}}`, false},
		{`{"ForAnyValue:StringNotEquals":{"x:none":["a"]}}`, false},
		{`{"StringEquals":{"x:tags":"b"}}`, true},
		{`{"StringNotEquals":{"x:tags":"b"}}`, false},
	}
	for _, c := range cases {
		p := mustParse(t, Identity, one(`"Effect":"Allow","Action":"*","Resource":"*","Condition":`+c.condition))
		if got := p.Evaluate(&Request{Action: "a:b", Context: context}).Decision == Allow; got != c.want {
			t.Errorf("%s: %t", c.condition, got)
		}
	}
}

func TestWhatIsUnresolvedNeverWidens(t *testing.T) {
	request := Request{Action: "s3:Get", Resource: "arn:aws:s3:::b", Context: Context{"x:name": {"Alice"}}}
	for _, c := range []struct {
		name, statement string
		want            Decision
	}{
		{"an allow for all but it", `"Effect":"Allow","NotResource":"arn:aws:s3:::${x:none}"`, ImplicitDeny},
		{"a deny for all but it", `"Effect":"Deny","NotResource":"arn:aws:s3:::${x:none}"`, ExplicitDeny},
		{"an allow where it differs", `"Effect":"Allow","Resource":"*","Condition":{"StringNotEquals":{"x:name":"${x:none}"}}`, ImplicitDeny},
		{"a deny where it differs", `"Effect":"Deny","Resource":"*","Condition":{"StringNotEquals":{"x:name":"${x:none}"}}`, ExplicitDeny},
		{"another value decides without it", `"Effect":"Allow","Resource":["arn:aws:s3:::${x:none}","arn:aws:s3:::b"]`, Allow},
	} {
		if got := mustParse(t, Identity, one(`"Action":"*",`+c.statement)).Evaluate(&request); got.Decision != c.want {
			t.Errorf("%s: %v", c.name, got.Decision)
		}
	}
}

func TestVariablesAreTextInTheOlderVersion(t *testing.T) {
	p := mustParse(t, Trust, `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"x:name":"${aws:username}"}}}]}`)
	for value, want := range map[string]Decision{"${aws:username}": Allow, "alice": ImplicitDeny} {
		got := p.Evaluate(&Request{Action: "sts:AssumeRole", Context: Context{"x:name": {value}, "aws:username": {"alice"}}})
		if got.Decision != want {
			t.Errorf("%s: %v", value, got.Decision)
		}
	}
}

func TestADenyWinsAndTheDecisionIsNamed(t *testing.T) {
	allow := mustParse(t, Identity, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sso:Get*","Resource":"*"},{"Sid":"Write","Effect":"Allow","Action":"sso:*","Resource":"*"}]}`)
	deny := mustParse(t, Identity, one(`"Sid":"Never","Effect":"Deny","Action":"sso:Delete*","Resource":"*"`))
	set := Set{{"first", allow}, {"second", deny}}
	for action, want := range map[string]Result{
		"sso:GetInlinePolicy":   {Decision: Allow, Policy: "first", Statement: "Statement[0]"},
		"sso:CreateApplication": {Decision: Allow, Policy: "first", Statement: "Statement[1] (Write)"},
		"sso:DeleteApplication": {Decision: ExplicitDeny, Policy: "second", Statement: "Statement[0] (Never)"},
		"sts:AssumeRole":        {},
	} {
		if got := set.Evaluate(&Request{Action: action, Resource: "*"}); got != want {
			t.Errorf("%s: %+v, want %+v", action, got, want)
		}
	}
}

func TestAPatternIsNotExponential(t *testing.T) {
	p := mustParse(t, Identity, one(`"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::`+strings.Repeat("a*", 2000)+`b"`))
	start := time.Now()
	p.Evaluate(&Request{Action: "s3:Get", Resource: "arn:aws:s3:::" + strings.Repeat("a", 2000)})
	if took := time.Since(start); took > time.Second {
		t.Errorf("2000 stars took %v", took)
	}
}

func TestAResourcePolicyMayNameItsOwnApplicationOnly(t *testing.T) {
	statement := func(resource string) string {
		return `"Effect":"Allow","Principal":"*","Action":"sso-oauth:*","Resource":"` + resource + `"`
	}
	for resource, want := range map[string]bool{"*": true, application: true, strings.Replace(application, "apl-0", "apl-1", 1): false} {
		if got := mustParse(t, Resource, one(statement(resource))).About(application); got != want {
			t.Errorf("%s: %t", resource, got)
		}
	}
}

func TestEveryRequestHasItsGlobalKeys(t *testing.T) {
	moment := time.Date(2026, 11, 22, 4, 5, 6, 7, time.UTC)
	p := session
	p.Tags, p.SourceIdentity = map[string]string{"Project": "x"}, "alice"
	got := p.Globals(moment, netip.MustParseAddr("::ffff:203.0.113.9"))
	for key, want := range map[string]string{
		"aws:CurrentTime": "2026-11-22T04:05:06Z", "aws:EpochTime": "1795320306", "aws:SourceIp": "203.0.113.9",
		"aws:PrincipalArn": session.RoleARN, "aws:PrincipalAccount": account, "aws:PrincipalType": "AssumedRole",
		"aws:userid": "AROA0123456789ABCDEFG:blue", "aws:PrincipalTag/Project": "x", "aws:SourceIdentity": "alice",
	} {
		if values := got.get(key); len(values) != 1 || values[0] != want {
			t.Errorf("%s: %q, want %q", key, values, want)
		}
	}
	if values := got.get("aws:username"); values != nil {
		t.Errorf("a session has the user name %q", values)
	}
	if got := user.Globals(moment, netip.Addr{}).get("AWS:USERNAME"); len(got) != 1 || got[0] != "alice" {
		t.Errorf("user name %q", got)
	}
}

func TestACacheForgetsWhatIsNotAskedFor(t *testing.T) {
	var c Cache
	document := func(i int) string {
		return one(`"Effect":"Allow","Action":"a:b` + strings.Repeat("c", i) + `","Resource":"*"`)
	}
	kept, err := c.Parse(document(0), Identity)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 3*cacheGeneration; i++ {
		if _, err := c.Parse(document(i), Identity); err != nil {
			t.Fatal(err)
		}
		if again, _ := c.Parse(document(0), Identity); again != kept {
			t.Fatalf("a document in use was read again after %d others", i)
		}
	}
	if n := len(c.young) + len(c.old); n > 2*cacheGeneration {
		t.Errorf("%d documents are kept", n)
	}
	if _, err := c.Parse(document(0), Trust); err == nil {
		t.Error("a document was taken for one of another kind")
	}
}

// Whoever may take on a role may write a policy for each session, and must not fill the memory with them.
func TestACacheOfLargeDocumentsHoldsFewOfThem(t *testing.T) {
	var c Cache
	for i := range cacheGeneration {
		large := one(`"Effect":"Allow","Action":"a:` + strings.Repeat("?*", 950) + strconv.Itoa(i) + `","Resource":"*"`)
		if _, err := c.Parse(large, Session); err != nil {
			t.Fatal(err)
		}
	}
	text := 0
	for _, generation := range []map[cacheKey]*Policy{c.young, c.old} {
		for key := range generation {
			text += len(key.document)
		}
	}
	if text > 2*cacheText || text < cacheText {
		t.Errorf("%d bytes of documents are kept", text)
	}
}
