package cli

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/yamlvalue"
)

// input is the input of the operation: what the options give, in the order of the model, and behind them what only the document of
// --cli-input-json says, in its order. They go out like that.
func (r *run) input() (jmespath.Value, error) {
	var members []jmespath.Member
	for _, member := range r.operation.Input.Members {
		name := command.Spell(member.Name)
		words, given := r.Local[name]
		if !given {
			continue
		}
		value, err := r.memberValue(member, words)
		if err != nil {
			return jmespath.Value{}, err
		}
		members = append(members, jmespath.Member{Name: member.Name, Value: value})
	}
	document, err := r.inputDocument()
	if err != nil {
		return jmespath.Value{}, err
	}
	for _, member := range document {
		if !slices.ContainsFunc(members, func(given jmespath.Member) bool { return given.Name == member.Name }) {
			members = append(members, member)
		}
	}
	return jmespath.ObjectOf(members), nil
}

// inputDocument is what --cli-input-json or --cli-input-yaml says.
func (r *run) inputDocument() ([]jmespath.Member, error) {
	text, asJSON := r.Local.Lookup(inputJSON)
	yaml, asYAML := r.Local.Lookup(inputYAML)
	switch {
	case asJSON && asYAML:
		return nil, command.ValidationError("only one of --%s and --%s can be given", inputJSON, inputYAML)
	case asJSON:
		return r.readInput(inputJSON, text, jsonInput)
	case asYAML:
		return r.readInput(inputYAML, yaml, yamlInput)
	}
	return nil, nil
}

func (r *run) readInput(option, given string, form inputForm) ([]jmespath.Member, error) {
	text, isBytes, err := r.paramText(option, given)
	if err != nil {
		return nil, err
	}
	if r.isStream(given) {
		return nil, command.ValidationError("Error parsing parameter '--%s': the document is read twice, which %s cannot be: write it into a file", option, given)
	}
	if isBytes {
		text = textOfBytes(text)
	}
	document, err := form.parse(text)
	if err != nil {
		return nil, command.ValidationError("Error parsing parameter '--%s': Invalid %s: %v", option, form.name, err)
	}
	if document.Kind() != jmespath.Object {
		return nil, command.ValidationError("Invalid type: expected an object for --%s, received %v", option, document.Kind())
	}
	return slices.Clone(document.Members()), nil
}

// inputForm is a form in which a whole input can be given.
type inputForm struct {
	name  string
	parse func(string) (jmespath.Value, error)
}

var (
	jsonInput = inputForm{"JSON", func(text string) (jmespath.Value, error) { return jmespath.ParseJSON([]byte(text)) }}
	yamlInput = inputForm{"YAML", yamlvalue.Parse}
)

// The prefixes of values that stand in a file, as text and as bytes.
const (
	textFile  = "file://"
	bytesFile = "fileb://"
)

// paramText is the value of an option, read from a file if it names one. isBytes tells that the value is no text.
func (r *run) paramText(name, given string) (text string, isBytes bool, err error) {
	path, isText, isBytes := r.paramPath(given)
	if !isText && !isBytes {
		return given, false, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", false, command.ValidationError("Error parsing parameter '--%s': Unable to load paramfile %s: %v", name, given, err)
	}
	if isBytes {
		return string(content), true, nil
	}
	encoding, err := r.encodingNamed(fileEncodingVariable)
	if err != nil {
		return "", false, err
	}
	decoded, err := encoding.decode(content)
	if err != nil {
		return "", false, command.ValidationError("Error parsing parameter '--%s': Unable to load paramfile (%s), text contents could not be decoded. "+
			"If this is a binary file, please use the fileb:// prefix instead of the file:// prefix.", name, given)
	}
	return newlines.Replace(decoded), false, nil
}

// paramPath is the file that a value names, as text or as bytes, if it names one.
func (r *run) paramPath(given string) (path string, isText, isBytes bool) {
	if path, isText = strings.CutPrefix(given, textFile); !isText {
		path, isBytes = strings.CutPrefix(given, bytesFile)
	}
	return client.ExpandPath(r.Environ, path), isText, isBytes
}

