// Package identitystore is the identity store (identitystore): the people and groups of the instance, and who is in which group. It owns
// which attributes they have, which of them must be there and be unique, and what a change of one may say. Who may call is decided before an
// operation runs, by the policies of the signer; passwords and sign-ins are for signin, and the operator's file for directory.
package identitystore

import (
	"context"
	"log/slog"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

// Options are what the service is given.
type Options struct {
	Store           *store.Store
	Ring            *keys.Ring // seals where lists go on
	Log             *slog.Logger
	IdentityStoreID string // the one that this installation keeps
}

// Service is the identity store.
type Service struct{ Options }

// New makes the service.
func New(options Options) *Service { return &Service{options} }

// Handlers are the operations of the service.
func (s *Service) Handlers() []api.Handler {
	return []api.Handler{
		api.CreateUser.Handle(s.CreateUser),
		api.DescribeUser.Handle(s.DescribeUser),
		api.GetUserId.Handle(s.GetUserID),
		api.ListUsers.Handle(s.ListUsers),
		api.UpdateUser.Handle(s.UpdateUser),
		api.DeleteUser.Handle(s.DeleteUser),
		api.CreateGroup.Handle(s.CreateGroup),
		api.DescribeGroup.Handle(s.DescribeGroup),
		api.GetGroupId.Handle(s.GetGroupID),
		api.ListGroups.Handle(s.ListGroups),
		api.UpdateGroup.Handle(s.UpdateGroup),
		api.DeleteGroup.Handle(s.DeleteGroup),
		api.CreateGroupMembership.Handle(s.CreateGroupMembership),
		api.DescribeGroupMembership.Handle(s.DescribeGroupMembership),
		api.GetGroupMembershipId.Handle(s.GetGroupMembershipID),
		api.IsMemberInGroups.Handle(s.IsMemberInGroups),
		api.ListGroupMemberships.Handle(s.ListGroupMemberships),
		api.ListGroupMembershipsForMember.Handle(s.ListGroupMembershipsForMember),
		api.DeleteGroupMembership.Handle(s.DeleteGroupMembership),
	}
}

// resource is what a refusal says is missing (ResourceType of the model).
type resource string

const (
	identityStore   resource = "IDENTITY_STORE"
	userResource    resource = "USER"
	groupResource   resource = "GROUP"
	groupMembership resource = "GROUP_MEMBERSHIP"
)

// notFound refuses a thing that does not exist. The id is the one that the caller sent, empty where it sent none.
func (r resource) notFound(id string) *fault.Refusal {
	return r.missing(string(r)+" not found.", id)
}

func (r resource) missing(sentence, id string) *fault.Refusal {
	refusal := fault.NotFound.Refuse(sentence).With("ResourceType", string(r))
	if id != "" {
		refusal = refusal.With("ResourceId", id)
	}
	return refusal
}

// duplicate refuses what exists already.
func duplicate(sentence string) *fault.Refusal {
	return fault.Conflict.Refuse(sentence).With("Reason", "UNIQUENESS_CONSTRAINT_VIOLATION")
}

// here refuses an identity store that is not this one.
func (s *Service) here(identityStoreID string) error {
	if identityStoreID != s.IdentityStoreID {
		return identityStore.notFound(identityStoreID)
	}
	return nil
}

// read runs an operation that changes nothing, in the identity store that the caller names.
func (s *Service) read(ctx context.Context, identityStoreID string, fn func(*store.Tx) error) error {
	return s.ask(ctx, identityStoreID, s.Store.View, fn)
}

// list is read for a list, which may be some seconds old.
func (s *Service) list(ctx context.Context, identityStoreID string, fn func(*store.Tx) error) error {
	return s.ask(ctx, identityStoreID, s.Store.ViewStale, fn)
}

func (s *Service) ask(ctx context.Context, identityStoreID string, view func(context.Context, func(*store.Tx) error) error, fn func(*store.Tx) error) error {
	err := s.here(identityStoreID)
	if err == nil {
		err = view(ctx, fn)
	}
	return s.explained(ctx, err)
}

// change is one operation that changes something.
type change struct {
	caller          api.Caller
	operation       *api.Operation
	identityStoreID string
}

// by is the ARN of who signed (CreatedBy and UpdatedBy).
func (c change) by() string {
	if c.caller.Signer == nil {
		return ""
	}
	return c.caller.Signer.ARN
}

// made is what a change did, for the record. Ids say whom it concerns: names are sensitive.
type made struct{ userID, detail string }

// change runs an operation that changes something and records it, once, in the same transaction. A refusal of fn commits, so fn refuses
// before it changes anything.
func (s *Service) change(ctx context.Context, c change, fn func(*store.Tx) (made, error)) error {
	if err := s.here(c.identityStoreID); err != nil {
		return s.explained(ctx, err)
	}
	return s.explained(ctx, audit.Change(ctx, s.Store, s.Log, c.caller, func(tx *store.Tx) (audit.Event, error) {
		what, err := fn(tx)
		// The event is named like the operation, as CloudTrail has it.
		return audit.Event{Name: audit.Name(c.operation.Name), UserID: what.userID, Detail: what.detail + " by " + c.by()}, err
	}))
}

// explained notes a refusal in the trace of the decision. Who asks for a row that cannot be read hears just that.
func (s *Service) explained(ctx context.Context, err error) error {
	if s.Store.NoteUnreadable(err) {
		return fault.InternalServer.Refuse("What is stored about this cannot be read: have the operator run sallyport verify").Because("%v", err)
	}
	if refusal, refused := fault.As(err); refused {
		trace.From(ctx).Fail("identity store", "%s: %s", refusal.Kind.Name, refusal.Message)
	}
	return err
}
