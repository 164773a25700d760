package api

import "sallyport/internal/fault"

// PolicyDescriptorType is a managed policy, by its ARN.
type PolicyDescriptorType struct {
	ARN string `api:"arn,type=arnType"`
}

// SessionTag is a key and value on a session of a role.
type SessionTag struct {
	Key   string `api:"Key,required,type=tagKeyType"`
	Value string `api:"Value,required,type=tagValueType"`
}

// ProvidedContext is what a provider says of the person that a session acts for: for Identity Center an identity or an audit context, 2,048 letters at most.
type ProvidedContext struct {
	ProviderARN      string `api:"ProviderArn,type=arnType"`
	ContextAssertion string `api:"ContextAssertion,type=contextAssertionType"`
}

// AssumeRoleRequest is the input of AssumeRole.
type AssumeRoleRequest struct {
	RoleARN           string                 `api:"RoleArn,required,type=arnType"`
	RoleSessionName   string                 `api:"RoleSessionName,required,type=roleSessionNameType"`
	PolicyARNs        []PolicyDescriptorType `api:"PolicyArns,elem=PolicyDescriptorType"`
	Policy            string                 `api:"Policy,type=unrestrictedSessionPolicyDocumentType"`
	DurationSeconds   *int64                 `api:"DurationSeconds,integer,type=roleDurationSecondsType"`
	Tags              []SessionTag           `api:"Tags,elem=Tag,type=tagListType"`
	TransitiveTagKeys []string               `api:"TransitiveTagKeys,elem=tagKeyType,type=tagKeyListType"`
	ExternalID        string                 `api:"ExternalId,type=externalIdType"`
	SerialNumber      string                 `api:"SerialNumber,type=serialNumberType"`
	TokenCode         string                 `api:"TokenCode,type=tokenCodeType"`
	SourceIdentity    string                 `api:"SourceIdentity,type=sourceIdentityType"`
	ProvidedContexts  []ProvidedContext      `api:"ProvidedContexts,elem=ProvidedContext,type=ProvidedContextsListType"`
}

// SessionCredentials is temporary credentials, which expire together.
type SessionCredentials struct {
	AccessKeyID     string    `api:"AccessKeyId,required,type=accessKeyIdType"`
	SecretAccessKey string    `api:"SecretAccessKey,required,sensitive"`
	SessionToken    string    `api:"SessionToken,required"`
	Expiration      Timestamp `api:"Expiration,required"`
}

// AssumedRoleUser is the session of a role, by id and ARN.
type AssumedRoleUser struct {
	AssumedRoleID string `api:"AssumedRoleId,required,type=assumedRoleIdType"`
	ARN           string `api:"Arn,required,type=arnType"`
}

// AssumeRoleResponse is the output of AssumeRole.
type AssumeRoleResponse struct {
	Credentials      *SessionCredentials `api:"Credentials"`
	AssumedRoleUser  *AssumedRoleUser    `api:"AssumedRoleUser"`
	PackedPolicySize *int64              `api:"PackedPolicySize,integer,type=nonNegativeIntegerType"`
	SourceIdentity   string              `api:"SourceIdentity,type=sourceIdentityType"`
}

// AssumeRole takes on a role, for a person if a context is provided.
var AssumeRole = define[AssumeRoleRequest, AssumeRoleResponse](STS, Operation{
	Name: "AssumeRole", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true, OwnAuthorization: true,
	Refusals: []*fault.Kind{fault.MalformedPolicyDocument, fault.PackedPolicyTooLarge, fault.RegionDisabled, fault.STSTokenExpired},
	Purpose:  "Take on a role, for a person if a context is provided",
})

// AssumeRoleWithWebIdentityRequest is the input of AssumeRoleWithWebIdentity.
type AssumeRoleWithWebIdentityRequest struct {
	RoleARN          string                 `api:"RoleArn,required,type=arnType"`
	RoleSessionName  string                 `api:"RoleSessionName,required,type=roleSessionNameType"`
	WebIdentityToken string                 `api:"WebIdentityToken,required,sensitive,type=clientTokenType"`
	ProviderID       string                 `api:"ProviderId,type=urlType"`
	PolicyARNs       []PolicyDescriptorType `api:"PolicyArns,elem=PolicyDescriptorType"`
	Policy           string                 `api:"Policy,type=sessionPolicyDocumentType"`
	DurationSeconds  *int64                 `api:"DurationSeconds,integer,type=roleDurationSecondsType"`
}

// AssumeRoleWithWebIdentityResponse is the output of AssumeRoleWithWebIdentity.
type AssumeRoleWithWebIdentityResponse struct {
	Credentials                 *SessionCredentials `api:"Credentials"`
	SubjectFromWebIdentityToken string              `api:"SubjectFromWebIdentityToken,type=webIdentitySubjectType"`
	AssumedRoleUser             *AssumedRoleUser    `api:"AssumedRoleUser"`
	PackedPolicySize            *int64              `api:"PackedPolicySize,integer,type=nonNegativeIntegerType"`
	Provider                    string              `api:"Provider"`
	Audience                    string              `api:"Audience"`
	SourceIdentity              string              `api:"SourceIdentity,type=sourceIdentityType"`
}

