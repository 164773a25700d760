package client

import (
	"context"
	"errors"
	"sallyport/internal/command"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"sallyport/internal/sigv4"
)

// credentials are those of the caller: from the environment, unless --profile is given, or else from the chain of the official
// SDK, which knows roles, web identities, single sign-on, processes, containers and instances.
func (s *Settings) credentials(ctx context.Context, region string) (sigv4.Credentials, error) {
	if !s.Global.Has("profile") {
		found, err := s.environmentCredentials()
		if err != nil || found.AccessKeyID != "" {
			return found, err
		}
	}
	if err := s.checkStaticKeys(); err != nil {
		return sigv4.Credentials{}, err
	}
	return s.chainCredentials(ctx, region)
}

// environmentCredentials are empty when the environment names no key. Half a set is a mistake, and so is one that has expired.
func (s *Settings) environmentCredentials() (sigv4.Credentials, error) {
	get := func(name string) string { value, _ := s.LookupEnv(name); return value }
	found := sigv4.Credentials{AccessKeyID: get("AWS_ACCESS_KEY_ID"), SecretAccessKey: get("AWS_SECRET_ACCESS_KEY"), SessionToken: get("AWS_SESSION_TOKEN")}
	if found.AccessKeyID == "" {
		return sigv4.Credentials{}, nil
	}
	if found.SecretAccessKey == "" {
		return sigv4.Credentials{}, command.OtherError("Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY")
	}
	if found.SessionToken == "" {
		found.SessionToken = get("AWS_SECURITY_TOKEN")
	}
	if expiry := get("AWS_CREDENTIAL_EXPIRATION"); expiry != "" {
		moment, err := time.Parse(time.RFC3339, expiry)
		if err != nil || !moment.After(time.Now()) {
			return sigv4.Credentials{}, command.OtherError("Credentials were refreshed, but the refreshed credentials are still expired: the token has expired (AWS_CREDENTIAL_EXPIRATION %s)", expiry)
		}
	}
	return found, nil
}

// checkStaticKeys refuses a profile with half a set of keys, which the SDK would silently pass over.
func (s *Settings) checkStaticKeys() error {
	if s.profile["aws_access_key_id"] != "" && s.profile["aws_secret_access_key"] == "" && s.profile["role_arn"] == "" {
		return command.OtherError("Partial credentials found in shared-credentials-file, missing: aws_secret_access_key")
	}
	return nil
}

func (s *Settings) chainCredentials(ctx context.Context, region string) (sigv4.Credentials, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRegion(region),
		config.WithSharedConfigFiles([]string{s.configPath}),
		config.WithSharedCredentialsFiles([]string{s.credentialsPath}),
		config.WithAssumeRoleCredentialOptions(keepRoleDuration),
	}
	// Only a profile named on the command line goes before the other sources of the environment.
	if profile := s.Global.One("profile"); profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return sigv4.Credentials{}, command.OtherError("Error when retrieving credentials: %v", err)
	}
	found, err := loaded.Credentials.Retrieve(ctx)
	if err != nil {
		return sigv4.Credentials{}, credentialsError(err)
	}
	if found.Expired() {
		return sigv4.Credentials{}, command.OtherError("Error when retrieving credentials from %s: the token has expired", found.Source)
	}
	s.Debug.Printf("credentials of %s from %s", found.AccessKeyID, found.Source)
	return sigv4FromSDK(found), nil
}

// keepRoleDuration leaves the lifetime of a role session to the service where the profile names none, as the reference does.
// The SDK would ask for a quarter of an hour.
func keepRoleDuration(o *stscreds.AssumeRoleOptions) {
	if o.Duration == 0 {
		o.Client = roleClient{o.Client}
	}
}

type roleClient struct{ stscreds.AssumeRoleAPIClient }

// AssumeRole asks for a session of the service's own default lifetime.
func (c roleClient) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, options ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	in.DurationSeconds = nil
	return c.AssumeRoleAPIClient.AssumeRole(ctx, in, options...)
}

func sigv4FromSDK(found aws.Credentials) sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: found.AccessKeyID, SecretAccessKey: found.SecretAccessKey, SessionToken: found.SessionToken}
}

// imdsID is the name of the instance metadata service in errors of the SDK. It is the last of the chain: when it fails, there
// was nothing before it.
const imdsID = "ec2imds"

// credentialsError tells apart: nothing is configured, a service refused, and everything else.
func credentialsError(err error) error {
	var operation *smithy.OperationError
	var refusal smithy.APIError
	switch {
	case errors.As(err, &operation) && operation.Service() == imdsID:
		return command.NoCredentialsError("Unable to locate credentials in the environment, the profile, a container or an instance")
	case errors.As(err, &operation) && operation.Service() == "STS" && errors.As(err, &refusal):
		return &command.Failure{Exit: command.ExitService, Code: refusal.ErrorCode(), When: whenCalling(operation.Operation()), Message: refusal.ErrorMessage()}
	}
	return command.OtherError("Error when retrieving credentials: %v", err)
}
