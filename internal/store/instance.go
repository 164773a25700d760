package store

// Instance is the identity centre that this store serves: one row, made at the first start.
type Instance struct {
	InstanceID      string // ssoins-… with 16 hex digits
	IdentityStoreID string // d-… with 10 hex digits
	OwnerAccountID  string // 12 digits
	Region          string
	Name            string
	CreatedAt       int64
}

// Instance returns the instance, if it was made.
func (tx *Tx) Instance() (instance Instance, found bool, err error) {
	found, err = tx.one(`SELECT instance_id, identity_store_id, owner_account_id, region, name, created_at FROM instance`,
		func(r row) {
			instance = Instance{r.text(0), r.text(1), r.text(2), r.text(3), r.text(4), r.int(5)}
		})
	return instance, found, err
}

// PutInstance makes the instance, or changes its owner, region and name.
func (tx *Tx) PutInstance(i Instance) error {
	_, err := tx.exec(`INSERT INTO instance (instance_id, identity_store_id, owner_account_id, region, name, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (instance_id) DO UPDATE SET owner_account_id = $3, region = $4, name = $5`,
		i.InstanceID, i.IdentityStoreID, i.OwnerAccountID, i.Region, i.Name, tx.Millis())
	return err
}
