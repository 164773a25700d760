package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sallyport/internal/arn"
	"sallyport/internal/safefile"
	"sallyport/internal/store"
	"sallyport/internal/web"
)

// readiness answers health checks. Alive is a process that answers; ready is one that can read its store, writes to it, and is not stopping.
type readiness struct {
	stopping atomic.Bool
	writing  writeProbe
}

func (h *readiness) stop() { h.stopping.Store(true) }

func (h *readiness) routes(mux *http.ServeMux, s *store.Store, log *slog.Logger) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if !h.ready(r.Context(), s, log) {
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "not ready\n")
			return
		}
		io.WriteString(w, "ready\n")
	})
}

func (h *readiness) ready(ctx context.Context, s *store.Store, log *slog.Logger) bool {
	if h.stopping.Load() {
		return false
	}
	err := s.View(ctx, func(tx *store.Tx) error {
		_, _, err := tx.Instance()
		return err
	})
	if err == nil {
		err = h.writing.ask(ctx, log, s.Touch)
	}
	return err == nil && !h.stopping.Load()
}

const (
	// touchEvery is how often a write is tried at most: everybody may ask whether the server is ready, and each write waits for the disk.
	touchEvery = 2 * time.Second
	// touchPatience is how long somebody who asks waits for the write: less than the second after which Kubernetes gives a probe up by default.
	// A write that takes longer says nothing yet, since another process may be changing much at once. One that takes longer than touchMost fails.
	touchPatience = 300 * time.Millisecond
	touchMost     = 15 * time.Second
)

var errTouching = errors.New("nothing is written: a write takes too long")

// writeProbe tries now and then whether the store takes writes, while somebody asks. A disk that is full or read-only still answers reads, so
// nothing else would show it before people cannot sign in any more.
type writeProbe struct {
	mu      sync.Mutex
	began   time.Time     // the last try
	running chan struct{} // closed at the end of the try that is under way; nil without one
	last    error         // what came of the one before, or that the one under way takes too long
}

// ask returns why nothing can be written, or nil.
func (p *writeProbe) ask(ctx context.Context, log *slog.Logger, touch func(context.Context) error) error {
	p.mu.Lock()
	if p.running == nil && (p.began.IsZero() || time.Since(p.began) >= touchEvery) {
		p.began, p.running = time.Now(), make(chan struct{})
		go p.try(context.WithoutCancel(ctx), log, touch)
	}
	running := p.running
	p.mu.Unlock()
	if running != nil {
		patience := time.NewTimer(touchPatience)
		defer patience.Stop()
		select {
		case <-running:
		case <-patience.C:
		case <-ctx.Done():
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil && time.Since(p.began) > touchMost {
		p.learn(log, errTouching)
	}
	return p.last
}

// try writes.
func (p *writeProbe) try(ctx context.Context, log *slog.Logger, touch func(context.Context) error) {
	err := touch(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.learn(log, err)
	close(p.running)
	p.running = nil
}

// learn keeps what came of a try, and says in the log when writing begins to fail or is possible again. A store that is closed does not fail:
// the server ends.
func (p *writeProbe) learn(log *slog.Logger, err error) {
	switch {
	case err != nil && p.last == nil && !errors.Is(err, store.ErrClosed):
		log.Error("not ready: the store takes no writes", "error", err)
	case err == nil && p.last != nil:
		log.Info("the store takes writes again")
	}
	p.last = err
}

// readyFile is what --ready-file holds. Other people's tools read it: keys are never renamed.
type readyFile struct {
	Endpoint        string      `json:"endpoint"`
	StartURL        string      `json:"startUrl"`
	Region          string      `json:"region"`
	InstanceARN     string      `json:"instanceArn"`
	IdentityStoreID string      `json:"identityStoreId"`
	CABundle        string      `json:"caBundle,omitempty"`
	Admin           *readyAdmin `json:"admin,omitempty"`
	Users           []demoUser  `json:"users,omitempty"`
	PID             int         `json:"pid"`
}

type readyAdmin struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
}

// announce tells programs and people that requests are answered.
func (s *Server) announce(ctx context.Context, out io.Writer) error {
	if s.config.ReadyFile != "" {
		if err := s.writeReadyFile(ctx); err != nil {
			return fmt.Errorf("write the ready file: %w", err)
		}
	}
	s.Log.Info("serving", "url", s.config.PublicURL, "listen", s.config.Listen, "instance", s.Instance.InstanceID, "dev", s.config.Dev)
	return s.greet(ctx, out)
}

// removeReadyFile takes away what an earlier start left, so that nobody who waits for the file takes that for this one.
func (c *Config) removeReadyFile() error {
	if c.ReadyFile == "" {
		return nil
	}
	if err := os.Remove(c.ReadyFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the ready file of an earlier start: %w", err)
	}
	return nil
}

func (s *Server) writeReadyFile(ctx context.Context) error {
	file := readyFile{
		Endpoint: s.config.PublicURL, StartURL: s.startURL.Own, Region: s.Instance.Region,
		InstanceARN: arn.Instance{InstanceID: s.Instance.InstanceID}.String(), IdentityStoreID: s.Instance.IdentityStoreID,
		CABundle: s.caPath, PID: os.Getpid(),
	}
	if s.config.Dev {
		id, secret, err := s.adminKey(ctx)
		if err != nil {
			return err
		}
		file.Admin = &readyAdmin{id, secret}
		if file.Users, err = s.demoUsers(ctx); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	// Written aside and renamed, so that who waits for the file never reads a part of it. It may hold secrets of the demo.
	return safefile.Replace(s.config.ReadyFile, safefile.Private, append(text, '\n'))
}

// greet prints what to do next, ready to paste.
func (s *Server) greet(ctx context.Context, out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Sallyport serves %s\n", s.config.PublicURL)
	if len(s.hints) > 0 {
		fmt.Fprintf(&b, "\nIts certificate is from a local authority. To trust it:\n\n    %s\n", strings.Join(s.hints, "\n    "))
	}
	if s.config.Dev {
		users, err := s.demoUsers(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\nDevelopment mode. Sign in as:\n\n")
		for _, user := range users {
			fmt.Fprintf(&b, "    %-8s %s\n", user.UserName, user.Password)
		}
		// Not indented: a blank at the start of a line means something else in this file.
		fmt.Fprintf(&b, "\n1. Add this to ~/.aws/config:\n\n%s\n%s\n2. aws sso login --profile demo\n3. aws sts get-caller-identity --profile demo\n",
			s.commandLine().SessionFragment(), s.commandLine().ProfileFragment(demoAccount, demoRole))
	} else {
		fmt.Fprintf(&b, "Start URL for people:          %s\nStart URL for ~/.aws/config:   %s\n", s.startURL.Own, s.startURL.AWS())
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// commandLine is what an AWS CLI must know to sign in here.
func (s *Server) commandLine() web.CommandLine {
	return web.CommandLine{Session: web.SessionName, StartURL: s.startURL.AWS(), Region: s.Instance.Region, Endpoint: s.config.PublicURL}
}

// The profile that the first steps use.
var (
	demoAccount = web.Account{ID: "111122223333"}
	demoRole    = web.Role{Name: "AdministratorAccess", Profile: "demo"}
)
