package policy

import "fmt"

// Access is a request with everything that has a say in it.
type Access struct {
	Request
	// Identity are the policies of the caller: of the user, or of the role and the permission set behind a session.
	Identity Set
	// Limits narrow what the caller may do, each on its own: the policies of a session, a permissions boundary. Within one of them the
	// policies speak together.
	Limits []Limit
	// Resource is the policy of what is asked for: the trust policy of a role, the actor policy of an application.
	Resource Set
	// ResourceAccount owns what is asked for. Another account than the caller's needs the consent of both.
	ResourceAccount string
	// ResourceRequired tells that the policy of the resource has to allow within one account, too, as for roles (AssumeRole) and
	// applications (CreateTokenWithIAM). Without it an identity policy is enough there.
	ResourceRequired bool
}

// Limit is a set of policies that can only narrow.
type Limit struct {
	Name string // session policy, permissions boundary
	Set
}

// Verdict is the decision with its reason.
type Verdict struct {
	Decision
	// By is the kind of policy that decided, or that lacks an allow: identity policy, resource policy, or the name of a limit.
	By        string
	Policy    string // name of the policy that decided; empty for an implicit deny
	Statement string
}

// The names of the two kinds of policies that a verdict may be by, besides those of limits.
const (
	ByIdentity = "identity policy"
	ByResource = "resource policy"
)

// Reason says in a sentence for people what decided.
func (v Verdict) Reason() string {
	switch v.Decision {
	case Allow:
		return fmt.Sprintf("%s of the %s %s allows it", v.Statement, v.By, v.Policy)
	case ExplicitDeny:
		return fmt.Sprintf("%s of the %s %s denies it", v.Statement, v.By, v.Policy)
	}
	return fmt.Sprintf("no %s allows it", v.By)
}

// Decide brings the policies together (IAM: policy evaluation logic).
//
// A deny wins, wherever it stands. Every limit has to allow. Then the caller's side and the resource's are asked: the resource's policy
// alone is enough for a caller of the same account whom it names, and for a service or a person whom a provider vouches for, who have no
// identity policies. If it names but the caller's account, or the caller is of another account, an identity policy has to allow as well.
//
// IAM lets a resource's policy that names a session or a user reach past limits. Here limits narrow everything: who narrows a session
// should not have to know all the policies that might name it.
func Decide(a Access) Verdict {
	identity, resource := a.Identity.Evaluate(&a.Request), a.Resource.Evaluate(&a.Request)
	sides := []side{{ByIdentity, identity}, {ByResource, resource}}
	for _, limit := range a.Limits {
		sides = append(sides, side{limit.Name, limit.Evaluate(&a.Request)})
	}
	for _, side := range sides {
		if side.result.Decision == ExplicitDeny {
			return side.result.by(side.by)
		}
	}
	for _, side := range sides[2:] {
		if side.result.Decision != Allow {
			return Verdict{By: side.by}
		}
	}
	return a.join(identity, resource)
}

// side is what one kind of policies says.
type side struct {
	by     string
	result Result
}

// join asks the two sides, neither of which denies.
func (a *Access) join(identity, resource Result) Verdict {
	kind := a.Principal.Kind
	hasPolicies := kind == User || kind == AssumedRole
	sameAccount := hasPolicies && a.Principal.Account == a.ResourceAccount
	switch {
	case resource.Decision == Allow && (!hasPolicies || sameAccount && !resource.Delegated):
		return resource.by(ByResource)
	case resource.Decision == Allow && identity.Decision == Allow:
		return resource.by(ByResource)
	case resource.Decision == Allow:
		return Verdict{By: ByIdentity}
	case sameAccount && !a.ResourceRequired && identity.Decision == Allow:
		return identity.by(ByIdentity)
	case sameAccount && !a.ResourceRequired:
		return Verdict{By: ByIdentity}
	}
	return Verdict{By: ByResource}
}

func (r Result) by(kind string) Verdict {
	return Verdict{Decision: r.Decision, By: kind, Policy: r.Policy, Statement: r.Statement}
}
