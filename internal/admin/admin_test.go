package admin

import (
	"context"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/store"
	"sallyport/internal/strictjson"
	"sallyport/internal/testbed"
	"sallyport/internal/trace"
)

var ctx = context.Background()

// The accounts of the tests.
const (
	ownerAccount = "111122223333" // owns the organization instance
	otherAccount = "444455556666"
	thirdAccount = "777788889999"

	homeInstance = testbed.InstanceID
	homeARN      = "arn:aws:sso:::instance/" + homeInstance

	alice    = "90670000-0000-4000-8000-00000000000a"
	bob      = "90670000-0000-4000-8000-00000000000b"
	builders = "90670000-0000-4000-8000-0000000000aa"
	testers  = "90670000-0000-4000-8000-0000000000bb"
)

// by is a caller of an account.
func by(account string) api.Caller {
	return api.Caller{RequestID: "r", Agent: "test", Signer: &api.Signer{
		Account: account, ARN: "arn:aws:iam::" + account + ":user/admin", UserName: "admin",
	}}
}

var owner, other, third = by(ownerAccount), by(otherAccount), by(thirdAccount)

// bench is the service on a real store with two people, of whom alice is a builder.
type bench struct {
	*Service
	*testbed.Bed
	t testing.TB
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, Bed: testbed.New(t)}
	b.Service = New(Options{Store: b.Store, Ring: b.Ring, Clock: b.Clock, Log: b.Log})
	b.Update(func(tx *store.Tx) error {
		for _, fn := range []func() error{
			func() error {
				return tx.PutInstance(store.Instance{
					InstanceID: homeInstance, IdentityStoreID: "d-1111111111", OwnerAccountID: ownerAccount, Region: "us-east-1", Name: "home",
				})
			},
			func() error {
				return tx.PutUser(store.User{UserID: alice, UserName: "alice", Status: store.StatusEnabled})
			},
			func() error {
				return tx.PutUser(store.User{UserID: bob, UserName: "bob", Status: store.StatusEnabled})
			},
			func() error { return tx.PutGroup(store.Group{GroupID: builders, DisplayName: "Builders"}) },
			func() error { return tx.PutGroup(store.Group{GroupID: testers, DisplayName: "Testers"}) },
			func() error { return tx.AddMembership(store.Membership{UserID: alice, GroupID: builders}) },
		} {
			if err := fn(); err != nil {
				return err
			}
		}
		return nil
	})
	return b
}

// method is an operation of the service.
type method[I, O any] func(context.Context, api.Caller, *I) (*O, error)

