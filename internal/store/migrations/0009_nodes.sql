CREATE TABLE change (
	change_id TEXT NOT NULL PRIMARY KEY,
	about TEXT NOT NULL,
	made_at BIGINT NOT NULL
);
CREATE INDEX change_age ON change (made_at, change_id);
CREATE TABLE node (
	node_id TEXT NOT NULL PRIMARY KEY,
	host TEXT NOT NULL,
	program TEXT NOT NULL,
	newest_migration TEXT NOT NULL,
	started_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL
);
