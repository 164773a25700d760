package identitystore

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/page"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// CreateGroupMembership puts a user into a group.
func (s *Service) CreateGroupMembership(ctx context.Context, caller api.Caller, in *api.CreateGroupMembershipRequest) (*api.CreateGroupMembershipResponse, error) {
	c := change{caller, api.CreateGroupMembership.Operation, in.IdentityStoreID}
	var membershipID string
	err := s.change(ctx, c, func(tx *store.Tx) (made, error) {
		if err := bothExist(tx, in.GroupID, in.MemberID.UserID); err != nil {
			return made{}, err
		}
		membershipID = sys.NewUUID(tx.Now)
		joined, err := tx.JoinGroup(store.MembershipRecord{
			Membership:   store.Membership{UserID: in.MemberID.UserID, GroupID: in.GroupID},
			MembershipID: membershipID, CreatedBy: c.by(),
		})
		if err == nil && !joined {
			err = duplicate("Duplicate GroupMembership: the member is in this group already")
		}
		return joining(in.MemberID.UserID, in.GroupID, membershipID), err
	})
	return &api.CreateGroupMembershipResponse{MembershipID: membershipID, IdentityStoreID: in.IdentityStoreID}, err
}

func joining(userID, groupID, membershipID string) made {
	return made{userID, "user " + userID + ", group " + groupID + ", membership " + membershipID}
}

// bothExist refuses a membership of which one side is missing, in the words that AWS has for it.
func bothExist(tx *store.Tx, groupID, userID string) error {
	_, found, err := tx.Group(groupID)
	switch {
	case err != nil:
		return err
	case !found:
		return groupResource.missing("Group does not exist", groupID)
	}
	if _, found, err = tx.User(userID); err == nil && !found {
		err = userResource.missing("Member does not exist", userID)
	}
	return err
}

// presentMembership is the membership as the API describes it. It never changes, so that its making is its last change.
func (s *Service) presentMembership(m store.MembershipRecord) api.GroupMembership {
	return api.GroupMembership{
		IdentityStoreID: s.IdentityStoreID, MembershipID: m.MembershipID, GroupID: m.GroupID, MemberID: &api.MemberID{UserID: m.UserID},
		CreatedAt: api.Timestamp(m.CreatedAt), UpdatedAt: api.Timestamp(m.CreatedAt), CreatedBy: m.CreatedBy, UpdatedBy: m.CreatedBy,
	}
}

// DescribeGroupMembership tells what is known of a membership.
func (s *Service) DescribeGroupMembership(ctx context.Context, caller api.Caller, in *api.DescribeGroupMembershipRequest) (*api.DescribeGroupMembershipResponse, error) {
	var out *api.DescribeGroupMembershipResponse
	err := s.read(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		m, found, err := tx.MembershipByID(in.MembershipID)
		switch {
		case err != nil:
			return err
		case !found:
			return groupMembership.notFound(in.MembershipID)
		}
		p := s.presentMembership(m)
		out = &api.DescribeGroupMembershipResponse{
			IdentityStoreID: p.IdentityStoreID, MembershipID: p.MembershipID, GroupID: p.GroupID, MemberID: *p.MemberID,
			CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, CreatedBy: p.CreatedBy, UpdatedBy: p.UpdatedBy,
		}
		return nil
	})
	return out, err
}

// GetGroupMembershipID finds a membership by its two sides.
func (s *Service) GetGroupMembershipID(ctx context.Context, caller api.Caller, in *api.GetGroupMembershipIDRequest) (*api.GetGroupMembershipIDResponse, error) {
	var membershipID string
	err := s.read(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		m, found, err := tx.Membership(store.Membership{UserID: in.MemberID.UserID, GroupID: in.GroupID})
		if err == nil && !found {
			err = groupMembership.notFound("")
		}
		membershipID = m.MembershipID
		return err
	})
	return &api.GetGroupMembershipIDResponse{MembershipID: membershipID, IdentityStoreID: in.IdentityStoreID}, err
}

