package directory

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sallyport/internal/creds"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

func (p *plan) compareIAM() error {
	if p.d.iam == nil {
		return nil
	}
	p.compareIAMUsers()
	p.compareIAMRoles()
	p.compareProviders()
	return p.compareKeys()
}

// principalKey is by what principals are tied to the store.
type principalKey struct{ account, name string }

func (u iamUser) row() store.IAMUser {
	return store.IAMUser{AccountID: u.account.value, UserName: u.name.value, Path: cmp.Or(u.path.value, "/")}
}

func (r iamRole) row() store.IAMRole {
	seconds, err := strconv.ParseInt(r.maxSessionDuration.value, 10, 64)
	if err != nil {
		seconds = rules.MinRoleSession
	}
	return store.IAMRole{
		AccountID: r.account.value, RoleName: r.name.value, Path: cmp.Or(r.path.value, "/"), Description: r.description.value,
		TrustPolicy: r.trustPolicy.json, MaxSessionS: seconds,
	}
}

func (o oidcProvider) row() store.OIDCProvider {
	return store.OIDCProvider{
		AccountID: o.account.value, URL: o.url.value, ClientIDs: store.ClientIDsText(valuesOf(o.clientIDs)), JWKS: o.jwks.json,
	}
}

func (p *plan) compareIAMUsers() {
	if !p.d.iam.users.given {
		return
	}
	have := mapOf(p.have.iamUsers, func(u store.IAMUser) principalKey { return principalKey{u.AccountID, u.UserName} })
	for _, u := range p.d.iam.users.list {
		next := u.row()
		key := principalKey{next.AccountID, next.UserName}
		old, found := have[key]
		delete(have, key)
		if next.UserID = old.UserID; !found {
			next.UserID = rules.NewIAMUserID()
		}
		p.principal(principalChange{
			principal: u.principal, row: next.Principal(), found: found,
			fields: differing(attributes{{"path", old.Path}}, attributes{{"path", next.Path}}),
			put:    func(tx *store.Tx) error { return tx.PutIAMUser(next) },
		})
	}
	for _, row := range p.have.iamUsers {
		if _, left := have[principalKey{row.AccountID, row.UserName}]; left {
			p.remove(principalWords(row.Principal()), func(tx *store.Tx) error {
				_, err := tx.DeleteIAMUser(row.AccountID, row.UserName)
				return err
			})
		}
	}
}

func (p *plan) compareIAMRoles() {
	if !p.d.iam.roles.given {
		return
	}
	have := mapOf(p.have.iamRoles, func(r store.IAMRole) principalKey { return principalKey{r.AccountID, r.RoleName} })
	for _, r := range p.d.iam.roles.list {
		next := r.row()
		key := principalKey{next.AccountID, next.RoleName}
		old, found := have[key]
		delete(have, key)
		if next.RoleID = old.RoleID; !found {
			next.RoleID = rules.NewIAMRoleID()
		}
		fields := differing(roleAttributes(old), roleAttributes(next))
		if found && canonical(old.TrustPolicy) == canonical(next.TrustPolicy) {
			next.TrustPolicy = old.TrustPolicy // as it was sent
		}
		p.principal(principalChange{
			principal: r.principal, row: next.Principal(), found: found,
			fields: append(fields, differingDocument("trustPolicy", old.TrustPolicy, next.TrustPolicy)...),
			put:    func(tx *store.Tx) error { return tx.PutIAMRole(next) },
		})
	}
	for _, row := range p.have.iamRoles {
		if _, left := have[principalKey{row.AccountID, row.RoleName}]; left {
			p.remove(principalWords(row.Principal()), func(tx *store.Tx) error {
				_, err := tx.DeleteIAMRole(row.AccountID, row.RoleName)
				return err
			})
		}
	}
}

func roleAttributes(r store.IAMRole) attributes {
	return attributes{{"path", r.Path}, {"description", r.Description}, {"maxSessionDuration", strconv.FormatInt(r.MaxSessionS, 10)}}
}

