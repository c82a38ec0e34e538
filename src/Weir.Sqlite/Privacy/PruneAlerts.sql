-- Those that were over before a time (?2). Gives a row for each.
DELETE FROM alerts WHERE number IN (
  SELECT number FROM alerts WHERE workspace = ?1 AND coalesce(resolved_at, period_end) < ?2 ORDER BY number LIMIT ?3) RETURNING 1
