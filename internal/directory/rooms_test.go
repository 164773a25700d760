package directory

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/admin"
	"sallyport/internal/api"
	"sallyport/internal/identitystore"
	"sallyport/internal/store"
	"sallyport/internal/strictjson"
)

// rooms are the configuration services on a house: what they write a file can say, and what a file says they read.
type rooms struct {
	t *testing.T
	house
	instance store.Instance
	handlers []api.Handler
}

func openRooms(t *testing.T, h house) *rooms {
	t.Helper()
	r := &rooms{t: t, house: h}
	err := h.View(context.Background(), func(tx *store.Tx) (err error) {
		r.instance, _, err = tx.Instance()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	people := identitystore.New(identitystore.Options{Store: h.Store, Ring: h.ring, Log: log, IdentityStoreID: r.instance.IdentityStoreID})
	r.handlers = append(admin.New(admin.Options{Store: h.Store, Ring: h.ring, Log: log}).Handlers(), people.Handlers()...)
	return r
}

const testAccount = "111122223333"

// do runs an operation as an administrator of the account and returns its answer.
func (r *rooms) do(account, operation, input string) string {
	r.t.Helper()
	at := slices.IndexFunc(r.handlers, func(h api.Handler) bool { return h.Name == operation })
	body, err := strictjson.Parse([]byte(input), strictjson.Limits{})
	if at < 0 || err != nil {
		r.t.Fatalf("%s %s: %v", operation, input, err)
	}
	in := r.handlers[at].NewInput()
	if err := r.handlers[at].Input.Decode(api.Source{Body: body, Style: api.JSONStyle}, in); err != nil {
		r.t.Fatalf("%s %s: %v", operation, input, err)
	}
	out, err := r.handlers[at].Call(context.Background(), api.Caller{Signer: &api.Signer{
		Account: account, ARN: "arn:aws:iam::" + account + ":user/admin", UserName: "admin",
	}}, in)
	if err != nil {
		r.t.Fatalf("%s %s: %v", operation, input, err)
	}
	return string(r.handlers[at].Output.AppendJSON(nil, out))
}

// member is a text of an answer.
func (r *rooms) member(answer string, path ...string) string {
	r.t.Helper()
	value, err := strictjson.Parse([]byte(answer), strictjson.Limits{})
	for _, name := range path {
		if value.Kind() == strictjson.Array && len(value.Items()) > 0 {
			value = value.Items()[0]
		}
		value, _ = value.Get(name)
	}
	if err != nil || value.Kind() != strictjson.String {
		r.t.Fatalf("%s has no text %v: %v", answer, path, err)
	}
	return value.Text()
}

// instanceARN is the ARN of the organization instance.
func (r *rooms) instanceARN() string { return "arn:aws:sso:::instance/" + r.instance.InstanceID }

// configure sets everything that the configuration services set, and returns nothing: see describe.
func (r *rooms) configure() {
	r.t.Helper()
	here, there := r.instanceARN(), fmt.Sprintf(`"IdentityStoreId":%q`, r.instance.IdentityStoreID)
	ann := r.member(r.do(testAccount, "CreateUser", `{`+there+`,"UserName":"ann","DisplayName":"Ann é","Name":{"GivenName":"Ann","FamilyName":"Ames",
		"MiddleName":"B","HonorificPrefix":"Dr.","HonorificSuffix":"Jr.","Formatted":"Dr. Ann"},"NickName":"yes","ProfileUrl":"https://example.com/ann",
		"Emails":[{"Value":"Ann@example.com","Type":"work"}],"Addresses":[{"StreetAddress":"1 Way","Country":"NO","Primary":false}],
		"PhoneNumbers":[{"Value":"+1 555","Primary":true}],"UserType":"u","Title":"t","PreferredLanguage":"en","Locale":"en-US","Timezone":"UTC",
		"Photos":[{"Value":"p1","Display":"d"},{"Value":"p2","Type":"x","Primary":true}],"Website":"w","Birthdate":"1990-01-31",
		"Roles":[{"Value":"r","Type":"x","Primary":true}],"Extensions":{"aws:identitystore:enterprise":{"employeeNumber":"7","manager":{"value":"é"},"n":1.50}}}`), "UserId")
	r.do(testAccount, "CreateUser", `{`+there+`,"UserName":"ben","DisplayName":"Ben Boyd","Name":{"GivenName":"Ben","FamilyName":"Boyd"},"Emails":[{"Value":"ben@example.com","Primary":true}]}`)
	staff := r.member(r.do(testAccount, "CreateGroup", `{`+there+`,"DisplayName":"Staff","Description":"All"}`), "GroupId")
	r.do(testAccount, "CreateGroupMembership", fmt.Sprintf(`{%s,"GroupId":%q,"MemberId":{"UserId":%q}}`, there, staff, ann))

	set := r.member(r.do(testAccount, "CreatePermissionSet", fmt.Sprintf(`{"InstanceArn":%q,"Name":"ReadOnly","Description":"d","SessionDuration":"PT90M","RelayState":"https://x/","Tags":[{"Key":"k","Value":""}]}`, here)),
		"PermissionSet", "PermissionSetArn")
	of := fmt.Sprintf(`"InstanceArn":%q,"PermissionSetArn":%q`, here, set)
	r.do(testAccount, "PutInlinePolicyToPermissionSet", `{`+of+`,"InlinePolicy":`+quoteJSON(" { \"Statement\": [ {\"Resource\":\"*\",\"Action\":\"s3:*\",\"Effect\":\"Allow\"} ], \"Version\":\"2012-10-17\" }")+`}`)
	r.do(testAccount, "AttachManagedPolicyToPermissionSet", `{`+of+`,"ManagedPolicyArn":"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"}`)
	r.do(testAccount, "AttachCustomerManagedPolicyReferenceToPermissionSet", `{`+of+`,"CustomerManagedPolicyReference":{"Name":"Own","Path":"/a/"}}`)
	r.do(testAccount, "PutPermissionsBoundaryToPermissionSet", `{`+of+`,"PermissionsBoundary":{"CustomerManagedPolicyReference":{"Name":"Edge"}}}`)
	r.do(testAccount, "CreateAccountAssignment", fmt.Sprintf(`{%s,"TargetId":%q,"TargetType":"AWS_ACCOUNT","PrincipalType":"GROUP","PrincipalId":%q}`, of, testAccount, staff))

	dex := r.member(r.do(testAccount, "CreateTrustedTokenIssuer", fmt.Sprintf(`{"InstanceArn":%q,"Name":"dex","TrustedTokenIssuerType":"OIDC_JWT","Tags":[{"Key":"k","Value":"v"}],
		"TrustedTokenIssuerConfiguration":{"OidcJwtConfiguration":{"IssuerUrl":"https://dex.example.com/","ClaimAttributePath":"email","IdentityStoreAttributePath":"emails.value","JwksRetrievalOption":"OPEN_ID_DISCOVERY"}}}`, here)),
		"TrustedTokenIssuerArn")
	r.do(testAccount, "TagResource", fmt.Sprintf(`{"InstanceArn":%q,"ResourceArn":%q,"Tags":[{"Key":"of","Value":"instance"}]}`, here, here))
	own := r.member(r.do("222233334444", "CreateInstance", `{"Name":"own","Tags":[{"Key":"k","Value":"v"}]}`), "InstanceArn")
	r.applications(here, own, dex, ann, staff)
}

func quoteJSON(text string) string { return string(strictjson.AppendString(nil, text)) }

func (r *rooms) applications(here, own, dex, ann, staff string) {
	r.t.Helper()
	create := func(account, instance, rest string) string {
		return r.member(r.do(account, "CreateApplication", fmt.Sprintf(`{"InstanceArn":%q,"ApplicationProviderArn":"arn:aws:sso::aws:applicationProvider/custom",%s}`, instance, rest)), "ApplicationArn")
	}
	first := create(testAccount, here, `"Name":"Reports","Description":"a: b","Tags":[{"Key":"k","Value":"v"}],"Status":"DISABLED","PortalOptions":{"Visibility":"DISABLED","SignInOptions":{"Origin":"APPLICATION","ApplicationUrl":"https://a.example.com/"}}`)
	twin := create(testAccount, here, `"Name":"Reports"`)
	create("222233334444", here, `"Name":"Other"`)
	create("222233334444", own, `"Name":"Reports"`)
	on := fmt.Sprintf(`"ApplicationArn":%q`, first)
	grant := func(kind, document string) {
		r.t.Helper()
		r.do(testAccount, "PutApplicationGrant", fmt.Sprintf(`{%s,"GrantType":%q,"Grant":%s}`, on, kind, document))
	}
	grant("authorization_code", `{"AuthorizationCode":{"RedirectUris":["http://127.0.0.1:8080/cb"]}}`)
	grant("refresh_token", `{"RefreshToken":{}}`)
	grant("urn:ietf:params:oauth:grant-type:token-exchange", `{"TokenExchange":{}}`)
	grant("urn:ietf:params:oauth:grant-type:jwt-bearer", fmt.Sprintf(`{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":%q,"AuthorizedAudiences":["b","a"]}]}}`, dex))
	r.do(testAccount, "PutApplicationAccessScope", `{`+on+`,"Scope":"s3:read"}`)
	r.do(testAccount, "PutApplicationAccessScope", fmt.Sprintf(`{%s,"Scope":"app:use","AuthorizedTargets":[%q,%q]}`, on, twin, first))
	r.do(testAccount, "PutApplicationAuthenticationMethod", `{`+on+`,"AuthenticationMethodType":"IAM","AuthenticationMethod":{"Iam":{"ActorPolicy":`+
		`{"Statement":[{"Resource":"*","Principal":{"AWS":"111122223333"},"Action":"sso-oauth:*","Effect":"Allow"}],"Version":"2012-10-17"}}}}`)
	r.do(testAccount, "PutApplicationAssignmentConfiguration", `{`+on+`,"AssignmentRequired":false}`)
	r.do(testAccount, "PutApplicationSessionConfiguration", `{`+on+`,"UserBackgroundSessionApplicationStatus":"ENABLED"}`)
	r.do(testAccount, "CreateApplicationAssignment", fmt.Sprintf(`{%s,"PrincipalType":"USER","PrincipalId":%q}`, on, ann))
	r.do(testAccount, "CreateApplicationAssignment", fmt.Sprintf(`{%s,"PrincipalType":"GROUP","PrincipalId":%q}`, on, staff))
}

// changing are the parts of answers that differ from one data folder to another, and who wrote a thing.
var changing = []struct{ pattern, instead string }{
	{`"(CreatedAt|UpdatedAt|CreatedDate|AddedDate)":[0-9.]+,?`, ""}, {`"(CreatedBy|UpdatedBy)":"[^"]*",?`, ""},
	{`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "UUID"},
	{`ssoins-[0-9a-f]{16}`, "INSTANCE"}, {`apl-[0-9a-f]{16}`, "APPLICATION"}, {`ps-[0-9a-f]{16}`, "SET"}, {`\bd-[0-9a-f]{10}\b`, "STORE"},
}

// describe tells all that the services tell of what configure made, in an order of its own, without what differs from one folder to another.
func (r *rooms) describe() []string {
	r.t.Helper()
	here, there := r.instanceARN(), fmt.Sprintf(`"IdentityStoreId":%q`, r.instance.IdentityStoreID)
	var told []string
	ask := func(account, operation, input string) string {
		r.t.Helper()
		answer := r.do(account, operation, input)
		told = append(told, answer)
		return answer
	}
	for _, name := range []string{"ann", "ben"} {
		ask(testAccount, "ListUsers", `{`+there+`,"Extensions":["aws:identitystore:enterprise"],"Filters":[{"AttributePath":"UserName","AttributeValue":"`+name+`"}]}`)
	}
	ask(testAccount, "ListGroups", `{`+there+`}`)
	ask(testAccount, "ListTrustedTokenIssuers", fmt.Sprintf(`{"InstanceArn":%q}`, here))
	dex := r.member(told[len(told)-1], "TrustedTokenIssuers", "TrustedTokenIssuerArn")
	ask(testAccount, "DescribeTrustedTokenIssuer", fmt.Sprintf(`{"TrustedTokenIssuerArn":%q}`, dex))
	sets := strings.Split(strings.Trim(strings.TrimPrefix(r.do(testAccount, "ListPermissionSets", fmt.Sprintf(`{"InstanceArn":%q}`, here)), `{"PermissionSets":`), `{}[]`), ",")
	for _, operation := range []string{
		"DescribePermissionSet", "GetInlinePolicyForPermissionSet", "ListManagedPoliciesInPermissionSet",
		"ListCustomerManagedPolicyReferencesInPermissionSet", "GetPermissionsBoundaryForPermissionSet",
	} {
		ask(testAccount, operation, fmt.Sprintf(`{"InstanceArn":%q,"PermissionSetArn":%s}`, here, sets[0]))
	}
	ask(testAccount, "ListAccountAssignments", fmt.Sprintf(`{"InstanceArn":%q,"AccountId":%q,"PermissionSetArn":%s}`, here, testAccount, sets[0]))
	ask("222233334444", "ListInstances", `{}`)
	resources := []string{here, dex, strings.Trim(sets[0], `"`)}
	var applications struct {
		Applications []struct{ ApplicationArn string }
	}
	if err := stdjson.Unmarshal([]byte(r.do(testAccount, "ListApplications", fmt.Sprintf(`{"InstanceArn":%q}`, here))), &applications); err != nil {
		r.t.Fatal(err)
	}
	for _, a := range applications.Applications {
		resources = append(resources, a.ApplicationArn)
		account := strings.Split(a.ApplicationArn, ":")[4]
		for _, operation := range []string{
			"DescribeApplication", "ListApplicationGrants", "ListApplicationAccessScopes", "ListApplicationAuthenticationMethods",
			"GetApplicationAssignmentConfiguration", "GetApplicationSessionConfiguration", "ListApplicationAssignments",
		} {
			ask(account, operation, fmt.Sprintf(`{"ApplicationArn":%q}`, a.ApplicationArn))
		}
	}
	for _, resource := range resources {
		if !strings.Contains(resource, "::222233334444:") {
			ask(testAccount, "ListTagsForResource", fmt.Sprintf(`{"InstanceArn":%q,"ResourceArn":%q}`, here, resource))
		}
	}
	for i := range told {
		for _, c := range changing {
			told[i] = regexp.MustCompile(c.pattern).ReplaceAllString(told[i], c.instead)
		}
		told[i] = canonical(strings.ReplaceAll(told[i], ",}", "}"))
	}
	slices.Sort(told)
	return told
}

func TestWhatTheServicesConfigureIsExportedAndTheyFindItElsewhere(t *testing.T) {
	h := openHouse(t)
	h.apply(t, []byte(`
instance: {name: Acme, ownerAccountId: "111122223333"}
users: []
groups: []
accounts: [{accountId: "111122223333", name: A}, {accountId: "222233334444", name: B}]
permissionSets: []
assignments: []
`))
	here := openRooms(t, h)
	here.configure()
	told := here.describe()
	var other house
	holdsItsOwnExport(t, h, func() house {
		other = openHouse(t)
		return other
	})
	// The policy of a permission set is the text that was sent here, and the same document there.
	normal := func(list []string) []string {
		for i := range list {
			if strings.Contains(list[i], "InlinePolicy") {
				list[i] = canonical(openRooms(t, h).member(list[i], "InlinePolicy"))
			}
		}
		slices.Sort(list)
		return list
	}
	if diff := cmp.Diff(normal(told), normal(openRooms(t, other).describe())); diff != "" {
		t.Errorf("the services tell something else there:\n%s\n%s", diff, h.export(t))
	}
}
