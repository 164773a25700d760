package store

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatMayBeDoneAboutPendingStepsIsDone(t *testing.T) {
	adds := step{file: "9001_adds.sql", statement: "CREATE TABLE added (\n\tid TEXT NOT NULL PRIMARY KEY\n)"}
	takes := step{file: "9002_takes.sql", statement: "DROP INDEX consent_end", contract: true}
	cases := []struct {
		name    string
		wanted  migrating
		pending []step
		done    []string
		refused string
	}{
		{"all, by a server that may", applyAll, []step{adds, takes}, []string{adds.file, takes.file}, ""},
		{"what adds, where older servers run", applyAdding, []step{adds, takes}, []string{adds.file}, ""},
		{"nothing, where a server may not and lacks something", applyNone, []step{adds, takes}, nil, "run `sallyport migrate` first"},
		{"nothing, where a server lacks nothing", applyNone, []step{takes}, nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, _ := open(t)
			known, err := migrationSteps(migrationFiles)
			if err != nil {
				t.Fatal(err)
			}
			applied, err := s.readMigrations(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			done, err := s.apply(t.Context(), append(known, c.pending...), applied, c.wanted)
			var files []string
			for _, step := range done {
				files = append(files, step.file)
			}
			if !slices.Equal(files, c.done) || (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Errorf("did %q, %v", files, err)
			}
		})
	}
}

func TestTheHistoryOfADatabaseIsListed(t *testing.T) {
	s, _ := open(t)
	update(t, s, func(tx *Tx) error { return tx.recordStep("9001_newer.sql", 0, "x") })
	update(t, s, func(tx *Tx) error { return tx.setNote(restoreNote, "{}") })
	all, err := s.Migrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range all {
		newer := i == len(all)-1
		if m.Pending() || m.Applied == 0 || m.AppliedAt == 0 || (m.Statements == 0) != newer || newer != (m.File == "9001_newer.sql") {
			t.Errorf("%+v", m)
		}
	}
	if files, err := s.Migrate(t.Context(), false); err != nil || len(files) != 0 {
		t.Errorf("applied %q again, %v", files, err)
	}
}
