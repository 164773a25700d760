package store

// Tags returns the tags of a resource, which its id names, as the JSON that PutTags was given; empty when there are none.
func (tx *Tx) Tags(resourceID string) (tags string, err error) {
	_, err = tx.one(`SELECT tags FROM resource_tags WHERE resource_id = $1`, func(r row) { tags = r.text(0) }, resourceID)
	return tags, err
}

// PutTags gives a resource its tags, all of them, in place of earlier ones.
func (tx *Tx) PutTags(resourceID, tags string) error {
	_, err := tx.exec(`INSERT INTO resource_tags (resource_id, tags) VALUES ($1, $2)
		ON CONFLICT (resource_id) DO UPDATE SET tags = $2`, resourceID, tags)
	return err
}

// DeleteTags takes every tag of a resource.
func (tx *Tx) DeleteTags(resourceID string) error {
	_, err := tx.exec(`DELETE FROM resource_tags WHERE resource_id = $1`, resourceID)
	return err
}
