package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/sigv4"
	"sallyport/test/vectors"
)

// doors are the places that take something from strangers.
var doors = []struct{ method, path, contentType string }{
	{"POST", "/client/register", "application/json"},
	{"POST", "/device_authorization", "application/json"},
	{"POST", "/token", "application/json"},
	{"POST", "/token?aws_iam=t", "application/json"},
	{"POST", "/logout", "application/json"},
	{"GET", "/assignment/accounts", ""},
	{"GET", "/assignment/roles", ""},
	{"GET", "/federation/credentials", ""},
	{"POST", "/", "application/x-www-form-urlencoded"},
	{"POST", "/revoke", "application/x-www-form-urlencoded"},
	{"POST", "/introspect", "application/x-www-form-urlencoded"},
	{"POST", "/", "application/x-amz-json-1.1"},
	{"GET", "/", ""},
}

func TestEveryOperationHasADoorThatIsTried(t *testing.T) {
	tried := map[string]bool{}
	for _, door := range doors {
		tried[door.method+" "+door.path] = true
	}
	for _, service := range api.Served {
		for _, operation := range service.Answered() {
			if !tried[operation.Method+" "+operation.Path] {
				t.Errorf("%s is not in the table", operation.Name)
			}
		}
	}
}

// Whatever is sent, the answer is a refusal that can be read or a success, and never our failure.
func FuzzRequests(f *testing.F) {
	b := newBench(f)
	client := b.register()
	granted := b.login(client)
	signer := b.signers()["admin"]
	own := strings.NewReplacer("ID", client.ClientID, "SECRET", client.ClientSecret)
	for door := range doors {
		for _, seed := range []struct{ query, header, body string }{
			{"", "", ""},
			{"account_id=111122223333&role_name=Admin&max_result=1", granted.AccessToken, "{}"},
			{"account_id=1&next_token=x&max_result=9999999999999999999", "aoa\x00\xff", "null"},
			{"a=%zz&;", granted.RefreshToken, `{"clientId":"\u0000","clientSecret":"x","grantType":"x"}`},
			{"", "x", own.Replace(`{"clientId":"ID","clientSecret":"SECRET","grantType":"refresh_token","refreshToken":"aorx"}`)},
			{"", "x", own.Replace(`{"clientId":"ID","clientSecret":"SECRET","grantType":"authorization_code","code":"x","redirectUri":"http://[::1]:0","codeVerifier":"x"}`)},
			{"", "x", own.Replace(`{"clientId":"ID","clientSecret":"SECRET","startUrl":"https://d-1234567890.awsapps.com/start\u0000"}`)},
			{"", "x", `{"clientName":"x","clientType":"public","scopes":["openid"],"redirectUris":["http://127.0.0.1/oauth/callback"],"grantTypes":["authorization_code"]}`},
			{"", "x", own.Replace("client_id=ID&client_secret=SECRET&token=x")},
			{"", "x", whoAmI},
			{whoAmI, "x", ""},
			{"", "SWBExternalService.PutApplicationGrant", `{"ApplicationArn":"` + applicationARN + `","GrantType":"refresh_token","Grant":{"RefreshToken":{}}}`},
			{"", "SWBExternalService.CreateApplication", `{"InstanceArn":"arn:aws:sso:::instance/` + instanceID + `","Name":"x","Tags":[{"Key":"a","Value":null}]}`},
			{"", "AWSIdentityStore.ListUsers", `{"IdentityStoreId":"` + directory + `","Filters":[{"AttributePath":"UserName","AttributeValue":"alice"}]}`},
			{"", "AWSIdentityStore.CreateUser", `{"IdentityStoreId":"` + directory + `","UserName":"\u0000","Extensions":{"aws:x":{"a":[1e3]}}}`},
			{"", "", "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::999988887777:role/app&RoleSessionName=x&Tags.member.1.Key=a&Tags.member.1.Value="},
			{"", "", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::999988887777:role/app&RoleSessionName=x&WebIdentityToken=a.b.c"},
		} {
			f.Add(door, seed.query, seed.header, []byte(seed.body))
		}
	}
	f.Fuzz(func(t *testing.T, which int, query, token string, body []byte) {
		door := doors[uint(which)%uint(len(doors))]
		r := httptest.NewRequest(door.method, door.path, bytes.NewReader(body))
		if query != "" || door.path == "/" {
			r.URL.RawQuery = query
		}
		r.Header.Set("Content-Type", door.contentType)
		if door.path == "/" {
			b.enter(r, token, body, signer)
		} else {
			r.Header.Set("x-amz-sso_bearer_token", token)
			r.Header.Set("Authorization", token)
		}
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError || w.Code < http.StatusOK {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		if refused := w.Code >= http.StatusBadRequest; refused != (w.Header().Get("X-Amzn-Errortype") != "") {
			t.Errorf("status %d, exception %q", w.Code, w.Header().Get("X-Amzn-Errortype"))
		}
		switch w.Header().Get("Content-Type") {
		case "application/json", "application/x-amz-json-1.1":
			if !json.Valid(w.Body.Bytes()) || !utf8.Valid(w.Body.Bytes()) {
				t.Errorf("the answer is no JSON: %q", w.Body)
			}
		case "text/xml":
			if _, err := texts(w.Body.Bytes()); err != nil {
				t.Errorf("the answer is no XML: %v: %q", err, w.Body)
			}
		default:
			t.Errorf("the answer is of the type %q", w.Header().Get("Content-Type"))
		}
	})
}

// enter signs a request to the root as an administrator, for the service of its target or for STS, so that what is behind the signature is
// tried. What cannot be signed comes unsigned.
func (b *bench) enter(r *http.Request, target string, body []byte, signer sigv4.Credentials) {
	service := "sts"
	if r.Header.Get("Content-Type") == targetBody.mediaType {
		r.Header.Set("X-Amz-Target", target)
		service = "sso"
		if strings.HasPrefix(target, "AWSIdentityStore.") {
			service = "identitystore"
		}
	}
	r.RequestURI = r.URL.RequestURI()
	if err := (sigv4.Signer{Credentials: signer, Region: "us-east-1", Service: service}).Sign(r, body, b.clock.Now()); err != nil {
		r.Header.Del("Authorization")
	}
}

// texts reads a well-formed document to its end and returns what its innermost elements hold, by their names.
func texts(document []byte) (map[string]string, error) {
	found := map[string]string{}
	decoder := xml.NewDecoder(bytes.NewReader(document))
	var path []string
	text := ""
	for {
		item, err := decoder.Token()
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		switch item := item.(type) {
		case xml.StartElement:
			path, text = append(path, item.Name.Local), ""
		case xml.CharData:
			text += string(item)
		case xml.EndElement:
			if text != "" {
				found[path[len(path)-1]] = text
			}
			path, text = path[:len(path)-1], ""
		}
	}
}

// inXML is what a text can be in a document: what XML 1.0 has no letter for is replaced, and line ends are as they were.
func inXML(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r', r >= ' ' && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd, r >= 0x10000:
			return r
		}
		return utf8.RuneError
	}, text)
}

