package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"sallyport/test/vectors"
)

func TestATraceTellsWhatWasCheckedAndWhatWouldMendIt(t *testing.T) {
	ctx, root := With(context.Background())
	From(ctx).Pass("caller", "signed with %s", "AKIAEXAMPLE")
	inner := From(ctx).Group("assertion")
	inner.Pass("issuer", "%s is trusted", "https://idp.example.com")
	From(Into(ctx, inner)).Fail("audience", "none of %d is authorized", 2)
	From(ctx).Note("clock", "the issuer is %s ahead", "3s")
	From(ctx).Fix("aws sso-admin put-application-grant --application-arn %s", "arn:aws:sso::123456789012:application/ssoins-1/apl-1")
	From(ctx).Fix("aws sso-admin put-application-grant --application-arn %s", "arn:aws:sso::123456789012:application/ssoins-1/apl-1")

	for _, c := range []struct {
		name  string
		marks Marks
		want  string
	}{
		{"where UTF-8 is shown", UTF8, `✓ caller: signed with AKIAEXAMPLE
✗ assertion
  ✓ issuer: https://idp.example.com is trusted
  ✗ audience: none of 2 is authorized
· clock: the issuer is 3s ahead

This would mend it:
  aws sso-admin put-application-grant --application-arn arn:aws:sso::123456789012:application/ssoins-1/apl-1
`},
		{"elsewhere", ASCII, `ok   caller: signed with AKIAEXAMPLE
FAIL assertion
  ok   issuer: https://idp.example.com is trusted
  FAIL audience: none of 2 is authorized
-    clock: the issuer is 3s ahead

This would mend it:
  aws sso-admin put-application-grant --application-arn arn:aws:sso::123456789012:application/ssoins-1/apl-1
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var text strings.Builder
			root.Record().Text(&text, c.marks)
			if text.String() != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", text.String(), c.want)
			}
		})
	}
	if !root.Failed() {
		t.Error("a failure in a group does not count for the trace")
	}
}

func TestARecordIsReadAsItWasStored(t *testing.T) {
	_, root := With(context.Background())
	root.Group("policy").Fail("statement", "no statement allows it")
	root.Fix("sallyport iam put-user-policy")
	stored := root.Record()
	read, err := ParseRecord(stored.JSON())
	if err != nil || !reflect.DeepEqual(read, stored) {
		t.Errorf("read %+v, %v; want %+v", read, err, stored)
	}
	root.Pass("later", "")
	if len(stored.Nodes) != 1 {
		t.Error("a record changed after it was taken")
	}
}

func TestEverythingWorksWithoutATrace(t *testing.T) {
	none := From(context.Background())
	none.Pass("a", "%d", 1)
	none.Fail("a", "")
	none.Note("a", "")
	none.Fix("a")
	none.Group("a").Group("b").Fail("c", "")
	if none.Failed() || none.Nodes() != nil || From(Into(context.Background(), none)) != nil {
		t.Error("nothing became something")
	}
}

func TestNothingIsAllocatedWithoutATrace(t *testing.T) {
	ctx := context.Background()
	err := errors.New("why")
	allocated := testing.AllocsPerRun(100, func() {
		tr := From(ctx)
		tr.Pass("issuer", "found")
		tr.Fail("audience", "%v", err)
		tr.Group("policy").Note("statement", "%d", 7)
		tr.Fix("sallyport apply")
	})
	if allocated != 0 {
		t.Errorf("%v allocations, want none", allocated)
	}
}

func TestATraceIsBounded(t *testing.T) {
	_, root := With(context.Background())
	for i := range 1000 {
		root.Pass("check", "number %d", i)
		root.Fix("command %d", i)
	}
	deep := root
	for range 100 {
		deep = deep.Group("deeper")
	}
	for range 1000 {
		deep.Fail("refusal", "short")
	}
	if n := count(root.Nodes()); n != maxNodes {
		t.Errorf("%d nodes, want %d", n, maxNodes)
	}
	var text strings.Builder
	root.Record().Text(&text, UTF8)
	if !strings.Contains(text.String(), "more checks found no room") {
		t.Error("the text does not tell that checks are missing")
	}
	if n := len(root.Record().Fixes); n != maxFixes {
		t.Errorf("%d commands, want %d", n, maxFixes)
	}
}

// Whoever ran what is left of a command would do something else, or nothing that the shell understands.
func TestACommandIsShownWholeOrNotAtAll(t *testing.T) {
	cases := []struct{ name, word string }{
		{"too long", strings.Repeat("word ", maxFix/5)},
		{"with something that looks like a secret", strings.Repeat("Zm9vYmFy", 12)},
		{"with something that does not print", "\u202e"},
	}
	for _, c := range cases {
		_, root := With(context.Background())
		root.Fix("command '%s'", c.word)
		record := root.Record()
		if len(record.Fixes) != 0 || len(record.Nodes) != 1 || record.Nodes[0].Check != "command" {
			t.Errorf("%s: commands %q, checks %+v", c.name, record.Fixes, record.Nodes)
		}
	}
}

func TestTheTextOfATraceIsBounded(t *testing.T) {
	_, root := With(context.Background())
	for range maxNodes {
		root.Pass("check", "%s", strings.Repeat("yes ", 10_000))
	}
	root.Fail("refusal", "%s", strings.Repeat("no ", 10_000))
	record := root.Record()
	if last := record.Nodes[len(record.Nodes)-1]; last.Outcome != Fail || len(last.Detail) > maxDetail || !strings.HasSuffix(last.Detail, "…") {
		t.Errorf("the last node is %+v, want a failure cut to %d bytes", last, maxDetail)
	}
	if n := len(record.JSON()); n > maxText+maxNodes*(maxName+64) {
		t.Errorf("a record of %d bytes", n)
	}
}

// What a check says is written when the trace is read, and the bounds count it all the same.
func TestAGroupFindsNoRoomBehindChecksThatNobodyReadYet(t *testing.T) {
	_, root := With(context.Background())
	for i := range maxNodes - keptForFails {
		root.Pass("check", "%d", i)
	}
	if group := root.Group("one more"); group != root {
		t.Error("a group found room in a trace that is full")
	}
	root.Fail("refusal", "%d", 0)
	if n := count(root.Nodes()); n != maxNodes-keptForFails+1 {
		t.Errorf("%d nodes, want %d and the failure", n, maxNodes-keptForFails)
	}
}

func TestAFailureTellsWhatWasWhenItWasMade(t *testing.T) {
	_, root := With(context.Background())
	list := []string{"before"}
	root.Fail("refusal", "%s", list)
	list[0] = "after"
	if detail := root.Nodes()[0].Detail; detail != "[before]" {
		t.Errorf("detail %q", detail)
	}
}

func TestGroupsAreNotDeeperThanTheBound(t *testing.T) {
	_, root := With(context.Background())
	deep := root
	for range 2 * maxDepth {
		deep = deep.Group("deeper")
	}
	deep.Fail("refusal", "")
	depth := 0
	for nodes := root.Nodes(); len(nodes) > 0; nodes = nodes[0].Nodes {
		depth++
	}
	if depth != maxDepth+1 {
		t.Errorf("depth %d, want %d groups and the check", depth, maxDepth)
	}
}

func count(nodes []Node) int {
	n := len(nodes)
	for _, node := range nodes {
		n += count(node.Nodes)
	}
	return n
}

func TestWhatCleanDoesToText(t *testing.T) {
	signature := strings.Repeat("0123456789abcdef", 4)
	jws := "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZUBleGFtcGxlIn0.c2lnbmF0dXJl"
	for _, c := range []struct{ name, text, want string }{
		{"plain text stays", "issuer https://idp.example.com/realms/main", "issuer https://idp.example.com/realms/main"},
		{"letters of other scripts stay", "Jürgen Müller, 日本", "Jürgen Müller, 日本"},
		{"a UUID stays", "user 9067a1b2-0c3d-4e5f-8a9b-0c1d2e3f4a5b", "user 9067a1b2-0c3d-4e5f-8a9b-0c1d2e3f4a5b"},
		{"an ARN stays", "arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-0123456789abcdef",
			"arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-0123456789abcdef"},
		{"a line break is escaped", "a\r\nb", `a\r\nb`},
		{"a terminal sequence is escaped", "a\x1b[31mb", `a\x1b[31mb`},
		{"a C1 control is escaped", "a\u009bb", `a\u009bb`},
		{"a mark that turns the direction is escaped", "a\u202eb", `a\u202eb`},
		{"a byte that is no UTF-8 is escaped", "a\xffb", `a\xffb`},
		{"a SigV4 signature is withheld", "signature " + signature + "!", "signature [64 characters withheld]!"},
		{"a JWS of short parts is withheld", "token " + jws, "token [64 characters withheld]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Clean(c.text, maxDetail); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTextIsCutBetweenCharacters(t *testing.T) {
	for max := 3; max < 12; max++ {
		got := Clean("ünïcödé tëxt", max)
		if len(got) > max || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("cut to %d bytes: %q", max, got)
		}
	}
}

func TestADigestCanBeComparedWithSha256sum(t *testing.T) {
	// printf %s alice@example.com | sha256sum
	if got := Digest("alice@example.com"); got != "sha256:ff8d9819fc0e" {
		t.Errorf("got %s", got)
	}
}

func TestChecksOfManyGoroutinesMeetInOneTrace(t *testing.T) {
	_, root := With(context.Background())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			group := root.Group(fmt.Sprint("fetch ", i))
			group.Pass("status", "200")
			root.Record()
		})
	}
	all.Wait()
	if n := count(root.Nodes()); n != 16 {
		t.Errorf("%d nodes, want 16", n)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("eyJhbGciOiJub25lIn0.e30.", 20)
	f.Add("a\x1b]8;;http://evil\x07", 3)
	f.Add("\x9e"+strings.Repeat("0", withheldFrom-2), 147) // what is escaped has letters, too, and is no part of the run behind it
	escapes := regexp.MustCompile(`\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[abfnrtv])`)
	for _, text := range vectors.Naughty(f) {
		f.Add(text, 64)
	}
	f.Fuzz(func(t *testing.T, text string, max int) {
		max = len(ellipsis) + (max&1023+1023)%1023
		got := Clean(text, max)
		if len(got) > max {
			t.Errorf("%d bytes, want at most %d", len(got), max)
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q is no UTF-8", got)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q has a control character", got)
		}
		read := escapes.ReplaceAllString(got, " ")
		for i := range len(read) {
			if runLength(read[i:]) >= withheldFrom {
				t.Errorf("%q shows a long run", got)
			}
		}
	})
}

// FuzzParseRecord checks that a stored trace is refused or shown without a harm to a terminal, whoever wrote the row.
func FuzzParseRecord(f *testing.F) {
	_, root := With(context.Background())
	root.Group("client").Fail("secret", "is another's")
	f.Add(root.Record().JSON())
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		record, err := ParseRecord(text)
		if err != nil {
			return
		}
		again, err := ParseRecord(record.JSON())
		if err != nil || string(again.JSON()) != string(record.JSON()) {
			t.Fatalf("%q became %q, %v", record.JSON(), again.JSON(), err)
		}
		record.Text(io.Discard, ASCII)
	})
}

func TestWhatIsForgottenWasNeverNoted(t *testing.T) {
	noise := func(checks *Trace) {
		checks.Pass("a", "one")
		checks.Group("b").Fail("c", "two")
		checks.Fix("aws sts get-caller-identity")
	}
	for _, c := range []struct {
		name                  string
		before, undone, after func(*Trace)
	}{
		{"nothing", noise, func(*Trace) {}, noise},
		{"checks, groups, failures and commands", func(checks *Trace) { checks.Pass("x", "y") }, noise, func(checks *Trace) { checks.Note("z", "end") }},
		{"all there is", func(*Trace) {}, noise, noise},
		{"after somebody read it", func(checks *Trace) { noise(checks); checks.Record() }, noise, noise},
		{"which somebody read", noise, func(checks *Trace) { noise(checks); checks.Record() }, noise},
		{"as many as have to be written down", noise, func(checks *Trace) {
			for range 2 * maxNodes {
				checks.Pass("a", "")
			}
		}, func(checks *Trace) { checks.Fail("z", "end") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, forgetful := With(context.Background())
			c.before(forgetful)
			mark := forgetful.Mark()
			c.undone(forgetful)
			forgetful.Forget(mark)
			c.after(forgetful)
			_, straight := With(context.Background())
			c.before(straight)
			c.after(straight)
			var got, want strings.Builder
			forgetful.Record().Text(&got, ASCII)
			straight.Record().Text(&want, ASCII)
			if got.String() != want.String() || forgetful.Failed() != straight.Failed() {
				t.Errorf("got:\n%s\nwant:\n%s", got.String(), want.String())
			}
		})
	}
	var nobody *Trace
	nobody.Forget(nobody.Mark())
}
