package client

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// iniFile is a shared configuration file: sections by name, each with its keys in small letters.
type iniFile map[string]map[string]string

var errIniSyntax = errors.New("syntax error")

// parseIni reads the dialect of the AWS configuration files: full-line comments with # or ;, keys divided from values by the
// first = or :, and lines that are indented deeper than their key as more lines of its value. Sections and keys may not occur
// twice, and a comment behind a value is a part of it.
func parseIni(text string) (iniFile, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%w: it is not valid UTF-8", errIniSyntax)
	}
	p := iniParser{file: iniFile{}}
	for number, line := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n") {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("%w: line %d %w", errIniSyntax, number+1, err)
		}
	}
	return p.file, nil
}

type iniParser struct {
	file    iniFile
	section map[string]string // nil before the first header
	key     string            // that further lines go on; empty after a header
	indent  int               // of the key
}

func (p *iniParser) line(line string) error {
	content := strings.TrimSpace(line)
	if content == "" || content[0] == '#' || content[0] == ';' {
		return nil
	}
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	if p.key != "" && indent > p.indent {
		p.section[p.key] += "\n" + content
		return nil
	}
	p.indent = indent
	if end := strings.LastIndexByte(content, ']'); content[0] == '[' && end > 1 {
		return p.header(content[1:end])
	}
	return p.option(content)
}

func (p *iniParser) header(name string) error {
	if _, twice := p.file[name]; twice {
		return fmt.Errorf("repeats section [%s]", name)
	}
	p.section, p.key = map[string]string{}, ""
	p.file[name] = p.section
	return nil
}

func (p *iniParser) option(content string) error {
	if p.section == nil {
		return errors.New("stands before the first section")
	}
	at := strings.IndexAny(content, "=:")
	if at <= 0 {
		return errors.New("has no key and value")
	}
	key := strings.ToLower(strings.TrimSpace(content[:at]))
	if _, twice := p.section[key]; twice {
		return fmt.Errorf("repeats key %q", key)
	}
	p.section[key], p.key = strings.TrimSpace(content[at+1:]), key
	return nil
}

// nestedValue is the value of a key inside a value of several lines, as in the sections of services.
func nestedValue(value, key string) (string, bool) {
	for line := range strings.SplitSeq(value, "\n") {
		name, inner, found := strings.Cut(line, "=")
		if found && strings.TrimSpace(name) == key {
			return strings.TrimSpace(inner), true
		}
	}
	return "", false
}

// sectionName splits a header such as [profile "a b"] into its kind and the name.
func sectionName(header string) (kind, name string) {
	header = strings.TrimSpace(header)
	at := strings.IndexAny(header, " \t")
	if at < 0 {
		return header, ""
	}
	name = strings.TrimSpace(header[at:])
	if len(name) >= 2 && (name[0] == '"' || name[0] == '\'') && name[len(name)-1] == name[0] {
		name = name[1 : len(name)-1]
	}
	return header[:at], name
}
