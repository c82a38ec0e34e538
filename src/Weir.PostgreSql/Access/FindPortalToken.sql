-- For every request whose token is not remembered.
SELECT id, account, user_name, hash, created_at, expires_at, revoked_at FROM portal_tokens WHERE workspace = $1 AND id = $2
