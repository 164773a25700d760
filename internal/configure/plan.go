package configure

import (
	"fmt"
	"maps"
	"slices"

	"sallyport/internal/awsconfig"
)

// The keys that a profile gets.
const (
	keySession  = "sso_session"
	keyAccount  = "sso_account_id"
	keyRole     = "sso_role_name"
	keyRegion   = "region"
	keyOutput   = "output"
	keyServices = "services"
	keyCABundle = "ca_bundle"

	// keyManaged says in a profile that we wrote it, and for which session. Other readers pass over keys that they do not know; a comment
	// would be lost as soon as somebody tidies the file.
	keyManaged = "sallyport_managed"
)

// The keys of a session's section, and of its services'.
const (
	keyStartURL  = "sso_start_url"
	keySSORegion = "sso_region"
	keyScopes    = "sso_registration_scopes"
	keyEndpoint  = "endpoint_url"
)

// defaultScope is that of a client of the portal.
const defaultScope = "sso:account:access"

// redirected are the services that a server of ours offers to clients of the portal, as the configuration names them.
var redirected = []string{serviceOIDC, "sso", "sts"}

// serviceOIDC is the one that signs in.
const serviceOIDC = "sso_oidc"

// otherSources are keys that give a profile credentials in another way, or a sign-in of the older form. A profile of ours that had one
// would use it instead, or be refused.
var otherSources = []string{
	"sso_start_url", "sso_region", "role_arn", "source_profile", "credential_source", "credential_process", "web_identity_token_file",
	"login_session",
}

// staticKeys are credentials themselves. What holds them is never overwritten: they may be all that there is of them.
var staticKeys = []string{"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}

// outcome is what became of a profile.
type outcome string

const (
	added     outcome = "added"
	updated   outcome = "updated"
	unchanged outcome = "unchanged"
	kept      outcome = "kept"    // somebody else wrote it, for the same role
	refused   outcome = "refused" // somebody else wrote it, for something else
	removed   outcome = "removed"
)

// profile is one profile of the result.
type profile struct {
	Name string
	holding
	Outcome outcome
	Reason  string // of a refusal
}

// job is all that a run does to the config file.
type job struct {
	session   string
	startURL  string
	ssoRegion string
	services  string // name of the section of services that the profiles name; empty where they need none
	endpoint  string // base URL of the server to write into that section; empty where it is somebody else's
	caBundle  string
	region    string // of the profiles
	output    string
	given     map[string]bool // keys that the command line names, which go over what a profile of ours says already
	overwrite bool

	wanted  []profile         // those to write
	prune   map[string]bool   // names of profiles of ours to remove
	secrets map[string]string // names of profiles that have static credentials, with the file that holds them
}

// apply changes the document and tells what became of each profile.
func (j *job) apply(d *awsconfig.Document) ([]profile, error) {
	if err := j.writeSession(d); err != nil {
		return nil, err
	}
	if err := j.writeServices(d); err != nil {
		return nil, err
	}
	var results []profile
	for _, p := range j.wanted {
		p, err := j.writeProfile(d, p)
		if err != nil {
			return nil, fmt.Errorf("profile %s: %w", p.Name, err)
		}
		results = append(results, p)
	}
	return append(results, j.removeGone(d)...), nil
}

// writeSession writes the section that all profiles share. One that is there says the same: the command has looked.
func (j *job) writeSession(d *awsconfig.Document) error {
	name := awsconfig.SessionSection(j.session)
	if old, known := d.Section(name); known {
		if old[keyStartURL] != j.startURL || old[keySSORegion] != j.ssoRegion {
			return fmt.Errorf("[sso-session %s] has another start URL or Region: give --%s another name", j.session, optionSession)
		}
		return nil
	}
	return setAll(d, name, [][2]string{{keyStartURL, j.startURL}, {keySSORegion, j.ssoRegion}, {keyScopes, defaultScope}})
}

// writeServices writes where the server is, for every SDK that reads sections of services.
func (j *job) writeServices(d *awsconfig.Document) error {
	if j.endpoint == "" {
		return nil
	}
	name := awsconfig.ServicesSection(j.services)
	for _, service := range redirected {
		section, _ := d.Section(name)
		if old, known := section.Nested(service, keyEndpoint); known && old != j.endpoint && !j.overwrite {
			return fmt.Errorf("[services %s] sends %s to %s: give --%s to send it to %s, or --%s another name",
				j.services, service, old, optionOverwrite, j.endpoint, optionSession)
		}
		if err := d.SetNested(name, service, keyEndpoint, j.endpoint); err != nil {
			return err
		}
	}
	return nil
}

// writeProfile writes one profile, unless somebody else's has its name.
func (j *job) writeProfile(d *awsconfig.Document, p profile) (profile, error) {
	name := awsconfig.ProfileSection(p.Name)
	old, known := d.Section(name)
	ours := old[keyManaged] == j.session
	if path, secret := j.secrets[p.Name]; secret {
		p.Outcome, p.Reason = refused, "it holds access keys in "+path
		return p, nil
	}
	if known && !ours && !j.overwrite {
		p.Outcome, p.Reason = j.judge(old, p)
		return p, nil
	}
	before := d.String()
	if !ours {
		for _, key := range otherSources {
			d.RemoveKey(name, key)
		}
	}
	if err := setAll(d, name, j.keys(old, p)); err != nil {
		return p, err
	}
	switch {
	case d.String() == before:
		p.Outcome = unchanged
	case known:
		p.Outcome = updated
	default:
		p.Outcome = added
	}
	return p, nil
}

// judge looks at a profile that somebody else wrote, or we for another session.
func (j *job) judge(old awsconfig.Section, p profile) (outcome, string) {
	switch other := old[keyManaged]; {
	case old[keySession] == j.session && old[keyAccount] == p.ID && old[keyRole] == p.Role:
		return kept, ""
	case other != "":
		return refused, "it belongs to the session " + other
	}
	return refused, "somebody else wrote it"
}

// keys are those of a profile, in the order in which people read them. What a person may have changed to their liking stays, unless the
// command line names it.
func (j *job) keys(old awsconfig.Section, p profile) [][2]string {
	keys := [][2]string{{keySession, j.session}, {keyAccount, p.ID}, {keyRole, p.Role}}
	for _, liked := range [][2]string{{keyRegion, j.region}, {keyOutput, j.output}, {keyCABundle, j.caBundle}} {
		if _, known := old[liked[0]]; liked[1] != "" && (!known || j.given[liked[0]]) {
			keys = append(keys, liked)
		}
	}
	return append(keys, [2]string{keyServices, j.services}, [2]string{keyManaged, j.session})
}

// removeGone removes profiles of ours. Whether each is ours yet, the file says.
func (j *job) removeGone(d *awsconfig.Document) []profile {
	var results []profile
	for _, gone := range slices.Sorted(maps.Keys(j.prune)) {
		name := awsconfig.ProfileSection(gone)
		section, known := d.Section(name)
		if !known || section[keyManaged] != j.session || slices.ContainsFunc(j.wanted, func(p profile) bool { return p.Name == gone }) {
			continue
		}
		d.RemoveSection(name)
		p := profile{Name: gone, Outcome: removed}
		p.ID, p.Role = section[keyAccount], section[keyRole]
		results = append(results, p)
	}
	return results
}

func setAll(d *awsconfig.Document, name awsconfig.SectionName, keys [][2]string) error {
	for _, pair := range keys {
		if pair[1] == "" {
			continue
		}
		if err := d.Set(name, pair[0], pair[1]); err != nil {
			return err
		}
	}
	return nil
}
