package policy

import (
	"fmt"
	"strings"
	"testing"

	"sallyport/test/vectors"
)

const (
	account     = "111122223333"
	other       = "444455556666"
	application = "arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef"
)

func mustParse(t testing.TB, kind Kind, document string) *Policy {
	t.Helper()
	p, err := Parse([]byte(document), kind)
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return p
}

// Evaluate asks one policy.
func (p *Policy) Evaluate(r *Request) Result { return Set{{Policy: p}}.Evaluate(r) }

// one is a policy of one statement.
func one(statement string) string {
	return `{"Version":"2012-10-17","Statement":[{` + statement + `}]}`
}

func TestDocumentsThatAreAccepted(t *testing.T) {
	cases := []struct {
		name     string
		kind     Kind
		document string
	}{
		{"a statement that is no list", Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`},
		{"every element", Identity, `{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"A1","Effect":"Deny","NotAction":["sso:*","sts:Get?allerIdentity"],"NotResource":["arn:aws:s3:::bucket/*"],"Condition":{}}]}`},
		{"an actor policy for an account", Resource, one(`"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"`)},
		{"an actor policy for its own application", Resource, one(`"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root","arn:aws:iam::111122223333:role/a/b","arn:aws:sts::111122223333:assumed-role/b/session","arn:aws:iam::111122223333:user/u"],"Service":"qbusiness.amazonaws.com"},"Action":["sso-oauth:CreateTokenWithIAM"],"Resource":"` + application + `"`)},
		{"a trust policy of the older version", Trust, `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`},
		{"a trust policy without a version", Trust, `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`},
		{"a trust policy for a provider", Trust, one(`"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/127.0.0.1:5556/dex"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"127.0.0.1:5556/dex:aud":"app"}}`)},
		{"values that are numbers and booleans", Session, one(`"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"aws:MultiFactorAuthAge":300},"DateGreaterThan":{"aws:EpochTime":1790000000}}`)},
		{"more white space than text", Session, strings.Repeat(" ", 50_000) + one(`"Effect":"Allow","Action":"a:b","Resource":"*"`)},
	}
	for name := range operators {
		value := map[bool]string{true: "true"}[name == "Bool" || name == "Null"]
		switch {
		case strings.HasPrefix(name, "Numeric"):
			value = "-12.5"
		case strings.HasPrefix(name, "Date"):
			value = "2026-11-22T04:05:06Z"
		case strings.HasPrefix(name, "Arn"):
			value = "arn:aws:iam::${aws:PrincipalAccount}:user/*"
		case strings.HasSuffix(name, "IpAddress"):
			value = "203.0.113.0/24"
		}
		for _, form := range []string{"%s", "%sIfExists", "ForAllValues:%s", "ForAnyValue:%sIfExists"} {
			if name == "Null" && form != "%s" {
				continue
			}
			cases = append(cases, struct {
				name     string
				kind     Kind
				document string
			}{fmt.Sprintf(form, name), Identity, one(fmt.Sprintf(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"`+form+`":{"aws:username":[%q]}}`, name, value))})
		}
	}
	for _, c := range cases {
		if _, err := Parse([]byte(c.document), c.kind); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestDocumentsThatAreRefused(t *testing.T) {
	allow := `"Effect":"Allow","Action":"a:b","Resource":"*"`
	condition := func(text string) string { return one(allow + `,"Condition":` + text) }
	actor := func(principal string) string {
		return one(`"Effect":"Allow","Principal":` + principal + `,"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"`)
	}
	cases := []struct {
		name     string
		kind     Kind
		document string
		want     string // beginning of the sentence
	}{
		{"nothing", Identity, ``, "the document is not a JSON policy: byte 0"},
		{"a list", Identity, `[]`, "a policy is a JSON object"},
		{"a member that stands twice", Identity, `{"Version":"2012-10-17","Statement":[{` + allow + `,"Effect":"Deny"}]}`, "the document is not a JSON policy"},
		{"something behind it", Identity, one(allow) + `{}`, "the document is not a JSON policy"},
		{"bytes that are no text", Identity, one(allow + ",\"Sid\":\"\xff\""), "the document is not a JSON policy"},
		{"more depth than the language has", Identity, condition(`{"StringEquals":{"a:b":[["c"]]}}`), "the document is not a JSON policy"},
		{"an unknown element", Identity, `{"Version":"2012-10-17","Statment":[]}`, "Statment: there is no such element"},
		{"an element in other letters", Identity, `{"version":"2012-10-17"}`, "version: there is no such element"},
		{"an Id that is a number", Identity, `{"Id":1}`, "Id: must be a string"},
		{"no version", Identity, `{"Statement":[]}`, "Version: is missing"},
		{"the older version", Identity, `{"Version":"2008-10-17","Statement":[]}`, `Version: must be "2012-10-17" in an identity policy`},
		{"another version", Trust, `{"Version":"2012-10-18","Statement":[]}`, "Version: must be"},
		{"no statement", Identity, `{"Version":"2012-10-17"}`, "Statement: is missing"},
		{"an empty list of statements", Identity, `{"Version":"2012-10-17","Statement":[]}`, "Statement: must be a statement or a list"},
		{"a statement that is text", Identity, `{"Version":"2012-10-17","Statement":["x"]}`, "Statement[0]: a statement is a JSON object"},
		{"an unknown element of a statement", Identity, one(allow + `,"Actions":[]`), "Statement[0].Actions: there is no such element"},
		{"two statements of one name", Identity, `{"Version":"2012-10-17","Statement":[{"Sid":"A",` + allow + `},{"Sid":"A",` + allow + `}]}`, `Statement[1].Sid: "A" stands twice`},
		{"a name with a line break", Identity, one(allow + `,"Sid":"a\nb"`), "Statement[0].Sid: must be"},
		{"no effect", Identity, one(`"Action":"a:b","Resource":"*"`), "Statement[0].Effect: is missing"},
		{"an effect in other letters", Identity, one(`"Effect":"allow","Action":"a:b","Resource":"*"`), "Statement[0].Effect: must be Allow or Deny"},
		{"no action", Identity, one(`"Effect":"Allow","Resource":"*"`), "Statement[0]: must have either Action"},
		{"both kinds of action", Identity, one(allow + `,"NotAction":"a:b"`), "Statement[0]: must have either Action"},
		{"an empty list of actions", Identity, one(`"Effect":"Allow","Action":[],"Resource":"*"`), "Statement[0].Action: must have at least one value"},
		{"an action that is a number", Identity, one(`"Effect":"Allow","Action":[1],"Resource":"*"`), "Statement[0].Action: must be a string"},
		{"an action without a service", Identity, one(`"Effect":"Allow","Action":"CreateUser","Resource":"*"`), `Statement[0].Action: "CreateUser" is not an action`},
		{"a wildcard in the service of an action", Identity, one(`"Effect":"Allow","Action":"s*:CreateUser","Resource":"*"`), "Statement[0].Action: "},
		{"a variable in an action", Identity, one(`"Effect":"Allow","Action":"a:${aws:username}","Resource":"*"`), "Statement[0].Action: "},
		{"an action of another service in a trust policy", Trust, one(`"Effect":"Allow","Principal":"*","Action":"sso:Get"`), "Statement[0].Action: "},
		{"every action in a trust policy", Trust, one(`"Effect":"Allow","Principal":"*","Action":"*"`), "Statement[0].Action: "},
		{"a letter that folds to one of sts", Trust, one(`"Effect":"Allow","Principal":"*","Action":"` + "\u017f" + `ts:AssumeRole"`), "Statement[0].Action: "},
		{"all but an action in a trust policy", Trust, one(`"Effect":"Allow","Principal":"*","NotAction":"sts:TagSession"`), "Statement[0].NotAction: "},
		{"no resource", Identity, one(`"Effect":"Allow","Action":"a:b"`), "Statement[0]: must have either Resource"},
		{"a resource in a trust policy", Trust, one(`"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"`), "Statement[0].Resource: a trust policy has no resource"},
		{"a resource that is no ARN", Identity, one(`"Effect":"Allow","Action":"a:b","Resource":"bucket"`), `Statement[0].Resource: "bucket" is neither * nor an ARN`},
		{"a resource of five parts", Identity, one(`"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3::*"`), "Statement[0].Resource: "},
		{"a variable that does not end", Identity, one(`"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::b/${aws:username"`), "Statement[0].Resource: "},
		{"a variable that is no key", Identity, one(`"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::b/${user}"`), "Statement[0].Resource: "},
		{"a variable in a variable", Identity, one(`"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::b/${a:${b:c}}"`), "Statement[0].Resource: "},
		{"a default without quotation marks", Identity, one(`"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::b/${a:b, c}"`), "Statement[0].Resource: "},
		{"another resource in an actor policy", Resource, one(`"Effect":"Allow","Principal":"*","Action":"a:b","Resource":"arn:aws:s3:::b"`), "Statement[0].Resource: "},
		{"wildcards for applications", Resource, one(`"Effect":"Allow","Principal":"*","Action":"a:b","Resource":"arn:aws:sso::111122223333:application/*"`), "Statement[0].Resource: "},
		{"all but a resource in an actor policy", Resource, one(`"Effect":"Allow","Principal":"*","Action":"a:b","NotResource":"*"`), "Statement[0].NotResource: "},
		{"a principal in an identity policy", Identity, one(allow + `,"Principal":"*"`), "Statement[0].Principal: an identity policy has no principal"},
		{"a principal in a session policy", Session, one(allow + `,"Principal":"*"`), "Statement[0].Principal: a session policy has no principal"},
		{"no principal in an actor policy", Resource, one(allow), "Statement[0].Principal: is missing"},
		{"everybody but a principal", Resource, one(allow + `,"NotPrincipal":{"AWS":"111122223333"}`), "Statement[0].NotPrincipal: is not supported"},
		{"a principal that is text", Resource, actor(`"111122223333"`), `Statement[0].Principal: must be "*" or an object`},
		{"a principal that is empty", Resource, actor(`{}`), `Statement[0].Principal: must be "*" or an object`},
		{"a principal of another kind", Resource, actor(`{"CanonicalUser":"x"}`), "Statement[0].Principal.CanonicalUser: a principal of a resource policy is AWS or Service"},
		{"a provider in an actor policy", Resource, actor(`{"Federated":"arn:aws:iam::111122223333:oidc-provider/x"}`), "Statement[0].Principal.Federated: "},
		{"a wildcard in a role", Resource, actor(`{"AWS":"arn:aws:iam::111122223333:role/*"}`), "Statement[0].Principal.AWS: "},
		{"a wildcard for the account of a role", Resource, actor(`{"AWS":"arn:aws:iam::*:role/app"}`), "Statement[0].Principal.AWS: "},
		{"a variable in a role", Resource, actor(`{"AWS":"arn:aws:iam::111122223333:role/${aws:username}"}`), "Statement[0].Principal.AWS: "},
		{"a group", Resource, actor(`{"AWS":"arn:aws:iam::111122223333:group/g"}`), "Statement[0].Principal.AWS: "},
		{"what only begins like the unique id of a role", Resource, actor(`{"AWS":"AROAEXAMPLE"}`), "Statement[0].Principal.AWS: "},
		{"an account of eleven digits", Resource, actor(`{"AWS":"11112222333"}`), "Statement[0].Principal.AWS: "},
		{"every service", Resource, actor(`{"Service":"*"}`), "Statement[0].Principal.Service: "},
		{"every provider", Trust, one(`"Effect":"Allow","Principal":{"Federated":"*"},"Action":"sts:AssumeRoleWithWebIdentity"`), "Statement[0].Principal.Federated: "},
		{"a condition that is a list", Identity, condition(`[]`), "Statement[0].Condition: must be an object of operators"},
		{"an unknown operator", Identity, condition(`{"StringEqualz":{"a:b":"c"}}`), "Statement[0].Condition.StringEqualz: there is no such condition operator"},
		{"an operator in other letters", Identity, condition(`{"stringEquals":{"a:b":"c"}}`), "Statement[0].Condition.stringEquals: there is no such"},
		{"an operator with two suffixes", Identity, condition(`{"StringEqualsIfExistsIfExists":{"a:b":"c"}}`), "Statement[0].Condition.StringEqualsIfExistsIfExists: there is no such"},
		{"an unknown qualifier", Identity, condition(`{"ForSomeValues:StringEquals":{"a:b":"c"}}`), "Statement[0].Condition.ForSomeValues:StringEquals: "},
		{"a qualifier of the empty name", Identity, condition(`{":StringEquals":{"a:b":"c"}}`), "Statement[0].Condition.:StringEquals: "},
		{"Null with IfExists", Identity, condition(`{"NullIfExists":{"a:b":"true"}}`), "Statement[0].Condition.NullIfExists: Null asks"},
		{"Null with a qualifier", Identity, condition(`{"ForAllValues:Null":{"a:b":"true"}}`), "Statement[0].Condition.ForAllValues:Null: Null asks"},
		{"an operator without keys", Identity, condition(`{"StringEquals":{}}`), "Statement[0].Condition.StringEquals: must be an object"},
		{"a key without a prefix", Identity, condition(`{"StringEquals":{"username":"c"}}`), "Statement[0].Condition.StringEquals.username: is no condition key"},
		{"a key with a line break", Identity, condition(`{"StringEquals":{"a:b\n":"c"}}`), `Statement[0].Condition.StringEquals."a:b\n": is no condition key`},
		{"a key without values", Identity, condition(`{"StringEquals":{"a:b":[]}}`), "Statement[0].Condition.StringEquals.a:b: must have at least one value"},
		{"a value that is null", Identity, condition(`{"StringEquals":{"a:b":null}}`), "Statement[0].Condition.StringEquals.a:b: values are"},
		{"a boolean of other letters", Identity, condition(`{"Bool":{"a:b":"yes"}}`), `Statement[0].Condition.Bool.a:b: "yes" is neither true nor false`},
		{"a number with an exponent", Identity, condition(`{"NumericEquals":{"a:b":1e3}}`), "Statement[0].Condition.NumericEquals.a:b: "},
		{"a number without digits", Identity, condition(`{"NumericEquals":{"a:b":"-"}}`), "Statement[0].Condition.NumericEquals.a:b: "},
		{"a date in words", Identity, condition(`{"DateLessThan":{"a:b":"tomorrow"}}`), "Statement[0].Condition.DateLessThan.a:b: "},
		{"an address in words", Identity, condition(`{"IpAddress":{"a:b":"localhost"}}`), "Statement[0].Condition.IpAddress.a:b: "},
		{"a range that is none", Identity, condition(`{"IpAddress":{"a:b":"203.0.113.0/33"}}`), "Statement[0].Condition.IpAddress.a:b: "},
		{"an ARN that is none", Identity, condition(`{"ArnLike":{"a:b":"role/app"}}`), "Statement[0].Condition.ArnLike.a:b: "},
		{"a variable that does not end in a condition", Identity, condition(`{"StringLike":{"a:b":"${aws:username"}}`), "Statement[0].Condition.StringLike.a:b: "},
	}
	for _, c := range cases {
		p, err := Parse([]byte(c.document), c.kind)
		if err == nil || p != nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		if refused, ok := AsError(err); !ok || refused.TooLarge || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// The attack admin-sts-policy-size: a policy that is large, deep or repeats itself costs a bounded amount, and none of it is kept.
func TestDocumentsThatAreTooLargeSaySo(t *testing.T) {
	statement := `{"Effect":"Allow","Action":"a:b","Resource":"*"},`
	many := func(n int) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.TrimSuffix(strings.Repeat(statement, n), ",") + `]}`
	}
	cases := []struct {
		name     string
		kind     Kind
		document string
		large    bool
	}{
		{"one megabyte", Session, one(`"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::` + strings.Repeat("b", 1<<20) + `"`), true},
		{"a character more than a session may have", Session, one(`"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::` + strings.Repeat("b", MaxSession-len(one(`"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::"`))+1) + `"`), true},
		{"white space without end", Session, strings.Repeat(" ", MaxDocument+1), true},
		{"a statement more than there may be", Identity, many(MaxStatements + 1), true},
		{"a thousand lists in each other", Session, strings.Repeat("[", 1000), false},
	}
	for _, c := range cases {
		_, err := Parse([]byte(c.document), c.kind)
		if refused, ok := AsError(err); !ok || refused.TooLarge != c.large {
			t.Errorf("%s: %v", c.name, err)
		} else if len(err.Error()) > 200 {
			t.Errorf("%s: the sentence repeats %d bytes", c.name, len(err.Error()))
		}
	}
	mustParse(t, Session, one(`"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::`+strings.Repeat("ä", MaxSession-len(one(`"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::"`)))+`"`))
	mustParse(t, Identity, many(MaxStatements))
}

func TestAnAccountHasTwoForms(t *testing.T) {
	for _, text := range []string{"111122223333", "arn:aws:iam::111122223333:root"} {
		if got, ok := awsPrincipal(text); !ok || got != (principal{ofAccount, "111122223333"}) {
			t.Errorf("%s: %v, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:group/a", "11112222333"} {
		if _, ok := awsPrincipal(text); ok {
			t.Errorf("%q is a principal", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(one(`"Sid":"a","Effect":"Allow","Action":["a:b*"],"Resource":["*","arn:aws:s3:::${aws:username, 'x'}/*"],"Condition":{"ForAnyValue:StringLike":{"aws:PrincipalTag/x":["a*","${*}"]},"DateLessThanIfExists":{"aws:CurrentTime":"2026-11-22"},"Null":{"a:b":true}}`)), 0)
	f.Add([]byte(one(`"Effect":"Deny","Principal":{"AWS":["111122223333","*"],"Service":"a.amazonaws.com"},"NotAction":"a:?","Resource":"*"`)), 2)
	f.Add([]byte(`{"Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/x"},"Action":"sts:AssumeRole*","Condition":{"NotIpAddress":{"aws:SourceIp":["::1","10.0.0.0/8"]}}}}`), 3)
	request := Request{Action: "a:b", Resource: application, Principal: session, Context: Context{"aws:username": {"a", "b"}, "a:b": {""}}}
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add([]byte(document), 0)
	}
	f.Fuzz(func(t *testing.T, document []byte, kind int) {
		if _, known := kinds[Kind(kind)]; !known {
			return
		}
		p, err := Parse(document, Kind(kind))
		if err != nil {
			refused, ok := AsError(err)
			if !ok || refused.Msg == "" || len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\n\r\x1b\x00") {
				t.Fatalf("%q", err)
			}
			return
		}
		for _, s := range p.statements {
			if kinds[Kind(kind)].principal != (len(s.principals) > 0) || kinds[Kind(kind)].resource != (len(s.resources) > 0) || len(s.actions) == 0 {
				t.Fatalf("a statement lacks a part: %+v", s)
			}
		}
		if before, again := p.Evaluate(&request), p.Evaluate(&request); before != again {
			t.Fatalf("two decisions: %v and %v", before, again)
		}
		request := request
		request.Principal = Principal{}
		p.Evaluate(&request)
	})
}
