package cli

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"sallyport/internal/command"
)

// The variables that name an encoding other than UTF-8, by the names that Python has for it.
const (
	fileEncodingVariable   = "AWS_CLI_FILE_ENCODING"
	outputEncodingVariable = "AWS_CLI_OUTPUT_ENCODING"
)

// textEncoding is how text is written as bytes. Its zero value is UTF-8.
type textEncoding struct {
	encoding encoding.Encoding
	last     rune // of the characters that it has, where encoding has more; zero for all
}

// encodings are those that can be named, in small letters and with dashes for underscores.
var encodings = map[string]textEncoding{
	"utf-8": {}, "utf8": {}, "u8": {}, "cp65001": {},
	"utf-8-sig": {encoding: unicode.UTF8BOM},
	"utf-16":    {encoding: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)}, "utf16": {encoding: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
	"utf-16-le": {encoding: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, "utf-16le": {encoding: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	"utf-16-be": {encoding: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, "utf-16be": {encoding: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	"ascii": {charmap.ISO8859_1, 0x7F}, "us-ascii": {charmap.ISO8859_1, 0x7F},
	"latin-1": {encoding: charmap.ISO8859_1}, "latin1": {encoding: charmap.ISO8859_1}, "iso-8859-1": {encoding: charmap.ISO8859_1}, "iso8859-1": {encoding: charmap.ISO8859_1},
	"iso-8859-2": {encoding: charmap.ISO8859_2}, "iso-8859-5": {encoding: charmap.ISO8859_5}, "iso-8859-7": {encoding: charmap.ISO8859_7},
	"iso-8859-9": {encoding: charmap.ISO8859_9}, "iso-8859-15": {encoding: charmap.ISO8859_15}, "latin-9": {encoding: charmap.ISO8859_15},
	"koi8-r": {encoding: charmap.KOI8R}, "koi8-u": {encoding: charmap.KOI8U},
	"cp437": {encoding: charmap.CodePage437}, "cp850": {encoding: charmap.CodePage850}, "cp852": {encoding: charmap.CodePage852}, "cp866": {encoding: charmap.CodePage866},
	"cp1250": {encoding: charmap.Windows1250}, "cp1251": {encoding: charmap.Windows1251}, "cp1252": {encoding: charmap.Windows1252},
	"cp1253": {encoding: charmap.Windows1253}, "cp1254": {encoding: charmap.Windows1254}, "cp1257": {encoding: charmap.Windows1257},
	"windows-1252": {encoding: charmap.Windows1252},
}

// encodingNamed is the encoding that a variable names.
func (r *run) encodingNamed(variable string) (textEncoding, error) {
	name, given := r.LookupEnv(variable)
	if !given {
		return textEncoding{}, nil
	}
	found, known := encodings[strings.ReplaceAll(strings.ToLower(name), "_", "-")]
	if !known {
		return textEncoding{}, command.OtherError("unknown encoding: %s, which %s names: leave it unset for UTF-8", name, variable)
	}
	return found, nil
}

var errEncoding = errors.New("a character does not exist in the encoding")

// decode turns bytes into text.
func (e textEncoding) decode(content []byte) (string, error) {
	if e.encoding == nil {
		if !utf8.Valid(content) {
			return "", errEncoding
		}
		return string(content), nil
	}
	decoded, err := e.encoding.NewDecoder().String(string(content))
	if err == nil && (e.lacks(decoded) || strings.ContainsRune(decoded, utf8.RuneError)) {
		err = errEncoding
	}
	return decoded, err
}

// encode turns text into bytes.
func (e textEncoding) encode(text []byte) ([]byte, error) {
	switch {
	case e.encoding == nil:
		return text, nil
	case e.lacks(string(text)):
		return nil, errEncoding
	}
	return e.encoding.NewEncoder().Bytes(text)
}

func (e textEncoding) lacks(text string) bool {
	return e.last != 0 && strings.ContainsFunc(text, func(r rune) bool { return r > e.last })
}
