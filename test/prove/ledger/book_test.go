package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// story is a ledger as a test tells it. Moments are seconds after the first, on the servers' clock.
type story struct {
	*testing.T
	book *Book
	line int64
}

func tell(t *testing.T) *story { return &story{T: t, book: newBook(Terms{})} }

func (s *story) fold(at float64, e Entry, secrets Secrets) Entry {
	s.Helper()
	s.line++
	e.Line, e.At = s.line, 1_000_000+int64(at*1000)
	for name, secret := range secrets {
		if e.Digests == nil {
			e.Digests = map[string]string{}
		}
		e.Digests[name] = Digest(secret)
	}
	if err := s.book.fold(e); err != nil {
		s.Fatal(err)
	}
	return e
}

func (s *story) attempt(at float64, e Entry, secrets Secrets) Entry {
	s.Helper()
	e.Result = Attempted
	return s.fold(at, e, secrets)
}

func (s *story) done(at float64, attempt, e Entry, secrets Secrets) {
	s.Helper()
	e.Of, e.Act, e.Result, e.Answers = attempt.Of, attempt.Act, Done, attempt.Line
	s.fold(at, e, secrets)
}

func (s *story) refused(at float64, attempt Entry, because string) {
	s.Helper()
	s.fold(at, Entry{Of: attempt.Of, Act: attempt.Act, Result: Refused, Answers: attempt.Line, Because: because}, nil)
}

const minutes = 60_000 // in milliseconds

// signIn tells of a login of the kind up to its first tokens, a and r1, in the second before the moment.
func (s *story) signIn(at float64, kind Kind) {
	s.Helper()
	s.begin(at, kind)
	s.redeem(at, "a1", "r1")
}

func (s *story) begin(at float64, kind Kind) {
	s.Helper()
	begin := s.attempt(at-0.9, Entry{Of: "login", Act: Begin, Kind: kind, Person: "alice", Client: "client"}, Secrets{"clientSecret": "s"})
	s.done(at-0.8, begin, Entry{LivesMS: 10 * minutes}, Secrets{"deviceCode": "d"})
	if kind == DeviceCode {
		decide := s.attempt(at-0.7, Entry{Of: "login", Act: Decide, Because: Approve}, nil)
		s.done(at-0.6, decide, Entry{}, nil)
	}
}

func (s *story) redeem(at float64, access, refresh string) {
	s.Helper()
	s.done(at, s.redemption(at-0.1), Entry{LivesMS: 60 * minutes}, Secrets{"accessToken": access, "refreshToken": refresh})
}

func (s *story) redemption(at float64) Entry {
	s.Helper()
	return s.attempt(at, Entry{Of: "login", Act: Redeem}, nil)
}

func (s *story) turning(at float64, spent string) Entry {
	s.Helper()
	return s.attempt(at, Entry{Of: "login", Act: Turn}, Secrets{"spent": spent})
}

func (s *story) turn(at float64, spent, access, refresh string) {
	s.Helper()
	s.done(at, s.turning(at-0.1, spent), Entry{LivesMS: 60 * minutes}, Secrets{"accessToken": access, "refreshToken": refresh})
}

const invalidGrant = "InvalidGrantException"

