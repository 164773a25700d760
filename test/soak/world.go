//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// sessions is how many people are signed in beside the devices that wait. A new sign-in takes the place of the oldest.
const sessions = 100

// world is what all clients of the server share.
type world struct {
	*server
	host   string
	tls    *tls.Config
	client struct{ ClientID, ClientSecret string }
	signed []*session
}

// session is one sign-in, used by one at a time.
type session struct {
	mu                        sync.Mutex
	AccessToken, RefreshToken string
}

type deviceCode struct{ DeviceCode, UserCode string }

func newWorld(ctx context.Context, s *server) (*world, error) {
	w := &world{server: s, tls: s.client.Transport.(*http.Transport).TLSClientConfig.Clone()}
	var err error
	if w.host, err = hostOf(s.Endpoint); err != nil {
		return nil, err
	}
	registration := map[string]any{"clientName": "soak", "clientType": "public", "scopes": []string{"sso:account:access"}}
	if err := s.call(ctx, http.MethodPost, "/client/register", "", registration, &w.client); err != nil {
		return nil, err
	}
	for range sessions {
		signed := &session{}
		if err := w.signIn(ctx, signed); err != nil {
			return nil, err
		}
		w.signed = append(w.signed, signed)
	}
	return w, nil
}

// leave closes the connections that nobody uses.
func (w *world) leave() { w.server.client.CloseIdleConnections() }

func (w *world) authorize(ctx context.Context) (code deviceCode, err error) {
	return code, w.call(ctx, http.MethodPost, "/device_authorization", "", map[string]string{
		"clientId": w.client.ClientID, "clientSecret": w.client.ClientSecret, "startUrl": w.StartURL,
	}, &code)
}

// signIn is a whole sign-in with a device code.
func (w *world) signIn(ctx context.Context, signed *session) error {
	code, err := w.authorize(ctx)
	if err != nil {
		return err
	}
	approval := map[string]string{"userCode": code.UserCode, "userName": "alice", "decision": "approve"}
	if err := w.call(ctx, http.MethodPost, "/_dev/device", "", approval, nil); err != nil {
		return err
	}
	return w.call(ctx, http.MethodPost, "/token", "", map[string]string{
		"clientId": w.client.ClientID, "clientSecret": w.client.ClientSecret, "grantType": deviceGrant, "deviceCode": code.DeviceCode,
	}, signed)
}

func (w *world) refresh(ctx context.Context, signed *session) error {
	return w.call(ctx, http.MethodPost, "/token", "", map[string]string{
		"clientId": w.client.ClientID, "clientSecret": w.client.ClientSecret, "grantType": "refresh_token", "refreshToken": signed.RefreshToken,
	}, signed)
}

func (w *world) credentials(ctx context.Context, signed *session) error {
	return w.call(ctx, http.MethodGet, "/federation/credentials?role_name=AdministratorAccess&account_id=111122223333", signed.AccessToken, nil, nil)
}

// task is something that is done so many times a second.
type task struct {
	name  string
	rate  int
	do    func(context.Context, *session) error
	took  histogram
	error atomic.Pointer[string] // the first
	fails atomic.Int64
}

// work is the load beside the polls.
type work struct {
	tasks  []*task
	cancel context.CancelFunc
	all    sync.WaitGroup
}

func (w *world) work(ctx context.Context) *work {
	ctx, cancel := context.WithCancel(ctx)
	beside := &work{cancel: cancel, tasks: []*task{
		{name: "sign-ins", rate: signInsPerSecond, do: w.signIn},
		{name: "refreshes", rate: refreshesPerSecond, do: w.refresh},
		{name: "role credentials", rate: credentialsPerSecond, do: w.credentials},
	}}
	for _, t := range beside.tasks {
		beside.all.Go(func() { t.run(ctx, w.signed) })
	}
	return beside
}

// run does the task in its pace, over the sessions in turn. What is slow does not hold up the next.
func (t *task) run(ctx context.Context, signed []*session) {
	ticker := time.NewTicker(time.Second / time.Duration(t.rate))
	defer ticker.Stop()
	var all sync.WaitGroup
	defer all.Wait()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		all.Go(func() {
			one := signed[i%len(signed)]
			one.mu.Lock()
			defer one.mu.Unlock()
			began := time.Now()
			if err := t.do(ctx, one); err != nil && ctx.Err() == nil {
				text := err.Error()
				t.error.CompareAndSwap(nil, &text)
				t.fails.Add(1)
			}
			t.took.record(time.Since(began))
		})
	}
}

// stop ends the work. Stopping twice is no harm.
func (w *work) stop() {
	w.cancel()
	w.all.Wait()
}

func (w *work) tell(r *report) {
	for _, t := range w.tasks {
		r.latency(t.name, &t.took, 0)
		name := t.name + " that failed"
		if text := t.error.Load(); text != nil {
			name = fmt.Sprintf("%s (%s)", name, shorten(*text))
		}
		r.figure(name, float64(t.fails.Load()), "", func(v float64) bool { return v == 0 })
	}
}
