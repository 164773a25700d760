package token

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

const (
	digestDeviceCode = "device-code"
	digestUserCode   = "user-code"

	// userCodeAttempts bounds the tries to find a user code that no live authorization has. Of 2.56e10 codes, a second try is rare.
	userCodeAttempts = 5
	// maxAgent bounds what is kept of a User-Agent header.
	maxAgent = 256
)

var deviceGrantOff = fault.UnauthorizedClient.Refuse("This instance does not allow signing in with a device code: sign in with a browser on this machine")

// StartDeviceAuthorization begins a device authorization (RFC 8628 §3.1, §3.2).
func (s *Service) StartDeviceAuthorization(ctx context.Context, caller api.Caller, in *api.StartDeviceAuthorizationRequest) (*api.StartDeviceAuthorizationResponse, error) {
	client, err := s.authenticate(in.ClientID, in.ClientSecret)
	if err != nil {
		return nil, err
	}
	switch {
	case !s.DeviceGrant:
		return nil, deviceGrantOff
	case !client.allows(oauth.GrantDeviceCode):
		return nil, fault.UnauthorizedClient.Refuse("The client did not register for the grant " + string(oauth.GrantDeviceCode))
	case !s.StartURLs.Matches(in.StartURL):
		return nil, fault.InvalidRequest.Refuse("startUrl is not an address of this instance: " + s.StartURLs.AWS() + " and " + s.StartURLs.Own + " are")
	case !s.starts.allow(subscriber(caller.Address), s.Clock.Now()):
		return nil, slowDown
	}
	var deviceCode string
	var userCode oauth.UserCode
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		deviceCode, userCode, err = s.addDevice(tx, caller, client)
		return err
	})
	if err != nil {
		return nil, err
	}
	page := s.Issuer + "/device"
	return &api.StartDeviceAuthorizationResponse{
		DeviceCode:              deviceCode,
		UserCode:                userCode.String(),
		VerificationURI:         page,
		VerificationURIComplete: page + "?user_code=" + url.QueryEscape(userCode.String()),
		ExpiresIn:               int64(s.DeviceCodeLifetime / time.Second),
		Interval:                max(1, int64(s.PollInterval/time.Second)),
	}, nil
}

func (s *Service) addDevice(tx *store.Tx, caller api.Caller, client authenticatedClient) (string, oauth.UserCode, error) {
	device := store.Device{
		DeviceID:        sys.NewID(tx.Now),
		ClientID:        client.ID,
		ClientName:      client.Name,
		ClientCreatedAt: client.CreatedAt.UnixMilli(),
		Scopes:          client.Scopes.String(),
		Address:         caller.Address.String(),
		Agent:           clip(caller.Agent),
		CreatedAt:       tx.Millis(),
		ExpiresAt:       tx.Now.Add(s.DeviceCodeLifetime).UnixMilli(),
	}
	code := newCode(device.DeviceID)
	for range userCodeAttempts {
		userCode, err := oauth.NewUserCode(rand.Reader)
		if err != nil {
			return "", oauth.UserCode{}, err
		}
		added, err := tx.AddDevice(device, s.Ring.Digest(digestDeviceCode, code), s.Ring.Digest(digestUserCode, userCode.String()))
		if err != nil || added {
			return code, userCode, err
		}
	}
	return "", oauth.UserCode{}, errors.New("no free user code found")
}

// clip shortens a header for the store, at a letter's edge.
func clip(text string) string {
	if len(text) > maxAgent {
		text = text[:maxAgent]
	}
	return strings.ToValidUTF8(text, "")
}

// DeviceState is how far a device authorization has come, as the person at the browser sees it.
type DeviceState string

// The states that pages tell apart.
const (
	DevicePending  DeviceState = "pending"
	DeviceApproved DeviceState = "approved" // also when its code was redeemed since
	DeviceDenied   DeviceState = "denied"
	DeviceExpired  DeviceState = "expired"
)

