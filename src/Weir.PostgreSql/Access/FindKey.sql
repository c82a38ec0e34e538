-- For every request whose key is not remembered.
SELECT id, name, live, scopes, hash, created_at, revoked_at FROM api_keys WHERE workspace = $1 AND id = $2
