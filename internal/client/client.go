// Package client makes one call of an operation, as the AWS CLI v2 makes it: it reads the shared configuration files and the environment,
// finds Region, endpoint and credentials, puts the input on the wire by the protocol of the service, sends it as often as it takes, and
// reads the answer or the error by the operation table.
//
// It leaves the grammar of the command line to command and what is printed to its callers. The sentences of its failures are the reference's,
// since scripts look for them.
package client

import (
	"context"
	"net/http"
	"net/url"

	"sallyport/internal/api"
	"sallyport/internal/jmespath"
	"sallyport/internal/sigv4"
)

// Client calls the operations of one service.
type Client struct {
	settings  *Settings
	region    string
	endpoint  *url.URL
	retry     retry
	transport *http.Transport // nil before the first call
	signer    *sigv4.Signer   // nil before the first operation that is signed
}

// Client prepares calls of a service. Nothing is sent and no credentials are looked for before the first call.
func (s *Settings) Client(service *api.Service, region string) (*Client, error) {
	endpoint, err := s.fullEndpoint(service, region)
	if err != nil {
		return nil, err
	}
	retry, err := s.retry()
	if err != nil {
		return nil, err
	}
	s.Debug.Printf("profile %q, Region %q, endpoint %s, up to %d attempts", s.ProfileName, region, endpoint, retry.attempts)
	return &Client{settings: s, region: region, endpoint: endpoint, retry: retry}, nil
}

// Close ends the connections that wait for another call.
func (c *Client) Close() {
	if c.transport != nil {
		c.transport.CloseIdleConnections()
	}
}

// Call sends the input to an operation, signed where the operation asks for it and the caller does not forbid it, as often as it takes,
// and returns the members of the answer that the model knows. An error of the service comes back as a *command.Failure.
func (c *Client) Call(ctx context.Context, operation *api.Operation, input jmespath.Value) (jmespath.Value, error) {
	signer, err := c.signerFor(ctx, operation)
	if err != nil {
		return jmespath.Value{}, err
	}
	if c.transport == nil {
		if c.transport, err = c.settings.Transport(c.endpoint); err != nil {
			return jmespath.Value{}, err
		}
	}
	return c.exchange(ctx, &exchange{operation: operation, signer: signer, message: newMessage(c.endpoint, operation, input)})
}

// signerFor is nil for what is not signed.
func (c *Client) signerFor(ctx context.Context, operation *api.Operation) (*sigv4.Signer, error) {
	if operation.Auth != api.AuthSigV4 || c.settings.Global.Has("no-sign-request") {
		return nil, nil
	}
	if c.signer == nil { // no call before had one, and nobody gave one
		credentials, err := c.settings.credentials(ctx, c.region)
		if err != nil {
			return nil, err
		}
		c.signer = &sigv4.Signer{Credentials: credentials, Region: c.region, Service: operation.Service.SigningName}
	}
	return c.signer, nil
}
