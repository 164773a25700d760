package login

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rsc.io/qr"

	"sallyport/internal/session"
)

func TestTimesAreShown(t *testing.T) {
	for left, want := range map[time.Duration][2]string{
		10 * time.Minute: {"10:00", "10 minutes"}, 90 * time.Second: {"1:30", "2 minutes"}, 59 * time.Second: {"0:59", "a minute"},
		1400 * time.Millisecond: {"0:01", "a minute"}, -time.Second: {"0:00", "a minute"},
	} {
		if got := [2]string{clock(left), minutes(left)}; got != want {
			t.Errorf("%v is %q, want %q", left, got, want)
		}
	}
}

// What is drawn is read back module by module.
func TestDrawQR(t *testing.T) {
	const url = "https://d-1234567890.awsapps.com/start/#/device?user_code=ABCD-EFGH"
	code, err := qr.Encode(url, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	side := code.Size + 2*quiet
	lines := drawQR(url, side, side)
	if len(lines) != (side+1)/2 {
		t.Fatalf("%d lines for %d modules", len(lines), side)
	}
	for y := range 2 * len(lines) {
		line := []rune(strings.TrimSuffix(strings.TrimPrefix(lines[y/2], qrColors), qrReset))
		if len(line) != side {
			t.Fatalf("line %d has %d columns, want %d", y/2, len(line), side)
		}
		for x, block := range line {
			dark := block == '█' || y%2 == 0 && block == '▀' || y%2 == 1 && block == '▄'
			if want := code.Black(x-quiet, y-quiet); dark != want {
				t.Fatalf("module %d, %d is dark: %v, want %v", x, y, dark, want)
			}
		}
	}
	if drawQR(url, side-1, side) != nil || drawQR(url, side, side/2-1) != nil {
		t.Error("it is drawn where it does not fit")
	}
}

// The folder in which a command runs may be anybody's.
func TestAProgramOfTheWorkingFolderIsNotMeant(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("terraform", []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "."+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if path, err := findProgram("terraform"); err == nil {
		t.Errorf("found %s", path)
	}
	if path, err := findProgram("." + string(filepath.Separator) + "terraform"); err != nil {
		t.Errorf("with its path: %s, %v", path, err)
	}
}

func TestTheEnvironmentOfAProgram(t *testing.T) {
	found := session.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "t", Expiration: time.Unix(1_800_000_000, 0)}
	ours := []string{"PATH=/bin", "AWS_PROFILE=dev", "AWS_DEFAULT_PROFILE=x", "AWS_ACCESS_KEY_ID=AKIA", "AWS_SECURITY_TOKEN=old", "AWS_ACCOUNT_ID=1", "AWS_REGION=eu-west-1",
		"AWS_WEB_IDENTITY_TOKEN_FILE=/f", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://x", "AWS_ENDPOINT_URL=http://e", "=odd"}
	keys := []string{"AWS_ACCESS_KEY_ID=ASIA", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN=t", "AWS_CREDENTIAL_EXPIRATION=2027-01-15T08:00:00Z"}
	for _, test := range []struct {
		name, region string
		endpoints    []string
		want         []string
	}{
		{"with a Region", "us-east-2", nil, slices.Concat([]string{"PATH=/bin", "AWS_ENDPOINT_URL=http://e", "=odd"}, keys, []string{"AWS_REGION=us-east-2", "AWS_DEFAULT_REGION=us-east-2"})},
		{"without a Region ours stays", "", nil, slices.Concat([]string{"PATH=/bin", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=http://e", "=odd"}, keys)},
		{"with the endpoints of the profile", "", []string{"AWS_ENDPOINT_URL=http://p"},
			slices.Concat([]string{"PATH=/bin", "AWS_REGION=eu-west-1", "=odd"}, keys, []string{"AWS_ENDPOINT_URL=http://p"})},
	} {
		if got := environment(ours, found, test.region, test.endpoints); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
