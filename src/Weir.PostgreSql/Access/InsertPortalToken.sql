-- The text of a token is never stored.
INSERT INTO portal_tokens (workspace, id, account, user_name, hash, created_at, expires_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
