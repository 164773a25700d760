package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"sallyport/internal/admin"
	"sallyport/internal/api"
	"sallyport/internal/assertion"
	"sallyport/internal/creds"
	"sallyport/internal/explain"
	"sallyport/internal/fault"
	"sallyport/internal/iam"
	"sallyport/internal/identitystore"
	"sallyport/internal/keys"
	"sallyport/internal/portal"
	"sallyport/internal/rules"
	"sallyport/internal/signin"
	"sallyport/internal/store"
	"sallyport/internal/sts"
	"sallyport/internal/sys"
	"sallyport/internal/token"
	"sallyport/internal/web"
	"sallyport/internal/wire"
)

const (
	// cleanEvery is the pause between sweeps of expired rows.
	cleanEvery = 5 * time.Minute
	// tuneEvery is the pause between two looks at how much lives, by which the collector is tuned.
	tuneEvery = 10 * time.Second
	// maxAgent bounds the User-Agent that rooms see.
	maxAgent = 256
)

// House is everything behind one store: what serve assembles, and what operator commands use a part of.
type House struct {
	Store    *store.Store
	Ring     *keys.Ring
	Clock    *sys.Clock
	Log      *slog.Logger
	Instance store.Instance
	IsNew    bool // the instance was made just now
	Signin   *signin.Service
	IAM      *iam.Service
}

// OpenHouse opens the store and the key ring of a configuration, and makes the instance at the first start.
func OpenHouse(ctx context.Context, c *Config, log *slog.Logger) (*House, error) {
	return enterHouse(ctx, c, log, serving)
}

// opening says what may become of the instance where a house is opened.
type opening int

const (
	serving    opening = iota // it is made, or follows the configuration
	furnishing                // it is made, or stays as it is: a command may have been given other settings than the server
	visiting                  // it has to be there
)

func enterHouse(ctx context.Context, c *Config, log *slog.Logger, opens opening) (*House, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	h := &House{Clock: &sys.Clock{}, Log: log}
	var err error
	if h.Store, err = store.Open(store.Options{Dir: c.Data, Database: c.Database.Reveal(), Replica: c.DatabaseReplica.Reveal(), Clock: h.Clock, Logger: log, Migrated: !c.Migrate}); err != nil {
		return nil, err
	}
	if err := h.open(ctx, c, opens); err != nil {
		return nil, errors.Join(err, h.Store.Close())
	}
	return h, nil
}

func (h *House) open(ctx context.Context, c *Config, opens opening) error {
	if opens == visiting {
		if err := needInstance(ctx, h.Store); err != nil {
			return err
		}
	}
	root, previous, err := h.rootKeys(ctx, c)
	if err != nil {
		return err
	}
	if err := h.Store.Update(ctx, func(tx *store.Tx) error { return h.ensureInstance(tx, c, opens) }); err != nil {
		return fmt.Errorf("read the instance: %w", err)
	}
	if h.Ring, err = keys.Open(ctx, h.Store, root, h.Instance.InstanceID, previous...); err != nil {
		return err
	}
	h.Signin = signin.New(signin.Options{
		Store: h.Store, Ring: h.Ring, Log: h.Log, SessionDuration: c.SessionDuration, IdleTimeout: c.WebIdleTimeout,
		DemoPasswords: c.Dev,
	})
	h.IAM = iam.New(iam.Options{Store: h.Store, Ring: h.Ring, Clock: h.Clock, Log: h.Log, Delegated: c.MemberAccounts})
	return nil
}

