// Package configure is the command that writes a profile for every role that the person holds. It owns which roles are wanted, how their
// profiles are called, what stands in them, and which profiles of the config file are its own to change.
//
// Finding the sign-in and asking the portal is the work of session; changing the file without touching the rest that of awsconfig; signing
// in is handed in, since it belongs to another command.
package configure

import (
	"bufio"
	"context"
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sallyport/internal/awsconfig"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/printout"
	"sallyport/internal/render"
	"sallyport/internal/session"
	"sallyport/internal/shellwords"
	"sallyport/internal/sys"
)

// The options.
const (
	optionSession   = "sso-session"
	optionStartURL  = "start-url"
	optionSSORegion = "sso-region"
	optionTemplate  = "template"
	optionPrefix    = "prefix"
	optionAccounts  = "accounts"
	optionRoles     = "roles"
	optionOutput    = "profile-output"
	optionDryRun    = "dry-run"
	optionPrune     = "prune"
	optionOverwrite = "overwrite"
)

// SignIn is how the command signs a person in: it runs login.
type SignIn func(context.Context, *command.Call) error

// New is the command. Without a way to sign in it only tells people to.
func New(signIn SignIn) *command.Command {
	return &command.Command{
		Word:    "configure",
		Purpose: "Write a profile for every role that you hold",
		Description: []string{
			"Asks the server for your accounts and roles and writes a profile for each into the config file, with the sso-session that they " +
				"share. What you wrote yourself stays as it is, byte for byte. A second run adds what is new and changes nothing else.",
			"The instance is that of --start-url, or of the server at --endpoint-url, which tells its start URL and Region itself; of " +
				"--sso-session or --profile, if the config file has it already; or else of the only sso-session there is. On a terminal you are " +
				"asked when none of them tells.",
			"With --endpoint-url a services section is written that sends AWS CLIs (2.13, 1.29 and later) and SDKs to that server, and with " +
				"--ca-bundle the certificate authority to trust.",
			"Profiles are called as --template says: {account-name}, {account-id}, {email} and {role} stand for their values in small letters, " +
				"with dashes for what cannot stand in a name; with a capital, {Role}, letters stay as they are spelled. Roles that are called " +
				"alike are told apart by the account's id.",
			"A profile that configure wrote holds the key sallyport_managed, which other programs pass over. Only such profiles are changed " +
				"later, or removed by --prune. In them region, output and ca_bundle are yours to change: they stay unless you name them anew.",
		},
		Options: command.Options{
			{Name: optionStartURL, Arity: command.OneValue, Purpose: "Start URL of the instance."},
			{Name: optionSSORegion, Arity: command.OneValue, Purpose: "Region of the instance."},
			{Name: optionSession, Arity: command.OneValue, Purpose: "Name of the sso-session that the profiles share; sallyport where there is none."},
			{Name: optionTemplate, Arity: command.OneValue, Purpose: "How profiles are called; " + defaultTemplate + " where it is not given."},
			{Name: optionPrefix, Arity: command.OneValue, Purpose: "What every name begins with."},
			{Name: optionAccounts, Arity: command.ManyValues, Purpose: "Only accounts whose id, name or email fits one of these patterns: prod-*."},
			{Name: optionRoles, Arity: command.ManyValues, Purpose: "Only roles whose name fits one of these patterns: *ReadOnly*."},
			{Name: optionOutput, Arity: command.OneValue, Choices: render.FormNames(),
				Purpose: "The form of output to write into the profiles."},
			{Name: optionDryRun, Purpose: "Show what would change, and change nothing."},
			{Name: optionPrune, Purpose: "Remove profiles that configure wrote for roles that you no longer hold, or under other names."},
			{Name: optionOverwrite, Purpose: "Overwrite profiles of the same name that something else wrote. Those with access keys stay."},
		},
		Examples: []command.Example{
			{Title: "Write profiles for all roles at a server of your own", Line: "configure --endpoint-url https://sso.example.com"},
			{Title: "See first what would change", Line: "configure --sso-session corp --prune --dry-run"},
			{Title: "Write short names for production alone", Line: "configure --sso-session corp --accounts 'prod-*' --template '{account-name}.{role}'"},
		},
		Run: func(ctx context.Context, call *command.Call) error {
			return (&run{Call: call, signIn: signIn}).main(ctx)
		},
	}
}

