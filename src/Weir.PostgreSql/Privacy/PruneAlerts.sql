-- Those that were over before a time ($2).
DELETE FROM alerts WHERE workspace = $1 AND number IN (
  SELECT number FROM alerts WHERE workspace = $1 AND coalesce(resolved_at, period_end) < $2 ORDER BY number LIMIT $3 FOR UPDATE SKIP LOCKED)
