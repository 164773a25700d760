package awsconfig

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// said is what a text says, by section and key: the later of two sections for one name counts.
func said(t interface{ Fatalf(string, ...any) }, text string) map[SectionName]Section {
	d, err := parse("config", text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	all := map[SectionName]Section{}
	for name, s := range d.byName {
		all[name] = s.values(nil)
	}
	return all
}

// comments are the comments of a text, as they stand.
func comments(text string) []string {
	var all []string
	for line := range strings.SplitSeq(text, "\n") {
		if content := strings.TrimSpace(line); content != "" && isRemark(content) {
			all = append(all, strings.TrimRight(line, "\r"))
		}
	}
	return all
}

var (
	names  = rapid.SampledFrom([]SectionName{ProfileSection("default"), ProfileSection("x"), ProfileSection("a b"), SessionSection("x"), ServicesSection("x"), {KindOther, "tool"}})
	keys   = rapid.SampledFrom([]string{"a", "b", "region", "sso_start_url"})
	values = rapid.SampledFrom([]string{"", "1", "# x", "[x]", "k = v", "https://example.com/start/#/", "ä\tö", ":", "="})
	lines  = rapid.SampledFrom([]string{
		"[default]", "[profile x]", "[profile 'x']", "  [profile \"a b\"]", "[sso-session x]", "[services x]", "[tool]", "[profile default] ; c",
		"a=1", "a = ", " a : 2", "b =", "B= x", "  region=r", "sso_start_url = u #", "\tk = v", "    k = w", "  more", "", "   ", "# c", "  # d", ";e",
	})
	ends = rapid.SampledFrom([]string{"\n", "\r\n"})
)

// anyText draws lines until they make a readable file.
func anyText(t *rapid.T) string {
	text, end := "", ends.Draw(t, "end")
	for _, line := range rapid.SliceOfN(lines, 0, 25).Draw(t, "lines") {
		if _, err := parse("config", text+line+end); err == nil {
			text += line + end
		}
	}
	if rapid.Bool().Draw(t, "no last end") {
		text = strings.TrimSuffix(text, end)
	}
	return text
}

// After any edits the file says what was written and, in every other key, what it said; comments stand as they stood.
func TestEditsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyText(t)
		want := said(t, text)
		d, _ := parse("config", text)
		for range rapid.IntRange(1, 6).Draw(t, "edits") {
			name, key, value := names.Draw(t, "name"), keys.Draw(t, "key"), values.Draw(t, "value")
			switch rapid.IntRange(0, 3).Draw(t, "operation") {
			case 0:
				d.RemoveKey(name, key)
				delete(want[name], key)
			case 1:
				plain := want[name][key] != "" && want[name][key][0] != '\n'
				if err := d.SetNested(name, key, "inner", value); (err != nil) != plain {
					t.Fatalf("%v", err)
				}
				if !plain {
					modelNested(want, name, key, value)
				}
			default:
				if err := d.Set(name, key, value); err != nil {
					t.Fatalf("%v", err)
				}
				modelSection(want, name)[key] = value
			}
		}
		if err := d.verify(); err != nil {
			t.Fatalf("%v", err)
		}
		after := d.String()
		got := said(t, after)
		if !maps.EqualFunc(got, want, func(a, b Section) bool { return maps.Equal(a, b) }) {
			t.Fatalf("%q\nbecame\n%q\nwhich says\n%q\nnot\n%q", text, after, got, want)
		}
		if before, now := comments(text), comments(after); !slices.Equal(before, now) {
			t.Fatalf("%q\nbecame\n%q", text, after)
		}
	})
}

func modelSection(all map[SectionName]Section, name SectionName) Section {
	if all[name] == nil {
		all[name] = Section{}
	}
	return all[name]
}

// modelNested does to the model what SetNested does to the file.
func modelNested(all map[SectionName]Section, name SectionName, key, value string) {
	s := modelSection(all, name)
	inner := strings.Split(s[key], "\n")
	for i, line := range slices.Backward(inner) {
		if k, v, _ := strings.Cut(line, "="); strings.TrimSpace(k) == "inner" {
			if strings.TrimSpace(v) != value {
				inner[i] = strings.TrimRight("inner = "+value, " ")
				s[key] = strings.Join(inner, "\n")
			}
			return
		}
	}
	s[key] += "\n" + strings.TrimRight("inner = "+value, " ")
}

func TestRemovedSectionsAreGone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, name := anyText(t), names.Draw(t, "name")
		want := said(t, text)
		delete(want, name)
		d, _ := parse("config", text)
		d.RemoveSection(name)
		if d.verify() != nil {
			return // the file is indented in a way that forbids it, and Edit would leave it alone
		}
		if got := said(t, d.String()); !maps.EqualFunc(got, want, func(a, b Section) bool { return maps.Equal(a, b) }) {
			t.Fatalf("%q\nbecame\n%q", text, d)
		}
	})
}

// Whatever the file and the change: it is refused, or it reads back and its text is reached from the old one by the marked lines.
func FuzzEdit(f *testing.F) {
	f.Add(sample, "profile", "x", "region", "eu-west-1")
	f.Add("[a]\r\n b = c", "", "a", "b", "[d]")
	f.Add("[services s]\nsso =\n  a = b\n", "services", "s", "sso", "c = d")
	f.Fuzz(func(t *testing.T, text, kind, name, key, value string) {
		d, err := parse("config", text)
		if err != nil {
			return
		}
		id := SectionName{Kind(kind), name}
		if d.Set(id, key, value) != nil {
			if d.String() != text {
				t.Fatalf("a refused change made %q of %q", d, text)
			}
			return
		}
		if d.verify() != nil {
			return
		}
		again, err := parse("config", d.String())
		if err != nil {
			t.Fatalf("%q became %q: %v", text, d, err)
		}
		if got, found := again.Get(id, key); !found || got != value {
			t.Fatalf("%q became %q, which says %q", text, d, got)
		}
		if d.Changed() != (d.String() != text) {
			t.Fatalf("%q became %q, and that is called a change: %v", text, d, d.Changed())
		}
	})
}
