package doctor

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"

	"sallyport/internal/awsconfig"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/session"
)

// This file is what the shared configuration files say.

const defaultProfile = "default"

// The keys that are looked at.
const (
	keySession   = "sso_session"
	keyStartURL  = "sso_start_url"
	keySSORegion = "sso_region"
	keyRegion    = "region"
	keyAccount   = "sso_account_id"
	keyRole      = "sso_role_name"
	keyServices  = "services"
	keyEndpoint  = "endpoint_url"
)

// checkFiles reads both files.
func checkFiles(_ context.Context, p *patient) []finding {
	configPath, credentialsPath := awsconfig.Paths(p.LookupEnv, p.Home)
	files, err := awsconfig.Load(configPath, credentialsPath)
	var syntax *awsconfig.SyntaxError
	switch {
	case errors.As(err, &syntax) && syntax.Line > 0:
		return []finding{broken("%s cannot be read: line %d: %s", syntax.Path, syntax.Line, syntax.Problem).
			by("mend line %d of %s: every command that reads the file ends with an error", syntax.Line, syntax.Path)}
	case err != nil:
		return []finding{broken("%v", err).by("mend the file: every command that reads it ends with an error")}
	}
	p.files = files
	var findings []finding
	for _, unread := range files.Unread {
		findings = append(findings, broken("a file is passed over as if it were empty: %v", unread).by("chmod u+r the file, or chown it"))
	}
	if _, err := os.Stat(configPath); err != nil {
		return append(findings, doubtful("there is no config file %s", configPath).by("%s configure", command.Program))
	}
	if findings == nil {
		findings = []finding{well("%s can be read", configPath)}
	}
	return findings
}

// checkProfile finds the profile.
func checkProfile(_ context.Context, p *patient) []finding {
	p.name = cmp.Or(p.Global.One("profile"), p.Getenv("AWS_PROFILE"), p.Getenv("AWS_DEFAULT_PROFILE"), defaultProfile)
	keys, known := p.files.Profile(p.name)
	if known {
		p.keys = keys
		return []finding{well("%s is in %s", p.name, p.files.ConfigPath)}
	}
	names := p.files.Profiles()
	var f finding
	switch {
	case isMistakenHeader(p.files.ConfigPath, p.name):
		return []finding{broken("%s has a section [%s], which is no profile", p.files.ConfigPath, p.name).
			by("write [profile %s] in place of [%s]: in the config file only default goes without the word", p.name, p.name)}
	case len(names) == 0:
		address, given := p.Global.Lookup("endpoint-url")
		f = broken("%s has no profile", p.files.ConfigPath)
		if given { // the question is about the way to the server alone
			f.status = skip
		}
		f = f.by("%s configure --endpoint-url %s", command.Program, quote(cmp.Or(address, "https://ADDRESS-OF-YOUR-SALLYPORT")))
	case p.name == defaultProfile:
		f = broken("no profile is chosen, and none is called default").by("export AWS_PROFILE=%s", quote(names[0])).by("%s doctor --profile %s", command.Program, quote(names[0]))
	default:
		f = broken("%s has no profile %s; it has %s", p.files.ConfigPath, p.name, some(names)).by("%s configure", command.Program)
	}
	return []finding{f}
}

// isMistakenHeader reports whether a section without the word may have been meant to be the profile.
func isMistakenHeader(path, name string) bool {
	d, err := awsconfig.Read(path)
	if err != nil {
		return false
	}
	_, known := d.Section(awsconfig.SectionName{Kind: awsconfig.KindOther, Name: name})
	return known
}

