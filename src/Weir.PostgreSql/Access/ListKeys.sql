-- All of a workspace, revoked ones too, oldest first.
SELECT id, name, live, scopes, hash, created_at, revoked_at FROM api_keys WHERE workspace = $1 ORDER BY created_at, id
