// Package arn parses, checks and builds Amazon Resource Names: the six parts in general, and the ARNs of this house each as a type of its
// own.
//
// An ARN names one thing. Wildcards belong to the patterns of policies, which package policy reads, and are refused here, as are white
// space, control characters and everything beyond ASCII. Two names are the same when all their parts are, so callers compare parsed
// values and never prefixes: an account id is a part of nearly every name, and a name without it is another name.
package arn

import (
	"errors"
	"fmt"
	"strings"
)

// Partition is the partition of every name that this house gives.
const Partition = "aws"

// AWSAccount stands in the place of the account in names of what AWS itself owns, such as managed policies.
const AWSAccount = "aws"

// MaxLength is the longest name in the service models, that of a role in STS.
const MaxLength = 2048

// ARN is a name in its parts. Region and Account may be empty.
type ARN struct {
	Partition string // aws, aws-cn, …
	Service   string
	Region    string
	Account   string // 12 digits, or aws
	Resource  string // the rest, colons and slashes included
}

// The reasons for which Parse refuses.
var (
	ErrLength    = errors.New("an ARN has at most 2048 characters")
	ErrParts     = errors.New("an ARN has six parts: arn:partition:service:region:account:resource")
	ErrPartition = errors.New("the partition of an ARN is aws, or aws- and up to three words of one to five letters")
	ErrService   = errors.New("the service of an ARN is lower-case letters, digits and hyphens")
	ErrRegion    = errors.New("the Region of an ARN is empty or has the form us-east-1")
	ErrAccount   = errors.New("the account of an ARN is empty, 12 digits, or aws")
	ErrResource  = errors.New("the resource of an ARN is letters, digits and _+=,.@:/~%- and has no wildcards")
)

// Parse reads a name. It does not know which resources a service has.
func Parse(text string) (ARN, error) {
	if len(text) > MaxLength {
		return ARN{}, ErrLength
	}
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return ARN{}, ErrParts
	}
	a := ARN{Partition: parts[1], Service: parts[2], Region: parts[3], Account: parts[4], Resource: parts[5]}
	return a, a.check()
}

func (a ARN) check() error {
	switch {
	case !isPartition(a.Partition):
		return ErrPartition
	case a.Service == "" || !all(a.Service, isLabel):
		return ErrService
	case a.Region != "" && !isRegion(a.Region):
		return ErrRegion
	case a.Account != "" && a.Account != AWSAccount && !ValidAccount(a.Account):
		return ErrAccount
	case a.Resource == "" || !all(a.Resource, isResource):
		return ErrResource
	}
	return nil
}

// String writes the name.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// isPartition: aws(-[a-z]{1,5}){0,3}, the form of the service models.
func isPartition(text string) bool {
	words := strings.Split(text, "-")
	if words[0] != Partition || len(words) > 4 {
		return false
	}
	for _, word := range words[1:] {
		if word == "" || len(word) > 5 || !all(word, isLower) {
			return false
		}
	}
	return true
}

// isRegion: two or more words of lower-case letters and digits, such as us-gov-east-1.
func isRegion(text string) bool {
	words := strings.Split(text, "-")
	for _, word := range words {
		if word == "" || !all(word, isLowerOrDigit) {
			return false
		}
	}
	return len(words) >= 2 && all(words[0], isLower)
}

// ValidAccount tells whether text is an account id.
func ValidAccount(text string) bool { return len(text) == 12 && all(text, isDigit) }

func all(text string, is func(byte) bool) bool {
	for i := range len(text) {
		if !is(text[i]) {
			return false
		}
	}
	return true
}

func isLower(c byte) bool        { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool        { return '0' <= c && c <= '9' }
func isLowerOrDigit(c byte) bool { return isLower(c) || isDigit(c) }
func isLabel(c byte) bool        { return isLowerOrDigit(c) || c == '-' }
func isAlphanumeric(c byte) bool { return isLowerOrDigit(c) || 'A' <= c && c <= 'Z' }
func isNameCharacter(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("_+=,.@-", c) >= 0
}
func isResource(c byte) bool { return isNameCharacter(c) || strings.IndexByte(":/~%", c) >= 0 }

// of parses a name that must be of the service and kind of resource, without a Region, and returns its account and what stands behind
// the kind and its slash.
func of(text, service, kind string) (account, rest string, err error) {
	a, err := Parse(text)
	if err != nil {
		return "", "", err
	}
	found, rest, _ := strings.Cut(a.Resource, "/")
	if a.Partition != Partition || a.Service != service || a.Region != "" || found != kind {
		return "", "", fmt.Errorf("expected an ARN that begins arn:%s:%s: and names a resource %s/…", Partition, service, kind)
	}
	return a.Account, rest, nil
}
