-- The same for some accounts (?7), along their index and what it does not have yet (?8).
WITH own (seq) AS (
  SELECT a.seq FROM json_each(?7) j CROSS JOIN account_events a ON a.workspace = ?1 AND a.account = j.value WHERE a.seq >= ?4
  UNION
  SELECT j.value FROM json_each(?8) j
)
SELECT e.seq AS seq FROM own CROSS JOIN events e ON e.seq = own.seq
WHERE e.seq >= ?4 AND e.seq < ?5 AND e.workspace = ?1 AND e.kind IN (1, 3, 5)
  AND ((e.at >= ?2 AND e.at < ?3) OR (e.recorded_at >= ?2 AND e.recorded_at < ?3))
UNION
SELECT e.seq FROM events e
WHERE e.workspace = ?1 AND e.at >= ?2 AND e.at < ?3 AND (e.flags & 4) <> 0 AND e.kind IN (1, 3, 5) AND e.account IN (SELECT value FROM json_each(?7))
UNION
SELECT l.target FROM own CROSS JOIN events l ON l.seq = own.seq
WHERE l.seq < ?6 AND l.workspace = ?1 AND l.kind IN (2, 4, 6) AND l.recorded_at >= ?2 AND l.recorded_at < ?3
ORDER BY 1
