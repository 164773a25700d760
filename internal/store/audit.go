package store

import "sallyport/internal/sys"

// AuditEvent is something that somebody may have to answer for.
type AuditEvent struct {
	Name      string
	RequestID string
	UserID    string
	ClientID  string
	SessionID string
	Address   string
	Detail    string
}

// AddAuditEvent records an event in the transaction that did what it tells of.
func (tx *Tx) AddAuditEvent(e AuditEvent) error {
	return tx.later(`INSERT INTO audit_event (event_id, name, request_id, user_id, client_id, session_id, address, detail, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		sys.NewID(tx.Now), e.Name, e.RequestID, e.UserID, e.ClientID, e.SessionID, e.Address, e.Detail, tx.Millis())
}
