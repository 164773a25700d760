package awsconfig

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func document(t *testing.T, text string) *Document {
	t.Helper()
	d, err := parse("config", text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// change is one step of a test's edit.
type change func(*Document) error

func set(name SectionName, key, value string) change {
	return func(d *Document) error { return d.Set(name, key, value) }
}

func nest(name SectionName, key, inner, value string) change {
	return func(d *Document) error { return d.SetNested(name, key, inner, value) }
}

func dropKey(name SectionName, key string) change {
	return func(d *Document) error { d.RemoveKey(name, key); return nil }
}

func dropSection(name SectionName) change {
	return func(d *Document) error { d.RemoveSection(name); return nil }
}

func TestChangesLeaveOtherLinesAlone(t *testing.T) {
	x, main, services := ProfileSection("x"), SessionSection("main"), ServicesSection("s")
	tests := []struct {
		name, before string
		changes      []change
		after        string
	}{
		{"an empty file gets a section", "", []change{set(x, "region", "r")}, "[profile x]\nregion = r\n"},
		{"the default profile goes without its kind", "", []change{set(ProfileSection("default"), "region", "r")}, "[default]\nregion = r\n"},
		{"a section of the credentials file is its name", "", []change{set(nameOf("x"), "a", "b"), set(nameOf("default"), "a", "b")}, "[x]\na = b\n\n[default]\na = b\n"},
		{"a name with blanks is quoted", "", []change{set(ProfileSection("a b"), "region", "r")}, "[profile \"a b\"]\nregion = r\n"},
		{"a new section stands behind a blank line", "[a]\n", []change{set(main, "sso_region", "r")}, "[a]\n\n[sso-session main]\nsso_region = r\n"},
		{"one blank line is enough", "[a]\n\n", []change{set(main, "sso_region", "r")}, "[a]\n\n[sso-session main]\nsso_region = r\n"},
		{"a last line without an end gets one before a new section", "# c", []change{set(x, "region", "r")}, "# c\n\n[profile x]\nregion = r\n"},
		{"a new key stands behind the last one", "[profile x]\na=1\n\n# about y\n[profile y]\n", []change{set(x, "b", "2")}, "[profile x]\na=1\nb = 2\n\n# about y\n[profile y]\n"},
		{"a new key stands behind all lines of the last one", "[profile x]\na=\n  b = 1\n\n  c = 2\n", []change{set(x, "z", "2")}, "[profile x]\na=\n  b = 1\n\n  c = 2\nz = 2\n"},
		{"a new key stands behind a last line without an end", "[profile x]\na=1", []change{set(x, "b", "2")}, "[profile x]\na=1\nb = 2\n"},
		{"a new key in a section without keys", "[profile x]\n# c\n", []change{set(x, "b", "2")}, "[profile x]\nb = 2\n# c\n"},
		{"a new key is indented as the last one", "[profile x]\n  a=1\n", []change{set(x, "b", "2")}, "[profile x]\n  a=1\n  b = 2\n"},
		{"a new key does not swallow the indented header below", "[profile x]\n  [profile y]\n  a=1\n", []change{set(x, "b", "2")}, "[profile x]\n  b = 2\n  [profile y]\n  a=1\n"},
		{"a changed value keeps how its line is divided", "[profile x]\nRegion:\told  \n", []change{set(x, "region", "new")}, "[profile x]\nRegion:\tnew\n"},
		{"an empty value gets a blank where the key has one", "[profile x]\na =\nb=\n", []change{set(x, "a", "1"), set(x, "b", "2")}, "[profile x]\na = 1\nb=2\n"},
		{"a value becomes empty", "[profile x]\na = 1\n", []change{set(x, "a", "")}, "[profile x]\na =\n"},
		{"a value that is there already changes nothing", "[profile x]\nA=  1 \n", []change{set(x, "a", "1")}, "[profile x]\nA=  1 \n"},
		{"a missing last line end stays missing", "[profile x]\na=1", []change{set(x, "a", "2")}, "[profile x]\na=2"},
		{"line ends are those of the file", "[profile x]\r\na=1\r\n", []change{set(x, "b", "2"), set(main, "c", "3")}, "[profile x]\r\na=1\r\nb = 2\r\n\r\n[sso-session main]\r\nc = 3\r\n"},
		{"a quoted header is found", "[profile 'x']\na=1\n", []change{set(x, "a", "2")}, "[profile 'x']\na=2\n"},
		{"of two sections for one name the later one counts", "[profile x]\na=1\n[profile \"x\"]\na=1\n", []change{set(x, "a", "2")}, "[profile x]\na=1\n[profile \"x\"]\na=2\n"},
		{"one line takes the place of several, comments stay", "[profile x]\na = 1\n  2\n # c\n  3\nb=4\n", []change{set(x, "a", "5")}, "[profile x]\na = 5\n # c\nb=4\n"},
		{"a changed key is changed again", "[profile x]\na=1\n", []change{set(x, "a", "2"), set(x, "a", "3"), set(x, "b", "4"), set(x, "b", "5")}, "[profile x]\na=3\nb = 5\n"},
		{"a key of several lines is made", "", []change{nest(services, "sso", "endpoint_url", "u"), nest(services, "sso_oidc", "endpoint_url", "v")}, "[services s]\nsso =\n  endpoint_url = u\nsso_oidc =\n  endpoint_url = v\n"},
		{"a key inside a value is added as its neighbours are", "[services s]\nsso =\n\ta = 1\n", []change{nest(services, "sso", "b", "2")}, "[services s]\nsso =\n\ta = 1\n\tb = 2\n"},
		{"the last of a key inside a value is changed", "[services s]\nsso =\n  a=1\n  a=2\n", []change{nest(services, "sso", "a", "3")}, "[services s]\nsso =\n  a=1\n  a=3\n"},
		{"a key inside a value that is there already changes nothing", "[services s]\nsso =\n  a=1\n", []change{nest(services, "sso", "a", "1")}, "[services s]\nsso =\n  a=1\n"},
		{"a value of several lines gives way to a plain one, and a key follows", "", []change{nest(x, "a", "b", "1"), set(x, "a", "2"), set(x, "c", "3")}, "[profile x]\na = 2\nc = 3\n"},
		{"a removed key goes with its lines, comments stay", "[profile x]\na =\n  b = 1\n# c\n  d = 2\ne=3\n", []change{dropKey(x, "A")}, "[profile x]\n# c\ne=3\n"},
		{"removing what is not there changes nothing", "[profile x]\n", []change{dropKey(x, "a"), dropKey(main, "a"), dropSection(main)}, "[profile x]\n"},
		{"a key is removed and set again", "[profile x]\na=1\nb=2\n", []change{dropKey(x, "a"), set(x, "a", "3")}, "[profile x]\nb=2\na = 3\n"},
		{"a removed section goes with the comments among its keys, those behind stay", "[profile x]\n# in\na=1\n\n# about y\n[profile y]\n", []change{dropSection(x)}, "# about y\n[profile y]\n"},
		{"every section of the name is removed", "[profile x]\n[profile y]\n[profile \"x\"]\n", []change{dropSection(x)}, "[profile y]\n"},
		{"a section is removed and made again", "[profile x]\na=1\n[profile y]\n", []change{dropSection(x), set(x, "b", "2")}, "[profile y]\n\n[profile x]\nb = 2\n"},
		{"a new section is removed", "[profile y]\n", []change{set(x, "b", "2"), dropSection(x)}, "[profile y]\n\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := document(t, test.before)
			for _, step := range test.changes {
				if err := step(d); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.verify(); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(test.after, d.String()); diff != "" {
				t.Error(diff)
			}
			if changed := test.before != test.after; d.Changed() != changed || (d.Diff() != "") != changed {
				t.Errorf("changed is %v, and the difference %q", d.Changed(), d.Diff())
			}
		})
	}
}

func TestChangesThatWouldBreakTheFileAreRefused(t *testing.T) {
	x := ProfileSection("x")
	const before = "[services s]\nplain = 1\n"
	tests := []struct {
		name   string
		change change
	}{
		{"a line end in a value", set(x, "a", "b\nc")},
		{"a carriage return in a value", set(x, "a", "b\rc")},
		{"a line end of Unicode in a value", set(x, "a", "b\u2028c")},
		{"a value that is no text", set(x, "a", "\xff")},
		{"a value that begins with a blank", set(x, "a", " b")},
		{"a value that ends with a blank", set(x, "a", "b\u00a0")},
		{"an empty key", set(x, "", "b")},
		{"a key that divides", set(x, "a=b", "c")},
		{"a key that is a comment", set(x, "#a", "c")},
		{"a key that is a header", set(x, "[a]", "c")},
		{"an empty name", set(ProfileSection(""), "a", "b")},
		{"a name with a bracket", set(ProfileSection("x]"), "a", "b")},
		{"a name with a line end", set(ProfileSection("x\n[y"), "a", "b")},
		{"a name with a quote", set(ProfileSection(`x"y`), "a", "b")},
		{"a name with a backslash", set(ProfileSection(`x\y`), "a", "b")},
		{"a name with a comment", set(SessionSection("x#y"), "a", "b")},
		{"a name that begins with a blank", set(ServicesSection(" x"), "a", "b")},
		{"the name that lends its keys to all", set(nameOf("DEFAULT"), "a", "b")},
		{"a header that names another kind", set(SectionName{KindOther, "profile x"}, "a", "b")},
		{"a key inside a plain value", nest(ServicesSection("s"), "plain", "a", "b")},
		{"an inner key that is a comment", nest(ServicesSection("s"), "other", ";a", "b")},
		{"an inner value with a line end", nest(ServicesSection("s"), "other", "a", "b\nc")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := document(t, before)
			if err := test.change(d); err == nil {
				t.Errorf("it became\n%s", d)
			}
			if d.String() != before || d.Changed() {
				t.Errorf("the refused change left\n%s", d)
			}
		})
	}
}

func TestRefusalsDoNotRepeatValues(t *testing.T) {
	if err := document(t, "").Set(ProfileSection("x"), "aws_secret_access_key", "hidden\n"); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v", err)
	}
}

