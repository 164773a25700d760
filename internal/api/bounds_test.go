package api

import (
	"net/url"
	"strings"
	"testing"

	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
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
			checkRefusal(t, shape.Decode(Source{Body: body, Style: JSONStyle}, input), c.kind, c.message)
		})
	}
}

func createApplication() (*Shape, any) { return CreateApplication.Input, new(CreateApplicationRequest) }
func listApplications() (*Shape, any)  { return ListApplications.Input, new(ListApplicationsRequest) }
func putGrant() (*Shape, any)          { return PutApplicationGrant.Input, new(PutApplicationGrantRequest) }
func createUser() (*Shape, any)        { return CreateUser.Input, new(CreateUserRequest) }

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
		{"a number that is none", role + "&DurationSeconds=1h", fault.ValidationError, "durationSeconds must be an integer"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			values, err := url.ParseQuery(c.form)
			if err != nil {
				t.Fatal(err)
			}
			var in AssumeRoleRequest
			checkRefusal(t, AssumeRole.Input.DecodeForm(NewForm(values), QueryStyle, &in), c.kind, c.message)
			if c.kind == nil && strings.Contains(c.form, "Tags.member.1") && (len(in.Tags) != 1 || in.Tags[0] != SessionTag{"a", "b"}) {
				t.Errorf("read %+v", in)
			}
		})
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
	if err := PutApplicationAuthenticationMethod.Input.Decode(Source{Body: body, Style: JSONStyle}, &in); err != nil {
		t.Fatal(err)
	}
	if got := string(in.AuthenticationMethod.IAM.ActorPolicy); got != policy {
		t.Errorf("read %s", got)
	}
	out := &DescribeUserResponse{
		IdentityStoreID: "d-0123456789", CreatedAt: 1790000000123, Extensions: map[string]Document{"b": Document(`{"x":1}`), "a": Document(`[]`)},
	}
	want := `{"IdentityStoreId":"d-0123456789",`
	got := string(DescribeUser.Output.AppendJSON(nil, out))
	if !strings.HasPrefix(got, want) || !strings.Contains(got, `"CreatedAt":1790000000.123`) || !strings.Contains(got, `"Extensions":{"a":[],"b":{"x":1}}`) {
		t.Errorf("wrote %s", got)
	}
}

func TestXMLHasListsStructuresAndTimes(t *testing.T) {
	size := int64(6)
	got := string(AssumeRole.Output.AppendXML(nil, &AssumeRoleResponse{
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
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		var in AssumeRoleRequest
		if err := AssumeRole.Input.DecodeForm(NewForm(values), QueryStyle, &in); err != nil {
			if _, refused := fault.As(err); !refused {
				t.Errorf("a failure, not a refusal: %v", err)
			}
		}
	})
}
