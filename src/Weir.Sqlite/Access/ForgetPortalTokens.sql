-- Tokens live for hours; those that are long over are of no use to anybody.
DELETE FROM portal_tokens WHERE workspace = ?1 AND expires_at < ?2
