package api

import "sallyport/internal/fault"

// PersonName is the parts of a person's name.
type PersonName struct {
	Formatted       string `api:"Formatted,sensitive,type=SensitiveStringType"`
	FamilyName      string `api:"FamilyName,sensitive,type=SensitiveStringType"`
	GivenName       string `api:"GivenName,sensitive,type=SensitiveStringType"`
	MiddleName      string `api:"MiddleName,sensitive,type=SensitiveStringType"`
	HonorificPrefix string `api:"HonorificPrefix,sensitive,type=SensitiveStringType"`
	HonorificSuffix string `api:"HonorificSuffix,sensitive,type=SensitiveStringType"`
}

// Email is an e-mail address of a person; a person has one at most.
type Email struct {
	Value   string `api:"Value,sensitive,type=SensitiveStringType"`
	Type    string `api:"Type,sensitive,type=SensitiveStringType"`
	Primary *bool  `api:"Primary"`
}

// Address is a postal address of a person; a person has one at most.
type Address struct {
	StreetAddress string `api:"StreetAddress,sensitive,type=SensitiveStringType"`
	Locality      string `api:"Locality,sensitive,type=SensitiveStringType"`
	Region        string `api:"Region,sensitive,type=SensitiveStringType"`
	PostalCode    string `api:"PostalCode,sensitive,type=SensitiveStringType"`
	Country       string `api:"Country,sensitive,type=SensitiveStringType"`
	Formatted     string `api:"Formatted,sensitive,type=SensitiveStringType"`
	Type          string `api:"Type,sensitive,type=SensitiveStringType"`
	Primary       *bool  `api:"Primary"`
}

// PhoneNumber is a telephone number of a person; a person has one at most.
type PhoneNumber struct {
	Value   string `api:"Value,sensitive,type=SensitiveStringType"`
	Type    string `api:"Type,sensitive,type=SensitiveStringType"`
	Primary *bool  `api:"Primary"`
}

// Photo is a picture of a person, by its address.
type Photo struct {
	Value   string `api:"Value,required,sensitive,type=SensitiveStringType"`
	Type    string `api:"Type,sensitive,type=SensitiveStringType"`
	Display string `api:"Display,sensitive,type=SensitiveStringType"`
	Primary *bool  `api:"Primary"`
}

// Role is what a person is in the organisation, which grants nothing; a person has one at most.
type Role struct {
	Value   string `api:"Value,sensitive,type=SensitiveStringType"`
	Type    string `api:"Type,sensitive,type=SensitiveStringType"`
	Primary *bool  `api:"Primary"`
}

// CreateUserRequest is the input of CreateUser.
type CreateUserRequest struct {
	IdentityStoreID   string              `api:"IdentityStoreId,required,type=IdentityStoreId"`
	UserName          string              `api:"UserName,sensitive,type=UserName"`
	Name              *PersonName         `api:"Name"`
	DisplayName       string              `api:"DisplayName,sensitive,type=SensitiveStringType"`
	NickName          string              `api:"NickName,sensitive,type=SensitiveStringType"`
	ProfileURL        string              `api:"ProfileUrl,sensitive,type=SensitiveStringType"`
	Emails            []Email             `api:"Emails,elem=Email,type=Emails"`
	Addresses         []Address           `api:"Addresses,elem=Address,type=Addresses"`
	PhoneNumbers      []PhoneNumber       `api:"PhoneNumbers,elem=PhoneNumber,type=PhoneNumbers"`
	UserType          string              `api:"UserType,sensitive,type=SensitiveStringType"`
	Title             string              `api:"Title,sensitive,type=SensitiveStringType"`
	PreferredLanguage string              `api:"PreferredLanguage,sensitive,type=SensitiveStringType"`
	Locale            string              `api:"Locale,sensitive,type=SensitiveStringType"`
	Timezone          string              `api:"Timezone,sensitive,type=SensitiveStringType"`
	Photos            []Photo             `api:"Photos,elem=Photo,type=Photos"`
	Website           string              `api:"Website,sensitive,type=SensitiveStringType"`
	Birthdate         string              `api:"Birthdate,sensitive,type=SensitiveStringType"`
	Roles             []Role              `api:"Roles,elem=Role,type=Roles"`
	Extensions        map[string]Document `api:"Extensions,key=ExtensionName,elem=AttributeValue,type=Extensions"`
}

// CreateUserResponse is the output of CreateUser.
type CreateUserResponse struct {
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
	UserID          string `api:"UserId,required,type=ResourceId"`
}

// CreateUser makes a user.
var CreateUser = define[CreateUserRequest, CreateUserResponse](IdentityStore, Operation{
	Name: "CreateUser", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.Conflict, fault.InternalServer, fault.Validation, fault.QuotaExceeded},
	Purpose:  "Make a user",
})

