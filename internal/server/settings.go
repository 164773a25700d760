package server

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"sallyport/internal/spelling"
)

// setting is one row of the table that the tags of Config make: everything there is to know about a setting but its meaning.
type setting struct {
	key        string        // in the file, and in messages
	index      int           // of the field in Config
	form       string        // what a value looks like, for usage; empty for switches
	help       string        // one line for usage and `config print`
	initial    string        // default, in the form that a file would have
	oneOf      []string      // the only values, when not empty
	least      time.Duration // bounds of a duration
	most       time.Duration
	step       time.Duration // what a duration must be a multiple of; zero when anything goes
	mostNumber int           // bound of a whole number, which is never negative
	except     string        // "file" or "flag": where it cannot be given
	hidden     bool          // a Secret
}

const (
	envPrefix = "SALLYPORT_"

	// maxConfigFile and maxSecretFile bound what is read into memory when somebody names the wrong file.
	maxConfigFile = 1 << 20
	maxSecretFile = 4 << 10

	emptyYAML = `""`
)

func (s *setting) flag() string { return "--" + strings.ReplaceAll(s.key, "_", "-") }
func (s *setting) env() string  { return envPrefix + strings.ToUpper(s.key) }

// Secret is a setting's value that shows as hidden however it is printed.
type Secret struct{ text string }

// Reveal returns the secret. Its callers are the places to review.
func (s Secret) Reveal() string { return s.text }

const hiddenText = "(hidden)"

func (Secret) String() string               { return hiddenText }
func (Secret) GoString() string             { return hiddenText }
func (Secret) MarshalText() ([]byte, error) { return []byte(hiddenText), nil }

// source is where a value came from. Ranks rise with precedence.
type source struct {
	rank int
	text string
}

const (
	rankDefault = iota
	rankFile
	rankEnv
	rankFlag
)

func (s source) String() string { return s.text }

// settings returns the table, in the order of the struct.
var settings = sync.OnceValue(func() []*setting {
	var table []*setting
	for field := range reflect.TypeFor[Config]().Fields() {
		if key := field.Tag.Get("setting"); key != "" {
			table = append(table, settingOf(key, field))
		}
	}
	for _, s := range table {
		if s.hidden && find(table, (*setting).keyName, s.fileKey()) == nil {
			panic("server: secret setting " + s.key + " has no twin " + s.fileKey())
		}
	}
	return table
})

func settingOf(key string, field reflect.StructField) *setting {
	s := &setting{
		key:     key,
		index:   field.Index[0],
		form:    field.Tag.Get("form"),
		help:    field.Tag.Get("help"),
		initial: field.Tag.Get("default"),
		oneOf:   strings.Fields(field.Tag.Get("oneof")),
		except:  field.Tag.Get("except"),
		hidden:  field.Type == reflect.TypeFor[Secret](),
	}
	for tag, bound := range map[string]*time.Duration{"min": &s.least, "max": &s.most, "step": &s.step} {
		if text := field.Tag.Get(tag); text != "" {
			*bound = mustDuration(text)
		}
	}
	s.mostNumber, _ = strconv.Atoi(field.Tag.Get("most"))
	if err := s.parse(reflect.New(field.Type).Elem(), []string{s.initial}); err != nil && s.initial != "" {
		panic("server: default of setting " + key + ": " + err.Error())
	}
	return s
}

func mustDuration(text string) time.Duration {
	d, err := parseDuration(text)
	if err != nil {
		panic("server: bound in a setting's tag: " + err.Error())
	}
	return d
}

// fileKey is the setting that names a file with this secret.
func (s *setting) fileKey() string {
	if s.hidden {
		return s.key + "_file"
	}
	return s.key
}

func find(table []*setting, name func(*setting) string, wanted string) *setting {
	for _, s := range table {
		if name(s) == wanted {
			return s
		}
	}
	return nil
}

func (s *setting) keyName() string { return s.key }

// Defaults returns the configuration of a server that was told nothing.
func Defaults() *Config {
	c := &Config{sources: map[string]source{}}
	for _, s := range settings() {
		if s.initial != "" {
			_ = s.parse(s.value(c), []string{s.initial}) // settingOf has checked it
		}
	}
	return c
}

func (s *setting) value(c *Config) reflect.Value { return reflect.ValueOf(c).Elem().Field(s.index) }