// run is one run of the command.
type run struct {
	*command.Call
	signIn   SignIn
	files    *awsconfig.Files
	template template
	show     printout.Printer // nil where nobody asked for it
	lines    *bufio.Reader    // of the person
}

// main goes through the phases: options, files, instance, roles, names, file, result.
func (r *run) main(ctx context.Context) error {
	if err := r.checkOptions(); err != nil {
		return err
	}
	var err error
	if r.files, err = awsconfig.Load(awsconfig.Paths(r.LookupEnv, r.Home)); err != nil {
		return command.OtherError("%v", err)
	}
	t, err := r.target(ctx)
	if err != nil {
		return err
	}
	held, err := r.discover(ctx, t)
	if err != nil {
		return err
	}
	j, err := r.plan(t, held)
	if err != nil {
		return err
	}
	results, diff, err := r.write(ctx, j)
	if err != nil {
		return command.OtherError("%s stays as it was: %v", r.files.ConfigPath, err)
	}
	return r.report(j, results, diff)
}

func (r *run) checkOptions() (err error) {
	text, given := r.Local.Lookup(optionTemplate)
	if !given {
		text = defaultTemplate
	}
	if r.template, err = parseTemplate(text); err != nil {
		return command.ValidationError("Bad value for --%s: %v", optionTemplate, err)
	}
	for _, option := range []string{optionPrefix, optionSession} {
		if name, given := r.Local.Lookup(option); given && checkName(name) != nil {
			return command.ValidationError("Bad value for --%s: %v", option, checkName(name))
		}
	}
	for _, option := range []string{optionAccounts, optionRoles} {
		for _, pattern := range r.Local[option] {
			if _, err := matches(pattern, ""); err != nil {
				return command.ValidationError("Bad value for --%s: %q is no pattern: use * for any letters, ? for one, [ab] for one of them", option, pattern)
			}
		}
	}
	r.show, err = printout.Asked(r.Call, "Configure")
	return err
}

// discover asks for all roles that the person holds, and signs the person in where that has to come first.
func (r *run) discover(ctx context.Context, t target) ([]holding, error) {
	call := t.call(r.Call)
	signIn, err := resolve(call)
	if err != nil {
		return nil, err
	}
	_, err = signIn.Token(ctx)
	if errors.Is(err, session.ErrSignedOut) {
		err = r.signInFirst(ctx, call, t)
	}
	if err != nil {
		return nil, err
	}
	accounts, err := signIn.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	var held []holding
	for _, account := range accounts {
		roles, err := signIn.Roles(ctx, account.ID)
		if err != nil {
			return nil, err
		}
		for _, role := range roles {
			h := holding{account, role}
			if err := h.check(); err != nil {
				return nil, err
			}
			held = append(held, h)
		}
	}
	slices.SortFunc(held, func(a, b holding) int {
		return strings.Compare(a.ID+" "+a.Role, b.ID+" "+b.Role)
	})
	return slices.Compact(held), nil
}

func resolve(call *command.Call) (*session.SignIn, error) {
	settings, err := client.Load(call)
	if err != nil {
		return nil, err
	}
	return session.Resolve(settings)
}

// signInFirst signs a person in who sits at a terminal, and tells everybody else the command.
func (r *run) signInFirst(ctx context.Context, call *command.Call, t target) error {
	if r.signIn == nil || !r.canAsk() {
		return command.OtherError("you are not signed in: run `%s`, then this command again", shellwords.Join(append([]string{command.Program, "login"}, t.words(r.Call)...)))
	}
	own := *call
	own.Stdout = r.Stderr // standard output is for the result
	return r.signIn(ctx, &own)
}

