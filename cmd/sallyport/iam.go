package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/arn"
	"sallyport/internal/command"
	"sallyport/internal/iam"
	"sallyport/internal/rules"
	"sallyport/internal/server"
	"sallyport/internal/store"
)

// This file is the commands about users and roles of accounts, their policies and keys, and OpenID providers: `sallyport iam …`.

// iamCommand is one of them. What stands before the options is its subject: a name, a key's id or a URL.
type iamCommand struct {
	word    string
	subject string   // in capitals, as the usage shows it; empty for a command without one
	options []option // besides --account, where that has a meaning
	help    string
	run     func(ctx context.Context, p server.Principals, r request, out io.Writer) error
}

// option is an option with a value.
type option struct {
	name, value string // --policy, FILE
	required    bool
	many        bool
	clears      bool // an empty value takes away what there is

	check func(r request) error // of what a command that knows the option is asked for, also without it; nil for nothing
}

var (
	accountOption  = option{name: "--account", value: "ID"}
	policyOptions  = []option{{name: "--policy", value: "FILE", check: onePolicy}, {name: "--document", value: "JSON"}, {name: "--policy-arn", value: "ARN"}}
	ofPrincipal    = []option{accountOption, {name: "--user", value: "NAME", check: oneHolder}, {name: "--role", value: "NAME"}}
	roleOptions    = []option{{name: "--description", value: "TEXT", clears: true}, {name: "--max-session", value: "SECONDS", check: wholeSeconds}}
	namedPolicy    = option{name: "--name", value: "POLICY", required: true}
	pathOption     = option{name: "--path", value: "PATH"}
	policyToPut    = option{name: "--name", value: "POLICY", check: namedOnce}
	trustOption    = option{name: "--trust", value: "FILE", required: true}
	newTrust       = option{name: "--trust", value: "FILE", check: someChange}
	clientIDOption = option{name: "--client-id", value: "ID", required: true, many: true}
	jwksOption     = option{name: "--jwks", value: "FILE"}
)

var iamCommands = []iamCommand{
	{"create-user", "NAME", slices.Concat([]option{accountOption, pathOption}, policyOptions), "make a user of an account, with a first policy", createUser},
	{"list-users", "", []option{accountOption}, "list users with their ids, of all accounts when none is named", listUsers},
	{"delete-user", "NAME", []option{accountOption}, "remove a user with its policies and keys", deletePrincipal(store.IAMUserKind)},
	{"create-role", "NAME", slices.Concat([]option{trustOption, accountOption, pathOption}, roleOptions, policyOptions), "make a role that those whom its trust policy names may assume", createRole},
	{"update-role", "NAME", slices.Concat([]option{accountOption, newTrust}, roleOptions), "change the trust policy, the description or the longest session of a role", updateRole},
	{"list-roles", "", []option{accountOption}, "list roles with their ids, of all accounts when none is named", listRoles},
	{"delete-role", "NAME", []option{accountOption}, "remove a role with its policies and keys, and end its sessions", deletePrincipal(store.IAMRoleKind)},
	{"put-user-policy", "NAME", slices.Concat([]option{accountOption, policyToPut}, policyOptions), "give a user a policy, or attach one of AWS", putPolicy(store.IAMUserKind)},
	{"put-role-policy", "NAME", slices.Concat([]option{accountOption, policyToPut}, policyOptions), "give a role a policy, or attach one of AWS", putPolicy(store.IAMRoleKind)},
	{"list-user-policies", "NAME", []option{accountOption}, "list the policies of a user", listPolicies(store.IAMUserKind)},
	{"list-role-policies", "NAME", []option{accountOption}, "list the policies of a role", listPolicies(store.IAMRoleKind)},
	{"delete-user-policy", "NAME", []option{accountOption, namedPolicy}, "take a policy from a user", deletePolicy(store.IAMUserKind)},
	{"delete-role-policy", "NAME", []option{accountOption, namedPolicy}, "take a policy from a role", deletePolicy(store.IAMRoleKind)},
	{"create-access-key", "", ofPrincipal, "make a long-lived key of a user or a role, and show its secret this once", createAccessKey},
	{"list-access-keys", "", ofPrincipal, "list the keys of a user or a role", listAccessKeys},
	{"activate-access-key", "KEY-ID", nil, "let a key be used again", setKeyStatus(store.KeyActive)},
	{"deactivate-access-key", "KEY-ID", nil, "let a key no longer be used", setKeyStatus(store.KeyInactive)},
	{"rotate-access-key", "KEY-ID", nil, "make a new key in the place of one, which is deactivated", rotateAccessKey},
	{"delete-access-key", "KEY-ID", nil, "remove a key", deleteAccessKey},
	{"create-oidc-provider", "URL", []option{clientIDOption, jwksOption, accountOption}, "have an account trust an OpenID provider", createProvider},
	{"update-oidc-provider", "URL", []option{clientIDOption, jwksOption, accountOption}, "change the client ids and the static keys of an OpenID provider", updateProvider},
	{"list-oidc-providers", "", []option{accountOption}, "list OpenID providers, of all accounts when none is named", listProviders},
	{"delete-oidc-provider", "URL", []option{accountOption}, "have an account no longer trust an OpenID provider", deleteProvider},
}

