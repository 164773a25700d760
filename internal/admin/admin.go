// Package admin is sso-admin: the configuration of an instance. It owns the rules of applications, their grants, scopes, authentication
// methods and assignments, of trusted token issuers, permission sets, account assignments, tags and instances. Who may call an operation at
// all is decided before it runs, by the policies of the signer; what remains here is to whom a thing belongs. What the settings do to tokens
// and credentials is decided where those are issued.
//
// There is one organization instance, which the installation was made for. Any account but its owner can have one instance of its own
// besides, with applications and issuers but without permission sets; all of them share one directory. An id of an instance that the
// caller's account cannot see is answered like one that does not exist.
package admin

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/audit"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/trace"
)

// Options are what the service is given.
type Options struct {
	Store *store.Store
	Ring  *keys.Ring // seals where lists go on
	Clock *sys.Clock
	Log   *slog.Logger
	// AssignmentDelay is how long account assignments and provisionings take until they are in effect; nil for not at all.
	AssignmentDelay func() time.Duration
}

// Service is sso-admin.
type Service struct{ Options }

// New makes the service.
func New(options Options) *Service { return &Service{options} }

// visit is one operation of one caller in one transaction. Its methods find what the caller names and refuse what is not theirs, which
// every operation asks first.
type visit struct {
	tx        *store.Tx
	operation *api.Operation
	account   string         // of the caller
	home      store.Instance // the organization instance
}

// instance is an instance of either kind.
type instance struct {
	ID             string
	OwnerAccountID string
	Name           string
	CreatedAt      int64
	Organization   bool // the installation's own; others belong to single accounts
}

// ARN is the name of the instance.
func (i instance) ARN() string { return arn.Instance{InstanceID: i.ID}.String() }

// read runs an operation that changes nothing.
func (s *Service) read(ctx context.Context, caller api.Caller, operation *api.Operation, fn func(*visit) error) error {
	view := s.Store.View
	if strings.HasPrefix(operation.Name, "List") { // lists may be some seconds old
		view = s.Store.ViewStale
	}
	return s.explained(ctx, view(ctx, func(tx *store.Tx) error {
		v, err := newVisit(tx, caller, operation)
		if err != nil {
			return err
		}
		return fn(v)
	}))
}

// explained writes into the trace whose a thing is that a caller may not use: the refusal does not tell. Who asks for a row that cannot be read
// hears just that.
func (s *Service) explained(ctx context.Context, err error) error {
	if s.Store.NoteUnreadable(err) {
		return fault.InternalServer.Refuse("What is stored about this cannot be read: put it anew, or have the operator run sallyport verify").Because("%v", err)
	}
	if refusal, ok := fault.As(err); ok && refusal.Cause() != "" {
		trace.From(ctx).Fail("resource", "%s", refusal.Cause())
	}
	return err
}

// change runs an operation that changes something, of which fn returns the ARN, and records that. Where fn finds that all is as it should
// be, it returns an empty ARN and nothing is recorded. A refusal of fn commits, so fn refuses before it changes anything.
func (s *Service) change(ctx context.Context, caller api.Caller, operation *api.Operation, fn func(*visit) (subject string, err error)) error {
	return s.explained(ctx, audit.Change(ctx, s.Store, s.Log, caller, func(tx *store.Tx) (audit.Event, error) {
		v, err := newVisit(tx, caller, operation)
		if err != nil {
			return audit.Event{}, err
		}
		subject, err := fn(v)
		if err != nil || subject == "" {
			return audit.Event{}, err
		}
		return changed(caller, operation, subject), nil
	}))
}

// changed is the event of a change. Its name is that of the operation, as CloudTrail has it.
func changed(caller api.Caller, operation *api.Operation, subject string) audit.Event {
	event := audit.Event{Name: audit.Name(operation.Name), Detail: subject}
	if signer := caller.Signer; signer != nil {
		event.Detail += " by " + signer.ARN
		if signer.OnBehalfOf != nil {
			event.UserID = signer.OnBehalfOf.UserID
		}
	}
	return event
}

func newVisit(tx *store.Tx, caller api.Caller, operation *api.Operation) (*visit, error) {
	home, found, err := tx.Instance()
	if err == nil && !found {
		err = errors.New("admin: the store has no instance")
	}
	v := &visit{tx: tx, operation: operation, home: home}
	if caller.Signer != nil {
		v.account = caller.Signer.Account
	}
	return v, err
}

// missing refuses a thing that does not exist for the caller. Operations whose model knows no such refusal answer that access is denied, as
// DescribeInstance of AWS does for an instance that was deleted.
func (v *visit) missing(sentence string) *fault.Refusal {
	return v.either(fault.NotFound, fault.AdminAccessDenied, sentence)
}

// tooMany refuses what goes beyond a quota. Operations whose model knows no such refusal call the input invalid.
func (v *visit) tooMany(sentence string) *fault.Refusal {
	return v.either(fault.QuotaExceeded, fault.Validation, sentence)
}

func (v *visit) either(modelled, otherwise *fault.Kind, sentence string) *fault.Refusal {
	if slices.Contains(v.operation.Refusals, modelled) {
		return modelled.Refuse(sentence)
	}
	return otherwise.Refuse(sentence)
}

