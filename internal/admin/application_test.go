package admin

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/rules"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

func (b *bench) describe(application string) *api.DescribeApplicationResponse {
	b.t.Helper()
	return must(b, b.DescribeApplication, owner, api.DescribeApplicationRequest{ApplicationARN: application})
}

func TestAnApplicationIsDescribedAsItWasMade(t *testing.T) {
	b := newBench(t)
	signIn := &api.SignInOptions{Origin: "APPLICATION", ApplicationURL: "https://app.example/start"}
	cases := []struct {
		name string
		in   api.CreateApplicationRequest
		want api.DescribeApplicationResponse
	}{
		{"with nothing but a name", api.CreateApplicationRequest{Name: "a"},
			api.DescribeApplicationResponse{Name: "a", Status: "ENABLED", PortalOptions: &api.PortalOptions{Visibility: "ENABLED"}}},
		{"with everything", api.CreateApplicationRequest{
			Name: "b", Description: "d", Status: "DISABLED", PortalOptions: &api.PortalOptions{SignInOptions: signIn, Visibility: "DISABLED"},
		}, api.DescribeApplicationResponse{
			Name: "b", Description: "d", Status: "DISABLED", PortalOptions: &api.PortalOptions{SignInOptions: signIn, Visibility: "DISABLED"},
		}},
		{"with the name of another one", api.CreateApplicationRequest{Name: "a"},
			api.DescribeApplicationResponse{Name: "a", Status: "ENABLED", PortalOptions: &api.PortalOptions{Visibility: "ENABLED"}}},
		{"with an awkward name", api.CreateApplicationRequest{Name: "';--\n<b>\u202e\U0001F600"},
			api.DescribeApplicationResponse{Name: "';--\n<b>\u202e\U0001F600", Status: "ENABLED", PortalOptions: &api.PortalOptions{Visibility: "ENABLED"}}},
	}
	for _, c := range cases {
		c.in.InstanceARN, c.in.ApplicationProviderARN = homeARN, arn.CustomApplication
		made := must(b, b.CreateApplication, owner, c.in)
		got := b.describe(made.ApplicationARN)
		want := c.want
		want.ApplicationARN, want.InstanceARN, want.ApplicationAccount = made.ApplicationARN, homeARN, ownerAccount
		want.ApplicationProviderARN, want.CreatedFrom = arn.CustomApplication, "us-east-1"
		want.IdentityStoreARN = "arn:aws:identitystore::" + ownerAccount + ":identitystore/d-1111111111"
		if got.CreatedDate == 0 {
			t.Errorf("%s: no CreatedDate", c.name)
		}
		want.CreatedDate = got.CreatedDate
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, *got, want)
		}
		if made.InstanceARN != homeARN || made.IdentityStoreARN != want.IdentityStoreARN {
			t.Errorf("%s: answered %+v", c.name, *made)
		}
		if bounds := api.CreateApplication.Output().Member("ApplicationArn").Bounds; !bounds.Pattern().MatchString(made.ApplicationARN) {
			t.Errorf("%s: %s is not of the form of the model", c.name, made.ApplicationARN)
		}
	}
}

func TestAnApplicationThatCannotBeIsRefused(t *testing.T) {
	b := newBench(t)
	cases := []struct {
		name string
		in   api.CreateApplicationRequest
		kind *fault.Kind
	}{
		{"of a provider that AWS keeps to itself", api.CreateApplicationRequest{ApplicationProviderARN: "arn:aws:sso::aws:applicationProvider/catalog"}, fault.Validation},
		{"of an instance that is not there", api.CreateApplicationRequest{InstanceARN: "arn:aws:sso:::instance/ssoins-9999999999999999"}, fault.NotFound},
		{"that begins at an address it does not name", api.CreateApplicationRequest{PortalOptions: &api.PortalOptions{SignInOptions: &api.SignInOptions{Origin: "APPLICATION"}}}, fault.Validation},
		{"with a null character in its name", api.CreateApplicationRequest{Name: "a\x00"}, fault.Validation},
		{"with a tag of AWS", api.CreateApplicationRequest{Tags: []api.Tag{{Key: "AWS:x", Value: "y"}}}, fault.Validation},
		{"with a tag given twice", api.CreateApplicationRequest{Tags: []api.Tag{{Key: "x", Value: "y"}, {Key: "x", Value: "z"}}}, fault.Validation},
		{"with more tags than may be", api.CreateApplicationRequest{Tags: manyTags(rules.MaxTags + 1)}, fault.QuotaExceeded},
	}
	for _, c := range cases {
		c.in.Name = cmp.Or(c.in.Name, "app")
		c.in.InstanceARN = cmp.Or(c.in.InstanceARN, homeARN)
		c.in.ApplicationProviderARN = cmp.Or(c.in.ApplicationProviderARN, arn.CustomApplication)
		_, err := b.CreateApplication(ctx, owner, &c.in)
		if refusal, ok := fault.As(err); !ok || refusal.Kind != c.kind {
			t.Errorf("%s: %v, want %s", c.name, err, c.kind.Name)
		}
	}
	if b.Rows("application") != 0 {
		t.Error("one was made all the same")
	}
}

