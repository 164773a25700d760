package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strconv"
	"strings"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/shellwords"
)

// processName is how messages name credential_process.
const processName = "custom-process"

func processError(format string, args ...any) error {
	return command.OtherError("Error when retrieving credentials from "+processName+": "+format, args...)
}

// fromProcess takes the keys that a program prints. Its line is parted as a shell parts it, but no shell is run: variables, patterns, ~
// and pipes mean nothing in it.
func (k seeker) fromProcess() (fetch, error) {
	line, given := k.keys["credential_process"]
	if !given {
		return nil, nil
	}
	words, err := shellwords.Split(line)
	if err != nil {
		return nil, processError("%v", err)
	}
	if len(words) == 0 {
		return nil, processError("credential_process of profile %s names no program", k.name)
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return nil, processError("%v", err)
	}
	return func(ctx context.Context, _ string) (granted, error) { return k.runProcess(ctx, words) }, nil
}

func (s *Settings) runProcess(ctx context.Context, words []string) (granted, error) {
	var output, complaint bounded
	program := exec.CommandContext(ctx, words[0], words[1:]...)
	program.Stdin, program.Stdout, program.Stderr = s.Stdin, &output, &complaint
	s.Debug.Printf("credential_process runs %s", words[0]) // its arguments may be secrets
	err := program.Run()
	switch said := strings.TrimRight(complaint.String(), "\r\n"); {
	case output.over || complaint.over:
		return granted{}, processError("the program prints too much")
	case err != nil && said != "":
		return granted{}, processError("%s", said)
	case err != nil:
		return granted{}, processError("%v", err)
	}
	found, err := readProcessOutput(output.Bytes())
	if err != nil {
		return granted{}, processError("%v", err)
	}
	return found.fresh(processName)
}

// readProcessOutput reads the document of version 1, the only one there is.
func readProcessOutput(output []byte) (granted, error) {
	document, err := jmespath.ParseJSON(output)
	if err != nil || document.Kind() != jmespath.Object {
		return granted{}, errors.New("the program printed no JSON object")
	}
	version, _ := document.Get("Version")
	if number, err := strconv.ParseFloat(version.Number(), 64); err != nil || number != 1 {
		return granted{}, errors.New("Unsupported version '" + version.Shown() + "' for credential process provider, supported versions: 1")
	}
	return readKeys(document, keyNames{id: "AccessKeyId", secret: "SecretAccessKey", token: "SessionToken", expires: memberExpiration, lasting: true})
}

// bounded keeps what is written to it up to maxDocument. More is a program that has run away.
type bounded struct {
	bytes.Buffer
	over bool
}

var errTooMuch = errors.New("too much is written")

// Write fails when it is too much, which ends the program.
func (b *bounded) Write(p []byte) (int, error) {
	if b.over = b.Len()+len(p) > maxDocument; b.over {
		return 0, errTooMuch
	}
	return b.Buffer.Write(p)
}

// ReadFrom keeps io.Copy from going around Write.
func (b *bounded) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{b}, r)
}
