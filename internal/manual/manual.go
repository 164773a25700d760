// Package manual is the form of help: one Page, written three ways. Terminal writes it for reading at once, Man as a man page, and
// Markdown for a site or a repository. The texts of pages belong to those who know the commands; this package owns headings, layout and
// escaping, so that a text can hold any letters and means itself in all three.
package manual

import (
	"io"
	"strings"
	"unicode"
)

// The headings of pages, as readers of the AWS CLI's help know them.
const (
	HeadingName          = "NAME"
	HeadingDescription   = "DESCRIPTION"
	HeadingSynopsis      = "SYNOPSIS"
	HeadingOptions       = "OPTIONS"
	HeadingGlobalOptions = "GLOBAL OPTIONS"
	HeadingCommands      = "AVAILABLE COMMANDS"
	HeadingExamples      = "EXAMPLES"
	HeadingOutput        = "OUTPUT"
	HeadingSeeAlso       = "SEE ALSO"
)

// Page is one page of the manual: NAME, DESCRIPTION and SYNOPSIS, its sections in their order, and SEE ALSO. What is empty is left out.
type Page struct {
	Name        string   // the words of the command: "sallyport sso-oidc create-token"
	Purpose     string   // one line without a period
	Description []string // paragraphs
	Synopsis    []string // the command, and a line for each option
	Sections    []Section
	SeeAlso     []string // names of other pages
}

// Section is a part of a page under a heading of its own: paragraphs, then items, then examples.
type Section struct {
	Heading  string // in capitals
	Text     []string
	Items    []Item
	Examples []Example
}

// Item is an option, a command, or a member of an answer.
type Item struct {
	Term   string   // "--client-id"
	Note   string   // what stands beside it: "(string, required)"
	Doc    []string // paragraphs
	Values []string // that are known to mean something
	Page   string   // name of the page that it leads to, if there is one
	Items  []Item   // what is inside: the members of a structure
}

// Example is lines for a shell and what to know about them.
type Example struct {
	Title string // without a period
	Shell string
	Note  string
}

// FileName is the name under which the page is kept: sallyport-sso-oidc-create-token.1, with the extension given.
func (p Page) FileName(extension string) string { return fileName(p.Name) + "." + extension }

// fileName keeps what needs no escaping in any file system or link.
func fileName(page string) string {
	return strings.Join(strings.FieldsFunc(page, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_'
	}), "-")
}

// write is the one write of a page.
func write(w io.Writer, page *strings.Builder) error {
	_, err := io.WriteString(w, page.String())
	return err
}
