package rules

import (
	"crypto/rand"
	"time"

	"sallyport/internal/sys"
)

// The ids of what is made, in AWS's forms. Ids are no secrets; the random part keeps those of two installations apart, and what is made
// again from what was there before.

const (
	idBytes        = 8  // 16 hexadecimal digits, the form of the models
	storeIDBytes   = 5  // 10 hexadecimal digits
	principalIDEnd = 17 // characters behind AIDA and AROA
)

// NewInstanceID makes the id of an instance.
func NewInstanceID() string { return "ssoins-" + sys.NewHex(idBytes) }

// NewIdentityStoreID makes the id of an identity store.
func NewIdentityStoreID() string { return "d-" + sys.NewHex(storeIDBytes) }

// NewApplicationID makes the id of an application.
func NewApplicationID() string { return "apl-" + sys.NewHex(idBytes) }

// NewPermissionSetID makes the id of a permission set.
func NewPermissionSetID() string { return "ps-" + sys.NewHex(idBytes) }

// NewIssuerID makes the id of a trusted token issuer.
func NewIssuerID(now time.Time) string { return "tti-" + sys.NewUUID(now) }

// NewIAMUserID makes the unique id of a user of an account.
func NewIAMUserID() string { return "AIDA" + rand.Text()[:principalIDEnd] }

// NewIAMRoleID makes the unique id of a role of an account.
func NewIAMRoleID() string { return "AROA" + rand.Text()[:principalIDEnd] }