// Taking a section out can put an indented header behind a key that it would go on.
func TestAnEditThatIndentationWouldBreakEnds(t *testing.T) {
	d := document(t, "[profile x]\na=1\n[profile y]\n  b=2\n  [profile z]\n")
	d.RemoveSection(ProfileSection("y"))
	if err := d.verify(); err == nil {
		t.Errorf("it became\n%s", d)
	}
}

func TestDiffShowsChangesWithTheirSurroundings(t *testing.T) {
	d := document(t, "# 1\n# 2\n# 3\n# 4\n[profile x]\nregion = a\naws_secret_access_key = hidden\n# 8\n# 9\n# 10\n# 11\n# 12\n# 13\n# 14\n[profile y]\nregion = b\n")
	for _, err := range []error{d.Set(ProfileSection("x"), "region", "c"), d.Set(ProfileSection("y"), "output", "json"), d.Set(ProfileSection("y"), "AWS_SECRET_ACCESS_KEY", "hidden")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	const want = `--- config
+++ config
@@ -3,7 +3,7 @@
 # 3
 # 4
 [profile x]
-region = a
+region = c
 aws_secret_access_key = ****
 # 8
 # 9
@@ -14,3 +14,5 @@
 # 14
 [profile y]
 region = b
+output = json
+aws_secret_access_key = ****
`
	if diff := cmp.Diff(want, d.Diff()); diff != "" {
		t.Error(diff)
	}
	made := document(t, "")
	if err := made.Set(ProfileSection("x"), "a", "b"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("--- config\n+++ config\n@@ -0,0 +1,2 @@\n+[profile x]\n+a = b\n", made.Diff()); diff != "" {
		t.Error(diff)
	}
}
