package admin

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/page"
	"sallyport/internal/store"
)

const noAssignment = "Could not find the assignment: list those of the application with ListApplicationAssignments"

// CreateApplicationAssignment lets a person or a group use an application.
func (s *Service) CreateApplicationAssignment(ctx context.Context, caller api.Caller, in *api.CreateApplicationAssignmentRequest) (*api.CreateApplicationAssignmentResponse, error) {
	err := s.changeApplication(ctx, caller, api.CreateApplicationAssignment.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		if err := v.checkPrincipal(store.Principal{Type: in.PrincipalType, ID: in.PrincipalID}); err != nil {
			return false, err
		}
		isNew, err := v.tx.AddApplicationAssignment(store.ApplicationAssignment{
			ApplicationID: a.ApplicationID, PrincipalType: in.PrincipalType, PrincipalID: in.PrincipalID,
		})
		if err == nil && !isNew {
			err = fault.Conflict.Refuse("The principal is assigned to the application already")
		}
		return isNew, err
	})
	return &api.CreateApplicationAssignmentResponse{}, err
}

// DescribeApplicationAssignment tells whether the principal itself is assigned. Whether somebody may use the application through a group
// is what ListApplicationAssignmentsForPrincipal tells.
func (s *Service) DescribeApplicationAssignment(ctx context.Context, caller api.Caller, in *api.DescribeApplicationAssignmentRequest) (*api.DescribeApplicationAssignmentResponse, error) {
	out := &api.DescribeApplicationAssignmentResponse{PrincipalType: in.PrincipalType, PrincipalID: in.PrincipalID}
	err := s.readApplication(ctx, caller, api.DescribeApplicationAssignment.Operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		out.ApplicationARN = a.ARN()
		found, err := v.tx.HasApplicationAssignment(store.ApplicationAssignment{
			ApplicationID: a.ApplicationID, PrincipalType: in.PrincipalType, PrincipalID: in.PrincipalID,
		})
		if err == nil && !found {
			err = v.missing(noAssignment)
		}
		return err
	})
	return out, err
}

// ListApplicationAssignments lists who is assigned to an application, by type and id.
func (s *Service) ListApplicationAssignments(ctx context.Context, caller api.Caller, in *api.ListApplicationAssignmentsRequest) (*api.ListApplicationAssignmentsResponse, error) {
	operation := api.ListApplicationAssignments.Operation
	p, err := s.openPage(caller, page.Request{Operation: operation, Size: in.MaxResults, Token: in.NextToken, Of: []string{in.ApplicationARN}})
	if err != nil {
		return nil, err
	}
	out := &api.ListApplicationAssignmentsResponse{}
	err = s.readApplication(ctx, caller, operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		after := store.ApplicationAssignment{ApplicationID: a.ApplicationID, PrincipalType: p.At(0), PrincipalID: p.At(1)}
		rows, err := v.tx.ApplicationAssignments(after, p.Limit+1)
		if err != nil {
			return err
		}
		rows, out.NextToken = page.Cut(p, rows, func(row store.ApplicationAssignment) []string { return []string{row.PrincipalType, row.PrincipalID} })
		out.ApplicationAssignments = make([]api.ApplicationAssignment, len(rows))
		for n, row := range rows {
			out.ApplicationAssignments[n] = api.ApplicationAssignment{
				ApplicationARN: a.ARN(), PrincipalID: row.PrincipalID, PrincipalType: row.PrincipalType,
			}
		}
		return nil
	})
	return out, err
}

// ListApplicationAssignmentsForPrincipal lists what a principal is assigned to, by application. For a user that includes what the user's
// groups are assigned to: those entries name the group.
func (s *Service) ListApplicationAssignmentsForPrincipal(ctx context.Context, caller api.Caller, in *api.ListApplicationAssignmentsForPrincipalRequest) (*api.ListApplicationAssignmentsForPrincipalResponse, error) {
	operation := api.ListApplicationAssignmentsForPrincipal.Operation
	filter := ""
	if in.Filter != nil {
		filter = in.Filter.ApplicationARN
	}
	p, err := s.openPage(caller, page.Request{
		Operation: operation, Size: in.MaxResults, Token: in.NextToken, Of: []string{in.InstanceARN, in.PrincipalType, in.PrincipalID, filter},
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListApplicationAssignmentsForPrincipalResponse{}
	err = s.read(ctx, caller, operation, func(v *visit) error {
		query, err := v.principalQuery(in, filter)
		if err != nil {
			return err
		}
		query.After = store.ApplicationAssignment{ApplicationID: p.At(0), PrincipalType: p.At(1), PrincipalID: p.At(2)}
		query.Limit = p.Limit + 1
		rows, err := v.tx.ApplicationAssignmentsOf(query)
		if err != nil {
			return err
		}
		rows, out.NextToken = page.Cut(p, rows, func(row store.AssignedApplication) []string {
			return []string{row.ApplicationID, row.PrincipalType, row.PrincipalID}
		})
		out.ApplicationAssignments = make([]api.ApplicationAssignmentForPrincipal, len(rows))
		for n, row := range rows {
			out.ApplicationAssignments[n] = api.ApplicationAssignmentForPrincipal{
				ApplicationARN: arn.Application{Account: row.AccountID, InstanceID: query.InstanceID, ApplicationID: row.ApplicationID}.String(),
				PrincipalID:    row.PrincipalID, PrincipalType: row.PrincipalType,
			}
		}
		return nil
	})
	return out, err
}

// principalQuery checks the instance, the principal and the filter, which an account that does not own the instance must give.
func (v *visit) principalQuery(in *api.ListApplicationAssignmentsForPrincipalRequest, filter string) (store.PrincipalQuery, error) {
	q := store.PrincipalQuery{PrincipalType: in.PrincipalType, PrincipalID: in.PrincipalID}
	i, err := v.instance(in.InstanceARN)
	if err != nil {
		return q, err
	}
	q.InstanceID = i.ID
	if filter == "" {
		if err := v.mustOwnOrFilter(i, "Filter.ApplicationArn"); err != nil {
			return q, err
		}
	} else {
		a, err := v.application(filter)
		if err == nil && a.InstanceID != i.ID {
			err = v.missing(noApplication)
		}
		if err != nil {
			return q, err
		}
		q.ApplicationID = a.ApplicationID
	}
	return q, v.checkPrincipal(store.Principal{Type: in.PrincipalType, ID: in.PrincipalID})
}

// DeleteApplicationAssignment lets a person or a group use an application no longer.
func (s *Service) DeleteApplicationAssignment(ctx context.Context, caller api.Caller, in *api.DeleteApplicationAssignmentRequest) (*api.DeleteApplicationAssignmentResponse, error) {
	err := s.changeApplication(ctx, caller, api.DeleteApplicationAssignment.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		gone, err := v.tx.DeleteApplicationAssignment(store.ApplicationAssignment{
			ApplicationID: a.ApplicationID, PrincipalType: in.PrincipalType, PrincipalID: in.PrincipalID,
		})
		if err == nil && !gone {
			err = v.missing(noAssignment)
		}
		return gone, err
	})
	return &api.DeleteApplicationAssignmentResponse{}, err
}
