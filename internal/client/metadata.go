package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

// metadata asks the metadata service of the instance that we may be running on. No proxy is between: it would answer for its own instance.
type metadata struct {
	base      string
	attempts  int
	v1        bool // the older version, without a token, may be used
	transport http.RoundTripper
	settings  *Settings
}

// Where the metadata service is, by the version of the address.
var metadataAddresses = map[string]string{"ipv4": "http://169.254.169.254/", "ipv6": "http://[fd00:ec2::254]/"}

// How long to wait for the service, in seconds, and how often to try: most machines are no instances.
var (
	metadataTimeout  = number{key: "metadata_service_timeout", variable: "AWS_METADATA_SERVICE_TIMEOUT", configures: "instance metadata", preset: 1}
	metadataAttempts = number{key: "metadata_service_num_attempts", variable: "AWS_METADATA_SERVICE_NUM_ATTEMPTS", configures: "instance metadata", preset: 1}
)

// metadataTokenLife is how long a token shall live, in seconds: six hours, the longest there is.
const metadataTokenLife = "21600"

// instanceMetadata is nil where the service is not to be asked.
func (s *Settings) instanceMetadata() (*metadata, error) {
	if strings.EqualFold(s.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		return nil, nil
	}
	base, err := s.metadataAddress()
	if err != nil {
		return nil, err
	}
	seconds, err := s.number(metadataTimeout)
	if err != nil {
		return nil, err
	}
	attempts, err := s.number(metadataAttempts)
	if err != nil {
		return nil, err
	}
	wait := time.Duration(seconds) * time.Second
	return &metadata{base: base, attempts: attempts, v1: !s.Is("ec2_metadata_v1_disabled", "AWS_EC2_METADATA_V1_DISABLED"),
		transport: patience{wait, wait}.transport(nil), settings: s}, nil
}

func (s *Settings) metadataAddress() (string, error) {
	mode, given := s.Find("ec2_metadata_service_endpoint_mode", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")
	if !given {
		mode = "ipv4"
		if s.Is("imds_use_ipv6", "AWS_IMDS_USE_IPV6") {
			mode = "ipv6"
		}
	}
	base, known := metadataAddresses[strings.ToLower(mode)]
	if !known {
		return "", command.OtherError("Invalid EC2 Instance Metadata endpoint mode: %s, valid modes: ipv4, ipv6", mode)
	}
	custom, _ := s.Find("ec2_metadata_service_endpoint", "AWS_EC2_METADATA_SERVICE_ENDPOINT")
	if custom == "" {
		return base, nil
	}
	if _, err := parseEndpoint(custom); err != nil {
		return "", command.OtherError("Invalid endpoint EC2 Instance Metadata endpoint: %s", custom)
	}
	return strings.TrimSuffix(custom, "/") + "/", nil
}

// errNoMetadata is that there is no answer to be had.
var errNoMetadata = errors.New("no answer from the metadata service")

// The paths that are asked.
const (
	metadataTokenPath = "latest/api/token"
	metadataRolePath  = "latest/meta-data/iam/security-credentials/"
	metadataZonePath  = "latest/meta-data/placement/availability-zone/"
)

// token asks for the token of version 2. An empty one means that only version 1 is left to try: the service knows no tokens, or its
// answer was lost on the way, as it is behind one hop more than the service allows.
func (m *metadata) token(ctx context.Context) (string, error) {
	header := http.Header{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {metadataTokenLife}}
	unreachable := true
	for range m.attempts {
		status, body, err := m.ask(ctx, http.MethodPut, metadataTokenPath, header)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case status == http.StatusOK:
			return body, nil
		case status == http.StatusBadRequest:
			return "", errNoMetadata
		case status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusMethodNotAllowed, failedIn("read", err):
			return "", m.allowV1()
		}
		unreachable = failedIn("dial", err)
	}
	if unreachable {
		return "", errNoMetadata // the next request would only wait as long again
	}
	return "", m.allowV1()
}

func (m *metadata) allowV1() error {
	if !m.v1 {
		return command.OtherError("Error retrieving metadata: Unable to retrieve token for use in IMDSv2 call and IMDSv1 has been disabled")
	}
	return nil
}

// failedIn reports whether a time-out or a refusal of the network ended the exchange in that step: dial or read.
func failedIn(step string, err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == step && (step == "dial" || network.Timeout())
}

// get is what the service has under a path.
func (m *metadata) get(ctx context.Context, path, token string) (string, error) {
	header := http.Header{}
	if token != "" {
		header.Set("X-Aws-Ec2-Metadata-Token", token)
	}
	for range m.attempts {
		status, body, err := m.ask(ctx, http.MethodGet, path, header)
		if err == nil && status == http.StatusOK && body != "" {
			return body, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
	}
	return "", errNoMetadata
}

func (m *metadata) ask(ctx context.Context, method, path string, header http.Header) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, m.base+path, nil)
	if err != nil {
		return 0, "", err
	}
	request.Header = header.Clone()
	request.Header.Set("User-Agent", command.Program+"/"+m.settings.Version)
	response, err := m.transport.RoundTrip(request)
	if err != nil {
		m.settings.Debug.Printf("metadata %s %s: %v", method, path, err)
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	if err != nil {
		return 0, "", err
	}
	m.settings.Debug.Printf("metadata %s %s: %d, %d bytes", method, path, response.StatusCode, len(text))
	return response.StatusCode, string(text), nil
}

// instanceRegion is the Region of the instance, empty where we run on none. It is asked for once a command at most, and only where
// nothing is configured.
func (s *Settings) instanceRegion() (string, error) {
	m, err := s.instanceMetadata()
	if m == nil || err != nil {
		return "", err
	}
	ctx := context.Background() // bounded by the time-outs
	token, err := m.token(ctx)
	if err == nil {
		var zone string
		if zone, err = m.get(ctx, metadataZonePath, token); err == nil {
			return zone[:len(zone)-1], nil // eu-west-3b is in eu-west-3
		}
	}
	if errors.Is(err, errNoMetadata) {
		err = nil
	}
	return "", err
}

// fromInstance takes the credentials of the role of the instance. Whether we run on one shows when it is asked.
func (k seeker) fromInstance() (fetch, error) {
	m, err := k.instanceMetadata()
	if m == nil || err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ string) (granted, error) {
		found, err := m.credentials(ctx)
		if errors.Is(err, errNoMetadata) {
			err = errNothingThere
		}
		return found, err
	}, nil
}

// credentials are those of the role of the instance. They count even past their time: the service hands out the last ones it has while it
// cannot get others.
func (m *metadata) credentials(ctx context.Context) (granted, error) {
	token, err := m.token(ctx)
	if err != nil {
		return granted{}, err
	}
	role, err := m.get(ctx, metadataRolePath, token)
	if err != nil {
		return granted{}, err
	}
	text, err := m.get(ctx, metadataRolePath+url.PathEscape(strings.TrimSpace(role)), token)
	if err != nil {
		return granted{}, err
	}
	return readInstanceDocument(text)
}

// localNames are the names that the metadata service and the agents of containers have.
var localNames = keyNames{id: "AccessKeyId", secret: "SecretAccessKey", token: "Token", expires: memberExpiration}

// readInstanceDocument reads the keys of an instance's role; a document about an error has none.
func readInstanceDocument(text string) (granted, error) {
	document, err := jmespath.ParseJSON([]byte(text))
	if err != nil {
		return granted{}, errNoMetadata
	}
	found, err := readKeys(document, localNames)
	if err != nil {
		return granted{}, errNoMetadata
	}
	return found, nil
}
