package identitystore

import (
	"context"

	"sallyport/internal/api"
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
	if err != nil {
		return nil, err
	}
	return &api.CreateGroupMembershipResponse{MembershipID: membershipID, IdentityStoreID: in.IdentityStoreID}, nil
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

// memberExists refuses a member that does not exist.
func memberExists(tx *store.Tx, userID string) error {
	_, found, err := tx.User(userID)
	if err == nil && !found {
		err = userResource.notFound(userID)
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
	if err != nil {
		return nil, err
	}
	return out, nil
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
	if err != nil {
		return nil, err
	}
	return &api.GetGroupMembershipIDResponse{MembershipID: membershipID, IdentityStoreID: in.IdentityStoreID}, nil
}

// IsMemberInGroups tells for each of the groups, in the order asked, whether the user is in it. In a group that does not exist nobody is.
func (s *Service) IsMemberInGroups(ctx context.Context, caller api.Caller, in *api.IsMemberInGroupsRequest) (*api.IsMemberInGroupsResponse, error) {
	out := &api.IsMemberInGroupsResponse{Results: make([]api.GroupMembershipExistenceResult, len(in.GroupIDs))}
	err := s.read(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		if err := memberExists(tx, in.MemberID.UserID); err != nil {
			return err
		}
		member, err := tx.MemberOf(in.MemberID.UserID, in.GroupIDs)
		for i, id := range in.GroupIDs {
			exists := member[id]
			out.Results[i] = api.GroupMembershipExistenceResult{GroupID: id, MemberID: &in.MemberID, MembershipExists: &exists}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListGroupMemberships lists who is in a group, by user.
func (s *Service) ListGroupMemberships(ctx context.Context, caller api.Caller, in *api.ListGroupMembershipsRequest) (*api.ListGroupMembershipsResponse, error) {
	out := &api.ListGroupMembershipsResponse{GroupMemberships: []api.GroupMembership{}}
	q := question{in.IdentityStoreID, api.ListGroupMemberships.Operation, in.GroupID}
	err := s.read(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		after, err := s.openCursor(q, in.NextToken)
		if err != nil {
			return err
		}
		if _, err := groupOf(tx, in.GroupID); err != nil {
			return err
		}
		size := pageSize(in.MaxResults)
		rows, err := tx.MembersPage(in.GroupID, after, size+1)
		rows, out.NextToken = cut(s, q, rows, size, func(m store.MembershipRecord) string { return m.UserID })
		for _, row := range rows {
			out.GroupMemberships = append(out.GroupMemberships, s.presentMembership(row))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListGroupMembershipsForMember lists the groups that a user is in, by group.
func (s *Service) ListGroupMembershipsForMember(ctx context.Context, caller api.Caller, in *api.ListGroupMembershipsForMemberRequest) (*api.ListGroupMembershipsForMemberResponse, error) {
	out := &api.ListGroupMembershipsForMemberResponse{GroupMemberships: []api.GroupMembership{}}
	q := question{in.IdentityStoreID, api.ListGroupMembershipsForMember.Operation, in.MemberID.UserID}
	err := s.read(ctx, in.IdentityStoreID, func(tx *store.Tx) error {
		after, err := s.openCursor(q, in.NextToken)
		if err != nil {
			return err
		}
		if err := memberExists(tx, in.MemberID.UserID); err != nil {
			return err
		}
		size := pageSize(in.MaxResults)
		rows, err := tx.MembershipsPage(in.MemberID.UserID, after, size+1)
		rows, out.NextToken = cut(s, q, rows, size, func(m store.MembershipRecord) string { return m.GroupID })
		for _, row := range rows {
			out.GroupMemberships = append(out.GroupMemberships, s.presentMembership(row))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
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
	if err != nil {
		return nil, err
	}
	return &api.DeleteGroupMembershipResponse{}, nil
}