// identityStoreARN names the directory, which all instances share.
func (v *visit) identityStoreARN() string {
	return arn.IdentityStore{Account: v.home.OwnerAccountID, IdentityStoreID: v.home.IdentityStoreID}.String()
}

// organization is the instance that the installation was made for.
func (v *visit) organization() instance {
	return instance{
		ID: v.home.InstanceID, OwnerAccountID: v.home.OwnerAccountID, Name: v.home.Name, CreatedAt: v.home.CreatedAt, Organization: true,
	}
}

func ofAccount(i store.AccountInstance) instance {
	return instance{ID: i.InstanceID, OwnerAccountID: i.AccountID, Name: i.Name, CreatedAt: i.CreatedAt}
}

const noInstance = "Could not find the instance: list the instances that you can use with ListInstances"

// instance finds an instance that the caller's account can see: the organization's, or its own.
func (v *visit) instance(text string) (instance, error) {
	name, err := arn.ParseInstance(text)
	if err != nil {
		return instance{}, v.missing(noInstance).Because("%v", err)
	}
	return v.instanceByID(name.InstanceID)
}

func (v *visit) instanceByID(id string) (instance, error) {
	if id == v.home.InstanceID {
		return v.organization(), nil
	}
	row, found, err := v.tx.AccountInstance(id)
	switch {
	case err != nil:
		return instance{}, err
	case !found:
		return instance{}, v.missing(noInstance)
	case row.AccountID != v.account:
		return instance{}, v.missing(noInstance).Because("instance %s belongs to account %s", id, row.AccountID)
	}
	return ofAccount(row), nil
}

// own finds an instance that the caller's account owns, which alone may change what belongs to the instance itself.
func (v *visit) own(text string) (instance, error) {
	i, err := v.instance(text)
	if err != nil {
		return instance{}, err
	}
	return i, v.mustOwn(i)
}

func (v *visit) mustOwn(i instance) error {
	if i.OwnerAccountID != v.account {
		return fault.AdminAccessDenied.Refuse("Only the account that owns the instance may do this: sign with credentials of that account").
			Because("the instance belongs to account %s, the caller to account %s", i.OwnerAccountID, v.account)
	}
	return nil
}

// withPermissionSets finds the instance for operations on permission sets and account assignments, which the organization instance alone
// has and its owner alone may use.
func (v *visit) withPermissionSets(text string) (instance, error) {
	i, err := v.own(text)
	if err == nil && !i.Organization {
		err = fault.Validation.Refuse("The instance of a single account has no permission sets: use the organization instance")
	}
	return i, err
}

const noApplication = "Could not find the application: list those of the instance with ListApplications"

// application finds an application for its own account or for the owner of its instance.
func (v *visit) application(text string) (store.Application, error) {
	name, err := arn.ParseApplication(text)
	if err != nil {
		return store.Application{}, v.missing(noApplication).Because("%v", err)
	}
	a, found, err := v.tx.Application(name.ApplicationID)
	switch {
	case err != nil:
		return a, err
	case !found:
		return a, v.missing(noApplication)
	case a.InstanceID != name.InstanceID || a.AccountID != name.Account:
		return a, v.missing(noApplication).Because("the application has the ARN %s", a.ARN())
	case a.AccountID != v.account && !v.ownsHome(a.InstanceID):
		return a, v.missing(noApplication).Because("the application belongs to account %s, the caller to %s", a.AccountID, v.account)
	}
	return a, nil
}

// ownsHome tells whether the instance is the organization's and the caller of the account that owns it.
func (v *visit) ownsHome(instanceID string) bool {
	return instanceID == v.home.InstanceID && v.account == v.home.OwnerAccountID
}

const noIssuer = "Could not find the trusted token issuer: list those of the instance with ListTrustedTokenIssuers"

// issuer finds a trusted token issuer of an instance that the caller can see.
func (v *visit) issuer(text string) (store.TrustedTokenIssuer, instance, error) {
	name, err := arn.ParseTrustedTokenIssuer(text)
	if err != nil {
		return store.TrustedTokenIssuer{}, instance{}, v.missing(noIssuer).Because("%v", err)
	}
	issuer, found, err := v.tx.TrustedTokenIssuer(name.IssuerID)
	switch {
	case err != nil:
		return issuer, instance{}, err
	case !found:
		return issuer, instance{}, v.missing(noIssuer)
	case issuer.InstanceID != name.InstanceID || issuer.AccountID != name.Account:
		return issuer, instance{}, v.missing(noIssuer).Because("the issuer has the ARN %s", issuer.ARN())
	}
	i, err := v.instanceByID(issuer.InstanceID)
	return issuer, i, err
}

const (
	noAccount   = "Could not find the account: accounts are those of the directory, by their 12 digits"
	noPrincipal = "Could not find the principal: PrincipalId must be the id of a user or group of the identity store, of the PrincipalType given"
)

// checkAccount refuses an account that the directory does not have.
func (v *visit) checkAccount(accountID string) error {
	_, found, err := v.tx.Account(accountID)
	if err == nil && !found {
		err = v.missing(noAccount)
	}
	return err
}

// checkPrincipal refuses a user or group that the identity store does not have.
func (v *visit) checkPrincipal(p store.Principal) error {
	exists, err := v.tx.PrincipalExists(p.Type, p.ID)
	if err == nil && !exists {
		err = v.missing(noPrincipal)
	}
	return err
}
