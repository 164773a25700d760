package printout

import (
	"io"
	"strings"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/render"
)

// For is a value as it may be printed at that output: on a terminal, or in a pager there, without what the terminal would act upon, since its
// texts are a server's. Programs get every byte. Forms that write control characters as escapes may keep them.
func For(out io.Writer, form render.Form, value jmespath.Value) jmespath.Value {
	if !command.IsTerminal(out) {
		return value
	}
	return harmless(value, form.Escapes)
}

func harmless(value jmespath.Value, escapes bool) jmespath.Value {
	switch value.Kind() {
	case jmespath.String:
		return jmespath.TextOf(harmlessText(value.Text(), escapes))
	case jmespath.Array:
		items := make([]jmespath.Value, len(value.Items()))
		for i, item := range value.Items() {
			items[i] = harmless(item, escapes)
		}
		return jmespath.ListOf(items)
	case jmespath.Object:
		members := make([]jmespath.Member, len(value.Members()))
		for i, member := range value.Members() {
			members[i] = jmespath.Member{Name: member.Name, Value: harmless(member.Value, escapes)} // names are the model's, or the query's
		}
		return jmespath.ObjectOf(members)
	}
	return value
}

// harmlessText leaves the control characters of ASCII to a form that escapes them.
func harmlessText(text string, escapes bool) string {
	if !escapes {
		return command.Harmless(text)
	}
	var shown strings.Builder
	for _, r := range text {
		if r < ' ' {
			shown.WriteRune(r)
		} else {
			shown.WriteString(command.Harmless(string(r)))
		}
	}
	return shown.String()
}
