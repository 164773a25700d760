//go:build clients

package sharing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// roleEnvironment makes the test binary another program: one in Go that uses the SDK, or the browser of a person.
const roleEnvironment = "SHARING_TEST_ROLE"

const (
	roleIdentity = "identity"
	roleToken    = "token"
	roleBrowser  = "browser"
)

func TestMain(m *testing.M) {
	roles := map[string]func(context.Context) error{roleIdentity: goIdentity, roleToken: goToken, roleBrowser: browse}
	role, isRole := roles[os.Getenv(roleEnvironment)]
	if !isRole {
		os.Exit(m.Run())
	}
	if err := role(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// goIdentity prints whose the credentials of the profile are, as any program in Go finds them.
func goIdentity(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn)})
}

// goToken waits at the gate and prints the access token of the profile's session.
func goToken(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	if cfg.BearerAuthTokenProvider == nil {
		return errors.New("the SDK finds no session")
	}
	os.NewFile(readyFile, "ready").Write([]byte{'\n'})
	io.Copy(io.Discard, os.NewFile(gateFile, "gate"))
	token, err := cfg.BearerAuthTokenProvider.RetrieveBearerToken(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Println(token.Value)
	return err
}

// browse opens the address as alice would who is signed in and allows everything.
func browse(context.Context) error {
	address, err := url.Parse(os.Args[1])
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"userName": person, "query": address.RawQuery})
	if err != nil {
		return err
	}
	toControl := address.ResolveReference(&url.URL{Path: "/_dev/authorize"})
	allow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	allowed, err := allow.Post(toControl.String(), "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	allowed.Body.Close()
	back, err := http.Get(allowed.Header.Get("Location"))
	if err != nil {
		return err
	}
	back.Body.Close()
	if back.StatusCode != http.StatusOK {
		return fmt.Errorf("the way back ends with %s", back.Status)
	}
	return nil
}
