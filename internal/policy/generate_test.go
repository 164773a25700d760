package policy

import (
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// Random policies and requests. The values are few, so that they meet often.

func pick[T any](t *rapid.T, name string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, name)
}

// oneOrMore draws a value, or a list of them.
func oneOrMore(t *rapid.T, name string, values []string) any {
	if rapid.Bool().Draw(t, name+" alone") {
		return pick(t, name, values...)
	}
	var many []any
	for range rapid.IntRange(1, 3).Draw(t, name+" count") {
		many = append(many, pick(t, name, values...))
	}
	return many
}

// families are the kinds of values: keys of a request with the values they may have, and what policies compare them with.
var families = map[string]struct{ keys, actual, wanted []string }{
	"String": {
		[]string{"k:one", "K:Two", "aws:username"}, []string{"a", "A", "ab", "b", "", "*", "ä"},
		[]string{"a", "A", "ab", "*", "?", "a*", "*b", "", "${aws:username}", "${k:none}", "${k:none, 'a'}", "${*}", "${k:two}*", "*${k:two}", "${k:two, 'b'}"},
	},
	"Arn": {
		[]string{"k:arn"}, []string{"arn:aws:s3:::b/x", "arn:aws:s3::111122223333:b", "b"},
		[]string{"*", "arn:aws:s3:::b/*", "arn:aws:s3::*:b", "arn:aws:s3:*:*:b", "arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::${k:none, 'b/x'}", "arn:*:s3:*:*:?"},
	},
	"Bool":    {[]string{"k:bool"}, []string{"true", "false", "True", "x"}, []string{"true", "false", "TRUE"}},
	"Numeric": {[]string{"k:number"}, []string{"9", "10", "-1", "9.0", "x"}, []string{"9", "10", "9.5", "-1"}},
	"Date": {
		[]string{"k:date"}, []string{"2026-11-22T04:05:06Z", "2026-11-22T05:05:06+01:00", "2026-11-22", "0", "x"},
		[]string{"2026-11-22T04:05:06Z", "2026-11-22", "2026-11-23", "1"},
	},
	"Ip": {
		[]string{"aws:SourceIp"}, []string{"203.0.113.9", "203.0.113.200", "2001:db8::1", "x"},
		[]string{"203.0.113.0/25", "203.0.113.9", "0.0.0.0/0", "2001:db8::/32", "203.0.113.77/24"},
	},
}

func familyOf(operator string) string {
	for name := range families {
		if strings.HasPrefix(operator, name) || name == "Ip" && strings.HasSuffix(operator, "IpAddress") {
			return name
		}
	}
	return "String" // Null
}

