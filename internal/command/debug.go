package command

import (
	"fmt"
	"io"
)

// DebugSecrets is the switch that lets --debug print what it masks otherwise. It has to be spelled out.
const DebugSecrets = "debug-secrets"

// DebugLog is what --debug prints: what happens, in order. Secrets never reach it unless Secrets is set.
type DebugLog struct {
	out     io.Writer // nil: nothing is printed
	Secrets bool      // print what is masked otherwise
}

// NewDebugLog is the log that the global options ask for.
func NewDebugLog(out io.Writer, global Arguments) *DebugLog {
	if !global.Has("debug") {
		return &DebugLog{}
	}
	return &DebugLog{out: out, Secrets: global.Has(DebugSecrets)}
}

// On reports whether anything is printed. What is costly to prepare asks first. No log is one that prints nothing: settings are read before the
// options that ask for one, too.
func (d *DebugLog) On() bool { return d != nil && d.out != nil }

// Printf prints a line. Much of it is what servers and files say.
func (d *DebugLog) Printf(format string, args ...any) {
	if d.On() {
		fmt.Fprint(d.out, Harmless(fmt.Sprintf(Program+" debug: "+format+"\n", args...)))
	}
}