func principalWords(p store.IAMPrincipal) string {
	return fmt.Sprintf("IAM %s %q of account %s", p.Kind, p.Name, p.AccountID)
}

// principalChange is what becomes of a user or a role.
type principalChange struct {
	principal
	row    store.IAMPrincipal
	found  bool
	fields []Field // that differ, but for the policies
	put    step
}

// principal compares the policies of a user or a role, and makes it what the file says.
func (p *plan) principal(c principalChange) {
	have, want := p.have.iamPolicies[c.row], c.principal.rows()
	for i, policy := range want {
		for _, old := range have {
			if old.Name == policy.Name && canonical(old.Document) == canonical(policy.Document) {
				want[i] = old // as it was sent
			}
		}
	}
	do := func(tx *store.Tx) error {
		if err := c.put(tx); err != nil {
			return err
		}
		return putPolicies(tx, c.row, have, want)
	}
	if !c.found {
		p.inAccount(c.account, "a principal")
		p.add(principalWords(c.row), do)
		return
	}
	p.keep(principalWords(c.row), append(c.fields, differingPolicies(have, want)...), do)
}

// rows are the policies in the form of the store: those that are attached are rows without a document.
func (p principal) rows() []store.IAMPolicy {
	var rows []store.IAMPolicy
	for _, named := range p.policies {
		rows = append(rows, store.IAMPolicy{Name: named.name.value, Document: named.json})
	}
	for _, managed := range p.managedPolicies {
		if row, known := rules.AttachedPolicy(managed.value); known {
			rows = append(rows, row)
		}
	}
	return rows
}

func differingPolicies(have, want []store.IAMPolicy) []Field {
	was, managed := splitPolicies(have)
	will, next := splitPolicies(want)
	fields := differing(attributes{{"managedPolicies", strings.Join(managed, ", ")}}, attributes{{"managedPolicies", strings.Join(next, ", ")}})
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(slices.Collect(maps.Keys(was)), maps.Keys(will))))) {
		fields = append(fields, differingDocument("policies."+name, was[name], will[name])...)
	}
	return fields
}

// splitPolicies are documents by name, and the ARNs of attached policies.
func splitPolicies(all []store.IAMPolicy) (documents map[string]string, managed []string) {
	documents = map[string]string{}
	for _, policy := range all {
		if attached, is := rules.AttachedARN(policy); is {
			managed = append(managed, attached)
		} else {
			documents[policy.Name] = policy.Document
		}
	}
	slices.Sort(managed)
	return documents, managed
}

