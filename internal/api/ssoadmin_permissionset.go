package api

import "sallyport/internal/fault"

// CustomerManagedPolicyReference is a policy that each account has to have under this name.
type CustomerManagedPolicyReference struct {
	Name string `api:"Name,required,type=ManagedPolicyName"`
	Path string `api:"Path,type=ManagedPolicyPath"`
}

// AttachCustomerManagedPolicyReferenceToPermissionSetRequest is the input of AttachCustomerManagedPolicyReferenceToPermissionSet.
type AttachCustomerManagedPolicyReferenceToPermissionSetRequest struct {
	InstanceARN                    string                         `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN               string                         `api:"PermissionSetArn,required,type=PermissionSetArn"`
	CustomerManagedPolicyReference CustomerManagedPolicyReference `api:"CustomerManagedPolicyReference,required"`
}

// AttachCustomerManagedPolicyReferenceToPermissionSetResponse is the output of AttachCustomerManagedPolicyReferenceToPermissionSet.
type AttachCustomerManagedPolicyReferenceToPermissionSetResponse struct{}

// AttachCustomerManagedPolicyReferenceToPermissionSet refers to a policy of the accounts from a permission set.
var AttachCustomerManagedPolicyReferenceToPermissionSet = define[AttachCustomerManagedPolicyReferenceToPermissionSetRequest, AttachCustomerManagedPolicyReferenceToPermissionSetResponse](SSOAdmin, Operation{
	Name: "AttachCustomerManagedPolicyReferenceToPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Refer to a policy of the accounts from a permission set",
})

// AttachManagedPolicyToPermissionSetRequest is the input of AttachManagedPolicyToPermissionSet.
type AttachManagedPolicyToPermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	ManagedPolicyARN string `api:"ManagedPolicyArn,required,type=ManagedPolicyArn"`
}

// AttachManagedPolicyToPermissionSetResponse is the output of AttachManagedPolicyToPermissionSet.
type AttachManagedPolicyToPermissionSetResponse struct{}

// AttachManagedPolicyToPermissionSet attaches a policy of AWS to a permission set.
var AttachManagedPolicyToPermissionSet = define[AttachManagedPolicyToPermissionSetRequest, AttachManagedPolicyToPermissionSetResponse](SSOAdmin, Operation{
	Name: "AttachManagedPolicyToPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Attach a policy of AWS to a permission set",
})

// CreatePermissionSetRequest is the input of CreatePermissionSet.
type CreatePermissionSetRequest struct {
	Name            string `api:"Name,required,type=PermissionSetName"`
	Description     string `api:"Description,type=PermissionSetDescription"`
	InstanceARN     string `api:"InstanceArn,required,type=InstanceArn"`
	SessionDuration string `api:"SessionDuration,type=Duration"`
	RelayState      string `api:"RelayState,type=RelayState"`
	Tags            []Tag  `api:"Tags,elem=Tag,type=TagList"`
}

// PermissionSet is a permission set; its session duration is ISO 8601.
type PermissionSet struct {
	Name             string    `api:"Name,type=PermissionSetName"`
	PermissionSetARN string    `api:"PermissionSetArn,type=PermissionSetArn"`
	Description      string    `api:"Description,type=PermissionSetDescription"`
	CreatedDate      Timestamp `api:"CreatedDate"`
	SessionDuration  string    `api:"SessionDuration,type=Duration"`
	RelayState       string    `api:"RelayState,type=RelayState"`
}

// CreatePermissionSetResponse is the output of CreatePermissionSet.
type CreatePermissionSetResponse struct {
	PermissionSet *PermissionSet `api:"PermissionSet"`
}

// CreatePermissionSet makes a permission set.
var CreatePermissionSet = define[CreatePermissionSetRequest, CreatePermissionSetResponse](SSOAdmin, Operation{
	Name: "CreatePermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Make a permission set",
})

// DeleteInlinePolicyFromPermissionSetRequest is the input of DeleteInlinePolicyFromPermissionSet.
type DeleteInlinePolicyFromPermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
}

// DeleteInlinePolicyFromPermissionSetResponse is the output of DeleteInlinePolicyFromPermissionSet.
type DeleteInlinePolicyFromPermissionSetResponse struct{}

// DeleteInlinePolicyFromPermissionSet removes the inline policy of a permission set.
var DeleteInlinePolicyFromPermissionSet = define[DeleteInlinePolicyFromPermissionSetRequest, DeleteInlinePolicyFromPermissionSetResponse](SSOAdmin, Operation{
	Name: "DeleteInlinePolicyFromPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Remove the inline policy of a permission set",
})

// DeletePermissionSetRequest is the input of DeletePermissionSet.
type DeletePermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
}

// DeletePermissionSetResponse is the output of DeletePermissionSet.
type DeletePermissionSetResponse struct{}

// DeletePermissionSet removes a permission set that nobody is assigned to.
var DeletePermissionSet = define[DeletePermissionSetRequest, DeletePermissionSetResponse](SSOAdmin, Operation{
	Name: "DeletePermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Remove a permission set that nobody is assigned to",
})

// DeletePermissionsBoundaryFromPermissionSetRequest is the input of DeletePermissionsBoundaryFromPermissionSet.
type DeletePermissionsBoundaryFromPermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
}

// DeletePermissionsBoundaryFromPermissionSetResponse is the output of DeletePermissionsBoundaryFromPermissionSet.
type DeletePermissionsBoundaryFromPermissionSetResponse struct{}

// DeletePermissionsBoundaryFromPermissionSet removes the boundary of a permission set.
var DeletePermissionsBoundaryFromPermissionSet = define[DeletePermissionsBoundaryFromPermissionSetRequest, DeletePermissionsBoundaryFromPermissionSetResponse](SSOAdmin, Operation{
	Name: "DeletePermissionsBoundaryFromPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Remove the boundary of a permission set",
})

// DescribePermissionSetRequest is the input of DescribePermissionSet.
type DescribePermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
}

// DescribePermissionSetResponse is the output of DescribePermissionSet.
type DescribePermissionSetResponse struct {
	PermissionSet *PermissionSet `api:"PermissionSet"`
}

// DescribePermissionSet describes a permission set.
var DescribePermissionSet = define[DescribePermissionSetRequest, DescribePermissionSetResponse](SSOAdmin, Operation{
	Name: "DescribePermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Describe a permission set",
})

// DetachCustomerManagedPolicyReferenceFromPermissionSetRequest is the input of DetachCustomerManagedPolicyReferenceFromPermissionSet.
type DetachCustomerManagedPolicyReferenceFromPermissionSetRequest struct {
	InstanceARN                    string                         `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN               string                         `api:"PermissionSetArn,required,type=PermissionSetArn"`
	CustomerManagedPolicyReference CustomerManagedPolicyReference `api:"CustomerManagedPolicyReference,required"`
}

