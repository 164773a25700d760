package arn

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestNamesAreReadInTheirParts(t *testing.T) {
	cases := []struct {
		name, text string
		want       ARN
	}{
		{"without Region and account", "arn:aws:sso:::instance/ssoins-1234567890abcdef", ARN{"aws", "sso", "", "", "instance/ssoins-1234567890abcdef"}},
		{"of what AWS owns", "arn:aws:iam::aws:policy/AdministratorAccess", ARN{"aws", "iam", "", "aws", "policy/AdministratorAccess"}},
		{"of another partition", "arn:aws-us-gov:kms:us-gov-east-1:111122223333:key/1", ARN{"aws-us-gov", "kms", "us-gov-east-1", "111122223333", "key/1"}},
		{"with colons in the resource", "arn:aws:iam::111122223333:oidc-provider/127.0.0.1:5556/dex", ARN{"aws", "iam", "", "111122223333", "oidc-provider/127.0.0.1:5556/dex"}},
	}
	for _, c := range cases {
		got, err := Parse(c.text)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		if got.String() != c.text {
			t.Errorf("%s: written %q, want %q", c.name, got, c.text)
		}
	}
}

// The attack sigv4-policy-confuse: names that mean more than one thing, or that read as another name.
func TestWhatIsNotOneNameIsRefused(t *testing.T) {
	cases := []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrParts},
		{"five parts", "arn:aws:iam::111122223333", ErrParts},
		{"another scheme", "urn:aws:iam::111122223333:user/a", ErrParts},
		{"an upper-case scheme", "ARN:aws:iam::111122223333:user/a", ErrParts},
		{"no partition", "arn::iam::111122223333:user/a", ErrPartition},
		{"a partition that only begins like ours", "arn:awsx:iam::111122223333:user/a", ErrPartition},
		{"a partition of five words", "arn:aws-a-b-c-d:iam::111122223333:user/a", ErrPartition},
		{"a wildcard for the service", "arn:aws:*::111122223333:user/a", ErrService},
		{"no service", "arn:aws:::111122223333:user/a", ErrService},
		{"a Region of one word", "arn:aws:iam:east:111122223333:user/a", ErrRegion},
		{"an account of eleven digits", "arn:aws:iam::11112222333:user/a", ErrAccount},
		{"an account of other digits", "arn:aws:iam::11112222333３:user/a", ErrAccount},
		{"a wildcard for the account", "arn:aws:iam::*:user/a", ErrAccount},
		{"no resource", "arn:aws:iam::111122223333:", ErrResource},
		{"a wildcard in the resource", "arn:aws:iam::111122223333:user/*", ErrResource},
		{"a question mark in the resource", "arn:aws:iam::111122223333:user/a?", ErrResource},
		{"a policy variable", "arn:aws:iam::111122223333:user/${aws:username}", ErrResource},
		{"white space", "arn:aws:iam::111122223333:user/a b", ErrResource},
		{"a line break", "arn:aws:iam::111122223333:user/a\n", ErrResource},
		{"a null character", "arn:aws:iam::111122223333:user/a\x00", ErrResource},
		{"a letter beyond ASCII", "arn:aws:iam::111122223333:user/\u212A", ErrResource},
		{"more than fits", "arn:aws:iam::111122223333:user/" + strings.Repeat("a", MaxLength), ErrLength},
	}
	for _, c := range cases {
		if got, err := Parse(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

// parsers reads a text as each kind of name and writes it again.
var parsers = map[string]func(string) (string, error){
	"user":                 again(ParseUser),
	"role":                 again(ParseRole),
	"assumed role":         again(ParseAssumedRole),
	"OIDC provider":        again(ParseOIDCProvider),
	"instance":             again(ParseInstance),
	"application":          again(ParseApplication),
	"trusted token issuer": again(ParseTrustedTokenIssuer),
	"permission set":       again(ParsePermissionSet),
	"root": func(text string) (string, error) {
		account, err := ParseRoot(text)
		return "arn:aws:iam::" + account + ":root", err
	},
}

func again[T fmt.Stringer](parse func(string) (T, error)) func(string) (string, error) {
	return func(text string) (string, error) {
		value, err := parse(text)
		return value.String(), err
	}
}

func TestEachNameOfTheHouseIsReadAsWhatItIsAndAsNothingElse(t *testing.T) {
	names := map[string][]string{
		"user":                 {"arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/division/team/alice@example.com"},
		"role":                 {"arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"},
		"assumed role":         {"arn:aws:sts::111122223333:assumed-role/app/session"},
		"OIDC provider":        {"arn:aws:iam::111122223333:oidc-provider/example.com/tenant", "arn:aws:iam::111122223333:oidc-provider/127.0.0.1:5556/dex"},
		"instance":             {"arn:aws:sso:::instance/ssoins-0123456789abcdef", "arn:aws:sso:::instance/ins-0123456789abcdef"},
		"application":          {"arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef"},
		"trusted token issuer": {"arn:aws:sso::111122223333:trustedTokenIssuer/ssoins-0123456789abcdef/tti-01234567-89ab-cdef-0123-456789abcdef"},
		"permission set":       {"arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef", "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-01234567/9abcdef"},
		"root":                 {"arn:aws:iam::111122223333:root"},
	}
	for kind, texts := range names {
		for _, text := range texts {
			for other, parse := range parsers {
				got, err := parse(text)
				if (err == nil) != (other == kind) {
					t.Errorf("%s read as %s: %v", text, other, err)
				}
				if err == nil && got != text {
					t.Errorf("%s was written again as %s", text, got)
				}
			}
		}
	}
}

func TestNamesThatLookLikeTheHousesAreRefused(t *testing.T) {
	cases := []struct{ name, kind, text string }{
		{"a user of no account", "user", "arn:aws:iam:::user/alice"},
		{"a user of AWS", "user", "arn:aws:iam::aws:user/alice"},
		{"a user with a Region", "user", "arn:aws:iam:us-east-1:111122223333:user/alice"},
		{"a user of another partition", "user", "arn:aws-cn:iam::111122223333:user/alice"},
		{"a user without a name", "user", "arn:aws:iam::111122223333:user/"},
		{"a path that ends in nothing", "user", "arn:aws:iam::111122223333:user/team/"},
		{"a path with an empty part", "user", "arn:aws:iam::111122223333:user/a//b"},
		{"a path with a dot segment", "user", "arn:aws:iam::111122223333:user/a/../b"},
		{"a name of 65 characters", "role", "arn:aws:iam::111122223333:role/" + strings.Repeat("a", 65)},
		{"a session with a slash", "assumed role", "arn:aws:sts::111122223333:assumed-role/app/../admin"},
		{"a session without a name", "assumed role", "arn:aws:sts::111122223333:assumed-role/app/"},
		{"a session of one character", "assumed role", "arn:aws:sts::111122223333:assumed-role/app/a"},
		{"a session of 65 characters", "assumed role", "arn:aws:sts::111122223333:assumed-role/app/" + strings.Repeat("a", 65)},
		{"a session without a role", "assumed role", "arn:aws:sts::111122223333:assumed-role//admin"},
		{"a session named by IAM", "assumed role", "arn:aws:iam::111122223333:assumed-role/app/session"},
		{"an account with something behind it", "root", "arn:aws:iam::111122223333:root/x"},
		{"an account with a slash", "root", "arn:aws:iam::111122223333:root/"},
		{"an OpenID provider without an address", "OIDC provider", "arn:aws:iam::111122223333:oidc-provider/"},
		{"an instance of an account", "instance", "arn:aws:sso::111122223333:instance/ssoins-0123456789abcdef"},
		{"an instance id that is too long", "instance", "arn:aws:sso:::instance/ssoins-0123456789abcdef0"},
		{"an application without an account", "application", "arn:aws:sso:::application/ssoins-0123456789abcdef/apl-0123456789abcdef"},
		{"an application with more behind it", "application", "arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef/x"},
		{"an issuer in upper case", "trusted token issuer", "arn:aws:sso::111122223333:trustedTokenIssuer/ssoins-0123456789abcdef/tti-01234567-89AB-cdef-0123-456789abcdef"},
		{"an issuer without its prefix", "trusted token issuer", "arn:aws:sso::111122223333:trustedTokenIssuer/ssoins-0123456789abcdef/01234567-89ab-cdef-0123-456789abcdef"},
	}
	for _, c := range cases {
		if got, err := parsers[c.kind](c.text); err == nil {
			t.Errorf("%s was taken for %s", c.name, got)
		}
	}
}

func TestPathsAndNames(t *testing.T) {
	paths := map[string]bool{
		"/": true, "/a/": true, "/a/b.c/": true, "/" + strings.Repeat("a", 510) + "/": true,
		"": false, "//": false, "a/": false, "/a": false, "/a//b/": false, "/*/": false, "/a b/": false, "/../": false, "/./": false,
		"/" + strings.Repeat("a", 511) + "/": false,
	}
	for text, want := range paths {
		if ValidPath(text) != want {
			t.Errorf("path %q: valid %t, want %t", text, !want, want)
		}
	}
	names := map[string]bool{"a": true, "A_+=,.@-9": true, "": false, "a/b": false, "a b": false, "ä": false, "a:b": false, "*": false}
	for text, want := range names {
		if ValidName(text) != want {
			t.Errorf("name %q: valid %t, want %t", text, !want, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("arn:aws:iam::111122223333:user/alice")
	f.Add("arn:aws:sts::111122223333:assumed-role/app/session")
	f.Add("arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef")
	f.Add("arn:aws:iam::111122223333:oidc-provider/a:b:c")
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := Parse(text); err == nil {
			if a.String() != text || strings.ContainsAny(text, "*?$ \n\x00") {
				t.Fatalf("%q was accepted and written as %q", text, a)
			}
		}
		kinds := 0
		for kind, parse := range parsers {
			if got, err := parse(text); err == nil {
				if kinds++; got != text {
					t.Fatalf("%q was taken for %s %q", text, kind, got)
				}
			}
		}
		if kinds > 1 {
			t.Fatalf("%q is two kinds of name", text)
		}
	})
}
