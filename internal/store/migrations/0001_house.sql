CREATE TABLE instance (
	instance_id TEXT NOT NULL PRIMARY KEY,
	identity_store_id TEXT NOT NULL,
	owner_account_id TEXT NOT NULL,
	region TEXT NOT NULL,
	name TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE TABLE sealing_key (
	key_id TEXT NOT NULL PRIMARY KEY,
	purpose TEXT NOT NULL,
	sealed_seed TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE TABLE directory_user (
	user_id TEXT NOT NULL PRIMARY KEY,
	user_name TEXT NOT NULL,
	user_name_key TEXT NOT NULL,
	display_name TEXT NOT NULL,
	given_name TEXT NOT NULL,
	family_name TEXT NOT NULL,
	email TEXT NOT NULL,
	status TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX directory_user_name ON directory_user (user_name_key);
CREATE TABLE user_password (
	user_id TEXT NOT NULL PRIMARY KEY,
	hash TEXT NOT NULL,
	origin TEXT NOT NULL,
	changed_at BIGINT NOT NULL
);
CREATE TABLE directory_group (
	group_id TEXT NOT NULL PRIMARY KEY,
	display_name TEXT NOT NULL,
	description TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX directory_group_name ON directory_group (display_name);
CREATE TABLE group_membership (
	user_id TEXT NOT NULL,
	group_id TEXT NOT NULL,
	PRIMARY KEY (user_id, group_id)
);
CREATE INDEX group_membership_group ON group_membership (group_id);
CREATE TABLE account (
	account_id TEXT NOT NULL PRIMARY KEY,
	name TEXT NOT NULL,
	email TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE TABLE permission_set (
	permission_set_id TEXT NOT NULL PRIMARY KEY,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	session_duration_s BIGINT NOT NULL,
	relay_state TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX permission_set_name ON permission_set (name);
CREATE TABLE account_assignment (
	principal_type TEXT NOT NULL,
	principal_id TEXT NOT NULL,
	account_id TEXT NOT NULL,
	permission_set_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (principal_type, principal_id, account_id, permission_set_id)
);
CREATE TABLE access_key (
	access_key_id TEXT NOT NULL PRIMARY KEY,
	sealed_secret TEXT NOT NULL,
	user_name TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE TABLE sign_in (
	sign_in_id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL,
	address TEXT NOT NULL,
	agent TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	ends_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL
);
CREATE INDEX sign_in_user ON sign_in (user_id);
CREATE INDEX sign_in_end ON sign_in (ends_at);
CREATE TABLE device_authorization (
	device_id TEXT NOT NULL PRIMARY KEY,
	code_digest TEXT NOT NULL,
	user_code_digest TEXT NOT NULL,
	state TEXT NOT NULL,
	client_id TEXT NOT NULL,
	client_name TEXT NOT NULL,
	client_created_at BIGINT NOT NULL,
	scopes TEXT NOT NULL,
	address TEXT NOT NULL,
	agent TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	user_id TEXT NOT NULL,
	sign_in_id TEXT NOT NULL,
	auth_time BIGINT NOT NULL,
	decided_at BIGINT NOT NULL,
	decided_from TEXT NOT NULL,
	session_id TEXT NOT NULL,
	spent_at BIGINT NOT NULL,
	spent_from TEXT NOT NULL
);
CREATE UNIQUE INDEX device_authorization_user_code ON device_authorization (user_code_digest);
CREATE TABLE authorization_code (
	request_id TEXT NOT NULL PRIMARY KEY,
	code_digest TEXT NOT NULL,
	state TEXT NOT NULL,
	client_id TEXT NOT NULL,
	client_name TEXT NOT NULL,
	redirect_uri TEXT NOT NULL,
	challenge TEXT NOT NULL,
	nonce TEXT NOT NULL,
	scopes TEXT NOT NULL,
	user_id TEXT NOT NULL,
	sign_in_id TEXT NOT NULL,
	auth_time BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	failures BIGINT NOT NULL,
	session_id TEXT NOT NULL,
	spent_at BIGINT NOT NULL,
	spent_from TEXT NOT NULL
);
CREATE TABLE session (
	session_id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	client_name TEXT NOT NULL,
	grant_type TEXT NOT NULL,
	scopes TEXT NOT NULL,
	nonce TEXT NOT NULL,
	sign_in_id TEXT NOT NULL,
	auth_time BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	ends_at BIGINT NOT NULL,
	generation BIGINT NOT NULL,
	rotated_at BIGINT NOT NULL,
	key_id TEXT NOT NULL,
	revoked_at BIGINT NOT NULL,
	revoked_because TEXT NOT NULL
);
CREATE INDEX session_user ON session (user_id);
CREATE INDEX session_sign_in ON session (sign_in_id);
CREATE INDEX session_end ON session (ends_at);
CREATE TABLE consent (
	user_id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	scopes TEXT NOT NULL,
	granted_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consent_end ON consent (expires_at);
CREATE TABLE attempt (
	attempt_key TEXT NOT NULL PRIMARY KEY,
	tally BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX attempt_end ON attempt (expires_at);
CREATE TABLE audit_event (
	event_id TEXT NOT NULL PRIMARY KEY,
	name TEXT NOT NULL,
	request_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	session_id TEXT NOT NULL,
	address TEXT NOT NULL,
	detail TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
