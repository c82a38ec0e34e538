-- Tokens live for hours; those that are long over are of no use to anybody. One that another node forgets just now is left to it.
DELETE FROM portal_tokens WHERE workspace = $1 AND id IN (SELECT id FROM portal_tokens WHERE workspace = $1 AND expires_at < $2 ORDER BY id FOR UPDATE SKIP LOCKED)
