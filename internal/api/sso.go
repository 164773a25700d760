package api

import "sallyport/internal/fault"

// SSO is the portal: what a signed-in person may use. Its operations carry their access token in a header of their own.
var SSO = &Service{
	ID: "SSO", Command: "sso", EndpointPrefix: "portal.sso", SigningName: "awsssoportal", Version: "2019-06-10", Protocol: RESTJSON,
	Purpose: "List accounts and roles, get credentials, sign out",
	Description: []string{
		"The portal of IAM Identity Center: what a person who has signed in may use. Each operation takes the access token that create-token of " +
			"sso-oidc answered; no AWS credentials are needed.",
		"The usual way is list-accounts, list-account-roles for one of them, and get-role-credentials for one of those.",
	},
}

// portalRefusals are common to the operations of the portal.
var portalRefusals = []*fault.Kind{fault.InvalidRequest, fault.Unauthorized, fault.TooManyRequests, fault.ResourceNotFound}

// GetRoleCredentialsRequest is the input of GetRoleCredentials.
type GetRoleCredentialsRequest struct {
	RoleName    string `api:"roleName,required,query=role_name" doc:"Name of the role, as list-account-roles answers it. It is the name of a permission set."`
	AccountID   string `api:"accountId,required,query=account_id" doc:"Id of the account, 12 digits."`
	AccessToken string `api:"accessToken,required,sensitive,header=x-amz-sso_bearer_token" doc:"Access token of the person, as create-token or sallyport token answers it."`
}

// GetRoleCredentialsResponse is the output of GetRoleCredentials.
type GetRoleCredentialsResponse struct {
	RoleCredentials RoleCredentials `api:"roleCredentials" doc:"The credentials."`
}

// RoleCredentials are short-lived credentials of a role.
type RoleCredentials struct {
	AccessKeyID     string `api:"accessKeyId" doc:"Id of the access key. Variable AWS_ACCESS_KEY_ID."`
	SecretAccessKey string `api:"secretAccessKey,sensitive" doc:"Secret with which requests are signed. Variable AWS_SECRET_ACCESS_KEY."`
	SessionToken    string `api:"sessionToken,sensitive" doc:"Token that goes along with each request. Variable AWS_SESSION_TOKEN."`
	Expiration      int64  `api:"expiration" doc:"When the credentials expire, in Unix milliseconds."`
}

// GetRoleCredentials vends credentials of a role that the person holds in an account.
var GetRoleCredentials = define[GetRoleCredentialsRequest, GetRoleCredentialsResponse](SSO, Operation{
	Name: "GetRoleCredentials", Method: "GET", Path: "/federation/credentials",
	Refusals: portalRefusals, Unlisted: []*fault.Kind{fault.Forbidden},
	Purpose: "Get short-lived credentials of a role in an account",
	Description: []string{
		"Hands out an access key, a secret and a session token with which to sign requests as the role. They live as long as the permission set " +
			"says, one hour if it says nothing. At AWS they outlive the sign-in; Sallyport ends them with it.",
		"A role that the person does not hold is refused with ForbiddenException.",
	},
})

// ListAccountRolesRequest is the input of ListAccountRoles.
type ListAccountRolesRequest struct {
	NextToken   string `api:"nextToken,query=next_token" doc:"Token of the answer before, to get the entries that follow. Leave it out to begin."`
	MaxResults  *int64 `api:"maxResults,integer,query=max_result,min=1,max=100" doc:"Entries in one answer at most, 1 to 100."`
	AccessToken string `api:"accessToken,required,sensitive,header=x-amz-sso_bearer_token" doc:"Access token of the person, as create-token or sallyport token answers it."`
	AccountID   string `api:"accountId,required,query=account_id" doc:"Id of the account, 12 digits."`
}

