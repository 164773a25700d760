package attacks

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/sigv4"
)

// owner is the account of the demo that the instance belongs to, another one of its organization's.
const (
	owner   = "111122223333"
	another = "222233334444"
)

// key is what somebody signs with.
type key struct{ id, secret, session string }

// admin is the key of the administrator that development mode has.
func (w *world) admin() key {
	return key{id: w.server.Admin.AccessKeyID, secret: w.server.Admin.SecretAccessKey}
}

// now is the moment on the server's clock.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.moved.Load())) }

// signing says how a request is signed. Without a key it is not.
type signing struct {
	key
	service, region string
}

// request makes a request that is signed as it says.
func (w *world) request(s signing, method, target string, header map[string]string, body []byte) *http.Request {
	w.t.Helper()
	r, err := http.NewRequest(method, w.server.Endpoint+target, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	if s.id == "" {
		return r
	}
	if s.region == "" {
		s.region = w.server.Region
	}
	signer := sigv4.Signer{
		Credentials: sigv4.Credentials{AccessKeyID: s.id, SecretAccessKey: s.secret, SessionToken: s.session}, Region: s.region, Service: s.service,
	}
	if err := signer.Sign(r, body, w.now()); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// call calls an operation of any of the services with a key, or without a signature when the key is empty.
func (w *world) call(k key, operation *api.Operation, in members) answer {
	w.t.Helper()
	return w.do(w.prepareCall(k, operation, in))
}

// prepareCall makes the request of a call, which may then be changed.
func (w *world) prepareCall(k key, operation *api.Operation, in members) *http.Request {
	w.t.Helper()
	service := operation.Service
	s := signing{key: k, service: service.SigningName}
	switch service.Protocol {
	case api.Query:
		form := url.Values{"Action": {operation.Name}, "Version": {service.Version}}
		flatten(form, "", in)
		return w.request(s, "POST", "/", asForm, []byte(form.Encode()))
	case api.JSON:
		header := map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": service.TargetPrefix + "." + operation.Name}
		return w.request(s, "POST", "/", header, w.json(in))
	}
	return w.request(s, operation.Method, operation.Path, asJSON, w.json(in))
}

var asForm = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}

func (w *world) json(in members) []byte {
	w.t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// flatten writes members as the Query protocol does: lists are numbered, names joined with dots.
func flatten(form url.Values, prefix string, value any) {
	switch value := value.(type) {
	case members:
		for name, member := range value {
			flatten(form, strings.TrimPrefix(prefix+"."+name, "."), member)
		}
	case []members:
		for i, member := range value {
			flatten(form, prefix+".member."+strconv.Itoa(i+1), member)
		}
	case []string:
		for i, member := range value {
			form.Set(prefix+".member."+strconv.Itoa(i+1), member)
		}
	case int:
		form.Set(prefix, strconv.Itoa(value))
	case string:
		form.Set(prefix, value)
	}
}

// administer calls an operation as the administrator, who must succeed.
func (w *world) administer(operation *api.Operation, in members) answer {
	w.t.Helper()
	a := w.call(w.admin(), operation, in)
	if a.status != 200 {
		w.t.Fatalf("%s: %s", operation.Name, a)
	}
	return a
}

// element is the text of the first element of that name in an XML answer.
func (a answer) element(name string) string {
	for decoder := xml.NewDecoder(bytes.NewReader(a.body)); ; {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		start, opens := token.(xml.StartElement)
		if !opens || start.Name.Local != name {
			continue
		}
		var text string
		if decoder.DecodeElement(&text, &start) != nil {
			return ""
		}
		return text
	}
}

// credentialsOf are those of an answer of STS.
func (a answer) credentialsOf() key {
	return key{a.element("AccessKeyId"), a.element("SecretAccessKey"), a.element("SessionToken")}
}

// roleCredentials are those of an answer of the portal.
func (w *world) roleCredentials(a answer) key {
	w.t.Helper()
	var out struct {
		RoleCredentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	}
	if err := json.Unmarshal(a.body, &out); err != nil || out.RoleCredentials.SessionToken == "" {
		w.t.Fatalf("no credentials in %s: %v", a, err)
	}
	return key{out.RoleCredentials.AccessKeyID, out.RoleCredentials.SecretAccessKey, out.RoleCredentials.SessionToken}
}

// whoIs tells whose a key is, or the refusal.
func (w *world) whoIs(k key) answer {
	w.t.Helper()
	return w.call(k, api.GetCallerIdentity.Operation, members{})
}

// assume takes on a role.
func (w *world) assume(k key, role, session string, changes members) answer {
	w.t.Helper()
	return w.call(k, api.AssumeRole.Operation, members{"RoleArn": role, "RoleSessionName": session}.with(changes))
}

// The principals of accounts are made as the operator makes them, beside the running server.

// addUser makes a user of an account, with one policy or with none, and a key of it.
func (w *world) addUser(account, name, document string) key {
	w.t.Helper()
	w.makePrincipal("", "iam", "create-user", name, "--account", account, document)
	return w.addKey(account, name)
}

// addRole makes a role of an account and returns its ARN.
func (w *world) addRole(account, name, trust, document string) string {
	w.t.Helper()
	w.makePrincipal(trust, "iam", "create-role", name, "--account", account, "--trust", "-", document)
	return "arn:aws:iam::" + account + ":role/" + name
}

// makePrincipal runs a command whose last word is a policy, or empty.
func (w *world) makePrincipal(stdin string, args ...string) {
	w.t.Helper()
	last := len(args) - 1
	if document := args[last]; document != "" {
		args = append(args[:last:last], "--document", document)
	} else {
		args = args[:last]
	}
	if out, err := w.command(stdin, args...); err != nil {
		w.t.Fatalf("sallyport %v: %v\n%s", args, err, out)
	}
}

var accessKeyLines = regexp.MustCompile(`aws_access_key_id = (\S+)\s+aws_secret_access_key = (\S+)`)

func (w *world) addKey(account, user string) key {
	w.t.Helper()
	out, err := w.command("", "iam", "create-access-key", "--account", account, "--user", user)
	found := accessKeyLines.FindStringSubmatch(out)
	if err != nil || found == nil {
		w.t.Fatalf("make a key of %s: %v\n%s", user, err, out)
	}
	w.kept.add("secret key", found[2])
	return key{id: found[1], secret: found[2]}
}

// Documents of policies.

func allow(actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + actions + `","Resource":"*"}]}`
}

// trusting is the trust policy that lets a principal take on the role.
func trusting(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":["sts:AssumeRole","sts:SetContext"]}]}`
}

// signatureRefusals are the names of everything that can be wrong with a signature, in the three protocols.
var signatureRefusals = "MissingAuthenticationTokenException|UnrecognizedClientException|InvalidSignatureException|ExpiredTokenException|" +
	"IncompleteSignatureException|MissingAuthenticationToken|IncompleteSignature|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken"

// signed are the operations that need a signature.
func signed() (all []*api.Operation) {
	for _, service := range api.Served {
		for _, operation := range service.Answered() {
			if operation.Auth == api.AuthSigV4 {
				all = append(all, operation)
			}
		}
	}
	return all
}

// withHeaders are headers and further ones.
func withHeaders(header map[string]string, more ...string) map[string]string {
	all := maps.Clone(header)
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

// drained reads all of an answer's body and closes it.
func drained(body io.ReadCloser) ([]byte, error) {
	text, err := io.ReadAll(body)
	return text, errors.Join(err, body.Close())
}
