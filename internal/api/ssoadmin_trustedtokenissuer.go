package api

import "sallyport/internal/fault"

// OIDCJWTConfiguration is where an issuer publishes its keys, and how its tokens name a person.
type OIDCJWTConfiguration struct {
	IssuerURL                  string `api:"IssuerUrl,required,type=TrustedTokenIssuerUrl"`
	ClaimAttributePath         string `api:"ClaimAttributePath,required,type=ClaimAttributePath"`
	IdentityStoreAttributePath string `api:"IdentityStoreAttributePath,required,type=JMESPath"`
	JWKSRetrievalOption        string `api:"JwksRetrievalOption,required,type=JwksRetrievalOption"`
}

// TrustedTokenIssuerConfiguration is the settings of an issuer: a union whose only member so far is OpenID Connect.
type TrustedTokenIssuerConfiguration struct {
	OIDCJWTConfiguration *OIDCJWTConfiguration `api:"OidcJwtConfiguration"`
}

// CreateTrustedTokenIssuerRequest is the input of CreateTrustedTokenIssuer.
type CreateTrustedTokenIssuerRequest struct {
	InstanceARN                     string                          `api:"InstanceArn,required,type=InstanceArn"`
	Name                            string                          `api:"Name,required,type=TrustedTokenIssuerName"`
	TrustedTokenIssuerType          string                          `api:"TrustedTokenIssuerType,required,type=TrustedTokenIssuerType"`
	TrustedTokenIssuerConfiguration TrustedTokenIssuerConfiguration `api:"TrustedTokenIssuerConfiguration,required,union"`
	ClientToken                     string                          `api:"ClientToken,type=ClientToken"`
	Tags                            []Tag                           `api:"Tags,elem=Tag,type=TagList"`
}

// CreateTrustedTokenIssuerResponse is the output of CreateTrustedTokenIssuer.
type CreateTrustedTokenIssuerResponse struct {
	TrustedTokenIssuerARN string `api:"TrustedTokenIssuerArn,type=TrustedTokenIssuerArn"`
}

// CreateTrustedTokenIssuer trusts the tokens of an issuer.
var CreateTrustedTokenIssuer = define[CreateTrustedTokenIssuerRequest, CreateTrustedTokenIssuerResponse](SSOAdmin, Operation{
	Name: "CreateTrustedTokenIssuer", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.QuotaExceeded, fault.Throttling, fault.InternalServer, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Trust the tokens of an issuer",
})

// DeleteTrustedTokenIssuerRequest is the input of DeleteTrustedTokenIssuer.
type DeleteTrustedTokenIssuerRequest struct {
	TrustedTokenIssuerARN string `api:"TrustedTokenIssuerArn,required,type=TrustedTokenIssuerArn"`
}

// DeleteTrustedTokenIssuerResponse is the output of DeleteTrustedTokenIssuer.
type DeleteTrustedTokenIssuerResponse struct{}

// DeleteTrustedTokenIssuer trusts the tokens of an issuer no longer.
var DeleteTrustedTokenIssuer = define[DeleteTrustedTokenIssuerRequest, DeleteTrustedTokenIssuerResponse](SSOAdmin, Operation{
	Name: "DeleteTrustedTokenIssuer", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Trust the tokens of an issuer no longer",
})

// DescribeTrustedTokenIssuerRequest is the input of DescribeTrustedTokenIssuer.
type DescribeTrustedTokenIssuerRequest struct {
	TrustedTokenIssuerARN string `api:"TrustedTokenIssuerArn,required,type=TrustedTokenIssuerArn"`
}

// DescribeTrustedTokenIssuerResponse is the output of DescribeTrustedTokenIssuer.
type DescribeTrustedTokenIssuerResponse struct {
	TrustedTokenIssuerARN           string                           `api:"TrustedTokenIssuerArn,type=TrustedTokenIssuerArn"`
	Name                            string                           `api:"Name,type=TrustedTokenIssuerName"`
	TrustedTokenIssuerType          string                           `api:"TrustedTokenIssuerType,type=TrustedTokenIssuerType"`
	TrustedTokenIssuerConfiguration *TrustedTokenIssuerConfiguration `api:"TrustedTokenIssuerConfiguration,union"`
}

