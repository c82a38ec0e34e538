-- What the newest entry belongs to.
SELECT coalesce(target, seq) FROM events WHERE workspace = ?1 ORDER BY seq DESC LIMIT 1
