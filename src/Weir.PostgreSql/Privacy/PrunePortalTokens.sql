-- Those that expired before a time ($2).
DELETE FROM portal_tokens WHERE workspace = $1 AND id IN (
  SELECT id FROM portal_tokens WHERE workspace = $1 AND expires_at < $2 ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED)
