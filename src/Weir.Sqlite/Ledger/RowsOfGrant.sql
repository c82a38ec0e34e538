-- Entries from the ledger's start on that drew of a grant (?2) or returned to it, after a number (?3).
SELECT g.seq AS seq FROM grant_draws g CROSS JOIN events e ON e.seq = g.seq
WHERE g.workspace = ?1 AND g.grant_number = ?2 AND g.seq > ?3
  AND e.recorded_at >= coalesce((SELECT max(start_at) FROM ledger_starts WHERE workspace = ?1), -9223372036854775808)
ORDER BY g.seq LIMIT ?4
