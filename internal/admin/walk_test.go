package admin

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

// A walk over what hangs on the applications of two instances, held against maps: whatever is put, taken and deleted, in whatever order,
// each application has what the reference has and no other one is touched.

// reference is what one application should have.
type reference struct {
	owner    api.Caller
	scopes   map[string][]string
	grants   map[string]string // type to settings
	assigned map[string]bool   // type and id of the principal
	tags     map[string]string
}

func newReference(caller api.Caller) *reference {
	return &reference{caller, map[string][]string{}, map[string]string{}, map[string]bool{}, map[string]string{}}
}

func (r *reference) equals(other *reference) bool {
	return maps.EqualFunc(r.scopes, other.scopes, slices.Equal) && maps.Equal(r.grants, other.grants) &&
		maps.Equal(r.assigned, other.assigned) && maps.Equal(r.tags, other.tags)
}

type walk struct {
	b            *bench
	instances    map[string]api.Caller // ARN to who owns it
	applications map[string]*reference
}

func TestWhateverHappensAnApplicationHasWhatItWasGiven(t *testing.T) {
	b := newBench(t)
	instances := map[string]api.Caller{homeARN: owner, b.newInstance(other): other}
	rapid.Check(t, func(r *rapid.T) {
		w := &walk{b, instances, map[string]*reference{}}
		r.Repeat(rapid.StateMachineActions(w))
		for app, have := range w.applications {
			must(b, b.DeleteApplication, have.owner, api.DeleteApplicationRequest{ApplicationARN: app})
		}
	})
}

// one picks an application, of which there always is one.
func (w *walk) one(r *rapid.T) (string, *reference) {
	if len(w.applications) == 0 {
		w.Create(r)
	}
	app := rapid.SampledFrom(slices.Sorted(maps.Keys(w.applications))).Draw(r, "application")
	return app, w.applications[app]
}

// stand fails unless a call went as the reference says.
func stand(r *rapid.T, err error, want *fault.Kind) {
	refusal, isRefusal := fault.As(err)
	if want == nil && err != nil || want != nil && (!isRefusal || refusal.Kind != want) {
		r.Fatalf("%v, want %v", err, want)
	}
}

// found is how a thing is taken that may not be there.
func found(there bool) *fault.Kind {
	if there {
		return nil
	}
	return fault.NotFound
}

var (
	drawScope     = rapid.SampledFrom([]string{"a", "a:b", "c"})
	drawTag       = rapid.SampledFrom([]string{"k", "K", "l"})
	drawPrincipal = rapid.SampledFrom([]api.CreateApplicationAssignmentRequest{
		assign("", "USER", alice), assign("", "USER", bob), assign("", "GROUP", builders),
	})
	drawGrant = rapid.SampledFrom([]api.GrantItem{
		{GrantType: typeCode, Grant: codeGrant("https://a.example/")}, {GrantType: typeCode, Grant: codeGrant("https://b.example/")},
		{GrantType: typeRefresh, Grant: api.Grant{RefreshToken: &api.RefreshTokenGrant{}}},
		{GrantType: typeExchange, Grant: api.Grant{TokenExchange: &api.TokenExchangeGrant{}}},
	})
)

func (w *walk) Create(r *rapid.T) {
	instance := rapid.SampledFrom(slices.Sorted(maps.Keys(w.instances))).Draw(r, "instance")
	caller := w.instances[instance]
	w.applications[w.b.newApplication(caller, instance, "app")] = newReference(caller)
}

func (w *walk) Delete(r *rapid.T) {
	app, have := w.one(r)
	must(w.b, w.b.DeleteApplication, have.owner, api.DeleteApplicationRequest{ApplicationARN: app})
	delete(w.applications, app)
}

func (w *walk) PutScope(r *rapid.T) {
	app, have := w.one(r)
	in := api.PutApplicationAccessScopeRequest{ApplicationARN: app, Scope: drawScope.Draw(r, "scope")}
	if rapid.Bool().Draw(r, "targets") {
		in.AuthorizedTargets = []string{app}
	}
	must(w.b, w.b.PutApplicationAccessScope, have.owner, in)
	have.scopes[in.Scope] = in.AuthorizedTargets
}

func (w *walk) DeleteScope(r *rapid.T) {
	app, have := w.one(r)
	in := api.DeleteApplicationAccessScopeRequest{ApplicationARN: app, Scope: drawScope.Draw(r, "scope")}
	_, there := have.scopes[in.Scope]
	_, err := w.b.DeleteApplicationAccessScope(ctx, have.owner, &in)
	stand(r, err, found(there))
	delete(have.scopes, in.Scope)
}

