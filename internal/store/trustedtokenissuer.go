package store

import "sallyport/internal/arn"

// TrustedTokenIssuer is somebody else's token service whose tokens the applications of an instance may bring.
type TrustedTokenIssuer struct {
	IssuerID      string // tti-… with a UUID
	InstanceID    string
	AccountID     string // that made it
	Name          string
	URL           string // as the tokens have it in iss, byte for byte
	ClaimPath     string // of the claim that names the user
	AttributePath string // of the attribute of the directory that the claim equals
	JWKS          string // keys that were given, for an issuer that is never asked; empty for one that is (our extension)
	CreatedAt     int64
}

// ARN names the issuer.
func (i TrustedTokenIssuer) ARN() string {
	return arn.TrustedTokenIssuer{Account: i.AccountID, InstanceID: i.InstanceID, IssuerID: i.IssuerID}.String()
}

const issuerColumns = `issuer_id, instance_id, account_id, name, url, claim_path, attribute_path, jwks, created_at`

func scanIssuer(r row) TrustedTokenIssuer {
	return TrustedTokenIssuer{r.text(0), r.text(1), r.text(2), r.text(3), r.text(4), r.text(5), r.text(6), r.text(7), r.int(8)}
}

// TrustedTokenIssuer finds an issuer by id.
func (tx *Tx) TrustedTokenIssuer(issuerID string) (i TrustedTokenIssuer, found bool, err error) {
	found, err = tx.one(`SELECT `+issuerColumns+` FROM trusted_token_issuer WHERE issuer_id = $1`,
		func(r row) { i = scanIssuer(r) }, issuerID)
	return i, found, err
}

// TrustedTokenIssuersByURL returns the issuers of an instance that sign as the URL. There is one at most.
func (tx *Tx) TrustedTokenIssuersByURL(instanceID, url string) ([]TrustedTokenIssuer, error) {
	return list(tx, scanIssuer, `SELECT `+issuerColumns+` FROM trusted_token_issuer WHERE instance_id = $1 AND url = $2`, instanceID, url)
}

// TrustedTokenIssuers returns every issuer of an instance, by id: AWS allows ten.
func (tx *Tx) TrustedTokenIssuers(instanceID string) ([]TrustedTokenIssuer, error) {
	return list(tx, scanIssuer, `SELECT `+issuerColumns+` FROM trusted_token_issuer WHERE instance_id = $1 ORDER BY issuer_id`, instanceID)
}

// PutTrustedTokenIssuer makes an issuer, or replaces what can change of one: the URL cannot.
func (tx *Tx) PutTrustedTokenIssuer(i TrustedTokenIssuer) error {
	_, err := tx.exec(`INSERT INTO trusted_token_issuer
			(issuer_id, instance_id, account_id, name, url, claim_path, attribute_path, jwks, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
		ON CONFLICT (issuer_id) DO UPDATE SET name = $4, claim_path = $6, attribute_path = $7, jwks = $8, updated_at = $9`,
		i.IssuerID, i.InstanceID, i.AccountID, i.Name, i.URL, i.ClaimPath, i.AttributePath, i.JWKS, tx.Millis())
	return err
}

// DeleteTrustedTokenIssuer removes an issuer with its tags, and ends the sessions that rest upon its word. Grants that name it keep doing so
// and let nobody in.
func (tx *Tx) DeleteTrustedTokenIssuer(issuerID string) error {
	if err := tx.revokeSessionsOfIssuer(issuerID, "its issuer is trusted no longer"); err != nil {
		return err
	}
	return tx.each([]string{
		`DELETE FROM trusted_token_issuer WHERE issuer_id = $1`,
		`DELETE FROM resource_tags WHERE resource_id = $1`,
	}, issuerID)
}
