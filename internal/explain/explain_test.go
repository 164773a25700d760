package explain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
	"sallyport/internal/trace"
)

// world is a recorder on a store of its own, inside of a bubble of time.
type world struct {
	*Recorder
	t   *testing.T
	dir string
	log *bytes.Buffer
}

func inBubble(t *testing.T, options Options, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, dir: t.TempDir(), log: &bytes.Buffer{}}
		options.Clock = &sys.Clock{}
		options.Log = slog.New(slog.NewTextHandler(w.log, nil))
		var err error
		if options.Store, err = store.Open(store.Options{Dir: w.dir, Clock: options.Clock}); err != nil {
			t.Fatal(err)
		}
		w.Recorder = New(options)
		defer w.Store.Close()
		defer w.Close(context.Background())
		test(w)
	})
}

func (w *world) decision(id string) Decision {
	ctx, checks := trace.With(context.Background())
	trace.From(ctx).Pass("issuer", "https://idp.example.com is trusted")
	trace.From(ctx).Fail("audience", "none is authorized")
	trace.From(ctx).Fix("aws sso-admin put-application-grant")
	return Decision{
		RequestID: id, At: w.Clock.Now(), Operation: "CreateTokenWithIAM", Principal: "arn:aws:iam::111122223333:user/app",
		Exception: "InvalidGrantException", Message: "the assertion is not for this application", Cause: "audience", Trace: checks.Record(),
	}
}

