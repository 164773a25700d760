package admin

import (
	"context"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/page"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// Account assignments and provisionings are asynchronous on AWS: the answer says IN_PROGRESS and clients ask until it says otherwise. Here
// they are done at once, unless Options.AssignmentDelay has them take a time. Nothing runs meanwhile: what was asked for takes effect when
// that time has come, because whoever reads it compares.

// delay is how long an asynchronous operation takes.
func (s *Service) delay() time.Duration {
	if s.AssignmentDelay == nil {
		return 0
	}
	return max(s.AssignmentDelay(), 0)
}

// begin is the status of an operation that was asked for now and goes well.
func (v *visit) begin(a store.Assignment, takes time.Duration) store.OperationStatus {
	return store.OperationStatus{
		RequestID: sys.NewUUID(v.tx.Now), Operation: v.operation.Name, Outcome: store.OperationSucceeded, Assignment: a,
		CreatedAt: v.tx.Millis(), EndsAt: v.tx.Now.Add(takes).UnixMilli(),
	}
}

// operationStatus finds how a request of an operation went.
func (v *visit) operationStatus(instanceARN string, of *api.Operation, requestID string) (store.OperationStatus, error) {
	if _, err := v.withPermissionSets(instanceARN); err != nil {
		return store.OperationStatus{}, err
	}
	o, found, err := v.tx.OperationStatus(of.Name, requestID)
	if err == nil && !found {
		err = v.missing("Could not find a request of " + of.Name + " with this id: requests are remembered for 90 days")
	}
	return o, err
}

// statusQuery is what the lists of statuses are asked for.
type statusQuery struct {
	Operation   *api.Operation // the list
	Of          *api.Operation // whose statuses
	InstanceARN string
	Filter      *api.OperationStatusFilter
	Size        *int64
	Token       string
}

// status is how one request went. Lists of provisionings show the same under another name.
type status = api.AccountAssignmentOperationStatusMetadata

// operationStatuses lists how requests of an operation went, the newest first.
func (s *Service) operationStatuses(ctx context.Context, caller api.Caller, q statusQuery) (statuses []status, nextToken string, err error) {
	only := ""
	if q.Filter != nil {
		only = q.Filter.Status
	}
	p, err := s.openPage(caller, page.Request{Operation: q.Operation, Size: q.Size, Token: q.Token, Of: []string{q.InstanceARN, only}})
	if err != nil {
		return nil, "", err
	}
	err = s.read(ctx, caller, q.Operation, func(v *visit) error {
		if _, err := v.withPermissionSets(q.InstanceARN); err != nil {
			return err
		}
		rows, err := v.tx.OperationStatuses(q.Of.Name, only, p.At(0), p.Limit+1)
		if err != nil {
			return err
		}
		rows, nextToken = page.Cut(p, rows, func(row store.OperationStatus) []string { return []string{row.RequestID} })
		statuses = make([]status, len(rows))
		for n, row := range rows {
			statuses[n] = status{Status: row.Status(v.tx.Millis()), RequestID: row.RequestID, CreatedDate: api.Timestamp(row.CreatedAt)}
		}
		return nil
	})
	return statuses, nextToken, err
}

// failureReason is shown once the operation has ended.
func (v *visit) failureReason(o store.OperationStatus) string {
	if o.Status(v.tx.Millis()) != store.OperationFailed {
		return ""
	}
	return o.FailureReason
}
