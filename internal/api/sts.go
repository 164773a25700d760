package api

// STS is the part of the Security Token Service that role credentials need.
var STS = &Service{
	ID: "STS", Command: "sts", EndpointPrefix: "sts", SigningName: "sts", Version: "2011-06-15", Protocol: Query,
	Namespace: "https://sts.amazonaws.com/doc/2011-06-15/", IAMPrefix: "sts", Types: stsTypes,
	Purpose: "Tell whose credentials are in use",
	Description: []string{
		"The part of the Security Token Service that goes with credentials of roles. Requests are signed with credentials from the environment, " +
			"a profile, or a sign-in.",
	},
}

// GetCallerIdentityRequest is the empty input of GetCallerIdentity.
type GetCallerIdentityRequest struct{}

// GetCallerIdentityResponse is the output of GetCallerIdentity.
type GetCallerIdentityResponse struct {
	UserID  string `api:"UserId" doc:"Unique id: of a user, or of a role with the name of its session after a colon."`
	Account string `api:"Account" doc:"Id of the account that the credentials belong to, 12 digits."`
	ARN     string `api:"Arn" doc:"ARN of the user, or of the session of the role."`
}

// GetCallerIdentity tells whose credentials signed the request. It needs no permission.
var GetCallerIdentity = define[GetCallerIdentityRequest, GetCallerIdentityResponse](STS, Operation{
	Name: "GetCallerIdentity", Method: "POST", Path: "/", Auth: AuthSigV4, OwnAuthorization: true,
	Purpose: "Tell whose credentials sign the request",
	Description: []string{
		"Answers which user or role the credentials belong to. It needs no permission, which makes it the first thing to try when access is refused.",
	},
})
