CREATE TABLE iam_user (
	account_id TEXT NOT NULL,
	user_name TEXT NOT NULL,
	name_key TEXT NOT NULL,
	path TEXT NOT NULL,
	user_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, user_name)
);
CREATE UNIQUE INDEX iam_user_name ON iam_user (account_id, name_key);
CREATE TABLE iam_role (
	account_id TEXT NOT NULL,
	role_name TEXT NOT NULL,
	name_key TEXT NOT NULL,
	path TEXT NOT NULL,
	role_id TEXT NOT NULL,
	description TEXT NOT NULL,
	trust_policy TEXT NOT NULL,
	max_session_s BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, role_name)
);
CREATE UNIQUE INDEX iam_role_name ON iam_role (account_id, name_key);
CREATE TABLE iam_policy (
	account_id TEXT NOT NULL,
	principal_kind TEXT NOT NULL,
	principal_name TEXT NOT NULL,
	policy_name TEXT NOT NULL,
	document TEXT NOT NULL,
	PRIMARY KEY (account_id, principal_kind, principal_name, policy_name)
);
CREATE TABLE oidc_provider (
	account_id TEXT NOT NULL,
	url TEXT NOT NULL,
	client_ids TEXT NOT NULL,
	jwks TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, url)
);
ALTER TABLE access_key ADD COLUMN account_id TEXT NOT NULL DEFAULT '';
ALTER TABLE access_key ADD COLUMN principal_kind TEXT NOT NULL DEFAULT 'user';
ALTER TABLE access_key ADD COLUMN principal_name TEXT NOT NULL DEFAULT '';
ALTER TABLE access_key ADD COLUMN status TEXT NOT NULL DEFAULT 'Active';
UPDATE access_key SET account_id = COALESCE((SELECT MAX(owner_account_id) FROM instance), ''), principal_name = user_name;
INSERT INTO iam_user (account_id, user_name, name_key, path, user_id, created_at)
	SELECT account_id, MIN(user_name), lower(user_name), '/', '', MIN(created_at) FROM access_key GROUP BY account_id, lower(user_name);
INSERT INTO iam_policy (account_id, principal_kind, principal_name, policy_name, document)
	SELECT account_id, 'user', user_name, 'aws:policy/AdministratorAccess', '' FROM iam_user;
CREATE INDEX access_key_principal ON access_key (account_id, principal_kind, principal_name);
