package store

// Account is an AWS account that people can be assigned to.
type Account struct {
	AccountID string // 12 digits
	Name      string
	Email     string
}

func scanAccount(r row) Account { return Account{r.text(0), r.text(1), r.text(2)} }

// Accounts returns every account, by id.
func (tx *Tx) Accounts() ([]Account, error) {
	return list(tx, scanAccount, `SELECT account_id, name, email FROM account ORDER BY account_id`)
}

// Account finds an account by id.
func (tx *Tx) Account(accountID string) (account Account, found bool, err error) {
	found, err = tx.one(`SELECT account_id, name, email FROM account WHERE account_id = $1`,
		func(r row) { account = scanAccount(r) }, accountID)
	return account, found, err
}

// PutAccount makes an account or replaces what is known of one.
func (tx *Tx) PutAccount(a Account) error {
	_, err := tx.exec(`INSERT INTO account (account_id, name, email, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (account_id) DO UPDATE SET name = $2, email = $3, updated_at = $4`, a.AccountID, a.Name, a.Email, tx.Millis())
	return err
}

// DeleteAccount removes an account with its assignments and its principals.
func (tx *Tx) DeleteAccount(accountID string) error {
	err := tx.each([]string{
		`DELETE FROM account_assignment WHERE account_id = $1`,
		`DELETE FROM permission_set_provisioning WHERE account_id = $1`,
		`DELETE FROM account WHERE account_id = $1`,
	}, accountID)
	if err != nil {
		return err
	}
	return tx.deleteIAMOf(accountID)
}
