package token

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/trace"
)

// Clients of AWS meet refusals that come of what a self-hosted instance does not have: replicas in other Regions, and an encryption key of
// the customer's own. Settings produce them, so that programs can be tried against them.

// kmsRefusals are what CreateTokenWithIAM answers while the encryption key of the instance is in a state, by the reason that the answer
// carries (AWS: CreateTokenWithIAM, member reason).
var kmsRefusals = map[string]*fault.Kind{
	"KMS_NotFoundException":        fault.InvalidRequest,
	"KMS_InvalidKeyUsageException": fault.InvalidRequest,
	"KMS_InvalidStateException":    fault.InvalidRequest,
	"KMS_DisabledException":        fault.InvalidRequest,
	"KMS_AccessDeniedException":    fault.AccessDenied,
}

// CheckKMSReason tells whether the setting names a reason that there is; empty is none, and right.
func CheckKMSReason(reason string) error {
	if _, known := kmsRefusals[reason]; known || reason == "" {
		return nil
	}
	return fmt.Errorf("there is no such reason; the reasons are %s", strings.Join(slices.Sorted(maps.Keys(kmsRefusals)), ", "))
}

// checkEncryption refuses while the setting says that the encryption key is of no use.
func (s *Service) checkEncryption(ctx context.Context) error {
	if s.KMSReason == "" {
		return nil
	}
	trace.From(ctx).Fail("encryption key", "the configuration simulates %s", s.KMSReason)
	return kmsRefusals[s.KMSReason].Refuse("The encryption key of the instance cannot be used: the configuration of the server simulates this").
		With("reason", s.KMSReason)
}

// checkRegion sends away who signed for another Region of the instance: to the endpoint that the setting names.
func (s *Service) checkRegion(ctx context.Context, signer *api.Signer) error {
	if signer == nil || signer.Region == s.StartURLs.Region {
		return nil
	}
	endpoint, elsewhere := s.OtherRegions[signer.Region]
	if !elsewhere {
		return nil // which Regions may be signed for is the rim's business
	}
	trace.From(ctx).Fail("region", "the request is signed for %s, and this endpoint is that of %s", signer.Region, s.StartURLs.Region)
	return fault.InvalidRequestRegion.Refuse("The request belongs to another Region of the instance: send it to its endpoint").
		With("endpoint", endpoint).With("region", signer.Region)
}
