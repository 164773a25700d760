package client

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/sys"
)

// Endpoint is where requests of the service go: what was configured, or the host name that AWS gives the service.
func (s *Settings) Endpoint(service *api.Service, region string) (*url.URL, error) {
	endpoint, err := s.fullEndpoint(service, region)
	if err == nil {
		endpoint.RawQuery = ""
	}
	return endpoint, err
}

// fullEndpoint is Endpoint with the query that it was given, which belongs to no endpoint but is sent by the reference.
func (s *Settings) fullEndpoint(service *api.Service, region string) (*url.URL, error) {
	text, given := s.Global.Lookup("endpoint-url")
	if !given {
		var err error
		if text, given, err = s.configuredEndpoint(serviceKey(service)); err != nil {
			return nil, err
		}
	}
	if !given {
		if err := checkRegion(region); err != nil {
			return nil, err
		}
		text = s.builtInEndpoint(service, region)
	}
	return parseEndpoint(text)
}

// checkEndpointOption refuses an --endpoint-url without a scheme, which is a mistake of grammar.
func (s *Settings) checkEndpointOption() error {
	text, given := s.Global.Lookup("endpoint-url")
	if given && !scheme().MatchString(strings.TrimLeft(text, leadingBlanks)) {
		return command.ValidationError("Bad value for --endpoint-url \"%s\": scheme is missing. Must be of the form http://<hostname>/ or https://<hostname>/", text)
	}
	return nil
}

// scheme is the scheme at the beginning of a URL (RFC 3986 §3.1).
var scheme = sys.Pattern("^[A-Za-z][A-Za-z0-9+.-]*:")

// leadingBlanks are what may stand before a URL and is no part of it.
const leadingBlanks = " \t\r\n"

// configuredEndpoint is the endpoint that the environment or the profile has for a service, by its name in the configuration.
func (s *Settings) configuredEndpoint(service string) (text string, given bool, err error) {
	if s.Is("ignore_configured_endpoint_urls", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
		return "", false, nil
	}
	for _, variable := range []string{"AWS_ENDPOINT_URL_" + strings.ToUpper(service), "AWS_ENDPOINT_URL"} {
		if text = s.Getenv(variable); text != "" {
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
func (s *Settings) servicesEndpoint(service string) (string, error) {
	name, given := s.profile["services"]
	if !given {
		return "", nil
	}
	if _, known := s.files.Services(name); !known {
		return "", command.OtherError("The profile is configured to use the services section [%s], but that section could not be found: invalid configuration", name)
	}
	text, _ := s.files.Service(name, service, "endpoint_url")
	return text, nil
}

// EndpointVariables are the endpoints that the profile names, as variables for a program that is run without the profile. What the
// environment says itself goes before them, as it does for our own calls.
func (s *Settings) EndpointVariables() []string {
	if s.Is("ignore_configured_endpoint_urls", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") || s.Getenv("AWS_ENDPOINT_URL") != "" {
		return nil
	}
	var variables []string
	add := func(name, endpoint string) {
		if endpoint != "" && s.Getenv(name) == "" {
			variables = append(variables, name+"="+endpoint)
		}
	}
	add("AWS_ENDPOINT_URL", s.profile["endpoint_url"])
	services, _ := s.files.Services(s.profile["services"])
	for _, service := range slices.Sorted(maps.Keys(services)) {
		endpoint, _ := services.Nested(service, "endpoint_url")
		add("AWS_ENDPOINT_URL_"+strings.ToUpper(service), endpoint)
	}
	return variables
}

// partition is a part of AWS with host names of its own.
type partition struct {
	prefix            string // of its Regions
	suffix, dualStack string // of its host names
	plainFIPS         bool   // its usual hosts are FIPS hosts
}

// partitions are all partitions; the last one takes every other Region.
var partitions = []partition{
	{prefix: "cn-", suffix: "amazonaws.com.cn", dualStack: "api.amazonwebservices.com.cn"},
	{prefix: "us-gov-", suffix: "amazonaws.com", dualStack: "api.aws", plainFIPS: true},
	{prefix: "us-iso-", suffix: "c2s.ic.gov", dualStack: "api.aws.ic.gov"},
	{prefix: "us-isob-", suffix: "sc2s.sgov.gov", dualStack: "api.aws.scloud"},
	{prefix: "us-isof-", suffix: "csp.hci.ic.gov", dualStack: "api.aws.hci.ic.gov"},
	{prefix: "eu-isoe-", suffix: "cloud.adc-e.uk", dualStack: "api.cloud-aws.adc-e.uk"},
	{prefix: "eusc-", suffix: "amazonaws.eu", dualStack: "api.amazonwebservices.eu"},
	{prefix: "", suffix: "amazonaws.com", dualStack: "api.aws"},
}

func (s *Settings) builtInEndpoint(service *api.Service, region string) string {
	var home partition
	for _, home = range partitions {
		if strings.HasPrefix(region, home.prefix) {
			break
		}
	}
	host, suffix := service.EndpointPrefix, home.suffix
	dualStack := s.Is("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT")
	if dualStack {
		suffix = home.dualStack
	}
	if (s.fipsRegion || s.Is("use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT")) && (dualStack || !home.plainFIPS) {
		host += "-fips"
	}
	return "https://" + host + "." + region + "." + suffix
}

func parseEndpoint(text string) (*url.URL, error) {
	endpoint, err := url.Parse(strings.TrimLeft(text, leadingBlanks))
	if err != nil || (endpoint.Scheme != "http" && endpoint.Scheme != "https") || !validHost(endpoint) {
		return nil, command.OtherError("Invalid endpoint: %s", command.HidePasswords(text))
	}
	endpoint.User, endpoint.Fragment, endpoint.Host = nil, "", strings.ToLower(endpoint.Host)
	endpoint.RawPath = escapes().ReplaceAllStringFunc(endpoint.EscapedPath(), strings.ToUpper)
	return endpoint, nil
}

// escapes are those of a path, which the reference sends in capitals (RFC 3986 §6.2.2.1).
var escapes = sys.Pattern("%[0-9a-fA-F]{2}")

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
