package iam

import (
	"reflect"
	"slices"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/policy"
)

// This file says what a call is about, to policies: the resources that its input names, and the tags that it brings. The members of a shape
// are the fields of its type, in their order, so that no operation needs a line here.

// resourceMember is a member of inputs that names what an operation is about.
type resourceMember struct {
	name string
	arn  func(value, owner string) string
	// alone tells that the name holds everything else that the input may name, so that nothing else is asked about.
	alone bool
}

// resourceMembers are all of them, the one that a refusal is to name first (AWS: service authorization reference).
var resourceMembers = []resourceMember{
	{name: "ApplicationArn", arn: asSent, alone: true},
	{name: "TrustedTokenIssuerArn", arn: asSent, alone: true},
	{name: "ResourceArn", arn: asSent, alone: true},
	{name: "PermissionSetArn", arn: asSent},
	{name: "TargetId", arn: account},
	{name: "AccountId", arn: account},
	{name: "InstanceArn", arn: asSent},
	{name: "IdentityStoreId", arn: func(value, owner string) string {
		return arn.IdentityStore{Account: owner, IdentityStoreID: value}.String()
	}},
	{name: "UserId", arn: inDirectory("user")},
	{name: "GroupId", arn: inDirectory("group")},
	{name: "GroupIds", arn: inDirectory("group")},
	{name: "MembershipId", arn: inDirectory("membership")},
	{name: "MemberId", arn: inDirectory("user")}, // a union of which a user's id is the only member
}

func asSent(value, _ string) string { return value }

func account(value, _ string) string { return "arn:" + arn.Partition + ":sso:::account/" + value }

func inDirectory(kind string) func(value, owner string) string {
	return func(value, _ string) string { return "arn:" + arn.Partition + ":identitystore:::" + kind + "/" + value }
}

// resourcesOf are the ARNs of what the input is about, or * where it names nothing.
func resourcesOf(op *api.Operation, input any, owner string) []string {
	var about []string
	for _, member := range resourceMembers {
		values := texts(memberOf(op, input, member.name))
		for _, value := range values {
			about = append(about, member.arn(value, owner))
		}
		if member.alone && len(values) > 0 {
			break
		}
	}
	if about == nil {
		return []string{"*"}
	}
	return about
}

// memberOf is the value of a member of the input, and no value where it has no such member.
func memberOf(op *api.Operation, input any, name string) reflect.Value {
	fields := reflect.Indirect(reflect.ValueOf(input))
	at := slices.IndexFunc(op.Input.Members, func(m *api.Member) bool { return m.Name == name })
	if at < 0 || fields.Kind() != reflect.Struct || at >= fields.NumField() {
		return reflect.Value{}
	}
	return fields.Field(at)
}

// texts are the texts in a value that are not empty: of itself, of a list, or of the members of a structure.
func texts(v reflect.Value) (all []string) {
	switch v.Kind() {
	case reflect.String:
		if v.String() != "" {
			all = []string{v.String()}
		}
	case reflect.Slice:
		for i := range v.Len() {
			all = append(all, texts(v.Index(i))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			all = append(all, texts(v.Field(i))...)
		}
	}
	return all
}

// describe adds the condition keys of what the call brings along: tags, or the keys of tags that are to go.
func describe(c policy.Context, op *api.Operation, input any) {
	keys := texts(memberOf(op, input, "TagKeys"))
	if tags := memberOf(op, input, "Tags"); tags.Kind() == reflect.Slice {
		for i := range tags.Len() {
			tag, ok := tags.Index(i).Interface().(api.Tag)
			if !ok {
				continue
			}
			keys = append(keys, tag.Key)
			c.Set("aws:RequestTag/"+tag.Key, tag.Value)
		}
	}
	if len(keys) > 0 {
		c.Set("aws:TagKeys", keys...)
	}
}
