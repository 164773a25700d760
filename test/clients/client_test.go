// Package clients drives the freshly built server with the programs that people use with AWS: the official SDKs for Go, Python and
// JavaScript, the AWS CLI, and plain HTTP where no well-behaved client would go. What a client must live through is written once, in
// suite_test.go and provocation_test.go, and every client is led through it by the one interface below.
//
// Files without a build tag need nothing installed. Those with the tag clients need what test/install installs.
package clients

import (
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// client is a program or library that speaks to AWS, pointed at the server.
type client interface {
	// call runs an operation once, without retries. Members have the names of the service model, in and out, and moments are Unix seconds.
	// Operations that are signed are signed with the key, and not at all without one.
	call(t testing.TB, s *harness.Server, signer key, operation *api.Operation, in members) (members, *refusal)
	// identity gets role credentials for the profile of the home, in the client's own way, and asks STS whose they are.
	identity(t testing.TB, h *home) identity
}

// key is an access key; temporary ones have a session token. The empty key signs nothing.
type key struct {
	ID      string `json:"accessKeyId"`
	Secret  string `json:"secretAccessKey"`
	Session string `json:"sessionToken"`
}

// adminKey is that of development mode's operator.
func adminKey(s *harness.Server) key {
	return key{ID: s.Admin.AccessKeyID, Secret: s.Admin.SecretAccessKey}
}

// keyOf reads the credentials that STS answers.
func keyOf(credentials members) key {
	return key{credentials.text("AccessKeyId"), credentials.text("SecretAccessKey"), credentials.text("SessionToken")}
}

// members are the input or output of an operation.
type members map[string]any

func (m members) text(name string) string {
	text, _ := m[name].(string)
	return text
}

func (m members) texts(name string) []string {
	items, _ := m[name].([]any)
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i], _ = item.(string)
	}
	return texts
}

func (m members) number(name string) int64 {
	number, _ := m[name].(float64)
	return int64(number)
}

func (m members) object(name string) members {
	object, _ := m[name].(map[string]any)
	return object
}

func (m members) list(name string) []members {
	items, _ := m[name].([]any)
	list := make([]members, len(items))
	for i, item := range items {
		list[i], _ = item.(map[string]any)
	}
	return list
}

// refusal is an exception as the client shows it to the program that uses it.
type refusal struct {
	Exception   string `json:"exception"` // name of the class, or of the code where there is no class
	Typed       bool   `json:"typed"`     // whether it is a class of its own
	Error       string `json:"error"`
	Description string `json:"description"`
	Message     string `json:"message"`
	Reason      string `json:"reason"`
	Endpoint    string `json:"endpoint"`
	Region      string `json:"region"`
	Status      int    `json:"status"`
	RequestID   string `json:"requestId"`
}

// identity is what GetCallerIdentity answers.
type identity struct {
	Account string `json:"account"`
	ARN     string `json:"arn"`
	UserID  string `json:"userId"`
}

// party is a client at a server, for one test.
type party struct {
	*testing.T
	server *harness.Server
	client client
	world  *world // what is configured at the server, where the test needs that
}

// try calls an operation, as the operator where it is signed.
func (p *party) try(operation *api.Operation, in members) (members, *refusal) {
	p.Helper()
	return p.tryAs(adminKey(p.server), operation, in)
}

func (p *party) tryAs(signer key, operation *api.Operation, in members) (members, *refusal) {
	p.Helper()
	return p.client.call(p, p.server, signer, operation, in)
}

// must is try for what has to succeed.
func (p *party) must(operation *api.Operation, in members) members {
	p.Helper()
	return p.mustAs(adminKey(p.server), operation, in)
}

func (p *party) mustAs(signer key, operation *api.Operation, in members) members {
	p.Helper()
	out, refused := p.tryAs(signer, operation, in)
	if refused != nil {
		p.Fatalf("%s was refused: %+v", operation.Name, *refused)
	}
	return out
}

// mustRefuse is try for what has to be refused so.
func (p *party) mustRefuse(exception string, operation *api.Operation, in members) {
	p.Helper()
	out, refused := p.try(operation, in)
	if refused == nil {
		p.Fatalf("%s answered with %d members, want %s", operation.Name, len(out), exception)
	}
	if refused.Exception != exception {
		p.Fatalf("%s was refused with %+v, want %s", operation.Name, *refused, exception)
	}
}

const (
	deviceGrant  = "urn:ietf:params:oauth:grant-type:device_code"
	codeGrant    = "authorization_code"
	refreshGrant = "refresh_token"
	accessScope  = "sso:account:access"
)

var (
	createToken         = api.CreateToken.Operation
	registerClient      = api.RegisterClient.Operation
	startDevice         = api.StartDeviceAuthorization.Operation
	listAccounts        = api.ListAccounts.Operation
	listAccountRoles    = api.ListAccountRoles.Operation
	getRoleCredentials  = api.GetRoleCredentials.Operation
	logout              = api.Logout.Operation
	sessionRegistration = members{"clientName": "clients test", "clientType": "public", "scopes": []string{accessScope}}
)

// register registers a client. Changes are members that differ from those of a client that signs in for an sso-session.
func (p *party) register(changes members) registered {
	p.Helper()
	out := p.must(registerClient, sessionRegistration.with(changes))
	return registered{id: out.text("clientId"), secret: out.text("clientSecret"), expires: out.number("clientSecretExpiresAt")}
}

type registered struct {
	id, secret string
	expires    int64
}

// with returns the members with others changed or added.
func (m members) with(changes members) members {
	all := members{}
	for _, some := range []members{m, changes} {
		for name, value := range some {
			all[name] = value
		}
	}
	return all
}

// token is the input of CreateToken for the client.
func (r registered) token(grant string, more members) members {
	return members{"clientId": r.id, "clientSecret": r.secret, "grantType": grant}.with(more)
}

// start begins a device authorization.
func (p *party) start(r registered) (deviceCode, userCode string) {
	p.Helper()
	out := p.must(startDevice, members{"clientId": r.id, "clientSecret": r.secret, "startUrl": p.server.AWSStartURL()})
	return out.text("deviceCode"), out.text("userCode")
}

// signIn signs a person in by the device flow and returns the answer with the tokens.
func (p *party) signIn(r registered, userName string) members {
	p.Helper()
	deviceCode, userCode := p.start(r)
	p.server.Approve(userCode, userName)
	return p.must(createToken, r.token(deviceGrant, members{"deviceCode": deviceCode}))
}

// withEveryClient runs a test with each client at one world.
func withEveryClient(t *testing.T, w *world, test func(*party)) {
	t.Helper()
	for name, c := range everyClient(t) {
		p := &party{T: t, server: w.server, client: c, world: w}
		p.run(name, test)
	}
}

// run runs a part of the party's test, which fails alone.
func (p *party) run(name string, test func(*party)) {
	p.Helper()
	p.Run(name, func(t *testing.T) {
		part := *p
		if part.T = t; p.world != nil {
			its := *p.world
			its.party, part.world = &part, &its
		}
		test(&part)
	})
}

// eventually waits until a condition holds that something else brings about.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	const patience = 30 * time.Second // far above what anything here takes, on a busy machine too
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
	}
}
