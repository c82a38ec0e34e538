-- To follow the ledger: nothing can appear any more below the horizon.
AND e.seq > $2 AND e.seq <= (SELECT current_setting('app.horizon')::bigint)
ORDER BY e.seq LIMIT $3