func putPolicies(tx *store.Tx, of store.IAMPrincipal, have, want []store.IAMPolicy) error {
	for _, policy := range have {
		if !slices.ContainsFunc(want, func(w store.IAMPolicy) bool { return w.Name == policy.Name }) {
			if _, err := tx.DeleteIAMPolicy(of, policy.Name); err != nil {
				return err
			}
		}
	}
	for _, policy := range want {
		if err := tx.PutIAMPolicy(of, policy); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) compareProviders() {
	if !p.d.iam.providers.given {
		return
	}
	have := mapOf(p.have.providers, func(o store.OIDCProvider) principalKey { return principalKey{o.AccountID, o.URL} })
	for _, o := range p.d.iam.providers.list {
		next := o.row()
		key := principalKey{next.AccountID, next.URL}
		old, found := have[key]
		delete(have, key)
		put := func(tx *store.Tx) error { return tx.PutOIDCProvider(next) }
		if !found {
			p.inAccount(o.account, "an OpenID provider")
			p.add(providerWords(next), put)
			continue
		}
		if canonical(old.JWKS) == canonical(next.JWKS) {
			next.JWKS = old.JWKS
		}
		fields := differing(attributes{{"clientIds", canonical(old.ClientIDs)}}, attributes{{"clientIds", canonical(next.ClientIDs)}})
		p.keep(providerWords(next), append(fields, differingDocument("jwks", old.JWKS, next.JWKS)...), put)
	}
	for _, row := range p.have.providers {
		if _, left := have[principalKey{row.AccountID, row.URL}]; left {
			p.remove(providerWords(row), func(tx *store.Tx) error {
				_, err := tx.DeleteOIDCProvider(row.AccountID, row.URL)
				return err
			})
		}
	}
}

func providerWords(o store.OIDCProvider) string {
	return fmt.Sprintf("OpenID provider %s of account %s", o.URL, o.AccountID)
}

// compareKeys compares the access keys of the principals that the file lists. Keys go by their id, from one principal to another, too.
func (p *plan) compareKeys() error {
	have := mapOf(p.have.keys, func(k store.AccessKey) string { return k.AccessKeyID })
	named := map[string]bool{}
	for _, holder := range p.holders() {
		for _, key := range holder.accessKeys {
			named[key.id.value] = true
			old, found := have[key.id.value]
			if err := p.accessKey(key, holder.row, old, found); err != nil {
				return err
			}
		}
	}
	listed := p.listed()
	for _, row := range p.have.keys {
		if !named[row.AccessKeyID] && listed[row.Principal()] {
			p.remove(keyWords(row), func(tx *store.Tx) error {
				_, err := tx.DeleteAccessKey(row.AccessKeyID)
				return err
			})
		}
	}
	return nil
}

type holder struct {
	principal
	row store.IAMPrincipal
}

// holders are the principals of the file.
func (p *plan) holders() []holder {
	var all []holder
	for _, u := range p.d.iam.users.list {
		all = append(all, holder{u.principal, u.row().Principal()})
	}
	for _, r := range p.d.iam.roles.list {
		all = append(all, holder{r.principal, r.row().Principal()})
	}
	return all
}

// listed are the principals of the store that the file decides about.
func (p *plan) listed() map[store.IAMPrincipal]bool {
	all := map[store.IAMPrincipal]bool{}
	for _, u := range p.have.iamUsers {
		all[u.Principal()] = p.d.iam.users.given
	}
	for _, r := range p.have.iamRoles {
		all[r.Principal()] = p.d.iam.roles.given
	}
	return all
}

func keyWords(k store.AccessKey) string {
	return "access key " + k.AccessKeyID + " of " + principalWords(k.Principal())
}

// accessKey compares one key. Its secret is compared where the file has one, and never shown.
func (p *plan) accessKey(key accessKey, of store.IAMPrincipal, old store.AccessKey, found bool) error {
	next := store.AccessKey{
		AccessKeyID: key.id.value, SealedSecret: old.SealedSecret, AccountID: of.AccountID, Status: cmp.Or(key.status.value, store.KeyActive),
	}
	if of.Kind == store.IAMRoleKind {
		next.RoleName = of.Name
	} else {
		next.UserName = of.Name
	}
	fields := differing(
		attributes{{"status", old.Status}, {"principal", principalWords(old.Principal())}},
		attributes{{"status", next.Status}, {"principal", principalWords(of)}})
	switch {
	case key.secret.value == "" && !found:
		p.mistakes.add(key.id.place, "found the access key %s, which the store does not have, without secretAccessKey, expected one", shown(key.id.value))
		return nil
	case key.secret.value != "" && p.ring == nil:
		return errors.New("an access key needs the key ring")
	case key.secret.value != "":
		if was, opens := creds.OpenAccessKeySecret(p.ring, next.AccessKeyID, old.SealedSecret); !opens || was != key.secret.value {
			next.SealedSecret = creds.SealAccessKeySecret(p.ring, next.AccessKeyID, key.secret.value)
			fields = append(fields, Field{"secretAccessKey", "one", "another"})
		}
	}
	put := func(tx *store.Tx) error { return tx.PutAccessKey(next) }
	if !found {
		p.add(keyWords(next), put)
		return nil
	}
	p.keep(keyWords(next), fields, put)
	return nil
}
