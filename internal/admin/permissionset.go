package admin

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/page"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

const (
	// defaultSessionDuration is what a permission set has that names none, as on AWS.
	defaultSessionDuration = "PT1H"
)

// permissionSet finds a permission set of the organization instance for its owner.
func (v *visit) permissionSet(instanceARN, text string) (store.PermissionSet, error) {
	i, err := v.withPermissionSets(instanceARN)
	if err != nil {
		return store.PermissionSet{}, err
	}
	name, err := arn.ParsePermissionSet(text)
	if err != nil {
		return store.PermissionSet{}, v.missing("Could not find the permission set: list those of the instance with ListPermissionSets").Because("%v", err)
	}
	missing := v.missing("Could not find PermissionSet with id " + name.PermissionSetID + ": list those of the instance with ListPermissionSets")
	if name.InstanceID != i.ID {
		return store.PermissionSet{}, missing.Because("its ARN is of instance %s", name.InstanceID)
	}
	set, found, err := v.tx.PermissionSet(name.PermissionSetID)
	if err == nil && !found {
		err = missing
	}
	return set, err
}

func (v *visit) permissionSetARN(permissionSetID string) string {
	return arn.PermissionSet{InstanceID: v.home.InstanceID, PermissionSetID: permissionSetID}.String()
}

// readPermissionSet runs an operation that tells something about a permission set.
func (s *Service) readPermissionSet(ctx context.Context, caller api.Caller, operation *api.Operation, instanceARN, text string, fn func(*visit, store.PermissionSet) error) error {
	return s.read(ctx, caller, operation, func(v *visit) error {
		set, err := v.permissionSet(instanceARN, text)
		if err != nil {
			return err
		}
		return fn(v, set)
	})
}

// changePermissionSet runs an operation that changes a permission set, unless fn finds nothing to change.
func (s *Service) changePermissionSet(ctx context.Context, caller api.Caller, operation *api.Operation, instanceARN, text string, fn func(*visit, store.PermissionSet) (changed bool, err error)) error {
	return s.change(ctx, caller, operation, func(v *visit) (string, error) {
		set, err := v.permissionSet(instanceARN, text)
		if err != nil {
			return "", err
		}
		changed, err := fn(v, set)
		if err != nil || !changed {
			return "", err
		}
		return v.permissionSetARN(set.PermissionSetID), nil
	})
}

// presentSet shows a permission set as the operations do. The duration is the text that was given, because tools compare it with theirs.
func (v *visit) presentSet(set store.PermissionSet) *api.PermissionSet {
	return &api.PermissionSet{
		Name: set.Name, PermissionSetARN: v.permissionSetARN(set.PermissionSetID), Description: set.Description,
		CreatedDate: api.Timestamp(set.CreatedAt), SessionDuration: set.SessionDuration, RelayState: set.RelayState,
	}
}

// CreatePermissionSet makes a permission set.
func (s *Service) CreatePermissionSet(ctx context.Context, caller api.Caller, in *api.CreatePermissionSetRequest) (*api.CreatePermissionSetResponse, error) {
	out := &api.CreatePermissionSetResponse{}
	err := s.change(ctx, caller, api.CreatePermissionSet.Operation, func(v *visit) (string, error) {
		if _, err := v.withPermissionSets(in.InstanceARN); err != nil {
			return "", err
		}
		set, err := v.createPermissionSet(in)
		if err != nil {
			return "", err
		}
		out.PermissionSet = v.presentSet(set)
		return out.PermissionSet.PermissionSetARN, nil
	})
	return out, err
}

func (v *visit) createPermissionSet(in *api.CreatePermissionSetRequest) (store.PermissionSet, error) {
	set := store.PermissionSet{
		PermissionSetID: rules.NewPermissionSetID(), Name: in.Name, Description: in.Description, RelayState: in.RelayState,
		SessionDuration: cmp.Or(in.SessionDuration, defaultSessionDuration), CreatedAt: v.tx.Millis(),
	}
	if err := checkPermissionSet(&set); err != nil {
		return set, err
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return set, err
	}
	count, err := v.tx.CountPermissionSets()
	if err != nil {
		return set, err
	}
	if count >= rules.MaxPermissionSets {
		return set, v.tooMany(fmt.Sprintf("An instance can have %d permission sets: delete those that nobody is assigned", rules.MaxPermissionSets))
	}
	added, err := v.tx.AddPermissionSet(set)
	if err == nil && !added {
		err = fault.Conflict.Refuse("PermissionSet with name " + set.Name + " already exists.")
	}
	if err != nil {
		return set, err
	}
	return set, v.tx.PutTags(set.PermissionSetID, tags)
}