// AssumeRoleWithWebIdentity takes on a role with the token of an OpenID provider.
var AssumeRoleWithWebIdentity = define[AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse](STS, Operation{
	Name: "AssumeRoleWithWebIdentity", Method: "POST", Path: "/", Auth: AuthNone, ServedOnly: true, OwnAuthorization: true,
	Refusals: []*fault.Kind{fault.MalformedPolicyDocument, fault.PackedPolicyTooLarge, fault.IDPRejectedClaim, fault.IDPCommunicationError, fault.InvalidIdentityToken, fault.STSTokenExpired, fault.RegionDisabled},
	Purpose:  "Take on a role with the token of an OpenID provider",
})

// DecodeAuthorizationMessageRequest is the input of DecodeAuthorizationMessage.
type DecodeAuthorizationMessageRequest struct {
	EncodedMessage string `api:"EncodedMessage,required,type=encodedMessageType"`
}

// DecodeAuthorizationMessageResponse is the output of DecodeAuthorizationMessage.
type DecodeAuthorizationMessageResponse struct {
	DecodedMessage string `api:"DecodedMessage"`
}

// DecodeAuthorizationMessage decodes why a request was refused.
var DecodeAuthorizationMessage = define[DecodeAuthorizationMessageRequest, DecodeAuthorizationMessageResponse](STS, Operation{
	Name: "DecodeAuthorizationMessage", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true, OwnAuthorization: true,
	Refusals: []*fault.Kind{fault.InvalidAuthorizationMessage},
	Purpose:  "Decode why a request was refused",
})

// GetAccessKeyInfoRequest is the input of GetAccessKeyInfo.
type GetAccessKeyInfoRequest struct {
	AccessKeyID string `api:"AccessKeyId,required,type=accessKeyIdType"`
}

// GetAccessKeyInfoResponse is the output of GetAccessKeyInfo.
type GetAccessKeyInfoResponse struct {
	Account string `api:"Account"`
}

// GetAccessKeyInfo tells which account an access key belongs to.
var GetAccessKeyInfo = define[GetAccessKeyInfoRequest, GetAccessKeyInfoResponse](STS, Operation{
	Name: "GetAccessKeyInfo", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true, OwnAuthorization: true,
	Purpose: "Tell which account an access key belongs to",
})

// GetSessionTokenRequest is the input of GetSessionToken.
type GetSessionTokenRequest struct {
	DurationSeconds *int64 `api:"DurationSeconds,integer,type=durationSecondsType"`
	SerialNumber    string `api:"SerialNumber,type=serialNumberType"`
	TokenCode       string `api:"TokenCode,type=tokenCodeType"`
}

// GetSessionTokenResponse is the output of GetSessionToken.
type GetSessionTokenResponse struct {
	Credentials *SessionCredentials `api:"Credentials"`
}

// GetSessionToken gets temporary credentials of the caller's own user.
var GetSessionToken = define[GetSessionTokenRequest, GetSessionTokenResponse](STS, Operation{
	Name: "GetSessionToken", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true, OwnAuthorization: true,
	Refusals: []*fault.Kind{fault.RegionDisabled},
	Purpose:  "Get temporary credentials of the caller's own user",
})

// stsTypes are the bounds that the model sets to texts, numbers and lists of the service.
var stsTypes = map[string]Constraint{
	"ProvidedContextsListType":              {Min: 1, Max: 5},
	"accessKeyIdType":                       {Min: 16, Max: 128, Pattern: pattern(`[\w]*`)},
	"arnType":                               {Min: 20, Max: 2048, Pattern: pattern(`[\x{0009}\x{000A}\x{000D}\x{0020}-\x{007E}\x{0085}\x{00A0}-\x{D7FF}\x{E000}-\x{FFFD}\x{1000}0-\x{10FF}FF]+`)},
	"assumedRoleIdType":                     {Min: 2, Max: 193, Pattern: pattern(`[\w+=,.@:-]*`)},
	"clientTokenType":                       {Min: 4, Max: 20000},
	"contextAssertionType":                  {Min: 4, Max: 2048},
	"durationSecondsType":                   {Min: 900, Max: 129600},
	"encodedMessageType":                    {Min: 1, Max: 10240},
	"externalIdType":                        {Min: 2, Max: 1224, Pattern: pattern(`[\w+=,.@:\/-]*`)},
	"nonNegativeIntegerType":                {Min: 0},
	"roleDurationSecondsType":               {Min: 900, Max: 43200},
	"roleSessionNameType":                   {Min: 2, Max: 64, Pattern: pattern(`[\w+=,.@-]*`)},
	"serialNumberType":                      {Min: 9, Max: 256, Pattern: pattern(`[\w+=/:,.@-]*`)},
	"sessionPolicyDocumentType":             {Min: 1, Max: 2048, Pattern: pattern(`[\x{0009}\x{000A}\x{000D}\x{0020}-\x{00FF}]+`)},
	"sourceIdentityType":                    {Min: 2, Max: 64, Pattern: pattern(`[\w+=,.@-]*`)},
	"tagKeyListType":                        {Max: 50},
	"tagKeyType":                            {Min: 1, Max: 128, Pattern: pattern(`[\p{L}\p{Z}\p{N}_.:/=+\-@]+`)},
	"tagListType":                           {Max: 50},
	"tagValueType":                          {Min: 0, Max: 256, Pattern: pattern(`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`)},
	"tokenCodeType":                         {Min: 6, Max: 6, Pattern: pattern(`[\d]*`)},
	"unrestrictedSessionPolicyDocumentType": {Min: 1, BoundedByRoom: true, Pattern: pattern(`[\x{0009}\x{000A}\x{000D}\x{0020}-\x{00FF}]+`)},
	"urlType":                               {Min: 4, Max: 2048},
	"webIdentitySubjectType":                {Min: 6, Max: 255},
}
