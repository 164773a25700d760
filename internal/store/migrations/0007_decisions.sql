CREATE TABLE decision (
	request_id TEXT NOT NULL PRIMARY KEY,
	operation TEXT NOT NULL,
	principal TEXT NOT NULL,
	exception TEXT NOT NULL,
	message TEXT NOT NULL,
	cause TEXT NOT NULL,
	trace TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX decision_age ON decision (created_at, request_id);
