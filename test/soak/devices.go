//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A code lives for ten minutes. A device takes a new one well before, each in its own time, as if its person had begun again: no poll of
// the soak meets a code that has run out.
const (
	renewAfter  = 5 * time.Minute
	renewWithin = 4 * time.Minute
)

// connecting bounds the handshakes at once, so that a run begins with what a server meets and not with a flood.
const connecting = 32

// patience is how long an answer may take before the device gives up.
const patience = 30 * time.Second

// device is one that waits: a connection of its own and the request that it sends over and over.
type device struct {
	conn    *tls.Conn
	in      *bufio.Reader
	request []byte
	renewAt time.Time
}

// connect gives each device a code and a connection, and has it poll from then on, at its moment of every interval. A connection on which
// nothing comes is closed by the server before long, so none waits for the others.
func (o options) connect(ctx context.Context, w *world) (*polling, error) {
	inner, cancel := context.WithCancel(ctx)
	p := &polling{cancel: cancel}
	began := time.Now()
	var all sync.WaitGroup
	var next atomic.Int64
	failures := make(chan error, connecting)
	for range connecting {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(o.pollers) && ctx.Err() == nil; i = next.Add(1) - 1 {
				d := &device{}
				if err := d.begin(ctx, w); err != nil {
					failures <- err
					return
				}
				if err := d.dial(ctx, w); err != nil {
					failures <- err
					return
				}
				at := began.Add(o.every * time.Duration(i) / time.Duration(o.pollers))
				for at.Before(time.Now()) {
					at = at.Add(o.every)
				}
				p.all.Go(func() { p.keepPolling(inner, w, d, at, o.every) })
			}
		})
	}
	all.Wait()
	select {
	case err := <-failures:
		p.stop()
		return nil, err
	default:
		return p, ctx.Err()
	}
}

// begin takes a device code.
func (d *device) begin(ctx context.Context, w *world) error {
	code, err := w.authorize(ctx)
	if err != nil {
		return err
	}
	body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"grantType":%q,"deviceCode":%q}`, w.client.ClientID, w.client.ClientSecret, deviceGrant, code.DeviceCode)
	d.request = fmt.Appendf(nil, "POST /token HTTP/1.1\r\nHost: %s\r\nUser-Agent: soak\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", w.host, len(body), body)
	d.renewAt = time.Now().Add(renewAfter + spread(renewWithin))
	return nil
}

func (d *device) dial(ctx context.Context, w *world) error {
	conn, err := (&tls.Dialer{Config: w.tls}).DialContext(ctx, "tcp", w.host)
	if err != nil {
		return err
	}
	d.conn = conn.(*tls.Conn)
	d.in = bufio.NewReaderSize(d.conn, 2<<10)
	return nil
}

// ask polls once and returns the error code of the answer.
func (d *device) ask() (code string, err error) {
	d.conn.SetDeadline(time.Now().Add(patience))
	if _, err := d.conn.Write(d.request); err != nil {
		return "", err
	}
	length := 0
	for {
		line, err := d.in.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		if len(line) <= 2 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return "", err
			}
		}
	}
	body, err := d.in.Peek(length)
	if err != nil {
		return "", err
	}
	defer d.in.Discard(length)
	for _, known := range []string{pending, "slow_down"} {
		if bytes.Contains(body, []byte(`"`+known+`"`)) {
			return known, nil
		}
	}
	return string(body), nil
}

const pending = "authorization_pending"

// polling is all devices at work.
type polling struct {
	window  histogram // since it was last taken
	answers sync.Map  // *atomic.Int64 by the code of the answer
	failed  atomic.Int64
	renewed atomic.Int64
	late    histogram // how far behind its plan the generator itself was
	cancel  context.CancelFunc
	all     sync.WaitGroup
}

// keepPolling polls until the soak ends, and closes the connection.
func (p *polling) keepPolling(ctx context.Context, w *world, d *device, at time.Time, every time.Duration) {
	defer d.conn.Close()
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		p.late.record(began.Sub(at))
		code, err := d.ask()
		p.window.record(time.Since(began))
		if err != nil {
			p.failed.Add(1)
			p.count(err.Error())
			return
		}
		p.count(code)
		if time.Now().After(d.renewAt) {
			p.renewed.Add(1)
			if err := d.begin(ctx, w); err != nil && ctx.Err() == nil {
				p.failed.Add(1)
				p.count(err.Error())
				return
			}
		}
		at = at.Add(every)
		timer.Reset(time.Until(at))
	}
}

func (p *polling) count(code string) {
	counter, _ := p.answers.LoadOrStore(code, new(atomic.Int64))
	counter.(*atomic.Int64).Add(1)
}

// stop ends the polls and closes the connections. Stopping twice is no harm.
func (p *polling) stop() {
	p.cancel()
	p.all.Wait()
}

// tell prints what the devices were answered.
func (p *polling) tell(r *report) {
	r.figure("device codes renewed", float64(p.renewed.Load()), "", nil)
	r.figure("generator behind its plan, p99", p.late.quantile(0.99).Seconds()*1000, "ms", nil)
	other := int64(0)
	p.answers.Range(func(code, counter any) bool {
		if code != pending {
			other += counter.(*atomic.Int64).Load()
			r.figure("answered "+strconv.Quote(shorten(code.(string))), float64(counter.(*atomic.Int64).Load()), "", nil)
		}
		return true
	})
	r.figure("polls not answered with "+pending, float64(other), "", func(v float64) bool { return v == 0 })
}

func shorten(text string) string { return text[:min(len(text), 100)] }

// hostOf is the address of an endpoint with its port.
func hostOf(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || !strings.HasPrefix(endpoint, "https://") {
		return "", fmt.Errorf("the endpoint %q is not one with TLS: %w", endpoint, err)
	}
	return u.Host, nil
}
