package admin

import (
	"fmt"
	"slices"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

func manyTags(n int) (tags []api.Tag) {
	for i := range n {
		tags = append(tags, api.Tag{Key: fmt.Sprintf("key-%02d", i), Value: "v"})
	}
	return tags
}

func TestEveryKindOfResourceHasTags(t *testing.T) {
	b := newBench(t)
	b.Update(func(tx *store.Tx) error {
		return tx.PutPermissionSet(store.PermissionSet{PermissionSetID: "ps-1111111111111111", Name: "Admin"})
	})
	for _, name := range []string{
		homeARN, b.newApplication(owner, homeARN, "app"), b.newIssuer(owner, homeARN, "idp"), "arn:aws:sso:::permissionSet/" + homeInstance + "/ps-1111111111111111",
	} {
		tags := func() []api.Tag {
			return must(b, b.ListTagsForResource, owner, api.ListTagsForResourceRequest{ResourceARN: name, InstanceARN: homeARN}).Tags
		}
		if got := tags(); got == nil || len(got) != 0 {
			t.Errorf("%s begins with %v", name, got)
		}
		must(b, b.TagResource, owner, api.TagResourceRequest{ResourceARN: name, Tags: []api.Tag{{Key: "b", Value: "1"}, {Key: "a", Value: ""}}})
		must(b, b.TagResource, owner, api.TagResourceRequest{ResourceARN: name, Tags: []api.Tag{{Key: "b", Value: "2"}, {Key: "c", Value: "3"}}})
		must(b, b.UntagResource, owner, api.UntagResourceRequest{ResourceARN: name, TagKeys: []string{"c", "none"}})
		if got := tags(); !slices.Equal(got, []api.Tag{{Key: "a", Value: ""}, {Key: "b", Value: "2"}}) {
			t.Errorf("%s has %v", name, got)
		}
	}
}

func TestTagsBeyondTheRulesAreRefused(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	must(b, b.TagResource, owner, api.TagResourceRequest{ResourceARN: app, Tags: manyTags(rules.MaxTags)})
	must(b, b.TagResource, owner, api.TagResourceRequest{ResourceARN: app, Tags: manyTags(1)}) // one that it has
	for _, c := range []struct {
		name string
		in   api.TagResourceRequest
		kind *fault.Kind
	}{
		{"one more than may be", api.TagResourceRequest{Tags: []api.Tag{{Key: "more"}}}, fault.QuotaExceeded},
		{"a reserved key", api.TagResourceRequest{Tags: []api.Tag{{Key: "Aws:x"}}}, fault.Validation},
		{"a key twice", api.TagResourceRequest{Tags: []api.Tag{{Key: "key-00"}, {Key: "key-00"}}}, fault.Validation},
		{"another instance for the resource", api.TagResourceRequest{InstanceARN: "arn:aws:sso:::instance/ssoins-9999999999999999", Tags: manyTags(1)}, fault.NotFound},
	} {
		c.in.ResourceARN = app
		if _, err := b.TagResource(ctx, owner, &c.in); err == nil {
			t.Errorf("%s was accepted", c.name)
		} else if refusal, ok := fault.As(err); !ok || refusal.Kind != c.kind {
			t.Errorf("%s: %v, want %s", c.name, err, c.kind.Name)
		}
	}
	if got := must(b, b.ListTagsForResource, owner, api.ListTagsForResourceRequest{ResourceARN: app}).Tags; !slices.Equal(got, manyTags(rules.MaxTags)) {
		t.Errorf("left are %v", got)
	}
	refused(b, b.TagResource, other, fault.AdminAccessDenied, api.TagResourceRequest{ResourceARN: homeARN, Tags: manyTags(1)})
}

func TestTagsOfADeletedResourceAreGone(t *testing.T) {
	b := newBench(t)
	app, issuer := b.newApplication(owner, homeARN, "app"), b.newIssuer(owner, homeARN, "idp")
	for _, name := range []string{app, issuer} {
		must(b, b.TagResource, owner, api.TagResourceRequest{ResourceARN: name, Tags: manyTags(2)})
	}
	must(b, b.DeleteApplication, owner, api.DeleteApplicationRequest{ApplicationARN: app})
	must(b, b.DeleteTrustedTokenIssuer, owner, api.DeleteTrustedTokenIssuerRequest{TrustedTokenIssuerARN: issuer})
	if got := b.Rows("resource_tags"); got != 0 {
		t.Errorf("%d resources have tags still", got)
	}
}
