package login

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sallyport/internal/shellwords"
)

// openingTime is how long a program that opens a browser may take to fail. One that runs longer is the browser itself.
const openingTime = 2 * time.Second

// urlMark stands for the address in BROWSER.
const urlMark = "%s"

// openers are the programs that open the person's browser, by system; the first that works counts.
var openers = map[string][][]string{
	"linux":   {{"xdg-open"}, {"gio", "open"}, {"x-www-browser"}, {"sensible-browser"}},
	"wsl":     {{"wslview"}, {"rundll32.exe", "url.dll,FileProtocolHandler"}, {"xdg-open"}},
	"darwin":  {{"open"}},
	"windows": {{"rundll32", "url.dll,FileProtocolHandler"}},
}

// browsers are the command lines to try, one after the other.
func browsers(s surroundings) [][]string {
	if setting := s.getenv("BROWSER"); setting != "" {
		return namedBrowsers(setting)
	}
	system := s.system
	switch {
	case s.inWSL():
		system = "wsl"
	case openers[system] == nil: // the BSDs
		system = "linux"
	}
	return openers[system]
}

// namedBrowsers reads BROWSER: command lines with the separator of paths between them, each with or without a place for the address.
func namedBrowsers(setting string) [][]string {
	var named [][]string
	for _, line := range filepath.SplitList(setting) {
		words := []string{line}
		if _, err := os.Stat(line); err != nil { // a path may hold blanks
			words, err = shellwords.Split(line)
			if err != nil || len(words) == 0 {
				continue
			}
		}
		named = append(named, words)
	}
	return named
}

// withURL puts the address where the command line has a place for it, or else behind it.
func withURL(words []string, url string) []string {
	placed, put := make([]string, len(words)), false
	for i, word := range words {
		put = put || i > 0 && strings.Contains(word, urlMark)
		if placed[i] = word; i > 0 {
			placed[i] = strings.ReplaceAll(word, urlMark, url)
		}
	}
	if !put {
		placed = append(placed, url)
	}
	return placed
}

// errNoBrowser tells that no browser could be opened.
var errNoBrowser = errors.New("no browser could be opened")

// openBrowser opens an address, which was looked at, with the first program that does not fail.
func openBrowser(ctx context.Context, s surroundings, url string) error {
	for _, words := range browsers(s) {
		if err := startBrowser(ctx, withURL(words, url)); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return errNoBrowser
}

// startBrowser starts a program that outlives us and has no part in our terminal. Whoever stops the command does not stop the browser.
func startBrowser(ctx context.Context, words []string) error {
	browser := exec.Command(words[0], words[1:]...)
	detach(browser)
	if err := browser.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- browser.Wait() }()
	timer := time.NewTimer(openingTime)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
