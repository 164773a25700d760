package admin

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

func TestAScopeIsReadWithItsTargetsUntilItIsTaken(t *testing.T) {
	b := newBench(t)
	app, target := b.newApplication(owner, homeARN, "app"), b.newApplication(other, homeARN, "target")
	get := api.GetApplicationAccessScopeRequest{ApplicationARN: app, Scope: "calendar:read"}
	for _, targets := range [][]string{nil, {target}, {homeARN, target}, nil} {
		must(b, b.PutApplicationAccessScope, owner, api.PutApplicationAccessScopeRequest{ApplicationARN: app, Scope: get.Scope, AuthorizedTargets: targets})
		got := must(b, b.GetApplicationAccessScope, owner, get)
		if want := (api.GetApplicationAccessScopeResponse{Scope: get.Scope, AuthorizedTargets: targets}); !reflect.DeepEqual(*got, want) {
			t.Errorf("read as %+v, want %+v", *got, want)
		}
	}
	remove := api.DeleteApplicationAccessScopeRequest{ApplicationARN: app, Scope: get.Scope}
	must(b, b.DeleteApplicationAccessScope, owner, remove)
	refused(b, b.DeleteApplicationAccessScope, owner, fault.NotFound, remove)
	refused(b, b.GetApplicationAccessScope, owner, fault.NotFound, get)
}

func TestATargetIsOfTheApplicationsInstance(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	elsewhere := b.newInstance(other)
	for name, targets := range map[string][]string{
		"another instance":                   {elsewhere},
		"an application of another instance": {homeARN, b.newApplication(other, elsewhere, "theirs")},
		"one twice":                          {homeARN, homeARN},
		"another partition":                  {"arn:aws-cn:sso:::instance/" + homeInstance},
	} {
		_, err := b.PutApplicationAccessScope(ctx, owner, &api.PutApplicationAccessScopeRequest{ApplicationARN: app, Scope: "a", AuthorizedTargets: targets})
		if refusal, ok := fault.As(err); !ok || refusal.Kind != fault.Validation {
			t.Errorf("%s: %v, want %s", name, err, fault.Validation.Name)
		}
	}
}

func TestAnApplicationHasTwentyFiveScopesInPagesOfTen(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	put := func(n int) api.PutApplicationAccessScopeRequest {
		return api.PutApplicationAccessScopeRequest{ApplicationARN: app, Scope: fmt.Sprintf("scope_%02d", n)}
	}
	var want []string
	for n := range 25 {
		must(b, b.PutApplicationAccessScope, owner, put(n))
		want = append(want, put(n).Scope)
	}
	refused(b, b.PutApplicationAccessScope, owner, fault.Validation, put(25)) // the model knows no quota here
	must(b, b.PutApplicationAccessScope, owner, put(0))                       // one that it has
	var got []string
	all := pages(t, func(token string) ([]api.ScopeDetails, string) {
		out := must(b, b.ListApplicationAccessScopes, owner, api.ListApplicationAccessScopesRequest{ApplicationARN: app, NextToken: token})
		return out.Scopes, out.NextToken
	})
	for _, page := range all {
		for _, scope := range page {
			got = append(got, scope.Scope)
		}
	}
	if !slices.Equal(got, want) || len(all) != 3 || len(all[0]) != 10 {
		t.Errorf("%d pages with %v", len(all), got)
	}
}
