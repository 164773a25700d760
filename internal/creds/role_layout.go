package creds

import (
	"bytes"
	"compress/flate"
	"io"
	"maps"
	"slices"
	"sync"

	"sallyport/internal/api"
	"sallyport/internal/keys"
)

// The layouts of a session token. Tokens of the first were vended by the portal before sessions carried more than a role, and open until
// they expire.
const (
	roleLayoutPortal = 1
	roleLayout       = 2
	packedLayout     = 1
)

const (
	// maxPacked is what policies and tags of a session may have when they are packed. What else a token carries stays below 3 KiB, so that a
	// token has at most 12 KiB: a header that servers and proxies pass on.
	maxPacked = 6 << 10
	// maxUnpacked bounds what is read back. It is out of reach: PackedPercent counts before packing, too.
	maxUnpacked = 256 << 10
)

func (r Role) pack(o origin) []byte {
	var person api.Person
	if r.OnBehalfOf != nil {
		person = *r.OnBehalfOf
	}
	return keys.Pack(roleLayout).Text(o.keyID).Text(o.salt).Int(int64(r.Kind)).Text(r.AccessKeyID).Text(r.Account).
		Text(r.RoleName).Text(r.RolePath).Text(r.RoleID).Text(r.SessionName).
		Text(r.UserName).Text(r.UserPath).Text(r.IAMUserID).
		Text(r.UserID).Text(r.UserSessionID).Int(r.IssuedAt).Int(r.ExpiresAt).
		Int(flag(r.Chained)).Text(r.SourceIdentity).Text(r.FederatedProvider).
		Int(flag(r.OnBehalfOf != nil)).Text(person.UserID).Text(person.IdentityStoreARN).Text(person.InstanceARN).
		Text(person.ApplicationARN).Text(person.CredentialID).Int(flag(person.AuditOnly)).Text(r.ContextSessionID).
		Text(string(r.packed())).Bytes()
}

func unpackRole(message []byte) (role Role, o origin, ok bool) {
	if len(message) > 0 && message[0] == roleLayoutPortal {
		u := keys.Unpack(roleLayoutPortal, message)
		o.keyID = u.Text()
		role = Role{AccessKeyID: u.Text(), Account: u.Text(), RoleName: u.Text(), SessionName: u.Text(), UserID: u.Text(), ExpiresAt: u.Int()}
		return role, o, u.Err() == nil
	}
	u := keys.Unpack(roleLayout, message)
	o.keyID, o.salt = u.Text(), u.Text()
	role = Role{
		Kind: RoleKind(u.Int()), AccessKeyID: u.Text(), Account: u.Text(),
		RoleName: u.Text(), RolePath: u.Text(), RoleID: u.Text(), SessionName: u.Text(),
		UserName: u.Text(), UserPath: u.Text(), IAMUserID: u.Text(),
		UserID: u.Text(), UserSessionID: u.Text(), IssuedAt: u.Int(), ExpiresAt: u.Int(),
		Chained: u.Int() != 0, SourceIdentity: u.Text(), FederatedProvider: u.Text(),
	}
	named := u.Int() != 0
	person := api.Person{
		UserID: u.Text(), IdentityStoreARN: u.Text(), InstanceARN: u.Text(), ApplicationARN: u.Text(), CredentialID: u.Text(),
		AuditOnly: u.Int() != 0,
	}
	if named {
		role.OnBehalfOf = &person
	}
	role.ContextSessionID = u.Text()
	packed := u.Text()
	return role, o, u.Err() == nil && role.unpack(packed)
}

func flag(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

// PackedPercent is how much of the room that a session token has for policies and tags these fill: more than 100 is too much. A role with
// neither has 0.
func (r Role) PackedPercent() int {
	packed := r.packed()
	if len(packed) == 0 {
		return 0
	}
	return (len(packed)*100 + maxPacked - 1) / maxPacked
}

// packed is policies and tags, compressed; empty when there are none.
func (r Role) packed() []byte {
	if len(r.Policies)+len(r.Tags)+len(r.TransitiveTags) == 0 {
		return nil
	}
	var tags []string
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		tags = append(tags, key, r.Tags[key])
	}
	plain := keys.Pack(packedLayout).Texts(r.Policies).Texts(tags).Texts(r.TransitiveTags).Bytes()
	if len(plain) > maxUnpacked {
		return plain // more than 100 percent
	}
	var packed bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&packed)
	w.Write(plain) // neither fails: a buffer takes everything
	w.Close()
	return packed.Bytes()
}

func (r *Role) unpack(packed string) bool {
	if packed == "" {
		return true
	}
	inflater := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(inflater)
	if inflater.(flate.Resetter).Reset(bytes.NewReader([]byte(packed)), packDictionary) != nil {
		return false
	}
	plain, err := io.ReadAll(io.LimitReader(inflater, maxUnpacked+1))
	if err != nil || len(plain) > maxUnpacked {
		return false
	}
	u := keys.Unpack(packedLayout, plain)
	r.Policies = u.Texts()
	tags := u.Texts()
	r.TransitiveTags = u.Texts()
	if u.Err() != nil || len(tags)%2 != 0 {
		return false
	}
	if len(tags) > 0 {
		r.Tags = make(map[string]string, len(tags)/2)
	}
	for i := 0; i < len(tags); i += 2 {
		r.Tags[tags[i]] = tags[i+1]
	}
	return true
}

// packDictionary is what policies repeat. It is a part of the packed layout: with another one old tokens do not open.
var packDictionary = []byte(`"NotAction":"NotResource":"StringLike":{"StringNotEquals":{"ArnLike":{"Bool":{"aws:PrincipalTag/"aws:ResourceTag/` +
	`"arn:aws:iam::aws:policy/arn:aws:iam::arn:aws:s3:::"sts:AssumeRole"identitystore:ListUsers"sso:DescribeInstance"sso-oauth:CreateTokenWithIAM"` +
	`"Condition":{"StringEquals":{"Sid":"Effect":"Deny","Action":["Resource":["` +
	`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)

// Compressors are large, and made once for many tokens.
var (
	deflaters = sync.Pool{New: func() any {
		w, err := flate.NewWriterDict(io.Discard, flate.DefaultCompression, packDictionary)
		if err != nil {
			panic("creds: " + err.Error()) // the level is a constant
		}
		return w
	}}
	inflaters = sync.Pool{New: func() any { return flate.NewReaderDict(bytes.NewReader(nil), packDictionary) }}
)
