package configure

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/awsconfig"
	"sallyport/test/vectors"
)

// document is a config file with this text.
func document(t *testing.T, text string) *awsconfig.Document {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := awsconfig.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const section = `[sso-session corp]
sso_start_url = https://d-1.awsapps.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access
`

const ours = `
[profile prod-admin]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Admin
region = eu-central-1
sallyport_managed = corp
`

// corp is a run that writes one profile.
func corp(change func(*job)) *job {
	j := &job{
		session: "corp", startURL: "https://d-1.awsapps.com/start", ssoRegion: "eu-central-1", region: "eu-central-1", given: map[string]bool{},
		wanted: []profile{{Name: "prod-admin", holding: role("111122223333", "Prod", "Admin")}},
	}
	if change != nil {
		change(j)
	}
	return j
}

func TestWhatIsWritten(t *testing.T) {
	const theirs = "\n[profile prod-admin]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\ncli_pager =\n"
	for _, test := range []struct {
		name   string
		before string
		job    *job
		want   string
		told   []outcome
	}{
		{name: "everything, into an empty file", job: corp(nil), want: section + ours, told: []outcome{added}},
		{name: "nothing the second time", before: section + ours, job: corp(nil), want: section + ours, told: []outcome{unchanged}},
		{name: "what stands in the file stays, byte for byte", before: "# mine\n[default]\r\nregion=x \n" + section, job: corp(nil),
			want: "# mine\n[default]\r\nregion=x \n" + section + ours, told: []outcome{added}},
		{name: "a Region that a person changed stays", before: section + strings.Replace(ours, "region = eu-central-1", "region = us-west-2", 1), job: corp(nil),
			want: section + strings.Replace(ours, "region = eu-central-1", "region = us-west-2", 1), told: []outcome{unchanged}},
		{name: "unless the command line names one", before: section + strings.Replace(ours, "region = eu-central-1", "region = us-west-2", 1),
			job: corp(func(j *job) { j.given[keyRegion] = true }), want: section + ours, told: []outcome{updated}},
		{name: "a key that a person added to ours stays", before: section + ours + "role_arn = x\n", job: corp(nil), want: section + ours + "role_arn = x\n", told: []outcome{unchanged}},
		{name: "somebody else's profile stays", before: section + theirs, job: corp(nil), want: section + theirs, told: []outcome{refused}},
		{name: "and is overwritten when asked for, with its other ways to credentials", before: section + theirs, job: corp(func(j *job) { j.overwrite = true }),
			want: section + "\n[profile prod-admin]\ncli_pager =\n" + strings.TrimPrefix(ours, "\n[profile prod-admin]\n"), told: []outcome{updated}},
		{name: "but not with access keys", before: section + theirs, want: section + theirs, told: []outcome{refused},
			job: corp(func(j *job) { j.overwrite, j.secrets = true, map[string]string{"prod-admin": "credentials"} })},
		{name: "somebody else's profile of the same role serves", before: section + strings.Replace(ours, "sallyport_managed = corp\n", "", 1), job: corp(nil),
			want: section + strings.Replace(ours, "sallyport_managed = corp\n", "", 1), told: []outcome{kept}},
		{name: "a profile of another session of ours stays", before: section + strings.ReplaceAll(ours, "= corp", "= lab"), job: corp(nil),
			want: section + strings.ReplaceAll(ours, "= corp", "= lab"), told: []outcome{refused}},
		{name: "a profile that is gone is removed", before: section + ours, want: section + "\n", told: []outcome{removed},
			job: corp(func(j *job) { j.wanted, j.prune = nil, map[string]bool{"prod-admin": true} })},
		{name: "unless it is no longer ours", before: section + strings.Replace(ours, "sallyport_managed = corp\n", "", 1),
			want: section + strings.Replace(ours, "sallyport_managed = corp\n", "", 1),
			job:  corp(func(j *job) { j.wanted, j.prune = nil, map[string]bool{"prod-admin": true} })},
		{name: "the server, the authority and the output", before: section,
			job: corp(func(j *job) {
				j.services, j.endpoint, j.caBundle, j.output = "corp", "https://sso.example.com", "/etc/ca.pem", "yaml"
			}),
			want: section + `
[services corp]
sso_oidc =
  endpoint_url = https://sso.example.com
sso =
  endpoint_url = https://sso.example.com
sts =
  endpoint_url = https://sso.example.com
` + strings.Replace(ours, "sallyport_managed", "output = yaml\nca_bundle = /etc/ca.pem\nservices = corp\nsallyport_managed", 1),
			told: []outcome{added}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := document(t, test.before)
			results, err := test.job.apply(d)
			if err != nil {
				t.Fatal(err)
			}
			var told []outcome
			for _, p := range results {
				told = append(told, p.Outcome)
			}
			if diff := cmp.Diff(test.told, told); diff != "" {
				t.Errorf("outcomes: %s", diff)
			}
			if diff := cmp.Diff(test.want, d.String()); diff != "" {
				t.Errorf("the file: %s", diff)
			}
		})
	}
}

