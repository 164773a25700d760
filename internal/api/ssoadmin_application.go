package api

import "sallyport/internal/fault"

// SignInOptions is where people begin to use an application.
type SignInOptions struct {
	Origin         string `api:"Origin,required,type=SignInOrigin"`
	ApplicationURL string `api:"ApplicationUrl,type=ApplicationUrl"`
}

// PortalOptions is how the portal shows an application.
type PortalOptions struct {
	SignInOptions *SignInOptions `api:"SignInOptions"`
	Visibility    string         `api:"Visibility,type=ApplicationVisibility"`
}

// Tag is a key and value on a resource.
type Tag struct {
	Key   string `api:"Key,required,type=TagKey"`
	Value string `api:"Value,required,type=TagValue"`
}

// CreateApplicationRequest is the input of CreateApplication.
type CreateApplicationRequest struct {
	InstanceARN            string         `api:"InstanceArn,required,type=InstanceArn"`
	ApplicationProviderARN string         `api:"ApplicationProviderArn,required,type=ApplicationProviderArn"`
	Name                   string         `api:"Name,required,type=ApplicationNameType"`
	Description            string         `api:"Description,type=Description"`
	PortalOptions          *PortalOptions `api:"PortalOptions"`
	Tags                   []Tag          `api:"Tags,elem=Tag,type=TagList"`
	Status                 string         `api:"Status,type=ApplicationStatus"`
	ClientToken            string         `api:"ClientToken,type=ClientToken"`
}

// CreateApplicationResponse is the output of CreateApplication.
type CreateApplicationResponse struct {
	ApplicationARN   string `api:"ApplicationArn,type=ApplicationArn"`
	InstanceARN      string `api:"InstanceArn,type=InstanceArn"`
	IdentityStoreARN string `api:"IdentityStoreArn"`
}

// CreateApplication makes an application.
var CreateApplication = define[CreateApplicationRequest, CreateApplicationResponse](SSOAdmin, Operation{
	Name: "CreateApplication", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Make an application",
})

// CreateApplicationAssignmentRequest is the input of CreateApplicationAssignment.
type CreateApplicationAssignmentRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	PrincipalID    string `api:"PrincipalId,required,type=PrincipalId"`
	PrincipalType  string `api:"PrincipalType,required,type=PrincipalType"`
}

// CreateApplicationAssignmentResponse is the output of CreateApplicationAssignment.
type CreateApplicationAssignmentResponse struct{}

// CreateApplicationAssignment lets a person or a group use an application.
var CreateApplicationAssignment = define[CreateApplicationAssignmentRequest, CreateApplicationAssignmentResponse](SSOAdmin, Operation{
	Name: "CreateApplicationAssignment", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Let a person or a group use an application",
})

// DeleteApplicationRequest is the input of DeleteApplication.
type DeleteApplicationRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
}

// DeleteApplicationResponse is the output of DeleteApplication.
type DeleteApplicationResponse struct{}

// DeleteApplication removes an application with all that hangs on it.
var DeleteApplication = define[DeleteApplicationRequest, DeleteApplicationResponse](SSOAdmin, Operation{
	Name: "DeleteApplication", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Remove an application with all that hangs on it",
})

// DeleteApplicationAccessScopeRequest is the input of DeleteApplicationAccessScope.
type DeleteApplicationAccessScopeRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	Scope          string `api:"Scope,required,type=Scope"`
}

// DeleteApplicationAccessScopeResponse is the empty output of DeleteApplicationAccessScope.
type DeleteApplicationAccessScopeResponse struct{}

// DeleteApplicationAccessScope takes a scope from an application.
var DeleteApplicationAccessScope = define[DeleteApplicationAccessScopeRequest, DeleteApplicationAccessScopeResponse](SSOAdmin, Operation{
	Name: "DeleteApplicationAccessScope", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Take a scope from an application",
})

