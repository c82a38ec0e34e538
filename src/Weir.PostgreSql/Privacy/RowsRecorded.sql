-- That are not carried and were recorded before a time ($3), after a number ($2).
AND e.seq > $2 AND e.recorded_at >= (SELECT ledger_start()) AND e.recorded_at < $3
ORDER BY e.seq LIMIT $4