// rootKeys are the root key of the configuration and those of before.
func (h *House) rootKeys(ctx context.Context, c *Config) (root keys.Root, previous []keys.Root, err error) {
	switch text := c.RootKey.Reveal(); {
	case c.PKCS11Key != "":
		root, err = c.tokenKey(ctx, c.PKCS11Key)
	case text != "":
		root, err = keys.ParseRootKey(text)
	default:
		root, err = h.rootKeyInFolder(ctx, c)
	}
	if err != nil {
		return nil, nil, err
	}
	older, err := keys.ParseRootKeys(c.RootKeyPrevious.Reveal())
	if err != nil {
		return nil, nil, err
	}
	for _, key := range older {
		previous = append(previous, key)
	}
	if c.PKCS11PreviousKey != "" {
		key, err := c.tokenKey(ctx, c.PKCS11PreviousKey)
		if err != nil {
			return nil, nil, err
		}
		previous = append(previous, key)
	}
	return root, previous, nil
}

// tokenKey opens the root key of a label in the token.
func (c *Config) tokenKey(ctx context.Context, label string) (keys.Root, error) {
	return keys.OpenPKCS11(ctx, keys.PKCS11{Module: c.PKCS11Module, Token: c.PKCS11Token, Key: label, PIN: c.PKCS11PIN.Reveal()})
}

// rootKeyInFolder reads the root key in the data folder, and makes one for a store that nothing is sealed in yet. One that was lost is not
// made anew: it would open nothing, and lie where the right one has to be put back.
func (h *House) rootKeyInFolder(ctx context.Context, c *Config) (keys.RootKey, error) {
	path := filepath.Join(c.Data, "root.key")
	var sealing []store.SealingKey
	err := h.Store.Look(ctx, func(tx *store.Tx) (err error) {
		sealing, err = tx.SealingKeys()
		return err
	})
	if err != nil {
		return keys.RootKey{}, fmt.Errorf("read the key ring: %w", err)
	}
	// The file is looked for after the ring: a process that starts beside this one makes them in the other order.
	if _, err := os.Stat(path); len(sealing) > 0 && errors.Is(err, fs.ErrNotExist) {
		return keys.RootKey{}, fmt.Errorf("the root key %s is gone, and nothing in the database opens without it: put it back from its backup", path)
	}
	return keys.RootKeyFile(path)
}

// defaultOwner owns an instance until a directory file names another account.
const defaultOwner = "111122223333"

// needInstance says that a database is not in use, where it has to be: before a root key and an instance are made for it.
func needInstance(ctx context.Context, s *store.Store) error {
	return s.Look(ctx, func(tx *store.Tx) error {
		_, found, err := tx.Instance()
		if err == nil && !found {
			err = errors.New("the database holds no instance: is it the one that `sallyport serve` has? `serve` and `apply` make one")
		}
		return err
	})
}

// ensureInstance reads the instance and makes it when there is none. The Region follows the configuration of servers.
func (h *House) ensureInstance(tx *store.Tx, c *Config, opens opening) error {
	instance, found, err := tx.Instance()
	if err != nil {
		return err
	}
	if !found {
		instance = store.Instance{
			InstanceID:      rules.NewInstanceID(),
			IdentityStoreID: rules.NewIdentityStoreID(),
			OwnerAccountID:  defaultOwner,
			Name:            "Sallyport",
		}
	}
	h.IsNew = !found
	if !found || opens == serving && instance.Region != c.Region {
		instance.Region = c.Region
		if err := tx.PutInstance(instance); err != nil {
			return err
		}
	}
	h.Instance = instance
	return nil
}

// Close closes the store.
func (h *House) Close() error { return h.Store.Close() }