// DeleteApplicationAssignmentRequest is the input of DeleteApplicationAssignment.
type DeleteApplicationAssignmentRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	PrincipalID    string `api:"PrincipalId,required,type=PrincipalId"`
	PrincipalType  string `api:"PrincipalType,required,type=PrincipalType"`
}

// DeleteApplicationAssignmentResponse is the output of DeleteApplicationAssignment.
type DeleteApplicationAssignmentResponse struct{}

// DeleteApplicationAssignment lets a person or a group use an application no longer.
var DeleteApplicationAssignment = define[DeleteApplicationAssignmentRequest, DeleteApplicationAssignmentResponse](SSOAdmin, Operation{
	Name: "DeleteApplicationAssignment", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Let a person or a group use an application no longer",
})

// DeleteApplicationAuthenticationMethodRequest is the input of DeleteApplicationAuthenticationMethod.
type DeleteApplicationAuthenticationMethodRequest struct {
	ApplicationARN           string `api:"ApplicationArn,required,type=ApplicationArn"`
	AuthenticationMethodType string `api:"AuthenticationMethodType,required,type=AuthenticationMethodType"`
}

// DeleteApplicationAuthenticationMethodResponse is the empty output of DeleteApplicationAuthenticationMethod.
type DeleteApplicationAuthenticationMethodResponse struct{}

// DeleteApplicationAuthenticationMethod removes how callers of an application prove who they are.
var DeleteApplicationAuthenticationMethod = define[DeleteApplicationAuthenticationMethodRequest, DeleteApplicationAuthenticationMethodResponse](SSOAdmin, Operation{
	Name: "DeleteApplicationAuthenticationMethod", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Remove how callers of an application prove who they are",
})

// DeleteApplicationGrantRequest is the input of DeleteApplicationGrant.
type DeleteApplicationGrantRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	GrantType      string `api:"GrantType,required,type=GrantType"`
}

// DeleteApplicationGrantResponse is the empty output of DeleteApplicationGrant.
type DeleteApplicationGrantResponse struct{}

// DeleteApplicationGrant takes a grant from an application.
var DeleteApplicationGrant = define[DeleteApplicationGrantRequest, DeleteApplicationGrantResponse](SSOAdmin, Operation{
	Name: "DeleteApplicationGrant", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Take a grant from an application",
})

// DescribeApplicationRequest is the input of DescribeApplication.
type DescribeApplicationRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
}

// DescribeApplicationResponse is the output of DescribeApplication.
type DescribeApplicationResponse struct {
	ApplicationARN         string         `api:"ApplicationArn,type=ApplicationArn"`
	ApplicationProviderARN string         `api:"ApplicationProviderArn,type=ApplicationProviderArn"`
	Name                   string         `api:"Name,type=ApplicationNameType"`
	ApplicationAccount     string         `api:"ApplicationAccount,type=AccountId"`
	InstanceARN            string         `api:"InstanceArn,type=InstanceArn"`
	IdentityStoreARN       string         `api:"IdentityStoreArn"`
	Status                 string         `api:"Status,type=ApplicationStatus"`
	PortalOptions          *PortalOptions `api:"PortalOptions"`
	Description            string         `api:"Description,type=Description"`
	CreatedDate            Timestamp      `api:"CreatedDate"`
	CreatedFrom            string         `api:"CreatedFrom,type=RegionName"`
}

// DescribeApplication describes an application.
var DescribeApplication = define[DescribeApplicationRequest, DescribeApplicationResponse](SSOAdmin, Operation{
	Name: "DescribeApplication", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Describe an application",
})

// DescribeApplicationAssignmentRequest is the input of DescribeApplicationAssignment.
type DescribeApplicationAssignmentRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	PrincipalID    string `api:"PrincipalId,required,type=PrincipalId"`
	PrincipalType  string `api:"PrincipalType,required,type=PrincipalType"`
}

