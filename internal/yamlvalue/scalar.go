package yamlvalue

import (
	"math/big"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sallyport/internal/jmespath"
	"sallyport/internal/sys"
)

const (
	digits   = "0123456789"
	valueKey = "="  // of YAML 1.1: the default of a mapping
	mergeKey = "<<" // of YAML 1.1: the pairs of other mappings

	// maxDigits bounds the conversion of an integer; it is where Python ends as well.
	maxDigits = 4300
)

// plain reports whether a scalar carries neither quotes nor a tag nor the mark of a block, so that its text decides what it is.
func plain(node *yaml.Node) bool { return node.Style == 0 }

// scalar makes a value of a scalar node: by its tag, as text where it is quoted or a block, otherwise by its look.
func scalar(node *yaml.Node) (jmespath.Value, error) {
	switch {
	case node.Style&yaml.TaggedStyle != 0:
		return tagged(node)
	case !plain(node):
		return jmespath.TextOf(node.Value), nil
	}
	if strings.Contains(node.Value, "\t") {
		return jmespath.Value{}, refuse(node, "a tab in text without quotes")
	}
	for _, form := range plainForms {
		if form.matches(node.Value) {
			return form.read(node)
		}
	}
	return jmespath.TextOf(node.Value), nil
}

// plainForms are what an unquoted text can be, in the order in which the reference tries them. Anything else is text.
var plainForms = []struct {
	matches func(string) bool
	read    func(*yaml.Node) (jmespath.Value, error)
}{
	{isBool, readBool},
	{isFloat, readFloat},
	{isInt, readInt},
	{isNull, readNull},
	{isReserved, refuseReserved},
	{isTimestamp, refuseTimestamp},
}

// tagReaders are the tags that a scalar may carry.
var tagReaders = map[string]func(*yaml.Node) (jmespath.Value, error){
	"!!str":   func(node *yaml.Node) (jmespath.Value, error) { return jmespath.TextOf(node.Value), nil },
	"!!bool":  readBool,
	"!!int":   readInt,
	"!!float": readFloat,
	"!!null":  readNull,
}

func tagged(node *yaml.Node) (jmespath.Value, error) {
	read, known := tagReaders[node.ShortTag()]
	if !known {
		return jmespath.Value{}, refuse(node, "a tag that does not fit a parameter")
	}
	return read(node)
}

func isBool(text string) bool {
	switch text {
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return true
	}
	return false
}

// readBool knows the words of YAML 1.1 too, which only the tag !!bool lets through to it.
func readBool(node *yaml.Node) (jmespath.Value, error) {
	switch strings.ToLower(node.Value) {
	case "true", "yes", "y", "on":
		return jmespath.BoolOf(true), nil
	case "false", "no", "n", "off":
		return jmespath.BoolOf(false), nil
	}
	return jmespath.Value{}, refuse(node, "not a boolean")
}

func isNull(text string) bool {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}

func readNull(*yaml.Node) (jmespath.Value, error) { return jmespath.Value{}, nil }

// only reports whether a text is not empty and has no other characters than these.
func only(text, characters string) bool { return text != "" && strings.Trim(text, characters) == "" }

func unsigned(text string) string {
	if text != "" && (text[0] == '-' || text[0] == '+') {
		return text[1:]
	}
	return text
}

// radixes are the prefixes of integers, each with its digits. Underscores may stand anywhere among them. A leading zero alone is decimal.
var radixes = []struct {
	prefix, digits string
	base           int
}{
	{"0b", "01", 2},
	{"0o", "01234567", 8},
	{"0x", "0123456789abcdefABCDEF", 16},
}

func isInt(text string) bool {
	if text == "" || !strings.Contains("+-"+digits, text[:1]) {
		return false
	}
	text = unsigned(text)
	for _, radix := range radixes {
		if rest, found := strings.CutPrefix(text, radix.prefix); found {
			return only(rest, radix.digits+"_")
		}
	}
	return only(text, digits+"_")
}

func readInt(node *yaml.Node) (jmespath.Value, error) {
	text := strings.ReplaceAll(node.Value, "_", "")
	magnitude, base := unsigned(text), 10
	for _, radix := range radixes {
		if rest, found := strings.CutPrefix(magnitude, radix.prefix); found {
			magnitude, base = rest, radix.base
		}
	}
	n, ok := new(big.Int), false
	if len(magnitude) <= maxDigits && !strings.ContainsAny(magnitude, "+-") {
		n, ok = n.SetString(magnitude, base)
	}
	if !ok {
		return jmespath.Value{}, refuse(node, "not an integer")
	}
	if strings.HasPrefix(text, "-") {
		n.Neg(n)
	}
	return jmespath.NumberOf(n.String()), nil
}

// isFloat wants a point or an exponent. Where nothing stands before the point, an exponent needs its sign.
func isFloat(text string) bool {
	if isSpecialFloat(text) {
		return true
	}
	mantissa, exponent := unsigned(text), ""
	at := strings.IndexAny(mantissa, "eE")
	if at >= 0 {
		mantissa, exponent = mantissa[:at], mantissa[at+1:]
		if !only(unsigned(exponent), digits) {
			return false
		}
	}
	whole, fraction, dotted := strings.Cut(mantissa, ".")
	if fraction != "" && !only(fraction, digits+"_") {
		return false
	}
	if whole == "" {
		return fraction != "" && (at < 0 || exponent != unsigned(exponent))
	}
	return (dotted || at >= 0) && whole[0] != '_' && only(whole, digits+"_")
}

func isSpecialFloat(text string) bool {
	switch text {
	case ".nan", ".NaN", ".NAN":
		return true
	}
	switch unsigned(text) {
	case ".inf", ".Inf", ".INF":
		return true
	}
	return false
}

func readFloat(node *yaml.Node) (jmespath.Value, error) {
	if isSpecialFloat(node.Value) {
		return jmespath.Value{}, refuse(node, "a number without a JSON form")
	}
	text := strings.ReplaceAll(node.Value, "_", "")
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !only(text, digits+"+-.eE") {
		return jmespath.Value{}, refuse(node, "not a number that a double can hold")
	}
	// With an exponent the literal stays a fraction, as the reference has 1.0 other than 1.
	return jmespath.NumberOf(strconv.FormatFloat(f, 'e', -1, 64)), nil
}

// isReserved recognizes the two words that mean something as keys only.
func isReserved(text string) bool { return text == valueKey || text == mergeKey }

func refuseReserved(node *yaml.Node) (jmespath.Value, error) {
	return jmespath.Value{}, refuse(node, "a word that YAML reserves; quote it to mean the text")
}

var timestamp = sys.Pattern(`^[0-9]{4}-(?:[0-9]{2}-[0-9]{2}` +
	`|[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$`)

func isTimestamp(text string) bool {
	return len(text) > 4 && text[4] == '-' && only(text[:4], digits) && timestamp().MatchString(text)
}

func refuseTimestamp(node *yaml.Node) (jmespath.Value, error) {
	return jmespath.Value{}, refuse(node, "a moment, which is not text; quote it to mean the text")
}
