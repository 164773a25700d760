package login

import (
	"context"
	"fmt"

	"sallyport/internal/command"
	"sallyport/internal/session"
)

var token = &command.Command{
	Word:    "token",
	Purpose: "Print a valid access token, refreshed when needed",
	Description: []string{
		"Prints the access token of a sign-in for the operations of sso and for whatever takes a bearer token. It is a secret: pass it on without " +
			"showing it, and ask for it each time instead of keeping it.",
		"Of many processes that ask at once when the token nears its end, one refreshes it and all print the new one.",
	},
	Options: session.Options,
	Examples: []command.Example{
		{Title: "List your accounts", Line: `sso list-accounts --access-token "$(sallyport token --profile dev)"`},
	},
	Run: func(ctx context.Context, call *command.Call) error {
		signIn, _, err := resolve(call)
		if err != nil {
			return err
		}
		token, err := signIn.Token(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(call.Stdout, token.AccessToken)
		return err
	},
}
