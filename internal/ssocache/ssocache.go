// Package ssocache owns the folder where sign-ins are kept, ~/.aws/sso/cache: the names of its files, what they say, and how
// they are written and locked so that the AWS CLI, every SDK and many of our own processes can share one session. What others
// wrote into a file and we do not know is kept.
//
// How a token is refreshed and a client registers is the callers' business; so is what a person is told.
package ssocache

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sallyport/internal/safefile"
)

// folderMode is that of the folder when it is made: the files hold tokens.
const folderMode = 0o700

// extension is that of all files that the AWS CLI and the SDKs look at.
const extension = ".json"

// Dir is the folder below a home folder. Where no home is known there is none, which holds nothing and takes nothing: a folder of that name
// in the working folder is somebody else's.
func Dir(home string) string {
	if home == "" {
		return ""
	}
	return filepath.Join(home, ".aws", "sso", "cache")
}

// Cache is one such folder. It is made when something is written.
type Cache struct{ dir string }

// Open is the cache in a folder, which need not be there.
func Open(dir string) Cache { return Cache{dir} }

// TokenKey is the key of the token of a sign-in: of the session if it has a name, or else, for profiles of the older form, of
// the start URL exactly as it is configured.
func TokenKey(session, startURL string) string {
	if session == "" {
		return digest(startURL)
	}
	return digest(session)
}

// Client is what a registration is for.
type Client struct {
	StartURL string
	Region   string
	Session  string   // empty for profiles of the older form
	Scopes   []string // nil where the configuration has none
}

// RegistrationKey is the key of a client's registration: the digest of a JSON document, byte for byte as the AWS CLI writes it.
// Registrations for the device flow and for the authorization code have the same key; what they are good for stands in them.
func RegistrationKey(c Client) string {
	document := append([]byte(`{"region": `), quote(c.Region)...)
	document = append(document, `, "scopes": `...)
	document = append(document, textList(c.Scopes)...)
	document = append(document, `, "session_name": `...)
	if c.Session == "" {
		document = append(document, "null"...)
	} else {
		document = append(document, quote(c.Session)...)
	}
	document = append(document, `, "startUrl": `...)
	document = append(document, quote(c.StartURL)...)
	return digest(string(document) + `, "tool": "botocore"}`)
}

// digest is SHA-1 because the names of the files are; nothing relies on its strength.
func digest(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// IsDigest reports whether a key can be one that TokenKey or RegistrationKey made: other tools name their files otherwise.
func IsDigest(key string) bool {
	sum, err := hex.DecodeString(key)
	return err == nil && len(sum) == sha1.Size
}

// Path is the file of a key, empty where there is no folder.
func (c Cache) Path(key string) string {
	if c.dir == "" {
		return ""
	}
	return filepath.Join(c.dir, key+extension)
}

// ErrNone is what reading fails with when there is nothing usable: no file, no JSON, or no members that are needed. The error's
// text tells which, and never what the file says.
var ErrNone = errors.New("nothing usable is cached")

// ReadToken is the token of a key, valid or not.
func (c Cache) ReadToken(key string) (Token, error) {
	path := c.Path(key)
	members, reason := readMembers(path)
	if reason == "" {
		var token Token
		if token, reason = tokenOf(members); reason == "" {
			return token, nil
		}
	}
	return Token{}, none(path, reason)
}

// ReadTokenOf is ReadToken for a sign-in at a start URL. A token that another server issued, before the sso-session of that name got its
// start URL, is none: this server must not see it.
func (c Cache) ReadTokenOf(startURL, key string) (Token, error) {
	token, err := c.ReadToken(key)
	if err == nil && !token.IsOf(startURL) {
		return Token{}, none(c.Path(key), "is of another start URL")
	}
	return token, err
}

// ReadRegistration is the registration of a key, valid or not.
func (c Cache) ReadRegistration(key string) (Registration, error) {
	path := c.Path(key)
	members, reason := readMembers(path)
	if reason == "" {
		var registration Registration
		if registration, reason = registrationOf(members); reason == "" {
			return registration, nil
		}
	}
	return Registration{}, none(path, reason)
}

func none(path, reason string) error { return fmt.Errorf("%w: %s %s", ErrNone, path, reason) }

// maxFile is the size beyond which a file is not read: tokens have a few thousand bytes at most.
const maxFile = 1 << 20

// readMembers reads a file, or tells why there is nothing in it.
func readMembers(path string) (all []member, reason string) {
	return readSettled(func() ([]byte, string) { return readText(path) }, func() { time.Sleep(writingPause) })
}

// Older AWS CLIs and the SDK for JavaScript empty a file and write it anew in its place. Who reads between the two finds nothing, or half
// an object, and has to look again. They take well under a millisecond; a file that is broken for good costs all the looks.
const (
	looks        = 5
	writingPause = 10 * time.Millisecond
)

// readSettled reads an object again while it looks as if somebody were writing it.
func readSettled(read func() (text []byte, reason string), pause func()) (all []member, reason string) {
	for look := 1; ; look++ {
		text, reason := read()
		if reason != "" {
			return nil, reason
		}
		if all, reason = parseMembers(text); reason == "" || look == looks {
			return all, reason
		}
		pause()
	}
}

func readText(path string) (text []byte, reason string) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "is not there"
	}
	if err != nil {
		return nil, "cannot be opened: " + cause(err)
	}
	defer file.Close()
	text, err = io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, "cannot be read: " + cause(err)
	}
	if len(text) > maxFile {
		return nil, "is too large for what it should be"
	}
	return text, ""
}

