//go:build clients

package browser

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"sallyport/test/harness"
)

// client calls the service as programs do that are not the point of a test.
type client struct {
	t        testing.TB
	http     *http.Client
	endpoint string
	headers  map[string]string
}

func newClient(t testing.TB, s *harness.Server) *client {
	return &client{t: t, http: http.DefaultClient, endpoint: s.Endpoint}
}

// registration is the answer of RegisterClient.
type registration struct {
	ClientID              string `json:"clientId"`
	ClientSecret          string `json:"clientSecret"`
	AuthorizationEndpoint string `json:"authorizationEndpoint"`
}

// deviceAuthorization is the answer of StartDeviceAuthorization, with who asked.
type deviceAuthorization struct {
	registration
	DeviceCode              string `json:"deviceCode"`
	UserCode                string `json:"userCode"`
	VerificationURI         string `json:"verificationUri"`
	VerificationURIComplete string `json:"verificationUriComplete"`
}

// tokens is the answer of CreateToken.
type tokens struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	ExpiresIn    int    `json:"expiresIn"`
}

// startDevice registers a client and starts a device authorization.
func (c *client) startDevice(clientName, startURL string) deviceAuthorization {
	c.t.Helper()
	var device deviceAuthorization
	c.post("/client/register", map[string]any{"clientName": clientName, "clientType": "public", "scopes": []string{"sso:account:access"}}, &device.registration)
	c.post("/device_authorization", map[string]any{"clientId": device.ClientID, "clientSecret": device.ClientSecret, "startUrl": startURL}, &device)
	return device
}

// redeem exchanges a device code that was approved.
func (c *client) redeem(device deviceAuthorization) tokens {
	c.t.Helper()
	var issued tokens
	c.post("/token", map[string]any{
		"clientId": device.ClientID, "clientSecret": device.ClientSecret,
		"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": device.DeviceCode,
	}, &issued)
	return issued
}

// post calls an operation that has to succeed.
func (c *client) post(path string, in, out any) {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, c.endpoint+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	status, answer := c.send(request)
	if status != http.StatusOK {
		c.t.Fatalf("POST %s: status %d: %s", path, status, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		c.t.Fatalf("POST %s: %v", path, err)
	}
}

// listAccounts calls ListAccounts with an access token, and returns the status and how many accounts there are.
func (c *client) listAccounts(accessToken string) (status, accounts int) {
	c.t.Helper()
	request, err := http.NewRequest(http.MethodGet, c.endpoint+"/assignment/accounts?max_result=100", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("x-amz-sso_bearer_token", accessToken)
	status, body := c.send(request)
	var answer struct {
		AccountList []struct{} `json:"accountList"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		c.t.Fatalf("ListAccounts answered %q: %v", body, err)
	}
	return status, len(answer.AccountList)
}

func (c *client) send(request *http.Request) (status int, body []byte) {
	c.t.Helper()
	response, err := c.http.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, body
}
