// Package server assembles the service: it reads the settings, opens what they name, puts the rims behind one hygiene of requests
// and one listener, and stops in order. It decides nothing about people, tokens or pages; rooms and rims do.
package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/arn"
	"sallyport/internal/keys"
	"sallyport/internal/sys"
	"sallyport/internal/token"
)

// Config is everything an operator can set, and the manual of it. A setting is given in the YAML file under the name in its tag, in
// the environment as SALLYPORT_NAME, or as the flag --name with dashes; a flag wins over the environment, the environment over
// the file, the file over the default. An empty environment variable counts as not given. Relative paths start at the folder
// in which the server was started. Durations are written as 90s, 15m, 8h or 90d.
//
// The tags are the one table from which file keys, variables, flags, usage, checks and `config print` are made: see settings.go.
type Config struct {
	// ConfigFile is the YAML file that the other settings are read from. Without it no file is read: there is no hidden default place.
	ConfigFile string `setting:"config" form:"FILE" except:"file" help:"YAML file with settings"`

	// Listen is where connections are accepted. Port 0 takes a free port; the ready file tells which. An empty host or 0.0.0.0
	// listens on every interface and then needs public_url. Use this together with tls_… or behind a proxy that ends TLS.
	Listen string `setting:"listen" form:"ADDR" default:"127.0.0.1:8420" help:"address and port to serve on"`

	// Data is the folder of the database, the root key and the local CA. Back up all of it: without root.key the database is
	// unreadable. It must be on a local disk; SQLite is not safe on network file systems.
	Data string `setting:"data" form:"DIR" default:"./sallyport-data" help:"folder of the database, the root key and the local CA"`

	// Database is the address of a PostgreSQL, in the form postgres://user@host:5432/name?sslmode=verify-full, for several servers that
	// share it; without it the database is a file in the data folder. A password is better in database_file, or where libpq looks for one
	// (PGPASSWORD, PGPASSFILE): command lines are visible to every process. All servers of one database have the same root_key.
	Database Secret `setting:"database" form:"URL" help:"PostgreSQL that servers share (default: a file in the data folder)"`

	// DatabaseFile is a file that holds the address of the database: a mounted secret. Others may not read it, as said at RootKeyFile.
	DatabaseFile string `setting:"database_file" form:"FILE" help:"file that holds the address of the database"`

	// DatabaseReplica is the address of a read-only copy of the database, such as a streaming standby. Lists of users, groups, applications and
	// assignments come from it, and may then be some seconds behind; nothing that decides is asked there. While it is gone, the database answers.
	DatabaseReplica Secret `setting:"database_replica" form:"URL" help:"PostgreSQL that follows the database, for lists (optional)"`

	// DatabaseReplicaFile is a file that holds the address of the replica.
	DatabaseReplicaFile string `setting:"database_replica_file" form:"FILE" help:"file that holds the address of the replica"`

	// Migrate lets a server, and every command that opens the database, bring its schema up to date. Without it they refuse a database that
	// lacks something they need, until somebody has run `sallyport migrate`: for those who change databases at a time of their own.
	Migrate bool `setting:"migrate" default:"true" help:"whether the database is brought up to date at the start"`

	// TLSCert is a PEM file with the server's certificate followed by its intermediates. Replacing the file (and tls_key) is enough
	// to renew: it is read again within seconds, and a broken replacement is logged while the old one stays in use.
	TLSCert string `setting:"tls_cert" form:"FILE" help:"PEM certificate chain; goes with tls_key"`

	// TLSKey is the PEM private key that belongs to tls_cert. Others may not read it, as said at RootKeyFile.
	TLSKey string `setting:"tls_key" form:"FILE" help:"PEM private key; goes with tls_cert"`

	// TLSAuto makes a local certificate authority in the data folder and serves with a certificate from it. Clients have to be told
	// to trust DATA/tls/ca.pem; the server says how when it starts. For laptops and tests; it conflicts with tls_cert and tls_key.
	TLSAuto bool `setting:"tls_auto" help:"serve TLS with a certificate from a local CA made in the data folder"`

	// PublicURL is the address that people and clients use: scheme and host, with a port if it is not the scheme's own, and no path,
	// because the AWS CLI drops the path when it opens the browser. Every absolute URL that leaves the server is made from it, never from a
	// request. It has to be https unless the host is the loopback. When it is not given, it is derived from listen.
	// Changing it changes the issuer name: people sign in again, and relying parties have to be told.
	PublicURL string `setting:"public_url" form:"URL" help:"address that clients use (default: derived from listen)"`

	// AllowedHosts are further values of the Host header to answer to, written exactly as clients send them: lower case, with the
	// port unless it is the scheme's own. Anything else gets 421, which is what stops DNS rebinding. Health checks are exempt.
	AllowedHosts []string `setting:"allowed_hosts" form:"HOST,…" help:"further Host values to answer to, as sent by clients"`

	// Dev turns on development mode: a demo directory on first start, and control endpoints under /_dev/ with which anybody who
	// reaches the port can sign in as anybody. It refuses to listen beyond loopback.
	Dev bool `setting:"dev" help:"development mode: demo data and /_dev/ endpoints; loopback only"`

	// ReadyFile is written, atomically, when the server answers requests: JSON with its addresses and, in development mode, the
	// demo credentials. Programs that start the server wait for this file.
	ReadyFile string `setting:"ready_file" form:"PATH" help:"file to write once requests are answered"`

	// LogFormat is text for people and json for collectors. The log goes to standard error.
	LogFormat string `setting:"log_format" form:"text|json" default:"text" oneof:"text json" help:"form of the log on standard error"`

	// LogLevel is the least that is logged. At info: starts, stops, security events, refused and failed requests. At debug: one line for
	// every request as well. Secrets are in none of them.
	LogLevel string `setting:"log_level" form:"LEVEL" default:"info" oneof:"debug info warn error" help:"debug, info, warn or error"`

	// Region is the AWS region this instance says it is in. It is part of the AWS-looking start URL from which
	// AWS CLIs take their sso_region: do not change it once people use the server.
	Region string `setting:"region" form:"REGION" default:"us-east-1" help:"AWS region that the instance claims"`

	// StartURLAliases are further names of this instance before .awsapps.com: with "acme", clients that are configured with
	// https://acme.awsapps.com/start are served. The name made of the identity store id always works. Nothing is ever looked up there.
	StartURLAliases []string `setting:"start_url_aliases" form:"NAME,…" help:"names before .awsapps.com in start URLs that mean this instance"`

	// RootKey protects every key in the database. Losing it loses all sessions and sealed data; leaking it leaks them. It cannot be
	// a flag, because command lines are visible to every process. Without root_key and root_key_file the server keeps one in
	// DATA/root.key, made at the first start.
	RootKey Secret `setting:"root_key" form:"KEY" except:"flag" help:"root key (default: the file root.key in the data folder)"`

	// RootKeyFile is a file that holds the root key: a mounted secret, or a path that only the server's user can read (mode 0600). One that
	// belongs to somebody else, such as root or a sidecar, may be for the server's group as well (0640); for everybody it may not, and the server
	// does not start. The same holds of every setting that names a file with a secret, tls_key among them.
	RootKeyFile string `setting:"root_key_file" form:"FILE" help:"file that holds the root key"`

	// RootKeyPrevious are root keys of before, one a line, while the root key is being changed: what they seal still opens. `sallyport keys
	// rewrap` seals it under the new one, after which this setting can go. docs/operate.md has the order of steps.
	RootKeyPrevious Secret `setting:"root_key_previous" form:"KEYS" except:"flag" help:"root keys of before, while the root key is changed"`

	// RootKeyPreviousFile is a file that holds the root keys of before, one a line.
	RootKeyPreviousFile string `setting:"root_key_previous_file" form:"FILE" help:"file that holds the root keys of before"`

	// PKCS11Module is the shared library by which a hardware security module is reached (PKCS #11). It takes a build with PKCS #11:
	// `CGO_ENABLED=1 go build -tags pkcs11 ./cmd/sallyport`.
	PKCS11Module string `setting:"pkcs11_module" form:"FILE" help:"PKCS #11 module of the token that holds the root key"`

	// PKCS11Token is the label of the token in which the root key is.
	PKCS11Token string `setting:"pkcs11_token" form:"LABEL" help:"label of the token that holds the root key"`

	// PKCS11Key is the label of the root key in the token: an AES key of 256 bits, which never leaves it. With it there is no root_key.
	// The token is asked when the server starts and when a key is rotated, not by requests. Back the token up as its maker says: without the
	// key the database is unreadable.
	PKCS11Key string `setting:"pkcs11_key" form:"LABEL" help:"label of the root key in the token"`

	// PKCS11PreviousKey is the label of a key in the same token that was the root key before, while the root key is being changed.
	PKCS11PreviousKey string `setting:"pkcs11_previous_key" form:"LABEL" help:"label of the root key of before in the token, while the root key is changed"`

	// PKCS11PIN is the PIN of the token's user. Servers that start again and again with a wrong one lock the token.
	PKCS11PIN Secret `setting:"pkcs11_pin" form:"PIN" except:"flag" help:"PIN of the token's user"`

	// PKCS11PINFile is a file that holds the PIN.
	PKCS11PINFile string `setting:"pkcs11_pin_file" form:"FILE" help:"file that holds the PIN of the token's user"`

	// KeyRotation is how long a key seals and signs before the next takes over. The next is published an hour before, so that relying
	// parties know it in time; the old one is kept until what it made has expired, and then retired. 0s leaves rotating to `sallyport
	// keys rotate`. Several servers may differ in it: the shortest counts.
	KeyRotation time.Duration `setting:"key_rotation" form:"DURATION" default:"90d" min:"0s" max:"730d" help:"how long a key seals and signs before the next takes over; 0s for never"`

	// SessionDuration is how long a sign-in lasts: after it, no refresh token renews and the person signs in again. It
	// applies to sign-ins from then on; running sessions keep what they were promised.
	SessionDuration time.Duration `setting:"session_duration" form:"DURATION" default:"8h" min:"15m" max:"90d" help:"how long a sign-in lasts"`

	// DeviceGrant is the off switch of the device flow (aws sso login --use-device-code). It is the flow that phishing
	// uses; where every client has a browser of its own, turn it off. Pending device codes are then refused too.
	DeviceGrant bool `setting:"device_grant" default:"true" help:"whether the device flow is offered"`

	// DeviceCodeLifetime is how long a device code waits for its approval. Longer gives guessing and phishing more time, so ten
	// minutes, which is also what AWS gives, is the most.
	DeviceCodeLifetime time.Duration `setting:"device_code_lifetime" form:"DURATION" default:"10m" min:"1m" max:"10m" step:"1s" help:"how long a device code waits for approval"`

	// DevicePollInterval is how often a client may ask whether its device code was approved. Raise it when many waiting
	// clients load the server; each second more is a second more that people wait.
	DevicePollInterval time.Duration `setting:"device_poll_interval" form:"DURATION" default:"1s" min:"1s" max:"30s" step:"1s" help:"least time between two polls of a device code"`

	// ApprovalMaxAge is how recent a sign-in must be to approve a device; after it the password is asked for again. Short
	// is safer against a browser left open and against phishing links.
	ApprovalMaxAge time.Duration `setting:"approval_max_age" form:"DURATION" default:"15m" min:"1m" max:"24h" help:"how fresh a sign-in must be to approve a device"`

	// RefreshWindow is how long a refresh token that was already used gets the same answer again, for clients whose answer was
	// lost or that refresh twice at once. A use after it ends the session as stolen. 0s ends the session at the first reuse, and
	// people with flaky networks will notice.
	RefreshWindow time.Duration `setting:"refresh_window" form:"DURATION" default:"30s" min:"0s" max:"5m" help:"how long a used refresh token gets the same answer again"`

	// WebIdleTimeout is after how much inactivity the browser has to sign in again.
	WebIdleTimeout time.Duration `setting:"web_idle_timeout" form:"DURATION" default:"1h" min:"5m" max:"24h" help:"inactivity after which a browser signs in again"`

	// TrustedProxies are the addresses of your reverse proxies, as networks or single addresses. Only from them is X-Forwarded-For
	// believed, and of it only the last hop that is not itself a trusted proxy. Limits and the audit log are keyed by that address:
	// leave it empty unless there is a proxy, and never list a network that clients are in.
	TrustedProxies []netip.Prefix `setting:"trusted_proxies" form:"CIDR,…" help:"reverse proxies whose X-Forwarded-For is believed"`

	// RegisterRate is how many clients one address may register in a second, ten seconds' worth at once; 0 means any number. AWS allows
	// 20. Registrations cost the server no storage, only time.
	RegisterRate int `setting:"register_rate" form:"N" default:"20" most:"100000" help:"registrations per second and address; 0 for no limit"`

	// DeviceStartRate is how many device authorizations one address may begin in a second, ten seconds' worth at once; 0 means any
	// number. Each is a row that lives for a day: this bounds what a flood leaves behind.
	DeviceStartRate int `setting:"device_start_rate" form:"N" default:"20" most:"100000" help:"device authorizations per second and address; 0 for no limit"`

	// ApplicationRate is how often one application may call CreateTokenWithIAM in a second; 0 means any number. AWS allows 80. Callers are
	// known by their signature, so this protects the server from a program that runs wild, not from strangers.
	ApplicationRate int `setting:"application_rate" form:"N" default:"0" most:"100000" help:"CreateTokenWithIAM per second and application; 0 for no limit"`

	// AssertionRate is how many JWT assertions the instance takes in a second; 0 means any number. AWS allows 10, which is worth
	// setting where programs are tried out that will run against AWS.
	AssertionRate int `setting:"assertion_rate" form:"N" default:"0" most:"100000" help:"JWT assertions per second; 0 for no limit"`

	// IssuerNetworks are networks of your own in which trusted token issuers and OpenID providers are: the server fetches their keys from
	// public addresses, from these, and in development mode from this machine. Whoever may configure an issuer can have the server
	// send GET requests to anything in them.
	IssuerNetworks []netip.Prefix `setting:"issuer_networks" form:"CIDR,…" help:"networks of your own from which keys of issuers may be fetched"`

	// IssuerCA is a PEM file with further authorities that certificates of issuers may come from.
	IssuerCA string `setting:"issuer_ca" form:"FILE" help:"PEM file with further authorities for certificates of issuers"`

	// IssuerPorts are the ports at which issuers are reached; none means any. AWS knows 80 and 443 only.
	IssuerPorts []string `setting:"issuer_ports" form:"N,…" help:"the only ports at which issuers are reached (default: any)"`

	// TrustEmail takes e-mail addresses also from issuers whose tokens do not say that they were verified, as AWS does. Whoever can get
	// an account with a colleague's unverified address at such an issuer is then that colleague.
	TrustEmail bool `setting:"trust_email" help:"take e-mail addresses from tokens without email_verified, as AWS does"`

	// AWSAuthTime writes auth_time in ID tokens of applications as AWS does, as a text with a date. Relying parties that keep to the
	// standard, where it is a number, cannot read it.
	AWSAuthTime bool `setting:"aws_auth_time" help:"write auth_time in ID tokens as AWS does, as a text"`

	// SimulateKMS makes CreateTokenWithIAM refuse as AWS does when the instance's own encryption key cannot be used: the reason that
	// clients are to see. For trying out programs; leave it empty otherwise.
	SimulateKMS string `setting:"simulate_kms" form:"REASON" help:"refuse CreateTokenWithIAM for this reason, to try out programs"`

	// OtherRegions are further Regions of the instance with the endpoints where they are served: requests signed for one of them are sent
	// there with InvalidRequestRegionException, as a multi-Region instance of AWS does.
	OtherRegions []string `setting:"other_regions" form:"REGION=URL,…" help:"endpoints of the instance in other Regions, to which requests for those are sent"`

	// MemberAccounts are accounts whose principals may configure besides those of the account that owns the instance, as far as their policies
	// allow: people and groups, applications of their own account, and one instance of their own account. Permission sets, assignments and
	// issuers of the instance stay with its owner. Principals of accounts that are neither are refused whatever their policies say.
	MemberAccounts []string `setting:"member_accounts" form:"ID,…" help:"accounts whose principals may configure what is theirs, besides the owner's"`

	// AssignmentDelay is how long account assignments and provisionings stay IN_PROGRESS, as they do on AWS for seconds. It is for trying
	// out programs that wait, and needs development mode.
	AssignmentDelay time.Duration `setting:"assignment_delay" form:"DURATION" default:"0s" min:"0s" max:"1h" help:"how long account assignments are in progress; development mode only"`

	// ShutdownTimeout is how long requests in flight get to finish after SIGTERM. Keep it below what your supervisor waits
	// before it kills.
	ShutdownTimeout time.Duration `setting:"shutdown_timeout" form:"DURATION" default:"20s" min:"1s" max:"5m" help:"how long requests in flight get to finish"`

	sources map[string]source // by key: where each value came from; absent means the default
}