// cause is an error of the system without the path, which the sentence has already.
func cause(err error) string {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err.Error()
	}
	return err.Error()
}

// WriteToken puts a token into the file of a key, at once: a reader sees the old one or the new one, whole. Whoever has read
// the token before must hold the lock of the key from then on.
func (c Cache) WriteToken(key string, token Token) error {
	if token.AccessToken == "" || !writable(token.ExpiresAt) {
		return errors.New("a token without a value or an end cannot be cached")
	}
	return c.write(key, token.members())
}

// WriteRegistration puts a registration into the file of a key, at once.
func (c Cache) WriteRegistration(key string, registration Registration) error {
	if registration.ClientID == "" || registration.ClientSecret == "" || !writable(registration.ExpiresAt) {
		return errors.New("a registration without an id, a secret or an end cannot be cached")
	}
	return c.write(key, registration.members())
}

func (c Cache) write(key string, members []member) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, folderMode); err != nil {
		return err
	}
	return safefile.Replace(c.Path(key), safefile.Private, encode(members))
}

// CheckWritable tells why nothing could be kept. Whoever is about to spend something for a token, a refresh token or a person's time, asks
// first: locks can be had where files cannot be written.
func (c Cache) CheckWritable() error {
	if err := os.MkdirAll(c.dir, folderMode); err != nil {
		return err
	}
	return safefile.CheckReplaceable(c.dir)
}

// Remove takes the file of a key away. It need not be there.
func (c Cache) Remove(key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := os.Remove(c.Path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// checkKey refuses keys that are no plain name of a file.
func checkKey(key string) error {
	if key == "" || strings.ContainsAny(key, `/\`) || !filepath.IsLocal(key) {
		return fmt.Errorf("%q is no key of the cache", key)
	}
	return nil
}

// Entry is one file of the cache: a token, a registration, or neither.
type Entry struct {
	Key          string
	Path         string
	Token        *Token
	Registration *Registration
	Problem      string // why it cannot be used; a token with one has what could be read
}

// List are all files that the AWS CLI and the SDKs look at, sorted by key. A file is a token as soon as it has an access token,
// which is how the AWS CLI tells what to end at a sign-out; the tools of editors have some of other names.
func (c Cache) List() ([]Entry, error) {
	files, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, file := range files {
		if key, ours := strings.CutSuffix(file.Name(), extension); ours && !file.IsDir() {
			all = append(all, c.entry(key))
		}
	}
	return all, nil
}

func (c Cache) entry(key string) Entry {
	e := Entry{Key: key, Path: c.Path(key)}
	members, reason := readMembers(e.Path)
	if reason != "" {
		e.Problem = reason
		return e
	}
	if token, reason := tokenOf(members); token.AccessToken != "" {
		e.Token, e.Problem = &token, reason
		return e
	}
	registration, reason := registrationOf(members)
	if reason == "" {
		e.Registration = &registration
		return e
	}
	e.Problem = "has neither a token nor a registration"
	return e
}

// lockExtension is one that nobody takes for a token.
const lockExtension = ".lock"

// Lock takes the lock of a key for this holder, waiting as long as the context allows. Who refreshes a token takes it, reads the
// token again, and refreshes it only if nobody has done so meanwhile. Other programs do not know the lock.
func (c Cache) Lock(ctx context.Context, key string) (unlock func(), err error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.dir, folderMode); err != nil {
		return nil, err
	}
	return safefile.Lock(ctx, filepath.Join(c.dir, key+lockExtension))
}
