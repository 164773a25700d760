package client

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
	"github.com/aws/aws-sdk-go-v2/service/signin"

	"sallyport/internal/command"
	"sallyport/internal/sigv4"
)

// fromLogin takes the credentials that `aws login` left, refreshing them where needed. The official SDK has all of it but the settings of
// the connection.
func (k seeker) fromLogin() (fetch, error) {
	session, given := k.keys["login_session"]
	if !given {
		return nil, nil
	}
	return func(ctx context.Context, region string) (granted, error) {
		provider, err := k.loginProvider(session, region)
		if err != nil {
			return granted{}, err
		}
		found, err := provider.Retrieve(ctx)
		if err != nil {
			return granted{}, command.OtherError("Error when retrieving credentials from login: %v", err)
		}
		return granted{
			Credentials: sigv4.Credentials{AccessKeyID: found.AccessKeyID, SecretAccessKey: found.SecretAccessKey, SessionToken: found.SessionToken},
			expires:     found.Expires,
		}.fresh("login")
	}, nil
}

func (s *Settings) loginProvider(session, region string) (*logincreds.Provider, error) {
	options := signin.Options{Region: region}
	text, given, err := s.configuredEndpoint("signin")
	if err != nil {
		return nil, err
	}
	endpoint := &url.URL{Scheme: "https"}
	if given {
		if endpoint, err = parseEndpoint(text); err != nil {
			return nil, err
		}
		options.BaseEndpoint = aws.String(endpoint.String())
	}
	transport, err := s.inner().Transport(endpoint)
	if err != nil {
		return nil, err
	}
	options.HTTPClient = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the refresh token is for this endpoint alone
	}}
	folder, err := s.loginFolder()
	if err != nil {
		return nil, err
	}
	path, err := logincreds.StandardCachedTokenFilepath(session, folder)
	if err != nil {
		return nil, command.OtherError("Error when retrieving credentials from login: %v", err)
	}
	return logincreds.New(signin.New(options), path, func(o *logincreds.Options) { o.RestrictPermissions = true }), nil
}

// loginFolder is where `aws login` keeps its tokens.
func (s *Settings) loginFolder() (string, error) {
	if folder := s.Getenv("AWS_LOGIN_CACHE_DIRECTORY"); folder != "" {
		return folder, nil
	}
	if s.Home == "" {
		return "", command.OtherError("Error when retrieving credentials from login: no home folder is known, in which its token would be: " +
			"set AWS_LOGIN_CACHE_DIRECTORY to the folder that holds it")
	}
	return filepath.Join(s.Home, ".aws", "login", "cache"), nil
}