// Serve runs the server until ctx ends, then lets requests in flight finish. What people should read goes to out, the log to errOut.
func Serve(ctx context.Context, c *Config, out, errOut io.Writer) error {
	log, err := newLogger(errOut, c.LogFormat, c.LogLevel)
	if err != nil {
		return err
	}
	tuneCollector()
	if err := forbidCoreFiles(); err != nil { // some containers do not let us; that is no reason not to serve
		log.Warn("a crash may write the memory of the server to a file", "error", err)
	}
	if err := c.checkConfigFile(); err != nil {
		log.Warn("the settings file has secrets that are others' as well", "error", err)
	}
	if err := c.removeReadyFile(); err != nil {
		return err
	}
	if c.Dev {
		log = explainLinks(log, func() string { return c.PublicURL })
	}
	house, err := OpenHouse(ctx, c, log)
	if err != nil {
		return err
	}
	defer house.Close()
	if err := house.join(ctx); err != nil {
		return err
	}
	if c.Dev {
		if err := house.furnish(ctx); err != nil {
			return fmt.Errorf("set up the demo: %w", err)
		}
		debug.FreeOSMemory() // hashing the passwords of the demo took 19 MiB each
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer listener.Close()
	if err := c.checkBound(listener.Addr()); err != nil {
		return err
	}
	c.Bound(listener.Addr())
	s, err := house.assemble(ctx, c)
	if err != nil {
		return err
	}
	return s.run(ctx, listener, out)
}

// Server is an assembled house with its doors.
type Server struct {
	*House
	config   *Config
	http     *http.Server
	startURL token.StartURLs
	caPath   string
	hints    []string // how to trust the local CA
	ready    readiness
	recorder *explain.Recorder // why requests were refused
}

// assemble makes the rooms and the rims and joins them to one handler.
func (h *House) assemble(ctx context.Context, c *Config) (*Server, error) {
	s := &Server{House: h, config: c, recorder: h.newRecorder()}
	s.startURL = token.StartURLs{
		Own: c.PublicURL + web.PathPortal, InstanceID: h.Instance.InstanceID, IdentityStoreID: h.Instance.IdentityStoreID,
		Region: h.Instance.Region, Aliases: c.StartURLAliases,
	}
	handler, err := s.handler(ctx)
	if err != nil {
		return nil, err
	}
	s.http = newHTTPServer(handler, h.Log)
	return s, s.secure()
}

// handler joins the routes of programs and of people, behind the hygiene.
func (s *Server) handler(ctx context.Context) (http.Handler, error) {
	verifier, err := s.newVerifier(s.config)
	if err != nil {
		return nil, err
	}
	tokens := s.newTokens(verifier)
	portals := portal.New(portal.Options{Store: s.Store, Ring: s.Ring, Clock: s.Clock, Log: s.Log})
	security := sts.New(sts.Options{Store: s.Store, Ring: s.Ring, Clock: s.Clock, Log: s.Log, Access: s.IAM.Access, Assertions: verifier})
	configuration := admin.New(admin.Options{
		Store: s.Store, Ring: s.Ring, Clock: s.Clock, Log: s.Log, AssignmentDelay: func() time.Duration { return s.config.AssignmentDelay },
	})
	people := identitystore.New(identitystore.Options{Store: s.Store, Ring: s.Ring, Log: s.Log, IdentityStoreID: s.Instance.IdentityStoreID})
	handlers := slices.Concat(tokens.Handlers(), portals.Handlers(), security.Handlers(), configuration.Handlers(), people.Handlers())
	var dev *devRim
	if s.config.Dev {
		dev = &devRim{Server: s, tokens: tokens, faults: newFaults(handlers)}
		handlers = dev.faults.wrap(handlers)
	}
	rim := s.newRim(handlers, tokens)
	pages, err := s.pages(ctx, tokens, portals)
	if err != nil {
		return nil, err
	}
	return hygiene(rim.Presigned(s.doors(rim, pages, dev)), hygieneOptions{
		now: s.Clock.Now, hosts: s.config.hostTable(), trustedProxies: s.config.TrustedProxies,
		noProxies: s.config.Dev && len(s.config.TrustedProxies) == 0, log: s.Log, htmlError: pages.Error,
	}), nil
}

// newTokens makes the token service.
func (s *Server) newTokens(verifier *assertion.Verifier) *token.Service {
	return token.New(token.Options{
		Store: s.Store, Ring: s.Ring, Clock: s.Clock, Log: s.Log,
		Issuer: s.config.PublicURL, StartURLs: s.startURL,
		SessionDuration: s.config.SessionDuration, RefreshWindow: s.config.RefreshWindow,
		DeviceCodeLifetime: s.config.DeviceCodeLifetime, PollInterval: s.config.DevicePollInterval,
		DeviceGrant: s.config.DeviceGrant, ApprovalMaxAge: s.config.ApprovalMaxAge,
		RegisterRate: float64(s.config.RegisterRate), DeviceStartRate: float64(s.config.DeviceStartRate),
		OwnerAccountID: s.Instance.OwnerAccountID, Access: s.IAM.Access, Assertions: verifier,
		ApplicationRate: float64(s.config.ApplicationRate), AssertionRate: float64(s.config.AssertionRate),
		TrustEmail: s.config.TrustEmail, AWSAuthTime: s.config.AWSAuthTime, KMSReason: s.config.SimulateKMS, OtherRegions: s.config.otherRegions(),
	})
}

// newRim makes the rim for programs.
func (s *Server) newRim(handlers []api.Handler, tokens *token.Service) *wire.Rim {
	return wire.New(wire.Options{
		Handlers: handlers, Caller: s.caller, FindKey: s.IAM.FindKey, Authorize: s.IAM.Authorize, Now: s.Clock.Now, Log: s.Log,
		Refused: recordRefusals(s.recorder, s.Clock),
		OAuth: wire.OAuth{
			Discovery: tokens.Discovery(), JWKS: s.Ring.JWKS, Revoke: tokens.Revoke,
			Introspect: func(ctx context.Context, clientID, clientSecret, text string) (any, error) {
				return tokens.Introspect(ctx, clientID, clientSecret, text)
			},
		},
	})
}

// doors are the routes of all rims; dev is nil outside of development mode.
func (s *Server) doors(rim *wire.Rim, pages *web.Handler, dev *devRim) *http.ServeMux {
	mux := http.NewServeMux()
	rim.Routes(mux)
	pages.Routes(mux)
	s.ready.routes(mux, s.Store, s.Log)
	if dev != nil {
		dev.routes(mux)
		mux.HandleFunc("GET "+pathExplain, explainRoute(s.recorder, s.Clock, dev.sameOrigin))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if prefersHTML(r.Header.Get("Accept")) {
			pages.Error(w, r, http.StatusNotFound, RequestID(r.Context()), "There is no page at this address.")
			return
		}
		rim.NotFound(w, r)
	})
	return mux
}

