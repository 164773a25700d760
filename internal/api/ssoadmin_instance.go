package api

import "sallyport/internal/fault"

// AddRegionRequest is the input of AddRegion.
type AddRegionRequest struct {
	InstanceARN string `api:"InstanceArn,required,type=InstanceArn"`
	RegionName  string `api:"RegionName,required,type=RegionName"`
}

// AddRegionResponse is the output of AddRegion.
type AddRegionResponse struct {
	Status string `api:"Status,type=RegionStatus"`
}

// AddRegion adds a Region to the instance.
var AddRegion = define[AddRegionRequest, AddRegionResponse](SSOAdmin, Operation{
	Name: "AddRegion", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Add a Region to the instance",
})

// CreateInstanceRequest is the input of CreateInstance.
type CreateInstanceRequest struct {
	Name        string `api:"Name,type=NameType"`
	ClientToken string `api:"ClientToken,type=ClientToken"`
	Tags        []Tag  `api:"Tags,elem=Tag,type=TagList"`
}

// CreateInstanceResponse is the output of CreateInstance.
type CreateInstanceResponse struct {
	InstanceARN string `api:"InstanceArn,type=InstanceArn"`
}

// CreateInstance makes an instance for the account of the caller.
var CreateInstance = define[CreateInstanceRequest, CreateInstanceResponse](SSOAdmin, Operation{
	Name: "CreateInstance", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Make an instance for the account of the caller",
})

// AccessControlAttributeValue is where the value of an attribute for access control comes from.
type AccessControlAttributeValue struct {
	Source []string `api:"Source,required,elem=AccessControlAttributeValueSource,type=AccessControlAttributeValueSourceList"`
}

// AccessControlAttribute is an attribute for access control.
type AccessControlAttribute struct {
	Key   string                      `api:"Key,required,type=AccessControlAttributeKey"`
	Value AccessControlAttributeValue `api:"Value,required"`
}

// InstanceAccessControlAttributeConfiguration is the attributes for access control of an instance.
type InstanceAccessControlAttributeConfiguration struct {
	AccessControlAttributes []AccessControlAttribute `api:"AccessControlAttributes,required,elem=AccessControlAttribute,type=AccessControlAttributeList"`
}

// CreateInstanceAccessControlAttributeConfigurationRequest is the input of CreateInstanceAccessControlAttributeConfiguration.
type CreateInstanceAccessControlAttributeConfigurationRequest struct {
	InstanceARN                                 string                                      `api:"InstanceArn,required,type=InstanceArn"`
	InstanceAccessControlAttributeConfiguration InstanceAccessControlAttributeConfiguration `api:"InstanceAccessControlAttributeConfiguration,required"`
}

// CreateInstanceAccessControlAttributeConfigurationResponse is the output of CreateInstanceAccessControlAttributeConfiguration.
type CreateInstanceAccessControlAttributeConfigurationResponse struct{}

// CreateInstanceAccessControlAttributeConfiguration turns on attributes for access control.
var CreateInstanceAccessControlAttributeConfiguration = define[CreateInstanceAccessControlAttributeConfigurationRequest, CreateInstanceAccessControlAttributeConfigurationResponse](SSOAdmin, Operation{
	Name: "CreateInstanceAccessControlAttributeConfiguration", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Turn on attributes for access control",
})

// DeleteInstanceRequest is the input of DeleteInstance.
type DeleteInstanceRequest struct {
	InstanceARN string `api:"InstanceArn,required,type=InstanceArn"`
}

// DeleteInstanceResponse is the output of DeleteInstance.
type DeleteInstanceResponse struct{}

// DeleteInstance removes an account's instance.
var DeleteInstance = define[DeleteInstanceRequest, DeleteInstanceResponse](SSOAdmin, Operation{
	Name: "DeleteInstance", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Remove an account's instance",
})

// DeleteInstanceAccessControlAttributeConfigurationRequest is the input of DeleteInstanceAccessControlAttributeConfiguration.
type DeleteInstanceAccessControlAttributeConfigurationRequest struct {
	InstanceARN string `api:"InstanceArn,required,type=InstanceArn"`
}

