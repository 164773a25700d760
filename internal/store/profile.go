package store

import (
	"errors"
	"slices"

	"sallyport/internal/api"
	"sallyport/internal/strictjson"
)

// A user is kept in two parts: what is asked for by itself in columns, and the rest as the input that CreateUser would take, without the
// members that have a column (UserRecord.Profile). NewUserRecord and Attributes go from the one form to the other.

// NewUserRecord is the user as the store keeps it.
func NewUserRecord(userID, status string, in *api.CreateUserRequest) UserRecord {
	name := api.PersonName{}
	if in.Name != nil {
		name = *in.Name
	}
	r := UserRecord{User: User{
		UserID: userID, UserName: in.UserName, DisplayName: in.DisplayName,
		GivenName: name.GivenName, FamilyName: name.FamilyName, Status: status,
	}}
	rest := *in
	rest.UserName, rest.DisplayName, name.GivenName, name.FamilyName = "", "", "", ""
	rest.Name = nil
	if name != (api.PersonName{}) {
		rest.Name = &name
	}
	if len(in.Emails) > 0 {
		r.Email = in.Emails[0].Value
		rest.Emails = slices.Clone(in.Emails)
		rest.Emails[0].Value = ""
	}
	r.Profile = string(api.CreateUser.Input().AppendJSON(nil, &rest))
	if r.Profile == string(api.CreateUser.Input().AppendJSON(nil, &api.CreateUserRequest{IdentityStoreID: in.IdentityStoreID})) {
		r.Profile = ""
	}
	return r
}

// Attributes is the user as CreateUser would take it. An address of which nothing else is known is the user's primary one. Of a profile that
// cannot be read it returns what is in columns, with an Unreadable.
func (u UserRecord) Attributes(identityStoreID string) (*api.CreateUserRequest, error) {
	in, err := u.profile()
	in.IdentityStoreID = identityStoreID
	in.UserName, in.DisplayName = u.UserName, u.DisplayName
	if in.Name == nil {
		in.Name = &api.PersonName{}
	}
	in.Name.GivenName, in.Name.FamilyName = u.GivenName, u.FamilyName
	switch {
	case u.Email == "":
		in.Emails = nil
	case len(in.Emails) == 0:
		primary := true
		in.Emails = []api.Email{{Value: u.Email, Primary: &primary}}
	default:
		in.Emails[0].Value = u.Email
	}
	return in, err
}

// profile reads what has no columns.
func (u UserRecord) profile() (*api.CreateUserRequest, error) {
	in := &api.CreateUserRequest{}
	if u.Profile == "" {
		return in, nil
	}
	body, err := strictjson.Parse([]byte(u.Profile), strictjson.Limits{})
	if err == nil && body.Kind() != strictjson.Object {
		err = errors.New("it is no JSON object")
	}
	if err == nil {
		err = api.CreateUser.Input().Decode(api.Source{Body: body, Kept: true}, in)
	}
	if err != nil {
		return &api.CreateUserRequest{}, unreadable("the profile of user "+u.UserID, errors.New(err.Error())) // a refusal here is our failure
	}
	return in, nil
}
