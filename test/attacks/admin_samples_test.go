package attacks

import (
	"strings"

	"sallyport/internal/api"
)

// names are what the members of inputs that name something hold.
type names struct {
	instance, identityStore, application, issuer, permissionSet, user, group, account string
	resource                                                                          string // for tags
	membership, assignment                                                            string // ids that need not be there
}

// names are those of the instance of this server. What an entry has not made is not there.
func (w *world) names() names {
	instance := strings.TrimPrefix(w.server.InstanceARN, "arn:aws:sso:::instance/")
	return names{
		instance: w.server.InstanceARN, identityStore: w.server.IdentityStoreID, account: owner,
		application:   "arn:aws:sso::" + owner + ":application/" + instance + "/apl-" + strings.Repeat("0", 16),
		issuer:        "arn:aws:sso::" + owner + ":trustedTokenIssuer/" + instance + "/tti-" + noUUID,
		permissionSet: "arn:aws:sso:::permissionSet/" + instance + "/ps-" + strings.Repeat("0", 16),
		resource:      w.server.InstanceARN, user: noUUID, group: noUUID, membership: noUUID, assignment: noUUID,
	}
}

const noUUID = "00000000-0000-4000-8000-000000000000"

// sampleOf is an input of the operation that its model has nothing against: every required member, and those that name something.
func sampleOf(operation *api.Operation, n names) members {
	in := members{}
	operation.Service.Answered() // has the model of every operation read
	for _, m := range operation.Input.Members {
		if value := n.sample(operation.Name, m); value != nil {
			in[m.Name] = value
		}
	}
	return in
}

// sample is a value of a member, nil for one that may be left out.
func (n names) sample(operation string, m *api.Member) any {
	statement := members{"Effect": "Allow", "Principal": members{"AWS": "arn:aws:iam::" + n.account + ":root"}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}
	samples := map[string]any{
		"InstanceArn": n.instance, "IdentityStoreId": n.identityStore, "ApplicationArn": n.application, "TrustedTokenIssuerArn": n.issuer, "PermissionSetArn": n.permissionSet,
		"ResourceArn": n.resource, "UserId": n.user, "GroupId": n.group, "MembershipId": n.membership, "MemberId": members{"UserId": n.user}, "GroupIds": []string{n.group},
		"AlternateIdentifier": members{"UniqueAttribute": members{"AttributePath": map[bool]string{true: "userName", false: "displayName"}[operation == "GetUserId"], "AttributeValue": "alice"}},
		"Operations":          []members{{"AttributePath": "displayName", "AttributeValue": "changed"}},
		"TargetId":            n.account, "AccountId": n.account, "TargetType": "AWS_ACCOUNT", "PrincipalType": "USER", "PrincipalId": n.user,
		"AccountAssignmentCreationRequestId": n.assignment, "AccountAssignmentDeletionRequestId": n.assignment, "ProvisionPermissionSetRequestId": n.assignment,
		"ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom", "Name": "sample", "Scope": "sample:read", "AuthenticationMethodType": "IAM",
		"GrantType": "refresh_token", "Grant": members{"RefreshToken": members{}}, "AssignmentRequired": true,
		"AuthenticationMethod": members{"Iam": members{"ActorPolicy": members{"Version": "2012-10-17", "Statement": []members{statement}}}},
		"RegionName":           "eu-west-1", "InstanceAccessControlAttributeConfiguration": members{"AccessControlAttributes": []members{}},
		"Tags": []members{{"Key": "sample", "Value": "sample"}}, "TagKeys": []string{"sample"}, "InlinePolicy": allow("s3:*"),
		"ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "CustomerManagedPolicyReference": members{"Name": "sample", "Path": "/"},
		"PermissionsBoundary": members{"ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, "TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": members{"OidcJwtConfiguration": members{
			"IssuerUrl": "https://issuer.example.test", "ClaimAttributePath": "email", "IdentityStoreAttributePath": "emails.value", "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
		}},
		"RoleArn": "arn:aws:iam::" + n.account + ":role/sample", "RoleSessionName": "sample", "AccessKeyId": "AKIA" + strings.Repeat("Z", 16), "EncodedMessage": "sample",
		"clientId": n.application, "grantType": "refresh_token",
	}
	switch {
	case m.Required, m.Name == "PermissionSetArn", m.Name == "InstanceArn", m.Name == "TargetId" && operation == "ProvisionPermissionSet":
		return samples[m.Name]
	case operation == "UpdateTrustedTokenIssuer" && m.Name == "Name", operation == "UpdateApplication" && m.Name == "Name", operation == "UpdateInstance" && m.Name == "Name",
		operation == "CreateInstance" && m.Name == "Name":
		return samples[m.Name]
	case operation == "CreateGroup" && m.Name == "DisplayName":
		return "sample"
	case operation == "CreateUser" && m.Name == "UserName", operation == "CreateUser" && m.Name == "DisplayName":
		return "sample"
	case operation == "CreateUser" && m.Name == "Name":
		return members{"GivenName": "A", "FamilyName": "B"}
	case operation == "PutApplicationSessionConfiguration" && m.Name == "UserBackgroundSessionApplicationStatus":
		return "ENABLED"
	case operation == "UpdatePermissionSet" && m.Name == "Description":
		return "sample"
	}
	return nil
}