func TestAnswersGiveAwayBrokenPromises(t *testing.T) {
	for _, row := range []struct {
		name string
		tell func(s *story)
		want []Invariant
	}{
		{"all is well", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turn(2, "r1", "a2", "r2")
			s.turn(3, "r2", "a3", "r3")
			s.refused(3.1, s.redemption(3), invalidGrant)
		}, nil},
		{"a device code gives tokens twice", func(s *story) {
			s.signIn(1, DeviceCode)
			s.redeem(2, "b1", "q1")
		}, []Invariant{Doubled}},
		{"a device code gives the same tokens twice", func(s *story) {
			s.signIn(1, DeviceCode)
			s.redeem(2, "a1", "r1")
		}, []Invariant{Doubled}},
		{"an authorization code gives tokens twice", func(s *story) {
			s.signIn(1, Code)
			s.redeem(2, "b1", "q1")
		}, []Invariant{Doubled}},
		{"an assertion gives the same tokens again to whoever lost them", func(s *story) {
			s.signIn(1, Assertion)
			s.redeem(2, "a1", "r1")
		}, nil},
		{"an assertion gives the same tokens a minute later", func(s *story) {
			s.signIn(1, Assertion)
			s.redeem(61, "a1", "r1")
		}, []Invariant{Doubled}},
		{"an assertion gives other tokens", func(s *story) {
			s.signIn(1, Assertion)
			s.redeem(2, "b1", "q1")
		}, []Invariant{Doubled}},
		{"a subject token is good more than once", func(s *story) {
			s.signIn(1, SubjectToken)
			s.redeem(2, "b1", "q1")
		}, nil},
		{"a denied device authorization gives tokens", func(s *story) {
			s.done(0.1, s.attempt(0, Entry{Of: "login", Act: Begin, Kind: DeviceCode}, nil), Entry{LivesMS: 10 * minutes}, nil)
			s.done(0.3, s.attempt(0.2, Entry{Of: "login", Act: Decide, Because: Deny}, nil), Entry{}, nil)
			s.redeem(1, "a1", "r1")
		}, []Invariant{Doubled}},
		{"an approved code is refused", func(s *story) {
			s.begin(1, DeviceCode)
			s.refused(2, s.redemption(1.5), invalidGrant)
		}, []Invariant{Lost}},
		{"an approved code is still pending", func(s *story) {
			s.begin(1, DeviceCode)
			s.refused(2, s.redemption(1.5), pending)
		}, []Invariant{Lost}},
		{"a code is refused whose redemption had no answer", func(s *story) {
			s.begin(1, DeviceCode)
			s.redemption(1.5)
			s.refused(2, s.redemption(1.6), invalidGrant)
		}, nil},
		{"a code is refused after its end", func(s *story) {
			s.begin(1, DeviceCode)
			s.refused(602, s.redemption(601), "ExpiredTokenException")
		}, nil},
		{"a code gives tokens after it was refused as spent", func(s *story) {
			s.begin(1, DeviceCode)
			s.redemption(1.5)
			s.refused(2, s.redemption(1.6), invalidGrant)
			s.redeem(3, "a1", "r1")
		}, []Invariant{Doubled}},
		{"the newest refresh token is refused", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turn(2, "r1", "a2", "r2")
			s.refused(3.1, s.turning(3, "r2"), invalidGrant)
		}, []Invariant{Lost}},
		{"a caller that is too fast is told so", func(s *story) {
			s.signIn(1, DeviceCode)
			s.refused(3.1, s.turning(3, "r1"), slowDown)
		}, nil},
		{"the newest refresh token is refused long after it was sent without an answer", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turning(2, "r1")
			s.refused(61, s.turning(60, "r1"), invalidGrant)
		}, nil},
		{"the newest refresh token is refused soon after it was sent without an answer", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turning(2, "r1")
			s.refused(4, s.turning(3, "r1"), invalidGrant)
		}, []Invariant{Lost}},
		{"the token before the newest gets the same answer", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turn(2, "r1", "a2", "r2")
			s.turn(3, "r1", "a2", "r2")
		}, nil},
		{"the token before the newest gets another answer", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turn(2, "r1", "a2", "r2")
			s.turn(3, "r1", "b2", "q2")
		}, []Invariant{Doubled}},
		{"the token before the newest gets the same answer a minute later", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turn(2, "r1", "a2", "r2")
			s.turn(62, "r1", "a2", "r2")
		}, []Invariant{Doubled}},
		{"the token before the newest is refused within the window", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turn(2, "r1", "a2", "r2")
			s.refused(3.1, s.turning(3, "r1"), invalidGrant)
		}, []Invariant{Lost}},
		{"an older refresh token gets an answer", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turn(2, "r1", "a2", "r2")
			s.turn(3, "r2", "a3", "r3")
			s.turn(4, "r1", "a2", "r2")
		}, []Invariant{Doubled}},
		{"a session goes on after an older refresh token was used", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turn(2, "r1", "a2", "r2")
			s.turn(3, "r2", "a3", "r3")
			s.refused(4.1, s.turning(4, "r1"), invalidGrant)
			s.turn(5, "r3", "a4", "r4")
		}, []Invariant{Survived}},
		{"a session ends after an older refresh token was used", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turn(2, "r1", "a2", "r2")
			s.turn(3, "r2", "a3", "r3")
			s.refused(4.1, s.turning(4, "r1"), invalidGrant)
			s.refused(5.1, s.turning(5, "r3"), invalidGrant)
		}, nil},
		{"a session goes on after it was ended", func(s *story) {
			s.signIn(1, DeviceCode)
			s.done(2.1, s.attempt(2, Entry{Of: "login", Act: End, Because: "logout"}, nil), Entry{}, nil)
			s.turn(3, "r1", "a2", "r2")
		}, []Invariant{Survived}},
		{"a code gives tokens after its end", func(s *story) {
			s.begin(1, DeviceCode)
			s.redeem(700, "a1", "r1")
		}, []Invariant{Survived}},
		{"a code gives tokens for a person who was removed", func(s *story) {
			s.begin(1, Code)
			s.done(2.1, s.attempt(2, Entry{Of: "alice", Act: End, Person: "alice"}, nil), Entry{}, nil)
			s.redeem(3, "a1", "r1")
		}, []Invariant{Survived}},
		{"a code gives tokens that were asked for before its person was removed", func(s *story) {
			s.begin(1, Code)
			redemption := s.redemption(2)
			s.done(2.2, s.attempt(2.1, Entry{Of: "alice", Act: End, Person: "alice"}, nil), Entry{}, nil)
			s.done(3, redemption, Entry{LivesMS: 60 * minutes}, Secrets{"accessToken": "a1", "refreshToken": "r1"})
		}, nil},
		{"a session goes on while its application is disabled", func(s *story) {
			s.signIn(1, Assertion)
			s.done(2.1, s.attempt(2, Entry{Of: "client", Act: Forbid}, nil), Entry{}, nil)
			s.turn(3, "r1", "a2", "r2")
		}, []Invariant{Survived}},
		{"a session rests while its application is disabled, and is lost when that is enabled", func(s *story) {
			s.signIn(1, Assertion)
			s.done(2.1, s.attempt(2, Entry{Of: "client", Act: Forbid}, nil), Entry{}, nil)
			s.refused(3.1, s.turning(3, "r1"), "InvalidClientException")
			s.done(4.1, s.attempt(4, Entry{Of: "client", Act: Allow}, nil), Entry{}, nil)
			s.refused(5.1, s.turning(5, "r1"), invalidGrant)
		}, []Invariant{Lost}},
		{"a session rests while nobody was told whether its application is disabled, and goes on when that is enabled", func(s *story) {
			s.signIn(1, Assertion)
			s.attempt(2, Entry{Of: "client", Act: Forbid}, nil)
			s.refused(3.1, s.turning(3, "r1"), "InvalidClientException")
			s.done(4.1, s.attempt(4, Entry{Of: "client", Act: Allow}, nil), Entry{}, nil)
			s.turn(5, "r1", "a2", "r2")
		}, nil},
		{"a session goes on after its eight hours", func(s *story) {
			s.signIn(1, DeviceCode)
			s.turn(8*3600+10, "r1", "a2", "r2")
		}, []Invariant{Survived}},
		{"an assertion is from the future when the clock was set back", func(s *story) {
			s.begin(1000, Assertion)
			s.refused(2, s.redemption(1.5), invalidGrant)
		}, nil},
		{"an assertion is refused when the clock was set back by seconds", func(s *story) {
			s.begin(1000, Assertion)
			s.refused(991, s.redemption(990), invalidGrant)
		}, []Invariant{Lost}},
		{"a session is over when its time is, and goes on when the clock is set back", func(s *story) {
			s.signIn(1, DeviceCode)
			s.refused(8*3600+10.1, s.turning(8*3600+10, "r1"), invalidGrant)
			s.turn(60, "r1", "a2", "r2")
		}, nil},
		{"a session goes on after it was refused", func(s *story) {
			s.signIn(1, DeviceCode)
			s.attempt(2, Entry{Of: "login", Act: End, Because: "logout"}, nil)
			s.refused(3.1, s.turning(3, "r1"), invalidGrant)
			s.turn(4, "r1", "a2", "r2")
		}, []Invariant{Survived}},
		{"a session ends whose logout had no answer", func(s *story) {
			s.signIn(1, DeviceCode)
			s.attempt(2, Entry{Of: "login", Act: End, Because: "logout"}, nil)
			s.refused(3.1, s.turning(3, "r1"), invalidGrant)
		}, nil},
		{"a session goes on whose logout had no answer", func(s *story) {
			s.signIn(1, DeviceCode)
			s.attempt(2, Entry{Of: "login", Act: End, Because: "logout"}, nil)
			s.turn(3, "r1", "a2", "r2")
		}, nil},
		{"a session ends with its person", func(s *story) {
			s.signIn(1, DeviceCode)
			s.done(2.1, s.attempt(2, Entry{Of: "alice", Act: End, Person: "alice"}, nil), Entry{}, nil)
			s.refused(3.1, s.turning(3, "r1"), invalidGrant)
		}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := tell(t)
			row.tell(s)
			var got []Invariant
			for _, breach := range s.book.Breaches {
				got = append(got, breach.Invariant)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("the book tells of %v, want %v", s.book.Breaches, row.want)
			}
		})
	}
}

