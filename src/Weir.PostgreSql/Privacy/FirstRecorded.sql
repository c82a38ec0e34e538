-- The entry with the lowest number among those that are not carried.
SELECT recorded_at FROM events WHERE workspace = $1 AND recorded_at >= (SELECT ledger_start()) ORDER BY seq LIMIT 1
