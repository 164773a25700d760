package admin

import (
	"context"
	"fmt"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/page"
	"sallyport/internal/store"
)

const (
	// maxOutstandingAssignments is AWS's quota of CreateAccountAssignment requests that have not ended.
	maxOutstandingAssignments = 15
	// maxProvisionedToAccount is AWS's quota of permission sets that people are assigned in one account.
	maxProvisionedToAccount = 500
	// targetAccount is the one TargetType there is.
	targetAccount = "AWS_ACCOUNT"
)

// assigning is what the two operations that change an assignment are asked for.
type assigning struct{ InstanceARN, TargetID, PermissionSetARN, PrincipalType, PrincipalID string }

// assignment finds the permission set and the account of an assignment.
func (v *visit) assignment(in assigning) (store.Assignment, error) {
	set, err := v.permissionSet(in.InstanceARN, in.PermissionSetARN)
	if err != nil {
		return store.Assignment{}, err
	}
	a := store.Assignment{
		PrincipalType: in.PrincipalType, PrincipalID: in.PrincipalID, AccountID: in.TargetID, PermissionSetID: set.PermissionSetID,
	}
	return a, v.checkAccount(in.TargetID)
}

// describeAssignment says in the audit log what changed.
func (v *visit) describeAssignment(a store.Assignment) string {
	return fmt.Sprintf("%s in account %s of %s %s", v.permissionSetARN(a.PermissionSetID), a.AccountID, a.PrincipalType, a.PrincipalID)
}

// stage is how far an assignment is.
type stage int

const (
	absent  stage = iota
	making        // asked for and not in effect yet
	holding       // in effect
	taking        // in effect until its time has come
)

// stageOf reads the stage off an assignment's term.
func stageOf(term store.Term, found bool, now int64) stage {
	switch {
	case !found || term.EndsAt != 0 && term.EndsAt <= now:
		return absent
	case term.EndsAt != 0:
		return taking
	case term.BeginsAt > now:
		return making
	}
	return holding
}

// stage settles what has ended and tells how far an assignment is. It refuses one that is on its way already.
func (v *visit) stage(a store.Assignment) (stage, error) {
	if err := v.tx.SettleOperations(); err != nil {
		return absent, err
	}
	term, found, err := v.tx.Assignment(a)
	if err != nil {
		return absent, err
	}
	at := stageOf(term, found, v.tx.Millis())
	if at == making || at == taking {
		return at, fault.Conflict.Refuse("Another request for this assignment is in progress: wait until it has ended, and try again")
	}
	return at, nil
}

// CreateAccountAssignment gives a person or a group a permission set in an account. Doing so twice succeeds, as on AWS.
func (s *Service) CreateAccountAssignment(ctx context.Context, caller api.Caller, in *api.CreateAccountAssignmentRequest) (*api.CreateAccountAssignmentResponse, error) {
	takes := s.delay()
	out := &api.CreateAccountAssignmentResponse{}
	err := s.change(ctx, caller, api.CreateAccountAssignment.Operation, func(v *visit) (string, error) {
		a, err := v.assignment(assigning{in.InstanceARN, in.TargetID, in.PermissionSetARN, in.PrincipalType, in.PrincipalID})
		if err != nil {
			return "", err
		}
		status, err := v.createAssignment(a, takes)
		if err != nil {
			return "", err
		}
		out.AccountAssignmentCreationStatus = v.presentAssignmentStatus(status)
		return v.describeAssignment(a), nil
	})
	return out, err
}

func (v *visit) createAssignment(a store.Assignment, takes time.Duration) (store.OperationStatus, error) {
	if err := v.checkPrincipal(store.Principal{Type: a.PrincipalType, ID: a.PrincipalID}); err != nil {
		return store.OperationStatus{}, err
	}
	at, err := v.stage(a)
	if err != nil {
		return store.OperationStatus{}, err
	}
	if at == holding {
		status := v.begin(a, 0)
		return status, v.tx.AddOperationStatus(status)
	}
	if err := v.roomForAssignment(a); err != nil {
		return store.OperationStatus{}, err
	}
	status, term := v.begin(a, takes), store.Term{}
	if takes > 0 {
		term.BeginsAt = status.EndsAt
	}
	if err := v.tx.PutAssignment(a, term); err != nil {
		return status, err
	}
	return status, v.tx.AddOperationStatus(status)
}