// checkPermissionSet checks what the model's patterns leave open and works out the seconds of the duration.
func checkPermissionSet(set *store.PermissionSet) (err error) {
	if set.SessionDurationS, err = sessionSeconds(set.SessionDuration); err != nil {
		return err
	}
	return checkRelayState(set.RelayState)
}

// sessionSeconds reads the duration of a session.
func sessionSeconds(text string) (int64, error) {
	seconds, ok := rules.SessionSeconds(text)
	if !ok {
		return 0, fault.Validation.Refuse("SessionDuration must be " + rules.SessionWords)
	}
	return seconds, nil
}

// checkRelayState takes addresses that a browser may be sent to after it signed in: the model's pattern would let in javascript: and
// addresses that two readers read differently.
func checkRelayState(text string) error {
	if text == "" {
		return nil
	}
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "https" || address.Host == "" || address.User != nil || strings.ContainsAny(text, `\ `) {
		return fault.Validation.Refuse("RelayState must be an absolute URL that begins with https:// and has no user name, blanks or backslashes")
	}
	return nil
}

// DescribePermissionSet tells what a permission set is.
func (s *Service) DescribePermissionSet(ctx context.Context, caller api.Caller, in *api.DescribePermissionSetRequest) (*api.DescribePermissionSetResponse, error) {
	out := &api.DescribePermissionSetResponse{}
	err := s.readPermissionSet(ctx, caller, api.DescribePermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) error {
		out.PermissionSet = v.presentSet(set)
		return nil
	})
	return out, err
}

// ListPermissionSets lists the permission sets of the organization instance, by id.
func (s *Service) ListPermissionSets(ctx context.Context, caller api.Caller, in *api.ListPermissionSetsRequest) (*api.ListPermissionSetsResponse, error) {
	operation := api.ListPermissionSets.Operation
	p, err := s.openPage(caller, page.Request{Operation: operation, Size: in.MaxResults, Token: in.NextToken, Of: []string{in.InstanceARN}})
	if err != nil {
		return nil, err
	}
	out := &api.ListPermissionSetsResponse{}
	err = s.read(ctx, caller, operation, func(v *visit) error {
		if _, err := v.withPermissionSets(in.InstanceARN); err != nil {
			return err
		}
		ids, err := v.tx.PermissionSetIDs(p.At(0), p.Limit+1)
		if err != nil {
			return err
		}
		ids, out.NextToken = page.Cut(p, ids, itself)
		out.PermissionSets = v.permissionSetARNs(ids)
		return nil
	})
	return out, err
}

// itself is the key of rows that are their own.
func itself(id string) []string { return []string{id} }

func (v *visit) permissionSetARNs(ids []string) []string {
	arns := make([]string, len(ids))
	for n, id := range ids {
		arns[n] = v.permissionSetARN(id)
	}
	return arns
}

// UpdatePermissionSet changes a permission set but for its name. As on AWS a RelayState that is not sent is taken away; a description or a
// duration that is not sent stays.
func (s *Service) UpdatePermissionSet(ctx context.Context, caller api.Caller, in *api.UpdatePermissionSetRequest) (*api.UpdatePermissionSetResponse, error) {
	err := s.changePermissionSet(ctx, caller, api.UpdatePermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) (bool, error) {
		next := set
		next.Description = cmp.Or(in.Description, set.Description)
		next.RelayState = in.RelayState
		if in.SessionDuration != "" {
			next.SessionDuration = in.SessionDuration
			var err error
			if next.SessionDurationS, err = sessionSeconds(in.SessionDuration); err != nil {
				return false, err
			}
		}
		if err := checkRelayState(next.RelayState); err != nil || next == set {
			return false, err
		}
		return true, v.tx.PutPermissionSet(next)
	})
	return &api.UpdatePermissionSetResponse{}, err
}

// DeletePermissionSet removes a permission set that nobody is assigned in any account.
func (s *Service) DeletePermissionSet(ctx context.Context, caller api.Caller, in *api.DeletePermissionSetRequest) (*api.DeletePermissionSetResponse, error) {
	err := s.changePermissionSet(ctx, caller, api.DeletePermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) (bool, error) {
		if err := v.tx.SettleOperations(); err != nil {
			return false, err
		}
		assigned, err := v.tx.Assigned(set.PermissionSetID)
		if err == nil && assigned {
			err = fault.Conflict.Refuse("Could not delete PermissionSet with id " + set.PermissionSetID +
				" because it is assigned: delete its account assignments first, and wait until they are gone")
		}
		if err != nil {
			return false, err
		}
		return true, v.tx.DeletePermissionSet(set.PermissionSetID)
	})
	return &api.DeletePermissionSetResponse{}, err
}
