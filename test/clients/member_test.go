//go:build clients

package clients

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/smithy-go"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// memberAdministrator is a user of an account who may do everything there, and their client.
func memberAdministrator(t *testing.T, s *harness.Server, account string) *ssoadmin.Client {
	t.Helper()
	file := filepath.Join(t.TempDir(), "all.json")
	const all = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	if err := os.WriteFile(file, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Operate("iam", "create-user", "bea", "--account", account, "--policy", file)
	return goLibrary(s, newKey(t, s, "--user", "bea", "--account", account), api.SSOAdmin).(*ssoadmin.Client)
}

func exceptionOf(err error) string {
	var exception smithy.APIError
	if errors.As(err, &exception) {
		return exception.ErrorCode()
	}
	return ""
}

// An account that may configure what is its own makes an instance of its own, once, and cannot touch the organization's.
func TestAMemberAccountHasAnInstanceOfItsOwn(t *testing.T) {
	const account = "222233334444"
	s := harness.Start(t, "--member-accounts", account)
	client := memberAdministrator(t, s, account)
	made, err := client.CreateInstance(t.Context(), &ssoadmin.CreateInstanceInput{Name: aws.String("bea")})
	if err != nil {
		t.Fatal(err)
	}
	seen, err := client.ListInstances(t.Context(), nil)
	if err != nil || len(seen.Instances) != 2 || *seen.Instances[1].InstanceArn != *made.InstanceArn || seen.Instances[1].Status != types.InstanceStatusActive {
		t.Errorf("sees %+v, %v", seen, err)
	}
	application, err := client.CreateApplication(t.Context(), &ssoadmin.CreateApplicationInput{
		InstanceArn: made.InstanceArn, ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom"), Name: aws.String("mine"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, refused := range []struct {
		name, want string
		call       func() error
	}{
		{"a second instance", "ConflictException", func() error {
			_, err := client.CreateInstance(t.Context(), nil)
			return err
		}},
		{"a permission set of the organization", "AccessDeniedException", func() error {
			_, err := client.CreatePermissionSet(t.Context(), &ssoadmin.CreatePermissionSetInput{InstanceArn: &s.InstanceARN, Name: aws.String("x")})
			return err
		}},
		{"a permission set of its own", "ValidationException", func() error {
			_, err := client.CreatePermissionSet(t.Context(), &ssoadmin.CreatePermissionSetInput{InstanceArn: made.InstanceArn, Name: aws.String("x")})
			return err
		}},
		{"the end of the organization", "AccessDeniedException", func() error {
			_, err := client.DeleteInstance(t.Context(), &ssoadmin.DeleteInstanceInput{InstanceArn: &s.InstanceARN})
			return err
		}},
	} {
		if err := refused.call(); exceptionOf(err) != refused.want {
			t.Errorf("%s: %v, want %s", refused.name, err, refused.want)
		}
	}
	if _, err := client.DeleteInstance(t.Context(), &ssoadmin.DeleteInstanceInput{InstanceArn: made.InstanceArn}); err != nil {
		t.Fatal(err)
	}
	_, err = client.DescribeApplication(t.Context(), &ssoadmin.DescribeApplicationInput{ApplicationArn: application.ApplicationArn})
	if exceptionOf(err) != "ResourceNotFoundException" {
		t.Errorf("an application of the instance that went: %v", err)
	}
}

func TestOtherAccountsConfigureNothing(t *testing.T) {
	s := harness.Start(t)
	client := memberAdministrator(t, s, "222233334444")
	if _, err := client.CreateInstance(t.Context(), nil); exceptionOf(err) != "AccessDeniedException" {
		t.Errorf("CreateInstance: %v", err)
	}
}
