ALTER TABLE sealing_key ADD COLUMN activates_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sealing_key ADD COLUMN root_key_id TEXT NOT NULL DEFAULT '';
CREATE TABLE retired_key (
	key_id TEXT NOT NULL PRIMARY KEY,
	purpose TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	activates_at BIGINT NOT NULL,
	retired_at BIGINT NOT NULL,
	forced BIGINT NOT NULL
);
CREATE INDEX retired_key_at ON retired_key (retired_at, key_id);
