//go:build terraform

package clients

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"sallyport/test/harness"
)

// Terraform and its AWS provider are in no place from which tests could install them, so this has a build tag of its own:
//
//	go test -tags terraform -run Terraform ./test/clients
//
// The provider is found as Terraform's configuration says (TF_CLI_CONFIG_FILE). It waits for seconds wherever AWS needs them.

// TestTerraform: what was applied is there, what was changed is changed, and nothing is left of what was destroyed. A plan right after each
// finds nothing to do.
func TestTerraform(t *testing.T) {
	tf := newTerraform(t, harness.Start(t))
	tf.must("init", "-input=false")
	for _, revision := range []string{"1", "2"} {
		tf.environ = append(tf.environ, "TF_VAR_revision="+revision)
		tf.must("apply", "-input=false", "-auto-approve")
		const differs = 2
		if code := tf.must("plan", "-input=false", "-detailed-exitcode"); code == differs {
			t.Errorf("a plan right after revision %s found differences", revision)
		}
	}
	tf.must("destroy", "-input=false", "-auto-approve")
}

// terraform is Terraform in a folder of the test's own.
type terraform struct {
	*testing.T
	folder  string
	environ []string
}

func newTerraform(t *testing.T, s *harness.Server) *terraform {
	t.Helper()
	tf := &terraform{T: t, folder: t.TempDir()}
	text, err := os.ReadFile(filepath.Join(harness.Root(), "test", "clients", "terraform", "main.tf"))
	if err == nil {
		err = os.WriteFile(filepath.Join(tf.folder, "main.tf"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	tf.environ = append(bareEnviron(t.TempDir()), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.Getenv("TF_CLI_CONFIG_FILE"), "TF_VAR_endpoint="+s.Endpoint,
		"AWS_ACCESS_KEY_ID="+s.Admin.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.Admin.SecretAccessKey)
	return tf
}

// must runs a command and returns its exit code, of which 1 means that it failed.
func (tf *terraform) must(arguments ...string) int {
	tf.Helper()
	command := exec.Command(harness.NeedProgram(tf, "terraform"), append(arguments, "-no-color")...)
	command.Dir, command.Env = tf.folder, tf.environ
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == 1) {
		tf.Fatalf("terraform %v: %v\n%s", arguments, err, out)
	}
	code := command.ProcessState.ExitCode()
	if code != 0 {
		tf.Logf("terraform %v ended with %d:\n%s", arguments, code, out)
	}
	return code
}
