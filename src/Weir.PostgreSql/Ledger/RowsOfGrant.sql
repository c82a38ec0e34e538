-- Entries from the ledger's start on that drew of a grant ($2) or returned to it, after a number ($3).
AND (e.seq, e.recorded_at) IN (
  SELECT g.seq, g.recorded_at FROM grant_draws g
  WHERE g.workspace = $1 AND g.grant_number = $2 AND g.seq > $3 AND g.recorded_at >= (SELECT ledger_start()) ORDER BY g.seq LIMIT $4)
ORDER BY e.seq
