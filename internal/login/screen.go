package login

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"sallyport/internal/command"
	"sallyport/internal/session"
)

// screen is what a person sees during a sign-in. All of it goes to standard error; standard output is for the outcome.
type screen struct {
	out       io.Writer
	columns   int
	terminal  bool // a line can be drawn anew
	utf8      bool
	browser   bool // may be opened
	around    surroundings
	debug     *command.DebugLog
	now       func() time.Time
	waiting   sync.WaitGroup
	stop      chan struct{}
	stopClose sync.Once
}

func newScreen(call *command.Call) *screen {
	around := surroundingsOf(call)
	columns, terminal := command.TerminalWidth(call.Stderr)
	return &screen{
		out: call.Stderr, columns: columns, terminal: terminal && call.Getenv("TERM") != "dumb", utf8: speaksUTF8(around),
		browser: !call.Local.Has(optionNoBrowser) && canOpen(around), around: around, debug: call.Debug, now: time.Now, stop: make(chan struct{}),
	}
}

// speaksUTF8 reports whether the locale's characters are Unicode's. Outside of Unix they are, and on a Mac without a setting too.
func speaksUTF8(s surroundings) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := s.getenv(name); value != "" {
			value = strings.ToLower(value)
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return s.system == "windows" || s.system == "darwin"
}

// show tells the person what to do, opens the browser, and begins to wait.
func (s *screen) show(ctx context.Context, p session.Prompt) {
	if p.Code == "" {
		s.showBrowser(ctx, p)
	} else {
		s.showCode(ctx, p)
	}
	if ctx.Err() == nil {
		s.wait(p.Until)
	}
}

func (s *screen) showBrowser(ctx context.Context, p session.Prompt) {
	if !s.browser {
		fmt.Fprintf(s.out, "Open this address in a browser on this machine:\n\n%s\n\n", p.URL)
		return
	}
	fmt.Fprintf(s.out, "Your browser opens this address:\n\n%s\n\n", p.URL)
	if !s.open(ctx, p.URL) && ctx.Err() == nil {
		fmt.Fprintf(s.out, "No browser could be opened. Open the address yourself, on this machine; for a browser elsewhere, run login again with --%s.\n\n", optionDeviceCode)
	}
}

func (s *screen) showCode(ctx context.Context, p session.Prompt) {
	fmt.Fprintf(s.out, "Open this address in a browser, on this machine or another:\n\n%s\n\nand approve there if it shows this code, or type it:\n\n%s\n\n", p.PageURL, p.Code)
	if p.URL != p.PageURL {
		fmt.Fprintf(s.out, "With the code in it:\n\n%s\n\n", p.URL)
		s.showQR(p.URL)
	}
	s.open(ctx, p.URL)
}

// showQR draws the address for a phone, where there is room.
func (s *screen) showQR(url string) {
	if !s.terminal || !s.utf8 {
		return
	}
	for _, line := range drawQR(url, s.columns, maxQRRows) {
		fmt.Fprintln(s.out, line)
	}
	fmt.Fprintln(s.out)
}

// maxQRRows is the height of the largest code that a phone still reads from a screen.
const maxQRRows = 40

// open opens the browser, if that is wanted and possible.
func (s *screen) open(ctx context.Context, url string) bool {
	if !s.browser {
		return false
	}
	err := openBrowser(ctx, s.around, url)
	if err != nil {
		s.debug.Printf("%v", err)
	}
	return err == nil
}

// clearLine goes to the beginning of the line and empties it.
const clearLine = "\r\x1b[K"

// wait shows that we wait, and on a terminal for how long yet, until close.
func (s *screen) wait(until time.Time) {
	if !s.terminal {
		fmt.Fprintf(s.out, "Waiting for you to approve, %s at most.\n", minutes(until.Sub(s.now())))
		return
	}
	s.waiting.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			fmt.Fprintf(s.out, "%sWaiting for you to approve, %s left. Ctrl-C stops.", clearLine, clock(until.Sub(s.now())))
			select {
			case <-s.stop:
				fmt.Fprint(s.out, clearLine)
				return
			case <-tick.C:
			}
		}
	})
}

// close ends the waiting and leaves a clean line. Closing twice is no harm.
func (s *screen) close() {
	s.stopClose.Do(func() { close(s.stop) })
	s.waiting.Wait()
}

// clock is a time as minutes and seconds.
func clock(left time.Duration) string {
	left = max(left, 0).Round(time.Second)
	return fmt.Sprintf("%d:%02d", left/time.Minute, left%time.Minute/time.Second)
}

// minutes is a time in words, in whole minutes.
func minutes(left time.Duration) string {
	n := max(int((left+time.Minute-1)/time.Minute), 1)
	if n == 1 {
		return "a minute"
	}
	return fmt.Sprintf("%d minutes", n)
}
