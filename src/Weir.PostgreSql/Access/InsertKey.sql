-- The text of a key is never stored.
INSERT INTO api_keys (workspace, id, name, live, scopes, hash, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
