package login

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/fault"
	"sallyport/internal/jmespath"
	"sallyport/internal/printout"
	"sallyport/internal/session"
	"sallyport/internal/ssocache"
)

var whoami = &command.Command{
	Word:    "whoami",
	Purpose: "Tell whether you are signed in, where, until when, and to which accounts",
	Description: []string{
		"Refreshes the token if it has to, asks the server for the accounts that it opens, and tells what is known. A token tells no name: " +
			"who it belongs to is between you and the server.",
		"Exits with 0 when you are signed in and the server takes the token, and with 255 when not; then it names the command that signs you in. " +
			"With --output or --query it prints an object instead of lines.",
	},
	Options: session.Options,
	Examples: []command.Example{
		{Title: "See the sign-in of a profile", Line: "whoami --profile dev"},
		{Title: "Sign in only if it is needed", Line: "whoami --profile dev --output off || sallyport login --profile dev"},
		{Title: "Take the accounts into a script", Line: "whoami --query accounts[].accountId --output text"},
	},
	Run: runWhoami,
}

func runWhoami(ctx context.Context, call *command.Call) error {
	asObject, err := printout.Asked(call, "Whoami")
	if err != nil {
		return err
	}
	signIn, settings, err := resolve(call)
	if err != nil {
		return err
	}
	token, err := signIn.Token(ctx)
	if err != nil {
		return err
	}
	accounts, err := signIn.Accounts(ctx)
	if err != nil && !holdsNoPortalAccess(err) {
		return err
	}
	found := state{signIn: signIn, settings: settings, token: token, accounts: accounts, portal: err == nil}
	if asObject != nil {
		return asObject(call.Stdout, found.value())
	}
	return found.lines(call)
}

// holdsNoPortalAccess reports whether the server knows the token, whose scopes are for something else than the portal.
func holdsNoPortalAccess(err error) bool {
	var failure *command.Failure
	return errors.As(err, &failure) && failure.Exit == command.ExitService && failure.Code == fault.Forbidden.Name
}

// state is what is known about a sign-in.
type state struct {
	signIn   *session.SignIn
	settings *client.Settings
	token    ssocache.Token
	accounts []session.Account
	portal   bool // the token opens the portal, so that accounts are all there are
}

// value is the state as an object. What is unknown is missing.
func (s state) value() jmespath.Value {
	var members []jmespath.Member
	add := func(name, text string) {
		if text != "" {
			members = append(members, jmespath.Member{Name: name, Value: jmespath.TextOf(text)})
		}
	}
	add("profile", s.settings.ProfileName)
	add("ssoSession", s.signIn.Name)
	add("startUrl", s.signIn.StartURL)
	add("region", s.signIn.Region)
	add("expiresAt", s.token.ExpiresAt.UTC().Format(time.RFC3339))
	members = append(members, jmespath.Member{Name: "refreshable", Value: jmespath.BoolOf(s.token.Refreshable(time.Now()))})
	if s.token.RefreshToken != "" && !s.token.RegistrationExpiresAt.IsZero() {
		add("registrationExpiresAt", s.token.RegistrationExpiresAt.UTC().Format(time.RFC3339))
	}
	if s.portal {
		members = append(members, jmespath.Member{Name: "accounts", Value: s.accountList()})
	}
	return jmespath.ObjectOf(members)
}

func (s state) accountList() jmespath.Value {
	items := make([]jmespath.Value, len(s.accounts))
	for i, account := range s.accounts {
		items[i] = jmespath.ObjectOf([]jmespath.Member{
			{Name: "accountId", Value: jmespath.TextOf(account.ID)},
			{Name: "accountName", Value: jmespath.TextOf(account.Name)},
			{Name: "emailAddress", Value: jmespath.TextOf(account.Email)},
		})
	}
	return jmespath.ListOf(items)
}

// lines shows the state to a person.
func (s state) lines(call *command.Call) error {
	var b strings.Builder
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-12s %s\n", label, session.Printable(text))
		}
	}
	line("Profile", s.settings.ProfileName)
	line("Session", s.signIn.Name)
	line("Start URL", s.signIn.StartURL)
	line("Region", s.signIn.Region)
	line("Token until", s.token.ExpiresAt.Local().Format("2006-01-02 15:04:05 MST")+s.renewal())
	switch {
	case !s.portal:
		line("Accounts", "none: the scopes of this sign-in do not open the portal")
	case len(s.accounts) == 0:
		line("Accounts", "none: nobody has assigned you a role yet")
	}
	for i, account := range s.accounts {
		label := ""
		if i == 0 {
			label = "Accounts"
		}
		line(label, strings.TrimSpace(account.ID+" "+account.Name))
	}
	_, err := fmt.Fprint(call.Stdout, b.String())
	return err
}

// renewal tells what becomes of the token at its end.
func (s state) renewal() string {
	if s.token.Refreshable(time.Now()) {
		return ", renewed by itself"
	}
	return ", not renewed"
}