// DetachCustomerManagedPolicyReferenceFromPermissionSetResponse is the output of DetachCustomerManagedPolicyReferenceFromPermissionSet.
type DetachCustomerManagedPolicyReferenceFromPermissionSetResponse struct{}

// DetachCustomerManagedPolicyReferenceFromPermissionSet refers to a policy of the accounts no longer.
var DetachCustomerManagedPolicyReferenceFromPermissionSet = define[DetachCustomerManagedPolicyReferenceFromPermissionSetRequest, DetachCustomerManagedPolicyReferenceFromPermissionSetResponse](SSOAdmin, Operation{
	Name: "DetachCustomerManagedPolicyReferenceFromPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Refer to a policy of the accounts no longer",
})

// DetachManagedPolicyFromPermissionSetRequest is the input of DetachManagedPolicyFromPermissionSet.
type DetachManagedPolicyFromPermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	ManagedPolicyARN string `api:"ManagedPolicyArn,required,type=ManagedPolicyArn"`
}

// DetachManagedPolicyFromPermissionSetResponse is the output of DetachManagedPolicyFromPermissionSet.
type DetachManagedPolicyFromPermissionSetResponse struct{}

// DetachManagedPolicyFromPermissionSet detaches a policy of AWS from a permission set.
var DetachManagedPolicyFromPermissionSet = define[DetachManagedPolicyFromPermissionSetRequest, DetachManagedPolicyFromPermissionSetResponse](SSOAdmin, Operation{
	Name: "DetachManagedPolicyFromPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Detach a policy of AWS from a permission set",
})

