package client

import (
	"errors"
	"math/big"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/sys"
)

// readAnswer takes from an answer what the model knows, in the order of the model. What is unknown or null is left out, and a
// body that is no document is an empty answer.
func (c *Client) readAnswer(operation *api.Operation, answer *reply) (jmespath.Value, error) {
	var body jmespath.Value
	if operation.Service.Protocol == api.Query {
		document, err := parseXML(answer.body)
		if err != nil {
			return jmespath.Value{}, unreadableAnswer(operation.Service, answer, err)
		}
		result := operation.Name + "Result"
		if !document.has(result) {
			return jmespath.Value{}, command.OtherError("Unable to parse response: it has no %s", result)
		}
		body = document.child(result).value(operation.Output)
	} else if parsed, err := jmespath.ParseJSON(answer.body); err == nil {
		if body = parsed; body.Kind() != jmespath.Object {
			return jmespath.Value{}, unreadableAnswer(operation.Service, answer, errNoObject)
		}
	}
	output, err := readStructure(operation.Output, body)
	if err != nil {
		return jmespath.Value{}, err
	}
	if c.settings.Debug.On() {
		c.settings.Debug.Printf("answer %s", Masked(c.settings.Debug, operation.Output, output))
	}
	return output, nil
}

// errNoObject tells of JSON that is something else than the protocol wants.
var errNoObject = errors.New("the answer is no JSON object")

// unreadableAnswer is the sentence about an answer that is not in the protocol of its service. The reference shows XML behind it; we do not,
// since it may hold the credentials of a role.
func unreadableAnswer(service *api.Service, answer *reply, err error) error {
	if service.Protocol == api.Query {
		return command.OtherError("Unable to parse response (%v), invalid XML received. Further retries may succeed:\n%d bytes", err, len(answer.body))
	}
	return command.OtherError("Unable to parse response: %v", err)
}

func readStructure(shape *api.Shape, body jmespath.Value) (jmespath.Value, error) {
	var members []jmespath.Member
	for _, member := range shape.Members {
		raw, found := body.Get(member.Wire)
		if !found || raw.IsNull() {
			continue
		}
		value, err := readMember(member, raw)
		if err != nil {
			return jmespath.Value{}, err
		}
		members = append(members, jmespath.Member{Name: member.Name, Value: value})
	}
	return jmespath.ObjectOf(members), nil
}

// readMember is as lenient as the reference: integers may be texts or fractions, texts may be anything.
func readMember(member *api.Member, raw jmespath.Value) (jmespath.Value, error) {
	switch member.Kind {
	case api.Integer, api.Long:
		return readInteger(member, raw)
	case api.List:
		return readList(member, raw)
	case api.Structure:
		if raw.Kind() != jmespath.Object {
			return jmespath.Value{}, unreadable(member, raw)
		}
		return readStructure(member.Shape, raw)
	}
	return raw, nil
}

func unreadable(member *api.Member, raw jmespath.Value) error {
	return command.OtherError("Unable to parse response: %s is %v, which cannot be read as %s", member.Name, raw.Kind(), member.Kind)
}

func readInteger(member *api.Member, raw jmespath.Value) (jmespath.Value, error) {
	if len(raw.Text()) > maxDigits || len(raw.Number()) > maxDigits {
		return jmespath.Value{}, unreadable(member, raw)
	}
	switch raw.Kind() {
	case jmespath.String:
		if whole, ok := new(big.Int).SetString(digits(raw.Text()), 10); ok {
			return jmespath.NumberOf(whole.String()), nil
		}
		return jmespath.Value{}, unreadable(member, raw)
	case jmespath.Bool:
		if raw.Bool() {
			return jmespath.IntOf(1), nil
		}
		return jmespath.IntOf(0), nil
	}
	number, _, err := big.ParseFloat(raw.Number(), 10, integerBits, big.ToZero)
	if err != nil || number.IsInf() || number.MantExp(nil) > integerBits {
		return jmespath.Value{}, unreadable(member, raw)
	}
	whole, _ := number.Int(nil)
	return jmespath.NumberOf(whole.String()), nil
}

// underscored is a number with single underscores between its digits.
var underscored = sys.Pattern("^[+-]?[0-9]+(_[0-9]+)*$")

// digits is a text without the blanks around it, and without underscores where they part digits.
func digits(text string) string {
	text = strings.TrimSpace(text)
	if underscored().MatchString(text) {
		text = strings.ReplaceAll(text, "_", "")
	}
	return text
}

// integerBits is the size of integers that are read with every digit, far beyond the 64 bits of the models.
const integerBits = 256

// maxDigits bounds what is read as an integer, as the reference bounds it: the time that it takes grows with the square of the digits.
const maxDigits = 4300

// readList reads a list. Of a text where a list should be, the reference makes the list of its characters, and of an object that of its names.
func readList(member *api.Member, raw jmespath.Value) (jmespath.Value, error) {
	raw, ok := raw.Parts()
	if !ok {
		return jmespath.Value{}, unreadable(member, raw)
	}
	items := make([]jmespath.Value, len(raw.Items()))
	for i, item := range raw.Items() {
		items[i] = item
		if member.Shape == nil || item.IsNull() {
			continue
		}
		var err error
		if items[i], err = readStructure(member.Shape, item); err != nil {
			return jmespath.Value{}, err
		}
	}
	return jmespath.ListOf(items), nil
}
