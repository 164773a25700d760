package awsconfig

import (
	"fmt"
	"slices"
	"strings"
)

// diffContext is how many unchanged lines stand around a change: as many as people are used to.
const diffContext = 3

// diffSigns are what lines begin with, by what became of them.
var diffSigns = [...]byte{kept: ' ', added: '+', removed: '-'}

// secretKeys have values that a difference does not show.
var secretKeys = []string{"aws_secret_access_key", "aws_session_token", "aws_security_token"}

// Diff is the difference between what was read and what would be written, in the unified form; empty if there is none. It is
// for people: values of secret keys are masked.
func (d *Document) Diff() string {
	lines := slices.Collect(d.allLines())
	var out strings.Builder
	oldLine, newLine, at := 1, 1, 0
	for _, hunk := range hunks(lines) {
		for _, l := range lines[at:hunk.from] {
			count(l, &oldLine, &newLine)
		}
		if out.Len() == 0 {
			fmt.Fprintf(&out, "--- %s\n+++ %s\n", d.path, d.path)
		}
		writeHunk(&out, lines[hunk.from:hunk.to], &oldLine, &newLine)
		at = hunk.to
	}
	return out.String()
}

type span struct{ from, to int }

// hunks are the stretches of lines with changes and their surroundings; such that touch are one.
func hunks(lines []*line) []span {
	var all []span
	for i, l := range lines {
		if l.mark == kept {
			continue
		}
		around := span{max(i-diffContext, 0), min(i+1+diffContext, len(lines))}
		if last := len(all) - 1; last >= 0 && around.from <= all[last].to {
			all[last].to = around.to
			continue
		}
		all = append(all, around)
	}
	return all
}

func writeHunk(out *strings.Builder, lines []*line, oldLine, newLine *int) {
	oldFrom, newFrom := *oldLine, *newLine
	for _, l := range lines {
		count(l, oldLine, newLine)
	}
	fmt.Fprintf(out, "@@ -%s +%s @@\n", lineRange(oldFrom, *oldLine-oldFrom), lineRange(newFrom, *newLine-newFrom))
	for _, l := range lines {
		out.WriteByte(diffSigns[l.mark])
		out.WriteString(maskSecret(l.text))
		out.WriteByte('\n')
	}
}

func count(l *line, oldLine, newLine *int) {
	if l.mark != added {
		*oldLine++
	}
	if l.mark != removed {
		*newLine++
	}
}

// lineRange is the place of a stretch of lines. One without lines is named by the line before it.
func lineRange(from, length int) string {
	if length == 0 {
		from--
	}
	return fmt.Sprintf("%d,%d", from, length)
}

func maskSecret(text string) string {
	at := strings.IndexAny(text, "=:")
	if at < 0 || !slices.Contains(secretKeys, strings.ToLower(strings.TrimSpace(text[:at]))) {
		return text
	}
	return text[:at+1] + " ****"
}
