ALTER TABLE permission_set ADD COLUMN session_duration TEXT NOT NULL DEFAULT '';
UPDATE permission_set SET session_duration = 'PT' || session_duration_s || 'S';
ALTER TABLE permission_set ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
CREATE TABLE permission_set_inline_policy (
	permission_set_id TEXT NOT NULL PRIMARY KEY,
	document TEXT NOT NULL
);
CREATE TABLE permission_set_managed_policy (
	permission_set_id TEXT NOT NULL,
	policy_arn TEXT NOT NULL,
	PRIMARY KEY (permission_set_id, policy_arn)
);
CREATE TABLE permission_set_customer_policy (
	permission_set_id TEXT NOT NULL,
	policy_name TEXT NOT NULL,
	policy_path TEXT NOT NULL,
	PRIMARY KEY (permission_set_id, policy_name, policy_path)
);
CREATE TABLE permission_set_boundary (
	permission_set_id TEXT NOT NULL PRIMARY KEY,
	policy_arn TEXT NOT NULL,
	policy_name TEXT NOT NULL,
	policy_path TEXT NOT NULL
);
ALTER TABLE account_assignment ADD COLUMN begins_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account_assignment ADD COLUMN ends_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX account_assignment_account ON account_assignment (account_id, permission_set_id, principal_type, principal_id);
CREATE TABLE permission_set_provisioning (
	permission_set_id TEXT NOT NULL,
	account_id TEXT NOT NULL,
	revision BIGINT NOT NULL,
	provisioned_at BIGINT NOT NULL,
	PRIMARY KEY (permission_set_id, account_id)
);
CREATE INDEX permission_set_provisioning_account ON permission_set_provisioning (account_id, permission_set_id);
INSERT INTO permission_set_provisioning (permission_set_id, account_id, revision, provisioned_at)
	SELECT permission_set_id, account_id, 1, MIN(created_at) FROM account_assignment GROUP BY permission_set_id, account_id;
CREATE TABLE operation_status (
	request_id TEXT NOT NULL PRIMARY KEY,
	operation TEXT NOT NULL,
	outcome TEXT NOT NULL,
	failure_reason TEXT NOT NULL,
	principal_type TEXT NOT NULL,
	principal_id TEXT NOT NULL,
	account_id TEXT NOT NULL,
	permission_set_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	ends_at BIGINT NOT NULL,
	settled BIGINT NOT NULL
);
CREATE INDEX operation_status_operation ON operation_status (operation, request_id);
CREATE INDEX operation_status_outcome ON operation_status (operation, outcome, request_id);
CREATE INDEX operation_status_waiting ON operation_status (settled, ends_at);
