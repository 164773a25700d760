package rules

import (
	"strings"
	"testing"
)

func TestNamesThatAWSKeepsForItself(t *testing.T) {
	for name, kept := range map[string]bool{
		"Administrator": true, "ADMINISTRATOR": true, "ａdministrator": true, "awsadministrators": true, "Administrators": false, "": false,
	} {
		if IsReservedName(name) != kept {
			t.Errorf("%q: kept %t", name, !kept)
		}
	}
	for key, kept := range map[string]bool{"aws:x": true, "AWS:x": true, "aws": false, "awsx": false, "x:aws:": false, "": false} {
		if IsReservedTag(key) != kept {
			t.Errorf("tag %q: kept %t", key, !kept)
		}
	}
}

func TestTheFormOfAnAddress(t *testing.T) {
	for text, ok := range map[string]bool{
		"a@b": true, "ann.ames@example.com": true, "é@example.com": true, strings.Repeat("a", MaxEmail-2) + "@b": true,
		"": false, "@b": false, "a@": false, "a b@c": false, "a@b@c": false, "a@b\n": false, "a\u200b@c": false, strings.Repeat("a", MaxEmail-1) + "@b": false,
	} {
		if IsEmail(text) != ok {
			t.Errorf("%.40q: taken %t", text, !ok)
		}
	}
}

func TestTheDocumentOfAnExtension(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat(`{"a":`, depth-1) + `{}` + strings.Repeat(`}`, depth-1) }
	for document, ok := range map[string]bool{
		`{}`: true, `{"a":{"b":{"c":["d"]}}}`: true, nested(MaxExtensionNames + 1): true,
		``: false, `[]`: false, `"a"`: false, `{"a":1,"a":2}`: false, nested(MaxExtensionNames + 2): false, `{"a":"` + strings.Repeat("x", 8<<10) + `"}`: false,
	} {
		if IsExtension([]byte(document)) != ok {
			t.Errorf("%.40s: taken %t", document, !ok)
		}
	}
}
