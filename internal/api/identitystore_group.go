package api

import "sallyport/internal/fault"

// CreateGroupRequest is the input of CreateGroup.
type CreateGroupRequest struct {
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
	DisplayName     string `api:"DisplayName,sensitive,type=GroupDisplayName"`
	Description     string `api:"Description,sensitive,type=SensitiveStringType"`
}

// CreateGroupResponse is the output of CreateGroup.
type CreateGroupResponse struct {
	GroupID         string `api:"GroupId,required,type=ResourceId"`
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
}

// CreateGroup makes a group.
var CreateGroup = define[CreateGroupRequest, CreateGroupResponse](IdentityStore, Operation{
	Name: "CreateGroup", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.Conflict, fault.InternalServer, fault.Validation, fault.QuotaExceeded},
	Purpose:  "Make a group",
})

// DeleteGroupRequest is the input of DeleteGroup.
type DeleteGroupRequest struct {
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
	GroupID         string `api:"GroupId,required,type=ResourceId"`
}

// DeleteGroupResponse is the output of DeleteGroup.
type DeleteGroupResponse struct{}

// DeleteGroup removes a group.
var DeleteGroup = define[DeleteGroupRequest, DeleteGroupResponse](IdentityStore, Operation{
	Name: "DeleteGroup", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.Conflict, fault.InternalServer, fault.Validation},
	Purpose:  "Remove a group",
})

// DescribeGroupRequest is the input of DescribeGroup.
type DescribeGroupRequest struct {
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
	GroupID         string `api:"GroupId,required,type=ResourceId"`
}

// DescribeGroupResponse is the output of DescribeGroup.
type DescribeGroupResponse struct {
	GroupID         string       `api:"GroupId,required,type=ResourceId"`
	DisplayName     string       `api:"DisplayName,sensitive,type=GroupDisplayName"`
	ExternalIDs     []ExternalID `api:"ExternalIds,elem=ExternalId,type=ExternalIds"`
	Description     string       `api:"Description,sensitive,type=SensitiveStringType"`
	CreatedAt       Timestamp    `api:"CreatedAt"`
	UpdatedAt       Timestamp    `api:"UpdatedAt"`
	CreatedBy       string       `api:"CreatedBy"`
	UpdatedBy       string       `api:"UpdatedBy"`
	IdentityStoreID string       `api:"IdentityStoreId,required,type=IdentityStoreId"`
}

// DescribeGroup describes a group.
var DescribeGroup = define[DescribeGroupRequest, DescribeGroupResponse](IdentityStore, Operation{
	Name: "DescribeGroup", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "Describe a group",
})

// GetGroupIDRequest is the input of GetGroupId.
type GetGroupIDRequest struct {
	IdentityStoreID     string              `api:"IdentityStoreId,required,type=IdentityStoreId"`
	AlternateIdentifier AlternateIdentifier `api:"AlternateIdentifier,required,union"`
}

// GetGroupIDResponse is the output of GetGroupId.
type GetGroupIDResponse struct {
	GroupID         string `api:"GroupId,required,type=ResourceId"`
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
}

// GetGroupId finds a group by something else than its id.
var GetGroupId = define[GetGroupIDRequest, GetGroupIDResponse](IdentityStore, Operation{
	Name: "GetGroupId", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "Find a group by something else than its id",
})

// ListGroupsRequest is the input of ListGroups.
type ListGroupsRequest struct {
	IdentityStoreID string            `api:"IdentityStoreId,required,type=IdentityStoreId"`
	MaxResults      *int64            `api:"MaxResults,integer,type=MaxResults"`
	NextToken       string            `api:"NextToken,type=NextToken"`
	Filters         []AttributeFilter `api:"Filters,elem=Filter,type=Filters"`
}

// Group is a group of the identity store, as lists and descriptions show it.
type Group struct {
	GroupID         string       `api:"GroupId,required,type=ResourceId"`
	DisplayName     string       `api:"DisplayName,sensitive,type=GroupDisplayName"`
	ExternalIDs     []ExternalID `api:"ExternalIds,elem=ExternalId,type=ExternalIds"`
	Description     string       `api:"Description,sensitive,type=SensitiveStringType"`
	CreatedAt       Timestamp    `api:"CreatedAt"`
	UpdatedAt       Timestamp    `api:"UpdatedAt"`
	CreatedBy       string       `api:"CreatedBy"`
	UpdatedBy       string       `api:"UpdatedBy"`
	IdentityStoreID string       `api:"IdentityStoreId,required,type=IdentityStoreId"`
}

// ListGroupsResponse is the output of ListGroups.
type ListGroupsResponse struct {
	Groups    []Group `api:"Groups,required,elem=Group"`
	NextToken string  `api:"NextToken,type=NextToken"`
}

// ListGroups lists the groups.
var ListGroups = define[ListGroupsRequest, ListGroupsResponse](IdentityStore, Operation{
	Name: "ListGroups", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "List the groups",
})

// UpdateGroupRequest is the input of UpdateGroup.
type UpdateGroupRequest struct {
	IdentityStoreID string               `api:"IdentityStoreId,required,type=IdentityStoreId"`
	GroupID         string               `api:"GroupId,required,type=ResourceId"`
	Operations      []AttributeOperation `api:"Operations,required,elem=AttributeOperation,type=AttributeOperations"`
}

// UpdateGroupResponse is the output of UpdateGroup.
type UpdateGroupResponse struct{}

// UpdateGroup changes attributes of a group.
var UpdateGroup = define[UpdateGroupRequest, UpdateGroupResponse](IdentityStore, Operation{
	Name: "UpdateGroup", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.Conflict, fault.InternalServer, fault.Validation, fault.QuotaExceeded},
	Purpose:  "Change attributes of a group",
})