// IsMemberInGroups tells for each of the groups, in the order asked, whether the user is in it. In a group that does not exist nobody is.
func (s *Service) IsMemberInGroups(ctx context.Context, caller api.Caller, in *api.IsMemberInGroupsRequest) (*api.IsMemberInGroupsResponse, error) {
	out := &api.IsMemberInGroupsResponse{Results: make([]api.GroupMembershipExistenceResult, len(in.GroupIDs))}
	err := s.read(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		if err := userExists(tx, in.MemberID.UserID); err != nil {
			return err
		}
		member, err := tx.MemberOf(in.MemberID.UserID, in.GroupIDs)
		for i, id := range in.GroupIDs {
			exists := member[id]
			out.Results[i] = api.GroupMembershipExistenceResult{GroupID: id, MemberID: &in.MemberID, MembershipExists: &exists}
		}
		return err
	})
	return out, err
}

// ListGroupMemberships lists who is in a group, by user.
func (s *Service) ListGroupMemberships(ctx context.Context, caller api.Caller, in *api.ListGroupMembershipsRequest) (*api.ListGroupMembershipsResponse, error) {
	out := &api.ListGroupMembershipsResponse{}
	asked := page.Request{Operation: api.ListGroupMemberships.Operation, Of: []string{in.GroupID}, Size: in.MaxResults, Token: in.NextToken}
	err := s.list(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		p, err := s.openPage(asked)
		if err != nil {
			return err
		}
		if _, err := groupOf(tx, in.GroupID); err != nil {
			return err
		}
		rows, err := tx.MembersPage(in.GroupID, p.At(0), p.Limit+1)
		rows, out.NextToken = page.Cut(p, rows, func(m store.MembershipRecord) []string { return []string{m.UserID} })
		out.GroupMemberships = make([]api.GroupMembership, 0, len(rows))
		for _, row := range rows {
			out.GroupMemberships = append(out.GroupMemberships, s.presentMembership(row))
		}
		return err
	})
	return out, err
}

// ListGroupMembershipsForMember lists the groups that a user is in, by group.
func (s *Service) ListGroupMembershipsForMember(ctx context.Context, caller api.Caller, in *api.ListGroupMembershipsForMemberRequest) (*api.ListGroupMembershipsForMemberResponse, error) {
	out := &api.ListGroupMembershipsForMemberResponse{}
	asked := page.Request{Operation: api.ListGroupMembershipsForMember.Operation, Of: []string{in.MemberID.UserID}, Size: in.MaxResults, Token: in.NextToken}
	err := s.list(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		p, err := s.openPage(asked)
		if err != nil {
			return err
		}
		if err := userExists(tx, in.MemberID.UserID); err != nil {
			return err
		}
		rows, err := tx.MembershipsPage(in.MemberID.UserID, p.At(0), p.Limit+1)
		rows, out.NextToken = page.Cut(p, rows, func(m store.MembershipRecord) []string { return []string{m.GroupID} })
		out.GroupMemberships = make([]api.GroupMembership, 0, len(rows))
		for _, row := range rows {
			out.GroupMemberships = append(out.GroupMemberships, s.presentMembership(row))
		}
		return err
	})
	return out, err
}

// DeleteGroupMembership takes a user out of a group.
func (s *Service) DeleteGroupMembership(ctx context.Context, caller api.Caller, in *api.DeleteGroupMembershipRequest) (*api.DeleteGroupMembershipResponse, error) {
	c := change{caller, api.DeleteGroupMembership.Operation, in.IdentityStoreID}
	err := s.change(ctx, c, func(tx *store.Tx) (made, error) {
		m, found, err := tx.MembershipByID(in.MembershipID)
		switch {
		case err != nil:
			return made{}, err
		case !found:
			return made{}, groupMembership.notFound(in.MembershipID)
		}
		return joining(m.UserID, m.GroupID, m.MembershipID), tx.DeleteMembership(m.Membership)
	})
	return &api.DeleteGroupMembershipResponse{}, err
}
