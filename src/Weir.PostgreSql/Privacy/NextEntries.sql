-- Entries of an account in the order of the ledger.
SELECT seq, recorded_at FROM events WHERE workspace = $1 AND account = $2 AND seq > $3 ORDER BY seq LIMIT $4
