package sts

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/policy"
	"sallyport/internal/store"
)

const (
	purposeMessage = "authorization-message"
	messageLayout  = 1
	// maxMessage bounds the document of a message: sealed, it stays below the 10,240 characters that DecodeAuthorizationMessage takes.
	maxMessage = 6 << 10
)

// message is the document of an authorization message, in the form of AWS. It tells what the caller's own side said, and nothing of the
// role: whether there is one must not be found out by being refused.
type message struct {
	Allowed           bool           `json:"allowed"`
	ExplicitDeny      bool           `json:"explicitDeny"`
	MatchedStatements items[matched] `json:"matchedStatements"`
	Failures          items[string]  `json:"failures"`
	Context           messageContext `json:"context"`
}

type items[T any] struct {
	Items []T `json:"items"`
}

type matched struct {
	StatementID string `json:"statementId"`
	Effect      string `json:"effect"`
	Policy      string `json:"policy"`
}

type messageContext struct {
	Principal  messagePrincipal `json:"principal"`
	Action     string           `json:"action"`
	Resource   string           `json:"resource"`
	Conditions items[condition] `json:"conditions"`
}

type messagePrincipal struct {
	ID  string `json:"id"`
	ARN string `json:"arn"`
}

type condition struct {
	Key    string       `json:"key"`
	Values items[value] `json:"values"`
}

type value struct {
	Value string `json:"value"`
}

// secretKeys are condition keys whose values stay out of messages: a shared secret, as many take it for.
var secretKeys = []string{"sts:externalid"}

// encodedMessage seals why a request was refused, for those whom the caller's account lets decode it.
func (s *Service) encodedMessage(caller api.Caller, denied denial) string {
	access, verdict := denied.access, denied.verdict
	m := message{
		MatchedStatements: items[matched]{[]matched{}}, Failures: items[string]{[]string{}},
		Context: messageContext{
			Principal: messagePrincipal{caller.Signer.UserID, caller.Signer.ARN}, Action: access.Request.Action, Resource: access.Request.Resource,
			Conditions: items[condition]{conditions(access.Context)},
		},
	}
	if verdict.Decision == policy.ExplicitDeny && verdict.By != policy.ByResource {
		m.ExplicitDeny = true
		m.MatchedStatements.Items = []matched{{verdict.Statement, "DENY", verdict.By + " " + verdict.Policy}}
	}
	document, err := json.Marshal(m)
	if len(document) > maxMessage {
		m.Context.Conditions.Items = []condition{}
		document, err = json.Marshal(m)
	}
	if err != nil || len(document) > maxMessage {
		return "" // a struct of texts is written always; an ARN that fills the message says nothing that the refusal does not say
	}
	sealed := s.Ring.Seal(purposeMessage, keys.Pack(messageLayout).Text(caller.Signer.Account).Text(string(document)).Bytes())
	return ". Encoded authorization failure message: " + sealed
}

func conditions(c policy.Context) []condition {
	list := []condition{}
	for _, key := range slices.Sorted(maps.Keys(c)) {
		if slices.Contains(secretKeys, strings.ToLower(key)) {
			continue
		}
		var values []value
		for _, text := range c[key] {
			values = append(values, value{text})
		}
		list = append(list, condition{key, items[value]{values}})
	}
	return list
}

// DecodeAuthorizationMessage opens a message that came with a refusal. The caller needs the permission sts:DecodeAuthorizationMessage, and
// opens messages about callers of the own account only.
func (s *Service) DecodeAuthorizationMessage(ctx context.Context, caller api.Caller, in *api.DecodeAuthorizationMessageRequest) (*api.DecodeAuthorizationMessageResponse, error) {
	if caller.Signer == nil {
		return nil, errUnsigned
	}
	err := s.Store.View(ctx, func(tx *store.Tx) error { return s.permit(ctx, tx, caller, "sts:DecodeAuthorizationMessage") })
	if err != nil {
		return nil, err
	}
	opened, err := s.Ring.Open(purposeMessage, in.EncodedMessage)
	if err == nil {
		u := keys.Unpack(messageLayout, opened)
		account, document := u.Text(), u.Text()
		if u.Err() == nil && account == caller.Signer.Account {
			return &api.DecodeAuthorizationMessageResponse{DecodedMessage: document}, nil
		}
	}
	return nil, fault.InvalidAuthorizationMessage.Refuse("EncodedMessage is not a message that this server sealed for a caller of your account: " +
		"pass what follows \"Encoded authorization failure message:\", whole")
}