// ListAccountRolesResponse is the output of ListAccountRoles.
type ListAccountRolesResponse struct {
	NextToken string     `api:"nextToken" doc:"Token with which to ask for the entries that follow. Missing in the last answer."`
	RoleList  []RoleInfo `api:"roleList,elem=RoleInfo" doc:"The roles that the person holds in the account, directly or through a group."`
}

// RoleInfo is a role that the person holds.
type RoleInfo struct {
	RoleName  string `api:"roleName" doc:"Name of the role, for get-role-credentials."`
	AccountID string `api:"accountId" doc:"Id of the account, 12 digits."`
}

// ListAccountRoles lists the roles that the person holds in an account.
var ListAccountRoles = define[ListAccountRolesRequest, ListAccountRolesResponse](SSO, Operation{
	Name: "ListAccountRoles", Method: "GET", Path: "/assignment/roles", Refusals: portalRefusals,
	Paging:  &Paging{Token: "nextToken", Limit: "maxResults", Result: "roleList"},
	Purpose: "List the roles that you hold in an account",
	Description: []string{
		"Lists the roles of the person behind the access token in one account, whether they were assigned to the person or to a group. " +
			"A long list comes in several answers, which are fetched and joined unless you ask for single pages.",
	},
})

// ListAccountsRequest is the input of ListAccounts.
type ListAccountsRequest struct {
	NextToken   string `api:"nextToken,query=next_token" doc:"Token of the answer before, to get the entries that follow. Leave it out to begin."`
	MaxResults  *int64 `api:"maxResults,integer,query=max_result,min=1,max=100" doc:"Entries in one answer at most, 1 to 100."`
	AccessToken string `api:"accessToken,required,sensitive,header=x-amz-sso_bearer_token" doc:"Access token of the person, as create-token or sallyport token answers it."`
}

// ListAccountsResponse is the output of ListAccounts.
type ListAccountsResponse struct {
	NextToken   string        `api:"nextToken" doc:"Token with which to ask for the entries that follow. Missing in the last answer."`
	AccountList []AccountInfo `api:"accountList,elem=AccountInfo" doc:"The accounts in which the person holds at least one role."`
}

// AccountInfo is an account in which the person holds a role.
type AccountInfo struct {
	AccountID    string `api:"accountId" doc:"Id of the account, 12 digits."`
	AccountName  string `api:"accountName" doc:"Name of the account."`
	EmailAddress string `api:"emailAddress" doc:"Email address of the account itself."`
}

// ListAccounts lists the accounts in which the person holds a role.
var ListAccounts = define[ListAccountsRequest, ListAccountsResponse](SSO, Operation{
	Name: "ListAccounts", Method: "GET", Path: "/assignment/accounts", Refusals: portalRefusals,
	Paging:  &Paging{Token: "nextToken", Limit: "maxResults", Result: "accountList"},
	Purpose: "List the accounts in which you hold a role",
	Description: []string{
		"Lists the accounts of the person behind the access token. " +
			"A long list comes in several answers, which are fetched and joined unless you ask for single pages.",
	},
})

// LogoutRequest is the input of Logout.
type LogoutRequest struct {
	AccessToken string `api:"accessToken,required,sensitive,header=x-amz-sso_bearer_token" doc:"Access token of the person, as create-token or sallyport token answers it."`
}

// LogoutResponse is the empty output of Logout.
type LogoutResponse struct{}

// Logout ends the session behind an access token. At AWS role credentials already handed out live on; Sallyport ends them.
var Logout = define[LogoutRequest, LogoutResponse](SSO, Operation{
	Name: "Logout", Method: "POST", Path: "/logout",
	Refusals: []*fault.Kind{fault.InvalidRequest, fault.Unauthorized, fault.TooManyRequests},
	Purpose:  "End the session of an access token",
	Description: []string{
		"Ends the session that the access token belongs to: this token and the refresh token with it stop working at once. " +
			"The answer is empty.",
		"At AWS, credentials of roles that were handed out before go on until they expire; Sallyport ends them with the session. " +
			"sallyport logout also removes the files in which tokens are kept.",
	},
})