var operatorNames = func() []string {
	var names []string
	for name := range operators {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}()

func conditions(t *rapid.T) object {
	all := object{}
	for range pick(t, "conditions", 0, 0, 1, 1, 2) {
		operator := pick(t, "operator", operatorNames...)
		family := families[familyOf(operator)]
		wanted := family.wanted
		if operator == "Null" {
			wanted = []string{"true", "false"}
		} else {
			operator = pick(t, "qualifier", "", "", "ForAllValues:", "ForAnyValue:") + operator + pick(t, "exists", "", "", "IfExists")
		}
		key := pick(t, "key", family.keys...)
		if rapid.Bool().Draw(t, "other letters") {
			key = strings.ToUpper(key)
		}
		all[operator] = object{key: oneOrMore(t, "wanted", wanted)}
	}
	return all
}

var (
	actions       = []string{"a:x", "a:X", "a:xy", "b:x"}
	actionForms   = []string{"a:x", "A:x", "a:*", "a:x*", "a:?", "a:x?", "*", "b:*", "a:*y"}
	resources     = []string{application, "arn:aws:s3:::b/x", "arn:aws:s3:::B/x", "arn:aws:s3::111122223333:b", "*"}
	resourceForms = []string{"*", application, "arn:aws:s3:::b/*", "arn:aws:s3:::?/x", "arn:aws:s3:*:*:b", "arn:aws:s3::*:b", "arn:aws:s3:::b/${k:one}", "arn:aws:s3:::${k:none}", "arn:aws:s3:::*"}
	principals    = []string{
		"*", "111122223333", "arn:aws:iam::444455556666:root", user.ARN, strings.Replace(user.ARN, account, other, 1),
		session.ARN, session.RoleARN, foreign.ARN, foreign.RoleARN, "arn:aws:iam::111122223333:role/app", "arn:aws:sts::111122223333:assumed-role/app/green",
		"AIDA0123456789ABCDEFG", "AROA0123456789ABCDEFG", "AROA0123456789ABCDEFG:blue",
	}
)

func document(t *rapid.T, kind Kind) object {
	var statements []any
	for range rapid.IntRange(1, 3).Draw(t, "statements") {
		s := object{
			"Effect": pick(t, "effect", "Allow", "Allow", "Deny"),
			pick(t, "action", "Action", "Action", "NotAction"): oneOrMore(t, "actions", actionForms),
		}
		switch {
		case kind == Trust:
			delete(s, "NotAction")
			s["Action"] = oneOrMore(t, "actions of STS", []string{"sts:x", "sts:*", "STS:x?"})
			s["Principal"] = principalElement(t, kind)
		case kind == Resource:
			s["Resource"] = oneOrMore(t, "resources", []string{"*", "*", application})
			s["Principal"] = principalElement(t, kind)
		default:
			s[pick(t, "resource", "Resource", "Resource", "NotResource")] = oneOrMore(t, "resources", resourceForms)
		}
		if found := conditions(t); len(found) > 0 {
			s["Condition"] = found
		}
		statements = append(statements, s)
	}
	version := "2012-10-17"
	if kind == Trust {
		version = pick(t, "version", version, "2008-10-17")
	}
	return object{"Version": version, "Statement": statements}
}

func principalElement(t *rapid.T, kind Kind) any {
	switch found := pick(t, "principal", "everybody", "AWS", "AWS", "AWS", "AWS", "Service", "Federated"); {
	case found == "Federated" && kind == Trust:
		return object{found: oneOrMore(t, "providers", []string{vouched.Provider, vouched.Provider + "/other"})}
	case found == "everybody":
		return "*"
	case found == "Service":
		return object{"Service": oneOrMore(t, "services", []string{"qbusiness.amazonaws.com", "s3.amazonaws.com"})}
	}
	return object{"AWS": oneOrMore(t, "principals", principals)}
}

var trials = rapid.Custom(func(t *rapid.T) trial {
	c := trial{
		request: Request{
			Action: pick(t, "action", actions...), Resource: pick(t, "resource", resources...),
			Principal: pick(t, "caller", user, session, foreign, service, vouched, Principal{}, Principal{Kind: Root, Account: account}),
			Context:   Context{},
		},
		owner: pick(t, "owner", account, other), required: rapid.Bool().Draw(t, "required"),
		kind: pick(t, "kind", Resource, Resource, Trust),
	}
	c.resource = document(t, c.kind)
	if c.kind == Trust {
		c.request.Action = pick(t, "action of STS", "sts:x", "sts:xy", "sts:y")
	}
	if rapid.Bool().Draw(t, "identity policy") {
		c.identity = document(t, Identity)
	}
	if rapid.Bool().Draw(t, "session policy") {
		c.limit = document(t, Session)
	}
	for _, name := range []string{"String", "Arn", "Bool", "Numeric", "Date", "Ip"} {
		family := families[name]
		for _, key := range family.keys {
			var values []string
			for range pick(t, key, 0, 1, 1, 1, 2) {
				values = append(values, pick(t, key, family.actual...))
			}
			if values != nil {
				c.request.Context[key] = values
			}
		}
	}
	return c
})