// DeleteInstanceAccessControlAttributeConfigurationResponse is the output of DeleteInstanceAccessControlAttributeConfiguration.
type DeleteInstanceAccessControlAttributeConfigurationResponse struct{}

// DeleteInstanceAccessControlAttributeConfiguration turns off attributes for access control.
var DeleteInstanceAccessControlAttributeConfiguration = define[DeleteInstanceAccessControlAttributeConfigurationRequest, DeleteInstanceAccessControlAttributeConfigurationResponse](SSOAdmin, Operation{
	Name: "DeleteInstanceAccessControlAttributeConfiguration", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Turn off attributes for access control",
})

// DescribeInstanceRequest is the input of DescribeInstance.
type DescribeInstanceRequest struct {
	InstanceARN string `api:"InstanceArn,required,type=InstanceArn"`
}

// EncryptionConfigurationDetails is the key that an instance is encrypted with, and its state.
type EncryptionConfigurationDetails struct {
	KeyType                string `api:"KeyType,type=KmsKeyType"`
	KMSKeyARN              string `api:"KmsKeyArn,type=KmsKeyArn"`
	EncryptionStatus       string `api:"EncryptionStatus,type=KmsKeyStatus"`
	EncryptionStatusReason string `api:"EncryptionStatusReason,type=Reason"`
}

// DescribeInstanceResponse is the output of DescribeInstance.
type DescribeInstanceResponse struct {
	InstanceARN                    string                          `api:"InstanceArn,type=InstanceArn"`
	IdentityStoreID                string                          `api:"IdentityStoreId,type=Id"`
	OwnerAccountID                 string                          `api:"OwnerAccountId,type=AccountId"`
	Name                           string                          `api:"Name,type=NameType"`
	CreatedDate                    Timestamp                       `api:"CreatedDate"`
	Status                         string                          `api:"Status,type=InstanceStatus"`
	StatusReason                   string                          `api:"StatusReason,type=Reason"`
	EncryptionConfigurationDetails *EncryptionConfigurationDetails `api:"EncryptionConfigurationDetails"`
	PermissionSetsEnabled          *bool                           `api:"PermissionSetsEnabled"`
}

// DescribeInstance describes the instance.
var DescribeInstance = define[DescribeInstanceRequest, DescribeInstanceResponse](SSOAdmin, Operation{
	Name: "DescribeInstance", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Describe the instance",
})

// DescribeInstanceAccessControlAttributeConfigurationRequest is the input of DescribeInstanceAccessControlAttributeConfiguration.
type DescribeInstanceAccessControlAttributeConfigurationRequest struct {
	InstanceARN string `api:"InstanceArn,required,type=InstanceArn"`
}

// DescribeInstanceAccessControlAttributeConfigurationResponse is the output of DescribeInstanceAccessControlAttributeConfiguration.
type DescribeInstanceAccessControlAttributeConfigurationResponse struct {
	Status                                      string                                       `api:"Status,type=InstanceAccessControlAttributeConfigurationStatus"`
	StatusReason                                string                                       `api:"StatusReason"`
	InstanceAccessControlAttributeConfiguration *InstanceAccessControlAttributeConfiguration `api:"InstanceAccessControlAttributeConfiguration"`
}

// DescribeInstanceAccessControlAttributeConfiguration describes the attributes for access control.
var DescribeInstanceAccessControlAttributeConfiguration = define[DescribeInstanceAccessControlAttributeConfigurationRequest, DescribeInstanceAccessControlAttributeConfigurationResponse](SSOAdmin, Operation{
	Name: "DescribeInstanceAccessControlAttributeConfiguration", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Describe the attributes for access control",
})

// DescribeRegionRequest is the input of DescribeRegion.
type DescribeRegionRequest struct {
	InstanceARN string `api:"InstanceArn,required,type=InstanceArn"`
	RegionName  string `api:"RegionName,required,type=RegionName"`
}

