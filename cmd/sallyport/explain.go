package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"sallyport/internal/server"
	"sallyport/internal/trace"
)

// explainRequest shows why a request was refused. Values of tokens stand there as digests, so it also tells the digest of a value that the
// operator has at hand.
func explainRequest(ctx context.Context, args []string) error {
	asJSON, args := takeSwitch(args, "--json")
	value, args := takeValue(args, "--digest")
	if value != "" {
		fmt.Println(trace.Digest(value))
		return nil
	}
	requestID := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		requestID, args = strings.TrimSpace(args[0]), args[1:]
		if requestID == "" {
			return errors.New("REQUEST-ID is empty: it is in the answer's header x-amzn-RequestId, and in the server's log")
		}
	}
	c, err := server.Load(args, os.Environ())
	if err != nil {
		return err
	}
	return server.Explain(ctx, c, requestID, server.ExplainForm{JSON: asJSON, Marks: marks()}, os.Stdout)
}

// marks are those that the terminal's locale has characters for.
func marks() trace.Marks {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(os.Getenv(name)); locale != "" {
			if strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8") {
				return trace.UTF8
			}
			return trace.ASCII
		}
	}
	if runtime.GOOS == "darwin" { // without a setting it is UTF-8 there
		return trace.UTF8
	}
	return trace.ASCII
}
