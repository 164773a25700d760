package main

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/command"
)

func TestMistakesOfTheCommandLineAreRefusedBeforeAnythingIsDone(t *testing.T) {
	for _, c := range []struct {
		name, line string // the line has its words parted by blanks; '' is an empty one
		want       string
	}{
		{"all there is, or what is pending", "migrate --status --dry-run", "--status and --dry-run exclude each other"},
		{"all there is, while adding", "migrate --expand --status", "--status and --expand exclude each other"},
		{"what is pending, while adding", "migrate --dry-run --expand", "--dry-run and --expand exclude each other"},
		{"a switch with a value", "migrate --dry-run=false", "--dry-run takes no value"},
		{"a word that migrate does not know", "migrate now", `argument "now" is not known`},
		{"a backup without its file", "backup --force", "FILE is missing: the backup to write"},
		{"a backup to a variable that was never set", "backup ''", "FILE is empty: the backup to write"},
		{"two backups", "backup one.db two.db", `argument "two.db" is not known`},
		{"a restore without its file", "restore --keep-sessions", "FILE is missing: the backup to restore"},
		{"a check of a backup and of a database", "verify backup.db --database postgres://127.0.0.1/x", "--database means nothing here: it is backup.db that is checked"},
		{"a check of a variable that was never set", "verify ''", "FILE is empty"},
		{"three databases", "copy --from sqlite:a --to sqlite:b --database=postgres://127.0.0.1/x", "--database means nothing here: --from and --to name both"},
		{"three databases, one of them in a folder", "copy --from sqlite:a --to sqlite:b --data c", "--data means nothing here"},
		{"a copy from a variable that was never set", "copy --to sqlite:b --from=", "--from: expected a value after it"},
		{"a copy to nothing", "copy --from sqlite:a --to", "--to: expected a value after it"},
		{"a copy from an option", "copy --from --to sqlite:b", "--from: expected a value after it"},
		{"a copy from two places", "copy --from sqlite:a --from sqlite:b --to sqlite:c", "--from is given twice"},
		{"a key that takes over twice", "keys rotate --now --activate-in 1h", "--now and --activate-in exclude each other"},
		{"a key that takes over at no time", "keys rotate --activate-in", "--activate-in: expected a value after it"},
		{"a key that takes over some time", "keys rotate --activate-in tomorrow", "--activate-in: expected a duration"},
		{"no key to retire", "keys retire --force", "KEY-ID is missing"},
		{"two keys to retire", "keys retire 0123abcd 4567cdef", `argument "4567cdef" is not known`},
		{"a list of one key", "keys list 0123abcd", `argument "0123abcd" is not known`},
		{"another way of rewrapping", "keys rewrap --force", `argument "--force" is not known`},
		{"two directory files", "apply -f a.yaml --file b.yaml", "--file is given twice"},
		{"no directory file", "apply --dry-run", "-f FILE is missing"},
		{"two exports", "export -o a.yaml -o b.yaml", "-o is given twice"},
		{"nobody's password", "user set-password --data data", "NAME is missing"},
		{"a digest of a request", "explain --digest value 0123-abcd", `argument "0123-abcd" is not known here`},
		{"a digest as JSON", "explain --digest value --json", "--digest and --json exclude each other"},
		{"a digest of nothing", "explain --digest ''", "--digest: expected a value after it"},
		{"an empty request id", "explain ''", "REQUEST-ID is empty"},
		{"a version of something", "version --data data", `argument "--data" is not known here`},
		{"a setting without its value", "serve --data", "flag --data: expected a value after it"},
		{"nobody to make", "iam create-user --path /x/", "NAME is missing"},
		{"an account in a variable that was never set", "iam delete-user bob --account ''", "--account: expected a value after it"},
		{"an account without its number", "iam list-users --account", "--account: expected a value after it"},
		{"an account that is an option", "iam list-users --account --data data", "--account: expected a value after it"},
		{"an account that is another option of the command", "iam create-user bob --account --path /x/", "--account: expected a value after it"},
		{"three policies", "iam create-user bob --document {} --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess", "--policy, --document and --policy-arn exclude each other"},
		{"two policies of a role that there is", "iam put-role-policy reports --name own --policy own.json --document {}", "--policy, --document and --policy-arn exclude each other"},
		{"a policy without its name", "iam put-user-policy bob --document {}", "--name POLICY is missing"},
		{"a policy of AWS by another name", "iam put-user-policy bob --name own --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess", "--name and --policy-arn exclude each other"},
		{"no policy to put", "iam put-user-policy bob --name own", "the policy is missing"},
		{"nobody's key", "iam create-access-key", "say whose: --user NAME or --role NAME"},
		{"the key of two", "iam list-access-keys --user bob --role reports", "say whose: --user NAME or --role NAME"},
		{"sessions as long as a piece of string", "iam update-role reports --max-session long", "--max-session is a number of seconds"},
		{"a change of nothing", "iam update-role reports", "nothing is to change"},
		{"two accounts", "iam list-users --account 111122223333 --account 444455556666", "--account is given twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			t.Chdir(folder)
			op, args := operatorOf(t, c.line)
			code, printed := runPrinting(t, op, args)
			if code != command.ExitUsage || !strings.Contains(printed, "sallyport: "+op.words+": ") || !strings.Contains(printed, c.want) ||
				!strings.HasSuffix(printed, "\nusage: sallyport "+op.usage+"\n") {
				t.Errorf("it ends with %d, having printed %q; want %q", code, printed, c.want)
			}
			if made, err := os.ReadDir(folder); err != nil || len(made) > 0 {
				t.Errorf("it made %v, %v", made, err)
			}
		})
	}
}

func TestWhatGoesTogetherIsTaken(t *testing.T) {
	for _, line := range []string{ // each gets as far as the database, which is not there
		"verify --database postgres://nobody@127.0.0.1:1/none",
		"verify one.db --data other",
		"copy --from sqlite:a --data b",
		"keys rotate --activate-in=0s",
		"apply --dry-run -f=one.yaml",
		"export -o -",
		"explain --json 0123-abcd",
		"iam update-role reports --description ''",
	} {
		t.Run(line, func(t *testing.T) {
			t.Chdir(t.TempDir())
			op, args := operatorOf(t, line)
			if code, printed := runPrinting(t, op, args); code != 1 || strings.Contains(printed, "usage:") {
				t.Errorf("it ends with %d, having printed %q", code, printed)
			}
		})
	}
}

// operatorOf finds the command of a line.
func operatorOf(t *testing.T, line string) (op operator, args []string) {
	t.Helper()
	words := strings.Fields(line)
	at := slices.IndexFunc(operators, func(op operator) bool {
		own := strings.Fields(op.words)
		return len(words) >= len(own) && slices.Equal(words[:len(own)], own)
	})
	if at < 0 {
		t.Fatalf("no command begins %q", line)
	}
	for _, word := range words[len(strings.Fields(operators[at].words)):] {
		args = append(args, strings.Trim(word, "'"))
	}
	return operators[at], args
}

// runPrinting runs a command and returns its exit code and what it wrote to standard error.
func runPrinting(t *testing.T, op operator, args []string) (code int, printed string) {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	was := os.Stderr
	os.Stderr = file
	code = runCommand(op, args)
	os.Stderr = was
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return code, string(text)
}
