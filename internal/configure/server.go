package configure

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sallyport/internal/client"
)

// instance is what a server of ours tells about its own.
type instance struct {
	startURL string // of AWS's form, which every AWS CLI takes
	region   string
	endpoint string
}

// serverPatience bounds the one question to the server.
const serverPatience = 10 * time.Second

// startPath is where a server of ours answers programs with the start URL.
const startPath = "/start"

var (
	errAWS   = errors.New("it is AWS's")
	errOther = errors.New("it is no Sallyport")
)

// askServer asks the server for its instance: whoever is no browser gets a redirect to the start URL, from which the Region can be read.
func (r *run) askServer(ctx context.Context, t target) (instance, error) {
	base, err := url.Parse(cmp.Or(t.endpoint, t.startURL))
	if err != nil {
		return instance{}, err
	}
	if base.Host == "" || isAWS(base.Hostname()) {
		return instance{}, errAWS
	}
	settings, err := client.Load(t.call(r.Call))
	if err != nil {
		return instance{}, err
	}
	transport, err := settings.Transport(base)
	if err != nil {
		return instance{}, err
	}
	defer transport.CloseIdleConnections()
	origin := (&url.URL{Scheme: base.Scheme, Host: base.Host}).String()
	location, err := redirectOf(ctx, transport, origin+startPath)
	if err != nil {
		return instance{}, err
	}
	startURL, region := readStartURL(location)
	if region == "" {
		return instance{}, errOther
	}
	return instance{startURL: startURL, region: region, endpoint: origin}, nil
}

// redirectOf is where an address leads; empty where it leads nowhere.
func redirectOf(ctx context.Context, transport *http.Transport, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return "", err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	answer.Body.Close()
	return answer.Header.Get("Location"), nil
}

// readStartURL reads a start URL of the form that tells the Region: https://ssoins-….portal.REGION.app.aws/start.
func readStartURL(location string) (startURL, region string) {
	target, err := url.Parse(location)
	if err != nil || target.Scheme != "https" {
		return "", ""
	}
	labels := strings.Split(target.Host, ".")
	if len(labels) != 5 || labels[1] != "portal" || labels[3] != "app" || labels[4] != "aws" || !regionForm().MatchString(labels[2]) {
		return "", ""
	}
	return target.String(), labels[2]
}

// awsDomains are those of AWS's own start URLs, which nobody else answers.
var awsDomains = []string{"awsapps.com", "awsapps.cn", "app.aws", "amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "amazonwebservices.com.cn", "amazonwebservices.eu"}

func isAWS(host string) bool {
	for _, domain := range awsDomains {
		if host == domain || strings.HasSuffix(strings.ToLower(host), "."+domain) {
			return true
		}
	}
	return false
}
