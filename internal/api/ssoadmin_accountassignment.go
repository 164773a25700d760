package api

import "sallyport/internal/fault"

// CreateAccountAssignmentRequest is the input of CreateAccountAssignment.
type CreateAccountAssignmentRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	TargetID         string `api:"TargetId,required,type=TargetId"`
	TargetType       string `api:"TargetType,required,type=TargetType"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	PrincipalType    string `api:"PrincipalType,required,type=PrincipalType"`
	PrincipalID      string `api:"PrincipalId,required,type=PrincipalId"`
}

// AccountAssignmentOperationStatus is how the making or removal of an account assignment went.
type AccountAssignmentOperationStatus struct {
	Status           string    `api:"Status,type=StatusValues"`
	RequestID        string    `api:"RequestId,type=UUId"`
	FailureReason    string    `api:"FailureReason,type=Reason"`
	TargetID         string    `api:"TargetId,type=TargetId"`
	TargetType       string    `api:"TargetType,type=TargetType"`
	PermissionSetARN string    `api:"PermissionSetArn,type=PermissionSetArn"`
	PrincipalType    string    `api:"PrincipalType,type=PrincipalType"`
	PrincipalID      string    `api:"PrincipalId,type=PrincipalId"`
	CreatedDate      Timestamp `api:"CreatedDate"`
}

// CreateAccountAssignmentResponse is the output of CreateAccountAssignment.
type CreateAccountAssignmentResponse struct {
	AccountAssignmentCreationStatus *AccountAssignmentOperationStatus `api:"AccountAssignmentCreationStatus"`
}

// CreateAccountAssignment gives a person or a group a permission set in an account.
var CreateAccountAssignment = define[CreateAccountAssignmentRequest, CreateAccountAssignmentResponse](SSOAdmin, Operation{
	Name: "CreateAccountAssignment", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Give a person or a group a permission set in an account",
})

// DeleteAccountAssignmentRequest is the input of DeleteAccountAssignment.
type DeleteAccountAssignmentRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	TargetID         string `api:"TargetId,required,type=TargetId"`
	TargetType       string `api:"TargetType,required,type=TargetType"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	PrincipalType    string `api:"PrincipalType,required,type=PrincipalType"`
	PrincipalID      string `api:"PrincipalId,required,type=PrincipalId"`
}

// DeleteAccountAssignmentResponse is the output of DeleteAccountAssignment.
type DeleteAccountAssignmentResponse struct {
	AccountAssignmentDeletionStatus *AccountAssignmentOperationStatus `api:"AccountAssignmentDeletionStatus"`
}

// DeleteAccountAssignment takes a permission set in an account from a person or a group.
var DeleteAccountAssignment = define[DeleteAccountAssignmentRequest, DeleteAccountAssignmentResponse](SSOAdmin, Operation{
	Name: "DeleteAccountAssignment", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Take a permission set in an account from a person or a group",
})

// DescribeAccountAssignmentCreationStatusRequest is the input of DescribeAccountAssignmentCreationStatus.
type DescribeAccountAssignmentCreationStatusRequest struct {
	InstanceARN                        string `api:"InstanceArn,required,type=InstanceArn"`
	AccountAssignmentCreationRequestID string `api:"AccountAssignmentCreationRequestId,required,type=UUId"`
}

// DescribeAccountAssignmentCreationStatusResponse is the output of DescribeAccountAssignmentCreationStatus.
type DescribeAccountAssignmentCreationStatusResponse struct {
	AccountAssignmentCreationStatus *AccountAssignmentOperationStatus `api:"AccountAssignmentCreationStatus"`
}

// DescribeAccountAssignmentCreationStatus tells how the making of an assignment went.
var DescribeAccountAssignmentCreationStatus = define[DescribeAccountAssignmentCreationStatusRequest, DescribeAccountAssignmentCreationStatusResponse](SSOAdmin, Operation{
	Name: "DescribeAccountAssignmentCreationStatus", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell how the making of an assignment went",
})

// DescribeAccountAssignmentDeletionStatusRequest is the input of DescribeAccountAssignmentDeletionStatus.
type DescribeAccountAssignmentDeletionStatusRequest struct {
	InstanceARN                        string `api:"InstanceArn,required,type=InstanceArn"`
	AccountAssignmentDeletionRequestID string `api:"AccountAssignmentDeletionRequestId,required,type=UUId"`
}

