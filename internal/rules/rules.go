// Package rules is what AWS demands of what is configured, beyond what the service models say: quotas, names that are kept, forms of texts. It
// is for all who configure: the operations of sso-admin and of the identity store, the operator's commands, and the directory file, which may
// not let in what an operation would refuse. In which words something is refused is up to them.
package rules

import (
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/store"
	"sallyport/internal/strictjson"
	"sallyport/internal/sys"
)

// AWS's quotas of IAM Identity Center.
const (
	MaxTags                    = 50    // of one resource
	MaxScopes                  = 25    // of an application
	MaxIssuers                 = 10    // trusted token issuers of an instance
	MaxApplicationsAndAccounts = 3_000 // of an instance
	MaxPermissionSets          = 3_500 // of an instance
	MaxAttachedPolicies        = 20    // of a permission set, AWS's own and those of the accounts together
)

// maxManagedPolicyName is the longest name that ListManagedPoliciesInPermissionSet can show.
const maxManagedPolicyName = 100

// ManagedPolicyName is the name of a policy of AWS: what stands behind its path.
func ManagedPolicyName(policyARN string) string {
	return policyARN[strings.LastIndexByte(policyARN, '/')+1:]
}

// CanBeManagedPolicy refuses ARNs that no policy of AWS has. Which policies AWS has at the moment is not known here.
func CanBeManagedPolicy(policyARN string) bool {
	return len(ManagedPolicyName(policyARN)) <= maxManagedPolicyName
}

// ReservedTag begins the keys of tags that AWS keeps for itself, in any letter case.
const ReservedTag = "aws:"

// IsReservedTag reports whether AWS keeps the key of a tag for itself.
func IsReservedTag(key string) bool {
	return len(key) >= len(ReservedTag) && strings.EqualFold(key[:len(ReservedTag)], ReservedTag)
}

// ReservedNames are what AWS keeps for itself, for users and groups alike.
var ReservedNames = []string{"Administrator", "AWSAdministrators"}

// IsReservedName reports whether AWS keeps the name of a user or a group for itself.
func IsReservedName(name string) bool {
	return slices.ContainsFunc(ReservedNames, func(kept string) bool { return store.UserNameKey(name) == store.UserNameKey(kept) })
}

// MaxEmail is what fits into the longest path of RFC 5321 §4.5.3.1.3.
const MaxEmail = 254

var email = sys.Pattern(`^[^\s\p{C}\p{Z}@]+@[^\s\p{C}\p{Z}@]+$`)

// IsEmail reports whether the text has the form of an e-mail address.
func IsEmail(text string) bool { return len(text) <= MaxEmail && email().MatchString(text) }

// Enterprise is the one extension that users have.
const Enterprise = "aws:identitystore:enterprise"

// MaxExtensionNames is how many names deep attribute paths reach into an extension.
const MaxExtensionNames = 3

// extensionLimits are for the document of an extension, which the model leaves open. A list may stand below the last name.
var extensionLimits = strictjson.Limits{Bytes: 8 << 10, Depth: MaxExtensionNames + 1, Members: 200}

// ExtensionWords say what the document of an extension has to be.
const ExtensionWords = "an object of at most 8,192 bytes and 200 members, four levels deep"

// IsExtension reports whether the document can be that of an extension.
func IsExtension(document api.Document) bool {
	value, err := strictjson.Parse(document, extensionLimits)
	return err == nil && value.Kind() == strictjson.Object
}