// parse sets a field from the texts of a value. Only lists take more than one text, and a text of theirs may hold several values
// between commas, for the environment and flags.
func (s *setting) parse(field reflect.Value, texts []string) error {
	if field.Kind() == reflect.Slice {
		return parseList(field, texts)
	}
	if len(texts) != 1 {
		return errors.New("expected one value and not a list")
	}
	switch target := field.Addr().Interface().(type) {
	case *string:
		*target = texts[0]
	case *Secret:
		*target = Secret{texts[0]}
	case *bool:
		return parseSwitch(target, texts[0])
	case *int:
		n, err := strconv.ParseUint(texts[0], 10, 31)
		if err != nil {
			return errors.New("expected a whole number")
		}
		*target = int(n)
	case *time.Duration:
		d, err := parseDuration(texts[0])
		if err != nil {
			return err
		}
		*target = d
	default:
		panic(fmt.Sprintf("server: setting %s has a type that the table cannot read: %T", s.key, target))
	}
	return nil
}

func parseSwitch(target *bool, text string) error {
	if text != "true" && text != "false" {
		return errors.New("expected true or false")
	}
	*target = text == "true"
	return nil
}

func parseList(field reflect.Value, texts []string) error {
	var items []string
	for _, text := range texts {
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
	}
	switch target := field.Addr().Interface().(type) {
	case *[]string:
		*target = items
	case *[]netip.Prefix:
		networks, err := parseNetworks(items)
		if err != nil {
			return err
		}
		*target = networks
	}
	return nil
}

func parseNetworks(items []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, item := range items {
		network, err := parseNetwork(item)
		if err != nil {
			return nil, fmt.Errorf("%q is not a network: expected the form 10.0.0.0/8, 2001:db8::/32 or a single address", item)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// parseNetwork reads a network or a single address. Bits beyond the prefix are refused: 10.1.2.3/8 is more often a slip than a wish.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil || network.Masked() != network || network.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("not a network")
	}
	return network, nil
}

const day = 24 * time.Hour

// parseDuration reads Go's form of durations, and whole days as 90d.
func parseDuration(text string) (time.Duration, error) {
	const expected = "expected a duration such as 90s, 15m, 8h or 90d"
	if number, isDays := strings.CutSuffix(text, "d"); isDays {
		const mostDays = uint64(1<<63-1) / uint64(day)
		days, err := strconv.ParseUint(number, 10, 32)
		if err != nil || days > mostDays {
			return 0, errors.New(expected)
		}
		return time.Duration(days) * day, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New(expected)
	}
	return d, nil
}

// formatDuration writes a duration as an operator would: 90d, 8h, 1h30m.
func formatDuration(d time.Duration) string {
	if d > 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	text := d.String()
	if d%time.Minute == 0 && d != 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if d%time.Hour == 0 && d != 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// yaml writes a setting's value so that reading it gives the value back.
func (s *setting) yaml(c *Config) string {
	switch value := s.value(c).Interface().(type) {
	case Secret:
		if value.text == "" {
			return emptyYAML
		}
		return hiddenText
	case string:
		return strconv.Quote(value) // Go's escapes are a part of YAML's
	case bool:
		return strconv.FormatBool(value)
	case int:
		return strconv.Itoa(value)
	case time.Duration:
		return formatDuration(value)
	case []string:
		return yamlList(value, strconv.Quote)
	case []netip.Prefix:
		return yamlList(value, func(network netip.Prefix) string { return strconv.Quote(network.String()) })
	default:
		panic(fmt.Sprintf("server: setting %s has a type that the table cannot write: %T", s.key, value))
	}
}

func yamlList[T any](values []T, write func(T) string) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = write(value)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// source tells where a setting's value came from.
func (c *Config) source(key string) source {
	if from, given := c.sources[key]; given {
		return from
	}
	return source{rankDefault, "default"}
}

// mistake describes a value that cannot be used: setting, value, source, and what was expected.
func (c *Config) mistake(key, expected string) error {
	s := find(settings(), (*setting).keyName, key)
	return fmt.Errorf("%s: %s (%s): %s", key, s.yaml(c), c.source(key), expected)
}

// checkTable checks what the table itself says about values: choices, bounds and steps.
func (c *Config) checkTable() []error {
	var mistakes []error
	for _, s := range settings() {
		switch value := s.value(c).Interface().(type) {
		case string:
			if len(s.oneOf) > 0 && !slices.Contains(s.oneOf, value) {
				mistakes = append(mistakes, c.mistake(s.key, "expected one of "+strings.Join(s.oneOf, ", ")))
			}
		case int:
			if value > s.mostNumber {
				mistakes = append(mistakes, c.mistake(s.key, "expected 0 to "+strconv.Itoa(s.mostNumber)))
			}
		case time.Duration:
			if value < s.least || value > s.most {
				mistakes = append(mistakes, c.mistake(s.key, "expected "+formatDuration(s.least)+" to "+formatDuration(s.most)))
			}
			if s.step > 0 && value%s.step != 0 {
				mistakes = append(mistakes, c.mistake(s.key, "expected a multiple of "+formatDuration(s.step)))
			}
		}
	}
	return mistakes
}

// given is one value that the operator gave, before it is believed.
type given struct {
	setting *setting
	texts   []string
	from    source
}

// Load reads the settings of a server from its arguments (without program and command names), its environment (as os.Environ gives
// it) and the file that these name. It returns flag.ErrHelp when the arguments ask for help; the caller then prints Usage.
// Every mistake in all three is in the error, one per line.
func Load(args, env []string) (*Config, error) {
	flags, flagMistakes := readFlags(args)
	if errors.Is(errors.Join(flagMistakes...), flag.ErrHelp) {
		return nil, flag.ErrHelp
	}
	variables, envMistakes := readEnv(env)
	for i, mistake := range flagMistakes {
		flagMistakes[i] = &ArgumentError{mistake}
	}
	c := Defaults()
	above := c.apply(slices.Concat(variables, flags))
	mistakes := slices.Concat(flagMistakes, envMistakes)
	if c.ConfigFile != "" {
		lines, fileMistakes := readFile(c.ConfigFile)
		mistakes = slices.Concat(mistakes, fileMistakes, c.apply(lines))
	}
	mistakes = append(mistakes, above...)
	mistakes = append(mistakes, c.readSecretFiles()...)
	c.derivePublicURL()
	if err := errors.Join(append(mistakes, c.Validate())...); err != nil {
		return nil, err
	}
	return c, nil
}

// apply sets what was given, unless something of higher rank already has: the file is read last, because the others name it.
func (c *Config) apply(values []given) []error {
	var mistakes []error
	for _, g := range values {
		if c.source(g.setting.key).rank > g.from.rank {
			continue
		}
		if err := g.setting.parse(g.setting.value(c), g.texts); err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %s (%s): %w", g.setting.key, g.shown(), g.from, err))
			continue
		}
		c.sources[g.setting.key] = g.from
	}
	return mistakes
}

func (g *given) shown() string {
	if g.setting.hidden {
		return hiddenText
	}
	return strconv.Quote(strings.Join(g.texts, ","))
}

// ArgumentError is a mistake of the command line: an argument that is not known, that cannot be one, or that has no value.
type ArgumentError struct{ error }

// Unwrap returns the mistake.
func (e *ArgumentError) Unwrap() error { return e.error }

// readFlags reads --name value, --name=value, and --name alone for switches. A list may be repeated; of other flags the last counts.
func readFlags(args []string) (values []given, mistakes []error) {
	for i := 0; i < len(args); i++ {
		name, text, hasText := strings.Cut(args[i], "=")
		if name == "--help" || name == "-h" {
			return nil, []error{flag.ErrHelp}
		}
		s := find(settings(), (*setting).flag, name)
		switch {
		case s != nil && s.except == "flag":
			mistakes = append(mistakes, fmt.Errorf("%s cannot be a flag, because every process can read command lines: expected %s-file or the environment variable %s", name, name, s.env()))
			continue
		case s == nil:
			mistakes = append(mistakes, unknown("argument", name, (*setting).flag, "flag"))
			if !hasText && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++ // most likely the value of the misspelt flag; complaining about it as well would not help
			}
			continue
		case hasText:
		case s.form == "":
			text = "true"
		case i+1 == len(args) || strings.HasPrefix(args[i+1], "--"): // a value that begins so stands behind =
			mistakes = append(mistakes, fmt.Errorf("flag %s: expected a value after it: %s %s", name, name, s.form))
			continue
		default:
			i++
			text = args[i]
		}
		values = addFlag(values, given{s, []string{text}, source{rankFlag, "flag " + name}})
	}
	return values, mistakes
}

