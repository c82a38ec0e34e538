-- The whole log, between two numbers ($2, $3).
AND e.seq > $2 AND e.seq < $3
{filters}
ORDER BY e.seq {direction} LIMIT $11
