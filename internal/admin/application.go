package admin

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/page"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

const (
	// maxApplicationPage is the longest list that the output of ListApplications may hold.
	maxApplicationPage = 50

	originApplication = "APPLICATION"
)

// CreateApplication makes an application of the caller's account.
func (s *Service) CreateApplication(ctx context.Context, caller api.Caller, in *api.CreateApplicationRequest) (*api.CreateApplicationResponse, error) {
	out := &api.CreateApplicationResponse{InstanceARN: in.InstanceARN}
	err := s.change(ctx, caller, api.CreateApplication.Operation, func(v *visit) (string, error) {
		i, err := v.instance(in.InstanceARN)
		if err != nil {
			return "", err
		}
		out.IdentityStoreARN = v.identityStoreARN()
		return v.once(repeatable{in.ClientToken, in}, &out.ApplicationARN, func() (string, error) { return v.createApplication(i, in) })
	})
	return out, err
}

func (v *visit) createApplication(i instance, in *api.CreateApplicationRequest) (string, error) {
	if in.ApplicationProviderARN != arn.CustomApplication {
		return "", fault.Validation.Refuse("ApplicationProviderArn must be " + arn.CustomApplication + ": applications of other kinds are not made with this operation")
	}
	if err := checkTexts(in.Name, in.Description); err != nil {
		return "", err
	}
	if in.PortalOptions != nil {
		if err := checkSignInOptions(in.PortalOptions.SignInOptions); err != nil {
			return "", err
		}
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return "", err
	}
	count, err := v.tx.CountApplicationsAndAccounts(i.ID)
	if err != nil {
		return "", err
	}
	if count >= rules.MaxApplicationsAndAccounts {
		return "", v.tooMany(fmt.Sprintf("An instance can have %d applications and accounts: delete applications that nobody uses", rules.MaxApplicationsAndAccounts))
	}
	options := api.PortalOptions{Visibility: store.StatusEnabled}
	if in.PortalOptions != nil {
		options = *in.PortalOptions
		options.Visibility = cmp.Or(options.Visibility, store.StatusEnabled)
	}
	a := store.Application{
		ApplicationID: rules.NewApplicationID(), InstanceID: i.ID, AccountID: v.account, ProviderARN: in.ApplicationProviderARN,
		Name: in.Name, Description: in.Description, Status: cmp.Or(in.Status, store.StatusEnabled),
		PortalOptions: store.PortalOptionsText(options), AssignmentRequired: true, BackgroundSession: store.StatusDisabled,
	}
	if err := v.tx.PutApplication(a); err != nil {
		return "", err
	}
	return a.ARN(), v.tx.PutTags(a.ApplicationID, tags)
}

// checkTexts refuses the one character of the model's "any" that not every database keeps.
func checkTexts(name, description string) error {
	if strings.ContainsRune(name+description, 0) {
		return fault.Validation.Refuse("Name and Description must not have null characters")
	}
	return nil
}

func checkSignInOptions(options *api.SignInOptions) error {
	if options != nil && options.Origin == originApplication && options.ApplicationURL == "" {
		return fault.Validation.Refuse("PortalOptions.SignInOptions must have an ApplicationUrl when Origin is APPLICATION")
	}
	return nil
}

// present shows an application as the operations do.
func (v *visit) present(a store.Application) (api.Application, error) {
	options, err := a.ReadPortalOptions()
	if err != nil {
		options = nil
	}
	return api.Application{
		ApplicationARN: a.ARN(), ApplicationProviderARN: a.ProviderARN, Name: a.Name, ApplicationAccount: a.AccountID,
		InstanceARN: arn.Instance{InstanceID: a.InstanceID}.String(), IdentityStoreARN: v.identityStoreARN(), Status: a.Status,
		PortalOptions: options, Description: a.Description, CreatedDate: api.Timestamp(a.CreatedAt), CreatedFrom: v.home.Region,
	}, err
}

