package ssocache

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Token is what a sign-in left. Printing it in any way shows no secret.
type Token struct {
	StartURL              string
	Region                string
	AccessToken           string    `json:"-"`
	ExpiresAt             time.Time // of the access token
	ClientID              string    // that may refresh it, with its secret
	ClientSecret          string    `json:"-"`
	RegistrationExpiresAt time.Time
	RefreshToken          string `json:"-"`

	others []member
}

// The members of the files. Their order is the AWS CLI's.
const (
	memberStartURL              = "startUrl"
	memberRegion                = "region"
	memberAccessToken           = "accessToken"
	memberExpiresAt             = "expiresAt"
	memberClientID              = "clientId"
	memberClientSecret          = "clientSecret"
	memberRegistrationExpiresAt = "registrationExpiresAt"
	memberRefreshToken          = "refreshToken"
	memberScopes                = "scopes"
	memberGrantTypes            = "grantTypes"
	memberAuthorizationEndpoint = "authorizationEndpoint" // ours; the AWS CLI passes over it
)

// tokenOf reads a token, or tells why it is none. What could be read comes back in either case.
func tokenOf(all []member) (token Token, reason string) {
	var expires, registration string
	token.others = take(all, map[string]any{
		memberStartURL: &token.StartURL, memberRegion: &token.Region, memberAccessToken: &token.AccessToken,
		memberExpiresAt: &expires, memberClientID: &token.ClientID, memberClientSecret: &token.ClientSecret,
		memberRegistrationExpiresAt: &registration, memberRefreshToken: &token.RefreshToken,
	})
	token.RegistrationExpiresAt, _ = parseTime(registration)
	valid := false
	token.ExpiresAt, valid = parseTime(expires)
	switch {
	case token.AccessToken == "":
		return token, "has no " + memberAccessToken
	case !valid:
		return token, "has no " + memberExpiresAt + " that is a time"
	}
	return token, ""
}

func (t Token) members() []member {
	return append(slices.DeleteFunc([]member{
		textMember(memberStartURL, t.StartURL), textMember(memberRegion, t.Region), textMember(memberAccessToken, t.AccessToken),
		timeMember(memberExpiresAt, t.ExpiresAt), textMember(memberClientID, t.ClientID), textMember(memberClientSecret, t.ClientSecret),
		timeMember(memberRegistrationExpiresAt, t.RegistrationExpiresAt), textMember(memberRefreshToken, t.RefreshToken),
	}, absent), t.others...)
}

// IsOf reports whether the token is one of the server behind a start URL: both are of one host, however else they are spelled. One that does not
// tell is taken for such.
func (t Token) IsOf(startURL string) bool {
	if t.StartURL == "" {
		return true
	}
	own, err := url.Parse(t.StartURL)
	other, otherErr := url.Parse(startURL)
	return err == nil && otherErr == nil && strings.EqualFold(own.Host, other.Host)
}

// Refreshable reports whether the token has all that a refresh takes at the moment. A registration whose end is not known, as
// some SDKs leave it, is taken for valid: the server tells.
func (t Token) Refreshable(now time.Time) bool {
	return t.RefreshToken != "" && t.ClientID != "" && t.ClientSecret != "" &&
		(t.RegistrationExpiresAt.IsZero() || now.Before(t.RegistrationExpiresAt))
}

// String names the token without its secrets.
func (t Token) String() string {
	text := fmt.Sprintf("token of %s in %s until %s", t.StartURL, t.Region, t.ExpiresAt.UTC().Format(timeForm))
	if t.RefreshToken != "" {
		text += ", with a refresh token"
	}
	return text
}

// Format prints String for every verb, since %+v and %#v would print the fields.
func (t Token) Format(state fmt.State, _ rune) { io.WriteString(state, t.String()) }

// LogValue is the token in a log.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Registration is a client that the server knows. Printing it in any way shows no secret.
type Registration struct {
	ClientID     string
	ClientSecret string `json:"-"`
	ExpiresAt    time.Time
	Scopes       []string // that it was registered with; nil for none
	GrantTypes   []string // nil where it was registered without, for the device flow

	// AuthorizationEndpoint is the page that the server named at registration, empty where it named none or the AWS CLI wrote the file.
	AuthorizationEndpoint string

	others []member
}

// registrationOf reads a registration, or tells why it is none.
func registrationOf(all []member) (registration Registration, reason string) {
	var expires string
	registration.others = take(all, map[string]any{
		memberClientID: &registration.ClientID, memberClientSecret: &registration.ClientSecret, memberExpiresAt: &expires,
		memberScopes: &registration.Scopes, memberGrantTypes: &registration.GrantTypes,
		memberAuthorizationEndpoint: &registration.AuthorizationEndpoint,
	})
	valid := false
	registration.ExpiresAt, valid = parseTime(expires)
	switch {
	case registration.ClientID == "":
		return registration, "has no " + memberClientID
	case registration.ClientSecret == "":
		return registration, "has no " + memberClientSecret
	case !valid:
		return registration, "has no " + memberExpiresAt + " that is a time"
	}
	return registration, ""
}

func (r Registration) members() []member {
	return append(slices.DeleteFunc([]member{
		textMember(memberClientID, r.ClientID), textMember(memberClientSecret, r.ClientSecret), timeMember(memberExpiresAt, r.ExpiresAt),
		listMember(memberScopes, r.Scopes), listMember(memberGrantTypes, r.GrantTypes),
		textMember(memberAuthorizationEndpoint, r.AuthorizationEndpoint),
	}, absent), r.others...)
}

// Allows reports whether the client was registered for a grant by name. One for the device flow names none.
func (r Registration) Allows(grantType string) bool { return slices.Contains(r.GrantTypes, grantType) }

// String names the registration without its secret.
func (r Registration) String() string {
	return fmt.Sprintf("registration of client %s until %s", r.ClientID, r.ExpiresAt.UTC().Format(timeForm))
}

// Format prints String for every verb.
func (r Registration) Format(state fmt.State, _ rune) { io.WriteString(state, r.String()) }

// LogValue is the registration in a log.
func (r Registration) LogValue() slog.Value { return slog.StringValue(r.String()) }

// timeForm is the one form of a time that the AWS CLI, botocore and the SDKs for Go, Java and JavaScript all read.
const timeForm = "2006-01-02T15:04:05Z"

// timeForms are the forms that some of them write or once wrote: with fractions, with an offset, with UTC as older AWS CLIs did,
// or with nothing, which means UTC.
var timeForms = []string{time.RFC3339, "2006-01-02T15:04:05UTC", "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00"}

// parseTime reads a time. Go takes a fraction after the seconds in every form.
func parseTime(text string) (time.Time, bool) {
	for _, form := range timeForms {
		if moment, err := time.Parse(form, text); err == nil {
			return moment.UTC(), writable(moment)
		}
	}
	return time.Time{}, false
}

// writable reports whether a time is one that the form has place for, and not the zero value, which means none.
func writable(moment time.Time) bool {
	year := moment.UTC().Year()
	return !moment.IsZero() && year >= 1 && year <= 9999
}

func timeMember(name string, moment time.Time) member {
	if !writable(moment) {
		return member{name: name}
	}
	return textMember(name, moment.UTC().Format(timeForm))
}
