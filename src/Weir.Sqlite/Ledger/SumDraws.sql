-- What entries from the ledger's start on drew, and what is carried of those before.
SELECT
  coalesce((SELECT sum(g.used) FROM grant_draws g CROSS JOIN events e ON e.seq = g.seq
    WHERE g.workspace = ?1 AND g.grant_number = ?2 AND e.recorded_at >= coalesce((SELECT max(start_at) FROM ledger_starts WHERE workspace = ?1), -9223372036854775808)), 0)
  + coalesce((SELECT sum(used) FROM carried_grants
    WHERE workspace = ?1 AND grant_number = ?2 AND start_at <= (SELECT max(start_at) FROM ledger_starts WHERE workspace = ?1)), 0)