// The forms of what a server names, before they go into a file. They are those of accounts and of permission sets at AWS.
var (
	accountForm = sys.Pattern(`^[0-9]{12}$`)
	roleForm    = sys.Pattern(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
)

func (h holding) check() error {
	if !accountForm().MatchString(h.ID) || !roleForm().MatchString(h.Role) {
		return command.OtherError("the server names an account %q with a role %q, which no profile can hold", session.Printable(h.ID), session.Printable(h.Role))
	}
	return nil
}

// plan settles what to write: the roles that are wanted, under their names.
func (r *run) plan(t target, held []holding) (*job, error) {
	names, err := nameAll(r.Local.One(optionPrefix), r.template, held)
	if err != nil {
		return nil, err
	}
	j := &job{
		session: t.session, startURL: t.startURL, ssoRegion: t.region, services: t.services, endpoint: t.endpoint, caBundle: t.caBundle,
		region: t.region, output: r.Local.One(optionOutput), overwrite: r.Local.Has(optionOverwrite),
		given: map[string]bool{keyRegion: r.Global.Has("region"), keyOutput: r.Local.Has(optionOutput), keyCABundle: r.Global.Has("ca-bundle")},
	}
	if r.Global.Has("region") {
		j.region = r.Global.One("region")
	}
	if path := r.Global.One("ca-bundle"); path != "" {
		if j.caBundle, err = filepath.Abs(client.ExpandPath(r.Environ, path)); err != nil {
			return nil, command.OtherError("%v", err)
		}
	}
	leftOut := map[string]bool{} // by a filter; their profiles stay, whatever they are called
	for i, h := range held {
		if r.wants(h) {
			j.wanted = append(j.wanted, profile{Name: names[i], holding: h})
		} else {
			leftOut[h.ID+" "+h.Role] = true
		}
	}
	j.secrets = r.secretProfiles(names)
	if r.Local.Has(optionPrune) {
		j.prune = r.managedBut(t.session, leftOut)
	}
	if len(j.wanted) == 0 && len(j.prune) == 0 {
		return nil, nothingFits(held)
	}
	return j, nil
}

// nothingFits is the failure of a run that has nothing to write.
func nothingFits(held []holding) error {
	if len(held) == 0 {
		return command.OtherError("you hold no role in any account: somebody who operates the instance has to assign you one")
	}
	return command.OtherError("none of your %d roles fits --%s and --%s: `%s configure --%s --output text` without them shows all",
		len(held), optionAccounts, optionRoles, command.Program, optionDryRun)
}

// secretProfiles are those of the names that hold access keys, with the file that has them.
func (r *run) secretProfiles(names []string) map[string]string {
	found := map[string]string{}
	for _, name := range names {
		for _, key := range staticKeys {
			if path := r.files.Origin(name, key); path != "" {
				found[name] = path
			}
		}
	}
	return found
}

// managedBut are the profiles of ours for a session, but for those of the roles named.
func (r *run) managedBut(sessionName string, stays map[string]bool) map[string]bool {
	found := map[string]bool{}
	for _, name := range r.files.Profiles() {
		keys, _ := r.files.Profile(name)
		if keys[keyManaged] == sessionName && !stays[keys[keyAccount]+" "+keys[keyRole]] {
			found[name] = true
		}
	}
	return found
}

// wants reports whether the filters let a role through.
func (r *run) wants(h holding) bool {
	return r.fits(optionAccounts, h.ID, h.Account.Name, h.Email) && r.fits(optionRoles, h.Role)
}

func (r *run) fits(option string, texts ...string) bool {
	patterns, given := r.Local[option]
	return !given || slices.ContainsFunc(patterns, func(pattern string) bool {
		return slices.ContainsFunc(texts, func(text string) bool {
			fits, _ := matches(pattern, text)
			return fits
		})
	})
}

// matches compares a text with a pattern, whatever the case of the letters. A slash is a letter like any other.
func matches(pattern, text string) (bool, error) {
	plain := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "/", "\x00") }
	return path.Match(plain(pattern), plain(text))
}

// write changes the file, or finds out what it would change.
func (r *run) write(ctx context.Context, j *job) (results []profile, diff string, err error) {
	change := func(d *awsconfig.Document) (err error) {
		results, err = j.apply(d)
		diff = d.Diff()
		return err
	}
	if !r.Local.Has(optionDryRun) {
		err = awsconfig.Edit(ctx, r.files.ConfigPath, change)
		return results, diff, err
	}
	d, err := awsconfig.Read(r.files.ConfigPath)
	if err != nil {
		return nil, "", err
	}
	err = change(d)
	return results, diff, err
}