// DescribeApplicationAssignmentResponse is the output of DescribeApplicationAssignment.
type DescribeApplicationAssignmentResponse struct {
	PrincipalType  string `api:"PrincipalType,type=PrincipalType"`
	PrincipalID    string `api:"PrincipalId,type=PrincipalId"`
	ApplicationARN string `api:"ApplicationArn,type=ApplicationArn"`
}

// DescribeApplicationAssignment tells whether a person or a group is assigned to an application.
var DescribeApplicationAssignment = define[DescribeApplicationAssignmentRequest, DescribeApplicationAssignmentResponse](SSOAdmin, Operation{
	Name: "DescribeApplicationAssignment", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell whether a person or a group is assigned to an application",
})

// DescribeApplicationProviderRequest is the input of DescribeApplicationProvider.
type DescribeApplicationProviderRequest struct {
	ApplicationProviderARN string `api:"ApplicationProviderArn,required,type=ApplicationProviderArn"`
}

// DisplayData is how a kind of application is shown to people.
type DisplayData struct {
	DisplayName string `api:"DisplayName,type=Name"`
	IconURL     string `api:"IconUrl,type=IconUrl"`
	Description string `api:"Description,type=Description"`
}

// ResourceServerScopeDetails is a scope of a kind of application, described to people.
type ResourceServerScopeDetails struct {
	LongDescription string `api:"LongDescription,type=Description"`
	DetailedTitle   string `api:"DetailedTitle,type=Description"`
}

// ResourceServerConfig is the scopes of a kind of application.
type ResourceServerConfig struct {
	Scopes map[string]ResourceServerScopeDetails `api:"Scopes,key=ResourceServerScope,elem=ResourceServerScopeDetails"`
}

// DescribeApplicationProviderResponse is the output of DescribeApplicationProvider.
type DescribeApplicationProviderResponse struct {
	ApplicationProviderARN string                `api:"ApplicationProviderArn,required,type=ApplicationProviderArn"`
	FederationProtocol     string                `api:"FederationProtocol,type=FederationProtocol"`
	DisplayData            *DisplayData          `api:"DisplayData"`
	ResourceServerConfig   *ResourceServerConfig `api:"ResourceServerConfig"`
}

// DescribeApplicationProvider describes a kind of application.
var DescribeApplicationProvider = define[DescribeApplicationProviderRequest, DescribeApplicationProviderResponse](SSOAdmin, Operation{
	Name: "DescribeApplicationProvider", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Describe a kind of application",
})

// GetApplicationAccessScopeRequest is the input of GetApplicationAccessScope.
type GetApplicationAccessScopeRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	Scope          string `api:"Scope,required,type=Scope"`
}

// GetApplicationAccessScopeResponse is the output of GetApplicationAccessScope.
type GetApplicationAccessScopeResponse struct {
	Scope             string   `api:"Scope,required,type=Scope"`
	AuthorizedTargets []string `api:"AuthorizedTargets,elem=ScopeTarget,type=ScopeTargets"`
}

// GetApplicationAccessScope tells the targets of a scope of an application.
var GetApplicationAccessScope = define[GetApplicationAccessScopeRequest, GetApplicationAccessScopeResponse](SSOAdmin, Operation{
	Name: "GetApplicationAccessScope", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell the targets of a scope of an application",
})

// GetApplicationAssignmentConfigurationRequest is the input of GetApplicationAssignmentConfiguration.
type GetApplicationAssignmentConfigurationRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
}

// GetApplicationAssignmentConfigurationResponse is the output of GetApplicationAssignmentConfiguration.
type GetApplicationAssignmentConfigurationResponse struct {
	AssignmentRequired bool `api:"AssignmentRequired,required"`
}

// GetApplicationAssignmentConfiguration tells whether people must be assigned to an application.
var GetApplicationAssignmentConfiguration = define[GetApplicationAssignmentConfigurationRequest, GetApplicationAssignmentConfigurationResponse](SSOAdmin, Operation{
	Name: "GetApplicationAssignmentConfiguration", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell whether people must be assigned to an application",
})

