package iam

import (
	"cmp"
	"context"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/fault"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// Provider is an OpenID provider as operators describe it.
type Provider struct {
	AccountID string
	URL       string
	ClientIDs []string
	JWKS      string // static keys, for providers that cannot be reached; empty to discover them
}

func (p Provider) row() store.OIDCProvider {
	return store.OIDCProvider{AccountID: p.AccountID, URL: p.URL, ClientIDs: store.ClientIDsText(p.ClientIDs), JWKS: p.JWKS}
}

// CreateOIDCProvider has an account trust an OpenID provider, and returns its ARN.
func (s *Service) CreateOIDCProvider(ctx context.Context, caller api.Caller, p Provider) (string, error) {
	row := p.row()
	if err := invalid(rules.CheckProvider(row)); err != nil {
		return "", err
	}
	providerARN := row.ARN()
	return providerARN, s.change(ctx, caller, audit.Event{Name: audit.OIDCProviderCreated, Detail: providerARN}, func(tx *store.Tx) error {
		if err := inAccount(tx, p.AccountID); err != nil {
			return err
		}
		all, err := tx.OIDCProviders(p.AccountID)
		if err != nil {
			return err
		}
		for _, other := range all { // the ARN has no scheme, so http and https of one address would be one name
			if other.ARN() == providerARN {
				return fault.Conflict.Refuse("there is " + providerARN + " already")
			}
		}
		_, err = tx.AddOIDCProvider(row)
		return err
	})
}

// UpdateOIDCProvider changes the audiences of a provider, and its static keys where they are given: a provider whose keys shall be discovered
// again is deleted and made anew.
func (s *Service) UpdateOIDCProvider(ctx context.Context, caller api.Caller, p Provider) error {
	row := p.row()
	if err := invalid(rules.CheckProvider(row)); err != nil {
		return err
	}
	return s.change(ctx, caller, audit.Event{Name: audit.OIDCProviderUpdated, Detail: row.ARN()}, func(tx *store.Tx) error {
		before, found, err := tx.OIDCProvider(p.AccountID, p.URL)
		if err != nil {
			return err
		}
		if !found {
			return errNoProvider(p.AccountID, p.URL)
		}
		row.JWKS = cmp.Or(row.JWKS, before.JWKS)
		_, err = tx.UpdateOIDCProvider(row)
		return err
	})
}

// DeleteOIDCProvider has an account no longer trust a provider.
func (s *Service) DeleteOIDCProvider(ctx context.Context, caller api.Caller, accountID, url string) error {
	return s.change(ctx, caller, audit.Event{Name: audit.OIDCProviderDeleted, Detail: url + " of " + accountID}, func(tx *store.Tx) error {
		deleted, err := tx.DeleteOIDCProvider(accountID, url)
		if err == nil && !deleted {
			return errNoProvider(accountID, url)
		}
		return err
	})
}

func errNoProvider(accountID, url string) error {
	return fault.NotFound.Refuse("account " + accountID + " has no OpenID provider " + url + ": see sallyport iam list-oidc-providers")
}

// OIDCProviders returns the providers of an account, or of all when it is empty.
func (s *Service) OIDCProviders(ctx context.Context, accountID string) (all []store.OIDCProvider, err error) {
	err = s.Store.Look(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.OIDCProviders(accountID)
		return err
	})
	return all, err
}
