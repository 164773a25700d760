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

// AccountInstance is an instance that an account other than the owner made for itself. It has applications and issuers of its own, and the
// directory of the installation.
type AccountInstance struct {
	InstanceID string
	AccountID  string
	Name       string
	CreatedAt  int64
}

func scanAccountInstance(r row) AccountInstance {
	return AccountInstance{r.text(0), r.text(1), r.text(2), r.int(3)}
}

// AccountInstance finds an account's instance by its id.
func (tx *Tx) AccountInstance(instanceID string) (i AccountInstance, found bool, err error) {
	found, err = tx.one(`SELECT instance_id, account_id, name, created_at FROM account_instance WHERE instance_id = $1`,
		func(r row) { i = scanAccountInstance(r) }, instanceID)
	return i, found, err
}

// AccountInstanceOf finds the instance of an account.
func (tx *Tx) AccountInstanceOf(accountID string) (i AccountInstance, found bool, err error) {
	found, err = tx.one(`SELECT instance_id, account_id, name, created_at FROM account_instance WHERE account_id = $1`,
		func(r row) { i = scanAccountInstance(r) }, accountID)
	return i, found, err
}

// PutAccountInstance makes an account's instance or changes its name.
func (tx *Tx) PutAccountInstance(i AccountInstance) error {
	_, err := tx.exec(`INSERT INTO account_instance (instance_id, account_id, name, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (instance_id) DO UPDATE SET name = $3`, i.InstanceID, i.AccountID, i.Name, tx.Millis())
	return err
}

// DeleteAccountInstance removes an account's instance with its applications, its issuers and all that hangs on them, and ends their sessions.
func (tx *Tx) DeleteAccountInstance(instanceID string) error {
	if err := tx.revokeSessionsOfInstance(instanceID, "instance deleted"); err != nil {
		return err
	}
	return tx.each([]string{
		`DELETE FROM resource_tags WHERE resource_id = $1
			OR resource_id IN (SELECT application_id FROM application WHERE instance_id = $1)
			OR resource_id IN (SELECT issuer_id FROM trusted_token_issuer WHERE instance_id = $1)`,
		`DELETE FROM application_grant WHERE application_id IN (SELECT application_id FROM application WHERE instance_id = $1)`,
		`DELETE FROM application_scope WHERE application_id IN (SELECT application_id FROM application WHERE instance_id = $1)`,
		`DELETE FROM application_assignment WHERE application_id IN (SELECT application_id FROM application WHERE instance_id = $1)`,
		`DELETE FROM application WHERE instance_id = $1`,
		`DELETE FROM trusted_token_issuer WHERE instance_id = $1`,
		`DELETE FROM account_instance WHERE instance_id = $1`,
	}, instanceID)
}
