package session

import (
	"context"
	"slices"
	"strconv"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/fault"
	"sallyport/internal/jmespath"
	"sallyport/internal/ssocache"
)

// The pace of polling. A server says how fast and how long; within these bounds we do as it says.
const (
	defaultInterval = 5 * time.Second // RFC 8628 §3.2, where the server names none
	slowDown        = 5 * time.Second // RFC 8628 §3.5, for every SlowDownException
	maxInterval     = time.Minute     // further apart, the person would wait for us
	maxDeviceLife   = time.Hour       // nobody approves a code of yesterday
)

// deviceAuthorization is what StartDeviceAuthorization answers, looked at.
type deviceAuthorization struct {
	deviceCode string
	prompt     Prompt
	interval   time.Duration
}

// loginWithDevice signs in with a device code (RFC 8628).
func (r registrar) loginWithDevice(ctx context.Context, show func(Prompt)) (ssocache.Registration, issued, error) {
	registration, device, err := r.startDevice(ctx)
	if err != nil {
		return registration, issued{}, err
	}
	show(device.prompt)
	tokens, err := r.poll(ctx, registration, device)
	return registration, tokens, err
}

// startDevice begins (SSO OIDC StartDeviceAuthorization, RFC 8628 §3.1). A client that the server no longer knows is replaced, once.
func (r registrar) startDevice(ctx context.Context) (ssocache.Registration, deviceAuthorization, error) {
	registration, found := r.kept()
	if found {
		device, err := r.startDeviceAs(ctx, registration)
		if !refused(err, fault.InvalidClient) {
			return registration, device, err
		}
	}
	registration, err := r.register(ctx)
	if err != nil {
		return registration, deviceAuthorization{}, err
	}
	device, err := r.startDeviceAs(ctx, registration)
	return registration, device, err
}

func (r registrar) deviceRequest(registration ssocache.Registration) []jmespath.Member {
	return []jmespath.Member{text("clientId", registration.ClientID), text("clientSecret", registration.ClientSecret), text("startUrl", r.StartURL)}
}

func (r registrar) startDeviceAs(ctx context.Context, registration ssocache.Registration) (deviceAuthorization, error) {
	answer, err := r.call(ctx, api.StartDeviceAuthorization.Operation, r.deviceRequest(registration)...)
	if err != nil {
		return deviceAuthorization{}, err
	}
	return readDevice(answer, r.now())
}

// readDevice looks at an answer before any of it is shown.
func readDevice(answer jmespath.Value, now time.Time) (deviceAuthorization, error) {
	device := deviceAuthorization{
		deviceCode: member(answer, "deviceCode").Text(),
		interval:   seconds(member(answer, "interval"), defaultInterval, maxInterval),
		prompt: Prompt{
			Code:  member(answer, "userCode").Text(),
			Until: now.Add(seconds(member(answer, "expiresIn"), maxDeviceLife, maxDeviceLife)),
		},
	}
	var plain, complete bool
	device.prompt.PageURL, plain = webURL(member(answer, "verificationUri").Text())
	device.prompt.URL, complete = webURL(member(answer, "verificationUriComplete").Text())
	if !complete { // it is optional (RFC 8628 §3.2)
		device.prompt.URL = device.prompt.PageURL
	}
	operation := api.StartDeviceAuthorization.Operation
	switch {
	case device.deviceCode == "":
		return device, unusable(operation, "it lacks deviceCode")
	case !isUserCode(device.prompt.Code):
		return device, unusable(operation, "userCode is no code that a person can type")
	case !plain:
		return device, unusable(operation, "verificationUri is no http or https URL")
	}
	return device, nil
}

// seconds is a time that a server named, within bounds.
func seconds(value jmespath.Value, missing, most time.Duration) time.Duration {
	n, err := strconv.ParseInt(value.Number(), 10, 64)
	if err != nil || n <= 0 {
		return missing
	}
	return time.Duration(min(n, int64(most/time.Second))) * time.Second
}

// poll asks until the person has decided (RFC 8628 §3.4).
func (r registrar) poll(ctx context.Context, registration ssocache.Registration, device deviceAuthorization) (issued, error) {
	interval := device.interval
	for {
		if err := r.settings.Wait(ctx, interval); err != nil {
			return issued{}, err
		}
		tokens, err := r.createToken(ctx, text("clientId", registration.ClientID), text("clientSecret", registration.ClientSecret),
			text("grantType", grantDevice), text("deviceCode", device.deviceCode))
		if err == nil {
			return tokens, nil
		}
		next, goOn := nextInterval(err, interval)
		switch {
		case ctx.Err() != nil:
			return issued{}, ctx.Err()
		case refused(err, fault.ExpiredToken), goOn && !r.now().Before(device.prompt.Until):
			return issued{}, r.tooLate()
		case !goOn:
			return issued{}, err
		}
		interval = next
	}
}

// passing are the codes of errors of a server that may be well again at the next poll.
var passing = []string{fault.InternalServer.Name, fault.TooManyRequests.Name, fault.TemporarilyUnavailable.Name, "429", "500", "502", "503", "504"}

// nextInterval is how long to wait after a poll that brought no token, and whether to go on at all: slower by five seconds when told so,
// and half as fast when the server or the way to it is in trouble (RFC 8628 §3.5).
func nextInterval(err error, interval time.Duration) (next time.Duration, goOn bool) {
	switch code := refusalCode(err); {
	case code == fault.AuthorizationPending.Name:
		return interval, true
	case code == fault.SlowDown.Name:
		return min(interval+slowDown, maxInterval), true
	case slices.Contains(passing, code), isConnectionFailure(err):
		return min(2*interval, maxInterval), true
	}
	return interval, false
}

// isConnectionFailure reports whether an operation failed for another reason than an answer of the service. The operations before it went
// well, so the configuration is good.
func isConnectionFailure(err error) bool {
	failure, ok := err.(*command.Failure)
	return ok && failure.Exit == command.ExitOther
}
