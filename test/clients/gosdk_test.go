package clients

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

func TestGoSDK(t *testing.T) { suite(t, goSDK{}) }

// goSDK is the AWS SDK for Go v2.
type goSDK struct{}

// call finds the method of the operation by its name, so that one table serves every operation and every language.
func (goSDK) call(t testing.TB, s *harness.Server, signer key, operation *api.Operation, in members) (members, *refusal) {
	t.Helper()
	method := reflect.ValueOf(goLibrary(s, signer, operation.Service)).MethodByName(operation.Name)
	input := reflect.New(method.Type().In(1).Elem())
	var plain any
	convert(t, in, &plain)
	fill(t, input.Elem(), plain)
	results := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), input})
	if err, _ := results[1].Interface().(error); err != nil {
		return nil, goRefusal(t, err)
	}
	out := read(t, results[0], operation.Service.Protocol == api.RESTJSON).(map[string]any)
	delete(out, "resultMetadata")
	delete(out, "ResultMetadata")
	return out, nil
}

// goLibrary is the client of the service. Without a key it signs nothing.
func goLibrary(s *harness.Server, signer key, service *api.Service) any {
	config := aws.Config{
		Region: s.Region, BaseEndpoint: &s.Endpoint, RetryMaxAttempts: 1, Credentials: aws.AnonymousCredentials{},
	}
	if signer != (key{}) {
		config.Credentials = credentials.NewStaticCredentialsProvider(signer.ID, signer.Secret, signer.Session)
	}
	switch service {
	case api.SSOOIDC:
		return ssooidc.NewFromConfig(config)
	case api.SSO:
		return sso.NewFromConfig(config)
	case api.STS:
		return sts.NewFromConfig(config)
	case api.SSOAdmin:
		return ssoadmin.NewFromConfig(config)
	case api.IdentityStore:
		return identitystore.NewFromConfig(config)
	}
	panic("no library for " + service.ID)
}

// goRefusal reads the error as a Go program does, with errors.As.
func goRefusal(t testing.TB, err error) *refusal {
	t.Helper()
	var exception smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &exception) || !errors.As(err, &response) {
		t.Fatalf("the call failed without an answer: %v", err)
	}
	got := &refusal{
		Exception: exception.ErrorCode(), Message: exception.ErrorMessage(), Status: response.HTTPStatusCode(), RequestID: response.ServiceRequestID(),
	}
	class := reflect.ValueOf(exception).Elem()
	if got.Typed = strings.HasSuffix(class.Type().PkgPath(), "/types"); got.Typed {
		got.Exception = class.Type().Name()
		got.Error, got.Description = textField(class, "Error_"), textField(class, "Error_description")
		got.Reason, got.Endpoint, got.Region = textField(class, "Reason"), textField(class, "Endpoint"), textField(class, "Region")
	}
	return got
}

func textField(class reflect.Value, name string) string {
	field := reflect.Indirect(class.FieldByName(name))
	if field.Kind() != reflect.String {
		return ""
	}
	return field.String()
}

// identity loads the profile as any Go program does.
func (goSDK) identity(t testing.TB, h *home) identity {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	for _, entry := range h.environ() {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	// Without names, the SDK reads the files of the home that was there when the program was loaded.
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigFiles([]string{h.configFile()}),
		config.WithSharedCredentialsFiles(nil))
	if err != nil {
		t.Fatal(err)
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn), UserID: aws.ToString(out.UserId)}
}
