// Package api is the model of operations: for every operation of every service its name, its place on the wire, who may call it,
// the refusals it may give, and its input and output. Routes, decoding, validation, redaction and the command line derive from
// these values, and a test holds them against the published service models. What an operation does is a room's business; how its
// bytes look is a rim's.
package api

import (
	"context"
	"net/netip"
	"reflect"
	"slices"
	"sync"

	"sallyport/internal/fault"
)

// Protocol is how a service puts its operations on the wire.
type Protocol int

const (
	RESTJSON Protocol = iota // restJson1: a path an operation, JSON bodies
	Query                    // awsQuery: POST / with a form, XML answers
	JSON                     // awsJson1_1: POST / with X-Amz-Target, JSON bodies
)

// Service is one AWS service.
type Service struct {
	ID             string // service id of the SDKs: "SSO OIDC"
	Command        string // word on the command line: "sso-oidc"
	EndpointPrefix string // first labels of the AWS host: "oidc"
	SigningName    string // service in the credential scope of a signature
	IAMPrefix      string // of the actions in policies: "sso" of sso:CreateApplication
	TargetPrefix   string // of X-Amz-Target, for JSON
	Version        string // API version, YYYY-MM-DD
	Namespace      string // XML namespace of the answers, for Query
	Protocol       Protocol
	OAuthErrors    bool                     // refusals carry error and error_description (RFC 6749 §5.2) as well
	Exceptions     map[*fault.Kind][]string // members of the exceptions that have more than those two, in the order of the model
	Types          map[string]Constraint    // what the model demands of members of these types
	Operations     []*Operation             // in the order of the model
	ServedOnly     []*Operation             // answered by the server and not offered on the command line
	Purpose        string                   // one line for people, in our words
	Description    []string                 // paragraphs, in our words
}

// ExceptionMembers are the modelled members of an exception besides its message, in the order of the model.
func (s *Service) ExceptionMembers(kind *fault.Kind) []string {
	if members := s.Exceptions[kind]; members != nil || !s.OAuthErrors {
		return members
	}
	return []string{"error", "error_description"}
}

// Auth is what an operation asks of its caller.
type Auth int

const (
	AuthNone  Auth = iota // nothing at the rim; the input may carry a secret that the room checks
	AuthSigV4             // a Signature Version 4 under the service's signing name
)

// Operation is one operation.
type Operation struct {
	Service *Service
	Name    string // CreateToken
	Method  string
	Path    string
	Auth    Auth
	// ServedOnly marks an operation that this server answers and the command line does not offer.
	ServedOnly bool
	// OwnAuthorization marks a signed operation whose room decides itself who may call: identity policies alone do not.
	OwnAuthorization bool
	Refusals         []*fault.Kind // the modelled exceptions, in the order of the model
	Unlisted         []*fault.Kind // what the real service answers besides, not in the model
	Input            *Shape
	Output           *Shape
	Paging           *Paging // nil where the answer is one page
	Purpose          string  // one line for people, in our words
	// Description says in paragraphs what Purpose has no room for: when to call, what comes before and after. Examples has examples.
	Description []string

	load func() // makes Input and Output, once
}

// Paging names the members by which an answer goes on (model file paginators-1).
type Paging struct {
	Token  string // member of input and output
	Limit  string // member of the input
	Result string // member of the output that grows
}

// Caller is what the rim knows about who sent a request.
type Caller struct {
	Address   netip.Addr // resolved through trusted proxies
	Agent     string     // User-Agent header, cut to a sane length
	RequestID string
	Signer    *Signer // who signed the request, for operations with AuthSigV4
}

