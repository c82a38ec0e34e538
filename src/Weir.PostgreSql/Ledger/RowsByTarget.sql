-- What came after the given entries.
AND e.target = ANY ($2)
ORDER BY e.seq