// must calls an operation that has to go well.
func must[I, O any](b *bench, call method[I, O], caller api.Caller, in I) *O {
	b.t.Helper()
	out, err := call(ctx, caller, &in)
	if err != nil {
		b.t.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused calls an operation that has to be refused, and returns the sentence.
func refused[I, O any](b *bench, call method[I, O], caller api.Caller, kind *fault.Kind, in I) string {
	b.t.Helper()
	_, err := call(ctx, caller, &in)
	refusal, ok := fault.As(err)
	if !ok || refusal.Kind != kind {
		b.t.Fatalf("%T: %v, want %s", in, err, kind.Name)
	}
	return refusal.Message
}

// newApplication makes an application of the caller in the instance.
func (b *bench) newApplication(caller api.Caller, instanceARN, name string) string {
	b.t.Helper()
	return must(b, b.CreateApplication, caller, api.CreateApplicationRequest{
		InstanceARN: instanceARN, ApplicationProviderARN: arn.CustomApplication, Name: name,
	}).ApplicationARN
}

// newIssuer makes a trusted token issuer of the caller in the instance.
func (b *bench) newIssuer(caller api.Caller, instanceARN, name string) string {
	b.t.Helper()
	return must(b, b.CreateTrustedTokenIssuer, caller, api.CreateTrustedTokenIssuerRequest{
		InstanceARN: instanceARN, Name: name, TrustedTokenIssuerType: issuerType,
		TrustedTokenIssuerConfiguration: api.TrustedTokenIssuerConfiguration{OIDCJWTConfiguration: &api.OIDCJWTConfiguration{
			IssuerURL: "https://" + name + ".example", ClaimAttributePath: "email", IdentityStoreAttributePath: "emails.value",
			JWKSRetrievalOption: jwksRetrieval,
		}},
	}).TrustedTokenIssuerARN
}

func (b *bench) newInstance(caller api.Caller) string {
	b.t.Helper()
	return must(b, b.CreateInstance, caller, api.CreateInstanceRequest{Name: "mine"}).InstanceARN
}

// pages follows a list from page to page and returns what is on each.
func pages[T any](t testing.TB, list func(token string) (page []T, next string)) (all [][]T) {
	t.Helper()
	for token := ""; ; {
		page, next := list(token)
		all = append(all, page)
		if next == "" {
			return all
		}
		if len(all) > 100 {
			t.Fatal("the list does not end")
		}
		token = next
	}
}

// foreign fills an input with names of things that the caller may not use, and with values that pass for anything else.
func foreign(t *testing.T, operation *api.Operation, names map[string]string) []byte {
	t.Helper()
	body := []byte{'{'}
	for _, m := range operation.Input.Members {
		text, given := names[m.Name]
		if !given && !m.Required {
			continue
		}
		if len(body) > 1 {
			body = append(body, ',')
		}
		body = append(strictjson.AppendString(body, m.Name), ':')
		switch value := sample(m); {
		case given:
			body = strictjson.AppendString(body, text)
		case value == "":
			t.Fatalf("%s: no sample for the required member %s (%s)", operation.Name, m.Name, m.Type)
		default:
			body = append(body, value...)
		}
	}
	return append(body, '}')
}

// sample is a value of a required member, as JSON.
func sample(m *api.Member) string {
	if m.Bounds != nil && len(m.Bounds.Values) > 0 {
		return `"` + m.Bounds.Values[0] + `"`
	}
	return map[string]string{
		"ApplicationProviderArn": `"` + arn.CustomApplication + `"`, "Name": `"name"`, "Scope": `"a:b"`, "RegionName": `"eu-west-1"`,
		"PrincipalId": `"` + alice + `"`, "TargetId": `"` + ownerAccount + `"`, "AccountId": `"` + ownerAccount + `"`,
		"Grant": `{"AuthorizationCode":{"RedirectUris":["https://app.example/cb"]}}`, "AssignmentRequired": `false`,
		"AuthenticationMethod": `{"Iam":{"ActorPolicy":` + actorPolicy + `}}`,
		"Tags":                 `[{"Key":"k","Value":"v"}]`, "TagKeys": `["k"]`,
		"TrustedTokenIssuerConfiguration":             `{"OidcJwtConfiguration":{"IssuerUrl":"https://i.example","ClaimAttributePath":"email","IdentityStoreAttributePath":"emails.value","JwksRetrievalOption":"OPEN_ID_DISCOVERY"}}`,
		"InstanceAccessControlAttributeConfiguration": `{"AccessControlAttributes":[]}`,
		"InlinePolicy":                       `"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"`,
		"ManagedPolicyArn":                   `"arn:aws:iam::aws:policy/ReadOnlyAccess"`,
		"CustomerManagedPolicyReference":     `{"Name":"p"}`,
		"PermissionsBoundary":                `{"ManagedPolicyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}`,
		"AccountAssignmentCreationRequestId": `"11111111-1111-4111-8111-111111111111"`,
		"AccountAssignmentDeletionRequestId": `"11111111-1111-4111-8111-111111111111"`,
		"ProvisionPermissionSetRequestId":    `"11111111-1111-4111-8111-111111111111"`,
	}[m.Name]
}

// call decodes a body as the wire does and runs the operation.
func call(t *testing.T, h api.Handler, caller api.Caller, body []byte) error {
	t.Helper()
	tree, err := strictjson.Parse(body, strictjson.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", h.Name, err)
	}
	input := h.NewInput()
	if err := h.Input.Decode(api.Source{Body: tree, Style: api.JSONStyle}, input); err != nil {
		t.Fatalf("%s: %v", h.Name, err)
	}
	_, err = h.Call(ctx, caller, input)
	return err
}

// The attack admin-cross-instance: every operation with names of an instance that the caller's account cannot see, and with ids of one
// instance under the name of another.
func TestNoOperationReachesIntoAnInstanceOfAnotherAccount(t *testing.T) {
	b := newBench(t)
	instanceARN := b.newInstance(other)
	applicationARN := b.newApplication(other, instanceARN, "app")
	issuerARN := b.newIssuer(other, instanceARN, "issuer")
	must(b, b.CreateApplicationAssignment, other, api.CreateApplicationAssignmentRequest{ApplicationARN: applicationARN, PrincipalType: "USER", PrincipalID: alice})
	id := strings.TrimPrefix(instanceARN, "arn:aws:sso:::instance/")
	move := func(name string) string {
		return strings.ReplaceAll(strings.ReplaceAll(name, id, homeInstance), otherAccount, ownerAccount)
	}
	named := map[string]map[string]string{
		"as it is named": {
			"InstanceArn": instanceARN, "ApplicationArn": applicationARN, "TrustedTokenIssuerArn": issuerARN, "ResourceArn": applicationARN,
			"PermissionSetArn": arn.PermissionSet{InstanceID: id, PermissionSetID: "ps-1111111111111111"}.String(),
		},
		"as if it were of the caller's instance": {
			"InstanceArn": arn.Instance{InstanceID: "ssoins-2222222222222222"}.String(), "ApplicationArn": move(applicationARN),
			"TrustedTokenIssuerArn": move(issuerARN), "ResourceArn": move(issuerARN),
			"PermissionSetArn": arn.PermissionSet{InstanceID: homeInstance, PermissionSetID: "ps-1111111111111111"}.String(),
		},
		"of another partition": {
			"InstanceArn": "arn:aws-cn:sso:::instance/" + homeInstance, "ApplicationArn": strings.Replace(applicationARN, "aws", "aws-cn", 1),
			"TrustedTokenIssuerArn": strings.Replace(issuerARN, "aws", "aws-cn", 1), "ResourceArn": "arn:aws-cn:sso:::instance/" + homeInstance,
			"PermissionSetArn": "arn:aws-cn:sso:::permissionSet/" + homeInstance + "/ps-1111111111111111",
		},
	}
	harmless := []string{"CreateInstance", "ListInstances", "ListApplicationProviders", "DescribeApplicationProvider"} // name nothing
	before, events := b.Rows("application"), b.Rows("audit_event")
	for how, names := range named {
		for _, h := range b.Handlers() {
			if slices.Contains(harmless, h.Name) {
				continue
			}
			err := call(t, h, owner, foreign(t, h.Operation, names))
			refusal, ok := fault.As(err)
			switch {
			case !ok:
				t.Errorf("%s, %s: %v, want a refusal", h.Name, how, err)
			case isNotOffered(h.Name):
			case refusal.Kind != fault.NotFound && refusal.Kind != fault.AdminAccessDenied:
				t.Errorf("%s, %s: %v, want that it cannot be found", h.Name, how, err)
			case strings.Contains(refusal.Message, otherAccount):
				t.Errorf("%s, %s: the refusal tells whose it is: %s", h.Name, how, refusal.Message)
			}
		}
	}
	if b.Rows("application") != before || b.Rows("audit_event") != events {
		t.Error("something was changed or recorded")
	}
}

// An ARN that is right in its id alone would let policies that name other ARNs be passed by.
func TestAnIDUnderAnotherNameIsNotFound(t *testing.T) {
	b := newBench(t)
	own := b.newInstance(other)
	id := strings.TrimPrefix(own, "arn:aws:sso:::instance/")
	application, issuer := b.newApplication(other, own, "app"), b.newIssuer(other, own, "idp")
	must(b, b.DescribeApplication, other, api.DescribeApplicationRequest{ApplicationARN: application})
	must(b, b.DescribeTrustedTokenIssuer, other, api.DescribeTrustedTokenIssuerRequest{TrustedTokenIssuerARN: issuer})
	for _, change := range []*strings.Replacer{
		strings.NewReplacer(id, homeInstance), strings.NewReplacer(otherAccount, thirdAccount), strings.NewReplacer("ssoins-", "ins-"),
	} {
		refused(b, b.DescribeApplication, other, fault.NotFound, api.DescribeApplicationRequest{ApplicationARN: change.Replace(application)})
		refused(b, b.DescribeTrustedTokenIssuer, other, fault.NotFound, api.DescribeTrustedTokenIssuerRequest{TrustedTokenIssuerARN: change.Replace(issuer)})
	}
}

func TestTheTraceTellsTheOperatorWhatTheRefusalKeepsToItself(t *testing.T) {
	b := newBench(t)
	theirs := b.newApplication(other, b.newInstance(other), "app")
	traced, checks := trace.With(ctx)
	_, err := b.DescribeApplication(traced, owner, &api.DescribeApplicationRequest{ApplicationARN: theirs})
	told := string(checks.Record().JSON())
	if refusal, ok := fault.As(err); !ok || strings.Contains(refusal.Message, otherAccount) || !strings.Contains(told, otherAccount) {
		t.Errorf("the refusal says %v, the trace %s", err, told)
	}
}

func isNotOffered(name string) bool {
	return slices.ContainsFunc(notOffered, func(h api.Handler) bool { return h.Name == name })
}

func TestWhatIsNotOfferedSaysSo(t *testing.T) {
	if len(notOffered) != 8 {
		t.Errorf("%d operations are not offered, want 8", len(notOffered))
	}
	for _, h := range notOffered {
		err := call(t, h, owner, foreign(t, h.Operation, map[string]string{"InstanceArn": homeARN}))
		if refusal, ok := fault.As(err); !ok || refusal.Kind != fault.Validation || len(refusal.Message) < 20 {
			t.Errorf("%s: %v, want a sentence", h.Name, err)
		}
	}
}

// The attack admin-audit-complete.
func TestEveryChangeHasOneAuditRowAndNothingElseHasAny(t *testing.T) {
	b := newBench(t)
	application := b.newApplication(owner, homeARN, "app")
	issuer := b.newIssuer(owner, homeARN, "issuer")
	steps := []struct {
		name  string
		names map[string]string
		want  int64 // rows
	}{
		{name: "PutApplicationGrant", want: 1},
		{name: "PutApplicationGrant", want: 0}, // the same again
		{name: "GetApplicationGrant", want: 0},
		{name: "ListApplicationGrants", want: 0},
		{name: "PutApplicationAuthenticationMethod", want: 1},
		{name: "PutApplicationAuthenticationMethod", want: 0},
		{name: "GetApplicationAuthenticationMethod", want: 0},
		{name: "PutApplicationAccessScope", want: 1},
		{name: "PutApplicationAccessScope", want: 0},
		{name: "PutApplicationAssignmentConfiguration", want: 1},
		{name: "PutApplicationAssignmentConfiguration", want: 0},
		{name: "PutApplicationSessionConfiguration", names: map[string]string{"UserBackgroundSessionApplicationStatus": "ENABLED"}, want: 1},
		{name: "CreateApplicationAssignment", want: 1},
		{name: "CreateApplicationAssignment", want: 0}, // refused
		{name: "DescribeApplicationAssignment", want: 0},
		{name: "DeleteApplicationAssignment", want: 1},
		{name: "DeleteApplicationAssignment", want: 0}, // refused
		{name: "DeleteApplicationGrant", want: 1},
		{name: "DeleteApplicationAuthenticationMethod", want: 1},
		{name: "DeleteApplicationAccessScope", want: 1},
		{name: "TagResource", want: 1},
		{name: "TagResource", want: 0},
		{name: "UntagResource", want: 1},
		{name: "UntagResource", want: 0},
		{name: "UpdateApplication", names: map[string]string{"Name": "new"}, want: 1},
		{name: "UpdateApplication", want: 0},
		{name: "UpdateTrustedTokenIssuer", names: map[string]string{"Name": "new"}, want: 1},
		{name: "UpdateTrustedTokenIssuer", want: 0},
		{name: "UpdateInstance", names: map[string]string{"Name": "new"}, want: 1},
		{name: "UpdateInstance", want: 0},
		{name: "DeleteTrustedTokenIssuer", want: 1},
		{name: "DeleteApplication", want: 1},
		{name: "DeleteApplication", want: 0},
	}
	for n, step := range steps {
		names := map[string]string{
			"InstanceArn": homeARN, "ApplicationArn": application, "TrustedTokenIssuerArn": issuer, "ResourceArn": application,
		}
		for name, value := range step.names {
			names[name] = value
		}
		at := slices.IndexFunc(b.Handlers(), func(h api.Handler) bool { return h.Name == step.name })
		h := b.Handlers()[at]
		before, logged := b.Rows("audit_event"), strings.Count(b.Logged.String(), "msg="+step.name)
		err := call(t, h, owner, foreign(t, h.Operation, names))
		if _, ok := fault.As(err); err != nil && !ok {
			t.Fatalf("step %d, %s: %v", n+1, step.name, err)
		}
		if got := b.Rows("audit_event") - before; got != step.want {
			t.Errorf("step %d, %s (%v): %d audit rows, want %d", n+1, step.name, err, got, step.want)
		}
		if got := int64(strings.Count(b.Logged.String(), "msg="+step.name) - logged); got != step.want {
			t.Errorf("step %d, %s: %d log lines, want %d", n+1, step.name, got, step.want)
		}
	}
	if !strings.Contains(b.Logged.String(), "by arn:aws:iam::111122223333:user/admin") {
		t.Error("the log does not tell who did it")
	}
}

func TestATokenOfOneListIsNoTokenOfAnother(t *testing.T) {
	b := newBench(t)
	first, second := b.newApplication(owner, homeARN, "a"), b.newApplication(owner, homeARN, "b")
	for _, principal := range []string{alice, bob} {
		must(b, b.CreateApplicationAssignment, owner, api.CreateApplicationAssignmentRequest{ApplicationARN: first, PrincipalType: "USER", PrincipalID: principal})
	}
	one := int64(1)
	token := must(b, b.ListApplicationAssignments, owner, api.ListApplicationAssignmentsRequest{ApplicationARN: first, MaxResults: &one}).NextToken
	if token == "" || !b.isToken(token) {
		t.Fatalf("the token %q is not of the form of the model", token)
	}
	cases := []struct {
		name, token string
		list        func(token string) error
	}{
		{"the same list of another application", token, func(token string) error {
			_, err := b.ListApplicationAssignments(ctx, owner, &api.ListApplicationAssignmentsRequest{ApplicationARN: second, NextToken: token})
			return err
		}},
		{"another list", token, func(token string) error {
			_, err := b.ListApplications(ctx, owner, &api.ListApplicationsRequest{InstanceARN: homeARN, NextToken: token})
			return err
		}},
		{"a list that is one page always", token, func(token string) error {
			_, err := b.ListApplicationGrants(ctx, owner, &api.ListApplicationGrantsRequest{ApplicationARN: first, NextToken: token})
			return err
		}},
		{"the same list with a changed token", token[:len(token)-1] + "A=", func(token string) error {
			_, err := b.ListApplicationAssignments(ctx, owner, &api.ListApplicationAssignmentsRequest{ApplicationARN: first, NextToken: token})
			return err
		}},
	}
	for _, c := range cases {
		if refusal, ok := fault.As(c.list(c.token)); !ok || refusal.Kind != fault.Validation {
			t.Errorf("%s: %v, want %s", c.name, refusal, fault.Validation.Name)
		}
	}
}

func (b *bench) isToken(text string) bool {
	bounds := api.ListApplications.Input().Member("NextToken").Bounds
	return int64(len(text)) <= bounds.Max && bounds.Pattern().MatchString(text)
}
