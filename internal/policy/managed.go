package policy

import (
	"strings"

	"sallyport/internal/arn"
)

// managed are the policies managed by AWS that this house knows, by their names with paths: those that people attach to have all or to have
// read access. They are in words of our own and speak of the services that answer here. A name that is not in the table may be attached to
// a permission set all the same, and says nothing here.
var managed = map[string]string{
	"AdministratorAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"PowerUserAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}]}`,
	"ReadOnlyAccess":                   readOnly,
	"job-function/ViewOnlyAccess":      readOnly,
	"SecurityAudit":                    readOnly,
	"AWSSSOReadOnly":                   readOnly,
	"AWSSSODirectoryReadOnly":          directory(`"identitystore:Describe*","identitystore:Get*","identitystore:List*","identitystore:IsMemberInGroups"`),
	"AWSSSODirectoryAdministrator":     directory(`"identitystore:*"`),
	"AWSSSOMasterAccountAdministrator": administrator,
	"AWSSSOMemberAccountAdministrator": administrator,
}

const (
	readOnly = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sso:Describe*","sso:Get*","sso:List*",` +
		`"identitystore:Describe*","identitystore:Get*","identitystore:List*","identitystore:IsMemberInGroups",` +
		`"sts:GetAccessKeyInfo","sts:GetCallerIdentity"],"Resource":"*"}]}`
	administrator = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sso:*","identitystore:*"],"Resource":"*"}]}`
)

func directory(actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"}]}`
}

// Managed is the document of a policy that AWS manages, if it is one that this house knows.
func Managed(policyARN string) (document string, known bool) {
	name, ours := strings.CutPrefix(policyARN, arn.ManagedPolicy(""))
	document, known = managed[name]
	return document, ours && known
}