// caller says who sent a request.
func (s *Server) caller(r *http.Request) api.Caller {
	agent := r.UserAgent()
	return api.Caller{
		Address:   clientAddr(r, s.config.TrustedProxies),
		Agent:     agent[:min(len(agent), maxAgent)],
		RequestID: RequestID(r.Context()),
	}
}

// secure sets up TLS, if the configuration has any.
func (s *Server) secure() error {
	switch c := s.config; {
	case c.TLSAuto:
		authority, err := openLocalAuthority(filepath.Join(c.Data, "tls"), c.certificateHosts(), time.Now, s.Log)
		if err != nil {
			return err
		}
		s.caPath, s.hints = authority.CAPath(), authority.trustHints()
		s.http.TLSConfig = tlsConfig(authority)
	case c.TLSCert != "":
		files, err := newCertificateFiles(c.TLSCert, c.TLSKey, time.Now, s.Log)
		if err != nil {
			return err
		}
		s.http.TLSConfig = tlsConfig(files)
	}
	return nil
}

// run serves until ctx ends.
func (s *Server) run(ctx context.Context, listener net.Listener, out io.Writer) error {
	background, stop := context.WithCancel(context.Background())
	defer stop()
	go s.tend(background)
	go s.tendKeys(background)
	served := make(chan error, 1)
	go func() {
		if s.http.TLSConfig != nil {
			served <- s.http.ServeTLS(listener, "", "")
		} else {
			served <- s.http.Serve(listener)
		}
	}()
	// Who reads the ready file may end the service at once. What is still to be told is then no reason to cut off requests.
	if err := s.announce(context.WithoutCancel(ctx), out); err != nil {
		return errors.Join(err, s.http.Close())
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.Log.Info("stopping: requests in flight finish", "timeout", s.config.ShutdownTimeout.String())
	s.ready.stop()
	deadline, cancel := context.WithTimeout(context.Background(), s.config.ShutdownTimeout)
	defer cancel()
	if err := s.http.Shutdown(deadline); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off: %w", err), s.http.Close())
	}
	if err := s.recorder.Close(deadline); err != nil {
		s.Log.Error("the last refusals were not recorded", "error", err)
	}
	s.Log.Info("stopped")
	return nil
}