// isStream reports whether a value names something that can be read only once: standard input or another pipe. The reference reads an input
// document twice, and finds nothing there the second time.
func (r *run) isStream(given string) bool {
	path, isText, isBytes := r.paramPath(given)
	if !isText && !isBytes {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular()
}

// textOfBytes is the text of a document whose bytes tell their encoding by a mark at their beginning, or UTF-8.
func textOfBytes(content string) string {
	const utf8Mark = "\ufeff"
	if text, marked := strings.CutPrefix(content, utf8Mark); marked {
		return text
	}
	if strings.HasPrefix(content, "\xff\xfe") || strings.HasPrefix(content, "\xfe\xff") {
		if text, err := encodings["utf-16"].decode([]byte(content)); err == nil {
			return text
		}
	}
	return content
}

// newlines makes one kind of line end of three. A newline at the end stays: it is part of the value.
var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// memberValue turns the words of an option into the value of its member.
func (r *run) memberValue(member *api.Member, words []string) (jmespath.Value, error) {
	name := command.Spell(member.Name)
	if target := targetOf(member); target.Applies() {
		return r.structuredValue(member, target, words)
	}
	if member.Kind == api.List {
		return r.listValue(member, name, words)
	}
	text, err := r.memberText(member, name, words[0])
	switch {
	case err != nil:
		return jmespath.Value{}, err
	case member.Kind == api.Integer || member.Kind == api.Long:
		return integerValue(member, name, text)
	}
	return jmespath.TextOf(text), nil
}

// memberText is paramText of a member that takes no bytes.
func (r *run) memberText(member *api.Member, name, given string) (string, error) {
	text, isBytes, err := r.paramText(name, given)
	if err == nil && isBytes {
		err = command.ValidationError("Parameter validation failed:\nInvalid type for parameter %s: bytes, valid type: %s", member.Name, member.Kind)
		if !validates(r.settings) {
			err = command.OtherError("%s holds bytes, which cannot be sent", member.Name)
		}
	}
	return text, err
}

// integerValue reads an integer. The reference finds a bad one at the same moment but leaves by another door for the two kinds.
func integerValue(member *api.Member, name, text string) (jmespath.Value, error) {
	number, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	switch {
	case err == nil:
		return jmespath.IntOf(number), nil
	case member.Kind == api.Long:
		return jmespath.Value{}, command.UsageError("argument --%s: invalid int value: '%s'", name, text)
	}
	return jmespath.Value{}, command.OtherError("argument --%s: invalid literal for an integer: '%s'", name, text)
}

func jsonValue(name, text string) (jmespath.Value, error) {
	value, err := jmespath.ParseJSON([]byte(text))
	if err != nil {
		return jmespath.Value{}, command.ValidationError("Error parsing parameter '--%s': Invalid JSON: %v", name, err)
	}
	return value, nil
}

// listValue takes each word for an element, but a single one that begins like a JSON list for the list.
func (r *run) listValue(member *api.Member, name string, words []string) (jmespath.Value, error) {
	if len(words) == 1 {
		text, err := r.memberText(member, name, words[0])
		switch {
		case err != nil:
			return jmespath.Value{}, err
		case strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "["):
			return jsonValue(name, text)
		case strings.HasPrefix(words[0], textFile):
			return splitText(name, text)
		}
	}
	items := make([]jmespath.Value, len(words))
	for i, word := range words {
		items[i] = jmespath.TextOf(word)
	}
	return jmespath.ListOf(items), nil
}

// splitText makes a list of the characters of a file that is no JSON list. It helps nobody, but it is what the reference sends.
func splitText(name, text string) (jmespath.Value, error) {
	if strings.TrimSpace(text) == "" {
		return jmespath.Value{}, command.OtherError("argument --%s: the file is empty", name)
	}
	return jmespath.Characters(text), nil
}