// Signer is the identity behind a verified signature.
type Signer struct {
	AccessKeyID string
	Account     string // 12 digits
	UserID      string // AROA…:session or AIDA…
	ARN         string
	Region      string // of the credential scope
	Kind        SignerKind
	UserName    string // of the IAM user, for UserSigner
	// RoleARN and RoleName are of the role with its path; both are empty for a user.
	RoleARN, RoleName string
	// Temporary tells short-lived credentials from long-lived ones.
	Temporary bool
	// SessionPolicies narrow what the credentials may do: documents given when the session was made.
	SessionPolicies []string
	SourceIdentity  string
	Tags            map[string]string // of the session, or of the principal
	TransitiveTags  []string          // keys of Tags that a chained session keeps
	OnBehalfOf      *Person           // whom an identity context names, for identity-enhanced sessions
	// FederatedProvider is the ARN of the OpenID provider whose token began the session, for those of AssumeRoleWithWebIdentity.
	FederatedProvider string
	UserSessionID     string // of the person's session that the credentials hang on
	ContextSessionID  string // of the session behind the context that they were begun with, on which they hang as well
	IssuedAt          int64  // of temporary credentials, Unix milliseconds
}

// SignerKind tells what kind of principal signed.
type SignerKind int

const (
	UserSigner SignerKind = iota // an IAM user
	RoleSigner                   // a session of a role, or a role with a long-lived key
)

// Person is whom an identity context names (AWS: onBehalfOf).
type Person struct {
	UserID, IdentityStoreARN, InstanceARN, ApplicationARN, CredentialID string
	// AuditOnly marks whom an audit context names: recorded with the session, and no ground for any decision.
	AuditOnly bool
}

// Authorize decides whether the signer may call the operation with the input, by the policies of the signer.
type Authorize func(ctx context.Context, caller Caller, operation *Operation, input any) error

// Key is what is known of the access key that a request names. An unknown one has no secret, which verifies nothing.
type Key struct {
	Known   bool
	Expired bool // its credentials are past their time
	Secret  string
	Signer  Signer
}

// FindKey looks up the access key of a request and the session token that came with it.
type FindKey func(ctx context.Context, accessKeyID, sessionToken string) (Key, error)

// Handler joins an operation to the one method that is its own.
type Handler struct {
	*Operation
	NewInput func() any
	Call     func(ctx context.Context, caller Caller, input any) (any, error)
}

// Op is an operation with its input and output types.
type Op[I, O any] struct{ *Operation }

// Handle joins the operation to its method. What the method returns beside an error goes nowhere.
func (o Op[I, O]) Handle(method func(context.Context, Caller, *I) (*O, error)) Handler {
	o.load()
	return Handler{
		Operation: o.Operation,
		NewInput:  func() any { return new(I) },
		Call: func(ctx context.Context, caller Caller, input any) (any, error) {
			output, err := method(ctx, caller, input.(*I))
			if err != nil {
				return nil, err
			}
			return output, nil
		},
	}
}

// Input is the shape of the operation's input.
func (o Op[I, O]) Input() *Shape {
	o.load()
	return o.Operation.Input
}

// Output is the shape of the operation's output.
func (o Op[I, O]) Output() *Shape {
	o.load()
	return o.Operation.Output
}

// define completes an operation and enters it into its service's list. The shapes of operations that the command line does not offer are made
// when somebody asks for them: a hundred of them would be a tenth of the time that a command takes.
func define[I, O any](service *Service, operation Operation) Op[I, O] {
	operation.Service = service
	operation.load = sync.OnceFunc(func() {
		operation.Input, operation.Output = shapeOf(reflect.TypeFor[I]()), shapeOf(reflect.TypeFor[O]())
		operation.Input.constrain(service.Types)
		operation.Output.constrain(service.Types)
	})
	if operation.ServedOnly {
		service.ServedOnly = append(service.ServedOnly, &operation)
	} else {
		operation.load()
		service.Operations = append(service.Operations, &operation)
	}
	return Op[I, O]{&operation}
}

// Services are the services of the command line, in the order in which it lists them.
var Services = []*Service{SSOOIDC, SSO, STS}

// Served are all services that the server answers.
var Served = []*Service{SSOOIDC, SSO, STS, SSOAdmin, IdentityStore}

// Answered are the operations of the service that the server answers.
func (s *Service) Answered() []*Operation {
	for _, operation := range s.ServedOnly {
		operation.load()
	}
	return slices.Concat(s.Operations, s.ServedOnly)
}