func TestExpectations(t *testing.T) {
	for _, row := range []struct {
		name string
		tell func(s *story)
		want Verdict
	}{
		{"a session lives", func(s *story) {}, Lives},
		{"a logout ends it", func(s *story) {
			s.done(2.1, s.attempt(2, Entry{Of: "login", Act: End}, nil), Entry{}, nil)
		}, Dead},
		{"a logout without an answer may have ended it", func(s *story) { s.attempt(2, Entry{Of: "login", Act: End}, nil) }, Either},
		{"a logout that was refused did not", func(s *story) {
			s.refused(2.1, s.attempt(2, Entry{Of: "login", Act: End}, nil), "UnauthorizedException")
		}, Lives},
		{"it ends with its person", func(s *story) {
			s.done(2.1, s.attempt(2, Entry{Of: "alice", Act: End, Person: "alice"}, nil), Entry{}, nil)
		}, Dead},
		{"it does not end with another person", func(s *story) {
			s.done(2.1, s.attempt(2, Entry{Of: "bob", Act: End, Person: "bob"}, nil), Entry{}, nil)
		}, Lives},
		{"it rests while its application is disabled", func(s *story) {
			s.done(2.1, s.attempt(2, Entry{Of: "client", Act: Forbid}, nil), Entry{}, nil)
		}, Dead},
		{"it goes on when that is enabled again", func(s *story) {
			s.done(2.1, s.attempt(2, Entry{Of: "client", Act: Forbid}, nil), Entry{}, nil)
			s.done(2.3, s.attempt(2.2, Entry{Of: "client", Act: Allow}, nil), Entry{}, nil)
		}, Lives},
		{"its code that comes again at once does no harm", func(s *story) { s.refused(2.1, s.redemption(2), invalidGrant) }, Lives},
		{"its code that comes again later ends it", func(s *story) { s.refused(20.1, s.redemption(20), invalidGrant) }, Dead},
		{"its code that comes again about then may end it", func(s *story) { s.refused(11.1, s.redemption(11), invalidGrant) }, Either},
		{"it lasts for eight hours", func(s *story) { s.fold(8*3600+10, Entry{Act: Remark, Result: Done}, nil) }, Dead},
		{"its last window is uncertain", func(s *story) { s.fold(8*3600-10, Entry{Act: Remark, Result: Done}, nil) }, Either},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := tell(t)
			s.signIn(1, DeviceCode)
			row.tell(s)
			if got := s.book.Expect(s.book.Logins["login"], s.book.High); got != row.want {
				t.Errorf("the session %s, want %s", got, row.want)
			}
		})
	}
}

