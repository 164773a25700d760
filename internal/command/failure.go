package command

import (
	"fmt"

	"sallyport/internal/jmespath"
)

// The exit codes of the reference.
const (
	ExitOK            = 0
	ExitInterrupt     = 130
	ExitUsage         = 252 // usage and validation; nothing was sent
	ExitConfiguration = 253 // no Region, no credentials, or a pager that cannot start
	ExitService       = 254 // the service answered with an error
	ExitOther         = 255
)

// Failure ends a command: its exit code, and what standard error says about it.
type Failure struct {
	Exit    int
	Code    string            // of the error, as scripts know it; empty where there is only a sentence
	When    string            // " when calling the NAME operation" and the like, between code and message
	Message string            // the sentence
	Details []jmespath.Member // further members of the service's error
	Usage   bool              // a mistake of grammar, after which the usage line helps
}

// Error is the line that scripts look for.
func (f *Failure) Error() string {
	if f.Code == "" && f.When == "" {
		return f.Message
	}
	return fmt.Sprintf("An error occurred (%s)%s: %s", f.Code, f.When, f.Message)
}

// The codes of mistakes that are found before anything is sent.
const (
	codeValidation    = "ParamValidation"
	codeConfiguration = "Configuration"
	codeNoRegion      = "NoRegion"
	codeNoCredentials = "NoCredentials"
	codePager         = "Pager"
)

// UsageError is a mistake of grammar.
func UsageError(format string, args ...any) error {
	return &Failure{Exit: ExitUsage, Code: codeValidation, Message: fmt.Sprintf(format, args...), Usage: true}
}

// UnknownOptionsError is the one mistake of grammar that has no code.
func UnknownOptionsError(format string, args ...any) error {
	return &Failure{Exit: ExitUsage, Message: fmt.Sprintf(format, args...), Usage: true}
}

// ValidationError is a value that cannot be right.
func ValidationError(format string, args ...any) error {
	return &Failure{Exit: ExitUsage, Code: codeValidation, Message: fmt.Sprintf(format, args...)}
}

// ConfigurationError is a setting of the command line itself that cannot be right.
func ConfigurationError(format string, args ...any) error {
	return &Failure{Exit: ExitConfiguration, Code: codeConfiguration, Message: fmt.Sprintf(format, args...)}
}

// NoRegionError tells that no Region is configured.
func NoRegionError(format string, args ...any) error {
	return &Failure{Exit: ExitConfiguration, Code: codeNoRegion, Message: fmt.Sprintf(format, args...)}
}

// NoCredentialsError tells that no credentials are configured.
func NoCredentialsError(format string, args ...any) error {
	return &Failure{Exit: ExitConfiguration, Code: codeNoCredentials, Message: fmt.Sprintf(format, args...)}
}

// PagerError tells that the pager cannot start.
func PagerError(format string, args ...any) error {
	return &Failure{Exit: ExitConfiguration, Code: codePager, Message: fmt.Sprintf(format, args...)}
}

// OtherError is every other reason to stop: a configuration that cannot be read, a connection that fails.
func OtherError(format string, args ...any) error {
	return &Failure{Exit: ExitOther, Message: fmt.Sprintf(format, args...)}
}

// UsageLine is the reminder after a mistake of grammar.
const UsageLine = "usage: " + Program + ` [options] <command> <subcommand> [parameters]
To see help text, you can run:

  ` + Program + ` help
  ` + Program + ` <command> help
  ` + Program + ` <command> <subcommand> help`
