package admin

import (
	"fmt"
	"slices"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

func assign(app, kind, id string) api.CreateApplicationAssignmentRequest {
	return api.CreateApplicationAssignmentRequest{ApplicationARN: app, PrincipalType: kind, PrincipalID: id}
}

func TestAnAssignmentStandsUntilItIsTaken(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	for _, in := range []api.CreateApplicationAssignmentRequest{assign(app, "USER", alice), assign(app, "GROUP", builders)} {
		describe, remove := api.DescribeApplicationAssignmentRequest(in), api.DeleteApplicationAssignmentRequest(in)
		refused(b, b.DescribeApplicationAssignment, owner, fault.NotFound, describe)
		must(b, b.CreateApplicationAssignment, owner, in)
		refused(b, b.CreateApplicationAssignment, owner, fault.Conflict, in)
		if got := must(b, b.DescribeApplicationAssignment, owner, describe); *got != (api.DescribeApplicationAssignmentResponse{PrincipalType: in.PrincipalType, PrincipalID: in.PrincipalID, ApplicationARN: app}) {
			t.Errorf("described as %+v", *got)
		}
		must(b, b.DeleteApplicationAssignment, owner, remove)
		refused(b, b.DeleteApplicationAssignment, owner, fault.NotFound, remove)
	}
}

func TestAPrincipalThatTheDirectoryDoesNotHaveCannotBeAssigned(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	for _, in := range []api.CreateApplicationAssignmentRequest{
		assign(app, "USER", "90670000-0000-4000-8000-0000000000ff"), assign(app, "USER", builders), assign(app, "GROUP", alice),
	} {
		refused(b, b.CreateApplicationAssignment, owner, fault.NotFound, in)
	}
}

// prefixed turns a number into an id that sorts like it.
func prefixed(n int) string { return fmt.Sprintf("90670000-0000-4000-8000-%012d", n) }

func TestListedAssignmentsComeInPagesAndEachOnce(t *testing.T) {
	b := newBench(t)
	app, another := b.newApplication(owner, homeARN, "app"), b.newApplication(owner, homeARN, "another")
	must(b, b.CreateApplicationAssignment, owner, assign(another, "USER", bob))
	must(b, b.CreateApplicationAssignment, owner, assign(app, "GROUP", testers))
	want := []string{"GROUP " + testers}
	for n := range 5 {
		b.Update(func(tx *store.Tx) error {
			return tx.PutUser(store.User{UserID: prefixed(n), UserName: prefixed(n), Status: store.StatusEnabled})
		})
		must(b, b.CreateApplicationAssignment, owner, assign(app, "USER", prefixed(n)))
		want = append(want, "USER "+prefixed(n))
	}
	two := int64(2)
	var got []string
	for _, page := range pages(t, func(token string) ([]api.ApplicationAssignment, string) {
		out := must(b, b.ListApplicationAssignments, owner, api.ListApplicationAssignmentsRequest{ApplicationARN: app, MaxResults: &two, NextToken: token})
		return out.ApplicationAssignments, out.NextToken
	}) {
		for _, a := range page {
			if a.ApplicationARN != app {
				t.Errorf("an assignment of %s", a.ApplicationARN)
			}
			got = append(got, a.PrincipalType+" "+a.PrincipalID)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestAPersonsApplicationsAreThoseOfTheirGroupsToo(t *testing.T) {
	b := newBench(t)
	direct, grouped, both, none := b.newApplication(owner, homeARN, "1"), b.newApplication(owner, homeARN, "2"), b.newApplication(owner, homeARN, "3"), b.newApplication(owner, homeARN, "4")
	must(b, b.CreateApplicationAssignment, owner, assign(direct, "USER", alice))
	must(b, b.CreateApplicationAssignment, owner, assign(grouped, "GROUP", builders))
	must(b, b.CreateApplicationAssignment, owner, assign(both, "USER", alice))
	must(b, b.CreateApplicationAssignment, owner, assign(both, "GROUP", builders))
	must(b, b.CreateApplicationAssignment, owner, assign(none, "GROUP", testers))
	cases := []struct {
		name, kind, id, filter string
		want                   []string
	}{
		{"of alice", "USER", alice, "", []string{direct + " USER", grouped + " GROUP", both + " GROUP", both + " USER"}},
		{"of alice in one application", "USER", alice, both, []string{both + " GROUP", both + " USER"}},
		{"of alice in an application that is not hers", "USER", alice, none, nil},
		{"of bob", "USER", bob, "", nil},
		{"of the builders", "GROUP", builders, "", []string{grouped + " GROUP", both + " GROUP"}},
	}
	for _, c := range cases {
		var filter *api.ListApplicationAssignmentsFilter
		if c.filter != "" {
			filter = &api.ListApplicationAssignmentsFilter{ApplicationARN: c.filter}
		}
		for _, size := range []int64{1, 3, 100} {
			var got []string
			for _, page := range pages(t, func(token string) ([]api.ApplicationAssignmentForPrincipal, string) {
				out := must(b, b.ListApplicationAssignmentsForPrincipal, owner, api.ListApplicationAssignmentsForPrincipalRequest{
					InstanceARN: homeARN, PrincipalType: c.kind, PrincipalID: c.id, Filter: filter, MaxResults: &size, NextToken: token,
				})
				return out.ApplicationAssignments, out.NextToken
			}) {
				for _, a := range page {
					got = append(got, a.ApplicationARN+" "+a.PrincipalType)
				}
			}
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, %d a page: %v, want %v", c.name, size, got, c.want)
			}
		}
	}
	unknown := api.ListApplicationAssignmentsForPrincipalRequest{InstanceARN: homeARN, PrincipalType: "USER", PrincipalID: prefixed(9)}
	refused(b, b.ListApplicationAssignmentsForPrincipal, owner, fault.NotFound, unknown)
}

func TestAnAccountThatDoesNotOwnTheInstanceListsWithAFilter(t *testing.T) {
	b := newBench(t)
	app, mine := b.newApplication(other, homeARN, "theirs"), b.newApplication(owner, homeARN, "mine")
	in := api.ListApplicationAssignmentsForPrincipalRequest{InstanceARN: homeARN, PrincipalType: "USER", PrincipalID: alice}
	refused(b, b.ListApplicationAssignmentsForPrincipal, other, fault.Validation, in)
	in.Filter = &api.ListApplicationAssignmentsFilter{ApplicationARN: mine}
	refused(b, b.ListApplicationAssignmentsForPrincipal, other, fault.NotFound, in)
	in.Filter = &api.ListApplicationAssignmentsFilter{ApplicationARN: app}
	must(b, b.ListApplicationAssignmentsForPrincipal, other, in)
}
