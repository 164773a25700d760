package creds

import (
	"context"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/policy"
	"sallyport/internal/store"
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

// Access gathers what the side of the caller says, read in the transaction: who the caller is to policies, the condition keys that each of
// the caller's requests has, identity policies, and what narrows them. Action and resource are for the one who asks.
type Access func(ctx context.Context, tx *store.Tx, caller api.Caller) (policy.Access, error)

// BySignature is the Access of callers who have no policies of their own.
func BySignature(_ context.Context, tx *store.Tx, caller api.Caller) (policy.Access, error) {
	return policy.Access{Request: policy.Request{Principal: Principal(caller.Signer), Context: conditionKeys(caller, tx.Now)}}, nil
}

// conditionKeys are those that every request of the caller has: the global ones, and those of the person whom an identity context names.
func conditionKeys(caller api.Caller, now time.Time) policy.Context {
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
