package store

import "encoding/json"

// Tags returns the tags of a resource, which its id names: values by key, none for a resource without.
func (tx *Tx) Tags(resourceID string) (tags map[string]string, err error) {
	text := ""
	_, err = tx.one(`SELECT tags FROM resource_tags WHERE resource_id = $1`, func(r row) { text = r.text(0) }, resourceID)
	if err != nil || text == "" {
		return nil, err
	}
	return readTags(resourceID, text)
}

// AllTags are the tags of every resource that has some, by its id.
type AllTags struct {
	Tags       map[string]map[string]string
	Unreadable map[string]error // of the resources whose tags cannot be read
}

// AllTags returns the tags of every resource.
func (tx *Tx) AllTags() (AllTags, error) {
	all := AllTags{map[string]map[string]string{}, map[string]error{}}
	err := tx.query(`SELECT resource_id, tags FROM resource_tags`, nil, func(r row) error {
		tags, err := readTags(r.text(0), r.text(1))
		if err != nil {
			all.Unreadable[r.text(0)] = err
			return nil
		}
		all.Tags[r.text(0)] = tags
		return nil
	})
	return all, err
}

func readTags(resourceID, text string) (tags map[string]string, err error) {
	if err := json.Unmarshal([]byte(text), &tags); err != nil {
		return nil, unreadable("the stored tags of "+resourceID, err)
	}
	return tags, nil
}

// PutTags gives a resource its tags, all of them, in place of earlier ones.
func (tx *Tx) PutTags(resourceID string, tags map[string]string) error {
	if len(tags) == 0 {
		_, err := tx.exec(`DELETE FROM resource_tags WHERE resource_id = $1`, resourceID)
		return err
	}
	text, err := json.Marshal(tags)
	if err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO resource_tags (resource_id, tags) VALUES ($1, $2)
		ON CONFLICT (resource_id) DO UPDATE SET tags = $2`, resourceID, string(text))
	return err
}