// GetApplicationAuthenticationMethodRequest is the input of GetApplicationAuthenticationMethod.
type GetApplicationAuthenticationMethodRequest struct {
	ApplicationARN           string `api:"ApplicationArn,required,type=ApplicationArn"`
	AuthenticationMethodType string `api:"AuthenticationMethodType,required,type=AuthenticationMethodType"`
}

// IAMAuthenticationMethod is that callers sign with Signature Version 4, and the policy that says which of them may.
type IAMAuthenticationMethod struct {
	ActorPolicy Document `api:"ActorPolicy,required"`
}

// AuthenticationMethod is how callers of an application prove who they are: a union whose only member so far is IAM.
type AuthenticationMethod struct {
	IAM *IAMAuthenticationMethod `api:"Iam"`
}

// GetApplicationAuthenticationMethodResponse is the output of GetApplicationAuthenticationMethod.
type GetApplicationAuthenticationMethodResponse struct {
	AuthenticationMethod *AuthenticationMethod `api:"AuthenticationMethod,union"`
}

// GetApplicationAuthenticationMethod tells how callers of an application prove who they are.
var GetApplicationAuthenticationMethod = define[GetApplicationAuthenticationMethodRequest, GetApplicationAuthenticationMethodResponse](SSOAdmin, Operation{
	Name: "GetApplicationAuthenticationMethod", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell how callers of an application prove who they are",
})

// GetApplicationGrantRequest is the input of GetApplicationGrant.
type GetApplicationGrantRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	GrantType      string `api:"GrantType,required,type=GrantType"`
}

// AuthorizationCodeGrant is where a browser may bring authorization codes of an application.
type AuthorizationCodeGrant struct {
	RedirectURIs []string `api:"RedirectUris,elem=URI,type=RedirectUris"`
}

// AuthorizedTokenIssuer is an issuer whose assertions an application takes, and the audiences that they have to name.
type AuthorizedTokenIssuer struct {
	TrustedTokenIssuerARN string   `api:"TrustedTokenIssuerArn,type=TrustedTokenIssuerArn"`
	AuthorizedAudiences   []string `api:"AuthorizedAudiences,elem=TokenIssuerAudience,type=TokenIssuerAudiences"`
}

// JWTBearerGrant is the issuers whose assertions an application takes (RFC 7523).
type JWTBearerGrant struct {
	AuthorizedTokenIssuers []AuthorizedTokenIssuer `api:"AuthorizedTokenIssuers,elem=AuthorizedTokenIssuer,type=AuthorizedTokenIssuers"`
}

// RefreshTokenGrant is that an application may refresh; it has no settings.
type RefreshTokenGrant struct{}

// TokenExchangeGrant is that an application takes tokens of others (RFC 8693); it has no settings.
type TokenExchangeGrant struct{}

// Grant is the settings of one grant of an application: a union of the four kinds.
type Grant struct {
	AuthorizationCode *AuthorizationCodeGrant `api:"AuthorizationCode"`
	JWTBearer         *JWTBearerGrant         `api:"JwtBearer"`
	RefreshToken      *RefreshTokenGrant      `api:"RefreshToken"`
	TokenExchange     *TokenExchangeGrant     `api:"TokenExchange"`
}

// GetApplicationGrantResponse is the output of GetApplicationGrant.
type GetApplicationGrantResponse struct {
	Grant Grant `api:"Grant,required,union"`
}

// GetApplicationGrant tells the settings of a grant of an application.
var GetApplicationGrant = define[GetApplicationGrantRequest, GetApplicationGrantResponse](SSOAdmin, Operation{
	Name: "GetApplicationGrant", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell the settings of a grant of an application",
})

// GetApplicationSessionConfigurationRequest is the input of GetApplicationSessionConfiguration.
type GetApplicationSessionConfigurationRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
}

