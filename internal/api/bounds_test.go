package api

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
	"sallyport/test/vectors"
)

const anInstance = `"InstanceArn":"arn:aws:sso:::instance/ssoins-0123456789abcdef"`

func TestInputIsHeldAgainstTheModel(t *testing.T) {
	cases := []struct {
		name, body string
		into       func() (*Shape, any)
		kind       *fault.Kind
		message    string
	}{
		{"all is well", `{` + anInstance + `,"Name":"a","ApplicationProviderArn":"arn:aws:sso::aws:applicationProvider/custom"}`, createApplication, nil, ""},
		{"a required member is missing", `{}`, createApplication, fault.Validation,
			"1 validation error detected: Value null at 'instanceArn' failed to satisfy constraint: Member must not be null"},
		{"a text breaks its pattern", `{"InstanceArn":"arn:aws:sso:::instance/other"}`, createApplication, fault.Validation,
			"1 validation error detected: Value 'arn:aws:sso:::instance/other' at 'instanceArn' failed to satisfy constraint: " +
				"Member must satisfy regular expression pattern: arn:aws(-[a-z]{1,5}){0,3}:sso:::instance/(sso)?ins-[a-zA-Z0-9-.]{16}"},
		{"a pattern stands for the whole text", `{"InstanceArn":"arn:aws:sso:::instance/ssoins-0123456789abcdef\n"}`, createApplication, fault.Validation, "instanceArn"},
		{"a text is too long", `{` + anInstance + `,"ApplicationProviderArn":"arn:aws:sso::aws:applicationProvider/custom","Name":"` + strings.Repeat("é", 101) + `"}`,
			createApplication, fault.Validation, "at 'name' failed to satisfy constraint: Member must have length less than or equal to 100"},
		{"a long text is shown in part", `{"InstanceArn":"` + strings.Repeat("x", 1300) + `"}`, createApplication, fault.Validation, strings.Repeat("x", 100) + "…'"},
		{"a value is not one of the set", `{` + anInstance + `,"ApplicationProviderArn":"arn:aws:sso::aws:applicationProvider/custom","Name":"a","Status":"ON"}`,
			createApplication, fault.Validation, "at 'status' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED]"},
		{"a list has too many elements", `{` + anInstance + `,"ApplicationProviderArn":"arn:aws:sso::aws:applicationProvider/custom","Name":"a","Tags":[` +
			strings.Repeat(`{"Key":"a","Value":"b"},`, 75) + `{"Key":"a","Value":"b"}]}`, createApplication, fault.Validation, "at 'tags'"},
		{"an element of a list is wrong", `{` + anInstance + `,"ApplicationProviderArn":"arn:aws:sso::aws:applicationProvider/custom","Name":"a","Tags":[{"Key":"a","Value":"b"},{"Key":""}]}`,
			createApplication, fault.Validation, "at 'tags.2.member.key'"},
		{"a number has another type", `{` + anInstance + `,"MaxResults":"5"}`, listApplications, fault.Serialization, "maxResults must be an integer"},
		{"a number is out of range", `{` + anInstance + `,"MaxResults":101}`, listApplications, fault.Validation,
			"Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"},
		{"a union has two members", `{"ApplicationArn":"arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef","GrantType":"refresh_token",` +
			`"Grant":{"RefreshToken":{},"TokenExchange":{}}}`, putGrant, fault.Validation, "Value at 'grant' must have exactly one of the members"},
		{"a union has an unknown member only", `{"ApplicationArn":"arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef","GrantType":"refresh_token",` +
			`"Grant":{"Other":{}}}`, putGrant, fault.Validation, "Value at 'grant' must have exactly one of the members"},
		{"a union has an unknown member beside a known one", `{"ApplicationArn":"arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef","GrantType":"refresh_token",` +
			`"Grant":{"RefreshToken":{},"Other":{}}}`, putGrant, fault.Validation, "Value at 'grant' must have exactly one of the members"},
		{"a union has a null beside its member", `{"ApplicationArn":"arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef","GrantType":"refresh_token",` +
			`"Grant":{"RefreshToken":{},"TokenExchange":null}}`, putGrant, nil, ""},
		{"a union has only nulls", `{"ApplicationArn":"arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef","GrantType":"refresh_token",` +
			`"Grant":{"RefreshToken":null}}`, putGrant, fault.Validation, "Value at 'grant' must have exactly one of the members"},
		{"a union is a list", `{"ApplicationArn":"arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef","GrantType":"refresh_token",` +
			`"Grant":[]}`, putGrant, fault.Serialization, "grant must be an object"},
		{"unknown members of an input are passed over", `{` + anInstance + `,"Later":{"a":[1]}}`, listApplications, nil, ""},
		{"a member in other letter case is an unknown one", `{"instanceArn":"arn:aws:sso:::instance/ssoins-0123456789abcdef"}`, listApplications, fault.Validation,
			"Value null at 'instanceArn'"},
		{"the word null is shown as a word", `{"InstanceArn":"nullnullnull"}`, listApplications, fault.Validation, "Value 'nullnullnull' at 'instanceArn'"},
		{"a required member is null", `{"InstanceArn":null}`, listApplications, fault.Validation, "Value null at 'instanceArn'"},
		{"a list is a text", `{` + anInstance + `,"ApplicationProviderArn":"arn:aws:sso::aws:applicationProvider/custom","Name":"a","Tags":"a"}`,
			createApplication, fault.Serialization, "tags must be a list of objects"},
		{"an element is null", `{` + anInstance + `,"ApplicationProviderArn":"arn:aws:sso::aws:applicationProvider/custom","Name":"a","Tags":[null]}`,
			createApplication, fault.Serialization, "tags.1.member must be an object"},
		{"an element has another type", `{` + anInstance + `,"ResourceArn":"arn:aws:sso:::instance/ssoins-0123456789abcdef","TagKeys":["a",1]}`, untag, fault.Serialization,
			"tagKeys.2.member must be a string"},
		{"an element breaks its bound", `{"ResourceArn":"arn:aws:sso:::instance/ssoins-0123456789abcdef","TagKeys":["a",""]}`, untag, fault.Validation,
			"at 'tagKeys.2.member' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"a letter that is cut is not broken", `{"InstanceArn":"` + strings.Repeat("é", 101) + `"}`, listApplications, fault.Validation,
			"Value '" + strings.Repeat("é", 100) + "…' at"},
		{"what cannot be printed is not", `{"InstanceArn":"\u001b[31m\u202eabcdef\u0000"}`, listApplications, fault.Validation, "Value '?[31m?abcdef?' at"},
		{"a secret value is not repeated in a list", `{"IdentityStoreId":"d-0123456789","Emails":[{"Value":"` + strings.Repeat("u", 1025) + `"}]}`, createUser, fault.Validation,
			"detected: Value at 'emails.1.member.value'"},
		{"a secret value is not repeated in a structure", `{"IdentityStoreId":"d-0123456789","Name":{"GivenName":"` + strings.Repeat("u", 1025) + `"}}`, createUser, fault.Validation,
			"detected: Value at 'name.givenName'"},
		{"a secret value of another type is not repeated", `{"IdentityStoreId":"d-0123456789","UserName":{"alice":1}}`, createUser, fault.Serialization,
			"userName must be a string"},
		{"a key of a map breaks its pattern", `{"IdentityStoreId":"d-0123456789","Extensions":{"` + strings.Repeat("k", 51) + `":{}}}`, createUser, fault.Validation,
			"at 'extensions' failed to satisfy constraint: Member must have length less than or equal to 50"},
		{"a secret value is not repeated", `{"IdentityStoreId":"d-0123456789","UserName":"` + strings.Repeat("u", 129) + `"}`, createUser, fault.Validation,
			"detected: Value at 'userName'"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body, err := strictjson.Parse([]byte(c.body), strictjson.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			shape, input := c.into()
			err = shape.Decode(Source{Body: body, Style: JSONStyle}, input)
			checkRefusal(t, err, c.kind, c.message)
			if err != nil && strings.Contains(c.name, "secret") && (strings.Contains(err.Error(), "uuu") || strings.Contains(err.Error(), "alice")) {
				t.Errorf("the refusal repeats the value: %v", err)
			}
		})
	}
}

