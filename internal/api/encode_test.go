package api

import "testing"

func TestRequiredTextsAreAnsweredWhenTheyAreEmpty(t *testing.T) {
	for _, row := range []struct {
		name string
		tag  Tag
		want string
	}{
		{"a tag without a value", Tag{Key: "team"}, `{"Tags":[{"Key":"team","Value":""}]}`},
		{"a tag with one", Tag{Key: "team", Value: "a"}, `{"Tags":[{"Key":"team","Value":"a"}]}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ListTagsForResource.Output().AppendJSON(nil, &ListTagsForResourceResponse{Tags: []Tag{row.tag}})
			if string(got) != row.want {
				t.Errorf("answered with %s, want %s", got, row.want)
			}
		})
	}
}
