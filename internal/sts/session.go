package sts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

// The bounds of sessions (AssumeRole).
const (
	defaultDuration   = time.Hour
	maxChained        = time.Hour // of a role that a session of a role takes on
	maxTags           = 50        // those that a chain hands on included
	maxManagedARNs    = 10
	reservedTagPrefix = "aws:"
)

// wanted is the session that somebody wants to begin, and the role: what all ways of taking on a role have in common.
type wanted struct {
	roleARN        arn.Role
	sessionName    string
	duration       *int64 // seconds, if they were said
	policies       []string
	tags           map[string]string
	transitiveTags []string
	sourceIdentity string

	role  store.IAMRole // of exactly the ARN
	found bool          // whether there is one
}

func readRole(roleARN string) (arn.Role, error) {
	role, err := arn.ParseRole(roleARN)
	if err != nil {
		return arn.Role{}, fault.ValidationError.Refuse("RoleArn is not the ARN of a role, arn:aws:iam::account:role/name: " + err.Error())
	}
	return role, nil
}

// readPolicies reads the policies that narrow a session. They come as documents and as names of managed policies; a session carries
// documents, so that what it may do does not depend on what a name means later.
func readPolicies(document string, managed []api.PolicyDescriptorType) ([]string, error) {
	if len(managed) > maxManagedARNs {
		return nil, fault.ValidationError.Refuse(fmt.Sprintf("PolicyArns has more than %d members", maxManagedARNs))
	}
	var documents []string
	if document != "" {
		if _, err := policy.Parse([]byte(document), policy.Session); err != nil {
			return nil, refusePolicy(err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(document)); err != nil {
			return nil, fault.MalformedPolicyDocument.Refuse("Policy is not JSON")
		}
		documents = append(documents, compact.String())
	}
	for _, descriptor := range managed {
		document, known := policy.Managed(descriptor.ARN)
		if !known {
			return nil, fault.ValidationError.Refuse("PolicyArns names a policy that this server has no document of. " +
				"Give the document in Policy, or name one of AWS's such as arn:aws:iam::aws:policy/ReadOnlyAccess")
		}
		documents = append(documents, document)
	}
	return documents, nil
}

func refusePolicy(err error) error {
	refused, ok := policy.AsError(err)
	switch {
	case ok && refused.TooLarge:
		return fault.PackedPolicyTooLarge.Refuse("Policy is too large: " + refused.Error())
	case ok:
		return fault.MalformedPolicyDocument.Refuse("Policy: " + refused.Error())
	}
	return err
}

// readTags checks the tags of a session and adds those that the caller's session hands on. Tag keys are told apart without regard to
// their case, as IAM does.
func readTags(sent []api.SessionTag, transitive []string, inherited map[string]string) (map[string]string, []string, error) {
	tags, folded := map[string]string{}, map[string]string{} // folded: as it is written
	for _, tag := range sent {
		fold := strings.ToLower(tag.Key)
		_, twice := folded[fold]
		switch {
		case twice:
			return nil, nil, fault.ValidationError.Refuse("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		case strings.HasPrefix(fold, reservedTagPrefix):
			return nil, nil, fault.ValidationError.Refuse("Tags has a key that begins with aws:, which is reserved")
		}
		folded[fold], tags[tag.Key] = tag.Key, tag.Value
	}
	var keep []string
	for _, key := range transitive {
		written, found := folded[strings.ToLower(key)]
		switch {
		case !found:
			return nil, nil, fault.ValidationError.Refuse("TransitiveTagKeys has a key that is not among Tags")
		case slices.Contains(keep, written):
			return nil, nil, fault.ValidationError.Refuse("TransitiveTagKeys has a key twice. Please note that Tag keys are case insensitive.")
		}
		keep = append(keep, written)
	}
	for _, key := range slices.Sorted(maps.Keys(inherited)) {
		if _, found := folded[strings.ToLower(key)]; found {
			return nil, nil, fault.ValidationError.Refuse("Tags has a key that the session of the caller hands on: it cannot be changed, leave it out")
		}
		tags[key], keep = inherited[key], append(keep, key)
	}
	if len(tags) > maxTags {
		return nil, nil, fault.ValidationError.Refuse(fmt.Sprintf("a session has at most %d tags, those that the caller's session hands on included", maxTags))
	}
	return tags, keep, nil
}

// actions are what the caller has to be allowed besides taking on the role.
func (w *wanted) actions() (actions []string) {
	if len(w.tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if w.sourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	return actions
}

// describe adds the condition keys of the session that is asked for.
func (w *wanted) describe(c policy.Context) {
	c.Set("sts:RoleSessionName", w.sessionName).Set("aws:ResourceAccount", w.roleARN.Account)
	if w.sourceIdentity != "" {
		c.Set("sts:SourceIdentity", w.sourceIdentity)
	}
	if w.duration != nil {
		c.Set("sts:DurationSeconds", strconv.FormatInt(*w.duration, 10))
	}
	for key, value := range w.tags {
		c.Set("aws:RequestTag/"+key, value)
	}
	if len(w.tags) > 0 {
		c.Set("aws:TagKeys", slices.Sorted(maps.Keys(w.tags))...)
	}
	if len(w.transitiveTags) > 0 {
		c.Set("sts:TransitiveTagKeys", w.transitiveTags...)
	}
}

// findRole reads the role that is asked for. It is the one of exactly this ARN: the account and the path are parts of it.
func (w *wanted) findRole(tx *store.Tx) error {
	row, found, err := tx.IAMRole(w.roleARN.Account, w.roleARN.Name)
	if err != nil || !found || w.roleARN != (arn.Role{Account: row.AccountID, Path: row.Path, Name: row.RoleName}) {
		return err
	}
	w.role, w.found = row, true
	return nil
}

// lifetime is how long the session lives. It is judged after the decision: it depends on the role.
func (w *wanted) lifetime(ctx context.Context, chained bool) (time.Duration, error) {
	t := trace.From(ctx)
	longest := time.Duration(w.role.MaxSessionS) * time.Second
	if w.duration == nil {
		return min(defaultDuration, longest), nil
	}
	asked := time.Duration(*w.duration) * time.Second
	switch {
	case chained && asked > maxChained:
		t.Fail("duration", "%s are asked for, and a session that a session of a role begins lives %s at most", asked, maxChained)
		return 0, fault.ValidationError.Refuse("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case asked > longest:
		t.Fail("duration", "%s are asked for, and sessions of the role live %s at most", asked, longest)
		t.Fix("sallyport iam update-role %s --account %s --max-session %d", w.role.RoleName, w.role.AccountID, *w.duration)
		return 0, fault.ValidationError.Refuse("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return asked, nil
}

// vended is what both answers have in common.
type vended struct {
	creds.RoleCredentials
	user    *api.AssumedRoleUser
	secrets *api.SessionCredentials
	packed  *int64 // percent, if the session has policies or tags
}

// vend makes the session. What only one way of taking on a role knows, the caller has filled in.
func (s *Service) vend(ctx context.Context, caller api.Caller, w *wanted, session creds.Role) (vended, error) {
	lifetime, err := w.lifetime(ctx, session.Chained)
	if err != nil {
		return vended{}, err
	}
	now := s.Clock.Now()
	session.Account, session.RoleName, session.RolePath, session.RoleID = w.role.AccountID, w.role.RoleName, w.role.Path, w.role.RoleID
	session.SessionName, session.SourceIdentity = w.sessionName, w.sourceIdentity
	session.Policies, session.Tags, session.TransitiveTags = w.policies, w.tags, w.transitiveTags
	session.IssuedAt, session.ExpiresAt = now.UnixMilli(), now.Add(lifetime).UnixMilli()
	percent := int64(session.PackedPercent())
	if percent > 100 {
		return vended{}, fault.PackedPolicyTooLarge.Refuse(
			fmt.Sprintf("policies and tags of the session are too large when packed: %d percent of what a session token has room for", percent))
	}
	v := vended{RoleCredentials: creds.VendRole(s.Ring, session)}
	v.user = &api.AssumedRoleUser{AssumedRoleID: v.AssumedRoleID(), ARN: v.ARN()}
	v.secrets = sessionCredentials(v.RoleCredentials)
	if percent > 0 {
		v.packed = &percent
	}
	s.log(ctx, caller, "RoleAssumed", v.Role)
	return v, nil
}

func sessionCredentials(c creds.RoleCredentials) *api.SessionCredentials {
	return &api.SessionCredentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: api.Timestamp(c.ExpiresAt),
	}
}

// log writes the line of a session that was vended. It changes no state and so has no row in the audit table; the line tells everything by
// which requests of the session are found again.
func (s *Service) log(ctx context.Context, caller api.Caller, event string, role creds.Role) {
	attrs := []slog.Attr{
		slog.String("arn", role.ARN()), slog.String("access_key_id", role.AccessKeyID), slog.String("request_id", caller.RequestID),
		slog.Time("expires", time.UnixMilli(role.ExpiresAt).UTC()),
	}
	if caller.Signer != nil {
		attrs = append(attrs, slog.String("by", caller.Signer.ARN), slog.String("by_access_key_id", caller.Signer.AccessKeyID))
	}
	if role.SourceIdentity != "" {
		attrs = append(attrs, slog.String("source_identity", role.SourceIdentity))
	}
	if p := role.OnBehalfOf; p != nil {
		attrs = append(attrs, slog.String("on_behalf_of", p.UserID), slog.String("credential_id", p.CredentialID), slog.String("application", p.ApplicationARN))
	}
	if role.FederatedProvider != "" {
		attrs = append(attrs, slog.String("provider", role.FederatedProvider))
	}
	if caller.Address.IsValid() {
		attrs = append(attrs, slog.String("address", caller.Address.String()))
	}
	s.Log.LogAttrs(ctx, slog.LevelInfo, event, attrs...)
}
