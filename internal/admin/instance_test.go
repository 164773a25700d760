package admin

import (
	"slices"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

func (b *bench) listInstances(caller api.Caller) (arns []string) {
	b.t.Helper()
	one := int64(1)
	for _, page := range pages(b.t, func(token string) ([]api.InstanceMetadata, string) {
		out := must(b, b.ListInstances, caller, api.ListInstancesRequest{MaxResults: &one, NextToken: token})
		return out.Instances, out.NextToken
	}) {
		for _, i := range page {
			arns = append(arns, i.InstanceARN)
		}
	}
	return arns
}

func TestAnAccountHasAnInstanceOfItsOwnBesidesTheOrganizations(t *testing.T) {
	b := newBench(t)
	own := b.newInstance(other)
	if got := b.listInstances(other); !slices.Equal(got, []string{homeARN, own}) {
		t.Errorf("the account sees %v", got)
	}
	for name, caller := range map[string]api.Caller{"the owner": owner, "a third account": third} {
		if got := b.listInstances(caller); !slices.Equal(got, []string{homeARN}) {
			t.Errorf("%s sees %v", name, got)
		}
		refused(b, b.DescribeInstance, caller, fault.AdminAccessDenied, api.DescribeInstanceRequest{InstanceARN: own})
		refused(b, b.DeleteInstance, caller, fault.AdminAccessDenied, api.DeleteInstanceRequest{InstanceARN: own})
	}
	got := must(b, b.DescribeInstance, other, api.DescribeInstanceRequest{InstanceARN: own})
	if got.OwnerAccountID != otherAccount || got.Name != "mine" || got.Status != "ACTIVE" || *got.PermissionSetsEnabled || got.IdentityStoreID != "d-1111111111" || got.CreatedDate == 0 {
		t.Errorf("described as %+v", *got)
	}
	refused(b, b.CreateInstance, other, fault.Conflict, api.CreateInstanceRequest{})
	must(b, b.UpdateInstance, other, api.UpdateInstanceRequest{InstanceARN: own, Name: "renamed"})
	if got := must(b, b.DescribeInstance, other, api.DescribeInstanceRequest{InstanceARN: own}).Name; got != "renamed" {
		t.Errorf("renamed to %q", got)
	}
	app := b.newApplication(other, own, "app")
	must(b, b.TagResource, other, api.TagResourceRequest{InstanceARN: own, ResourceARN: own, Tags: manyTags(1)})
	must(b, b.DeleteInstance, other, api.DeleteInstanceRequest{InstanceARN: own})
	refused(b, b.DescribeInstance, other, fault.AdminAccessDenied, api.DescribeInstanceRequest{InstanceARN: own})
	refused(b, b.DescribeApplication, other, fault.NotFound, api.DescribeApplicationRequest{ApplicationARN: app})
	if again := b.newInstance(other); again == own {
		t.Error("an id was given twice")
	}
}

func TestTheOrganizationInstanceStays(t *testing.T) {
	b := newBench(t)
	refused(b, b.DeleteInstance, owner, fault.AdminAccessDenied, api.DeleteInstanceRequest{InstanceARN: homeARN})
	refused(b, b.CreateInstance, owner, fault.Conflict, api.CreateInstanceRequest{})
	must(b, b.UpdateInstance, owner, api.UpdateInstanceRequest{InstanceARN: homeARN, Name: "renamed"})
	got := must(b, b.DescribeInstance, third, api.DescribeInstanceRequest{InstanceARN: homeARN})
	if got.Name != "renamed" || got.OwnerAccountID != ownerAccount || !*got.PermissionSetsEnabled || got.EncryptionConfigurationDetails.KeyType != awsOwnedKey {
		t.Errorf("described as %+v", *got)
	}
	refused(b, b.UpdateInstance, other, fault.AdminAccessDenied, api.UpdateInstanceRequest{InstanceARN: homeARN, Name: "theirs"})
}

func TestWhatAnInstanceCannotBeIsRefused(t *testing.T) {
	b := newBench(t)
	own := b.newInstance(other)
	yes, no := true, false
	ours := &api.EncryptionConfiguration{KeyType: awsOwnedKey}
	cases := []struct {
		name string
		in   api.UpdateInstanceRequest
		ok   bool
	}{
		{"permission sets on where they are on", api.UpdateInstanceRequest{InstanceARN: homeARN, PermissionSetsEnabled: &yes}, true},
		{"permission sets off", api.UpdateInstanceRequest{InstanceARN: homeARN, PermissionSetsEnabled: &no}, false},
		{"permission sets for one account", api.UpdateInstanceRequest{InstanceARN: own, PermissionSetsEnabled: &yes}, false},
		{"both at once", api.UpdateInstanceRequest{InstanceARN: homeARN, PermissionSetsEnabled: &yes, EncryptionConfiguration: ours}, false},
		{"the key that it has", api.UpdateInstanceRequest{InstanceARN: homeARN, EncryptionConfiguration: ours}, true},
		{"a key of the customer", api.UpdateInstanceRequest{InstanceARN: homeARN, EncryptionConfiguration: &api.EncryptionConfiguration{KeyType: customerManagedKey, KMSKeyARN: "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-4111-8111-111111111111"}}, false},
		{"a key of AWS with a name", api.UpdateInstanceRequest{InstanceARN: homeARN, EncryptionConfiguration: &api.EncryptionConfiguration{KeyType: awsOwnedKey, KMSKeyARN: "arn"}}, false},
	}
	for _, c := range cases {
		caller := owner
		if c.in.InstanceARN == own {
			caller = other
		}
		_, err := b.UpdateInstance(ctx, caller, &c.in)
		if refusal, refused := fault.As(err); refused == c.ok || refused && refusal.Kind != fault.Validation {
			t.Errorf("%s: %v, want ok %v", c.name, err, c.ok)
		}
	}
}
