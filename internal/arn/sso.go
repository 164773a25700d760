package arn

import (
	"errors"
	"strings"
)

// Instance is an identity centre: arn:aws:sso:::instance/ssoins-….
type Instance struct{ InstanceID string }

func (i Instance) String() string { return "arn:" + Partition + ":sso:::instance/" + i.InstanceID }

// ParseInstance reads the ARN of an instance.
func ParseInstance(text string) (Instance, error) {
	account, rest, err := of(text, "sso", "instance")
	switch {
	case err != nil:
		return Instance{}, err
	case account != "" || !isInstanceID(rest):
		return Instance{}, errors.New("expected arn:aws:sso:::instance/ssoins- and 16 characters")
	}
	return Instance{rest}, nil
}

// Application is an application of an instance: arn:aws:sso::account:application/ssoins-…/apl-….
type Application struct{ Account, InstanceID, ApplicationID string }

func (a Application) String() string {
	return "arn:" + Partition + ":sso::" + a.Account + ":application/" + a.InstanceID + "/" + a.ApplicationID
}

// ParseApplication reads the ARN of an application.
func ParseApplication(text string) (Application, error) {
	account, instanceID, id, err := ofInstance(text, "application")
	switch {
	case err != nil:
		return Application{}, err
	case !ValidAccount(account) || !isID(id, "apl-", isAlphanumeric):
		return Application{}, errors.New("expected arn:aws:sso::account:application/ssoins-…/apl- and 16 letters and digits")
	}
	return Application{account, instanceID, id}, nil
}

// TrustedTokenIssuer is an issuer whose assertions an instance takes: arn:aws:sso::account:trustedTokenIssuer/ssoins-…/tti-….
type TrustedTokenIssuer struct{ Account, InstanceID, IssuerID string }

func (t TrustedTokenIssuer) String() string {
	return "arn:" + Partition + ":sso::" + t.Account + ":trustedTokenIssuer/" + t.InstanceID + "/" + t.IssuerID
}

// ParseTrustedTokenIssuer reads the ARN of a trusted token issuer.
func ParseTrustedTokenIssuer(text string) (TrustedTokenIssuer, error) {
	account, instanceID, id, err := ofInstance(text, "trustedTokenIssuer")
	switch {
	case err != nil:
		return TrustedTokenIssuer{}, err
	case !ValidAccount(account) || !isIssuerID(id):
		return TrustedTokenIssuer{}, errors.New("expected arn:aws:sso::account:trustedTokenIssuer/ssoins-…/tti- and a UUID in lower case")
	}
	return TrustedTokenIssuer{account, instanceID, id}, nil
}

// PermissionSet is a permission set of an instance: arn:aws:sso:::permissionSet/ssoins-…/ps-….
type PermissionSet struct{ InstanceID, PermissionSetID string }

func (p PermissionSet) String() string {
	return "arn:" + Partition + ":sso:::permissionSet/" + p.InstanceID + "/" + p.PermissionSetID
}

// ParsePermissionSet reads the ARN of a permission set.
func ParsePermissionSet(text string) (PermissionSet, error) {
	account, instanceID, id, err := ofInstance(text, "permissionSet")
	switch {
	case err != nil:
		return PermissionSet{}, err
	case account != "" || !isID(id, "ps-", isIDCharacter):
		return PermissionSet{}, errors.New("expected arn:aws:sso:::permissionSet/ssoins-…/ps- and 16 characters")
	}
	return PermissionSet{instanceID, id}, nil
}

// CustomApplication names the kind of the applications that customers make.
const CustomApplication = "arn:" + Partition + ":sso::" + AWSAccount + ":applicationProvider/custom"

// IdentityStore is a directory of people: arn:aws:identitystore::account:identitystore/d-….
type IdentityStore struct{ Account, IdentityStoreID string }

func (s IdentityStore) String() string {
	return "arn:" + Partition + ":identitystore::" + s.Account + ":identitystore/" + s.IdentityStoreID
}

// ofInstance reads the ARN of what belongs to an instance: kind/ssoins-…/id. The id of a permission set may itself have slashes.
func ofInstance(text, kind string) (account, instanceID, id string, err error) {
	account, rest, err := of(text, "sso", kind)
	if err != nil {
		return "", "", "", err
	}
	instanceID, id, _ = strings.Cut(rest, "/")
	if !isInstanceID(instanceID) {
		return "", "", "", errors.New("behind " + kind + "/ stands ssoins- and 16 characters, the instance")
	}
	return account, instanceID, id, nil
}

// idLength is how many characters stand behind the prefix of an id of sso-admin.
const idLength = 16

func isID(text, prefix string, is func(byte) bool) bool {
	rest, found := strings.CutPrefix(text, prefix)
	return found && len(rest) == idLength && all(rest, is)
}

// isInstanceID: (sso)?ins-[a-zA-Z0-9-.]{16} in the service model.
func isInstanceID(text string) bool {
	return isID(strings.TrimPrefix(text, "sso"), "ins-", func(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '.' })
}

func isIDCharacter(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '.' || c == '/' }

// isIssuerID: tti- and a UUID in lower case.
func isIssuerID(text string) bool {
	words := strings.Split(strings.TrimPrefix(text, "tti-"), "-")
	lengths := []int{8, 4, 4, 4, 12}
	if !strings.HasPrefix(text, "tti-") || len(words) != len(lengths) {
		return false
	}
	for i, word := range words {
		if len(word) != lengths[i] || !all(word, func(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }) {
			return false
		}
	}
	return true
}
