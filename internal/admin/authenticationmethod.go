package admin

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/store"
)

// authenticationIAM is the one method there is: callers sign their requests, and the actor policy says who may.
const authenticationIAM = "IAM"

// checkActorPolicy reads the policy as the token service will, so that a mistake shows here and not at the first token.
func checkActorPolicy(a store.Application, document []byte) error {
	parsed, err := policy.Parse(document, policy.Resource)
	if err != nil {
		return fault.Validation.Refuse("Invalid actor policy provided: " + err.Error())
	}
	if !parsed.About(a.ARN()) {
		return fault.Validation.Refuse("Invalid actor policy provided: a statement names another Resource: name the application, or * for the application that the policy stands at")
	}
	return nil
}

// PutApplicationAuthenticationMethod sets the actor policy of an application. The JSON is kept as it was sent, order of members and spelling
// of numbers included, because tools compare it with what they sent.
func (s *Service) PutApplicationAuthenticationMethod(ctx context.Context, caller api.Caller, in *api.PutApplicationAuthenticationMethodRequest) (*api.PutApplicationAuthenticationMethodResponse, error) {
	if in.AuthenticationMethod.IAM == nil {
		return nil, fault.Validation.Refuse("AuthenticationMethod must have the member Iam for the AuthenticationMethodType IAM")
	}
	document := in.AuthenticationMethod.IAM.ActorPolicy
	err := s.changeApplication(ctx, caller, api.PutApplicationAuthenticationMethod.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		if err := checkActorPolicy(a, document); err != nil {
			return false, err
		}
		next := a
		next.ActorPolicy = string(document)
		return v.replace(a, next)
	})
	return &api.PutApplicationAuthenticationMethodResponse{}, err
}

func authenticationMethod(a store.Application) *api.AuthenticationMethod {
	return &api.AuthenticationMethod{IAM: &api.IAMAuthenticationMethod{ActorPolicy: api.Document(a.ActorPolicy)}}
}

const noMethod = "Could not find an authentication method of this type: set one with PutApplicationAuthenticationMethod"

// GetApplicationAuthenticationMethod tells the actor policy of an application.
func (s *Service) GetApplicationAuthenticationMethod(ctx context.Context, caller api.Caller, in *api.GetApplicationAuthenticationMethodRequest) (*api.GetApplicationAuthenticationMethodResponse, error) {
	out := &api.GetApplicationAuthenticationMethodResponse{}
	err := s.readApplication(ctx, caller, api.GetApplicationAuthenticationMethod.Operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		if a.ActorPolicy == "" {
			return v.missing(noMethod)
		}
		out.AuthenticationMethod = authenticationMethod(a)
		return nil
	})
	return out, err
}

// ListApplicationAuthenticationMethods lists the one method of an application, if it was set.
func (s *Service) ListApplicationAuthenticationMethods(ctx context.Context, caller api.Caller, in *api.ListApplicationAuthenticationMethodsRequest) (*api.ListApplicationAuthenticationMethodsResponse, error) {
	if in.NextToken != "" {
		return nil, badToken
	}
	out := &api.ListApplicationAuthenticationMethodsResponse{}
	err := s.readApplication(ctx, caller, api.ListApplicationAuthenticationMethods.Operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		out.AuthenticationMethods = []api.AuthenticationMethodItem{}
		if a.ActorPolicy != "" {
			out.AuthenticationMethods = append(out.AuthenticationMethods, api.AuthenticationMethodItem{
				AuthenticationMethodType: authenticationIAM, AuthenticationMethod: authenticationMethod(a),
			})
		}
		return nil
	})
	return out, err
}

// DeleteApplicationAuthenticationMethod removes the actor policy: nobody can get tokens for the application any more.
func (s *Service) DeleteApplicationAuthenticationMethod(ctx context.Context, caller api.Caller, in *api.DeleteApplicationAuthenticationMethodRequest) (*api.DeleteApplicationAuthenticationMethodResponse, error) {
	err := s.changeApplication(ctx, caller, api.DeleteApplicationAuthenticationMethod.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		if a.ActorPolicy == "" {
			return false, v.missing(noMethod)
		}
		next := a
		next.ActorPolicy = ""
		return v.replace(a, next)
	})
	return &api.DeleteApplicationAuthenticationMethodResponse{}, err
}
