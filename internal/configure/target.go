package configure

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"sallyport/internal/awsconfig"
	"sallyport/internal/command"
)

// target is the instance that the profiles are for, and how this run reaches it.
type target struct {
	session  string // name of the sso-session
	startURL string
	region   string // of the instance
	known    bool   // the config file has the section
	profile  string // of the config file, whose settings reach the instance; empty for none
	services string // section of services that profiles have to name
	endpoint string // base URL that is to stand in it
	caBundle string
}

// defaultSession is the name that the portal's pages give the section, so that a profile from one place finds the session from another.
const defaultSession = "sallyport"

// target finds out which instance is meant: from the options, the files, the server itself, or the person.
func (r *run) target(ctx context.Context) (target, error) {
	t := target{
		session: r.Local.One(optionSession), startURL: r.Local.One(optionStartURL), region: r.Local.One(optionSSORegion),
		endpoint: strings.TrimRight(r.Global.One("endpoint-url"), "/"),
	}
	var err error
	if t.session == "" && t.startURL == "" && t.endpoint == "" {
		t, err = r.fromFiles(t)
	}
	if err == nil && t.session == "" && t.startURL == "" && t.endpoint == "" {
		t.startURL, err = r.askAddress()
	}
	if err != nil {
		return t, err
	}
	if t, err = r.adopt(t); err != nil {
		return t, err
	}
	if !t.known {
		t, err = r.complete(ctx, t)
	}
	if t.endpoint != "" {
		t.services = t.session
	}
	return t, err
}

// fromFiles takes the session of the profile in use, or else the only one that there is.
func (r *run) fromFiles(t target) (target, error) {
	if name := r.profileInUse(); name != "" {
		keys, known := r.files.Profile(name)
		if !known && r.Global.One("profile") != "" {
			return t, command.OtherError("The config profile (%s) could not be found", name)
		}
		t.session, t.startURL = keys[keySession], keys[keyStartURL]
		t.region = cmp.Or(t.region, keys[keySSORegion])
		if t.session != "" || t.startURL != "" {
			return t, nil
		}
	}
	switch sessions := r.files.Sessions(); len(sessions) {
	case 0:
	case 1:
		t.session = sessions[0]
	default:
		name, err := r.askSession(sessions)
		t.session = name
		return t, err
	}
	return t, nil
}

func (r *run) profileInUse() string {
	return cmp.Or(r.Global.One("profile"), r.Getenv("AWS_PROFILE"), r.Getenv("AWS_DEFAULT_PROFILE"))
}

// adopt takes over what the config file says about the session, if it has it.
func (r *run) adopt(t target) (target, error) {
	if t.session == "" && r.Local.Has(optionStartURL) {
		t.session = r.sessionAt(t.startURL, t.region)
	}
	if t.session == "" && t.startURL == "" {
		t.session = r.sessionBehind(t.endpoint)
		if t.session == "" && r.leadsElsewhere(defaultSession) {
			return t, nil // its sign-in must not go to another server
		}
	}
	name := cmp.Or(t.session, defaultSession)
	section, known := r.files.Session(name)
	if !known {
		if t.session != "" && t.startURL == "" && t.endpoint == "" {
			return t, command.ValidationError("%s has no section [sso-session %s]: give --%s and --%s, or --endpoint-url of your Sallyport",
				r.files.ConfigPath, name, optionStartURL, optionSSORegion)
		}
		return t, nil
	}
	if t.startURL != "" && t.startURL != section[keyStartURL] || t.region != "" && t.region != section[keySSORegion] {
		if !r.Local.Has(optionStartURL) && !r.Local.Has(optionSSORegion) && t.session == "" {
			return t, nil // what a person typed; the name is asked for yet
		}
		return t, command.ValidationError("[sso-session %s] in %s has another start URL or Region: give --%s another name", name, r.files.ConfigPath, optionSession)
	}
	if section[keyStartURL] == "" || section[keySSORegion] == "" {
		return t, command.OtherError("[sso-session %s] in %s lacks %s or %s: write them there", name, r.files.ConfigPath, keyStartURL, keySSORegion)
	}
	t.session, t.known, t.startURL, t.region = name, true, section[keyStartURL], section[keySSORegion]
	return r.follow(t), nil
}

// sessionAt is the session of the config file that has a start URL; empty if none has.
func (r *run) sessionAt(startURL, region string) string {
	for _, name := range r.files.Sessions() {
		section, _ := r.files.Session(name)
		if section[keyStartURL] == startURL && (region == "" || section[keySSORegion] == region) {
			return name
		}
	}
	return ""
}