// DescribeTrustedTokenIssuer describes an issuer.
var DescribeTrustedTokenIssuer = define[DescribeTrustedTokenIssuerRequest, DescribeTrustedTokenIssuerResponse](SSOAdmin, Operation{
	Name: "DescribeTrustedTokenIssuer", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "Describe an issuer",
})

// ListTrustedTokenIssuersRequest is the input of ListTrustedTokenIssuers.
type ListTrustedTokenIssuersRequest struct {
	InstanceARN string `api:"InstanceArn,required,type=InstanceArn"`
	MaxResults  *int64 `api:"MaxResults,integer,type=MaxResults"`
	NextToken   string `api:"NextToken,type=Token"`
}

// TrustedTokenIssuerMetadata is an issuer, as lists show it.
type TrustedTokenIssuerMetadata struct {
	TrustedTokenIssuerARN  string `api:"TrustedTokenIssuerArn,type=TrustedTokenIssuerArn"`
	Name                   string `api:"Name,type=TrustedTokenIssuerName"`
	TrustedTokenIssuerType string `api:"TrustedTokenIssuerType,type=TrustedTokenIssuerType"`
}

// ListTrustedTokenIssuersResponse is the output of ListTrustedTokenIssuers.
type ListTrustedTokenIssuersResponse struct {
	TrustedTokenIssuers []TrustedTokenIssuerMetadata `api:"TrustedTokenIssuers,elem=TrustedTokenIssuerMetadata"`
	NextToken           string                       `api:"NextToken,type=Token"`
}

// ListTrustedTokenIssuers lists the issuers whose tokens are trusted.
var ListTrustedTokenIssuers = define[ListTrustedTokenIssuersRequest, ListTrustedTokenIssuersResponse](SSOAdmin, Operation{
	Name: "ListTrustedTokenIssuers", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.AdminAccessDenied, fault.Validation},
	Purpose:  "List the issuers whose tokens are trusted",
})

// OIDCJWTUpdateConfiguration is what may be changed of how an issuer's tokens name a person.
type OIDCJWTUpdateConfiguration struct {
	ClaimAttributePath         string `api:"ClaimAttributePath,type=ClaimAttributePath"`
	IdentityStoreAttributePath string `api:"IdentityStoreAttributePath,type=JMESPath"`
	JWKSRetrievalOption        string `api:"JwksRetrievalOption,type=JwksRetrievalOption"`
}

// TrustedTokenIssuerUpdateConfiguration is what may be changed of an issuer's settings.
type TrustedTokenIssuerUpdateConfiguration struct {
	OIDCJWTConfiguration *OIDCJWTUpdateConfiguration `api:"OidcJwtConfiguration"`
}

// UpdateTrustedTokenIssuerRequest is the input of UpdateTrustedTokenIssuer.
type UpdateTrustedTokenIssuerRequest struct {
	TrustedTokenIssuerARN           string                                 `api:"TrustedTokenIssuerArn,required,type=TrustedTokenIssuerArn"`
	Name                            string                                 `api:"Name,type=TrustedTokenIssuerName"`
	TrustedTokenIssuerConfiguration *TrustedTokenIssuerUpdateConfiguration `api:"TrustedTokenIssuerConfiguration,union"`
}

// UpdateTrustedTokenIssuerResponse is the output of UpdateTrustedTokenIssuer.
type UpdateTrustedTokenIssuerResponse struct{}

// UpdateTrustedTokenIssuer changes how the tokens of an issuer are read.
var UpdateTrustedTokenIssuer = define[UpdateTrustedTokenIssuerRequest, UpdateTrustedTokenIssuerResponse](SSOAdmin, Operation{
	Name: "UpdateTrustedTokenIssuer", Method: "POST", Path: "/", Auth: AuthSigV4, ServedOnly: true,
	Refusals: []*fault.Kind{fault.Throttling, fault.InternalServer, fault.NotFound, fault.AdminAccessDenied, fault.Validation, fault.Conflict},
	Purpose:  "Change how the tokens of an issuer are read",
})
