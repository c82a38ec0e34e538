-- The events of one account ($13), between two numbers ($2, $3).
AND e.account = $13 AND e.seq > $2 AND e.seq < $3
{filters}
ORDER BY e.seq {direction} LIMIT $11