// DescribeRegionResponse is the output of DescribeRegion.
type DescribeRegionResponse struct {
	RegionName      string    `api:"RegionName,type=RegionName"`
	Status          string    `api:"Status,type=RegionStatus"`
	AddedDate       Timestamp `api:"AddedDate"`
	IsPrimaryRegion *bool     `api:"IsPrimaryRegion"`
}

// DescribeRegion describes a Region of the instance.
var DescribeRegion = define[DescribeRegionRequest, DescribeRegionResponse](SSOAdmin, Operation{
	Name: "DescribeRegion", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Describe a Region of the instance",
})

// ListInstancesRequest is the input of ListInstances.
type ListInstancesRequest struct {
	MaxResults *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken  string `api:"NextToken,type=Token"`
}

// RegionMetadata is a Region of an instance.
type RegionMetadata struct {
	RegionName      string    `api:"RegionName,type=RegionName"`
	Status          string    `api:"Status,type=RegionStatus"`
	AddedDate       Timestamp `api:"AddedDate"`
	IsPrimaryRegion *bool     `api:"IsPrimaryRegion"`
}

// InstanceMetadata is an instance, as lists show it.
type InstanceMetadata struct {
	InstanceARN     string           `api:"InstanceArn,type=InstanceArn"`
	IdentityStoreID string           `api:"IdentityStoreId,type=Id"`
	OwnerAccountID  string           `api:"OwnerAccountId,type=AccountId"`
	Name            string           `api:"Name,type=NameType"`
	CreatedDate     Timestamp        `api:"CreatedDate"`
	Status          string           `api:"Status,type=InstanceStatus"`
	StatusReason    string           `api:"StatusReason,type=Reason"`
	PrimaryRegion   string           `api:"PrimaryRegion,type=RegionName"`
	Regions         []RegionMetadata `api:"Regions,elem=RegionMetadata"`
}

// ListInstancesResponse is the output of ListInstances.
type ListInstancesResponse struct {
	Instances []InstanceMetadata `api:"Instances,elem=InstanceMetadata,type=InstanceList"`
	NextToken string             `api:"NextToken,type=Token"`
}

// ListInstances lists the instances that the caller can see.
var ListInstances = define[ListInstancesRequest, ListInstancesResponse](SSOAdmin, Operation{
	Name: "ListInstances", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the instances that the caller can see",
})

// ListRegionsRequest is the input of ListRegions.
type ListRegionsRequest struct {
	InstanceARN string `api:"InstanceArn,required,type=InstanceArn"`
	MaxResults  *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken   string `api:"NextToken,type=Token"`
}

// ListRegionsResponse is the output of ListRegions.
type ListRegionsResponse struct {
	Regions   []RegionMetadata `api:"Regions,elem=RegionMetadata"`
	NextToken string           `api:"NextToken,type=Token"`
}

// ListRegions lists the Regions of the instance.
var ListRegions = define[ListRegionsRequest, ListRegionsResponse](SSOAdmin, Operation{
	Name: "ListRegions", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the Regions of the instance",
})

// ListTagsForResourceRequest is the input of ListTagsForResource.
type ListTagsForResourceRequest struct {
	InstanceARN string `api:"InstanceArn,type=InstanceArn"`
	ResourceARN string `api:"ResourceArn,required,type=TaggableResourceArn"`
	NextToken   string `api:"NextToken,type=Token"`
}

// ListTagsForResourceResponse is the output of ListTagsForResource.
type ListTagsForResourceResponse struct {
	Tags      []Tag  `api:"Tags,elem=Tag,type=TagList"`
	NextToken string `api:"NextToken,type=Token"`
}

// ListTagsForResource lists the tags of a resource.
var ListTagsForResource = define[ListTagsForResourceRequest, ListTagsForResourceResponse](SSOAdmin, Operation{
	Name: "ListTagsForResource", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the tags of a resource",
})