// GetInlinePolicyForPermissionSetRequest is the input of GetInlinePolicyForPermissionSet.
type GetInlinePolicyForPermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
}

// GetInlinePolicyForPermissionSetResponse is the output of GetInlinePolicyForPermissionSet.
type GetInlinePolicyForPermissionSetResponse struct {
	InlinePolicy *string `api:"InlinePolicy,type=PermissionSetPolicyDocument"`
}

// GetInlinePolicyForPermissionSet tells the inline policy of a permission set.
var GetInlinePolicyForPermissionSet = define[GetInlinePolicyForPermissionSetRequest, GetInlinePolicyForPermissionSetResponse](SSOAdmin, Operation{
	Name: "GetInlinePolicyForPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell the inline policy of a permission set",
})

// GetPermissionsBoundaryForPermissionSetRequest is the input of GetPermissionsBoundaryForPermissionSet.
type GetPermissionsBoundaryForPermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
}

// PermissionsBoundary is the most that a permission set may grant: one of AWS's policies or one of the accounts' own.
type PermissionsBoundary struct {
	CustomerManagedPolicyReference *CustomerManagedPolicyReference `api:"CustomerManagedPolicyReference"`
	ManagedPolicyARN               string                          `api:"ManagedPolicyArn,type=ManagedPolicyArn"`
}

// GetPermissionsBoundaryForPermissionSetResponse is the output of GetPermissionsBoundaryForPermissionSet.
type GetPermissionsBoundaryForPermissionSetResponse struct {
	PermissionsBoundary *PermissionsBoundary `api:"PermissionsBoundary"`
}

// GetPermissionsBoundaryForPermissionSet tells the boundary of a permission set.
var GetPermissionsBoundaryForPermissionSet = define[GetPermissionsBoundaryForPermissionSetRequest, GetPermissionsBoundaryForPermissionSetResponse](SSOAdmin, Operation{
	Name: "GetPermissionsBoundaryForPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell the boundary of a permission set",
})

// ListCustomerManagedPolicyReferencesInPermissionSetRequest is the input of ListCustomerManagedPolicyReferencesInPermissionSet.
type ListCustomerManagedPolicyReferencesInPermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	MaxResults       *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken        string `api:"NextToken,type=Token"`
}

// ListCustomerManagedPolicyReferencesInPermissionSetResponse is the output of ListCustomerManagedPolicyReferencesInPermissionSet.
type ListCustomerManagedPolicyReferencesInPermissionSetResponse struct {
	CustomerManagedPolicyReferences []CustomerManagedPolicyReference `api:"CustomerManagedPolicyReferences,elem=CustomerManagedPolicyReference"`
	NextToken                       string                           `api:"NextToken,type=Token"`
}

// ListCustomerManagedPolicyReferencesInPermissionSet lists the policies of the accounts that a permission set refers to.
var ListCustomerManagedPolicyReferencesInPermissionSet = define[ListCustomerManagedPolicyReferencesInPermissionSetRequest, ListCustomerManagedPolicyReferencesInPermissionSetResponse](SSOAdmin, Operation{
	Name: "ListCustomerManagedPolicyReferencesInPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the policies of the accounts that a permission set refers to",
})

// ListManagedPoliciesInPermissionSetRequest is the input of ListManagedPoliciesInPermissionSet.
type ListManagedPoliciesInPermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	MaxResults       *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken        string `api:"NextToken,type=Token"`
}

// AttachedManagedPolicy is one of AWS's policies that is attached.
type AttachedManagedPolicy struct {
	Name string `api:"Name,type=Name"`
	ARN  string `api:"Arn,type=ManagedPolicyArn"`
}