func TestAnEndMayTakeAMomentToReachEveryServer(t *testing.T) {
	s := tell(t)
	s.book.terms.Reach = time.Second
	s.signIn(1, DeviceCode)
	login := s.book.Logins["login"]
	s.done(2, s.attempt(1.9, Entry{Of: "login", Act: End}, nil), Entry{}, nil)
	for at, want := range map[float64]Verdict{2: Either, 2.9: Either, 3.1: Dead, 1: Dead} { // the last by a clock that was set back
		if got := s.book.Expect(login, 1_000_000+int64(at*1000)); got != want {
			t.Errorf("after %v s the session %s, want %s", at, got, want)
		}
	}
}

// written is a ledger on disk with one sign-in.
func written(t testing.TB) (folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "ledger")
	l, err := Create(folder, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	begin, err := l.Attempt(Entry{Of: "login", Act: Begin, Kind: DeviceCode, Client: "client"}, Secrets{"clientSecret": "the client's secret"})
	if err == nil {
		err = l.Done(begin, Entry{LivesMS: 10 * minutes}, Secrets{"deviceCode": "the device's code"})
	}
	for _, step := range []Entry{{Act: Decide, Because: Approve}, {Act: Redeem}} {
		if err == nil {
			step.Of = "login"
			var attempt Entry
			if attempt, err = l.Attempt(step, nil); err == nil {
				err = l.Done(attempt, Entry{LivesMS: 60 * minutes}, Secrets{"accessToken": "an access token", "refreshToken": "a refresh token"})
			}
		}
	}
	if err == nil {
		err = l.SetClock(time.Hour)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestALedgerIsReadAsItWasWritten(t *testing.T) {
	folder := written(t)
	l, err := Open(folder, Options{Sync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Look(func(book *Book, now int64) {
		login := book.Logins["login"]
		if newest, has := login.Newest(); !has || l.secrets[newest.Refresh] != "a refresh token" || login.Redeemed != Yes || book.Acknowledged != 3 {
			t.Errorf("the login is read as %+v, with %d acknowledged lines", login, book.Acknowledged)
		}
		if ahead := now - time.Now().UnixMilli(); ahead < 3_590_000 || ahead > 3_610_000 {
			t.Errorf("the clock is %d ms ahead, want an hour", ahead)
		}
	})
	if err := l.Remark("goes on"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{LinesFile, SecretsFile} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, mode %v", name, err, info.Mode())
		}
	}
	text, _ := os.ReadFile(filepath.Join(folder, LinesFile))
	for _, secret := range l.Secrets() {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the lines have the secret %q", secret)
		}
	}
}

func TestALineWithoutAnEndWasNotWritten(t *testing.T) {
	folder := written(t)
	path := filepath.Join(folder, LinesFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Open(folder, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Remark("goes on"); err != nil {
		t.Fatal(err)
	}
	if book, _, err := Read(folder, Terms{}); err != nil || book.Lines != 7 {
		t.Errorf("%d lines, %v", book.Lines, err)
	}
}

func TestALedgerThatIsNotWholeIsNotRead(t *testing.T) {
	for _, row := range []struct {
		name, file, says string
		spoil            func(lines []string) []string
	}{
		{"a line is missing", LinesFile, "lines are missing", func(lines []string) []string { return slices.Delete(lines, 2, 3) }},
		{"a line is there twice", LinesFile, "lines are missing", func(lines []string) []string { return slices.Insert(lines, 2, lines[2]) }},
		{"a line has no end in the middle", LinesFile, "read ", func(lines []string) []string { lines[2] = lines[2][:20]; return lines }},
		{"an answer is to another line", LinesFile, "is no attempt", func(lines []string) []string {
			lines[3] = strings.Replace(lines[3], `"answers":3`, `"answers":1`, 1)
			return lines
		}},
		{"a result is unknown", LinesFile, "which nobody knows", func(lines []string) []string {
			lines[3] = strings.Replace(lines[3], `"done"`, `"gone"`, 1)
			return lines
		}},
		{"a login has no beginning", LinesFile, "has not begun", func(lines []string) []string {
			lines[0] = strings.Replace(lines[0], `"begin"`, `"turn"`, 1)
			return lines[:1]
		}},
		{"a secret is missing", SecretsFile, "does not have", func(lines []string) []string { return lines[1:] }},
	} {
		t.Run(row.name, func(t *testing.T) {
			folder := written(t)
			path := filepath.Join(folder, row.file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := row.spoil(strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n"))
			if err := os.WriteFile(path, []byte(strings.TrimSuffix(strings.Join(lines, ""), "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := Read(folder, Terms{}); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("read with %v, want an error that says %q", err, row.says)
			}
		})
	}
}

// Whatever stands in a ledger, reading it ends with a book or an error.
func FuzzLedger(f *testing.F) {
	text, err := os.ReadFile(filepath.Join(written(f), LinesFile))
	if err == nil {
		f.Add(text)
	}
	f.Add([]byte(`{"line":1,"act":"clock","offsetMs":5}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		book := newBook(Terms{})
		for line := range bytes.Lines(text) {
			var e Entry
			if json.Unmarshal(line, &e) != nil || book.fold(e) != nil {
				return
			}
		}
		for _, login := range book.Order {
			_ = fmt.Sprint(book.Expect(login, book.High), book.Why(login, book.High), login.Turning())
		}
	})
}
