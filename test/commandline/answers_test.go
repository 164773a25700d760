package commandline

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnswersAsScriptsSayThem(t *testing.T) {
	got, err := parseAnswers("\n=== POST /token 400\nx-amzn-ErrorType: SlowDownException\n\n{\n  \"error\": \"slow_down\"\n}\n=== CONNECT host:443 close\n=== GET /a\nno header\n\nsecond: line\n\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []*answer{
		{"POST", "/token", 400, http.Header{"X-Amzn-Errortype": {"SlowDownException"}}, "{\n  \"error\": \"slow_down\"\n}", whole},
		{"CONNECT", "host:443", 200, http.Header{}, "", closedEarly},
		{"GET", "/a", 200, http.Header{}, "no header\n\nsecond: line", whole},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
		t.Error(diff)
	}
}

func TestAnswersThatNobodyCanGive(t *testing.T) {
	for name, text := range map[string]string{
		"a body before the first": "{}\n=== POST /token\n", "no path": "=== POST\n", "no slash": "=== POST token\n", "an unknown fate": "=== POST /token late\n",
	} {
		t.Run(name, func(t *testing.T) {
			if answers, err := parseAnswers(text); err == nil {
				t.Errorf("read as %+v", answers)
			}
		})
	}
}
