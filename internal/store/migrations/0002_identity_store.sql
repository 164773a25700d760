ALTER TABLE directory_user ADD COLUMN profile TEXT NOT NULL DEFAULT '';
ALTER TABLE directory_user ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE directory_user ADD COLUMN updated_by TEXT NOT NULL DEFAULT '';
CREATE TABLE user_email (
	email_key TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL
);
CREATE INDEX user_email_user ON user_email (user_id);
INSERT INTO user_email (email_key, user_id)
	SELECT lower(email), MIN(user_id) FROM directory_user WHERE email <> '' GROUP BY lower(email);
CREATE TABLE user_external_id (
	issuer TEXT NOT NULL,
	external_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	PRIMARY KEY (issuer, external_id)
);
CREATE INDEX user_external_id_value ON user_external_id (external_id);
CREATE INDEX user_external_id_user ON user_external_id (user_id);
ALTER TABLE directory_group ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE directory_group ADD COLUMN updated_by TEXT NOT NULL DEFAULT '';
CREATE TABLE group_external_id (
	issuer TEXT NOT NULL,
	external_id TEXT NOT NULL,
	group_id TEXT NOT NULL,
	PRIMARY KEY (issuer, external_id)
);
CREATE INDEX group_external_id_group ON group_external_id (group_id);
ALTER TABLE group_membership ADD COLUMN membership_id TEXT NOT NULL DEFAULT '';
ALTER TABLE group_membership ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE group_membership ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
UPDATE group_membership SET membership_id = substr(user_id, 1, 18) || substr(group_id, 19, 18),
	created_at = COALESCE((SELECT created_at FROM directory_group WHERE directory_group.group_id = group_membership.group_id), 0);
CREATE UNIQUE INDEX group_membership_id ON group_membership (membership_id);
CREATE INDEX group_membership_members ON group_membership (group_id, user_id);
DROP INDEX group_membership_group;