func TestApplicationsAndAccountsTogetherHaveAQuota(t *testing.T) {
	b := newBench(t)
	b.Update(func(tx *store.Tx) error {
		for n := range rules.MaxApplicationsAndAccounts - 1 {
			if err := tx.PutApplication(store.Application{ApplicationID: fmt.Sprintf("apl-%016d", n), InstanceID: homeInstance, AccountID: ownerAccount}); err != nil {
				return err
			}
		}
		return nil
	})
	b.newApplication(owner, homeARN, "the last one")
	in := api.CreateApplicationRequest{InstanceARN: homeARN, ApplicationProviderARN: arn.CustomApplication, Name: "one more"}
	refused(b, b.CreateApplication, owner, fault.QuotaExceeded, in)
}

func TestAnUpdateChangesWhatItNamesAndNothingElse(t *testing.T) {
	b := newBench(t)
	app := must(b, b.CreateApplication, owner, api.CreateApplicationRequest{
		InstanceARN: homeARN, ApplicationProviderARN: arn.CustomApplication, Name: "app", Description: "d",
		PortalOptions: &api.PortalOptions{Visibility: "DISABLED"},
	}).ApplicationARN
	want := *b.describe(app)
	cases := []struct {
		name  string
		in    api.UpdateApplicationRequest
		apply func(*api.DescribeApplicationResponse)
	}{
		{"nothing", api.UpdateApplicationRequest{}, func(*api.DescribeApplicationResponse) {}},
		{"the name", api.UpdateApplicationRequest{Name: "n"}, func(d *api.DescribeApplicationResponse) { d.Name = "n" }},
		{"the description", api.UpdateApplicationRequest{Description: "e"}, func(d *api.DescribeApplicationResponse) { d.Description = "e" }},
		{"the status", api.UpdateApplicationRequest{Status: "DISABLED"}, func(d *api.DescribeApplicationResponse) { d.Status = "DISABLED" }},
		{"how it begins, while it stays hidden", api.UpdateApplicationRequest{PortalOptions: &api.UpdateApplicationPortalOptions{
			SignInOptions: &api.SignInOptions{Origin: "IDENTITY_CENTER"},
		}}, func(d *api.DescribeApplicationResponse) {
			d.PortalOptions = &api.PortalOptions{SignInOptions: &api.SignInOptions{Origin: "IDENTITY_CENTER"}, Visibility: "DISABLED"}
		}},
	}
	for _, c := range cases {
		c.in.ApplicationARN = app
		must(b, b.UpdateApplication, owner, c.in)
		c.apply(&want)
		if got := *b.describe(app); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, want)
		}
	}
	refused(b, b.UpdateApplication, owner, fault.Validation, api.UpdateApplicationRequest{ApplicationARN: app, PortalOptions: &api.UpdateApplicationPortalOptions{
		SignInOptions: &api.SignInOptions{Origin: "APPLICATION"},
	}})
}

