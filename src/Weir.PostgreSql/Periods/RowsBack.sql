-- An account's entries back from a number ($3), recorded between two times.
AND e.account = $2 AND e.seq < $3 AND e.recorded_at >= $4 AND e.recorded_at < $5
ORDER BY e.seq DESC LIMIT $6