// ListManagedPoliciesInPermissionSetResponse is the output of ListManagedPoliciesInPermissionSet.
type ListManagedPoliciesInPermissionSetResponse struct {
	AttachedManagedPolicies []AttachedManagedPolicy `api:"AttachedManagedPolicies,elem=AttachedManagedPolicy"`
	NextToken               string                  `api:"NextToken,type=Token"`
}

// ListManagedPoliciesInPermissionSet lists the policies of AWS that are attached to a permission set.
var ListManagedPoliciesInPermissionSet = define[ListManagedPoliciesInPermissionSetRequest, ListManagedPoliciesInPermissionSetResponse](SSOAdmin, Operation{
	Name: "ListManagedPoliciesInPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the policies of AWS that are attached to a permission set",
})

// ListPermissionSetsRequest is the input of ListPermissionSets.
type ListPermissionSetsRequest struct {
	InstanceARN string `api:"InstanceArn,required,type=InstanceArn"`
	NextToken   string `api:"NextToken,type=Token"`
	MaxResults  *int64 `api:"MaxResults,integer,type=MaxResults"`
}

// ListPermissionSetsResponse is the output of ListPermissionSets.
type ListPermissionSetsResponse struct {
	PermissionSets []string `api:"PermissionSets,elem=PermissionSetArn"`
	NextToken      string   `api:"NextToken,type=Token"`
}

// ListPermissionSets lists the permission sets.
var ListPermissionSets = define[ListPermissionSetsRequest, ListPermissionSetsResponse](SSOAdmin, Operation{
	Name: "ListPermissionSets", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the permission sets",
})

// PutInlinePolicyToPermissionSetRequest is the input of PutInlinePolicyToPermissionSet.
type PutInlinePolicyToPermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	InlinePolicy     string `api:"InlinePolicy,required,type=PermissionSetPolicyDocument"`
}

// PutInlinePolicyToPermissionSetResponse is the output of PutInlinePolicyToPermissionSet.
type PutInlinePolicyToPermissionSetResponse struct{}

// PutInlinePolicyToPermissionSet sets the inline policy of a permission set.
var PutInlinePolicyToPermissionSet = define[PutInlinePolicyToPermissionSetRequest, PutInlinePolicyToPermissionSetResponse](SSOAdmin, Operation{
	Name: "PutInlinePolicyToPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Set the inline policy of a permission set",
})

// PutPermissionsBoundaryToPermissionSetRequest is the input of PutPermissionsBoundaryToPermissionSet.
type PutPermissionsBoundaryToPermissionSetRequest struct {
	InstanceARN         string              `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN    string              `api:"PermissionSetArn,required,type=PermissionSetArn"`
	PermissionsBoundary PermissionsBoundary `api:"PermissionsBoundary,required"`
}

// PutPermissionsBoundaryToPermissionSetResponse is the output of PutPermissionsBoundaryToPermissionSet.
type PutPermissionsBoundaryToPermissionSetResponse struct{}

// PutPermissionsBoundaryToPermissionSet sets the boundary of a permission set.
var PutPermissionsBoundaryToPermissionSet = define[PutPermissionsBoundaryToPermissionSetRequest, PutPermissionsBoundaryToPermissionSetResponse](SSOAdmin, Operation{
	Name: "PutPermissionsBoundaryToPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Set the boundary of a permission set",
})

// UpdatePermissionSetRequest is the input of UpdatePermissionSet.
type UpdatePermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	Description      string `api:"Description,type=PermissionSetDescription"`
	SessionDuration  string `api:"SessionDuration,type=Duration"`
	RelayState       string `api:"RelayState,type=RelayState"`
}

// UpdatePermissionSetResponse is the output of UpdatePermissionSet.
type UpdatePermissionSetResponse struct{}

// UpdatePermissionSet changes a permission set.
var UpdatePermissionSet = define[UpdatePermissionSetRequest, UpdatePermissionSetResponse](SSOAdmin, Operation{
	Name: "UpdatePermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Change a permission set",
})
