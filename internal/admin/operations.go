package admin

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

// Handlers are the operations of the service.
func (s *Service) Handlers() []api.Handler {
	return append([]api.Handler{
		api.CreateApplication.Handle(s.CreateApplication),
		api.DescribeApplication.Handle(s.DescribeApplication),
		api.ListApplications.Handle(s.ListApplications),
		api.UpdateApplication.Handle(s.UpdateApplication),
		api.DeleteApplication.Handle(s.DeleteApplication),
		api.PutApplicationAssignmentConfiguration.Handle(s.PutApplicationAssignmentConfiguration),
		api.GetApplicationAssignmentConfiguration.Handle(s.GetApplicationAssignmentConfiguration),
		api.PutApplicationSessionConfiguration.Handle(s.PutApplicationSessionConfiguration),
		api.GetApplicationSessionConfiguration.Handle(s.GetApplicationSessionConfiguration),
		api.PutApplicationGrant.Handle(s.PutApplicationGrant),
		api.GetApplicationGrant.Handle(s.GetApplicationGrant),
		api.ListApplicationGrants.Handle(s.ListApplicationGrants),
		api.DeleteApplicationGrant.Handle(s.DeleteApplicationGrant),
		api.PutApplicationAuthenticationMethod.Handle(s.PutApplicationAuthenticationMethod),
		api.GetApplicationAuthenticationMethod.Handle(s.GetApplicationAuthenticationMethod),
		api.ListApplicationAuthenticationMethods.Handle(s.ListApplicationAuthenticationMethods),
		api.DeleteApplicationAuthenticationMethod.Handle(s.DeleteApplicationAuthenticationMethod),
		api.PutApplicationAccessScope.Handle(s.PutApplicationAccessScope),
		api.GetApplicationAccessScope.Handle(s.GetApplicationAccessScope),
		api.ListApplicationAccessScopes.Handle(s.ListApplicationAccessScopes),
		api.DeleteApplicationAccessScope.Handle(s.DeleteApplicationAccessScope),
		api.CreateApplicationAssignment.Handle(s.CreateApplicationAssignment),
		api.DescribeApplicationAssignment.Handle(s.DescribeApplicationAssignment),
		api.ListApplicationAssignments.Handle(s.ListApplicationAssignments),
		api.ListApplicationAssignmentsForPrincipal.Handle(s.ListApplicationAssignmentsForPrincipal),
		api.DeleteApplicationAssignment.Handle(s.DeleteApplicationAssignment),
		api.CreateTrustedTokenIssuer.Handle(s.CreateTrustedTokenIssuer),
		api.DescribeTrustedTokenIssuer.Handle(s.DescribeTrustedTokenIssuer),
		api.ListTrustedTokenIssuers.Handle(s.ListTrustedTokenIssuers),
		api.UpdateTrustedTokenIssuer.Handle(s.UpdateTrustedTokenIssuer),
		api.DeleteTrustedTokenIssuer.Handle(s.DeleteTrustedTokenIssuer),
		api.ListApplicationProviders.Handle(s.ListApplicationProviders),
		api.DescribeApplicationProvider.Handle(s.DescribeApplicationProvider),
		api.ListInstances.Handle(s.ListInstances),
		api.DescribeInstance.Handle(s.DescribeInstance),
		api.CreateInstance.Handle(s.CreateInstance),
		api.UpdateInstance.Handle(s.UpdateInstance),
		api.DeleteInstance.Handle(s.DeleteInstance),
		api.TagResource.Handle(s.TagResource),
		api.UntagResource.Handle(s.UntagResource),
		api.ListTagsForResource.Handle(s.ListTagsForResource),
		api.CreatePermissionSet.Handle(s.CreatePermissionSet),
		api.DescribePermissionSet.Handle(s.DescribePermissionSet),
		api.ListPermissionSets.Handle(s.ListPermissionSets),
		api.UpdatePermissionSet.Handle(s.UpdatePermissionSet),
		api.DeletePermissionSet.Handle(s.DeletePermissionSet),
		api.PutInlinePolicyToPermissionSet.Handle(s.PutInlinePolicyToPermissionSet),
		api.GetInlinePolicyForPermissionSet.Handle(s.GetInlinePolicyForPermissionSet),
		api.DeleteInlinePolicyFromPermissionSet.Handle(s.DeleteInlinePolicyFromPermissionSet),
		api.AttachManagedPolicyToPermissionSet.Handle(s.AttachManagedPolicyToPermissionSet),
		api.DetachManagedPolicyFromPermissionSet.Handle(s.DetachManagedPolicyFromPermissionSet),
		api.ListManagedPoliciesInPermissionSet.Handle(s.ListManagedPoliciesInPermissionSet),
		api.AttachCustomerManagedPolicyReferenceToPermissionSet.Handle(s.AttachCustomerManagedPolicyReferenceToPermissionSet),
		api.DetachCustomerManagedPolicyReferenceFromPermissionSet.Handle(s.DetachCustomerManagedPolicyReferenceFromPermissionSet),
		api.ListCustomerManagedPolicyReferencesInPermissionSet.Handle(s.ListCustomerManagedPolicyReferencesInPermissionSet),
		api.PutPermissionsBoundaryToPermissionSet.Handle(s.PutPermissionsBoundaryToPermissionSet),
		api.GetPermissionsBoundaryForPermissionSet.Handle(s.GetPermissionsBoundaryForPermissionSet),
		api.DeletePermissionsBoundaryFromPermissionSet.Handle(s.DeletePermissionsBoundaryFromPermissionSet),
		api.CreateAccountAssignment.Handle(s.CreateAccountAssignment),
		api.DescribeAccountAssignmentCreationStatus.Handle(s.DescribeAccountAssignmentCreationStatus),
		api.ListAccountAssignmentCreationStatus.Handle(s.ListAccountAssignmentCreationStatus),
		api.DeleteAccountAssignment.Handle(s.DeleteAccountAssignment),
		api.DescribeAccountAssignmentDeletionStatus.Handle(s.DescribeAccountAssignmentDeletionStatus),
		api.ListAccountAssignmentDeletionStatus.Handle(s.ListAccountAssignmentDeletionStatus),
		api.ListAccountAssignments.Handle(s.ListAccountAssignments),
		api.ListAccountAssignmentsForPrincipal.Handle(s.ListAccountAssignmentsForPrincipal),
		api.ProvisionPermissionSet.Handle(s.ProvisionPermissionSet),
		api.DescribePermissionSetProvisioningStatus.Handle(s.DescribePermissionSetProvisioningStatus),
		api.ListPermissionSetProvisioningStatus.Handle(s.ListPermissionSetProvisioningStatus),
		api.ListPermissionSetsProvisionedToAccount.Handle(s.ListPermissionSetsProvisionedToAccount),
		api.ListAccountsForProvisionedPermissionSet.Handle(s.ListAccountsForProvisionedPermissionSet),
	}, notOffered...)
}

const (
	oneRegion    = "This installation serves one Region and cannot have others: run one installation for each Region"
	noAttributes = "Attributes for access control are not offered: use tags of the session, which AssumeRole takes, in your policies"
)

// notOffered are the operations that are known and not answered otherwise. docs/divergences.md has them.
var notOffered = []api.Handler{
	refuse(api.AddRegion, oneRegion),
	refuse(api.DescribeRegion, oneRegion),
	refuse(api.ListRegions, oneRegion),
	refuse(api.RemoveRegion, oneRegion),
	refuse(api.CreateInstanceAccessControlAttributeConfiguration, noAttributes),
	refuse(api.DescribeInstanceAccessControlAttributeConfiguration, noAttributes),
	refuse(api.UpdateInstanceAccessControlAttributeConfiguration, noAttributes),
	refuse(api.DeleteInstanceAccessControlAttributeConfiguration, noAttributes),
}

func refuse[I, O any](operation api.Op[I, O], sentence string) api.Handler {
	return operation.Handle(func(context.Context, api.Caller, *I) (*O, error) { return nil, fault.Validation.Refuse(sentence) })
}
