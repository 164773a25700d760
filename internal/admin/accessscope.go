package admin

import (
	"context"
	"fmt"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/page"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// maxScopePage is the longest list that the output of ListApplicationAccessScopes may hold.
const maxScopePage = 10

// checkTargets wants each target once, and of the application's own instance: an application elsewhere never sees its tokens. An
// application that does not exist may be named, so that two can be made that name each other.
func checkTargets(a store.Application, targets []string) error {
	seen := map[string]bool{}
	for n, target := range targets {
		if seen[target] {
			return fault.Validation.Refuse(fmt.Sprintf("AuthorizedTargets number %d stands there for the second time", n+1))
		}
		seen[target] = true
		if instanceOfTarget(target) != a.InstanceID {
			return fault.Validation.Refuse(fmt.Sprintf("AuthorizedTargets number %d must be the application's instance or an application of it", n+1))
		}
	}
	return nil
}

func instanceOfTarget(target string) string {
	if application, err := arn.ParseApplication(target); err == nil {
		return application.InstanceID
	}
	i, _ := arn.ParseInstance(target)
	return i.InstanceID
}

// PutApplicationAccessScope gives an application a scope, or other targets for one that it has. Without targets it is good for any.
func (s *Service) PutApplicationAccessScope(ctx context.Context, caller api.Caller, in *api.PutApplicationAccessScopeRequest) (*api.PutApplicationAccessScopeResponse, error) {
	err := s.changeApplication(ctx, caller, api.PutApplicationAccessScope.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		if err := checkTargets(a, in.AuthorizedTargets); err != nil {
			return false, err
		}
		next := store.NewApplicationScope(a.ApplicationID, in.Scope, in.AuthorizedTargets)
		present, found, err := v.tx.ApplicationScope(a.ApplicationID, in.Scope)
		if err != nil || found && present == next {
			return false, err
		}
		others, err := v.tx.CountApplicationScopes(a.ApplicationID, in.Scope)
		if err != nil {
			return false, err
		}
		if others >= rules.MaxScopes {
			return false, v.tooMany(fmt.Sprintf("An application can have %d access scopes: delete one that it does not need", rules.MaxScopes))
		}
		return true, v.tx.PutApplicationScope(next)
	})
	return &api.PutApplicationAccessScopeResponse{}, err
}

const noScope = "Could not find the access scope: list those of the application with ListApplicationAccessScopes"

// GetApplicationAccessScope tells the targets of a scope.
func (s *Service) GetApplicationAccessScope(ctx context.Context, caller api.Caller, in *api.GetApplicationAccessScopeRequest) (*api.GetApplicationAccessScopeResponse, error) {
	out := &api.GetApplicationAccessScopeResponse{Scope: in.Scope}
	err := s.readApplication(ctx, caller, api.GetApplicationAccessScope.Operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		scope, found, err := v.tx.ApplicationScope(a.ApplicationID, in.Scope)
		if err == nil && !found {
			err = v.missing(noScope)
		}
		if err != nil {
			return err
		}
		out.AuthorizedTargets, err = scope.ReadTargets()
		return err
	})
	return out, err
}

// ListApplicationAccessScopes lists the scopes of an application, by name.
func (s *Service) ListApplicationAccessScopes(ctx context.Context, caller api.Caller, in *api.ListApplicationAccessScopesRequest) (*api.ListApplicationAccessScopesResponse, error) {
	operation := api.ListApplicationAccessScopes.Operation
	p, err := s.openPage(caller, page.Request{
		Operation: operation, Size: in.MaxResults, Token: in.NextToken, Most: maxScopePage, Of: []string{in.ApplicationARN},
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListApplicationAccessScopesResponse{}
	err = s.readApplication(ctx, caller, operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		scopes, err := v.tx.ApplicationScopes(a.ApplicationID)
		if err != nil {
			return err
		}
		scopes, out.NextToken = page.Slice(p, scopes, func(s store.ApplicationScope) []string { return []string{s.Scope} })
		out.Scopes, err = each(s, scopes, func(scope store.ApplicationScope) (api.ScopeDetails, error) {
			targets, err := scope.ReadTargets()
			return api.ScopeDetails{Scope: scope.Scope, AuthorizedTargets: targets}, err
		})
		return err
	})
	return out, err
}

// DeleteApplicationAccessScope takes a scope from an application.
func (s *Service) DeleteApplicationAccessScope(ctx context.Context, caller api.Caller, in *api.DeleteApplicationAccessScopeRequest) (*api.DeleteApplicationAccessScopeResponse, error) {
	err := s.changeApplication(ctx, caller, api.DeleteApplicationAccessScope.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		gone, err := v.tx.DeleteApplicationScope(a.ApplicationID, in.Scope)
		if err == nil && !gone {
			err = v.missing(noScope)
		}
		return gone, err
	})
	return &api.DeleteApplicationAccessScopeResponse{}, err
}