func TestNumbersAreReadAsTheyAreSpelled(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "100": 100, "0": -1, "-0": -1, "-1": -1, "101": -1, "1.0": -2, "1e1": -2, "10E0": -2,
		"9223372036854775807": -1, "9223372036854775808": -2, "0.5": -2, `"5"`: -2, "true": -2, "[5]": -2} {
		body, err := strictjson.Parse([]byte(`{`+anInstance+`,"MaxResults":`+text+`}`), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var in ListApplicationsRequest
		err = ListApplications.Input().Decode(Source{Body: body, Style: JSONStyle}, &in)
		switch want {
		case -1:
			checkRefusal(t, err, fault.Validation, "at 'maxResults' failed to satisfy constraint: Member must have value")
		case -2:
			checkRefusal(t, err, fault.Serialization, "maxResults must be an integer")
		default:
			if err != nil || in.MaxResults == nil || *in.MaxResults != want {
				t.Errorf("%s is read as %v, %v", text, in.MaxResults, err)
			}
		}
	}
}

func TestMomentsAreSecondsOrText(t *testing.T) {
	type moments struct {
		At Timestamp `api:"At"`
	}
	shape := shapeOf(reflect.TypeFor[moments]())
	for text, want := range map[string]Timestamp{
		"1790000000": 1790000000000, "1790000000.123": 1790000000123, "1.79e9": 1790000000000, "0.0004": 0, "4.35": 4350, "253402300799": 253402300799000,
		"253402300800": -1, "-1": -1, "1e400": -1, `"2026-09-21T14:13:20Z"`: -1, "true": -1,
	} {
		body, err := strictjson.Parse([]byte(`{"At":`+text+`}`), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var in moments
		if err := shape.Decode(Source{Body: body, Style: JSONStyle}, &in); want < 0 {
			checkRefusal(t, err, fault.Serialization, "at must be a")
		} else if err != nil || in.At != want {
			t.Errorf("%s is read as %d, %v", text, in.At, err)
		}
	}
	for text, want := range map[string]Timestamp{
		"2026-09-21T14:13:20Z": 1790000000000, "2026-09-21T16:13:20+02:00": 1790000000000, "2026-09-21": -1, "1790000000": -1, "": -1,
		"2026-06-30T23:59:60Z": -1, "99999-01-01T00:00:00Z": -1,
	} {
		var in moments
		if err := shape.DecodeForm(NewForm(url.Values{"At": {text}}), QueryStyle, &in); want < 0 {
			checkRefusal(t, err, fault.ValidationError, "at must be a time")
		} else if err != nil || in.At != want {
			t.Errorf("%s is read as %d, %v", text, in.At, err)
		}
	}
}

// Elements and values that are unions are held to having one member, wherever they stand.
func TestUnionsInListsAndMaps(t *testing.T) {
	type either struct {
		Left  *string `api:"Left"`
		Right *string `api:"Right"`
	}
	type both struct {
		List []either          `api:"List,elem=Either,union"`
		Map  map[string]either `api:"Map,elem=Either,union"`
	}
	shape := shapeOf(reflect.TypeFor[both]())
	for text, fine := range map[string]bool{
		`{"List":[{"Left":"a"},{"Right":"b"}],"Map":{"x":{"Left":"a"}}}`: true,
		`{"List":[{"Left":"a"},{}]}`:                                     false,
		`{"List":[{"Left":"a","Right":"b"}]}`:                            false,
		`{"Map":{"x":{"Left":"a","Right":"b"}}}`:                         false,
		`{"Map":{"x":{"Other":"b"}}}`:                                    false,
	} {
		body, err := strictjson.Parse([]byte(text), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := shape.Decode(Source{Body: body, Style: JSONStyle}, new(both)); fine != (err == nil) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestBodiesAtTheBoundsOfTheParserAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"as deep as a body may be": strings.Repeat(`{"Grant":`, 31) + "{}" + strings.Repeat("}", 31),
		"lists in lists":           `{"Tags":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}`,
		"a huge list":              `{"Tags":[` + strings.Repeat(`{},`, 3000) + `{}]}`,
		"thousands of members":     `{` + manyMembers(3900) + `}`,
	} {
		body, err := strictjson.Parse([]byte(text), strictjson.Limits{Bytes: 256 << 10, Depth: 32, Members: 4000})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, into := range []func() (*Shape, any){createApplication, listApplications, putGrant, createUser, untag} {
			shape, input := into()
			if _, refused := fault.As(shape.Decode(Source{Body: body, Style: JSONStyle}, input)); !refused {
				t.Errorf("%s for %s is not refused", name, shape.Name)
			}
		}
	}
}

func manyMembers(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = `"m` + strconv.Itoa(i) + `":0`
	}
	return strings.Join(all, ",")
}

func createApplication() (*Shape, any) {
	return CreateApplication.Input(), new(CreateApplicationRequest)
}
func listApplications() (*Shape, any) { return ListApplications.Input(), new(ListApplicationsRequest) }
func putGrant() (*Shape, any)         { return PutApplicationGrant.Input(), new(PutApplicationGrantRequest) }
func untag() (*Shape, any)            { return UntagResource.Input(), new(UntagResourceRequest) }
func createUser() (*Shape, any)       { return CreateUser.Input(), new(CreateUserRequest) }

func checkRefusal(t *testing.T, err error, kind *fault.Kind, message string) {
	t.Helper()
	refusal, refused := fault.As(err)
	switch {
	case kind == nil && err != nil:
		t.Errorf("refused: %v", err)
	case kind != nil && (!refused || refusal.Kind != kind || !strings.Contains(refusal.Message, message)):
		t.Errorf("got %v, want %s: %s", err, kind.Name, message)
	}
}

func TestFormsHaveListsAndStructures(t *testing.T) {
	const role = "RoleArn=arn:aws:iam::111122223333:role/app&RoleSessionName=session"
	cases := []struct {
		name, form string
		kind       *fault.Kind
		message    string
	}{
		{"lists of structures and of texts", role + "&Tags.member.1.Key=a&Tags.member.1.Value=b&TransitiveTagKeys.member.1=a", nil, ""},
		{"a gap ends a list", role + "&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.3.Key=", nil, ""},
		{"an empty text is an empty list", role + "&Tags=", nil, ""},
		{"a required member is missing", "RoleArn=arn:aws:iam::111122223333:role/app", fault.ValidationError, "Value null at 'roleSessionName'"},
		{"a required member of an element is missing", role + "&Tags.member.1.Key=a", fault.ValidationError, "Value null at 'tags.1.member.value'"},
		{"a context is longer than 2,048 letters", role + "&ProvidedContexts.member.1.ContextAssertion=" + strings.Repeat("x", 2049), fault.ValidationError,
			"at 'providedContexts.1.member.contextAssertion' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		{"a structure in place of a text", "RoleArn.member.1=x&RoleSessionName=session", fault.ValidationError, "roleArn must be a string"},
		{"a policy is left to the room, however long it is", role + "&Policy=" + strings.Repeat("x", 2*maxMemberLength), nil, ""},
		{"a list without a bound of its own is bounded", role + "&" + manyARNs(maxFormList+1), fault.ValidationError, "policyArns has more than 1000 elements"},
		{"a list is bounded before its elements are looked at", role + "&" + manyKeys(51), fault.ValidationError,
			"at 'transitiveTagKeys' failed to satisfy constraint: Member must have length less than or equal to 50"},
		{"a structure in place of an element", role + "&TransitiveTagKeys.member.1.Key=a", fault.ValidationError, "transitiveTagKeys.1.member must be a string"},
		{"lists count from one", role + "&Tags.member.0.Key=a&Tags.member.01.Key=a", nil, ""},
		{"a number that is none", role + "&DurationSeconds=1h", fault.ValidationError, "durationSeconds must be an integer"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			values, err := url.ParseQuery(c.form)
			if err != nil {
				t.Fatal(err)
			}
			var in AssumeRoleRequest
			checkRefusal(t, AssumeRole.Input().DecodeForm(NewForm(values), QueryStyle, &in), c.kind, c.message)
			if c.kind == nil && strings.Contains(c.form, "Tags.member.1") && (len(in.Tags) != 1 || in.Tags[0] != SessionTag{"a", "b"}) {
				t.Errorf("read %+v", in)
			}
		})
	}
}

func manyARNs(n int) string { return members("PolicyArns.member.%d.arn=arn:aws:iam::aws:policy/A", n) }
func manyKeys(n int) string { return members("TransitiveTagKeys.member.%d=", n) }

func members(format string, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i+1)
	}
	return strings.Join(all, "&")
}