// DescribeAccountAssignmentDeletionStatusResponse is the output of DescribeAccountAssignmentDeletionStatus.
type DescribeAccountAssignmentDeletionStatusResponse struct {
	AccountAssignmentDeletionStatus *AccountAssignmentOperationStatus `api:"AccountAssignmentDeletionStatus"`
}

// DescribeAccountAssignmentDeletionStatus tells how the removal of an assignment went.
var DescribeAccountAssignmentDeletionStatus = define[DescribeAccountAssignmentDeletionStatusRequest, DescribeAccountAssignmentDeletionStatusResponse](SSOAdmin, Operation{
	Name: "DescribeAccountAssignmentDeletionStatus", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell how the removal of an assignment went",
})

// DescribePermissionSetProvisioningStatusRequest is the input of DescribePermissionSetProvisioningStatus.
type DescribePermissionSetProvisioningStatusRequest struct {
	InstanceARN                     string `api:"InstanceArn,required,type=InstanceArn"`
	ProvisionPermissionSetRequestID string `api:"ProvisionPermissionSetRequestId,required,type=UUId"`
}

// PermissionSetProvisioningStatus is how the provisioning of a permission set went.
type PermissionSetProvisioningStatus struct {
	Status           string    `api:"Status,type=StatusValues"`
	RequestID        string    `api:"RequestId,type=UUId"`
	AccountID        string    `api:"AccountId,type=AccountId"`
	PermissionSetARN string    `api:"PermissionSetArn,type=PermissionSetArn"`
	FailureReason    string    `api:"FailureReason,type=Reason"`
	CreatedDate      Timestamp `api:"CreatedDate"`
}

// DescribePermissionSetProvisioningStatusResponse is the output of DescribePermissionSetProvisioningStatus.
type DescribePermissionSetProvisioningStatusResponse struct {
	PermissionSetProvisioningStatus *PermissionSetProvisioningStatus `api:"PermissionSetProvisioningStatus"`
}

// DescribePermissionSetProvisioningStatus tells how the provisioning of a permission set went.
var DescribePermissionSetProvisioningStatus = define[DescribePermissionSetProvisioningStatusRequest, DescribePermissionSetProvisioningStatusResponse](SSOAdmin, Operation{
	Name: "DescribePermissionSetProvisioningStatus", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell how the provisioning of a permission set went",
})

// OperationStatusFilter is the status that a list of requests is narrowed to.
type OperationStatusFilter struct {
	Status string `api:"Status,type=StatusValues"`
}

// ListAccountAssignmentCreationStatusRequest is the input of ListAccountAssignmentCreationStatus.
type ListAccountAssignmentCreationStatusRequest struct {
	InstanceARN string                 `api:"InstanceArn,required,type=InstanceArn"`
	MaxResults  *int64                 `api:"MaxResults,integer,type=MaxResults"`
	NextToken   string                 `api:"NextToken,type=Token"`
	Filter      *OperationStatusFilter `api:"Filter"`
}

// AccountAssignmentOperationStatusMetadata is a request to make or remove an assignment, as lists show it.
type AccountAssignmentOperationStatusMetadata struct {
	Status      string    `api:"Status,type=StatusValues"`
	RequestID   string    `api:"RequestId,type=UUId"`
	CreatedDate Timestamp `api:"CreatedDate"`
}

// ListAccountAssignmentCreationStatusResponse is the output of ListAccountAssignmentCreationStatus.
type ListAccountAssignmentCreationStatusResponse struct {
	AccountAssignmentsCreationStatus []AccountAssignmentOperationStatusMetadata `api:"AccountAssignmentsCreationStatus,elem=AccountAssignmentOperationStatusMetadata"`
	NextToken                        string                                     `api:"NextToken,type=Token"`
}

// ListAccountAssignmentCreationStatus lists the assignments that were made lately, with how it went.
var ListAccountAssignmentCreationStatus = define[ListAccountAssignmentCreationStatusRequest, ListAccountAssignmentCreationStatusResponse](SSOAdmin, Operation{
	Name: "ListAccountAssignmentCreationStatus", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the assignments that were made lately, with how it went",
})

// ListAccountAssignmentDeletionStatusRequest is the input of ListAccountAssignmentDeletionStatus.
type ListAccountAssignmentDeletionStatusRequest struct {
	InstanceARN string                 `api:"InstanceArn,required,type=InstanceArn"`
	MaxResults  *int64                 `api:"MaxResults,integer,type=MaxResults"`
	NextToken   string                 `api:"NextToken,type=Token"`
	Filter      *OperationStatusFilter `api:"Filter"`
}