// iamOperators are the commands as main runs them.
var iamOperators = func() (all []operator) {
	for _, c := range iamCommands {
		all = append(all, operator{"iam " + c.word, c.usage(), c.help, c.command})
	}
	return all
}()

func (c iamCommand) usage() string {
	words := []string{"iam", c.word}
	if c.subject != "" {
		words = append(words, c.subject)
	}
	for _, o := range c.options {
		word := o.name + " " + o.value
		if o.many {
			word += " …"
		}
		if !o.required {
			word = "[" + word + "]"
		}
		words = append(words, word)
	}
	return strings.Join(append(words, "[--SETTING VALUE …]"), " ")
}

func (c iamCommand) command(ctx context.Context, args []string) error {
	r, settings, err := c.read(args)
	a := &arguments{rest: settings, wrong: cmp.Or(err, c.complete(r))}
	config, err := a.load()
	if err != nil {
		return err
	}
	return server.IAM(ctx, config, func(p server.Principals) error {
		r.account = cmp.Or(r.value("--account"), p.Owner)
		return c.run(ctx, p, r, os.Stdout)
	})
}

// request is what the arguments of a command say.
type request struct {
	subject string
	account string // what --account says, or the owner of the instance
	values  map[string][]string
}

func (r request) value(name string) string {
	if values := r.values[name]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

func (r request) given(name string) bool { return len(r.values[name]) > 0 }

// count is how many of some options are given.
func (r request) count(names ...string) (given int) {
	for _, name := range names {
		if r.given(name) {
			given++
		}
	}
	return given
}

// read takes the subject and the options out of the arguments; what it does not know is left for the settings.
func (c iamCommand) read(args []string) (r request, settings []string, err error) {
	r.values = map[string][]string{}
	if c.subject != "" && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		r.subject, args = args[0], args[1:]
	}
	for i := 0; i < len(args); i++ {
		name, value, inline := strings.Cut(args[i], "=")
		known := slices.ContainsFunc(c.options, func(o option) bool { return o.name == name })
		switch {
		case !known:
			settings = append(settings, args[i])
		case inline:
			r.values[name] = append(r.values[name], value)
		case i+1 == len(args) || strings.HasPrefix(args[i+1], "--"): // a value that begins so goes behind an equals sign
			return r, nil, misused("%s: expected a value after it", name)
		default:
			i++
			r.values[name] = append(r.values[name], args[i])
		}
	}
	return r, settings, nil
}

// complete looks for what is missing, and for what contradicts itself: all that can be said before anything is opened.
func (c iamCommand) complete(r request) error {
	if c.subject != "" && r.subject == "" {
		return misused("%s is missing", c.subject)
	}
	for _, o := range c.options {
		values := r.values[o.name]
		switch {
		case o.required && len(values) == 0:
			return misused("%s %s is missing", o.name, o.value)
		case !o.many && len(values) > 1:
			return misused("%s is given twice: expected it once", o.name)
		case !o.clears && slices.Contains(values, ""): // most often a variable that was never set
			return misused("%s: expected a value after it", o.name)
		}
	}
	for _, o := range c.options {
		if o.check == nil {
			continue
		}
		if err := o.check(r); err != nil {
			return err
		}
	}
	return nil
}

func onePolicy(r request) error {
	if r.count("--policy", "--document", "--policy-arn") > 1 {
		return misused("--policy, --document and --policy-arn exclude each other: expected one of them")
	}
	return nil
}

func namedOnce(r request) error {
	switch named, attached := r.given("--name"), r.given("--policy-arn"); {
	case !named && !attached:
		return misused("--name POLICY is missing: what to call the policy")
	case named && attached:
		return misused("--name and --policy-arn exclude each other: a policy of AWS has its own name")
	case r.count("--policy", "--document", "--policy-arn") == 0:
		return misused("the policy is missing: give --policy FILE, --document JSON or --policy-arn ARN")
	}
	return nil
}

func oneHolder(r request) error {
	if r.count("--user", "--role") != 1 {
		return misused("say whose: --user NAME or --role NAME, and not both")
	}
	return nil
}

func wholeSeconds(r request) error {
	if _, err := r.seconds("--max-session"); err != nil {
		return misused("--max-session is a number of seconds, such as 3600")
	}
	return nil
}

