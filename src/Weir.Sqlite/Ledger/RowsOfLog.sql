-- The whole log, along its primary key, between two numbers (?2, ?3): the cursor, and the first row that can lie in the asked time.
SELECT e.seq FROM events e WHERE e.seq > ?2 AND e.seq < ?3
{filters}
ORDER BY e.seq {direction} LIMIT ?11