// written returns the decision as another process finds it.
func (w *world) written(id string) (Decision, bool) {
	w.t.Helper()
	d, found, err := Find(context.Background(), w.Store, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return d, found
}

func (w *world) latest() []Decision {
	w.t.Helper()
	decisions, err := Latest(context.Background(), w.Store, 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	return decisions
}

// settle lets what waits be written.
func settle() { time.Sleep(FlushEvery); synctest.Wait() }

func TestADecisionIsFoundAtOnceHereAndSoonElsewhere(t *testing.T) {
	inBubble(t, Options{}, func(w *world) {
		sent := w.decision("6a1f0c1e-0000-4000-8000-000000000001")
		w.Record(sent)
		asked := strings.ToUpper(" " + sent.RequestID + "\n")
		if got, found, err := w.Find(context.Background(), asked); err != nil || !found || !reflect.DeepEqual(got, sent) {
			t.Errorf("in this process: %+v, %v, %v", got, found, err)
		}
		if _, found := w.written(sent.RequestID); found {
			t.Error("it was written at once")
		}
		settle()
		if got, found := w.written(asked); !found || !reflect.DeepEqual(got, sent) {
			t.Errorf("in the store: %+v, %v; want %+v", got, found, sent)
		}
		if got, found, _ := w.Find(context.Background(), asked); !found || !reflect.DeepEqual(got, sent) {
			t.Errorf("in this process, later: %+v, %v", got, found)
		}
	})
}

func TestARefusalThatIsExpectedIsNotRecorded(t *testing.T) {
	inBubble(t, Options{}, func(w *world) {
		for _, exception := range []string{"AuthorizationPendingException", "SlowDownException"} {
			d := w.decision(exception)
			d.Exception = exception
			w.Record(d)
		}
		w.Record(w.decision(""))
		settle()
		if got := w.latest(); len(got) != 0 {
			t.Errorf("recorded %+v", got)
		}
	})
}

func TestDecisionsOfOneSecondAreWrittenTogetherAndNoMoreThanTheBound(t *testing.T) {
	inBubble(t, Options{}, func(w *world) {
		for i := range 10 * maxQueued {
			w.Record(w.decision(fmt.Sprintf("r%05d", i)))
		}
		settle()
		if n := len(w.latest()); n != maxQueued {
			t.Errorf("%d were written, want %d", n, maxQueued)
		}
		if _, found := w.written("r00000"); !found {
			t.Error("the first is not among them")
		}
		if text := w.log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, fmt.Sprint("lost=", 9*maxQueued)) {
			t.Errorf("the log says: %s", text)
		}
		for range 30 { // still within the same minute
			for i := range maxQueued + 1 {
				w.Record(w.decision(fmt.Sprintf("s%05d", i)))
			}
			settle()
		}
		if n := strings.Count(w.log.String(), "\n"); n != 1 {
			t.Errorf("%d log lines within a minute, want 1", n)
		}
		time.Sleep(complainEvery)
		w.Record(w.decision("last"))
		settle()
		if text := w.log.String(); !strings.Contains(text, "lost=30") {
			t.Errorf("what was lost in between is not told: %s", text)
		}
	})
}

func TestCallersWithoutANameDoNotHideThoseWithOne(t *testing.T) {
	inBubble(t, Options{}, func(w *world) {
		for i := range 10 * maxQueued {
			d := w.decision(fmt.Sprintf("nobody-%05d", i))
			d.Principal = ""
			w.Record(d)
		}
		w.Record(w.decision("somebody"))
		settle()
		if _, found := w.written("somebody"); !found {
			t.Error("the decision about a verified caller was dropped")
		}
		if n := len(w.latest()); n != queuedOfNobody+1 {
			t.Errorf("%d were written, want %d", n, queuedOfNobody+1)
		}
	})
}

func TestTheYoungestAreKept(t *testing.T) {
	inBubble(t, Options{Max: 300}, func(w *world) {
		for i := range 10 {
			for j := range 100 {
				w.Record(w.decision(fmt.Sprintf("r%02d%02d", i, j)))
			}
			settle()
		}
		if got := w.latest(); len(got) != 300 || got[0].RequestID != "r0999" || got[299].RequestID != "r0700" {
			t.Errorf("%d are kept, from %s to %s", len(got), got[0].RequestID, got[len(got)-1].RequestID)
		}
	})
}

func TestADecisionExpiresAndIsRemoved(t *testing.T) {
	inBubble(t, Options{}, func(w *world) {
		w.Record(w.decision("old"))
		settle()
		time.Sleep(Keep)
		if _, found := w.written("old"); found || len(w.latest()) != 0 {
			t.Error("it is still shown")
		}
		time.Sleep(pruneEvery)
		synctest.Wait()
		rows, _, err := w.Store.Counts(context.Background())
		if err != nil || rows["decision"] != 0 {
			t.Errorf("%d rows are left, %v", rows["decision"], err)
		}
	})
}

func TestClosingWritesWhatWaits(t *testing.T) {
	inBubble(t, Options{}, func(w *world) {
		w.Record(w.decision("last"))
		before := time.Now()
		if err := w.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(before); waited >= FlushEvery {
			t.Errorf("closing took %s", waited)
		}
		if _, found := w.written("last"); !found {
			t.Error("the last decision is lost")
		}
		w.Record(w.decision("later"))
		if err := w.Close(context.Background()); err != nil {
			t.Errorf("closed again: %v", err)
		}
	})
}

func TestAStoreThatFailsCostsNoRequest(t *testing.T) {
	inBubble(t, Options{}, func(w *world) {
		w.Store.Close()
		w.Record(w.decision("a"))
		settle()
		if text := w.log.String(); !strings.Contains(text, "lost=1") || !strings.Contains(text, "closed") {
			t.Errorf("the log says: %q", text)
		}
		done, cancel := context.WithCancel(context.Background())
		cancel()
		w.Close(done)
	})
}

// Whatever a room writes into refusals and traces, no credential reaches the database.
func TestNoSecretIsKept(t *testing.T) {
	secrets := map[string]string{
		"a JWT":             "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9." + strings.Repeat("c2ln", 20),
		"a short JWT":       "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
		"a sealed token":    strings.Repeat("Zm9vYmFy", 12),
		"a signature":       strings.Repeat("0a1b2c3d", 8),
		"a JWT in a header": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.dGhpcyBpcyBhIHNpZ25hdHVyZQ",
	}
	inBubble(t, Options{}, func(w *world) {
		for name, secret := range secrets {
			ctx, checks := trace.With(context.Background())
			group := trace.From(ctx).Group("group of " + secret)
			group.Fail("check of "+secret, "value %s", secret)
			group.Fix("sallyport --token=%s", secret)
			w.Record(Decision{
				RequestID: name, At: w.Clock.Now(), Operation: secret, Principal: secret, Exception: secret,
				Message: "refused " + secret, Cause: "because of " + secret, Trace: checks.Record(),
			})
		}
		settle()
		if n := len(w.latest()); n != len(secrets) {
			t.Errorf("%d were written, want %d", n, len(secrets))
		}
		files, err := filepath.Glob(filepath.Join(w.dir, store.File+"*"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for name, secret := range secrets {
				secret = strings.TrimPrefix(secret, "Bearer ")
				for at := 0; at+16 <= len(secret); at++ { // not even a part of it
					if bytes.Contains(content, []byte(secret[at:at+16])) {
						t.Errorf("%s shows %s", filepath.Base(file), name)
						break
					}
				}
			}
		}
	})
}

func TestHowADecisionIsShown(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	_, checks := trace.With(context.Background())
	checks.Group("assertion").Fail("audience", "none is authorized")
	checks.Fix("aws sso-admin put-application-grant")
	for _, c := range []struct {
		name     string
		decision Decision
		want     string
	}{
		{"with checks", Decision{
			RequestID: "6a1f0c1e", At: at, Operation: "CreateTokenWithIAM", Principal: "arn:aws:iam::111122223333:user/app",
			Exception: "InvalidGrantException", Message: "not for this application", Trace: checks.Record(),
		}, `request    6a1f0c1e
when       2026-03-01T12:00:00Z, 1m30s ago
operation  CreateTokenWithIAM
caller     arn:aws:iam::111122223333:user/app
answer     InvalidGrantException: not for this application

✗ assertion
  ✗ audience: none is authorized

This would mend it:
  aws sso-admin put-application-grant
`},
		{"without", Decision{
			RequestID: "6a1f0c1e", At: at, Operation: "GetCallerIdentity", Exception: "ExpiredToken", Message: "sign in again", Cause: "session ended",
		}, `request    6a1f0c1e
when       2026-03-01T12:00:00Z, 1m30s ago
operation  GetCallerIdentity
caller     nobody was verified
answer     ExpiredToken: sign in again
because    session ended

No check of this operation tells more.
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var text bytes.Buffer
			if err := c.decision.Text(&text, trace.UTF8, at.Add(90*time.Second)); err != nil || text.String() != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", text.String(), c.want)
			}
			text.Reset()
			var read Decision
			if err := c.decision.JSON(&text); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text.Bytes(), &read); err != nil || !reflect.DeepEqual(read, c.decision) {
				t.Errorf("read %+v, %v", read, err)
			}
		})
	}
}

func TestHowAListIsShown(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var text bytes.Buffer
	decisions := []Decision{
		{RequestID: "6a1f0c1e", At: at, Operation: "CreateTokenWithIAM", Exception: "InvalidGrantException"},
		{RequestID: "7b", At: at.Add(time.Hour), Operation: "GetCallerIdentity", Exception: "ExpiredToken"}, // by a clock ahead of ours
	}
	if err := ListText(&text, decisions, at.Add(3*time.Second)); err != nil {
		t.Fatal(err)
	}
	want := `REQUEST   AGE  OPERATION           EXCEPTION
6a1f0c1e  3s   CreateTokenWithIAM  InvalidGrantException
7b        0s   GetCallerIdentity   ExpiredToken
`
	if text.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", text.String(), want)
	}
	text.Reset()
	if err := ListText(&text, nil, at); err != nil || text.String() != "no request was refused in the last 24 hours\n" {
		t.Errorf("nothing is shown as %q, %v", text.String(), err)
	}
	text.Reset()
	if err := ListJSON(&text, []Decision{}); err != nil || text.String() != "{\n  \"decisions\": []\n}\n" {
		t.Errorf("nothing is shown as %q, %v", text.String(), err)
	}
}

func TestARequestOfWhichNothingIsKeptIsExplainedToo(t *testing.T) {
	text := Unknown("ABC\x1b[2J").Error()
	for _, want := range []string{`abc\\x1b`, "refused requests", "24 hours", "1s", "10000"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	clock := &sys.Clock{}
	dir := b.TempDir()
	s, err := store.Open(store.Options{Dir: dir, Database: testdb.URL(b, dir), Clock: clock})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	r := New(Options{Store: s, Clock: clock})
	defer r.Close(context.Background())
	_, checks := trace.With(context.Background())
	checks.Fail("audience", "none is authorized")
	d := Decision{RequestID: "6a1f0c1e", At: clock.Now(), Operation: "CreateTokenWithIAM", Exception: "InvalidGrantException", Trace: checks.Record()}
	b.ReportAllocs()
	for b.Loop() {
		r.Record(d)
	}
}
