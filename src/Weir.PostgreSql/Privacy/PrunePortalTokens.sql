-- Those that expired before a time ($2). Chosen once: joined otherwise, the choice may be made again and again, and more go than were asked for.
WITH over AS MATERIALIZED (
  SELECT id FROM portal_tokens WHERE workspace = $1 AND expires_at < $2 ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
DELETE FROM portal_tokens t USING over o WHERE t.workspace = $1 AND t.id = o.id
