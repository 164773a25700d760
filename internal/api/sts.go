package api

// STS is the part of the Security Token Service that role credentials need.
var STS = &Service{
	ID: "STS", Command: "sts", EndpointPrefix: "sts", SigningName: "sts", Version: "2011-06-15", Protocol: Query,
	Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
}

// GetCallerIdentityRequest is the empty input of GetCallerIdentity.
type GetCallerIdentityRequest struct{}

// GetCallerIdentityResponse is the output of GetCallerIdentity.
type GetCallerIdentityResponse struct {
	UserID  string `api:"UserId"`
	Account string `api:"Account"`
	ARN     string `api:"Arn"`
}

// GetCallerIdentity tells whose credentials signed the request. It needs no permission.
var GetCallerIdentity = define[GetCallerIdentityRequest, GetCallerIdentityResponse](STS, Operation{
	Name: "GetCallerIdentity", Method: "POST", Path: "/", Auth: AuthSigV4,
	Purpose: "Tell whose credentials sign the request",
})