func TestASectionThatSaysOtherwiseIsNotChanged(t *testing.T) {
	for _, test := range []struct {
		name, before, want string
		job                *job
	}{
		{"another start URL", strings.Replace(section, "d-1", "d-2", 1), "has another start URL or Region: give --sso-session another name", corp(nil)},
		{"another server", section + "[services corp]\nsso =\n  endpoint_url = https://old.example.com\n",
			"sends sso to https://old.example.com: give --overwrite to send it to https://new.example.com",
			corp(func(j *job) { j.services, j.endpoint = "corp", "https://new.example.com" })},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := test.job.apply(document(t, test.before)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestStartURLsThatTellTheRegion(t *testing.T) {
	for _, test := range []struct{ location, region string }{
		{"https://ssoins-4638632243ba68db.portal.us-east-1.app.aws/start", "us-east-1"},
		{"http://ssoins-4638632243ba68db.portal.us-east-1.app.aws/start", ""},
		{"https://d-1.awsapps.com/start", ""},
		{"https://x.portal.us-east-1.app.aws.example.com/start", ""},
		{"https://x.portal.us-east-1.other.aws/start", ""}, {"https://x.portal.US_EAST.app.aws/start", ""},
		{"/start", ""}, {"", ""}, {"%", ""},
	} {
		if _, region := readStartURL(test.location); region != test.region {
			t.Errorf("%q tells the Region %q, want %q", test.location, region, test.region)
		}
	}
}

func TestWhatTheServerNamesHasToFitIntoAFile(t *testing.T) {
	if err := role("111122223333", "any\nname", "Admin").check(); err != nil {
		t.Error(err)
	}
	for _, h := range []holding{role("11112222333", "a", "Admin"), role("111122223333", "a", ""), role("111122223333", "a", "Admin\ncredential_process=x"),
		role("111122223333", "a", "Admin #")} {
		if err := h.check(); err == nil {
			t.Errorf("%+v is taken", h)
		}
	}
}

func TestSummary(t *testing.T) {
	j := corp(func(j *job) { j.secrets = map[string]string{"keys": "/credentials"} })
	results := []profile{
		{Name: "prod-admin", holding: role("1", "Prod", "Admin"), Outcome: added},
		{Name: "keys", holding: role("2", "K\x1bey", "Admin"), Outcome: refused, Reason: "it holds access keys in /credentials"},
		{Name: "mine", holding: role("3", "Mine", "Admin"), Outcome: refused, Reason: "somebody else wrote it"},
	}
	want := `Wrote /config. Profiles of the session corp: 1 added, 2 not written.
Not written: keys, for the role Admin in K` + "\uFFFD" + `ey: it holds access keys in /credentials. --prefix or --template gives another name.
Not written: mine, for the role Admin in Mine: somebody else wrote it. --overwrite overwrites it; --prefix or --template gives another name.
Use one: export AWS_PROFILE=prod-admin
`
	if diff := cmp.Diff(want, summary(j, results, summaryOptions{path: "/config", changed: true})); diff != "" {
		t.Error(diff)
	}
	for _, o := range []struct {
		options summaryOptions
		want    string
	}{
		{summaryOptions{path: "/config"}, "Nothing to change in /config. "},
		{summaryOptions{path: "/config", changed: true, dryRun: true}, "This would change /config. "},
	} {
		if got := summary(j, results, o.options); !strings.HasPrefix(got, o.want) || strings.Contains(got, "export") {
			t.Errorf("%+v: %s", o.options, got)
		}
	}
}

// Whatever a server answers, what goes into the file is a Region and an https URL on one line.
func FuzzReadStartURL(f *testing.F) {
	f.Add("https://ssoins-1.portal.us-east-1.app.aws/start")
	f.Add("https://x.portal.eu.app.aws/\n[default]")
	for _, url := range vectors.URLs(f) {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, location string) {
		startURL, region := readStartURL(location)
		if region == "" {
			return
		}
		if !regionForm().MatchString(region) || !strings.HasPrefix(startURL, "https://") || strings.ContainsAny(startURL, "\r\n") {
			t.Fatalf("%q gives %q in %q", location, startURL, region)
		}
	})
}