// tend does what has to be done now and then.
func (s *Server) tend(ctx context.Context) {
	clean, tune := time.NewTicker(cleanEvery), time.NewTicker(tuneEvery)
	defer clean.Stop()
	defer tune.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clean.C:
			if removed, err := s.Store.Clean(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("expired rows were not cleaned", "error", err)
			} else if removed > 0 {
				s.Log.Debug("expired rows cleaned", "rows", removed)
			}
		case <-tune.C:
			tuneCollector()
		}
	}
}

// adminName is the user of the owner's account that development mode administers as.
const adminName = "admin"

// adminKey returns the access key of the administrator of development mode, who is made at the first start.
func (h *House) adminKey(ctx context.Context) (id, secret string, err error) {
	admin := store.IAMPrincipal{AccountID: h.Instance.OwnerAccountID, Kind: store.IAMUserKind, Name: adminName}
	key, err := h.IAM.EnsureAccessKey(ctx, api.Caller{}, admin)
	if refusal, refused := fault.As(err); refused && refusal.Kind == fault.NotFound {
		if err = h.makeAdmin(ctx, admin); err == nil {
			key, err = h.IAM.EnsureAccessKey(ctx, api.Caller{}, admin)
		}
	}
	if err != nil {
		return "", "", err
	}
	secret, ok := creds.OpenAccessKeySecret(h.Ring, key.AccessKeyID, key.SealedSecret)
	if !ok {
		return "", "", errors.New("the stored access key of the administrator does not open")
	}
	return key.AccessKeyID, secret, nil
}

// makeAdmin makes the administrator, unless an earlier start did.
func (h *House) makeAdmin(ctx context.Context, admin store.IAMPrincipal) error {
	all, known := rules.AttachedPolicy("arn:aws:iam::aws:policy/AdministratorAccess")
	if !known {
		return errors.New("there is no policy for administrators")
	}
	_, err := h.IAM.CreateUser(ctx, api.Caller{}, store.IAMUser{AccountID: admin.AccountID, UserName: admin.Name}, all)
	if refusal, refused := fault.As(err); refused && refusal.Kind == fault.Conflict {
		return nil
	}
	return err
}

// pages makes the rim for people.
func (s *Server) pages(ctx context.Context, tokens *token.Service, portals *portal.Service) (*web.Handler, error) {
	var hints *web.DevHints
	if s.config.Dev {
		users, err := s.demoUsers(ctx)
		if err != nil {
			return nil, err
		}
		hints = &web.DevHints{}
		for _, user := range users {
			hints.Users = append(hints.Users, web.DemoUser{UserName: user.UserName, Password: user.Password})
		}
	}
	return web.New(web.Options{
		Signin: s.Signin, Token: tokens, Portal: portals, Ring: s.Ring, Clock: s.Clock, Log: s.Log,
		Instance: s.Instance.Name, Issuer: s.config.PublicURL, StartURLs: s.startURL, Region: s.Instance.Region,
		Secure: strings.HasPrefix(s.config.PublicURL, "https://"), Dev: hints, Caller: s.caller,
	}), nil
}