func FuzzXML(f *testing.F) {
	for _, seed := range []string{
		"alice", "</Arn><Arn>x", "a&b<c>\"d'", "]]>", "<!--", "<?xml?>", "\x00\x1b\x7f", "\xff\xfe", "\ufffe\uffff", "a\r\nb\tc", "&#x0;", "\u2028", "日本",
	} {
		f.Add(seed, seed)
	}
	h := api.GetCallerIdentity.Handle(nil)
	f.Fuzz(func(t *testing.T, name, id string) {
		for _, document := range [][]byte{
			xmlAnswer(h, id, &api.GetCallerIdentityResponse{UserID: id, Account: account, ARN: name}),
			xmlError(id, fault.SignatureDoesNotMatch.Refuse(name)),
		} {
			found, err := texts(document)
			if err != nil {
				t.Fatalf("%v: %q", err, document)
			}
			for element, want := range map[string]string{"Arn": name, "UserId": id, "Message": name, "RequestId": id} {
				if got, ok := found[element]; ok && got != inXML(want) {
					t.Errorf("%s holds %q, want %q", element, got, inXML(want))
				}
			}
			allowed := map[string]bool{"Arn": true, "UserId": true, "Account": true, "RequestId": true, "Type": true, "Code": true, "Message": true}
			for element := range found {
				if !allowed[element] {
					t.Errorf("there is an element %s: %q", element, document)
				}
			}
		}
	})
}

func FuzzTokenForm(f *testing.F) {
	for _, seed := range []string{"token=a&client_id=b", "token=a&token=b", "%", "token=%00", "token=a;client_id=b", url.Values{"token": {"é&="}}.Encode()} {
		f.Add(seed, "Basic YTpi")
	}
	for _, form := range vectors.Bodies(f, "input", "query") {
		f.Add(form, "")
	}
	f.Fuzz(func(t *testing.T, body, authorization string) {
		r := httptest.NewRequest("POST", "/revoke", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", authorization)
		form, err := readTokenForm(httptest.NewRecorder(), r)
		if _, refused := fault.As(err); err != nil && !refused {
			t.Errorf("a failure: %v", err)
		}
		if (err == nil) != (form.token != "") {
			t.Errorf("%v with the token %q", err, form.token)
		}
	})
}
