package login

import (
	"context"
	"fmt"

	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/session"
)

var logout = &command.Command{
	Word:    "logout",
	Purpose: "End sign-ins, and remove their tokens and cached credentials",
	Description: []string{
		"Tells the servers that the sessions are over, and removes the tokens and the cached credentials of roles: all that are kept on this " +
			"machine, or, with --profile, --sso-session or --start-url, one sign-in. AWS_PROFILE does not narrow it.",
		"A server that cannot be reached does not keep the files here. The command says so then and fails, because the session lives on there " +
			"until it ends by itself. Credentials of roles that programs hold already live until they expire.",
	},
	Options: session.Options,
	Examples: []command.Example{
		{Title: "End everything", Line: "logout"},
		{Title: "End the sign-in of one profile", Line: "logout --profile dev"},
	},
	Run: runLogout,
}

func runLogout(ctx context.Context, call *command.Call) error {
	ended, err := leave(ctx, call)
	if err != nil {
		return err
	}
	for _, unheard := range ended.Unheard {
		fmt.Fprintf(call.Stderr, "The server did not hear of the sign-out: %s\n", session.Printable(unheard.Error()))
	}
	fmt.Fprintf(call.Stderr, "Removed %s and %s.\n", counted(ended.Sessions, "token"), counted(ended.Roles, "cached credential"))
	if len(ended.Unheard) > 0 {
		return command.OtherError("signed out here, but not at the server, where the session lives on until it ends by itself")
	}
	return nil
}

func leave(ctx context.Context, call *command.Call) (session.Ended, error) {
	for _, option := range session.Options {
		if call.Local.Has(option.Name) {
			return leaveOne(ctx, call)
		}
	}
	if call.Global.Has("profile") {
		return leaveOne(ctx, call)
	}
	settings, err := client.Load(call)
	if err != nil {
		return session.Ended{}, err
	}
	return session.LogoutAll(ctx, settings)
}

func leaveOne(ctx context.Context, call *command.Call) (session.Ended, error) {
	signIn, _, err := resolve(call)
	if err != nil {
		return session.Ended{}, err
	}
	return signIn.Logout(ctx)
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
