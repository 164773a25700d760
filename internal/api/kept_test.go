package api

import (
	"testing"

	"sallyport/internal/strictjson"
)

func TestWhatWasKeptMeetsItsTypesButNotItsBoundsAgain(t *testing.T) {
	cases := []struct {
		name, body   string
		asked, again bool // whether it is read from a caller, and from where it was kept
	}{
		{"as the model has it", `{"InstanceArn":"arn:aws:sso:::instance/ssoins-0123456789abcdef","Name":"a"}`, true, true},
		{"against a pattern that came later", `{"InstanceArn":"other","Name":"a"}`, false, true},
		{"another type", `{"InstanceArn":1,"Name":"a"}`, false, false},
		{"without a member that is required", `{"Name":"a"}`, false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body, err := strictjson.Parse([]byte(c.body), strictjson.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			for kept, want := range map[bool]bool{false: c.asked, true: c.again} {
				err := UpdateInstance.Input().Decode(Source{Body: body, Style: JSONStyle, Kept: kept}, &UpdateInstanceRequest{})
				if got := err == nil; got != want {
					t.Errorf("kept %v: %v, want %v", kept, err, want)
				}
			}
		})
	}
}
