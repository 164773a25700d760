package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"strings"

	"sallyport/internal/client"
)

// checkEnvironment looks for variables that go over the profile, or that some programs read otherwise than others.
func checkEnvironment(_ context.Context, p *patient) []finding {
	var findings []finding
	for _, rule := range variableRules {
		if f := rule(p); f != nil {
			findings = append(findings, *f)
		}
	}
	if findings == nil {
		findings = []finding{well("no variable goes over the profile")}
	}
	return findings
}

// variableRules are all rules, each about one variable or a few that belong together.
var variableRules = []func(*patient) *finding{
	profileVariables, keyVariables, globalEndpoint, serviceEndpoints, ignoredEndpoints, fipsVariables, bundleVariable,
}

// one is a finding where there might be none.
func one(f finding) *finding { return &f }

// profileVariables: AWS CLI v1 and v2 read the two in different orders.
func profileVariables(p *patient) *finding {
	first, second := p.Getenv("AWS_PROFILE"), p.Getenv("AWS_DEFAULT_PROFILE")
	if first == "" || second == "" || first == second {
		return nil
	}
	return one(doubtful("AWS_PROFILE is %s and AWS_DEFAULT_PROFILE is %s: AWS CLI v1 and some SDKs take the latter", first, second).by("unset AWS_DEFAULT_PROFILE"))
}

// keyVariables: access keys in the environment go over every profile that is not named on the command line.
func keyVariables(p *patient) *finding {
	if p.Getenv("AWS_ACCESS_KEY_ID") == "" {
		return nil
	}
	return one(doubtful("AWS_ACCESS_KEY_ID goes over the profile: for SDKs always, for the AWS CLI unless --profile is given").
		by("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"))
}

const (
	variableOIDC   = "AWS_ENDPOINT_URL_SSO_OIDC"
	variablePortal = "AWS_ENDPOINT_URL_SSO"
	variableGlobal = "AWS_ENDPOINT_URL"
)

// globalEndpoint: the SDK for Go does not pass the variable on to the clients that sign in.
func globalEndpoint(p *patient) *finding {
	url := p.Getenv(variableGlobal)
	if url == "" || p.Getenv(variableOIDC) != "" && p.Getenv(variablePortal) != "" {
		return nil
	}
	return one(doubtful("%s sends every service to %s, and sign-ins of the SDK for Go go to AWS all the same", variableGlobal, url).
		by("export %s=%s %s=%s", variableOIDC, quote(url), variablePortal, quote(url)))
}

// serviceEndpoints: variables for a service go over the configuration.
func serviceEndpoints(p *patient) *finding {
	keys, _ := p.files.Profile(p.name)
	for _, service := range doorServices {
		variable := variableOf(service)
		url := p.Getenv(variable)
		configured, _ := p.files.Service(keys[keyServices], configName(service), keyEndpoint)
		if url != "" && configured != "" && url != configured {
			return one(doubtful("%s is %s and goes over %s in [services %s]", variable, url, configured, keys[keyServices]).by("unset %s", variable))
		}
	}
	return nil
}

// configuresEndpoint reports whether the files send the sign-in to a server.
func (p *patient) configuresEndpoint() bool {
	keys, _ := p.files.Profile(p.name)
	return keys[keyServices] != "" || keys[keyEndpoint] != ""
}

func ignoredEndpoints(p *patient) *finding {
	const variable = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
	if !isTrue(p.Getenv(variable)) || !p.configuresEndpoint() && p.Getenv(variableGlobal) == "" && p.Getenv(variableOIDC) == "" {
		return nil
	}
	return one(broken("%s is set: the endpoints of the configuration are passed over, and requests go to AWS", variable).by("unset %s", variable))
}

// fipsVariables: host names for FIPS or IPv6 and an endpoint of one's own exclude each other in every SDK.
func fipsVariables(p *patient) *finding {
	for _, variable := range []string{"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"} {
		if isTrue(p.Getenv(variable)) && (p.configuresEndpoint() || p.Getenv(variableOIDC) != "" || p.Getenv(variableGlobal) != "") {
			return one(broken("%s is set, which SDKs refuse together with an endpoint of your own", variable).by("unset %s", variable))
		}
	}
	return nil
}

func isTrue(text string) bool { return strings.EqualFold(text, "true") }

// bundleVariable: a bundle that cannot be read breaks every connection over TLS.
func bundleVariable(p *patient) *finding {
	path, set := p.LookupEnv("AWS_CA_BUNDLE")
	if !set {
		return nil
	}
	if err := checkBundle(client.ExpandPath(p.Environ, path)); err != nil {
		return one(broken("AWS_CA_BUNDLE names no usable file: %v", err).by("unset AWS_CA_BUNDLE, or give it a PEM file with the certificate authority"))
	}
	return nil
}

// checkBundle reports why a file cannot be used as certificate authorities.
func checkBundle(path string) error {
	text, err := os.ReadFile(path)
	if err == nil && !x509.NewCertPool().AppendCertsFromPEM(text) {
		err = errors.New(path + " holds no certificate")
	}
	return err
}
