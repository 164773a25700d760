// Package token is the token service (sso-oidc): clients register, people grant, clients redeem. It owns the rules of the grants and
// of the two endpoints that people pass through, /authorize and /device; how pages and requests look is for the rims, who the person
// is for signin.
package token

import (
	"log/slog"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/assertion"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/policy"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// Options are what the service is given.
type Options struct {
	Store *store.Store
	Ring  *keys.Ring
	Clock *sys.Clock
	Log   *slog.Logger

	Issuer    string    // our base URL, without a slash at the end; also iss of ID tokens
	StartURLs StartURLs // the addresses of the instance

	SessionDuration    time.Duration // life of what a person grants
	RefreshWindow      time.Duration // how long a spent refresh token gets its answer again
	DeviceCodeLifetime time.Duration
	PollInterval       time.Duration // between polls of one device code
	DeviceGrant        bool          // whether the device grant may be used at all
	ApprovalMaxAge     time.Duration // how old the sign-in of somebody who approves a device may be
	RegisterRate       float64       // registrations per second and address, 0 for no limit
	DeviceStartRate    float64       // device authorizations begun per second and address, 0 for no limit

	// What follows is for CreateTokenWithIAM.

	OwnerAccountID  string  // the account that the instance belongs to
	ApplicationRate float64 // requests per second and application, 0 for no limit; AWS allows 80
	AssertionRate   float64 // assertions per second and instance, 0 for no limit; AWS allows 10
	// Assertions verifies the assertions of trusted token issuers; nil for one that reaches issuers at public addresses only.
	Assertions *assertion.Verifier
	// TrustEmail takes e-mail addresses from issuers that say nothing about whether they verified them.
	TrustEmail bool
	// Access gathers what the caller's side says; nil is for callers without policies.
	Access creds.Access
	// AWSAuthTime writes auth_time in the ID tokens of applications as AWS does: as a date in place of a number.
	AWSAuthTime bool
	// KMSReason has CreateTokenWithIAM refuse as if the encryption key of the instance were of no use: one of those that CheckKMSReason
	// lets pass, empty for not so.
	KMSReason string
	// OtherRegions are the endpoints of the instance in other Regions: who signs for one of those is sent there.
	OtherRegions map[string]string
}

// Service is the token service.
type Service struct {
	Options
	known         clientCache
	polls         *pace // of device codes
	registrations *pace // of addresses
	starts        *pace // of addresses

	applicationRate *pace // of applications
	assertionRate   *pace // of instances
	policies        policy.Cache
	grants          grantsRead
}

// New makes the service.
func New(options Options) *Service {
	s := &Service{
		Options:         options,
		polls:           newPace(options.PollInterval, pollBurst),
		registrations:   ratePace(options.RegisterRate),
		starts:          ratePace(options.DeviceStartRate),
		applicationRate: ratePace(options.ApplicationRate),
		assertionRate:   ratePace(options.AssertionRate),
	}
	if s.Assertions == nil {
		s.Assertions = assertion.New(assertion.Options{Now: options.Clock.Now})
	}
	if s.Access == nil {
		s.Access = creds.BySignature
	}
	return s
}

// Handlers are the operations of the service.
func (s *Service) Handlers() []api.Handler {
	return []api.Handler{
		api.CreateToken.Handle(s.CreateToken),
		api.CreateTokenWithIAM.Handle(s.CreateTokenWithIAM),
		api.RegisterClient.Handle(s.RegisterClient),
		api.StartDeviceAuthorization.Handle(s.StartDeviceAuthorization),
	}
}

// Person is who stands behind a decision: a user, and how and when they proved it.
type Person struct {
	UserID   string
	SignInID string
	AuthTime time.Time
}

// Fresh reports whether the person signed in recently enough to approve a device.
func (s *Service) Fresh(p Person) bool { return s.Clock.Now().Sub(p.AuthTime) <= s.ApprovalMaxAge }

var slowDown = fault.SlowDown.Refuse("Too many requests: wait a few seconds, then try again")