// settings tells the settings of grants apart.
func settings(g api.Grant) string { return store.NewApplicationGrant("", "", g).Document }

func (w *walk) PutGrant(r *rapid.T) {
	app, have := w.one(r)
	grant := drawGrant.Draw(r, "grant")
	must(w.b, w.b.PutApplicationGrant, have.owner, api.PutApplicationGrantRequest{ApplicationARN: app, GrantType: grant.GrantType, Grant: grant.Grant})
	have.grants[grant.GrantType] = settings(grant.Grant)
}

func (w *walk) DeleteGrant(r *rapid.T) {
	app, have := w.one(r)
	in := api.DeleteApplicationGrantRequest{ApplicationARN: app, GrantType: drawGrant.Draw(r, "grant").GrantType}
	_, there := have.grants[in.GrantType]
	_, err := w.b.DeleteApplicationGrant(ctx, have.owner, &in)
	stand(r, err, found(there))
	delete(have.grants, in.GrantType)
}

func (w *walk) Assign(r *rapid.T) {
	app, have := w.one(r)
	in := drawPrincipal.Draw(r, "principal")
	in.ApplicationARN = app
	who := in.PrincipalType + in.PrincipalID
	_, err := w.b.CreateApplicationAssignment(ctx, have.owner, &in)
	if have.assigned[who] {
		stand(r, err, fault.Conflict)
	} else {
		stand(r, err, nil)
	}
	have.assigned[who] = true
}

func (w *walk) Unassign(r *rapid.T) {
	app, have := w.one(r)
	in := api.DeleteApplicationAssignmentRequest(drawPrincipal.Draw(r, "principal"))
	in.ApplicationARN = app
	who := in.PrincipalType + in.PrincipalID
	_, err := w.b.DeleteApplicationAssignment(ctx, have.owner, &in)
	stand(r, err, found(have.assigned[who]))
	delete(have.assigned, who)
}

func (w *walk) Tag(r *rapid.T) {
	app, have := w.one(r)
	tag := api.Tag{Key: drawTag.Draw(r, "key"), Value: rapid.SampledFrom([]string{"", "v"}).Draw(r, "value")}
	must(w.b, w.b.TagResource, have.owner, api.TagResourceRequest{ResourceARN: app, Tags: []api.Tag{tag}})
	have.tags[tag.Key] = tag.Value
}

func (w *walk) Untag(r *rapid.T) {
	app, have := w.one(r)
	key := drawTag.Draw(r, "key")
	must(w.b, w.b.UntagResource, have.owner, api.UntagResourceRequest{ResourceARN: app, TagKeys: []string{key}})
	delete(have.tags, key)
}

// Check holds what the lists say against the reference, after each step.
func (w *walk) Check(r *rapid.T) {
	for instance, caller := range w.instances {
		var got, want []string
		for _, a := range must(w.b, w.b.ListApplications, caller, api.ListApplicationsRequest{InstanceARN: instance}).Applications {
			got = append(got, a.ApplicationARN)
		}
		for app, have := range w.applications {
			if have.owner.Signer == caller.Signer {
				want = append(want, app)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			r.Fatalf("%s has %v, want %v", instance, got, want)
		}
	}
	for app, have := range w.applications {
		if got := w.b.seen(app, have.owner); !got.equals(have) {
			r.Fatalf("%s has %+v, want %+v", app, got, have)
		}
	}
}

// seen is what the lists say that the application has.
func (b *bench) seen(app string, caller api.Caller) *reference {
	b.t.Helper()
	have := newReference(caller)
	for _, s := range must(b, b.ListApplicationAccessScopes, caller, api.ListApplicationAccessScopesRequest{ApplicationARN: app}).Scopes {
		have.scopes[s.Scope] = s.AuthorizedTargets
	}
	for _, g := range must(b, b.ListApplicationGrants, caller, api.ListApplicationGrantsRequest{ApplicationARN: app}).Grants {
		have.grants[g.GrantType] = settings(g.Grant)
	}
	for _, a := range must(b, b.ListApplicationAssignments, caller, api.ListApplicationAssignmentsRequest{ApplicationARN: app}).ApplicationAssignments {
		have.assigned[a.PrincipalType+a.PrincipalID] = true
	}
	for _, tag := range must(b, b.ListTagsForResource, caller, api.ListTagsForResourceRequest{ResourceARN: app}).Tags {
		have.tags[tag.Key] = tag.Value
	}
	return have
}