func addFlag(values []given, g given) []given {
	isList := g.setting.fieldType().Kind() == reflect.Slice
	for i := range values {
		if values[i].setting == g.setting && isList {
			values[i].texts = append(values[i].texts, g.texts...)
			return values
		}
	}
	return append(values, g)
}

func (s *setting) fieldType() reflect.Type { return reflect.TypeFor[Config]().Field(s.index).Type }

// readEnv reads every SALLYPORT_ variable; empty ones count as not given, as compose files and unit files leave them.
func readEnv(env []string) (values []given, mistakes []error) {
	for _, entry := range env {
		name, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		s := find(settings(), (*setting).env, name)
		if s == nil {
			mistakes = append(mistakes, unknown("environment variable", name, (*setting).env, "env"))
			continue
		}
		if text != "" {
			values = append(values, given{s, []string{text}, source{rankEnv, "environment variable " + name}})
		}
	}
	return values, mistakes
}

// readFile reads a YAML mapping of settings: one document, no key twice, no anchors.
func readFile(path string) (values []given, mistakes []error) {
	text, err := readBounded(path, maxConfigFile)
	if err != nil {
		return nil, []error{fmt.Errorf("config: cannot read the file: %w", err)}
	}
	document := yaml.Node{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil // an empty file, or only comments
	} else if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", path, err)}
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, []error{fmt.Errorf("%s: expected one YAML document", path)}
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, []error{fmt.Errorf("%s:%d: expected settings as name: value", path, root.Line)}
	}
	return readMapping(path, root)
}

