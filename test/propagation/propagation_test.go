//go:build clients

package propagation

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	security "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"sallyport/internal/trace"
)

// carry takes on the role with an identity context, and checks whose the credentials are.
func (w *world) carry(context string) {
	w.Helper()
	assumed := must(sts.NewFromConfig(w.config(nil)).AssumeRole(w.Context(), &sts.AssumeRoleInput{
		RoleArn: &w.role, RoleSessionName: aws.String("for-carol"), DurationSeconds: aws.Int32(900),
		ProvidedContexts: []security.ProvidedContext{{ProviderArn: aws.String(contextProvider), ContextAssertion: &context}},
	}))(w)
	who := must(sts.NewFromConfig(w.config(assumed.Credentials)).GetCallerIdentity(w.Context(), &sts.GetCallerIdentityInput{}))(w)
	if want := "arn:aws:sts::" + w.account + ":assumed-role/reports-reader/for-carol"; *who.Arn != want || *who.Account != w.account {
		w.Errorf("the credentials are those of %s in %s, want %s", *who.Arn, *who.Account, want)
	}
	if line := w.logged(*assumed.Credentials.AccessKeyId); !strings.Contains(line, "on_behalf_of="+w.userID) {
		w.Errorf("the log does not say that the role was taken on for %s:\n%s", w.userID, line)
	}
}

// logged is the line of the server's log in which a key was given out. The line comes through a pipe, a moment after the answer perhaps.
func (w *world) logged(keyID string) string {
	const patience = 5 * time.Second
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for line := range strings.Lines(w.server.Log.String()) {
			if strings.Contains(line, " access_key_id="+keyID) && strings.HasSuffix(line, "\n") {
				return line
			}
		}
	}
	return ""
}

func TestIDTokensOfAProvider(t *testing.T) {
	w := newWorld(t)
	for _, app := range applications {
		t.Run(string(app.Algorithm), func(t *testing.T) {
			assertion := w.provider.signIn(app, login, "").ID
			out := w.accepted(assertion)
			_, claims := w.server.VerifyJWT(*out.IdToken)
			if claims["sub"] != w.userID || claims["aud"] != w.application {
				t.Errorf("the ID token is about %v for %v, want %s for %s", claims["sub"], claims["aud"], w.userID, w.application)
			}
			w.carry(*out.AwsAdditionalDetails.IdentityContext)
		})
	}
}

func TestAccessTokensOfAProvider(t *testing.T) {
	w := newWorld(t)
	assertion := w.provider.signIn(applications[0], login, resource).Access
	w.carry(*w.accepted(assertion).AwsAdditionalDetails.IdentityContext)
}

func TestTokensThatAreNotAccepted(t *testing.T) {
	w := newWorld(t)
	good := w.provider.signIn(applications[0], login, "").ID
	header, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	otherHeader, _, _ := strings.Cut(w.provider.signIn(applications[2], login, "").ID, ".")
	w.accepted(good)
	tests := []struct {
		name      string
		assertion string
		check     string // that `sallyport explain` names
	}{
		{"a token for another application", w.provider.signIn(stranger, login, "").ID, "audience"},
		{"a token of somebody whose address is not verified", w.provider.signIn(applications[0], "mallory", "").ID, "email verified"},
		{"a token of somebody who is not in the directory", w.provider.signIn(applications[0], "dave", "").ID, "user"},
		{"an opaque access token", w.provider.signIn(applications[0], login, "").Access, "form"},
		{"a token whose signature is another's", header + "." + payload + "." + signature[:20] + "AAAAAA" + signature[26:], "signature"},
		{"a token under the header of another", otherHeader + "." + payload + "." + signature, "signature"},
	}
	requests := make([]string, len(tests))
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			requests[i] = w.requestOf(w.refused("InvalidGrantException", test.assertion))
		})
	}
	w.server.Stop() // which writes down what is yet to be written
	for i, test := range tests {
		t.Run("explained: "+test.name, func(t *testing.T) {
			if failed := w.explained(requests[i]); failed != test.check {
				t.Errorf("the check that failed is %q, want %q:\n%s", failed, test.check, w.server.Operate("explain", requests[i]))
			}
		})
	}
}

// explained is the check that failed, as the operator's command tells.
func (w *world) explained(requestID string) string {
	w.Helper()
	var decision struct{ Trace trace.Record }
	if err := json.Unmarshal([]byte(w.server.Operate("explain", requestID, "--json")), &decision); err != nil {
		w.Fatal(err)
	}
	return failed(decision.Trace.Nodes)
}

// failed is the first check that failed, in depth.
func failed(nodes []trace.Node) string {
	for _, node := range nodes {
		if inner := failed(node.Nodes); inner != "" {
			return inner
		}
		if node.Outcome == trace.Fail {
			return node.Check
		}
	}
	return ""
}

func TestAProviderThatRotatesItsKeys(t *testing.T) {
	w := newWorld(t)
	before := w.provider.signIn(applications[0], login, "").ID
	w.accepted(before)
	late := w.provider.signIn(applications[0], login, "").ID
	w.provider.restart(newKeys(t, "second"))
	after := w.provider.signIn(applications[0], login, "").ID
	w.accepted(after) // by a key that nobody knew, so the provider is asked at once
	w.refused("InvalidGrantException", late)
}

func TestAProviderThatIsAway(t *testing.T) {
	w := newWorld(t)
	sign := func() string { return w.provider.signIn(applications[0], login, "").ID }
	first, fresh, stale, over, back := sign(), sign(), sign(), sign(), sign()
	w.accepted(first)
	w.provider.stop()
	w.accepted(fresh) // keys are used for ten minutes
	w.advance(11 * time.Minute)
	w.accepted(stale) // and for an hour more while they cannot be had
	w.advance(61 * time.Minute)
	w.refused("InvalidGrantException", over)
	w.provider.start()
	w.advance(time.Minute) // after a failure, nobody asks for a while
	w.accepted(back)
}
