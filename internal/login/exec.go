package login

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/session"
)

// The exit codes of shells for a program that does not run.
const (
	exitCannotRun = 126
	exitNotFound  = 127
)

var execute = &command.Command{
	Word:     "exec",
	Purpose:  "Run a program with the credentials of a role in its environment",
	Operands: "-- COMMAND [ARGUMENT ...]",
	Description: []string{
		"Gets the credentials of the profile's role, or of the one that --account-id and --role-name name, puts them into the environment " +
			"with the Region and the endpoints that the profile names, takes variables out that would lead to others, and becomes the program: signals and exit code are its own.",
		"The credentials are not renewed while the program runs. One that runs longer than they live should use a profile.",
		"Exits with 127 when there is no such program, and with 126 when it cannot be run.",
	},
	Options: roleOptions,
	Examples: []command.Example{
		{Title: "Run Terraform as the role of a profile", Line: "exec --profile dev -- terraform plan"},
		{Title: "Open a shell as another role", Line: "exec --profile dev --role-name Admin -- bash"},
	},
	Run: runExec,
}

func runExec(ctx context.Context, call *command.Call) error {
	if len(call.Words) == 0 {
		return command.UsageError("the following arguments are required: -- COMMAND")
	}
	path, err := findProgram(call.Words[0])
	if err != nil {
		return err
	}
	found, settings, err := roleCredentials(ctx, call)
	if err != nil {
		return err
	}
	return cannotRun(call.Words[0], become(path, call.Words, environment(os.Environ(), found, regionFor(settings), settings.EndpointVariables())))
}

// findProgram is the path of a program, which is looked for before anything is asked of a server. One that only the folder has in which we
// run is not meant unless its path says so: the folder may be anybody's, and the program gets credentials.
func findProgram(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", cannotRun(name, err)
	}
	return path, nil
}

// cannotRun tells why a program did not run, by the exit codes of shells.
func cannotRun(name string, err error) error {
	exit := exitCannotRun
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		exit = exitNotFound
	}
	var detail *exec.Error
	if errors.As(err, &detail) {
		err = detail.Err
	}
	return &command.Failure{Exit: exit, Message: "cannot run " + name + ": " + err.Error()}
}

// regionFor is the Region of the program's calls, empty where none is set: then it looks for one itself.
func regionFor(settings *client.Settings) string {
	region, err := settings.Region()
	if err != nil {
		return ""
	}
	return region
}

// misleading are the variables by which SDKs would find other credentials than ours, or which belong to other ones.
var misleading = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_ACCOUNT_ID", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
}

// environment is what the program finds in place of ours.
func environment(ours []string, found session.Credentials, region string, endpoints []string) []string {
	set := []string{
		"AWS_ACCESS_KEY_ID=" + found.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + found.SecretAccessKey, "AWS_SESSION_TOKEN=" + found.SessionToken,
		"AWS_CREDENTIAL_EXPIRATION=" + found.Expiration.UTC().Format(time.RFC3339),
	}
	if region != "" {
		set = append(set, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region)
	}
	set = append(set, endpoints...)
	gone := slices.Clone(misleading)
	for _, entry := range set {
		name, _, _ := strings.Cut(entry, "=")
		gone = append(gone, name)
	}
	kept := slices.DeleteFunc(slices.Clone(ours), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(gone, name)
	})
	return append(kept, set...)
}
