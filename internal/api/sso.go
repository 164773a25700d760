package api

import "sallyport/internal/fault"

// SSO is the portal: what a signed-in person may use. Its operations carry their access token in a header of their own.
var SSO = &Service{
	ID: "SSO", Command: "sso", EndpointPrefix: "portal.sso", SigningName: "awsssoportal", Version: "2019-06-10", Protocol: RESTJSON,
}

// portalRefusals are common to the operations of the portal.
var portalRefusals = []*fault.Kind{fault.InvalidRequest, fault.Unauthorized, fault.TooManyRequests, fault.ResourceNotFound}

// GetRoleCredentialsRequest is the input of GetRoleCredentials.
type GetRoleCredentialsRequest struct {
	RoleName    string `api:"roleName,required,query=role_name"`
	AccountID   string `api:"accountId,required,query=account_id"`
	AccessToken string `api:"accessToken,required,sensitive,header=x-amz-sso_bearer_token"`
}

// GetRoleCredentialsResponse is the output of GetRoleCredentials.
type GetRoleCredentialsResponse struct {
	RoleCredentials RoleCredentials `api:"roleCredentials"`
}

// RoleCredentials are short-lived credentials of a role.
type RoleCredentials struct {
	AccessKeyID     string `api:"accessKeyId"`
	SecretAccessKey string `api:"secretAccessKey,sensitive"`
	SessionToken    string `api:"sessionToken,sensitive"`
	Expiration      int64  `api:"expiration"` // Unix milliseconds
}

// GetRoleCredentials vends credentials of a role that the person holds in an account.
var GetRoleCredentials = define[GetRoleCredentialsRequest, GetRoleCredentialsResponse](SSO, Operation{
	Name: "GetRoleCredentials", Method: "GET", Path: "/federation/credentials",
	Refusals: portalRefusals, Unlisted: []*fault.Kind{fault.Forbidden},
	Purpose: "Get short-lived credentials of a role in an account",
})

// ListAccountRolesRequest is the input of ListAccountRoles.
type ListAccountRolesRequest struct {
	NextToken   string `api:"nextToken,query=next_token"`
	MaxResults  *int64 `api:"maxResults,integer,query=max_result,min=1,max=100"`
	AccessToken string `api:"accessToken,required,sensitive,header=x-amz-sso_bearer_token"`
	AccountID   string `api:"accountId,required,query=account_id"`
}

// ListAccountRolesResponse is the output of ListAccountRoles.
type ListAccountRolesResponse struct {
	NextToken string     `api:"nextToken"`
	RoleList  []RoleInfo `api:"roleList,elem=RoleInfo"`
}

// RoleInfo is a role that the person holds.
type RoleInfo struct {
	RoleName  string `api:"roleName"`
	AccountID string `api:"accountId"`
}

// ListAccountRoles lists the roles that the person holds in an account.
var ListAccountRoles = define[ListAccountRolesRequest, ListAccountRolesResponse](SSO, Operation{
	Name: "ListAccountRoles", Method: "GET", Path: "/assignment/roles", Refusals: portalRefusals,
	Paging:  &Paging{Token: "nextToken", Limit: "maxResults", Result: "roleList"},
	Purpose: "List the roles that you hold in an account",
})

// ListAccountsRequest is the input of ListAccounts.
type ListAccountsRequest struct {
	NextToken   string `api:"nextToken,query=next_token"`
	MaxResults  *int64 `api:"maxResults,integer,query=max_result,min=1,max=100"`
	AccessToken string `api:"accessToken,required,sensitive,header=x-amz-sso_bearer_token"`
}

// ListAccountsResponse is the output of ListAccounts.
type ListAccountsResponse struct {
	NextToken   string        `api:"nextToken"`
	AccountList []AccountInfo `api:"accountList,elem=AccountInfo"`
}

// AccountInfo is an account in which the person holds a role.
type AccountInfo struct {
	AccountID    string `api:"accountId"`
	AccountName  string `api:"accountName"`
	EmailAddress string `api:"emailAddress"`
}

// ListAccounts lists the accounts in which the person holds a role.
var ListAccounts = define[ListAccountsRequest, ListAccountsResponse](SSO, Operation{
	Name: "ListAccounts", Method: "GET", Path: "/assignment/accounts", Refusals: portalRefusals,
	Paging:  &Paging{Token: "nextToken", Limit: "maxResults", Result: "accountList"},
	Purpose: "List the accounts in which you hold a role",
})

// LogoutRequest is the input of Logout.
type LogoutRequest struct {
	AccessToken string `api:"accessToken,required,sensitive,header=x-amz-sso_bearer_token"`
}

// LogoutResponse is the empty output of Logout.
type LogoutResponse struct{}

// Logout ends the session behind an access token. Role credentials already handed out live on.
var Logout = define[LogoutRequest, LogoutResponse](SSO, Operation{
	Name: "Logout", Method: "POST", Path: "/logout",
	Refusals: []*fault.Kind{fault.InvalidRequest, fault.Unauthorized, fault.TooManyRequests},
	Purpose:  "End the session; role credentials already handed out live until they expire",
})