// readApplication runs an operation that reads one application.
func (s *Service) readApplication(ctx context.Context, caller api.Caller, operation *api.Operation, name string, fn func(*visit, store.Application) error) error {
	return s.read(ctx, caller, operation, func(v *visit) error {
		a, err := v.application(name)
		if err != nil {
			return err
		}
		return fn(v, a)
	})
}

// changeApplication runs an operation that changes one application or what hangs on it, and reports whether it did.
func (s *Service) changeApplication(ctx context.Context, caller api.Caller, operation *api.Operation, name string, fn func(*visit, store.Application) (bool, error)) error {
	return s.change(ctx, caller, operation, func(v *visit) (string, error) {
		a, err := v.application(name)
		if err != nil {
			return "", err
		}
		did, err := fn(v, a)
		if err != nil || !did {
			return "", err
		}
		return a.ARN(), nil
	})
}

// replace stores the next state of an application and reports whether it differs from the present one.
func (v *visit) replace(a, next store.Application) (bool, error) {
	if next == a {
		return false, nil
	}
	return true, v.tx.PutApplication(next)
}

// DescribeApplication describes an application.
func (s *Service) DescribeApplication(ctx context.Context, caller api.Caller, in *api.DescribeApplicationRequest) (*api.DescribeApplicationResponse, error) {
	out := &api.DescribeApplicationResponse{}
	err := s.readApplication(ctx, caller, api.DescribeApplication.Operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		shown, err := v.present(a)
		*out = api.DescribeApplicationResponse(shown)
		return err
	})
	return out, err
}

// ListApplications lists the applications of an instance, by id. An account that does not own the instance sees its own ones, and has to
// say so with the filter.
func (s *Service) ListApplications(ctx context.Context, caller api.Caller, in *api.ListApplicationsRequest) (*api.ListApplicationsResponse, error) {
	operation := api.ListApplications.Operation
	filter := api.ListApplicationsFilter{}
	if in.Filter != nil {
		filter = *in.Filter
	}
	p, err := s.openPage(caller, page.Request{
		Operation: operation, Size: in.MaxResults, Token: in.NextToken, Most: maxApplicationPage,
		Of: []string{in.InstanceARN, filter.ApplicationAccount, filter.ApplicationProvider},
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListApplicationsResponse{}
	err = s.read(ctx, caller, operation, func(v *visit) error {
		i, err := v.instance(in.InstanceARN)
		if err != nil {
			return err
		}
		if filter.ApplicationAccount != v.account {
			if err := v.mustOwnOrFilter(i, "Filter.ApplicationAccount"); err != nil {
				return err
			}
		}
		rows, err := v.tx.Applications(store.ApplicationQuery{
			InstanceID: i.ID, AccountID: filter.ApplicationAccount, ProviderARN: filter.ApplicationProvider, After: p.At(0), Limit: p.Limit + 1,
		})
		if err != nil {
			return err
		}
		rows, out.NextToken = page.Cut(p, rows, func(a store.Application) []string { return []string{a.ApplicationID} })
		out.Applications, err = each(s, rows, v.present)
		return err
	})
	return out, err
}

// mustOwnOrFilter refuses a list of the organization instance that an account asks for whole and does not own.
func (v *visit) mustOwnOrFilter(i instance, member string) error {
	if i.OwnerAccountID == v.account {
		return nil
	}
	return fault.Validation.Refuse("An account that does not own the instance lists its own applications only: name them with " + member)
}

// UpdateApplication changes an application. Members that are absent stay as they are.
func (s *Service) UpdateApplication(ctx context.Context, caller api.Caller, in *api.UpdateApplicationRequest) (*api.UpdateApplicationResponse, error) {
	if err := checkTexts(in.Name, in.Description); err != nil {
		return nil, err
	}
	if in.PortalOptions != nil {
		if err := checkSignInOptions(in.PortalOptions.SignInOptions); err != nil {
			return nil, err
		}
	}
	err := s.changeApplication(ctx, caller, api.UpdateApplication.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		next := a
		next.Name = cmp.Or(in.Name, a.Name)
		next.Description = cmp.Or(in.Description, a.Description)
		next.Status = cmp.Or(in.Status, a.Status)
		if in.PortalOptions != nil && in.PortalOptions.SignInOptions != nil {
			options, err := a.ReadPortalOptions()
			if err != nil && !s.Store.NoteUnreadable(err) {
				return false, err
			}
			switch {
			case err != nil: // nobody knows whether it was to be seen
				options = &api.PortalOptions{Visibility: store.StatusDisabled}
			case options == nil:
				options = &api.PortalOptions{Visibility: store.StatusEnabled}
			}
			options.SignInOptions = in.PortalOptions.SignInOptions
			next.PortalOptions = store.PortalOptionsText(*options)
		}
		return v.replace(a, next)
	})
	return &api.UpdateApplicationResponse{}, err
}

// DeleteApplication removes an application with its grants, scopes, assignments and tags, and ends every session that it began.
func (s *Service) DeleteApplication(ctx context.Context, caller api.Caller, in *api.DeleteApplicationRequest) (*api.DeleteApplicationResponse, error) {
	err := s.changeApplication(ctx, caller, api.DeleteApplication.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		return true, v.tx.DeleteApplication(a.ApplicationID)
	})
	return &api.DeleteApplicationResponse{}, err
}