// regionPattern is the form of AWS region names, us-gov-west-1 included.
var regionPattern = sys.Pattern(`^([a-z]+-){2,3}\d$`)

// Validate checks everything that one process can check without touching the machine, and returns all mistakes at once. Each
// names the setting, the value, where the value came from and what was expected.
func (c *Config) Validate() error {
	mistakes := c.checkTable()
	mistakes = append(mistakes,
		c.checkListen(),
		c.checkTLS(),
		c.checkPublicURL(),
		c.checkAllowedHosts(),
		c.checkRegion(),
		c.checkAliases(),
		c.checkData(),
		c.checkRootKey(),
		c.checkReplica(),
		c.checkKeyRotation(),
		c.checkIssuerPorts(),
		c.checkOtherRegions(),
		c.checkAssignmentDelay(),
		c.checkSimulatedKMS(),
		c.checkMemberAccounts(),
	)
	return errors.Join(mistakes...)
}

func (c *Config) checkListen() error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil || !validPort(port) || host != "" && !validHost(host) {
		return c.mistake("listen", "expected an address and a port such as 127.0.0.1:8420 or [::1]:8420")
	}
	if c.Dev && !isLoopback(host) {
		return c.mistake("listen", "development mode listens on loopback only: expected 127.0.0.1, [::1] or localhost, or no dev")
	}
	return nil
}

