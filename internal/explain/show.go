package explain

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"sallyport/internal/trace"
)

// Nobody stands where a request had no verified caller.
const Nobody = "nobody was verified"

// Text writes the decision for people.
func (d Decision) Text(w io.Writer, marks trace.Marks, now time.Time) error {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%-10s %s\n", name, value) }
	line("request", d.RequestID)
	line("when", d.At.Format(time.RFC3339)+", "+age(d.At, now)+" ago")
	line("operation", d.Operation)
	line("caller", caller(d))
	line("answer", d.Exception+": "+d.Message)
	if d.Cause != "" {
		line("because", d.Cause)
	}
	b.WriteByte('\n')
	if len(d.Trace.Nodes) == 0 {
		b.WriteString("No check of this operation tells more.\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	return d.Trace.Text(w, marks)
}

func caller(d Decision) string {
	if d.Principal == "" {
		return Nobody
	}
	return d.Principal
}

// JSON writes the decision for programs.
func (d Decision) JSON(w io.Writer) error { return writeJSON(w, d) }

// ListText writes a table of decisions for people.
func ListText(w io.Writer, decisions []Decision, now time.Time) error {
	if len(decisions) == 0 {
		_, err := fmt.Fprintf(w, "no request was refused in the last %s\n", inHours(Keep))
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REQUEST\tAGE\tOPERATION\tEXCEPTION")
	for _, d := range decisions {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", d.RequestID, age(d.At, now), d.Operation, d.Exception)
	}
	return table.Flush()
}

// ListJSON writes decisions for programs.
func ListJSON(w io.Writer, decisions []Decision) error {
	return writeJSON(w, struct {
		Decisions []Decision `json:"decisions"`
	}{decisions})
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// age is how long ago something was, to the second. The clock of a server in development mode may be ahead of ours.
func age(at, now time.Time) string { return max(now.Sub(at), 0).Round(time.Second).String() }

func inHours(d time.Duration) string { return fmt.Sprintf("%d hours", d/time.Hour) }

// Unknown is what to say about a request id of which no decision is kept.
func Unknown(requestID string) error {
	return fmt.Errorf("nothing is kept about request %q: only refused requests are recorded, the latest %d of the last %s; "+
		"a running server writes them down within %s, so try again if it was just now",
		trace.Clean(canonical(requestID), maxName), Max, inHours(Keep), FlushEvery)
}