func readMapping(path string, root *yaml.Node) (values []given, mistakes []error) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		place := fmt.Sprintf("%s:%d", path, key.Line)
		s := find(settings(), (*setting).keyName, key.Value)
		switch {
		case key.Kind != yaml.ScalarNode || s == nil || s.except == "file":
			mistakes = append(mistakes, unknown(place+": setting", key.Value, (*setting).keyName, "file"))
			continue
		case seen[key.Value]:
			mistakes = append(mistakes, fmt.Errorf("%s: %s is given twice: expected it once", place, key.Value))
			continue
		}
		seen[key.Value] = true
		texts, err := nodeTexts(value)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %s: %w", place, key.Value, err))
			continue
		}
		values = append(values, given{s, texts, source{rankFile, place}})
	}
	return values, mistakes
}

// nodeTexts returns the texts of a scalar or of a list of scalars.
func nodeTexts(node *yaml.Node) ([]string, error) {
	switch {
	case node.Kind == yaml.SequenceNode:
		texts := []string{}
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
				return nil, errors.New("expected a list of plain values")
			}
			texts = append(texts, item.Value)
		}
		return texts, nil
	case node.Kind != yaml.ScalarNode:
		return nil, errors.New("expected a plain value")
	case node.Tag == "!!null":
		return nil, errors.New("expected a value: give one, or remove the line")
	}
	return []string{node.Value}, nil
}

// unknown describes a name that is no setting's, with the nearest one that is.
func unknown(what, wanted string, name func(*setting) string, place string) error {
	nearest, distance := "", len(wanted)/2+1
	for _, s := range settings() {
		if d := spelling.Distance(wanted, name(s), distance); d < distance && s.except != place {
			nearest, distance = name(s), d
		}
	}
	const longestShown = 64
	shown := wanted[:min(len(wanted), longestShown)]
	if nearest == "" {
		return fmt.Errorf("%s %q is not known: `sallyport serve --help` lists what is", what, shown)
	}
	return fmt.Errorf("%s %q is not known: the nearest is %s", what, shown, nearest)
}

// readSecretFiles fills in every secret that was given as a file. Of a secret and its file the one of higher precedence counts;
// both in one place is a mistake.
func (c *Config) readSecretFiles() []error {
	var mistakes []error
	for _, s := range settings() {
		if !s.hidden {
			continue
		}
		file := find(settings(), (*setting).keyName, s.fileKey())
		path := file.value(c).String()
		own, files := c.source(s.key), c.source(file.key)
		switch {
		case path == "":
		case own.rank > files.rank:
			file.value(c).SetString("")
			delete(c.sources, file.key)
		case own.rank == files.rank && own.rank != rankDefault:
			mistakes = append(mistakes, c.mistake(file.key, "expected either it or "+s.key+" ("+own.text+"), and not both"))
		default:
			text, err := readSecretFile(path)
			if err != nil {
				mistakes = append(mistakes, c.mistake(file.key, err.Error()))
				continue
			}
			s.value(c).Set(reflect.ValueOf(Secret{text}))
			c.sources[s.key] = source{files.rank, file.key + ", " + files.text}
		}
	}
	return mistakes
}

func readBounded(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAtMost(file, most)
}

func readAtMost(file *os.File, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s is larger than %d bytes", file.Name(), most)
	}
	return text, nil
}

// Flag is a setting as an option of a command line.
type Flag struct {
	Name string // with its dashes
	Form string // what a value looks like; empty for switches
	Help string // one line
}

// Flags are the settings that may be given as options.
func Flags() []Flag {
	var flags []Flag
	for _, s := range settings() {
		if s.except != "flag" {
			flags = append(flags, Flag{s.flag(), s.form, s.help})
		}
	}
	return flags
}

// Usage writes every setting as a flag with its meaning, default and environment variable.
func Usage(w io.Writer) error {
	var text strings.Builder
	for _, s := range settings() {
		name := s.flag()
		if s.except == "flag" {
			name = "(no flag)"
		}
		fmt.Fprintf(&text, "\n  %s\n        %s", strings.TrimSpace(name+" "+s.form), s.help)
		if s.initial != "" {
			fmt.Fprintf(&text, " (default %s)", s.initial)
		}
		fmt.Fprintf(&text, "\n        %s\n", s.env())
	}
	_, err := io.WriteString(w, text.String())
	return err
}
