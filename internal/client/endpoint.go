package client

import (
	"net/url"
	"regexp"
	"sallyport/internal/command"
	"strconv"
	"strings"

	"sallyport/internal/api"
)

// Endpoint is where requests of the service go: what was configured, or the host name that AWS gives the service.
func (s *Settings) Endpoint(service *api.Service, region string) (*url.URL, error) {
	text, given := s.Global.Lookup("endpoint-url")
	if !given {
		var err error
		if text, given, err = s.configuredEndpoint(service); err != nil {
			return nil, err
		}
	}
	if !given {
		text = s.builtInEndpoint(service, region)
	}
	return parseEndpoint(text)
}

// checkEndpointOption refuses an --endpoint-url without a scheme, which is a mistake of grammar.
func (s *Settings) checkEndpointOption() error {
	text, given := s.Global.Lookup("endpoint-url")
	if given && !strings.Contains(text, "://") {
		return command.ValidationError("Bad value for --endpoint-url \"%s\": scheme is missing. Must be of the form http://<hostname>/ or https://<hostname>/", text)
	}
	return nil
}

func (s *Settings) configuredEndpoint(service *api.Service) (text string, given bool, err error) {
	if s.Is("ignore_configured_endpoint_urls", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
		return "", false, nil
	}
	for _, variable := range []string{"AWS_ENDPOINT_URL_" + strings.ToUpper(serviceKey(service)), "AWS_ENDPOINT_URL"} {
		if text, _ = s.LookupEnv(variable); text != "" {
			return text, true, nil
		}
	}
	if text, err = s.servicesEndpoint(service); text != "" || err != nil {
		return text, true, err
	}
	text = s.profile["endpoint_url"]
	return text, text != "", nil
}

// servicesEndpoint is the endpoint in the section of services that the profile names.
func (s *Settings) servicesEndpoint(service *api.Service) (string, error) {
	name, given := s.profile["services"]
	if !given {
		return "", nil
	}
	section, known := s.services[name]
	if !known {
		return "", command.OtherError("The profile is configured to use the services section [%s], but that section could not be found: invalid configuration", name)
	}
	text, _ := nestedValue(section[serviceKey(service)], "endpoint_url")
	return text, nil
}

// partition is a part of AWS with host names of its own.
type partition struct {
	prefix            string // of its Regions
	suffix, dualStack string // of its host names
}

// partitions are all partitions; the last one takes every other Region.
var partitions = []partition{
	{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"us-gov-", "amazonaws.com", "api.aws"},
	{"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
	{"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
	{"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"", "amazonaws.com", "api.aws"},
}

func (s *Settings) builtInEndpoint(service *api.Service, region string) string {
	var home partition
	for _, home = range partitions {
		if strings.HasPrefix(region, home.prefix) {
			break
		}
	}
	host, suffix := service.EndpointPrefix, home.suffix
	if s.Is("use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT") {
		host += "-fips"
	}
	if s.Is("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT") {
		suffix = home.dualStack
	}
	return "https://" + host + "." + region + "." + suffix
}

func parseEndpoint(text string) (*url.URL, error) {
	endpoint, err := url.Parse(text)
	if err != nil || (endpoint.Scheme != "http" && endpoint.Scheme != "https") || !validHost(endpoint) {
		return nil, command.OtherError("Invalid endpoint: %s", text)
	}
	endpoint.User, endpoint.RawQuery, endpoint.Fragment = nil, "", ""
	endpoint.RawPath = escapes.ReplaceAllStringFunc(endpoint.EscapedPath(), strings.ToUpper)
	return endpoint, nil
}

// escapes are those of a path, which the reference sends in capitals (RFC 3986 §6.2.2.1).
var escapes = regexp.MustCompile("%[0-9a-fA-F]{2}")

func validHost(endpoint *url.URL) bool {
	const lastPort = 1<<16 - 1
	if port := endpoint.Port(); port != "" {
		if number, err := strconv.Atoi(port); err != nil || number > lastPort {
			return false
		}
	}
	host := endpoint.Hostname()
	return host != "" && !strings.ContainsAny(host, " \t") && !strings.Contains(host, "..")
}
