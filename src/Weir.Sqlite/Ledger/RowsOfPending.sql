-- Events that the index of accounts does not have yet, by their numbers (?12), between two numbers (?2, ?3).
SELECT j.value AS seq FROM json_each(?12) j CROSS JOIN events e ON e.seq = j.value
WHERE j.value > ?2 AND j.value < ?3
{filters}
ORDER BY j.value {direction} LIMIT ?11