// sessionBehind is the session whose profiles lead to an endpoint; empty if there is none.
func (r *run) sessionBehind(endpoint string) string {
	for _, name := range r.files.Profiles() {
		keys, _ := r.files.Profile(name)
		if keys[keySession] != "" && r.endpointOf(keys) == endpoint {
			return keys[keySession]
		}
	}
	return ""
}

// leadsElsewhere reports whether profiles of a session lead to a server of their own.
func (r *run) leadsElsewhere(session string) bool {
	return slices.ContainsFunc(r.files.Profiles(), func(name string) bool {
		keys, _ := r.files.Profile(name)
		return keys[keySession] == session && r.endpointOf(keys) != ""
	})
}

// endpointOf is where a profile sends sign-ins; empty for AWS.
func (r *run) endpointOf(keys awsconfig.Section) string {
	endpoint, _ := r.files.Service(keys[keyServices], serviceOIDC, keyEndpoint)
	return strings.TrimRight(cmp.Or(endpoint, keys[keyEndpoint]), "/")
}

// follow takes the way to the server from a profile that has the session: new profiles have to go it too.
func (r *run) follow(t target) target {
	profiles := r.files.Profiles()
	if name := r.profileInUse(); name != "" {
		profiles = append([]string{name}, profiles...)
	}
	for _, name := range profiles {
		keys, _ := r.files.Profile(name)
		if keys[keySession] != t.session {
			continue
		}
		if t.profile == "" || !r.leads(t.profile) && r.leads(name) {
			t.profile = name
		}
	}
	keys, _ := r.files.Profile(t.profile)
	t.caBundle = keys[keyCABundle]
	switch {
	case t.endpoint != "":
	case keys[keyServices] != "":
		t.services = keys[keyServices]
	default:
		t.endpoint = keys[keyEndpoint]
	}
	return t
}

// leads reports whether a profile says where the server is.
func (r *run) leads(name string) bool {
	keys, _ := r.files.Profile(name)
	return keys[keyServices] != "" || keys[keyEndpoint] != ""
}

// complete finds out what is not known yet about an instance that the config file does not have: from the server, if it is one of ours,
// then from the person.
func (r *run) complete(ctx context.Context, t target) (target, error) {
	told, reason := r.askServer(ctx, t)
	if reason == nil {
		t.region = cmp.Or(t.region, told.region)
		t.endpoint = cmp.Or(t.endpoint, told.endpoint)
		// AWS CLIs of today refuse a start URL of plain HTTP. The one of AWS's form they never contact.
		if !r.Local.Has(optionStartURL) || !strings.HasPrefix(t.startURL, "https:") {
			t.startURL = told.startURL
		}
	}
	var err error
	switch {
	case t.startURL == "":
		return t, command.OtherError("%s does not tell its start URL: %v. See `%s doctor --endpoint-url %s`, or give --%s and --%s",
			t.endpoint, reason, command.Program, t.endpoint, optionStartURL, optionSSORegion)
	case t.region == "":
		t.region, err = r.askRegion(t.startURL)
	}
	if err == nil && t.session == "" {
		t.session, err = r.askName()
	}
	return t, err
}

// call is the call that asks the instance of the target: its options say what ours have found out.
func (t target) call(call *command.Call) *command.Call {
	own := *call
	own.LookupEnv = call.LookupWithout("AWS_PROFILE", "AWS_DEFAULT_PROFILE") // profileInUse has looked at them
	own.Global, own.Local, own.Words = maps.Clone(call.Global), command.Arguments{optionSession: {t.session}}, nil
	delete(own.Global, "profile")
	if t.profile != "" {
		own.Global["profile"] = []string{t.profile}
	}
	if t.endpoint != "" {
		own.Global["endpoint-url"] = []string{t.endpoint}
	}
	if !t.known {
		own.Global["region"] = []string{t.region}
		own.Local[optionStartURL] = []string{t.startURL}
		own.Local[optionScopes] = []string{defaultScope}
	}
	return &own
}

// optionScopes is an option of login.
const optionScopes = "sso-registration-scopes"

// words are those options on a command line.
func (t target) words(call *command.Call) []string {
	own := t.call(call)
	var words []string
	for _, option := range []string{optionStartURL, optionSession, optionScopes} {
		if value, given := own.Local.Lookup(option); given && (t.profile == "" || option != optionSession) {
			words = append(words, "--"+option, value)
		}
	}
	globals := []string{"profile", "ca-bundle"}
	if !t.known {
		globals = append(globals, "region", "endpoint-url")
	} else if call.Global.Has("endpoint-url") {
		globals = append(globals, "endpoint-url")
	}
	for _, option := range globals {
		if value, given := own.Global.Lookup(option); given {
			words = append(words, "--"+option, value)
		}
	}
	return words
}