// GetApplicationSessionConfigurationResponse is the output of GetApplicationSessionConfiguration.
type GetApplicationSessionConfigurationResponse struct {
	UserBackgroundSessionApplicationStatus string `api:"UserBackgroundSessionApplicationStatus,type=UserBackgroundSessionApplicationStatus"`
}

// GetApplicationSessionConfiguration tells whether an application may have background sessions.
var GetApplicationSessionConfiguration = define[GetApplicationSessionConfigurationRequest, GetApplicationSessionConfigurationResponse](SSOAdmin, Operation{
	Name: "GetApplicationSessionConfiguration", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Tell whether an application may have background sessions",
})

// ListApplicationAccessScopesRequest is the input of ListApplicationAccessScopes.
type ListApplicationAccessScopesRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	MaxResults     *int64 `api:"MaxResults,integer,type=ListApplicationAccessScopesRequestMaxResultsInteger"`
	NextToken      string `api:"NextToken,type=Token"`
}

// ScopeDetails is a scope of an application, and the applications or the instance that it is for.
type ScopeDetails struct {
	Scope             string   `api:"Scope,required,type=Scope"`
	AuthorizedTargets []string `api:"AuthorizedTargets,elem=ScopeTarget,type=ScopeTargets"`
}

// ListApplicationAccessScopesResponse is the output of ListApplicationAccessScopes.
type ListApplicationAccessScopesResponse struct {
	Scopes    []ScopeDetails `api:"Scopes,required,elem=ScopeDetails,type=Scopes"`
	NextToken string         `api:"NextToken,type=Token"`
}

// ListApplicationAccessScopes lists the scopes of an application.
var ListApplicationAccessScopes = define[ListApplicationAccessScopesRequest, ListApplicationAccessScopesResponse](SSOAdmin, Operation{
	Name: "ListApplicationAccessScopes", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.NotFound, fault.InternalServer, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the scopes of an application",
})

// ListApplicationAssignmentsRequest is the input of ListApplicationAssignments.
type ListApplicationAssignmentsRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	MaxResults     *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken      string `api:"NextToken,type=Token"`
}

// ApplicationAssignment is who is assigned to an application.
type ApplicationAssignment struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	PrincipalID    string `api:"PrincipalId,required,type=PrincipalId"`
	PrincipalType  string `api:"PrincipalType,required,type=PrincipalType"`
}

// ListApplicationAssignmentsResponse is the output of ListApplicationAssignments.
type ListApplicationAssignmentsResponse struct {
	ApplicationAssignments []ApplicationAssignment `api:"ApplicationAssignments,elem=ApplicationAssignment"`
	NextToken              string                  `api:"NextToken,type=Token"`
}

// ListApplicationAssignments lists who is assigned to an application.
var ListApplicationAssignments = define[ListApplicationAssignmentsRequest, ListApplicationAssignmentsResponse](SSOAdmin, Operation{
	Name: "ListApplicationAssignments", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List who is assigned to an application",
})

// ListApplicationAssignmentsFilter is the application that a list of assignments is narrowed to.
type ListApplicationAssignmentsFilter struct {
	ApplicationARN string `api:"ApplicationArn,type=ApplicationArn"`
}

// ListApplicationAssignmentsForPrincipalRequest is the input of ListApplicationAssignmentsForPrincipal.
type ListApplicationAssignmentsForPrincipalRequest struct {
	InstanceARN   string                            `api:"InstanceArn,required,type=InstanceArn"`
	PrincipalID   string                            `api:"PrincipalId,required,type=PrincipalId"`
	PrincipalType string                            `api:"PrincipalType,required,type=PrincipalType"`
	Filter        *ListApplicationAssignmentsFilter `api:"Filter"`
	NextToken     string                            `api:"NextToken,type=Token"`
	MaxResults    *int64                            `api:"MaxResults,integer,type=MaxResults"`
}