// RemoveRegionRequest is the input of RemoveRegion.
type RemoveRegionRequest struct {
	InstanceARN string `api:"InstanceArn,required,type=InstanceArn"`
	RegionName  string `api:"RegionName,required,type=RegionName"`
}

// RemoveRegionResponse is the output of RemoveRegion.
type RemoveRegionResponse struct {
	Status string `api:"Status,type=RegionStatus"`
}

// RemoveRegion removes a Region from the instance.
var RemoveRegion = define[RemoveRegionRequest, RemoveRegionResponse](SSOAdmin, Operation{
	Name: "RemoveRegion", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Remove a Region from the instance",
})

// TagResourceRequest is the input of TagResource.
type TagResourceRequest struct {
	InstanceARN string `api:"InstanceArn,type=InstanceArn"`
	ResourceARN string `api:"ResourceArn,required,type=TaggableResourceArn"`
	Tags        []Tag  `api:"Tags,required,elem=Tag,type=TagList"`
}

// TagResourceResponse is the output of TagResource.
type TagResourceResponse struct{}

// TagResource tags a resource.
var TagResource = define[TagResourceRequest, TagResourceResponse](SSOAdmin, Operation{
	Name: "TagResource", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Tag a resource",
})

// UntagResourceRequest is the input of UntagResource.
type UntagResourceRequest struct {
	InstanceARN string   `api:"InstanceArn,type=InstanceArn"`
	ResourceARN string   `api:"ResourceArn,required,type=TaggableResourceArn"`
	TagKeys     []string `api:"TagKeys,required,elem=TagKey,type=TagKeyList"`
}

// UntagResourceResponse is the output of UntagResource.
type UntagResourceResponse struct{}

// UntagResource removes tags from a resource.
var UntagResource = define[UntagResourceRequest, UntagResourceResponse](SSOAdmin, Operation{
	Name: "UntagResource", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Remove tags from a resource",
})

// EncryptionConfiguration is the key that an instance shall be encrypted with.
type EncryptionConfiguration struct {
	KeyType   string `api:"KeyType,required,type=KmsKeyType"`
	KMSKeyARN string `api:"KmsKeyArn,type=KmsKeyArn"`
}

// UpdateInstanceRequest is the input of UpdateInstance.
type UpdateInstanceRequest struct {
	Name                    string                   `api:"Name,type=NameType"`
	InstanceARN             string                   `api:"InstanceArn,required,type=InstanceArn"`
	EncryptionConfiguration *EncryptionConfiguration `api:"EncryptionConfiguration"`
	PermissionSetsEnabled   *bool                    `api:"PermissionSetsEnabled"`
}

// UpdateInstanceResponse is the output of UpdateInstance.
type UpdateInstanceResponse struct{}

// UpdateInstance changes the instance.
var UpdateInstance = define[UpdateInstanceRequest, UpdateInstanceResponse](SSOAdmin, Operation{
	Name: "UpdateInstance", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Change the instance",
})

// UpdateInstanceAccessControlAttributeConfigurationRequest is the input of UpdateInstanceAccessControlAttributeConfiguration.
type UpdateInstanceAccessControlAttributeConfigurationRequest struct {
	InstanceARN                                 string                                      `api:"InstanceArn,required,type=InstanceArn"`
	InstanceAccessControlAttributeConfiguration InstanceAccessControlAttributeConfiguration `api:"InstanceAccessControlAttributeConfiguration,required"`
}

// UpdateInstanceAccessControlAttributeConfigurationResponse is the output of UpdateInstanceAccessControlAttributeConfiguration.
type UpdateInstanceAccessControlAttributeConfigurationResponse struct{}

// UpdateInstanceAccessControlAttributeConfiguration changes the attributes for access control.
var UpdateInstanceAccessControlAttributeConfiguration = define[UpdateInstanceAccessControlAttributeConfigurationRequest, UpdateInstanceAccessControlAttributeConfigurationResponse](SSOAdmin, Operation{
	Name: "UpdateInstanceAccessControlAttributeConfiguration", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Change the attributes for access control",
})
