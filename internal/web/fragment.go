package web

import (
	"fmt"
	"strings"
	"unicode"
)

// SessionName names the sso-session and services sections in what we give to paste. It is one name for all places that do, so that a
// profile from one of them finds the session from another.
const SessionName = "sallyport"

// CommandLine is what an AWS CLI must know to sign in here. The fragments work with every version that has endpoint
// settings (CLI 1.29 and 2.13): the start URL is an AWS-looking alias that is never contacted, the endpoints are ours.
type CommandLine struct {
	Session  string // name of the sso-session and services sections
	StartURL string
	Region   string
	Endpoint string // base URL of this service
}

// SessionFragment is the part of ~/.aws/config that is pasted once.
func (c CommandLine) SessionFragment() string {
	name, endpoint := profileWord(c.Session), oneLine(c.Endpoint)
	return fmt.Sprintf(`[sso-session %[1]s]
sso_start_url = %[2]s
sso_region = %[3]s
sso_registration_scopes = sso:account:access

[services %[1]s]
sso_oidc =
  endpoint_url = %[4]s
sso =
  endpoint_url = %[4]s
sts =
  endpoint_url = %[4]s
`, name, oneLine(c.StartURL), oneLine(c.Region), endpoint)
}

// ProfileFragment is the part of ~/.aws/config for one role in one account.
func (c CommandLine) ProfileFragment(account Account, role Role) string {
	name := profileWord(c.Session)
	return fmt.Sprintf(`[profile %s]
sso_session = %s
sso_account_id = %s
sso_role_name = %s
region = %s
services = %s
`, profileWord(role.Profile), name, oneLine(account.ID), oneLine(role.Name), oneLine(c.Region), name)
}

// LoginCommand signs in with a profile.
func (c CommandLine) LoginCommand(role Role) string {
	return "aws sso login --profile " + profileWord(role.Profile)
}

// NameProfiles gives every role that has no profile name one made of the account's and the role's name. Names that meet
// get the account id added, and a number if even that is not enough. Pass all accounts of the person, in the order of
// the portal, not one page of them: otherwise names change between pages.
func NameProfiles(accounts []Account) {
	uses, taken := map[string]int{}, map[string]bool{}
	for _, a := range accounts {
		for _, r := range a.Roles {
			uses[profileFor(a, r)]++
			taken[r.Profile] = true
		}
	}
	for _, a := range accounts {
		for i, r := range a.Roles {
			if r.Profile != "" {
				continue
			}
			base := profileFor(a, r)
			if uses[base] > 1 {
				base += "-" + word(a.ID, maxNamePart)
			}
			name := base
			for n := 2; taken[name]; n++ {
				name = fmt.Sprintf("%s-%d", base, n)
			}
			taken[name] = true
			a.Roles[i].Profile = name
		}
	}
}

func profileFor(a Account, r Role) string {
	if r.Profile != "" {
		return r.Profile
	}
	return strings.ToLower(word(a.Name, maxNamePart) + "-" + word(r.Name, maxNamePart))
}

const (
	maxNamePart    = 40  // of an account or role name in a profile name, which people type
	maxProfileName = 120 // two parts, an account id and a number
)

func profileWord(s string) string { return word(s, maxProfileName) }

// word reduces a name to characters that need no quoting in an INI section or a shell. A line break or a bracket
// in an account's name could otherwise add settings to the file of whoever pastes the fragment, credential_process
// among them.
func word(s string, limit int) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case out.Len() == limit:
			return strings.TrimRight(out.String(), "-")
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.'):
			out.WriteRune(r)
		case out.Len() > 0 && !strings.HasSuffix(out.String(), "-"):
			out.WriteByte('-')
		}
	}
	if out.Len() == 0 {
		return "unnamed"
	}
	return strings.TrimRight(out.String(), "-")
}

// oneLine removes what could end a line of an INI file, and what a person who pastes it could not see.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if deceives(r) {
			return -1
		}
		return r
	}, s)
}
