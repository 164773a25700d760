package identitystore

import (
	"strings"

	"sallyport/internal/fault"
	"sallyport/internal/rules"
)

const (
	// maxParts bounds the names of a path inside a user (AttributePath of the model).
	maxParts = 3
	// maxPath is the length that the model allows, in letters; the rim has checked it, and this is for who calls from elsewhere.
	maxPath = 255
)

// path is an attribute path: dotted names, perhaps inside an extension.
type path struct {
	extension string   // with colons, empty for an attribute of the model
	names     []string // as they were sent
}

// key is the form in which paths are compared: AWS's tools send both UserName and userName.
func (p path) key() string {
	key := lowerASCII(strings.Join(p.names, "."))
	switch {
	case p.extension == "":
		return key
	case key == "":
		return lowerASCII(p.extension)
	}
	return lowerASCII(p.extension) + "." + key
}

// parsePath reads an attribute path: name[.name[.name]], or extension[.name[.name[.name]]] where an extension is three names with colons.
func parsePath(text string) (path, error) {
	if len(text) > 4*maxPath {
		return path{}, badPath
	}
	head, rest, dotted := strings.Cut(text, ".")
	var p path
	limit := maxParts
	if strings.Contains(head, ":") {
		p.extension, limit = head, rules.MaxExtensionNames
		if parts := strings.Split(head, ":"); len(parts) != 3 || !allNames(parts) {
			return path{}, badPath
		}
		if !dotted {
			return p, nil
		}
	} else {
		rest = text
	}
	p.names = strings.Split(rest, ".")
	if len(p.names) > limit || !allNames(p.names) {
		return path{}, badPath
	}
	return p, nil
}

var badPath = fault.Validation.Refuse("AttributePath is no path of an attribute: write it like userName or name.familyName")

// allNames reports whether each part is a name: something without the signs that paths are made of.
func allNames(parts []string) bool {
	for _, part := range parts {
		if part == "" || strings.ContainsAny(part, ":.") {
			return false
		}
	}
	return true
}

// lowerASCII puts the letters of ASCII in lower case: folding more would give one attribute several spellings that look alike.
func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}
