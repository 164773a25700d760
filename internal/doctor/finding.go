package doctor

import (
	"fmt"
	"strings"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/printout"
	"sallyport/internal/session"
	"sallyport/internal/shellwords"
)

// status is how a step went.
type status string

const (
	ok    status = "ok"
	fixed status = "fixed"
	warn  status = "warn"
	fail  status = "fail"
	skip  status = "skip"
)

// signs are what stands at the beginning of the line. What has to be mended is found without colours.
var signs = map[status]string{ok: "ok", fixed: "fixed", warn: "warn", fail: "FAIL", skip: "skip"}

// finding is what a check says: one sentence, and the commands or settings that mend it.
type finding struct {
	status   status
	sentence string
	mend     []string
}

func well(format string, args ...any) finding {
	return finding{status: ok, sentence: fmt.Sprintf(format, args...)}
}
func doubtful(format string, args ...any) finding {
	return finding{status: warn, sentence: fmt.Sprintf(format, args...)}
}
func broken(format string, args ...any) finding {
	return finding{status: fail, sentence: fmt.Sprintf(format, args...)}
}
func skipped(sentence string) finding { return finding{status: skip, sentence: sentence} }
func mended(format string, args ...any) finding {
	return finding{status: fixed, sentence: fmt.Sprintf(format, args...)}
}

// by adds what mends the finding.
func (f finding) by(format string, args ...any) finding {
	f.mend = append(f.mend[:len(f.mend):len(f.mend)], fmt.Sprintf(format, args...))
	return f
}

// quote is a word as a shell takes it.
func quote(word string) string { return shellwords.Quote(word) }

// result is a finding of a check.
type result struct {
	check string
	finding
}

func count(results []result, wanted status) int {
	n := 0
	for _, r := range results {
		if r.status == wanted {
			n++
		}
	}
	return n
}

// plain is a text for people. Addresses are shown as they are configured, but not what signs in there.
func plain(text string) string { return session.Printable(command.HidePasswords(text)) }

// line is the result for people. What came from a server or a file must not act upon the terminal.
func (r result) line() string {
	const indent = 20 // columns of sign and name
	text := fmt.Sprintf("%-6s%-13s %s\n", signs[r.status], r.check, plain(r.sentence))
	for _, mend := range r.mend {
		text += strings.Repeat(" ", indent) + "-> " + plain(mend) + "\n"
	}
	return text
}

// printer shows results to people as they come, or to programs at the end.
type printer struct {
	each func(result)
	all  func([]result) error
}

// newPrinter settles how the results are shown.
func newPrinter(call *command.Call) (printer, error) {
	asked, err := printout.Asked(call, "Doctor")
	if asked == nil {
		return printer{
			each: func(r result) { fmt.Fprint(call.Stdout, r.line()) },
			all:  func([]result) error { return nil },
		}, err
	}
	return printer{
		each: func(result) {},
		all:  func(results []result) error { return asked(call.Stdout, list(results)) },
	}, nil
}

// list is the results as a value.
func list(results []result) jmespath.Value {
	items := make([]jmespath.Value, len(results))
	for i, r := range results {
		mend := make([]jmespath.Value, len(r.mend))
		for j, text := range r.mend {
			mend[j] = jmespath.TextOf(command.HidePasswords(text))
		}
		items[i] = jmespath.ObjectOf([]jmespath.Member{
			{Name: "check", Value: jmespath.TextOf(r.check)},
			{Name: "status", Value: jmespath.TextOf(string(r.status))},
			{Name: "sentence", Value: jmespath.TextOf(command.HidePasswords(r.sentence))},
			{Name: "mend", Value: jmespath.ListOf(mend)},
		})
	}
	return jmespath.ListOf(items)
}
