package cli

import (
	"strings"
	"unicode"

	"sallyport/internal/api"
)

// globalOptions are the options that every operation has, in any position. Where the reference has one that does nothing here,
// it is accepted all the same; what is not supported is refused by checkGlobals in words.
var globalOptions = options{
	{name: "debug", purpose: "Tell on standard error what happens; secrets are masked."},
	{name: "endpoint-url", arity: oneValue, purpose: "Send requests to this URL instead of the service's own."},
	{name: "no-verify-ssl", purpose: "Do not verify the server's certificate."},
	{name: "no-paginate", purpose: "Fetch one page only."},
	{name: "output", arity: oneValue, choices: []string{"json", "text", "table", "yaml", "yaml-stream", "off"},
		purpose: "The form of the output. Supported: " + strings.Join(supportedOutputs, ", ") + "."},
	{name: "query", arity: oneValue, purpose: "A JMESPath expression that picks from the answer."},
	{name: "profile", arity: oneValue, purpose: "Use this profile of the configuration files."},
	{name: "region", arity: oneValue, purpose: "The Region to use."},
	{name: "version", purpose: "Print the version."},
	{name: "color", arity: oneValue, choices: []string{"on", "off", "auto"}, purpose: "Accepted; JSON is never coloured."},
	{name: "no-sign-request", purpose: "Do not look for credentials and do not sign."},
	{name: "ca-bundle", arity: oneValue, purpose: "Trust the certificate authorities in this PEM file."},
	{name: "cli-read-timeout", arity: oneValue, purpose: "Seconds to wait for an answer; 0 waits for ever, default 60."},
	{name: "cli-connect-timeout", arity: oneValue, purpose: "Seconds to wait for a connection; 0 waits for ever, default 60."},
	{name: "cli-binary-format", arity: oneValue, choices: []string{"base64", "raw-in-base64-out"}, purpose: "Accepted; no operation has binary members."},
	{name: "no-cli-pager", purpose: "Accepted; no pager is started."},
	{name: "cli-auto-prompt", purpose: "Not supported."},
	{name: "no-cli-auto-prompt", purpose: "Accepted; nothing is asked."},
	{name: "cli-error-format", arity: oneValue, choices: []string{"legacy", "json", "yaml", "text", "table", "enhanced"},
		purpose: "The form of errors. Supported: legacy, enhanced."},
}

// The options that every operation has beside those of its input.
const (
	inputJSON        = "cli-input-json"
	inputYAML        = "cli-input-yaml"
	generateSkeleton = "generate-cli-skeleton"
)

// liftingOptions are those that make required options optional.
var liftingOptions = []string{inputJSON, inputYAML, generateSkeleton}

var commonOptions = options{
	{name: inputJSON, arity: oneValue, purpose: "Read the input from this JSON document, or from file://PATH. Options given as well win."},
	{name: inputYAML, arity: oneValue, purpose: "Not supported."},
	{name: generateSkeleton, arity: optionalValue, preset: "input", choices: []string{"input", "output", "yaml-input"},
		purpose: "Print an example of the input or the output and send nothing."},
}

// The options that an operation whose answer has pages has besides.
const (
	startingToken = "starting-token"
	pageSize      = "page-size"
	maxItems      = "max-items"
)

var pagingOptions = options{
	{name: startingToken, arity: oneValue, purpose: "Go on where an earlier answer with NextToken stopped."},
	{name: pageSize, arity: oneValue, purpose: "Items to ask for in one request."},
	{name: maxItems, arity: oneValue, purpose: "Items to print at most; NextToken then tells how to go on."},
}

// operationOptions derives the options of an operation from its input.
func operationOptions(operation *api.Operation) options {
	var all options
	for _, member := range operation.Input.Members {
		all = append(all, option{
			name: optionName(member.Name), arity: arityOf(member), required: member.Required,
			hidden: isPagingMember(operation, member), purpose: purposeOf(member),
		})
	}
	all = append(all, commonOptions...)
	if operation.Paging != nil {
		all = append(all, pagingOptions...)
	}
	return all
}

func arityOf(member *api.Member) arity {
	if member.Kind == api.List {
		return manyValues
	}
	return oneValue
}

// isPagingMember reports whether the member is one that paging fills in by itself.
func isPagingMember(operation *api.Operation, member *api.Member) bool {
	paging := operation.Paging
	return paging != nil && (member.Name == paging.Token || member.Name == paging.Limit)
}

func purposeOf(member *api.Member) string {
	words := []string{map[api.Kind]string{
		api.String: "text", api.Integer: "integer", api.Long: "integer", api.List: "list", api.Structure: "structure",
	}[member.Kind]}
	if member.Required {
		words = append(words, "required")
	}
	if member.Masked() {
		words = append(words, "secret")
	}
	return "(" + strings.Join(words, ", ") + ")"
}

// optionName turns the name of a member or an operation into the spelling of the command line: clientId is client-id and
// CreateTokenWithIAM is create-token-with-iam.
func optionName(name string) string {
	letters := []rune(name)
	var spelled strings.Builder
	for i, letter := range letters {
		if i > 0 && unicode.IsUpper(letter) && startsWord(letters, i) {
			spelled.WriteByte('-')
		}
		spelled.WriteRune(unicode.ToLower(letter))
	}
	return spelled.String()
}

// startsWord reports whether the capital at i begins a word: after a small letter or digit, or before a small letter.
func startsWord(letters []rune, i int) bool {
	return !unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])
}

func serviceWords(services []*api.Service) []string {
	words := make([]string, len(services))
	for i, service := range services {
		words[i] = service.Command
	}
	return words
}

func operationWords(service *api.Service) []string {
	words := make([]string, len(service.Operations))
	for i, operation := range service.Operations {
		words[i] = optionName(operation.Name)
	}
	return words
}

func operationNamed(service *api.Service, word string) *api.Operation {
	for _, operation := range service.Operations {
		if optionName(operation.Name) == word {
			return operation
		}
	}
	return nil
}
