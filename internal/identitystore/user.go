package identitystore

import (
	"context"
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/page"
	"sallyport/internal/rules"
	"sallyport/internal/store"
	"sallyport/internal/strictjson"
	"sallyport/internal/sys"
)

// taken refuses what another user has already.
func taken(what store.UserTaken) error {
	switch what {
	case store.UserNameTaken:
		return duplicate("Duplicate UserName: another user has this name, or one that is the same but for letter case or for forms of letters")
	case store.EmailTaken:
		return duplicate("Duplicate emails.value: another user has this address")
	}
	return nil
}

// CreateUser makes a user, who is enabled and has no password.
func (s *Service) CreateUser(ctx context.Context, caller api.Caller, in *api.CreateUserRequest) (*api.CreateUserResponse, error) {
	c := change{caller, api.CreateUser.Operation, in.IdentityStoreID}
	var userID string
	err := s.change(ctx, c, func(tx *store.Tx) (made, error) {
		if err := checkUser(in); err != nil {
			return made{}, err
		}
		userID = sys.NewUUID(tx.Now)
		user := store.NewUserRecord(userID, store.StatusEnabled, in)
		user.CreatedBy = c.by()
		conflict, err := tx.AddUser(user)
		if err == nil {
			err = taken(conflict)
		}
		return made{userID, "user " + userID}, err
	})
	return &api.CreateUserResponse{IdentityStoreID: in.IdentityStoreID, UserID: userID}, err
}

// present is the user as the API describes it, with the extensions that were asked for. Of one whose profile cannot be read it shows the rest,
// and returns an Unreadable.
func (s *Service) present(record store.UserRecord, externalIDs []api.ExternalID, extensions []string) (api.User, error) {
	in, err := record.Attributes(s.IdentityStoreID)
	user := api.User{
		IdentityStoreID: s.IdentityStoreID, UserID: record.UserID, UserName: in.UserName, ExternalIDs: externalIDs, Name: in.Name,
		DisplayName: in.DisplayName, NickName: in.NickName, ProfileURL: in.ProfileURL, Emails: in.Emails, Addresses: in.Addresses,
		PhoneNumbers: in.PhoneNumbers, UserType: in.UserType, Title: in.Title, PreferredLanguage: in.PreferredLanguage,
		Locale: in.Locale, Timezone: in.Timezone, UserStatus: record.Status, Photos: in.Photos, Website: in.Website,
		Birthdate: in.Birthdate, Roles: in.Roles, CreatedAt: api.Timestamp(record.CreatedAt), CreatedBy: record.CreatedBy,
		UpdatedAt: api.Timestamp(record.UpdatedAt), UpdatedBy: record.UpdatedBy,
	}
	if slices.Contains(extensions, rules.Enterprise) {
		user.Extensions = in.Extensions
	}
	return user, err
}

// DescribeUser tells what is known of a user. Extensions are told to who names them.
func (s *Service) DescribeUser(ctx context.Context, caller api.Caller, in *api.DescribeUserRequest) (*api.DescribeUserResponse, error) {
	var out api.DescribeUserResponse
	err := s.read(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		record, err := userOf(tx, in.UserID)
		if err != nil {
			return err
		}
		external, err := tx.ExternalIDsOfUsers(in.UserID, in.UserID, 1)
		if err != nil {
			return err
		}
		user, err := s.present(record, externalIDs(external)[in.UserID], in.Extensions)
		out = api.DescribeUserResponse(user)
		return err
	})
	return &out, err
}

// userOf returns the user or refuses.
func userOf(tx *store.Tx, userID string) (store.UserRecord, error) {
	user, found, err := tx.UserRecord(userID)
	if err == nil && !found {
		err = userResource.notFound(userID)
	}
	return user, err
}

// userExists refuses a user who does not exist.
func userExists(tx *store.Tx, userID string) error {
	_, found, err := tx.User(userID)
	if err == nil && !found {
		err = userResource.notFound(userID)
	}
	return err
}

// externalIDs are external ids by owner.
func externalIDs(rows []store.OwnedExternalID) map[string][]api.ExternalID {
	all := map[string][]api.ExternalID{}
	for _, row := range rows {
		all[row.OwnerID] = append(all[row.OwnerID], api.ExternalID{Issuer: row.Issuer, ID: row.ID})
	}
	return all
}

// GetUserID finds a user by an external id, or by a name or address that is exactly so.
func (s *Service) GetUserID(ctx context.Context, caller api.Caller, in *api.GetUserIDRequest) (*api.GetUserIDResponse, error) {
	var users []store.User
	err := s.read(ctx, in.IdentityStoreID, func(tx *store.Tx) (err error) {
		if external := in.AlternateIdentifier.ExternalID; external != nil {
			users, err = tx.UsersByExternalID(external.Issuer, external.ID)
			return err
		}
		key, value, err := uniqueAttribute(in.AlternateIdentifier)
		if err != nil {
			return err
		}
		switch key {
		case "username":
			users, err = usersNamed(tx, value)
			return err
		case "emails.value":
			users, err = tx.UsersByEmail(value)
			return err
		}
		return notUnique(in.AlternateIdentifier.UniqueAttribute.AttributePath, "userName or emails.value")
	})
	switch {
	case err != nil:
		return nil, err
	case len(users) != 1:
		return nil, s.explained(ctx, userResource.notFound(""))
	}
	return &api.GetUserIDResponse{IdentityStoreID: in.IdentityStoreID, UserID: users[0].UserID}, nil
}