// ApplicationAssignmentForPrincipal is an application that a person or group is assigned to.
type ApplicationAssignmentForPrincipal struct {
	ApplicationARN string `api:"ApplicationArn,type=ApplicationArn"`
	PrincipalID    string `api:"PrincipalId,type=PrincipalId"`
	PrincipalType  string `api:"PrincipalType,type=PrincipalType"`
}

// ListApplicationAssignmentsForPrincipalResponse is the output of ListApplicationAssignmentsForPrincipal.
type ListApplicationAssignmentsForPrincipalResponse struct {
	ApplicationAssignments []ApplicationAssignmentForPrincipal `api:"ApplicationAssignments,elem=ApplicationAssignmentForPrincipal"`
	NextToken              string                              `api:"NextToken,type=Token"`
}

// ListApplicationAssignmentsForPrincipal lists the applications that a person or a group is assigned to.
var ListApplicationAssignmentsForPrincipal = define[ListApplicationAssignmentsForPrincipalRequest, ListApplicationAssignmentsForPrincipalResponse](SSOAdmin, Operation{
	Name: "ListApplicationAssignmentsForPrincipal", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the applications that a person or a group is assigned to",
})

// ListApplicationAuthenticationMethodsRequest is the input of ListApplicationAuthenticationMethods.
type ListApplicationAuthenticationMethodsRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	NextToken      string `api:"NextToken,type=Token"`
}

// AuthenticationMethodItem is a way in which callers prove who they are, as lists show it.
type AuthenticationMethodItem struct {
	AuthenticationMethodType string                `api:"AuthenticationMethodType,type=AuthenticationMethodType"`
	AuthenticationMethod     *AuthenticationMethod `api:"AuthenticationMethod,union"`
}

// ListApplicationAuthenticationMethodsResponse is the output of ListApplicationAuthenticationMethods.
type ListApplicationAuthenticationMethodsResponse struct {
	AuthenticationMethods []AuthenticationMethodItem `api:"AuthenticationMethods,elem=AuthenticationMethodItem"`
	NextToken             string                     `api:"NextToken,type=Token"`
}

// ListApplicationAuthenticationMethods lists the ways in which callers of an application prove who they are.
var ListApplicationAuthenticationMethods = define[ListApplicationAuthenticationMethodsRequest, ListApplicationAuthenticationMethodsResponse](SSOAdmin, Operation{
	Name: "ListApplicationAuthenticationMethods", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.NotFound, fault.InternalServer, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the ways in which callers of an application prove who they are",
})

// ListApplicationGrantsRequest is the input of ListApplicationGrants.
type ListApplicationGrantsRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	NextToken      string `api:"NextToken,type=Token"`
}

// GrantItem is a grant, as lists show it.
type GrantItem struct {
	GrantType string `api:"GrantType,required,type=GrantType"`
	Grant     Grant  `api:"Grant,required,union"`
}

// ListApplicationGrantsResponse is the output of ListApplicationGrants.
type ListApplicationGrantsResponse struct {
	Grants    []GrantItem `api:"Grants,required,elem=GrantItem"`
	NextToken string      `api:"NextToken,type=Token"`
}

// ListApplicationGrants lists the grants of an application.
var ListApplicationGrants = define[ListApplicationGrantsRequest, ListApplicationGrantsResponse](SSOAdmin, Operation{
	Name: "ListApplicationGrants", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.NotFound, fault.InternalServer, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the grants of an application",
})

// ListApplicationProvidersRequest is the input of ListApplicationProviders.
type ListApplicationProvidersRequest struct {
	MaxResults *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken  string `api:"NextToken,type=Token"`
}

// ApplicationProvider is a kind of application.
type ApplicationProvider struct {
	ApplicationProviderARN string                `api:"ApplicationProviderArn,required,type=ApplicationProviderArn"`
	FederationProtocol     string                `api:"FederationProtocol,type=FederationProtocol"`
	DisplayData            *DisplayData          `api:"DisplayData"`
	ResourceServerConfig   *ResourceServerConfig `api:"ResourceServerConfig"`
}

