CREATE TABLE account_instance (
	instance_id TEXT NOT NULL PRIMARY KEY,
	account_id TEXT NOT NULL,
	name TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_instance_account ON account_instance (account_id);
CREATE TABLE application (
	application_id TEXT NOT NULL PRIMARY KEY,
	instance_id TEXT NOT NULL,
	account_id TEXT NOT NULL,
	provider_arn TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	status TEXT NOT NULL,
	portal_options TEXT NOT NULL,
	assignment_required BIGINT NOT NULL,
	background_session TEXT NOT NULL,
	actor_policy TEXT NOT NULL,
	id_token_alg TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX application_instance ON application (instance_id, application_id);
CREATE TABLE application_grant (
	application_id TEXT NOT NULL,
	grant_type TEXT NOT NULL,
	document TEXT NOT NULL,
	PRIMARY KEY (application_id, grant_type)
);
CREATE TABLE application_scope (
	application_id TEXT NOT NULL,
	scope TEXT NOT NULL,
	targets TEXT NOT NULL,
	PRIMARY KEY (application_id, scope)
);
CREATE TABLE application_assignment (
	application_id TEXT NOT NULL,
	principal_type TEXT NOT NULL,
	principal_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (application_id, principal_type, principal_id)
);
CREATE INDEX application_assignment_principal ON application_assignment (principal_type, principal_id, application_id);
CREATE TABLE trusted_token_issuer (
	issuer_id TEXT NOT NULL PRIMARY KEY,
	instance_id TEXT NOT NULL,
	account_id TEXT NOT NULL,
	name TEXT NOT NULL,
	url TEXT NOT NULL,
	claim_path TEXT NOT NULL,
	attribute_path TEXT NOT NULL,
	jwks TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX trusted_token_issuer_name ON trusted_token_issuer (instance_id, name);
CREATE UNIQUE INDEX trusted_token_issuer_url ON trusted_token_issuer (instance_id, url);
CREATE TABLE resource_tags (
	resource_id TEXT NOT NULL PRIMARY KEY,
	tags TEXT NOT NULL
);
CREATE TABLE client_token (
	account_id TEXT NOT NULL,
	operation TEXT NOT NULL,
	token TEXT NOT NULL,
	digest TEXT NOT NULL,
	answer TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, operation, token)
);
CREATE INDEX client_token_end ON client_token (expires_at);