// roomForAssignment refuses an assignment that goes beyond a quota.
func (v *visit) roomForAssignment(a store.Assignment) error {
	outstanding, err := v.tx.OutstandingOperations(v.operation.Name)
	if err != nil {
		return err
	}
	if outstanding >= maxOutstandingAssignments {
		return v.tooMany(fmt.Sprintf("%d assignments are being made: wait until one has ended, and try again", maxOutstandingAssignments))
	}
	others, err := v.tx.CountProvisioned(a.AccountID, a.PermissionSetID)
	if err == nil && others >= maxProvisionedToAccount {
		err = v.tooMany(fmt.Sprintf("An account can have %d permission sets: delete all assignments of one in this account first", maxProvisionedToAccount))
	}
	return err
}

// DeleteAccountAssignment takes a permission set in an account from a person or a group.
func (s *Service) DeleteAccountAssignment(ctx context.Context, caller api.Caller, in *api.DeleteAccountAssignmentRequest) (*api.DeleteAccountAssignmentResponse, error) {
	takes := s.delay()
	out := &api.DeleteAccountAssignmentResponse{}
	err := s.change(ctx, caller, api.DeleteAccountAssignment.Operation, func(v *visit) (string, error) {
		a, err := v.assignment(assigning{in.InstanceARN, in.TargetID, in.PermissionSetARN, in.PrincipalType, in.PrincipalID})
		if err != nil {
			return "", err
		}
		status, err := v.deleteAssignment(a, takes)
		if err != nil {
			return "", err
		}
		out.AccountAssignmentDeletionStatus = v.presentAssignmentStatus(status)
		return v.describeAssignment(a), nil
	})
	return out, err
}

func (v *visit) deleteAssignment(a store.Assignment, takes time.Duration) (store.OperationStatus, error) {
	at, err := v.stage(a)
	if err == nil && at == absent {
		err = v.missing("Assignment not found. List those of the account with ListAccountAssignments")
	}
	if err != nil {
		return store.OperationStatus{}, err
	}
	status := v.begin(a, takes)
	if takes > 0 {
		err = v.tx.PutAssignment(a, store.Term{EndsAt: status.EndsAt})
	} else {
		err = v.tx.DeleteAssignment(a)
	}
	if err != nil {
		return status, err
	}
	return status, v.tx.AddOperationStatus(status)
}

func (v *visit) presentAssignmentStatus(o store.OperationStatus) *api.AccountAssignmentOperationStatus {
	return &api.AccountAssignmentOperationStatus{
		Status: o.Status(v.tx.Millis()), RequestID: o.RequestID, FailureReason: v.failureReason(o), TargetID: o.Assignment.AccountID,
		TargetType: targetAccount, PermissionSetARN: v.permissionSetARN(o.Assignment.PermissionSetID),
		PrincipalType: o.Assignment.PrincipalType, PrincipalID: o.Assignment.PrincipalID, CreatedDate: api.Timestamp(o.CreatedAt),
	}
}

// DescribeAccountAssignmentCreationStatus tells how the making of an assignment went.
func (s *Service) DescribeAccountAssignmentCreationStatus(ctx context.Context, caller api.Caller, in *api.DescribeAccountAssignmentCreationStatusRequest) (*api.DescribeAccountAssignmentCreationStatusResponse, error) {
	out := &api.DescribeAccountAssignmentCreationStatusResponse{}
	err := s.read(ctx, caller, api.DescribeAccountAssignmentCreationStatus.Operation, func(v *visit) error {
		status, err := v.operationStatus(in.InstanceARN, api.CreateAccountAssignment.Operation, in.AccountAssignmentCreationRequestID)
		out.AccountAssignmentCreationStatus = v.presentAssignmentStatus(status)
		return err
	})
	return out, err
}

