ALTER TABLE session ADD COLUMN application_id TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN may_act TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN issuer_id TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN credential_id TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN parent_session_id TEXT NOT NULL DEFAULT '';
CREATE INDEX session_application ON session (application_id, session_id);
CREATE INDEX session_parent ON session (parent_session_id, session_id);
CREATE TABLE assertion_replay (
	input_digest TEXT NOT NULL PRIMARY KEY,
	id_digest TEXT NOT NULL,
	request_digest TEXT NOT NULL,
	session_id TEXT NOT NULL,
	spent_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX assertion_replay_id ON assertion_replay (id_digest);
CREATE INDEX assertion_replay_end ON assertion_replay (expires_at);
