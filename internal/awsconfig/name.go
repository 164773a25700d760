package awsconfig

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/internal/shellwords"
)

// Kind is what a section of the config file is about.
type Kind string

// The kinds of sections. KindOther is a section that is known by its whole header: all those of a credentials file, and what
// tools of their own wrote.
const (
	KindProfile  Kind = "profile"
	KindSession  Kind = "sso-session"
	KindServices Kind = "services"
	KindOther    Kind = ""
)

// SectionName tells which section is meant, whatever its header looks like.
type SectionName struct {
	Kind Kind
	Name string
}

// DefaultProfile is the profile of whoever asks for none. Its header alone may go without its kind.
const DefaultProfile = "default"

// nameOf reads a header. It is split as a shell splits words, so that quoted names may have blanks; one that does not have
// exactly a kind and a name, such as [profile a b], names nothing that anybody could ask for.
func nameOf(header string) SectionName {
	if header == DefaultProfile {
		return SectionName{KindProfile, DefaultProfile}
	}
	for _, kind := range []Kind{KindProfile, KindSession, KindServices} {
		if !strings.HasPrefix(header, string(kind)) {
			continue
		}
		if words, err := shellwords.Split(header); err == nil && len(words) == 2 {
			return SectionName{kind, words[1]}
		}
		break
	}
	return SectionName{KindOther, header}
}

// header is the header of a new section, such as [profile "a b"].
func (n SectionName) header() (string, error) {
	if err := CheckName(n.Name); err != nil {
		return "", err
	}
	header := n.Name
	if n.Kind != KindOther && (n != SectionName{KindProfile, DefaultProfile}) {
		if strings.ContainsFunc(n.Name, unicode.IsSpace) {
			header = `"` + n.Name + `"`
		}
		header = string(n.Kind) + " " + header
	}
	if nameOf(header) != n {
		return "", fmt.Errorf("the name %q would be read as another section", n.Name)
	}
	return header, nil
}

// CheckName refuses names of new sections that some reader of the file would take for something else: brackets and line ends
// everywhere, quotes and backslashes in the reference, comment signs in other SDKs.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("the name of a section is empty")
	case name == defaultsHeader:
		return fmt.Errorf("the name %q would give its keys to every section", name)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("the name %q begins or ends with a blank", name)
	case strings.ContainsAny(name, "[]\"'\\#;\t"):
		return fmt.Errorf("the name %q has a character that names of sections cannot have: a tab or one of [ ] \" ' \\ # ;", name)
	case !isOneLine(name):
		return fmt.Errorf("the name %q has a line end or another control character", name)
	}
	return nil
}

// isOneLine reports whether the text can stand in a line: valid, and without anything that some reader takes for a line end.
func isOneLine(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '\t' && unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}
