package api

import "sallyport/internal/fault"

// MemberID is who is a member: a union of which a user's id is the only member so far.
type MemberID struct {
	UserID string `api:"UserId,type=ResourceId"`
}

// CreateGroupMembershipRequest is the input of CreateGroupMembership.
type CreateGroupMembershipRequest struct {
	IdentityStoreID string   `api:"IdentityStoreId,required,type=IdentityStoreId"`
	GroupID         string   `api:"GroupId,required,type=ResourceId"`
	MemberID        MemberID `api:"MemberId,required,union"`
}

// CreateGroupMembershipResponse is the output of CreateGroupMembership.
type CreateGroupMembershipResponse struct {
	MembershipID    string `api:"MembershipId,required,type=ResourceId"`
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
}

// CreateGroupMembership puts a person into a group.
var CreateGroupMembership = define[CreateGroupMembershipRequest, CreateGroupMembershipResponse](IdentityStore, Operation{
	Name: "CreateGroupMembership", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.Conflict, fault.InternalServer, fault.Validation, fault.QuotaExceeded},
	Purpose:  "Put a person into a group",
})

// DeleteGroupMembershipRequest is the input of DeleteGroupMembership.
type DeleteGroupMembershipRequest struct {
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
	MembershipID    string `api:"MembershipId,required,type=ResourceId"`
}

// DeleteGroupMembershipResponse is the output of DeleteGroupMembership.
type DeleteGroupMembershipResponse struct{}

// DeleteGroupMembership takes a person out of a group.
var DeleteGroupMembership = define[DeleteGroupMembershipRequest, DeleteGroupMembershipResponse](IdentityStore, Operation{
	Name: "DeleteGroupMembership", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.Conflict, fault.InternalServer, fault.Validation},
	Purpose:  "Take a person out of a group",
})

// DescribeGroupMembershipRequest is the input of DescribeGroupMembership.
type DescribeGroupMembershipRequest struct {
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
	MembershipID    string `api:"MembershipId,required,type=ResourceId"`
}

// DescribeGroupMembershipResponse is the output of DescribeGroupMembership.
type DescribeGroupMembershipResponse struct {
	IdentityStoreID string    `api:"IdentityStoreId,required,type=IdentityStoreId"`
	MembershipID    string    `api:"MembershipId,required,type=ResourceId"`
	GroupID         string    `api:"GroupId,required,type=ResourceId"`
	MemberID        MemberID  `api:"MemberId,required,union"`
	CreatedAt       Timestamp `api:"CreatedAt"`
	UpdatedAt       Timestamp `api:"UpdatedAt"`
	CreatedBy       string    `api:"CreatedBy"`
	UpdatedBy       string    `api:"UpdatedBy"`
}

// DescribeGroupMembership describes a membership.
var DescribeGroupMembership = define[DescribeGroupMembershipRequest, DescribeGroupMembershipResponse](IdentityStore, Operation{
	Name: "DescribeGroupMembership", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "Describe a membership",
})

// GetGroupMembershipIDRequest is the input of GetGroupMembershipId.
type GetGroupMembershipIDRequest struct {
	IdentityStoreID string   `api:"IdentityStoreId,required,type=IdentityStoreId"`
	GroupID         string   `api:"GroupId,required,type=ResourceId"`
	MemberID        MemberID `api:"MemberId,required,union"`
}

// GetGroupMembershipIDResponse is the output of GetGroupMembershipId.
type GetGroupMembershipIDResponse struct {
	MembershipID    string `api:"MembershipId,required,type=ResourceId"`
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
}

// GetGroupMembershipId finds a membership by group and member.
var GetGroupMembershipId = define[GetGroupMembershipIDRequest, GetGroupMembershipIDResponse](IdentityStore, Operation{
	Name: "GetGroupMembershipId", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "Find a membership by group and member",
})

// IsMemberInGroupsRequest is the input of IsMemberInGroups.
type IsMemberInGroupsRequest struct {
	IdentityStoreID string   `api:"IdentityStoreId,required,type=IdentityStoreId"`
	MemberID        MemberID `api:"MemberId,required,union"`
	GroupIDs        []string `api:"GroupIds,required,elem=ResourceId,type=GroupIds"`
}

// GroupMembershipExistenceResult is the answer to whether a person is in one of the groups asked for.
type GroupMembershipExistenceResult struct {
	GroupID          string    `api:"GroupId,type=ResourceId"`
	MemberID         *MemberID `api:"MemberId,union"`
	MembershipExists *bool     `api:"MembershipExists"`
}

// IsMemberInGroupsResponse is the output of IsMemberInGroups.
type IsMemberInGroupsResponse struct {
	Results []GroupMembershipExistenceResult `api:"Results,required,elem=GroupMembershipExistenceResult"`
}

// IsMemberInGroups tells in which of some groups a person is.
var IsMemberInGroups = define[IsMemberInGroupsRequest, IsMemberInGroupsResponse](IdentityStore, Operation{
	Name: "IsMemberInGroups", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "Tell in which of some groups a person is",
})

// ListGroupMembershipsRequest is the input of ListGroupMemberships.
type ListGroupMembershipsRequest struct {
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
	GroupID         string `api:"GroupId,required,type=ResourceId"`
	MaxResults      *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken       string `api:"NextToken,type=NextToken"`
}

// GroupMembership is one person's place in one group.
type GroupMembership struct {
	IdentityStoreID string    `api:"IdentityStoreId,required,type=IdentityStoreId"`
	MembershipID    string    `api:"MembershipId,type=ResourceId"`
	GroupID         string    `api:"GroupId,type=ResourceId"`
	MemberID        *MemberID `api:"MemberId,union"`
	CreatedAt       Timestamp `api:"CreatedAt"`
	UpdatedAt       Timestamp `api:"UpdatedAt"`
	CreatedBy       string    `api:"CreatedBy"`
	UpdatedBy       string    `api:"UpdatedBy"`
}

// ListGroupMembershipsResponse is the output of ListGroupMemberships.
type ListGroupMembershipsResponse struct {
	GroupMemberships []GroupMembership `api:"GroupMemberships,required,elem=GroupMembership"`
	NextToken        string            `api:"NextToken,type=NextToken"`
}

// ListGroupMemberships lists who is in a group.
var ListGroupMemberships = define[ListGroupMembershipsRequest, ListGroupMembershipsResponse](IdentityStore, Operation{
	Name: "ListGroupMemberships", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "List who is in a group",
})

// ListGroupMembershipsForMemberRequest is the input of ListGroupMembershipsForMember.
type ListGroupMembershipsForMemberRequest struct {
	IdentityStoreID string   `api:"IdentityStoreId,required,type=IdentityStoreId"`
	MemberID        MemberID `api:"MemberId,required,union"`
	MaxResults      *int64   `api:"MaxResults,integer,type=MaxResults"`
	NextToken       string   `api:"NextToken,type=NextToken"`
}

// ListGroupMembershipsForMemberResponse is the output of ListGroupMembershipsForMember.
type ListGroupMembershipsForMemberResponse struct {
	GroupMemberships []GroupMembership `api:"GroupMemberships,required,elem=GroupMembership"`
	NextToken        string            `api:"NextToken,type=NextToken"`
}

// ListGroupMembershipsForMember lists the groups that a person is in.
var ListGroupMembershipsForMember = define[ListGroupMembershipsForMemberRequest, ListGroupMembershipsForMemberResponse](IdentityStore, Operation{
	Name: "ListGroupMembershipsForMember", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "List the groups that a person is in",
})
