//go:build unix

package server

import (
	"crypto/x509"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// heldBy is what the file system says of a file that somebody has.
type heldBy struct {
	fs.FileInfo
	mode fs.FileMode
	uid  uint32
}

func (h heldBy) Mode() fs.FileMode { return h.mode }
func (h heldBy) Sys() any          { return &syscall.Stat_t{Uid: h.uid} }

func TestAFileWithASecretIsNotForOthersToRead(t *testing.T) {
	const root, sidecar, server = 0, 100, 1000
	for _, c := range []struct {
		name string
		file heldBy
		want string // in the error; empty for none
	}{
		{"the server's own, and nobody else's", heldBy{mode: 0o600, uid: server}, ""},
		{"the server's own, to be read alone", heldBy{mode: 0o400, uid: server}, ""},
		{"the server's own, read by its group", heldBy{mode: 0o640, uid: server}, "is readable by others (mode 0640): chmod 600 it"},
		{"the server's own, read by everybody", heldBy{mode: 0o644, uid: server}, "is readable by others (mode 0644): chmod 600 it"},
		{"mounted for the server's group", heldBy{mode: 0o440, uid: root}, ""},
		{"an administrator's, for the server's group", heldBy{mode: 0o640, uid: root}, ""},
		{"the superuser's alone", heldBy{mode: 0o600, uid: root}, ""},
		{"mounted for everybody", heldBy{mode: 0o444, uid: root}, "is readable by others (mode 0444): chmod 640 it, or have it mounted with the mode 0440"},
		{"an administrator's, read by everybody", heldBy{mode: 0o644, uid: root}, "(mode 0644): chmod 640 it"},
		{"an administrator's, written by the group", heldBy{mode: 0o660, uid: root}, "(mode 0660): chmod 640 it"},
		{"a sidecar's, for the server's group", heldBy{mode: 0o640, uid: sidecar}, ""},
		{"a sidecar's, to be read alone by the server's group", heldBy{mode: 0o440, uid: sidecar}, ""},
		{"a sidecar's, read by everybody", heldBy{mode: 0o644, uid: sidecar}, "is readable by others (mode 0644): chmod 640 it, or chown it to the server's user and chmod 600 it"},
		{"a sidecar's, written by the group", heldBy{mode: 0o660, uid: sidecar}, "(mode 0660): chmod 640 it"},
		{"a pipe of a shell", heldBy{mode: fs.ModeNamedPipe | 0o644, uid: server}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkReaders("/run/secret", c.file, server)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), "the file /run/secret is") || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestEveryFileWithASecretIsRefusedWhenOthersMayReadIt(t *testing.T) {
	secrets := 0
	for _, s := range settings() {
		if !s.hidden {
			continue
		}
		secrets++
		path := writeFile(t, "secret", "postgres://somebody:hunter2@127.0.0.1/x\n")
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(t.TempDir(), "link") // as orchestrators mount them
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		_, err := Load([]string{"--" + strings.ReplaceAll(s.fileKey(), "_", "-"), link}, nil)
		if err == nil || !strings.Contains(err.Error(), s.fileKey()+": ") || !strings.Contains(err.Error(), "is readable by others (mode 0644)") {
			t.Errorf("%s: error %v", s.fileKey(), err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is in the error: %v", s.fileKey(), err)
		}
	}
	if secrets < 5 {
		t.Errorf("%d settings are secrets; root keys, the PIN and addresses of databases are", secrets)
	}
}

func TestAPrivateKeyThatOthersMayReadIsNotServedWith(t *testing.T) {
	folder, clock := t.TempDir(), &testTime{time.Now()}
	certPath, keyPath := filepath.Join(folder, "c.pem"), filepath.Join(folder, "k.pem")
	mode := func(mode fs.FileMode) {
		t.Helper()
		if err := os.Chmod(keyPath, mode); err != nil {
			t.Fatal(err)
		}
	}
	first := writePair(t, certPath, keyPath, clock)
	mode(0o644)
	if _, err := newCertificateFiles(certPath, keyPath, clock.now, quiet); err == nil || !strings.Contains(err.Error(), "the file "+keyPath+" is readable by others (mode 0644): chmod") {
		t.Errorf("at the start: %v", err)
	}
	mode(0o600)
	files, err := newCertificateFiles(certPath, keyPath, clock.now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	inUse := func(step string, want *x509.Certificate) {
		t.Helper()
		clock.moment = clock.moment.Add(certificateCheckInterval)
		if got, err := files.GetCertificate(nil); err != nil || !got.Leaf.Equal(want) {
			t.Errorf("%s: another certificate is in use (%v)", step, err)
		}
	}
	second := writePair(t, certPath, keyPath, clock)
	mode(0o604)
	inUse("after a replacement that others may read", first)
	mode(0o600) // which shows in no time of the file
	inUse("after the repair", second)
}

func TestSettingsWithSecretsThatOthersMayReadAreTold(t *testing.T) {
	secret := writeFile(t, "secret", "postgres://somebody:hunter2@127.0.0.1/x\n")
	for _, c := range []struct {
		name, text string
		mode       fs.FileMode
		env        []string
		want       string // the settings of the warning; empty for none
	}{
		{"a password, for everybody", "database: postgres://somebody:hunter2@127.0.0.1/x", 0o644, nil, "database"},
		{"a password among the options, for everybody", "database: postgres://127.0.0.1/x?user=somebody&password=hunter2", 0o644, nil, "database"},
		{"an address without a password", "database: postgres://somebody@127.0.0.1/x", 0o644, nil, ""},
		{"a password, for the server alone", "database: postgres://somebody:hunter2@127.0.0.1/x", 0o600, nil, ""},
		{"the name of a file with a secret", "database_file: " + secret, 0o644, nil, ""},
		{"a password that something else takes the place of", "database: postgres://somebody:hunter2@127.0.0.1/x", 0o644, []string{"SALLYPORT_DATABASE=postgres://127.0.0.1/y"}, ""},
		{"two secrets", "root_key: " + strings.Repeat("A", 43) + "\ndatabase: postgres://somebody:hunter2@127.0.0.1/x", 0o604, nil, "database, root_key"},
		{"a secret that looks like an address", "root_key_previous: \"# key:\"", 0o644, nil, "root_key_previous"},
		{"no secret", "log_level: warn", 0o644, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeFile(t, "settings.yaml", c.text+"\n")
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			config, err := Load([]string{"--config", path}, c.env)
			if err != nil {
				t.Fatal(err)
			}
			err = config.checkConfigFile()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "it holds "+c.want+": the file "+path+" is readable by others")) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the secret is in the error: %v", err)
			}
		})
	}
}

func TestAStartWarnsOfSecretsThatOthersMayRead(t *testing.T) {
	path := writeFile(t, "settings.yaml", "root_key: "+strings.Repeat("A", 43)+"\n")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	noFolder := filepath.Join(writeFile(t, "file", ""), "data") // where the start ends
	var log strings.Builder
	if err := Serve(t.Context(), mustLoad(t, []string{"--config", path, "--data", noFolder}, nil), io.Discard, &log); err == nil {
		t.Error("a server has its data in a file")
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "root_key") || !strings.Contains(log.String(), path) {
		t.Errorf("the log says %q", log.String())
	}
}
