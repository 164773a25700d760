package token

import (
	"context"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// deviceCodeGrant redeems what a person approved on the device page (RFC 8628 §3.4, §3.5).
var deviceCodeGrant = grant{
	Type:   oauth.GrantDeviceCode,
	Check:  func(in *api.CreateTokenRequest) error { return require("deviceCode", in.DeviceCode) },
	Peek:   peekDevice,
	Redeem: redeemDevice,
}

var (
	authorizationPending = fault.AuthorizationPending.Refuse("Authorization is still pending")
	deviceTooFast        = fault.SlowDown.Refuse("Polling too fast: wait for the interval between polls")
	deviceExpired        = fault.ExpiredToken.Refuse("The device code has expired: start again")
	deviceDenied         = fault.AccessDenied.Refuse("The request was denied in the browser")
	deviceUnknown        = fault.InvalidGrant.Refuse("Invalid device code provided")
)

// peekDevice answers the polls that change nothing. A poll counts once, however often the database had to be asked.
func peekDevice(ctx context.Context, s *Service, r *tokenRequest) error {
	var device store.Device
	var now time.Time
	err := s.Store.Look(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now
		device, err = s.deviceOf(r, tx.PollDevice)
		return err
	})
	if err != nil {
		return err
	}
	err = pollDevice(device, now.UnixMilli())
	if err == authorizationPending && !s.polls.allow(device.DeviceID, now) {
		return deviceTooFast
	}
	return err
}

// deviceOf finds the authorization that the client's device code stands for. Unknown codes and those of other clients are alike.
func (s *Service) deviceOf(r *tokenRequest, find func(deviceID, codeDigest, clientID string) (store.Device, bool, error)) (store.Device, error) {
	if !s.DeviceGrant {
		return store.Device{}, deviceGrantOff
	}
	device, found, err := find(rowOf(r.DeviceCode), s.Ring.Digest(digestDeviceCode, r.DeviceCode), r.client.ID)
	if err == nil && !found {
		err = deviceUnknown
	}
	return device, err
}

// pollDevice is the verdict on a poll at the moment: nil when the device authorization may be redeemed, or was.
func pollDevice(d store.Device, now int64) error {
	switch {
	case d.State == store.DeviceDenied:
		return deviceDenied
	case d.State == store.DeviceSpent:
		return nil // the redemption looks at who comes again
	case now >= d.ExpiresAt:
		return deviceExpired
	case d.State == store.DevicePending:
		return authorizationPending
	}
	return nil
}

func redeemDevice(s *Service, tx *store.Tx, r *tokenRequest) (issue, error) {
	device, err := s.deviceOf(r, tx.DeviceByCode)
	if err != nil {
		return issue{}, err
	}
	if err := pollDevice(device, tx.Millis()); err != nil {
		return issue{}, err
	}
	if device.State == store.DeviceSpent {
		if err := r.replayed(tx, spentBefore{device.SessionID, device.SpentAt, device.SpentFrom}, device.UserID); err != nil {
			return issue{}, err
		}
		return issue{}, deviceUnknown.Because("the device code was spent already")
	}
	user, scopes, spending, err := r.spend(tx, device.UserID, device.SignInID, device.Scopes)
	if err != nil {
		return issue{}, err
	}
	spent, err := tx.SpendDevice(device.DeviceID, spending)
	if err != nil {
		return issue{}, err
	}
	if !spent {
		return issue{}, deviceUnknown.Because("another request was faster")
	}
	session, err := s.begin(tx, &r.redemption, granted{
		sessionID: spending.SessionID, userID: user.UserID, signInID: device.SignInID, authTime: device.AuthTime, scopes: device.Scopes,
		refreshable: r.client.refreshable(),
	})
	s.polls.drop(device.DeviceID)
	return issue{session: session, scopes: scopes, user: user}, err
}