// ListApplicationProvidersResponse is the output of ListApplicationProviders.
type ListApplicationProvidersResponse struct {
	ApplicationProviders []ApplicationProvider `api:"ApplicationProviders,elem=ApplicationProvider"`
	NextToken            string                `api:"NextToken,type=Token"`
}

// ListApplicationProviders lists the kinds of application.
var ListApplicationProviders = define[ListApplicationProvidersRequest, ListApplicationProvidersResponse](SSOAdmin, Operation{
	Name: "ListApplicationProviders", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the kinds of application",
})

// ListApplicationsFilter is the account or provider that a list of applications is narrowed to.
type ListApplicationsFilter struct {
	ApplicationAccount  string `api:"ApplicationAccount,type=AccountId"`
	ApplicationProvider string `api:"ApplicationProvider,type=ApplicationProviderArn"`
}

// ListApplicationsRequest is the input of ListApplications.
type ListApplicationsRequest struct {
	InstanceARN string                  `api:"InstanceArn,required,type=InstanceArn"`
	MaxResults  *int64                  `api:"MaxResults,integer,type=MaxResults"`
	NextToken   string                  `api:"NextToken,type=Token"`
	Filter      *ListApplicationsFilter `api:"Filter"`
}

// Application is an application, as lists show it.
type Application struct {
	ApplicationARN         string         `api:"ApplicationArn,type=ApplicationArn"`
	ApplicationProviderARN string         `api:"ApplicationProviderArn,type=ApplicationProviderArn"`
	Name                   string         `api:"Name,type=ApplicationNameType"`
	ApplicationAccount     string         `api:"ApplicationAccount,type=AccountId"`
	InstanceARN            string         `api:"InstanceArn,type=InstanceArn"`
	IdentityStoreARN       string         `api:"IdentityStoreArn"`
	Status                 string         `api:"Status,type=ApplicationStatus"`
	PortalOptions          *PortalOptions `api:"PortalOptions"`
	Description            string         `api:"Description,type=Description"`
	CreatedDate            Timestamp      `api:"CreatedDate"`
	CreatedFrom            string         `api:"CreatedFrom,type=RegionName"`
}

// ListApplicationsResponse is the output of ListApplications.
type ListApplicationsResponse struct {
	Applications []Application `api:"Applications,elem=Application,type=ApplicationList"`
	NextToken    string        `api:"NextToken,type=Token"`
}

// ListApplications lists the applications.
var ListApplications = define[ListApplicationsRequest, ListApplicationsResponse](SSOAdmin, Operation{
	Name: "ListApplications", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the applications",
})

// PutApplicationAccessScopeRequest is the input of PutApplicationAccessScope.
type PutApplicationAccessScopeRequest struct {
	Scope             string   `api:"Scope,required,type=Scope"`
	AuthorizedTargets []string `api:"AuthorizedTargets,elem=ScopeTarget,type=ScopeTargets"`
	ApplicationARN    string   `api:"ApplicationArn,required,type=ApplicationArn"`
}

// PutApplicationAccessScopeResponse is the empty output of PutApplicationAccessScope.
type PutApplicationAccessScopeResponse struct{}

// PutApplicationAccessScope gives an application a scope.
var PutApplicationAccessScope = define[PutApplicationAccessScopeRequest, PutApplicationAccessScopeResponse](SSOAdmin, Operation{
	Name: "PutApplicationAccessScope", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Give an application a scope",
})

// PutApplicationAssignmentConfigurationRequest is the input of PutApplicationAssignmentConfiguration.
type PutApplicationAssignmentConfigurationRequest struct {
	ApplicationARN     string `api:"ApplicationArn,required,type=ApplicationArn"`
	AssignmentRequired bool   `api:"AssignmentRequired,required"`
}

// PutApplicationAssignmentConfigurationResponse is the output of PutApplicationAssignmentConfiguration.
type PutApplicationAssignmentConfigurationResponse struct{}