// usersNamed returns who has exactly that name.
func usersNamed(tx *store.Tx, userName string) ([]store.User, error) {
	user, found, err := tx.UserByName(userName)
	if err != nil || !found || user.UserName != userName {
		return nil, err
	}
	return []store.User{user}, nil
}

// uniqueAttribute reads the attribute by which something is looked for: its path as a key, and its value, which is a text.
func uniqueAttribute(by api.AlternateIdentifier) (key, value string, err error) {
	if by.UniqueAttribute == nil { // the rim lets one member through, and only one
		return "", "", fault.Validation.Refuse("AlternateIdentifier has neither ExternalId nor UniqueAttribute: send one of them")
	}
	p, err := parsePath(by.UniqueAttribute.AttributePath)
	if err != nil {
		return "", "", err
	}
	given, err := strictjson.Parse(by.UniqueAttribute.AttributeValue, strictjson.Limits{})
	if err != nil || given.Kind() != strictjson.String {
		return "", "", fault.Validation.Refuse("AttributeValue is no text: send the text that the attribute has")
	}
	return p.key(), given.Text(), nil
}

func notUnique(path, unique string) *fault.Refusal {
	return fault.Validation.Refuse("The attribute " + path + " is not a unique attribute: send " + unique)
}

// filter reads the only filter of a list, on the attribute of that key. Without filters there is none.
func filter(filters []api.AttributeFilter, attribute string) (value string, filtered bool, err error) {
	if len(filters) == 0 {
		return "", false, nil
	}
	p, err := parsePath(filters[0].AttributePath)
	if err != nil {
		return "", false, err
	}
	if p.key() != lowerASCII(attribute) {
		return "", false, fault.Validation.Refuse("The attribute " + filters[0].AttributePath + " is no filter of this list: send " + attribute)
	}
	return filters[0].AttributeValue, true, nil
}

// ListUsers lists the users by id, which is the order of their making; with a filter, the one of exactly that name.
func (s *Service) ListUsers(ctx context.Context, caller api.Caller, in *api.ListUsersRequest) (*api.ListUsersResponse, error) {
	out := &api.ListUsersResponse{}
	err := s.list(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		out.Users = []api.User{}
		name, filtered, err := filter(in.Filters, "userName")
		if err != nil {
			return err
		}
		p, err := s.openPage(page.Request{Operation: api.ListUsers.Operation, Of: []string{name}, Size: in.MaxResults, Token: in.NextToken})
		if err != nil {
			return err
		}
		var rows []store.UserRecord
		if filtered {
			rows, err = recordsNamed(tx, name)
		} else {
			rows, err = tx.UsersPage(p.At(0), p.Limit+1)
			rows, out.NextToken = page.Cut(p, rows, func(r store.UserRecord) []string { return []string{r.UserID} })
		}
		if err != nil || len(rows) == 0 {
			return err
		}
		external, err := tx.ExternalIDsOfUsers(rows[0].UserID, rows[len(rows)-1].UserID, len(rows))
		if err != nil {
			return err
		}
		byUser := externalIDs(external)
		for _, row := range rows {
			user, err := s.present(row, byUser[row.UserID], in.Extensions)
			if err != nil && !s.Store.NoteUnreadable(err) { // who may sign in is in the list, whatever else is known of them
				return err
			}
			out.Users = append(out.Users, user)
		}
		return nil
	})
	return out, err
}

func recordsNamed(tx *store.Tx, userName string) ([]store.UserRecord, error) {
	users, err := usersNamed(tx, userName)
	if err != nil || len(users) == 0 {
		return nil, err
	}
	record, found, err := tx.UserRecord(users[0].UserID)
	if err != nil || !found {
		return nil, err
	}
	return []store.UserRecord{record}, nil
}

// UpdateUser applies the operations in their order, all of them or none.
func (s *Service) UpdateUser(ctx context.Context, caller api.Caller, in *api.UpdateUserRequest) (*api.UpdateUserResponse, error) {
	c := change{caller, api.UpdateUser.Operation, in.IdentityStoreID}
	err := s.change(ctx, c, func(tx *store.Tx) (made, error) {
		old, err := userOf(tx, in.UserID)
		if err != nil {
			return made{}, err
		}
		attributes, err := old.Attributes(s.IdentityStoreID)
		if err != nil {
			return made{}, err
		}
		changed, err := s.updateUser(attributes, in.Operations)
		if err != nil {
			return made{}, err
		}
		if err := checkUser(attributes); err != nil {
			return made{}, err
		}
		next := store.NewUserRecord(old.UserID, old.Status, attributes)
		next.UpdatedBy = c.by()
		conflict, err := tx.UpdateUser(next)
		if err == nil {
			err = taken(conflict)
		}
		return made{in.UserID, "user " + in.UserID + ": " + strings.Join(changed, ", ")}, err
	})
	return &api.UpdateUserResponse{}, err
}

// DeleteUser removes a user with everything that names them, and signs them out everywhere.
func (s *Service) DeleteUser(ctx context.Context, caller api.Caller, in *api.DeleteUserRequest) (*api.DeleteUserResponse, error) {
	c := change{caller, api.DeleteUser.Operation, in.IdentityStoreID}
	err := s.change(ctx, c, func(tx *store.Tx) (made, error) {
		if err := userExists(tx, in.UserID); err != nil {
			return made{}, err
		}
		return made{in.UserID, "user " + in.UserID}, tx.DeleteUser(in.UserID)
	})
	return &api.DeleteUserResponse{}, err
}
