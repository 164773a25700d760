// Package audit records what somebody may have to answer for: one row in the transaction that did it, and one line in the log once it
// is done. It decides nothing. Reads are not audited in the store, because a read path writes nothing; they have their log line.
package audit

import (
	"context"
	"log/slog"

	"sallyport/internal/api"
	"sallyport/internal/store"
)

// Name says what happened.
type Name string

// The events.
const (
	SignedIn         Name = "SignedIn"
	SignInFailed     Name = "SignInFailed"
	SignedOut        Name = "SignedOut"
	PasswordSet      Name = "PasswordSet"
	DeviceApproved   Name = "DeviceApproved"
	DeviceDenied     Name = "DeviceDenied"
	UserCodeMissed   Name = "UserCodeMissed"
	ConsentGiven     Name = "ConsentGiven"
	ConsentDenied    Name = "ConsentDenied"
	SessionBegun     Name = "SessionBegun"
	CodeReplayed     Name = "CodeReplayed"
	RefreshReplayed  Name = "RefreshReplayed"
	SessionRevoked   Name = "SessionRevoked"
	DirectoryApplied Name = "DirectoryApplied"
)

// The events of the key ring.
const (
	KeyRotated     Name = "KeyRotated"
	KeyRetired     Name = "KeyRetired"
	RootKeyChanged Name = "RootKeyChanged"
)

// The events of users, roles and OpenID providers of accounts, and of their keys and policies.
const (
	IAMUserCreated      Name = "IAMUserCreated"
	IAMUserDeleted      Name = "IAMUserDeleted"
	IAMRoleCreated      Name = "IAMRoleCreated"
	IAMRoleUpdated      Name = "IAMRoleUpdated"
	IAMRoleDeleted      Name = "IAMRoleDeleted"
	IAMPolicyPut        Name = "IAMPolicyPut"
	IAMPolicyDeleted    Name = "IAMPolicyDeleted"
	AccessKeyCreated    Name = "AccessKeyCreated"
	AccessKeyUpdated    Name = "AccessKeyUpdated"
	AccessKeyRotated    Name = "AccessKeyRotated"
	AccessKeyDeleted    Name = "AccessKeyDeleted"
	OIDCProviderCreated Name = "OIDCProviderCreated"
	OIDCProviderUpdated Name = "OIDCProviderUpdated"
	OIDCProviderDeleted Name = "OIDCProviderDeleted"
)

// Event is one thing that happened. Empty fields do not apply.
type Event struct {
	Name      Name
	UserID    string
	ClientID  string // registration id
	SessionID string
	Detail    string // for people; holds no secret
}

// Change runs fn in a transaction, records the event that it returns in the same one, and logs it once that is on disk. An event without a
// name is none: nothing happened that anybody answers for. An event beside an error is none, either.
func Change(ctx context.Context, s *store.Store, log *slog.Logger, caller api.Caller, fn func(*store.Tx) (Event, error)) error {
	var event Event
	err := s.Update(ctx, func(tx *store.Tx) (err error) {
		if event, err = fn(tx); err != nil || event.Name == "" {
			return err
		}
		return Record(tx, caller, event)
	})
	if err == nil && event.Name != "" {
		Log(ctx, log, caller, event)
	}
	return err
}

// Record writes the event in the transaction, on behalf of the caller.
func Record(tx *store.Tx, caller api.Caller, e Event) error {
	return tx.AddAuditEvent(store.AuditEvent{
		Name: string(e.Name), RequestID: caller.RequestID, UserID: e.UserID, ClientID: e.ClientID, SessionID: e.SessionID,
		Address: address(caller), Detail: e.Detail,
	})
}

// Log writes the event's line. Call it after the transaction, which may run more than once.
func Log(ctx context.Context, log *slog.Logger, caller api.Caller, e Event) {
	log.LogAttrs(ctx, slog.LevelInfo, string(e.Name), slog.String("user", e.UserID), slog.String("client", e.ClientID),
		slog.String("session", e.SessionID), slog.String("address", address(caller)), slog.String("detail", e.Detail))
}

// address is where the caller is, empty for an operator's command.
func address(caller api.Caller) string {
	if !caller.Address.IsValid() {
		return ""
	}
	return caller.Address.String()
}
