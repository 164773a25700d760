package policy

import (
	"strings"
	"testing"
)

func TestWhatComesNearestToAllowingIsTold(t *testing.T) {
	const caller = `"Principal":{"AWS":"arn:aws:iam::111122223333:user/ops"}`
	statement := func(sid, rest string) string { return `{"Sid":"` + sid + `","Effect":"Allow",` + rest + `}` }
	request := Request{
		Action: "sts:AssumeRole", Principal: Principal{Kind: User, Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/ops"},
		Context: Context{"sts:ExternalId": {"wrong"}, "aws:TagKeys": {"a", "b"}},
	}
	other := statement("other", `"Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"`)
	cases := []struct{ name, statements, want string }{
		{"nobody is named", other, "Statement[0] (other) of the trust policy does not name the caller"},
		{"the action is missing", other + "," + statement("tag", caller+`,"Action":"sts:TagSession"`), "Statement[1] (tag) of the trust policy does not have the action sts:AssumeRole"},
		{"a condition has another value", statement("id", caller+`,"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"right"}}`),
			"has the condition StringEquals on sts:ExternalId, which the value of the request does not meet"},
		{"a condition is about a key that was not sent", statement("id", caller+`,"Action":"sts:AssumeRole","Condition":{"StringLike":{"sts:SourceIdentity":"*"}}`),
			"has the condition StringLike on sts:SourceIdentity, which the request does not have"},
		{"a condition is about many values", statement("id", caller+`,"Action":"sts:AssumeRole","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"a"}}`),
			"has the condition StringEquals on aws:TagKeys, which the 2 values of the request do not meet"},
		{"all are denials", `{"Effect":"Deny",` + caller + `,"Action":"sts:AssumeRole"}`, "there is no statement that allows anything"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[`+c.statements+`]}`), Trust)
			if err != nil {
				t.Fatal(err)
			}
			got := Set{{"the trust policy", p}}.Nearest(&request)
			if !strings.HasSuffix(got, c.want) || strings.Contains(got, "wrong") || strings.Contains(got, "right") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheResourceOfAStatementIsTold(t *testing.T) {
	p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"arn:aws:iam::111122223333:role/a"}}`), Identity)
	if err != nil {
		t.Fatal(err)
	}
	got := Set{{"a", p}}.Nearest(&Request{Action: "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/b"})
	if want := "Statement of a does not have the resource arn:aws:iam::111122223333:role/b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