// A form of 64 KiB whose one name is dots costs no more than its length.
func TestTheDotsOfANameAreBounded(t *testing.T) {
	form := NewForm(url.Values{strings.Repeat("a.", 32<<10): {""}, "Tags.member.1.Key": {"k"}})
	if len(form.within) != maxFormDepth+3 {
		t.Errorf("%d names begin others", len(form.within))
	}
}

func TestDocumentsAndMapsKeepWhatWasSent(t *testing.T) {
	const policy = `{"Version":"2012-10-17","Statement":[{"z":1.0,"a":1e2,"n":null,"t":true}]}`
	body, err := strictjson.Parse([]byte(`{"ApplicationArn":"arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef",`+
		`"AuthenticationMethodType":"IAM","AuthenticationMethod":{"Iam":{"ActorPolicy":`+policy+`}}}`), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var in PutApplicationAuthenticationMethodRequest
	if err := PutApplicationAuthenticationMethod.Input().Decode(Source{Body: body, Style: JSONStyle}, &in); err != nil {
		t.Fatal(err)
	}
	if got := string(in.AuthenticationMethod.IAM.ActorPolicy); got != policy {
		t.Errorf("read %s", got)
	}
	out := &DescribeUserResponse{
		IdentityStoreID: "d-0123456789", CreatedAt: 1790000000123, Extensions: map[string]Document{"b": Document(`{"x":1}`), "a": Document(`[]`)},
	}
	want := `{"IdentityStoreId":"d-0123456789",`
	got := string(DescribeUser.Output().AppendJSON(nil, out))
	if !strings.HasPrefix(got, want) || !strings.Contains(got, `"CreatedAt":1790000000.123`) || !strings.Contains(got, `"Extensions":{"a":[],"b":{"x":1}}`) {
		t.Errorf("wrote %s", got)
	}
}

func TestXMLHasListsStructuresAndTimes(t *testing.T) {
	size := int64(6)
	got := string(AssumeRole.Output().AppendXML(nil, &AssumeRoleResponse{
		Credentials:      &SessionCredentials{AccessKeyID: "ASIA<", SecretAccessKey: "s", SessionToken: "t", Expiration: 1790000000000},
		PackedPolicySize: &size,
	}))
	want := "<Credentials><AccessKeyId>ASIA&lt;</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>" +
		"<Expiration>2026-09-21T14:13:20Z</Expiration></Credentials><PackedPolicySize>6</PackedPolicySize>"
	if got != want {
		t.Errorf("wrote %s", got)
	}
}

func FuzzDecodeForm(f *testing.F) {
	f.Add("RoleArn=x&RoleSessionName=y&Tags.member.1.Key=k&Tags.member.2=&PolicyArns.member.1.arn=a")
	for _, form := range vectors.Bodies(f, "input", "query") {
		f.Add(form)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		var in AssumeRoleRequest
		if err := AssumeRole.Input().DecodeForm(NewForm(values), QueryStyle, &in); err != nil {
			if _, refused := fault.As(err); !refused {
				t.Errorf("a failure, not a refusal: %v", err)
			}
		}
	})
}
