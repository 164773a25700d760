package identitystore

import (
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/rules"
	"sallyport/internal/strictjson"
)

// attribute is one attribute of T, the input that makes a user or a group, that an update may change. What is not in the table cannot be
// changed: neither the status, nor external ids, nor anything that the model may gain.
type attribute[T any] struct {
	path     string // as it is written in refusals
	required bool
	member   []string // of T: the names that lead to it
	copy     func(to, from *T)
}

type userInput = api.CreateUserRequest

var userAttributes = []attribute[userInput]{
	{"userName", true, []string{"UserName"}, func(to, from *userInput) { to.UserName = from.UserName }},
	{"displayName", true, []string{"DisplayName"}, func(to, from *userInput) { to.DisplayName = from.DisplayName }},
	{"name", true, []string{"Name"}, func(to, from *userInput) { *to.Name = *from.Name }},
	{"name.formatted", false, []string{"Name", "Formatted"}, func(to, from *userInput) { to.Name.Formatted = from.Name.Formatted }},
	{"name.familyName", true, []string{"Name", "FamilyName"}, func(to, from *userInput) { to.Name.FamilyName = from.Name.FamilyName }},
	{"name.givenName", true, []string{"Name", "GivenName"}, func(to, from *userInput) { to.Name.GivenName = from.Name.GivenName }},
	{"name.middleName", false, []string{"Name", "MiddleName"}, func(to, from *userInput) { to.Name.MiddleName = from.Name.MiddleName }},
	{"name.honorificPrefix", false, []string{"Name", "HonorificPrefix"}, func(to, from *userInput) { to.Name.HonorificPrefix = from.Name.HonorificPrefix }},
	{"name.honorificSuffix", false, []string{"Name", "HonorificSuffix"}, func(to, from *userInput) { to.Name.HonorificSuffix = from.Name.HonorificSuffix }},
	{"nickName", false, []string{"NickName"}, func(to, from *userInput) { to.NickName = from.NickName }},
	{"profileUrl", false, []string{"ProfileUrl"}, func(to, from *userInput) { to.ProfileURL = from.ProfileURL }},
	{"emails", false, []string{"Emails"}, func(to, from *userInput) { to.Emails = from.Emails }},
	{"addresses", false, []string{"Addresses"}, func(to, from *userInput) { to.Addresses = from.Addresses }},
	{"phoneNumbers", false, []string{"PhoneNumbers"}, func(to, from *userInput) { to.PhoneNumbers = from.PhoneNumbers }},
	{"userType", false, []string{"UserType"}, func(to, from *userInput) { to.UserType = from.UserType }},
	{"title", false, []string{"Title"}, func(to, from *userInput) { to.Title = from.Title }},
	{"preferredLanguage", false, []string{"PreferredLanguage"}, func(to, from *userInput) { to.PreferredLanguage = from.PreferredLanguage }},
	{"locale", false, []string{"Locale"}, func(to, from *userInput) { to.Locale = from.Locale }},
	{"timezone", false, []string{"Timezone"}, func(to, from *userInput) { to.Timezone = from.Timezone }},
	{"photos", false, []string{"Photos"}, func(to, from *userInput) { to.Photos = from.Photos }},
	{"website", false, []string{"Website"}, func(to, from *userInput) { to.Website = from.Website }},
	{"birthdate", false, []string{"Birthdate"}, func(to, from *userInput) { to.Birthdate = from.Birthdate }},
	{"roles", false, []string{"Roles"}, func(to, from *userInput) { to.Roles = from.Roles }},
}

type groupInput = api.CreateGroupRequest

var groupAttributes = []attribute[groupInput]{
	{"displayName", true, []string{"DisplayName"}, func(to, from *groupInput) { to.DisplayName = from.DisplayName }},
	{"description", false, []string{"Description"}, func(to, from *groupInput) { to.Description = from.Description }},
}

// readOnly are attributes that exist and that no operation of the identity store sets, with who does.
var readOnly = map[string]string{
	"userstatus":  "The attribute userStatus is changed by the operator's directory file, not by UpdateUser",
	"externalids": "The attribute externalIds is read-only: it belongs to who provisions users",
}

// find returns the attribute that a path names.
func find[T any](table []attribute[T], p path, text string) (*attribute[T], error) {
	if p.extension == "" {
		key := p.key()
		if refusal, found := readOnly[key]; found {
			return nil, fault.Validation.Refuse(refusal)
		}
		for i := range table {
			if lowerASCII(table[i].path) == key {
				return &table[i], nil
			}
		}
	}
	return nil, fault.Validation.Refuse("The attribute " + text + " is not one that can be changed: send one of " + paths(table))
}

func paths[T any](table []attribute[T]) string {
	names := make([]string, len(table))
	for i, a := range table {
		names[i] = a.path
	}
	return strings.Join(names, ", ")
}

// inputStyle refuses a value of an attribute like a member of a request. The type of a value is the caller's mistake, too: the model
// leaves it open, so that no client could know.
var inputStyle = api.Style{Invalid: fault.Validation, Type: fault.Validation, Coral: true}

