package clients

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sso"
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
func (goSDK) call(t testing.TB, s *harness.Server, operation *api.Operation, in members) (members, *refusal) {
	t.Helper()
	var library any
	switch operation.Service {
	case api.SSOOIDC:
		library = ssooidc.New(ssooidc.Options{Region: s.Region, BaseEndpoint: &s.Endpoint, RetryMaxAttempts: 1})
	case api.SSO:
		library = sso.New(sso.Options{Region: s.Region, BaseEndpoint: &s.Endpoint, RetryMaxAttempts: 1})
	}
	method := reflect.ValueOf(library).MethodByName(operation.Name)
	input := reflect.New(method.Type().In(1).Elem())
	convert(t, in, input.Interface()) // encoding/json matches clientId with the field ClientId
	results := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), input})
	if err, _ := results[1].Interface().(error); err != nil {
		return nil, goRefusal(t, err)
	}
	var out any
	convert(t, results[0].Interface(), &out)
	return lowerCamel(out).(map[string]any), nil
}

func convert(t testing.TB, from, to any) {
	t.Helper()
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// lowerCamel turns the names of Go fields into those of the service model, and leaves out what is not set.
func lowerCamel(value any) any {
	switch value := value.(type) {
	case map[string]any:
		lowered := map[string]any{}
		for name, inner := range value {
			if inner != nil {
				lowered[strings.ToLower(name[:1])+name[1:]] = lowerCamel(inner)
			}
		}
		return lowered
	case []any:
		for i := range value {
			value[i] = lowerCamel(value[i])
		}
	}
	return value
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
	}
	return got
}

func textField(class reflect.Value, name string) string {
	field := class.FieldByName(name)
	if !field.IsValid() {
		return ""
	}
	return aws.ToString(field.Interface().(*string))
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
