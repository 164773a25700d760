package sigv4

import (
	"bufio"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// hostile is the file of raw requests with their verdicts.
type hostile struct {
	Config struct {
		Hosts             []string
		Region            string
		MaxPresignSeconds int `json:"max_presign_seconds"`
		SkewSeconds       int `json:"skew_seconds"`
	}
	Credentials []struct {
		Name         string
		AccessKeyID  string `json:"access_key_id"`
		Secret       string
		SessionToken string `json:"session_token"`
	}
	Cases []struct {
		ID, Expect, Now, Raw, Caller string
		RawBase64                    string `json:"raw_b64"`
	}
}

// authenticate does what a rim does: dispatch, parse, look up, verify. It answers the name of the key.
func (h *hostile) authenticate(r *http.Request, body []byte, now time.Time, presigned bool) (string, error) {
	service := "sts"
	if strings.EqualFold(r.URL.Path, "/token") {
		service = "sso-oauth"
	}
	claim, err := Parse(r, Policy{
		Service: service, Regions: []string{h.Config.Region}, Hosts: h.Config.Hosts, AllowPresigned: presigned,
		Skew: time.Duration(h.Config.SkewSeconds) * time.Second, MaxPresign: time.Duration(h.Config.MaxPresignSeconds) * time.Second,
	})
	if err != nil {
		return "", err
	}
	name, secret := "", ""
	for _, c := range h.Credentials {
		if c.AccessKeyID == claim.AccessKeyID && c.SessionToken == claim.SessionToken {
			name, secret = c.Name, c.Secret
		}
	}
	return name, claim.Verify(nil, body, secret, now)
}

func TestHostileRequestsOverTheWire(t *testing.T) {
	h := readVectors[hostile](t, "hostile-sigv4/cases.json")
	const inFile = 78
	if len(h.Cases) != inFile {
		t.Fatalf("%d cases, want %d", len(h.Cases), inFile)
	}
	for name, presigned := range map[string]bool{"header only": false, "presigned allowed": true} {
		t.Run(name, func(t *testing.T) { h.run(t, presigned) })
	}
}

func (h *hostile) run(t *testing.T, presigned bool) {
	var now time.Time
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		caller, err := h.authenticate(r, body, now, presigned)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		io.WriteString(w, caller)
	}))
	defer server.Close()
	for _, c := range h.Cases {
		t.Run(c.ID, func(t *testing.T) {
			raw := []byte(c.Raw)
			if c.RawBase64 != "" {
				raw = must(base64.StdEncoding.DecodeString(c.RawBase64))
			}
			now = must(time.Parse(timeLayout, c.Now))
			status, caller := exchange(t, server.Listener.Addr().String(), raw)
			accepted := status == http.StatusOK
			if c.Expect != "either" && accepted != (c.Expect == "accept") {
				t.Fatalf("status %d %s, want %s", status, caller, c.Expect)
			}
			if accepted && c.Caller != "" && caller != c.Caller {
				t.Errorf("accepted as %s, want %s", caller, c.Caller)
			}
			if accepted && c.Caller == "" && caller != "PERM1" {
				t.Errorf("accepted as %s", caller)
			}
			if !accepted && status != http.StatusForbidden && status != http.StatusBadRequest {
				t.Errorf("status %d", status)
			}
		})
	}
}

// exchange sends raw bytes on a connection of their own and reads one answer.
func exchange(t *testing.T, address string, raw []byte) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// must is for values of the tests themselves.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
