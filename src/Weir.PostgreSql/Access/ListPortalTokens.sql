-- Newest first, of all accounts or of one, from a token that was seen.
SELECT id, account, user_name, hash, created_at, expires_at, revoked_at
FROM portal_tokens
WHERE workspace = $1 AND ($2 IS NULL OR account = $2) AND ($3 IS NULL OR (created_at, id) < ($3, $4))
ORDER BY created_at DESC, id DESC
LIMIT $5