// PutApplicationAssignmentConfiguration says whether people must be assigned to an application.
var PutApplicationAssignmentConfiguration = define[PutApplicationAssignmentConfigurationRequest, PutApplicationAssignmentConfigurationResponse](SSOAdmin, Operation{
	Name: "PutApplicationAssignmentConfiguration", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Say whether people must be assigned to an application",
})

// PutApplicationAuthenticationMethodRequest is the input of PutApplicationAuthenticationMethod.
type PutApplicationAuthenticationMethodRequest struct {
	ApplicationARN           string               `api:"ApplicationArn,required,type=ApplicationArn"`
	AuthenticationMethodType string               `api:"AuthenticationMethodType,required,type=AuthenticationMethodType"`
	AuthenticationMethod     AuthenticationMethod `api:"AuthenticationMethod,required,union"`
}

// PutApplicationAuthenticationMethodResponse is the empty output of PutApplicationAuthenticationMethod.
type PutApplicationAuthenticationMethodResponse struct{}

// PutApplicationAuthenticationMethod says how callers of an application prove who they are.
var PutApplicationAuthenticationMethod = define[PutApplicationAuthenticationMethodRequest, PutApplicationAuthenticationMethodResponse](SSOAdmin, Operation{
	Name: "PutApplicationAuthenticationMethod", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Say how callers of an application prove who they are",
})

// PutApplicationGrantRequest is the input of PutApplicationGrant.
type PutApplicationGrantRequest struct {
	ApplicationARN string `api:"ApplicationArn,required,type=ApplicationArn"`
	GrantType      string `api:"GrantType,required,type=GrantType"`
	Grant          Grant  `api:"Grant,required,union"`
}

// PutApplicationGrantResponse is the empty output of PutApplicationGrant.
type PutApplicationGrantResponse struct{}

// PutApplicationGrant gives an application a grant.
var PutApplicationGrant = define[PutApplicationGrantRequest, PutApplicationGrantResponse](SSOAdmin, Operation{
	Name: "PutApplicationGrant", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Give an application a grant",
})

// PutApplicationSessionConfigurationRequest is the input of PutApplicationSessionConfiguration.
type PutApplicationSessionConfigurationRequest struct {
	ApplicationARN                         string `api:"ApplicationArn,required,type=ApplicationArn"`
	UserBackgroundSessionApplicationStatus string `api:"UserBackgroundSessionApplicationStatus,type=UserBackgroundSessionApplicationStatus"`
}

// PutApplicationSessionConfigurationResponse is the output of PutApplicationSessionConfiguration.
type PutApplicationSessionConfigurationResponse struct{}

// PutApplicationSessionConfiguration says whether an application may have background sessions.
var PutApplicationSessionConfiguration = define[PutApplicationSessionConfigurationRequest, PutApplicationSessionConfigurationResponse](SSOAdmin, Operation{
	Name: "PutApplicationSessionConfiguration", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Say whether an application may have background sessions",
})

// UpdateApplicationPortalOptions is what may be changed of how the portal shows an application.
type UpdateApplicationPortalOptions struct {
	SignInOptions *SignInOptions `api:"SignInOptions"`
}

// UpdateApplicationRequest is the input of UpdateApplication.
type UpdateApplicationRequest struct {
	ApplicationARN string                          `api:"ApplicationArn,required,type=ApplicationArn"`
	Name           string                          `api:"Name,type=ApplicationNameType"`
	Description    string                          `api:"Description,type=Description"`
	Status         string                          `api:"Status,type=ApplicationStatus"`
	PortalOptions  *UpdateApplicationPortalOptions `api:"PortalOptions"`
}

// UpdateApplicationResponse is the output of UpdateApplication.
type UpdateApplicationResponse struct{}

// UpdateApplication changes an application.
var UpdateApplication = define[UpdateApplicationRequest, UpdateApplicationResponse](SSOAdmin, Operation{
	Name: "UpdateApplication", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Change an application",
})
