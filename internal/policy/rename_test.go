package policy

import (
	"testing"
)

func departed(name string) (string, bool) {
	return "AIDA0123456789ABCDEFG", name == "arn:aws:iam::111122223333:user/bob"
}

func TestPrincipalsAreRenamedAndNothingElseIs(t *testing.T) {
	const bob, id = `"arn:aws:iam::111122223333:user/bob"`, `"AIDA0123456789ABCDEFG"`
	cases := []struct{ name, before, after string }{
		{"alone", `{"Statement":{"Principal":{"AWS":` + bob + `}}}`, `{"Statement":{"Principal":{"AWS":` + id + `}}}`},
		{"among others", `{"Statement":[{"Principal":{"AWS":["x",` + bob + `,"y"]}}]}`, `{"Statement":[{"Principal":{"AWS":["x",` + id + `,"y"]}}]}`},
		{"in several statements, with white space", "{ \"Statement\" : [\n {\"Principal\": {\"AWS\" :\t" + bob + " } } , { \"Principal\":{\"AWS\":[ " + bob + "]}}\n]}",
			"{ \"Statement\" : [\n {\"Principal\": {\"AWS\" :\t" + id + " } } , { \"Principal\":{\"AWS\":[ " + id + "]}}\n]}"},
		{"written in another way", `{"Statement":{"Principal":{"AWS":"arn:aws:iam::111122223333:user\/b\u006fb"}}}`, `{"Statement":{"Principal":{"AWS":` + id + `}}}`},
		{"in a condition", `{"Statement":{"Condition":{"ArnLike":{"aws:PrincipalArn":` + bob + `}}}}`, ""},
		{"of another kind", `{"Statement":{"Principal":{"Service":` + bob + `}}}`, ""},
		{"of a longer name", `{"Statement":{"Principal":{"AWS":"arn:aws:iam::111122223333:user/bobby"}}}`, ""},
		{"as a key", `{"Statement":{"Principal":{` + bob + `:"AWS"}}}`, ""},
		{"in a document that is none", `{"Statement":{"Principal":{"AWS":` + bob, ""},
	}
	for _, c := range cases {
		if c.after == "" {
			c.after = c.before
		}
		if got := Rename(c.before, departed); got != c.after {
			t.Errorf("%s: %s, want %s", c.name, got, c.after)
		}
	}
}

func TestAUniqueIDReachesWhoHasIt(t *testing.T) {
	alice := Principal{Kind: User, Account: account, ARN: "arn:aws:iam::111122223333:user/alice", UserID: "AIDA0123456789ABCDEFG"}
	green := Principal{Kind: AssumedRole, Account: account, ARN: "arn:aws:sts::111122223333:assumed-role/app/green", UserID: "AROA0123456789ABCDEFG:green"}
	cases := []struct {
		id     string
		caller Principal
		want   Decision
	}{
		{"AIDA0123456789ABCDEFG", alice, Allow},
		{"AIDA0123456789ABCDEFH", alice, ImplicitDeny},
		{"AROA0123456789ABCDEFG", green, Allow},
		{"AROA0123456789ABCDEFG:green", green, Allow},
		{"AROA0123456789ABCDEFG:blue", green, ImplicitDeny},
		{"AROA0123456789ABCDEFG", alice, ImplicitDeny},
		{"AIDA0123456789ABCDEFG", Principal{}, ImplicitDeny},
	}
	for _, c := range cases {
		p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"`+c.id+`"},"Action":"sts:AssumeRole"}}`), Trust)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Evaluate(&Request{Action: "sts:AssumeRole", Principal: c.caller}).Decision; got != c.want {
			t.Errorf("%s: %s, want %s", c.id, got, c.want)
		}
	}
	for _, text := range []string{"AIDA", "AIDA0123456789ABCDEF", "AIDA0123456789ABCDEFGH", "aida0123456789abcdefg", "AKIA0123456789ABCDEFG", "AIDA0123456789ABCDEFG:x", "AROA0123456789ABCDEFG:", "AROA0123456789ABCDEFG:a/b", "AROA0123456789ABCDE*"} {
		if _, known := awsPrincipal(text); known {
			t.Errorf("%s is taken for a principal", text)
		}
	}
}

func FuzzRename(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:user/bob","*"]},"Action":"sts:AssumeRole"}]}`)
	f.Add(`{"Statement":{"Principal":{"AWS":"arn:aws:iam::111122223333:user\/b\u006fb"}}}`)
	f.Add("[[]")
	f.Fuzz(func(t *testing.T, document string) {
		_, before := Parse([]byte(document), Trust)
		renamed := Rename(document, departed)
		if _, err := Parse([]byte(renamed), Trust); before == nil && err != nil {
			t.Fatalf("%q became %q, which is refused: %v", document, renamed, err)
		}
		if Rename(renamed, departed) != renamed {
			t.Fatalf("%q is renamed twice", document)
		}
		if same := Rename(document, func(string) (string, bool) { return "", false }); same != document {
			t.Fatalf("%q became %q", document, same)
		}
	})
}
