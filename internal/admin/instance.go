package admin

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/page"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

const (
	// maxInstancePage is the longest list that the output of ListInstances may hold.
	maxInstancePage = 10

	// instanceActive is the state of every instance: one is made within its transaction.
	instanceActive = "ACTIVE"

	awsOwnedKey        = "AWS_OWNED_KMS_KEY"
	customerManagedKey = "CUSTOMER_MANAGED_KEY"
	encryptionEnabled  = "ENABLED"
)

// ListInstances lists what the caller's account can see: the organization instance, and its own.
func (s *Service) ListInstances(ctx context.Context, caller api.Caller, in *api.ListInstancesRequest) (*api.ListInstancesResponse, error) {
	operation := api.ListInstances.Operation
	p, err := s.openPage(caller, page.Request{Operation: operation, Size: in.MaxResults, Token: in.NextToken, Most: maxInstancePage})
	if err != nil {
		return nil, err
	}
	out := &api.ListInstancesResponse{}
	err = s.read(ctx, caller, operation, func(v *visit) error {
		instances := []instance{v.organization()}
		own, found, err := v.tx.AccountInstanceOf(v.account)
		if err != nil {
			return err
		}
		if found {
			instances = append(instances, ofAccount(own))
		}
		instances, out.NextToken = page.Slice(p, instances, instanceKey)
		out.Instances = make([]api.InstanceMetadata, len(instances))
		for n, i := range instances {
			out.Instances[n] = v.presentInstance(i)
		}
		return nil
	})
	return out, err
}

// instanceKey puts the organization instance first: many tools take the first they are given.
func instanceKey(i instance) []string {
	if i.Organization {
		return []string{"1", i.ID}
	}
	return []string{"2", i.ID}
}

func (v *visit) presentInstance(i instance) api.InstanceMetadata {
	primary := true
	return api.InstanceMetadata{
		InstanceARN: i.ARN(), IdentityStoreID: v.home.IdentityStoreID, OwnerAccountID: i.OwnerAccountID, Name: i.Name,
		CreatedDate: api.Timestamp(i.CreatedAt), Status: instanceActive, PrimaryRegion: v.home.Region,
		Regions: []api.RegionMetadata{{
			RegionName: v.home.Region, Status: instanceActive, AddedDate: api.Timestamp(i.CreatedAt), IsPrimaryRegion: &primary,
		}},
	}
}

// DescribeInstance describes an instance.
func (s *Service) DescribeInstance(ctx context.Context, caller api.Caller, in *api.DescribeInstanceRequest) (*api.DescribeInstanceResponse, error) {
	out := &api.DescribeInstanceResponse{}
	err := s.read(ctx, caller, api.DescribeInstance.Operation, func(v *visit) error {
		i, err := v.instance(in.InstanceARN)
		*out = api.DescribeInstanceResponse{
			InstanceARN: i.ARN(), IdentityStoreID: v.home.IdentityStoreID, OwnerAccountID: i.OwnerAccountID, Name: i.Name,
			CreatedDate: api.Timestamp(i.CreatedAt), Status: instanceActive, PermissionSetsEnabled: &i.Organization,
			EncryptionConfigurationDetails: &api.EncryptionConfigurationDetails{KeyType: awsOwnedKey, EncryptionStatus: encryptionEnabled},
		}
		return err
	})
	return out, err
}

// CreateInstance makes an instance for the caller's account. It is there at once, where AWS takes a while.
func (s *Service) CreateInstance(ctx context.Context, caller api.Caller, in *api.CreateInstanceRequest) (*api.CreateInstanceResponse, error) {
	out := &api.CreateInstanceResponse{}
	err := s.change(ctx, caller, api.CreateInstance.Operation, func(v *visit) (string, error) {
		return v.once(repeatable{in.ClientToken, in}, &out.InstanceARN, func() (string, error) { return v.createInstance(in) })
	})
	return out, err
}

func (v *visit) createInstance(in *api.CreateInstanceRequest) (string, error) {
	if v.account == v.home.OwnerAccountID {
		return "", fault.Conflict.Refuse("The account owns the organization instance, and an account can have one instance: use that one")
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return "", err
	}
	_, found, err := v.tx.AccountInstanceOf(v.account)
	if err != nil {
		return "", err
	}
	if found {
		return "", fault.Conflict.Refuse("The account has an instance already: use that one, or delete it first")
	}
	row := store.AccountInstance{InstanceID: rules.NewInstanceID(), AccountID: v.account, Name: in.Name}
	if err := v.tx.PutAccountInstance(row); err != nil {
		return "", err
	}
	return ofAccount(row).ARN(), v.tx.PutTags(row.InstanceID, tags)
}

// UpdateInstance changes the name of an instance. Permission sets are always on for the organization instance and never for others; the
// database is sealed with the installation's own key, and no other can be named.
func (s *Service) UpdateInstance(ctx context.Context, caller api.Caller, in *api.UpdateInstanceRequest) (*api.UpdateInstanceResponse, error) {
	if err := checkInstanceUpdate(in); err != nil {
		return nil, err
	}
	err := s.change(ctx, caller, api.UpdateInstance.Operation, func(v *visit) (string, error) {
		i, err := v.own(in.InstanceARN)
		switch {
		case err != nil:
			return "", err
		case in.PermissionSetsEnabled != nil && !i.Organization:
			return "", fault.Validation.Refuse("The instance of a single account cannot have permission sets: use the organization instance")
		case in.Name == "" || in.Name == i.Name:
			return "", nil
		case i.Organization:
			next := v.home
			next.Name = in.Name
			return i.ARN(), v.tx.PutInstance(next)
		}
		return i.ARN(), v.tx.PutAccountInstance(store.AccountInstance{InstanceID: i.ID, AccountID: i.OwnerAccountID, Name: in.Name})
	})
	return &api.UpdateInstanceResponse{}, err
}

func checkInstanceUpdate(in *api.UpdateInstanceRequest) error {
	encryption := in.EncryptionConfiguration
	switch {
	case in.PermissionSetsEnabled != nil && encryption != nil:
		return fault.Validation.Refuse("PermissionSetsEnabled and EncryptionConfiguration cannot be changed together: send two requests")
	case in.PermissionSetsEnabled != nil && !*in.PermissionSetsEnabled:
		return fault.Validation.Refuse("PermissionSetsEnabled can be turned on only: leave it out to keep it as it is")
	case encryption == nil:
		return nil
	case encryption.KeyType == customerManagedKey:
		return fault.Validation.Refuse("EncryptionConfiguration cannot name a customer managed key: this installation has no KMS and seals with its root key")
	case encryption.KMSKeyARN != "":
		return fault.Validation.Refuse("EncryptionConfiguration must not have a KmsKeyArn for the KeyType " + awsOwnedKey)
	}
	return nil
}

// DeleteInstance removes the instance of the caller's account with its applications and issuers, and ends their sessions.
func (s *Service) DeleteInstance(ctx context.Context, caller api.Caller, in *api.DeleteInstanceRequest) (*api.DeleteInstanceResponse, error) {
	err := s.change(ctx, caller, api.DeleteInstance.Operation, func(v *visit) (string, error) {
		i, err := v.instance(in.InstanceARN)
		if err != nil {
			return "", err
		}
		if i.Organization {
			return "", fault.AdminAccessDenied.Refuse("The organization instance cannot be deleted by an operation: to be rid of it, stop the server and remove its data folder")
		}
		return i.ARN(), v.tx.DeleteAccountInstance(i.ID)
	})
	return &api.DeleteInstanceResponse{}, err
}
