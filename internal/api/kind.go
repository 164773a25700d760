package api

// String is the word that people read for the type of a member.
func (k Kind) String() string {
	return [...]string{String: "string", Integer: "integer", Long: "integer", List: "list", Structure: "object", Boolean: "boolean", Time: "timestamp", Free: "document", Map: "map"}[k]
}