func TestADeletedApplicationIsGoneAndItsSessionsAreOver(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	name, err := arn.ParseApplication(app)
	if err != nil {
		t.Fatal(err)
	}
	session := store.Session{SessionID: sys.NewID(b.Clock.Now()), UserID: alice, ApplicationID: name.ApplicationID, EndsAt: 1 << 50}
	b.Update(func(tx *store.Tx) error { return tx.AddSession(session) })
	must(b, b.DeleteApplication, owner, api.DeleteApplicationRequest{ApplicationARN: app})
	refused(b, b.DescribeApplication, owner, fault.NotFound, api.DescribeApplicationRequest{ApplicationARN: app})
	refused(b, b.DeleteApplication, owner, fault.NotFound, api.DeleteApplicationRequest{ApplicationARN: app})
	b.Update(func(tx *store.Tx) error {
		got, _, found, err := tx.SessionAndUser(session.SessionID)
		if !found || got.RevokedAt == 0 || got.RevokedBecause == "" {
			t.Errorf("the session is %+v", got)
		}
		return err
	})
}

func TestListedApplicationsComeInPagesAndEachOnce(t *testing.T) {
	b := newBench(t)
	var want []string
	for n := range 7 {
		want = append(want, b.newApplication(owner, homeARN, fmt.Sprint(n)))
	}
	mine := b.newApplication(other, homeARN, "of another account")
	list := func(filter *api.ListApplicationsFilter) []string {
		three := int64(3)
		var all []string
		for _, page := range pages(t, func(token string) ([]api.Application, string) {
			out := must(b, b.ListApplications, owner, api.ListApplicationsRequest{InstanceARN: homeARN, MaxResults: &three, NextToken: token, Filter: filter})
			return out.Applications, out.NextToken
		}) {
			if len(page) > 3 {
				t.Errorf("a page of %d", len(page))
			}
			for _, a := range page {
				all = append(all, a.ApplicationARN)
			}
		}
		return all
	}
	slices.Sort(want)
	if got := list(&api.ListApplicationsFilter{ApplicationAccount: ownerAccount}); !slices.Equal(got, want) {
		t.Errorf("of the owner: %v, want %v", got, want)
	}
	if got := list(&api.ListApplicationsFilter{ApplicationAccount: otherAccount}); !slices.Equal(got, []string{mine}) {
		t.Errorf("of another account: %v, want %v", got, mine)
	}
	if got := list(nil); len(got) != 8 {
		t.Errorf("all: %d, want 8", len(got))
	}
	if got := list(&api.ListApplicationsFilter{ApplicationProvider: "arn:aws:sso::aws:applicationProvider/none"}); len(got) != 0 {
		t.Errorf("of another provider: %v, want none", got)
	}
}

func TestAnAccountHandlesItsOwnApplicationsAndTheOwnerOfTheInstanceAll(t *testing.T) {
	b := newBench(t)
	theirs, mine := b.newApplication(other, homeARN, "theirs"), b.newApplication(owner, homeARN, "mine")
	if !strings.Contains(theirs, ":"+otherAccount+":application/"+homeInstance+"/") {
		t.Errorf("the application is named %s", theirs)
	}
	must(b, b.DescribeApplication, other, api.DescribeApplicationRequest{ApplicationARN: theirs})
	must(b, b.DescribeApplication, owner, api.DescribeApplicationRequest{ApplicationARN: theirs})
	refused(b, b.DescribeApplication, other, fault.NotFound, api.DescribeApplicationRequest{ApplicationARN: mine})
	refused(b, b.DescribeApplication, third, fault.NotFound, api.DescribeApplicationRequest{ApplicationARN: theirs})

	filter := func(account string) *api.ListApplicationsFilter {
		return &api.ListApplicationsFilter{ApplicationAccount: account}
	}
	got := must(b, b.ListApplications, other, api.ListApplicationsRequest{InstanceARN: homeARN, Filter: filter(otherAccount)}).Applications
	if len(got) != 1 || got[0].ApplicationARN != theirs {
		t.Errorf("their list: %v", got)
	}
	refused(b, b.ListApplications, other, fault.Validation, api.ListApplicationsRequest{InstanceARN: homeARN})
	refused(b, b.ListApplications, other, fault.Validation, api.ListApplicationsRequest{InstanceARN: homeARN, Filter: filter(ownerAccount)})
}

