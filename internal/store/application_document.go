package store

import (
	"encoding/json"
	"errors"

	"sallyport/internal/api"
	"sallyport/internal/oauth"
	"sallyport/internal/strictjson"
)

// What an application has of a structure that sso-admin models is kept as its JSON, so that the model alone says what that looks like. It met
// its bounds when it was written, and does not meet them again.

func portalOptionsShape() *api.Shape {
	return api.CreateApplication.Input().Member("PortalOptions").Shape
}
func grantShape() *api.Shape { return api.PutApplicationGrant.Input().Member("Grant").Shape }

func readShape(shape *api.Shape, text string, into any) error {
	tree, err := strictjson.Parse([]byte(text), strictjson.Limits{})
	if err == nil && tree.Kind() != strictjson.Object {
		err = errors.New("it is no JSON object")
	}
	if err == nil {
		err = shape.Decode(api.Source{Body: tree, Kept: true}, into)
	}
	if err != nil {
		return errors.New(err.Error()) // a refusal here is our failure
	}
	return nil
}

// PortalOptionsText is the options in the form of Application.PortalOptions.
func PortalOptionsText(options api.PortalOptions) string {
	return string(portalOptionsShape().AppendJSON(nil, &options))
}

// ReadPortalOptions returns the options of the application, nil for one without.
func (a Application) ReadPortalOptions() (*api.PortalOptions, error) {
	if a.PortalOptions == "" {
		return nil, nil
	}
	options := &api.PortalOptions{}
	return options, unreadable("the portal options of application "+a.ApplicationID, readShape(portalOptionsShape(), a.PortalOptions, options))
}

// NewApplicationGrant is a grant as the store keeps it.
func NewApplicationGrant(applicationID, grantType string, grant api.Grant) ApplicationGrant {
	return ApplicationGrant{ApplicationID: applicationID, GrantType: grantType, Document: string(grantShape().AppendJSON(nil, &grant))}
}

// Grant returns what the grant says.
func (g ApplicationGrant) Grant() (grant api.Grant, err error) {
	err = readShape(grantShape(), g.Document, &grant)
	if err == nil && !g.hasMember(grant) {
		err = errors.New("it lacks the member of its type")
	}
	return grant, unreadable("the grant "+g.GrantType+" of application "+g.ApplicationID, err)
}

// hasMember reports whether the grant says something about its type. That a type is known is for the rooms.
func (g ApplicationGrant) hasMember(grant api.Grant) bool {
	switch oauth.GrantType(g.GrantType) {
	case oauth.GrantAuthorizationCode:
		return grant.AuthorizationCode != nil
	case oauth.GrantJWTBearer:
		return grant.JWTBearer != nil
	case oauth.GrantRefreshToken:
		return grant.RefreshToken != nil
	case oauth.GrantTokenExchange:
		return grant.TokenExchange != nil
	}
	return true
}

// NewApplicationScope is a scope as the store keeps it.
func NewApplicationScope(applicationID, scope string, targets []string) ApplicationScope {
	s := ApplicationScope{ApplicationID: applicationID, Scope: scope}
	if len(targets) > 0 {
		text, _ := json.Marshal(targets) // texts cannot fail
		s.Targets = string(text)
	}
	return s
}

// ReadTargets returns the ARNs for which the scope is good, none for any.
func (s ApplicationScope) ReadTargets() (targets []string, err error) {
	if s.Targets == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(s.Targets), &targets); err != nil {
		return nil, unreadable("the targets of the scope "+s.Scope+" of application "+s.ApplicationID, err)
	}
	return targets, nil
}
