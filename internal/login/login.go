// Package login is the commands around a person's sign-in: login and logout, whoami, token, credentials and exec. It owns what they show
// and do on the machine: which way to sign in fits it, the browser, the codes and the waiting on the terminal, the environment of a
// program that is run with credentials.
//
// Signing in, refreshing and keeping tokens is the work of session; the grammar of the words that of cli.
package login

import (
	"context"
	"fmt"
	"slices"

	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/session"
)

// Commands are the commands, in the order of a sign-in's life.
var Commands = []*command.Command{login, logout, whoami, token, credentials, execute}

const (
	optionDeviceCode = "use-device-code"
	optionNoBrowser  = "no-browser"
)

var login = &command.Command{
	Word:    "login",
	Purpose: "Sign in, and keep the token where AWS CLIs and SDKs find it",
	Description: []string{
		"Signs you in at the instance of a profile, of an sso-session or of a start URL, and writes the token into the files of the AWS CLI, so " +
			"that every SDK uses it and refreshes it.",
		"Where a browser runs on this machine, it is opened and brings an authorization code back (PKCE). Over SSH, in a container, under WSL, " +
			"without a display and in CI you get a code instead, which you approve in any browser; so do profiles of the older form, which hold " +
			"the start URL themselves and whose token nobody refreshes. BROWSER names the browser, and that there is one: parted by colons, " +
			"%s stands for the address.",
		"Each sign-in replaces the one before it.",
	},
	Options: slices.Concat(session.Options, command.Options{
		{Name: optionDeviceCode, Purpose: "Show a code to approve in any browser, on this machine or another."},
		{Name: optionNoBrowser, Purpose: "Open no browser; show the address instead."},
	}),
	Examples: []command.Example{
		{Title: "Sign in to the instance of a profile", Line: "login --profile dev"},
		{Title: "Sign in without a profile", Line: "login --start-url https://d-1234567890.awsapps.com/start --region eu-central-1"},
		{Title: "Approve on your phone", Line: "login --profile dev --use-device-code"},
	},
	Run: runLogin,
}

func runLogin(ctx context.Context, call *command.Call) error {
	signIn, _, err := resolve(call)
	if err != nil {
		return err
	}
	method, why := choose(surroundingsOf(call), signIn.Older)
	if call.Local.Has(optionDeviceCode) {
		method, why = session.DeviceCode, "--"+optionDeviceCode
	}
	call.Debug.Printf("%s", why)
	screen := newScreen(call)
	defer screen.close()
	_, err = signIn.Login(ctx, method, func(p session.Prompt) { screen.show(ctx, p) })
	screen.close() // before anything else is printed
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(call.Stdout, "Successfully logged into Start URL: %s\n", session.Printable(signIn.StartURL))
	return err
}

// resolve finds the sign-in that a command is about.
func resolve(call *command.Call) (*session.SignIn, *client.Settings, error) {
	settings, err := client.Load(call)
	if err != nil {
		return nil, nil, err
	}
	signIn, err := session.Resolve(settings)
	return signIn, settings, err
}
