package identitystore

import (
	"context"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/page"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

func groupTaken() error { return duplicate("Duplicate GroupDisplayName: another group has this name") }

// CreateGroup makes a group without members.
func (s *Service) CreateGroup(ctx context.Context, caller api.Caller, in *api.CreateGroupRequest) (*api.CreateGroupResponse, error) {
	c := change{caller, api.CreateGroup.Operation, in.IdentityStoreID}
	var groupID string
	err := s.change(ctx, c, func(tx *store.Tx) (made, error) {
		if err := checkGroup(in); err != nil {
			return made{}, err
		}
		groupID = sys.NewUUID(tx.Now)
		added, err := tx.AddGroup(store.GroupRecord{
			Group:     store.Group{GroupID: groupID, DisplayName: in.DisplayName, Description: in.Description},
			CreatedBy: c.by(),
		})
		if err == nil && !added {
			err = groupTaken()
		}
		return made{detail: "group " + groupID}, err
	})
	return &api.CreateGroupResponse{GroupID: groupID, IdentityStoreID: in.IdentityStoreID}, err
}

func (s *Service) presentGroup(g store.GroupRecord, externalIDs []api.ExternalID) api.Group {
	return api.Group{
		GroupID: g.GroupID, DisplayName: g.DisplayName, ExternalIDs: externalIDs, Description: g.Description,
		CreatedAt: api.Timestamp(g.CreatedAt), UpdatedAt: api.Timestamp(g.UpdatedAt), CreatedBy: g.CreatedBy, UpdatedBy: g.UpdatedBy,
		IdentityStoreID: s.IdentityStoreID,
	}
}

// DescribeGroup tells what is known of a group.
func (s *Service) DescribeGroup(ctx context.Context, caller api.Caller, in *api.DescribeGroupRequest) (*api.DescribeGroupResponse, error) {
	var out api.DescribeGroupResponse
	err := s.read(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		group, err := groupOf(tx, in.GroupID)
		if err != nil {
			return err
		}
		external, err := tx.ExternalIDsOfGroups(in.GroupID, in.GroupID, 1)
		out = api.DescribeGroupResponse(s.presentGroup(group, externalIDs(external)[in.GroupID]))
		return err
	})
	return &out, err
}

// groupOf returns the group or refuses.
func groupOf(tx *store.Tx, groupID string) (store.GroupRecord, error) {
	group, found, err := tx.Group(groupID)
	if err == nil && !found {
		err = groupResource.notFound(groupID)
	}
	return group, err
}

// GetGroupID finds a group by an external id, or by exactly its display name.
func (s *Service) GetGroupID(ctx context.Context, caller api.Caller, in *api.GetGroupIDRequest) (*api.GetGroupIDResponse, error) {
	var group store.GroupRecord
	err := s.read(ctx, in.IdentityStoreID, func(tx *store.Tx) (err error) {
		var found bool
		if external := in.AlternateIdentifier.ExternalID; external != nil {
			group, found, err = tx.GroupByExternalID(store.ExternalID{Issuer: external.Issuer, ID: external.ID})
		} else {
			group, found, err = groupByAttribute(tx, in.AlternateIdentifier)
		}
		if err == nil && !found {
			err = groupResource.notFound("")
		}
		return err
	})
	return &api.GetGroupIDResponse{GroupID: group.GroupID, IdentityStoreID: in.IdentityStoreID}, err
}

func groupByAttribute(tx *store.Tx, by api.AlternateIdentifier) (store.GroupRecord, bool, error) {
	key, value, err := uniqueAttribute(by)
	if err != nil {
		return store.GroupRecord{}, false, err
	}
	if key != "displayname" {
		return store.GroupRecord{}, false, notUnique(by.UniqueAttribute.AttributePath, "displayName")
	}
	return tx.GroupByName(value)
}

// ListGroups lists the groups by id, which is the order of their making; with a filter, the one of exactly that display name.
func (s *Service) ListGroups(ctx context.Context, caller api.Caller, in *api.ListGroupsRequest) (*api.ListGroupsResponse, error) {
	out := &api.ListGroupsResponse{}
	err := s.list(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		out.Groups = []api.Group{}
		name, filtered, err := filter(in.Filters, "displayName")
		if err != nil {
			return err
		}
		p, err := s.openPage(page.Request{Operation: api.ListGroups.Operation, Of: []string{name}, Size: in.MaxResults, Token: in.NextToken})
		if err != nil {
			return err
		}
		var rows []store.GroupRecord
		if filtered {
			rows, err = groupsNamed(tx, name)
		} else {
			rows, err = tx.GroupsPage(p.At(0), p.Limit+1)
			rows, out.NextToken = page.Cut(p, rows, func(g store.GroupRecord) []string { return []string{g.GroupID} })
		}
		if err != nil || len(rows) == 0 {
			return err
		}
		external, err := tx.ExternalIDsOfGroups(rows[0].GroupID, rows[len(rows)-1].GroupID, len(rows))
		if err != nil {
			return err
		}
		byGroup := externalIDs(external)
		for _, row := range rows {
			out.Groups = append(out.Groups, s.presentGroup(row, byGroup[row.GroupID]))
		}
		return nil
	})
	return out, err
}

func groupsNamed(tx *store.Tx, displayName string) ([]store.GroupRecord, error) {
	group, found, err := tx.GroupByName(displayName)
	if err != nil || !found {
		return nil, err
	}
	return []store.GroupRecord{group}, nil
}

// UpdateGroup applies the operations in their order, all of them or none.
func (s *Service) UpdateGroup(ctx context.Context, caller api.Caller, in *api.UpdateGroupRequest) (*api.UpdateGroupResponse, error) {
	c := change{caller, api.UpdateGroup.Operation, in.IdentityStoreID}
	err := s.change(ctx, c, func(tx *store.Tx) (made, error) {
		group, err := groupOf(tx, in.GroupID)
		if err != nil {
			return made{}, err
		}
		attributes := &groupInput{IdentityStoreID: in.IdentityStoreID, DisplayName: group.DisplayName, Description: group.Description}
		changed, err := s.updateGroup(attributes, in.Operations)
		if err != nil {
			return made{}, err
		}
		if err := checkGroup(attributes); err != nil {
			return made{}, err
		}
		group.DisplayName, group.Description, group.UpdatedBy = attributes.DisplayName, attributes.Description, c.by()
		updated, err := tx.UpdateGroup(group)
		if err == nil && !updated {
			err = groupTaken()
		}
		return made{detail: "group " + in.GroupID + ": " + strings.Join(changed, ", ")}, err
	})
	return &api.UpdateGroupResponse{}, err
}

// DeleteGroup removes a group with its memberships and with what was assigned to it. Its members stay.
func (s *Service) DeleteGroup(ctx context.Context, caller api.Caller, in *api.DeleteGroupRequest) (*api.DeleteGroupResponse, error) {
	c := change{caller, api.DeleteGroup.Operation, in.IdentityStoreID}
	err := s.change(ctx, c, func(tx *store.Tx) (made, error) {
		if _, err := groupOf(tx, in.GroupID); err != nil {
			return made{}, err
		}
		return made{detail: "group " + in.GroupID}, tx.DeleteGroup(in.GroupID)
	})
	return &api.DeleteGroupResponse{}, err
}
