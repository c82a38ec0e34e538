-- Tokens of an account; of one user ($3) only those.
DELETE FROM portal_tokens WHERE workspace = $1 AND account = $2 AND ($3 IS NULL OR user_name = $3)