func someChange(r request) error {
	if r.count("--trust", "--max-session", "--description") == 0 {
		return misused("nothing is to change: give --trust, --max-session or --description")
	}
	return nil
}

// maxPolicyFile is far above what a policy or a set of keys may have.
const maxPolicyFile = 1 << 20

// readFile reads the file that an option names, or standard input for a hyphen. It is empty when the option is not given.
func (r request) readFile(ctx context.Context, name string) (string, error) {
	path := r.value(name)
	switch path {
	case "":
		return "", nil
	case "-":
		text, err := command.Await(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(os.Stdin, maxPolicyFile)) })
		return string(text), err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPolicyFile))
	return string(text), err
}

// policy reads the policy that the options give, under the name, if they give one.
func (r request) policy(ctx context.Context, name string) (policies []store.IAMPolicy, err error) {
	switch {
	case r.count("--policy", "--document", "--policy-arn") == 0:
		return nil, nil
	case r.given("--policy-arn"):
		p, known := rules.AttachedPolicy(r.value("--policy-arn"))
		if !known {
			return nil, fmt.Errorf("%s is not a policy of AWS that is known here: give the document with --policy", r.value("--policy-arn"))
		}
		return []store.IAMPolicy{p}, nil
	}
	document := r.value("--document")
	if r.given("--policy") {
		if document, err = r.readFile(ctx, "--policy"); err != nil {
			return nil, err
		}
	}
	return []store.IAMPolicy{{Name: name, Document: document}}, nil
}

// firstPolicy is the name of the policy that a principal is made with.
const firstPolicy = "policy"

func createUser(ctx context.Context, p server.Principals, r request, out io.Writer) error {
	policies, err := r.policy(ctx, firstPolicy)
	if err != nil {
		return err
	}
	user, err := p.CreateUser(ctx, p.Operator, store.IAMUser{AccountID: r.account, UserName: r.subject, Path: r.value("--path")}, policies...)
	if err == nil {
		fmt.Fprintln(out, userARN(user))
	}
	return err
}

func userARN(u store.IAMUser) string {
	return arn.User{Account: u.AccountID, Path: u.Path, Name: u.UserName}.String()
}

func roleARN(r store.IAMRole) string {
	return arn.Role{Account: r.AccountID, Path: r.Path, Name: r.RoleName}.String()
}

func listUsers(ctx context.Context, p server.Principals, r request, out io.Writer) error {
	users, err := p.Users(ctx, r.value("--account"))
	for _, u := range users {
		fmt.Fprintf(out, "%s  %s\n", userARN(u), u.UserID)
	}
	return err
}

func createRole(ctx context.Context, p server.Principals, r request, out io.Writer) error {
	trust, err := r.readFile(ctx, "--trust")
	if err != nil {
		return err
	}
	policies, err := r.policy(ctx, firstPolicy)
	if err != nil {
		return err
	}
	longest, err := r.seconds("--max-session")
	if err != nil {
		return err
	}
	role, err := p.CreateRole(ctx, p.Operator, store.IAMRole{
		AccountID: r.account, RoleName: r.subject, Path: r.value("--path"), TrustPolicy: trust, Description: r.value("--description"), MaxSessionS: longest,
	}, policies...)
	if err == nil {
		fmt.Fprintln(out, roleARN(role))
	}
	return err
}

// seconds reads a number of seconds, zero when the option is not given.
func (r request) seconds(name string) (int64, error) {
	if !r.given(name) {
		return 0, nil
	}
	return strconv.ParseInt(r.value(name), 10, 32)
}

func updateRole(ctx context.Context, p server.Principals, r request, _ io.Writer) error {
	var change iam.RoleChange
	if r.given("--trust") {
		trust, err := r.readFile(ctx, "--trust")
		if err != nil {
			return err
		}
		change.TrustPolicy = &trust
	}
	if r.given("--max-session") {
		longest, err := r.seconds("--max-session")
		if err != nil {
			return err
		}
		change.MaxSessionS = &longest
	}
	if r.given("--description") {
		text := r.value("--description")
		change.Description = &text
	}
	return p.UpdateRole(ctx, p.Operator, r.account, r.subject, change)
}

func listRoles(ctx context.Context, p server.Principals, r request, out io.Writer) error {
	roles, err := p.Roles(ctx, r.value("--account"))
	for _, role := range roles {
		fmt.Fprintf(out, "%s  %s\n", roleARN(role), role.RoleID)
	}
	return err
}

type iamRun = func(context.Context, server.Principals, request, io.Writer) error

func (r request) principal(kind string) store.IAMPrincipal {
	return store.IAMPrincipal{AccountID: r.account, Kind: kind, Name: r.subject}
}

func deletePrincipal(kind string) iamRun {
	return func(ctx context.Context, p server.Principals, r request, _ io.Writer) error {
		return p.DeletePrincipal(ctx, p.Operator, r.principal(kind))
	}
}

