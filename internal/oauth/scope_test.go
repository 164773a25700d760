package oauth

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sallyport/test/vectors"
)

func TestParseScope(t *testing.T) {
	fifty := strings.Repeat("a", 50)
	tests := []struct {
		name, in string
		ok       bool
	}{
		{"one part", "openid", true},
		{"two parts", "codewhisperer:completions", true},
		{"three parts", "sso:account:access", true},
		{"an underscore and digits", "s3:access_grants:read_write", true},
		{"three parts of fifty letters", fifty + ":" + fifty + ":" + fifty, true},
		{"the legacy scope, by name", "sso-portal:*", true},
		{"the legacy scope with something after it", "sso-portal:*:x", false},
		{"another scope with a hyphen", "sso-portal:read", false},
		{"another wildcard", "admin:*", false},
		{"a wildcard alone", "*", false},
		{"nothing", "", false},
		{"four parts", "a:b:c:d", false},
		{"an empty part in front", ":a", false},
		{"an empty part in the middle", "a::b", false},
		{"an empty part at the end", "a:b:", false},
		{"a colon alone", ":", false},
		{"a part of fifty-one letters", fifty + "a", false},
		{"a long part after a short one", "a:" + fifty + "a", false},
		{"a dot", "a.b", false},
		{"a quotation mark", `a"b`, false},
		{"a blank", "a b", false},
		{"a NUL", "a\x00", false},
		{"a line break at the end", "openid\n", false},
		{"a letter outside ASCII", "opénid", false},
		{"a letter that folds to ASCII", "\u017fso:account:access", false},
		{"a megabyte", strings.Repeat("a", 1<<20), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseScope(tt.in)
			if (err == nil) != tt.ok || tt.ok && string(got) != tt.in || !tt.ok && got != "" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestParseScopes(t *testing.T) {
	numbered := func(n int) (list []string) {
		for i := range n {
			list = append(list, "s:"+strconv.Itoa(i))
		}
		return list
	}
	tests := []struct {
		name string
		in   []string
		want string
		err  string
	}{
		{"no list", nil, "", ""},
		{"an empty list", []string{}, "", ""},
		{"order is kept and repetitions are dropped", []string{"b", "a", "b", "sso:account:access", "a"}, "b a sso:account:access", ""},
		{"scopes that differ in case are different", []string{"OpenID", "openid"}, "OpenID openid", ""},
		{"as many as allowed", numbered(25), strings.Join(numbered(25), " "), ""},
		{"one more", numbered(26), "", "at most 25 scopes may be given"},
		{"one more, although it repeats", slices.Repeat([]string{"a"}, 26), "", "at most 25 scopes may be given"},
		{"a bad one is named by its place and not by its text", []string{"openid", "<script>"}, "",
			"scope number 2 is malformed: a scope has one to three parts of 1 to 50 letters, digits and underscores, separated by colons"},
		{"an empty one", []string{""}, "",
			"scope number 1 is malformed: a scope has one to three parts of 1 to 50 letters, digits and underscores, separated by colons"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseScopes(tt.in)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err || got != nil {
					t.Errorf("got %q, %v; want %q", got, err, tt.err)
				}
				return
			}
			if err != nil || got.String() != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestParseScopeParam(t *testing.T) {
	long := strings.Repeat("a", 50) + ":" + strings.Repeat("b", 50) + ":" + strings.Repeat("c", 48)
	var longest []string
	for i := range maxScopes {
		longest = append(longest, long+strconv.Itoa(10+i))
	}
	tests := []struct {
		name, in, want string
		ok             bool
	}{
		{"nothing", "", "", true},
		{"one", "sso:account:access", "sso:account:access", true},
		{"separated by blanks, as the AWS CLI sends them", "sso:account:access openid", "sso:account:access openid", true},
		{"separated by commas, as VS Code sends them", "codewhisperer:completions,codewhisperer:analysis", "codewhisperer:completions codewhisperer:analysis", true},
		{"separated by both", "a, b ,c", "a b c", true},
		{"with separators left over", " ,a,,b  ", "a b", true},
		{"separators alone", " , ", "", true},
		{"the legacy scope with openid", "openid sso-portal:*", "openid sso-portal:*", true},
		{"a repetition", "a b a", "a b", true},
		{"the longest list", strings.Join(longest, ", "), strings.Join(longest, " "), true},
		{"a line break is not a separator", "a\nb", "", false},
		{"a tab is not a separator", "a\tb", "", false},
		{"a no-break space is not a separator", "a\u00a0b", "", false},
		{"too many", strings.Repeat("a ", 26), "", false},
		{"too long", strings.Repeat(" ", maxScopeParam+1), "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseScopeParam(tt.in)
			if (err == nil) != tt.ok || got.String() != tt.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestWhatARegistrationAmountsTo(t *testing.T) {
	tests := []struct {
		name                string
		scopes              string
		portal, refreshable bool
	}{
		{"no scopes: a client that predates them", "", false, false},
		{"account access", "sso:account:access", true, true},
		{"the legacy scope", "sso-portal:*", true, false},
		{"the legacy scope with openid", "sso-portal:* openid", true, false},
		{"the legacy scope beside account access", "sso-portal:* sso:account:access", true, true},
		{"the legacy scope beside an application's", "sso-portal:* codewhisperer:completions", true, true},
		{"an application's scope", "codewhisperer:completions", false, true},
		{"openid", "openid", false, false},
		{"all that only describes the user", "openid profile email address phone aws sts:identity_context", false, false},
		{"openid with account access", "openid sso:account:access", true, true},
		{"account access in another case is some other scope", "SSO:account:access", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := ParseScopeParam(tt.scopes)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.GrantsPortalAccess(); got != tt.portal {
				t.Errorf("GrantsPortalAccess is %v", got)
			}
			if got := s.Refreshable(); got != tt.refreshable {
				t.Errorf("Refreshable is %v", got)
			}
		})
	}
}

func TestSubsetOf(t *testing.T) {
	tests := []struct {
		name, s, all string
		want         bool
	}{
		{"the same in another order", "a b", "b a", true},
		{"fewer", "a", "a b", true},
		{"more", "a b", "a", false},
		{"nothing of something", "", "a", true},
		{"nothing of nothing", "", "", true},
		{"something of nothing", "a", "", false},
		{"a prefix is another scope", "a:b", "a", false},
		{"the legacy scope is no wildcard", "sso:account:access", "sso-portal:*", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, errS := ParseScopeParam(tt.s)
			all, errAll := ParseScopeParam(tt.all)
			if errS != nil || errAll != nil {
				t.Fatal(errS, errAll)
			}
			if got := s.SubsetOf(all); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestScopesAsAnArray(t *testing.T) {
	s := Scopes{ScopeOpenID, ScopeAccountAccess}
	if got := s.Strings(); !slices.Equal(got, []string{"openid", "sso:account:access"}) {
		t.Errorf("got %q", got)
	}
	if got := (Scopes)(nil).Strings(); got == nil || len(got) != 0 {
		t.Errorf("the empty list is %#v, want an empty array", got)
	}
}

func BenchmarkParseScopes(b *testing.B) {
	list := []string{"openid", "sso:account:access"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseScopes(list); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzParseScopeParam checks every accepted scope against the pattern of the service model, and that a list survives being
// written and read.
func FuzzParseScopeParam(f *testing.F) {
	for _, s := range []string{"", "a", "a:b:c", "sso-portal:* openid", "a,b c", "a::b", "é", strings.Repeat("a ", 30)} {
		f.Add(s)
	}
	model := regexp.MustCompile(`^([A-Za-z0-9_]{1,50})(:[A-Za-z0-9_]{1,50}){0,1}(:[A-Za-z0-9_]{1,50}){0,1}$`)
	for _, text := range vectors.Naughty(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, in string) {
		list, err := ParseScopeParam(in)
		if err != nil {
			return
		}
		if len(list) > maxScopes {
			t.Fatalf("%d scopes", len(list))
		}
		for i, scope := range list {
			if scope != ScopeLegacyPortal && !model.MatchString(string(scope)) {
				t.Fatalf("accepted %q", scope)
			}
			if slices.Contains(list[:i], scope) {
				t.Fatalf("%q twice", scope)
			}
		}
		if again, err := ParseScopeParam(list.String()); err != nil || !slices.Equal(again, list) {
			t.Fatalf("%q became %q, %v", list, again, err)
		}
	})
}

// FuzzReadScopes checks that whatever a row holds, what was read of it is written and read the same.
func FuzzReadScopes(f *testing.F) {
	for _, text := range append(vectors.Naughty(f), "a,b c", " openid  sso:account:access ") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list := ReadScopes(text)
		if again := ReadScopes(list.String()); !slices.Equal(again, list) {
			t.Fatalf("%q became %q", list, again)
		}
	})
}

func TestWhatWasWrittenIsReadBackWithoutABound(t *testing.T) {
	var many Scopes
	for i := range maxScopes + 3 {
		many = append(many, Scope(fmt.Sprintf("app:scope:n%d", i)))
	}
	for _, list := range []Scopes{nil, {ScopeOpenID}, {ScopeLegacyPortal, ScopeAWS}, many} {
		if got := ReadScopes(list.String()); !slices.Equal(got, list) {
			t.Errorf("%v reads back as %v", list, got)
		}
	}
}

func TestIntersect(t *testing.T) {
	a, b, c := Scope("a"), Scope("b"), Scope("c")
	for _, test := range []struct {
		name              string
		left, right, want Scopes
	}{
		{"keeps the order of the left", Scopes{c, a, b}, Scopes{a, c}, Scopes{c, a}},
		{"of nothing is nothing", nil, Scopes{a}, nil},
		{"with nothing is nothing", Scopes{a}, nil, nil},
		{"of strangers is nothing", Scopes{a}, Scopes{"A", "a:b"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.left.Intersect(test.right); !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}