// DeviceRequest is what a person sees before deciding on a device.
type DeviceRequest struct {
	DeviceID         string
	UserCode         oauth.UserCode
	State            DeviceState
	ClientName       string
	ClientRegistered time.Time
	Scopes           oauth.Scopes
	Address, Agent   string // of the device
	Started, Expires time.Time
	SessionEnds      time.Time // if approved now
}

// FindDevice finds the device authorization whose user code the person typed. It reports false for a code that is malformed or that
// nothing has; the two are told apart nowhere.
func (s *Service) FindDevice(ctx context.Context, typed string) (request DeviceRequest, found bool, err error) {
	userCode, ok := oauth.ParseUserCode(typed)
	if !ok {
		return DeviceRequest{}, false, nil
	}
	err = s.Store.Look(ctx, func(tx *store.Tx) error {
		device, ok, err := tx.DeviceByUserCode(s.Ring.Digest(digestUserCode, userCode.String()))
		if err == nil && ok {
			request, found = s.describe(tx, device, userCode), true
		}
		return err
	})
	return request, found, err
}

func (s *Service) describe(tx *store.Tx, d store.Device, userCode oauth.UserCode) DeviceRequest {
	scopes, _ := oauth.ParseScopeParam(d.Scopes)
	return DeviceRequest{
		DeviceID: d.DeviceID, UserCode: userCode, State: deviceState(d, tx.Now),
		ClientName: d.ClientName, ClientRegistered: time.UnixMilli(d.ClientCreatedAt).UTC(), Scopes: scopes,
		Address: d.Address, Agent: d.Agent,
		Started: time.UnixMilli(d.CreatedAt).UTC(), Expires: time.UnixMilli(d.ExpiresAt).UTC(),
		SessionEnds: tx.Now.Add(s.sessionLifetime(accessLifetime(scopes), scopes.Refreshable())),
	}
}

func deviceState(d store.Device, now time.Time) DeviceState {
	switch {
	case d.State == store.DeviceSpent || d.State == store.DeviceApproved:
		return DeviceApproved
	case d.State == store.DeviceDenied:
		return DeviceDenied
	case now.UnixMilli() >= d.ExpiresAt:
		return DeviceExpired
	default:
		return DevicePending
	}
}

// ErrStale is returned when somebody decides whose sign-in is too old for it: they have to sign in again.
var ErrStale = errors.New("token: the sign-in is too old")

// DecideDevice approves or denies a device authorization and returns the state it is in afterwards. A decision is final: who comes
// second learns what was decided, and changed is false.
func (s *Service) DecideDevice(ctx context.Context, caller api.Caller, person Person, deviceID string, approve bool) (state DeviceState, changed bool, err error) {
	if approve && !s.Fresh(person) {
		return "", false, ErrStale
	}
	decision := store.Decision{
		State: store.DeviceDenied, UserID: person.UserID, SignInID: person.SignInID, AuthTime: person.AuthTime.UnixMilli(),
		Address: caller.Address.String(),
	}
	name := audit.DeviceDenied
	if approve {
		decision.State, name = store.DeviceApproved, audit.DeviceApproved
	}
	err = audit.Change(ctx, s.Store, s.Log, caller, func(tx *store.Tx) (event audit.Event, err error) {
		if changed, err = tx.DecideDevice(deviceID, decision); err != nil {
			return event, err
		}
		device, found, err := tx.Device(deviceID)
		if err != nil || !found {
			return event, errors.Join(err, missing(found))
		}
		state = deviceState(device, tx.Now)
		if changed {
			event = audit.Event{Name: name, UserID: person.UserID, ClientID: device.ClientID, Detail: "device at " + device.Address}
		}
		return event, nil
	})
	return state, changed, err
}

func missing(found bool) error {
	if found {
		return nil
	}
	return fault.InvalidGrant.Refuse("The request is gone: start again from your device")
}