func putPolicy(kind string) iamRun {
	return func(ctx context.Context, p server.Principals, r request, _ io.Writer) error {
		policies, err := r.policy(ctx, r.value("--name"))
		if err != nil {
			return err
		}
		return p.PutPolicy(ctx, p.Operator, r.principal(kind), policies[0])
	}
}

func listPolicies(kind string) iamRun {
	return func(ctx context.Context, p server.Principals, r request, out io.Writer) error {
		policies, err := p.Policies(ctx, r.principal(kind))
		for _, policy := range policies {
			if policyARN, attached := rules.AttachedARN(policy); attached {
				fmt.Fprintln(out, policyARN)
			} else {
				fmt.Fprintf(out, "%s  %s\n", policy.Name, strings.Join(strings.Fields(policy.Document), " "))
			}
		}
		return err
	}
}

func deletePolicy(kind string) iamRun {
	return func(ctx context.Context, p server.Principals, r request, _ io.Writer) error {
		name := r.value("--name")
		if attached, known := rules.AttachedPolicy(name); known {
			name = attached.Name
		}
		return p.DeletePolicy(ctx, p.Operator, r.principal(kind), name)
	}
}

// holder is whose keys a command is about.
func (r request) holder() store.IAMPrincipal {
	p := store.IAMPrincipal{AccountID: r.account, Kind: store.IAMUserKind, Name: r.value("--user")}
	if r.given("--role") {
		p.Kind, p.Name = store.IAMRoleKind, r.value("--role")
	}
	return p
}

func createAccessKey(ctx context.Context, p server.Principals, r request, out io.Writer) error {
	key, err := p.CreateAccessKey(ctx, p.Operator, r.holder())
	if err == nil {
		writeKey(out, key)
	}
	return err
}

// writeKey writes a key in the form of the credentials file.
func writeKey(out io.Writer, key iam.Key) {
	fmt.Fprintf(out, "aws_access_key_id = %s\naws_secret_access_key = %s\n", key.AccessKeyID, key.Secret)
	fmt.Fprintln(os.Stderr, "the secret is shown this once: put both lines into a profile of ~/.aws/credentials")
}

func listAccessKeys(ctx context.Context, p server.Principals, r request, out io.Writer) error {
	keys, err := p.AccessKeys(ctx, r.holder())
	for _, key := range keys {
		fmt.Fprintf(out, "%s  %-8s  %s\n", key.AccessKeyID, key.Status, time.UnixMilli(key.CreatedAt).UTC().Format("2006-01-02 15:04:05"))
	}
	return err
}

func setKeyStatus(status string) iamRun {
	return func(ctx context.Context, p server.Principals, r request, _ io.Writer) error {
		return p.SetAccessKeyStatus(ctx, p.Operator, r.subject, status)
	}
}

func rotateAccessKey(ctx context.Context, p server.Principals, r request, out io.Writer) error {
	key, err := p.RotateAccessKey(ctx, p.Operator, r.subject)
	if err == nil {
		writeKey(out, key)
	}
	return err
}

func deleteAccessKey(ctx context.Context, p server.Principals, r request, _ io.Writer) error {
	return p.DeleteAccessKey(ctx, p.Operator, r.subject)
}

func (r request) provider(ctx context.Context) (iam.Provider, error) {
	jwks, err := r.readFile(ctx, "--jwks")
	return iam.Provider{AccountID: r.account, URL: r.subject, ClientIDs: r.values["--client-id"], JWKS: jwks}, err
}

func createProvider(ctx context.Context, p server.Principals, r request, out io.Writer) error {
	provider, err := r.provider(ctx)
	if err != nil {
		return err
	}
	providerARN, err := p.CreateOIDCProvider(ctx, p.Operator, provider)
	if err == nil {
		fmt.Fprintln(out, providerARN)
	}
	return err
}

func updateProvider(ctx context.Context, p server.Principals, r request, _ io.Writer) error {
	provider, err := r.provider(ctx)
	if err != nil {
		return err
	}
	return p.UpdateOIDCProvider(ctx, p.Operator, provider)
}

func listProviders(ctx context.Context, p server.Principals, r request, out io.Writer) error {
	providers, err := p.OIDCProviders(ctx, r.value("--account"))
	for _, provider := range providers {
		keys := "discovered"
		if provider.JWKS != "" {
			keys = "static"
		}
		fmt.Fprintf(out, "%s  %s  keys %s\n", provider.ARN(), provider.ClientIDs, keys)
	}
	return err
}

func deleteProvider(ctx context.Context, p server.Principals, r request, _ io.Writer) error {
	return p.DeleteOIDCProvider(ctx, p.Operator, r.account, r.subject)
}
