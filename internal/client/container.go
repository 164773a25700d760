package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

// The variables by which a container tells where its credentials are.
const (
	envContainerRelative  = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	envContainerFull      = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	envContainerToken     = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
	envContainerTokenFile = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
)

// containerBase is where the agent of ECS answers, for the variable that holds a path alone.
const containerBase = "http://169.254.170.2"

// How patiently the agent is asked, which is on the same machine. The numbers are the AWS CLI's.
const (
	containerTimeout  = 2 * time.Second
	containerAttempts = 3
	containerPause    = time.Second
)

// maxComplaint is how many bytes of an answer an error shows: a sentence, and not a page.
const maxComplaint = 512

// containerHosts may be asked without TLS, besides loopback addresses: a variable must not send the token of a container, or the
// credentials of whoever answers, just anywhere.
var containerHosts = []string{"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost"}

func containerError(format string, args ...any) error {
	return command.OtherError("Error when retrieving credentials from container-role: "+format, args...)
}

// fromContainer takes the credentials that the container's agent hands out.
func (k seeker) fromContainer() (fetch, error) {
	text, given := k.LookupEnv(envContainerFull)
	if path, relative := k.LookupEnv(envContainerRelative); relative {
		text, given = containerBase+path, true
	}
	if !given {
		return nil, nil
	}
	return func(ctx context.Context, _ string) (granted, error) {
		endpoint, err := parseContainerURL(text)
		if err != nil {
			return granted{}, err
		}
		header, err := k.containerHeader()
		if err != nil {
			return granted{}, err
		}
		found, err := k.askContainer(ctx, endpoint, header)
		if err != nil {
			return granted{}, err
		}
		return found.fresh("container-role")
	}, nil
}

func parseContainerURL(text string) (*url.URL, error) {
	endpoint, err := url.Parse(text)
	if err != nil || endpoint.Scheme != "http" && endpoint.Scheme != "https" || !validHost(endpoint) {
		return nil, containerError("%s holds no URL that can be asked", envContainerFull)
	}
	host := endpoint.Hostname()
	address, err := netip.ParseAddr(host)
	if endpoint.Scheme == "https" || err == nil && address.IsLoopback() || slices.Contains(containerHosts, host) {
		return endpoint, nil
	}
	return nil, containerError("Unsupported host '%s'. Can only retrieve metadata from a loopback address or one of these hosts: %s", host, strings.Join(containerHosts, ", "))
}

// containerHeader is the header of the request, with the token that the container was given.
func (s *Settings) containerHeader() (http.Header, error) {
	header := http.Header{"Accept": {"application/json"}}
	token, given := s.LookupEnv(envContainerToken)
	if path, byFile := s.LookupEnv(envContainerTokenFile); byFile {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, containerError("the authorization token: %v", err)
		}
		token, given = string(text), true
	}
	if strings.ContainsAny(token, "\r\n") {
		return nil, containerError("Auth token value is not a legal header value")
	}
	if given {
		header.Set("Authorization", token)
	}
	return header, nil
}

func (s *Settings) askContainer(ctx context.Context, endpoint *url.URL, header http.Header) (granted, error) {
	tlsConfig, err := s.inner().tlsConfig(endpoint)
	if err != nil {
		return granted{}, err
	}
	transport := patience{containerTimeout, containerTimeout}.transport(tlsConfig)
	defer transport.CloseIdleConnections()
	for attempt := 1; ; attempt++ {
		document, err := containerDocument(ctx, transport, endpoint, header)
		if err == nil {
			return readContainerDocument(document)
		}
		s.Debug.Printf("container: %v", err)
		if attempt == containerAttempts {
			return granted{}, containerError("%v", err)
		}
		if err := s.Wait(ctx, containerPause); err != nil {
			return granted{}, err
		}
	}
}

func containerDocument(ctx context.Context, transport http.RoundTripper, endpoint *url.URL, header http.Header) (jmespath.Value, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint.String(), nil)
	if err != nil {
		return jmespath.Value{}, err
	}
	request.Header = header.Clone()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return jmespath.Value{}, fmt.Errorf("container metadata: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	if err != nil {
		return jmespath.Value{}, err
	}
	if response.StatusCode != http.StatusOK {
		return jmespath.Value{}, fmt.Errorf("container metadata answered %d: %.*s", response.StatusCode, maxComplaint, text)
	}
	document, err := jmespath.ParseJSON(text)
	if err != nil {
		return jmespath.Value{}, errors.New("container metadata is no JSON")
	}
	return document, nil
}

func readContainerDocument(document jmespath.Value) (granted, error) {
	found, err := readKeys(document, localNames)
	if err != nil {
		return granted{}, containerError("%v", err)
	}
	return found, nil
}
