package policy

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Append is the document of a policy with one more statement behind those that it has. Both are as Parse takes them; what the document says
// stays as it was written.
func Append(document, statement string) (string, error) {
	var parts struct {
		Version   json.RawMessage `json:",omitempty"`
		ID        json.RawMessage `json:"Id,omitempty"`
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &parts); err != nil {
		return "", fmt.Errorf("read the policy: %w", err)
	}
	if len(parts.Statement) == 0 {
		return "", errors.New("the policy has no Statement")
	}
	var statements []json.RawMessage
	if err := json.Unmarshal(parts.Statement, &statements); err != nil {
		statements = []json.RawMessage{parts.Statement} // a single one need not stand in a list
	}
	var err error
	if parts.Statement, err = json.Marshal(append(statements, json.RawMessage(statement))); err != nil {
		return "", fmt.Errorf("write the statements: %w", err)
	}
	text, err := json.Marshal(parts)
	return string(text), err
}