// ListAccountAssignmentDeletionStatusResponse is the output of ListAccountAssignmentDeletionStatus.
type ListAccountAssignmentDeletionStatusResponse struct {
	AccountAssignmentsDeletionStatus []AccountAssignmentOperationStatusMetadata `api:"AccountAssignmentsDeletionStatus,elem=AccountAssignmentOperationStatusMetadata"`
	NextToken                        string                                     `api:"NextToken,type=Token"`
}

// ListAccountAssignmentDeletionStatus lists the assignments that were removed lately, with how it went.
var ListAccountAssignmentDeletionStatus = define[ListAccountAssignmentDeletionStatusRequest, ListAccountAssignmentDeletionStatusResponse](SSOAdmin, Operation{
	Name: "ListAccountAssignmentDeletionStatus", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the assignments that were removed lately, with how it went",
})

// ListAccountAssignmentsRequest is the input of ListAccountAssignments.
type ListAccountAssignmentsRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	AccountID        string `api:"AccountId,required,type=TargetId"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	MaxResults       *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken        string `api:"NextToken,type=Token"`
}

// AccountAssignment is who has a permission set in an account.
type AccountAssignment struct {
	AccountID        string `api:"AccountId,type=AccountId"`
	PermissionSetARN string `api:"PermissionSetArn,type=PermissionSetArn"`
	PrincipalType    string `api:"PrincipalType,type=PrincipalType"`
	PrincipalID      string `api:"PrincipalId,type=PrincipalId"`
}

// ListAccountAssignmentsResponse is the output of ListAccountAssignments.
type ListAccountAssignmentsResponse struct {
	AccountAssignments []AccountAssignment `api:"AccountAssignments,elem=AccountAssignment"`
	NextToken          string              `api:"NextToken,type=Token"`
}

// ListAccountAssignments lists who has a permission set in an account.
var ListAccountAssignments = define[ListAccountAssignmentsRequest, ListAccountAssignmentsResponse](SSOAdmin, Operation{
	Name: "ListAccountAssignments", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List who has a permission set in an account",
})

// ListAccountAssignmentsFilter is the account that a list of assignments is narrowed to.
type ListAccountAssignmentsFilter struct {
	AccountID string `api:"AccountId,type=AccountId"`
}

// ListAccountAssignmentsForPrincipalRequest is the input of ListAccountAssignmentsForPrincipal.
type ListAccountAssignmentsForPrincipalRequest struct {
	InstanceARN   string                        `api:"InstanceArn,required,type=InstanceArn"`
	PrincipalID   string                        `api:"PrincipalId,required,type=PrincipalId"`
	PrincipalType string                        `api:"PrincipalType,required,type=PrincipalType"`
	Filter        *ListAccountAssignmentsFilter `api:"Filter"`
	NextToken     string                        `api:"NextToken,type=Token"`
	MaxResults    *int64                        `api:"MaxResults,integer,type=MaxResults"`
}

// AccountAssignmentForPrincipal is what a person or group has in an account.
type AccountAssignmentForPrincipal struct {
	AccountID        string `api:"AccountId,type=AccountId"`
	PermissionSetARN string `api:"PermissionSetArn,type=PermissionSetArn"`
	PrincipalID      string `api:"PrincipalId,type=PrincipalId"`
	PrincipalType    string `api:"PrincipalType,type=PrincipalType"`
}

// ListAccountAssignmentsForPrincipalResponse is the output of ListAccountAssignmentsForPrincipal.
type ListAccountAssignmentsForPrincipalResponse struct {
	AccountAssignments []AccountAssignmentForPrincipal `api:"AccountAssignments,elem=AccountAssignmentForPrincipal"`
	NextToken          string                          `api:"NextToken,type=Token"`
}

// ListAccountAssignmentsForPrincipal lists what a person or a group has in which accounts.
var ListAccountAssignmentsForPrincipal = define[ListAccountAssignmentsForPrincipalRequest, ListAccountAssignmentsForPrincipalResponse](SSOAdmin, Operation{
	Name: "ListAccountAssignmentsForPrincipal", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List what a person or a group has in which accounts",
})

// ListAccountsForProvisionedPermissionSetRequest is the input of ListAccountsForProvisionedPermissionSet.
type ListAccountsForProvisionedPermissionSetRequest struct {
	InstanceARN        string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN   string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	ProvisioningStatus string `api:"ProvisioningStatus,type=ProvisioningStatus"`
	MaxResults         *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken          string `api:"NextToken,type=Token"`
}

// ListAccountsForProvisionedPermissionSetResponse is the output of ListAccountsForProvisionedPermissionSet.
type ListAccountsForProvisionedPermissionSetResponse struct {
	AccountIDs []string `api:"AccountIds,elem=AccountId"`
	NextToken  string   `api:"NextToken,type=Token"`
}

// ListAccountsForProvisionedPermissionSet lists the accounts that a permission set is provisioned to.
var ListAccountsForProvisionedPermissionSet = define[ListAccountsForProvisionedPermissionSetRequest, ListAccountsForProvisionedPermissionSetResponse](SSOAdmin, Operation{
	Name: "ListAccountsForProvisionedPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the accounts that a permission set is provisioned to",
})

// ListPermissionSetProvisioningStatusRequest is the input of ListPermissionSetProvisioningStatus.
type ListPermissionSetProvisioningStatusRequest struct {
	InstanceARN string                 `api:"InstanceArn,required,type=InstanceArn"`
	MaxResults  *int64                 `api:"MaxResults,integer,type=MaxResults"`
	NextToken   string                 `api:"NextToken,type=Token"`
	Filter      *OperationStatusFilter `api:"Filter"`
}

// PermissionSetProvisioningStatusMetadata is a request to provision a permission set, as lists show it.
type PermissionSetProvisioningStatusMetadata struct {
	Status      string    `api:"Status,type=StatusValues"`
	RequestID   string    `api:"RequestId,type=UUId"`
	CreatedDate Timestamp `api:"CreatedDate"`
}

// ListPermissionSetProvisioningStatusResponse is the output of ListPermissionSetProvisioningStatus.
type ListPermissionSetProvisioningStatusResponse struct {
	PermissionSetsProvisioningStatus []PermissionSetProvisioningStatusMetadata `api:"PermissionSetsProvisioningStatus,elem=PermissionSetProvisioningStatusMetadata"`
	NextToken                        string                                    `api:"NextToken,type=Token"`
}

// ListPermissionSetProvisioningStatus lists what was provisioned lately, with how it went.
var ListPermissionSetProvisioningStatus = define[ListPermissionSetProvisioningStatusRequest, ListPermissionSetProvisioningStatusResponse](SSOAdmin, Operation{
	Name: "ListPermissionSetProvisioningStatus", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List what was provisioned lately, with how it went",
})

// ListPermissionSetsProvisionedToAccountRequest is the input of ListPermissionSetsProvisionedToAccount.
type ListPermissionSetsProvisionedToAccountRequest struct {
	InstanceARN        string `api:"InstanceArn,required,type=InstanceArn"`
	AccountID          string `api:"AccountId,required,type=AccountId"`
	ProvisioningStatus string `api:"ProvisioningStatus,type=ProvisioningStatus"`
	MaxResults         *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken          string `api:"NextToken,type=Token"`
}

// ListPermissionSetsProvisionedToAccountResponse is the output of ListPermissionSetsProvisionedToAccount.
type ListPermissionSetsProvisionedToAccountResponse struct {
	NextToken      string   `api:"NextToken,type=Token"`
	PermissionSets []string `api:"PermissionSets,elem=PermissionSetArn"`
}

// ListPermissionSetsProvisionedToAccount lists the permission sets that are provisioned to an account.
var ListPermissionSetsProvisionedToAccount = define[ListPermissionSetsProvisionedToAccountRequest, ListPermissionSetsProvisionedToAccountResponse](SSOAdmin, Operation{
	Name: "ListPermissionSetsProvisionedToAccount", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the permission sets that are provisioned to an account",
})

// ProvisionPermissionSetRequest is the input of ProvisionPermissionSet.
type ProvisionPermissionSetRequest struct {
	InstanceARN      string `api:"InstanceArn,required,type=InstanceArn"`
	PermissionSetARN string `api:"PermissionSetArn,required,type=PermissionSetArn"`
	TargetID         string `api:"TargetId,type=TargetId"`
	TargetType       string `api:"TargetType,required,type=ProvisionTargetType"`
}

// ProvisionPermissionSetResponse is the output of ProvisionPermissionSet.
type ProvisionPermissionSetResponse struct {
	PermissionSetProvisioningStatus *PermissionSetProvisioningStatus `api:"PermissionSetProvisioningStatus"`
}

// ProvisionPermissionSet brings accounts up to date with a permission set.
var ProvisionPermissionSet = define[ProvisionPermissionSetRequest, ProvisionPermissionSetResponse](SSOAdmin, Operation{
	Name: "ProvisionPermissionSet", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Bring accounts up to date with a permission set",
})
