package creds

import (
	"time"

	"sallyport/internal/api"
	"sallyport/internal/policy"
)

// Principal is the signer of a request as policies see it. Nobody having signed is nobody.
func Principal(signer *api.Signer) policy.Principal {
	if signer == nil {
		return policy.Principal{}
	}
	p := policy.Principal{
		Kind: policy.User, ARN: signer.ARN, Account: signer.Account, RoleARN: signer.RoleARN, UserID: signer.UserID,
		UserName: signer.UserName, Provider: signer.FederatedProvider, Tags: signer.Tags, SourceIdentity: signer.SourceIdentity,
	}
	if signer.Kind == api.RoleSigner {
		p.Kind = policy.AssumedRole
	}
	return p
}

// ConditionKeys are those that every request of the caller has: the global ones, and those of the person whom an identity context names.
func ConditionKeys(caller api.Caller, now time.Time) policy.Context {
	keys := Principal(caller.Signer).Globals(now, caller.Address)
	signer := caller.Signer
	if signer == nil {
		return keys
	}
	if signer.Region != "" {
		keys.Set("aws:RequestedRegion", signer.Region)
	}
	if signer.Temporary {
		keys.Set("aws:TokenIssueTime", time.UnixMilli(signer.IssuedAt).UTC().Format(time.RFC3339))
	}
	DescribePerson(keys, "", signer.OnBehalfOf)
	return keys
}

// DescribePerson adds the condition keys of whom an identity context names, behind a prefix. A person of an audit context is no ground for
// decisions, and has none.
func DescribePerson(keys policy.Context, prefix string, person *api.Person) {
	if person == nil || person.AuditOnly {
		return
	}
	for key, value := range map[string]string{
		"identitystore:UserId":           person.UserID,
		"identitystore:IdentityStoreArn": person.IdentityStoreARN,
		"identitycenter:InstanceArn":     person.InstanceARN,
		"identitycenter:ApplicationArn":  person.ApplicationARN,
		"identitycenter:CredentialId":    person.CredentialID,
	} {
		if value != "" {
			keys.Set(prefix+key, value)
		}
	}
}
