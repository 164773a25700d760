package configure

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"sallyport/internal/command"
	"sallyport/internal/session"
	"sallyport/internal/sys"
)

// regionForm is the form of a Region, which becomes a part of host names.
var regionForm = sys.Pattern(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// canAsk reports whether a person sits there.
func (r *run) canAsk() bool { return command.IsTerminal(r.Stdin) && command.IsTerminal(r.Stderr) }

// question is one question to the person.
type question struct {
	text   string
	preset string // taken when nothing is typed; empty for none
	check  func(string) error
}

// maxTries is how often a person may mistype before the command gives up.
const maxTries = 5

// ask asks until the answer is one.
func (r *run) ask(q question) (string, error) {
	for range maxTries {
		shown := q.text
		if q.preset != "" {
			shown += " [" + session.Printable(q.preset) + "]"
		}
		fmt.Fprintf(r.Stderr, "%s: ", shown)
		typed, err := r.readLine()
		if err != nil {
			return "", err
		}
		if typed == "" {
			typed = q.preset
		}
		if err = q.check(typed); err == nil {
			return typed, nil
		}
		fmt.Fprintf(r.Stderr, "%v\n", err)
	}
	return "", command.OtherError("that makes %d answers that cannot be used: run `%s configure help` for what they mean", maxTries, command.Program)
}

// readLine reads a line of the person, who may also end the input.
func (r *run) readLine() (string, error) {
	if r.lines == nil {
		r.lines = bufio.NewReader(r.Stdin)
	}
	line, err := r.lines.ReadString('\n')
	switch line = strings.TrimSpace(line); {
	case errors.Is(err, io.EOF) && line != "":
		return line, nil
	case errors.Is(err, io.EOF):
		return "", command.OtherError("nothing was answered, and nothing changed")
	}
	return line, err
}

// askAddress asks for the instance when nothing else tells.
func (r *run) askAddress() (string, error) {
	if !r.canAsk() {
		return "", command.ValidationError("nothing tells which instance is meant: give --endpoint-url of your Sallyport, --%s with --%s, or --%s of one that %s has",
			optionStartURL, optionSSORegion, optionSession, r.files.ConfigPath)
	}
	return r.ask(question{text: "Address of your Sallyport, or start URL", check: func(typed string) error {
		address, err := url.Parse(typed)
		if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
			return errors.New("that is no address: one begins with https://")
		}
		return nil
	}})
}

func (r *run) askSession(known []string) (string, error) {
	names := session.Printable(strings.Join(known, ", "))
	if !r.canAsk() {
		return "", command.ValidationError("%s has several sessions: give --%s one of %s", r.files.ConfigPath, optionSession, names)
	}
	return r.ask(question{text: "Session, one of " + names, preset: known[0], check: func(typed string) error {
		if !slices.Contains(known, typed) {
			return errors.New("that is none of them")
		}
		return nil
	}})
}

func (r *run) askRegion(startURL string) (string, error) {
	if !r.canAsk() {
		return "", command.ValidationError("nothing tells the Region of the instance at %s: give --%s", session.Printable(startURL), optionSSORegion)
	}
	return r.ask(question{text: "Region of the instance", preset: r.Getenv("AWS_REGION"), check: func(typed string) error {
		if !regionForm().MatchString(typed) {
			return errors.New("that is no Region: one looks like eu-central-1")
		}
		return nil
	}})
}

// askName asks for the name of the session, unless everything else was said on the command line.
func (r *run) askName() (string, error) {
	preset := defaultSession
	if _, taken := r.files.Session(preset); taken {
		if !r.canAsk() {
			return "", command.ValidationError("[sso-session %s] in %s is another instance's: give --%s another name", preset, r.files.ConfigPath, optionSession)
		}
		preset = ""
	}
	if preset != "" && (!r.canAsk() || r.Local.Has(optionStartURL) || r.Global.Has("endpoint-url")) {
		return preset, nil
	}
	return r.ask(question{text: "Name of the session", preset: preset, check: func(typed string) error {
		if _, taken := r.files.Session(typed); taken {
			return errors.New("that one is another instance's")
		}
		return checkName(typed)
	}})
}