func (c *Config) checkTLS() error {
	switch {
	case c.TLSAuto && c.TLSCert != "":
		return c.mistake("tls_auto", "conflicts with tls_cert: expected one of the two")
	case c.TLSAuto && c.TLSKey != "":
		return c.mistake("tls_auto", "conflicts with tls_key: expected one of the two")
	case c.TLSCert != "" && c.TLSKey == "":
		return c.mistake("tls_cert", "expected tls_key beside it")
	case c.TLSKey != "" && c.TLSCert == "":
		return c.mistake("tls_key", "expected tls_cert beside it")
	}
	return nil
}

func (c *Config) checkPublicURL() error {
	if c.PublicURL == "" {
		return c.checkDerivable()
	}
	canonical, err := canonicalOrigin(c.PublicURL)
	switch {
	case err != nil:
		return c.mistake("public_url", err.Error())
	case c.Dev && !isLoopback(hostName(strings.TrimPrefix(strings.TrimPrefix(canonical, "https://"), "http://"))):
		// Behind a proxy on this machine, everybody would reach the control endpoints.
		return c.mistake("public_url", "development mode is for loopback only: expected https://localhost or the like, or no dev")
	case canonical != c.PublicURL:
		return c.mistake("public_url", fmt.Sprintf("expected it in the form that clients send: %q", canonical))
	}
	return nil
}

