package api

import "sallyport/internal/fault"

// IdentityStore is the service that keeps people and groups.
var IdentityStore = &Service{
	ID: "identitystore", Command: "identitystore", EndpointPrefix: "identitystore", SigningName: "identitystore", IAMPrefix: "identitystore",
	Version: "2020-06-15", Protocol: JSON, TargetPrefix: "AWSIdentityStore",
	Exceptions: map[*fault.Kind][]string{
		fault.AdminAccessDenied: {"RequestId", "Reason"}, fault.Conflict: {"RequestId", "Reason"}, fault.InternalServer: {"RequestId", "RetryAfterSeconds"},
		fault.NotFound: {"ResourceType", "ResourceId", "Reason", "RequestId"}, fault.QuotaExceeded: {"RequestId"},
		fault.Throttling: {"RequestId", "RetryAfterSeconds", "Reason"}, fault.Validation: {"RequestId", "Reason"},
	},
	Purpose: "Keep people and groups",
	Types:   identityStoreTypes,
}

// identityStoreTypes are the bounds that the model sets to texts, numbers and lists of the service.
var identityStoreTypes = map[string]Constraint{
	"Addresses":            {Min: 1, Max: 1},
	"AttributeOperations":  {Min: 1, Max: 100},
	"AttributePath":        {Min: 1, Max: 255, Pattern: pattern(`(?:\p{L}+:\p{L}+:\p{L}+(?:\.\p{L}+){0,3}|\p{L}+(?:\.\p{L}+){0,2})`)},
	"Emails":               {Min: 1, Max: 1},
	"ExtensionName":        {Min: 1, Max: 50, Pattern: pattern(`aws:identitystore:[a-z]{1,20}`)},
	"ExtensionNames":       {Min: 1, Max: 10},
	"Extensions":           {Min: 1, Max: 10},
	"ExternalIdIdentifier": {Min: 1, Max: 256, Pattern: pattern(`[\p{L}\p{M}\p{S}\p{N}\p{P}]+`)},
	"ExternalIdIssuer":     {Min: 1, Max: 256, Pattern: pattern(`[\p{L}\p{M}\p{S}\p{N}\p{P}]+`)},
	"ExternalIds":          {Min: 1, Max: 10},
	"Filters":              {Min: 0, Max: 1},
	"GroupDisplayName":     {Min: 1, Max: 1024, Pattern: pattern(`[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r  ]+`)},
	"GroupIds":             {Min: 1, Max: 100},
	"IdentityStoreId":      {Min: 1, Max: 36, Pattern: pattern(`d-[0-9a-f]{10}$|^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)},
	"MaxResults":           {Min: 1, Max: 100},
	"NextToken":            {Min: 1, Max: 65535, Pattern: pattern(`[-a-zA-Z0-9+=/:_]*`)},
	"PhoneNumbers":         {Min: 1, Max: 1},
	"Photos":               {Min: 1, Max: 3},
	"ResourceId":           {Min: 1, Max: 47, Pattern: pattern(`([0-9a-f]{10}-|)[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}`)},
	"Roles":                {Min: 1, Max: 1},
	"SensitiveStringType":  {Min: 1, Max: 1024, Pattern: pattern(`[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r  　]+`)},
	"UserName":             {Min: 1, Max: 128, Pattern: pattern(`[\p{L}\p{M}\p{S}\p{N}\p{P}]+`)},
	"UserStatus":           {Values: []string{"ENABLED", "DISABLED"}},
}
