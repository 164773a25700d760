package server

import (
	"slices"

	"sallyport/internal/creds"
	"sallyport/internal/keys"
	"sallyport/internal/page"
	"sallyport/internal/signin"
	"sallyport/internal/sts"
	"sallyport/internal/token"
	"sallyport/internal/web"
)

// lives tells how long anything that is sealed or signed may be good, whatever the settings are: those of yesterday may have been others.
func lives() []keys.Life {
	longestSession := find(settings(), (*setting).keyName, "session_duration").most
	longestIdle := find(settings(), (*setting).keyName, "web_idle_timeout").most
	return slices.Concat(token.Lives(), creds.Lives(longestSession, sts.LongestCredentials()), signin.Lives(longestIdle),
		sts.Lives(), web.Lives(), page.Lives())
}