// set changes the attribute to the value, of which the model of T decides what it may be. Without a value the attribute goes.
func (a *attribute[T]) set(shape *api.Shape, into, empty *T, identityStoreID string, value api.Document) error {
	if value == nil {
		if a.required {
			return missingValue(a.path)
		}
		a.copy(into, empty)
		return nil
	}
	body, err := a.body(shape, identityStoreID, value)
	if err != nil {
		return err
	}
	from := *empty
	if err := shape.Decode(api.Source{Body: body, Style: inputStyle}, &from); err != nil {
		return err
	}
	a.copy(into, &from)
	return nil
}

func missingValue(path string) *fault.Refusal {
	return fault.Validation.Refuse("attribute value cannot be empty or null for attribute path " + path)
}

// body is an input of the shape that has the attribute alone.
func (a *attribute[T]) body(shape *api.Shape, identityStoreID string, value api.Document) (strictjson.Value, error) {
	given, err := strictjson.Parse(value, strictjson.Limits{})
	if err != nil {
		return strictjson.Value{}, err
	}
	text := strictjson.AppendString([]byte(`{"IdentityStoreId":`), identityStoreID)
	text = append(text, ',')
	var member *api.Member
	for i, name := range a.member {
		if i > 0 {
			text = append(text, '{')
		}
		member = shape.Member(name)
		shape = member.Shape
		text = append(strictjson.AppendString(text, name), ':')
	}
	if text, err = appendModelled(text, member.Shape, given); err != nil {
		return strictjson.Value{}, err
	}
	text = append(text, strings.Repeat("}", len(a.member))...)
	return strictjson.Parse(text, strictjson.Limits{})
}

// inOrder applies the operations in their order, and returns the paths that were changed, for the record.
func inOrder(operations []api.AttributeOperation, apply func(p path, text string, value api.Document) (changed string, err error)) ([]string, error) {
	var changed []string
	for _, operation := range operations {
		p, err := parsePath(operation.AttributePath)
		if err != nil {
			return nil, err
		}
		name, err := apply(p, operation.AttributePath, operation.AttributeValue)
		if err != nil {
			return nil, err
		}
		changed = append(changed, name)
	}
	slices.Sort(changed)
	return slices.Compact(changed), nil
}

func (s *Service) updateUser(in *userInput, operations []api.AttributeOperation) ([]string, error) {
	return inOrder(operations, func(p path, text string, value api.Document) (string, error) {
		if lowerASCII(p.extension) == rules.Enterprise {
			return rules.Enterprise, updateExtension(in, p, value)
		}
		a, err := find(userAttributes, p, text)
		if err != nil {
			return "", err
		}
		return a.path, a.set(api.CreateUser.Input(), in, &userInput{Name: &api.PersonName{}}, s.IdentityStoreID, value)
	})
}

func updateExtension(in *userInput, p path, value api.Document) error {
	next, err := replaced(in.Extensions[rules.Enterprise], p.names, value)
	if err != nil {
		return err
	}
	in.Extensions = nil // there is no other
	if next == nil {
		return nil
	}
	in.Extensions = map[string]api.Document{rules.Enterprise: next}
	return checkExtension(next)
}

func (s *Service) updateGroup(in *groupInput, operations []api.AttributeOperation) ([]string, error) {
	return inOrder(operations, func(p path, text string, value api.Document) (string, error) {
		a, err := find(groupAttributes, p, text)
		if err != nil {
			return "", err
		}
		return a.path, a.set(api.CreateGroup.Input(), in, &groupInput{}, s.IdentityStoreID, value)
	})
}

func reservedName(member string) *fault.Refusal {
	return fault.Validation.Refuse(member + " is a name that AWS reserves (" + strings.Join(rules.ReservedNames, ", ") + "): choose another")
}

// checkUser holds a user against what the model leaves open: what must be there, and what must not.
func checkUser(in *userInput) error {
	switch {
	case in.UserName == "":
		return fault.Validation.Refuse("userName is a required attribute: send UserName")
	case in.Name == nil || in.Name.GivenName == "":
		return required("givenname", "Name.GivenName")
	case in.Name.FamilyName == "":
		return required("familyname", "Name.FamilyName")
	case in.DisplayName == "":
		return required("displayname", "DisplayName")
	case rules.IsReservedName(in.UserName):
		return reservedName("userName")
	}
	for _, email := range in.Emails {
		if !rules.IsEmail(email.Value) {
			return fault.Validation.Refuse("emails.value is no e-mail address: send one such as name@example.com")
		}
	}
	for name, document := range in.Extensions {
		if name != rules.Enterprise {
			return fault.Validation.Refuse("The extension " + name + " is unknown: the only one is " + rules.Enterprise)
		}
		if err := checkExtension(document); err != nil {
			return err
		}
	}
	return nil
}

func required(attribute, member string) *fault.Refusal {
	return fault.Validation.Refuse(attribute + ": The attribute " + attribute + " is required: send " + member)
}

// checkGroup is checkUser for groups.
func checkGroup(in *groupInput) error {
	switch {
	case in.DisplayName == "":
		return required("displayname", "DisplayName")
	case rules.IsReservedName(in.DisplayName):
		return reservedName("displayName")
	}
	return nil
}
