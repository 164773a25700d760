package policy

import "slices"

// Decision is what policies say to a request. The zero value is what they say by saying nothing.
type Decision int

const (
	ImplicitDeny Decision = iota // no statement allows
	Allow                        // a statement allows and none denies
	ExplicitDeny                 // a statement denies
)

// String names the decision for people.
func (d Decision) String() string {
	return [...]string{ImplicitDeny: "implicit deny", Allow: "allow", ExplicitDeny: "explicit deny"}[d]
}

// Request is one question to policies.
type Request struct {
	Action    string // sso:CreateApplication
	Resource  string // an ARN, or * for an operation without a resource
	Principal Principal
	Context   Context
}

// Named is a policy with the name under which people know it.
type Named struct {
	Name string
	*Policy
}

// Set are policies that speak together: one that allows is enough, and one that denies is, too.
type Set []Named

// Result is what a set of policies decided, and which statement did.
type Result struct {
	Decision  Decision
	Policy    string // name of the policy
	Statement string // Statement[1] (its Sid)
	// Delegated tells that only the caller's account was named, which leaves the decision to the caller's identity policies.
	Delegated bool
}

// Evaluate asks every policy of the set. A deny wins, wherever it stands; the first statement that allows is the one that is told, and
// one that names the caller goes before one that names the account.
func (s Set) Evaluate(r *Request) Result {
	var best Result
	for _, named := range s {
		for i := range named.statements {
			st := &named.statements[i]
			reached := st.reaches(&r.Principal)
			if reached == outside || !st.isAbout(r) {
				continue
			}
			if st.deny {
				return Result{Decision: ExplicitDeny, Policy: named.Name, Statement: st.label}
			}
			if best.Decision != Allow || best.Delegated && reached == byName {
				best = Result{Decision: Allow, Policy: named.Name, Statement: st.label, Delegated: reached == delegated}
			}
		}
	}
	return best
}

// reaches tells how the statement reaches the caller. One without principals is attached to whom it is about.
func (s *statement) reaches(p *Principal) reach {
	if s.principals == nil {
		return byName
	}
	best := outside
	for _, e := range s.principals {
		best = max(best, e.reaches(p))
	}
	return best
}

// isAbout tells whether the statement is about the action, the resource and the circumstances.
func (s *statement) isAbout(r *Request) bool {
	hit := slices.ContainsFunc(s.actions, func(p pattern) bool { return p.matches(r.Action, true, nil) == matched })
	if hit == s.notActions || !s.covers(r) {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(r.Context, s.deny) {
			return false
		}
	}
	return true
}

// covers compares resources. One with an unresolved policy variable matches nothing; for NotResource that would be everything, so there
// an Allow covers nothing and a Deny does.
func (s *statement) covers(r *Request) bool {
	if s.resources == nil {
		return true // a trust policy
	}
	open := false
	for _, p := range s.resources {
		switch p.matches(r.Resource, r.Context) {
		case matched:
			return !s.notResources
		case unresolved:
			open = true
		}
	}
	return s.notResources && (s.deny || !open)
}
