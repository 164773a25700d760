package admin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/rules"
)

// tags are the tags of one resource, keys to values.
type tags map[string]string

// newTags reads the tags of a resource to be made.
func newTags(given []api.Tag) (tags, error) {
	all := tags{}
	return all, all.add(given)
}

// add sets tags. Each key may be given once, and no reserved one.
func (t tags) add(given []api.Tag) error {
	seen := map[string]bool{}
	for n, tag := range given {
		switch {
		case seen[tag.Key]:
			return fault.Validation.Refuse(fmt.Sprintf("Tags number %d has a Key that stands there already", n+1))
		case rules.IsReservedTag(tag.Key):
			return fault.Validation.Refuse(fmt.Sprintf("Tags number %d has a Key that begins with %s, which is reserved", n+1, rules.ReservedTag))
		}
		seen[tag.Key] = true
		t[tag.Key] = tag.Value
	}
	if len(t) > rules.MaxTags {
		return errTooManyTags
	}
	return nil
}

// errTooManyTags is for the operations that set tags, all of which model it.
var errTooManyTags = fault.QuotaExceeded.Refuse(fmt.Sprintf("A resource can have %d tags: remove some with UntagResource", rules.MaxTags))

// list returns the tags by key.
func (t tags) list() []api.Tag {
	list := make([]api.Tag, 0, len(t))
	for _, key := range slices.Sorted(maps.Keys(t)) {
		list = append(list, api.Tag{Key: key, Value: t[key]})
	}
	return list
}

// resource is what tags hang on.
type resource struct{ id, arn, instanceID string }

// taggables are the kinds of resource that can have tags, by the word that begins the last part of their ARN.
var taggables = map[string]func(v *visit, text string) (resource, error){
	"instance": func(v *visit, text string) (resource, error) {
		i, err := v.own(text)
		return resource{i.ID, i.ARN(), i.ID}, err
	},
	"application": func(v *visit, text string) (resource, error) {
		a, err := v.application(text)
		return resource{a.ApplicationID, a.ARN(), a.InstanceID}, err
	},
	"trustedTokenIssuer": func(v *visit, text string) (resource, error) {
		issuer, err := v.ownIssuer(text)
		return resource{issuer.IssuerID, issuer.ARN(), issuer.InstanceID}, err
	},
	"permissionSet": (*visit).taggablePermissionSet,
}

// taggablePermissionSet finds the permission set that tags are asked for.
func (v *visit) taggablePermissionSet(text string) (resource, error) {
	name, err := arn.ParsePermissionSet(text)
	if err != nil || name.InstanceID != v.home.InstanceID {
		return resource{}, v.missing(noResource)
	}
	if err := v.mustOwn(v.organization()); err != nil {
		return resource{}, err
	}
	set, found, err := v.tx.PermissionSet(name.PermissionSetID)
	if err == nil && !found {
		err = v.missing(noResource)
	}
	return resource{set.PermissionSetID, name.String(), name.InstanceID}, err
}

// taggable finds the resource that a request names. An instance need not be named; one that is must be the resource's.
func (v *visit) taggable(instanceARN, text string) (resource, error) {
	name, err := arn.Parse(text)
	if err != nil {
		return resource{}, v.missing(noResource).Because("%v", err)
	}
	kind, _, _ := strings.Cut(name.Resource, "/")
	find := taggables[kind]
	if find == nil {
		return resource{}, v.missing(noResource)
	}
	r, err := find(v, text)
	if err != nil || instanceARN == "" {
		return r, err
	}
	if i, err := v.instance(instanceARN); err != nil || i.ID != r.instanceID {
		return r, v.missing(noInstance).Because("the resource belongs to instance %s", r.instanceID)
	}
	return r, nil
}

const noResource = "Could not find the resource: ResourceArn must name an instance, an application, a trusted token issuer or a permission set"

// changeTags runs an operation that changes the tags of a resource.
func (s *Service) changeTags(ctx context.Context, caller api.Caller, operation *api.Operation, instanceARN, resourceARN string, change func(tags) error) error {
	return s.change(ctx, caller, operation, func(v *visit) (string, error) {
		r, err := v.taggable(instanceARN, resourceARN)
		if err != nil {
			return "", err
		}
		present, err := v.tx.Tags(r.id)
		damaged := s.Store.NoteUnreadable(err) // and lost: what is set now takes its place
		if err != nil && !damaged {
			return "", err
		}
		next := tags{}
		maps.Copy(next, present)
		if err := change(next); err != nil || !damaged && maps.Equal(present, next) {
			return "", err
		}
		return r.arn, v.tx.PutTags(r.id, next)
	})
}

// TagResource sets tags of a resource, in place of those of the same keys.
func (s *Service) TagResource(ctx context.Context, caller api.Caller, in *api.TagResourceRequest) (*api.TagResourceResponse, error) {
	err := s.changeTags(ctx, caller, api.TagResource.Operation, in.InstanceARN, in.ResourceARN, func(t tags) error { return t.add(in.Tags) })
	return &api.TagResourceResponse{}, err
}

// UntagResource removes tags from a resource. A key that it does not have is ignored.
func (s *Service) UntagResource(ctx context.Context, caller api.Caller, in *api.UntagResourceRequest) (*api.UntagResourceResponse, error) {
	err := s.changeTags(ctx, caller, api.UntagResource.Operation, in.InstanceARN, in.ResourceARN, func(t tags) error {
		maps.DeleteFunc(t, func(key, _ string) bool { return slices.Contains(in.TagKeys, key) })
		return nil
	})
	return &api.UntagResourceResponse{}, err
}

// ListTagsForResource lists the tags of a resource, by key: so many as may be are one page.
func (s *Service) ListTagsForResource(ctx context.Context, caller api.Caller, in *api.ListTagsForResourceRequest) (*api.ListTagsForResourceResponse, error) {
	if in.NextToken != "" {
		return nil, badToken
	}
	out := &api.ListTagsForResourceResponse{}
	err := s.read(ctx, caller, api.ListTagsForResource.Operation, func(v *visit) error {
		r, err := v.taggable(in.InstanceARN, in.ResourceARN)
		if err != nil {
			return err
		}
		all, err := v.tx.Tags(r.id)
		out.Tags = tags(all).list()
		return err
	})
	return out, err
}
