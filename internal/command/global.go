package command

// ErrorFormats are the forms that errors can take.
var ErrorFormats = []string{"legacy", "json", "yaml", "text", "table", "enhanced"}

// BinaryFormats are the forms in which binary values of parameters can be given.
var BinaryFormats = []string{"base64", "raw-in-base64-out"}

// GlobalOptions are the options that every command has, in any position. Where the reference has one that does nothing here, it is
// accepted all the same.
var GlobalOptions = Options{
	{Name: "debug", Purpose: "Tell on standard error what happens. Secrets are masked, unless --" + DebugSecrets + " is given too."},
	{Name: DebugSecrets, Exact: true, Hidden: true, Purpose: "Let --debug print secrets and tokens as well."},
	{Name: "endpoint-url", Arity: OneValue, Purpose: "Send requests to this URL instead of the service's own."},
	{Name: "no-verify-ssl", Purpose: "Do not verify the server's certificate."},
	{Name: "no-paginate", Purpose: "Fetch one page only."},
	{Name: "output", Arity: OneValue, Choices: []string{"json", "text", "table", "yaml", "yaml-stream", "off"}, Purpose: "The form of the output."},
	{Name: "query", Arity: OneValue, Purpose: "A JMESPath expression that picks from the answer."},
	{Name: "profile", Arity: OneValue, Purpose: "Use this profile of the configuration files."},
	{Name: "region", Arity: OneValue, Purpose: "The Region to use."},
	{Name: "version", Ends: true, Purpose: "Print the version."},
	{Name: "color", Arity: OneValue, Choices: []string{"on", "off", "auto"}, Purpose: "Whether tables are coloured; auto, the default, colours them on a terminal."},
	{Name: "no-sign-request", Purpose: "Do not look for credentials and do not sign."},
	{Name: "ca-bundle", Arity: OneValue, Path: true, Purpose: "Trust the certificate authorities in this PEM file."},
	{Name: "cli-read-timeout", Arity: OneValue, Purpose: "Seconds to wait for an answer; 0 waits for ever, default 60."},
	{Name: "cli-connect-timeout", Arity: OneValue, Purpose: "Seconds to wait for a connection; 0 waits for ever, default 60."},
	{Name: "cli-binary-format", Arity: OneValue, Choices: BinaryFormats, Purpose: "Accepted; no operation has binary members."},
	{Name: "no-cli-pager", Purpose: "Do not start a pager for the output."},
	{Name: "cli-auto-prompt", Purpose: "Ask for command, options and values on the terminal."},
	{Name: "no-cli-auto-prompt", Purpose: "Do not ask, whatever the configuration says."},
	{Name: "cli-error-format", Arity: OneValue, Choices: ErrorFormats,
		Purpose: "The form of errors: a sentence with further details (enhanced, the default), without (legacy), or an object."},
}
