package main

import (
	"context"
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
	a := &arguments{rest: args}
	asJSON, value := a.flag("--json"), a.value("--digest")
	a.exclude("--digest", "--json", "a digest is one line")
	if a.has("--digest") {
		if err := a.end(); err != nil {
			return err
		}
		fmt.Println(trace.Digest(value))
		return nil
	}
	requestID := a.subject("REQUEST-ID", "it is in the answer's header x-amzn-RequestId, and in the server's log")
	c, err := a.load()
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
