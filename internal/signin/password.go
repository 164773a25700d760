package signin

import (
	"context"
	_ "embed"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

// Lengths of a password in characters, which are Unicode code points after normalisation.
const (
	minPassword = 12
	maxPassword = 128 // longer ones add nothing, and bounds the work of normalising
	// maxPasswordBytes is what no password within maxPassword exceeds, also before normalisation: NFC merges at most a letter and a few
	// marks of up to four bytes each into one character.
	maxPasswordBytes = maxPassword * 16
	// minNameInPassword is the length from which a user name must not appear in the password: a person named "al" may still use words.
	minNameInPassword = 3
)

// normalise is the one form in which passwords are hashed and compared: Unicode NFC (RFC 8265 §4.2.2), because keyboards differ in
// whether é is one code point or two and a person cannot see which. Nothing else is changed: letter case, blanks at either end, NUL
// and emoji all count.
func normalise(password string) string { return norm.NFC.String(password) }

// checkPassword refuses a password that would be guessed. It takes the normalised form.
func checkPassword(userName, password string) error {
	length := utf8.RuneCountInString(password)
	switch {
	case length < minPassword:
		return fault.InvalidRequest.Refuse(fmt.Sprintf("The password is too short: it needs at least %d characters", minPassword))
	case length > maxPassword:
		return fault.InvalidRequest.Refuse(fmt.Sprintf("The password is too long: it may have at most %d characters", maxPassword))
	case !utf8.ValidString(password):
		return fault.InvalidRequest.Refuse("The password is not valid UTF-8 text")
	case holdsName(password, userName):
		return fault.InvalidRequest.Refuse("The password contains the user name: choose one that does not")
	case repeats(password):
		return fault.InvalidRequest.Refuse("The password repeats one short piece: choose one that does not")
	case common(password):
		return fault.InvalidRequest.Refuse("The password is among those that are tried first, or one of them with digits around it: " +
			"choose another, for instance four unrelated words")
	}
	return nil
}

// holdsName reports whether the password contains the user name, or what stands before the @ of one, whatever the letter case.
func holdsName(password, userName string) bool {
	name, _, _ := strings.Cut(userName, "@")
	return utf8.RuneCountInString(name) >= minNameInPassword && strings.Contains(store.UserNameKey(password), store.UserNameKey(name))
}

// repeats reports whether the text is one shorter text several times over: only then is it found in two of itself, first and last byte
// left out.
func repeats(text string) bool {
	twice := text + text
	return strings.Contains(twice[1:len(twice)-1], text)
}

// commonPasswords are the most used passwords, in lower case, the most used first. From dropbox/zxcvbn, MIT licence.
//
//go:embed common-passwords.txt
var commonPasswords string

var commonSet = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(commonPasswords) {
		set[strings.TrimRight(line, "\r\n")] = true
	}
	return set
})

// common reports whether the password is a much used one as it is, or with nothing but digits, signs and blanks around it. Few of the
// list reach minPassword, so what people put around them to get there is what matters.
func common(password string) bool {
	folded := store.UserNameKey(password)
	word := strings.Trim(folded, " !\"#$%&'()*+,-./0123456789:;<=>?@[\\]^_`{|}~")
	return commonSet()[folded] || commonSet()[word]
}

// PasswordOptions say how a password is set.
type PasswordOptions struct {
	Origin      string // store.OriginDemo or store.OriginOperator
	EndSessions bool   // also end every sign-in and session that the person has
}

// SetPassword sets the password of a user, and lets the person try again at once if wrong passwords had locked the name.
func (s *Service) SetPassword(ctx context.Context, caller api.Caller, userName, password string, o PasswordOptions) error {
	set, err := s.PreparePassword(ctx, userName, password, o)
	if err != nil {
		return err
	}
	if err := audit.Change(ctx, s.store, s.log, caller, set); err != nil {
		return fmt.Errorf("set the password: %w", err)
	}
	return nil
}

// PreparePassword does the slow part of SetPassword and returns the rest, which belongs in a transaction, with the event to record there.
func (s *Service) PreparePassword(ctx context.Context, userName, password string, o PasswordOptions) (func(*store.Tx) (audit.Event, error), error) {
	if len(password) > maxPasswordBytes {
		password = password[:maxPasswordBytes] // still too long, and refused as such
	}
	password = normalise(password)
	if err := checkPassword(userName, password); err != nil {
		return nil, err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) (event audit.Event, err error) {
		user, found, err := tx.UserByName(userName)
		if err == nil && !found {
			err = fault.ResourceNotFound.Refuse("No user has this name")
		}
		if err != nil {
			return event, err
		}
		event = audit.Event{Name: audit.PasswordSet, UserID: user.UserID, Detail: "by " + o.Origin}
		return event, s.putPassword(tx, user, store.Password{Hash: hash.phc(), Origin: o.Origin}, o.EndSessions)
	}, nil
}

func (s *Service) putPassword(tx *store.Tx, user store.User, password store.Password, endSessions bool) error {
	if err := tx.PutPassword(user.UserID, password); err != nil {
		return err
	}
	if endSessions {
		if err := tx.RevokeSessionsOfUser(user.UserID, "the password was changed"); err != nil {
			return err
		}
	}
	return s.unlock(tx, user)
}

// unlock forgets the wrong passwords counted for a user, at the usual places and elsewhere.
func (s *Service) unlock(tx *store.Tx, user store.User) error {
	addresses, err := tx.SignInAddresses(user.UserID, maxPlaces)
	if err != nil {
		return err
	}
	for _, address := range append(addresses, "") {
		p := party{user: store.UserNameKey(user.UserName)}
		if place, err := netip.ParseAddr(address); err == nil {
			p.place = from(api.Caller{Address: place}).address
		}
		if err := tx.ForgetAttempts(s.tallyKey(userBudget, p)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) hash(ctx context.Context, password string) (hash hashed, err error) {
	if err := s.gate.enter(); err != nil {
		return hashed{}, err
	}
	defer s.gate.leave()
	err = s.gate.run(ctx, func() { hash = newHash(s.cost, password) })
	return hash, err
}