// DescribeAccountAssignmentDeletionStatus tells how the removal of an assignment went.
func (s *Service) DescribeAccountAssignmentDeletionStatus(ctx context.Context, caller api.Caller, in *api.DescribeAccountAssignmentDeletionStatusRequest) (*api.DescribeAccountAssignmentDeletionStatusResponse, error) {
	out := &api.DescribeAccountAssignmentDeletionStatusResponse{}
	err := s.read(ctx, caller, api.DescribeAccountAssignmentDeletionStatus.Operation, func(v *visit) error {
		status, err := v.operationStatus(in.InstanceARN, api.DeleteAccountAssignment.Operation, in.AccountAssignmentDeletionRequestID)
		out.AccountAssignmentDeletionStatus = v.presentAssignmentStatus(status)
		return err
	})
	return out, err
}

// ListAccountAssignmentCreationStatus lists the assignments that were made lately, with how it went.
func (s *Service) ListAccountAssignmentCreationStatus(ctx context.Context, caller api.Caller, in *api.ListAccountAssignmentCreationStatusRequest) (*api.ListAccountAssignmentCreationStatusResponse, error) {
	statuses, next, err := s.operationStatuses(ctx, caller, statusQuery{
		Operation: api.ListAccountAssignmentCreationStatus.Operation, Of: api.CreateAccountAssignment.Operation,
		InstanceARN: in.InstanceARN, Filter: in.Filter, Size: in.MaxResults, Token: in.NextToken,
	})
	return &api.ListAccountAssignmentCreationStatusResponse{AccountAssignmentsCreationStatus: statuses, NextToken: next}, err
}

// ListAccountAssignmentDeletionStatus lists the assignments that were removed lately, with how it went.
func (s *Service) ListAccountAssignmentDeletionStatus(ctx context.Context, caller api.Caller, in *api.ListAccountAssignmentDeletionStatusRequest) (*api.ListAccountAssignmentDeletionStatusResponse, error) {
	statuses, next, err := s.operationStatuses(ctx, caller, statusQuery{
		Operation: api.ListAccountAssignmentDeletionStatus.Operation, Of: api.DeleteAccountAssignment.Operation,
		InstanceARN: in.InstanceARN, Filter: in.Filter, Size: in.MaxResults, Token: in.NextToken,
	})
	return &api.ListAccountAssignmentDeletionStatusResponse{AccountAssignmentsDeletionStatus: statuses, NextToken: next}, err
}

