package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

const (
	filledUser  = "user-1"
	filledOther = "user-2"
	oddText     = "nul\x00, bytes \xff\xfe, escape \uFDD0; tab\t, lines\n\r, \\N and \\."
)

const (
	filledPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	filledTrust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}`
	filledActors = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}]}`
)

// fillEveryTable puts rows into every table, as the rooms would: all invariants are true of them.
func fillEveryTable(t testing.TB, s *Store) {
	t.Helper()
	err := s.Update(context.Background(), func(tx *Tx) error {
		now, later := tx.Millis(), tx.Millis()+3_600_000
		principal := IAMPrincipal{"111122223333", IAMRoleKind, "reports"}
		grant := NewApplicationGrant("apl-1", "refresh_token", api.Grant{RefreshToken: &api.RefreshTokenGrant{}})
		steps := []error{
			tx.PutInstance(Instance{"ssoins-1", "d-1", "111122223333", "us-east-1", "Sallyport", 0}),
			tx.AddSealingKey(SealingKey{KeyID: "k1", Purpose: "epoch", SealedSeed: "s", CreatedAt: 1}),
			tx.AddSealingKey(SealingKey{KeyID: "k2", Purpose: "lookup", SealedSeed: "s", CreatedAt: 1}),
			tx.PutUserRecord(UserRecord{User: User{UserID: filledUser, UserName: "Alice", Email: "Alice@example.com", Status: StatusEnabled}}),
			tx.PutUser(User{UserID: filledOther, UserName: "Zoë", DisplayName: oddText, Status: StatusDisabled}),
			tx.PutPassword(filledUser, Password{Hash: "$argon2id$v=19$m=1,t=1,p=1$a$b", Origin: OriginOperator}),
			tx.PutGroup(Group{GroupID: "group-1", DisplayName: "Engineers"}),
			tx.AddMembership(Membership{filledUser, "group-1"}),
			tx.PutAccount(Account{"111122223333", "Production", ""}),
			tx.PutPermissionSet(PermissionSet{PermissionSetID: "ps-1", Name: "ReadOnly", SessionDurationS: 3600}),
			tx.AddAssignment(Assignment{PrincipalUser, filledUser, "111122223333", "ps-1"}),
			tx.AddAssignment(Assignment{PrincipalGroup, "group-1", "111122223333", "ps-1"}),
			tx.PutIAMRole(IAMRole{AccountID: "111122223333", RoleName: "reports", RoleID: "AROA1", TrustPolicy: filledTrust, MaxSessionS: 3600}),
			tx.PutIAMUser(IAMUser{AccountID: "111122223333", UserName: "Ops", UserID: "AIDA1"}),
			tx.PutIAMPolicy(principal, IAMPolicy{"inline", filledPolicy}),
			tx.PutIAMPolicy(principal, IAMPolicy{"aws:policy/AdministratorAccess", ""}),
			tx.AddAccessKey(AccessKey{AccessKeyID: "AKIA1", SealedSecret: "s", AccountID: "111122223333", UserName: "Ops"}),
			tx.PutOIDCProvider(OIDCProvider{AccountID: "111122223333", URL: "https://ci.example.com", ClientIDs: `["a"]`}),
			tx.PutAccountInstance(AccountInstance{InstanceID: "ssoins-2", AccountID: "444455556666", Name: "theirs"}),
			tx.PutApplication(Application{ApplicationID: "apl-1", InstanceID: "ssoins-1", AccountID: "111122223333", Name: "Reports",
				Status: StatusEnabled, BackgroundSession: StatusDisabled, ActorPolicy: filledActors}),
			tx.PutApplicationGrant(grant),
			tx.PutApplicationScope(NewApplicationScope("apl-1", "reports:read", []string{"arn:aws:sso:::x"})),
			tx.PutTrustedTokenIssuer(TrustedTokenIssuer{IssuerID: "tti-1", InstanceID: "ssoins-1", Name: "Provider", URL: "https://login.example.com", JWKS: `{"keys":[]}`}),
			tx.PutTags("apl-1", map[string]string{"team": "data"}),
			tx.PutClientToken(ClientToken{"111122223333", "CreateApplication", "token", "digest", "arn", later}),
			tx.AddSignIn(SignIn{SignInID: "sign-in-1", UserID: filledUser, CreatedAt: now, EndsAt: later}),
			tx.AddSession(Session{SessionID: "session-1", UserID: filledUser, ClientID: "client", SignInID: "sign-in-1", CreatedAt: now, EndsAt: later,
				Generation: 1, KeyID: "k1"}),
			tx.AddSession(Session{SessionID: "session-2", UserID: filledUser, ClientID: "apl-1", ApplicationID: "apl-1", IssuerID: "tti-1",
				CredentialID: "c-2", CreatedAt: now, EndsAt: later, Generation: 3, KeyID: "k1", Actor: "{}"}),
			tx.AddSession(Session{SessionID: "session-3", UserID: filledUser, ClientID: "apl-1", ApplicationID: "apl-1", IssuerID: "tti-1",
				CredentialID: "c-3", CreatedAt: now, EndsAt: later, Generation: 1, KeyID: "k1", ParentSessionID: "session-2"}),
			tx.AddSession(Session{SessionID: "session-4", UserID: filledUser, ClientID: "client", CreatedAt: now, EndsAt: later, Generation: 1, KeyID: "k1"}),
			tx.PutConsent(Consent{filledUser, "client", "sso:account:access", later}),
			tx.AddAuditEvent(AuditEvent{Name: "SessionBegun", Detail: oddText}),
			tx.AddOperationStatus(OperationStatus{RequestID: sys.NewUUID(tx.Now), Operation: "CreateAccountAssignment", Outcome: OperationSucceeded, CreatedAt: now, EndsAt: now}),
			tx.AddDecisions([]KeptDecision{{RequestID: "r", Trace: "{}", CreatedAt: now}}),
		}
		if err := errors.Join(steps...); err != nil {
			return err
		}
		_, retired := tx.exec(`INSERT INTO retired_key (key_id, purpose, created_at, activates_at, retired_at, forced) VALUES ('k0', 'epoch', 1, 1, 2, 0)`)
		_, taken := tx.AddUserExternalID(filledUser, ExternalID{"issuer", "1"})
		_, taken2 := tx.AddGroupExternalID("group-1", ExternalID{"issuer", "2"})
		_, inline := tx.PutInlinePolicy("ps-1", filledPolicy)
		_, managed := tx.AttachManagedPolicy("ps-1", "arn:aws:iam::aws:policy/ReadOnlyAccess")
		_, customer := tx.AttachCustomerPolicy("ps-1", CustomerPolicy{"own", "/"})
		_, boundary := tx.PutBoundary("ps-1", Boundary{ManagedPolicyARN: "arn:aws:iam::aws:policy/ReadOnlyAccess"})
		_, assigned := tx.AddApplicationAssignment(ApplicationAssignment{"apl-1", PrincipalGroup, "group-1"})
		_, _, tallied := tx.CountAttempt("sign-in "+oddText, later)
		return errors.Join(retired, taken, taken2, inline, managed, customer, boundary, assigned, tallied, fillCodes(tx, now, later))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fillCodes adds one-time things in each of their states.
func fillCodes(tx *Tx, now, later int64) error {
	var errs []error
	for i, state := range []string{DevicePending, DeviceApproved, DeviceDenied, DeviceSpent} {
		id := "device-" + state
		_, err := tx.AddDevice(Device{DeviceID: id, ClientID: "client", CreatedAt: now, ExpiresAt: later}, "digest", fmt.Sprint("code ", i))
		errs = append(errs, err)
		if state == DevicePending {
			continue
		}
		decision := Decision{State: state, UserID: filledUser, SignInID: "sign-in-1"}
		if state == DeviceSpent {
			decision.State = DeviceApproved
		}
		_, err = tx.DecideDevice(id, decision)
		errs = append(errs, err)
		if state == DeviceSpent {
			_, err = tx.SpendDevice(id, Spending{SessionID: "session-1"})
			errs = append(errs, err)
		}
	}
	for _, state := range []string{CodeIssued, CodeDenied, CodeSpent} {
		code := Code{RequestID: "request-" + state, State: state, UserID: filledUser, SignInID: "sign-in-1", ExpiresAt: later}
		if state == CodeSpent {
			code.State = CodeIssued
		}
		_, err := tx.AddCode(code, "digest")
		errs = append(errs, err)
		if state == CodeSpent {
			_, err = tx.SpendCode(code.RequestID, Spending{SessionID: "session-4"})
			errs = append(errs, err)
		}
	}
	_, err := tx.SpendAssertion(SpentAssertion{InputDigest: "i", IDDigest: "d", SessionID: "session-2", ExpiresAt: later, IssuedAt: now})
	return errors.Join(append(errs, err)...)
}

// rowsAsRead are all rows of a database, by table.
func rowsAsRead(t *testing.T, s *Store) map[string][][]any {
	t.Helper()
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := schemaOf(steps)
	if err != nil {
		t.Fatal(err)
	}
	tables = slices.DeleteFunc(tables, func(t *table) bool { return ofNodes[t.name] })
	rows := map[string][][]any{}
	err = s.snapshot(t.Context(), func(tx *Tx) error {
		for _, table := range tables {
			err := tx.rowsOf(table, nil, func(values []any) error {
				rows[table.name] = append(rows[table.name], values)
				return nil
			})
			if err != nil {
				return err
			}
			slices.SortFunc(rows[table.name], func(a, b []any) int { return strings.Compare(fmt.Sprintf("%q", a), fmt.Sprintf("%q", b)) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// connectIn opens a database in a new folder without making its schema: PostgreSQL, where tests run on one, or SQLite.
func connectIn(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Connect(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestTheMigrationsAreReadAsTheTablesThatTheyMake(t *testing.T) {
	s := openFile(t)
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := schemaOf(steps)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]string{"migration": ""}
	for _, table := range tables {
		var columns []string
		for _, c := range table.columns {
			kind := "TEXT"
			if c.number {
				kind = "BIGINT"
			}
			columns = append(columns, fmt.Sprint(c.name, " ", kind, " ", 1+slices.Index(table.key, c.name)))
		}
		read[table.name] = strings.Join(columns, ", ")
	}
	made := map[string]string{}
	err = s.View(t.Context(), func(tx *Tx) error {
		names, err := list(tx, func(r row) string { return r.text(0) }, s.tables())
		if err != nil {
			return err
		}
		for _, name := range names {
			columns, err := list(tx, func(r row) string { return fmt.Sprint(r.text(0), " ", r.text(1), " ", r.int(2)) },
				"SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid", name)
			if err != nil {
				return err
			}
			made[name] = strings.Join(columns, ", ")
		}
		made["migration"] = ""
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read, made) {
		for name := range made {
			if read[name] != made[name] {
				t.Errorf("table %s is read as\n%s, and is\n%s", name, read[name], made[name])
			}
		}
		for name := range read {
			if _, there := made[name]; !there {
				t.Errorf("there is no table %s", name)
			}
		}
	}
}

func TestTheFilledDatabaseHasRowsInEveryTable(t *testing.T) {
	s, _ := open(t)
	fillEveryTable(t, s)
	for name, rows := range rowsAsRead(t, s) {
		if len(rows) == 0 {
			t.Errorf("%s has none", name)
		}
	}
	steps, _ := migrationSteps(migrationFiles)
	tables, _ := schemaOf(steps)
	if found := len(rowsAsRead(t, s)); found != len(tables)-len(ofNodes) {
		t.Errorf("%d of %d tables have rows", found, len(tables))
	}
}

func TestACopyHasEveryRowWhateverHoldsIt(t *testing.T) {
	file, test := openFile(t), openIn(t, t.TempDir())
	fillEveryTable(t, file)
	fillEveryTable(t, test)
	cases := []struct {
		name string
		from *Store
		to   func(*testing.T) *Store
	}{
		{"from SQLite", file, func(t *testing.T) *Store { return connectIn(t, t.TempDir()) }},
		{"to SQLite", test, func(t *testing.T) *Store {
			s, err := Connect(Options{Dir: t.TempDir(), Clock: &sys.Clock{}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}},
		{"within one engine", test, func(t *testing.T) *Store { return connectIn(t, t.TempDir()) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			to := c.to(t)
			copied, err := Copy(t.Context(), c.from, to, nil)
			if err != nil {
				t.Fatal(err)
			}
			want, got := rowsAsRead(t, c.from), rowsAsRead(t, to)
			total := 0
			for name, rows := range want {
				total += len(rows)
				if !reflect.DeepEqual(got[name], rows) {
					t.Errorf("%s: got %q, want %q", name, got[name], rows)
				}
			}
			if copied != int64(total) {
				t.Errorf("copied %d rows of %d", copied, total)
			}
			if err := to.migrate(applyNone); err != nil {
				t.Errorf("the copy does not open: %v", err)
			}
		})
	}
}

func TestOnlyAnEmptyDatabaseIsCopiedInto(t *testing.T) {
	from := openFile(t)
	fillEveryTable(t, from)
	to := openIn(t, t.TempDir())
	update(t, to, count("k"))
	before := rowsAsRead(t, to)
	_, err := Copy(t.Context(), from, to, nil)
	if !errors.Is(err, ErrNotEmpty) || !strings.Contains(err.Error(), "attempt (1)") {
		t.Errorf("got %v", err)
	}
	if after := rowsAsRead(t, to); !reflect.DeepEqual(before, after) {
		t.Errorf("the target changed: %q", after)
	}
	if _, err := Copy(t.Context(), openIn(t, t.TempDir()), connectIn(t, t.TempDir()), nil); err == nil || !strings.Contains(err.Error(), "no instance") {
		t.Errorf("a source that nobody used: %v", err)
	}
}

var errKilled = errors.New("killed")

// A process that is killed leaves what it committed. Here it ends after each of its batches in turn.
func TestACopyThatWasCutShortGoesOnWhereItStopped(t *testing.T) {
	from := openFile(t)
	fillEveryTable(t, from)
	update(t, from, func(tx *Tx) error { // more than one batch of a table
		for i := range copyBatch + 10 {
			if _, _, err := tx.CountAttempt(fmt.Sprintf("k%05d", i), tx.Millis()+60_000); err != nil {
				return err
			}
		}
		return nil
	})
	want := rowsAsRead(t, from)
	dir := t.TempDir()
	for cut := 1; ; cut++ {
		to := connectIn(t, dir)
		ctx, cancel := context.WithCancelCause(t.Context())
		batches := 0
		_, err := Copy(ctx, from, to, func(p Progress) {
			if p.Doing == "copy" && !p.Done {
				if batches++; batches == 5 { // every run gets some batches further
					cancel(errKilled)
				}
			}
		})
		cancel(nil)
		if err == nil {
			if got := rowsAsRead(t, to); !reflect.DeepEqual(got, want) {
				t.Error("the copy differs")
			}
			if cut < 5 {
				t.Errorf("%d runs: nothing was cut short", cut)
			}
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("run %d: %v", cut, err)
		}
		if err := to.migrate(applyAll); !errors.Is(err, errUnfinishedCopy) {
			t.Fatalf("a server takes half of a copy: %v", err)
		}
		if _, err := Copy(t.Context(), to, openFile(t), nil); !errors.Is(err, errUnfinishedCopy) {
			t.Fatalf("half of a copy is copied: %v", err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACopyGoesOnOnlyWithTheSourceThatItBeganWith(t *testing.T) {
	first, second := openFile(t), openFile(t)
	fillEveryTable(t, first)
	update(t, second, func(tx *Tx) error { return tx.PutInstance(Instance{InstanceID: "ssoins-9"}) })
	to := connectIn(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	Copy(ctx, first, to, func(Progress) { cancel() })
	if _, err := Copy(t.Context(), second, to, nil); err == nil || !strings.Contains(err.Error(), "another database") {
		t.Errorf("got %v", err)
	}
}

func TestASourceThatChangedMeanwhileIsNoticed(t *testing.T) {
	from := openFile(t)
	fillEveryTable(t, from)
	changes := map[string]func(tx *Tx) error{
		"a row more":    count("new"),
		"a row less":    func(tx *Tx) error { return tx.DeleteMembership(Membership{filledUser, "group-1"}) },
		"a row changed": func(tx *Tx) error { return tx.RevokeSessionsOfUser(filledUser, "x") },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			to, once := connectIn(t, t.TempDir()), sync.Once{}
			_, err := Copy(t.Context(), from, to, func(p Progress) {
				if p.Table == "decision" {
					once.Do(func() { update(t, from, change) })
				}
			})
			if !errors.Is(err, ErrSourceChanged) {
				t.Errorf("got %v", err)
			}
			if err := to.migrate(applyAll); !errors.Is(err, errUnfinishedCopy) {
				t.Errorf("a server takes the copy: %v", err)
			}
		})
	}
}

func TestABackupUnderLoadHasEverythingThatWasAcknowledgedBefore(t *testing.T) {
	s, _ := open(t)
	fillEveryTable(t, s)
	ctx, stop := context.WithCancel(t.Context())
	var acknowledged, during atomic.Int64
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := s.Update(context.Background(), count(fmt.Sprintf("%d %d", w, i))); err != nil {
					t.Error(err)
					return
				}
				acknowledged.Add(1)
			}
		})
	}
	for acknowledged.Load() < 400 {
		time.Sleep(time.Millisecond)
	}
	path := filepath.Join(t.TempDir(), "backup.db")
	before := acknowledged.Load()
	m, err := s.Backup(t.Context(), BackupOptions{File: path, Version: "test"})
	during.Store(acknowledged.Load() - before)
	stop()
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if during.Load() == 0 {
		t.Error("nobody could write meanwhile")
	}
	if m.Rows["attempt"] < before+1 {
		t.Errorf("%d of %d acknowledged rows are in the backup", m.Rows["attempt"]-1, before)
	}
	backup, again, err := OpenBackup(t.Context(), path, &sys.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	defer backup.Close()
	if !reflect.DeepEqual(m, again) || m.InstanceID != "ssoins-1" || m.Migration == "" || m.Version != "test" || m.MadeAt == 0 ||
		(m.Engine == "postgres") != testdb.OnPostgreSQL() {
		t.Errorf("the manifest says %+v, and then %+v", m, again)
	}
	if names, _ := filepath.Glob(filepath.Dir(path) + "/*"); len(names) != 1 {
		t.Errorf("the backup left %q", names)
	}
	if wrong := wrongIn(t, backup); len(wrong) > 0 {
		t.Errorf("%q", wrong)
	}
}

func TestABackupReplacesAFileOnlyWhenItIsToldTo(t *testing.T) {
	s, _ := open(t)
	fillEveryTable(t, s)
	path := filepath.Join(t.TempDir(), "backup.db")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup(t.Context(), BackupOptions{File: path}); !errors.Is(err, ErrFileExists) {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "precious" {
		t.Errorf("the file was replaced by %q", text[:min(16, len(text))])
	}
	if _, err := s.Backup(t.Context(), BackupOptions{File: path, Replace: true}); err != nil {
		t.Fatal(err)
	}
	backup, _, err := OpenBackup(t.Context(), path, &sys.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	backup.Close()
}

func TestADamagedBackupIsNotTaken(t *testing.T) {
	s, _ := open(t)
	fillEveryTable(t, s)
	whole := filepath.Join(t.TempDir(), "backup.db")
	if _, err := s.Backup(t.Context(), BackupOptions{File: whole}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	damage := map[string]func() []byte{
		"cut short":      func() []byte { return content[:len(content)/2] },
		"bytes changed":  func() []byte { c := slices.Clone(content); copy(c[len(c)/2:], strings.Repeat("\xa5", 9000)); return c },
		"another file":   func() []byte { return []byte("no database at all, and longer than a header") },
		"an empty file":  func() []byte { return nil },
		"a lost row":     func() []byte { return edited(t, content, `DELETE FROM attempt`) },
		"no manifest":    func() []byte { return edited(t, content, `DELETE FROM migration WHERE file = 'backup'`) },
		"unfinished too": func() []byte { return edited(t, content, `DELETE FROM migration`) },
		"a view": func() []byte {
			return edited(t, content, `CREATE VIEW more AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n`)
		},
		"a trigger": func() []byte {
			return edited(t, content, `CREATE TRIGGER more AFTER INSERT ON attempt BEGIN SELECT 1; END`)
		},
		"a table of a module": func() []byte { return edited(t, content, `CREATE VIRTUAL TABLE more USING fts5 (a)`) },
		"a manifest that asks": func() []byte {
			return edited(t, content, `UPDATE migration SET checksum = '{"rows":{"(SELECT 1)":1}}' WHERE file = 'backup'`)
		},
		"a table whose name asks": func() []byte {
			return edited(t, edited(t, content, `CREATE TABLE "(SELECT 1)" (a)`),
				`UPDATE migration SET checksum = replace(checksum, '"rows":{', '"rows":{"(SELECT 1)":1,') WHERE file = 'backup'`)
		},
		"a manifest of less": func() []byte {
			return edited(t, content, `UPDATE migration SET checksum = '{"rows":{}}' WHERE file = 'backup'`)
		},
	}
	for name, make := range damage {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "damaged.db")
			if err := os.WriteFile(path, make(), 0o600); err != nil {
				t.Fatal(err)
			}
			backup, _, err := OpenBackup(t.Context(), path, &sys.Clock{})
			if err == nil {
				backup.Close()
				t.Error("it was taken")
			}
		})
	}
}

// edited is a database after a statement.
func edited(t *testing.T, content []byte, statement string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "edited.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Connect(Options{File: path, Access: Alone, Clock: &sys.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx *Tx) error { _, err := tx.exec(statement); return err })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// What a client or a person could do once, and what had been ended since the backup, does not come back.
func TestARestoredDatabaseHonoursNothingTwiceAndKeepsNoSession(t *testing.T) {
	s, clock := open(t)
	fillEveryTable(t, s)
	path := filepath.Join(t.TempDir(), "backup.db")
	if _, err := s.Backup(t.Context(), BackupOptions{File: path}); err != nil {
		t.Fatal(err)
	}
	issued := clock.Now().UnixMilli() // of an assertion that is used after the backup
	restore := func(t *testing.T, keep bool) *Store {
		t.Helper()
		clock := &sys.Clock{}
		clock.Advance(time.Second)
		backup, m, err := OpenBackup(t.Context(), path, clock)
		if err != nil {
			t.Fatal(err)
		}
		defer backup.Close()
		dir := t.TempDir()
		to := connectIn(t, dir)
		if rows, err := Restore(t.Context(), backup, m, to, keep, nil); err != nil || rows != m.Total() {
			t.Fatalf("%d rows of %d, %v", rows, m.Total(), err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		return openIn(t, dir)
	}
	t.Run("by default", func(t *testing.T) {
		r := restore(t, false)
		if wrong := wrongIn(t, r); len(wrong) > 0 {
			t.Errorf("%q", wrong)
		}
		update(t, r, func(tx *Tx) error {
			for _, id := range []string{"device-pending", "device-approved", "device-denied", "device-spent"} {
				decided, err := tx.DecideDevice(id, Decision{State: DeviceApproved, UserID: filledUser})
				if err != nil || decided {
					t.Errorf("%s is approved after the restore: %v", id, err)
				}
				spent, err := tx.SpendDevice(id, Spending{SessionID: "x"})
				if err != nil || spent {
					t.Errorf("%s is spent after the restore: %v", id, err)
				}
			}
			for _, id := range []string{"request-issued", "request-denied", "request-spent"} {
				spent, err := tx.SpendCode(id, Spending{SessionID: "x"})
				if err != nil || spent {
					t.Errorf("%s is spent after the restore: %v", id, err)
				}
			}
			for _, id := range []string{"session-1", "session-2", "session-3", "session-4"} {
				session, _, found, err := tx.SessionAndUser(id)
				if err != nil || !found || session.Live(tx) || session.RevokedBecause != restoredBecause {
					t.Errorf("%s: found %v, revoked because %q, %v", id, found, session.RevokedBecause, err)
				}
			}
			signIn, _, err := tx.SignIn("sign-in-1")
			if signIn.Live(tx) {
				t.Error("the sign-in stands")
			}
			return err
		})
		spendAfterRestore(t, r, issued)
	})
	t.Run("with sessions kept", func(t *testing.T) {
		r := restore(t, true)
		if wrong := wrongIn(t, r); len(wrong) > 0 {
			t.Errorf("%q", wrong)
		}
		update(t, r, func(tx *Tx) error {
			session, _, _, err := tx.SessionAndUser("session-1")
			if !session.Live(tx) {
				t.Error("the session has ended")
			}
			return err
		})
		spendAfterRestore(t, r, issued)
	})
}

// A copy of a database that was restored knows no more of what was used between backup and restore than the restored one did.
func TestACopyOfARestoredDatabaseHonoursNothingTwice(t *testing.T) {
	s, clock := open(t)
	fillEveryTable(t, s)
	path := filepath.Join(t.TempDir(), "backup.db")
	if _, err := s.Backup(t.Context(), BackupOptions{File: path}); err != nil {
		t.Fatal(err)
	}
	issued := clock.Now().UnixMilli()
	backup, m, err := OpenBackup(t.Context(), path, clock)
	if err != nil {
		t.Fatal(err)
	}
	defer backup.Close()
	restored := connectIn(t, t.TempDir())
	if _, err := Restore(t.Context(), backup, m, restored, false, nil); err != nil {
		t.Fatal(err)
	}
	copied := connectIn(t, t.TempDir())
	if _, err := Copy(t.Context(), restored, copied, nil); err != nil {
		t.Fatal(err)
	}
	spendAfterRestore(t, copied, issued)
	again := filepath.Join(t.TempDir(), "again.db")
	if _, err := copied.Backup(t.Context(), BackupOptions{File: again}); err != nil {
		t.Fatal(err)
	}
	second, _, err := OpenBackup(t.Context(), again, clock)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := second.View(t.Context(), func(tx *Tx) error {
		_, _, noted, err := tx.note(restoreNote)
		if !noted {
			t.Error("the backup of a restored database forgets that it was restored")
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// spendAfterRestore tries an assertion that was issued before the restore, and may have been used, and one that was issued after it.
func spendAfterRestore(t *testing.T, r *Store, before int64) {
	t.Helper()
	for _, c := range []struct {
		id     string
		issued int64
		taken  bool
	}{{"old", before, false}, {"new", r.clock.Now().UnixMilli() + 60_000, true}} {
		taken := false
		update(t, r, func(tx *Tx) (err error) {
			later := tx.Millis() + 60_000
			taken, err = tx.SpendAssertion(SpentAssertion{InputDigest: c.id, IDDigest: c.id, SessionID: "x", ExpiresAt: later, IssuedAt: c.issued})
			return err
		})
		if taken != c.taken {
			t.Errorf("the %s assertion is taken: %v, want %v", c.id, taken, c.taken)
		}
	}
}
