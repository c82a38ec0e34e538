-- Those that were over before a time ($2), chosen once.
WITH over AS MATERIALIZED (
  SELECT number FROM alerts WHERE workspace = $1 AND coalesce(resolved_at, period_end) < $2 ORDER BY number LIMIT $3 FOR UPDATE SKIP LOCKED
)
DELETE FROM alerts a USING over o WHERE a.workspace = $1 AND a.number = o.number