// some are the first of many names.
func some(names []string) string {
	const shown = 5
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// checkSignIn looks at how the profile signs in: all parts that are needed are there and agree.
func checkSignIn(_ context.Context, p *patient) []finding {
	findings := judgeSignIn(p.name, p.keys, p.files)
	if slices.ContainsFunc(findings, func(f finding) bool { return f.status == fail }) {
		return findings
	}
	if name := p.keys[keySession]; name != "" {
		p.section, _ = p.files.Session(name)
	}
	own := *p.Call
	own.Global = maps.Clone(p.Global)
	if p.name != defaultProfile || p.Global.Has("profile") {
		own.Global["profile"] = []string{p.name}
	}
	settings, err := client.Load(&own)
	if err == nil {
		p.settings = settings
		p.signIn, err = session.Resolve(settings)
	}
	if err != nil {
		return append(findings, broken("%v", err))
	}
	return findings
}

// judgeSignIn is the rules about the keys of a profile.
func judgeSignIn(name string, keys awsconfig.Section, files *awsconfig.Files) []finding {
	sessionName := keys[keySession]
	if sessionName == "" && keys[keyStartURL] == "" && keys[keySSORegion] == "" {
		return []finding{broken("%s has no sign-in: neither sso_session nor sso_start_url", name).by("%s configure", command.Program).
			by("or write sso_session = NAME into [profile %s]", name)}
	}
	if sessionName == "" {
		return judgeOlderForm(name, keys)
	}
	section, known := files.Session(sessionName)
	if !known {
		return []finding{broken("%s names the sso-session %s, which %s does not have", name, sessionName, files.ConfigPath).
			by("write a section [sso-session %s] with sso_start_url and sso_region, or run %s configure --sso-session %s --start-url URL --sso-region REGION",
				sessionName, command.Program, quote(sessionName))}
	}
	var findings []finding
	for _, key := range []string{keyStartURL, keySSORegion} {
		switch own, given := keys[key]; {
		case section[key] == "":
			findings = append(findings, broken("[sso-session %s] lacks %s", sessionName, key).by("write %s = … into [sso-session %s] of %s", key, sessionName, files.ConfigPath))
		case given && own != section[key]:
			findings = append(findings, broken("%s of %s (%s) is not that of its sso-session (%s): SDKs refuse the profile", key, name, own, section[key]).
				by("remove %s from [profile %s]", key, name))
		}
	}
	if len(findings) == 0 {
		findings = append(findings, well("sso-session %s, %s in %s", sessionName, section[keyStartURL], section[keySSORegion]))
	}
	return append(findings, judgeRoleKeys(name, keys)...)
}

// judgeOlderForm is about profiles that hold the start URL themselves.
func judgeOlderForm(name string, keys awsconfig.Section) []finding {
	for _, key := range []string{keyStartURL, keySSORegion} {
		if keys[key] == "" {
			return []finding{broken("%s lacks %s", name, key).by("write %s = … into [profile %s]", key, name)}
		}
	}
	findings := []finding{doubtful("%s is of the older form: its sign-in lasts eight hours at most and nobody refreshes it", name).
		by("%s configure --profile %s", command.Program, quote(name))}
	return append(findings, judgeRoleKeys(name, keys)...)
}

// judgeRoleKeys is about account and role: without both a profile signs in and has no credentials. Other ways to get credentials, some
// programs take instead.
func judgeRoleKeys(name string, keys awsconfig.Section) []finding {
	var findings []finding
	if (keys[keyAccount] == "") != (keys[keyRole] == "") {
		missing := keyAccount
		if keys[keyAccount] != "" {
			missing = keyRole
		}
		findings = append(findings, broken("%s lacks %s: SDKs refuse the profile", name, missing).by("write %s = … into [profile %s]", missing, name))
	}
	for _, key := range []string{"aws_access_key_id", "role_arn", "credential_process"} {
		if keys[key] != "" && keys[keyAccount] != "" {
			findings = append(findings, doubtful("%s has %s as well, which some SDKs take instead of the sign-in", name, key).by("remove %s from the profile %s", key, name))
		}
	}
	if keys[keyRegion] == "" {
		findings = append(findings, doubtful("%s has no region: the AWS CLI and most SDKs ask for one", name).by("write region = … into [profile %s], or export AWS_REGION=…", name))
	}
	return findings
}