func TestTheConfigurationsOfAnApplicationAreReadAsTheyWerePut(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	required := func() bool {
		return must(b, b.GetApplicationAssignmentConfiguration, owner, api.GetApplicationAssignmentConfigurationRequest{ApplicationARN: app}).AssignmentRequired
	}
	background := func() string {
		return must(b, b.GetApplicationSessionConfiguration, owner, api.GetApplicationSessionConfigurationRequest{ApplicationARN: app}).UserBackgroundSessionApplicationStatus
	}
	if !required() || background() != "DISABLED" {
		t.Errorf("a new application: assignment required %v, background sessions %s", required(), background())
	}
	for _, want := range []bool{false, true} {
		must(b, b.PutApplicationAssignmentConfiguration, owner, api.PutApplicationAssignmentConfigurationRequest{ApplicationARN: app, AssignmentRequired: want})
		if required() != want {
			t.Errorf("assignment required: %v, want %v", !want, want)
		}
	}
	for _, want := range []string{"ENABLED", "DISABLED"} {
		must(b, b.PutApplicationSessionConfiguration, owner, api.PutApplicationSessionConfigurationRequest{ApplicationARN: app, UserBackgroundSessionApplicationStatus: want})
		must(b, b.PutApplicationSessionConfiguration, owner, api.PutApplicationSessionConfigurationRequest{ApplicationARN: app}) // says nothing
		if background() != want {
			t.Errorf("background sessions: %s, want %s", background(), want)
		}
	}
}

func TestTheCustomProviderIsListedAndDescribed(t *testing.T) {
	b := newBench(t)
	list := must(b, b.ListApplicationProviders, owner, api.ListApplicationProvidersRequest{}).ApplicationProviders
	if len(list) != 1 || list[0].ApplicationProviderARN != arn.CustomApplication || list[0].FederationProtocol != "OAUTH" {
		t.Errorf("listed: %+v", list)
	}
	got := must(b, b.DescribeApplicationProvider, owner, api.DescribeApplicationProviderRequest{ApplicationProviderARN: arn.CustomApplication})
	if !reflect.DeepEqual(*got, api.DescribeApplicationProviderResponse(list[0])) {
		t.Errorf("described: %+v", got)
	}
	refused(b, b.DescribeApplicationProvider, owner, fault.NotFound, api.DescribeApplicationProviderRequest{ApplicationProviderARN: "arn:aws:sso::aws:applicationProvider/other"})
}

// What an application may do is in the lists, as far as it can be read.
func TestAnApplicationThatCannotBeReadWhollyIsInTheLists(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "spoiled")
	must(b, b.PutApplicationAccessScope, owner, api.PutApplicationAccessScopeRequest{ApplicationARN: app, Scope: "bad:read"})
	id := strings.TrimPrefix(app[strings.LastIndex(app, "/"):], "/")
	b.Update(func(tx *store.Tx) error {
		row, _, err := tx.Application(id)
		if err != nil {
			return err
		}
		row.PortalOptions = "{junk"
		return errors.Join(tx.PutApplication(row), tx.PutApplicationScope(store.ApplicationScope{ApplicationID: id, Scope: "bad:read", Targets: "{junk"}))
	})
	listed := must(b, b.ListApplications, owner, api.ListApplicationsRequest{InstanceARN: homeARN}).Applications
	if len(listed) != 1 || listed[0].ApplicationARN != app || listed[0].PortalOptions != nil {
		t.Errorf("the applications are %+v", listed)
	}
	scopes := must(b, b.ListApplicationAccessScopes, owner, api.ListApplicationAccessScopesRequest{ApplicationARN: app}).Scopes
	if len(scopes) != 1 || scopes[0].Scope != "bad:read" || scopes[0].AuthorizedTargets != nil {
		t.Errorf("the scopes are %+v", scopes)
	}
	must(b, b.UpdateApplication, owner, api.UpdateApplicationRequest{
		ApplicationARN: app, PortalOptions: &api.UpdateApplicationPortalOptions{SignInOptions: &api.SignInOptions{Origin: "IDENTITY_CENTER"}},
	})
	if options := b.describe(app).PortalOptions; options == nil || options.Visibility != store.StatusDisabled {
		t.Errorf("the options that nobody could read became %+v", options)
	}
}
