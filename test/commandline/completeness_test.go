package commandline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/test/harness"
)

// script is one of the files, parted into the words of its lines and the files in it.
type script struct {
	lines [][]string
	text  string // all of it
}

func readScripts(t *testing.T) []script {
	t.Helper()
	var read []script
	err := filepath.WalkDir(scripts, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		s := script{text: string(text)}
		for line := range strings.Lines(string(txtar.Parse(text).Comment)) {
			if !strings.HasPrefix(line, "#") {
				s.lines = append(s.lines, strings.Fields(line))
			}
		}
		read = append(read, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// anyLine reports whether a line of a script has all the words, each either alone or before an equals sign.
func anyLine(scripts []script, words ...string) bool {
	hasAll := func(line []string) bool {
		for _, word := range words {
			if !slices.ContainsFunc(line, func(w string) bool { return w == word || strings.HasPrefix(w, word+"=") }) {
				return false
			}
		}
		return true
	}
	return slices.ContainsFunc(scripts, func(s script) bool { return slices.ContainsFunc(s.lines, hasAll) })
}

func anyText(scripts []script, wanted string) bool {
	return slices.ContainsFunc(scripts, func(s script) bool { return strings.Contains(s.text, wanted) })
}

// optionName is an option in the synopsis of a help page.
var optionName = regexp.MustCompile(`--[a-z][a-z-]*`)

// synopsis is the part of a help page that names each option once.
var synopsis = regexp.MustCompile(`(?s)\nSYNOPSIS\n(.*?)\n\n`)

// optionsOf are the options of an operation: those that its help shows, and those of its input, of which the help hides some.
func optionsOf(t *testing.T, operation *api.Operation) []string {
	t.Helper()
	help := exec.Command(harness.Binary(t), operation.Service.Command, command.Spell(operation.Name), "help")
	help.Env = []string{"HOME=" + t.TempDir()}
	page, err := help.Output()
	if err != nil {
		t.Fatalf("help of %s: %v", operation.Name, err)
	}
	found := synopsis.FindSubmatch(page)
	if found == nil {
		t.Fatalf("the help of %s has no synopsis", operation.Name)
	}
	options := optionName.FindAllString(string(found[1]), -1)
	for _, member := range operation.Input.Members {
		options = append(options, "--"+command.Spell(member.Name))
	}
	return options
}

func TestEveryOptionOfEveryOperationIsInAScript(t *testing.T) {
	all := readScripts(t)
	for _, service := range api.Services {
		for _, operation := range service.Operations {
			word := command.Spell(operation.Name)
			for _, option := range optionsOf(t, operation) {
				if !anyLine(all, service.Command, word, option) {
					t.Errorf("no script calls %s %s with %s", service.Command, word, option)
				}
			}
		}
	}
}

func TestEveryGlobalOptionAndEachOfItsChoicesIsInAScript(t *testing.T) {
	all := readScripts(t)
	for _, option := range command.GlobalOptions {
		if !anyLine(all, "--"+option.Name) {
			t.Errorf("no script has --%s", option.Name)
		}
		for _, choice := range option.Choices {
			if !anyText(all, "--"+option.Name+" "+choice) && !anyText(all, "--"+option.Name+"="+choice) {
				t.Errorf("no script has --%s %s", option.Name, choice)
			}
		}
	}
}

func TestEveryExceptionOfEveryOperationIsInAScript(t *testing.T) {
	all := readScripts(t)
	for _, service := range api.Services {
		for _, operation := range service.Operations {
			for _, kind := range slices.Concat(operation.Refusals, operation.Unlisted) {
				if !anyText(all, fmt.Sprintf("An error occurred (%s) when calling the %s operation", kind.Name, operation.Name)) {
					t.Errorf("no script expects %s of %s", kind.Name, operation.Name)
				}
			}
		}
	}
}

func TestEveryOperationIsPrintedInEveryForm(t *testing.T) {
	all := readScripts(t)
	for _, option := range command.GlobalOptions {
		if option.Name != "output" {
			continue
		}
		for _, service := range api.Services {
			for _, operation := range service.Operations {
				for _, form := range option.Choices {
					if !anyLine(all, service.Command, command.Spell(operation.Name), "--output", form) {
						t.Errorf("no script has %s %s --output %s", service.Command, command.Spell(operation.Name), form)
					}
				}
			}
		}
	}
}

func TestEveryExitCodeIsInAScript(t *testing.T) {
	all := readScripts(t)
	codes := []int{command.ExitOK, command.ExitInterrupt, command.ExitUsage, command.ExitConfiguration, command.ExitService, command.ExitOther}
	for _, code := range codes {
		if !expected(all, code) {
			t.Errorf("no script expects exit code %d", code)
		}
	}
}

// expected reports whether a line of a script wants the exit code.
func expected(scripts []script, code int) bool {
	return anyLine(scripts, "exits", fmt.Sprint(code)) || anyLine(scripts, "terminal", fmt.Sprint(code))
}

func TestEveryKindOfFailureIsInAScript(t *testing.T) {
	all := readScripts(t)
	for name, construct := range map[string]func(string, ...any) error{
		"UsageError": command.UsageError, "UnknownOptionsError": command.UnknownOptionsError, "ValidationError": command.ValidationError,
		"NoRegionError": command.NoRegionError, "NoCredentialsError": command.NoCredentialsError, "PagerError": command.PagerError,
		"OtherError": command.OtherError,
	} {
		var failure *command.Failure
		if !errors.As(construct("a sentence"), &failure) {
			t.Fatalf("%s is no failure", name)
		}
		if !expected(all, failure.Exit) || failure.Code != "" && !anyText(all, `An error occurred \(`+failure.Code+`\)`) {
			t.Errorf("no script expects %s: code %q, exit code %d", name, failure.Code, failure.Exit)
		}
	}
}

// settings are the variables and the keys of the shared files that the reference honours for these commands.
var settings = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_DEFAULT_OUTPUT", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
	"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSO_OIDC", "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_STS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
	"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "no_proxy", "http_proxy",
	"AWS_PAGER", "PAGER", "MANPAGER", "LESS", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_CLI_AUTO_PROMPT", "AWS_CLI_ERROR_FORMAT", "AWS_CLI_FILE_ENCODING",
	"AWS_CLI_OUTPUT_ENCODING", "AWS_DATA_PATH", "AWS_EXECUTION_ENV", "AWS_SDK_UA_APP_ID",
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ROLE_ARN",
	"AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
	"region =", "output =", "cli_pager =", "cli_error_format =", "cli_auto_prompt =", "ca_bundle =", "endpoint_url =", "services =",
	"ignore_configured_endpoint_urls =", "use_fips_endpoint =", "use_dualstack_endpoint =", "retry_mode =", "max_attempts =",
	"aws_access_key_id =", "aws_secret_access_key =", "aws_session_token =", "role_arn =", "source_profile =", "credential_source =", "external_id =",
	"duration_seconds =", "role_session_name =", "web_identity_token_file =", "credential_process =", "sso_session =", "sso_account_id =",
	"sso_role_name =", "sso_start_url =", "sso_region =",
}

func TestEverySettingIsInAScript(t *testing.T) {
	all := readScripts(t)
	for _, setting := range settings {
		if !anyText(all, setting) {
			t.Errorf("no script has %s", setting)
		}
	}
}