// checkDerivable refuses a configuration whose public address nobody could guess. A malformed listen is reported as such.
func (c *Config) checkDerivable() error {
	host, _, err := net.SplitHostPort(c.Listen)
	switch {
	case err != nil:
		return nil
	case isUnspecified(host):
		return c.mistake("public_url", "expected a value, because listen names every interface and not the address that clients use")
	case !c.ServesTLS() && !isLoopback(host):
		return c.mistake("public_url", "expected an https address, because listen is not loopback: set tls_cert and tls_key, or tls_auto, or put a proxy with TLS in front and name its address here")
	}
	return nil
}

func (c *Config) checkAllowedHosts() error {
	for _, entry := range c.AllowedHosts {
		if !validHostPort(entry) {
			return c.mistake("allowed_hosts", fmt.Sprintf("%q is not a host as clients send it: expected lower case, such as sso.example.com or sso.example.com:8443", entry))
		}
	}
	return nil
}

func (c *Config) checkRegion() error {
	if !regionPattern().MatchString(c.Region) {
		return c.mistake("region", "expected the form of an AWS region such as us-east-1")
	}
	return nil
}

// aliasPattern is the form of the first label of a host name.
var aliasPattern = sys.Pattern(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (c *Config) checkAliases() error {
	for _, alias := range c.StartURLAliases {
		if !aliasPattern().MatchString(alias) {
			return c.mistake("start_url_aliases", fmt.Sprintf("%q is not the first label of a host name, in lower case", alias))
		}
	}
	return nil
}

func (c *Config) checkIssuerPorts() error {
	for _, port := range c.IssuerPorts {
		if !validPort(port) || port == "0" {
			return c.mistake("issuer_ports", fmt.Sprintf("%q is not a port: expected a number from 1 to 65535", port))
		}
	}
	return nil
}

func (c *Config) checkOtherRegions() error {
	for _, entry := range c.OtherRegions {
		region, endpoint, found := strings.Cut(entry, "=")
		canonical, err := canonicalOrigin(endpoint)
		if !found || !regionPattern().MatchString(region) || err != nil || canonical != endpoint || region == c.Region {
			return c.mistake("other_regions", fmt.Sprintf("%q is not another Region with its endpoint: expected the form eu-west-1=https://sso.eu.example.com", entry))
		}
	}
	return nil
}

// otherRegions are the endpoints by Region.
func (c *Config) otherRegions() map[string]string {
	endpoints := map[string]string{}
	for _, entry := range c.OtherRegions {
		region, endpoint, _ := strings.Cut(entry, "=")
		endpoints[region] = endpoint
	}
	return endpoints
}

func (c *Config) checkMemberAccounts() error {
	for _, account := range c.MemberAccounts {
		if !arn.ValidAccount(account) {
			return c.mistake("member_accounts", fmt.Sprintf("%q is not an account id: expected 12 digits", account))
		}
	}
	return nil
}

func (c *Config) checkSimulatedKMS() error {
	if err := token.CheckKMSReason(c.SimulateKMS); err != nil {
		return c.mistake("simulate_kms", err.Error())
	}
	return nil
}

func (c *Config) checkAssignmentDelay() error {
	if c.AssignmentDelay > 0 && !c.Dev {
		return c.mistake("assignment_delay", "expected 0s, or development mode: people would wait for nothing")
	}
	return nil
}

func (c *Config) checkData() error {
	if c.Data == "" {
		return c.mistake("data", "expected a folder")
	}
	return nil
}

func (c *Config) checkReplica() error {
	if c.DatabaseReplica.Reveal() != "" && c.Database.Reveal() == "" {
		return c.mistake("database_replica", "expected database beside it: a file in the data folder has no replica")
	}
	return nil
}

func (c *Config) checkRootKey() error {
	if text := c.RootKey.Reveal(); text != "" {
		if _, err := keys.ParseRootKey(text); err != nil {
			return c.mistake("root_key", err.Error())
		}
		if c.PKCS11Key != "" {
			return c.mistake("pkcs11_key", "conflicts with root_key: expected one of the two, and the one of before as root_key_previous or pkcs11_previous_key")
		}
	}
	if _, err := keys.ParseRootKeys(c.RootKeyPrevious.Reveal()); err != nil {
		return c.mistake("root_key_previous", err.Error())
	}
	return c.checkToken()
}

// checkToken refuses a key in a token that cannot be reached, and a token without a key.
func (c *Config) checkToken() error {
	wanted := c.PKCS11Key != "" || c.PKCS11PreviousKey != ""
	for _, s := range []struct {
		key   string
		given bool
	}{{"pkcs11_module", c.PKCS11Module != ""}, {"pkcs11_token", c.PKCS11Token != ""}, {"pkcs11_pin", c.PKCS11PIN.Reveal() != ""}} {
		switch {
		case wanted && !s.given:
			return c.mistake(s.key, "expected a value, because a root key is in a token")
		case !wanted && s.given:
			return c.mistake(s.key, "expected pkcs11_key beside it: the label of the root key in the token")
		}
	}
	return nil
}

// leastRotation keeps the ring short: each key is kept for three months after the next took over.
const leastRotation = 7 * day

func (c *Config) checkKeyRotation() error {
	if c.KeyRotation != 0 && c.KeyRotation < leastRotation {
		return c.mistake("key_rotation", "expected 0s, or "+formatDuration(leastRotation)+" at least")
	}
	return nil
}

// ServesTLS tells whether the listener itself speaks TLS.
func (c *Config) ServesTLS() bool { return c.TLSAuto || c.TLSCert != "" }

// checkBound refuses development mode on an address that is not loopback, which a name may stand for: the machine's own table of hosts says
// what localhost is.
func (c *Config) checkBound(address net.Addr) error {
	if bound, ok := address.(*net.TCPAddr); c.Dev && (!ok || !bound.IP.IsLoopback()) {
		return c.mistake("listen", fmt.Sprintf("development mode listens on loopback only, and the name stands for %s here: expected 127.0.0.1 or [::1]", address))
	}
	return nil
}

// Bound records the address that the listener really got, which differs from the setting when the port was 0, and derives the
// public URL from it when none was given.
func (c *Config) Bound(address net.Addr) {
	_, port, err := net.SplitHostPort(address.String())
	host, _, listenErr := net.SplitHostPort(c.Listen)
	if err != nil || listenErr != nil {
		return // a listener that is not TCP has its public_url in the settings
	}
	c.Listen = net.JoinHostPort(host, port)
	c.derivePublicURL()
}

// derivePublicURL fills in the public URL once host and port are known, if that makes an address that clients can use.
func (c *Config) derivePublicURL() {
	host, port, err := net.SplitHostPort(c.Listen)
	if c.PublicURL != "" || err != nil || port == "0" || c.checkDerivable() != nil {
		return
	}
	scheme := "http"
	if c.ServesTLS() {
		scheme = "https"
	}
	if origin, err := canonicalOrigin(scheme + "://" + net.JoinHostPort(host, port)); err == nil {
		c.PublicURL = origin
	}
}

// hostTable lists the values of the Host header that are answered: the public address, the ones the operator added and, while only
// the loopback is listened on, the loopback's names. Call it after Bound.
func (c *Config) hostTable() map[string]bool {
	table := map[string]bool{}
	scheme, publicHost, _ := strings.Cut(c.PublicURL, "://")
	addHost(table, scheme, publicHost)
	for _, entry := range c.AllowedHosts {
		addHost(table, scheme, entry)
	}
	if host, port, err := net.SplitHostPort(c.Listen); err == nil && isLoopback(host) {
		for _, name := range loopbackNames {
			addHost(table, scheme, strings.TrimSuffix(net.JoinHostPort(name, port), ":"+defaultPort(scheme)))
		}
	}
	return table
}

// addHost adds a host, and its twin with the scheme's own port spelled out, which RFC 9110 §4.2.3 calls the same address.
func addHost(table map[string]bool, scheme, host string) {
	if host == "" {
		return
	}
	table[host] = true
	if _, _, err := net.SplitHostPort(host); err != nil {
		table[host+":"+defaultPort(scheme)] = true
	}
}

// certificateHosts lists the names and addresses that a certificate of the local CA is for.
func (c *Config) certificateHosts() []string {
	hosts := append([]string(nil), loopbackNames...)
	_, publicHost, _ := strings.Cut(c.PublicURL, "://")
	for _, entry := range append([]string{publicHost}, c.AllowedHosts...) {
		if name := hostName(entry); name != "" {
			hosts = append(hosts, name)
		}
	}
	return hosts
}

// loopbackNames are the names of this machine that a client on it may use.
var loopbackNames = []string{"localhost", "127.0.0.1", "::1"}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// canonicalOrigin returns the address in the one spelling in which issuers, redirects and Host headers can be compared as bytes.
func canonicalOrigin(text string) (string, error) {
	const expected = "expected https://host or https://host:port, without a path (http only for loopback)"
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#") {
		return "", errors.New(expected)
	}
	if u.Path != "" && u.Path != "/" {
		return "", errors.New("expected no path, because the AWS CLI drops it when it opens the browser: give the server a host name of its own")
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	switch {
	case u.Scheme != "https" && u.Scheme != "http", !validHost(host), port != "" && (!validPort(port) || port == "0"), strings.HasSuffix(u.Host, ":"):
		return "", errors.New(expected)
	case u.Scheme == "http" && !isLoopback(host):
		return "", errors.New("expected https, because passwords and tokens travel over it (http only for loopback)")
	}
	if port == "" || port == defaultPort(u.Scheme) {
		return u.Scheme + "://" + bracketed(host), nil
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port), nil
}

// bracketed writes a host as a URL does when no port follows.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// hostName is the host of a Host value, without port and brackets.
func hostName(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

func isUnspecified(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "" || err == nil && address.IsUnspecified()
}

func validPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && strconv.FormatUint(port, 10) == text
}

// validHostPort accepts what a client may send as Host: a host, with or without a port.
func validHostPort(text string) bool {
	if host, port, err := net.SplitHostPort(text); err == nil {
		return validHost(host) && validPort(port) && port != "0"
	}
	if strings.HasPrefix(text, "[") {
		return text == bracketed(hostName(text)) && validHost(hostName(text))
	}
	return !strings.Contains(text, ":") && validHost(text)
}

// validHost accepts an IP address in its canonical spelling, or a host name in lower case without a trailing dot (RFC 1123 §2.1;
// underscores because container networks use them; international names in their xn-- form).
func validHost(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Zone() == "" && address.String() == host
	}
	const longestName, longestLabel = 253, 63 // RFC 1035 §2.3.4
	if len(host) > longestName {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > longestLabel || strings.Trim(label, "-") != label || strings.Trim(label, nameBytes) != "" {
			return false
		}
	}
	return true
}

const nameBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_"

// Print writes the configuration as YAML that loads again to the same settings, each with its help and the place it came from.
// Secrets are commented out and masked.
func (c *Config) Print(w io.Writer) error {
	var text strings.Builder
	for _, s := range settings() {
		fmt.Fprintf(&text, "# %s\n", s.help)
		value := s.yaml(c)
		if s.hidden || s.except == "file" || value == emptyYAML {
			text.WriteString("# ")
		}
		fmt.Fprintf(&text, "%s: %s # %s\n\n", s.key, value, onOneLine(c.source(s.key).text))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// onOneLine keeps a file name with line ends in it from ending a comment.
func onOneLine(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}
