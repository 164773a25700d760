// Package policy reads IAM policy documents, checks them and evaluates them.
//
// A document is read once, strictly, and compiled: what Parse does not know it refuses, with the place and a sentence, because an element
// that is skipped is a condition that somebody relied upon. Evaluation cannot fail and touches nothing outside its arguments. Who owns
// which documents, and where they are kept, is decided in the rooms: iam gathers the identity policies of whoever signed, sts has the
// trust policies of roles, and token the actor policies of applications. They meet in Decide.
//
// The rules are those of IAM's policy reference for the elements, the operators and the order of evaluation. They are written a second
// time, naively, in spec_test.go, and compared there.
package policy

import (
	"errors"
	"slices"
)

// Kind tells where a document stands, and so which elements it has.
type Kind int

const (
	Identity Kind = iota // of a user, a role or a permission set: no Principal
	Session              // given when a session is made, to narrow it; formed like an identity policy
	Resource             // of an application (ActorPolicy): Principal, and a Resource that is * or an application
	Trust                // of a role (AssumeRolePolicyDocument): Principal, no Resource, and actions of STS only
)

// rules are what the kinds differ in.
type rules struct {
	name       string // with its article
	principal  bool   // Principal is required; otherwise it is refused
	resource   bool   // Resource is required; otherwise it is refused
	federated  bool   // Principal may have Federated
	version08  bool   // the older language is accepted
	maxVisible int    // characters that are not white space
}

// The bounds of documents. White space is not counted by IAM, so that people may indent; the whole text is bounded besides.
const (
	// MaxDocument is IAM's bound for the text of any policy (policyDocumentType).
	MaxDocument = 131_072
	// MaxIdentity is what the inline policies of a role may have together, and what an application's policy may have with us.
	MaxIdentity = 10_240
	// MaxSession is STS's bound for the policy of a session, which travels in its token.
	MaxSession = 2_048
	// MaxTrust is the quota that IAM raises a trust policy to on request.
	MaxTrust = 8_192
	// MaxStatements is far above what fits into MaxIdentity with something said in each.
	MaxStatements = 200
	// maxDepth is the nesting of the language: document, Statement, statement, Condition, operator, values.
	maxDepth = 6
	// maxMembers bounds the tree of one document: more values do not fit into MaxIdentity.
	maxMembers = MaxIdentity / 2
)

var kinds = map[Kind]rules{
	Identity: {name: "an identity policy", resource: true, maxVisible: MaxIdentity},
	Session:  {name: "a session policy", resource: true, maxVisible: MaxSession},
	Resource: {name: "a resource policy", principal: true, resource: true, maxVisible: MaxIdentity},
	// IAM's console wrote trust policies of the older version for years, and people bring them along. The versions differ in policy
	// variables alone, which are plain text in the older one.
	Trust: {name: "a trust policy", principal: true, federated: true, version08: true, maxVisible: MaxTrust},
}

// String names the kind for people, with its article.
func (k Kind) String() string { return kinds[k].name }

// Error says where a document was refused and why. It quotes names and values of the document in a harmless form.
type Error struct {
	Path     string // Statement[1].Condition.StringEqualz; empty for the document as a whole
	Msg      string
	TooLarge bool // the document is larger than its kind may be
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Msg
	}
	return e.Path + ": " + e.Msg
}

// AsError returns the Error inside err, if there is one.
func AsError(err error) (*Error, bool) {
	var refused *Error
	ok := errors.As(err, &refused)
	return refused, ok
}

// Policy is a document that was read and checked. It does not change, so that many requests may evaluate it at once.
type Policy struct{ statements []statement }

// statement is one statement, compiled.
type statement struct {
	label        string // Statement[1], or Statement[1] (its Sid)
	deny         bool
	principals   []principal
	actions      []pattern
	notActions   bool // actions are those that the statement is not about
	resources    []arnPattern
	notResources bool
	conditions   []condition
}

// About tells whether the statements of a resource policy that name a resource name this one. A statement that names another one has no
// effect where the policy stands, which is a mistake of whoever wrote it.
func (p *Policy) About(resource string) bool {
	for i := range p.statements {
		named := func(r arnPattern) bool { return r.matches(resource, nil) == matched }
		if !slices.ContainsFunc(p.statements[i].resources, named) {
			return false
		}
	}
	return true
}