// PutApplicationAssignmentConfiguration says whether people must be assigned. Assignments stay either way.
func (s *Service) PutApplicationAssignmentConfiguration(ctx context.Context, caller api.Caller, in *api.PutApplicationAssignmentConfigurationRequest) (*api.PutApplicationAssignmentConfigurationResponse, error) {
	err := s.changeApplication(ctx, caller, api.PutApplicationAssignmentConfiguration.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		next := a
		next.AssignmentRequired = in.AssignmentRequired
		return v.replace(a, next)
	})
	return &api.PutApplicationAssignmentConfigurationResponse{}, err
}

// GetApplicationAssignmentConfiguration tells whether people must be assigned.
func (s *Service) GetApplicationAssignmentConfiguration(ctx context.Context, caller api.Caller, in *api.GetApplicationAssignmentConfigurationRequest) (*api.GetApplicationAssignmentConfigurationResponse, error) {
	out := &api.GetApplicationAssignmentConfigurationResponse{}
	err := s.readApplication(ctx, caller, api.GetApplicationAssignmentConfiguration.Operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		out.AssignmentRequired = a.AssignmentRequired
		return nil
	})
	return out, err
}

// PutApplicationSessionConfiguration says whether sessions of the application may go on without the person.
func (s *Service) PutApplicationSessionConfiguration(ctx context.Context, caller api.Caller, in *api.PutApplicationSessionConfigurationRequest) (*api.PutApplicationSessionConfigurationResponse, error) {
	err := s.changeApplication(ctx, caller, api.PutApplicationSessionConfiguration.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		next := a
		next.BackgroundSession = cmp.Or(in.UserBackgroundSessionApplicationStatus, a.BackgroundSession)
		return v.replace(a, next)
	})
	return &api.PutApplicationSessionConfigurationResponse{}, err
}

// GetApplicationSessionConfiguration tells whether sessions of the application may go on without the person.
func (s *Service) GetApplicationSessionConfiguration(ctx context.Context, caller api.Caller, in *api.GetApplicationSessionConfigurationRequest) (*api.GetApplicationSessionConfigurationResponse, error) {
	out := &api.GetApplicationSessionConfigurationResponse{}
	err := s.readApplication(ctx, caller, api.GetApplicationSessionConfiguration.Operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		out.UserBackgroundSessionApplicationStatus = a.BackgroundSession
		return nil
	})
	return out, err
}
