package sts

import (
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

func TestTheCallerIsWhoSigned(t *testing.T) {
	b := newBench(t)
	signer := &api.Signer{AccessKeyID: "AKIA1", Account: "111122223333", UserID: "AIDA1", ARN: "arn:aws:iam::111122223333:user/admin"}
	got, err := b.s.GetCallerIdentity(ctx, api.Caller{Signer: signer}, &api.GetCallerIdentityRequest{})
	if err != nil || *got != (api.GetCallerIdentityResponse{UserID: signer.UserID, Account: signer.Account, ARN: signer.ARN}) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = b.s.GetCallerIdentity(ctx, api.Caller{}, &api.GetCallerIdentityRequest{})
	refused(t, err, fault.MissingAuthenticationToken, "missing")
}
