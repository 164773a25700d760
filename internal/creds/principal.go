package creds

import (
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
		UserName: signer.UserName, Tags: signer.Tags, SourceIdentity: signer.SourceIdentity,
	}
	if signer.Kind == api.RoleSigner {
		p.Kind = policy.AssumedRole
	}
	return p
}