// DeleteUserRequest is the input of DeleteUser.
type DeleteUserRequest struct {
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
	UserID          string `api:"UserId,required,type=ResourceId"`
}

// DeleteUserResponse is the output of DeleteUser.
type DeleteUserResponse struct{}

// DeleteUser removes a user.
var DeleteUser = define[DeleteUserRequest, DeleteUserResponse](IdentityStore, Operation{
	Name: "DeleteUser", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.Conflict, fault.InternalServer, fault.Validation},
	Purpose:  "Remove a user",
})

// DescribeUserRequest is the input of DescribeUser.
type DescribeUserRequest struct {
	IdentityStoreID string   `api:"IdentityStoreId,required,type=IdentityStoreId"`
	UserID          string   `api:"UserId,required,type=ResourceId"`
	Extensions      []string `api:"Extensions,elem=ExtensionName,type=ExtensionNames"`
}

// ExternalID is the id of a person or group at the issuer that provisioned them.
type ExternalID struct {
	Issuer string `api:"Issuer,required,sensitive,type=ExternalIdIssuer"`
	ID     string `api:"Id,required,sensitive,type=ExternalIdIdentifier"`
}

// DescribeUserResponse is the output of DescribeUser.
type DescribeUserResponse struct {
	IdentityStoreID   string              `api:"IdentityStoreId,required,type=IdentityStoreId"`
	UserID            string              `api:"UserId,required,type=ResourceId"`
	UserName          string              `api:"UserName,sensitive,type=UserName"`
	ExternalIDs       []ExternalID        `api:"ExternalIds,elem=ExternalId,type=ExternalIds"`
	Name              *PersonName         `api:"Name"`
	DisplayName       string              `api:"DisplayName,sensitive,type=SensitiveStringType"`
	NickName          string              `api:"NickName,sensitive,type=SensitiveStringType"`
	ProfileURL        string              `api:"ProfileUrl,sensitive,type=SensitiveStringType"`
	Emails            []Email             `api:"Emails,elem=Email,type=Emails"`
	Addresses         []Address           `api:"Addresses,elem=Address,type=Addresses"`
	PhoneNumbers      []PhoneNumber       `api:"PhoneNumbers,elem=PhoneNumber,type=PhoneNumbers"`
	UserType          string              `api:"UserType,sensitive,type=SensitiveStringType"`
	Title             string              `api:"Title,sensitive,type=SensitiveStringType"`
	PreferredLanguage string              `api:"PreferredLanguage,sensitive,type=SensitiveStringType"`
	Locale            string              `api:"Locale,sensitive,type=SensitiveStringType"`
	Timezone          string              `api:"Timezone,sensitive,type=SensitiveStringType"`
	UserStatus        string              `api:"UserStatus,type=UserStatus"`
	Photos            []Photo             `api:"Photos,elem=Photo,type=Photos"`
	Website           string              `api:"Website,sensitive,type=SensitiveStringType"`
	Birthdate         string              `api:"Birthdate,sensitive,type=SensitiveStringType"`
	Roles             []Role              `api:"Roles,elem=Role,type=Roles"`
	CreatedAt         Timestamp           `api:"CreatedAt"`
	CreatedBy         string              `api:"CreatedBy"`
	UpdatedAt         Timestamp           `api:"UpdatedAt"`
	UpdatedBy         string              `api:"UpdatedBy"`
	Extensions        map[string]Document `api:"Extensions,key=ExtensionName,elem=AttributeValue,type=Extensions"`
}

// DescribeUser describes a user.
var DescribeUser = define[DescribeUserRequest, DescribeUserResponse](IdentityStore, Operation{
	Name: "DescribeUser", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "Describe a user",
})

// UniqueAttribute is an attribute by which there is one person or group at most, with its value.
type UniqueAttribute struct {
	AttributePath  string   `api:"AttributePath,required,type=AttributePath"`
	AttributeValue Document `api:"AttributeValue,required"`
}

// AlternateIdentifier is what else than an id finds a person or group: a union of an external id and a unique attribute.
type AlternateIdentifier struct {
	ExternalID      *ExternalID      `api:"ExternalId"`
	UniqueAttribute *UniqueAttribute `api:"UniqueAttribute"`
}

// GetUserIDRequest is the input of GetUserId.
type GetUserIDRequest struct {
	IdentityStoreID     string              `api:"IdentityStoreId,required,type=IdentityStoreId"`
	AlternateIdentifier AlternateIdentifier `api:"AlternateIdentifier,required,union"`
}

// GetUserIDResponse is the output of GetUserId.
type GetUserIDResponse struct {
	IdentityStoreID string `api:"IdentityStoreId,required,type=IdentityStoreId"`
	UserID          string `api:"UserId,required,type=ResourceId"`
}