// ListAccountAssignments lists who has a permission set in an account, by type and id.
func (s *Service) ListAccountAssignments(ctx context.Context, caller api.Caller, in *api.ListAccountAssignmentsRequest) (*api.ListAccountAssignmentsResponse, error) {
	operation := api.ListAccountAssignments.Operation
	p, err := s.openPage(caller, page.Request{
		Operation: operation, Size: in.MaxResults, Token: in.NextToken, Of: []string{in.InstanceARN, in.AccountID, in.PermissionSetARN},
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListAccountAssignmentsResponse{}
	err = s.readPermissionSet(ctx, caller, operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) error {
		if err := v.checkAccount(in.AccountID); err != nil {
			return err
		}
		rows, err := v.tx.AssignmentsIn(in.AccountID, set.PermissionSetID, store.Principal{Type: p.At(0), ID: p.At(1)}, p.Limit+1)
		if err != nil {
			return err
		}
		rows, out.NextToken = page.Cut(p, rows, func(row store.Assignment) []string { return []string{row.PrincipalType, row.PrincipalID} })
		out.AccountAssignments = make([]api.AccountAssignment, len(rows))
		for n, row := range rows {
			out.AccountAssignments[n] = api.AccountAssignment{
				AccountID: row.AccountID, PermissionSetARN: v.permissionSetARN(row.PermissionSetID),
				PrincipalType: row.PrincipalType, PrincipalID: row.PrincipalID,
			}
		}
		return nil
	})
	return out, err
}

// ListAccountAssignmentsForPrincipal lists what a principal has in which accounts. For a user that includes what the user's groups have:
// those entries name the group, and come after the user's own.
func (s *Service) ListAccountAssignmentsForPrincipal(ctx context.Context, caller api.Caller, in *api.ListAccountAssignmentsForPrincipalRequest) (*api.ListAccountAssignmentsForPrincipalResponse, error) {
	operation := api.ListAccountAssignmentsForPrincipal.Operation
	q := holdingsQuery{Principal: store.Principal{Type: in.PrincipalType, ID: in.PrincipalID}}
	if in.Filter != nil {
		q.AccountID = in.Filter.AccountID
	}
	p, err := s.openPage(caller, page.Request{
		Operation: operation, Size: in.MaxResults, Token: in.NextToken, Of: []string{in.InstanceARN, q.Principal.Type, q.Principal.ID, q.AccountID},
	})
	if err != nil {
		return nil, err
	}
	q.After = store.Assignment{PrincipalType: p.At(0), PrincipalID: p.At(1), AccountID: p.At(2), PermissionSetID: p.At(3)}
	q.Limit = p.Limit + 1
	out := &api.ListAccountAssignmentsForPrincipalResponse{}
	err = s.read(ctx, caller, operation, func(v *visit) error {
		if _, err := v.withPermissionSets(in.InstanceARN); err != nil {
			return err
		}
		if err := v.checkPrincipal(q.Principal); err != nil {
			return err
		}
		rows, err := v.holdings(q)
		if err != nil {
			return err
		}
		rows, out.NextToken = page.Cut(p, rows, func(row store.Assignment) []string {
			return []string{row.PrincipalType, row.PrincipalID, row.AccountID, row.PermissionSetID}
		})
		out.AccountAssignments = make([]api.AccountAssignmentForPrincipal, len(rows))
		for n, row := range rows {
			out.AccountAssignments[n] = api.AccountAssignmentForPrincipal{
				AccountID: row.AccountID, PermissionSetARN: v.permissionSetARN(row.PermissionSetID),
				PrincipalID: row.PrincipalID, PrincipalType: row.PrincipalType,
			}
		}
		return nil
	})
	return out, err
}

// holdingsQuery asks for a page of what a principal has, in one account or in all.
type holdingsQuery struct {
	Principal store.Principal
	AccountID string           // empty for all
	After     store.Assignment // the last entry of the page before
	Limit     int
}

// holdings are the assignments of the principal itself and then, for a user, those of one group after the other. A page begins inside one
// of these lists and reads no row before its place there.
func (v *visit) holdings(q holdingsQuery) ([]store.Assignment, error) {
	if q.Principal.Type == store.PrincipalGroup {
		return v.tx.AssignmentsOf(q.Principal, q.AccountID, q.After, q.Limit)
	}
	group := "" // in which the page begins
	current, listed := q.Principal, true
	if q.After.PrincipalType == store.PrincipalGroup {
		group = q.After.PrincipalID
		current = store.Principal{Type: store.PrincipalGroup, ID: group}
		var err error
		if listed, err = v.tx.IsMember(store.Membership{UserID: q.Principal.ID, GroupID: group}); err != nil {
			return nil, err
		}
	}
	var rows []store.Assignment
	if listed {
		var err error
		if rows, err = v.tx.AssignmentsOf(current, q.AccountID, q.After, q.Limit); err != nil || len(rows) == q.Limit {
			return rows, err
		}
	}
	more, err := v.tx.AssignmentsOfGroups(q.Principal.ID, q.AccountID, group, q.Limit-len(rows))
	return append(rows, more...), err
}
