package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Node is a check as it is kept and shown, or a group of them.
type Node struct {
	Check   string  `json:"check"`
	Outcome Outcome `json:"outcome"`
	Detail  string  `json:"detail,omitempty"`
	Nodes   []Node  `json:"nodes,omitempty"`
}

// Record is a trace as a value: what is stored, and what is printed.
type Record struct {
	Nodes []Node   `json:"nodes"`
	Fixes []string `json:"fixes,omitempty"` // the commands that would mend it
	Left  int      `json:"left,omitempty"`  // checks that found no room
}

// Nodes returns the tree as it is now.
func (t *Trace) Nodes() []Node { return t.Record().Nodes }

// Record returns the trace as it is now. What is added later does not change it.
func (t *Trace) Record() Record {
	if t == nil {
		return Record{}
	}
	t.tree.mu.Lock()
	defer t.tree.mu.Unlock()
	t.tree.write()
	return Record{Nodes: t.copied(), Fixes: slices.Clone(t.tree.fixes), Left: t.tree.left}
}

func (t *Trace) copied() []Node {
	nodes := make([]Node, 0, len(t.nodes))
	for _, e := range t.nodes {
		if e.dropped {
			continue
		}
		node := Node{Check: e.check, Outcome: e.outcome, Detail: e.detail}
		if e.group != nil {
			node.Nodes = e.group.copied()
			node.Outcome = outcomeOf(node.Nodes)
		}
		nodes = append(nodes, node)
	}
	return nodes
}

// outcomeOf is the outcome of a group: one failure is a failure; without any check there is nothing to tell.
func outcomeOf(nodes []Node) Outcome {
	outcome := Note
	for _, node := range nodes {
		switch node.Outcome {
		case Fail:
			return Fail
		case Pass:
			outcome = Pass
		}
	}
	return outcome
}

// JSON returns the record for storing.
func (r Record) JSON() []byte {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and numbers only: it cannot fail
	}
	return text
}

// ParseRecord reads what JSON returned.
func ParseRecord(text []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		return Record{}, fmt.Errorf("read a trace: %w", err)
	}
	return r, nil
}

// Marks are the signs before checks.
type Marks map[Outcome]string

// The marks for terminals that show UTF-8, and for all others.
var (
	UTF8  = Marks{Pass: "✓", Fail: "✗", Note: "·"}
	ASCII = Marks{Pass: "ok  ", Fail: "FAIL", Note: "-   "}
)

// Text writes the tree, one check a line, and the commands that would mend the refusal.
func (r Record) Text(w io.Writer, marks Marks) error {
	var b strings.Builder
	writeNodes(&b, r.Nodes, marks, 0)
	if r.Left > 0 {
		fmt.Fprintf(&b, "%s %d more checks found no room\n", marks[Note], r.Left)
	}
	for i, fix := range r.Fixes {
		if i == 0 {
			b.WriteString("\nThis would mend it:\n")
		}
		fmt.Fprintf(&b, "  %s\n", fix)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeNodes(b *strings.Builder, nodes []Node, marks Marks, depth int) {
	for _, node := range nodes {
		fmt.Fprintf(b, "%s%s %s", strings.Repeat("  ", depth), marks[node.Outcome], node.Check)
		if node.Detail != "" {
			b.WriteString(": " + node.Detail)
		}
		b.WriteByte('\n')
		writeNodes(b, node.Nodes, marks, depth+1)
	}
}
