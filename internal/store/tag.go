package store

import (
	"encoding/json"
	"fmt"
)

// Tags returns the tags of a resource, which its id names: values by key, none for a resource without.
func (tx *Tx) Tags(resourceID string) (tags map[string]string, err error) {
	text := ""
	_, err = tx.one(`SELECT tags FROM resource_tags WHERE resource_id = $1`, func(r row) { text = r.text(0) }, resourceID)
	if err != nil || text == "" {
		return nil, err
	}
	return readTags(resourceID, text)
}

// AllTags returns the tags of every resource that has some, by its id.
func (tx *Tx) AllTags() (map[string]map[string]string, error) {
	all := map[string]map[string]string{}
	err := tx.query(`SELECT resource_id, tags FROM resource_tags`, nil, func(r row) (err error) {
		all[r.text(0)], err = readTags(r.text(0), r.text(1))
		return err
	})
	return all, err
}

func readTags(resourceID, text string) (tags map[string]string, err error) {
	if err := json.Unmarshal([]byte(text), &tags); err != nil {
		return nil, fmt.Errorf("read the stored tags of %s: %w", resourceID, err)
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
