package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The files of a ledger.
const (
	LinesFile   = "ledger.jsonl"
	SecretsFile = "secrets.jsonl"
)

// Options say how a ledger is kept.
type Options struct {
	// Sync has every line on the disk before it counts as written: where the machine of the writer may lose its power, too.
	Sync bool
	// Terms are what the servers promise.
	Terms Terms
}

// Ledger is an open ledger. It is safe for use by many goroutines.
type Ledger struct {
	Folder string

	mu            sync.Mutex
	lines, hidden *os.File
	sync          bool
	next          int64
	offset        time.Duration // of the servers' clock
	book          *Book
	secrets       map[string]string // by digest
}

// Create begins a ledger in a folder, which is made.
func Create(folder string, options Options) (*Ledger, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	if info, err := os.Stat(filepath.Join(folder, LinesFile)); err == nil && info.Size() > 0 {
		return nil, fmt.Errorf("%s has a ledger already: open it, or take another folder", folder)
	}
	return open(folder, options)
}

// Open goes on with a ledger.
func Open(folder string, options Options) (*Ledger, error) {
	if _, err := os.Stat(filepath.Join(folder, LinesFile)); err != nil {
		return nil, err
	}
	return open(folder, options)
}

func open(folder string, options Options) (*Ledger, error) {
	l := &Ledger{Folder: folder, sync: options.Sync}
	var err error
	if l.book, l.secrets, err = Read(folder, options.Terms); err != nil {
		return nil, err
	}
	l.next, l.offset = l.book.Lines+1, l.book.Offset
	if l.lines, err = appendTo(filepath.Join(folder, LinesFile)); err != nil {
		return nil, err
	}
	if l.hidden, err = appendTo(filepath.Join(folder, SecretsFile)); err != nil {
		return nil, errors.Join(err, l.lines.Close())
	}
	return l, nil
}

// appendTo opens a file for appending. A line that its writer did not finish is nobody's word and is cut off.
func appendTo(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(file)
	if err == nil {
		err = file.Truncate(int64(bytes.LastIndexByte(text, '\n') + 1))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Close closes the files.
func (l *Ledger) Close() error { return errors.Join(l.lines.Close(), l.hidden.Close()) }

// Attempt writes down what is about to be asked for and returns the line.
func (l *Ledger) Attempt(e Entry, secrets Secrets) (attempt Entry, err error) {
	e.Result = Attempted
	return l.write(e, secrets)
}

// Done writes down that an attempt was acknowledged, with what came of it.
func (l *Ledger) Done(attempt, e Entry, secrets Secrets) error {
	return l.answer(attempt, Done, e, secrets)
}

// Refused writes down that the server said no to an attempt: it did not happen.
func (l *Ledger) Refused(attempt Entry, because string) error {
	return l.answer(attempt, Refused, Entry{Because: because}, nil)
}

// Failed writes down that an attempt had no answer, or one that does not tell what happened.
func (l *Ledger) Failed(attempt Entry, because string) error {
	return l.answer(attempt, Failed, Entry{Because: because}, nil)
}

func (l *Ledger) answer(attempt Entry, result Result, e Entry, secrets Secrets) error {
	e.Of, e.Act, e.Result, e.Answers = attempt.Of, attempt.Act, result, attempt.Line
	_, err := l.write(e, secrets)
	return err
}

// Note writes down what needed no request of its own, or was made elsewhere.
func (l *Ledger) Note(e Entry, secrets Secrets) error {
	e.Result = Done
	_, err := l.write(e, secrets)
	return err
}

// SetClock writes down that the clock of the servers is so far ahead of the writer's.
func (l *Ledger) SetClock(offset time.Duration) error {
	return l.Note(Entry{Act: Clock, OffsetMS: offset.Milliseconds()}, nil)
}

// Remark writes down what a reader of the ledger should know.
func (l *Ledger) Remark(text string) error { return l.Note(Entry{Act: Remark, Because: text}, nil) }

// write appends the secrets, then the line, then folds it. A line that could not be written is not to be built upon: the error ends a run.
func (l *Ledger) write(e Entry, secrets Secrets) (Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.hide(&e, secrets); err != nil {
		return e, fmt.Errorf("write %s: %w", SecretsFile, err)
	}
	if e.Act == Clock {
		l.offset = time.Duration(e.OffsetMS) * time.Millisecond
	}
	e.Line, e.At = l.next, l.now()
	if err := l.put(l.lines, e); err != nil {
		return e, fmt.Errorf("write %s: %w", LinesFile, err)
	}
	l.next++
	return e, l.book.fold(e)
}

// now is the moment on the servers' clock.
func (l *Ledger) now() int64 { return time.Now().Add(l.offset).UnixMilli() }

// hidden is a line of the file of secrets.
type hiddenLine struct {
	Digest string `json:"digest"`
	Secret string `json:"secret"`
}

func (l *Ledger) hide(e *Entry, secrets Secrets) error {
	if len(secrets) == 0 {
		return nil
	}
	e.Digests = make(map[string]string, len(secrets))
	for name, secret := range secrets {
		digest := Digest(secret)
		e.Digests[name] = digest
		if _, known := l.secrets[digest]; known {
			continue
		}
		if err := l.put(l.hidden, hiddenLine{digest, secret}); err != nil {
			return err
		}
		l.secrets[digest] = secret
	}
	return nil
}

// put appends a line in one write, so that whoever reads finds all of it or, at the end of the file, a part.
func (l *Ledger) put(file *os.File, line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := file.Write(append(text, '\n')); err != nil || !l.sync {
		return err
	}
	return file.Sync()
}

// Secret is what a digest stands for.
func (l *Ledger) Secret(digest string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.secrets[digest]
}

// Secrets are all secrets that the ledger ever had.
func (l *Ledger) Secrets() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]string, 0, len(l.secrets))
	for _, secret := range l.secrets {
		all = append(all, secret)
	}
	return all
}

// Login is a login as the book has it now.
func (l *Ledger) Login(name string) (login Login, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if found := l.book.Logins[name]; found != nil {
		return *found, true
	}
	return Login{}, false
}

// Report adds a breach that was found by looking.
func (l *Ledger) Report(breach Breach) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.book.Breaches = append(l.book.Breaches, breach)
}

// Breaches are those found up to now.
func (l *Ledger) Breaches() []Breach {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Breach(nil), l.book.Breaches...)
}

// Look shows the book as it is now. The book must not be kept beyond look.
func (l *Ledger) Look(look func(book *Book, now int64)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	look(l.book, l.now())
}

// Read folds a ledger that nobody writes to, and reads its secrets.
func Read(folder string, terms Terms) (*Book, map[string]string, error) {
	book, secrets := newBook(terms), map[string]string{}
	err := eachLine(filepath.Join(folder, SecretsFile), func(text []byte) error {
		var line hiddenLine
		err := json.Unmarshal(text, &line)
		secrets[line.Digest] = line.Secret
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	err = eachLine(filepath.Join(folder, LinesFile), func(text []byte) error {
		var e Entry
		if err := json.Unmarshal(text, &e); err != nil {
			return err
		}
		for name, digest := range e.Digests {
			if _, known := secrets[digest]; !known {
				return fmt.Errorf("line %d names the %s %s, which %s does not have", e.Line, name, digest, SecretsFile)
			}
		}
		return book.fold(e)
	})
	return book, secrets, err
}

// eachLine reads the whole lines of a file, which may be missing.
func eachLine(path string, read func([]byte) error) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	for lines := bufio.NewReader(file); ; {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what is left has no end, so it was not written
		}
		if err == nil {
			err = read(text)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
}
