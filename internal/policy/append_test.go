package policy

import "testing"

func TestAppend(t *testing.T) {
	const more = `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:SetContext"}`
	cases := []struct{ name, document, want string }{
		{"a list", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"},` + more + `]}`},
		{"a statement alone, with an Id", `{"Id":"x","Statement":{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"NumericLessThan":{"a:b":1.0}}}}`,
			`{"Id":"x","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"NumericLessThan":{"a:b":1.0}}},` + more + `]}`},
	}
	for _, c := range cases {
		got, err := Append(c.document, more)
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v, want %s", c.name, got, err, c.want)
		}
		if _, err := Parse([]byte(got), Trust); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, document := range []string{"", "[]", `{"Version":"2012-10-17"}`} {
		if got, err := Append(document, more); err == nil {
			t.Errorf("%q became %s", document, got)
		}
	}
}
