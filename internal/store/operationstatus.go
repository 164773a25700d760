package store

// OperationStatus is how an asynchronous operation of sso-admin went, or goes. Nothing runs behind it: the operation took effect, or will,
// at EndsAt, and who reads the row compares that with the moment.
type OperationStatus struct {
	RequestID     string // a UUID that sorts by age
	Operation     string // name of the operation that was called
	Outcome       string // OperationSucceeded or OperationFailed, once it has ended
	FailureReason string
	Assignment    Assignment // without principal for a provisioning; without account for one of all accounts
	CreatedAt     int64
	EndsAt        int64
}

// What an operation's status can be, in the words of the service model.
const (
	OperationInProgress = "IN_PROGRESS"
	OperationSucceeded  = "SUCCEEDED"
	OperationFailed     = "FAILED"
)

// Status is what the operation has come to at the moment, in Unix milliseconds.
func (o OperationStatus) Status(now int64) string {
	if o.EndsAt > now {
		return OperationInProgress
	}
	return o.Outcome
}

const operationStatusColumns = `request_id, operation, outcome, failure_reason, principal_type, principal_id, account_id,
	permission_set_id, created_at, ends_at`

func scanOperationStatus(r row) OperationStatus {
	return OperationStatus{r.text(0), r.text(1), r.text(2), r.text(3), Assignment{r.text(4), r.text(5), r.text(6), r.text(7)}, r.int(8), r.int(9)}
}

// AddOperationStatus keeps a status.
func (tx *Tx) AddOperationStatus(o OperationStatus) error {
	settled := 0
	if o.EndsAt <= tx.Millis() {
		settled = 1
	}
	_, err := tx.exec(`INSERT INTO operation_status (request_id, operation, outcome, failure_reason, principal_type, principal_id,
			account_id, permission_set_id, created_at, ends_at, settled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, o.RequestID, o.Operation, o.Outcome, o.FailureReason,
		o.Assignment.PrincipalType, o.Assignment.PrincipalID, o.Assignment.AccountID, o.Assignment.PermissionSetID, o.CreatedAt, o.EndsAt, settled)
	return err
}

// OperationStatus finds the status of a request of that operation.
func (tx *Tx) OperationStatus(operation, requestID string) (o OperationStatus, found bool, err error) {
	found, err = tx.one(`SELECT `+operationStatusColumns+` FROM operation_status WHERE request_id = $1 AND operation = $2`,
		func(r row) { o = scanOperationStatus(r) }, requestID, operation)
	return o, found, err
}

// afterEveryRequest sorts behind every request id.
const afterEveryRequest = "~"

// OperationStatuses returns up to limit statuses of an operation, the newest first, those of requests before the given one. An empty
// status is any.
func (tx *Tx) OperationStatuses(operation, status, before string, limit int) ([]OperationStatus, error) {
	if before == "" {
		before = afterEveryRequest
	}
	switch status {
	case "":
		return list(tx, scanOperationStatus, `SELECT `+operationStatusColumns+` FROM operation_status
			WHERE operation = $1 AND request_id < $2 ORDER BY request_id DESC LIMIT $3`, operation, before, limit)
	case OperationInProgress:
		return list(tx, scanOperationStatus, `SELECT `+operationStatusColumns+` FROM operation_status
			WHERE settled = 0 AND ends_at > $4 AND operation = $1 AND request_id < $2 ORDER BY request_id DESC LIMIT $3`,
			operation, before, limit, tx.Millis())
	}
	return list(tx, scanOperationStatus, `SELECT `+operationStatusColumns+` FROM operation_status
		WHERE operation = $1 AND outcome = $4 AND request_id < $2 AND ends_at <= $5 ORDER BY request_id DESC LIMIT $3`,
		operation, before, limit, status, tx.Millis())
}

// OutstandingOperations returns how many requests of an operation have not ended yet.
func (tx *Tx) OutstandingOperations(operation string) (count int64, err error) {
	_, err = tx.one(`SELECT COUNT(*) FROM operation_status WHERE settled = 0 AND ends_at > $2 AND operation = $1`,
		func(r row) { count = r.int(0) }, operation, tx.Millis())
	return count, err
}

// SettleOperations removes assignments that have ended, which readers pass over already, and what they leave provisioned. It touches what
// ended since it was called last.
func (tx *Tx) SettleOperations() error {
	return tx.each([]string{
		`DELETE FROM account_assignment WHERE ends_at > 0 AND ends_at <= $1
			AND (principal_type, principal_id, account_id, permission_set_id) IN
				(SELECT principal_type, principal_id, account_id, permission_set_id FROM operation_status
				WHERE settled = 0 AND ends_at <= $1)`,
		`DELETE FROM permission_set_provisioning WHERE (permission_set_id, account_id) IN
				(SELECT permission_set_id, account_id FROM operation_status WHERE settled = 0 AND ends_at <= $1)
			AND NOT EXISTS (SELECT 1 FROM account_assignment a WHERE a.account_id = permission_set_provisioning.account_id
				AND a.permission_set_id = permission_set_provisioning.permission_set_id)`,
		`UPDATE operation_status SET settled = 1 WHERE settled = 0 AND ends_at <= $1`,
	}, tx.Millis())
}