// GetUserId finds a user by something else than their id.
var GetUserId = define[GetUserIDRequest, GetUserIDResponse](IdentityStore, Operation{
	Name: "GetUserId", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "Find a user by something else than their id",
})

// AttributeFilter is an attribute with the value that a list is narrowed to.
type AttributeFilter struct {
	AttributePath  string `api:"AttributePath,required,type=AttributePath"`
	AttributeValue string `api:"AttributeValue,required,sensitive,type=SensitiveStringType"`
}

// ListUsersRequest is the input of ListUsers.
type ListUsersRequest struct {
	IdentityStoreID string            `api:"IdentityStoreId,required,type=IdentityStoreId"`
	Extensions      []string          `api:"Extensions,elem=ExtensionName,type=ExtensionNames"`
	MaxResults      *int64            `api:"MaxResults,integer,type=MaxResults"`
	NextToken       string            `api:"NextToken,type=NextToken"`
	Filters         []AttributeFilter `api:"Filters,elem=Filter,type=Filters"`
}

// User is a person of the identity store, as lists and descriptions show them.
type User struct {
	IdentityStoreID   string              `api:"IdentityStoreId,required,type=IdentityStoreId"`
	UserID            string              `api:"UserId,required,type=ResourceId"`
	UserName          string              `api:"UserName,sensitive,type=UserName"`
	ExternalIDs       []ExternalID        `api:"ExternalIds,elem=ExternalId,type=ExternalIds"`
	Name              *PersonName         `api:"Name"`
	DisplayName       string              `api:"DisplayName,sensitive,type=SensitiveStringType"`
	NickName          string              `api:"NickName,sensitive,type=SensitiveStringType"`
	ProfileURL        string              `api:"ProfileUrl,sensitive,type=SensitiveStringType"`
	Emails            []Email             `api:"Emails,elem=Email,type=Emails"`
	Addresses         []Address           `api:"Addresses,elem=Address,type=Addresses"`
	PhoneNumbers      []PhoneNumber       `api:"PhoneNumbers,elem=PhoneNumber,type=PhoneNumbers"`
	UserType          string              `api:"UserType,sensitive,type=SensitiveStringType"`
	Title             string              `api:"Title,sensitive,type=SensitiveStringType"`
	PreferredLanguage string              `api:"PreferredLanguage,sensitive,type=SensitiveStringType"`
	Locale            string              `api:"Locale,sensitive,type=SensitiveStringType"`
	Timezone          string              `api:"Timezone,sensitive,type=SensitiveStringType"`
	UserStatus        string              `api:"UserStatus,type=UserStatus"`
	Photos            []Photo             `api:"Photos,elem=Photo,type=Photos"`
	Website           string              `api:"Website,sensitive,type=SensitiveStringType"`
	Birthdate         string              `api:"Birthdate,sensitive,type=SensitiveStringType"`
	Roles             []Role              `api:"Roles,elem=Role,type=Roles"`
	CreatedAt         Timestamp           `api:"CreatedAt"`
	CreatedBy         string              `api:"CreatedBy"`
	UpdatedAt         Timestamp           `api:"UpdatedAt"`
	UpdatedBy         string              `api:"UpdatedBy"`
	Extensions        map[string]Document `api:"Extensions,key=ExtensionName,elem=AttributeValue,type=Extensions"`
}

// ListUsersResponse is the output of ListUsers.
type ListUsersResponse struct {
	Users     []User `api:"Users,required,elem=User"`
	NextToken string `api:"NextToken,type=NextToken"`
}

// ListUsers lists the users.
var ListUsers = define[ListUsersRequest, ListUsersResponse](IdentityStore, Operation{
	Name: "ListUsers", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.InternalServer, fault.Validation},
	Purpose:  "List the users",
})

// AttributeOperation is one change of an update: the attribute's path and its new value, or none to remove it.
type AttributeOperation struct {
	AttributePath  string   `api:"AttributePath,required,type=AttributePath"`
	AttributeValue Document `api:"AttributeValue"`
}

// UpdateUserRequest is the input of UpdateUser.
type UpdateUserRequest struct {
	IdentityStoreID string               `api:"IdentityStoreId,required,type=IdentityStoreId"`
	UserID          string               `api:"UserId,required,type=ResourceId"`
	Operations      []AttributeOperation `api:"Operations,required,elem=AttributeOperation,type=AttributeOperations"`
}

// UpdateUserResponse is the output of UpdateUser.
type UpdateUserResponse struct{}

// UpdateUser changes attributes of a user.
var UpdateUser = define[UpdateUserRequest, UpdateUserResponse](IdentityStore, Operation{
	Name: "UpdateUser", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.NotFound, fault.Throttling, fault.AdminAccessDenied, fault.Conflict, fault.InternalServer, fault.Validation, fault.QuotaExceeded},
	Purpose:  "Change attributes of a user",
})
