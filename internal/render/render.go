// Package render shows a value in the forms that the command line offers: json, text, table, yaml, yaml-stream and off, byte for
// byte as AWS CLI v2 does. It owns what a value looks like and nothing else: which value is shown, whether there are colours and
// how wide the terminal is, the caller knows. Values nest as deeply as package jmespath lets them, which bounds the recursion here.
package render

import (
	"io"
	"slices"

	"sallyport/internal/jmespath"
)

// Form is one form of output.
type Form struct {
	Name string

	// PerPage tells that an answer of several pages is shown page by page; the other forms show one value made of all pages.
	PerPage bool

	// Escapes tells that control characters of texts are written as escapes, which a terminal does not act upon.
	Escapes bool

	// Render writes an answer. An empty object is shown as nothing at all, in every form. An error that does not come from dst says
	// that the form cannot show such a value; text may have been written before it.
	Render func(dst io.Writer, answer jmespath.Value, options Options) error
}

// Options are what a form needs to know beside the value. Only tables do.
type Options struct {
	Title string // the heading of the whole: the operation's name
	Width int    // columns of the terminal; zero is DefaultWidth
	Color Color
}

// DefaultWidth is how wide a terminal is taken to be that does not say.
const DefaultWidth = 80

// Forms are all forms in the order in which they are offered.
var Forms = []Form{
	{Name: "json", Render: anyOptions(writeJSON), Escapes: true},
	{Name: "text", Render: anyOptions(writeText), PerPage: true},
	{Name: "table", Render: writeTable},
	{Name: "yaml", Render: anyOptions(writeYAML), Escapes: true},
	{Name: "yaml-stream", Render: anyOptions(writeYAMLStream), PerPage: true, Escapes: true},
	{Name: "off", Render: anyOptions(writeNothing)},
}

// FormNamed finds a form.
func FormNamed(name string) (Form, bool) {
	at := slices.IndexFunc(Forms, func(form Form) bool { return form.Name == name })
	if at < 0 {
		return Form{}, false
	}
	return Forms[at], true
}

// FormNames are the names of all forms in the order in which they are offered.
func FormNames() []string {
	names := make([]string, len(Forms))
	for i := range Forms {
		names[i] = Forms[i].Name
	}
	return names
}

func anyOptions(render func(io.Writer, jmespath.Value) error) func(io.Writer, jmespath.Value, Options) error {
	return func(dst io.Writer, answer jmespath.Value, _ Options) error { return render(dst, answer) }
}

func writeNothing(io.Writer, jmespath.Value) error { return nil }

// writeJSON writes the answer as indented JSON, its members in the order they have.
func writeJSON(dst io.Writer, answer jmespath.Value) error {
	if isEmptyObject(answer) {
		return nil
	}
	return appendLine(dst, jmespath.Pretty.AppendJSON(nil, answer))
}

func appendLine(dst io.Writer, line []byte) error {
	_, err := dst.Write(append(line, '\n'))
	return err
}

func isEmptyObject(v jmespath.Value) bool {
	return v.Kind() == jmespath.Object && len(v.Members()) == 0
}
